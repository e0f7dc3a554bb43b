//! What makes pods: Deployments and their kin.

use super::{each, missing, pod};
use crate::resource::Resource;
use crate::store::{child_mut, metadata_mut};
use serde_json::{Map, Value, json};

pub(super) fn fill(resource: &Resource, object: &mut Value) {
    let spec = child_mut(object, "spec");
    match resource.plural {
        "deployments" => deployment(spec),
        "replicasets" => {
            missing(spec, [("replicas", json!(1))]);
            template(spec);
        }
        "replicationcontrollers" => {
            missing(spec, [("replicas", json!(1))]);
            template(spec);
            let labels = spec.get("template").and_then(|template| template.pointer("/metadata/labels")).cloned();
            if let Some(labels) = labels {
                missing(spec, [("selector", labels)]);
            }
        }
        "statefulsets" => stateful_set(spec),
        "daemonsets" => {
            missing(
                spec,
                [("revisionHistoryLimit", json!(10)), ("updateStrategy", json!({ "type": "RollingUpdate" }))],
            );
            rolling(spec, "updateStrategy", [("maxUnavailable", json!(1)), ("maxSurge", json!(0))]);
            template(spec);
        }
        "jobs" => job(spec),
        "cronjobs" => cron_job(spec),
        _ => {}
    }
    let zeros: &[&str] = match resource.plural {
        "replicasets" | "replicationcontrollers" => &["replicas"],
        "statefulsets" => &["replicas", "availableReplicas"],
        "daemonsets" => &["currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady"],
        _ => &[],
    };
    let status = child_mut(object, "status");
    zeros.iter().for_each(|key| missing(status, [(*key, json!(0))]));
}

fn template(spec: &mut Map<String, Value>) {
    let Some(template) = spec.get_mut("template") else { return };
    child_mut(template, "metadata");
    pod::fill_spec(child_mut(template, "spec"));
}

fn rolling<const N: usize>(spec: &mut Map<String, Value>, strategy: &str, defaults: [(&str, Value); N]) {
    let Some(strategy) = spec.get_mut(strategy).and_then(Value::as_object_mut) else { return };
    missing(strategy, [("type", json!("RollingUpdate"))]);
    if strategy.get("type").and_then(Value::as_str) == Some("RollingUpdate")
        && let Some(rolling) = strategy.entry("rollingUpdate").or_insert_with(|| json!({})).as_object_mut()
    {
        missing(rolling, defaults);
    }
}

fn deployment(spec: &mut Map<String, Value>) {
    missing(
        spec,
        [
            ("replicas", json!(1)),
            ("strategy", json!({ "type": "RollingUpdate" })),
            ("revisionHistoryLimit", json!(10)),
            ("progressDeadlineSeconds", json!(600)),
        ],
    );
    rolling(spec, "strategy", [("maxUnavailable", json!("25%")), ("maxSurge", json!("25%"))]);
    template(spec);
}

fn stateful_set(spec: &mut Map<String, Value>) {
    missing(
        spec,
        [
            ("replicas", json!(1)),
            ("serviceName", json!("")),
            ("podManagementPolicy", json!("OrderedReady")),
            ("revisionHistoryLimit", json!(10)),
            ("updateStrategy", json!({ "type": "RollingUpdate" })),
            ("persistentVolumeClaimRetentionPolicy", json!({ "whenDeleted": "Retain", "whenScaled": "Retain" })),
        ],
    );
    rolling(spec, "updateStrategy", [("partition", json!(0))]);
    template(spec);
    for claim in each(spec, "volumeClaimTemplates") {
        missing(
            claim,
            [
                ("kind", json!("PersistentVolumeClaim")),
                ("apiVersion", json!("v1")),
                ("status", json!({ "phase": "Pending" })),
            ],
        );
        if let Some(spec) = claim.get_mut("spec").and_then(Value::as_object_mut) {
            missing(spec, [("volumeMode", json!("Filesystem")), ("resources", json!({}))]);
        }
    }
}

fn job(spec: &mut Map<String, Value>) {
    if !spec.contains_key("parallelism") {
        missing(spec, [("completions", json!(1))]);
    }
    missing(
        spec,
        [
            ("parallelism", json!(1)),
            ("backoffLimit", json!(6)),
            ("completionMode", json!("NonIndexed")),
            ("suspend", json!(false)),
            ("podReplacementPolicy", json!("TerminatingOrFailed")),
        ],
    );
    template(spec);
}

fn cron_job(spec: &mut Map<String, Value>) {
    missing(
        spec,
        [
            ("concurrencyPolicy", json!("Allow")),
            ("suspend", json!(false)),
            ("successfulJobsHistoryLimit", json!(3)),
            ("failedJobsHistoryLimit", json!(1)),
        ],
    );
    if let Some(inner) = spec.get_mut("jobTemplate") {
        child_mut(inner, "metadata");
        template(child_mut(inner, "spec"));
    }
}

/// A Job finds its pods by its own uid.
pub(super) fn label_job(job: &mut Value) {
    let uid = job.pointer("/metadata/uid").cloned().unwrap_or_default();
    let name = job.pointer("/metadata/name").cloned().unwrap_or_default();
    let spec = child_mut(job, "spec");
    missing(spec, [("manualSelector", json!(false))]);
    if spec.get("manualSelector") == Some(&json!(true)) || spec.contains_key("selector") {
        return;
    }
    spec.insert("selector".to_owned(), json!({ "matchLabels": { "batch.kubernetes.io/controller-uid": uid } }));
    if let Some(template) = spec.get_mut("template")
        && let Some(labels) =
            child_mut(template, "metadata").entry("labels").or_insert_with(|| json!({})).as_object_mut()
    {
        for (key, value) in [("controller-uid", &uid), ("job-name", &name)] {
            labels.insert(key.to_owned(), value.clone());
            labels.insert(format!("batch.kubernetes.io/{key}"), value.clone());
        }
    }
}

/// What has no labels of its own has those of its pods.
pub(super) fn copy_labels(object: &mut Value) {
    let has_labels = object.pointer("/metadata/labels").and_then(Value::as_object).is_some_and(|map| !map.is_empty());
    if let Some(labels) = object.pointer("/spec/template/metadata/labels").cloned().filter(|_| !has_labels) {
        metadata_mut(object).insert("labels".to_owned(), labels);
    }
}

/// A DaemonSet counts its templates in an annotation.
pub(super) fn count_template(set: &mut Value) {
    let annotations = metadata_mut(set).entry("annotations").or_insert_with(|| json!({}));
    if let Some(annotations) = annotations.as_object_mut() {
        missing(annotations, [("deprecated.daemonset.template.generation", json!("1"))]);
    }
}
