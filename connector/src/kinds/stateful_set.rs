//! StatefulSets.

use crate::column::{Column, EXTRA, IMAGES, NAME, NAMESPACE, READY, age, column};
use crate::kind::Kind;
use crate::kinds::workload::{REPLICAS, STRATEGY, TEMPLATE, replicas};
use crate::metadata::{LABEL_SELECTOR, METADATA, conditions, head, images, selector};
use crate::node::Shape::{Int, List, Object, Pairs, Text};
use crate::node::{Node, Shape};
use crate::resource::{APPS, Resource};
use crate::row::Row;

/// StatefulSets.
pub struct StatefulSet;

/// A claim that each pod gets of its own.
const CLAIM: Shape = Object(&[
    ("metadata", Object(&[("name", Text)])),
    (
        "spec",
        Object(&[
            ("storageClassName", Text),
            ("accessModes", List(&Text)),
            ("resources", Object(&[("requests", Pairs)])),
        ]),
    ),
]);

/// Where they are kept.
pub(crate) const STATEFUL_SETS: Resource =
    Resource::namespaced("StatefulSet", APPS, "statefulsets").found().told_by_uid();

impl Kind for StatefulSet {
    const RESOURCE: Resource = STATEFUL_SETS;
    const SHAPE: &'static Shape = &Object(&[
        ("metadata", METADATA),
        (
            "spec",
            Object(&[
                ("replicas", Int),
                ("serviceName", Text),
                ("selector", LABEL_SELECTOR),
                ("podManagementPolicy", Text),
                ("updateStrategy", STRATEGY),
                ("volumeClaimTemplates", List(&CLAIM)),
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
        age(2),
        column("SERVICE", EXTRA, &["service_name"]).cut("word"),
        IMAGES,
    ];

    fn row(set: &Node<'_>, row: &mut Row<'_>) {
        let (metadata, spec, status) = (set.part("metadata"), set.part("spec"), set.part("status"));
        let strategy = spec.part("updateStrategy");
        let rolling = strategy.part("rollingUpdate");
        head(row, &metadata);
        row.int_or_null("generation", metadata.int("generation"));
        row.int("replicas", spec.count("replicas"));
        row.text_or_null("service_name", spec.filled("serviceName"));
        selector(row, &spec.part("selector"));
        row.text_or_null("pod_management_policy", spec.filled("podManagementPolicy"));
        row.text_or_null("update_strategy", strategy.filled("type"));
        // Pods with a smaller ordinal stay as they are.
        row.int_or_null("partition", rolling.int("partition"));
        row.text_or_null("max_unavailable", rolling.filled("maxUnavailable"));
        images(row, &spec.part("template").part("spec"));
        row.list("volume_claim_templates", spec.member("volumeClaimTemplates"), |row, claim| {
            let (metadata, spec) = (claim.part("metadata"), claim.part("spec"));
            row.text("name", metadata.text("name").unwrap_or_default());
            row.text_or_null("storage_class_name", spec.filled("storageClassName"));
            row.texts("access_modes", spec.items("accessModes").iter().filter_map(Node::as_text));
            row.pairs("requests", spec.part("resources").pairs("requests").iter());
        });
        replicas(row, &status);
        row.int("current_replicas", status.count("currentReplicas"));
        row.int("updated_replicas", status.count("updatedReplicas"));
        row.text_or_null("current_revision", status.filled("currentRevision"));
        row.text_or_null("update_revision", status.filled("updateRevision"));
        row.int_or_null("observed_generation", status.int("observedGeneration"));
        conditions(row, status.member("conditions"));
    }
}
