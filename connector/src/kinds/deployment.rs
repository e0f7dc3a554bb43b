//! Deployments.

use crate::column::{Column, IMAGES, NAME, NAMESPACE, READY, age, column};
use crate::kind::Kind;
use crate::kinds::workload::{REPLICAS, STRATEGY, TEMPLATE, replicas};
use crate::metadata::{LABEL_SELECTOR, METADATA, conditions, head, images, selector};
use crate::node::Shape::{Flag, Int, Object};
use crate::node::{Node, Shape};
use crate::resource::{APPS, Resource};
use crate::row::Row;

/// Deployments.
pub struct Deployment;

/// The annotation that numbers the templates of a Deployment, on it and on its ReplicaSets.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// The number of its template, by the metadata of a Deployment or of a ReplicaSet.
pub(crate) fn revision(metadata: &Node<'_>) -> Option<i64> {
    metadata.pair("annotations", REVISION).and_then(|text| text.parse().ok())
}

/// Where they are kept.
pub(crate) const DEPLOYMENTS: Resource = Resource::namespaced("Deployment", APPS, "deployments").found().told_by_uid();

impl Kind for Deployment {
    const RESOURCE: Resource = DEPLOYMENTS;
    const SHAPE: &'static Shape = &Object(&[
        ("metadata", METADATA),
        (
            "spec",
            Object(&[
                ("replicas", Int),
                ("selector", LABEL_SELECTOR),
                ("strategy", STRATEGY),
                ("paused", Flag),
                ("template", TEMPLATE),
            ]),
        ),
        ("status", REPLICAS),
    ]);
    const COLUMNS: &'static [Column] = &[
        NAMESPACE,
        NAME,
        READY,
        column("UP-TO-DATE", 4, &["updated_replicas"]),
        column("AVAILABLE", 4, &["available_replicas"]),
        age(2),
        IMAGES,
    ];

    fn row(deployment: &Node<'_>, row: &mut Row<'_>) {
        let (metadata, spec, status) =
            (deployment.part("metadata"), deployment.part("spec"), deployment.part("status"));
        let strategy = spec.part("strategy");
        let rolling = strategy.part("rollingUpdate");
        head(row, &metadata);
        row.int_or_null("generation", metadata.int("generation"));
        row.int("replicas", spec.count("replicas"));
        selector(row, &spec.part("selector"));
        row.text_or_null("strategy", strategy.filled("type"));
        row.text_or_null("max_surge", rolling.filled("maxSurge"));
        row.text_or_null("max_unavailable", rolling.filled("maxUnavailable"));
        row.flag("paused", spec.is("paused"));
        images(row, &spec.part("template").part("spec"));
        replicas(row, &status);
        row.int("unavailable_replicas", status.count("unavailableReplicas"));
        row.int("updated_replicas", status.count("updatedReplicas"));
        row.int_or_null("observed_generation", status.int("observedGeneration"));
        conditions(row, status.member("conditions"));
    }
}
