//! Rows of pods and Deployments: every field of their shapes is what kubectl reads, and the columns of Deployments are what it prints.

use crate::embedded::Caller;
use crate::objects::{
    IMAGE, SOON, annotated_pod, containers, kubectl, kubectl_columns, nowhere, pending_pod, pod, running, still,
    still_deployment,
};
use crate::servers::has_no_kubectl;
use crate::{program, shapes};
use meho_control_plane::{Cluster, Namespace};
use serde_json::{Value, json};

both![
    every_field_of_a_pod_is_what_kubectl_reads,
    what_the_contract_adds_to_a_pod_is_there,
    the_copy_that_kubectl_keeps_of_an_object_is_dropped,
    every_field_of_a_deployment_is_what_kubectl_reads,
    list_deployments_selects_by_label_and_pages,
];

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Pods with as much in them as can be, and as little.
fn populate(namespace: &Namespace) {
    let rich = json!({
        "containers": [
            {
                "name": "app", "image": IMAGE,
                "ports": [{"containerPort": 8080, "name": "http"}, {"containerPort": 53, "protocol": "UDP"}],
                "resources": {"requests": {"cpu": "250m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
            },
            {"name": "second", "image": "registry.example.com/second@sha256:0000000000000000000000000000000000000000000000000000000000000000"},
        ],
        "initContainers": [{"name": "setup", "image": IMAGE}],
        "serviceAccountName": "default",
    });
    annotated_pod(namespace, "rich", json!({"note": "with \"quotes\", ünïcode and\na line", "empty": ""}), rich);
    running(namespace, "rich");
    pending_pod(namespace, "bare");
    let status = |name: &str, state: Value, more: Value| {
        let mut status = json!({
            "name": name, "image": "resolved", "imageID": "id", "ready": false, "restartCount": 0, "state": state, "lastState": {},
        });
        status.as_object_mut().expect("members").extend(more.as_object().cloned().unwrap_or_default());
        status
    };
    let ended = json!({"exitCode": 137, "reason": "OOMKilled", "startedAt": "2026-01-02T03:04:05Z", "finishedAt": "2026-01-02T03:05:05Z"});
    let by_hand = json!({
        "phase": "Running", "reason": "Odd", "message": "by hand", "hostIP": "192.0.2.7", "podIP": "192.0.2.8", "startTime": "2026-01-02T03:04:05Z",
        "podIPs": [{"ip": "192.0.2.8"}, {"ip": "2001:db8::8"}], "qosClass": "BestEffort",
        "conditions": [
            {"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "containers with unready status: [waits]", "lastTransitionTime": "2026-01-02T03:04:06Z"},
            {"type": "PodScheduled", "status": "True", "lastTransitionTime": null},
        ],
        "containerStatuses": [
            status("ended", json!({"terminated": ended}), json!({"restartCount": 3, "lastState": {"terminated": ended}})),
            status("waits", json!({"waiting": {"reason": "ImagePullBackOff", "message": "back-off"}}), json!({"started": false})),
            status("waits-silently", json!({"waiting": {}}), json!({})),
            status("runs", json!({"running": {"startedAt": "2026-01-02T03:04:07Z"}}), json!({"ready": true, "started": true})),
        ],
    });
    let names = ["runs", "waits", "waits-silently", "ended", "unreported"];
    namespace.pod_by_hand("by-hand", json!({"containers": containers(&names)}), &by_hand).expect("a pod");
}

/// Every object of a list, as kubectl reads it.
pub(crate) fn read_by_kubectl(cluster: &Cluster, namespace: &Namespace, resource: &str) -> Vec<Value> {
    selected_by_kubectl(cluster, &[resource, "-n", namespace.name()])
}

/// The same of any selection.
pub(crate) fn selected_by_kubectl(cluster: &Cluster, selection: &[&str]) -> Vec<Value> {
    let arguments = [&["get"], selection, &["-o", "json"]].concat();
    let list: Value = serde_json::from_str(&kubectl(cluster, &arguments)).expect("JSON");
    list["items"].as_array().expect("items").clone()
}

#[track_caller]
pub(crate) fn check_rows(shape: &str, rows: &Value, objects: &[Value]) {
    let fields = shapes::shape(shape);
    let rows = rows.as_array().expect("rows");
    assert_eq!(rows.len(), objects.len());
    for (row, object) in rows.iter().zip(objects) {
        let problems = shapes::check(&fields, row, object);
        assert!(problems.is_empty(), "{problems:#?} in {row:#}");
    }
}

fn every_field_of_a_pod_is_what_kubectl_reads(cluster: &Cluster) {
    if has_no_kubectl(cluster) {
        return;
    }
    let namespace = cluster.namespace().expect("a namespace");
    populate(&namespace);
    let (data, _) =
        program::call(&cluster.admin_kubeconfig(), &["list_pods", &format!("namespace={namespace}")]).answer();
    check_rows("Pod", &data, &read_by_kubectl(cluster, &namespace, "pods"));

    // One pod alone says the same, and more.
    let caller = Caller::admin(cluster);
    for row in data.as_array().expect("rows") {
        let (alone, _) = caller.answer("get_pod", json!({"namespace": namespace.name(), "name": row["name"]}));
        for (member, value) in row.as_object().expect("members") {
            assert_eq!(&alone[member], value, "{member} of {}", row["name"]);
        }
    }
}

fn what_the_contract_adds_to_a_pod_is_there(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    populate(&namespace);
    let rows = Caller::admin(cluster).data("list_pods", json!({"namespace": namespace.name()}));
    let named =
        |name: &str| rows.as_array().expect("rows").iter().find(|row| row["name"] == name).expect("the pod").clone();
    let (rich, by_hand, bare) = (named("rich"), named("by-hand"), named("bare"));
    assert_eq!(rich["init_containers"][0]["name"], "setup");
    assert_eq!(rich["init_containers"][0]["state"], "terminated");
    assert_eq!(bare["init_containers"], json!([]));
    assert_eq!((&bare["deletion_timestamp"], &bare["owner_references"]), (&Value::Null, &json!([])));
    let last = json!({
        "exit_code": 137, "signal": null, "reason": "OOMKilled", "message": null,
        "started_at": "2026-01-02T03:04:05+00:00", "finished_at": "2026-01-02T03:05:05+00:00",
    });
    let container = |name: &str| {
        by_hand["containers"].as_array().expect("containers").iter().find(|it| it["name"] == name).cloned()
    };
    assert_eq!(container("ended").expect("it")["last_state"], last);
    assert_eq!(container("runs").expect("it").get("last_state"), None);
    assert_eq!(container("waits").expect("it")["waiting_message"], "back-off");
    assert_eq!(
        (&by_hand["status"], &by_hand["ready"], &by_hand["restarts"]),
        (&json!("OOMKilled"), &json!("1/5"), &json!(3))
    );
    assert_eq!((&by_hand["reason"], &by_hand["message"]), (&json!("Odd"), &json!("by hand")));
}

fn the_copy_that_kubectl_keeps_of_an_object_is_dropped(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    annotated_pod(&namespace, "applied", json!({LAST_APPLIED: "{\"kind\":\"Pod\"}", "kept": "yes"}), nowhere(&["app"]));
    let rows = Caller::admin(cluster).data("list_pods", json!({"namespace": namespace.name()}));
    assert_eq!(rows[0]["annotations"], json!({"kept": "yes"}));
}

/// Deployments of each kind: rolled out, waiting, none wanted, recreated, paused with percentages.
fn deploy(namespace: &Namespace) {
    still_deployment(namespace, "waiting", 3);
    still_deployment(namespace, "none", 0);
    let template = |name: &str, spec: Value| json!({"metadata": {"labels": {"app": name}}, "spec": spec});
    let running = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "ready", "labels": {"team": "a"}, "annotations": {"note": "x"}},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": {"app": "ready"}, "matchExpressions": [{"key": "app", "operator": "Exists"}]},
            "template": template("ready", json!({"containers": containers(&["app", "sidecar"])})),
        },
    });
    namespace.create(running).expect("a Deployment");
    let odd = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "odd"},
        "spec": {
            "paused": true, "replicas": 1, "selector": {"matchLabels": {"app": "odd"}},
            "strategy": {"rollingUpdate": {"maxSurge": "30%", "maxUnavailable": 2}},
            "template": template("odd", nowhere(&["app"])),
        },
    });
    namespace.create(odd).expect("a Deployment");
    let recreated = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "recreated"},
        "spec": {
            "replicas": 1, "selector": {"matchLabels": {"app": "recreated"}}, "strategy": {"type": "Recreate"},
            "template": template("recreated", nowhere(&["app"])),
        },
    });
    namespace.create(recreated).expect("a Deployment");
    still(namespace, "recreated");
    let path = |name: &str| namespace.path_in("apps/v1", &format!("deployments/{name}"));
    let admin = namespace.cluster().admin();
    let rolled_out = |it: &Value| {
        let conditions = it["status"]["conditions"].as_array().map_or(&[][..], Vec::as_slice);
        it["status"]["availableReplicas"] == 2 && conditions.iter().any(|it| it["reason"] == "NewReplicaSetAvailable")
    };
    admin.wait_for(&path("ready"), SOON, rolled_out).expect("it is rolled out");
    let seen = |it: &Value| it["status"]["conditions"].as_array().is_some_and(|conditions| conditions.len() == 2);
    admin.wait_for(&path("odd"), SOON, seen).expect("it is seen");
}

fn every_field_of_a_deployment_is_what_kubectl_reads(cluster: &Cluster) {
    if has_no_kubectl(cluster) {
        return;
    }
    let namespace = cluster.namespace().expect("a namespace");
    deploy(&namespace);
    let (data, _) =
        program::call(&cluster.admin_kubeconfig(), &["list_deployments", &format!("namespace={namespace}")]).answer();
    check_rows("Deployment", &data, &read_by_kubectl(cluster, &namespace, "deployments"));

    let columns = kubectl_columns(cluster, &["get", "deployments", "-A"]);
    let printed: Vec<_> =
        columns.into_iter().filter(|row| row[0] == namespace.name()).map(|row| row[1..5].to_vec()).collect();
    let count = |row: &Value, member: &str| row[member].as_u64().unwrap_or_else(|| panic!("{member} of {row}"));
    let row = |row: &Value| {
        vec![
            row["name"].as_str().expect("a name").to_owned(),
            format!("{}/{}", count(row, "ready_replicas"), count(row, "replicas")),
            count(row, "updated_replicas").to_string(),
            count(row, "available_replicas").to_string(),
        ]
    };
    assert_eq!(data.as_array().expect("rows").iter().map(row).collect::<Vec<_>>(), printed);
    assert_eq!(printed.len(), 5);
    let named =
        |name: &str| data.as_array().expect("rows").iter().find(|row| row["name"] == name).expect("the Deployment");
    assert_eq!(
        (&named("odd")["paused"], &named("odd")["max_surge"], &named("odd")["max_unavailable"]),
        (&json!(true), &json!("30%"), &json!("2"))
    );
    assert_eq!((&named("recreated")["strategy"], &named("recreated")["max_surge"]), (&json!("Recreate"), &Value::Null));
    assert_eq!(named("ready")["images"], json!([IMAGE, IMAGE]));
    assert_eq!(named("ready")["selector_expressions"], json!([{"key": "app", "operator": "Exists", "values": []}]));
}

fn list_deployments_selects_by_label_and_pages(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    deploy(&namespace);
    let caller = Caller::admin(cluster);
    let rows = caller.data("list_deployments", json!({"namespace": namespace.name(), "label_selector": "team=a"}));
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows}");
    assert_eq!(rows[0]["name"], "ready");

    let (first, meta) = caller.answer("list_deployments", json!({"namespace": namespace.name(), "limit": 3}));
    assert_eq!((first.as_array().map(Vec::len), meta.remaining, meta.returned), (Some(3), Some(2), 3));
    let token = meta.token.expect("a token");
    let (rest, meta) =
        caller.answer("list_deployments", json!({"namespace": namespace.name(), "limit": 3, "continue": token}));
    assert_eq!((rest.as_array().map(Vec::len), meta.remaining, meta.token), (Some(2), Some(0), None));
    let names: Vec<_> = [first, rest]
        .iter()
        .flat_map(|rows| rows.as_array().cloned().unwrap_or_default())
        .map(|row| row["name"].clone())
        .collect();
    assert_eq!(names, ["none", "odd", "ready", "recreated", "waiting"]);
    // A pod for the sake of an empty list of Deployments beside it.
    let other = cluster.namespace().expect("another");
    pod(&other, "alone", nowhere(&["app"]));
    assert_eq!(caller.data("list_deployments", json!({"namespace": other.name()})), json!([]));
}
