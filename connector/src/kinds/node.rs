//! Nodes, and what the metrics API says of them.

use crate::column::{Column, EXTRA, NAME, age, column};
use crate::kind::Kind;
use crate::metadata::{METADATA, cluster_head};
use crate::node::Shape::{Flag, List, Object, Pairs, Text};
use crate::node::{Node as Json, Shape};
use crate::resource::{CORE, Resource};
use crate::row::Row;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Nodes.
pub struct Node;

/// The rest of such a label's key is a role.
const ROLE_PREFIX: &str = "node-role.kubernetes.io/";
/// The value of this label is a role.
const ROLE: &str = "kubernetes.io/role";

const CONDITIONS: Shape = List(&Object(&[
    ("type", Text),
    ("status", Text),
    ("reason", Text),
    ("message", Text),
    ("lastHeartbeatTime", Text),
    ("lastTransitionTime", Text),
]));

/// Members of `nodeInfo`, and how rows name them.
const INFO: [(&str, &str); 10] = [
    ("machineID", "machine_id"),
    ("systemUUID", "system_uuid"),
    ("bootID", "boot_id"),
    ("kernelVersion", "kernel_version"),
    ("osImage", "os_image"),
    ("containerRuntimeVersion", "container_runtime_version"),
    ("kubeletVersion", "kubelet_version"),
    ("kubeProxyVersion", "kube_proxy_version"),
    ("operatingSystem", "operating_system"),
    ("architecture", "architecture"),
];

const INFO_SHAPE: Shape = Object(&[
    ("machineID", Text),
    ("systemUUID", Text),
    ("bootID", Text),
    ("kernelVersion", Text),
    ("osImage", Text),
    ("containerRuntimeVersion", Text),
    ("kubeletVersion", Text),
    ("kubeProxyVersion", Text),
    ("operatingSystem", Text),
    ("architecture", Text),
]);

/// Where they are kept.
pub(crate) const NODES: Resource = Resource::cluster("Node", CORE, "nodes").found().told_by_uid();

impl Kind for Node {
    const RESOURCE: Resource = NODES;
    const SHAPE: &'static Shape = &Object(&[
        ("metadata", METADATA),
        (
            "spec",
            Object(&[
                ("unschedulable", Flag),
                ("providerID", Text),
                ("podCIDR", Text),
                ("podCIDRs", List(&Text)),
                ("taints", List(&Object(&[("key", Text), ("value", Text), ("effect", Text)]))),
            ]),
        ),
        (
            "status",
            Object(&[
                ("addresses", List(&Object(&[("type", Text), ("address", Text)]))),
                ("capacity", Pairs),
                ("allocatable", Pairs),
                ("conditions", CONDITIONS),
                ("nodeInfo", INFO_SHAPE),
            ]),
        ),
    ]);
    const COLUMNS: &'static [Column] = &[
        NAME,
        column("STATUS", 1, &["status"]).shown("state"),
        column("ROLES", 3, &["roles"]).cut("word"),
        age(2),
        column("VERSION", 4, &["kubelet_version"]),
        column("INTERNAL-IP", EXTRA, &["internal_ip"]),
        column("OS-IMAGE", EXTRA + 2, &["node_info.os_image"]).cut("list"),
        column("CONTAINER-RUNTIME", EXTRA + 1, &["container_runtime"]).cut("list"),
    ];

    fn row(node: &Json<'_>, row: &mut Row<'_>) {
        let (metadata, spec, status) = (node.part("metadata"), node.part("spec"), node.part("status"));
        let info = status.part("nodeInfo");
        cluster_head(row, &metadata);
        row.text("status", &status_column(node));
        let roles = roles(&metadata);
        row.texts("roles", roles.iter().copied());
        row.flag("unschedulable", spec.is("unschedulable"));
        row.texts("pressures", pressures(&status));
        row.list("taints", spec.member("taints"), |row, taint| {
            row.text("key", taint.text("key").unwrap_or_default());
            row.text_or_null("value", taint.filled("value"));
            row.text("effect", taint.text("effect").unwrap_or_default());
        });
        let addresses = first_of_each_type(status.items("addresses"));
        row.pairs("addresses", addresses.iter());
        row.list("addresses_list", status.member("addresses"), |row, address| {
            row.text("type", address.text("type").unwrap_or_default());
            row.text("address", address.text("address").unwrap_or_default());
        });
        let internal = addresses.iter().find(|(kind, _)| kind == "InternalIP").map(|(_, address)| &**address);
        row.text_or_null("internal_ip", internal);
        row.text_or_null("provider_id", spec.filled("providerID"));
        // The older member says the first of them only.
        let ranges = spec.items("podCIDRs").iter().filter_map(Json::as_text);
        let older = spec.filled("podCIDR").filter(|_| spec.items("podCIDRs").is_empty());
        row.texts("pod_cidrs", ranges.chain(older));
        row.pairs("capacity", status.pairs("capacity").iter());
        row.pairs("allocatable", status.pairs("allocatable").iter());
        row.list("conditions", status.member("conditions"), |row, condition| {
            row.text("type", condition.text("type").unwrap_or_default());
            row.text("status", condition.text("status").unwrap_or_default());
            row.text_or_null("reason", condition.filled("reason"));
            row.untrusted("message", condition.filled("message"));
            row.time("last_heartbeat_time", condition.text("lastHeartbeatTime"));
            row.time("last_transition_time", condition.text("lastTransitionTime"));
        });
        row.object("node_info", |row| {
            for (member, name) in INFO {
                row.text_or_null(name, info.filled(member));
            }
        });
        row.text_or_null("kubelet_version", info.filled("kubeletVersion"));
        row.text_or_null("container_runtime", info.filled("containerRuntimeVersion"));
    }
}

/// The column STATUS of `kubectl get nodes`: whether it is ready, where it says so, and whether it takes pods.
fn status_column(node: &Json<'_>) -> String {
    let (spec, status) = (node.part("spec"), node.part("status"));
    let ready = status.items("conditions").iter().rfind(|condition| condition.text("type") == Some("Ready"));
    let mut column = match ready.map(|condition| condition.text("status")) {
        Some(Some("True")) => "Ready".to_owned(),
        Some(_) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    };
    if spec.is("unschedulable") {
        column.push_str(",SchedulingDisabled");
    }
    column
}

/// The column ROLES of `kubectl get nodes`.
fn roles<'m>(metadata: &'m Json<'_>) -> BTreeSet<&'m str> {
    let role = |(key, value): &'m (Cow<'_, str>, Cow<'_, str>)| match key.strip_prefix(ROLE_PREFIX) {
        Some(role) => Some(role),
        None => (key == ROLE).then_some(&**value),
    };
    metadata.pairs("labels").iter().filter_map(role).filter(|role| !role.is_empty()).collect()
}

/// What a node has too little of: conditions that are bad where they are true.
fn pressures<'s>(status: &'s Json<'_>) -> impl Iterator<Item = &'s str> {
    let bad = status.items("conditions").iter().filter(|condition| condition.text("status") == Some("True"));
    bad.filter_map(|condition| condition.text("type")).filter(|kind| kind.ends_with("Pressure"))
}

/// One address of each type: the first, which is the one that kubectl shows. There may be several, of two families for one.
fn first_of_each_type<'n>(addresses: &'n [Json<'_>]) -> Vec<(Cow<'n, str>, Cow<'n, str>)> {
    let mut first: Vec<(Cow<'n, str>, Cow<'n, str>)> = Vec::new();
    for address in addresses {
        let (Some(kind), Some(address)) = (address.filled("type"), address.filled("address")) else { continue };
        if !first.iter().any(|(known, _)| known == kind) {
            first.push((kind.into(), address.into()));
        }
    }
    first
}

/// What is read of a node's metrics.
pub(crate) const METRICS: &Shape = &Object(&[("timestamp", Text), ("window", Text), ("usage", Pairs)]);

/// What a node uses, shown beside it: quantities as the metrics API gives them.
pub(crate) fn usage(metrics: &Json<'_>, row: &mut Row<'_>) {
    row.pairs("usage", metrics.pairs("usage").iter());
    row.time("usage_time", metrics.text("timestamp"));
    row.text_or_null("usage_window", metrics.filled("window"));
}
