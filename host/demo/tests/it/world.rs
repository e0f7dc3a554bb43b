//! The believable cluster: it fits together, it stays as it is, and the things that are wrong with it are there.

use crate::client::Client;
use jiff::Timestamp;
use meho_demo::World;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

/// Everything that the world may refer to.
const LISTS: [&str; 26] = [
    "/api/v1/namespaces",
    "/api/v1/nodes",
    "/api/v1/pods",
    "/api/v1/services",
    "/api/v1/endpoints",
    "/api/v1/events",
    "/api/v1/configmaps",
    "/api/v1/secrets",
    "/api/v1/serviceaccounts",
    "/api/v1/persistentvolumeclaims",
    "/api/v1/persistentvolumes",
    "/apis/apps/v1/deployments",
    "/apis/apps/v1/replicasets",
    "/apis/apps/v1/statefulsets",
    "/apis/apps/v1/daemonsets",
    "/apis/batch/v1/jobs",
    "/apis/batch/v1/cronjobs",
    "/apis/networking.k8s.io/v1/ingresses",
    "/apis/networking.k8s.io/v1/networkpolicies",
    "/apis/discovery.k8s.io/v1/endpointslices",
    "/apis/autoscaling/v2/horizontalpodautoscalers",
    "/apis/policy/v1/poddisruptionbudgets",
    "/apis/storage.k8s.io/v1/storageclasses",
    "/apis/coordination.k8s.io/v1/leases",
    "/apis/metrics.k8s.io/v1beta1/nodes",
    "/apis/metrics.k8s.io/v1beta1/pods",
];

async fn shop() -> Client {
    Client::of(World::Believable).await
}

async fn items(client: &Client, path: &str) -> Vec<Value> {
    client.get(path).await.expect(200)["items"].as_array().expect("a list").clone()
}

/// All objects, by the list that they are in.
async fn all(client: &Client) -> Vec<(&'static str, Value)> {
    let mut objects = Vec::new();
    for path in LISTS {
        objects.extend(items(client, path).await.into_iter().map(|object| (path, object)));
    }
    objects
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn key(object: &Value) -> (String, String) {
    (text(object, "/metadata/namespace").to_owned(), text(object, "/metadata/name").to_owned())
}

/// The rows of a pod table: namespace, name, and what `kubectl get pods` prints of ready, status and restarts.
async fn pods(client: &Client) -> Vec<[String; 5]> {
    let accept = ("accept", "application/json;as=Table;v=v1;g=meta.k8s.io");
    let table = client.send("GET", "/api/v1/pods?includeObject=Metadata", &[accept], None).await.expect(200);
    let cell = |row: &Value, index: usize| match &row["cells"][index] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let row = |row: &Value| {
        [text(row, "/object/metadata/namespace").to_owned(), cell(row, 0), cell(row, 1), cell(row, 2), cell(row, 3)]
    };
    table["rows"].as_array().expect("rows").iter().map(row).collect()
}

/// The names of the pods of a namespace with this status.
fn with_status<'a>(pods: &'a [[String; 5]], namespace: &str, status: &str) -> Vec<&'a str> {
    let fits = |pod: &&[String; 5]| pod[0] == namespace && pod[3] == status;
    pods.iter().filter(fits).map(|pod| pod[1].as_str()).collect()
}

#[tokio::test]
async fn whatever_is_referred_to_is_there() {
    let client = shop().await;
    let objects = all(&client).await;
    let mut names = HashMap::<&str, HashSet<(String, String)>>::new();
    let mut uids = HashMap::new();
    for (path, object) in &objects {
        let (_, plural) = path.rsplit_once('/').expect("a path");
        names.entry(plural).or_default().insert(key(object));
        let uid = text(object, "/metadata/uid").to_owned();
        if !path.contains("metrics") {
            assert!(!uid.is_empty(), "{object}");
            assert!(uids.insert(uid, text(object, "/metadata/name").to_owned()).is_none(), "an uid is twice: {object}");
        }
    }
    let there = |plural: &str, namespace: &str, name: &str, from: &Value| {
        let found = names[plural].contains(&(namespace.to_owned(), name.to_owned()));
        assert!(found, "{plural} {namespace}/{name} of {:?}", key(from));
    };
    for (path, object) in &objects {
        let (namespace, _) = key(object);
        for owner in list(object, "/metadata/ownerReferences") {
            assert_eq!(uids.get(text(owner, "/uid")).map(String::as_str), owner["name"].as_str(), "owner of {object}");
        }
        if !namespace.is_empty() {
            there("namespaces", "", &namespace, object);
        }
        match *path {
            "/api/v1/pods" => pod_refers(object, &there),
            "/apis/networking.k8s.io/v1/ingresses" => {
                for path in list(object, "/spec/rules/0/http/paths") {
                    there("services", &namespace, text(path, "/backend/service/name"), object);
                }
                there("secrets", &namespace, text(object, "/spec/tls/0/secretName"), object);
            }
            "/apis/autoscaling/v2/horizontalpodautoscalers" => {
                there("deployments", &namespace, text(object, "/spec/scaleTargetRef/name"), object);
            }
            "/api/v1/persistentvolumeclaims" if object["status"]["phase"] == "Bound" => {
                there("persistentvolumes", "", text(object, "/spec/volumeName"), object);
            }
            "/api/v1/persistentvolumes" if object["status"]["phase"] == "Bound" => {
                let claim = &object["spec"]["claimRef"];
                assert_eq!(uids.get(text(claim, "/uid")).map(String::as_str), claim["name"].as_str());
            }
            "/api/v1/events" => {
                let uid = text(object, "/involvedObject/uid");
                assert!(uid.is_empty() || uids.contains_key(uid), "{object}");
            }
            _ => {}
        }
    }
}

fn pod_refers(pod: &Value, there: &dyn Fn(&str, &str, &str, &Value)) {
    let (namespace, _) = key(pod);
    let node = text(pod, "/spec/nodeName");
    if !node.is_empty() {
        there("nodes", "", node, pod);
    }
    there("serviceaccounts", &namespace, text(pod, "/spec/serviceAccountName"), pod);
    for volume in list(pod, "/spec/volumes") {
        for (plural, pointer) in [
            ("persistentvolumeclaims", "/persistentVolumeClaim/claimName"),
            ("configmaps", "/configMap/name"),
            ("secrets", "/secret/secretName"),
        ] {
            if !text(volume, pointer).is_empty() {
                there(plural, &namespace, text(volume, pointer), pod);
            }
        }
    }
    for container in list(pod, "/spec/containers") {
        for source in list(container, "/envFrom") {
            there("configmaps", &namespace, text(source, "/configMapRef/name"), pod);
        }
        for variable in list(container, "/env") {
            if let Some(secret) = variable.pointer("/valueFrom/secretKeyRef/name").and_then(Value::as_str) {
                there("secrets", &namespace, secret, pod);
            }
        }
    }
}

#[tokio::test]
async fn the_fresh_world_is_at_rest() {
    let client = shop().await;
    let versions = |objects: Vec<(&'static str, Value)>| {
        // A kubelet renews its lease, that is all.
        let kept = objects.into_iter().filter(|(path, _)| !path.ends_with("leases"));
        kept.map(|(path, object)| ((path, key(&object)), text(&object, "/metadata/resourceVersion").to_owned()))
            .collect::<BTreeMap<_, _>>()
    };
    let before = versions(all(&client).await);
    // Twice as long as anything takes that goes on by itself.
    tokio::time::sleep(Duration::from_millis(1_600)).await;
    let after = versions(all(&client).await);
    let changed: Vec<_> = after.iter().filter(|(key, version)| before.get(*key) != Some(*version)).collect();
    assert_eq!(changed, Vec::<(&_, &String)>::new());
    assert_eq!(before.len(), after.len());
}

#[tokio::test]
async fn all_times_are_past() {
    let client = shop().await;
    let objects = all(&client).await;
    let now = Timestamp::now();
    for (_, object) in objects {
        let mut places = vec![(String::new(), &object)];
        while let Some((at, value)) = places.pop() {
            match value {
                Value::Object(map) => places.extend(map.iter().map(|(key, value)| (format!("{at}/{key}"), value))),
                Value::Array(list) => places.extend(list.iter().map(|value| (at.clone(), value))),
                Value::String(text) => {
                    let time = text.parse::<Timestamp>();
                    assert!(time.is_err() || time.is_ok_and(|time| time <= now), "{at} of {:?}: {text}", key(&object));
                }
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn the_pods_are_in_the_states_that_a_cluster_in_trouble_knows() {
    let client = shop().await;
    let pods = pods(&client).await;
    assert!((55..=70).contains(&pods.len()), "{}", pods.len());
    let one = |namespace: &str, status: &str, prefix: &str, ready: &str, restarts: &str| {
        let fits = |pod: &&[String; 5]| pod[0] == namespace && pod[3] == status && pod[1].starts_with(prefix);
        let found: Vec<_> = pods.iter().filter(fits).collect();
        assert_eq!(found.len(), 1, "{namespace} {prefix} {status}: {pods:#?}");
        assert_eq!((found[0][2].as_str(), found[0][4].split(' ').next()), (ready, Some(restarts)), "{prefix}");
    };
    one("production", "CrashLoopBackOff", "frontend-", "0/1", "13");
    one("production", "ImagePullBackOff", "frontend-", "0/1", "0");
    one("production", "CrashLoopBackOff", "payments-", "0/1", "7");
    one("production", "Running", "payments-", "1/1", "2");
    one("production", "Pending", "checkout-", "0/1", "0");
    one("production", "Pending", "orders-db-2", "0/1", "0");
    one("production", "Error", "invoice-export-", "0/1", "0");
    one("production", "Running", "api-gateway-", "1/1", "0");
    one("staging", "Init:0/1", "reports-", "0/1", "0");
    one("staging", "Terminating", "api-gateway-", "1/1", "0");
    assert_eq!(with_status(&pods, "production", "Completed").len(), 4);
    let unready = pods.iter().filter(|pod| pod[1].starts_with("search-") && pod[2] == "0/1" && pod[3] == "Running");
    assert_eq!(unready.count(), 2);
    let killed = "/api/v1/namespaces/production/pods?labelSelector=app%3Dpayments";
    let last = items(&client, killed).await;
    let ends: Vec<_> =
        last.iter().map(|pod| text(pod, "/status/containerStatuses/0/lastState/terminated/reason")).collect();
    assert_eq!(ends, ["OOMKilled", "OOMKilled"]);
}

#[tokio::test]
async fn a_lost_node_is_lost_as_a_real_one_is() {
    let client = shop().await;
    let node = client.get("/api/v1/nodes/worker-1").await.expect(200);
    let ready = list(&node, "/status/conditions").iter().find(|it| it["type"] == "Ready").expect("Ready");
    assert_eq!((&ready["status"], &ready["reason"]), (&json!("Unknown"), &json!("NodeStatusUnknown")));
    let effects: Vec<_> = list(&node, "/spec/taints").iter().map(|taint| text(taint, "/effect")).collect();
    assert_eq!(effects, ["NoSchedule", "NoExecute"]);
    let there = items(&client, "/api/v1/pods?fieldSelector=spec.nodeName%3Dworker-1").await;
    let (leaving, staying): (Vec<_>, Vec<_>) =
        there.iter().partition(|pod| pod.pointer("/metadata/deletionTimestamp").is_some());
    assert!(leaving.len() > 4 && staying.len() > 4, "{} {}", leaving.len(), staying.len());
    for pod in &there {
        let ready = list(pod, "/status/conditions").iter().find(|it| it["type"] == "Ready").expect("Ready");
        assert_eq!((&pod["status"]["phase"], &ready["status"]), (&json!("Running"), &json!("False")));
    }
    for pod in leaving {
        let told = list(pod, "/status/conditions").iter().find(|it| it["type"] == "DisruptionTarget");
        assert_eq!(told.expect("a reason")["reason"], "DeletionByTaintManager");
    }
}

#[tokio::test]
async fn events_come_in_all_the_shapes_that_recorders_write() {
    let client = shop().await;
    let events = items(&client, "/api/v1/events").await;
    let reason = |reason: &str| events.iter().filter(|it| it["reason"] == reason).cloned().collect::<Vec<_>>();
    let scheduled = reason("FailedScheduling");
    assert_eq!(scheduled.len(), 2);
    for event in &scheduled {
        assert_eq!((&event["firstTimestamp"], &event["lastTimestamp"]), (&Value::Null, &Value::Null));
        assert_eq!((&event["source"], &event["reportingComponent"]), (&json!({}), &json!("default-scheduler")));
        assert!(event["series"]["count"].as_i64() > Some(1), "{event}");
        assert!(text(event, "/eventTime").contains('.'), "{event}");
    }
    let back_off = reason("BackOff");
    assert!(back_off.iter().all(|event| event["count"].as_i64() > Some(10) && event["eventTime"].is_null()));
    let by_kubelet = reason("NodeHasNoDiskPressure");
    assert_eq!(by_kubelet[0]["involvedObject"].get("uid"), None);
    let by_controller = reason("NodeNotReady");
    let of_node = by_controller.iter().find(|event| event["involvedObject"]["kind"] == "Node").expect("an event");
    assert!(!text(of_node, "/involvedObject/uid").is_empty());
}

#[tokio::test]
async fn the_ten_questions_have_answers() {
    let client = shop().await;
    let pods = pods(&client).await;
    // 1
    assert_eq!(with_status(&pods, "production", "CrashLoopBackOff").len(), 2);
    // 2: metrics of the two nodes that answer
    let metrics = client.get("/apis/metrics.k8s.io/v1beta1/nodes/worker-3").await.expect(200);
    assert!(text(&metrics, "/usage/cpu").ends_with('n') && text(&metrics, "/usage/memory").ends_with("Ki"));
    assert_eq!(client.get("/apis/metrics.k8s.io/v1beta1/nodes/worker-1").await.status, 404);
    // 3
    let nginx = client.get("/apis/apps/v1/namespaces/production/deployments/nginx").await.expect(200);
    assert_eq!((&nginx["spec"]["replicas"], &nginx["status"]["readyReplicas"]), (&json!(3), &json!(3)));
    // 4
    assert!(!items(&client, "/api/v1/pods?fieldSelector=spec.nodeName%3Dworker-1").await.is_empty());
    // 5: one pod only has a name that begins so, and it has written more than is asked for
    let gateways: Vec<_> =
        pods.iter().filter(|pod| pod[0] == "production" && pod[1].starts_with("api-gateway")).collect();
    assert_eq!(gateways.len(), 1);
    let log =
        client.get(&format!("/api/v1/namespaces/production/pods/{}/log?tailLines=200", gateways[0][1])).await.text();
    assert_eq!(log.lines().count(), 200);
    assert!(log.contains("level=error") && log.contains("status=200"));
    // 6
    let claims = items(&client, "/api/v1/persistentvolumeclaims").await;
    let pending: Vec<_> = claims.iter().filter(|it| it["status"]["phase"] == "Pending").map(key).collect();
    assert_eq!(pending, [("production".to_owned(), "data-orders-db-2".to_owned())]);
    // 7
    assert!(items(&client, "/api/v1/namespaces/kube-system/events").await.len() > 12);
    // 8
    let frontend = client.get("/apis/apps/v1/namespaces/production/deployments/frontend").await.expect(200);
    let progressing =
        list(&frontend, "/status/conditions").iter().find(|it| it["type"] == "Progressing").expect("Progressing");
    assert_eq!(progressing["reason"], "ProgressDeadlineExceeded");
    assert_eq!(
        ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas"]
            .map(|it| frontend["status"][it].as_i64()),
        [Some(5), Some(2), Some(3), Some(3), Some(2)]
    );
    let crashed = with_status(&pods, "production", "CrashLoopBackOff")[0];
    let trace = client.get(&format!("/api/v1/namespaces/production/pods/{crashed}/log?previous=true")).await.text();
    assert!(trace.contains("TypeError: Invalid URL"), "{trace}");
    // 9
    let slices = items(&client, "/apis/discovery.k8s.io/v1/endpointslices").await;
    let served = |slice: &Value| list(slice, "/endpoints").iter().any(|it| it["conditions"]["ready"] == true);
    let mut without: Vec<_> = slices
        .iter()
        .filter(|slice| !served(slice))
        .map(|it| (text(it, "/metadata/namespace"), text(&it["metadata"]["labels"], "/kubernetes.io~1service-name")))
        .collect();
    without.sort_unstable();
    assert_eq!(without, [("production", "reports"), ("production", "search"), ("staging", "reports")]);
    // 10
    assert_eq!(client.get("/api/v1/nodes/worker-02").await.expect(200)["spec"].get("unschedulable"), None);
}

#[tokio::test]
async fn a_log_asked_for_again_is_the_same_log() {
    let client = shop().await;
    let pods = pods(&client).await;
    let of = |prefix: &str| {
        let pod = pods.iter().find(|pod| pod[1].starts_with(prefix) && pod[3] == "Running").expect("a pod");
        format!("/api/v1/namespaces/{}/pods/{}/log?timestamps=true", pod[0], pod[1])
    };
    let asked =
        ["nginx-", "catalog-migrate", "coredns-", "orders-db-0", "cache-0", "search-", "kube-proxy-", "reports-"];
    for prefix in asked.into_iter().filter(|prefix| *prefix != "catalog-migrate") {
        let (path, before) = (of(prefix), client.get(&of(prefix)).await.text());
        assert!(before.lines().count() > 10, "{prefix}: {before}");
        let times: Vec<_> =
            before.lines().filter_map(|line| line.split(' ').next()?.parse::<Timestamp>().ok()).collect();
        assert!(times.is_sorted(), "{prefix}");
        let after = client.get(&path).await.text();
        let last = before.lines().last().expect("a line");
        assert!(after.lines().any(|line| line == last), "{prefix}");
    }
}
