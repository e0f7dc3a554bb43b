//! Storage: a class with a driver, volumes, and claims of which one asks for a class that is gone.

use serde_json::{Value, json};

use super::cluster::{Cluster, DAY, HOUR, MINUTE, Said, labels};
use super::{production, staging};
use crate::controllers::events::Source;
use crate::controllers::identity::uid_of;

const DRIVER: &str = "csi.vsphere.vmware.com";
/// The class that the databases were made with. Its volumes are still there; it is not.
const GONE: &str = "fast-ssd";
const STANDARD: &str = "standard";

pub(super) fn add(cluster: &mut Cluster) {
    cluster.class(STANDARD, "Delete", true);
    cluster.class("archive", "Retain", false);
    let production = production::NAMESPACE;
    for (claim, age) in [("data-orders-db-0", 63 * DAY), ("data-orders-db-1", 63 * DAY - 40)] {
        cluster.bound_claim(production, claim, "50Gi", GONE, age, Some("orders-db"));
    }
    cluster.pending_claim(production, "data-orders-db-2", "50Gi", GONE, 4 * HOUR, "orders-db");
    cluster.bound_claim(production, "uploads", "200Gi", STANDARD, 118 * DAY, None);
    cluster.bound_claim(staging::NAMESPACE, "uploads", "20Gi", STANDARD, 80 * DAY, None);
    cluster.released_volume();
    let claim = cluster.find("PersistentVolumeClaim", production, "data-orders-db-2").clone();
    let controller = Source::Controller("persistentvolume-controller");
    let message = "storageclass.storage.k8s.io \"fast-ssd\" not found";
    let told = Said::warning("ProvisioningFailed", message, 4 * HOUR).times(961, MINUTE / 4);
    cluster.event((&claim).into(), controller, told);
}

impl Cluster {
    fn class(&mut self, name: &str, reclaims: &str, is_default: bool) {
        let class = self.object("storage.k8s.io/v1", "StorageClass", "", name, 212 * DAY);
        self.put(class, json!({
            "metadata": { "annotations": { "storageclass.kubernetes.io/is-default-class": is_default.to_string() } },
            "provisioner": DRIVER,
            "parameters": { "storagepolicyname": format!("k8s-{name}") },
            "reclaimPolicy": reclaims,
            "volumeBindingMode": "Immediate",
            "allowVolumeExpansion": true,
        }));
    }

    fn bound_claim(&mut self, space: &str, name: &str, size: &str, class: &str, age: i64, app: Option<&str>) {
        let volume = format!("pvc-{}", uid_of("PersistentVolumeClaim", space, name));
        let claim = self.object("v1", "PersistentVolumeClaim", space, name, age);
        let claim = self.put(
            claim,
            json!({
                "metadata": {
                    "labels": labels(&app.map_or_else(Vec::new, |app| vec![("app", app)])),
                    "annotations": {
                        "pv.kubernetes.io/bind-completed": "yes",
                        "pv.kubernetes.io/bound-by-controller": "yes",
                        "volume.beta.kubernetes.io/storage-provisioner": DRIVER,
                        "volume.kubernetes.io/storage-provisioner": DRIVER,
                    },
                    "finalizers": ["kubernetes.io/pvc-protection"],
                },
                "spec": claim_spec(size, class, Some(&volume)),
                "status": { "phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": { "storage": size } },
            }),
        );
        let spec = json!({ "claimRef": {
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": space, "name": name,
            "uid": claim.pointer("/metadata/uid"), "resourceVersion": "8801",
        } });
        self.volume(&volume, size, class, age - 4, spec, "Bound");
    }

    fn volume(&mut self, name: &str, size: &str, class: &str, age: i64, more: Value, phase: &str) {
        let mut volume = self.object("v1", "PersistentVolume", "", name, age);
        super::cluster::merge(
            &mut volume,
            json!({
                "metadata": {
                    "annotations": { "pv.kubernetes.io/provisioned-by": DRIVER },
                    "finalizers": ["kubernetes.io/pv-protection", "external-attacher/csi-vsphere-vmware-com"],
                },
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "capacity": { "storage": size },
                    "csi": {
                        "driver": DRIVER, "fsType": "ext4", "volumeHandle": crate::controllers::identity::uid(name),
                        "volumeAttributes": { "type": "vSphere CNS Block Volume" },
                    },
                    "persistentVolumeReclaimPolicy": "Delete",
                    "storageClassName": class,
                    "volumeMode": "Filesystem",
                },
                "status": { "phase": phase, "lastPhaseTransitionTime": self.ago(age) },
            }),
        );
        self.put(volume, json!({ "spec": more }));
    }

    /// What an archive left behind: kept, and nobody's.
    fn released_volume(&mut self) {
        let old = json!({
            "claimRef": {
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": production::NAMESPACE,
                "name": "archive-2025", "uid": uid_of("PersistentVolumeClaim", "", "archive-2025"),
            },
            "persistentVolumeReclaimPolicy": "Retain",
        });
        let name = format!("pvc-{}", uid_of("PersistentVolumeClaim", "", "archive-2025"));
        self.volume(&name, "500Gi", "archive", 170 * DAY, old, "Released");
    }

    fn pending_claim(&mut self, space: &str, name: &str, size: &str, class: &str, age: i64, app: &str) {
        let claim = self.object("v1", "PersistentVolumeClaim", space, name, age);
        self.put(
            claim,
            json!({
                "metadata": { "labels": labels(&[("app", app)]), "finalizers": ["kubernetes.io/pvc-protection"] },
                "spec": claim_spec(size, class, None),
                "status": { "phase": "Pending" },
            }),
        );
    }
}

fn claim_spec(size: &str, class: &str, volume: Option<&str>) -> Value {
    let mut spec = json!({
        "accessModes": ["ReadWriteOnce"],
        "resources": { "requests": { "storage": size } },
        "storageClassName": class,
        "volumeMode": "Filesystem",
    });
    if let Some(volume) = volume {
        super::template::set(&mut spec, "volumeName", volume.into());
    }
    spec
}
