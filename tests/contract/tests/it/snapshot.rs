//! The catalogue as it was shown last, in `data/catalogue.json`: operations, parameters, results, effects and rights.
//!
//! Programs hold on to all of it. What is added is taken over with `MEHO_UPDATE_CATALOGUE=1`, and stands in the diff; what breaks somebody is named here,
//! and is not taken over.

use crate::contract::{checked, effects_of, entry, trust};
use meho_kubernetes::operation::Returns;
use meho_kubernetes::table::{Entry, TABLE};
use meho_policy::rbac;
use meho_policy::schema::{Parameter, ParameterType};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::Path;

const UPDATE: &str = "MEHO_UPDATE_CATALOGUE";
const FILE: &str = "data/catalogue.json";

/// Everything that is shown of the operations, by their ids.
fn catalogue() -> Value {
    let operations: Map<String, Value> = TABLE.iter().map(|entry| (entry.id.to_owned(), shown(entry))).collect();
    Value::Object(operations)
}

fn shown(entry: &Entry) -> Value {
    let (arguments, effects) = checked(entry);
    let rbac::Rights { required, optional } = rbac::rights(&effects, &arguments);
    let words = |rights: &BTreeSet<rbac::Right>| rights.iter().map(right).collect::<Vec<_>>();
    let parameters: Map<String, Value> =
        arguments.parameters().iter().map(|(name, found)| (name.clone(), parameter(found))).collect();
    let effects: Map<String, Value> =
        effects_of(&(entry.effects)()).iter().map(|effect| (effect.id.as_str().to_owned(), effect.shown())).collect();
    json!({
        "title": entry.title,
        "category": entry.category,
        "trust_level": trust(entry).to_string(),
        "entity": entry.entity,
        "returns": match entry.returns { Returns::List => "array", Returns::Object => "object" },
        "parameters": parameters,
        "result": serde_json::from_str::<Value>(&entry.built.schema()).expect("a schema is JSON"),
        "effects": effects,
        "rights": {"required": words(&required), "optional": words(&optional)},
    })
}

fn right(right: &rbac::Right) -> String {
    let group = if right.api_group.is_empty() { String::new() } else { format!(".{}", right.api_group) };
    format!("{} {}{group}", right.verb, right.resource)
}

fn parameter(parameter: &Parameter) -> Value {
    let (kind, format) = match &parameter.kind {
        ParameterType::Text(format) => ("string", format.map(|format| format.as_str())),
        ParameterType::Integer => ("integer", None),
        ParameterType::Boolean => ("boolean", None),
        ParameterType::Texts => ("array", None),
    };
    json!({
        "type": kind,
        "format": format,
        "required": parameter.required,
        "default": parameter.default,
        "allowed": parameter.allowed,
        "minimum": parameter.bounds.0,
        "maximum": parameter.bounds.1,
    })
}

/// What of a new catalogue breaks somebody who holds on to the old one.
fn breaks(old: &Value, new: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (id, old) in members(old) {
        let Some(new) = new.get(id) else {
            found.push(format!("{id}: the operation is gone"));
            continue;
        };
        for what in ["title", "category", "trust_level", "entity", "returns"] {
            if old[what] != new[what] {
                found.push(format!("{id}: {what} was {} and is {}", old[what], new[what]));
            }
        }
        parameter_breaks(id, &old["parameters"], &new["parameters"], &mut found);
        match (&old["result"], &new["result"]) {
            (Value::Null, _) => {}
            (_, Value::Null) => found.push(format!("{id}: it does not run any more")),
            (old, new) => result_breaks(id, old, new, &mut found),
        }
        let rights = |of: &Value| texts(&of["rights"]["required"]);
        for right in rights(new).difference(&rights(old)) {
            found.push(format!("{id}: it needs the right to {right}, which it did not"));
        }
    }
    found
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn texts(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn parameter_breaks(id: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    for (name, new) in members(new) {
        if old.get(name).is_none() && new["required"] == true {
            found.push(format!("{id}: the new parameter {name} must be given"));
        }
    }
    for (name, old) in members(old) {
        let at = format!("{id}: parameter {name}");
        let Some(new) = new.get(name) else {
            found.push(format!("{at} is gone"));
            continue;
        };
        for what in ["type", "format", "default"] {
            if old[what] != new[what] {
                found.push(format!("{at}: {what} was {} and is {}", old[what], new[what]));
            }
        }
        if old["required"] == false && new["required"] == true {
            found.push(format!("{at} must be given now"));
        }
        let bound = |of: &Value, what: &str, none: i64| of[what].as_i64().unwrap_or(none);
        if bound(new, "minimum", i64::MIN) > bound(old, "minimum", i64::MIN)
            || bound(new, "maximum", i64::MAX) < bound(old, "maximum", i64::MAX)
        {
            found.push(format!("{at}: what was within its bounds is not any more"));
        }
        let words = |of: &Value| of["allowed"].is_array().then(|| texts(&of["allowed"]));
        match (words(old), words(new)) {
            (None, Some(_)) => found.push(format!("{at}: not every value is allowed any more")),
            (Some(old), Some(new)) => {
                found.extend(old.difference(&new).map(|word| format!("{at}: {word} is not allowed any more")));
            }
            (_, None) => {}
        }
    }
}

/// A reader breaks where a member is gone, is of another type, may be null and was not, or does not always stand there and did.
fn result_breaks(at: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    let types = |of: &Value| match &of["type"] {
        Value::String(one) => BTreeSet::from([one.clone()]),
        several => texts(several),
    };
    let added: Vec<String> = types(new).difference(&types(old)).cloned().collect();
    let is_other = types(old).iter().all(|kind| kind == "null" || !types(new).contains(kind));
    if !added.is_empty() || is_other {
        found.push(format!("{at}: its type was {} and is {}", old["type"], new["type"]));
        return;
    }
    if old["format"] != new["format"] {
        found.push(format!("{at}: its format was {} and is {}", old["format"], new["format"]));
    }
    let always = |of: &Value| texts(&of["required"]);
    for (name, old_member) in members(&old["properties"]) {
        let below = format!("{at}.{name}");
        match new["properties"].get(name) {
            None => found.push(format!("{below} is gone")),
            Some(_) if always(old).contains(name) && !always(new).contains(name) => {
                found.push(format!("{below} always stood there, and does not any more"));
            }
            Some(new_member) => result_breaks(&below, old_member, new_member, found),
        }
    }
    for inner in ["items", "additionalProperties"] {
        match (&old[inner], &new[inner]) {
            (Value::Object(_), Value::Object(_)) => {
                result_breaks(&format!("{at}[]"), &old[inner], &new[inner], found);
            }
            (Value::Object(_), _) => found.push(format!("{at}: nothing is said any more of what is in it")),
            _ => {}
        }
    }
}

#[test]
fn the_catalogue_is_as_it_was_shown_last_and_breaks_nobody() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|_| "{}".to_owned());
    let old: Value = serde_json::from_str(&text).expect("the catalogue is JSON");
    let new = catalogue();
    let broken = breaks(&old, &new);
    assert!(
        broken.is_empty(),
        "{} breaking changes. Where one is meant, take what it breaks out of {FILE} by hand, and say so in CHANGELOG.md:\n  {}",
        broken.len(),
        broken.join("\n  ")
    );
    let pretty = format!("{}\n", serde_json::to_string_pretty(&new).expect("JSON"));
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, pretty).expect("the catalogue is written");
        return;
    }
    let differ: Vec<&String> = members(&new).filter(|(id, new)| old.get(id) != Some(new)).map(|(id, _)| id).collect();
    assert!(differ.is_empty(), "something is new, and breaks nobody, in {differ:?}: {UPDATE}=1 takes it over");
    assert!(text == pretty, "{FILE} is not as it is written: {UPDATE}=1 writes it");
}

/// Changes the catalogue at a pointer below an operation, and gives what breaks; nothing in place of a value takes it away.
#[track_caller]
fn broken_by(pointer: &str, value: Option<Value>) -> Vec<String> {
    let old = json!({"list_pods": shown(entry("list_pods"))});
    let mut new = old.clone();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = new["list_pods"].pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
    match value {
        Some(value) => drop(parent.insert(name.to_owned(), value)),
        None => drop(parent.remove(name).expect("a member that is there")),
    }
    breaks(&old, &new)
}

#[test]
fn a_breaking_change_is_told_from_an_addition_and_named() {
    let text = || json!({"type": "string"});
    let parameter = |kind: &str, required: bool| json!({"type": kind, "required": required, "default": null});
    let of_limit = |minimum: i64| {
        let mut limit = shown(entry("list_pods"))["parameters"]["limit"].clone();
        limit["minimum"] = json!(minimum);
        Some(limit)
    };
    let cases = [
        ("/result/properties/more", Some(text()), None),
        ("/parameters/more", Some(parameter("string", false)), None),
        ("/parameters/limit", of_limit(0), None),
        ("/result/properties/name", None, Some("list_pods.name is gone")),
        ("/result/properties/name", Some(json!({"type": "integer"})), Some("list_pods.name: its type was ")),
        ("/result/properties/name", Some(json!({"type": ["string", "null"]})), Some("list_pods.name: its type was ")),
        ("/result/properties/created", Some(text()), Some("list_pods.created: its format was ")),
        ("/result/properties/containers/items/properties/image", None, Some("list_pods.containers[].image is gone")),
        ("/result/required", Some(json!([])), Some("list_pods.name always stood there, and does not any more")),
        ("/result", Some(Value::Null), Some("list_pods: it does not run any more")),
        ("/title", Some(json!("Pods")), Some("list_pods: title was ")),
        ("/trust_level", Some(json!("WRITE")), Some("list_pods: trust_level was ")),
        ("/parameters/limit", None, Some("list_pods: parameter limit is gone")),
        ("/parameters/limit", of_limit(2), Some("list_pods: parameter limit: what was within its bounds ")),
        ("/parameters/namespace", Some(parameter("string", true)), Some("list_pods: parameter namespace")),
        ("/parameters/more", Some(parameter("string", true)), Some("list_pods: the new parameter more must be given")),
        (
            "/rights/required",
            Some(json!(["get nodes", "list pods"])),
            Some("list_pods: it needs the right to get nodes"),
        ),
    ];
    for (pointer, value, words) in cases {
        let broken = broken_by(pointer, value.clone());
        match words {
            None => assert_eq!(broken, Vec::<String>::new(), "{pointer}"),
            Some(words) => {
                assert!(broken.iter().any(|said| said.starts_with(words)), "{pointer} {value:?}: {broken:?}");
            }
        }
    }
    let old = json!({"list_pods": shown(entry("list_pods"))});
    assert_eq!(breaks(&old, &json!({})), ["list_pods: the operation is gone"]);
    assert_eq!(breaks(&json!({}), &old), Vec::<String>::new());
}
