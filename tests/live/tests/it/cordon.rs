//! `cordon_node` and `uncordon_node`: without a yes nothing changes; with one the very node that was planned, and the answer says what was before.

use crate::embedded::{Caller, YesAfter, yes};
use crate::objects::kubectl_columns;
use crate::servers::has_no_kubectl;
use crate::{program, shapes};
use meho_control_plane::{Cluster, Namespace, NodeByHand, Rule};
use meho_host::error::ErrorCode;
use meho_host::policy::plan::Digest;
use meho_host::record::{Ending, RequestRecord};
use serde_json::{Value, json};

both![
    a_node_is_cordoned_and_uncordoned_and_the_answer_says_what_was_before,
    without_a_yes_the_node_stays_as_it_is,
    a_node_that_was_replaced_after_its_plan_is_left_alone,
    only_the_exact_name_is_cordoned_and_near_ones_are_told,
    who_may_only_patch_cordons_without_knowing_what_was_before,
];

/// A node of this test's own. Its name is the namespace's.
fn node(cluster: &Cluster, namespace: &Namespace) -> NodeByHand {
    let node = json!({
        "metadata": {"name": namespace.name()},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    });
    cluster.node_by_hand(node).expect("a node")
}

#[track_caller]
fn read(cluster: &Cluster, name: &str) -> Value {
    cluster.admin().get(&format!("/api/v1/nodes/{name}")).expect("a node")
}

/// Whether new pods are kept off a node, by its object.
fn is_cordoned(node: &Value) -> bool {
    node["spec"]["unschedulable"] == true
}

fn writes(caller: &Caller) -> Vec<RequestRecord> {
    caller.requests().into_iter().filter(|request| request.method.as_str() != "GET").collect()
}

/// Calls an operation on a node and holds what it says against the node before and after.
#[track_caller]
fn check_change(cluster: &Cluster, caller: &Caller, operation: &str, name: &str, cordoned: bool) -> Vec<String> {
    let before = read(cluster, name);
    let already = writes(caller).len();
    let (data, meta) = caller.answer(operation, json!({"name": name}));
    assert!(meta.complete, "{meta:?}");
    let after = read(cluster, name);
    assert_eq!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert_eq!(is_cordoned(&after), cordoned);
    assert_eq!(shapes::check_types(&shapes::shape("NodeCordon"), &data), Vec::<String>::new());
    assert_eq!((&data["node"], &data["cordoned"]), (&json!(name), &json!(cordoned)));
    assert_eq!(data["unschedulable"], cordoned);
    assert_eq!(data["previous_unschedulable"], is_cordoned(&before));
    assert_eq!(data["uid"], before["metadata"]["uid"]);
    assert!(data["resource_version"].is_string(), "{data}");

    let writes = writes(caller);
    let [sent] = &writes[already..] else { panic!("one write: {writes:?}") };
    let body = json!({"metadata": {"uid": before["metadata"]["uid"]}, "spec": {"unschedulable": cordoned}});
    assert_eq!(sent.body, Some(Digest::of(body.to_string().as_bytes())));
    assert_eq!((sent.method.as_str(), &sent.ending), ("PATCH", &Ending::Answered(200)));
    assert_eq!(sent.path_and_query, format!("/api/v1/nodes/{name}"));
    meta.warnings
}

fn a_node_is_cordoned_and_uncordoned_and_the_answer_says_what_was_before(cluster: &Cluster) {
    if has_no_kubectl(cluster) {
        return;
    }
    let namespace = cluster.namespace().expect("a namespace");
    let _node = node(cluster, &namespace);
    let name = namespace.name();
    let caller = Caller::admin(cluster).asking(yes());
    let status = || kubectl_columns(cluster, &["get", "node", name])[0][1].clone();
    let none = Vec::<String>::new();
    assert_eq!(status(), "Ready");
    assert_eq!(check_change(cluster, &caller, "cordon_node", name, true), none);
    assert_eq!(status(), "Ready,SchedulingDisabled");
    // Again: it is asked for again, and nothing changes.
    let already = check_change(cluster, &caller, "cordon_node", name, true);
    assert_eq!(already, ["the node was cordoned already: nothing has changed"]);
    assert_eq!(check_change(cluster, &caller, "uncordon_node", name, false), none);
    assert_eq!(status(), "Ready");
    let already = check_change(cluster, &caller, "uncordon_node", name, false);
    assert_eq!(already, ["the node was not cordoned: nothing has changed"]);
    // Each was planned and executed.
    assert_eq!(caller.records().len(), 8);
}

fn without_a_yes_the_node_stays_as_it_is(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let _node = node(cluster, &namespace);
    let name = namespace.name();
    let uid = read(cluster, name)["metadata"]["uid"].clone();
    let kubeconfig = cluster.admin_kubeconfig();
    let named = format!("name={name}");
    let expected = json!({"metadata": {"uid": uid}, "spec": {"unschedulable": true}});
    let error = program::call(&kubeconfig, &["cordon_node", &named]).error(3, "APPROVAL_REQUIRED");
    let plan = &error["details"]["plan"];
    assert_eq!((&plan["trust"], &plan["request"]["body"]), (&json!("WRITE"), &expected));
    let (data, meta) = program::call(&kubeconfig, &["cordon_node", &named, "dry_run=true"]).answer();
    assert_eq!((&data["dry_run"], &data["plan"]["request"]["body"]), (&json!(true), &expected));
    assert_eq!(meta["warnings"], json!(["nothing was changed: this is what would be sent"]));
    // Nobody who says yes is asked about a dry run.
    let caller = Caller::admin(cluster).asking(yes());
    caller.answer("cordon_node", json!({"name": name, "dry_run": true}));
    assert!(writes(&caller).is_empty());
    let node = read(cluster, name);
    assert!(!is_cordoned(&node) && node["metadata"]["uid"] == uid, "{node}");
}

fn a_node_that_was_replaced_after_its_plan_is_left_alone(cluster: &Cluster) {
    let namespace = std::sync::Arc::new(cluster.namespace().expect("a namespace"));
    let _node = node(cluster, &namespace);
    let shared = namespace.clone();
    let caller = Caller::admin(cluster).asking(YesAfter(move || {
        let cluster = shared.cluster();
        cluster.admin().delete(&format!("/api/v1/nodes/{shared}")).expect("it goes");
        // The first one deletes what has its name.
        std::mem::forget(node(cluster, &shared));
    }));
    let error = caller.refused(ErrorCode::ApprovalInvalid, "cordon_node", json!({"name": namespace.name()}));
    assert!(error.message.contains("the body differs from the planned one"), "{error:?}");
    assert!(!is_cordoned(&read(cluster, namespace.name())));
    assert!(writes(&caller).is_empty());
}

fn only_the_exact_name_is_cordoned_and_near_ones_are_told(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let _node = node(cluster, &namespace);
    let name = namespace.name();
    let cut = &name[..name.len() - 1];
    let caller = Caller::admin(cluster).asking(yes());
    for operation in ["cordon_node", "uncordon_node"] {
        let missing = caller.refused(ErrorCode::NotFound, operation, json!({"name": cut}));
        let near = missing.details["near"].as_array().expect("near names");
        assert!(near.contains(&json!(name)), "{missing:?}");
    }
    assert!(writes(&caller).is_empty());
    let patcher = Rule::new("", "nodes", &["patch", "get"]);
    let user = namespace.cluster_user("patcher", &[patcher]).expect("a user");
    let missing =
        Caller::user(cluster, &user).asking(yes()).refused(ErrorCode::NotFound, "cordon_node", json!({"name": cut}));
    let hint = missing.hint;
    assert!(hint.starts_with(&format!("names like {cut} were not looked for: nodes is forbidden")), "{hint}");
}

fn who_may_only_patch_cordons_without_knowing_what_was_before(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let _node = node(cluster, &namespace);
    let name = namespace.name();
    let user = namespace.cluster_user("patcher", &[Rule::new("", "nodes", &["patch"])]).expect("a user");
    let caller = Caller::user(cluster, &user).asking(yes());
    let (data, meta) = caller.answer("cordon_node", json!({"name": name}));
    assert_eq!((&data["unschedulable"], &data["previous_unschedulable"]), (&json!(true), &Value::Null));
    assert!(is_cordoned(&read(cluster, name)));
    let lost = "whether the node was cordoned before could not be read: nodes \"";
    assert!(!meta.complete, "{meta:?}");
    assert!(matches!(&meta.warnings[..], [one] if one.starts_with(lost)), "{meta:?}");

    let reader = namespace.cluster_user("reader", &[Rule::new("", "nodes", &["get"])]).expect("a user");
    let caller = Caller::user(cluster, &reader).asking(yes());
    let denied = caller.refused(ErrorCode::PermissionDenied, "uncordon_node", json!({"name": name}));
    assert_eq!((&denied.details["verb"], &denied.details["resource"]), (&json!("patch"), &json!("nodes")));
    assert!(denied.hint.starts_with("a ClusterRole with the rule "));
    assert!(is_cordoned(&read(cluster, name)));
}
