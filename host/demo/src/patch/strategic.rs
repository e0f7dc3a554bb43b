//! Kubernetes' strategic merge: as a merge patch, but lists of things with a key are merged by it.
//!
//! <https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/>

use serde_json::{Map, Value};

/// The lists that are merged, and the keys of what is in them. All others are replaced.
const KEYS: [(&str, &str); 20] = [
    ("addresses", "type"),
    ("conditions", "type"),
    ("containers", "name"),
    ("env", "name"),
    ("ephemeralContainers", "name"),
    ("hostAliases", "ip"),
    ("hostIPs", "ip"),
    ("imagePullSecrets", "name"),
    ("initContainers", "name"),
    ("ownerReferences", "uid"),
    ("podIPs", "ip"),
    ("ports", "containerPort"),
    ("resourceClaims", "name"),
    ("schedulingGates", "name"),
    ("secrets", "name"),
    ("topologySpreadConstraints", "topologyKey"),
    ("volumeDevices", "devicePath"),
    ("volumeMounts", "mountPath"),
    ("volumes", "name"),
    ("volumesAttached", "name"),
];
/// The list of plain values that is merged.
const SET: &str = "finalizers";
const DIRECTIVE: &str = "$patch";
const ORDER: &str = "$setElementOrder/";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
const RETAIN: &str = "$retainKeys";

/// Merges a patch into an object.
pub(super) fn merge(object: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *object = patch.clone();
        return;
    };
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    let Some(target) = object.as_object_mut() else { return };
    match patch.get(DIRECTIVE).and_then(Value::as_str) {
        Some("replace") => {
            *target = without_directives(patch);
            return;
        }
        Some("delete") => {
            target.clear();
            return;
        }
        _ => {}
    }
    if let Some(Value::Array(kept)) = patch.get(RETAIN) {
        target.retain(|key, _| kept.iter().any(|kept| kept.as_str() == Some(key)));
    }
    for (key, value) in patch {
        if key == DIRECTIVE || key == RETAIN || key.starts_with(ORDER) {
            continue;
        }
        if let Some(list) = key.strip_prefix(DELETE_FROM) {
            remove_values(target, list, value);
            continue;
        }
        match value {
            Value::Null => {
                target.remove(key);
            }
            Value::Object(_) => merge(target.entry(key.as_str()).or_insert(Value::Null), value),
            Value::Array(items) => merge_list(target, key, items),
            _ => {
                target.insert(key.clone(), value.clone());
            }
        }
    }
}

fn merge_list(target: &mut Map<String, Value>, name: &str, patch: &[Value]) {
    let key = merge_key(name, patch);
    if key.is_none() && name != SET {
        target.insert(name.to_owned(), patch.iter().map(plain).collect());
        return;
    }
    let list = target.entry(name).or_insert_with(|| Value::Array(Vec::new()));
    if !list.is_array() {
        *list = Value::Array(Vec::new());
    }
    let Some(list) = list.as_array_mut() else { return };
    let Some(key) = key else {
        let new: Vec<Value> = patch.iter().filter(|value| !list.contains(value)).cloned().collect();
        list.extend(new);
        return;
    };
    if patch.iter().any(|item| item.get(DIRECTIVE).and_then(Value::as_str) == Some("replace")) {
        list.clear();
    }
    let order: Vec<Value> = list.iter().filter_map(|item| item.get(key).cloned()).collect();
    for item in patch {
        let is_same = |other: &Value| other.get(key).is_some() && other.get(key) == item.get(key);
        match item.get(DIRECTIVE).and_then(Value::as_str) {
            Some("delete") => list.retain(|other| !is_same(other)),
            Some("replace") if item.get(key).is_none() => {}
            _ => match list.iter_mut().find(|other| is_same(other)) {
                Some(old) => merge(old, item),
                None => list.push(plain(item)),
            },
        }
    }
    reorder(list, key, patch, &order);
}

/// What is patched comes in the patch's order, and new things before what they are not compared with.
fn reorder(list: &mut Vec<Value>, key: &str, patch: &[Value], order: &[Value]) {
    let place = |item: &Value| order.iter().position(|old| Some(old) == item.get(key));
    let in_patch = |item: &Value| patch.iter().position(|other| other.get(key) == item.get(key));
    let (mut patched, kept): (Vec<Value>, Vec<Value>) = list.drain(..).partition(|item| in_patch(item).is_some());
    patched.sort_by_key(in_patch);
    let (mut patched, mut kept) = (patched.into_iter().peekable(), kept.into_iter().peekable());
    while let (Some(left), Some(right)) = (patched.peek(), kept.peek()) {
        // A new thing has no place, and none comes before any.
        let next = if place(left) <= place(right) { patched.next() } else { kept.next() };
        list.extend(next);
    }
    list.extend(patched.chain(kept));
}

/// A list of ports is a container's or a Service's.
fn merge_key(name: &str, patch: &[Value]) -> Option<&'static str> {
    let key = KEYS.iter().find(|(list, _)| *list == name).map(|(_, key)| *key)?;
    let is_of_service = key == "containerPort" && patch.iter().any(|item| item.get("port").is_some());
    Some(if is_of_service { "port" } else { key })
}

fn remove_values(target: &mut Map<String, Value>, list: &str, gone: &Value) {
    let gone = gone.as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some(Value::Array(values)) = target.get_mut(list) {
        values.retain(|value| !gone.contains(value));
    }
}

/// A part of a patch that merges with nothing.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut object = Value::Object(Map::new());
            merge(&mut object, &Value::Object(without_directives(map)));
            object
        }
        _ => value.clone(),
    }
}

fn without_directives(map: &Map<String, Value>) -> Map<String, Value> {
    map.iter().filter(|(key, _)| !key.starts_with('$')).map(|(key, value)| (key.clone(), value.clone())).collect()
}
