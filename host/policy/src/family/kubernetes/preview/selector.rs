//! Whether a selector object selects labels, as Kubernetes reads it
//! (<https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors>).

use serde_json::Value;
use std::collections::BTreeMap;

/// Whether all that a selector says holds. An empty one selects everything; one that is not well-formed selects nothing.
pub(super) fn selects(selector: &Value, labels: &BTreeMap<String, String>) -> bool {
    let Some(members) = selector.as_object() else { return false };
    let holds = |(name, value): (&String, &Value)| match (name.as_str(), value) {
        (_, Value::Null) => true,
        ("matchLabels", Value::Object(wanted)) => {
            wanted.iter().all(|(key, value)| labels.get(key).map(String::as_str) == value.as_str() && value.is_string())
        }
        ("matchExpressions", Value::Array(expressions)) => {
            expressions.iter().all(|expression| meets(expression, labels))
        }
        _ => false,
    };
    members.iter().all(holds)
}

fn meets(expression: &Value, labels: &BTreeMap<String, String>) -> bool {
    let text = |name: &str| expression.get(name).and_then(Value::as_str);
    let (Some(key), Some(operator)) = (text("key"), text("operator")) else { return false };
    let values = expression.get("values").and_then(Value::as_array).into_iter().flatten();
    let is_among = |found: &String| values.clone().any(|value| value.as_str() == Some(found));
    match (operator, labels.get(key)) {
        ("In", found) => found.is_some_and(is_among),
        // What has no such label is not among the values.
        ("NotIn", found) => !found.is_some_and(is_among),
        ("Exists", found) => found.is_some(),
        ("DoesNotExist", found) => found.is_none(),
        _ => false,
    }
}
