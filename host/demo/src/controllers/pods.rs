//! Pods of a controller: how they are made from its template, counted, and which go first.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::identity::{hash, owner_reference};
use super::read::{condition, has, is_leaving, is_owned_by, list, name, namespace, number, text};
use crate::resource::PODS;
use crate::store::{Store, child_mut};
use crate::time::parse;

/// A pod of this owner, as it is before it is scheduled.
pub(crate) fn from_template(owner: &Value, template: &Value, name: &str) -> Value {
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace(owner),
            "ownerReferences": [owner_reference(owner)],
        },
        "spec": template.get("spec"),
        "status": { "phase": "Pending" },
    });
    let metadata = child_mut(&mut pod, "metadata");
    for key in ["labels", "annotations", "finalizers"] {
        if let Some(value) = template.get("metadata").and_then(|metadata| metadata.get(key)) {
            metadata.insert(key.to_owned(), value.clone());
        }
    }
    pod
}

/// The pods that a controller owns, in the order of their names.
pub(crate) fn owned(store: &Store, owner: &Value) -> Vec<Value> {
    let pods = store.list(&PODS, Some(namespace(owner)));
    pods.filter(|pod| is_owned_by(pod, owner)).cloned().collect()
}

/// Whether it counts as one of its controller's replicas: it has not ended and has not been asked to go.
pub(crate) fn is_active(pod: &Value) -> bool {
    !has_ended(pod) && !is_leaving(pod)
}

pub(crate) fn has_ended(pod: &Value) -> bool {
    matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
}

pub(crate) fn is_ready(pod: &Value) -> bool {
    condition(pod, "Ready") == "True"
}

/// Whether it has been ready for as long as its controller asks.
pub(crate) fn is_available(pod: &Value, min_ready_seconds: i64, now: Timestamp) -> bool {
    let ready = list(pod, "/status/conditions").iter().find(|condition| text(condition, "/type") == "Ready");
    let since = ready.and_then(|ready| parse(text(ready, "/lastTransitionTime")));
    is_ready(pod)
        && (min_ready_seconds == 0
            || since.is_some_and(|since| now.duration_since(since).as_secs() >= min_ready_seconds))
}

/// Replicas as the status of a ReplicaSet and its kin counts them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) active: i64,
    pub(crate) ready: i64,
    pub(crate) available: i64,
    pub(crate) leaving: i64,
}

pub(crate) fn count<'a>(pods: impl IntoIterator<Item = &'a Value>, min_ready_seconds: i64, now: Timestamp) -> Count {
    let mut count = Count::default();
    for pod in pods {
        count.leaving += i64::from(is_leaving(pod) && !has_ended(pod));
        if is_active(pod) {
            count.active += 1;
            count.ready += i64::from(is_ready(pod));
            count.available += i64::from(is_available(pod, min_ready_seconds, now));
        }
    }
    count
}

/// Sorts pods so that those come first which a controller gives up first: those without a node, those that do not run, the
/// unready, those with more restarts, the younger.
pub(crate) fn worst_first(pods: &mut [Value]) {
    pods.sort_by_cached_key(|pod| {
        let phase = match text(pod, "/status/phase") {
            "Pending" => 0,
            "Unknown" => 1,
            _ => 2,
        };
        let restarts: i64 =
            list(pod, "/status/containerStatuses").iter().map(|status| number(status, "/restartCount")).sum();
        let created = parse(text(pod, "/metadata/creationTimestamp")).unwrap_or_default();
        let age = std::cmp::Reverse(created);
        (has(pod, "/spec/nodeName"), phase, is_ready(pod), -restarts, age, hash(name(pod)))
    });
}
