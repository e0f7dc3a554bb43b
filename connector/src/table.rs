//! The table: one literal row for every operation of the contract. It drives everything: the catalogue, the schemas, the calls.

use crate::api::{Reads, Writes};
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::Outcome;
use crate::bindings::meho::connector::effects::{Effect, Trust};
use crate::bindings::meho::connector::failures::Failure;
use crate::effects::{get, list};
use crate::failure::invalid_argument;
use crate::kinds::claim::Claim;
use crate::kinds::config_map::ConfigMap;
use crate::kinds::cron_job::CronJob;
use crate::kinds::daemon_set::DaemonSet;
use crate::kinds::deployment::{DEPLOYMENTS, Deployment};
use crate::kinds::ingress::Ingress;
use crate::kinds::job::Job;
use crate::kinds::namespace::Namespace;
use crate::kinds::network_policy::NetworkPolicy;
use crate::kinds::node::Node;
use crate::kinds::pod::{PODS, Pod};
use crate::kinds::replica_set::ReplicaSet;
use crate::kinds::secret::Secret;
use crate::kinds::service::Service;
use crate::kinds::stateful_set::StatefulSet;
use crate::kinds::storage_class::StorageClass;
use crate::kinds::volume::Volume;
use crate::operation::{Operation, Read, Returns, Write};
use crate::operations::claim::GetClaim;
use crate::operations::cordon::{CordonNode, UncordonNode};
use crate::operations::delete_pod::DeletePod;
use crate::operations::deployment::GetDeployment;
use crate::operations::describe_deployment::DescribeDeployment;
use crate::operations::describe_node::DescribeNode;
use crate::operations::describe_pod::DescribePod;
use crate::operations::describe_service::DescribeService;
use crate::operations::endpoints::ListEndpoints;
use crate::operations::events_for_resource::EventsForResource;
use crate::operations::get::Get;
use crate::operations::get_endpoints::GetEndpoints;
use crate::operations::list::{FIELDS, LABELS, List};
use crate::operations::list_events::ListEvents;
use crate::operations::logs::GetPodLogs;
use crate::operations::node::GetNode;
use crate::operations::pod::GetPod;
use crate::operations::restart::RestartDeployment;
use crate::operations::scale::{ScaleDeployment, ScaleStatefulSet};
use crate::operations::secret::GetSecret;
use crate::operations::{cordon, delete_pod, describe, events, logs, restart, scale};
use crate::parameter::{
    CONTAINER, CONTINUE, DECODE, EVENT_KIND, EVENT_NAMESPACE, EVENT_UID, FIELD_SELECTOR, GRACE, LABEL_SELECTOR, LIMIT,
    LIMIT_BYTES, LIST_NAMESPACE, NAME, NAMESPACE, NEWEST, PRECONDITION_UID, PREVIOUS, Parameter, REPLICAS,
    SINCE_SECONDS, SINCE_TIME, TAIL_LINES, TIMESTAMPS,
};
use crate::resource::Resource;
use crate::row::{Row, schema_of};

/// A row of the table.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "see wit/catalog.wit")]
pub struct Entry {
    pub id: &'static str,
    pub title: &'static str,
    pub summary: &'static str,
    pub category: &'static str,
    pub trust: Trust,
    pub returns: Returns,
    pub entity: Option<&'static str>,
    pub parameters: &'static [Parameter],
    pub effects: fn() -> Vec<Effect>,
    /// What it lists, where it is the list of a kind.
    pub lists: Option<Resource>,
    pub built: Built,
}

/// What runs an operation, and writes what it returns.
#[derive(Debug, Clone, Copy)]
pub struct Built {
    run: fn(&Arguments<'_>) -> Result<Outcome, Failure>,
    members: fn(&mut Row<'_>),
}

impl Entry {
    const fn new<O: Operation>(id: &'static str, title: &'static str, trust: Trust, built: Built) -> Self {
        Self {
            id,
            title,
            summary: "",
            category: "core",
            trust,
            returns: O::RETURNS,
            entity: None,
            parameters: &[],
            effects: Vec::new,
            lists: O::LISTS,
            built,
        }
    }

    /// A row for an operation that reads.
    #[must_use]
    pub const fn read<O: Read>(id: &'static str, title: &'static str) -> Self {
        Self::new::<O>(id, title, Trust::Read, Built { run: run_read::<O>, members: O::members })
    }

    /// A row for an operation that writes.
    #[must_use]
    pub const fn write<O: Write>(id: &'static str, title: &'static str) -> Self {
        Self::new::<O>(id, title, Trust::Write, Built { run: run_write::<O>, members: O::members })
    }

    /// A row for an operation whose write is destructive.
    #[must_use]
    pub const fn destructive<O: Write>(id: &'static str, title: &'static str) -> Self {
        Self::new::<O>(id, title, Trust::Destructive, Built { run: run_write::<O>, members: O::members })
    }

    const fn workloads(self) -> Self {
        Self { category: "workloads", ..self }
    }

    const fn networking(self) -> Self {
        Self { category: "networking", ..self }
    }

    const fn storage(self) -> Self {
        Self { category: "storage", ..self }
    }

    const fn events(self) -> Self {
        Self { category: "events", ..self }
    }

    const fn of(self, entity: &'static str) -> Self {
        Self { entity: Some(entity), ..self }
    }

    const fn summary(self, summary: &'static str) -> Self {
        Self { summary, ..self }
    }

    const fn takes(self, parameters: &'static [Parameter]) -> Self {
        Self { parameters, ..self }
    }

    const fn does(self, effects: fn() -> Vec<Effect>) -> Self {
        Self { effects, ..self }
    }
}

impl Built {
    /// The schema of the object, or of one row, as text.
    #[must_use]
    pub fn schema(&self) -> String {
        schema_of(self.members)
    }

    /// Runs the operation of a row on arguments as JSON text. The host has checked them, so they fail only where schema and parameters
    /// disagree.
    ///
    /// # Errors
    /// What the target said, in the contract's terms.
    pub fn run(&self, entry: &Entry, arguments: &str) -> Result<Outcome, Failure> {
        let refused = |error: serde_json::Error| invalid_argument("", error.to_string(), Vec::new());
        (self.run)(&Arguments::parse(entry.parameters, arguments.as_bytes()).map_err(refused)?)
    }
}

fn run_read<O: Read>(arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
    let api = Reads::new();
    let mut outcome = O::run(&api, arguments)?;
    outcome.meta.warnings.splice(0..0, api.into_notes());
    Ok(outcome)
}

fn run_write<O: Write>(arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
    O::run(&Writes::new(), arguments)
}

/// The kinds, in the order of the table: every one of them has a list.
pub(crate) fn kinds() -> impl Iterator<Item = Resource> {
    TABLE.iter().filter_map(|entry| entry.lists)
}

const CLUSTER_LIST: &[Parameter] = &[LABEL_SELECTOR, LIMIT, CONTINUE];
const NAMESPACED_LIST: &[Parameter] = &[LIST_NAMESPACE, LABEL_SELECTOR, LIMIT, CONTINUE];
const CLUSTER_GET: &[Parameter] = &[NAME];
const NAMESPACED_GET: &[Parameter] = &[NAME, NAMESPACE];
const SCALE: &[Parameter] = &[NAME, NAMESPACE, REPLICAS];

/// Every operation of the contract, in its order.
#[rustfmt::skip]
pub static TABLE: &[Entry] = &[
    Entry::read::<List<Pod>>("list_pods", "List Pods").of("Pod")
        .summary("Pods with status, readiness, restarts, containers and conditions")
        .takes(&[LIST_NAMESPACE, LABEL_SELECTOR, FIELD_SELECTOR, LIMIT, CONTINUE])
        .does(|| list(&PODS, &[LABELS, FIELDS])),
    Entry::read::<GetPod>("get_pod", "Get Pod").of("Pod")
        .summary("One pod with its volumes, tolerations and newest events")
        .takes(NAMESPACED_GET).does(describe::get_pod_effects),
    Entry::read::<GetPodLogs>("get_pod_logs", "Get Pod Logs")
        .summary("The newest lines that a container of a pod wrote")
        .takes(&[NAME, NAMESPACE, CONTAINER, TAIL_LINES, SINCE_SECONDS, PREVIOUS, TIMESTAMPS, LIMIT_BYTES, SINCE_TIME])
        .does(logs::effects),
    Entry::read::<DescribePod>("describe_pod", "Describe Pod").of("Pod")
        .summary("One pod: what is amiss with it, its containers with their probes and how they ended, where it may run, its newest events")
        .takes(NAMESPACED_GET).does(describe::describe_pod_effects),
    Entry::destructive::<DeletePod>("delete_pod", "Delete Pod")
        .summary("Ends the very pod that was read; whether something makes another is told")
        .takes(&[NAME, NAMESPACE, GRACE, PRECONDITION_UID]).does(delete_pod::effects),
    Entry::read::<List<Node>>("list_nodes", "List Nodes").of("Node")
        .summary("Nodes with status, roles, addresses, taints, conditions, capacity and what runs them")
        .takes(CLUSTER_LIST).does(List::<Node>::effects),
    Entry::read::<GetNode>("get_node", "Get Node").of("Node")
        .summary("One node, and what it uses where metrics.k8s.io is served")
        .takes(CLUSTER_GET).does(describe::get_node_effects),
    Entry::read::<DescribeNode>("describe_node", "Describe Node").of("Node")
        .summary("One node with the pods on it, how much of it they ask for, what it uses, its heartbeat and its newest events")
        .takes(CLUSTER_GET).does(describe::describe_node_effects),
    Entry::write::<CordonNode>("cordon_node", "Cordon Node")
        .summary("No new pods are scheduled to a node; those on it stay")
        .takes(CLUSTER_GET).does(cordon::cordon_effects),
    Entry::write::<UncordonNode>("uncordon_node", "Uncordon Node")
        .summary("New pods are scheduled to a node again")
        .takes(CLUSTER_GET).does(cordon::uncordon_effects),
    Entry::read::<List<Namespace>>("list_namespaces", "List Namespaces").of("Namespace")
        .summary("Namespaces with phase, finalizers and conditions")
        .takes(CLUSTER_LIST).does(List::<Namespace>::effects),
    Entry::read::<Get<Namespace>>("get_namespace", "Get Namespace").of("Namespace")
        .summary("One namespace with phase, finalizers and conditions")
        .takes(CLUSTER_GET).does(Get::<Namespace>::effects),
    Entry::read::<List<ConfigMap>>("list_configmaps", "List ConfigMaps").of("ConfigMap")
        .summary("ConfigMaps with their keys and values")
        .takes(NAMESPACED_LIST).does(List::<ConfigMap>::effects),
    Entry::read::<Get<ConfigMap>>("get_configmap", "Get ConfigMap").of("ConfigMap")
        .summary("One ConfigMap with its keys and values")
        .takes(NAMESPACED_GET).does(Get::<ConfigMap>::effects),
    Entry::read::<List<Secret>>("list_secrets", "List Secrets").of("Secret")
        .summary("Secrets by their keys, never with a value")
        .takes(NAMESPACED_LIST).does(List::<Secret>::effects),
    Entry::read::<GetSecret>("get_secret", "Get Secret").of("Secret")
        .summary("One Secret with its values in base64, or as text; where the target redacts them, with their lengths and digests")
        .takes(&[NAME, NAMESPACE, DECODE]).does(describe::get_secret_effects),

    Entry::read::<List<Deployment>>("list_deployments", "List Deployments").workloads().of("Deployment")
        .summary("Deployments with wanted, ready and available replicas, images and conditions")
        .takes(NAMESPACED_LIST).does(List::<Deployment>::effects),
    Entry::read::<GetDeployment>("get_deployment", "Get Deployment").workloads().of("Deployment")
        .summary("One Deployment with its revision and what its pods are made from: containers, probes, variables, volumes")
        .takes(NAMESPACED_GET).does(|| get(&DEPLOYMENTS)),
    Entry::write::<ScaleDeployment>("scale_deployment", "Scale Deployment").workloads()
        .summary("Sets how many pods a Deployment shall have; 0 ends them all")
        .takes(SCALE).does(scale::deployment_effects),
    Entry::write::<RestartDeployment>("restart_deployment", "Restart Deployment").workloads()
        .summary("Makes new pods for a Deployment, as its strategy says; a paused one is refused")
        .takes(NAMESPACED_GET).does(restart::effects),
    Entry::read::<List<ReplicaSet>>("list_replicasets", "List ReplicaSets").workloads().of("ReplicaSet")
        .summary("ReplicaSets with owner, revision, wanted and ready replicas, images and conditions")
        .takes(NAMESPACED_LIST).does(List::<ReplicaSet>::effects),
    Entry::read::<Get<ReplicaSet>>("get_replicaset", "Get ReplicaSet").workloads().of("ReplicaSet")
        .summary("One ReplicaSet with owner, revision, wanted and ready replicas, images and conditions")
        .takes(NAMESPACED_GET).does(Get::<ReplicaSet>::effects),
    Entry::read::<List<StatefulSet>>("list_statefulsets", "List StatefulSets").workloads().of("StatefulSet")
        .summary("StatefulSets with wanted, ready and updated replicas, revisions and claim templates")
        .takes(NAMESPACED_LIST).does(List::<StatefulSet>::effects),
    Entry::read::<Get<StatefulSet>>("get_statefulset", "Get StatefulSet").workloads().of("StatefulSet")
        .summary("One StatefulSet with wanted, ready and updated replicas, revisions and claim templates")
        .takes(NAMESPACED_GET).does(Get::<StatefulSet>::effects),
    Entry::write::<ScaleStatefulSet>("scale_statefulset", "Scale StatefulSet").workloads()
        .summary("Sets how many pods a StatefulSet shall have; 0 ends them all")
        .takes(SCALE).does(scale::stateful_set_effects),
    Entry::read::<List<DaemonSet>>("list_daemonsets", "List DaemonSets").workloads().of("DaemonSet")
        .summary("DaemonSets with how many nodes shall run them and do, which nodes, and images")
        .takes(NAMESPACED_LIST).does(List::<DaemonSet>::effects),
    Entry::read::<Get<DaemonSet>>("get_daemonset", "Get DaemonSet").workloads().of("DaemonSet")
        .summary("One DaemonSet with how many nodes shall run it and do, which nodes, and images")
        .takes(NAMESPACED_GET).does(Get::<DaemonSet>::effects),
    Entry::read::<List<Job>>("list_jobs", "List Jobs").workloads().of("Job")
        .summary("Jobs with status, completions, what runs and what failed")
        .takes(NAMESPACED_LIST).does(List::<Job>::effects),
    Entry::read::<Get<Job>>("get_job", "Get Job").workloads().of("Job")
        .summary("One Job with status, completions, what runs and what failed")
        .takes(NAMESPACED_GET).does(Get::<Job>::effects),
    Entry::read::<List<CronJob>>("list_cronjobs", "List CronJobs").workloads().of("CronJob")
        .summary("CronJobs with schedule, time zone, the last run and the Jobs that run now")
        .takes(NAMESPACED_LIST).does(List::<CronJob>::effects),
    Entry::read::<Get<CronJob>>("get_cronjob", "Get CronJob").workloads().of("CronJob")
        .summary("One CronJob with schedule, time zone, the last run and the Jobs that run now")
        .takes(NAMESPACED_GET).does(Get::<CronJob>::effects),

    Entry::read::<List<Service>>("list_services", "List Services").networking().of("Service")
        .summary("Services with type, addresses, ports, selector and load balancers")
        .takes(NAMESPACED_LIST).does(List::<Service>::effects),
    Entry::read::<Get<Service>>("get_service", "Get Service").networking().of("Service")
        .summary("One Service with type, addresses, ports, selector and load balancers")
        .takes(NAMESPACED_GET).does(Get::<Service>::effects),
    Entry::read::<List<Ingress>>("list_ingresses", "List Ingresses").networking().of("Ingress")
        .summary("Ingresses with class, hosts, paths, backends, certificates and addresses")
        .takes(NAMESPACED_LIST).does(List::<Ingress>::effects),
    Entry::read::<Get<Ingress>>("get_ingress", "Get Ingress").networking().of("Ingress")
        .summary("One Ingress with class, hosts, paths, backends, certificates and addresses")
        .takes(NAMESPACED_GET).does(Get::<Ingress>::effects),
    Entry::read::<ListEndpoints>("list_endpoints", "List Endpoints").networking().of("Endpoints")
        .summary("What stands behind each Service: how many addresses are ready, and which")
        .takes(NAMESPACED_LIST).does(describe::list_endpoints_effects),
    Entry::read::<GetEndpoints>("get_endpoints", "Get Endpoints").networking().of("Endpoints")
        .summary("What stands behind one Service: how many addresses are ready, and which")
        .takes(NAMESPACED_GET).does(describe::get_endpoints_effects),
    Entry::read::<List<NetworkPolicy>>("list_network_policies", "List Network Policies").networking().of("NetworkPolicy")
        .summary("NetworkPolicies with their pods, their rules, and what these let through")
        .takes(NAMESPACED_LIST).does(List::<NetworkPolicy>::effects),
    Entry::read::<Get<NetworkPolicy>>("get_network_policy", "Get Network Policy").networking().of("NetworkPolicy")
        .summary("One NetworkPolicy with its pods, its rules, and what these let through")
        .takes(NAMESPACED_GET).does(Get::<NetworkPolicy>::effects),

    Entry::read::<List<Claim>>("list_pvcs", "List Persistent Volume Claims").storage().of("PersistentVolumeClaim")
        .summary("Claims with phase, volume, class, size and conditions")
        .takes(NAMESPACED_LIST).does(List::<Claim>::effects),
    Entry::read::<GetClaim>("get_pvc", "Get Persistent Volume Claim").storage().of("PersistentVolumeClaim")
        .summary("One claim with phase, volume, class, size, conditions and newest events")
        .takes(NAMESPACED_GET).does(describe::get_claim_effects),
    Entry::read::<List<Volume>>("list_pvs", "List Persistent Volumes").storage().of("PersistentVolume")
        .summary("Volumes with phase, claim, class, size and driver")
        .takes(CLUSTER_LIST).does(List::<Volume>::effects),
    Entry::read::<Get<Volume>>("get_pv", "Get Persistent Volume").storage().of("PersistentVolume")
        .summary("One volume with phase, claim, class, size and driver")
        .takes(CLUSTER_GET).does(Get::<Volume>::effects),
    Entry::read::<List<StorageClass>>("list_storageclasses", "List Storage Classes").storage().of("StorageClass")
        .summary("Storage classes with provisioner, policies, parameters and which is the default")
        .takes(CLUSTER_LIST).does(List::<StorageClass>::effects),
    Entry::read::<Get<StorageClass>>("get_storageclass", "Get Storage Class").storage().of("StorageClass")
        .summary("One storage class with provisioner, policies and parameters, and whether it is the default")
        .takes(CLUSTER_GET).does(Get::<StorageClass>::effects),

    Entry::read::<ListEvents>("list_events", "List Events").events().of("Event")
        .summary("The newest events, newest first, of a namespace or of all")
        .takes(&[LIST_NAMESPACE, FIELD_SELECTOR, NEWEST, SINCE_SECONDS]).does(events::list_effects),
    Entry::read::<EventsForResource>("get_events_for_resource", "Get Events for Resource").events().of("Event")
        .summary("What happened to one object, newest first")
        .takes(&[NAME, EVENT_NAMESPACE, EVENT_KIND, EVENT_UID, NEWEST]).does(events::of_object_effects),
    Entry::read::<DescribeDeployment>("describe_deployment", "Describe Deployment").events().of("Deployment")
        .summary("A Deployment with its ReplicaSets, its pods, those of them that are not well, and what happened to any of them")
        .takes(NAMESPACED_GET).does(describe::describe_deployment_effects),
    Entry::read::<DescribeService>("describe_service", "Describe Service").events().of("Service")
        .summary("A Service with what stands behind it, the pods that it means, what happened to it, and why nothing backs it where nothing does")
        .takes(NAMESPACED_GET).does(describe::describe_service_effects),
];
