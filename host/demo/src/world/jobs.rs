//! Jobs, and the CronJobs that make them: most of their pods have completed, one failed.

use serde_json::{Value, json};

use super::cluster::{Cluster, DAY, HOUR, MINUTE, merge};
use super::template::{Container, Template, set};
use super::workload::{Seat, as_is};
use super::{production, staging};
use crate::controllers::identity::owner_reference;
use crate::controllers::jobs;
use crate::controllers::pod_status::{End, State, before};

/// How long ago the export of invoices failed.
pub(super) const EXPORT_FAILED: i64 = 44 * MINUTE;

/// When a CronJob runs, and who owns its jobs.
struct Schedule {
    namespace: &'static str,
    name: &'static str,
    cron: String,
    age: i64,
    /// Seconds since the latest time it was due.
    last: i64,
}

pub(super) fn add_production(cluster: &mut Cluster) {
    let nightly = Schedule {
        namespace: production::NAMESPACE,
        name: "report-nightly",
        cron: due(cluster, 7 * HOUR, "%-M %-H * * *"),
        age: 60 * DAY,
        last: 7 * HOUR,
    };
    let reports = job_template("reports", "0.9.3").command(&["reports", "build", "--yesterday"]);
    let reports = Template::of("report-nightly", reports).restarts("Never");
    let owner = cluster.cron_job(&nightly, &reports);
    for (index, day) in [1, 0].into_iter().enumerate() {
        let ago = nightly.last + day * DAY;
        let pods = [as_is(["worker-3", "worker-02"][index % 2], ago, State::Succeeded { ran: 214 })];
        cluster.job(nightly.namespace, &run_of(&nightly, cluster, ago), ago, &reports, Some(&owner), &pods);
    }
    let hourly = Schedule {
        namespace: production::NAMESPACE,
        name: "invoice-export",
        cron: due(cluster, EXPORT_FAILED + 40, "%-M * * * *"),
        age: 60 * DAY,
        last: EXPORT_FAILED + 40,
    };
    let export = job_template("invoices", "4.2.0").command(&["invoices", "export", "--since=1h"]);
    let export = Template::of("invoice-export", export).restarts("Never");
    let owner = cluster.cron_job(&hourly, &export);
    let before = hourly.last + HOUR;
    let done = [as_is("worker-02", before, State::Succeeded { ran: 33 })];
    cluster.job(hourly.namespace, &run_of(&hourly, cluster, before), before, &export, Some(&owner), &done);
    let end = End { reason: "Error", code: 3, ran: 37, ago: EXPORT_FAILED };
    let failed = [as_is("worker-3", hourly.last, State::Failed { end })];
    cluster.job(hourly.namespace, &run_of(&hourly, cluster, hourly.last), hourly.last, &export, Some(&owner), &failed);
    let migrate = job_template("catalog", "2.8.1").command(&["catalog", "migrate", "up"]);
    let migrate = Template::of("catalog-migrate", migrate).restarts("Never");
    let done = [as_is("worker-02", 12 * DAY, State::Succeeded { ran: 19 })];
    cluster.job(production::NAMESPACE, "catalog-migrate-2-8-1", 12 * DAY, &migrate, None, &done);
}

pub(super) fn add_staging(cluster: &mut Cluster) {
    let load = Container::new("k6", "docker.io/grafana/k6:1.3.0").args(&["run", "/scripts/checkout.js"]);
    let load = Template::of("load-test", load).restarts("Never");
    let done = [as_is("worker-02", 2 * DAY, State::Succeeded { ran: 612 })];
    cluster.job(staging::NAMESPACE, "load-test-checkout", 2 * DAY, &load, None, &done);
}

fn job_template(name: &str, version: &str) -> Container {
    Container::new(name, &format!("registry.shop.example/shop/{name}:{version}"))
        .env_of_secret("DATABASE_URL", "orders-db", "url")
        .requests("100m", "128Mi")
        .memory_limit("512Mi")
}

/// The schedule that was due so many seconds ago.
fn due(cluster: &Cluster, ago: i64, format: &str) -> String {
    before(cluster.now, ago).strftime(format).to_string()
}

/// The name of a job of a CronJob: it ends with the minutes since 1970 at which it was due.
fn run_of(schedule: &Schedule, cluster: &Cluster, ago: i64) -> String {
    format!("{}-{}", schedule.name, (cluster.now.as_second() - ago) / MINUTE)
}

impl Cluster {
    fn cron_job(&mut self, of: &Schedule, template: &Template) -> Value {
        let cron_job = self.object("batch/v1", "CronJob", of.namespace, of.name, of.age);
        let mut job = job_spec(template);
        set(&mut job, "backoffLimit", 0.into());
        self.put(cron_job, json!({
            "metadata": { "generation": 1 },
            "spec": {
                "schedule": of.cron,
                "timeZone": "Etc/UTC",
                "concurrencyPolicy": "Forbid",
                "suspend": false,
                "jobTemplate": { "spec": job },
                "successfulJobsHistoryLimit": 3,
                "failedJobsHistoryLimit": 1,
            },
            "status": { "lastScheduleTime": self.ago(of.last), "lastSuccessfulTime": self.ago(of.last + HOUR - 33) },
        }))
    }

    fn job(&mut self, space: &str, name: &str, age: i64, template: &Template, owner: Option<&Value>, seats: &[Seat]) {
        let mut job = self.object("batch/v1", "Job", space, name, age);
        merge(&mut job, json!({ "metadata": { "generation": 1 }, "spec": job_spec(template) }));
        if let Some(owner) = owner {
            let due = self.ago(age);
            merge(
                &mut job,
                json!({
                    "metadata": {
                        "ownerReferences": [owner_reference(owner)],
                        "annotations": { "batch.kubernetes.io/cronjob-scheduled-timestamp": due },
                    },
                    "spec": { "backoffLimit": 0 },
                }),
            );
        }
        jobs::identify(&mut job);
        let pods = self.pods(&job, seats);
        let status = jobs::status(&job, &pods, self.now);
        self.put(job, json!({ "status": status }));
    }
}

fn job_spec(template: &Template) -> Value {
    json!({
        "parallelism": 1,
        "completions": 1,
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "suspend": false,
        "podReplacementPolicy": "TerminatingOrFailed",
        "manualSelector": false,
        "template": template.value(),
    })
}
