//! Nodes: the taints that follow from being cordoned or not ready, and whether a kubelet is there.

use serde_json::{Value, json};

use super::events::{Source, record};
use super::read::{condition, holds, list, name, text};
use crate::resource::NODES;
use crate::store::{Store, child_mut, metadata_mut};
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
        label(store, &node);
        let wanted = [
            (UNSCHEDULABLE, holds(&node, "/spec/unschedulable")),
            (NOT_READY, matches!(condition(&node, "Ready"), "False" | "")),
            (UNREACHABLE, condition(&node, "Ready") == "Unknown"),
        ];
        let evicts = |key: &str| key != UNSCHEDULABLE;
        let is_right = |(key, wanted): &(&str, bool)| {
            keeps_away(&node, key) == *wanted && (!evicts(key) || has_taint(&node, key, "NoExecute") == *wanted)
        };
        if wanted.iter().all(is_right) {
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

/// Older programs look for these labels under their older names.
fn label(store: &mut Store, node: &Value) {
    let label = |key: String| node.pointer("/metadata/labels").and_then(|labels| labels.get(key)).cloned();
    for what in ["arch", "os"] {
        let older = format!("beta.kubernetes.io/{what}");
        let Some(value) =
            label(format!("kubernetes.io/{what}")).filter(|value| label(older.clone()).as_ref() != Some(value))
        else {
            continue;
        };
        let _ = store.update(&NODES, None, name(node), |node| {
            let labels = metadata_mut(node).entry("labels").or_insert_with(|| json!({}));
            labels.as_object_mut().map(|labels| labels.insert(older, value));
        });
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
    // These two end what runs there, too, after what it tolerates.
    for (key, _) in wanted.iter().filter(|(key, wanted)| *wanted && *key != UNSCHEDULABLE) {
        if !has_taint(node, key, "NoExecute") {
            taints.push(json!({ "key": key, "effect": "NoExecute", "timeAdded": now }));
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
    has_taint(node, key, "NoSchedule")
}

fn has_taint(node: &Value, key: &str, effect: &str) -> bool {
    let is_it = |taint: &Value| text(taint, "/key") == key && text(taint, "/effect") == effect;
    list(node, "/spec/taints").iter().any(is_it)
}
