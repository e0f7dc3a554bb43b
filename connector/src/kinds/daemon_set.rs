//! DaemonSets.

use crate::column::{Column, EXTRA, IMAGES, NAME, NAMESPACE, age, column};
use crate::kind::Kind;
use crate::kinds::pod_template::{TOLERATIONS, tolerations};
use crate::kinds::workload::STRATEGY;
use crate::metadata::{CONDITIONS, CONTAINERS, LABEL_SELECTOR, METADATA, conditions, head, images, selector};
use crate::node::Shape::{Int, Object, Pairs};
use crate::node::{Node, Shape};
use crate::resource::{APPS, Resource};
use crate::row::Row;

/// DaemonSets.
pub struct DaemonSet;

impl Kind for DaemonSet {
    const RESOURCE: Resource = Resource::namespaced("DaemonSet", APPS, "daemonsets").found().told_by_uid();
    const SHAPE: &'static Shape = &Object(&[
        ("metadata", METADATA),
        (
            "spec",
            Object(&[
                ("selector", LABEL_SELECTOR),
                ("updateStrategy", STRATEGY),
                (
                    "template",
                    Object(&[(
                        "spec",
                        Object(&[("containers", CONTAINERS), ("nodeSelector", Pairs), ("tolerations", TOLERATIONS)]),
                    )]),
                ),
            ]),
        ),
        (
            "status",
            Object(&[
                ("desiredNumberScheduled", Int),
                ("currentNumberScheduled", Int),
                ("numberMisscheduled", Int),
                ("numberReady", Int),
                ("numberAvailable", Int),
                ("numberUnavailable", Int),
                ("updatedNumberScheduled", Int),
                ("observedGeneration", Int),
                ("conditions", CONDITIONS),
            ]),
        ),
    ]);
    const COLUMNS: &'static [Column] = &[
        NAMESPACE,
        NAME,
        column("DESIRED", 2, &["desired_number_scheduled"]),
        column("CURRENT", 5, &["current_number_scheduled"]),
        column("READY", 1, &["number_ready", "desired_number_scheduled"]).shown("enough"),
        column("UP-TO-DATE", 6, &["updated_number_scheduled"]),
        column("AVAILABLE", 4, &["number_available"]),
        age(2),
        column("NODE SELECTOR", EXTRA, &["node_selector"]).cut("list"),
        IMAGES,
    ];

    fn row(set: &Node<'_>, row: &mut Row<'_>) {
        let (metadata, spec, status) = (set.part("metadata"), set.part("spec"), set.part("status"));
        let strategy = spec.part("updateStrategy");
        let rolling = strategy.part("rollingUpdate");
        let template = spec.part("template");
        let pod = template.part("spec");
        head(row, &metadata);
        row.int_or_null("generation", metadata.int("generation"));
        selector(row, &spec.part("selector"));
        row.text_or_null("update_strategy", strategy.filled("type"));
        row.text_or_null("max_surge", rolling.filled("maxSurge"));
        row.text_or_null("max_unavailable", rolling.filled("maxUnavailable"));
        images(row, &pod);
        row.pairs("node_selector", pod.pairs("nodeSelector").iter());
        tolerations(&pod, row);
        row.int("desired_number_scheduled", status.count("desiredNumberScheduled"));
        row.int("current_number_scheduled", status.count("currentNumberScheduled"));
        // Pods on nodes that should have none.
        row.int("number_misscheduled", status.count("numberMisscheduled"));
        row.int("number_ready", status.count("numberReady"));
        row.int("number_available", status.count("numberAvailable"));
        row.int("number_unavailable", status.count("numberUnavailable"));
        row.int("updated_number_scheduled", status.count("updatedNumberScheduled"));
        row.int_or_null("observed_generation", status.int("observedGeneration"));
        conditions(row, status.member("conditions"));
    }
}
