//! Documents with something wrong: each field once, whichever of several objects has it first.

use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A changed document, and what was changed.
pub(crate) struct Mutation {
    pub(crate) at: String,
    pub(crate) body: Vec<u8>,
}

/// Pointers to the fields of a document. Of what lies in a list, each field once.
fn fields(document: &Value) -> Vec<String> {
    let (mut known, mut found) = (BTreeSet::new(), Vec::new());
    collect(document, "", "", &mut known, &mut found);
    found
}

fn collect(value: &Value, at: &str, place: &str, known: &mut BTreeSet<String>, found: &mut Vec<String>) {
    let mut visit = |at: String, place: String, below: &Value, is_field: bool, found: &mut Vec<String>| {
        if is_field && known.insert(place.clone()) {
            found.push(at.clone());
        }
        collect(below, &at, &place, known, found);
    };
    match value {
        Value::Object(members) => {
            for (name, below) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                visit(format!("{at}/{name}"), format!("{place}/{name}"), below, true, found);
            }
        }
        Value::Array(items) => {
            for (index, below) in items.iter().enumerate() {
                visit(format!("{at}/{index}"), format!("{place}/#"), below, true, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Fields that may hold a number or a text.
const OF_TWO_TYPES: [&str; 5] = ["maxSurge", "maxUnavailable", "minAvailable", "port", "targetPort"];

/// A value of another type, another one each time.
fn other(name: &str, value: &Value, number: usize) -> Option<Value> {
    let choices = match value {
        Value::Null => return None,
        Value::Number(_) | Value::String(_) if OF_TWO_TYPES.contains(&name) => {
            [json!({}), json!([]), json!(true), json!(false)]
        }
        Value::Bool(_) => [json!("true"), json!(1), json!([]), json!({})],
        Value::Number(_) => [json!("x"), json!({}), json!([]), json!(true)],
        Value::String(_) => [json!(7), json!([]), json!({}), json!(true)],
        Value::Array(_) => [json!({}), json!("x"), json!(7), json!(false)],
        Value::Object(_) => [json!([]), json!("x"), json!(7), json!(true)],
    };
    Some(choices[number % choices.len()].clone())
}

fn bytes(document: &Value) -> Vec<u8> {
    document.to_string().into_bytes()
}

/// The document with a value of another type in each field in turn.
pub(crate) fn of_other_types(document: &Value) -> Vec<Mutation> {
    let changed = |(number, at): (usize, String)| {
        let mut changed = document.clone();
        let field = changed.pointer_mut(&at)?;
        let value = other(at.rsplit('/').next().unwrap_or_default(), field, number)?;
        let said = format!("{at} is {value}");
        *field = value;
        Some(Mutation { at: said, body: bytes(&changed) })
    };
    fields(document).into_iter().enumerate().filter_map(changed).collect()
}

/// The document without each field in turn. Items of lists stay.
pub(crate) fn absent(document: &Value) -> Vec<Mutation> {
    let changed = |at: String| {
        let mut changed = document.clone();
        let (parent, name) = at.rsplit_once('/')?;
        let name = name.replace("~1", "/").replace("~0", "~");
        changed.pointer_mut(parent)?.as_object_mut()?.remove(&name)?;
        // A list without its items is an empty list.
        (at != "/items").then(|| Mutation { at: format!("{at} is missing"), body: bytes(&changed) })
    };
    fields(document).into_iter().filter_map(changed).collect()
}

/// The document with nothing in its objects but who they are, and with nothing in them at all.
pub(crate) fn bare(document: &Value) -> Vec<Mutation> {
    let who = |object: &Value| {
        let metadata = ["name", "namespace", "uid", "resourceVersion"]
            .map(|name| (name.to_owned(), object["metadata"][name].clone()));
        let metadata: serde_json::Map<String, Value> =
            metadata.into_iter().filter(|(_, value)| !value.is_null()).collect();
        json!({"metadata": metadata})
    };
    let with = |object: &dyn Fn(&Value) -> Value| match document["items"].as_array() {
        Some(items) => {
            let mut list = document.clone();
            list["items"] = items.iter().map(object).collect();
            list
        }
        None => object(document),
    };
    let mutations = [("nothing but who they are", with(&who)), ("nothing in them", with(&|_| json!({})))];
    mutations.into_iter().map(|(at, document)| Mutation { at: at.to_owned(), body: bytes(&document) }).collect()
}
