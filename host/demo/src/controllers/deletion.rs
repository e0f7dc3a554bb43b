//! Deletion as the API server does it for a pod: a pod on a node is asked to go and has its grace; another goes at once.

use serde_json::Value;

use super::pod_status::after;
use super::pods::has_ended;
use super::read::{is_leaving, list, name, namespace, number, text};
use crate::resource::{PODS, Resource};
use crate::store::{Store, metadata_mut};
use crate::time::seconds;

/// Asks an object to go; false where it has been asked before, or is gone.
pub(crate) fn ask(store: &mut Store, resource: &Resource, object: &Value) -> bool {
    let (space, name) = (namespace(object), name(object));
    if is_leaving(object) {
        return false;
    }
    let waits = resource == &PODS && !text(object, "/spec/nodeName").is_empty() && !has_ended(object);
    let grace = number(object, "/spec/terminationGracePeriodSeconds");
    if !waits || grace <= 0 {
        return store.remove(resource, Some(space), name).is_ok();
    }
    let until = seconds(after(store.now(), grace));
    let asked = store.update(resource, Some(space), name, |pod| {
        let metadata = metadata_mut(pod);
        metadata.insert("deletionTimestamp".to_owned(), until.into());
        metadata.insert("deletionGracePeriodSeconds".to_owned(), grace.into());
    });
    asked.is_ok()
}

/// What the kubelet does at the end of a deletion: the pod is gone, unless finalizers hold it.
pub(crate) fn carry_out(store: &mut Store, pod: &Value) {
    if list(pod, "/metadata/finalizers").is_empty() || number(pod, "/metadata/deletionGracePeriodSeconds") > 0 {
        let _ = store.remove(&PODS, Some(namespace(pod)), name(pod));
    }
}
