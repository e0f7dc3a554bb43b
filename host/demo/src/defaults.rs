//! What a real server fills in, as far as it shows in what is read here. Filling in twice changes nothing.

pub(crate) mod pod;
mod service;
mod tidy;
mod workload;

use crate::resource::{NODES, RUNTIME_CLASSES, Resource};
use crate::store::{Store, child_mut, metadata_mut};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// Fills in what is missing of an object, and leaves out what the server leaves out.
pub(crate) fn fill(resource: &Resource, object: &mut Value) {
    match (resource.group, resource.plural) {
        ("", "pods") => pod::fill(object),
        ("", "services") => service::fill(object),
        ("", "namespaces") => namespace(object),
        ("", "nodes") => node(object),
        ("", "secrets") => secret(object),
        ("", "persistentvolumeclaims") => claim(object),
        ("", "persistentvolumes") => {
            let spec = child_mut(object, "spec");
            missing(spec, [("volumeMode", json!("Filesystem")), ("persistentVolumeReclaimPolicy", json!("Retain"))]);
            if let Some(path) = spec.get_mut("hostPath").and_then(Value::as_object_mut) {
                missing(path, [("type", json!(""))]);
            }
            missing(child_mut(object, "status"), [("phase", json!("Pending"))]);
        }
        ("", "endpoints") => {
            for subset in object.as_object_mut().into_iter().flat_map(|endpoints| each(endpoints, "subsets")) {
                each(subset, "ports").for_each(|port| missing(port, [("protocol", json!("TCP"))]));
            }
        }
        ("" | "events.k8s.io", "events") => event(object),
        ("apps" | "batch", _) | ("", "replicationcontrollers") => workload::fill(resource, object),
        ("autoscaling", _) => {
            let cpu = json!({ "name": "cpu", "target": { "type": "Utilization", "averageUtilization": 80 } });
            let metrics = json!([{ "type": "Resource", "resource": cpu }]);
            missing(child_mut(object, "spec"), [("minReplicas", json!(1)), ("metrics", metrics)]);
            missing(child_mut(object, "status"), [("currentReplicas", json!(0)), ("desiredReplicas", json!(0))]);
        }
        ("policy", _) => missing(
            child_mut(object, "status"),
            ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"].map(|key| (key, json!(0))),
        ),
        ("storage.k8s.io", _) => {
            missing_in(object, [("reclaimPolicy", json!("Delete")), ("volumeBindingMode", json!("Immediate"))])
        }
        ("networking.k8s.io", "networkpolicies") => network_policy(object),
        ("networking.k8s.io", "ingresses") => missing(child_mut(object, "status"), [("loadBalancer", json!({}))]),
        ("discovery.k8s.io", _) => slice(object),
        ("rbac.authorization.k8s.io", plural) => rbac(object, plural),
        ("coordination.k8s.io", _) => {
            child_mut(object, "spec");
        }
        ("", "resourcequotas") => {
            child_mut(object, "status");
        }
        _ => {}
    }
    tidy::tidy(resource, object);
}

/// What is given out to a new object: it depends on what else there is.
pub(crate) fn allocate(store: &Store, resource: &Resource, object: &mut Value) {
    match (resource.group, resource.plural) {
        ("", "services") => service::allocate(store, object),
        ("", "pods") => {
            pod::admit(object, &crate::time::seconds(store.now()));
            overhead(store, object);
            let node = object.pointer("/spec/nodeName").and_then(Value::as_str).map(str::to_owned);
            if let Some(node) = node.and_then(|node| store.get(&NODES, None, &node)) {
                crate::controllers::scheduler::locate(object, node);
            }
        }
        ("batch", "jobs") => {
            workload::label_job(object);
            workload::copy_labels(object);
        }
        ("", "replicationcontrollers") => workload::copy_labels(object),
        ("apps", "daemonsets") => workload::count_template(object),
        ("", "nodes") => untrusted_node(object),
        ("", "persistentvolumeclaims") => {
            finalizer(object, "kubernetes.io/pvc-protection");
            default_class(store, object);
        }
        ("", "persistentvolumes") => {
            finalizer(object, "kubernetes.io/pv-protection");
            let now = crate::time::seconds(store.now());
            missing(child_mut(object, "status"), [("lastPhaseTransitionTime", json!(now))]);
        }
        ("", "namespaces") => missing(child_mut(object, "spec"), [("finalizers", json!(["kubernetes"]))]),
        _ => {}
    }
}

fn missing<const N: usize>(map: &mut Map<String, Value>, defaults: [(&str, Value); N]) {
    for (key, value) in defaults {
        if map.get(key).is_none_or(Value::is_null) {
            map.insert(key.to_owned(), value);
        }
    }
}

fn missing_in<const N: usize>(object: &mut Value, defaults: [(&str, Value); N]) {
    if let Some(map) = object.as_object_mut() {
        missing(map, defaults);
    }
}

/// The objects of a list.
fn each<'a>(map: &'a mut Map<String, Value>, list: &str) -> impl Iterator<Item = &'a mut Map<String, Value>> {
    map.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}

/// What a pod costs beyond its containers is its runtime class's to say.
fn overhead(store: &Store, pod: &mut Value) {
    let class = pod.pointer("/spec/runtimeClassName").and_then(Value::as_str).map(str::to_owned);
    let class = class.and_then(|class| store.get(&RUNTIME_CLASSES, None, &class));
    if let Some(fixed) = class.and_then(|class| class.pointer("/overhead/podFixed")).cloned() {
        missing(child_mut(pod, "spec"), [("overhead", fixed)]);
    }
}

fn finalizer(object: &mut Value, name: &str) {
    let held = metadata_mut(object).entry("finalizers").or_insert_with(|| json!([]));
    if let Some(held) = held.as_array_mut().filter(|held| !held.iter().any(|held| held.as_str() == Some(name))) {
        held.push(name.into());
    }
}

fn namespace(object: &mut Value) {
    let name = object.pointer("/metadata/name").cloned().unwrap_or_default();
    if let Some(labels) = metadata_mut(object).entry("labels").or_insert_with(|| json!({})).as_object_mut() {
        labels.insert("kubernetes.io/metadata.name".to_owned(), name);
    }
    child_mut(object, "spec");
    missing(child_mut(object, "status"), [("phase", json!("Active"))]);
}

fn node(object: &mut Value) {
    child_mut(object, "spec");
    let status = child_mut(object, "status");
    if let Some(capacity) = status.get("capacity").cloned() {
        missing(status, [("allocatable", capacity)]);
    }
    missing(status, [("daemonEndpoints", json!({ "kubeletEndpoint": { "Port": 0 } })), ("nodeInfo", json!({}))]);
    if let Some(info) = status.get_mut("nodeInfo").and_then(Value::as_object_mut) {
        missing(
            info,
            [
                "architecture",
                "bootID",
                "containerRuntimeVersion",
                "kernelVersion",
                "kubeProxyVersion",
                "kubeletVersion",
                "machineID",
                "operatingSystem",
                "osImage",
                "systemUUID",
            ]
            .map(|key| (key, json!(""))),
        );
    }
}

/// A new node is not ready until something says that it is.
fn untrusted_node(object: &mut Value) {
    let is_ready = |condition: &Value| {
        condition.get("type").and_then(Value::as_str) == Some("Ready")
            && condition.get("status").and_then(Value::as_str) == Some("True")
    };
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    if conditions.is_some_and(|conditions| conditions.iter().any(is_ready)) {
        return;
    }
    let spec = child_mut(object, "spec");
    let taints = spec.entry("taints").or_insert_with(|| json!([]));
    let key = "node.kubernetes.io/not-ready";
    if let Some(taints) = taints.as_array_mut()
        && !taints.iter().any(|taint| taint.get("key").and_then(Value::as_str) == Some(key))
    {
        taints.push(json!({ "key": key, "effect": "NoSchedule" }));
    }
}

fn secret(object: &mut Value) {
    missing_in(object, [("type", json!("Opaque"))]);
    let plain = object.as_object_mut().and_then(|secret| secret.remove("stringData"));
    if let Some(Value::Object(plain)) = plain {
        let data = child_mut(object, "data");
        for (key, value) in plain {
            data.insert(key, STANDARD.encode(value.as_str().unwrap_or_default()).into());
        }
    }
}

fn claim(object: &mut Value) {
    missing(child_mut(object, "spec"), [("volumeMode", json!("Filesystem")), ("resources", json!({}))]);
    missing(child_mut(object, "status"), [("phase", json!("Pending"))]);
}

fn default_class(store: &Store, object: &mut Value) {
    let marks = "/metadata/annotations/storageclass.kubernetes.io~1is-default-class";
    let class = store
        .list(&crate::resource::STORAGE_CLASSES, None)
        .find(|class| class.pointer(marks).and_then(Value::as_str) == Some("true"));
    if let Some(name) = class.and_then(|class| class.pointer("/metadata/name")) {
        missing(child_mut(object, "spec"), [("storageClassName", name.clone())]);
    }
}

fn event(object: &mut Value) {
    missing_in(
        object,
        [
            ("involvedObject", json!({})),
            ("source", json!({})),
            ("reportingComponent", json!("")),
            ("reportingInstance", json!("")),
        ],
    );
    if let Some(event) = object.as_object_mut() {
        for key in ["firstTimestamp", "lastTimestamp", "eventTime"] {
            event.entry(key).or_insert(Value::Null);
        }
    }
}

fn network_policy(object: &mut Value) {
    let spec = child_mut(object, "spec");
    let has_egress = spec.get("egress").and_then(Value::as_array).is_some_and(|rules| !rules.is_empty());
    let types = if has_egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
    missing(spec, [("podSelector", json!({})), ("policyTypes", types)]);
    for list in ["ingress", "egress"] {
        for rule in each(spec, list) {
            each(rule, "ports").for_each(|port| missing(port, [("protocol", json!("TCP"))]));
        }
    }
}

fn slice(object: &mut Value) {
    let Some(slice) = object.as_object_mut() else { return };
    for list in ["endpoints", "ports"] {
        slice.entry(list).or_insert(Value::Null);
    }
    each(slice, "endpoints").for_each(|endpoint| missing(endpoint, [("conditions", json!({}))]));
    each(slice, "ports").for_each(|port| missing(port, [("name", json!("")), ("protocol", json!("TCP"))]));
}

fn rbac(object: &mut Value, plural: &str) {
    let Some(object) = object.as_object_mut() else { return };
    if plural.ends_with("roles") {
        object.entry("rules").or_insert(Value::Null);
        return;
    }
    let group = || json!("rbac.authorization.k8s.io");
    if let Some(role) = object.get_mut("roleRef").and_then(Value::as_object_mut) {
        missing(role, [("apiGroup", group())]);
    }
    for subject in each(object, "subjects") {
        if subject.get("kind").and_then(Value::as_str) != Some("ServiceAccount") {
            missing(subject, [("apiGroup", group())]);
        }
    }
}
