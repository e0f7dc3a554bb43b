//! Namespaces: every field is what kubectl reads, one that is held in its end says by what, and names may be loose.

use crate::embedded::Caller;
use crate::lists::{check_rows, selected_by_kubectl};
use crate::objects::SOON;
use crate::servers::has_no_kubectl;
use meho_control_plane::{Cluster, Namespace, Patch};
use meho_host::error::ErrorCode;
use serde_json::{Value, json};

both![
    every_field_of_a_namespace_is_what_kubectl_reads_even_of_one_that_cannot_go,
    a_namespaces_name_is_exact_or_the_only_one_that_begins_so,
];

/// Has a namespace deleted while something in it must not go. Gives the path of what holds it.
fn hold(cluster: &Cluster, namespace: &Namespace) -> String {
    let held = json!({"metadata": {"name": "held", "finalizers": ["example.com/hold"]}});
    cluster.admin().post(&namespace.path("configmaps"), &held).expect("a ConfigMap");
    let path = format!("/api/v1/namespaces/{namespace}");
    cluster.admin().delete(&path).expect("it is being deleted");
    let is_held = |it: &Value| {
        let conditions = it["status"]["conditions"].as_array().map_or(&[][..], Vec::as_slice);
        conditions.iter().any(|it| it["type"] == "NamespaceFinalizersRemaining" && it["status"] == "True")
    };
    cluster.admin().wait_for(&path, SOON, is_held).expect("a namespace that cannot go");
    namespace.path("configmaps/held")
}

fn every_field_of_a_namespace_is_what_kubectl_reads_even_of_one_that_cannot_go(cluster: &Cluster) {
    if has_no_kubectl(cluster) {
        return;
    }
    let (one, held) = (cluster.namespace().expect("one"), cluster.namespace().expect("another"));
    let held_by = hold(cluster, &held);
    let caller = Caller::admin(cluster);
    let selector = format!("kubernetes.io/metadata.name in ({one},{held})");
    let rows = caller.data("list_namespaces", json!({"label_selector": selector}));
    check_rows("Namespace", &rows, &selected_by_kubectl(cluster, &["namespaces", "-l", &selector]));
    for row in rows.as_array().expect("rows") {
        assert_eq!(&caller.data("get_namespace", json!({"name": row["name"]})), row);
    }

    let alone = caller.data("get_namespace", json!({"name": held.name()}));
    assert_eq!((&alone["phase"], &alone["finalizers"]), (&json!("Terminating"), &json!(["kubernetes"])));
    assert!(alone["deletion_timestamp"].is_string(), "{alone}");
    let conditions = alone["conditions"].as_array().expect("conditions");
    let why = conditions.iter().find(|it| it["type"] == "NamespaceFinalizersRemaining").expect("the reason");
    assert!(why["message"].as_str().is_some_and(|words| words.contains("example.com/hold")), "{why}");
    let alone = caller.data("get_namespace", json!({"name": one.name()}));
    assert_eq!((&alone["phase"], &alone["deletion_timestamp"]), (&json!("Active"), &Value::Null));
    let free = json!({"metadata": {"finalizers": null}});
    cluster.admin().patch(&held_by, Patch::Merge, &free).expect("nothing holds it any more");
}

fn a_namespaces_name_is_exact_or_the_only_one_that_begins_so(cluster: &Cluster) {
    let caller = Caller::admin(cluster);
    assert_eq!(caller.data("get_namespace", json!({"name": "kube-system"}))["name"], "kube-system");
    for (asked, found) in [("kube-sys", "kube-system"), ("kube-node", "kube-node-lease")] {
        assert_eq!(caller.data_of_loose("get_namespace", json!({"name": asked}), found)["name"], found);
    }
    let several = caller.refused(ErrorCode::InvalidRequest, "get_namespace", json!({"name": "kube"}));
    assert_eq!(several.details["candidates"], json!(["kube-node-lease", "kube-public", "kube-system"]));
    let missing = caller.refused(ErrorCode::NotFound, "get_namespace", json!({"name": "kube-sistem"}));
    assert_eq!(missing.details["near"], json!(["kube-system"]));
}
