//! StorageClasses, PersistentVolumes and PersistentVolumeClaims.

use crate::kind::Kind as _;
use crate::kinds::claim::CLAIMS;
use crate::kinds::storage_class::StorageClass;
use crate::kinds::volume::Volume;
use crate::node::Node;
use crate::node::Shape::{Object, Pairs, Text};
use crate::row::Row;
use crate::topology::entity::{ANNOTATED, EntityKind, META, Pass, is_uid};
use crate::topology::findings::{End, Says};
use crate::topology::relationship::{BOUND_TO, CLAIM_USES_CLASS, Known, PROVISIONS};

/// Who made a volume, where a provisioner did.
const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
/// Where a claim said its class before there was a member for it. It is read still.
const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

/// StorageClasses.
pub(crate) const CLASS: EntityKind = EntityKind {
    resource: StorageClass::RESOURCE,
    same_types: &[],
    shape: &Object(&[("metadata", META), ("provisioner", Text), ("reclaimPolicy", Text), ("volumeBindingMode", Text)]),
    properties: class,
    same_as: None,
    relationships: keep_class,
};

fn class(class: &Node<'_>, row: &mut Row<'_>, _: bool) {
    row.text("name", class.part("metadata").text("name").unwrap_or_default());
    row.text_or_null("provisioner", class.filled("provisioner"));
    row.text_or_null("reclaim_policy", class.filled("reclaimPolicy"));
    row.text_or_null("volume_binding_mode", class.filled("volumeBindingMode"));
}

fn keep_class(class: &Node<'_>, this: &End<'_>, pass: &mut Pass<'_>) {
    let provisioner = class.text("provisioner").unwrap_or_default();
    pass.held.provisioners.insert(this.name.to_owned(), provisioner.to_owned());
}

/// PersistentVolumes.
pub(crate) const VOLUME: EntityKind = EntityKind {
    resource: Volume::RESOURCE,
    same_types: &[],
    shape: &Object(&[
        ("metadata", ANNOTATED),
        (
            "spec",
            Object(&[
                ("capacity", Pairs),
                ("persistentVolumeReclaimPolicy", Text),
                ("storageClassName", Text),
                ("claimRef", Object(&[("uid", Text)])),
            ]),
        ),
        ("status", Object(&[("phase", Text)])),
    ]),
    properties: volume,
    same_as: None,
    relationships: of_volume,
};

fn volume(volume: &Node<'_>, row: &mut Row<'_>, _: bool) {
    let spec = volume.part("spec");
    row.text("name", volume.part("metadata").text("name").unwrap_or_default());
    row.text_or_null("phase", volume.part("status").filled("phase"));
    row.pairs("capacity", spec.pairs("capacity").iter());
    row.text_or_null("reclaim_policy", spec.filled("persistentVolumeReclaimPolicy"));
}

/// A class provisions what says its name and that it was provisioned. One of the name may have come after it: then it has another provisioner, or may have.
fn of_volume(volume: &Node<'_>, this: &End<'_>, pass: &mut Pass<'_>) {
    let spec = volume.part("spec");
    let claim = spec.part("claimRef").filled("uid").filter(|uid| is_uid(uid)).map(str::to_owned);
    pass.held.volumes.insert(this.name.to_owned(), claim);
    let metadata = volume.part("metadata");
    let provisioner = metadata.pair("annotations", PROVISIONED_BY).filter(|name| !name.is_empty());
    if let (Some(class), Some(provisioner)) = (spec.filled("storageClassName"), provisioner) {
        let certain = pass.held.provisioners.get(class).is_some_and(|of_class| of_class == provisioner);
        let from = End::named(CLASS.resource.kind, None, class);
        pass.findings.relationship(PROVISIONS, from, *this, (Known::Spec, certain), Says::Nothing);
    }
}

/// PersistentVolumeClaims.
pub(crate) const CLAIM: EntityKind = EntityKind {
    resource: CLAIMS,
    same_types: &[],
    shape: &Object(&[
        ("metadata", ANNOTATED),
        ("spec", Object(&[("volumeName", Text), ("storageClassName", Text)])),
        ("status", Object(&[("phase", Text), ("capacity", Pairs)])),
    ]),
    properties: claim,
    same_as: None,
    relationships: of_claim,
};

fn claim(claim: &Node<'_>, row: &mut Row<'_>, _: bool) {
    let (metadata, status) = (claim.part("metadata"), claim.part("status"));
    row.text("name", metadata.text("name").unwrap_or_default());
    row.text("namespace", metadata.text("namespace").unwrap_or_default());
    row.text_or_null("phase", status.filled("phase"));
    row.pairs("capacity", status.pairs("capacity").iter());
    row.text_or_null("storage_class", class_of(claim).as_deref());
}

/// The class of a claim. Absent and empty are no class: a default class is written into the claim by the server.
fn class_of(claim: &Node<'_>) -> Option<String> {
    let (metadata, spec) = (claim.part("metadata"), claim.part("spec"));
    let older = metadata.pair("annotations", CLASS_ANNOTATION).filter(|class| !class.is_empty());
    let found = match spec.text("storageClassName") {
        Some(class) => Some(class).filter(|class| !class.is_empty()),
        None => older,
    };
    found.map(str::to_owned)
}

fn of_claim(claim: &Node<'_>, this: &End<'_>, pass: &mut Pass<'_>) {
    let metadata = claim.part("metadata");
    for owner in metadata.items("ownerReferences").iter().filter(|owner| owner.is("controller")) {
        if let (Some("Pod"), Some("v1"), Some(uid)) =
            (owner.text("kind"), owner.text("apiVersion"), owner.filled("uid").filter(|uid| is_uid(uid)))
        {
            pass.held.owned_claims.insert(key(this.namespace, this.name), uid.to_owned());
        }
    }
    if let Some(class) = class_of(claim) {
        let to = End::named(CLASS.resource.kind, None, &class);
        pass.findings.relationship(CLAIM_USES_CLASS, *this, to, (Known::Spec, true), Says::Nothing);
    }
    let Some(volume) = claim.part("spec").filled("volumeName").map(str::to_owned) else { return };
    let is_bound = claim.part("status").text("phase") == Some("Bound");
    let certain = match pass.held.volumes.get(&volume) {
        Some(of) if of.as_deref() == this.uid => is_bound,
        // The volume was read before it was bound.
        Some(None) if is_bound => false,
        // The volume is for another claim, or for none yet: that this one wants it binds nothing.
        Some(_) => return,
        // Not read, or gone.
        None => false,
    };
    let to = End::named(VOLUME.resource.kind, None, &volume);
    pass.findings.relationship(BOUND_TO, *this, to, (Known::Spec, certain), Says::Nothing);
}

/// What something in a namespace is kept under.
pub(crate) fn key(namespace: Option<&str>, name: &str) -> String {
    format!("{}/{name}", namespace.unwrap_or_default())
}
