//! Jobs.

use crate::column::{Column, IMAGES, NAME, NAMESPACE, age, column};
use crate::kind::Kind;
use crate::kinds::workload::TEMPLATE;
use crate::metadata::{CONDITIONS, LABEL_SELECTOR, METADATA, conditions, head, images, selector};
use crate::node::Shape::{Flag, Int, Object, Text};
use crate::node::{Node, Shape};
use crate::resource::{BATCH, Resource};
use crate::row::Row;

/// Jobs.
pub struct Job;

impl Kind for Job {
    const RESOURCE: Resource = Resource::namespaced("Job", BATCH, "jobs").told_by_uid();
    const SHAPE: &'static Shape = &Object(&[
        ("metadata", METADATA),
        (
            "spec",
            Object(&[
                ("parallelism", Int),
                ("completions", Int),
                ("completionMode", Text),
                ("backoffLimit", Int),
                ("activeDeadlineSeconds", Int),
                ("ttlSecondsAfterFinished", Int),
                ("suspend", Flag),
                ("selector", LABEL_SELECTOR),
                ("template", TEMPLATE),
            ]),
        ),
        (
            "status",
            Object(&[
                ("active", Int),
                ("ready", Int),
                ("terminating", Int),
                ("succeeded", Int),
                ("failed", Int),
                ("startTime", Text),
                ("completionTime", Text),
                ("conditions", CONDITIONS),
            ]),
        ),
    ]);
    const COLUMNS: &'static [Column] = &[
        NAMESPACE,
        NAME,
        column("STATUS", 1, &["status"]).shown("state"),
        column("COMPLETIONS", 2, &["succeeded", "completions", "parallelism"]).shown("completions"),
        column("DURATION", 5, &["start_time", "completion_time"]).shown("span"),
        age(2),
        IMAGES,
    ];

    fn row(job: &Node<'_>, row: &mut Row<'_>) {
        let (metadata, spec, status) = (job.part("metadata"), job.part("spec"), job.part("status"));
        head(row, &metadata);
        row.text("status", status_column(&metadata, &status));
        row.flag("suspend", spec.is("suspend"));
        row.int_or_null("parallelism", spec.int("parallelism"));
        row.int_or_null("completions", spec.int("completions"));
        row.text_or_null("completion_mode", spec.filled("completionMode"));
        row.int_or_null("backoff_limit", spec.int("backoffLimit"));
        row.int_or_null("active_deadline_seconds", spec.int("activeDeadlineSeconds"));
        row.int_or_null("ttl_seconds_after_finished", spec.int("ttlSecondsAfterFinished"));
        selector(row, &spec.part("selector"));
        images(row, &spec.part("template").part("spec"));
        row.int("active", status.count("active"));
        row.int("ready", status.count("ready"));
        row.int("terminating", status.count("terminating"));
        row.int("succeeded", status.count("succeeded"));
        row.int("failed", status.count("failed"));
        row.time("start_time", status.text("startTime"));
        row.time("completion_time", status.text("completionTime"));
        conditions(row, status.member("conditions"));
    }
}

/// The column STATUS of `kubectl get jobs`: the first condition of these that is true, and one that is going goes before those that are not final.
fn status_column(metadata: &Node<'_>, status: &Node<'_>) -> &'static str {
    let is = |kind: &&str| {
        let of_kind = |condition: &&Node<'_>| condition.text("type") == Some(*kind);
        status.items("conditions").iter().find(of_kind).and_then(|condition| condition.text("status")) == Some("True")
    };
    if let Some(end) = ["Complete", "Failed"].into_iter().find(is) {
        return end;
    }
    if metadata.filled("deletionTimestamp").is_some() {
        return "Terminating";
    }
    ["Suspended", "FailureTarget", "SuccessCriteriaMet"].into_iter().find(is).unwrap_or("Running")
}
