//! Jobs: pods until enough of them have succeeded, or too many have failed.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::events::{Source, record};
use super::identity::suffix;
use super::pods::{from_template, is_active, is_ready, owned};
use super::put_status;
use super::read::{holds, is_leaving, list, name, namespace, number, text, uid};
use crate::resource::{JOBS, PODS};
use crate::store::{Store, child_mut, metadata_mut};
use crate::time::{parse, seconds};

const CONTROLLER: Source<'static> = Source::Controller("job-controller");

/// Takes every Job one step further.
pub(crate) fn settle(store: &mut Store) {
    let jobs: Vec<_> = store.list(&JOBS, None).cloned().collect();
    for job in jobs {
        if !is_ours(&job) {
            continue;
        }
        if !is_leaving(&job) && !is_over(&job) {
            step(store, &job);
        }
        if is_over(&job) {
            continue;
        }
        let pods = owned(store, &job);
        let status = status(&job, &pods, store.now());
        let ended = list(&status, "/conditions").last().cloned();
        put_status(store, &JOBS, &job, status);
        match ended.as_ref().map(|ended| text(ended, "/type")) {
            Some("Complete") => record(store, &job, CONTROLLER, "Normal", "Completed", "Job completed"),
            Some("Failed") => {
                let message = "Job has reached the specified backoff limit";
                record(store, &job, CONTROLLER, "Warning", "BackoffLimitExceeded", message);
            }
            _ => {}
        }
    }
}

/// Whether no other controller is to look after it.
fn is_ours(job: &Value) -> bool {
    matches!(text(job, "/spec/managedBy"), "" | "kubernetes.io/job-controller")
}

/// The labels and the selector by which a Job knows its pods: the API server gives them to a new one, the world to its own.
pub(crate) fn identify(job: &mut Value) {
    let (id, job_name) = (uid(job).to_owned(), name(job).to_owned());
    let spec = child_mut(job, "spec");
    spec.insert("selector".to_owned(), json!({ "matchLabels": { "batch.kubernetes.io/controller-uid": id } }));
    let template = spec.entry("template").or_insert_with(|| json!({}));
    let metadata = child_mut(template, "metadata");
    if let Some(labels) = metadata.entry("labels").or_insert_with(|| json!({})).as_object_mut() {
        for prefix in ["", "batch.kubernetes.io/"] {
            labels.insert(format!("{prefix}controller-uid"), id.clone().into());
            labels.insert(format!("{prefix}job-name"), job_name.clone().into());
        }
    }
}

/// The status of a Job with these pods.
pub(crate) fn status(job: &Value, pods: &[Value], now: Timestamp) -> Value {
    let in_phase = |phase: &str| pods.iter().filter(|pod| text(pod, "/status/phase") == phase).count() as i64;
    let active: Vec<_> = pods.iter().filter(|pod| is_active(pod)).collect();
    let leaving = pods.iter().filter(|pod| is_leaving(pod) && !super::pods::has_ended(pod)).count() as i64;
    let (succeeded, failed) = (in_phase("Succeeded"), in_phase("Failed"));
    let ready = active.iter().filter(|pod| is_ready(pod)).count() as i64;
    let created = text(job, "/metadata/creationTimestamp");
    let started = text(job, "/status/startTime");
    let mut status = Map::new();
    status.insert("startTime".to_owned(), if started.is_empty() { created.into() } else { started.into() });
    for (key, value) in [("active", active.len() as i64), ("succeeded", succeeded), ("failed", failed)] {
        if value != 0 {
            status.insert(key.to_owned(), value.into());
        }
    }
    status.insert("ready".to_owned(), ready.into());
    status.insert("terminating".to_owned(), leaving.into());
    status.insert("uncountedTerminatedPods".to_owned(), json!({}));
    let ended = pods.iter().flat_map(|pod| list(pod, "/status/containerStatuses"));
    let ended = ended.filter_map(|it| parse(text(it, "/state/terminated/finishedAt"))).max().unwrap_or(now);
    let condition = |kind: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": "True", "reason": reason, "message": message,
            "lastProbeTime": seconds(ended), "lastTransitionTime": seconds(ended),
        })
    };
    if succeeded >= completions(job) {
        let message = "Reached expected number of succeeded pods";
        status.insert("completionTime".to_owned(), seconds(ended).into());
        let conditions = ["SuccessCriteriaMet", "Complete"].map(|kind| condition(kind, "CompletionsReached", message));
        status.insert("conditions".to_owned(), json!(conditions));
    } else if failed > number(job, "/spec/backoffLimit") {
        let message = "Job has reached the specified backoff limit";
        let conditions = ["FailureTarget", "Failed"].map(|kind| condition(kind, "BackoffLimitExceeded", message));
        status.insert("conditions".to_owned(), json!(conditions));
    }
    Value::Object(status)
}

fn step(store: &mut Store, job: &Value) {
    if holds(job, "/spec/suspend") {
        return;
    }
    let pods = owned(store, job);
    let active = pods.iter().filter(|pod| is_active(pod)).count() as i64;
    let succeeded = pods.iter().filter(|pod| text(pod, "/status/phase") == "Succeeded").count() as i64;
    let failed = pods.iter().filter(|pod| text(pod, "/status/phase") == "Failed").count() as i64;
    let parallel = job.pointer("/spec/parallelism").and_then(Value::as_i64).unwrap_or(1);
    let wanted = parallel.min(completions(job) - succeeded);
    if failed > number(job, "/spec/backoffLimit") {
        return;
    }
    for index in active..wanted {
        let Some(template) = job.pointer("/spec/template") else { return };
        let seed = format!("{}/{}/{index}/{}", namespace(job), name(job), store.now().as_nanosecond());
        let mut pod = from_template(job, template, &format!("{}-{}", name(job), suffix(&seed, 5)));
        metadata_mut(&mut pod).insert("generateName".to_owned(), format!("{}-", name(job)).into());
        if let Ok(pod) = store.create(&PODS, pod) {
            record(store, job, CONTROLLER, "Normal", "SuccessfulCreate", &format!("Created pod: {}", name(&pod)));
        }
    }
}

fn completions(job: &Value) -> i64 {
    job.pointer("/spec/completions").and_then(Value::as_i64).unwrap_or(1)
}

fn is_over(job: &Value) -> bool {
    let over = |condition: &Value| matches!(text(condition, "/type"), "Complete" | "Failed");
    list(job, "/status/conditions").iter().any(|it| over(it) && text(it, "/status") == "True")
}
