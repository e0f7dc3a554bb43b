//! The shapes of the contract, read as a program reads them, and held against objects as kubectl reads them.
//!
//! A field of a shape says its type, where it comes from, and what stands where that is missing. [`check`] follows these words; nothing here knows
//! what a pod is, but for the one thing that they say in prose: a container is joined to its status by name.

use serde_json::{Map, Value, json};

const OPERATIONS: &str = include_str!("../../../contract/data/operations.json");

/// The fields of a shape.
pub(crate) fn shape(name: &str) -> Vec<Value> {
    let contract: Value = serde_json::from_str(OPERATIONS).expect("the contract");
    contract["shapes"][name].as_array().expect("a shape of that name").clone()
}

/// Holds a row against the object it is of. Gives everything that is wrong with it.
pub(crate) fn check(fields: &[Value], row: &Value, object: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    check_fields(fields, row, object, "", &mut problems);
    problems
}

/// Holds a row's members against their types alone.
pub(crate) fn check_types(fields: &[Value], row: &Value) -> Vec<String> {
    let wrong = |field: &&Value| {
        let value = row.get(text(field, "name"));
        !value.is_some_and(|value| fits(text(field, "type"), value) || (value.is_null() && may_be_null(field)))
    };
    fields.iter().filter(wrong).map(|field| format!("{}: {:?}", field["name"], row.get(text(field, "name")))).collect()
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
    /// Fields of their own, and what they are from.
    Members(Value),
    Value(Value),
}

/// None where the field is optional and there is nothing that it is about.
fn expected(field: &Value, object: &Value) -> Option<Source> {
    let path = path(field);
    if field["optional"] == true && !is_about_something(&path, object) {
        return None;
    }
    let when_missing = || field.get("when_missing").cloned().unwrap_or_else(|| zero(text(field, "type")));
    let found = first_found(field, &path, object);
    let has_fields = field.get("fields").is_some();
    Some(match found {
        _ if text(field, "type").starts_with("enum") => Source::Value(json!(state(object))),
        Some(Value::Array(items)) if has_fields => {
            Source::Items(items.iter().map(|item| joined(item, object)).collect())
        }
        None if has_fields && when_missing().is_array() => Source::Items(Vec::new()),
        None if has_fields && may_be_null(field) => Source::Value(Value::Null),
        found if has_fields => Source::Members(members_are_from(field, &path, object, found)),
        Some(Value::String(time)) if field["format"] == "timestamp" => {
            Source::Value(json!(time.replace('Z', "+00:00")))
        }
        // An integer or a name, always as text.
        Some(Value::Number(number)) if field["type"] == "string" => Source::Value(json!(number.to_string())),
        Some(value) => Source::Value(value),
        None => Source::Value(when_missing()),
    })
}

/// The first value of those that a field may come from: `a, else b, else c`. Where there is another to fall back on, 0 is none.
fn first_found(field: &Value, path: &str, object: &Value) -> Option<Value> {
    let others: Vec<&str> = text(field, "from").split(", else ").skip(1).collect();
    let is_something = |value: &Value| !value.is_null() && *value != "" && (others.is_empty() || *value != 0);
    let all = std::iter::once(path).chain(others.iter().copied());
    all.filter_map(|path| look(object, path)).find(is_something)
}

/// What the fields of an object are from: some say their whole way, others the way from where the object stands.
fn members_are_from(field: &Value, path: &str, object: &Value, found: Option<Value>) -> Value {
    let fields = field["fields"].as_array().map_or(&[][..], Vec::as_slice);
    if fields.iter().any(|inner| self::path(inner).starts_with(&format!("{path}."))) {
        object.clone()
    } else {
        found.unwrap_or_default()
    }
}

/// Where a field comes from, relative to what it is looked for in. Prose follows the path.
fn path(field: &Value) -> String {
    let from = text(field, "from");
    if from.starts_with("which member of containerStatuses[].state") {
        return "state".to_owned();
    }
    let path = from.split([' ', ',']).next().unwrap_or_default();
    let inner = path.strip_prefix("spec.containers[].").or_else(|| path.strip_prefix("containerStatuses[]."));
    inner.unwrap_or(path).to_owned()
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
        ("array<string>", Value::Array(items)) => texts(Box::new(items.iter())),
        ("array<object>", Value::Array(items)) => items.iter().all(Value::is_object),
        (kind, Value::String(word)) => {
            kind.strip_prefix("enum ").is_some_and(|words| words.split('|').any(|known| known == word))
        }
        _ => false,
    }
}
