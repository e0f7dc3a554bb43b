//! What controllers, the scheduler and the kubelets make of a change, as their messages and statuses show it.

use crate::client::{Client, deployment, pod};
use meho_demo::World;
use serde_json::{Value, json};
use std::time::Duration;

const PODS: &str = "/api/v1/namespaces/default/pods";
const EVENTS: &str = "/api/v1/namespaces/default/events";
const SERVICES: &str = "/api/v1/namespaces/default/services";
const CLAIMS: &str = "/api/v1/namespaces/default/persistentvolumeclaims";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
const SETS: &str = "/apis/apps/v1/namespaces/default/replicasets";

/// Asks until the answer fits. What takes time takes a second or two.
#[track_caller]
fn until<'a>(
    client: &'a Client,
    path: &'a str,
    fits: impl Fn(&Value) -> bool + 'a,
) -> impl Future<Output = Value> + 'a {
    let caller = std::panic::Location::caller();
    async move {
        let mut latest = Value::Null;
        for _ in 0..300 {
            let answer = client.get(path).await;
            latest = answer.json();
            if fits(&latest) {
                return latest;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{caller}: {path} came to nothing: {latest:#}");
    }
}

fn items(list: &Value) -> &[Value] {
    list["items"].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn condition<'a>(object: &'a Value, kind: &str) -> &'a Value {
    let conditions = object["status"]["conditions"].as_array().map_or(&[][..], Vec::as_slice);
    conditions.iter().find(|condition| condition["type"] == kind).unwrap_or(&Value::Null)
}

fn is_ready(pod: &Value) -> bool {
    condition(pod, "Ready")["status"] == "True"
}

/// Waits until so many pods, and no others, are there and ready.
async fn ready_pods(client: &Client, path: &str, count: usize) -> Vec<Value> {
    items(&until(client, path, |list| items(list).len() == count && items(list).iter().all(is_ready)).await).to_vec()
}

async fn messages(client: &Client, reason: &str) -> Vec<String> {
    let events = client.get(EVENTS).await.expect(200);
    let of = items(&events).iter().filter(|event| event["reason"] == reason);
    of.map(|event| text(event, "/message").to_owned()).collect()
}

async fn deployed(client: &Client, name: &str, replicas: i64) -> Value {
    client.post(DEPLOYMENTS, &deployment(name, replicas)).await.expect(201);
    let path = format!("{DEPLOYMENTS}/{name}");
    until(client, &path, |it| condition(it, "Progressing")["reason"] == "NewReplicaSetAvailable").await
}

#[tokio::test]
async fn a_deployment_gets_its_pods_and_says_so() {
    let client = Client::empty().await;
    let made = deployed(&client, "web", 2).await;
    let set = items(&client.get(SETS).await.expect(200)).to_vec();
    let set_name = text(&set[0], "/metadata/name");
    let hash = text(&set[0], "/metadata/labels/pod-template-hash");
    assert_eq!((set.len(), set_name), (1, format!("web-{hash}").as_str()));
    assert_eq!(
        set[0]["metadata"]["annotations"],
        json!({
            "deployment.kubernetes.io/revision": "1",
            "deployment.kubernetes.io/desired-replicas": "2",
            "deployment.kubernetes.io/max-replicas": "3",
        })
    );
    assert_eq!(text(&made, "/metadata/annotations/deployment.kubernetes.io~1revision"), "1");
    let counts = ["observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas"];
    assert_eq!(counts.map(|it| made["status"][it].as_i64()), [Some(1), Some(2), Some(2), Some(2), Some(2)]);
    assert_eq!(made["status"].get("unavailableReplicas"), None);
    assert_eq!(
        (text(condition(&made, "Available"), "/reason"), text(condition(&made, "Available"), "/message")),
        ("MinimumReplicasAvailable", "Deployment has minimum availability.")
    );
    let progressed = format!("ReplicaSet \"{set_name}\" has successfully progressed.");
    assert_eq!(condition(&made, "Progressing")["message"], progressed.as_str());
    for pod in ready_pods(&client, PODS, 2).await {
        assert_eq!(text(&pod, "/metadata/generateName"), format!("{set_name}-"));
        assert_eq!(pod["metadata"]["ownerReferences"][0]["uid"], set[0]["metadata"]["uid"]);
        assert_eq!(pod["status"]["phase"], "Running");
        assert_eq!(pod["metadata"]["generation"], 1);
        let zone = match text(&pod, "/spec/nodeName") {
            "node-0" => "zone-a",
            "node-1" => "zone-b",
            _ => "zone-c",
        };
        assert_eq!(pod["metadata"]["labels"]["topology.kubernetes.io/zone"], zone);
        let kinds: Vec<_> =
            pod["status"]["conditions"].as_array().expect("conditions").iter().map(|it| text(it, "/type")).collect();
        assert_eq!(kinds, ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]);
        assert!(text(&pod, "/status/containerStatuses/0/containerID").starts_with("containerd://"));
        assert!(
            messages(&client, "SuccessfulCreate")
                .await
                .contains(&format!("Created pod: {}", text(&pod, "/metadata/name")))
        );
    }
    assert_eq!(messages(&client, "ScalingReplicaSet").await, [format!("Scaled up replica set {set_name} from 0 to 2")]);
    assert_eq!(messages(&client, "Scheduled").await.len(), 2);
}

#[tokio::test]
async fn a_scale_is_followed_up_and_down() {
    let client = Client::empty().await;
    deployed(&client, "web", 2).await;
    let scale = format!("{DEPLOYMENTS}/web/scale");
    client.merge(&scale, &json!({ "spec": { "replicas": 4 } })).await.expect(200);
    ready_pods(&client, PODS, 4).await;
    client.merge(&scale, &json!({ "spec": { "replicas": 1 } })).await.expect(200);
    ready_pods(&client, PODS, 1).await;
    let set = client.get(SETS).await.expect(200);
    assert_eq!(set["items"][0]["metadata"]["annotations"]["deployment.kubernetes.io/desired-replicas"], "1");
    assert_eq!(messages(&client, "SuccessfulDelete").await.len(), 3);
    assert_eq!(messages(&client, "Killing").await, ["Stopping container main"; 3]);
    assert_eq!(messages(&client, "ScalingReplicaSet").await.len(), 3);
}

#[tokio::test]
async fn a_new_template_replaces_all_pods_and_the_old_set_stays_empty() {
    let client = Client::empty().await;
    deployed(&client, "web", 3).await;
    let change = json!({ "spec": { "template": { "metadata": { "annotations": { "changed": "yes" } } } } });
    client.merge(&format!("{DEPLOYMENTS}/web"), &change).await.expect(200);
    let path = format!("{DEPLOYMENTS}/web");
    let done = until(&client, &path, |it| {
        it["status"]["updatedReplicas"] == 3 && condition(it, "Progressing")["reason"] == "NewReplicaSetAvailable"
    })
    .await;
    assert_eq!(text(&done, "/metadata/annotations/deployment.kubernetes.io~1revision"), "2");
    let pods = ready_pods(&client, PODS, 3).await;
    assert!(pods.iter().all(|pod| pod["metadata"]["annotations"]["changed"] == "yes"));
    let sets = client.get(SETS).await.expect(200);
    let mut sizes: Vec<_> = items(&sets).iter().map(|set| set["spec"]["replicas"].as_i64()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [Some(0), Some(3)]);
}

#[tokio::test]
async fn a_paused_deployment_keeps_its_template_to_itself() {
    let client = Client::empty().await;
    deployed(&client, "web", 1).await;
    let path = format!("{DEPLOYMENTS}/web");
    let change = json!({ "spec": { "paused": true, "template": { "metadata": { "annotations": { "a": "b" } } } } });
    client.merge(&path, &change).await.expect(200);
    let paused = client.get(&path).await.expect(200);
    let progressing = condition(&paused, "Progressing");
    assert_eq!(
        (text(progressing, "/status"), text(progressing, "/reason"), text(progressing, "/message")),
        ("Unknown", "DeploymentPaused", "Deployment is paused")
    );
    assert_eq!(items(&client.get(SETS).await.expect(200)).len(), 1);
    assert_eq!(paused["status"].get("updatedReplicas"), None);
    client.merge(&path, &json!({ "spec": { "paused": null } })).await.expect(200);
    until(&client, &path, |it| condition(it, "Progressing")["reason"] == "NewReplicaSetAvailable").await;
    assert_eq!(items(&client.get(SETS).await.expect(200)).len(), 2);
}

#[tokio::test]
async fn a_deployment_that_recreates_never_has_pods_of_two_templates() {
    let client = Client::empty().await;
    let mut made = deployment("web", 2);
    made["spec"]["strategy"] = json!({ "type": "Recreate" });
    client.post(DEPLOYMENTS, &made).await.expect(201);
    ready_pods(&client, PODS, 2).await;
    let change = json!({ "spec": { "template": { "metadata": { "annotations": { "changed": "yes" } } } } });
    client.merge(&format!("{DEPLOYMENTS}/web"), &change).await.expect(200);
    let new = |pod: &Value| pod["metadata"]["annotations"]["changed"] == "yes";
    until(&client, PODS, |list| {
        let count = items(list).iter().filter(|pod| new(pod)).count();
        assert!(count == 0 || count == items(list).len(), "{list:#}");
        count == 2 && items(list).iter().all(is_ready)
    })
    .await;
}

#[tokio::test]
async fn a_deleted_pod_is_replaced() {
    let client = Client::empty().await;
    deployed(&client, "web", 1).await;
    let old = ready_pods(&client, PODS, 1).await.remove(0);
    let leaving = client.delete(&format!("{PODS}/{}", text(&old, "/metadata/name"))).await.expect(200);
    assert!(!text(&leaving, "/metadata/deletionTimestamp").is_empty());
    let new = until(&client, PODS, |list| {
        items(list).len() == 1
            && is_ready(&list["items"][0])
            && list["items"][0]["metadata"]["uid"] != old["metadata"]["uid"]
    });
    let new = new.await;
    assert_eq!(new["items"][0]["metadata"]["ownerReferences"], old["metadata"]["ownerReferences"]);
}

#[tokio::test]
async fn a_cordoned_node_is_tainted_and_takes_no_pods() {
    let client = Client::empty().await;
    for node in ["node-0", "node-1"] {
        let path = format!("/api/v1/nodes/{node}");
        client.merge(&path, &json!({ "spec": { "unschedulable": true } })).await.expect(200);
        let cordoned = client.get(&path).await.expect(200);
        let taint = &cordoned["spec"]["taints"][0];
        assert_eq!((text(taint, "/key"), text(taint, "/effect")), ("node.kubernetes.io/unschedulable", "NoSchedule"));
        assert!(!text(taint, "/timeAdded").is_empty());
    }
    assert!(
        messages(&client, "NodeNotSchedulable").await.contains(&"Node node-0 status is now: NodeNotSchedulable".into())
    );
    deployed(&client, "web", 3).await;
    assert!(ready_pods(&client, PODS, 3).await.iter().all(|pod| pod["spec"]["nodeName"] == "node-2"));
    let path = "/api/v1/nodes/node-0";
    client.merge(path, &json!({ "spec": { "unschedulable": null } })).await.expect(200);
    assert_eq!(client.get(path).await.expect(200)["spec"].get("taints"), None);
}

#[tokio::test]
async fn a_pod_that_fits_nowhere_says_why_and_is_placed_when_there_is_room() {
    let client = Client::empty().await;
    client.merge("/api/v1/nodes/node-0", &json!({ "spec": { "unschedulable": true } })).await.expect(200);
    let taints = json!({ "spec": { "taints": [{ "key": "a", "effect": "NoSchedule" }] } });
    client.merge("/api/v1/nodes/node-1", &taints).await.expect(200);
    let mut large = pod("large");
    large["spec"]["containers"][0]["resources"] = json!({ "requests": { "memory": "300Gi" } });
    client.post(PODS, &large).await.expect(201);
    let path = format!("{PODS}/large");
    let refused = until(&client, &path, |it| condition(it, "PodScheduled")["status"] == "False").await;
    let why = "0/3 nodes are available: 1 Insufficient memory, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. \
               no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.";
    assert_eq!(condition(&refused, "PodScheduled")["reason"], "Unschedulable");
    assert_eq!(condition(&refused, "PodScheduled")["message"], why);
    assert_eq!(messages(&client, "FailedScheduling").await, [why]);
    client.post(PODS, &pod("small")).await.expect(201);
    until(&client, &format!("{PODS}/small"), is_ready).await;
    let mut picky = pod("picky");
    picky["spec"]["nodeSelector"] = json!({ "disk": "fast" });
    client.post(PODS, &picky).await.expect(201);
    let path = format!("{PODS}/picky");
    until(&client, &path, |it| condition(it, "PodScheduled")["status"] == "False").await;
    client.merge("/api/v1/nodes/node-2", &json!({ "metadata": { "labels": { "disk": "fast" } } })).await.expect(200);
    let placed = until(&client, &path, is_ready).await;
    assert_eq!(placed["spec"]["nodeName"], "node-2");
}

#[tokio::test]
async fn a_pod_of_another_scheduler_is_left_alone() {
    let client = Client::empty().await;
    let mut made = pod("alone");
    made["spec"]["schedulerName"] = "nobody".into();
    client.post(PODS, &made).await.expect(201);
    client.post(PODS, &pod("other")).await.expect(201);
    until(&client, &format!("{PODS}/other"), is_ready).await;
    let alone = client.get(&format!("{PODS}/alone")).await.expect(200);
    assert_eq!((&alone["status"]["phase"], alone["status"].get("conditions")), (&json!("Pending"), None));
}

#[tokio::test]
async fn endpoints_follow_the_readiness_of_pods() {
    let client = Client::empty().await;
    let ports = json!([{ "name": "http", "port": 80, "targetPort": 8080 }]);
    let service = |name: &str, spec: Value| json!({ "metadata": { "name": name }, "spec": spec });
    let spec = json!({ "selector": { "app": "web" }, "ports": ports });
    client.post(SERVICES, &service("web", spec)).await.expect(201);
    client.post(SERVICES, &service("by-hand", json!({ "ports": ports }))).await.expect(201);
    let headless = json!({ "selector": { "app": "none" }, "ports": ports, "clusterIP": "None" });
    client.post(SERVICES, &service("headless", headless)).await.expect(201);
    let endpoints = "/api/v1/namespaces/default/endpoints";
    let slices =
        "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io/service-name%3D";
    let empty = client.get(&format!("{endpoints}/web")).await.expect(200);
    assert_eq!(empty.get("subsets"), None);
    assert_eq!(client.get(&format!("{endpoints}/by-hand")).await.status, 404);
    assert_eq!(items(&client.get(&format!("{slices}by-hand")).await.expect(200)).len(), 0);
    let headless = client.get(&format!("{endpoints}/headless")).await.expect(200);
    assert_eq!(headless["metadata"]["labels"]["service.kubernetes.io/headless"], "");
    deployed(&client, "web", 2).await;
    let path = format!("{endpoints}/web");
    let full = client.get(&path).await.expect(200);
    let subset = &full["subsets"][0];
    assert_eq!(subset["addresses"].as_array().map(Vec::len), Some(2));
    assert_eq!(subset["ports"], json!([{ "name": "http", "port": 8080, "protocol": "TCP" }]));
    let slice = client.get(&format!("{slices}web")).await.expect(200);
    let slice = &slice["items"][0];
    assert_eq!(
        text(slice, "/metadata/labels/endpointslice.kubernetes.io~1managed-by"),
        "endpointslice-controller.k8s.io"
    );
    assert_eq!(slice["endpoints"][0]["conditions"], json!({ "ready": true, "serving": true, "terminating": false }));
    assert_eq!(slice["endpoints"][0]["targetRef"]["kind"], "Pod");
    // One is not ready any more.
    let unready = text(&slice["endpoints"][0], "/targetRef/name");
    let mut conditions = client.get(&format!("{PODS}/{unready}")).await.expect(200)["status"]["conditions"].clone();
    for condition in conditions.as_array_mut().expect("conditions").iter_mut().filter(|it| it["type"] == "Ready") {
        condition["status"] = "False".into();
    }
    let status = json!({ "status": { "conditions": conditions } });
    client.merge(&format!("{PODS}/{unready}/status"), &status).await.expect(200);
    let half = client.get(&path).await.expect(200);
    let lengths = ["addresses", "notReadyAddresses"].map(|it| half["subsets"][0][it].as_array().map(Vec::len));
    assert_eq!(lengths, [Some(1), Some(1)]);
    assert_eq!(half["subsets"][0]["notReadyAddresses"][0]["targetRef"]["name"], unready);
    // And the Service goes, with what stood behind it.
    client.delete(&format!("{SERVICES}/web")).await.expect(200);
    until(&client, &format!("{slices}web"), |list| items(list).is_empty()).await;
    assert_eq!(client.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_claim_is_bound_where_its_class_is_there() {
    let client = Client::empty().await;
    let claim = |name: &str, class: Option<&str>| {
        let mut claim = json!({
            "metadata": { "name": name },
            "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } },
        });
        if let Some(class) = class {
            claim["spec"]["storageClassName"] = class.into();
        }
        claim
    };
    client.post(CLAIMS, &claim("standard", None)).await.expect(201);
    client.post(CLAIMS, &claim("missing", Some("fast-ssd"))).await.expect(201);
    let bound = until(&client, &format!("{CLAIMS}/standard"), |it| it["status"]["phase"] == "Bound").await;
    assert_eq!(bound["status"]["capacity"], json!({ "storage": "1Gi" }));
    let volume =
        client.get(&format!("/api/v1/persistentvolumes/{}", text(&bound, "/spec/volumeName"))).await.expect(200);
    assert_eq!(
        (&volume["status"]["phase"], &volume["spec"]["claimRef"]["uid"]),
        (&json!("Bound"), &bound["metadata"]["uid"])
    );
    let missing = client.get(&format!("{CLAIMS}/missing")).await.expect(200);
    assert_eq!(missing["status"]["phase"], "Pending");
    assert_eq!(messages(&client, "ProvisioningFailed").await, ["storageclass.storage.k8s.io \"fast-ssd\" not found"]);
    let mut user = pod("user");
    user["spec"]["volumes"] = json!([{ "name": "data", "persistentVolumeClaim": { "claimName": "missing" } }]);
    client.post(PODS, &user).await.expect(201);
    let waits = until(&client, &format!("{PODS}/user"), |it| condition(it, "PodScheduled")["status"] == "False").await;
    let why = text(condition(&waits, "PodScheduled"), "/message");
    assert_eq!(why, "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found");
    client.delete(&format!("{CLAIMS}/standard")).await.expect(200);
    until(&client, "/api/v1/persistentvolumes", |list| items(list).is_empty()).await;
}

#[tokio::test]
async fn other_workloads_get_the_pods_that_they_ask_for() {
    let client = Client::empty().await;
    let template = |name: &str| json!({ "metadata": { "labels": { "app": name } }, "spec": pod(name)["spec"] });
    let selector = |name: &str| json!({ "matchLabels": { "app": name } });
    let apps = "/apis/apps/v1/namespaces/default";
    let set = json!({ "metadata": { "name": "db" }, "spec": {
        "replicas": 2, "serviceName": "db", "selector": selector("db"), "template": template("db"),
    } });
    client.post(&format!("{apps}/statefulsets"), &set).await.expect(201);
    let pods = ready_pods(&client, &format!("{PODS}?labelSelector=app%3Ddb"), 2).await;
    let names: Vec<_> = pods.iter().map(|pod| text(pod, "/metadata/name")).collect();
    assert_eq!(names, ["db-0", "db-1"]);
    let agents = json!({ "metadata": { "name": "agent" }, "spec": { "selector": selector("agent"), "template": template("agent") } });
    client.post(&format!("{apps}/daemonsets"), &agents).await.expect(201);
    let pods = ready_pods(&client, &format!("{PODS}?labelSelector=app%3Dagent"), 3).await;
    let mut nodes: Vec<_> = pods.iter().map(|pod| text(pod, "/spec/nodeName")).collect();
    nodes.sort_unstable();
    assert_eq!(nodes, ["node-0", "node-1", "node-2"]);
    let mut work = template("once");
    work["spec"]["restartPolicy"] = "Never".into();
    let jobs = "/apis/batch/v1/namespaces/default/jobs";
    client.post(jobs, &json!({ "metadata": { "name": "once" }, "spec": { "template": work } })).await.expect(201);
    let done = until(&client, &format!("{jobs}/once"), |it| condition(it, "Complete")["status"] == "True").await;
    assert_eq!((&done["status"]["succeeded"], done["status"].get("active")), (&json!(1), None));
    assert_eq!(messages(&client, "Completed").await, ["Job completed"]);
}

#[tokio::test]
async fn a_namespace_that_goes_takes_nothing_else_with_it() {
    let client = Client::empty().await;
    client.post("/api/v1/namespaces", &json!({ "metadata": { "name": "short" } })).await.expect(201);
    let deployments = "/apis/apps/v1/namespaces/short/deployments";
    client.post(deployments, &deployment("web", 2)).await.expect(201);
    ready_pods(&client, "/api/v1/namespaces/short/pods", 2).await;
    client.post(PODS, &pod("stays")).await.expect(201);
    client.delete("/api/v1/namespaces/short").await.expect(200);
    until(&client, "/api/v1/namespaces/short", |it| it["code"] == 404).await;
    until(&client, &format!("{PODS}/stays"), is_ready).await;
    assert_eq!(items(&client.get("/api/v1/nodes").await.expect(200)).len(), 3);
    assert_eq!(items(&client.get("/api/v1/namespaces").await.expect(200)).len(), 4);
    let accounts = client.get("/api/v1/namespaces/default/serviceaccounts/default").await;
    assert_eq!(accounts.status, 200);
}

#[tokio::test]
async fn what_is_broken_stays_broken_on_a_new_pod() {
    let client = Client::of(World::Believable).await;
    let path = "/api/v1/namespaces/production/pods?labelSelector=app%3Dfrontend";
    let reason = |pod: &Value| text(pod, "/status/containerStatuses/0/state/waiting/reason").to_owned();
    let pods = client.get(path).await.expect(200);
    let bad: Vec<_> = items(&pods).iter().filter(|pod| !reason(pod).is_empty()).cloned().collect();
    assert_eq!(bad.len(), 2);
    for pod in &bad {
        client.delete(&format!("/api/v1/namespaces/production/pods/{}", text(pod, "/metadata/name"))).await.expect(200);
    }
    let known = |pod: &Value| bad.iter().any(|old| old["metadata"]["uid"] == pod["metadata"]["uid"]);
    let after = until(&client, path, |list| {
        let new: Vec<_> = items(list).iter().filter(|pod| !reason(pod).is_empty() && !known(pod)).collect();
        new.len() == 2 && new.iter().all(|pod| reason(pod).ends_with("BackOff")) && !items(list).iter().any(known)
    })
    .await;
    for pod in items(&after).iter().filter(|pod| !reason(pod).is_empty()) {
        let cached = pod["spec"]["nodeName"] == "worker-3";
        assert_eq!(reason(pod), if cached { "CrashLoopBackOff" } else { "ImagePullBackOff" });
    }
    // What was asked to go on the lost node is still there: nobody carries it out.
    let lost = client.get("/api/v1/pods?fieldSelector=spec.nodeName%3Dworker-1").await.expect(200);
    assert!(items(&lost).iter().any(|pod| !text(pod, "/metadata/deletionTimestamp").is_empty()));
}

#[tokio::test]
async fn a_scale_in_the_middle_of_a_failed_rollout_is_shared_out() {
    let client = Client::of(World::Believable).await;
    let deployments = "/apis/apps/v1/namespaces/production/deployments";
    let scale = json!({ "spec": { "replicas": 8 } });
    client.merge(&format!("{deployments}/frontend/scale"), &scale).await.expect(200);
    let sets =
        client.get("/apis/apps/v1/namespaces/production/replicasets?labelSelector=app%3Dfrontend").await.expect(200);
    let mut sizes: Vec<_> = items(&sets).iter().map(|set| set["spec"]["replicas"].as_i64().unwrap_or(0)).collect();
    sizes.sort_unstable();
    // Ten at most: eight and a quarter of it more. Three and two of five become six and four of ten.
    assert_eq!(sizes, [0, 4, 6]);
}

#[tokio::test]
async fn a_disruption_budget_counts_its_pods() {
    let client = Client::empty().await;
    client.post(DEPLOYMENTS, &deployment("web", 4)).await.expect(201);
    ready_pods(&client, PODS, 4).await;
    let budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
    let labels = deployment("web", 4)["spec"]["selector"].clone();
    let cases = [
        ("number", json!({"minAvailable": 3}), 3, 1),
        ("share", json!({"minAvailable": "50%"}), 2, 2),
        ("missing", json!({"maxUnavailable": 1}), 3, 1),
        ("share-missing", json!({"maxUnavailable": "30%"}), 2, 2),
        ("too-many", json!({"minAvailable": 9}), 9, 0),
    ];
    for (name, mut spec, desired, allowed) in cases {
        spec["selector"] = labels.clone();
        client.post(budgets, &json!({"metadata": {"name": name}, "spec": spec})).await.expect(201);
        let path = format!("{budgets}/{name}");
        let counted = |budget: &Value| budget["status"]["observedGeneration"] == 1;
        let status = until(&client, &path, counted).await["status"].clone();
        let numbers = ["expectedPods", "currentHealthy", "desiredHealthy", "disruptionsAllowed"];
        assert_eq!(
            numbers.map(|number| status[number].as_i64()),
            [Some(4), Some(4), Some(desired), Some(allowed)],
            "{name}"
        );
    }
    let pods = client.get(PODS).await.json();
    client.delete(&format!("{PODS}/{}", text(&items(&pods)[0], "/metadata/name"))).await.expect(200);
    until(&client, &format!("{budgets}/number"), |budget| budget["status"]["disruptionsAllowed"] == 0).await;
}
