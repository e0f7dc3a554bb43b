//! Nodes: the taints that follow from being cordoned or not ready, and whether a kubelet is there.

use serde_json::{Value, json};

use super::events::{Source, record};
use super::read::{condition, holds, list, name, text};
use crate::resource::NODES;
use crate::store::{Store, child_mut};
use crate::time::seconds;

const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
/// A node with this taint is played by whoever made it: nothing becomes of its pods by itself, but that they go when asked to.
const BY_HAND: &str = "meho.dev/by-hand";

/// Gives every node the taints that keep pods from being scheduled there, and takes away what does not hold any more.
pub(crate) fn settle(store: &mut Store) {
    let nodes: Vec<_> = store.list(&NODES, None).cloned().collect();
    for node in nodes {
        let wanted = [
            (UNSCHEDULABLE, holds(&node, "/spec/unschedulable")),
            (NOT_READY, matches!(condition(&node, "Ready"), "False" | "")),
            (UNREACHABLE, condition(&node, "Ready") == "Unknown"),
        ];
        if wanted.iter().all(|(key, wanted)| keeps_away(&node, key) == *wanted) {
            continue;
        }
        let cordoned = keeps_away(&node, UNSCHEDULABLE);
        let now = seconds(store.now());
        let written = store.update(&NODES, None, name(&node), |node| taint(node, &wanted, &now));
        let is_cordoned = holds(&node, "/spec/unschedulable");
        if written.is_ok() && is_ready(&node) && cordoned != is_cordoned {
            let reason = if is_cordoned { "NodeNotSchedulable" } else { "NodeSchedulable" };
            let message = format!("Node {} status is now: {reason}", name(&node));
            record(store, &node, Source::Kubelet(name(&node)), "Normal", reason, &message);
        }
    }
}

fn taint(node: &mut Value, wanted: &[(&str, bool)], now: &str) {
    let mut taints = list(node, "/spec/taints").to_vec();
    for (key, wanted) in wanted {
        if *wanted && !keeps_away(node, key) {
            taints.push(json!({ "key": key, "effect": "NoSchedule", "timeAdded": now }));
        } else if !wanted {
            taints.retain(|taint| text(taint, "/key") != *key);
        }
    }
    let spec = child_mut(node, "spec");
    spec.remove("taints");
    if !taints.is_empty() {
        spec.insert("taints".to_owned(), taints.into());
    }
}

pub(crate) fn is_ready(node: &Value) -> bool {
    condition(node, "Ready") == "True"
}

/// Whether its kubelet does to pods what kubelets do.
pub(crate) fn is_played(node: &Value) -> bool {
    is_ready(node) && !list(node, "/spec/taints").iter().any(|taint| text(taint, "/key") == BY_HAND)
}

/// Whether a taint with this key keeps new pods away.
fn keeps_away(node: &Value, key: &str) -> bool {
    let is_it = |taint: &Value| text(taint, "/key") == key && text(taint, "/effect") == "NoSchedule";
    list(node, "/spec/taints").iter().any(is_it)
}
