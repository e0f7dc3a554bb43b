//! Where the API server keeps each kind of object.

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
}

/// Where objects live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// In the cluster.
    Cluster,
    /// In a namespace.
    Namespace,
}

impl Resource {
    const fn namespaced(kind: &'static str, base: &'static str, plural: &'static str) -> Self {
        Self { kind, base, plural, scope: Scope::Namespace }
    }

    const fn cluster(kind: &'static str, base: &'static str, plural: &'static str) -> Self {
        Self { kind, base, plural, scope: Scope::Cluster }
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

const CORE: &str = "/api/v1";
const APPS: &str = "/apis/apps/v1";
const BATCH: &str = "/apis/batch/v1";
const NETWORKING: &str = "/apis/networking.k8s.io/v1";

pub(crate) const PODS: Resource = Resource::namespaced("Pod", CORE, "pods");
pub(crate) const NODES: Resource = Resource::cluster("Node", CORE, "nodes");
pub(crate) const NAMESPACES: Resource = Resource::cluster("Namespace", CORE, "namespaces");
pub(crate) const CONFIG_MAPS: Resource = Resource::namespaced("ConfigMap", CORE, "configmaps");
pub(crate) const SECRETS: Resource = Resource::namespaced("Secret", CORE, "secrets");
pub(crate) const SERVICES: Resource = Resource::namespaced("Service", CORE, "services");
pub(crate) const ENDPOINTS: Resource = Resource::namespaced("Endpoints", CORE, "endpoints");
pub(crate) const EVENTS: Resource = Resource::namespaced("Event", CORE, "events");
pub(crate) const CLAIMS: Resource = Resource::namespaced("PersistentVolumeClaim", CORE, "persistentvolumeclaims");
pub(crate) const VOLUMES: Resource = Resource::cluster("PersistentVolume", CORE, "persistentvolumes");
pub(crate) const DEPLOYMENTS: Resource = Resource::namespaced("Deployment", APPS, "deployments");
pub(crate) const REPLICA_SETS: Resource = Resource::namespaced("ReplicaSet", APPS, "replicasets");
pub(crate) const STATEFUL_SETS: Resource = Resource::namespaced("StatefulSet", APPS, "statefulsets");
pub(crate) const DAEMON_SETS: Resource = Resource::namespaced("DaemonSet", APPS, "daemonsets");
pub(crate) const JOBS: Resource = Resource::namespaced("Job", BATCH, "jobs");
pub(crate) const CRON_JOBS: Resource = Resource::namespaced("CronJob", BATCH, "cronjobs");
pub(crate) const INGRESSES: Resource = Resource::namespaced("Ingress", NETWORKING, "ingresses");
pub(crate) const NETWORK_POLICIES: Resource = Resource::namespaced("NetworkPolicy", NETWORKING, "networkpolicies");
pub(crate) const STORAGE_CLASSES: Resource =
    Resource::cluster("StorageClass", "/apis/storage.k8s.io/v1", "storageclasses");
pub(crate) const ENDPOINT_SLICES: Resource =
    Resource::namespaced("EndpointSlice", "/apis/discovery.k8s.io/v1", "endpointslices");
pub(crate) const AUTOSCALERS: Resource =
    Resource::namespaced("HorizontalPodAutoscaler", "/apis/autoscaling/v2", "horizontalpodautoscalers");
pub(crate) const LEASES: Resource = Resource::namespaced("Lease", "/apis/coordination.k8s.io/v1", "leases");
pub(crate) const NODE_METRICS: Resource = Resource::cluster("NodeMetrics", "/apis/metrics.k8s.io/v1beta1", "nodes");
