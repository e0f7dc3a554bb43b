//! Deployments: a ReplicaSet for each template, and the rollout from one to the next.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::conditions::{Saying, find, forget, insist, say};
use super::events::{Source, record};
use super::identity::{owner_reference, template_hash};
use super::pod_status::after;
use super::pods::{has_ended, owned};
use super::put_status;
use super::read::{holds, is_leaving, is_owned_by, list, name, namespace, number, text};
use super::rollout::{DESIRED, Leeway, MAXIMUM, annotation, proportional, size, size_of_new};
use crate::resource::{DEPLOYMENTS, REPLICA_SETS};
use crate::store::{Store, child_mut, metadata_mut};
use crate::time::parse;

const CONTROLLER: Source<'static> = Source::Controller("deployment-controller");
const REVISION: &str = "deployment.kubernetes.io/revision";
const HISTORY: &str = "deployment.kubernetes.io/revision-history";
const HASH: &str = "pod-template-hash";
/// Annotations that a ReplicaSet does not get from its Deployment.
const OWN: [&str; 5] = ["kubectl.kubernetes.io/last-applied-configuration", REVISION, HISTORY, DESIRED, MAXIMUM];
/// Replicas without a deadline are given this one by the API server; this one means none.
const NO_DEADLINE: i64 = i32::MAX as i64;

/// Takes every Deployment one step further.
pub(crate) fn settle(store: &mut Store) {
    let deployments: Vec<_> = store.list(&DEPLOYMENTS, None).cloned().collect();
    for deployment in deployments {
        sync(store, &deployment);
    }
}

/// The ReplicaSets of a Deployment: the one that has its template, and the others, oldest first.
struct Sets {
    new: Option<Value>,
    old: Vec<Value>,
}

impl Sets {
    fn of(store: &Store, deployment: &Value) -> Self {
        let owned = store.list(&REPLICA_SETS, Some(namespace(deployment))).filter(|set| is_owned_by(set, deployment));
        let mut sets: Vec<_> = owned.cloned().collect();
        sets.sort_by_key(|set| (text(set, "/metadata/creationTimestamp").to_owned(), name(set).to_owned()));
        let template = template_of(deployment);
        let at = sets.iter().position(|set| template_of(set) == template);
        Self { new: at.map(|at| sets.remove(at)), old: sets }
    }

    fn all(&self) -> Vec<&Value> {
        self.old.iter().chain(&self.new).collect()
    }
}

fn sync(store: &mut Store, deployment: &Value) {
    let mut deployment = deployment.clone();
    let mut sets = Sets::of(store, &deployment);
    if is_leaving(&deployment) {
        return put_status(
            store,
            &DEPLOYMENTS,
            &deployment,
            status(&deployment, &sets.all(), sets.new.as_ref(), store.now()),
        );
    }
    pause(store, &mut deployment);
    let paused = holds(&deployment, "/spec/paused");
    if paused || is_scaling(&deployment, &sets) {
        sync_revision(store, &mut deployment, &mut sets);
        scale(store, &deployment, &sets);
        let sets = Sets::of(store, &deployment);
        let status = status(&deployment, &sets.all(), sets.new.as_ref(), store.now());
        return put_status(store, &DEPLOYMENTS, &deployment, status);
    }
    let recreates = text(&deployment, "/spec/strategy/type") == "Recreate";
    if !(recreates && clears_first(store, &deployment, &sets)) {
        if sets.new.is_none() {
            create_new(store, &mut deployment, &sets);
        } else {
            sync_revision(store, &mut deployment, &mut sets);
        }
        step(store, &deployment);
    }
    let sets = Sets::of(store, &deployment);
    let now = store.now();
    put_status(store, &DEPLOYMENTS, &deployment, progress(&deployment, &sets.all(), sets.new.as_ref(), now));
}

/// Whether the pods of old ReplicaSets have to go before a new one may come; asks them to.
fn clears_first(store: &mut Store, deployment: &Value, sets: &Sets) -> bool {
    let active: Vec<_> = sets.old.iter().filter(|set| size(set) > 0).collect();
    for set in &active {
        resize(store, deployment, set, 0);
    }
    let remains = sets.old.iter().any(|set| owned(store, set).iter().any(|pod| !has_ended(pod)));
    !active.is_empty() || remains
}

/// One step of a rollout: the new ReplicaSet up as far as there is room, or else old ones down as far as enough is available.
fn step(store: &mut Store, deployment: &Value) {
    let sets = Sets::of(store, deployment);
    let Some(new) = &sets.new else { return };
    let all: i64 = sets.all().into_iter().map(size).sum();
    let wanted = number(deployment, "/spec/replicas");
    let of_new = if size(new) > wanted { wanted } else { size_of_new(deployment, size(new), all) };
    if of_new != size(new) {
        return resize(store, deployment, new, of_new);
    }
    let minimum = Leeway::of(deployment).minimum();
    let available = |set: &Value| number(set, "/status/availableReplicas");
    let mut spare = all - minimum - (size(new) - available(new));
    let mut left = all - size(new);
    if left == 0 || spare <= 0 {
        return;
    }
    let mut old = sets.old.clone();
    // Replicas that do not work go first: that makes nothing worse.
    for set in &mut old {
        let broken = (size(set) - available(set)).min(spare).max(0);
        if size(set) > 0 && broken > 0 {
            let smaller = size(set) - broken;
            resize(store, deployment, set, smaller);
            child_mut(set, "spec").insert("replicas".to_owned(), smaller.into());
            spare -= broken;
            left -= broken;
        }
    }
    let all_available: i64 = sets.all().into_iter().map(available).sum();
    let mut give = (all_available - minimum).min(left);
    for set in old.iter().filter(|set| size(set) > 0) {
        let down = size(set).min(give);
        if down > 0 {
            resize(store, deployment, set, size(set) - down);
            give -= down;
        }
    }
}

/// What a change of `spec.replicas`, or a pause, does: sizes, and no new template.
fn scale(store: &mut Store, deployment: &Value, sets: &Sets) {
    let all = sets.all();
    let active: Vec<_> = all.iter().enumerate().filter(|(_, set)| size(set) > 0).map(|(at, set)| (at, *set)).collect();
    let wanted = number(deployment, "/spec/replicas");
    let only = match active.as_slice() {
        [] => all.last().copied(),
        [(_, only)] => Some(*only),
        _ => None,
    };
    if let Some(only) = only {
        return if size(only) == wanted {
            annotate(store, deployment, only)
        } else {
            resize(store, deployment, only, wanted)
        };
    }
    let saturated = sets.new.as_ref().is_some_and(|new| {
        size(new) == wanted
            && annotation(new, DESIRED) == Some(wanted)
            && number(new, "/status/availableReplicas") == wanted
    });
    if saturated {
        for (_, set) in active.iter().filter(|(_, set)| Some(*set) != sets.new.as_ref()) {
            resize(store, deployment, set, 0);
        }
        return;
    }
    if text(deployment, "/spec/strategy/type") == "Recreate" {
        return;
    }
    for (at, wanted) in proportional(deployment, &active) {
        if let Some(set) = all.get(at) {
            if size(set) == wanted { annotate(store, deployment, set) } else { resize(store, deployment, set, wanted) }
        }
    }
}

fn is_scaling(deployment: &Value, sets: &Sets) -> bool {
    let wanted = number(deployment, "/spec/replicas");
    sets.all()
        .into_iter()
        .filter(|set| size(set) > 0)
        .any(|set| annotation(set, DESIRED).is_some_and(|it| it != wanted))
}

fn resize(store: &mut Store, deployment: &Value, set: &Value, to: i64) {
    let from = size(set);
    if from == to {
        return;
    }
    let _ = store.update(&REPLICA_SETS, Some(namespace(set)), name(set), |set| {
        write_sizes(deployment, set);
        child_mut(set, "spec").insert("replicas".to_owned(), to.into());
    });
    let direction = if to > from { "up" } else { "down" };
    let message = format!("Scaled {direction} replica set {} from {from} to {to}", name(set));
    record(store, deployment, CONTROLLER, "Normal", "ScalingReplicaSet", &message);
}

fn annotate(store: &mut Store, deployment: &Value, set: &Value) {
    let _ = store.update(&REPLICA_SETS, Some(namespace(set)), name(set), |set| write_sizes(deployment, set));
}

fn write_sizes(deployment: &Value, set: &mut Value) {
    let leeway = Leeway::of(deployment);
    let annotations = annotations_mut(set);
    annotations.insert(DESIRED.to_owned(), leeway.replicas.to_string().into());
    annotations.insert(MAXIMUM.to_owned(), leeway.maximum().to_string().into());
}

fn create_new(store: &mut Store, deployment: &mut Value, sets: &Sets) {
    let all: i64 = sets.old.iter().map(size).sum();
    let replicas = size_of_new(deployment, 0, all);
    let mut set = replica_set(deployment, &template_of(deployment), &next_revision(&sets.old).to_string());
    child_mut(&mut set, "spec").insert("replicas".to_owned(), replicas.into());
    let Ok(set) = store.create(&REPLICA_SETS, set) else { return };
    if replicas > 0 {
        let message = format!("Scaled up replica set {} from 0 to {replicas}", name(&set));
        record(store, &*deployment, CONTROLLER, "Normal", "ScalingReplicaSet", &message);
    }
    let message = format!("Created new replica set \"{}\"", name(&set));
    let saying = Saying { kind: "Progressing", status: "True", reason: "NewReplicaSetCreated", message: &message };
    found_new(store, deployment, &set, saying);
}

/// A ReplicaSet of a Deployment for a template.
pub(crate) fn replica_set(deployment: &Value, template: &Value, revision: &str) -> Value {
    let hash = template_hash(template);
    let mut template = template.clone();
    let mut selector = deployment.pointer("/spec/selector").cloned().unwrap_or_default();
    child_mut(&mut selector, "matchLabels").insert(HASH.to_owned(), hash.clone().into());
    let labels = child_mut(child(&mut template, "metadata"), "labels");
    labels.insert(HASH.to_owned(), hash.clone().into());
    let labels = labels.clone();
    let mut set = json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": format!("{}-{hash}", name(deployment)),
            "namespace": namespace(deployment),
            "labels": labels,
            "annotations": { REVISION: revision },
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": { "replicas": 0, "selector": selector, "template": template },
    });
    let minimum = number(deployment, "/spec/minReadySeconds");
    if minimum != 0 {
        child_mut(&mut set, "spec").insert("minReadySeconds".to_owned(), minimum.into());
    }
    let given = deployment.pointer("/metadata/annotations").and_then(Value::as_object).cloned().unwrap_or_default();
    annotations_mut(&mut set).extend(given.into_iter().filter(|(key, _)| !OWN.contains(&key.as_str())));
    write_sizes(deployment, &mut set);
    set
}

/// Gives the new ReplicaSet the highest revision, and the Deployment the same.
fn sync_revision(store: &mut Store, deployment: &mut Value, sets: &mut Sets) {
    let Some(new) = &mut sets.new else { return };
    let next = next_revision(&sets.old);
    let current = annotation(new, REVISION).unwrap_or(0);
    let updated = store.update(&REPLICA_SETS, Some(namespace(new)), name(new), |set| {
        let annotations = annotations_mut(set);
        if current < next {
            annotations.insert(REVISION.to_owned(), next.to_string().into());
            if current > 0 {
                let before = annotations.get(HISTORY).and_then(Value::as_str).map(|it| format!("{it},"));
                annotations.insert(HISTORY.to_owned(), format!("{}{current}", before.unwrap_or_default()).into());
            }
        }
    });
    if let Ok(updated) = updated {
        *new = updated;
    }
    let message = format!("Found new replica set \"{}\"", name(new));
    let saying = Saying { kind: "Progressing", status: "True", reason: "FoundNewReplicaSet", message: &message };
    let new = new.clone();
    if find(list(deployment, "/status/conditions"), "Progressing").is_some() {
        let revision = annotation(&new, REVISION).unwrap_or(1).to_string();
        write_revision(store, deployment, &revision);
    } else {
        found_new(store, deployment, &new, saying);
    }
}

fn found_new(store: &mut Store, deployment: &mut Value, set: &Value, saying: Saying<'_>) {
    let revision = annotation(set, REVISION).unwrap_or(1).to_string();
    write_revision(store, deployment, &revision);
    if has_deadline(deployment) {
        say_of(store, deployment, saying);
    }
}

fn write_revision(store: &mut Store, deployment: &mut Value, revision: &str) {
    let written = store.update(&DEPLOYMENTS, Some(namespace(deployment)), name(deployment), |deployment| {
        annotations_mut(deployment).insert(REVISION.to_owned(), revision.into());
    });
    if let Ok(written) = written {
        *deployment = written;
    }
}

fn say_of(store: &mut Store, deployment: &mut Value, saying: Saying<'_>) {
    let now = store.now();
    let written = store.update(&DEPLOYMENTS, Some(namespace(deployment)), name(deployment), |deployment| {
        let mut conditions = list(deployment, "/status/conditions").to_vec();
        say(&mut conditions, saying, now);
        child_mut(deployment, "status").insert("conditions".to_owned(), conditions.into());
    });
    if let Ok(written) = written {
        *deployment = written;
    }
}

/// Says that a Deployment is paused, or goes on; one that is late has that said of it and nothing else.
fn pause(store: &mut Store, deployment: &mut Value) {
    let known = find(list(deployment, "/status/conditions"), "Progressing").map(|it| text(it, "/reason").to_owned());
    let known = known.unwrap_or_default();
    let (reason, message) = match holds(deployment, "/spec/paused") {
        true if known != "DeploymentPaused" => ("DeploymentPaused", "Deployment is paused"),
        false if known == "DeploymentPaused" => ("DeploymentResumed", "Deployment is resumed"),
        _ => return,
    };
    if has_deadline(deployment) && known != "ProgressDeadlineExceeded" {
        say_of(store, deployment, Saying { kind: "Progressing", status: "Unknown", reason, message });
    }
}

/// The status that follows from the ReplicaSets, without a word on progress.
pub(crate) fn status(deployment: &Value, sets: &[&Value], new: Option<&Value>, now: Timestamp) -> Value {
    let sum = |key: &str| sets.iter().map(|set| number(set, &format!("/status/{key}"))).sum::<i64>();
    let (available, wanted) = (sum("availableReplicas"), number(deployment, "/spec/replicas"));
    let asked: i64 = sets.iter().map(|set| size(set)).sum();
    let mut status = Map::new();
    for (key, value) in [
        ("observedGeneration", number(deployment, "/metadata/generation")),
        ("replicas", sum("replicas")),
        ("updatedReplicas", new.map_or(0, |new| number(new, "/status/replicas"))),
        ("readyReplicas", sum("readyReplicas")),
        ("availableReplicas", available),
        ("unavailableReplicas", (asked - available).max(0)),
    ] {
        if value != 0 {
            status.insert(key.to_owned(), value.into());
        }
    }
    status.insert("terminatingReplicas".to_owned(), sum("terminatingReplicas").into());
    let mut conditions = list(deployment, "/status/conditions").to_vec();
    let enough = available >= wanted - Leeway::of(deployment).unavailable;
    let (status_of, reason, message) = if enough {
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    say(&mut conditions, Saying { kind: "Available", status: status_of, reason, message }, now);
    status.insert("conditions".to_owned(), conditions.into());
    Value::Object(status)
}

/// The status during a rollout: with what is to be said of its progress.
pub(crate) fn progress(deployment: &Value, sets: &[&Value], new: Option<&Value>, now: Timestamp) -> Value {
    let mut status = status(deployment, sets, new, now);
    let mut conditions = list(&status, "/conditions").to_vec();
    let deadline = number(deployment, "/spec/progressDeadlineSeconds");
    let current = find(list(deployment, "/status/conditions"), "Progressing");
    let reason = current.map_or("", |current| text(current, "/reason"));
    let get = |status: &Value, key: &str| number(status, &format!("/{key}"));
    let settled = get(&status, "replicas") == get(&status, "updatedReplicas") && reason == "NewReplicaSetAvailable";
    if !has_deadline(deployment) {
        forget(&mut conditions, "Progressing");
    } else if !settled {
        let before = deployment.get("status").unwrap_or(&Value::Null);
        let wanted = number(deployment, "/spec/replicas");
        let subject = new.map_or_else(
            || format!("Deployment \"{}\"", name(deployment)),
            |new| format!("ReplicaSet \"{}\"", name(new)),
        );
        let complete =
            ["updatedReplicas", "replicas", "availableReplicas"].iter().all(|key| get(&status, key) == wanted);
        let old = |status: &Value| get(status, "replicas") - get(status, "updatedReplicas");
        let more = |key: &str| get(&status, key) > get(before, key);
        let moving =
            more("updatedReplicas") || old(&status) < old(before) || more("readyReplicas") || more("availableReplicas");
        let updated = current.and_then(|current| parse(text(current, "/lastUpdateTime")));
        let late =
            reason == "ProgressDeadlineExceeded" || updated.is_some_and(|updated| after(updated, deadline) < now);
        let saying = |status, reason, message| Saying { kind: "Progressing", status, reason, message };
        if complete {
            let message = format!("{subject} has successfully progressed.");
            say(&mut conditions, saying("True", "NewReplicaSetAvailable", &message), now);
        } else if moving {
            let message = format!("{subject} is progressing.");
            insist(&mut conditions, saying("True", "ReplicaSetUpdated", &message), now);
        } else if late && current.is_some() {
            let message = format!("{subject} has timed out progressing.");
            say(&mut conditions, saying("False", "ProgressDeadlineExceeded", &message), now);
        }
    }
    child_mut_status(&mut status).insert("conditions".to_owned(), conditions.into());
    status
}

fn child_mut_status(status: &mut Value) -> &mut Map<String, Value> {
    status.as_object_mut().expect("it was made as an object")
}

fn has_deadline(deployment: &Value) -> bool {
    !matches!(number(deployment, "/spec/progressDeadlineSeconds"), 0 | NO_DEADLINE)
}

/// The template without the label that tells ReplicaSets apart.
fn template_of(owner: &Value) -> Value {
    let mut template = owner.pointer("/spec/template").cloned().unwrap_or_default();
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove(HASH);
    }
    if let Some(metadata) = template.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("creationTimestamp");
    }
    template
}

fn next_revision(old: &[Value]) -> i64 {
    old.iter().filter_map(|set| annotation(set, REVISION)).max().unwrap_or(0) + 1
}

fn annotations_mut(object: &mut Value) -> &mut Map<String, Value> {
    metadata_mut(object).entry("annotations").or_insert_with(|| json!({}));
    child_mut(child(object, "metadata"), "annotations")
}

fn child<'a>(object: &'a mut Value, key: &str) -> &'a mut Value {
    child_mut(object, key);
    object.get_mut(key).expect("it was made")
}
