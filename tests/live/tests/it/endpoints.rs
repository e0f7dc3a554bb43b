//! `list_endpoints`: what stands behind Services, from Endpoints where they know it all and from EndpointSlices where those know more.

use crate::embedded::{Caller, own_warnings};
use crate::lists::{check_rows, read_by_kubectl};
use crate::objects::{SOON, running};
use meho_control_plane::{Cluster, Namespace, Rule, until};
use serde_json::{Value, json};

both![
    every_service_with_something_behind_it_has_a_row_that_says_how_much_and_from_where,
    which_services_have_nothing_behind_them_follows_from_two_lists,
];

/// A slice that somebody wrote by hand.
fn slice(namespace: &Namespace, name: &str, service: &str, endpoints: Value) {
    let slice = json!({
        "metadata": {"name": name, "labels": {"kubernetes.io/service-name": service, "made": "by-hand"}},
        "addressType": "IPv4", "endpoints": endpoints, "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
    });
    let path = namespace.path_in("discovery.k8s.io/v1", "endpointslices");
    namespace.cluster().admin().post(&path, &slice).expect("a slice");
}

fn service(namespace: &Namespace, name: &str, spec: Value) {
    let service = json!({"metadata": {"name": name}, "spec": spec});
    namespace.cluster().admin().post(&namespace.path("services"), &service).expect("a Service");
}

/// A ready endpoint that is no pod.
fn ready(address: &str) -> Value {
    json!({"addresses": [address], "conditions": {"ready": true}})
}

/// Services with pods behind them, with none, with pods that are not ready, and those of which only slices know.
fn populate(namespace: &Namespace) {
    let admin = namespace.cluster().admin();
    for name in ["web-1", "web-2"] {
        let spec = json!({"containers": [{"name": "app", "image": crate::objects::IMAGE}]});
        let pod = json!({"metadata": {"name": name, "labels": {"app": "web"}}, "spec": spec});
        admin.post(&namespace.path("pods"), &pod).expect("a pod");
        running(namespace, name);
    }
    let unready = json!({
        "phase": "Running", "podIP": "192.0.2.8", "podIPs": [{"ip": "192.0.2.8"}],
        "conditions": [{"type": "Ready", "status": "False"}],
    });
    let spec = json!({"containers": [{"name": "app", "image": crate::objects::IMAGE}]});
    namespace.pod_by_hand("web-3", spec, &unready).expect("a pod");
    let labels = json!({"metadata": {"labels": {"app": "web"}}});
    admin.patch(&namespace.path("pods/web-3"), meho_control_plane::Patch::Merge, &labels).expect("a label");

    service(
        namespace,
        "web",
        json!({"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}),
    );
    service(namespace, "empty", json!({"selector": {"app": "nobody"}, "ports": [{"port": 80}]}));
    // The port has no such name in any container: the Endpoints stay without subsets.
    service(
        namespace,
        "unnamed",
        json!({"clusterIP": "None", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "no-such-port"}]}),
    );
    service(namespace, "sliced", json!({"ports": [{"port": 80}]}));
    let ending =
        json!({"addresses": ["192.0.2.33"], "conditions": {"ready": false, "serving": true, "terminating": true}});
    let down = json!({"addresses": ["192.0.2.34"], "conditions": {"ready": false}, "hostname": "down", "nodeName": "elsewhere"});
    // What is said to be neither is ready.
    let unsaid = json!({"addresses": ["192.0.2.32"], "targetRef": {"kind": "Pod", "name": "far", "namespace": namespace.name()}});
    slice(namespace, "sliced-one", "sliced", json!([ready("192.0.2.31"), unsaid, ending, down]));
    slice(namespace, "sliced-two", "sliced", Value::Null);
    // By both, of which the slice knows more.
    service(namespace, "capped", json!({"ports": [{"port": 80}]}));
    let endpoints = json!({
        "metadata": {"name": "capped", "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
        "subsets": [{"addresses": [{"ip": "192.0.2.41"}], "ports": [{"name": "http", "port": 8080}]}],
    });
    admin.post(&namespace.path("endpoints"), &endpoints).expect("Endpoints");
    slice(namespace, "capped-all", "capped", json!([ready("192.0.2.41"), ready("192.0.2.42")]));

    let has = |name: &str, wanted: [usize; 2]| {
        let count = |it: &Value, list: &str| it["subsets"][0][list].as_array().map_or(0, Vec::len);
        let path = namespace.path(&format!("endpoints/{name}"));
        let is_so = |it: &Value| [count(it, "addresses"), count(it, "notReadyAddresses")] == wanted;
        admin.wait_for(&path, SOON, is_so).expect("the controller has seen it");
    };
    has("web", [2, 1]);
    has("empty", [0, 0]);
    has("unnamed", [0, 0]);
    // Slices come from another controller.
    let sliced = || {
        let slices = admin.get(&namespace.path_in("discovery.k8s.io/v1", "endpointslices")).expect("slices");
        let of = |service: &str| {
            let all = slices["items"].as_array().expect("items").iter();
            let own = all.filter(|it| it["metadata"]["labels"]["kubernetes.io/service-name"] == service);
            own.map(|it| it["endpoints"].as_array().map_or(0, Vec::len)).sum::<usize>()
        };
        ((of("web"), of("unnamed")) == (3, 3)).then_some(())
    };
    until(SOON, sliced).expect("slices");
}

fn named(rows: &Value, name: &str) -> Value {
    rows.as_array()
        .expect("rows")
        .iter()
        .find(|row| row["name"] == name)
        .unwrap_or_else(|| panic!("{name}: {rows:#}"))
        .clone()
}

fn summary(row: &Value) -> Value {
    json!([row["name"], row["source"], row["ready_count"], row["not_ready_count"]])
}

fn check_each_source(cluster: &Cluster, namespace: &Namespace, caller: &Caller) {
    let rows = caller.data("list_endpoints", json!({"namespace": namespace.name()}));
    let summaries: Vec<Value> = rows.as_array().expect("rows").iter().map(summary).collect();
    let expected = [
        json!(["capped", "EndpointSlice", 2, 0]),
        json!(["empty", "Endpoints", 0, 0]),
        json!(["unnamed", "EndpointSlice", 2, 1]),
        json!(["web", "Endpoints", 2, 1]),
        // There is no object of that name: it stands behind those that there are.
        json!(["sliced", "EndpointSlice", 2, 1]),
    ];
    assert_eq!(summaries, expected);
    let objects = read_by_kubectl(cluster, namespace, "endpoints");
    let is_whole = |name: &Value| name == "empty" || name == "web";
    let of_objects: Vec<Value> =
        rows.as_array().expect("rows").iter().filter(|row| is_whole(&row["name"])).cloned().collect();
    let objects: Vec<Value> = objects.into_iter().filter(|object| is_whole(&object["metadata"]["name"])).collect();
    check_rows("Endpoints", &json!(of_objects), &objects);
    let target = &named(&rows, "web")["subsets"][0]["not_ready_addresses"][0]["target_ref"];
    assert_eq!(*target, json!({"kind": "Pod", "name": "web-3", "namespace": namespace.name()}));

    let sliced = named(&rows, "sliced");
    let address = |ip: &str, hostname: Value, node: Value, target: Value| json!({"ip": ip, "hostname": hostname, "node_name": node, "target_ref": target});
    let nothing = || Value::Null;
    let subset = json!({
        "addresses": [
            address("192.0.2.31", nothing(), nothing(), nothing()),
            address("192.0.2.32", nothing(), nothing(), json!({"kind": "Pod", "name": "far", "namespace": namespace.name()})),
        ],
        "not_ready_addresses": [address("192.0.2.34", json!("down"), json!("elsewhere"), nothing())],
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
    });
    assert_eq!(sliced["subsets"], json!([subset]));
    assert_eq!(sliced["endpoint_slices"], json!(["sliced-one", "sliced-two"]));
    assert_eq!((&sliced["namespace"], &sliced["labels"]["made"]), (&json!(namespace.name()), &json!("by-hand")));
    assert!(sliced["uid"].is_string());
}

fn check_pages(namespace: &Namespace, caller: &Caller) {
    // Whole in one page, and with room for the one that has no object.
    let rows = caller.data("list_endpoints", json!({"namespace": namespace.name(), "limit": 5}));
    assert_eq!(rows.as_array().map(Vec::len), Some(5));
    let place = |name: &str| format!("{namespace}/{name}");
    let says = |why: &str, services: &[String]| {
        format!("Services that {why}: {}; without limit and continue they are listed", services.join(", "))
    };
    // No room for it.
    let (rows, meta) = caller.answer("list_endpoints", json!({"namespace": namespace.name(), "limit": 4}));
    assert_eq!((rows.as_array().map(Vec::len), meta.complete), (Some(4), false));
    let beyond = says("have EndpointSlices only, and are beyond the limit", &[place("sliced")]);
    assert_eq!(own_warnings(&meta), [beyond]);
    // A page that others follow has nothing to say of it, the last one has: there it is not known what came by before.
    let (rows, meta) = caller.answer("list_endpoints", json!({"namespace": namespace.name(), "limit": 3}));
    assert_eq!((rows.as_array().map(Vec::len), meta.complete, meta.remaining), (Some(3), true, Some(1)));
    let next = json!({"namespace": namespace.name(), "limit": 3, "continue": meta.token});
    let (rows, meta) = caller.answer("list_endpoints", next);
    assert_eq!((rows.as_array().map(Vec::len), meta.complete), (Some(1), false));
    let why = "have EndpointSlices made by hand, and are on no page where they have no Endpoints";
    assert_eq!(own_warnings(&meta), [says(why, &[place("capped"), place("sliced")])]);
}

fn check_labels(namespace: &Namespace, caller: &Caller) {
    let rows = caller.data("list_endpoints", json!({"namespace": namespace.name(), "label_selector": "made=by-hand"}));
    let names: Vec<&Value> = rows.as_array().expect("rows").iter().map(|row| &row["name"]).collect();
    assert_eq!(names, ["capped", "sliced"]);
}

/// What a user sees who may not read slices: what the objects know, and that it is not all.
fn check_without_slices(cluster: &Cluster, namespace: &Namespace) {
    let user = namespace.user("no-slices", &[Rule::new("", "endpoints", &["list"])]).expect("a user");
    let caller = Caller::user(cluster, &user);
    let (rows, meta) = caller.answer("list_endpoints", json!({"namespace": namespace.name()}));
    let summaries: Vec<Value> = rows.as_array().expect("rows").iter().map(summary).collect();
    let counts = [("capped", 1, 0), ("empty", 0, 0), ("unnamed", 0, 0), ("web", 2, 1)];
    assert_eq!(summaries, counts.map(|(name, ready, not)| json!([name, "Endpoints", ready, not])));
    assert!(!meta.complete);
    let words = "EndpointSlices could not be read, so the rows know of Endpoints only: endpointslices.discovery.k8s.io is forbidden";
    assert!(matches!(own_warnings(&meta), [one] if one.starts_with(words)), "{meta:?}");
}

fn every_service_with_something_behind_it_has_a_row_that_says_how_much_and_from_where(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    populate(&namespace);
    let caller = Caller::admin(cluster);
    check_each_source(cluster, &namespace, &caller);
    check_pages(&namespace, &caller);
    check_labels(&namespace, &caller);
    check_without_slices(cluster, &namespace);
}

fn which_services_have_nothing_behind_them_follows_from_two_lists(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    populate(&namespace);
    let caller = Caller::admin(cluster);
    let place = json!({"namespace": namespace.name()});
    let (services, endpoints) = (caller.data("list_services", place.clone()), caller.data("list_endpoints", place));
    let has_some = |service: &Value| {
        let behind = endpoints.as_array().expect("rows").iter().find(|row| row["name"] == service["name"]);
        behind.is_some_and(|row| row["ready_count"].as_u64() > Some(0))
    };
    let without: Vec<&Value> =
        services.as_array().expect("rows").iter().filter(|it| !has_some(it)).map(|it| &it["name"]).collect();
    assert_eq!(without, ["empty"]);
}
