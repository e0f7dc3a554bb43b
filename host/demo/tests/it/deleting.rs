//! Deletion: options, preconditions, grace, finalizers, and what hangs on an object.

use crate::client::{Client, deployment, pod, unscheduled};
use serde_json::{Value, json};
use std::time::Duration;

const PODS: &str = "/api/v1/namespaces/default/pods";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";

async fn map(client: &Client, name: &str, metadata: Value) -> Value {
    let mut object = json!({ "metadata": metadata, "data": { "k": "v" } });
    object["metadata"]["name"] = name.into();
    client.post(MAPS, &object).await.expect(201)
}

/// Waits until something is gone. It takes a tick of the cluster at most.
async fn gone(client: &Client, path: &str) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while client.get(path).await.status != 404 {
        assert!(tokio::time::Instant::now() < deadline, "{path} is still there");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_dry_run_stands_in_the_body_or_in_the_query_of_a_delete_without_one() {
    let client = Client::empty().await;
    map(&client, "a", json!({})).await;
    let path = format!("{MAPS}/a");
    client.delete(&format!("{path}?dryRun=All")).await.expect(200);
    client.json("DELETE", &path, "application/json", &json!({ "dryRun": ["All"] })).await.expect(200);
    assert_eq!(client.get(&path).await.status, 200);
    // The query of a delete with a body is read by nobody.
    client.json("DELETE", &format!("{path}?dryRun=All"), "application/json", &json!({})).await.expect(200);
    assert_eq!(client.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_precondition_that_does_not_hold_is_a_conflict_in_a_dry_run_too() {
    let client = Client::empty().await;
    let object = map(&client, "a", json!({})).await;
    let (uid, version) = (&object["metadata"]["uid"], &object["metadata"]["resourceVersion"]);
    let refused = |key: &str, what: &str, wanted: &str, is: &Value, then: &str| {
        (
            json!({ "dryRun": ["All"], "preconditions": { key: wanted } }),
            format!(
                "Operation cannot be fulfilled on ConfigMap \"a\": the {what} in the precondition ({wanted}) does not match the {what} in record ({}). The object might have been {then}",
                is.as_str().expect("text")
            ),
        )
    };
    let cases = [
        refused("uid", "UID", "x", uid, "deleted and then recreated"),
        refused("resourceVersion", "ResourceVersion", "1", version, "modified"),
    ];
    for (options, message) in cases {
        let answer = client.json("DELETE", &format!("{MAPS}/a"), "application/json", &options).await;
        answer.refused(409, "Conflict", &message);
    }
    let options = json!({ "preconditions": { "uid": uid, "resourceVersion": version } });
    let status = client.json("DELETE", &format!("{MAPS}/a"), "application/json", &options).await.expect(200);
    assert_eq!(status["details"], json!({ "name": "a", "kind": "configmaps", "uid": uid }));
    assert_eq!(status["status"], "Success");
}

#[tokio::test]
async fn a_pod_without_a_node_goes_at_once_and_is_the_answer() {
    let client = Client::empty().await;
    client.post(PODS, &unscheduled("a")).await.expect(201);
    let answer = client.delete(&format!("{PODS}/a")).await.expect(200);
    assert_eq!((&answer["kind"], &answer["metadata"]["deletionGracePeriodSeconds"]), (&json!("Pod"), &json!(0)));
    assert_eq!(client.get(&format!("{PODS}/a")).await.status, 404);
}

#[tokio::test]
async fn a_pod_on_a_node_has_its_grace_and_a_repeat_keeps_the_first_deadline() {
    let client = Client::empty().await;
    let mut object = unscheduled("a");
    object["metadata"]["finalizers"] = json!(["demo.example/held"]);
    client.post(PODS, &object).await.expect(201);
    let binding = json!({ "metadata": { "name": "a" }, "target": { "kind": "Node", "name": "nowhere" } });
    client.post(&format!("{PODS}/a/binding"), &binding).await.expect(201);
    let first = client.delete(&format!("{PODS}/a?gracePeriodSeconds=600")).await.expect(200);
    assert_eq!(first["metadata"]["deletionGracePeriodSeconds"], 600);
    assert_eq!(first["metadata"]["generation"], 2);
    let again = client.delete(&format!("{PODS}/a?gracePeriodSeconds=900")).await.expect(200);
    assert_eq!(again["metadata"]["deletionTimestamp"], first["metadata"]["deletionTimestamp"]);
    let sooner = client.delete(&format!("{PODS}/a?gracePeriodSeconds=5")).await.expect(200);
    assert_eq!(sooner["metadata"]["deletionGracePeriodSeconds"], 5);
}

#[tokio::test]
async fn a_finalizer_holds_an_object_until_it_is_taken_away() {
    let client = Client::empty().await;
    map(&client, "a", json!({ "finalizers": ["demo.example/held"] })).await;
    let path = format!("{MAPS}/a");
    let held = client.delete(&path).await.expect(200);
    assert!(held["metadata"]["deletionTimestamp"].is_string(), "{held}");
    assert_eq!(client.get(&path).await.status, 200);
    client.merge(&path, &json!({ "metadata": { "finalizers": null } })).await.expect(200);
    assert_eq!(client.get(&path).await.status, 404);
}

#[tokio::test]
async fn what_an_object_owns_goes_with_it_unless_it_is_orphaned() {
    let client = Client::empty().await;
    for (propagation, is_left) in [("Background", false), ("Foreground", false), ("Orphan", true)] {
        let owner = map(&client, "owner", json!({})).await;
        let reference =
            json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"] }]);
        map(&client, "owned", json!({ "ownerReferences": reference })).await;
        client.delete(&format!("{MAPS}/owner?propagationPolicy={propagation}")).await.expect(200);
        gone(&client, &format!("{MAPS}/owner")).await;
        let owned = client.get(&format!("{MAPS}/owned")).await;
        assert_eq!(owned.status == 200, is_left, "{propagation}");
        if is_left {
            assert!(owned.json()["metadata"].get("ownerReferences").is_none());
            client.delete(&format!("{MAPS}/owned")).await.expect(200);
        }
    }
}

#[tokio::test]
async fn a_namespace_goes_with_all_that_is_in_it_and_takes_nothing_new_meanwhile() {
    let client = Client::empty().await;
    client.post("/api/v1/namespaces", &json!({ "metadata": { "name": "n" } })).await.expect(201);
    let mut held = json!({ "metadata": { "name": "a", "finalizers": ["demo.example/held"] } });
    client.post("/api/v1/namespaces/n/configmaps", &held).await.expect(201);
    client.post("/apis/apps/v1/namespaces/n/deployments", &deployment("d", 0)).await.expect(201);
    let going = client.delete("/api/v1/namespaces/n").await.expect(200);
    assert_eq!(going["status"]["phase"], "Terminating");
    held["metadata"]["name"] = "b".into();
    let refused = client.post("/api/v1/namespaces/n/configmaps", &held).await;
    let why = "unable to create new content in namespace n because it is being terminated";
    refused.refused(403, "Forbidden", &format!("configmaps \"b\" is forbidden: {why}"));
    assert_eq!(refused.json()["details"]["causes"][0]["reason"], "NamespaceTerminating");
    let path = "/api/v1/namespaces/n/configmaps/a";
    client.merge(path, &json!({ "metadata": { "finalizers": null } })).await.expect(200);
    gone(&client, "/api/v1/namespaces/n").await;
    assert_eq!(client.get("/apis/apps/v1/namespaces/n/deployments/d").await.status, 404);
}

#[tokio::test]
async fn a_collection_is_deleted_by_its_selector() {
    let client = Client::empty().await;
    for name in ["a", "b"] {
        client.post(PODS, &unscheduled(name)).await.expect(201);
    }
    let deleted = client.delete(&format!("{PODS}?labelSelector=app%3Da")).await.expect(200);
    assert_eq!(deleted["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(client.get(&format!("{PODS}/a")).await.status, 404);
    assert_eq!(client.get(&format!("{PODS}/b")).await.status, 200);
}

#[tokio::test]
async fn an_eviction_waits_for_its_budget() {
    let client = Client::empty().await;
    client.post(PODS, &unscheduled("a")).await.expect(201);
    client.merge(&format!("{PODS}/a/status"), &json!({ "status": { "phase": "Running" } })).await.expect(200);
    let budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
    let selector = json!({ "matchLabels": { "app": "a" } });
    let budget = json!({ "metadata": { "name": "b" }, "spec": { "minAvailable": 1, "selector": selector } });
    client.post(budgets, &budget).await.expect(201);
    let eviction = json!({ "metadata": { "name": "a" } });
    let refused = client.post(&format!("{PODS}/a/eviction"), &eviction).await;
    let message = "Cannot evict pod as it would violate the pod's disruption budget.";
    refused.refused(429, "TooManyRequests", message);
    assert!(refused.headers.get("retry-after").is_none());
    client.delete(&format!("{budgets}/b")).await.expect(200);
    client.post(&format!("{PODS}/a/eviction"), &eviction).await.expect(201);
    assert_eq!(client.get(&format!("{PODS}/a")).await.status, 404);
}

#[tokio::test]
async fn a_scheduled_pod_is_ended_by_its_node() {
    let client = Client::empty().await;
    let mut object = pod("a");
    object["spec"]["terminationGracePeriodSeconds"] = json!(1);
    client.post(PODS, &object).await.expect(201);
    let read = client.get(&format!("{PODS}/a")).await.expect(200);
    assert!(read["spec"]["nodeName"].is_string(), "{read}");
    client.delete(&format!("{PODS}/a")).await.expect(200);
    gone(&client, &format!("{PODS}/a")).await;
}
