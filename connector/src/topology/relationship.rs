//! The relationships that discovery finds, and how each is known.

use crate::bindings::exports::meho::connector::catalog::RelationshipType;

/// What a relationship is read of where no entity says it: the slices of a Service.
pub(crate) const SLICES: &str = "EndpointSlice";

/// A type of relationship.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relationship {
    /// Where it begins.
    pub source: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// Where it ends; `any` for whatever an event may be about.
    pub destination: &'static str,
    /// What it is read of: where all of that was read, all of these are found.
    pub read_of: &'static str,
}

const fn of(source: &'static str, name: &'static str, destination: &'static str) -> Relationship {
    Relationship { source, name, destination, read_of: source }
}

/// An owner's, which is read of what it owns.
const fn manages(owner: &'static str, owned: &'static str) -> Relationship {
    Relationship { source: owner, name: "manages", destination: owned, read_of: owned }
}

pub(crate) const RUNS_ON: Relationship = of("Pod", "runs_on", "Node");
pub(crate) const SERVICE_TO_POD: Relationship =
    Relationship { source: "Service", name: "routes_to", destination: "Pod", read_of: SLICES };
pub(crate) const INGRESS_TO_SERVICE: Relationship = of("Ingress", "routes_to", "Service");
pub(crate) const POD_USES_CONFIG_MAP: Relationship = of("Pod", "uses", "ConfigMap");
pub(crate) const POD_USES_SECRET: Relationship = of("Pod", "uses", "Secret");
pub(crate) const POD_USES_CLAIM: Relationship = of("Pod", "uses", "PersistentVolumeClaim");
pub(crate) const INGRESS_USES_SECRET: Relationship = of("Ingress", "uses", "Secret");
pub(crate) const STATEFUL_SET_USES_SERVICE: Relationship = of("StatefulSet", "uses", "Service");
pub(crate) const BOUND_TO: Relationship = of("PersistentVolumeClaim", "bound_to", "PersistentVolume");
pub(crate) const CLAIM_USES_CLASS: Relationship = of("PersistentVolumeClaim", "uses", "StorageClass");
pub(crate) const PROVISIONS: Relationship = Relationship {
    source: "StorageClass",
    name: "provisions",
    destination: "PersistentVolume",
    read_of: "PersistentVolume",
};
pub(crate) const ABOUT: Relationship = of("Event", "about", "any");

/// Who may be the controller of what.
pub(crate) const MANAGES: [Relationship; 4] = [
    manages("Deployment", "ReplicaSet"),
    manages("ReplicaSet", "Pod"),
    manages("StatefulSet", "Pod"),
    manages("DaemonSet", "Pod"),
];

/// What lives in namespaces.
pub(crate) const MEMBER_OF: [Relationship; 11] = [
    of("Pod", "member_of", "Namespace"),
    of("Deployment", "member_of", "Namespace"),
    of("ReplicaSet", "member_of", "Namespace"),
    of("StatefulSet", "member_of", "Namespace"),
    of("DaemonSet", "member_of", "Namespace"),
    of("Service", "member_of", "Namespace"),
    of("Ingress", "member_of", "Namespace"),
    of("ConfigMap", "member_of", "Namespace"),
    of("Secret", "member_of", "Namespace"),
    of("PersistentVolumeClaim", "member_of", "Namespace"),
    of("Event", "member_of", "Namespace"),
];

const OTHERS: [Relationship; 12] = [
    RUNS_ON,
    SERVICE_TO_POD,
    INGRESS_TO_SERVICE,
    POD_USES_CONFIG_MAP,
    POD_USES_SECRET,
    POD_USES_CLAIM,
    INGRESS_USES_SECRET,
    STATEFUL_SET_USES_SERVICE,
    BOUND_TO,
    CLAIM_USES_CLASS,
    PROVISIONS,
    ABOUT,
];

/// All of them. What a machine may be the same as is no relationship: it stands with the Node.
pub fn all() -> impl Iterator<Item = Relationship> {
    MEMBER_OF.into_iter().chain(MANAGES).chain(OTHERS)
}

impl From<Relationship> for RelationshipType {
    fn from(of: Relationship) -> Self {
        Self { source: of.source.to_owned(), name: of.name.to_owned(), destination: of.destination.to_owned() }
    }
}

/// How a relationship is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// An owner reference with `controller: true`.
    OwnerReference,
    /// The object's own spec or metadata names the other.
    Spec,
    /// A selector that fits the other's labels. Nothing says that traffic follows it.
    Selector,
    /// An endpoint of a slice.
    EndpointSlice,
    /// An address of an Endpoints object, where the slices could not all be read.
    Endpoints,
}

impl Known {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::OwnerReference => "owner_reference",
            Self::Spec => "spec",
            Self::Selector => "selector",
            Self::EndpointSlice => "endpoint_slice",
            Self::Endpoints => "endpoints",
        }
    }
}
