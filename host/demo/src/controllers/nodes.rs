//! Nodes: the taint that follows from being cordoned, and whether a kubelet is there.

use serde_json::{Value, json};

use super::events::{Source, record};
use super::read::{condition, holds, list, name, text};
use crate::resource::NODES;
use crate::store::{Store, child_mut};
use crate::time::seconds;

const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
/// A node with this taint is played by whoever made it: nothing becomes of its pods by itself, but that they go when asked to.
const BY_HAND: &str = "meho.dev/by-hand";

/// Gives every cordoned node its taint, and takes it from the others.
pub(crate) fn settle(store: &mut Store) {
    let nodes: Vec<_> = store.list(&NODES, None).cloned().collect();
    for node in nodes {
        let (wanted, tainted) = (holds(&node, "/spec/unschedulable"), has_taint(&node, UNSCHEDULABLE));
        if wanted == tainted {
            continue;
        }
        let now = seconds(store.now());
        let written = store.update(&NODES, None, name(&node), |node| {
            let mut taints = list(node, "/spec/taints").to_vec();
            taints.retain(|taint| text(taint, "/key") != UNSCHEDULABLE);
            if wanted {
                taints.push(json!({ "key": UNSCHEDULABLE, "effect": "NoSchedule", "timeAdded": now }));
            }
            let spec = child_mut(node, "spec");
            if taints.is_empty() {
                drop(spec.remove("taints"))
            } else {
                drop(spec.insert("taints".to_owned(), taints.into()))
            }
        });
        if written.is_ok() && is_ready(&node) {
            let reason = if wanted { "NodeNotSchedulable" } else { "NodeSchedulable" };
            let message = format!("Node {} status is now: {reason}", name(&node));
            record(store, &node, Source::Kubelet(name(&node)), "Normal", reason, &message);
        }
    }
}

pub(crate) fn is_ready(node: &Value) -> bool {
    condition(node, "Ready") == "True"
}

/// Whether its kubelet does to pods what kubelets do.
pub(crate) fn is_played(node: &Value) -> bool {
    is_ready(node) && !has_taint(node, BY_HAND)
}

fn has_taint(node: &Value, key: &str) -> bool {
    list(node, "/spec/taints").iter().any(|taint| text(taint, "/key") == key)
}
