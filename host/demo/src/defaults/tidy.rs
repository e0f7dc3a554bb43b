//! What the server leaves out: it reads objects into types, and writes no field that is empty, zero or false where the type
//! says so. Here the fields are known by their names.

use crate::resource::Resource;
use serde_json::{Map, Value};

/// Nulls that the server writes.
const NULLS: [&str; 8] = [
    "eventTime",
    "firstTimestamp",
    "lastTimestamp",
    "lastObservedTime",
    "lastProbeTime",
    "lastTransitionTime",
    "endpoints",
    "rules",
];
/// Maps that people put into what they like. They are left out where they are empty, and written in the order of their keys.
const MAPS: [&str; 16] = [
    "labels",
    "annotations",
    "nodeSelector",
    "matchLabels",
    "data",
    "binaryData",
    "limits",
    "requests",
    "capacity",
    "allocatable",
    "hard",
    "used",
    "default",
    "defaultRequest",
    "parameters",
    "deprecatedTopology",
];
/// Flags that are left out where they are false.
const FLAGS: [&str; 11] = [
    "unschedulable",
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "stdin",
    "stdinOnce",
    "tty",
    "readOnly",
    "paused",
    "publishNotReadyAddresses",
    "allowVolumeExpansion",
];
/// Numbers that are left out where they are zero, anywhere.
const NUMBERS: [&str; 6] =
    ["hostPort", "minReadySeconds", "observedGeneration", "nodePort", "initialDelaySeconds", "count"];
/// Numbers of a status that are left out where they are zero.
const COUNTERS: [&str; 12] = [
    "updatedReplicas",
    "readyReplicas",
    "availableReplicas",
    "unavailableReplicas",
    "fullyLabeledReplicas",
    "currentReplicas",
    "updatedNumberScheduled",
    "numberAvailable",
    "numberUnavailable",
    "active",
    "succeeded",
    "failed",
];

pub(super) fn tidy(resource: &Resource, object: &mut Value) {
    let Some(object) = object.as_object_mut() else { return };
    let holds_lists = resource.plural == "endpointslices" || resource.group == "rbac.authorization.k8s.io";
    let top = |key: &str| holds_lists && matches!(key, "endpoints" | "ports" | "rules");
    // The data of a ConfigMap or a Secret has keys of its own; annotations may be called as they like.
    object.retain(|key, value| match value {
        Value::Null => NULLS.contains(&key.as_str()) || top(key),
        Value::Array(items) => top(key) || !items.is_empty(),
        Value::Object(map) => !map.is_empty() || !MAPS.contains(&key.as_str()),
        _ => !is_left_out(key, value),
    });
    for (key, value) in object.iter_mut() {
        sort(key, value);
        if !matches!(key.as_str(), "data" | "binaryData" | "stringData") {
            clean(value);
        }
    }
    if let Some(status) = object.get_mut("status").and_then(Value::as_object_mut) {
        status.retain(|key, value| {
            value.as_i64() != Some(0) || !COUNTERS.contains(&key.as_str()) || is_kept(resource, key)
        });
        if resource.plural == "deployments" && status.get("replicas").and_then(Value::as_i64) == Some(0) {
            status.remove("replicas");
        }
    }
    if resource.plural == "services"
        && let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut)
        && spec.get("selector").and_then(Value::as_object).is_some_and(Map::is_empty)
    {
        spec.remove("selector");
    }
}

/// A counter that a kind always shows.
fn is_kept(resource: &Resource, key: &str) -> bool {
    matches!(
        (resource.plural, key),
        ("statefulsets", "availableReplicas") | ("horizontalpodautoscalers", "currentReplicas")
    )
}

/// Maps whose values are quantities.
const QUANTITIES: [&str; 10] =
    ["limits", "requests", "capacity", "allocatable", "hard", "used", "max", "min", "default", "defaultRequest"];

fn clean(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(clean),
        Value::Object(map) => {
            map.retain(|key, value| !is_left_out(key, value));
            for (key, value) in map.iter_mut() {
                sort(key, value);
                if QUANTITIES.contains(&key.as_str()) {
                    canonicalize(value);
                }
                // What people name is theirs.
                if !matches!(key.as_str(), "labels" | "annotations" | "matchLabels" | "nodeSelector") {
                    clean(value);
                }
            }
        }
        _ => {}
    }
}

fn sort(key: &str, value: &mut Value) {
    if let Some(map) = value.as_object_mut().filter(|_| MAPS.contains(&key)) {
        map.sort_keys();
    }
}

fn canonicalize(quantities: &mut Value) {
    for quantity in quantities.as_object_mut().into_iter().flat_map(Map::values_mut) {
        let text = match &*quantity {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => continue,
        };
        if let Some(canonical) = crate::quantity::canonical(&text) {
            *quantity = canonical.into();
        }
    }
}

fn is_left_out(key: &str, value: &Value) -> bool {
    match value {
        Value::Null => !NULLS.contains(&key),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty() && MAPS.contains(&key),
        Value::Bool(false) => FLAGS.contains(&key),
        Value::Number(number) => number.as_i64() == Some(0) && NUMBERS.contains(&key),
        _ => false,
    }
}
