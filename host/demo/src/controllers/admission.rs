//! What admission puts into every new pod: an account with its token, tolerations of lost nodes, a priority.

use serde_json::{Value, json};

use super::identity::suffix;
use super::pod_status::quality;
use super::read::{list, name, namespace, text};
use crate::store::child_mut;

/// The two taints of a node that does not answer, and how long a pod that says nothing else stays there.
const LOST: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
const STAYS_SECONDS: u32 = 300;

/// Fills in what is missing of a pod that is about to be created, and its first status.
pub(crate) fn admit(pod: &mut Value) {
    let (token, uses_token) = (format!("kube-api-access-{}", suffix(&identity(pod), 5)), uses_token(pod));
    let quality = quality(pod);
    let priority = match text(pod, "/spec/priorityClassName") {
        "system-node-critical" => 2_000_001_000,
        "system-cluster-critical" => 2_000_000_000,
        _ => 0,
    };
    let missing: Vec<_> = LOST.into_iter().filter(|taint| !tolerates(pod, taint)).collect();
    let spec = child_mut(pod, "spec");
    let account = spec.get("serviceAccountName").cloned().unwrap_or_else(|| "default".into());
    spec.entry("serviceAccount").or_insert_with(|| account.clone());
    spec.insert("serviceAccountName".to_owned(), account);
    for (key, value) in [
        ("restartPolicy", json!("Always")),
        ("terminationGracePeriodSeconds", json!(30)),
        ("dnsPolicy", json!("ClusterFirst")),
        ("schedulerName", json!("default-scheduler")),
        ("securityContext", json!({})),
        ("enableServiceLinks", json!(true)),
        ("priority", json!(priority)),
        ("preemptionPolicy", json!("PreemptLowerPriority")),
    ] {
        spec.entry(key).or_insert(value);
    }
    if let Some(tolerations) = spec.entry("tolerations").or_insert_with(|| json!([])).as_array_mut() {
        tolerations.extend(missing.into_iter().map(|taint| {
            json!({ "key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": STAYS_SECONDS })
        }));
    }
    if uses_token {
        mount_token(pod, &token);
    }
    let status = child_mut(pod, "status");
    status.entry("phase").or_insert_with(|| "Pending".into());
    status.entry("qosClass").or_insert_with(|| quality.into());
}

fn identity(pod: &Value) -> String {
    format!("{}/{}{}", namespace(pod), name(pod), text(pod, "/metadata/generateName"))
}

fn uses_token(pod: &Value) -> bool {
    let declined = pod.pointer("/spec/automountServiceAccountToken").and_then(Value::as_bool) == Some(false);
    let has = list(pod, "/spec/volumes").iter().any(|volume| text(volume, "/name").starts_with("kube-api-access-"));
    !declined && !has
}

fn tolerates(pod: &Value, taint: &str) -> bool {
    let fits = |toleration: &Value| {
        let (key, effect) = (text(toleration, "/key"), text(toleration, "/effect"));
        (key.is_empty() || key == taint) && (effect.is_empty() || effect == "NoExecute")
    };
    list(pod, "/spec/tolerations").iter().any(fits)
}

fn mount_token(pod: &mut Value, volume: &str) {
    let mount = json!({
        "name": volume, "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
    });
    let spec = child_mut(pod, "spec");
    for containers in ["initContainers", "containers"] {
        for container in spec.get_mut(containers).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(container) = container.as_object_mut()
                && let Some(mounts) = container.entry("volumeMounts").or_insert_with(|| json!([])).as_array_mut()
            {
                mounts.push(mount.clone());
            }
        }
    }
    let namespace =
        json!({ "path": "namespace", "fieldRef": { "apiVersion": "v1", "fieldPath": "metadata.namespace" } });
    let source = json!({ "name": volume, "projected": { "defaultMode": 420, "sources": [
        { "serviceAccountToken": { "expirationSeconds": 3607, "path": "token" } },
        { "configMap": { "name": "kube-root-ca.crt", "items": [{ "key": "ca.crt", "path": "ca.crt" }] } },
        { "downwardAPI": { "items": [namespace] } },
    ] } });
    if let Some(volumes) = spec.entry("volumes").or_insert_with(|| json!([])).as_array_mut() {
        volumes.push(source);
    }
}
