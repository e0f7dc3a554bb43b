//! ReplicaSets: as many pods as asked for, and a status that counts them.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::events::{Source, record};
use super::identity::suffix;
use super::pods::{Count, count, from_template, is_active, owned, worst_first};
use super::read::{is_leaving, name, namespace, number};
use super::{deletion, put_status};
use crate::resource::{PODS, REPLICA_SETS};
use crate::store::Store;

const CONTROLLER: Source<'static> = Source::Controller("replicaset-controller");

/// Makes and gives up pods of every ReplicaSet.
pub(crate) fn settle(store: &mut Store) {
    let sets: Vec<_> = store.list(&REPLICA_SETS, None).cloned().collect();
    for set in &sets {
        if !is_leaving(set) {
            scale(store, set);
        }
        let pods = owned(store, set);
        let counted = count(&pods, number(set, "/spec/minReadySeconds"), store.now());
        put_status(store, &REPLICA_SETS, set, status(set, counted));
    }
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

fn scale(store: &mut Store, set: &Value) {
    let mut active: Vec<_> = owned(store, set).into_iter().filter(is_active).collect();
    let wanted = usize::try_from(number(set, "/spec/replicas")).unwrap_or(0);
    if active.len() > wanted {
        worst_first(&mut active);
        for pod in active.iter().take(active.len() - wanted) {
            if deletion::ask(store, &PODS, pod) {
                record(store, set, CONTROLLER, "Normal", "SuccessfulDelete", &format!("Deleted pod: {}", name(pod)));
            }
        }
        return;
    }
    for index in active.len()..wanted {
        let Some(pod) = create(store, set, index) else { return };
        record(store, set, CONTROLLER, "Normal", "SuccessfulCreate", &format!("Created pod: {}", name(&pod)));
    }
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
