//! Reading objects that may lack anything: an absent value is the empty one.

use serde_json::Value;

/// The text at a pointer, or an empty one.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The number at a pointer, or zero.
pub(crate) fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// Whether `true` stands at a pointer.
pub(crate) fn holds(object: &Value, pointer: &str) -> bool {
    object.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
}

/// The list at a pointer, or an empty one.
pub(crate) fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Whether something other than null stands at a pointer.
pub(crate) fn has(object: &Value, pointer: &str) -> bool {
    object.pointer(pointer).is_some_and(|value| !value.is_null())
}

pub(crate) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

pub(crate) fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

pub(crate) fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// Whether it has been asked to go.
pub(crate) fn is_leaving(object: &Value) -> bool {
    has(object, "/metadata/deletionTimestamp")
}

/// The status of a condition: `True`, `False`, `Unknown`, or empty where there is no such condition.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> &'a str {
    let found = list(object, "/status/conditions").iter().find(|condition| text(condition, "/type") == kind);
    found.map_or("", |condition| text(condition, "/status"))
}

/// Whether this owner controls the object.
pub(crate) fn is_owned_by(object: &Value, owner: &Value) -> bool {
    let controls = |reference: &Value| holds(reference, "/controller") && text(reference, "/uid") == uid(owner);
    list(object, "/metadata/ownerReferences").iter().any(controls)
}

/// Whether a `LabelSelector` selects the object. An empty one selects all, an absent one nothing.
pub(crate) fn selects(selector: Option<&Value>, object: &Value) -> bool {
    let Some(selector) = selector.filter(|selector| selector.is_object()) else { return false };
    let label = |key: &str| object.get("metadata").and_then(|it| it.get("labels")).and_then(|labels| labels.get(key));
    let wanted = selector.get("matchLabels").and_then(Value::as_object);
    let equal = wanted.into_iter().flatten().all(|(key, value)| label(key) == Some(value));
    let fits = |term: &Value| {
        let found = label(text(term, "/key"));
        let among = found.is_some_and(|found| list(term, "/values").contains(found));
        match text(term, "/operator") {
            "In" => among,
            "NotIn" => !among,
            "Exists" => found.is_some(),
            "DoesNotExist" => found.is_none(),
            _ => false,
        }
    };
    equal && list(selector, "/matchExpressions").iter().all(fits)
}
