//! Claims: a volume for each whose class is there, and the reason where it is not.

use serde_json::{Value, json};

use super::events::{Source, record};
use super::read::{has, is_leaving, list, name, namespace, text, uid};
use crate::resource::{CLAIMS, EVENTS, STORAGE_CLASSES, VOLUMES};
use crate::store::{Store, child_mut, metadata_mut};
use crate::time::seconds;

const CONTROLLER: Source<'static> = Source::Controller("persistentvolume-controller");
const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";

/// Binds every claim that can be bound, and lets volumes go whose claims are gone.
pub(crate) fn settle(store: &mut Store) {
    let claims: Vec<_> = store.list(&CLAIMS, None).cloned().collect();
    for claim in &claims {
        if !is_leaving(claim) && text(claim, "/status/phase") != "Bound" {
            provide(store, claim);
        }
    }
    abandoned(store);
    available(store);
}

fn provide(store: &mut Store, claim: &Value) {
    if !has(claim, "/status/phase") {
        let _ = store.update(&CLAIMS, Some(namespace(claim)), name(claim), |claim| {
            child_mut(claim, "status").insert("phase".to_owned(), "Pending".into());
        });
    }
    let named = claim.pointer("/spec/storageClassName").and_then(Value::as_str).map(str::to_owned);
    let class = named.or_else(|| default_class(store)).unwrap_or_default();
    if let Some(volume) = free_volume(store, claim, &class) {
        return bind(store, claim, &volume, &class);
    }
    if has(claim, "/spec/volumeName") {
        // It waits for that volume and for no other.
        return;
    }
    if class.is_empty() {
        let message = "no persistent volumes available for this claim and no storage class is set";
        return tell(store, claim, "Normal", "FailedBinding", message);
    }
    let Some(found) = store.get(&STORAGE_CLASSES, None, &class).cloned() else {
        let message = format!("storageclass.storage.k8s.io \"{class}\" not found");
        return tell(store, claim, "Warning", "ProvisioningFailed", &message);
    };
    if text(&found, "/volumeBindingMode") == "WaitForFirstConsumer" {
        let message = "waiting for first consumer to be created before binding";
        return tell(store, claim, "Normal", "WaitForFirstConsumer", message);
    }
    let volume = create_volume(store, claim, &found);
    bind(store, claim, &volume, &class);
}

fn default_class(store: &Store) -> Option<String> {
    let is_default = |class: &&Value| {
        let annotations = class.pointer("/metadata/annotations");
        annotations.and_then(|it| it.get(DEFAULT)).and_then(Value::as_str) == Some("true")
    };
    store.list(&STORAGE_CLASSES, None).find(is_default).map(|class| name(class).to_owned())
}

/// A volume that is there already and fits, or is meant for this claim.
fn free_volume(store: &Store, claim: &Value, class: &str) -> Option<String> {
    let wanted = text(claim, "/spec/volumeName");
    let size = |object: &Value, pointer: &str| super::quantity::bytes(text(object, pointer));
    let fits = |volume: &&Value| {
        let meant = |member: &str, whose: &str| {
            let meant = text(volume, &format!("/spec/claimRef/{member}"));
            meant.is_empty() || meant == whose
        };
        let is_meant = meant("uid", uid(claim)) && meant("name", name(claim)) && meant("namespace", namespace(claim));
        let free = text(volume, "/status/phase") != "Released" && is_meant;
        let modes = list(volume, "/spec/accessModes");
        free && text(volume, "/spec/storageClassName") == class
            && size(volume, "/spec/capacity/storage") >= size(claim, "/spec/resources/requests/storage")
            && list(claim, "/spec/accessModes").iter().all(|mode| modes.contains(mode))
            && (wanted.is_empty() || name(volume) == wanted)
    };
    let smallest = store.list(&VOLUMES, None).filter(fits).min_by_key(|it| size(it, "/spec/capacity/storage"));
    smallest.map(|volume| name(volume).to_owned())
}

fn create_volume(store: &mut Store, claim: &Value, class: &Value) -> String {
    let volume = format!("pvc-{}", uid(claim));
    let driver = text(class, "/provisioner");
    let reclaims = match text(class, "/reclaimPolicy") {
        "" => "Delete",
        policy => policy,
    };
    let _ = store.create(
        &VOLUMES,
        json!({
            "metadata": {
                "name": volume,
                "annotations": { "pv.kubernetes.io/provisioned-by": driver },
                "finalizers": ["kubernetes.io/pv-protection"],
            },
            "spec": {
                "accessModes": claim.pointer("/spec/accessModes"),
                "capacity": claim.pointer("/spec/resources/requests"),
                "csi": { "driver": driver, "volumeHandle": volume },
                "persistentVolumeReclaimPolicy": reclaims,
                "storageClassName": name(class),
                "volumeMode": "Filesystem",
            },
            "status": { "phase": "Available" },
        }),
    );
    let message = format!(
        "Waiting for a volume to be created either by the external provisioner '{driver}' or manually by the system \
         administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered."
    );
    record(store, claim, CONTROLLER, "Normal", "ExternalProvisioning", &message);
    volume
}

fn bind(store: &mut Store, claim: &Value, volume: &str, class: &str) {
    let now = seconds(store.now());
    let reference = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": namespace(claim), "name": name(claim),
        "uid": uid(claim), "resourceVersion": text(claim, "/metadata/resourceVersion"),
    });
    let bound = store.update(&VOLUMES, None, volume, |volume| {
        child_mut(volume, "spec").insert("claimRef".to_owned(), reference);
        enter(volume, "Bound", &now);
    });
    let Ok(bound) = bound else { return };
    let capacity = bound.pointer("/spec/capacity").cloned().unwrap_or_default();
    let modes = bound.pointer("/spec/accessModes").cloned().unwrap_or_default();
    let driver = text(&bound, "/spec/csi/driver").to_owned();
    let is_chosen_here = !has(claim, "/spec/volumeName");
    let _ = store.update(&CLAIMS, Some(namespace(claim)), name(claim), |claim| {
        let metadata = metadata_mut(claim);
        if let Some(annotations) = metadata.entry("annotations").or_insert_with(|| json!({})).as_object_mut() {
            annotations.insert("pv.kubernetes.io/bind-completed".to_owned(), "yes".into());
            if is_chosen_here {
                annotations.insert("pv.kubernetes.io/bound-by-controller".to_owned(), "yes".into());
            }
            for prefix in ["volume.beta", "volume"].iter().filter(|_| !driver.is_empty()) {
                annotations.insert(format!("{prefix}.kubernetes.io/storage-provisioner"), driver.clone().into());
            }
        }
        let spec = child_mut(claim, "spec");
        spec.insert("volumeName".to_owned(), volume.into());
        spec.entry("storageClassName").or_insert_with(|| class.into());
        let status = child_mut(claim, "status");
        status.insert("phase".to_owned(), "Bound".into());
        status.insert("accessModes".to_owned(), modes);
        status.insert("capacity".to_owned(), capacity);
    });
}

/// Says something of a claim, once.
fn tell(store: &mut Store, claim: &Value, kind: &str, reason: &str, message: &str) {
    let said = |event: &Value| text(event, "/involvedObject/uid") == uid(claim) && text(event, "/reason") == reason;
    if !store.list(&EVENTS, Some(namespace(claim))).any(said) {
        record(store, claim, CONTROLLER, kind, reason, message);
    }
}

/// Volumes whose claims are gone: deleted, or kept and free for nobody.
fn abandoned(store: &mut Store) {
    let gone = |volume: &&Value| {
        has(volume, "/spec/claimRef/uid") && text(volume, "/status/phase") != "Released" && {
            let claim =
                store.get(&CLAIMS, Some(text(volume, "/spec/claimRef/namespace")), text(volume, "/spec/claimRef/name"));
            claim.is_none_or(|claim| uid(claim) != text(volume, "/spec/claimRef/uid"))
        }
    };
    let volumes: Vec<_> = store.list(&VOLUMES, None).filter(gone).cloned().collect();
    for volume in volumes {
        let deletes = text(&volume, "/spec/persistentVolumeReclaimPolicy") == "Delete";
        let now = seconds(store.now());
        let _ = store.update(&VOLUMES, None, name(&volume), |volume| {
            enter(volume, "Released", &now);
            if deletes {
                metadata_mut(volume).remove("finalizers");
            }
        });
        if deletes {
            let _ = store.remove(&VOLUMES, None, name(&volume));
        }
    }
}

/// New volumes that no claim has.
fn available(store: &mut Store) {
    let is_new = |volume: &&Value| text(volume, "/status/phase") == "Pending" && !has(volume, "/spec/claimRef/uid");
    let volumes: Vec<_> = store.list(&VOLUMES, None).filter(is_new).map(|volume| name(volume).to_owned()).collect();
    let now = seconds(store.now());
    for volume in volumes {
        let _ = store.update(&VOLUMES, None, &volume, |volume| enter(volume, "Available", &now));
    }
}

fn enter(volume: &mut Value, phase: &str, now: &str) {
    let status = child_mut(volume, "status");
    status.insert("phase".to_owned(), phase.into());
    status.insert("lastPhaseTransitionTime".to_owned(), now.into());
}
