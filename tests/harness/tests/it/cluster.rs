//! The cluster as it stands when a test gets it.

use std::time::Duration;

use meho_control_plane::{ControlPlane, Patch, StatusCode};
use serde_json::json;

#[test]
fn a_cluster_is_ready_when_it_is_handed_out() {
    let Some(cluster) = ControlPlane::shared_or_skip("a_cluster_is_ready_when_it_is_handed_out") else { return };
    let version = cluster.admin().get("/version").expect("a version");
    assert_eq!(version["gitVersion"], "v1.36.3");
    let nodes = cluster.admin().get("/api/v1/nodes").expect("nodes");
    let names: Vec<_> = nodes["items"].as_array().expect("a list").iter().map(|it| &it["metadata"]["name"]).collect();
    for name in ["node-0", "node-1", "node-2", meho_control_plane::NODE_BY_HAND] {
        assert!(names.contains(&&json!(name)), "{names:?}");
    }
}

#[test]
fn all_handles_of_a_process_are_one_cluster() {
    let Some(cluster) = ControlPlane::shared_or_skip("all_handles_of_a_process_are_one_cluster") else { return };
    let again = ControlPlane::shared().expect("the same once more");
    assert_eq!(cluster.server_url(), again.server_url());
    assert_eq!(cluster.processes(), again.processes());
}

#[test]
fn kubectl_works_and_is_of_the_servers_version() {
    let Some(cluster) = ControlPlane::shared_or_skip("kubectl_works_and_is_of_the_servers_version") else { return };
    let output = cluster.kubectl(&["version", "-o", "json"]).expect("kubectl");
    let versions: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(versions["clientVersion"]["gitVersion"], versions["serverVersion"]["gitVersion"]);
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_client_that_trusts_another_authority_does_not_connect() {
    let test = "a_client_that_trusts_another_authority_does_not_connect";
    let Some(cluster) = ControlPlane::shared_or_skip(test) else { return };
    assert_ne!(cluster.ca_pem(), cluster.other_ca_pem());
    let other = format!("--certificate-authority={}", cluster.other_ca_file().display());
    let output = cluster.kubectl(&[&other, "get", "namespaces"]).expect("kubectl");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("certificate signed by unknown authority"), "{said}");
}

#[test]
fn the_certificate_is_good_for_localhost() {
    let Some(cluster) = ControlPlane::shared_or_skip("the_certificate_is_good_for_localhost") else { return };
    let server = format!("--server={}", cluster.server_url().replace("127.0.0.1", "localhost"));
    let output = cluster.kubectl(&[&server, "get", "--raw", "/readyz"]).expect("kubectl");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "ok", "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn namespaces_are_fresh_and_go_away() {
    let Some(cluster) = ControlPlane::shared_or_skip("namespaces_are_fresh_and_go_away") else { return };
    let (one, other) = (cluster.namespace().expect("one"), cluster.namespace().expect("another"));
    assert_ne!(one.name(), other.name());
    let path = format!("/api/v1/namespaces/{one}");
    drop(one);
    let gone = meho_control_plane::until(Duration::from_secs(60), || {
        let answer = cluster.admin().get(&path);
        answer.err().filter(|err| err.status() == Some(StatusCode::NOT_FOUND))
    });
    assert!(gone.is_some(), "{path} is still there");
}

#[test]
fn objects_are_applied_patched_and_deleted_by_their_kind() {
    let test = "objects_are_applied_patched_and_deleted_by_their_kind";
    let Some(cluster) = ControlPlane::shared_or_skip(test) else { return };
    let namespace = cluster.namespace().expect("a namespace");
    let config = |value: &str| {
        let metadata = json!({ "name": "settings" });
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": { "key": value } })
    };
    namespace.apply(config("first")).expect("created");
    let applied = namespace.apply(config("second")).expect("updated");
    let path = cluster.admin().path_of(&applied).expect("a path");
    assert_eq!(path, namespace.path("configmaps/settings"));
    let patch = json!([{ "op": "replace", "path": "/data/key", "value": "third" }]);
    cluster.admin().patch(&path, Patch::Json, &patch).expect("patched");
    assert_eq!(cluster.admin().get(&path).expect("read")["data"]["key"], "third");
    cluster.admin().delete(&path).expect("deleted");
    assert_eq!(cluster.admin().get(&path).expect_err("gone").status(), Some(StatusCode::NOT_FOUND));

    let unknown = json!({ "apiVersion": "apps/v1", "kind": "Whale", "metadata": { "name": "w" } });
    assert_eq!(namespace.apply(unknown).expect_err("no such kind").to_string(), "no such kind in /apis/apps/v1: Whale");
}

#[test]
fn waiting_in_vain_ends_and_says_what_was_seen() {
    let Some(cluster) = ControlPlane::shared_or_skip("waiting_in_vain_ends_and_says_what_was_seen") else { return };
    let path = "/api/v1/namespaces/default";
    let err = cluster.admin().wait_for(path, Duration::ZERO, |_| false).expect_err("never holds").to_string();
    assert!(err.starts_with("/api/v1/namespaces/default was not as awaited after 0s; last seen: {"), "{err}");
}
