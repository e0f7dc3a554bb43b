//! ReplicaSets: as many pods as asked for, and a status that counts them.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::events::{Source, record};
use super::identity::suffix;
use super::pods::{Count, count, from_template, is_active, owned, worst_first};
use super::read::{is_leaving, list, name, namespace, number, text};
use super::{deletion, put_status, quotas};
use crate::rbac;
use crate::resource::{PODS, REPLICA_SETS};
use crate::store::Store;
use crate::time::seconds;

const CONTROLLER: Source<'static> = Source::Controller("replicaset-controller");

/// Makes and gives up pods of every ReplicaSet.
pub(crate) fn settle(store: &mut Store) {
    let sets: Vec<_> = store.list(&REPLICA_SETS, None).cloned().collect();
    for set in &sets {
        let refused = if is_leaving(set) { None } else { scale(store, set) };
        let pods = owned(store, set);
        let counted = count(&pods, number(set, "/spec/minReadySeconds"), store.now());
        let mut status = status(set, counted);
        if let (Some(condition), Some(status)) = (failure(store, set, refused), status.as_object_mut()) {
            status.insert("conditions".to_owned(), json!([condition]));
        }
        put_status(store, &REPLICA_SETS, set, status);
    }
}

/// What a ReplicaSet says of a pod that it may not make. It is said once, until one may be made again.
fn failure(store: &mut Store, set: &Value, refused: Option<String>) -> Option<Value> {
    let why = refused?;
    if let Some(said) = list(set, "/status/conditions").iter().find(|it| text(it, "/type") == "ReplicaFailure") {
        return Some(said.clone());
    }
    record(store, set, CONTROLLER, "Warning", "FailedCreate", &format!("Error creating: {why}"));
    Some(json!({
        "type": "ReplicaFailure",
        "status": "True",
        "lastTransitionTime": seconds(store.now()),
        "reason": "FailedCreate",
        "message": why,
    }))
}

/// The status of a ReplicaSet with these pods.
pub(crate) fn status(set: &Value, count: Count) -> Value {
    let mut status = Map::new();
    // The first is written as 0 too, and so is the last, which is a pointer in the API's types.
    status.insert("replicas".to_owned(), count.active.into());
    for (key, value) in [
        ("fullyLabeledReplicas", count.active),
        ("readyReplicas", count.ready),
        ("availableReplicas", count.available),
        ("observedGeneration", number(set, "/metadata/generation")),
    ] {
        if value != 0 {
            status.insert(key.to_owned(), value.into());
        }
    }
    status.insert("terminatingReplicas".to_owned(), count.leaving.into());
    Value::Object(status)
}

/// Why there are fewer pods than there should be, where one was refused.
fn scale(store: &mut Store, set: &Value) -> Option<String> {
    let mut active: Vec<_> = owned(store, set).into_iter().filter(is_active).collect();
    let wanted = usize::try_from(number(set, "/spec/replicas")).unwrap_or(0);
    if active.len() > wanted {
        worst_first(&mut active);
        for pod in active.iter().take(active.len() - wanted) {
            if deletion::ask(store, &PODS, pod) {
                record(store, set, CONTROLLER, "Normal", "SuccessfulDelete", &format!("Deleted pod: {}", name(pod)));
            }
        }
        return None;
    }
    for index in active.len()..wanted {
        if let Some(why) = quotas::no_further_pod(store, namespace(set)) {
            let name = fresh_name(store, set, index, store.now());
            return Some(rbac::is_forbidden("", "pods", &name, &why).message);
        }
        let pod = create(store, set, index)?;
        record(store, set, CONTROLLER, "Normal", "SuccessfulCreate", &format!("Created pod: {}", name(&pod)));
    }
    None
}

/// A pod with a name that nobody has.
fn create(store: &mut Store, set: &Value, index: usize) -> Option<Value> {
    let name = fresh_name(store, set, index, store.now());
    let mut pod = from_template(set, set.pointer("/spec/template")?, &name);
    let prefix = format!("{}-", self::name(set));
    crate::store::metadata_mut(&mut pod).insert("generateName".to_owned(), prefix.into());
    store.create(&PODS, pod).ok()
}

fn fresh_name(store: &Store, set: &Value, index: usize, now: Timestamp) -> String {
    let mut attempt = index;
    loop {
        let seed = format!("{}/{}/{attempt}/{}", namespace(set), name(set), now.as_nanosecond());
        let name = format!("{}-{}", name(set), suffix(&seed, 5));
        if store.get(&PODS, Some(namespace(set)), &name).is_none() {
            return name;
        }
        attempt += 1000;
    }
}
