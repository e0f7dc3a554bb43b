//! Pods: those that kwok runs, those it leaves alone, their logs and volumes.

use std::time::Duration;

use meho_control_plane::{ControlPlane, KnownLog, NODE_BY_HAND, Namespace, Patch, Rule, StatusCode};
use serde_json::{Value, json};

/// kwok needs a second; this is for a loaded machine.
const SOON: Duration = Duration::from_secs(90);

fn containers(names: &[&str]) -> Value {
    let container = |name: &&str| json!({ "name": name, "image": "registry.example.com/app:1" });
    names.iter().map(container).collect()
}

fn run(namespace: &Namespace, name: &str, names: &[&str]) -> Value {
    let spec = json!({ "containers": containers(names) });
    let pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name }, "spec": spec });
    namespace.apply(pod).expect("a pod");
    let path = namespace.path(&format!("pods/{name}"));
    let admin = namespace.cluster().admin();
    admin.wait_for(&path, SOON, |pod| pod["status"]["phase"] == "Running").expect("a running pod")
}

#[test]
fn a_pod_runs() {
    let Some(cluster) = ControlPlane::shared_or_skip("a_pod_runs") else { return };
    let namespace = cluster.namespace().expect("a namespace");
    let pod = run(&namespace, "web", &["app"]);
    assert_eq!(pod["status"]["containerStatuses"][0]["ready"], true);
    assert_ne!(pod["spec"]["nodeName"], NODE_BY_HAND);
}

#[test]
fn a_status_written_by_hand_stays() {
    let Some(cluster) = ControlPlane::shared_or_skip("a_status_written_by_hand_stays") else { return };
    let namespace = cluster.namespace().expect("a namespace");
    // What kwok would make a running pod of at once, were it anywhere else.
    let pending = json!({
        "phase": "Pending",
        "conditions": [{ "type": "Initialized", "status": "True" }],
        "containerStatuses": [{
            "name": "app", "image": "registry.example.com/app:1", "imageID": "", "ready": false, "restartCount": 7,
            "state": { "waiting": { "reason": "CrashLoopBackOff" } }, "lastState": {},
        }],
    });
    let spec = json!({ "containers": containers(&["app"]) });
    let by_hand = namespace.pod_by_hand("by-hand", spec.clone(), &pending).expect("a pod");
    let mut nobodys = spec.clone();
    nobodys["schedulerName"] = json!("nobody");
    let pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "nowhere" }, "spec": nobodys });
    namespace.apply(pod).expect("a pod");
    let nowhere = cluster.admin().write_status(&namespace.path("pods/nowhere"), &pending).expect("its status");
    // The same pod, elsewhere. When kwok has moved that one, it has had the other one too.
    let elsewhere = namespace.path("pods/elsewhere");
    let mut node_1 = spec;
    node_1["nodeName"] = json!("node-1");
    let pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "elsewhere" }, "spec": node_1 });
    namespace.apply(pod).expect("a pod");
    cluster.admin().wait_for(&elsewhere, SOON, |pod| pod["status"]["phase"] == "Running").expect("kwok moves it");

    for written in [&by_hand, &nowhere] {
        let path = cluster.admin().path_of(written).expect("a path");
        let now = cluster.admin().get(&path).expect("still there");
        assert_eq!(now["metadata"]["resourceVersion"], written["metadata"]["resourceVersion"], "{path}");
        assert_eq!(now["status"]["containerStatuses"], pending["containerStatuses"], "{path}");
    }
    let table = cluster.kubectl(&["-n", namespace.name(), "get", "pod", "by-hand", "--no-headers"]).expect("kubectl");
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    let columns: Vec<_> = table.split_whitespace().take(4).collect();
    assert_eq!(columns, ["by-hand", "0/1", "CrashLoopBackOff", "7"]);
}

#[test]
fn a_pod_by_hand_can_be_deleted() {
    let Some(cluster) = ControlPlane::shared_or_skip("a_pod_by_hand_can_be_deleted") else { return };
    let namespace = cluster.namespace().expect("a namespace");
    let spec = json!({ "containers": containers(&["app"]) });
    namespace.pod_by_hand("doomed", spec, &json!({ "phase": "Running" })).expect("a pod");
    let path = namespace.path("pods/doomed");
    cluster.admin().delete(&path).expect("deleted");
    let gone = meho_control_plane::until(SOON, || {
        let answer = cluster.admin().get(&path);
        answer.err().filter(|err| err.status() == Some(StatusCode::NOT_FOUND))
    });
    assert!(gone.is_some(), "kwok does not let it go");
}

#[test]
fn logs_come_through_the_api_server() {
    let Some(cluster) = ControlPlane::shared_or_skip("logs_come_through_the_api_server") else { return };
    let namespace = cluster.namespace().expect("a namespace");
    run(&namespace, "web", &["app", "sidecar", "silent", "chatty"]);
    let rule = Rule::new("", "pods/log", &["get"]);
    let user = namespace.user("reader", &[rule]).expect("a user");
    let log = |query: &str| {
        let path = namespace.path(&format!("pods/web/log?{query}"));
        let answer = user.client().request(meho_control_plane::Method::GET, &path, &[], None).expect("an answer");
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.text()
    };
    let text = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();

    assert_eq!(log("container=app"), text(&KnownLog::Usual.lines()));
    assert_eq!(log("container=app&previous=true"), text(&KnownLog::Previous.lines()));
    assert_eq!(log("container=sidecar"), text(&KnownLog::Sidecar.lines()));
    assert_eq!(log("container=silent"), "");
    assert_eq!(log("container=chatty"), text(&KnownLog::Chatty.lines()));
    assert_eq!(log("container=app&tailLines=2"), "usual line 99\nusual line 100\n");
    assert_eq!(log("container=sidecar&timestamps=true"), text(&KnownLog::Sidecar.lines_with_times()));
    assert_eq!(log("container=app&limitBytes=9"), "usual lin");
    assert_eq!(log("container=app&sinceTime=2026-01-01T00:01:38Z"), "usual line 99\nusual line 100\n");
}

#[test]
fn a_claim_is_bound() {
    let Some(cluster) = ControlPlane::shared_or_skip("a_claim_is_bound") else { return };
    let namespace = cluster.namespace().expect("a namespace");
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": { "name": "data" },
        "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } },
    });
    namespace.apply(claim).expect("a claim");
    let path = namespace.path("persistentvolumeclaims/data");
    cluster.admin().wait_for(&path, SOON, |claim| claim["status"]["phase"] == "Bound").expect("a bound claim");
}

#[test]
fn many_pods_run_on_nodes_of_their_own() {
    let Some(cluster) = ControlPlane::shared_or_skip("many_pods_run_on_nodes_of_their_own") else { return };
    let many = cluster.many_pods(50, 2, 3).expect("50 pods");
    let pods = cluster.admin().get(&many.namespace().path("pods")).expect("a list");
    let pods = pods["items"].as_array().expect("items");
    assert_eq!(pods.len(), 50);
    assert!(pods.iter().all(|pod| many.nodes().iter().any(|node| pod["spec"]["nodeName"] == **node)));
    assert!(pods.iter().all(|pod| pod["status"]["phase"] == "Running"));
    let nodes: Vec<_> = many.nodes().iter().map(|node| format!("/api/v1/nodes/{node}")).collect();
    drop(many);
    let gone = |path: &String| cluster.admin().get(path).is_err_and(|err| err.status() == Some(StatusCode::NOT_FOUND));
    assert!(meho_control_plane::until(SOON, || nodes.iter().all(gone).then_some(())).is_some(), "their nodes stay");
}

#[test]
fn a_node_that_was_lost_comes_back_with_its_address() {
    let test = "a_node_that_was_lost_comes_back_with_its_address";
    let Some(cluster) = ControlPlane::shared_or_skip(test) else { return };
    let many = cluster.many_pods(1, 1, 1).expect("a node that nobody else uses");
    let node = format!("/api/v1/nodes/{}", many.nodes()[0]);
    let conditions = json!([{ "type": "Ready", "status": "Unknown" }]);
    let lost = json!([{ "op": "replace", "path": "/status/conditions", "value": conditions }]);
    cluster.admin().patch(&format!("{node}/status"), Patch::Json, &lost).expect("a lost node");
    let ready = |node: &Value| {
        let conditions = node["status"]["conditions"].as_array().expect("conditions");
        conditions.iter().any(|it| it["type"] == "Ready" && it["status"] == "True")
    };
    let back = cluster.admin().wait_for(&node, SOON, ready).expect("kwok readies it again");
    assert_eq!(back["status"]["addresses"][0], json!({ "type": "InternalIP", "address": "127.0.0.1" }), "{back}");
}
