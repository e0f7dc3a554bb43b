//! Where the API server keeps objects. Of a kind that has a file, its file says it.

/// A resource of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource {
    /// The kind of its objects.
    pub kind: &'static str,
    /// The path of its group and version, as in `/apis/apps/v1`.
    pub base: &'static str,
    /// Its name in paths.
    pub plural: &'static str,
    /// Whether its objects live in namespaces.
    pub scope: Scope,
    /// Whether discovery finds its objects.
    pub entity: Entity,
    /// What events about its objects are found by.
    pub events: EventsBy,
}

/// Where objects live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// In the cluster.
    Cluster,
    /// In a namespace.
    Namespace,
}

/// Whether discovery finds objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entity {
    /// They are entities.
    Found,
    /// They are none.
    Not,
}

/// What events about an object are found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventsBy {
    /// Its uid: the object is read for it.
    Uid,
    /// Its kind and name. The object is not looked at.
    Name,
}

impl Resource {
    pub(crate) const fn namespaced(kind: &'static str, base: &'static str, plural: &'static str) -> Self {
        Self { kind, base, plural, scope: Scope::Namespace, entity: Entity::Not, events: EventsBy::Name }
    }

    pub(crate) const fn cluster(kind: &'static str, base: &'static str, plural: &'static str) -> Self {
        Self { scope: Scope::Cluster, ..Self::namespaced(kind, base, plural) }
    }

    /// The same, of objects that discovery finds.
    pub(crate) const fn found(self) -> Self {
        Self { entity: Entity::Found, ..self }
    }

    /// The same, of objects that are read for their uid, by which events are found.
    pub(crate) const fn told_by_uid(self) -> Self {
        Self { events: EventsBy::Uid, ..self }
    }

    /// The path of its objects: in one namespace, or all of them.
    #[must_use]
    pub fn collection(&self, namespace: Option<&str>) -> String {
        match namespace {
            Some(namespace) => format!("{}/namespaces/{namespace}/{}", self.base, self.plural),
            None => format!("{}/{}", self.base, self.plural),
        }
    }

    /// The path of one object.
    #[must_use]
    pub fn object(&self, namespace: Option<&str>, name: &str) -> String {
        format!("{}/{name}", self.collection(namespace))
    }
}

pub(crate) const CORE: &str = "/api/v1";
pub(crate) const APPS: &str = "/apis/apps/v1";
pub(crate) const BATCH: &str = "/apis/batch/v1";
pub(crate) const NETWORKING: &str = "/apis/networking.k8s.io/v1";

pub(crate) const ENDPOINT_SLICES: Resource =
    Resource::namespaced("EndpointSlice", "/apis/discovery.k8s.io/v1", "endpointslices");
pub(crate) const AUTOSCALERS: Resource =
    Resource::namespaced("HorizontalPodAutoscaler", "/apis/autoscaling/v2", "horizontalpodautoscalers");
pub(crate) const LEASES: Resource = Resource::namespaced("Lease", "/apis/coordination.k8s.io/v1", "leases");
pub(crate) const NODE_METRICS: Resource = Resource::cluster("NodeMetrics", "/apis/metrics.k8s.io/v1beta1", "nodes");
