//! ReplicaSets.

use crate::kind::Kind;
use crate::metadata::{CONDITIONS, CONTAINERS, LABEL_SELECTOR, METADATA, conditions, head, images, selector};
use crate::node::Shape::{Int, Object};
use crate::node::{Node, Shape};
use crate::resource::{REPLICA_SETS, Resource};
use crate::row::Row;

/// ReplicaSets.
pub struct ReplicaSet;

/// The annotation that numbers the templates of a Deployment, on it and on its ReplicaSets.
const REVISION: &str = "deployment.kubernetes.io/revision";

impl Kind for ReplicaSet {
    const RESOURCE: Resource = REPLICA_SETS;
    const SHAPE: &'static Shape = &Object(&[
        ("metadata", METADATA),
        (
            "spec",
            Object(&[
                ("replicas", Int),
                ("selector", LABEL_SELECTOR),
                ("template", Object(&[("spec", Object(&[("containers", CONTAINERS)]))])),
            ]),
        ),
        (
            "status",
            Object(&[
                ("replicas", Int),
                ("readyReplicas", Int),
                ("availableReplicas", Int),
                ("observedGeneration", Int),
                ("conditions", CONDITIONS),
            ]),
        ),
    ]);

    fn row(set: &Node<'_>, row: &mut Row<'_>) {
        let (metadata, spec, status) = (set.part("metadata"), set.part("spec"), set.part("status"));
        head(row, &metadata);
        row.int_or_null("generation", metadata.int("generation"));
        row.int_or_null("revision", revision(&metadata));
        row.int("replicas", spec.count("replicas"));
        selector(row, &spec.part("selector"));
        images(row, &spec.part("template").part("spec"));
        row.int("status_replicas", status.count("replicas"));
        row.int("ready_replicas", status.count("readyReplicas"));
        row.int("available_replicas", status.count("availableReplicas"));
        row.int_or_null("observed_generation", status.int("observedGeneration"));
        conditions(row, status.member("conditions"));
    }
}

/// Which template of its Deployment an object has.
pub(crate) fn revision(metadata: &Node<'_>) -> Option<i64> {
    metadata.pair("annotations", REVISION).and_then(|text| text.parse().ok())
}
