//! Nodes: every field is what kubectl reads, the columns are what it prints, names may be loose, and what a node uses is told where that is known.

use crate::embedded::Caller;
use crate::lists::selected_by_kubectl;
use crate::objects::{SOON, kubectl_columns};
use crate::servers::has_no_kubectl;
use crate::shapes;
use meho_control_plane::{Cluster, Namespace, NodeByHand, until};
use meho_host::error::ErrorCode;
use serde_json::{Value, json};

both![
    every_field_of_a_node_is_what_kubectl_reads,
    status_and_roles_of_a_node_are_what_kubectl_prints,
    what_the_contract_adds_to_a_node_is_there,
    nodes_are_listed_in_pages_as_the_caller_says,
    a_nodes_name_is_exact_or_the_only_one_that_begins_so,
    what_a_node_uses_is_told_where_the_metrics_api_knows_it,
];

/// The label by which a test finds its own nodes.
const OWNER: &str = "meho.dev/owner";

/// A condition of a node.
fn condition(kind: &str, status: &str) -> Value {
    json!({
        "type": kind, "status": status, "reason": format!("{kind}Is{status}"), "message": "by hand",
        "lastHeartbeatTime": "2026-01-02T03:04:05Z", "lastTransitionTime": "2026-01-01T00:00:00Z",
    })
}

/// A node with as much in it as can be, one that is down, one that is lost, one that nobody has heard of yet, one that is of one family only.
fn populate(cluster: &Cluster, owner: &Namespace) -> Vec<NodeByHand> {
    let name = |name: &str| format!("{owner}-{name}");
    let labels = |more: Value| {
        let mut labels = json!({OWNER: owner.name()});
        labels.as_object_mut().expect("members").extend(more.as_object().expect("members").clone());
        labels
    };
    let roles = json!({
        "node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/control-plane": "", "kubernetes.io/role": "edge",
    });
    let rich = json!({
        "metadata": {"name": name("rich"), "labels": labels(roles), "annotations": {"note": "ünïcode"}},
        "spec": {
            "unschedulable": true, "providerID": "aws:///eu-central-1a/i-0abc", "podCIDR": "10.77.1.0/24", "podCIDRs": ["10.77.1.0/24", "fd00:77::/64"],
            "taints": [{"key": "dedicated", "value": "db", "effect": "PreferNoSchedule"}],
        },
        "status": {
            "capacity": {"cpu": "3920m", "memory": "16Gi", "pods": "110"}, "allocatable": {"cpu": "3500m", "memory": "15Gi", "pods": "110"},
            "addresses": [
                {"type": "Hostname", "address": "rich"}, {"type": "InternalIP", "address": "192.0.2.7"},
                {"type": "InternalIP", "address": "2001:db8::7"}, {"type": "ExternalIP", "address": "198.51.100.7"},
            ],
            "conditions": [condition("MemoryPressure", "True"), condition("DiskPressure", "False"), condition("Ready", "True")],
            "nodeInfo": {
                "machineID": "m", "systemUUID": "s", "bootID": "b", "kernelVersion": "6.1", "osImage": "Linux", "kubeProxyVersion": "",
                "containerRuntimeVersion": "containerd://2.0", "kubeletVersion": "v1.36.1", "operatingSystem": "linux", "architecture": "arm64",
            },
        },
    });
    let with_ready = |at: &str, status: &str| json!({"metadata": {"name": name(at), "labels": labels(json!({}))}, "status": {"conditions": [condition("Ready", status)]}});
    let bare = json!({"metadata": {"name": name("bare"), "labels": labels(json!({}))}});
    let nodes = [rich, with_ready("down", "False"), with_ready("lost", "Unknown"), bare, with_ready("up", "True")];
    nodes.into_iter().map(|node| cluster.node_by_hand(node).expect("a node")).collect()
}

/// What is read while nobody changes it: controllers put taints on new nodes.
fn meanwhile<T>(read: impl Fn() -> Vec<Value>, ask: impl Fn() -> T) -> (Vec<Value>, T) {
    let both = || {
        let before = read();
        let got = ask();
        (before == read()).then_some((before, got))
    };
    until(SOON, both).expect("nodes that are left alone for a moment")
}

fn named(rows: &Value, name: &str) -> Value {
    rows.as_array().expect("rows").iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name}")).clone()
}

fn every_field_of_a_node_is_what_kubectl_reads(cluster: &Cluster) {
    if has_no_kubectl(cluster) {
        return;
    }
    let owner = cluster.namespace().expect("a namespace");
    let _nodes = populate(cluster, &owner);
    let caller = Caller::admin(cluster);
    let selector = format!("{OWNER}={owner}");
    let (objects, rows) = meanwhile(
        || selected_by_kubectl(cluster, &["nodes", "-l", &selector]),
        || caller.data("list_nodes", json!({"label_selector": selector})),
    );
    let fields = shapes::shape("Node");
    // One address for each type is not a path.
    let fields: Vec<Value> = fields.into_iter().filter(|field| field["name"] != "addresses").collect();
    let rows = rows.as_array().expect("rows");
    assert_eq!((rows.len(), objects.len()), (5, 5));
    for (row, object) in rows.iter().zip(&objects) {
        let problems = shapes::check(&fields, row, object);
        assert!(problems.is_empty(), "{problems:#?} in {row:#}");
        // One node alone says the same, and more.
        let (alone, _) = caller.answer("get_node", json!({"name": row["name"]}));
        let same = row.as_object().expect("members").iter().filter(|(member, _)| *member != "taints");
        same.for_each(|(member, value)| assert_eq!(&alone[member], value, "{member} of {}", row["name"]));
    }
}

fn status_and_roles_of_a_node_are_what_kubectl_prints(cluster: &Cluster) {
    if has_no_kubectl(cluster) {
        return;
    }
    let owner = cluster.namespace().expect("a namespace");
    let _nodes = populate(cluster, &owner);
    let selector = format!("{OWNER}={owner}");
    let rows = Caller::admin(cluster).data("list_nodes", json!({"label_selector": selector}));
    let printed = kubectl_columns(cluster, &["get", "nodes", "-l", &selector]);
    let printed: Vec<_> = printed.into_iter().map(|columns| columns[..3].to_vec()).collect();
    let text = |row: &Value, member: &str| row[member].as_str().unwrap_or_default().to_owned();
    let roles = |row: &Value| {
        let roles: Vec<&str> = row["roles"].as_array().expect("roles").iter().filter_map(Value::as_str).collect();
        if roles.is_empty() { "<none>".to_owned() } else { roles.join(",") }
    };
    let shown: Vec<_> = rows
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| vec![text(row, "name"), text(row, "status"), roles(row)])
        .collect();
    assert_eq!(shown, printed);
    let statuses: Vec<&str> = printed.iter().map(|columns| columns[1].as_str()).collect();
    assert_eq!(statuses, ["Unknown", "NotReady", "NotReady", "Ready,SchedulingDisabled", "Ready"]);
}

fn what_the_contract_adds_to_a_node_is_there(cluster: &Cluster) {
    let owner = cluster.namespace().expect("a namespace");
    let _nodes = populate(cluster, &owner);
    let rows = Caller::admin(cluster).data("list_nodes", json!({"label_selector": format!("{OWNER}={owner}")}));
    let rich = named(&rows, &format!("{owner}-rich"));
    let expected = json!({
        "addresses": {"Hostname": "rich", "InternalIP": "192.0.2.7", "ExternalIP": "198.51.100.7"},
        "addresses_list": [
            {"type": "Hostname", "address": "rich"}, {"type": "InternalIP", "address": "192.0.2.7"},
            {"type": "InternalIP", "address": "2001:db8::7"}, {"type": "ExternalIP", "address": "198.51.100.7"},
        ],
        "internal_ip": "192.0.2.7", "provider_id": "aws:///eu-central-1a/i-0abc", "pod_cidrs": ["10.77.1.0/24", "fd00:77::/64"],
        "pressures": ["MemoryPressure"], "kubelet_version": "v1.36.1", "container_runtime": "containerd://2.0",
        "roles": ["control-plane", "edge", "worker"], "deletion_timestamp": null, "owner_references": [],
    });
    for (member, value) in expected.as_object().expect("members") {
        assert_eq!(&rich[member], value, "{member}");
    }
    let bare = named(&rows, &format!("{owner}-bare"));
    let nothing = json!({
        "addresses": {}, "addresses_list": [], "internal_ip": null, "provider_id": null, "pressures": [], "kubelet_version": null,
        "container_runtime": null, "roles": [], "conditions": [],
    });
    for (member, value) in nothing.as_object().expect("members") {
        assert_eq!(&bare[member], value, "{member}");
    }
}

fn nodes_are_listed_in_pages_as_the_caller_says(cluster: &Cluster) {
    let owner = cluster.namespace().expect("a namespace");
    let _nodes = populate(cluster, &owner);
    let caller = Caller::admin(cluster);
    let mut names = Vec::new();
    let mut token = Value::Null;
    for expected in [2, 2, 1] {
        let arguments = json!({"label_selector": format!("{OWNER}={owner}"), "limit": 2, "continue": token});
        let (rows, meta) = caller.answer("list_nodes", arguments);
        let page: Vec<Value> = rows.as_array().expect("rows").iter().map(|row| row["name"].clone()).collect();
        assert_eq!(page.len(), expected);
        names.extend(page);
        token = json!(meta.token);
    }
    assert_eq!(token, Value::Null);
    assert_eq!(names, ["bare", "down", "lost", "rich", "up"].map(|name| json!(format!("{owner}-{name}"))));
}

fn a_nodes_name_is_exact_or_the_only_one_that_begins_so(cluster: &Cluster) {
    let owner = cluster.namespace().expect("a namespace");
    let _nodes = populate(cluster, &owner);
    let caller = Caller::admin(cluster);
    let name = |name: &str| json!({"name": format!("{owner}-{name}")});
    for asked in ["rich", "ri"] {
        let (node, _) = caller.answer("get_node", name(asked));
        assert_eq!(node["name"], format!("{owner}-rich"));
    }
    let several = caller.refused(ErrorCode::InvalidRequest, "get_node", json!({"name": owner.name()}));
    assert_eq!(several.details["argument"], "name");
    assert_eq!(
        several.details["candidates"],
        json!(["bare", "down", "lost", "rich", "up"].map(|it| format!("{owner}-{it}")))
    );
    let missing = caller.refused(ErrorCode::NotFound, "get_node", name("bore"));
    assert_eq!(missing.details["near"][0], format!("{owner}-bare"));
}

fn what_a_node_uses_is_told_where_the_metrics_api_knows_it(cluster: &Cluster) {
    let owner = cluster.namespace().expect("a namespace");
    let _nodes = populate(cluster, &owner);
    let caller = Caller::admin(cluster);
    cluster.node_uses(&format!("{owner}-up"), &json!({"cpu": "137m", "memory": "1024Ki"})).expect("metrics");
    let node = caller.data("get_node", json!({"name": format!("{owner}-up")}));
    assert_eq!(node["usage"], json!({"cpu": "137m", "memory": "1024Ki"}));
    assert_eq!((&node["usage_time"], &node["usage_window"]), (&json!("2026-01-02T03:04:05+00:00"), &json!("10.5s")));

    // Of another node it knows nothing yet, which is no failure.
    let (node, meta) = caller.answer("get_node", json!({"name": format!("{owner}-down")}));
    assert_eq!((&node["usage"], &node["usage_time"]), (&json!({}), &Value::Null));
    assert!(meta.complete, "{meta:?}");
    assert!(matches!(&meta.warnings[..], [one] if one.starts_with("what the node uses is not known: ")), "{meta:?}");
}
