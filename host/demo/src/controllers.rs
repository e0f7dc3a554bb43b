//! What a scheduler, kubelets and controllers would do to the objects.
//!
//! Each looks at what there is and writes what is missing, and writes nothing where all is as it should be. Nothing here
//! keeps state of its own.

mod budgets;
mod claims;
pub(crate) mod conditions;
pub(crate) mod daemon_sets;
mod deletion;
pub(crate) mod deployments;
pub(crate) mod endpoints;
pub(crate) mod events;
pub(crate) mod fate;
pub(crate) mod identity;
pub(crate) mod jobs;
mod kubelet;
mod nodes;
pub(crate) mod pod_status;
pub(crate) mod pods;
pub(crate) mod quantity;
pub(crate) mod quotas;
pub(crate) mod read;
pub(crate) mod replica_sets;
pub(crate) mod rollout;
pub(crate) mod scheduler;
pub(crate) mod stateful_sets;

use serde_json::Value;

use crate::resource::Resource;
use crate::store::{Store, child_mut};

/// More rounds than any change takes to come to rest. Beyond it the next write or tick goes on.
const ROUNDS: usize = 64;

/// Brings the objects to rest after a write: called under the lock of the write, until nothing changes.
pub(crate) fn settle(store: &mut Store) {
    for _ in 0..ROUNDS {
        let before = store.revision();
        nodes::settle(store);
        deployments::settle(store);
        quotas::settle(store);
        replica_sets::settle(store);
        stateful_sets::settle(store);
        daemon_sets::settle(store);
        jobs::settle(store);
        claims::settle(store);
        scheduler::settle(store);
        endpoints::clean(store);
        endpoints::settle(store);
        budgets::settle(store);
        if store.revision() == before {
            return;
        }
    }
}

/// What takes time: called every half second.
pub(crate) fn tick(store: &mut Store) {
    kubelet::tick(store);
    settle(store);
}

/// Writes the status of an object where it is not that already.
fn put_status(store: &mut Store, resource: &Resource, object: &Value, status: Value) {
    let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str);
    let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    // It may be gone by now: then there is nothing to say of it.
    let _ = store.update(resource, namespace, name, |object| {
        let current = child_mut(object, "status");
        if let Value::Object(status) = status {
            *current = status;
        }
    });
}
