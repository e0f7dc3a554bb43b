//! `list_pods` shows what kubectl shows.

use crate::embedded::Caller;
use crate::objects::{containers, kubectl_columns, pending_pod, pod, running, running_pod};
use crate::program;
use crate::servers::has_no_kubectl;
use meho_control_plane::{Cluster, Namespace, Patch};
use serde_json::{Value, json};

both![list_pods_shows_what_kubectl_shows_in_every_namespace, list_pods_selects_what_kubectl_selects,];

/// Namespace, name, ready, status and restarts of every pod that kubectl shows, in its order.
#[track_caller]
fn shown_by_kubectl(cluster: &Cluster, selection: &[&str]) -> Vec<[String; 5]> {
    let rows = kubectl_columns(cluster, &[&["get", "pods"], selection].concat());
    let five = |row: Vec<String>| {
        let [namespace, name, ready, status, restarts] =
            row.get(..5).and_then(|row| row.to_vec().try_into().ok()).expect("5 columns");
        // `7 (3h ago)` says when the last of them was, too.
        let restarts: String = restarts.split(' ').next().unwrap_or_default().to_owned();
        [namespace, name, ready, status, restarts]
    };
    rows.into_iter().map(five).collect()
}

/// The same of rows.
pub(crate) fn shown_by_rows(rows: &Value) -> Vec<[String; 5]> {
    let text = |row: &Value, member: &str| row[member].as_str().map_or_else(|| row[member].to_string(), str::to_owned);
    let five = |row: &Value| ["namespace", "name", "ready", "status", "restarts"].map(|member| text(row, member));
    rows.as_array().expect("rows").iter().map(five).collect()
}

/// A pod of each way of life: run by kwok, run with a sidecar, owned, waiting for a node, and with a status that somebody wrote.
fn populate(namespace: &Namespace) {
    running_pod(namespace, "running", &["app", "sidecar"]);
    pending_pod(namespace, "pending");
    let sidecar = json!({"name": "proxy", "image": "registry.example.com/proxy:1", "restartPolicy": "Always"});
    pod(namespace, "with-sidecar", json!({"containers": containers(&["app"]), "initContainers": [sidecar]}));
    running(namespace, "with-sidecar");
    let restarted = json!({
        "phase": "Running",
        "containerStatuses": [{
            "name": "app", "image": "registry.example.com/app:1", "imageID": "", "ready": false, "restartCount": 7,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-01-02T03:04:05Z"}},
        }],
    });
    namespace.pod_by_hand("restarted", json!({"containers": containers(&["app"])}), &restarted).expect("a pod");
    let path = namespace.path("pods/running");
    let labels = json!({"metadata": {"labels": {"tier": "front"}}});
    namespace.cluster().admin().patch(&path, Patch::Merge, &labels).expect("a label");
}

fn list_pods_shows_what_kubectl_shows_in_every_namespace(cluster: &Cluster) {
    if has_no_kubectl(cluster) {
        return;
    }
    let (one, other) = (cluster.namespace().expect("one"), cluster.namespace().expect("another"));
    populate(&one);
    pending_pod(&other, "elsewhere");
    let before = shown_by_kubectl(cluster, &["-A"]);
    let (data, meta) = program::call(&cluster.admin_kubeconfig(), &["list_pods"]).answer();
    let after = shown_by_kubectl(cluster, &["-A"]);
    let rows = shown_by_rows(&data);

    // Others use the cluster too. What kubectl showed before and after alike is there, in the same order; a status that would act on a terminal it
    // escapes in a way of its own, with carets.
    let still: Vec<_> = before.iter().filter(|row| after.contains(row) && !row[3].contains('^')).collect();
    let found: Vec<_> = rows.iter().filter(|row| still.contains(row)).collect();
    assert_eq!(found, still, "{rows:#?}");
    let mine = |row: &&[String; 5]| [one.name(), other.name()].contains(&row[0].as_str());
    assert_eq!(rows.iter().filter(mine).count(), 5, "{rows:#?}");
    assert_eq!(still.iter().filter(|row| mine(row)).count(), 5, "{still:#?}");
    assert_eq!(meta["returned"], rows.len());
    assert_eq!((&meta["complete"], &meta["remaining"], &meta["continue"]), (&json!(true), &json!(0), &Value::Null));
}

fn list_pods_selects_what_kubectl_selects(cluster: &Cluster) {
    if has_no_kubectl(cluster) {
        return;
    }
    let namespace = cluster.namespace().expect("a namespace");
    populate(&namespace);
    let caller = Caller::admin(cluster);
    let cases: [(&[&str], Value, usize); 7] = [
        (&[], json!({}), 4),
        (&["-l", "tier=front"], json!({"label_selector": "tier=front"}), 1),
        (&["-l", "tier!=front"], json!({"label_selector": "tier!=front"}), 3),
        (&["-l", "tier in (front,back)"], json!({"label_selector": "tier in (front,back)"}), 1),
        (&["--field-selector", "spec.nodeName="], json!({"field_selector": "spec.nodeName="}), 1),
        (
            &["--field-selector", "status.phase=Running,metadata.name!=running"],
            json!({"field_selector": "status.phase=Running,metadata.name!=running"}),
            2,
        ),
        (
            &["-l", "tier=front", "--field-selector", "status.phase=Running"],
            json!({"label_selector": "tier=front", "field_selector": "status.phase=Running"}),
            1,
        ),
    ];
    for (selection, arguments, count) in cases {
        let selector = format!("metadata.namespace={namespace}");
        // `-A` for the column of the namespace.
        let fields = match selection.iter().position(|word| *word == "--field-selector") {
            Some(at) => format!("{selector},{}", selection[at + 1]),
            None => selector,
        };
        let labels: Vec<&str> = selection.iter().take_while(|word| **word != "--field-selector").copied().collect();
        let expected = shown_by_kubectl(cluster, &[&["-A", "--field-selector", &fields], &labels[..]].concat());
        let mut given = arguments.clone();
        given["namespace"] = json!(namespace.name());
        let rows = shown_by_rows(&caller.data("list_pods", given));
        assert_eq!(rows, expected, "{arguments}");
        assert_eq!(rows.len(), count, "{arguments}");
    }
}
