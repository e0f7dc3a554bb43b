//! Field selectors: which fields a kind can be selected by, and what they are compared with.

use crate::resource::Resource;
use serde_json::Value;

/// Terms that must all hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(Vec<Term>);

#[derive(Debug, Clone)]
struct Term {
    field: &'static str,
    is_equal: bool,
    value: String,
}

/// `metadata.name` and, of what is in namespaces, `metadata.namespace` are everybody's.
const EVERYBODYS: [&str; 2] = ["metadata.name", "metadata.namespace"];

/// The further fields of a kind.
fn of_kind(resource: &Resource) -> &'static [&'static str] {
    match (resource.group, resource.plural) {
        ("", "pods") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
        ("", "nodes") => &["spec.unschedulable"],
        ("", "replicationcontrollers") => &["status.replicas"],
        ("", "namespaces") => &["status.phase"],
        ("", "secrets") => &["type"],
        ("", "services") => &["spec.clusterIP", "spec.type"],
        ("batch", "jobs") => &["status.successful"],
        ("", "events") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        _ => &[],
    }
}

/// What a kind's field is called in the store, where it has another name.
fn stored_name<'a>(resource: &Resource, field: &'a str) -> Option<std::borrow::Cow<'a, str>> {
    match (resource.group, resource.plural) {
        ("", "pods") if field == "spec.host" => Some("spec.nodeName".into()),
        ("events.k8s.io", "events") => match field {
            "reportingController" => Some("reportingComponent".into()),
            "source" => None,
            _ if field.starts_with("involvedObject.") || field == "reportingComponent" => None,
            _ => Some(match field.strip_prefix("regarding.") {
                Some(rest) => format!("involvedObject.{rest}").into(),
                None => field.into(),
            }),
        },
        _ => Some(field.into()),
    }
}

impl Fields {
    /// # Errors
    /// The server's message.
    pub(crate) fn parse(text: &str, resource: &Resource) -> Result<Self, String> {
        terms(text).map(|term| Term::parse(text, term, resource)).collect::<Result<_, _>>().map(Self)
    }

    /// The name that the first equality with it wants, whatever the resource; empty without one.
    ///
    /// # Errors
    /// The server's message, where it is no selector.
    pub(crate) fn wanted_name(text: &str) -> Result<String, String> {
        let mut wanted = None;
        for term in terms(text) {
            let (field, operator, value) = split_term(text, term)?;
            let value = unescape(value)?;
            if field == "metadata.name" && operator != "!=" {
                wanted.get_or_insert(value);
            }
        }
        Ok(wanted.unwrap_or_default())
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|term| (value_of(object, term.field) == term.value) == term.is_equal)
    }

    pub(crate) fn is_everything(&self) -> bool {
        self.0.is_empty()
    }
}

impl Term {
    fn parse(selector: &str, term: &str, resource: &Resource) -> Result<Self, String> {
        let (field, operator, value) = split_term(selector, term)?;
        let stored = resource.stored_as.unwrap_or(resource);
        let known = EVERYBODYS.iter().chain(of_kind(stored));
        let name = stored_name(resource, field);
        let known = name.and_then(|name| known.copied().find(|known| **known == *name));
        let field = known.ok_or_else(|| unknown(field, resource))?;
        Ok(Self { field, is_equal: operator != "!=", value: unescape(value)? })
    }
}

fn unknown(field: &str, resource: &Resource) -> String {
    match (resource.group, resource.plural) {
        ("batch", "jobs") => format!("field label {field:?} not supported for Job"),
        _ if of_kind(resource.stored_as.unwrap_or(resource)).is_empty() => {
            format!("{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
        }
        _ => format!("field label not supported: {field}"),
    }
}

/// The terms of a selector in the server's order.
fn terms(text: &str) -> impl Iterator<Item = &str> {
    let mut terms = split(text);
    terms.sort_unstable();
    terms.into_iter().filter(|term| !term.is_empty())
}

/// Field, operator and value, as it is written.
fn split_term<'a>(selector: &str, term: &'a str) -> Result<(&'a str, &'static str, &'a str), String> {
    let split = term.char_indices().find_map(|(at, _)| {
        let rest = term.get(at..)?;
        let operator = ["!=", "==", "="].into_iter().find(|operator| rest.starts_with(operator))?;
        Some((term.get(..at)?, operator, rest.get(operator.len()..)?))
    });
    split.ok_or_else(|| format!("invalid selector: '{selector}'; can't understand '{term}'"))
}

/// Splits at commas that no backslash stands before.
fn split(text: &str) -> Vec<&str> {
    let (mut terms, mut start, mut is_escaped) = (Vec::new(), 0, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            ',' => {
                terms.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    terms.extend(text.get(start..));
    terms
}

fn unescape(value: &str) -> Result<String, String> {
    let mut plain = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(escaped @ ('\\' | ',' | '=')) => plain.push(escaped),
                Some(other) => return Err(format!("invalid field selector: invalid escape sequence: \\{other}")),
                None => return Err("invalid field selector: invalid escape sequence: \\".to_owned()),
            },
            ',' | '=' => {
                return Err(format!("invalid field selector: unescaped character in value: {}", u32::from(character)));
            }
            _ => plain.push(character),
        }
    }
    Ok(plain)
}

/// A field as a selector sees it: text, and empty where it is absent.
fn value_of(object: &Value, field: &str) -> String {
    let at = |pointer: &str| match object.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(value @ (Value::Bool(_) | Value::Number(_))) => value.to_string(),
        _ => String::new(),
    };
    let or = |value: String, default: &str| if value.is_empty() { default.to_owned() } else { value };
    match field {
        "spec.unschedulable" | "spec.hostNetwork" => or(at(&pointer(field)), "false"),
        "status.replicas" => or(at(&pointer(field)), "0"),
        "status.successful" => or(at("/status/succeeded"), "0"),
        "source" => or(at("/source/component"), &at("/reportingComponent")),
        "status.podIPs" => {
            let ips = object.pointer("/status/podIPs").and_then(Value::as_array).into_iter().flatten();
            let ips: Vec<&str> = ips.filter_map(|ip| ip.get("ip")?.as_str()).collect();
            ips.join(",")
        }
        _ => at(&pointer(field)),
    }
}

fn pointer(field: &str) -> String {
    format!("/{}", field.replace('.', "/"))
}
