//! Objects are created, read, changed and deleted as by a real API server.

use crate::client::{Client, deployment, pod};
use serde_json::json;

const PODS: &str = "/api/v1/namespaces/default/pods";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

#[tokio::test]
async fn a_pod_is_created_with_what_a_server_fills_in() {
    let client = Client::empty().await;
    let created = client.post(PODS, &pod("a")).await.expect(201);
    for field in ["uid", "resourceVersion", "creationTimestamp"] {
        assert!(created["metadata"][field].as_str().is_some_and(|text| !text.is_empty()), "{field}");
    }
    assert_eq!(created["metadata"]["generation"], 1);
    assert_eq!(created["metadata"]["namespace"], "default");
    let spec = &created["spec"];
    assert_eq!(spec["restartPolicy"], "Always");
    assert_eq!(spec["dnsPolicy"], "ClusterFirst");
    assert_eq!(spec["terminationGracePeriodSeconds"], 30);
    assert_eq!(spec["schedulerName"], "default-scheduler");
    assert_eq!(spec["serviceAccountName"], "default");
    assert_eq!(spec["enableServiceLinks"], true);
    assert_eq!(spec["preemptionPolicy"], "PreemptLowerPriority");
    assert_eq!(spec["priority"], 0);
    assert_eq!(spec["tolerations"][0]["tolerationSeconds"], 300);
    assert_eq!(spec["containers"][0]["imagePullPolicy"], "IfNotPresent");
    assert_eq!(spec["containers"][0]["terminationMessagePath"], "/dev/termination-log");
    assert_eq!(created["status"]["phase"], "Pending");
    assert_eq!(created["status"]["qosClass"], "BestEffort");
    let read = client.get(&format!("{PODS}/a")).await.expect(200);
    assert_eq!(read["metadata"]["uid"], created["metadata"]["uid"]);
    assert_eq!((&read["kind"], &read["apiVersion"]), (&json!("Pod"), &json!("v1")));
}

#[tokio::test]
async fn what_is_there_is_not_created_again() {
    let client = Client::empty().await;
    client.post(DEPLOYMENTS, &deployment("a", 1)).await.expect(201);
    let again = client.post(DEPLOYMENTS, &deployment("a", 1)).await;
    again.refused(409, "AlreadyExists", "deployments.apps \"a\" already exists");
    assert_eq!(again.json()["details"], json!({ "name": "a", "group": "apps", "kind": "deployments" }));
}
