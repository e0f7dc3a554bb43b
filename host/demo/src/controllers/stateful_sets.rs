//! StatefulSets: pods with ordinals, one after the other, each with its own claims.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::events::{Source, record};
use super::identity::suffix;
use super::pods::{from_template, has_ended, is_available, is_ready, owned};
use super::read::{has, is_leaving, list, name, namespace, number, text};
use super::{deletion, put_status};
use crate::resource::{CLAIMS, PODS, STATEFUL_SETS};
use crate::store::{Store, child_mut, metadata_mut};

const CONTROLLER: Source<'static> = Source::Controller("statefulset-controller");
const REVISION: &str = "controller-revision-hash";

/// Takes every StatefulSet one step further.
pub(crate) fn settle(store: &mut Store) {
    let sets: Vec<_> = store.list(&STATEFUL_SETS, None).cloned().collect();
    for set in &sets {
        if !is_leaving(set) {
            step(store, set);
        }
        let pods = owned(store, set);
        let status = status(set, &pods, store.now());
        put_status(store, &STATEFUL_SETS, set, status);
    }
}

/// The name, labels and volumes that a pod has by its ordinal.
pub(crate) fn identify(pod: &mut Value, set: &Value, ordinal: usize) {
    let pod_name = format!("{}-{ordinal}", name(set));
    let labels = child_mut(pod, "metadata").entry("labels").or_insert_with(|| json!({}));
    if let Some(labels) = labels.as_object_mut() {
        labels.insert("apps.kubernetes.io/pod-index".to_owned(), ordinal.to_string().into());
        labels.insert(REVISION.to_owned(), revision(set).into());
        labels.insert("statefulset.kubernetes.io/pod-name".to_owned(), pod_name.clone().into());
    }
    let generated = format!("{}-", name(set));
    metadata_mut(pod).insert("generateName".to_owned(), generated.into());
    let spec = child_mut(pod, "spec");
    spec.insert("hostname".to_owned(), pod_name.clone().into());
    if !text(set, "/spec/serviceName").is_empty() {
        spec.insert("subdomain".to_owned(), text(set, "/spec/serviceName").into());
    }
    let claims = list(set, "/spec/volumeClaimTemplates");
    let volumes = spec.entry("volumes").or_insert_with(|| json!([]));
    if let Some(volumes) = volumes.as_array_mut() {
        for claim in claims.iter().rev() {
            let claimed = format!("{}-{pod_name}", name(claim));
            volumes.insert(0, json!({ "name": name(claim), "persistentVolumeClaim": { "claimName": claimed } }));
        }
    }
}

/// The status of a StatefulSet with these pods.
pub(crate) fn status(set: &Value, pods: &[Value], now: Timestamp) -> Value {
    let minimum = number(set, "/spec/minReadySeconds");
    let present = pods.iter().filter(|pod| !has_ended(pod));
    let replicas = present.clone().count() as i64;
    let ready = present.clone().filter(|pod| is_ready(pod)).count() as i64;
    let available = present.clone().filter(|pod| is_available(pod, minimum, now)).count() as i64;
    let new = revision(set);
    let of_new =
        |pod: &&Value| pod.pointer("/metadata/labels").is_some_and(|it| text(it, &format!("/{REVISION}")) == new);
    let updated = present.filter(|pod| !is_leaving(pod)).filter(of_new).count() as i64;
    let before = text(set, "/status/currentRevision");
    // All of one revision: then that is the current one.
    let current = if updated == replicas || before.is_empty() { new.clone() } else { before.to_owned() };
    let of_current = if current == new { updated } else { replicas - updated };
    let mut status = Map::new();
    status.insert("replicas".to_owned(), replicas.into());
    status.insert("availableReplicas".to_owned(), available.into());
    for (key, value) in [
        ("observedGeneration", number(set, "/metadata/generation")),
        ("readyReplicas", ready),
        ("currentReplicas", of_current),
        ("updatedReplicas", updated),
    ] {
        if value != 0 {
            status.insert(key.to_owned(), value.into());
        }
    }
    status.insert("currentRevision".to_owned(), current.into());
    status.insert("updateRevision".to_owned(), new.into());
    status.insert("collisionCount".to_owned(), 0.into());
    Value::Object(status)
}

/// The revision of the present template.
pub(crate) fn revision(set: &Value) -> String {
    let template = set.pointer("/spec/template").map(Value::to_string).unwrap_or_default();
    format!("{}-{}", name(set), suffix(&template, 10))
}

fn step(store: &mut Store, set: &Value) {
    let pods = owned(store, set);
    let wanted = usize::try_from(number(set, "/spec/replicas")).unwrap_or(0);
    let parallel = text(set, "/spec/podManagementPolicy") == "Parallel";
    let of = |ordinal: usize| {
        let pod_name = format!("{}-{ordinal}", name(set));
        pods.iter().find(|pod| name(pod) == pod_name)
    };
    for ordinal in 0..wanted {
        match of(ordinal) {
            None => {
                create(store, set, ordinal);
                if !parallel {
                    return;
                }
            }
            Some(pod) if has_ended(pod) => drop(deletion::ask(store, &PODS, pod)),
            Some(pod) if !parallel && (is_leaving(pod) || !is_ready(pod)) => return,
            Some(_) => {}
        }
    }
    let mut beyond: Vec<_> = pods.iter().filter(|pod| ordinal_of(pod) >= wanted as i64).collect();
    beyond.sort_by_key(|pod| -ordinal_of(pod));
    for pod in beyond {
        give_up(store, set, pod);
        if !parallel {
            return;
        }
    }
    replace_old(store, set, &pods);
}

/// One pod of an older template at a time, the highest ordinal first.
fn replace_old(store: &mut Store, set: &Value, pods: &[Value]) {
    if text(set, "/spec/updateStrategy/type") == "OnDelete" || pods.iter().any(|pod| is_leaving(pod) || !is_ready(pod))
    {
        return;
    }
    let new = revision(set);
    let partition = number(set, "/spec/updateStrategy/rollingUpdate/partition");
    let old = pods.iter().filter(|pod| ordinal_of(pod) >= partition).filter(|pod| {
        pod.pointer("/metadata/labels").is_none_or(|labels| text(labels, &format!("/{REVISION}")) != new)
    });
    if let Some(pod) = old.max_by_key(|pod| ordinal_of(pod)) {
        give_up(store, set, pod);
    }
}

fn give_up(store: &mut Store, set: &Value, pod: &Value) {
    if deletion::ask(store, &PODS, pod) {
        let message = format!("Delete Pod {} in StatefulSet {} successful", name(pod), name(set));
        record(store, set, CONTROLLER, "Normal", "SuccessfulDelete", &message);
    }
}

fn create(store: &mut Store, set: &Value, ordinal: usize) {
    let pod_name = format!("{}-{ordinal}", name(set));
    let Some(template) = set.pointer("/spec/template") else { return };
    for claim in list(set, "/spec/volumeClaimTemplates") {
        create_claim(store, set, claim, &pod_name);
    }
    let mut pod = from_template(set, template, &pod_name);
    identify(&mut pod, set, ordinal);
    if store.create(&PODS, pod).is_ok() {
        let message = format!("Create Pod {pod_name} in StatefulSet {} successful", name(set));
        record(store, set, CONTROLLER, "Normal", "SuccessfulCreate", &message);
    }
}

fn create_claim(store: &mut Store, set: &Value, template: &Value, pod_name: &str) {
    let claim_name = format!("{}-{pod_name}", name(template));
    if store.get(&CLAIMS, Some(namespace(set)), &claim_name).is_some() {
        return;
    }
    let labels = set.pointer("/spec/selector/matchLabels").cloned().unwrap_or_else(|| json!({}));
    let mut claim = json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": { "name": claim_name, "namespace": namespace(set), "labels": labels },
        "spec": template.get("spec"),
        "status": { "phase": "Pending" },
    });
    if !has(&claim, "/spec/volumeMode") {
        child_mut(&mut claim, "spec").insert("volumeMode".to_owned(), "Filesystem".into());
    }
    if store.create(&CLAIMS, claim).is_ok() {
        let message = format!("Create Claim {claim_name} Pod {pod_name} in StatefulSet {} success", name(set));
        record(store, set, CONTROLLER, "Normal", "SuccessfulCreate", &message);
    }
}

fn ordinal_of(pod: &Value) -> i64 {
    name(pod).rsplit('-').next().and_then(|digits| digits.parse().ok()).unwrap_or(-1)
}
