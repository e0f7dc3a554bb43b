//! The shapes of the contract, read as a program reads them, and held against objects as kubectl reads them.
//!
//! A field of a shape says its type, where it comes from, and what stands where that is missing. [`check`] follows these words; nothing here knows
//! what a pod is, but for what they say in prose: a container is joined to its status by name, addresses are keyed by type.

use serde_json::{Map, Value, json};
use std::sync::OnceLock;

const OPERATIONS: &str = include_str!("../../../contract/data/operations.json");

fn contract() -> &'static Value {
    static CONTRACT: OnceLock<Value> = OnceLock::new();
    CONTRACT.get_or_init(|| serde_json::from_str(OPERATIONS).expect("the contract"))
}

/// What the contract says of an operation.
pub(crate) fn operation(id: &str) -> Value {
    let operations = contract()["operations"].as_array().expect("operations");
    operations.iter().find(|operation| operation["id"] == id).expect("an operation of that name").clone()
}

/// The fields of a shape.
pub(crate) fn shape(name: &str) -> Vec<Value> {
    contract()["shapes"][name].as_array().expect("a shape of that name").clone()
}

/// Holds a row against the object it is of. Gives everything that is wrong with it.
pub(crate) fn check(fields: &[Value], row: &Value, object: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    // It repeats the object, and is dropped everywhere.
    let mut object = object.clone();
    if let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
    check_fields(fields, row, &object, "", &mut problems);
    problems
}

/// Holds a row's members against their types alone, however deep they are.
pub(crate) fn check_types(fields: &[Value], row: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    check_types_below(fields, row, "", &mut problems);
    problems
}

fn check_types_below(fields: &[Value], row: &Value, at: &str, problems: &mut Vec<String>) {
    for field in fields {
        let at = format!("{at}/{}", text(field, "name"));
        let value = match row.get(text(field, "name")) {
            None if field["optional"] == true => continue,
            Some(Value::Null) if may_be_null(field) => continue,
            None => {
                problems.push(format!("{at}: missing"));
                continue;
            }
            Some(value) => value,
        };
        let is_time = field["format"] != "timestamp" || value.as_str().is_some_and(|time| time.ends_with("+00:00"));
        if !fits(text(field, "type"), value) || !is_time {
            problems.push(format!("{at}: {value}"));
            continue;
        }
        let Some(inner) = field["fields"].as_array() else { continue };
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    check_types_below(inner, item, &format!("{at}/{index}"), problems);
                }
            }
            value => check_types_below(inner, value, &at, problems),
        }
    }
}

fn text<'v>(field: &'v Value, member: &str) -> &'v str {
    field[member].as_str().unwrap_or_default()
}

fn may_be_null(field: &Value) -> bool {
    field.get("when_missing").is_some_and(Value::is_null)
}

fn check_fields(fields: &[Value], row: &Value, object: &Value, at: &str, problems: &mut Vec<String>) {
    for field in fields {
        let name = text(field, "name");
        let at = format!("{at}/{name}");
        let expected = expected(field, object);
        match (row.get(name), &expected) {
            (None, None) => {}
            (Some(found), Some(Source::Items(items))) => {
                let rows = found.as_array().cloned().unwrap_or_default();
                if rows.len() != items.len() || !found.is_array() {
                    problems.push(format!("{at}: {} items expected, found {found}", items.len()));
                }
                let inner = field["fields"].as_array().expect("fields of an item");
                for (index, (row, item)) in rows.iter().zip(items).enumerate() {
                    check_fields(inner, row, item, &format!("{at}/{index}"), problems);
                }
            }
            (Some(found), Some(Source::Members(of))) => {
                check_fields(field["fields"].as_array().expect("fields"), found, of, &at, problems);
            }
            (Some(found), Some(Source::Elsewhere)) => {
                let fits = fits(text(field, "type"), found) || (found.is_null() && may_be_null(field));
                if !fits {
                    problems.push(format!("{at}: {found}"));
                }
            }
            (Some(found), Some(Source::Value(value))) => {
                let fits = fits(text(field, "type"), found) || (found.is_null() && may_be_null(field));
                if found != value || !fits {
                    problems.push(format!("{at}: {value} expected, found {found}"));
                }
            }
            (found, None) => problems.push(format!("{at}: nothing expected, found {found:?}")),
            (None, Some(_)) => problems.push(format!("{at}: missing")),
        }
    }
}

/// What a field must show.
enum Source {
    Items(Vec<Value>),
    /// Fields of their own, of this object.
    Members(Value),
    Value(Value),
    /// It is not in the object: only its type is known.
    Elsewhere,
}

/// None where the field is optional and there is nothing that it is about.
fn expected(field: &Value, object: &Value) -> Option<Source> {
    let from = text(field, "from");
    if ["core/v1 Events of", "pods on the node", "EndpointSlices with label"]
        .iter()
        .any(|words| from.starts_with(words))
    {
        return Some(Source::Elsewhere);
    }
    if let Some(made) = made(from, object) {
        return Some(Source::Value(made));
    }
    let paths = paths(from);
    if field["optional"] == true && !paths.iter().any(|path| is_about_something(path, object)) {
        return None;
    }
    let when_missing = || field.get("when_missing").cloned().unwrap_or_else(|| zero(text(field, "type")));
    // Where there is another to fall back on, 0 is none.
    let is_there = |value: &Value| !value.is_null() && *value != "" && (paths.len() == 1 || *value != 0);
    let found = paths.iter().find_map(|path| look(object, path).filter(is_there));
    let inner = field.get("fields").and_then(Value::as_array);
    // Fields of a field are named from the object, or from the field.
    let from_object = inner.is_some_and(|inner| {
        inner.iter().any(|field| paths.iter().any(|path| text(field, "from").starts_with(&format!("{path}."))))
    });
    Some(match (found, inner) {
        _ if text(field, "type").starts_with("enum") => Source::Value(json!(state(object))),
        (Some(Value::Array(items)), Some(_)) => Source::Items(items.iter().map(|item| joined(item, object)).collect()),
        (None, Some(_)) if when_missing().is_array() => Source::Items(Vec::new()),
        (_, Some(_)) if from_object => Source::Members(object.clone()),
        (None, Some(_)) if when_missing().is_null() && may_be_null(field) => Source::Value(Value::Null),
        (found, Some(_)) => Source::Members(found.unwrap_or_default()),
        (Some(Value::Array(items)), None) if from.contains("keyed by type") => Source::Value(by_type(&items)),
        (Some(Value::Number(number)), None) if from.contains("rendered as text") => {
            Source::Value(json!(number.to_string()))
        }
        (Some(Value::String(time)), None) if field["format"] == "timestamp" => {
            Source::Value(json!(time.replace('Z', "+00:00")))
        }
        (Some(value), None) => Source::Value(value),
        (None, None) => Source::Value(when_missing()),
    })
}

/// What is made of a member rather than taken from it: how many items it has, or which keys.
fn made(from: &str, object: &Value) -> Option<Value> {
    let (what, rest) =
        ["length of ", "keys of "].into_iter().find_map(|what| Some((what, from.strip_prefix(what)?)))?;
    let found = look(object, &paths(rest).concat()).unwrap_or_default();
    Some(match (what, &found) {
        ("length of ", found) => json!(found.as_array().map_or(0, Vec::len)),
        (_, found) => json!(found.as_object().into_iter().flat_map(Map::keys).collect::<Vec<_>>()),
    })
}

/// Where a field comes from, relative to what it is looked for in: the first of these that is there. Prose follows a path.
fn paths(from: &str) -> Vec<String> {
    if from.starts_with("which member of containerStatuses[].state") {
        return vec!["state".to_owned()];
    }
    let path = |part: &str| {
        let path = part.split([' ', ',', ';']).next().unwrap_or_default();
        let inner = path.strip_prefix("spec.containers[].").or_else(|| path.strip_prefix("containerStatuses[]."));
        inner.unwrap_or(path).to_owned()
    };
    from.split(", else ").flat_map(|part| part.split(", then ")).map(path).collect()
}

/// The first of each type.
fn by_type(items: &[Value]) -> Value {
    let mut members = Map::new();
    for item in items {
        members.entry(text(item, "type")).or_insert_with(|| item["address"].clone());
    }
    Value::Object(members)
}

/// Whether a container has a status, and is in the state that the path is about.
fn is_about_something(path: &str, container: &Value) -> bool {
    let in_state = match path.split('.').collect::<Vec<_>>()[..] {
        ["state", which, _] => state(container) == Some(which),
        _ => true,
    };
    container.get("restartCount").is_some() && in_state
}

fn state(container: &Value) -> Option<&'static str> {
    ["running", "waiting", "terminated"].into_iter().find(|state| !container["state"][state].is_null())
}

/// An item; a container with what its status says besides.
fn joined(item: &Value, object: &Value) -> Value {
    let statuses = object.pointer("/status/containerStatuses").and_then(Value::as_array);
    let status = statuses.into_iter().flatten().find(|status| status["name"] == item["name"]);
    let members = |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
    let mut all: Map<String, Value> = members(status);
    all.remove("image");
    all.remove("resources");
    all.extend(members(Some(item)));
    Value::Object(all)
}

/// The value at a path in which `[]` stands for every item.
fn look(value: &Value, path: &str) -> Option<Value> {
    let Some((first, rest)) = path.split_once('.') else {
        return value.get(path.trim_end_matches("[]")).cloned();
    };
    match first.strip_suffix("[]") {
        Some(list) => Some(value.get(list)?.as_array()?.iter().filter_map(|item| look(item, rest)).collect()),
        None => look(value.get(first)?, rest),
    }
}

fn zero(kind: &str) -> Value {
    match kind {
        "integer" => json!(0),
        "boolean" => json!(false),
        _ => Value::Null,
    }
}

fn fits(kind: &str, value: &Value) -> bool {
    let texts = |mut values: Box<dyn Iterator<Item = &Value> + '_>| values.all(Value::is_string);
    match (kind, value) {
        ("string", Value::String(_)) | ("boolean", Value::Bool(_)) | ("object", Value::Object(_)) => true,
        ("integer", Value::Number(number)) => number.is_i64() || number.is_u64(),
        ("object<string,string>", Value::Object(members)) => texts(Box::new(members.values())),
        (kind, Value::Object(_)) if kind.starts_with("object (shape ") => true,
        ("array<string>", Value::Array(items)) => texts(Box::new(items.iter())),
        ("array<object>", Value::Array(items)) => items.iter().all(Value::is_object),
        (kind, Value::String(word)) => {
            kind.strip_prefix("enum ").is_some_and(|words| words.split('|').any(|known| known == word))
        }
        _ => false,
    }
}
