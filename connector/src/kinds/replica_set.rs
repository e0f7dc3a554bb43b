//! ReplicaSets.

use crate::column::{Column, IMAGES, NAME, NAMESPACE, READY, age, column};
use crate::kind::Kind;
use crate::kinds::deployment::revision;
use crate::kinds::workload::{REPLICAS, TEMPLATE, replicas};
use crate::metadata::{LABEL_SELECTOR, METADATA, conditions, head, images, selector};
use crate::node::Shape::{Int, Object};
use crate::node::{Node, Shape};
use crate::resource::{APPS, Resource};
use crate::row::Row;

/// ReplicaSets.
pub struct ReplicaSet;

/// Where they are kept.
pub(crate) const REPLICA_SETS: Resource = Resource::namespaced("ReplicaSet", APPS, "replicasets").found().told_by_uid();

impl Kind for ReplicaSet {
    const RESOURCE: Resource = REPLICA_SETS;
    const SHAPE: &'static Shape = &Object(&[
        ("metadata", METADATA),
        ("spec", Object(&[("replicas", Int), ("selector", LABEL_SELECTOR), ("template", TEMPLATE)])),
        ("status", REPLICAS),
    ]);
    const COLUMNS: &'static [Column] = &[
        NAMESPACE,
        NAME,
        column("DESIRED", 2, &["replicas"]),
        READY,
        column("AVAILABLE", 4, &["available_replicas"]),
        age(2),
        IMAGES,
    ];

    fn row(set: &Node<'_>, row: &mut Row<'_>) {
        let (metadata, spec, status) = (set.part("metadata"), set.part("spec"), set.part("status"));
        head(row, &metadata);
        row.int_or_null("generation", metadata.int("generation"));
        row.int_or_null("revision", revision(&metadata));
        row.int("replicas", spec.count("replicas"));
        selector(row, &spec.part("selector"));
        images(row, &spec.part("template").part("spec"));
        replicas(row, &status);
        row.int_or_null("observed_generation", status.int("observedGeneration"));
        conditions(row, status.member("conditions"));
    }
}
