//! `describe_service` and `get_endpoints`: what stands behind a Service, and why nothing does.

use crate::embedded::{Caller, own_warnings};
use crate::objects::{IMAGE, SOON, pending_pod, pod};
use crate::shapes;
use meho_control_plane::{Cluster, NODE_BY_HAND, Namespace, Rule};
use meho_host::error::ErrorCode;
use serde_json::{Value, json};

both![
    why_nothing_stands_behind_a_service_is_told,
    a_service_is_told_with_its_addresses_its_pods_and_those_that_are_not_ready,
    slices_that_somebody_made_by_hand_are_told_without_an_endpoints_object,
    each_right_that_is_missing_costs_its_part_and_is_named,
    where_neither_slices_nor_endpoints_may_be_read_there_are_none_to_tell,
];

fn of(namespace: &Namespace, name: &str) -> Value {
    json!({"namespace": namespace.name(), "name": name})
}

fn serve(namespace: &Namespace, name: &str, spec: Value) {
    let service = json!({"metadata": {"name": name}, "spec": spec});
    namespace.cluster().admin().post(&namespace.path("services"), &service).expect("a Service");
}

/// A pod with labels and a port, on the node that nobody plays.
fn labelled(namespace: &Namespace, name: &str, app: &str, ip: &str, ready: &str) {
    let spec = json!({"nodeName": NODE_BY_HAND, "containers": [{"name": "app", "image": IMAGE, "ports": [{"name": "web", "containerPort": 8080}]}]});
    let object = json!({"metadata": {"name": name, "labels": {"app": app, "a-b": "1"}}, "spec": spec});
    let admin = namespace.cluster().admin();
    admin.post(&namespace.path("pods"), &object).expect("a pod");
    let conditions = json!([{"type": "Ready", "status": ready}, {"type": "PodScheduled", "status": "True"}]);
    let status = json!({"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "conditions": conditions});
    admin.write_status(&namespace.path(&format!("pods/{name}")), &status).expect("a status");
}

/// What is told once as many addresses are known.
#[track_caller]
fn told(caller: &Caller, namespace: &Namespace, name: &str, (ready, not_ready): (i64, i64)) -> Value {
    let known = || {
        let (data, _) = caller.answer("describe_service", of(namespace, name));
        let endpoints = &data["endpoints"];
        let is_it = endpoints["ready_count"] == ready && endpoints["not_ready_count"] == not_ready;
        is_it.then_some(data)
    };
    meho_control_plane::until(SOON, known).expect("so many addresses")
}

fn why_nothing_stands_behind_a_service_is_told(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let port = json!([{"port": 80, "targetPort": "web"}]);
    serve(&namespace, "external", json!({"type": "ExternalName", "externalName": "db.example.com"}));
    serve(&namespace, "nobodys", json!({"ports": port}));
    serve(&namespace, "unmatched", json!({"ports": port, "selector": {"app": "none", "a-b": "1"}}));
    serve(&namespace, "unready", json!({"ports": port, "selector": {"app": "slow"}}));
    serve(&namespace, "misnamed", json!({"ports": [{"port": 80, "targetPort": "wed"}], "selector": {"app": "well"}}));
    labelled(&namespace, "slow-1", "slow", "192.0.2.61", "False");
    labelled(&namespace, "well-1", "well", "192.0.2.62", "True");
    let caller = Caller::admin(cluster);
    let cases = [
        (
            "external",
            (0, 0),
            "it is an ExternalName: DNS answers with db.example.com, and nothing in the cluster is behind it",
        ),
        ("nobodys", (0, 0), "it has no selector, and nobody has written addresses for it"),
        // Its keys in order.
        ("unmatched", (0, 0), "no pod in its namespace has the labels a-b=1,app=none"),
        ("unready", (0, 1), "one pod matches, and is not ready: slow-1 (Running)"),
        ("misnamed", (1, 0), "its port 80 goes to a TCP port named wed, which no container of the pods that match has"),
    ];
    for (name, counts, why) in cases {
        let data = told(&caller, &namespace, name, counts);
        assert_eq!((&data["why_no_endpoints"], &data["findings"]), (&json!(why), &json!([])), "{name}");
        let types = shapes::check_types(&shapes::shape("ServiceDescribe"), &data);
        assert_eq!(types, Vec::<String>::new());
    }
    // Where the pods may not be read, it is not known.
    let rules = [
        Rule::new("", "services", &["get"]),
        Rule::new("", "endpoints", &["get"]),
        Rule::new("discovery.k8s.io", "endpointslices", &["list"]),
        Rule::new("", "events", &["list"]),
    ];
    let user = namespace.user("no-pods", &rules).expect("a user");
    let (data, meta) = Caller::user(cluster, &user).answer("describe_service", of(&namespace, "unready"));
    assert_eq!(data["why_no_endpoints"], "no address is ready, and which pods match could not be read");
    assert_eq!((&data["matching_pods"], meta.complete), (&Value::Null, false));
}

fn a_service_is_told_with_its_addresses_its_pods_and_those_that_are_not_ready(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let ports = json!([{"name": "http", "port": 80, "targetPort": "web"}, {"name": "metrics", "port": 90, "targetPort": "no-such"}]);
    serve(&namespace, "web", json!({"selector": {"app": "web"}, "ports": ports}));
    labelled(&namespace, "web-1", "web", "192.0.2.71", "True");
    labelled(&namespace, "web-2", "web", "192.0.2.72", "False");
    pod(&namespace, "stranger", crate::objects::nowhere(&["app"]));
    let caller = Caller::admin(cluster);
    let data = told(&caller, &namespace, "web", (1, 1));
    assert_eq!((&data["why_no_endpoints"], &data["endpoints_source"]), (&Value::Null, &json!("EndpointSlice")));
    assert_eq!(
        data["findings"],
        json!([
            "its port 90 goes to a TCP port named no-such, which no container of the pods that match has",
            "1 of 2 pods that match are not ready: web-2 (Running)",
        ])
    );
    assert_eq!((&data["matching_pods"], &data["ready_pods"]), (&json!(2), &json!(1)));
    let pods = data["pods"].as_array().expect("pods");
    let shown: Vec<Value> = pods
        .iter()
        .map(|pod| json!([pod["name"], pod["is_ready"], pod["pod_ip"], pod["node_name"], pod["status"]]))
        .collect();
    assert_eq!(
        shown,
        [
            json!(["web-1", true, "192.0.2.71", NODE_BY_HAND, "Running"]),
            json!(["web-2", false, "192.0.2.72", NODE_BY_HAND, "Running"]),
        ]
    );
    let address = &data["endpoints"]["subsets"][0]["addresses"][0];
    assert_eq!((&address["ip"], &address["target_ref"]["name"]), (&json!("192.0.2.71"), &json!("web-1")));
    // The same behind it, asked for alone, and by a loose name.
    let (alone, _) = caller.answer("get_endpoints", of(&namespace, "we"));
    assert_eq!(
        (&alone["name"], &alone["ready_count"], &alone["not_ready_count"]),
        (&json!("web"), &json!(1), &json!(1))
    );
    let path = namespace.path("endpoints/web");
    let object = cluster.admin().get(&path).expect("Endpoints");
    assert_eq!(shapes::check(&shapes::shape("Endpoints"), &alone, &object), Vec::<String>::new());
}

fn slices_that_somebody_made_by_hand_are_told_without_an_endpoints_object(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    serve(&namespace, "outside", json!({"ports": [{"port": 443}]}));
    let slice = json!({
        "metadata": {"name": "outside-1", "labels": {"kubernetes.io/service-name": "outside"}}, "addressType": "IPv4",
        "endpoints": [{"addresses": ["198.51.100.7"], "conditions": {"ready": true}}, {"addresses": ["198.51.100.8"], "conditions": {"ready": false}}],
        "ports": [{"name": "", "port": 443, "protocol": "TCP"}],
    });
    cluster.admin().post(&namespace.path_in("discovery.k8s.io/v1", "endpointslices"), &slice).expect("a slice");
    let caller = Caller::admin(cluster);
    let (alone, meta) = caller.answer("get_endpoints", of(&namespace, "outside"));
    assert_eq!((&alone["name"], &alone["source"], meta.complete), (&json!("outside"), &json!("EndpointSlice"), true));
    assert_eq!((&alone["ready_count"], &alone["not_ready_count"]), (&json!(1), &json!(1)));
    let data = told(&caller, &namespace, "outside", (1, 1));
    assert_eq!((&data["why_no_endpoints"], &data["pods"]), (&Value::Null, &json!([])));
    let missing = caller.refused(ErrorCode::NotFound, "get_endpoints", of(&namespace, "nothing-like-it"));
    assert_eq!(missing.details["kind"], "Endpoints");
}

/// Each right, the members that tell of its loss, and how the warning begins.
const RIGHTS: [(&str, &str, &str, &str, &str); 4] = [
    ("discovery.k8s.io", "endpointslices", "list", "endpoints_error", "EndpointSlices could not be read: "),
    ("", "endpoints", "get", "endpoints_error", "Endpoints could not be read: "),
    ("", "pods", "list", "pods_error", "pods could not be read: "),
    ("", "events", "list", "events_error", "events could not be read: "),
];

fn each_right_that_is_missing_costs_its_part_and_is_named(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    serve(&namespace, "web", json!({"selector": {"app": "web"}, "ports": [{"port": 80}]}));
    labelled(&namespace, "web-1", "web", "192.0.2.81", "True");
    told(&Caller::admin(cluster), &namespace, "web", (1, 0));
    for (number, (group, resource, verb, member, words)) in RIGHTS.into_iter().enumerate() {
        let mut rules = vec![Rule::new("", "services", &["get"])];
        let kept = RIGHTS.iter().enumerate().filter(|(at, _)| *at != number);
        rules.extend(kept.map(|(_, (group, resource, verb, ..))| Rule::new(group, resource, &[verb])));
        let user = namespace.user(&format!("without-{number}"), &rules).expect("a user");
        let (data, meta) = Caller::user(cluster, &user).answer("describe_service", of(&namespace, "web"));
        let rule = format!(r#"apiGroups: ["{group}"], resources: ["{resource}"], verbs: ["{verb}"]"#);
        let [warning] = own_warnings(&meta) else { panic!("one warning: {meta:?}") };
        assert!(!meta.complete && warning.starts_with(words) && warning.contains(&rule), "{warning}");
        assert!(data[member].as_str().is_some_and(|why| why.contains(&rule)), "{member}: {data:#}");
        assert_eq!(data["endpoints"]["ready_count"], 1);
        let source = if resource == "endpointslices" { "Endpoints" } else { "EndpointSlice" };
        assert_eq!(data["endpoints_source"], source);
    }
    let user = namespace.user("endpoints-only", &[Rule::new("", "endpoints", &["get"])]).expect("a user");
    let (alone, meta) = Caller::user(cluster, &user).answer("get_endpoints", of(&namespace, "web"));
    assert_eq!((&alone["source"], &alone["ready_count"], meta.complete), (&json!("Endpoints"), &json!(1), false));
    let words = "EndpointSlices could not be read, so the row knows of Endpoints only: ";
    assert!(matches!(own_warnings(&meta), [one] if one.starts_with(words)), "{meta:?}");
}

fn where_neither_slices_nor_endpoints_may_be_read_there_are_none_to_tell(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    serve(&namespace, "web", json!({"selector": {"app": "web"}, "ports": [{"port": 80}]}));
    pending_pod(&namespace, "other");
    let user = namespace.user("reader", &[Rule::new("", "services", &["get"])]).expect("a user");
    let (data, meta) = Caller::user(cluster, &user).answer("describe_service", of(&namespace, "web"));
    assert_eq!(
        (&data["endpoints"], &data["endpoints_source"], &data["why_no_endpoints"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert!(!meta.complete && own_warnings(&meta).len() == 4, "{meta:?}");
    let types = shapes::check_types(&shapes::shape("ServiceDescribe"), &data);
    assert_eq!(types, Vec::<String>::new());
}
