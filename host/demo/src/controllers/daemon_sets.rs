//! DaemonSets: a pod on every node that its template tolerates.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::events::{Source, record};
use super::identity::suffix;
use super::pods::{from_template, has_ended, is_active, is_available, is_ready, owned};
use super::read::{holds, is_leaving, list, name, namespace, number, text};
use super::scheduler::{fits_selection, tolerates_taints};
use super::{deletion, put_status};
use crate::resource::{DAEMON_SETS, NODES, PODS};
use crate::store::{Store, child_mut, metadata_mut};

const CONTROLLER: Source<'static> = Source::Controller("daemonset-controller");
const GENERATION: &str = "pod-template-generation";
const REVISION: &str = "controller-revision-hash";

/// Takes every DaemonSet one step further.
pub(crate) fn settle(store: &mut Store) {
    let sets: Vec<_> = store.list(&DAEMON_SETS, None).cloned().collect();
    if sets.is_empty() {
        return;
    }
    let nodes: Vec<_> = store.list(&NODES, None).cloned().collect();
    for set in &sets {
        if !is_leaving(set) {
            step(store, set, &nodes);
        }
        let pods = owned(store, set);
        let status = status(set, &nodes, &pods, store.now());
        put_status(store, &DAEMON_SETS, set, status);
    }
}

/// What ties a pod to its node, and lets it stay there whatever happens to the node.
pub(crate) fn identify(pod: &mut Value, set: &Value, node: &str) {
    let revision = revision(set);
    if let Some(labels) = child_mut(pod, "metadata").entry("labels").or_insert_with(|| json!({})).as_object_mut() {
        labels.insert(REVISION.to_owned(), revision.into());
        labels.insert(GENERATION.to_owned(), number(set, "/metadata/generation").to_string().into());
    }
    let term = json!({ "matchFields": [{ "key": "metadata.name", "operator": "In", "values": [node] }] });
    let own_network = holds(pod, "/spec/hostNetwork");
    let mut tolerated = vec![
        ("node.kubernetes.io/not-ready", "NoExecute"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
        ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"),
        ("node.kubernetes.io/pid-pressure", "NoSchedule"),
        ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ];
    if own_network {
        tolerated.push(("node.kubernetes.io/network-unavailable", "NoSchedule"));
    }
    let spec = child_mut(pod, "spec");
    spec.insert(
        "affinity".to_owned(),
        json!({ "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": [term] },
    } }),
    );
    if let Some(tolerations) = spec.entry("tolerations").or_insert_with(|| json!([])).as_array_mut() {
        for (key, effect) in tolerated {
            // The one that admission gave, with its five minutes, gives way.
            tolerations.retain(|it| text(it, "/key") != key || text(it, "/effect") != effect);
            tolerations.push(json!({ "key": key, "operator": "Exists", "effect": effect }));
        }
    }
}

/// The status of a DaemonSet with these pods on these nodes.
pub(crate) fn status(set: &Value, nodes: &[Value], pods: &[Value], now: Timestamp) -> Value {
    let minimum = number(set, "/spec/minReadySeconds");
    let wanted: Vec<_> = nodes.iter().filter(|node| belongs(set, node)).map(name).collect();
    let on = |node: &str| pods.iter().find(|pod| node_of(pod) == node && !is_leaving(pod) && !has_ended(pod));
    let present: Vec<_> = wanted.iter().filter_map(|node| on(node)).collect();
    let count = |of: &dyn Fn(&Value) -> bool| present.iter().filter(|pod| of(pod)).count() as i64;
    let desired = wanted.len() as i64;
    let available = count(&|pod| is_available(pod, minimum, now));
    let updated = count(&|pod| is_new(set, pod));
    let misscheduled = pods.iter().filter(|pod| is_active(pod) && !wanted.contains(&node_of(pod))).count() as i64;
    let mut status = Map::new();
    for (key, value) in [
        ("currentNumberScheduled", present.len() as i64),
        ("numberMisscheduled", misscheduled),
        ("desiredNumberScheduled", desired),
        ("numberReady", count(&is_ready)),
    ] {
        status.insert(key.to_owned(), value.into());
    }
    for (key, value) in [
        ("observedGeneration", number(set, "/metadata/generation")),
        ("updatedNumberScheduled", updated),
        ("numberAvailable", available),
        ("numberUnavailable", desired - available),
    ] {
        if value != 0 {
            status.insert(key.to_owned(), value.into());
        }
    }
    Value::Object(status)
}

fn step(store: &mut Store, set: &Value, nodes: &[Value]) {
    let pods = owned(store, set);
    for node in nodes.iter().filter(|node| belongs(set, node)) {
        let here = pods.iter().find(|pod| node_of(pod) == name(node));
        match here {
            None => create(store, set, name(node)),
            Some(pod) if has_ended(pod) => drop(deletion::ask(store, &PODS, pod)),
            Some(_) => {}
        }
    }
    for pod in pods.iter().filter(|pod| !nodes.iter().any(|node| name(node) == node_of(pod))) {
        give_up(store, set, pod);
    }
    let rolls = text(set, "/spec/updateStrategy/type") != "OnDelete";
    let all_well = pods.iter().all(|pod| is_ready(pod) && !is_leaving(pod));
    if rolls
        && let Some(old) = pods.iter().find(|pod| !is_new(set, pod) && !is_leaving(pod))
        && (all_well || !is_ready(old))
    {
        give_up(store, set, old);
    }
}

fn create(store: &mut Store, set: &Value, node: &str) {
    let Some(template) = set.pointer("/spec/template") else { return };
    let seed = format!("{}/{}/{node}/{}", namespace(set), name(set), store.now().as_nanosecond());
    let mut pod = from_template(set, template, &format!("{}-{}", name(set), suffix(&seed, 5)));
    identify(&mut pod, set, node);
    metadata_mut(&mut pod).insert("generateName".to_owned(), format!("{}-", name(set)).into());
    if let Ok(pod) = store.create(&PODS, pod) {
        record(store, set, CONTROLLER, "Normal", "SuccessfulCreate", &format!("Created pod: {}", name(&pod)));
    }
}

fn give_up(store: &mut Store, set: &Value, pod: &Value) {
    if deletion::ask(store, &PODS, pod) {
        record(store, set, CONTROLLER, "Normal", "SuccessfulDelete", &format!("Deleted pod: {}", name(pod)));
    }
}

/// The node that a pod is on, or is meant for.
fn node_of(pod: &Value) -> &str {
    let bound = text(pod, "/spec/nodeName");
    let meant = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0/matchFields/0/values/0";
    if bound.is_empty() { text(pod, meant) } else { bound }
}

fn belongs(set: &Value, node: &Value) -> bool {
    let Some(template) = set.pointer("/spec/template") else { return false };
    let mut pod = json!({ "spec": template.get("spec") });
    identify(&mut pod, set, name(node));
    fits_selection(&pod, node) && tolerates_taints(&pod, list(node, "/spec/taints"))
}

fn is_new(set: &Value, pod: &Value) -> bool {
    pod.pointer("/metadata/labels").is_some_and(|labels| text(labels, &format!("/{REVISION}")) == revision(set))
}

fn revision(set: &Value) -> String {
    suffix(&set.pointer("/spec/template").map(Value::to_string).unwrap_or_default(), 10)
}
