//! The resources that are served: one row each. Everything that depends on which resource it is starts from here.

use serde_json::Value;

/// One resource of one group and version.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    /// Empty for the core group.
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) singular: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) short_names: &'static [&'static str],
    pub(crate) categories: &'static [&'static str],
    pub(crate) namespaced: bool,
    pub(crate) subresources: &'static [&'static str],
    /// What may be done to it.
    pub(crate) access: Access,
    /// Whether `metadata.generation` counts the changes of its spec.
    pub(crate) counts_generations: bool,
    /// The resource that holds its objects, where it is another view of one.
    pub(crate) stored_as: Option<&'static Resource>,
}

/// What may be done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everything.
    Full,
    /// Get and list.
    ReadOnly,
    /// A question: it is posted, answered and not kept.
    Review,
}

impl Resource {
    const fn new(
        group: &'static str,
        version: &'static str,
        plural: &'static str,
        singular: &'static str,
        kind: &'static str,
    ) -> Self {
        Self {
            group,
            version,
            plural,
            singular,
            kind,
            short_names: &[],
            categories: &[],
            namespaced: true,
            subresources: &[],
            access: Access::Full,
            counts_generations: false,
            stored_as: None,
        }
    }

    const fn short(mut self, names: &'static [&'static str]) -> Self {
        self.short_names = names;
        self
    }

    const fn of_cluster(mut self) -> Self {
        self.namespaced = false;
        self
    }

    const fn in_all(mut self) -> Self {
        self.categories = &["all"];
        self
    }

    const fn with(mut self, subresources: &'static [&'static str]) -> Self {
        self.subresources = subresources;
        self
    }

    const fn generations(mut self) -> Self {
        self.counts_generations = true;
        self
    }

    const fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    const fn stored_as(mut self, other: &'static Resource) -> Self {
        self.stored_as = Some(other);
        self
    }

    /// The resource with this plural name; the core group is the empty one.
    pub(crate) fn of(group: &str, plural: &str) -> Option<&'static Self> {
        RESOURCES.iter().find(|resource| resource.group == group && resource.plural == plural).copied()
    }

    /// The resource of an object, by its `apiVersion` and `kind`.
    pub(crate) fn of_object(object: &Value) -> Option<&'static Self> {
        let (api_version, kind) = (object.get("apiVersion")?.as_str()?, object.get("kind")?.as_str()?);
        RESOURCES.iter().find(|resource| resource.kind == kind && resource.api_version() == api_version).copied()
    }

    /// `v1`, `apps/v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `pods`, `deployments.apps`: as the server's messages name it.
    pub(crate) fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// The kind of a list of these.
    pub(crate) fn list_kind(&self) -> String {
        format!("{}List", self.kind)
    }

    /// Where its objects are kept: group and plural.
    pub(crate) fn storage(&self) -> (&'static str, &'static str) {
        match self.stored_as {
            Some(other) => (other.group, other.plural),
            None => (self.group, self.plural),
        }
    }
}

const STATUS: &[&str] = &["status"];
const SCALED: &[&str] = &["scale", "status"];

pub(crate) static PODS: Resource = Resource::new("", "v1", "pods", "pod", "Pod")
    .short(&["po"])
    .in_all()
    .with(&["binding", "eviction", "log", "status"])
    .generations();
pub(crate) static NODES: Resource =
    Resource::new("", "v1", "nodes", "node", "Node").short(&["no"]).of_cluster().with(STATUS);
pub(crate) static NAMESPACES: Resource =
    Resource::new("", "v1", "namespaces", "namespace", "Namespace").short(&["ns"]).of_cluster().with(STATUS);
pub(crate) static SERVICES: Resource =
    Resource::new("", "v1", "services", "service", "Service").short(&["svc"]).in_all().with(STATUS);
pub(crate) static ENDPOINTS: Resource = Resource::new("", "v1", "endpoints", "endpoints", "Endpoints").short(&["ep"]);
pub(crate) static EVENTS: Resource = Resource::new("", "v1", "events", "event", "Event").short(&["ev"]);
pub(crate) static CONFIG_MAPS: Resource =
    Resource::new("", "v1", "configmaps", "configmap", "ConfigMap").short(&["cm"]);
pub(crate) static SECRETS: Resource = Resource::new("", "v1", "secrets", "secret", "Secret");
pub(crate) static SERVICE_ACCOUNTS: Resource =
    Resource::new("", "v1", "serviceaccounts", "serviceaccount", "ServiceAccount").short(&["sa"]).with(&["token"]);
pub(crate) static CLAIMS: Resource =
    Resource::new("", "v1", "persistentvolumeclaims", "persistentvolumeclaim", "PersistentVolumeClaim")
        .short(&["pvc"])
        .with(STATUS);
pub(crate) static VOLUMES: Resource =
    Resource::new("", "v1", "persistentvolumes", "persistentvolume", "PersistentVolume")
        .short(&["pv"])
        .of_cluster()
        .with(STATUS);
pub(crate) static REPLICATION_CONTROLLERS: Resource =
    Resource::new("", "v1", "replicationcontrollers", "replicationcontroller", "ReplicationController")
        .short(&["rc"])
        .in_all()
        .with(SCALED)
        .generations();
pub(crate) static LIMIT_RANGES: Resource =
    Resource::new("", "v1", "limitranges", "limitrange", "LimitRange").short(&["limits"]);
pub(crate) static RESOURCE_QUOTAS: Resource =
    Resource::new("", "v1", "resourcequotas", "resourcequota", "ResourceQuota").short(&["quota"]).with(STATUS);

pub(crate) static DEPLOYMENTS: Resource = Resource::new("apps", "v1", "deployments", "deployment", "Deployment")
    .short(&["deploy"])
    .in_all()
    .with(SCALED)
    .generations();
pub(crate) static REPLICA_SETS: Resource = Resource::new("apps", "v1", "replicasets", "replicaset", "ReplicaSet")
    .short(&["rs"])
    .in_all()
    .with(SCALED)
    .generations();
pub(crate) static STATEFUL_SETS: Resource = Resource::new("apps", "v1", "statefulsets", "statefulset", "StatefulSet")
    .short(&["sts"])
    .in_all()
    .with(SCALED)
    .generations();
pub(crate) static DAEMON_SETS: Resource = Resource::new("apps", "v1", "daemonsets", "daemonset", "DaemonSet")
    .short(&["ds"])
    .in_all()
    .with(STATUS)
    .generations();

pub(crate) static JOBS: Resource =
    Resource::new("batch", "v1", "jobs", "job", "Job").in_all().with(STATUS).generations();
pub(crate) static CRON_JOBS: Resource =
    Resource::new("batch", "v1", "cronjobs", "cronjob", "CronJob").short(&["cj"]).in_all().with(STATUS).generations();

pub(crate) static INGRESSES: Resource = Resource::new("networking.k8s.io", "v1", "ingresses", "ingress", "Ingress")
    .short(&["ing"])
    .with(STATUS)
    .generations();
pub(crate) static NETWORK_POLICIES: Resource =
    Resource::new("networking.k8s.io", "v1", "networkpolicies", "networkpolicy", "NetworkPolicy")
        .short(&["netpol"])
        .generations();
pub(crate) static ENDPOINT_SLICES: Resource =
    Resource::new("discovery.k8s.io", "v1", "endpointslices", "endpointslice", "EndpointSlice").generations();
pub(crate) static AUTOSCALERS: Resource = Resource::new(
    "autoscaling",
    "v2",
    "horizontalpodautoscalers",
    "horizontalpodautoscaler",
    "HorizontalPodAutoscaler",
)
.short(&["hpa"])
.in_all()
.with(STATUS);
pub(crate) static DISRUPTION_BUDGETS: Resource =
    Resource::new("policy", "v1", "poddisruptionbudgets", "poddisruptionbudget", "PodDisruptionBudget")
        .short(&["pdb"])
        .with(STATUS)
        .generations();
pub(crate) static STORAGE_CLASSES: Resource =
    Resource::new("storage.k8s.io", "v1", "storageclasses", "storageclass", "StorageClass").short(&["sc"]).of_cluster();
pub(crate) static LEASES: Resource = Resource::new("coordination.k8s.io", "v1", "leases", "lease", "Lease");

pub(crate) static ROLES: Resource = Resource::new("rbac.authorization.k8s.io", "v1", "roles", "role", "Role");
pub(crate) static ROLE_BINDINGS: Resource =
    Resource::new("rbac.authorization.k8s.io", "v1", "rolebindings", "rolebinding", "RoleBinding");
pub(crate) static CLUSTER_ROLES: Resource =
    Resource::new("rbac.authorization.k8s.io", "v1", "clusterroles", "clusterrole", "ClusterRole").of_cluster();
pub(crate) static CLUSTER_ROLE_BINDINGS: Resource =
    Resource::new("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "clusterrolebinding", "ClusterRoleBinding")
        .of_cluster();

pub(crate) static NEW_EVENTS: Resource =
    Resource::new("events.k8s.io", "v1", "events", "event", "Event").short(&["ev"]).stored_as(&EVENTS);
pub(crate) static NODE_METRICS: Resource =
    Resource::new("metrics.k8s.io", "v1beta1", "nodes", "", "NodeMetrics").of_cluster().access(Access::ReadOnly);
pub(crate) static POD_METRICS: Resource =
    Resource::new("metrics.k8s.io", "v1beta1", "pods", "", "PodMetrics").access(Access::ReadOnly);

pub(crate) static SELF_SUBJECT_REVIEWS: Resource =
    Resource::new("authentication.k8s.io", "v1", "selfsubjectreviews", "selfsubjectreview", "SelfSubjectReview")
        .of_cluster()
        .access(Access::Review);
pub(crate) static SELF_ACCESS_REVIEWS: Resource = Resource::new(
    "authorization.k8s.io",
    "v1",
    "selfsubjectaccessreviews",
    "selfsubjectaccessreview",
    "SelfSubjectAccessReview",
)
.of_cluster()
.access(Access::Review);
pub(crate) static SELF_RULES_REVIEWS: Resource = Resource::new(
    "authorization.k8s.io",
    "v1",
    "selfsubjectrulesreviews",
    "selfsubjectrulesreview",
    "SelfSubjectRulesReview",
)
.of_cluster()
.access(Access::Review);
pub(crate) static ACCESS_REVIEWS: Resource =
    Resource::new("authorization.k8s.io", "v1", "subjectaccessreviews", "subjectaccessreview", "SubjectAccessReview")
        .of_cluster()
        .access(Access::Review);

/// All of them, in the order of discovery.
pub(crate) static RESOURCES: [&Resource; 38] = [
    &CONFIG_MAPS,
    &ENDPOINTS,
    &EVENTS,
    &LIMIT_RANGES,
    &NAMESPACES,
    &NODES,
    &CLAIMS,
    &VOLUMES,
    &PODS,
    &REPLICATION_CONTROLLERS,
    &RESOURCE_QUOTAS,
    &SECRETS,
    &SERVICE_ACCOUNTS,
    &SERVICES,
    &DAEMON_SETS,
    &DEPLOYMENTS,
    &REPLICA_SETS,
    &STATEFUL_SETS,
    &NEW_EVENTS,
    &SELF_SUBJECT_REVIEWS,
    &SELF_ACCESS_REVIEWS,
    &SELF_RULES_REVIEWS,
    &ACCESS_REVIEWS,
    &AUTOSCALERS,
    &CRON_JOBS,
    &JOBS,
    &INGRESSES,
    &NETWORK_POLICIES,
    &DISRUPTION_BUDGETS,
    &CLUSTER_ROLE_BINDINGS,
    &CLUSTER_ROLES,
    &ROLE_BINDINGS,
    &ROLES,
    &STORAGE_CLASSES,
    &LEASES,
    &ENDPOINT_SLICES,
    &NODE_METRICS,
    &POD_METRICS,
];
