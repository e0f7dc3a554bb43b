//! What an update may not change.

use super::{Cause, refuse};
use crate::resource::Resource;
use crate::status::Refusal;
use serde_json::{Value, json};

const IMMUTABLE: &str = "field is immutable";
const POD: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// Fields that stay as they are once they are set: group, plural and pointers.
const FIXED: [(&str, &str, &[&str]); 7] = [
    ("apps", "deployments", &["/spec/selector"]),
    ("apps", "replicasets", &["/spec/selector"]),
    ("apps", "daemonsets", &["/spec/selector"]),
    ("batch", "jobs", &["/spec/selector", "/spec/template"]),
    ("", "services", &["/spec/clusterIP"]),
    ("rbac.authorization.k8s.io", "rolebindings", &["/roleRef"]),
    ("rbac.authorization.k8s.io", "clusterrolebindings", &["/roleRef"]),
];

/// Holds what a changed object says that it is against what it was.
///
/// # Errors
/// 422 with what was changed.
pub(crate) fn identity(resource: &Resource, before: &Value, after: &Value) -> Result<(), Refusal> {
    let mut causes = Vec::new();
    let (old, new) = (before.pointer("/metadata/uid"), after.pointer("/metadata/uid"));
    if let Some(new) = new.filter(|new| Some(*new) != old && new.as_str() != Some("")) {
        // The server finds it twice.
        causes.extend([(); 2].map(|()| Cause::invalid("metadata.uid", new, IMMUTABLE)));
    }
    refuse(resource, before, causes)
}

/// Holds a changed object against what it was.
pub(super) fn changes(resource: &Resource, before: &Value, after: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let fixed = FIXED.iter().filter(|(group, plural, _)| (*group, *plural) == (resource.group, resource.plural));
    for pointer in fixed.flat_map(|(_, _, pointers)| *pointers) {
        let (old, new) = (before.pointer(pointer), after.pointer(pointer));
        if old.is_some() && new != old {
            let field = pointer.trim_start_matches('/').replace('/', ".");
            causes.push(Cause::invalid(&field, new.unwrap_or(&Value::Null), IMMUTABLE));
        }
    }
    if resource.kind == "StatefulSet" && frozen(before, STATEFUL_SET_MUTABLE) != frozen(after, STATEFUL_SET_MUTABLE) {
        let why = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
        causes.push(Cause::forbidden("spec", why));
    }
    if resource.kind == "Pod" && frozen_pod(before) != frozen_pod(after) {
        causes.push(Cause::forbidden("spec", POD));
    }
    causes
}

const STATEFUL_SET_MUTABLE: &[&str] = &[
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];

fn frozen(object: &Value, mutable: &[&str]) -> Value {
    let mut spec = object.get("spec").cloned().unwrap_or_else(|| json!({}));
    if let Some(spec) = spec.as_object_mut() {
        mutable.iter().for_each(|field| {
            spec.remove(*field);
        });
    }
    spec
}

/// A pod's spec without what may change.
fn frozen_pod(pod: &Value) -> Value {
    let mut spec = frozen(pod, &["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"]);
    for list in ["containers", "initContainers"] {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
            container.remove("image");
        }
    }
    spec
}
