//! Patches of each kind, and the scale.

use crate::client::{Client, deployment};
use serde_json::{Value, json};

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const JSON: &str = "application/json-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

async fn deployed() -> Client {
    let client = Client::empty().await;
    let mut object = deployment("a", 0);
    let env = json!([{ "name": "A", "value": "1" }, { "name": "B", "value": "2" }]);
    object["spec"]["template"]["spec"]["containers"][0]["env"] = env;
    client.post(DEPLOYMENTS, &object).await.expect(201);
    client
}

fn containers(deployment: &Value) -> &Value {
    &deployment["spec"]["template"]["spec"]["containers"]
}

#[tokio::test]
async fn a_strategic_merge_merges_lists_by_their_keys() {
    let client = deployed().await;
    let path = format!("{DEPLOYMENTS}/a");
    let env = json!([{ "name": "B", "value": "3" }, { "name": "A", "$patch": "delete" }]);
    let patch = json!({ "spec": { "template": { "spec": { "containers": [{ "name": "main", "env": env }] } } } });
    let patched = client.json("PATCH", &path, STRATEGIC, &patch).await.expect(200);
    assert_eq!(containers(&patched)[0]["env"], json!([{ "name": "B", "value": "3" }]));
    assert_eq!(containers(&patched)[0]["image"], "registry.example/app:1");
    let ports = json!([{ "containerPort": 80 }]);
    let patch = json!({ "spec": { "template": { "spec": { "containers": [{ "name": "main", "ports": ports }, { "name": "side", "image": "x" }] } } } });
    let patched = client.json("PATCH", &path, STRATEGIC, &patch).await.expect(200);
    assert_eq!(containers(&patched).as_array().map(Vec::len), Some(2));
    assert_eq!(containers(&patched)[0]["ports"], json!([{ "containerPort": 80, "protocol": "TCP" }]));
}

#[tokio::test]
async fn a_merge_patch_replaces_lists_and_null_removes() {
    let client = deployed().await;
    let path = format!("{DEPLOYMENTS}/a");
    let patch = json!({ "metadata": { "annotations": { "x": "y" } }, "spec": { "template": { "spec": { "containers": [{ "name": "other", "image": "x" }] } } } });
    let patched = client.json("PATCH", &path, MERGE, &patch).await.expect(200);
    assert_eq!(containers(&patched).as_array().map(Vec::len), Some(1));
    assert_eq!(containers(&patched)[0]["name"], "other");
    let patch = json!({ "metadata": { "annotations": { "x": null } } });
    let patched = client.json("PATCH", &path, MERGE, &patch).await.expect(200);
    assert!(patched["metadata"]["annotations"].get("x").is_none());
}

#[tokio::test]
async fn a_json_patch_is_one_change_or_none_and_an_absent_place_is_null() {
    let client = deployed().await;
    let path = format!("{DEPLOYMENTS}/a");
    let patch = |paused: Value| {
        json!([
            { "op": "add", "path": "/metadata/labels", "value": { "x": "y" } },
            { "op": "test", "path": "/spec/paused", "value": paused },
        ])
    };
    let refused = client.json("PATCH", &path, JSON, &patch(json!(true))).await;
    refused.refused(422, "Invalid", "the server rejected our request due to an error in our request");
    assert!(refused.json()["details"].get("causes").is_none());
    assert!(client.get(&path).await.expect(200)["metadata"].get("labels").is_none());
    let patched = client.json("PATCH", &path, JSON, &patch(json!(null))).await.expect(200);
    assert_eq!(patched["metadata"]["labels"], json!({ "x": "y" }));
}

#[tokio::test]
async fn an_apply_creates_and_then_merges() {
    let client = Client::empty().await;
    let path = "/api/v1/namespaces/default/configmaps/a";
    let yaml = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: v\n";
    let headers = [("content-type", APPLY)];
    let unowned = client.send("PATCH", path, &headers, Some(yaml)).await;
    assert_eq!(unowned.status, 422, "{}", unowned.text());
    let path = format!("{path}?fieldManager=test");
    client.send("PATCH", &path, &headers, Some(yaml)).await.expect(201);
    let more = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  l: w\n";
    let applied = client.send("PATCH", &path, &headers, Some(more)).await.expect(200);
    assert_eq!(applied["data"], json!({ "k": "v", "l": "w" }));
}

#[tokio::test]
async fn other_media_types_are_no_patches() {
    let client = deployed().await;
    let refused = client.json("PATCH", &format!("{DEPLOYMENTS}/a"), "application/json", &json!({})).await;
    refused.refused(415, "UnsupportedMediaType", "415: Unsupported Media Type");
    let refused = client.json("PATCH", &format!("{DEPLOYMENTS}/a/scale"), "application/json", &json!({})).await;
    refused.refused(415, "UnsupportedMediaType", "415: Unsupported Media Type");
}

#[tokio::test]
async fn a_patch_of_another_object_or_an_old_version_is_refused() {
    let client = deployed().await;
    let path = format!("{DEPLOYMENTS}/a");
    let other = client.json("PATCH", &path, MERGE, &json!({ "metadata": { "uid": "x" } })).await;
    let why = "Deployment.apps \"a\" is invalid: metadata.uid: Invalid value: \"x\": field is immutable";
    other.refused(422, "Invalid", why);
    let stale = client.json("PATCH", &path, MERGE, &json!({ "metadata": { "resourceVersion": "1" } })).await;
    let why = "the object has been modified; please apply your changes to the latest version and try again";
    stale.refused(409, "Conflict", &format!("Operation cannot be fulfilled on deployments.apps \"a\": {why}"));
    let named = client.json("PATCH", &path, MERGE, &json!({ "metadata": { "name": "x" } })).await;
    named.refused(400, "BadRequest", "the name of the object (x) does not match the name on the URL (a)");
}

#[tokio::test]
async fn an_unknown_field_of_a_patch_is_a_warning() {
    let client = deployed().await;
    let path = format!("{DEPLOYMENTS}/a");
    let patch = json!({ "dryRun": ["All"], "spec": { "replicas": 1 } });
    let warned = client.json("PATCH", &path, MERGE, &patch).await;
    assert_eq!(warned.headers["warning"], "299 - \"unknown field \\\"dryRun\\\"\"");
    let written = client.get(&path).await.expect(200);
    assert_eq!(written["spec"]["replicas"], 1, "a dry run in a body of a patch is none");
    assert!(written.get("dryRun").is_none());
}

#[tokio::test]
async fn a_scale_is_read_and_written_in_every_kind_of_patch() {
    let client = deployed().await;
    let path = format!("{DEPLOYMENTS}/a/scale");
    let scale = client.get(&path).await.expect(200);
    assert_eq!((&scale["kind"], &scale["apiVersion"]), (&json!("Scale"), &json!("autoscaling/v1")));
    assert_eq!(scale["spec"], json!({}));
    assert_eq!(scale["status"], json!({ "replicas": 0, "selector": "app=a" }));
    let dry = client.json("PATCH", &format!("{path}?dryRun=All"), MERGE, &json!({ "spec": { "replicas": 9 } })).await;
    assert_eq!(dry.expect(200)["spec"]["replicas"], 9);
    assert_eq!(client.get(&path).await.expect(200)["spec"], json!({}));
    for (replicas, kind) in [(1, MERGE), (2, STRATEGIC)] {
        let patch = json!({ "spec": { "replicas": replicas } });
        let scaled = client.json("PATCH", &path, kind, &patch).await.expect(200);
        assert_eq!(scaled["spec"]["replicas"], replicas, "{kind}");
    }
    let patch = json!([{ "op": "replace", "path": "/spec/replicas", "value": 3 }]);
    let scaled = client.json("PATCH", &path, JSON, &patch).await.expect(200);
    assert_eq!(scaled["spec"]["replicas"], 3);
    assert_eq!(client.get(&format!("{DEPLOYMENTS}/a")).await.expect(200)["spec"]["replicas"], 3);
}

#[tokio::test]
async fn a_scale_that_does_not_fit_is_refused() {
    let client = deployed().await;
    let path = format!("{DEPLOYMENTS}/a/scale");
    let negative = client.merge(&path, &json!({ "spec": { "replicas": -1 } })).await;
    let why =
        "Scale.autoscaling \"a\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0";
    negative.refused(422, "Invalid", why);
    let object = client.get(&format!("{DEPLOYMENTS}/a")).await.expect(200);
    let other = client.merge(&path, &json!({ "metadata": { "uid": "x" }, "spec": { "replicas": 1 } })).await;
    let uid = object["metadata"]["uid"].as_str().expect("a uid");
    let why = format!("Precondition failed: UID in precondition: x, UID in object meta: {uid}");
    other.refused(409, "Conflict", &format!("Operation cannot be fulfilled on deployments/scale.apps \"a\": {why}"));
    let stale =
        client.merge(&path, &json!({ "metadata": { "resourceVersion": "1" }, "spec": { "replicas": 1 } })).await;
    assert_eq!(stale.status, 409);
    client.merge(&format!("{DEPLOYMENTS}/b/scale"), &json!({})).await.refused(
        404,
        "NotFound",
        "deployments.apps \"b\" not found",
    );
}

#[tokio::test]
async fn a_cordon_is_a_field_that_goes_when_it_is_false() {
    let client = Client::empty().await;
    let nodes = client.get("/api/v1/nodes").await.expect(200);
    let path = format!("/api/v1/nodes/{}", nodes["items"][0]["metadata"]["name"].as_str().expect("a node"));
    let cordoned =
        client.json("PATCH", &path, STRATEGIC, &json!({ "spec": { "unschedulable": true } })).await.expect(200);
    assert_eq!(cordoned["spec"]["unschedulable"], true);
    let version = client.get(&path).await.expect(200)["metadata"]["resourceVersion"].clone();
    let again = client.json("PATCH", &path, STRATEGIC, &json!({ "spec": { "unschedulable": true } })).await.expect(200);
    assert_eq!(again["metadata"]["resourceVersion"], version);
    let tainted = client.get(&path).await.expect(200);
    assert!(tainted["spec"]["taints"].to_string().contains("node.kubernetes.io/unschedulable"), "{tainted}");
    let back = client.json("PATCH", &path, STRATEGIC, &json!({ "spec": { "unschedulable": false } })).await.expect(200);
    assert!(back["spec"].get("unschedulable").is_none());
}
