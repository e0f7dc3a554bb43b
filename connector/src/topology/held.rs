//! What is kept of objects that have come by, for those that follow: all that discovery holds in memory besides the object that is being read.
//!
//! Each part is small beside what it is read of, and none is of pods but the few that the kubelets made: names and uids, some 150 bytes each. So memory follows
//! the volumes, and the claims that pods own, and not the pods. Whatever is kept is of a form that
//! bounds it: anybody who may make a pod may write a megabyte where a uid is meant.

use std::collections::BTreeMap;

/// What is kept.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// The provisioner of each StorageClass that was read.
    pub(crate) provisioners: BTreeMap<String, String>,
    /// For each PersistentVolume that was read, the uid of the claim that it is for: what a claim says of its volume is confirmed by it.
    pub(crate) volumes: BTreeMap<String, Option<String>>,
    /// For each claim that a pod owns, as `namespace/name`, the uid of that pod: it was made from the pod's own template.
    pub(crate) owned_claims: BTreeMap<String, String>,
    /// By namespace, the selectors of Services: only where neither their slices nor their Endpoints could all be read.
    pub(crate) selectors: Option<BTreeMap<String, Vec<Selector>>>,
    /// Pods that a kubelet made from a file, by the digest of that file, which events have for them in place of a uid.
    pub(crate) mirrors: BTreeMap<String, Mirror>,
}

/// A pod that a kubelet made from a file, and only the one of this name: whose digest it is anybody may write.
#[derive(Debug)]
pub(crate) struct Mirror {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) uid: String,
}

/// The selector of a Service.
#[derive(Debug)]
pub(crate) struct Selector {
    pub(crate) service: String,
    pub(crate) uid: String,
    /// All of them have to be there. Never none: a Service without a selector selects nothing.
    pub(crate) pairs: Vec<(String, String)>,
}
