//! `describe_node`: its sums are those of `kubectl describe node`, and whatever cannot be read is said.

use crate::embedded::Caller;
use crate::objects::{SOON, containers, kubectl, nowhere, pod};
use crate::servers::has_no_kubectl;
use crate::shapes;
use meho_control_plane::{Client, Cluster, Namespace, NodeByHand, Rule, until};
use meho_host::error::ErrorCode;
use serde_json::{Value, json};

both![
    requests_and_limits_are_summed_as_kubectl_sums_them,
    the_sums_of_every_node_are_those_of_kubectl,
    the_first_twenty_pods_are_named_and_all_are_counted,
    events_are_found_by_kind_and_name_whatever_their_uid,
    the_heartbeat_is_that_of_the_lease,
    what_the_node_uses_is_told_in_hundredths_where_it_is_known,
    a_node_is_found_by_a_loose_name,
    each_right_that_is_missing_costs_its_part_and_is_named,
];

/// A node with resources of all kinds. Its name is the namespace's.
fn node(cluster: &Cluster, namespace: &Namespace) -> NodeByHand {
    let resources = json!({
        "cpu": "3900m", "memory": "7Gi", "ephemeral-storage": "100Gi", "hugepages-2Mi": "64Mi", "example.com/gpu": "4", "pods": "110",
    });
    let node = json!({
        "metadata": {"name": namespace.name()},
        "status": {
            "capacity": resources, "allocatable": resources, "conditions": [{"type": "Ready", "status": "True"}],
        },
    });
    cluster.node_by_hand(node).expect("a node")
}

/// A runtime class with overhead, as long as this lives.
struct RuntimeClass(Client, String);

impl RuntimeClass {
    fn new(cluster: &Cluster, name: &str) -> Self {
        let path = "/apis/node.k8s.io/v1/runtimeclasses";
        let class = json!({
            "metadata": {"name": name}, "handler": "runc", "overhead": {"podFixed": {"cpu": "75m", "memory": "20Mi"}},
        });
        cluster.admin().post(path, &class).expect("a runtime class");
        Self(cluster.admin().clone(), format!("{path}/{name}"))
    }
}

impl Drop for RuntimeClass {
    fn drop(&mut self) {
        let _ = self.0.delete(&self.1);
    }
}

fn asking(name: &str, requests: Value, limits: Value) -> Value {
    let mut container = containers(&[name])[0].clone();
    container["resources"] = json!({"requests": requests, "limits": limits});
    container
}

/// Makes a pod on this node.
#[track_caller]
fn on(namespace: &Namespace, node: &str, name: &str, mut spec: Value) -> Value {
    spec["nodeName"] = json!(node);
    let pod = json!({"metadata": {"name": name}, "spec": spec});
    namespace.cluster().admin().post(&namespace.path("pods"), &pod).expect("a pod")
}

/// Pods that ask in every way there is. Gives how many there are.
fn ask_in_every_way(namespace: &Namespace, node: &str, class: &str) -> usize {
    let sidecar = |name: &str, requests: Value, limits: Value| {
        let mut container = asking(name, requests, limits);
        container["restartPolicy"] = json!("Always");
        container
    };
    let none = || json!({});
    let pods = [
        (
            "plain",
            json!({"containers": [
                asking("a", json!({"cpu": "250m", "memory": "64Mi"}), json!({"cpu": "500m", "memory": "128Mi"})),
                asking("b", json!({"cpu": "0.5", "memory": "12e6"}), json!({"memory": "1G"})),
                asking("c", none(), none()),
            ]}),
        ),
        (
            "init",
            json!({
                "initContainers": [
                    asking("first", json!({"cpu": "600m", "memory": "1Gi"}), json!({"cpu": "1", "memory": "1Gi"})),
                    asking("second", json!({"cpu": "100m"}), none()),
                ],
                "containers": [asking("a", json!({"cpu": "100m", "memory": "100Mi"}), json!({"cpu": "200m"}))],
            }),
        ),
        (
            "sidecars",
            json!({
                "initContainers": [
                    asking("first", json!({"cpu": "300m"}), none()),
                    sidecar("side", json!({"cpu": "200m", "memory": "100Mi"}), json!({"memory": "150Mi"})),
                    asking("after", json!({"cpu": "450m"}), json!({"cpu": "450m", "memory": "10Mi"})),
                    sidecar("second", json!({"cpu": "10m"}), json!({"cpu": "20m"})),
                ],
                "containers": [asking("a", json!({"cpu": "100m"}), none())],
            }),
        ),
        (
            "overhead",
            json!({"runtimeClassName": class, "containers": [asking("a", json!({"cpu": "100m"}), json!({"cpu": "200m"}))]}),
        ),
        (
            "whole",
            json!({
                "resources": {"requests": {"cpu": "700m", "memory": "1M"}, "limits": {"cpu": "1500m", "memory": "300M"}},
                "containers": [asking("a", json!({"cpu": "5m", "memory": "1Ki", "ephemeral-storage": "1Gi"}), json!({"ephemeral-storage": "1500Mi"}))],
            }),
        ),
        (
            "rare",
            json!({"containers": [asking(
                "a",
                json!({"cpu": "1m", "memory": "1537Ki"}),
                json!({"cpu": "2m", "memory": "1537Ki", "hugepages-2Mi": "6Mi", "example.com/gpu": "3"}),
            )]}),
        ),
    ];
    let count = pods.len();
    for (name, spec) in pods {
        let pod = on(namespace, node, name, spec.clone());
        assert_eq!(pod["spec"]["resources"].is_object(), name == "whole", "{pod}");
        assert_eq!(pod["spec"]["overhead"].is_object(), name == "overhead", "{pod}");
    }
    // It had ended before it came to the node, so nobody plays on with it.
    let mut spec = nowhere(&["app"]);
    spec["containers"] = json!([asking("a", json!({"cpu": "1"}), none())]);
    pod(namespace, "ended", spec);
    let admin = namespace.cluster().admin();
    let status = json!({"phase": "Failed", "podIP": "192.0.2.9", "podIPs": [{"ip": "192.0.2.9"}]});
    admin.write_status(&namespace.path("pods/ended"), &status).expect("a status");
    let binding = json!({"metadata": {"name": "ended"}, "target": {"kind": "Node", "name": node}});
    admin.post(&namespace.path("pods/ended/binding"), &binding).expect("a node for it");
    count
}

/// What `kubectl describe node` prints under "Allocated resources": a resource, its requests and limits, and their percentages where it gives them.
fn allocated_by_kubectl(cluster: &Cluster, name: &str) -> Vec<Vec<String>> {
    let text = kubectl(cluster, &["describe", "node", name]);
    let (_, table) = text.split_once("Allocated resources:\n").expect("the table");
    let rows = table.lines().skip(3).take_while(|line| line.starts_with("  "));
    rows.map(|row| row.split_whitespace().map(|word| word.trim_matches(['(', ')']).to_owned()).collect()).collect()
}

/// The same of an answer. kubectl gives percentages only of what every node has, and of huge pages.
fn allocated(node: &Value) -> Vec<Vec<String>> {
    let text = |row: &Value, member: &str| row[member].as_str().expect("a quantity").to_owned();
    let percent = |row: &Value, member: &str| format!("{}%", row[member].as_i64().unwrap_or_default());
    let columns = |row: &Value| {
        let resource = text(row, "resource");
        if resource.contains('/') {
            return vec![resource, text(row, "requests"), text(row, "limits")];
        }
        let (requests, limits) = (percent(row, "requests_percent"), percent(row, "limits_percent"));
        vec![resource, text(row, "requests"), requests, text(row, "limits"), limits]
    };
    node["allocated_resources"].as_array().expect("resources").iter().map(columns).collect()
}

fn requests_and_limits_are_summed_as_kubectl_sums_them(cluster: &Cluster) {
    if has_no_kubectl(cluster) {
        return;
    }
    let namespace = cluster.namespace().expect("a namespace");
    let _node = node(cluster, &namespace);
    let class = RuntimeClass::new(cluster, namespace.name());
    let count = ask_in_every_way(&namespace, namespace.name(), namespace.name());
    let caller = Caller::admin(cluster);
    let (data, _) = caller.answer("describe_node", json!({"name": namespace.name()}));
    assert_eq!(allocated(&data), allocated_by_kubectl(cluster, namespace.name()), "{:#}", data["allocated_resources"]);
    assert_eq!(shapes::check_types(&shapes::shape("NodeDescribe"), &data), Vec::<String>::new());
    assert_eq!((&data["running_pods"], &data["pod_list_truncated"]), (&json!(count), &json!(false)));
    let gpu = data["allocated_resources"]
        .as_array()
        .expect("resources")
        .iter()
        .find(|row| row["resource"] == "example.com/gpu");
    assert_eq!(gpu.expect("the GPUs")["requests_percent"], 75);
    drop(class);
}

fn the_sums_of_every_node_are_those_of_kubectl(cluster: &Cluster) {
    if has_no_kubectl(cluster) {
        return;
    }
    let caller = Caller::admin(cluster);
    for name in ["node-0", meho_control_plane::NODE_BY_HAND] {
        // Other tests' pods come and go there.
        let same = || {
            let before = allocated_by_kubectl(cluster, name);
            let (data, _) = caller.answer("describe_node", json!({"name": name}));
            let after = allocated_by_kubectl(cluster, name);
            (before == after).then_some((data, before))
        };
        let (data, printed) = until(SOON, same).expect("a node that is left alone for a moment");
        assert_eq!(allocated(&data), printed);
    }
}

fn the_first_twenty_pods_are_named_and_all_are_counted(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let _node = node(cluster, &namespace);
    for number in 0..23 {
        let spec = json!({"containers": [asking("a", json!({"cpu": "10m"}), json!({}))]});
        on(&namespace, namespace.name(), &format!("web-{number:02}"), spec);
    }
    let (data, _) = Caller::admin(cluster).answer("describe_node", json!({"name": namespace.name()}));
    assert_eq!((&data["running_pods"], &data["pod_list_truncated"]), (&json!(23), &json!(true)));
    let named: Vec<Value> =
        (0..20).map(|number| json!({"name": format!("web-{number:02}"), "namespace": namespace.name()})).collect();
    assert_eq!(data["pod_list"], json!(named));
    assert_eq!(data["allocated_resources"][0]["requests"], "230m");
}

/// Writes an event about a node. Those of a kubelet have no uid of it.
fn event(cluster: &Cluster, node: &str, reason: &str, involved: Value) {
    let event = json!({
        "metadata": {"name": format!("{node}.{}", reason.to_lowercase())},
        "involvedObject": involved, "type": "Warning", "reason": reason, "message": format!("it is {reason}"),
        "lastTimestamp": "2026-01-02T03:04:05Z",
    });
    cluster.admin().post("/api/v1/namespaces/default/events", &event).expect("an event");
}

fn events_are_found_by_kind_and_name_whatever_their_uid(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let _node = node(cluster, &namespace);
    let name = namespace.name();
    event(cluster, name, "WithoutUid", json!({"kind": "Node", "name": name}));
    event(cluster, name, "UidIsName", json!({"kind": "Node", "name": name, "uid": name}));
    event(cluster, name, "OfAPod", json!({"kind": "Pod", "name": name}));
    let (data, _) = Caller::admin(cluster).answer("describe_node", json!({"name": name}));
    let reasons: Vec<&str> =
        data["events"].as_array().expect("events").iter().filter_map(|event| event["reason"].as_str()).collect();
    assert!(reasons.contains(&"WithoutUid") && reasons.contains(&"UidIsName"), "{reasons:?}");
    assert!(!reasons.contains(&"OfAPod"), "{reasons:?}");
}

fn the_heartbeat_is_that_of_the_lease(cluster: &Cluster) {
    let caller = Caller::admin(cluster);
    let name = "node-0";
    let path = format!("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{name}");
    let lease = cluster.admin().wait_for(&path, SOON, |_| true).expect("a lease");
    let (data, _) = caller.answer("describe_node", json!({"name": name}));
    let found = &data["lease"];
    assert_eq!(found["holder"], lease["spec"]["holderIdentity"]);
    assert_eq!(found["duration_seconds"], lease["spec"]["leaseDurationSeconds"]);
    // It may have been renewed since.
    let renewed = lease["spec"]["renewTime"].as_str().expect("a time").replace('Z', "+00:00");
    assert!(found["renew_time"].as_str().is_some_and(|time| time >= renewed.as_str()), "{found} {lease}");
    assert!(found["age_seconds"].as_i64().is_some_and(|age| (0..600).contains(&age)), "{found}");
    assert_eq!(data["lease_error"], Value::Null);
}

fn what_the_node_uses_is_told_in_hundredths_where_it_is_known(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let _node = node(cluster, &namespace);
    let name = namespace.name();
    let caller = Caller::admin(cluster);
    let (unknown, meta) = caller.answer("describe_node", json!({"name": name}));
    assert!(meta.complete, "{meta:?}");
    assert!(matches!(&meta.warnings[..], [one] if one.starts_with("what the node uses is not known: ")), "{meta:?}");
    assert!(unknown["usage_error"].is_string() && unknown["usage"] == json!({}), "{unknown:#}");
    assert_eq!(unknown["allocated_resources"][0]["usage"], Value::Null);

    cluster.node_uses(name, &json!({"cpu": "1560340123n", "memory": "1835008Ki"})).expect("metrics");
    let data = caller.data("describe_node", json!({"name": name}));
    let of = |at: usize| {
        let row = &data["allocated_resources"][at];
        (row["resource"].clone(), row["usage"].clone(), row["usage_percent"].clone())
    };
    assert_eq!(of(0), (json!("cpu"), json!("1560340123n"), json!(40)));
    assert_eq!(of(1), (json!("memory"), json!("1792Mi"), json!(25)));
    assert_eq!(data["usage_error"], Value::Null);
}

fn a_node_is_found_by_a_loose_name(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let _node = node(cluster, &namespace);
    let name = namespace.name();
    let (data, _) = Caller::admin(cluster).answer("describe_node", json!({"name": &name[..name.len() - 1]}));
    assert_eq!(data["name"], name);
}

/// Each right, the member that tells of its loss, and how the warning begins.
const RIGHTS: [(&str, &str, &str, &str, &str); 4] = [
    ("", "pods", "list", "pods_error", "pods could not be read, so what they ask for is not known: pods is forbidden"),
    ("", "events", "list", "events_error", "events could not be read: events is forbidden"),
    ("metrics.k8s.io", "nodes", "get", "usage_error", "what the node uses could not be read: nodes.metrics.k8s.io \""),
    (
        "coordination.k8s.io",
        "leases",
        "get",
        "lease_error",
        "the node's heartbeat could not be read: leases.coordination.k8s.io \"",
    ),
];

fn each_right_that_is_missing_costs_its_part_and_is_named(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let _node = node(cluster, &namespace);
    let name = namespace.name();
    cluster.node_uses(name, &json!({"cpu": "1", "memory": "1Gi"})).expect("metrics");
    let somebody = |who: &str, without: Option<usize>| {
        let kept = RIGHTS.iter().enumerate().filter(|(number, _)| Some(*number) != without);
        let mut rules: Vec<Rule> =
            kept.map(|(_, (group, resource, verb, ..))| Rule::new(group, resource, &[verb])).collect();
        rules.push(Rule::new("", "nodes", &["get", "list"]));
        namespace.cluster_user(who, &rules).expect("a user")
    };
    let all = somebody("all", None);
    Caller::user(cluster, &all).data("describe_node", json!({"name": name}));
    for (number, (group, resource, verb, member, words)) in RIGHTS.into_iter().enumerate() {
        let user = somebody(&format!("without-{number}"), Some(number));
        let (data, meta) = Caller::user(cluster, &user).answer("describe_node", json!({"name": name}));
        assert!(!meta.complete, "{resource}: {meta:?}");
        let rule = format!(r#"apiGroups: ["{group}"], resources: ["{resource}"], verbs: ["{verb}"]"#);
        let [warning] = &meta.warnings[..] else { panic!("one warning: {meta:?}") };
        assert!(warning.starts_with(words) && warning.contains(&rule), "{warning}");
        assert!(data[member].as_str().is_some_and(|why| why.contains(&rule)), "{member}: {data:#}");
        let others = RIGHTS.iter().filter(|right| right.3 != member);
        others.for_each(|right| assert_eq!(data[right.3], Value::Null));
        let requests = &data["allocated_resources"][0]["requests"];
        assert_eq!(requests.is_null(), member == "pods_error", "{requests}");
    }
    let user = namespace.cluster_user("without-the-node", &[Rule::new("", "nodes", &["list"])]).expect("a user");
    let denied =
        Caller::user(cluster, &user).refused(ErrorCode::PermissionDenied, "describe_node", json!({"name": name}));
    assert_eq!((&denied.details["verb"], &denied.details["resource"]), (&json!("get"), &json!("nodes")));
}
