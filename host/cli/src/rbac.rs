//! The rules that operations need, as objects for `kubectl apply`.

use crate::arguments::{RbacOptions, meant_operation};
use crate::output::{Format, Printer};
use meho_host::connector::Connector;
use meho_host::error::{CallError, ErrorCode};
use meho_host::policy::catalogue::Callable;
use meho_host::policy::grammar::Namespace;
use meho_host::policy::rbac::manifest::{Account, objects};
use meho_host::policy::rbac::{Wants, grants};
use serde_json::{Value, json};

/// Where the account lives when its rights hold everywhere.
const HOME: &str = "default";

/// Prints them. YAML unless another format was asked for by name: it is for `kubectl` and for people alike.
pub(crate) fn print(
    options: &RbacOptions,
    connector: &Connector,
    format: Option<Format>,
    printer: &Printer,
) -> Result<(), CallError> {
    let operations = chosen(options, connector)?;
    let namespace = options.namespace.as_deref().map(|text| label("--namespace", text)).transpose()?;
    let wants = if options.with_optional { Wants::All } else { Wants::Required };
    let grants = grants(operations.iter().copied(), namespace.as_ref(), wants);
    let home = namespace.map_or_else(|| label("the namespace", HOME), Ok)?;
    let objects = objects(&grants, &Account { name: label("--name", &options.name)?, namespace: home });
    match format {
        Some(Format::Json) => printer.document(&json!({"apiVersion": "v1", "kind": "List", "items": objects})),
        Some(Format::Jsonl) => {
            printer.lines(&objects.iter().map(|object| format!("{object}\n")).collect::<String>()).map(drop)
        }
        Some(Format::Yaml | Format::Table) | None => printer.people(&yaml(&operations, &objects)).map(drop),
    }
}

/// Discovery only by its name: it reads all that there is.
fn chosen<'c>(options: &RbacOptions, connector: &'c Connector) -> Result<Vec<Callable<'c>>, CallError> {
    let all = connector.catalogue().operations().iter().map(Callable::from);
    match options.trust {
        Some(trust) => Ok(all.filter(|operation| operation.trust <= trust).collect()),
        None if options.operations.is_empty() => Ok(all.collect()),
        None => options.operations.iter().map(|id| connector.callable(meant_operation(id))).collect(),
    }
}

/// A name that may stand in a manifest.
fn label(what: &str, text: &str) -> Result<Namespace, CallError> {
    Namespace::parse(text)
        .map_err(|_| CallError::new(ErrorCode::InvalidRequest, format!("{what}: letters, digits and '-' are wanted")))
}

/// Documents of YAML. A rule is one line a member, as people write them.
fn yaml(operations: &[Callable<'_>], objects: &[Value]) -> String {
    let ids: Vec<&str> = operations.iter().map(|operation| operation.id.as_str()).collect();
    let mut text = format!("# For {}.\n", ids.join(", "));
    for object in objects {
        text.push_str("---\n");
        for (member, value) in object.as_object().into_iter().flatten() {
            match value {
                Value::Array(items) => {
                    text.push_str(&format!("{member}:\n"));
                    items.iter().for_each(|item| text.push_str(&members("- ", item)));
                }
                Value::Object(_) => text.push_str(&format!("{member}:\n{}", members("  ", value))),
                word => text.push_str(&format!("{member}: {}\n", plain(word))),
            }
        }
    }
    text
}

/// A line for each member, the first behind what begins it.
fn members(begins: &str, object: &Value) -> String {
    let lines = object.as_object().into_iter().flatten().enumerate();
    let begin = |number: usize| if number == 0 { begins } else { "  " };
    lines.map(|(number, (member, value))| format!("{}{member}: {}\n", begin(number), plain(value))).collect()
}

/// Names, verbs and groups; and lists of them, which JSON writes as YAML does.
fn plain(value: &Value) -> String {
    match value {
        Value::String(word) if is_text_of_yaml(word) => word.clone(),
        Value::Array(words) => {
            let words: Vec<String> = words.iter().map(Value::to_string).collect();
            format!("[{}]", words.join(", "))
        }
        other => other.to_string(),
    }
}

/// Whether YAML takes a word for text: it has others for truth and nothing, and numbers.
fn is_text_of_yaml(word: &str) -> bool {
    const OTHERS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    word.starts_with(|first: char| first.is_ascii_alphabetic()) && !OTHERS.contains(&word.to_ascii_lowercase().as_str())
}
