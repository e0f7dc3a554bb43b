//! What makes pods, and what watches over how many there are.

use super::cells::{age, at, containers, count, duration, items, labels, name, or, selector, since};
use super::{AGE, Column, Layout, NAME, number, text, wide};
use crate::time;
use jiff::Timestamp;
use serde_json::{Value, json};

const TEMPLATE: &str = "/spec/template/spec";

fn with_template(mut cells: Vec<Value>, object: &Value, template: &str, selector: Value) -> Vec<Value> {
    cells.extend(containers(object.pointer(template)));
    cells.push(selector);
    cells
}

pub(super) const DEPLOYMENTS: Layout = Layout {
    columns: &[
        NAME,
        text("Ready"),
        text("Up-to-date"),
        text("Available"),
        AGE,
        wide("Containers"),
        wide("Images"),
        wide("Selector"),
    ],
    cells: |deployment, now| {
        let of = |key: &str| count(deployment, &format!("/status/{key}"));
        let cells = vec![
            name(deployment),
            format!("{}/{}", of("readyReplicas"), count(deployment, "/spec/replicas")).into(),
            of("updatedReplicas").into(),
            of("availableReplicas").into(),
            age(deployment, now),
        ];
        with_template(cells, deployment, TEMPLATE, selector(deployment, "/spec/selector"))
    },
};

pub(super) const REPLICA_SETS: Layout = Layout {
    columns: &[
        NAME,
        number("Desired"),
        number("Current"),
        number("Ready"),
        AGE,
        wide("Containers"),
        wide("Images"),
        wide("Selector"),
    ],
    cells: |set, now| {
        let cells = vec![
            name(set),
            count(set, "/spec/replicas").into(),
            count(set, "/status/replicas").into(),
            count(set, "/status/readyReplicas").into(),
            age(set, now),
        ];
        let is_controller = at(set, "/kind") == "ReplicationController";
        let selector = if is_controller { labels(set, "/spec/selector") } else { selector(set, "/spec/selector") };
        with_template(cells, set, TEMPLATE, selector)
    },
};

pub(super) const STATEFUL_SETS: Layout = Layout {
    columns: &[NAME, text("Ready"), AGE, wide("Containers"), wide("Images")],
    cells: |set, now| {
        let ready = format!("{}/{}", count(set, "/status/readyReplicas"), count(set, "/spec/replicas"));
        let mut cells = vec![name(set), ready.into(), age(set, now)];
        cells.extend(containers(set.pointer(TEMPLATE)));
        cells
    },
};

pub(super) const DAEMON_SETS: Layout = Layout {
    columns: &[
        NAME,
        number("Desired"),
        number("Current"),
        number("Ready"),
        number("Up-to-date"),
        number("Available"),
        text("Node Selector"),
        AGE,
        wide("Containers"),
        wide("Images"),
        wide("Selector"),
    ],
    cells: |set, now| {
        let counters = [
            "desiredNumberScheduled",
            "currentNumberScheduled",
            "numberReady",
            "updatedNumberScheduled",
            "numberAvailable",
        ];
        let mut cells = vec![name(set)];
        cells.extend(counters.map(|key| json!(count(set, &format!("/status/{key}")))));
        cells.extend([labels(set, "/spec/template/spec/nodeSelector"), age(set, now)]);
        with_template(cells, set, TEMPLATE, selector(set, "/spec/selector"))
    },
};

pub(super) const JOBS: Layout = Layout {
    columns: &[
        NAME,
        text("Status"),
        text("Completions"),
        text("Duration"),
        AGE,
        wide("Containers"),
        wide("Images"),
        wide("Selector"),
    ],
    cells: |job, now| {
        let cells =
            vec![name(job), job_status(job).into(), completions(job).into(), run_time(job, now).into(), age(job, now)];
        with_template(cells, job, TEMPLATE, selector(job, "/spec/selector"))
    },
};

fn job_status(job: &Value) -> &'static str {
    let has = |kind: &str| {
        let is = |condition: &Value| at(condition, "/type") == kind && at(condition, "/status") == "True";
        items(job, "/status/conditions").iter().any(is)
    };
    match () {
        () if has("Complete") => "Complete",
        () if has("Failed") => "Failed",
        () if !at(job, "/metadata/deletionTimestamp").is_empty() => "Terminating",
        () if has("Suspended") => "Suspended",
        () if has("FailureTarget") => "FailureTarget",
        () if has("SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    }
}

fn completions(job: &Value) -> String {
    let done = count(job, "/status/succeeded");
    match (job.pointer("/spec/completions").and_then(Value::as_i64), count(job, "/spec/parallelism")) {
        (Some(wanted), _) => format!("{done}/{wanted}"),
        (None, parallel) if parallel > 1 => format!("{done}/1 of {parallel}"),
        (None, _) => format!("{done}/1"),
    }
}

fn run_time(job: &Value, now: Timestamp) -> String {
    let moment = |key: &str| time::parse(at(job, &format!("/status/{key}")));
    moment("startTime").map_or_else(String::new, |start| {
        duration(moment("completionTime").unwrap_or(now).duration_since(start).as_secs())
    })
}

pub(super) const CRON_JOBS: Layout = Layout {
    columns: &[
        NAME,
        text("Schedule"),
        text("Timezone"),
        Column { name: "Suspend", kind: "boolean", format: "", priority: 0 },
        number("Active"),
        text("Last Schedule"),
        AGE,
        wide("Containers"),
        wide("Images"),
        wide("Selector"),
    ],
    cells: |job, now| {
        let last = match at(job, "/status/lastScheduleTime") {
            "" => "<none>".to_owned(),
            time => since(time, now),
        };
        let is_suspended = job.pointer("/spec/suspend") == Some(&Value::Bool(true));
        let cells = vec![
            name(job),
            at(job, "/spec/schedule").into(),
            or(job, "/spec/timeZone", "<none>").into(),
            // Text, though the column says otherwise.
            if is_suspended { "True" } else { "False" }.into(),
            items(job, "/status/active").len().into(),
            last.into(),
            age(job, now),
        ];
        let selector = selector(job, "/spec/jobTemplate/spec/selector");
        with_template(cells, job, "/spec/jobTemplate/spec/template/spec", selector)
    },
};

pub(super) const AUTOSCALERS: Layout = Layout {
    columns: &[NAME, text("Reference"), text("Targets"), text("MinPods"), text("MaxPods"), text("Replicas"), AGE],
    cells: |scaler, now| {
        let target = scaler.pointer("/spec/metrics/0/resource/target/averageUtilization").and_then(Value::as_i64);
        let current =
            scaler.pointer("/status/currentMetrics/0/resource/current/averageUtilization").and_then(Value::as_i64);
        let current = current.map_or_else(|| "<unknown>".to_owned(), |percent| format!("{percent}%"));
        let targets = target.map_or_else(|| "<none>".to_owned(), |target| format!("cpu: {current}/{target}%"));
        let minimum = scaler.pointer("/spec/minReplicas").and_then(Value::as_i64);
        vec![
            name(scaler),
            format!("{}/{}", at(scaler, "/spec/scaleTargetRef/kind"), at(scaler, "/spec/scaleTargetRef/name")).into(),
            targets.into(),
            minimum.map_or_else(|| "<unset>".to_owned(), |minimum| minimum.to_string()).into(),
            count(scaler, "/spec/maxReplicas").into(),
            count(scaler, "/status/currentReplicas").into(),
            age(scaler, now),
        ]
    },
};

pub(super) const BUDGETS: Layout = Layout {
    columns: &[NAME, text("Min Available"), text("Max Unavailable"), number("Allowed Disruptions"), AGE],
    cells: |budget, now| {
        let amount = |key: &str| match budget.pointer(&format!("/spec/{key}")) {
            Some(Value::String(share)) => share.clone(),
            Some(number) => number.to_string(),
            None => "N/A".to_owned(),
        };
        vec![
            name(budget),
            amount("minAvailable").into(),
            amount("maxUnavailable").into(),
            count(budget, "/status/disruptionsAllowed").into(),
            age(budget, now),
        ]
    },
};
