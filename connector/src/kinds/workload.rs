//! What workloads have in common, whichever controller keeps them: the pods that they are made from, how these are replaced, and how many there are.

use crate::metadata::{CONDITIONS, CONTAINERS};
use crate::node::Shape::{Int, IntOrText, Object, Text};
use crate::node::{Node, Shape};
use crate::row::Row;

/// What pods are made from, as far as a row of a list has it: their images.
pub(crate) const TEMPLATE: Shape = Object(&[("spec", Object(&[("containers", CONTAINERS)]))]);

/// How pods are replaced. A StatefulSet has a partition, the others a surge.
pub(crate) const STRATEGY: Shape = Object(&[
    ("type", Text),
    ("rollingUpdate", Object(&[("maxSurge", IntOrText), ("maxUnavailable", IntOrText), ("partition", Int)])),
]);

/// The status of whatever keeps a number of replicas. What one of them does not count is not there.
pub(crate) const REPLICAS: Shape = Object(&[
    ("replicas", Int),
    ("readyReplicas", Int),
    ("availableReplicas", Int),
    ("unavailableReplicas", Int),
    ("currentReplicas", Int),
    ("updatedReplicas", Int),
    ("currentRevision", Text),
    ("updateRevision", Text),
    ("observedGeneration", Int),
    ("conditions", CONDITIONS),
]);

/// How many replicas there are, and how many of them are well.
pub(crate) fn replicas(row: &mut Row<'_>, status: &Node<'_>) {
    row.int("status_replicas", status.count("replicas"));
    row.int("ready_replicas", status.count("readyReplicas"));
    row.int("available_replicas", status.count("availableReplicas"));
}
