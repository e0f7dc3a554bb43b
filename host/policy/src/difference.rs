//! What differs between two states of an object: one line for each member, in their order, bounded.

use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Longest value that is kept whole, in characters of its JSON.
const MAX_VALUE_CHARS: usize = 300;
/// Longest pointer. Those of Kubernetes' own members are shorter; a key may be anything.
const MAX_POINTER_CHARS: usize = 500;

/// One member that is not what it was. Its name and both values are the target's text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Where it stands: a JSON pointer (RFC 6901).
    pub pointer: String,
    /// What stood there; null for nothing.
    pub before: Value,
    /// What would stand there; null for nothing.
    pub after: Value,
    /// Whether the pointer or a value was too long: then the beginning stands here, of a value as a text.
    pub is_cut: bool,
}

/// All members in which two states differ. What is not there and what is null are the same; members at which `is_noise` holds are not looked at.
pub(crate) fn difference(before: &Value, after: &Value, is_noise: &dyn Fn(&str) -> bool) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(before, after, is_noise, &mut String::new(), &mut changes);
    changes
}

fn compare(
    before: &Value,
    after: &Value,
    is_noise: &dyn Fn(&str) -> bool,
    pointer: &mut String,
    changes: &mut Vec<Change>,
) {
    if before == after || is_noise(pointer) {
        return;
    }
    let length = pointer.len();
    match (before, after) {
        (Value::Object(_) | Value::Null, Value::Object(_)) | (Value::Object(_), Value::Null)
            if !is_empty(before) || !is_empty(after) =>
        {
            let (nothing, none) = (Map::new(), Value::Null);
            let (old, new) = (before.as_object().unwrap_or(&nothing), after.as_object().unwrap_or(&nothing));
            let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for name in names {
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                compare(old.get(name).unwrap_or(&none), new.get(name).unwrap_or(&none), is_noise, pointer, changes);
                pointer.truncate(length);
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                pointer.push_str(&format!("/{index}"));
                compare(old, new, is_noise, pointer, changes);
                pointer.truncate(length);
            }
        }
        _ => {
            let ((before, cut_before), (after, cut_after)) = (bounded(before), bounded(after));
            let (at, cut_pointer) = cut(pointer, MAX_POINTER_CHARS);
            changes.push(Change { pointer: at, before, after, is_cut: cut_before || cut_after || cut_pointer });
        }
    }
}

/// Whether nothing stands in it.
fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

fn bounded(value: &Value) -> (Value, bool) {
    match cut(&value.to_string(), MAX_VALUE_CHARS) {
        (beginning, true) => (Value::String(beginning), true),
        (_, false) => (value.clone(), false),
    }
}

/// A text, or its beginning with a mark, and whether it was cut.
fn cut(text: &str, most: usize) -> (String, bool) {
    match text.char_indices().nth(most) {
        Some((end, _)) => (format!("{}…", &text[..end]), true),
        None => (text.to_owned(), false),
    }
}
