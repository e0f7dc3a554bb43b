//! Deletion as far as it takes somebody else than the API server: a controller that asks, a kubelet that carries it out.

use serde_json::Value;

use super::read::{is_leaving, list, name, namespace, number};
use crate::delete::{Options, begin};
use crate::resource::{PODS, Resource};
use crate::store::Store;

/// Asks an object to go; false where it has been asked before, or is gone.
pub(crate) fn ask(store: &mut Store, resource: &Resource, object: &Value) -> bool {
    !is_leaving(object) && begin(store, resource, Some(namespace(object)), name(object), &Options::background()).is_ok()
}

/// What the kubelet does at the end of a deletion: the pod is gone, unless finalizers hold it.
pub(crate) fn carry_out(store: &mut Store, pod: &Value) {
    if list(pod, "/metadata/finalizers").is_empty() || number(pod, "/metadata/deletionGracePeriodSeconds") > 0 {
        let _ = store.remove(&PODS, Some(namespace(pod)), name(pod));
    }
}
