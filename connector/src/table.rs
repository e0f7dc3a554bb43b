//! The table: one literal row for every operation of the contract. It drives everything: the catalogue, the schemas, the calls.
//!
//! A row whose operation is not built yet is `declared`: its effects are there, so that the authority of the whole surface can be tested, and `describe`
//! leaves it out.

use crate::api::{Reads, Writes};
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::Outcome;
use crate::bindings::meho::connector::effects::{Effect, Trust};
use crate::bindings::meho::connector::failures::Failure;
use crate::effects::{get, list};
use crate::failure::invalid_argument;
use crate::kinds::claim::Claim;
use crate::kinds::deployment::Deployment;
use crate::kinds::namespace::Namespace;
use crate::kinds::node::Node;
use crate::kinds::pod::Pod;
use crate::kinds::service::Service;
use crate::operation::{Read, Returns, Write};
use crate::operations::cordon::{CordonNode, UncordonNode};
use crate::operations::delete_pod::DeletePod;
use crate::operations::describe_deployment::DescribeDeployment;
use crate::operations::describe_node::DescribeNode;
use crate::operations::endpoints::ListEndpoints;
use crate::operations::get::Get;
use crate::operations::list::{FIELDS, LABELS, List};
use crate::operations::list_events::ListEvents;
use crate::operations::logs::GetPodLogs;
use crate::operations::node::GetNode;
use crate::operations::pod::GetPod;
use crate::operations::scale::ScaleDeployment;
use crate::operations::{cordon, delete_pod, describe, events, logs, restart, scale};
use crate::parameter::{
    CONTAINER, CONTINUE, DECODE, EVENT_KIND, EVENT_NAMESPACE, EVENT_UID, FIELD_SELECTOR, GRACE, LABEL_SELECTOR, LIMIT,
    LIMIT_BYTES, LIST_NAMESPACE, NAME, NAMESPACE, NEWEST, PRECONDITION_UID, PREVIOUS, Parameter, REPLICAS,
    SINCE_SECONDS, SINCE_TIME, TAIL_LINES, TIMESTAMPS,
};
use crate::resource::{
    CLAIMS, CONFIG_MAPS, CRON_JOBS, DAEMON_SETS, DEPLOYMENTS, INGRESSES, JOBS, NAMESPACES, NETWORK_POLICIES, NODES,
    PODS, REPLICA_SETS, SECRETS, SERVICES, STATEFUL_SETS, STORAGE_CLASSES, VOLUMES,
};
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
    /// None for an operation that is not built yet.
    pub built: Option<Built>,
}

/// What a built operation adds to its row.
#[derive(Debug, Clone, Copy)]
pub struct Built {
    run: fn(&Arguments<'_>) -> Result<Outcome, Failure>,
    members: fn(&mut Row<'_>),
}

impl Entry {
    const fn new(id: &'static str, title: &'static str, trust: Trust, returns: Returns, built: Option<Built>) -> Self {
        Self {
            id,
            title,
            summary: "",
            category: "core",
            trust,
            returns,
            entity: None,
            parameters: &[],
            effects: Vec::new,
            built,
        }
    }

    /// A row for an operation that reads.
    #[must_use]
    pub const fn read<O: Read>(id: &'static str, title: &'static str) -> Self {
        Self::new(id, title, Trust::Read, O::RETURNS, Some(Built { run: run_read::<O>, members: O::members }))
    }

    /// A row for an operation that writes.
    #[must_use]
    pub const fn write<O: Write>(id: &'static str, title: &'static str) -> Self {
        Self::new(id, title, Trust::Write, O::RETURNS, Some(Built { run: run_write::<O>, members: O::members }))
    }

    /// A row for an operation whose write is destructive.
    #[must_use]
    pub const fn destructive<O: Write>(id: &'static str, title: &'static str) -> Self {
        Self::new(id, title, Trust::Destructive, O::RETURNS, Some(Built { run: run_write::<O>, members: O::members }))
    }

    /// A row for an operation that is not built yet.
    const fn declared(id: &'static str, title: &'static str, trust: Trust, returns: Returns) -> Self {
        Self::new(id, title, trust, returns, None)
    }

    const fn list(id: &'static str, title: &'static str) -> Self {
        Self::declared(id, title, Trust::Read, Returns::List)
    }

    const fn object(id: &'static str, title: &'static str) -> Self {
        Self::declared(id, title, Trust::Read, Returns::Object)
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
    Entry::object("describe_pod", "Describe Pod").of("Pod").takes(NAMESPACED_GET).does(describe::describe_pod_effects),
    Entry::destructive::<DeletePod>("delete_pod", "Delete Pod")
        .summary("Ends the very pod that was read; whether something makes another is told")
        .takes(&[NAME, NAMESPACE, GRACE, PRECONDITION_UID]).does(delete_pod::effects),
    Entry::read::<List<Node>>("list_nodes", "List Nodes").of("Node")
        .summary("Nodes with status, roles, addresses, taints, conditions, capacity and what runs them")
        .takes(CLUSTER_LIST).does(|| list(&NODES, &[LABELS])),
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
        .takes(CLUSTER_LIST).does(|| list(&NAMESPACES, &[LABELS])),
    Entry::read::<Get<Namespace>>("get_namespace", "Get Namespace").of("Namespace")
        .summary("One namespace with phase, finalizers and conditions")
        .takes(CLUSTER_GET).does(|| get(&NAMESPACES)),
    Entry::list("list_configmaps", "List ConfigMaps").of("ConfigMap").takes(NAMESPACED_LIST).does(|| list(&CONFIG_MAPS, &[LABELS])),
    Entry::object("get_configmap", "Get ConfigMap").of("ConfigMap").takes(NAMESPACED_GET).does(|| get(&CONFIG_MAPS)),
    Entry::list("list_secrets", "List Secrets").of("Secret").takes(NAMESPACED_LIST).does(|| list(&SECRETS, &[LABELS])),
    Entry::object("get_secret", "Get Secret").of("Secret").takes(&[NAME, NAMESPACE, DECODE]).does(describe::get_secret_effects),

    Entry::read::<List<Deployment>>("list_deployments", "List Deployments").workloads().of("Deployment")
        .summary("Deployments with wanted, ready and available replicas, images and conditions")
        .takes(NAMESPACED_LIST).does(|| list(&DEPLOYMENTS, &[LABELS])),
    Entry::object("get_deployment", "Get Deployment").workloads().of("Deployment").takes(NAMESPACED_GET).does(|| get(&DEPLOYMENTS)),
    Entry::write::<ScaleDeployment>("scale_deployment", "Scale Deployment").workloads()
        .summary("Sets how many pods a Deployment shall have; 0 ends them all")
        .takes(SCALE).does(scale::deployment_effects),
    Entry::declared("restart_deployment", "Restart Deployment", Trust::Write, Returns::Object).workloads()
        .takes(NAMESPACED_GET).does(restart::effects),
    Entry::list("list_replicasets", "List ReplicaSets").workloads().of("ReplicaSet").takes(NAMESPACED_LIST).does(|| list(&REPLICA_SETS, &[LABELS])),
    Entry::object("get_replicaset", "Get ReplicaSet").workloads().of("ReplicaSet").takes(NAMESPACED_GET).does(|| get(&REPLICA_SETS)),
    Entry::list("list_statefulsets", "List StatefulSets").workloads().of("StatefulSet").takes(NAMESPACED_LIST).does(|| list(&STATEFUL_SETS, &[LABELS])),
    Entry::object("get_statefulset", "Get StatefulSet").workloads().of("StatefulSet").takes(NAMESPACED_GET).does(|| get(&STATEFUL_SETS)),
    Entry::declared("scale_statefulset", "Scale StatefulSet", Trust::Write, Returns::Object).workloads()
        .takes(SCALE).does(scale::stateful_set_effects),
    Entry::list("list_daemonsets", "List DaemonSets").workloads().of("DaemonSet").takes(NAMESPACED_LIST).does(|| list(&DAEMON_SETS, &[LABELS])),
    Entry::object("get_daemonset", "Get DaemonSet").workloads().of("DaemonSet").takes(NAMESPACED_GET).does(|| get(&DAEMON_SETS)),
    Entry::list("list_jobs", "List Jobs").workloads().of("Job").takes(NAMESPACED_LIST).does(|| list(&JOBS, &[LABELS])),
    Entry::object("get_job", "Get Job").workloads().of("Job").takes(NAMESPACED_GET).does(|| get(&JOBS)),
    Entry::list("list_cronjobs", "List CronJobs").workloads().of("CronJob").takes(NAMESPACED_LIST).does(|| list(&CRON_JOBS, &[LABELS])),
    Entry::object("get_cronjob", "Get CronJob").workloads().of("CronJob").takes(NAMESPACED_GET).does(|| get(&CRON_JOBS)),

    Entry::read::<List<Service>>("list_services", "List Services").networking().of("Service")
        .summary("Services with type, addresses, ports, selector and load balancers")
        .takes(NAMESPACED_LIST).does(|| list(&SERVICES, &[LABELS])),
    Entry::object("get_service", "Get Service").networking().of("Service").takes(NAMESPACED_GET).does(|| get(&SERVICES)),
    Entry::list("list_ingresses", "List Ingresses").networking().of("Ingress").takes(NAMESPACED_LIST).does(|| list(&INGRESSES, &[LABELS])),
    Entry::object("get_ingress", "Get Ingress").networking().of("Ingress").takes(NAMESPACED_GET).does(|| get(&INGRESSES)),
    Entry::read::<ListEndpoints>("list_endpoints", "List Endpoints").networking().of("Endpoints")
        .summary("What stands behind each Service: how many addresses are ready, and which")
        .takes(NAMESPACED_LIST).does(describe::list_endpoints_effects),
    Entry::object("get_endpoints", "Get Endpoints").networking().of("Endpoints").takes(NAMESPACED_GET).does(describe::get_endpoints_effects),
    Entry::list("list_network_policies", "List Network Policies").networking().of("NetworkPolicy").takes(NAMESPACED_LIST).does(|| list(&NETWORK_POLICIES, &[LABELS])),
    Entry::object("get_network_policy", "Get Network Policy").networking().of("NetworkPolicy").takes(NAMESPACED_GET).does(|| get(&NETWORK_POLICIES)),

    Entry::read::<List<Claim>>("list_pvcs", "List Persistent Volume Claims").storage().of("PersistentVolumeClaim")
        .summary("Claims with phase, volume, class, size and conditions")
        .takes(NAMESPACED_LIST).does(|| list(&CLAIMS, &[LABELS])),
    Entry::object("get_pvc", "Get Persistent Volume Claim").storage().of("PersistentVolumeClaim").takes(NAMESPACED_GET).does(describe::get_claim_effects),
    Entry::list("list_pvs", "List Persistent Volumes").storage().of("PersistentVolume").takes(CLUSTER_LIST).does(|| list(&VOLUMES, &[LABELS])),
    Entry::object("get_pv", "Get Persistent Volume").storage().of("PersistentVolume").takes(CLUSTER_GET).does(|| get(&VOLUMES)),
    Entry::list("list_storageclasses", "List Storage Classes").storage().of("StorageClass").takes(CLUSTER_LIST).does(|| list(&STORAGE_CLASSES, &[LABELS])),
    Entry::object("get_storageclass", "Get Storage Class").storage().of("StorageClass").takes(CLUSTER_GET).does(|| get(&STORAGE_CLASSES)),

    Entry::read::<ListEvents>("list_events", "List Events").events().of("Event")
        .summary("The newest events, newest first, of a namespace or of all")
        .takes(&[LIST_NAMESPACE, FIELD_SELECTOR, NEWEST, SINCE_SECONDS]).does(events::list_effects),
    Entry::list("get_events_for_resource", "Get Events for Resource").events().of("Event")
        .takes(&[NAME, EVENT_NAMESPACE, EVENT_KIND, EVENT_UID, NEWEST]).does(events::of_object_effects),
    Entry::read::<DescribeDeployment>("describe_deployment", "Describe Deployment").events().of("Deployment")
        .summary("A Deployment with its ReplicaSets, its pods, those of them that are not well, and what happened to any of them")
        .takes(NAMESPACED_GET).does(describe::describe_deployment_effects),
    Entry::object("describe_service", "Describe Service").events().of("Service")
        .takes(NAMESPACED_GET).does(describe::describe_service_effects),
];
