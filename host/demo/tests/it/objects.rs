//! Objects are created, read, changed and deleted as by a real API server.

use crate::client::{Client, deployment, pod, unscheduled};
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

#[tokio::test]
async fn what_is_empty_or_null_is_left_out() {
    let client = Client::empty().await;
    let mut object = deployment("a", 0);
    object["metadata"]["annotations"] = json!({});
    object["spec"]["paused"] = json!(false);
    object["spec"]["template"]["spec"]["nodeName"] = json!(null);
    let created = client.post(DEPLOYMENTS, &object).await.expect(201);
    assert!(created["metadata"].get("annotations").is_none(), "{created}");
    assert!(created["spec"].get("paused").is_none(), "{created}");
    assert!(created["spec"]["template"]["spec"].get("nodeName").is_none(), "{created}");
    assert_eq!(created["spec"]["replicas"], 0);
    assert_eq!(created["spec"]["strategy"]["rollingUpdate"], json!({ "maxUnavailable": "25%", "maxSurge": "25%" }));
    assert_eq!(created["status"], json!({}));
}

#[tokio::test]
async fn events_have_the_nulls_that_a_server_writes_and_both_groups_show_them() {
    let client = Client::empty().await;
    let event = json!({
        "metadata": { "name": "e" }, "involvedObject": { "kind": "Pod", "name": "a", "namespace": "default" },
        "reason": "Pulled", "message": "it was there", "type": "Normal",
    });
    let created = client.post("/api/v1/namespaces/default/events", &event).await.expect(201);
    for field in ["eventTime", "firstTimestamp", "lastTimestamp"] {
        assert_eq!(created.get(field), Some(&json!(null)), "{field}");
    }
    let new = client.get("/apis/events.k8s.io/v1/namespaces/default/events/e").await.expect(200);
    assert_eq!(new["note"], "it was there");
    assert_eq!(new["regarding"]["name"], "a");
    assert_eq!(new["apiVersion"], "events.k8s.io/v1");
}

#[tokio::test]
async fn quantities_are_written_in_their_one_form() {
    let client = Client::empty().await;
    let mut object = pod("a");
    let limits = json!({ "cpu": "1000m", "memory": "1024Mi" });
    object["spec"]["containers"][0]["resources"] = json!({ "limits": limits, "requests": { "cpu": 0.5 } });
    let created = client.post(PODS, &object).await.expect(201);
    let resources = &created["spec"]["containers"][0]["resources"];
    assert_eq!(resources["limits"], json!({ "cpu": "1", "memory": "1Gi" }));
    assert_eq!(resources["requests"], json!({ "cpu": "500m", "memory": "1Gi" }));
    assert_eq!(created["status"]["qosClass"], "Burstable");
}

#[tokio::test]
async fn a_service_gets_an_address_and_its_ports_get_targets() {
    let client = Client::empty().await;
    let services = "/api/v1/namespaces/default/services";
    let service = json!({ "metadata": { "name": "a" }, "spec": { "ports": [{ "port": 80 }] } });
    let created = client.post(services, &service).await.expect(201);
    assert_eq!(created["spec"]["type"], "ClusterIP");
    assert_eq!(created["spec"]["ports"], json!([{ "port": 80, "protocol": "TCP", "targetPort": 80 }]));
    assert_eq!(created["spec"]["clusterIPs"][0], created["spec"]["clusterIP"]);
    let other = json!({ "metadata": { "name": "b" }, "spec": { "ports": [{ "port": 80 }] } });
    let other = client.post(services, &other).await.expect(201);
    assert_ne!(other["spec"]["clusterIP"], created["spec"]["clusterIP"]);
}

#[tokio::test]
async fn a_name_is_generated_from_its_beginning() {
    let client = Client::empty().await;
    let object = json!({ "metadata": { "generateName": "a-" }, "data": { "k": "v" } });
    let created = client.post("/api/v1/namespaces/default/configmaps", &object).await.expect(201);
    let name = created["metadata"]["name"].as_str().expect("a name");
    assert!(name.starts_with("a-") && name.len() == 7, "{name}");
}

#[tokio::test]
async fn an_update_of_an_old_version_is_refused_and_one_that_changes_nothing_keeps_the_version() {
    let client = Client::empty().await;
    let created = client.post(DEPLOYMENTS, &deployment("a", 0)).await.expect(201);
    let path = format!("{DEPLOYMENTS}/a");
    let now = client.get(&path).await.expect(200);
    let same = client.json("PUT", &path, "application/json", &now).await.expect(200);
    assert_eq!(same["metadata"]["resourceVersion"], now["metadata"]["resourceVersion"]);
    let mut changed = now.clone();
    changed["spec"]["minReadySeconds"] = json!(5);
    let changed = client.json("PUT", &path, "application/json", &changed).await.expect(200);
    assert_eq!(changed["metadata"]["generation"], 2);
    let stale = client.json("PUT", &path, "application/json", &created).await;
    let why = "the object has been modified; please apply your changes to the latest version and try again";
    stale.refused(409, "Conflict", &format!("Operation cannot be fulfilled on deployments.apps \"a\": {why}"));
}

#[tokio::test]
async fn status_and_spec_are_written_apart() {
    let client = Client::empty().await;
    client.post(PODS, &unscheduled("a")).await.expect(201);
    let path = format!("{PODS}/a");
    let both = json!({ "metadata": { "labels": { "x": "y" } }, "status": { "phase": "Running" } });
    let changed = client.merge(&path, &both).await.expect(200);
    assert_eq!((&changed["metadata"]["labels"]["x"], &changed["status"]["phase"]), (&json!("y"), &json!("Pending")));
    let both = json!({ "spec": { "activeDeadlineSeconds": 5 }, "status": { "phase": "Running" } });
    let changed = client.merge(&format!("{path}/status"), &both).await.expect(200);
    assert_eq!(changed["status"]["phase"], "Running");
    assert!(changed["spec"].get("activeDeadlineSeconds").is_none());
    assert_eq!(changed["metadata"]["generation"], 1);
}

#[tokio::test]
async fn a_dry_run_answers_and_leaves_everything_as_it_was() {
    let client = Client::empty().await;
    client.post(&format!("{PODS}?dryRun=All"), &pod("a")).await.expect(201);
    assert_eq!(client.get(&format!("{PODS}/a")).await.status, 404);
    client.post(DEPLOYMENTS, &deployment("d", 0)).await.expect(201);
    let before = client.get(&format!("{DEPLOYMENTS}/d")).await.expect(200);
    let dry =
        client.merge(&format!("{DEPLOYMENTS}/d?dryRun=All"), &json!({ "spec": { "replicas": 3 } })).await.expect(200);
    assert_eq!(dry["spec"]["replicas"], 3);
    assert_eq!(client.get(&format!("{DEPLOYMENTS}/d")).await.expect(200), before);
}

#[tokio::test]
async fn objects_are_kept_many_at_a_time_and_replace_those_that_are_there() {
    let client = Client::empty().await;
    client.post(PODS, &unscheduled("a")).await.expect(201);
    let mut labelled = unscheduled("a");
    labelled["metadata"]["labels"]["app"] = json!("another");
    let placed = |mut object: serde_json::Value| {
        object["metadata"]["namespace"] = json!("default");
        object
    };
    client.demo.keep([labelled, unscheduled("b"), deployment("web", 2)].map(placed)).expect("kinds that are served");
    assert_eq!(client.get(&format!("{PODS}/a")).await.expect(200)["metadata"]["labels"]["app"], "another");
    let kept = client.get(&format!("{PODS}/b")).await.expect(200);
    assert_eq!(kept["spec"]["containers"][0]["imagePullPolicy"], "IfNotPresent");
    // Controllers look at them, too.
    let made = client.get(&format!("{PODS}?labelSelector=app%3Dweb")).await.expect(200);
    assert_eq!(made["items"].as_array().map(Vec::len), Some(2));
    let unknown = json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}});
    assert!(client.demo.keep([unknown]).is_err());
}
