//! Pods: where they run, and all that they use.

use crate::kinds::pod::{PODS, STATUSES};
use crate::metadata::CONDITIONS;
use crate::node::Shape::{List, Object, Pairs, Text};
use crate::node::{Node, Shape};
use crate::pod_status::columns;
use crate::row::Row;
use crate::topology::cluster::NODE;
use crate::topology::configuration::{CONFIG_MAP, SECRET};
use crate::topology::entity::{EntityKind, OWNERS, Pass};
use crate::topology::findings::{End, Says};
use crate::topology::held::Mirror;
use crate::topology::network::selected;
use crate::topology::relationship::{
    Known, POD_USES_CLAIM, POD_USES_CONFIG_MAP, POD_USES_SECRET, RUNS_ON, Relationship,
};
use crate::topology::storage::{CLAIM, key};
use crate::topology::workload::name;
use std::collections::{BTreeMap, BTreeSet};

/// On the API's copy of a pod that a kubelet made from a file: what stands in place of a uid in the kubelet's events about it.
const MIRROR: &str = "kubernetes.io/config.mirror";

/// How long the digest of a file is, which is MD5's.
const DIGEST: usize = 32;

/// The lists of containers of a pod, all of which may use something.
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];
/// Volumes of older drivers that name a Secret as `secretRef`.
const WITH_SECRET_REF: [&str; 7] = ["cephfs", "cinder", "flexVolume", "rbd", "scaleIO", "iscsi", "storageos"];

const NAMED: Shape = Object(&[("name", Text)]);
const SECRET_REF: Shape = Object(&[("secretRef", NAMED)]);

const CONTAINER: Shape = Object(&[
    ("name", Text),
    ("image", Text),
    ("restartPolicy", Text),
    ("env", List(&Object(&[("valueFrom", Object(&[("configMapKeyRef", NAMED), ("secretKeyRef", NAMED)]))]))),
    ("envFrom", List(&Object(&[("configMapRef", NAMED), ("secretRef", NAMED)]))),
]);

const VOLUME: Shape = Object(&[
    ("name", Text),
    ("configMap", NAMED),
    ("secret", Object(&[("secretName", Text)])),
    ("projected", Object(&[("sources", List(&Object(&[("configMap", NAMED), ("secret", NAMED)])))])),
    ("persistentVolumeClaim", Object(&[("claimName", Text)])),
    ("ephemeral", Object(&[])),
    ("csi", Object(&[("nodePublishSecretRef", NAMED)])),
    ("azureFile", Object(&[("secretName", Text)])),
    ("cephfs", SECRET_REF),
    ("cinder", SECRET_REF),
    ("flexVolume", SECRET_REF),
    ("rbd", SECRET_REF),
    ("scaleIO", SECRET_REF),
    ("iscsi", SECRET_REF),
    ("storageos", SECRET_REF),
]);

/// Pods.
pub(crate) const POD: EntityKind = EntityKind {
    resource: PODS,
    same_types: &[],
    shape: &Object(&[
        (
            "metadata",
            Object(&[
                ("name", Text),
                ("namespace", Text),
                ("uid", Text),
                ("labels", Pairs),
                ("annotations", Pairs),
                ("deletionTimestamp", Text),
                ("ownerReferences", OWNERS),
            ]),
        ),
        (
            "spec",
            Object(&[
                ("nodeName", Text),
                ("containers", List(&CONTAINER)),
                ("initContainers", List(&CONTAINER)),
                ("ephemeralContainers", List(&CONTAINER)),
                ("volumes", List(&VOLUME)),
                ("imagePullSecrets", List(&NAMED)),
            ]),
        ),
        (
            "status",
            Object(&[
                ("phase", Text),
                ("podIP", Text),
                ("reason", Text),
                ("conditions", CONDITIONS),
                ("containerStatuses", STATUSES),
                ("initContainerStatuses", STATUSES),
            ]),
        ),
    ]),
    properties: pod,
    same_as: None,
    relationships: of_pod,
};

fn pod(pod: &Node<'_>, row: &mut Row<'_>, _: bool) {
    let (spec, status) = (pod.part("spec"), pod.part("status"));
    name(pod, row);
    row.text_or_null("phase", status.filled("phase"));
    // As `kubectl get pods` prints them: a phase alone calls a pod running that crashes and one that is going.
    let columns = columns(pod);
    row.text("status", &columns.status);
    row.text("ready", &columns.ready);
    row.int("restarts", columns.restarts);
    row.text_or_null("pod_ip", status.filled("podIP"));
    row.text_or_null("node_name", spec.filled("nodeName"));
    row.list("containers", spec.member("containers"), |row, container| {
        let name = container.text("name");
        let found = status.items("containerStatuses").iter().find(|status| status.text("name") == name).cloned();
        let told = found.unwrap_or_else(|| status.member("containerStatuses").node().item());
        let state = told.part("state");
        let (waiting, ended) = (state.part("waiting"), state.part("terminated"));
        let (word, reason) = if !state.part("running").is_missing() {
            (Some("running"), None)
        } else if !waiting.is_missing() {
            (Some("waiting"), waiting.filled("reason"))
        } else if !ended.is_missing() {
            (Some("terminated"), ended.filled("reason"))
        } else {
            (None, None)
        };
        row.text("name", name.unwrap_or_default());
        row.text_or_null("image", container.filled("image"));
        row.flag("ready", told.is("ready"));
        row.int("restart_count", told.count("restartCount"));
        row.text_or_null("state", word);
        row.text_or_null("reason", reason);
    });
}

fn of_pod(pod: &Node<'_>, this: &End<'_>, pass: &mut Pass<'_>) {
    let (metadata, spec) = (pod.part("metadata"), pod.part("spec"));
    if let Some(node) = spec.filled("nodeName") {
        let to = End::named(RUNS_ON.destination, None, node);
        pass.findings.relationship(RUNS_ON, *this, to, (Known::Spec, true), Says::Nothing);
    }
    keep_mirror(&metadata, this, pass);
    selected(pod, this, pass);
    use_what_it_names(&spec, this, pass);
    use_its_own_claims(&spec, this, pass);
}

/// Only of a pod that a node owns, which nobody but that node's kubelet may make.
fn keep_mirror(metadata: &Node<'_>, this: &End<'_>, pass: &mut Pass<'_>) {
    let is_of_node = |owner: &Node<'_>| {
        (owner.text("kind"), owner.text("apiVersion")) == (Some(NODE.resource.kind), Some("v1"))
            && owner.is("controller")
    };
    let digest = metadata.pair("annotations", MIRROR);
    let digest = digest.filter(|text| text.len() == DIGEST && text.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if let (Some(digest), Some(uid)) = (digest, this.uid)
        && metadata.items("ownerReferences").iter().any(is_of_node)
    {
        pass.held.mirrors.insert(
            digest.to_owned(),
            Mirror {
                namespace: this.namespace.unwrap_or_default().to_owned(),
                name: this.name.to_owned(),
                uid: uid.to_owned(),
            },
        );
    }
}

fn use_what_it_names(spec: &Node<'_>, this: &End<'_>, pass: &mut Pass<'_>) {
    let (map, secret, claim) = (CONFIG_MAP.resource.kind, SECRET.resource.kind, CLAIM.resource.kind);
    // By type and name, the members that say so. Empty names are no names.
    let mut uses: BTreeMap<(&'static str, String), BTreeSet<&'static str>> = BTreeMap::new();
    let mut add = |kind: &'static str, name: Option<&str>, member: &'static str| {
        if let Some(name) = name {
            uses.entry((kind, name.to_owned())).or_default().insert(member);
        }
    };
    for container in CONTAINERS.iter().flat_map(|list| spec.items(list)) {
        for variable in container.items("env") {
            let from = variable.part("valueFrom");
            add(map, from.part("configMapKeyRef").filled("name"), "env");
            add(secret, from.part("secretKeyRef").filled("name"), "env");
        }
        for source in container.items("envFrom") {
            add(map, source.part("configMapRef").filled("name"), "env_from");
            add(secret, source.part("secretRef").filled("name"), "env_from");
        }
    }
    for volume in spec.items("volumes") {
        add(map, volume.part("configMap").filled("name"), "volume");
        add(secret, volume.part("secret").filled("secretName"), "volume");
        for source in volume.part("projected").items("sources") {
            add(map, source.part("configMap").filled("name"), "projected_volume");
            add(secret, source.part("secret").filled("name"), "projected_volume");
        }
        add(secret, volume.part("csi").part("nodePublishSecretRef").filled("name"), "volume_driver");
        add(secret, volume.part("azureFile").filled("secretName"), "volume_driver");
        for driver in WITH_SECRET_REF {
            add(secret, volume.part(driver).part("secretRef").filled("name"), "volume_driver");
        }
        add(claim, volume.part("persistentVolumeClaim").filled("claimName"), "volume");
    }
    for pull in spec.items("imagePullSecrets") {
        add(secret, pull.filled("name"), "image_pull_secret");
    }
    for ((kind, name), members) in &uses {
        let members: Vec<&str> = members.iter().copied().collect();
        let to = End::named(kind, this.namespace, name);
        let says = Says::Via(&members);
        pass.findings.relationship(relationship_to(kind), *this, to, (Known::Spec, true), says);
    }
}

fn relationship_to(kind: &str) -> Relationship {
    [POD_USES_CONFIG_MAP, POD_USES_SECRET].into_iter().find(|of| of.destination == kind).unwrap_or(POD_USES_CLAIM)
}

/// Claims that are made for this pod alone: of that name there may be one that somebody else made, and then the pod waits.
fn use_its_own_claims(spec: &Node<'_>, this: &End<'_>, pass: &mut Pass<'_>) {
    for volume in spec.items("volumes").iter().filter(|volume| !volume.part("ephemeral").is_missing()) {
        let claim = format!("{}-{}", this.name, volume.text("name").unwrap_or_default());
        let owner = pass.held.owned_claims.get(&key(this.namespace, &claim));
        let certain = owner.is_some() && owner.map(String::as_str) == this.uid;
        let to = End::named(CLAIM.resource.kind, this.namespace, &claim);
        let says = Says::Via(&["ephemeral_volume"]);
        pass.findings.relationship(POD_USES_CLAIM, *this, to, (Known::Spec, certain), says);
    }
}
