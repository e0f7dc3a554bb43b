//! Claims, volumes and classes of storage.

use super::cells::{age, at, items, name, or};
use super::{AGE, Layout, NAME, text, wide};
use serde_json::{Value, json};

pub(super) const CLAIMS: Layout = Layout {
    columns: &[
        NAME,
        text("Status"),
        text("Volume"),
        text("Capacity"),
        text("Access Modes"),
        text("StorageClass"),
        text("VolumeAttributesClass"),
        AGE,
        wide("VolumeMode"),
    ],
    cells: |claim, now| {
        let is_bound = !at(claim, "/spec/volumeName").is_empty();
        let modes = if is_bound { modes(claim, "/status/accessModes") } else { String::new() };
        let capacity = if is_bound { or(claim, "/status/capacity/storage", "0") } else { "" };
        vec![
            name(claim),
            phase(claim).into(),
            at(claim, "/spec/volumeName").into(),
            capacity.into(),
            modes.into(),
            at(claim, "/spec/storageClassName").into(),
            or(claim, "/spec/volumeAttributesClassName", "<unset>").into(),
            age(claim, now),
            or(claim, "/spec/volumeMode", "<unset>").into(),
        ]
    },
};

pub(super) const VOLUMES: Layout = Layout {
    columns: &[
        NAME,
        text("Capacity"),
        text("Access Modes"),
        text("Reclaim Policy"),
        text("Status"),
        text("Claim"),
        text("StorageClass"),
        text("VolumeAttributesClass"),
        text("Reason"),
        AGE,
        wide("VolumeMode"),
    ],
    cells: |volume, now| {
        let claim = volume.pointer("/spec/claimRef");
        let claim =
            claim.map_or_else(String::new, |claim| format!("{}/{}", at(claim, "/namespace"), at(claim, "/name")));
        vec![
            name(volume),
            or(volume, "/spec/capacity/storage", "0").into(),
            modes(volume, "/spec/accessModes").into(),
            at(volume, "/spec/persistentVolumeReclaimPolicy").into(),
            phase(volume).into(),
            claim.into(),
            at(volume, "/spec/storageClassName").into(),
            or(volume, "/spec/volumeAttributesClassName", "<unset>").into(),
            at(volume, "/status/reason").into(),
            age(volume, now),
            or(volume, "/spec/volumeMode", "<unset>").into(),
        ]
    },
};

pub(super) const CLASSES: Layout = Layout {
    columns: &[
        NAME,
        text("Provisioner"),
        text("ReclaimPolicy"),
        text("VolumeBindingMode"),
        text("AllowVolumeExpansion"),
        AGE,
    ],
    cells: |class, now| {
        let is_default = at(class, "/metadata/annotations/storageclass.kubernetes.io~1is-default-class") == "true";
        let mark = if is_default { " (default)" } else { "" };
        vec![
            format!("{}{mark}", at(class, "/metadata/name")).into(),
            at(class, "/provisioner").into(),
            or(class, "/reclaimPolicy", "Delete").into(),
            or(class, "/volumeBindingMode", "Immediate").into(),
            json!(class.get("allowVolumeExpansion") == Some(&Value::Bool(true))),
            age(class, now),
        ]
    },
};

fn phase(object: &Value) -> &str {
    if at(object, "/metadata/deletionTimestamp").is_empty() { at(object, "/status/phase") } else { "Terminating" }
}

/// Access modes as three letters each.
fn modes(object: &Value, pointer: &str) -> String {
    let has = |mode: &str| items(object, pointer).iter().any(|has| has.as_str() == Some(mode));
    let modes =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    modes.iter().filter(|(mode, _)| has(mode)).map(|(_, short)| *short).collect::<Vec<_>>().join(",")
}
