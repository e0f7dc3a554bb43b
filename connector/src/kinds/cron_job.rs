//! CronJobs.

use crate::column::{Column, EXTRA, IMAGES, NAME, NAMESPACE, age, column};
use crate::kind::Kind;
use crate::kinds::workload::TEMPLATE;
use crate::metadata::{METADATA, head, images};
use crate::node::Shape::{Flag, Int, List, Object, Text};
use crate::node::{Node, Shape};
use crate::resource::{BATCH, Resource};
use crate::row::Row;

/// CronJobs.
pub struct CronJob;

/// The template of a Job, and in it the one of its pods.
const JOB: Shape = Object(&[("spec", Object(&[("template", TEMPLATE)]))]);

impl Kind for CronJob {
    const RESOURCE: Resource = Resource::namespaced("CronJob", BATCH, "cronjobs").told_by_uid();
    const SHAPE: &'static Shape = &Object(&[
        ("metadata", METADATA),
        (
            "spec",
            Object(&[
                ("schedule", Text),
                ("timeZone", Text),
                ("startingDeadlineSeconds", Int),
                ("concurrencyPolicy", Text),
                ("suspend", Flag),
                ("successfulJobsHistoryLimit", Int),
                ("failedJobsHistoryLimit", Int),
                ("jobTemplate", JOB),
            ]),
        ),
        (
            "status",
            Object(&[
                ("active", List(&Object(&[("name", Text)]))),
                ("lastScheduleTime", Text),
                ("lastSuccessfulTime", Text),
            ]),
        ),
    ]);
    const COLUMNS: &'static [Column] = &[
        NAMESPACE,
        NAME,
        column("SCHEDULE", 1, &["schedule"]),
        column("TIMEZONE", EXTRA, &["time_zone"]),
        column("SUSPEND", 2, &["suspend"]),
        column("ACTIVE", 4, &["active_jobs"]),
        column("LAST SCHEDULE", 3, &["last_schedule_time"]).shown("age"),
        age(5),
        IMAGES,
    ];

    fn row(job: &Node<'_>, row: &mut Row<'_>) {
        let (metadata, spec, status) = (job.part("metadata"), job.part("spec"), job.part("status"));
        let active = status.items("active");
        head(row, &metadata);
        row.text_or_null("schedule", spec.filled("schedule"));
        row.text_or_null("time_zone", spec.filled("timeZone"));
        row.flag("suspend", spec.is("suspend"));
        row.text_or_null("concurrency_policy", spec.filled("concurrencyPolicy"));
        row.int_or_null("starting_deadline_seconds", spec.int("startingDeadlineSeconds"));
        row.int_or_null("successful_jobs_history_limit", spec.int("successfulJobsHistoryLimit"));
        row.int_or_null("failed_jobs_history_limit", spec.int("failedJobsHistoryLimit"));
        let template = spec.part("jobTemplate");
        images(row, &template.part("spec").part("template").part("spec"));
        row.time("last_schedule_time", status.text("lastScheduleTime"));
        row.time("last_successful_time", status.text("lastSuccessfulTime"));
        row.int("active_jobs", i64::try_from(active.len()).unwrap_or(i64::MAX));
        row.texts("active_job_names", active.iter().filter_map(|job| job.filled("name")));
    }
}
