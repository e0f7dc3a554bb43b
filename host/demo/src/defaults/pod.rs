//! Pods, and the templates of pods.

use super::{each, missing};
use crate::store::child_mut;
use serde_json::{Map, Value, json};

/// What a pod has beyond its spec's defaults.
pub(super) fn fill(pod: &mut Value) {
    let spec = child_mut(pod, "spec");
    fill_spec(spec);
    missing(spec, [("enableServiceLinks", json!(true))]);
    for list in ["initContainers", "containers"] {
        each(spec, list).for_each(request_limits);
    }
    let class = quality(pod);
    let status = child_mut(pod, "status");
    missing(status, [("phase", json!("Pending")), ("qosClass", json!(class))]);
    one_address(status);
    for list in ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"] {
        for container in each(status, list) {
            missing(
                container,
                [
                    ("ready", json!(false)),
                    ("restartCount", json!(0)),
                    ("image", json!("")),
                    ("imageID", json!("")),
                    ("state", json!({})),
                    ("lastState", json!({})),
                ],
            );
        }
    }
    for condition in each(status, "conditions") {
        for time in ["lastProbeTime", "lastTransitionTime"] {
            condition.entry(time).or_insert(Value::Null);
        }
    }
}

/// The first of a pod's addresses stands by itself, too; where the two differ, that one counts.
fn one_address(status: &mut Map<String, Value>) {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let first = text(status.get("podIPs").and_then(|addresses| addresses.get(0)?.get("ip")));
    let one = text(status.get("podIP"));
    if !one.is_empty() && one != first {
        status.insert("podIPs".to_owned(), json!([{ "ip": one }]));
    } else if one.is_empty() && !first.is_empty() {
        status.insert("podIP".to_owned(), json!(first));
    }
}

/// What a class of the system is worth.
pub(crate) fn priority(class: &str) -> i64 {
    match class {
        "system-node-critical" => 2_000_001_000,
        "system-cluster-critical" => 2_000_000_000,
        _ => 0,
    }
}

/// What is said of a new pod that is not to be scheduled yet.
fn gate(pod: &mut Value, now: &str) {
    let gates = pod.pointer("/spec/schedulingGates").and_then(Value::as_array).map_or(0, Vec::len);
    if gates > 0 {
        let condition = json!({
            "type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "lastTransitionTime": now,
            "message": "Scheduling is blocked due to non-empty scheduling gates",
        });
        missing(child_mut(pod, "status"), [("conditions", json!([condition]))]);
    }
}

/// What admission puts into a new pod.
pub(super) fn admit(pod: &mut Value, now: &str) {
    gate(pod, now);
    let spec = child_mut(pod, "spec");
    let worth = priority(spec.get("priorityClassName").and_then(Value::as_str).unwrap_or_default());
    missing(
        spec,
        [
            ("serviceAccountName", json!("default")),
            ("priority", json!(worth)),
            ("preemptionPolicy", json!("PreemptLowerPriority")),
        ],
    );
    let account = spec.get("serviceAccountName").cloned().unwrap_or_default();
    missing(spec, [("serviceAccount", account)]);
    tolerate(spec);
    mount_token(spec);
}

/// A pod stays five minutes on a node that is not ready or cannot be reached.
fn tolerate(spec: &mut Map<String, Value>) {
    let tolerations = spec.entry("tolerations").or_insert_with(|| json!([]));
    let Some(tolerations) = tolerations.as_array_mut() else { return };
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let covers = |toleration: &Value| {
            let text = |field: &str| toleration.get(field).and_then(Value::as_str).unwrap_or_default();
            (text("key") == key || (text("key").is_empty() && text("operator") == "Exists"))
                && matches!(text("effect"), "" | "NoExecute")
        };
        if !tolerations.iter().any(covers) {
            tolerations
                .push(json!({ "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300 }));
        }
    }
}

/// The volume with the token of the pod's service account.
fn mount_token(spec: &mut Map<String, Value>) {
    const PREFIX: &str = "kube-api-access-";
    const PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
    if spec.get("automountServiceAccountToken") == Some(&json!(false)) {
        return;
    }
    let is_token =
        |volume: &Value| volume.get("name").and_then(Value::as_str).is_some_and(|name| name.starts_with(PREFIX));
    let volumes = spec.entry("volumes").or_insert_with(|| json!([]));
    let Some(volumes) = volumes.as_array_mut() else { return };
    if volumes.iter().any(is_token) {
        return;
    }
    let name = format!("{PREFIX}{}", crate::random::suffix());
    volumes.push(json!({
        "name": name,
        "projected": { "defaultMode": 420, "sources": [
            { "serviceAccountToken": { "expirationSeconds": 3607, "path": "token" } },
            { "configMap": { "name": "kube-root-ca.crt", "items": [{ "key": "ca.crt", "path": "ca.crt" }] } },
            { "downwardAPI": { "items": [
                { "path": "namespace", "fieldRef": { "apiVersion": "v1", "fieldPath": "metadata.namespace" } },
            ] } },
        ] },
    }));
    for list in ["initContainers", "containers"] {
        for container in each(spec, list) {
            let mounts = container.entry("volumeMounts").or_insert_with(|| json!([]));
            let Some(mounts) = mounts.as_array_mut() else { continue };
            if !mounts.iter().any(|mount| mount.get("mountPath").and_then(Value::as_str) == Some(PATH)) {
                mounts.push(json!({ "name": name, "readOnly": true, "mountPath": PATH }));
            }
        }
    }
}

/// What the spec of a pod or of a template has.
pub(super) fn fill_spec(spec: &mut Map<String, Value>) {
    missing(
        spec,
        [
            ("restartPolicy", json!("Always")),
            ("terminationGracePeriodSeconds", json!(30)),
            ("dnsPolicy", json!("ClusterFirst")),
            ("securityContext", json!({})),
            ("schedulerName", json!("default-scheduler")),
        ],
    );
    if let Some(account) = spec.get("serviceAccountName").filter(|name| name.as_str() != Some("")).cloned() {
        missing(spec, [("serviceAccount", account)]);
    }
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        each(spec, list).for_each(fill_container);
    }
    for volume in each(spec, "volumes") {
        if volume.len() == 1 && volume.contains_key("name") {
            volume.insert("emptyDir".to_owned(), json!({}));
        }
        for source in ["secret", "configMap", "projected", "downwardAPI"] {
            if let Some(source) = volume.get_mut(source).and_then(Value::as_object_mut) {
                missing(source, [("defaultMode", json!(420))]);
            }
        }
        if let Some(path) = volume.get_mut("hostPath").and_then(Value::as_object_mut) {
            missing(path, [("type", json!(""))]);
        }
    }
}

fn fill_container(container: &mut Map<String, Value>) {
    let policy = policy(container.get("image").and_then(Value::as_str).unwrap_or_default());
    missing(
        container,
        [
            ("resources", json!({})),
            ("terminationMessagePath", json!("/dev/termination-log")),
            ("terminationMessagePolicy", json!("File")),
            ("imagePullPolicy", json!(policy)),
        ],
    );
    each(container, "ports").for_each(|port| missing(port, [("protocol", json!("TCP"))]));
    for variable in each(container, "env") {
        let field =
            variable.get_mut("valueFrom").and_then(|from| from.get_mut("fieldRef")).and_then(Value::as_object_mut);
        if let Some(field) = field {
            missing(field, [("apiVersion", json!("v1"))]);
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = container.get_mut(probe).and_then(Value::as_object_mut) else { continue };
        let defaults = [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)];
        missing(probe, defaults.map(|(key, value)| (key, json!(value))));
        if let Some(get) = probe.get_mut("httpGet").and_then(Value::as_object_mut) {
            missing(get, [("path", json!("/")), ("scheme", json!("HTTP"))]);
        }
    }
}

/// Who has a limit and no request requests the limit.
fn request_limits(container: &mut Map<String, Value>) {
    if let Some(resources) = container.get_mut("resources").and_then(Value::as_object_mut) {
        let limits: Vec<_> = resources.get("limits").and_then(Value::as_object).into_iter().flatten().collect();
        let limits: Vec<_> = limits.into_iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        if !limits.is_empty()
            && let Some(requests) = resources.entry("requests").or_insert_with(|| json!({})).as_object_mut()
        {
            limits.into_iter().for_each(|(key, value)| missing(requests, [(key.as_str(), value)]));
        }
    }
}

/// An image without a tag, or with `latest`, is pulled again each time.
fn policy(image: &str) -> &'static str {
    let name = image.rsplit('/').next().unwrap_or_default();
    let is_latest = !image.contains('@') && name.split_once(':').is_none_or(|(_, tag)| tag == "latest");
    if is_latest { "Always" } else { "IfNotPresent" }
}

/// The class of a pod by its requests and limits of CPU and memory.
fn quality(pod: &Value) -> &'static str {
    let list = |name: &str| pod.pointer(&format!("/spec/{name}")).and_then(Value::as_array).into_iter().flatten();
    let containers: Vec<&Value> = list("initContainers").chain(list("containers")).collect();
    let amount = |container: &Value, kind: &str, what: &str| {
        container.pointer(&format!("/resources/{kind}/{what}")).filter(|amount| amount.as_str() != Some("0")).cloned()
    };
    let (mut has_any, mut is_guaranteed) = (false, true);
    for container in containers {
        for what in ["cpu", "memory"] {
            let (request, limit) = (amount(container, "requests", what), amount(container, "limits", what));
            has_any |= request.is_some() || limit.is_some();
            is_guaranteed &= limit.is_some() && (request.is_none() || request == limit);
        }
    }
    match (has_any, is_guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}
