//! The columns of each list, and how their texts follow from a row.

use super::text::{
    NONE, UNKNOWN, UNSET, access_modes, age, at_most_three, balancer, between, count, joined, labels, or, selector,
    text, texts,
};
use serde_json::Value;
use std::time::SystemTime;

/// How a column's text is made of a row.
#[derive(Clone, Copy)]
pub(super) enum Made {
    By(fn(&Value) -> String),
    /// What the server has begins so, and has something more in brackets or behind a comma.
    Begins(fn(&Value) -> String),
    /// It follows from what time it is, too.
    Since(fn(&Value, SystemTime) -> String),
    /// Rows do not answer it, for this reason.
    Not(#[expect(dead_code, reason = "it is for readers")] &'static str),
}

use Made::{Begins, By, Not, Since};

type Columns = &'static [(&'static str, Made)];

const NAME: (&str, Made) = ("Name", By(|row| text(row, "/name")));
const AGE: (&str, Made) = ("Age", Since(|row, now| age(row, "/created", now)));
const IMAGES: (&str, Made) = ("Images", By(|row| joined(&texts(row, "/images"), NONE)));
const SELECTOR: (&str, Made) = ("Selector", By(|row| selector(row, "/selector", "/selector_expressions")));
const CONTAINERS: (&str, Made) = ("Containers", Not("a list says which images run; the names are in the pods' rows"));
const ATTRIBUTES: &str = "VolumeAttributesClass";

/// The columns of a list; none where nobody has written them down.
pub(super) fn of(operation: &str) -> Option<Columns> {
    Some(match operation {
        "list_pods" => PODS,
        "list_nodes" => NODES,
        "list_namespaces" => NAMESPACES,
        "list_configmaps" => CONFIG_MAPS,
        "list_secrets" => SECRETS,
        "list_deployments" => DEPLOYMENTS,
        "list_replicasets" => REPLICA_SETS,
        "list_statefulsets" => STATEFUL_SETS,
        "list_daemonsets" => DAEMON_SETS,
        "list_jobs" => JOBS,
        "list_cronjobs" => CRON_JOBS,
        "list_services" => SERVICES,
        "list_ingresses" => INGRESSES,
        "list_endpoints" => ENDPOINTS,
        "list_network_policies" => NETWORK_POLICIES,
        "list_pvcs" => CLAIMS,
        "list_pvs" => VOLUMES,
        "list_storageclasses" => STORAGE_CLASSES,
        "list_events" => EVENTS,
        _ => return None,
    })
}

const PODS: Columns = &[
    NAME,
    ("Ready", By(|row| text(row, "/ready"))),
    ("Status", By(|row| text(row, "/status"))),
    // `7 (3h ago)` says when the last of them was, too.
    ("Restarts", Begins(|row| text(row, "/restarts"))),
    AGE,
    ("IP", By(|row| or(row, "/pod_ip", NONE))),
    ("Node", By(|row| or(row, "/node_name", NONE))),
    ("Nominated Node", Not("only a scheduler that preempts fills it, for the moment until the pod has its node")),
    ("Readiness Gates", Not("what they have come to is among the conditions")),
];

const NODES: Columns = &[
    NAME,
    ("Status", By(|row| text(row, "/status"))),
    ("Roles", By(|row| joined(&texts(row, "/roles"), NONE))),
    AGE,
    ("Version", By(|row| text(row, "/kubelet_version"))),
    ("Internal-IP", By(|row| or(row, "/internal_ip", NONE))),
    ("External-IP", By(|row| or(row, "/addresses/ExternalIP", NONE))),
    ("OS-Image", By(|row| or(row, "/node_info/os_image", UNKNOWN))),
    ("Kernel-Version", By(kernel)),
    ("Container-Runtime", By(|row| or(row, "/node_info/container_runtime_version", UNKNOWN))),
];

/// With the architecture that it is for.
fn kernel(row: &Value) -> String {
    let architecture = text(row, "/node_info/architecture");
    match or(row, "/node_info/kernel_version", UNKNOWN) {
        version if architecture.is_empty() => version,
        version => format!("{version} ({architecture})"),
    }
}

const NAMESPACES: Columns = &[NAME, ("Status", By(|row| text(row, "/phase"))), AGE];

const CONFIG_MAPS: Columns =
    &[NAME, ("Data", By(|row| (count(row, "/data") + count(row, "/binary_data_keys")).to_string())), AGE];

const SECRETS: Columns =
    &[NAME, ("Type", By(|row| text(row, "/type"))), ("Data", By(|row| count(row, "/keys").to_string())), AGE];

const DEPLOYMENTS: Columns = &[
    NAME,
    ("Ready", By(|row| format!("{}/{}", text(row, "/ready_replicas"), text(row, "/replicas")))),
    ("Up-to-date", By(|row| text(row, "/updated_replicas"))),
    ("Available", By(|row| text(row, "/available_replicas"))),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

const REPLICA_SETS: Columns = &[
    NAME,
    ("Desired", By(|row| text(row, "/replicas"))),
    ("Current", By(|row| text(row, "/status_replicas"))),
    ("Ready", By(|row| text(row, "/ready_replicas"))),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

const STATEFUL_SETS: Columns = &[
    NAME,
    ("Ready", By(|row| format!("{}/{}", text(row, "/ready_replicas"), text(row, "/replicas")))),
    AGE,
    CONTAINERS,
    IMAGES,
];

const DAEMON_SETS: Columns = &[
    NAME,
    ("Desired", By(|row| text(row, "/desired_number_scheduled"))),
    ("Current", By(|row| text(row, "/current_number_scheduled"))),
    ("Ready", By(|row| text(row, "/number_ready"))),
    ("Up-to-date", By(|row| text(row, "/updated_number_scheduled"))),
    ("Available", By(|row| text(row, "/number_available"))),
    ("Node Selector", By(|row| labels(row, "/node_selector"))),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

const JOBS: Columns = &[
    NAME,
    ("Status", By(|row| text(row, "/status"))),
    ("Completions", By(completions)),
    ("Duration", Since(lasts)),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

fn completions(row: &Value) -> String {
    let succeeded = text(row, "/succeeded");
    match (row["completions"].as_i64(), row["parallelism"].as_i64()) {
        (Some(completions), _) => format!("{succeeded}/{completions}"),
        (None, Some(parallelism)) if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        (None, _) => format!("{succeeded}/1"),
    }
}

/// Until it was over, or until now.
fn lasts(row: &Value, now: SystemTime) -> String {
    match (&row["start_time"], between(row, "/start_time", "/completion_time")) {
        (Value::Null, _) => String::new(),
        (_, Some(whole)) => whole,
        (_, None) => age(row, "/start_time", now),
    }
}

const CRON_JOBS: Columns = &[
    NAME,
    ("Schedule", By(|row| text(row, "/schedule"))),
    ("Timezone", By(|row| or(row, "/time_zone", NONE))),
    ("Suspend", By(|row| if row["suspend"] == true { "True" } else { "False" }.to_owned())),
    ("Active", By(|row| text(row, "/active_jobs"))),
    ("Last Schedule", Since(last_schedule)),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

fn last_schedule(row: &Value, now: SystemTime) -> String {
    if row["last_schedule_time"].is_null() { NONE.to_owned() } else { age(row, "/last_schedule_time", now) }
}

const SERVICES: Columns = &[
    NAME,
    ("Type", By(|row| text(row, "/type"))),
    ("Cluster-IP", By(|row| or(row, "/cluster_ip", NONE))),
    ("External-IP", By(external_ip)),
    ("Port(s)", By(|row| joined(&ports(row), NONE))),
    AGE,
    ("Selector", By(|row| labels(row, "/selector"))),
];

fn external_ip(row: &Value) -> String {
    let own = texts(row, "/external_ips");
    match text(row, "/type").as_str() {
        "ExternalName" => text(row, "/external_name"),
        "LoadBalancer" => joined(&[balancer(row), own].concat(), "<pending>"),
        _ => joined(&own, NONE),
    }
}

fn ports(row: &Value) -> Vec<String> {
    let port = |port: &Value| match port["node_port"].as_i64() {
        Some(of_node) => format!("{}:{of_node}/{}", text(port, "/port"), text(port, "/protocol")),
        None => format!("{}/{}", text(port, "/port"), text(port, "/protocol")),
    };
    row["ports"].as_array().into_iter().flatten().map(port).collect()
}

const INGRESSES: Columns = &[
    NAME,
    ("Class", By(|row| or(row, "/ingress_class_name", NONE))),
    ("Hosts", By(hosts)),
    ("Address", By(|row| balancer(row).join(","))),
    ("Ports", By(|row| if count(row, "/tls") == 0 { "80" } else { "80, 443" }.to_owned())),
    AGE,
];

/// The first three hosts of rules; how many more there are the server counts by rules, whether they have one or not.
fn hosts(row: &Value) -> String {
    let rules = row["rules"].as_array().map_or(&[][..], Vec::as_slice);
    let (mut shown, mut more) = (Vec::new(), false);
    for rule in rules {
        more |= shown.len() == 3;
        shown.extend(Some(text(rule, "/host")).filter(|host| !more && !host.is_empty()));
    }
    match joined(&shown, "*") {
        shown if more => format!("{shown} + {} more...", rules.len() - 3),
        shown => shown,
    }
}

const ENDPOINTS: Columns = &[
    NAME,
    ("Endpoints", By(|row| at_most_three(&endpoints(row), if count(row, "/subsets") == 0 { NONE } else { "" }))),
    AGE,
];

fn endpoints(row: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for subset in row["subsets"].as_array().into_iter().flatten() {
        let addresses = || subset["addresses"].as_array().into_iter().flatten().map(|address| text(address, "/ip"));
        match subset["ports"].as_array().map_or(&[][..], Vec::as_slice) {
            [] => found.extend(addresses()),
            ports => {
                for port in ports {
                    found.extend(addresses().map(|address| match address.contains(':') {
                        true => format!("[{address}]:{}", text(port, "/port")),
                        false => format!("{address}:{}", text(port, "/port")),
                    }));
                }
            }
        }
    }
    found
}

const NETWORK_POLICIES: Columns =
    &[NAME, ("Pod-Selector", By(|row| selector(row, "/pod_selector", "/pod_selector_expressions"))), AGE];

/// How far something has come, or that it goes.
fn phase(row: &Value) -> String {
    if row["deletion_timestamp"].is_null() { text(row, "/phase") } else { "Terminating".to_owned() }
}

const CLAIMS: Columns = &[
    NAME,
    ("Status", By(phase)),
    ("Volume", By(|row| text(row, "/volume_name"))),
    ("Capacity", By(|row| of_bound(row, or(row, "/capacity/storage", "0")))),
    ("Access Modes", By(|row| of_bound(row, access_modes(row, "/actual_access_modes")))),
    ("StorageClass", By(|row| text(row, "/storage_class_name"))),
    (ATTRIBUTES, By(|row| or(row, "/volume_attributes_class_name", UNSET))),
    AGE,
    ("VolumeMode", By(|row| or(row, "/volume_mode", UNSET))),
];

/// What a claim shows of its volume only.
fn of_bound(row: &Value, shown: String) -> String {
    if row["volume_name"].is_null() { String::new() } else { shown }
}

const VOLUMES: Columns = &[
    NAME,
    ("Capacity", By(|row| text(row, "/capacity/storage"))),
    ("Access Modes", By(|row| access_modes(row, "/access_modes"))),
    ("Reclaim Policy", By(|row| text(row, "/reclaim_policy"))),
    ("Status", By(phase)),
    ("Claim", By(claim)),
    ("StorageClass", By(|row| text(row, "/storage_class_name"))),
    (ATTRIBUTES, By(|row| or(row, "/volume_attributes_class_name", UNSET))),
    ("Reason", By(|row| text(row, "/reason"))),
    AGE,
    ("VolumeMode", By(|row| or(row, "/volume_mode", UNSET))),
];

fn claim(row: &Value) -> String {
    match &row["claim_ref"] {
        Value::Null => String::new(),
        claim => format!("{}/{}", text(claim, "/namespace"), text(claim, "/name")),
    }
}

const STORAGE_CLASSES: Columns = &[
    ("Name", By(|row| text(row, "/name") + if row["is_default"] == true { " (default)" } else { "" })),
    ("Provisioner", By(|row| text(row, "/provisioner"))),
    ("ReclaimPolicy", By(|row| text(row, "/reclaim_policy"))),
    ("VolumeBindingMode", By(|row| text(row, "/volume_binding_mode"))),
    ("AllowVolumeExpansion", By(|row| (row["allow_volume_expansion"] == true).to_string())),
    AGE,
];

const EVENTS: Columns = &[
    (
        "Last Seen",
        Not("rows fall back on times that the server's column does not know; events.rs holds them against each other"),
    ),
    ("Type", By(|row| text(row, "/type"))),
    ("Reason", By(|row| text(row, "/reason"))),
    (
        "Object",
        By(|row| {
            format!("{}/{}", text(row, "/involved_object/kind").to_lowercase(), text(row, "/involved_object/name"))
        }),
    ),
    ("Subobject", Not("rows name the object; of which of its containers it is, the message says")),
    ("Source", Begins(source)),
    ("Message", By(|row| text(row, "/message").trim().to_owned())),
    ("First Seen", Not("as Last Seen")),
    ("Count", By(|row| text(row, "/count"))),
    NAME,
];

/// Behind a reporter the server has which of them it was.
fn source(row: &Value) -> String {
    let component = or(row, "/source/component", &text(row, "/reporting_component"));
    match text(row, "/source/host") {
        host if host.is_empty() => component,
        host => format!("{component}, {host}"),
    }
}
