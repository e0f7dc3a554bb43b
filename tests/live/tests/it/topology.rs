//! Discovery: each relationship with objects as people write them, and beside it what looks like one and is none.
//!
//! What a test asks of a graph is [`Found`]: its entities and relationships by short names, `Pod web-1` and `Pod web-1 runs_on Node node-0`.

use crate::embedded::{Caller, own_warnings};
use crate::objects::{IMAGE, SOON, still_deployment};
use meho_control_plane::{Cluster, NODE_BY_HAND, Namespace, Rule};
use meho_host::call::AnswerMeta;
use serde_json::{Value, json};
use std::collections::BTreeSet;

both![
    pods_are_where_they_run_and_in_their_namespace,
    whatever_lives_in_a_namespace_is_a_member_of_it_and_nothing_of_the_cluster_is,
    who_controls_what_is_told_by_its_uid_and_not_by_its_name,
    a_pod_uses_what_its_spec_names_wherever_it_names_it,
    a_claim_that_is_made_for_a_pod_is_certain_only_where_the_pod_owns_it,
    services_route_to_what_their_slices_say,
    ingresses_route_to_the_services_that_they_name_and_use_their_secrets,
    stateful_sets_use_the_service_that_they_name,
    claims_are_bound_where_the_volume_says_so_too,
    events_are_about_what_they_name_and_nothing_else_of_its_name,
    a_node_says_by_what_others_may_know_its_machine,
    values_stay_where_they_are,
    its_least_rules_are_enough_and_each_that_is_missing_costs_its_kind_and_no_other,
    where_slices_may_not_be_read_endpoints_say_it_and_where_those_may_not_selectors_do,
];

/// A graph, by short names.
pub(crate) struct Found {
    pub(crate) graph: Value,
    pub(crate) meta: AnswerMeta,
}

/// An id without the namespace of the test.
fn short(id: &str, namespace: &str) -> String {
    id.strip_prefix(&format!("{namespace}/")).unwrap_or(id).to_owned()
}

impl Found {
    #[track_caller]
    pub(crate) fn with(caller: &Caller, arguments: Value) -> Self {
        let (graph, meta) = caller.discover(arguments).expect("a graph");
        Self { graph: serde_json::to_value(&graph).expect("JSON"), meta }
    }

    /// All that is in a namespace, and of the cluster.
    #[track_caller]
    pub(crate) fn of(namespace: &Namespace) -> Self {
        let caller = Caller::admin(namespace.cluster());
        let found = Self::with(&caller, json!({"namespace": namespace.name()}));
        assert!(found.meta.complete && own_warnings(&found.meta).is_empty(), "{:?}", found.meta);
        found
    }

    pub(crate) fn relationships(&self) -> &Vec<Value> {
        self.graph["relationships"].as_array().expect("a list")
    }

    pub(crate) fn entity(&self, kind: &str, id: &str) -> &Value {
        let mut all = self.graph["entities"].as_array().expect("a list").iter();
        all.find(|entity| entity["type"] == kind && entity["id"] == id).unwrap_or_else(|| panic!("no {kind} {id}"))
    }

    /// All relationships of a name between these types, as `from to`; `?` where it is not certain, `!` where an end was not read.
    pub(crate) fn all(&self, namespace: &Namespace, from: &str, name: &str, to: &str) -> BTreeSet<String> {
        let is_it = |of: &&Value| of["type"] == name && of["from"]["type"] == from && of["to"]["type"] == to;
        let end = |end: &Value| short(end["id"].as_str().expect("an id"), namespace.name());
        let shown = |of: &Value| {
            let certain = if of["certain"] == true { "" } else { "?" };
            let is_read = of["from"]["resolved"] == true && of["to"]["resolved"] == true;
            format!("{} {}{certain}{}", end(&of["from"]), end(&of["to"]), if is_read { "" } else { "!" })
        };
        // Of other tests there is something in the cluster, too.
        let of_it = |of: &&Value| {
            let prefix = format!("{}/", namespace.name());
            let is_here = |end: &Value| end["id"].as_str().is_some_and(|id| id.starts_with(&prefix));
            is_here(&of["from"]) || is_here(&of["to"])
        };
        self.relationships().iter().filter(is_it).filter(of_it).map(shown).collect()
    }

    /// One of them.
    #[track_caller]
    pub(crate) fn one(&self, name: &str, from: (&str, &str), to: (&str, &str)) -> &Value {
        let is_it = |of: &&Value| {
            of["type"] == name
                && (&of["from"]["type"], &of["from"]["id"]) == (&json!(from.0), &json!(from.1))
                && (&of["to"]["type"], &of["to"]["id"]) == (&json!(to.0), &json!(to.1))
        };
        let all = self.relationships();
        all.iter().find(is_it).unwrap_or_else(|| panic!("no {from:?} {name} {to:?} in {all:#?}"))
    }
}

fn set(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|one| (*one).to_owned()).collect()
}

/// Makes an object. `group` is empty for the core's.
#[track_caller]
fn make(namespace: &Namespace, group: &str, plural: &str, object: Value) -> Value {
    let path = if group.is_empty() { namespace.path(plural) } else { namespace.path_in(group, plural) };
    namespace.cluster().admin().post(&path, &object).unwrap_or_else(|error| panic!("{plural}: {error}\n{object}"))
}

#[track_caller]
fn make_in_cluster(cluster: &Cluster, path: &str, object: Value) -> Value {
    cluster.admin().post(path, &object).unwrap_or_else(|error| panic!("{path}: {error}\n{object}"))
}

/// A pod on the node that nobody plays, so that nothing of it changes.
#[track_caller]
fn placed(namespace: &Namespace, name: &str, labels: Value, more: Value) -> Value {
    let mut spec = json!({"nodeName": NODE_BY_HAND, "containers": [{"name": "app", "image": IMAGE}]});
    let members = spec.as_object_mut().expect("an object");
    members.extend(more.as_object().cloned().unwrap_or_default());
    make(namespace, "", "pods", json!({"metadata": {"name": name, "labels": labels}, "spec": spec}))
}

/// Waits until something is as it should be.
#[track_caller]
fn soon(namespace: &Namespace, is_it: impl Fn(&Found) -> bool) -> Found {
    let look = || Some(Found::of(namespace)).filter(|found| is_it(found));
    meho_control_plane::until(SOON, look).expect("it comes to that")
}

fn pods_are_where_they_run_and_in_their_namespace(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    placed(&namespace, "placed", json!({}), json!({}));
    let waiting = json!({"schedulerName": "nobody", "containers": [{"name": "app", "image": IMAGE}]});
    make(&namespace, "", "pods", json!({"metadata": {"name": "waiting"}, "spec": waiting}));
    let found = Found::of(&namespace);
    // A pod that waits for a node runs nowhere.
    assert_eq!(found.all(&namespace, "Pod", "runs_on", "Node"), set(&[&format!("placed {NODE_BY_HAND}")]));
    let here = namespace.name();
    let member = found.all(&namespace, "Pod", "member_of", "Namespace");
    assert_eq!(member, set(&[&format!("placed {here}"), &format!("waiting {here}")]));
    let namespace_entity = found.entity("Namespace", here);
    assert_eq!(namespace_entity["properties"]["phase"], "Active");
    let pod = found.entity("Pod", &format!("{here}/placed"));
    assert_eq!(pod["properties"]["node_name"], NODE_BY_HAND);
    assert_eq!(pod["properties"]["containers"][0]["image"], IMAGE);
    assert_eq!(found.one("runs_on", ("Pod", &format!("{here}/placed")), ("Node", NODE_BY_HAND))["known_by"], "spec");
}

fn whatever_lives_in_a_namespace_is_a_member_of_it_and_nothing_of_the_cluster_is(cluster: &Cluster) {
    let (namespace, other) = (cluster.namespace().expect("a namespace"), cluster.namespace().expect("another"));
    let pods = json!({"metadata": {"labels": {"of": "one"}}, "spec": {"schedulerName": "nobody", "containers": [{"name": "app", "image": IMAGE}]}});
    let workload = json!({"replicas": 0, "selector": {"matchLabels": {"of": "one"}}, "template": pods});
    let mut daemons = workload.clone();
    daemons.as_object_mut().expect("an object").remove("replicas");
    let claim = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": ""});
    let backend = json!({"defaultBackend": {"service": {"name": "none", "port": {"number": 80}}}});
    let about = json!({"kind": "Pod", "namespace": namespace.name(), "name": "one"});
    let objects = [
        ("Pod", "", "pods", json!({"spec": pods["spec"]})),
        ("Deployment", "apps/v1", "deployments", json!({"spec": workload})),
        ("ReplicaSet", "apps/v1", "replicasets", json!({"spec": workload})),
        ("StatefulSet", "apps/v1", "statefulsets", json!({"spec": workload})),
        ("DaemonSet", "apps/v1", "daemonsets", json!({"spec": daemons})),
        ("Service", "", "services", json!({"spec": {"ports": [{"port": 80}]}})),
        ("Ingress", "networking.k8s.io/v1", "ingresses", json!({"spec": backend})),
        ("ConfigMap", "", "configmaps", json!({})),
        ("Secret", "", "secrets", json!({})),
        ("PersistentVolumeClaim", "", "persistentvolumeclaims", json!({"spec": claim})),
        (
            "Event",
            "",
            "events",
            json!({"involvedObject": about, "reason": "Told", "message": "of the suite", "type": "Normal"}),
        ),
    ];
    for (_, group, plural, object) in &objects {
        let mut object = object.clone();
        object["metadata"] = json!({"name": "one"});
        make(&namespace, group, plural, object);
    }
    // Of the same name, in another namespace.
    make(&other, "", "configmaps", json!({"metadata": {"name": "one"}}));
    let found = Found::with(&Caller::admin(cluster), json!({}));
    let here = namespace.name();
    let members = found.relationships().iter().filter(|of| of["type"] == "member_of");
    for (kind, ..) in &objects {
        let id = format!("{here}/one");
        let of_it = members.clone().filter(|of| of["from"]["type"] == *kind && of["from"]["id"] == id);
        let to: Vec<(&Value, &Value, &Value)> =
            of_it.map(|of| (&of["to"]["type"], &of["to"]["id"], &of["to"]["resolved"])).collect();
        assert_eq!(to, [(&json!("Namespace"), &json!(here), &json!(true))], "{kind}");
    }
    let theirs = format!("{}/one", other.name());
    assert!(members.clone().any(|of| of["from"]["id"] == theirs && of["to"]["id"] == other.name()));
    let of_cluster = ["Namespace", "Node", "PersistentVolume", "StorageClass"];
    assert!(members.clone().all(|of| !of_cluster.contains(&of["from"]["type"].as_str().expect("a type"))));
}

/// An owner reference.
fn owner(api_version: &str, kind: &str, name: &str, uid: &str, controller: Option<bool>) -> Value {
    let mut owner = json!({"apiVersion": api_version, "kind": kind, "name": name, "uid": uid});
    if let Some(controller) = controller {
        owner["controller"] = controller.into();
    }
    owner
}

fn who_controls_what_is_told_by_its_uid_and_not_by_its_name(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let deployment = still_deployment(&namespace, "web", 2);
    let uid = deployment["metadata"]["uid"].as_str().expect("a uid").to_owned();
    let template = json!({"metadata": {"labels": {"of": "set"}}, "spec": {"schedulerName": "nobody", "containers": [{"name": "app", "image": IMAGE}]}});
    let of_set = json!({"selector": {"matchLabels": {"of": "set"}}, "template": template});
    let mut stateful = of_set.clone();
    stateful["serviceName"] = "none".into();
    stateful["replicas"] = 1.into();
    let stateful = make(&namespace, "apps/v1", "statefulsets", json!({"metadata": {"name": "db"}, "spec": stateful}));
    make(
        &namespace,
        "apps/v1",
        "daemonsets",
        json!({"metadata": {"name": "agent"}, "spec": {
            "selector": {"matchLabels": {"of": "agent"}},
            "template": {"metadata": {"labels": {"of": "agent"}}, "spec": {"containers": [{"name": "app", "image": IMAGE}]}},
        }}),
    );
    let of = |object: &Value| object["metadata"]["uid"].as_str().expect("a uid").to_owned();
    let owned = |name: &str, owners: Value| {
        let spec = json!({"schedulerName": "nobody", "containers": [{"name": "app", "image": IMAGE}]});
        let metadata = json!({"name": name, "ownerReferences": owners});
        make(&namespace, "", "pods", json!({"metadata": metadata, "spec": spec}));
    };
    // Owned, and not controlled.
    owned("owned", json!([owner("apps/v1", "StatefulSet", "db", &of(&stateful), None)]));
    // Of the same name and kind in another group.
    owned("stranger", json!([owner("example.com/v1", "StatefulSet", "db", &of(&stateful), Some(true))]));
    let found = soon(&namespace, |found| {
        found.all(&namespace, "StatefulSet", "manages", "Pod").len() == 1
            && found.all(&namespace, "ReplicaSet", "manages", "Pod").len() == 2
            && !found.all(&namespace, "DaemonSet", "manages", "Pod").is_empty()
    });
    assert_eq!(found.all(&namespace, "StatefulSet", "manages", "Pod"), set(&["db db-0"]));
    for pod in found.all(&namespace, "DaemonSet", "manages", "Pod") {
        assert!(pod.starts_with("agent agent-"), "{pod}");
    }
    let sets = found.all(&namespace, "Deployment", "manages", "ReplicaSet");
    assert_eq!(sets.len(), 1);
    let set_name = sets.first().expect("one").strip_prefix("web ").expect("of it").to_owned();
    for pod in found.all(&namespace, "ReplicaSet", "manages", "Pod") {
        assert!(pod.starts_with(&format!("{set_name} {set_name}-")), "{pod}");
    }
    let here = namespace.name();
    let manages =
        found.one("manages", ("Deployment", &format!("{here}/web")), ("ReplicaSet", &format!("{here}/{set_name}")));
    assert_eq!((&manages["known_by"], &manages["certain"]), (&json!("owner_reference"), &json!(true)));
    assert_eq!((&manages["from"]["uid"], &manages["from"]["resolved"]), (&json!(uid), &json!(true)));
}

fn a_pod_uses_what_its_spec_names_wherever_it_names_it(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let configured =
        |name: &str| make(&namespace, "", "configmaps", json!({"metadata": {"name": name}, "data": {"key": "value"}}));
    ["env", "env-from", "volume", "projected", "init", "unused"].into_iter().for_each(|name| _ = configured(name));
    let secret = |name: &str| {
        make(&namespace, "", "secrets", json!({"metadata": {"name": name}, "stringData": {"key": "hidden"}}))
    };
    ["s-env", "s-env-from", "s-volume", "s-projected", "s-pull", "s-csi", "s-file", "s-rbd", "s-unused"]
        .into_iter()
        .for_each(|name| _ = secret(name));
    let env = |kind: &str, name: &str| json!({"name": "A", "valueFrom": {kind: {"name": name, "key": "key"}}});
    let spec = json!({
        "initContainers": [{"name": "init", "image": IMAGE, "env": [env("configMapKeyRef", "init")]}],
        "containers": [{
            "name": "app", "image": IMAGE,
            "env": [env("configMapKeyRef", "env"), env("secretKeyRef", "s-env"), {"name": "B", "value": "unused"}],
            "envFrom": [{"configMapRef": {"name": "env-from"}}, {"secretRef": {"name": "s-env-from"}}, {"configMapRef": {"name": "missing", "optional": true}}],
        }],
        "volumes": [
            {"name": "a", "configMap": {"name": "volume"}},
            {"name": "b", "secret": {"secretName": "s-volume"}},
            {"name": "c", "projected": {"sources": [{"configMap": {"name": "projected"}}, {"secret": {"name": "s-projected"}}]}},
            {"name": "d", "csi": {"driver": "csi.example.com", "nodePublishSecretRef": {"name": "s-csi"}}},
            {"name": "e", "azureFile": {"secretName": "s-file", "shareName": "share"}},
            {"name": "f", "rbd": {"monitors": ["192.0.2.1"], "image": "image", "secretRef": {"name": "s-rbd"}}},
            {"name": "g", "emptyDir": {}},
            {"name": "h", "configMap": {"name": "env"}},
        ],
        "imagePullSecrets": [{"name": "s-pull"}],
    });
    placed(&namespace, "user", json!({}), spec);
    let found = Found::of(&namespace);
    let maps = ["env", "env-from", "init", "projected", "volume"].map(|name| format!("user {name}"));
    let mut expected: BTreeSet<String> = maps.into_iter().collect();
    // It may be left out, so it is named and need not be there.
    expected.insert("user missing!".to_owned());
    let mut used = found.all(&namespace, "Pod", "uses", "ConfigMap");
    // The token's own, in a volume that the server adds.
    used.retain(|of| !of.contains("kube-root-ca.crt"));
    assert_eq!(used, expected);
    let secrets = ["s-csi", "s-env", "s-env-from", "s-file", "s-projected", "s-pull", "s-rbd", "s-volume"];
    let secrets: BTreeSet<String> = secrets.into_iter().map(|name| format!("user {name}")).collect();
    assert_eq!(found.all(&namespace, "Pod", "uses", "Secret"), secrets);
    let here = namespace.name();
    let via = |kind: &str, name: &str| {
        found.one("uses", ("Pod", &format!("{here}/user")), (kind, &format!("{here}/{name}")))["properties"]["via"]
            .clone()
    };
    assert_eq!(via("ConfigMap", "env"), json!(["env", "volume"]));
    assert_eq!(via("Secret", "s-pull"), json!(["image_pull_secret"]));
    assert_eq!(via("Secret", "s-rbd"), json!(["volume_driver"]));
    // Of another namespace nothing is used, whatever its name.
    let other = cluster.namespace().expect("a namespace");
    make(&other, "", "configmaps", json!({"metadata": {"name": "missing"}}));
    let both = Found::with(&Caller::admin(cluster), json!({"kinds": ["Pod", "ConfigMap"]}));
    assert!(both.all(&namespace, "Pod", "uses", "ConfigMap").contains("user missing!"));
}

/// Waits until a claim that is wanted for a pod has been made.
fn a_claim_that_is_made_for_a_pod_is_certain_only_where_the_pod_owns_it(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let claim = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": ""});
    let made = |name: &str, owners: Value| {
        let metadata = json!({"name": name, "ownerReferences": owners});
        make(&namespace, "", "persistentvolumeclaims", json!({"metadata": metadata, "spec": claim}))
    };
    made("data", json!([]));
    // Somebody made one of the name that the second pod's would have.
    made("second-scratch", json!([]));
    let ephemeral = |name: &str| {
        let template = json!({"volumeClaimTemplate": {"spec": claim}});
        let volumes = json!([
            {"name": "scratch", "ephemeral": template},
            {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
            {"name": "gone", "persistentVolumeClaim": {"claimName": "gone"}},
        ]);
        placed(&namespace, name, json!({}), json!({"volumes": volumes}))
    };
    let first = ephemeral("first");
    ephemeral("second");
    let path = namespace.path("persistentvolumeclaims/first-scratch");
    if cluster.admin().wait_for(&path, SOON / 6, |claim| claim["metadata"]["name"] == "first-scratch").is_err() {
        // Where no controller makes it.
        let uid = first["metadata"]["uid"].as_str().expect("a uid");
        made("first-scratch", json!([owner("v1", "Pod", "first", uid, Some(true))]));
    }
    let found = Found::of(&namespace);
    let expected =
        ["first data", "second data", "first gone!", "second gone!", "first first-scratch", "second second-scratch?"];
    assert_eq!(found.all(&namespace, "Pod", "uses", "PersistentVolumeClaim"), set(&expected));
}

fn services_route_to_what_their_slices_say(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let serve =
        |name: &str, spec: Value| make(&namespace, "", "services", json!({"metadata": {"name": name}, "spec": spec}));
    let ports = json!([{"port": 80}]);
    serve("web", json!({"selector": {"app": "web", "tier": "front"}, "ports": ports}));
    serve("by-hand", json!({"ports": ports}));
    serve("external", json!({"type": "ExternalName", "externalName": "db.example.com", "selector": {"app": "web"}}));
    let running = |name: &str, labels: Value, ip: &str, ready: &str, phase: &str| {
        placed(&namespace, name, labels, json!({}));
        let conditions = json!([{"type": "Ready", "status": ready}]);
        let status = json!({"phase": phase, "podIP": ip, "podIPs": [{"ip": ip}], "conditions": conditions});
        cluster.admin().write_status(&namespace.path(&format!("pods/{name}")), &status).expect("a status");
    };
    running("ready", json!({"app": "web", "tier": "front"}), "192.0.2.71", "True", "Running");
    running("slow", json!({"app": "web", "tier": "front"}), "192.0.2.72", "False", "Running");
    running("half", json!({"app": "web"}), "192.0.2.73", "True", "Running");
    running("upper", json!({"app": "Web", "tier": "front"}), "192.0.2.74", "True", "Running");
    running("over", json!({"app": "web", "tier": "front"}), "192.0.2.75", "False", "Succeeded");
    let target = |name: &str| json!({"kind": "Pod", "name": name, "namespace": namespace.name()});
    let slice = json!({
        "metadata": {"name": "by-hand-1", "labels": {"kubernetes.io/service-name": "by-hand"}},
        "addressType": "IPv4",
        "ports": null,
        "endpoints": [
            {"addresses": ["192.0.2.73"], "targetRef": target("half")},
            {"addresses": ["198.51.100.9"]},
            {"addresses": ["198.51.100.10"], "targetRef": {"kind": "Pod", "name": "ready", "namespace": "kube-system"}},
        ],
    });
    make(&namespace, "discovery.k8s.io/v1", "endpointslices", slice);
    // One without the label belongs to nothing.
    let nobodys = json!({
        "metadata": {"name": "nobodys"},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["192.0.2.71"], "targetRef": target("ready")}],
    });
    make(&namespace, "discovery.k8s.io/v1", "endpointslices", nobodys);
    let found = soon(&namespace, |found| found.all(&namespace, "Service", "routes_to", "Pod").len() == 3);
    // Whoever may write slices may name a pod beside an address that is not its own.
    let routes = set(&["web ready", "web slow", "by-hand half?"]);
    assert_eq!(found.all(&namespace, "Service", "routes_to", "Pod"), routes);
    let here = namespace.name();
    let to = |service: &str, pod: &str| {
        found.one("routes_to", ("Service", &format!("{here}/{service}")), ("Pod", &format!("{here}/{pod}"))).clone()
    };
    assert_eq!(
        (&to("web", "ready")["known_by"], &to("web", "ready")["properties"]["ready"]),
        (&json!("endpoint_slice"), &json!(true))
    );
    assert_eq!(to("web", "slow")["properties"]["ready"], false);
    // Not said means ready.
    assert_eq!(to("by-hand", "half")["properties"]["ready"], true);
}

fn ingresses_route_to_the_services_that_they_name_and_use_their_secrets(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let ports = json!([{"port": 80}]);
    for name in ["shop", "fallback", "shop-ingress"] {
        make(&namespace, "", "services", json!({"metadata": {"name": name}, "spec": {"ports": ports}}));
    }
    let backend = |name: &str| json!({"service": {"name": name, "port": {"number": 80}}});
    let path = |path: &str, name: &str| json!({"path": path, "pathType": "Prefix", "backend": backend(name)});
    let spec = json!({
        "defaultBackend": backend("fallback"),
        "rules": [
            {"host": "shop.example.com", "http": {"paths": [path("/", "shop"), path("/again", "shop"), path("/gone", "gone")]}},
            {"host": "bare.example.com"},
        ],
        "tls": [{"hosts": ["shop.example.com"], "secretName": "shop-tls"}, {"hosts": ["bare.example.com"]}],
    });
    // It has the name of a Service that it does not route to.
    make(&namespace, "networking.k8s.io/v1", "ingresses", json!({"metadata": {"name": "shop-ingress"}, "spec": spec}));
    let tls = json!({"metadata": {"name": "shop-tls"}, "type": "Opaque"});
    make(&namespace, "", "secrets", tls);
    let found = Found::of(&namespace);
    let routes = set(&["shop-ingress fallback", "shop-ingress gone!", "shop-ingress shop"]);
    assert_eq!(found.all(&namespace, "Ingress", "routes_to", "Service"), routes);
    assert_eq!(found.all(&namespace, "Ingress", "uses", "Secret"), set(&["shop-ingress shop-tls"]));
    let ingress = found.entity("Ingress", &format!("{}/shop-ingress", namespace.name()));
    assert_eq!(ingress["properties"]["hosts"], json!(["shop.example.com", "bare.example.com"]));
    assert_eq!(ingress["same_as"], json!([]));
}

fn stateful_sets_use_the_service_that_they_name(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    make(
        &namespace,
        "",
        "services",
        json!({"metadata": {"name": "db"}, "spec": {"clusterIP": "None", "ports": [{"port": 5432}]}}),
    );
    let set_of = |name: &str, service: Option<&str>| {
        let labels = json!({"set": name});
        let mut spec = json!({
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": IMAGE}]}},
        });
        if let Some(service) = service {
            spec["serviceName"] = service.into();
        }
        make(&namespace, "apps/v1", "statefulsets", json!({"metadata": {"name": name}, "spec": spec}));
    };
    set_of("named", Some("db"));
    set_of("unnamed", None);
    set_of("missing", Some("nowhere"));
    let found = Found::of(&namespace);
    let uses = set(&["named db", "missing nowhere!"]);
    assert_eq!(found.all(&namespace, "StatefulSet", "uses", "Service"), uses);
}

fn claims_are_bound_where_the_volume_says_so_too(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let class = format!("class-{}", namespace.name());
    let make_class = json!({"metadata": {"name": class}, "provisioner": "csi.example.com", "volumeBindingMode": "WaitForFirstConsumer"});
    make_in_cluster(cluster, "/apis/storage.k8s.io/v1/storageclasses", make_class);
    let volume = |suffix: &str, annotations: Value, claim: Option<&str>| {
        let mut spec = json!({
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": class,
            "csi": {"driver": "csi.example.com", "volumeHandle": suffix},
        });
        if let Some(claim) = claim {
            spec["claimRef"] = json!({"kind": "PersistentVolumeClaim", "namespace": namespace.name(), "name": claim});
        }
        let name = format!("{}-{suffix}", namespace.name());
        let object = json!({"metadata": {"name": name, "annotations": annotations}, "spec": spec});
        make_in_cluster(cluster, "/api/v1/persistentvolumes", object);
        name
    };
    let provisioned = json!({"pv.kubernetes.io/provisioned-by": "csi.example.com"});
    let bound = volume("bound", provisioned, Some("bound"));
    let by_hand = volume("by-hand", json!({}), None);
    let other = volume("other", json!({"pv.kubernetes.io/provisioned-by": "old.example.com"}), Some("somebody"));
    let claim = |name: &str, volume: Option<&str>, class: Option<&str>| {
        let mut spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
        if let Some(volume) = volume {
            spec["volumeName"] = volume.into();
        }
        if let Some(class) = class {
            spec["storageClassName"] = class.into();
        }
        make(&namespace, "", "persistentvolumeclaims", json!({"metadata": {"name": name}, "spec": spec}));
    };
    claim("bound", Some(&bound), Some(&class));
    // It wants a volume that is for another claim.
    claim("jealous", Some(&other), Some(&class));
    claim("unclassed", None, Some(""));
    let path = namespace.path("persistentvolumeclaims/bound");
    cluster.admin().wait_for(&path, SOON, |claim| claim["status"]["phase"] == "Bound").expect("a bound claim");
    let found = Found::of(&namespace);
    let bounds = found.all(&namespace, "PersistentVolumeClaim", "bound_to", "PersistentVolume");
    assert_eq!(bounds, set(&[&format!("bound {bound}")]));
    let classes = found.all(&namespace, "PersistentVolumeClaim", "uses", "StorageClass");
    assert_eq!(classes, set(&[&format!("bound {class}"), &format!("jealous {class}")]));
    let provisions = |volume: &str| {
        let is_it = |of: &&Value| of["type"] == "provisions" && of["to"]["id"] == volume;
        found.relationships().iter().find(is_it).map(|of| (of["from"]["id"].clone(), of["certain"] == true))
    };
    assert_eq!(provisions(&bound), Some((json!(class), true)));
    // What nobody provisioned is of no class's making; what another provisioner made, of this one's perhaps.
    assert_eq!(provisions(&by_hand), None);
    assert_eq!(provisions(&other), Some((json!(class), false)));
}

fn events_are_about_what_they_name_and_nothing_else_of_its_name(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let pod = placed(&namespace, "web", json!({}), json!({}));
    make(&namespace, "", "services", json!({"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}));
    let told = |name: &str, about: Value| {
        let event = json!({"metadata": {"name": name}, "involvedObject": about, "type": "Warning", "reason": "Told", "message": "of the suite"});
        make(&namespace, "", "events", event);
    };
    let here = namespace.name();
    let about = |api: &str, kind: &str, uid: &str| json!({"apiVersion": api, "kind": kind, "namespace": here, "name": "web", "uid": uid});
    let uid = pod["metadata"]["uid"].as_str().expect("a uid");
    told("now", about("v1", "Pod", uid));
    told("before", about("v1", "Pod", "00000000-0000-4000-8000-000000000000"));
    told("stranger", about("serving.example.com/v1", "Service", ""));
    told("job", about("batch/v1", "Job", ""));
    told("nameless", json!({"namespace": here}));
    told("elsewhere", json!({"kind": "Pod", "namespace": here, "name": "kube-system/web"}));
    // The newer form of events is not held to the namespace of what it is about.
    let other = cluster.namespace().expect("a namespace");
    let others = placed(&other, "theirs", json!({}), json!({}));
    let about_others = json!({
        "metadata": {"name": "forged"},
        "involvedObject": {
            "apiVersion": "v1", "kind": "Pod", "namespace": other.name(), "name": "theirs",
            "uid": others["metadata"]["uid"],
        },
        "type": "Warning", "reason": "Forged", "message": "of the suite", "eventTime": "2026-01-02T03:04:05.000006Z",
        "reportingComponent": "example.com/suite", "reportingInstance": "suite-1", "action": "Forging",
    });
    let _ = cluster.admin().post(&namespace.path("events"), &about_others);
    // What anybody may write on a pod of their own takes nobody's events away.
    let claims = json!({"kubernetes.io/config.mirror": NODE_BY_HAND});
    let spec = json!({"nodeName": NODE_BY_HAND, "containers": [{"name": "app", "image": IMAGE}]});
    make(&namespace, "", "pods", json!({"metadata": {"name": "greedy", "annotations": claims}, "spec": spec}));
    let of_node = json!({"apiVersion": "v1", "kind": "Node", "name": NODE_BY_HAND, "uid": NODE_BY_HAND});
    let of_node = json!({"metadata": {"name": format!("node.{here}")}, "involvedObject": of_node, "type": "Normal", "reason": "Told", "message": "of the suite"});
    make_in_cluster(cluster, "/api/v1/namespaces/default/events", of_node);
    let nodes = Found::with(&Caller::admin(cluster), json!({"kinds": ["Node", "Event", "Pod"]}));
    let of_node = nodes.one("about", ("Event", &format!("default/node.{here}")), ("Node", NODE_BY_HAND));
    assert_eq!((&of_node["to"]["resolved"], &of_node["certain"]), (&json!(true), &json!(false)));
    let forged = nodes
        .relationships()
        .iter()
        .any(|of| of["to"]["id"] == format!("{}/theirs", other.name()) && of["type"] == "about");
    assert!(!forged, "an event of another namespace is about nothing here");
    let found = Found::of(&namespace);
    assert_eq!(found.all(&namespace, "Event", "about", "Pod"), set(&["now web", "before web!"]));
    assert_eq!(found.all(&namespace, "Event", "about", "Service"), set(&[]));
    assert_eq!(found.all(&namespace, "Event", "about", "Service.serving.example.com"), set(&["stranger web?!"]));
    assert_eq!(found.all(&namespace, "Event", "about", "Job.batch"), set(&["job web?!"]));
    let event = found.entity("Event", &format!("{here}/now"));
    assert_eq!((&event["properties"]["reason"], &event["properties"]["count"]), (&json!("Told"), &json!(1)));
    let member = found.all(&namespace, "Event", "member_of", "Namespace");
    assert!(member.contains(&format!("now {here}")), "{member:?}");
}

fn a_node_says_by_what_others_may_know_its_machine(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let name = format!("machine-{}", namespace.name());
    let status = json!({
        "addresses": [{"type": "InternalIP", "address": "10.0.0.7"}, {"type": "InternalDNS", "address": "ip-10-0-0-7.example"}],
        "nodeInfo": {
            "systemUUID": "420bcf8f-a2f2-d154-329b-575d9bc5e19c", "machineID": "", "bootID": "", "kernelVersion": "", "osImage": "",
            "containerRuntimeVersion": "", "kubeletVersion": "v1.36.0", "kubeProxyVersion": "", "operatingSystem": "linux", "architecture": "amd64",
        },
    });
    let spec = json!({"providerID": "aws:///eu-west-1a/i-0abc"});
    let node = json!({"metadata": {"name": name}, "spec": spec, "status": status});
    let _node = cluster.node_by_hand(node).expect("a node");
    let found = Found::of(&namespace);
    let node = found.entity("Node", &name);
    let properties = &node["properties"];
    assert_eq!(properties["provider"]["extracted_instance_id"], "i-0abc");
    assert_eq!(
        (&properties["provider_id"], &properties["kubelet_version"]),
        (&json!("aws:///eu-west-1a/i-0abc"), &json!("v1.36.0"))
    );
    let same = node["same_as"].as_array().expect("a list");
    let first = same.first().expect("a hint");
    assert_eq!((&first["by"], &first["certain"]), (&json!("provider_id"), &json!(true)));
    // An address may be another machine's, too.
    let address = same.iter().find(|hint| hint["by"] == "address").expect("an address");
    assert_eq!((&address["address"], &address["certain"]), (&json!("10.0.0.7"), &json!(false)));
    // Of a machine of which no provider says anything, nothing is certain.
    let bare =
        cluster.node_by_hand(json!({"metadata": {"name": format!("bare-{}", namespace.name())}})).expect("a node");
    let found = Found::of(&namespace);
    let hints = &found.entity("Node", &format!("bare-{}", namespace.name()))["same_as"];
    assert!(hints.as_array().expect("a list").iter().all(|hint| hint["certain"] == false), "{hints}");
    drop(bare);
}

fn values_stay_where_they_are(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let map =
        json!({"metadata": {"name": "map"}, "data": {"text": "canary-in-a-map"}, "binaryData": {"bytes": "AAECAw=="}});
    make(&namespace, "", "configmaps", map);
    let secret = json!({"metadata": {"name": "secret"}, "stringData": {"password": "canary-in-a-secret"}});
    make(&namespace, "", "secrets", secret);
    let here = namespace.name();
    let found = Found::of(&namespace);
    let text = found.graph.to_string();
    assert!(!text.contains("canary-in-a-") && !text.contains("Y2FuYXJ5"), "no value in it");
    let map = &found.entity("ConfigMap", &format!("{here}/map"))["properties"]["data"];
    assert_eq!(
        map,
        &json!([
            {"key": "bytes", "bytes": 4, "sha256": "054edec1d0211f624fed0cbca9d4f9400b0e491c43742af2c5b0abebf0c990d8"},
            {"key": "text", "bytes": 15, "sha256": "145f503ad1b19f0e1e47a5eba3a29e1cede25d95e1032a8e5819f97203dc0f39"},
        ])
    );
    let secret = &found.entity("Secret", &format!("{here}/secret"))["properties"];
    assert_eq!((&secret["type"], &secret["keys"]), (&json!("Opaque"), &json!(["password"])));
    let caller = Caller::admin(cluster);
    let asked = Found::with(&caller, json!({"namespace": here, "kinds": ["ConfigMap"], "include_values": true}));
    assert_eq!(asked.entity("ConfigMap", &format!("{here}/map"))["properties"]["data"][1]["value"], "canary-in-a-map");
    // Nothing else was asked for, so nothing else is there, and nothing else is said to be none.
    let types: BTreeSet<&str> = asked.graph["coverage"]["entities"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|of| of["type"].as_str())
        .collect();
    assert_eq!(types, BTreeSet::from(["ConfigMap"]));
}

/// The rules that the kinds of a namespace need: group, resource, and the type that is read by it.
const LISTS: [(&str, &str, &str); 12] = [
    ("", "pods", "Pod"),
    ("", "services", "Service"),
    ("", "configmaps", "ConfigMap"),
    ("", "secrets", "Secret"),
    ("", "persistentvolumeclaims", "PersistentVolumeClaim"),
    ("", "events", "Event"),
    ("apps", "deployments", "Deployment"),
    ("apps", "replicasets", "ReplicaSet"),
    ("apps", "statefulsets", "StatefulSet"),
    ("apps", "daemonsets", "DaemonSet"),
    ("networking.k8s.io", "ingresses", "Ingress"),
    ("discovery.k8s.io", "endpointslices", "EndpointSlice"),
];

/// Somebody who may list all of a namespace but this.
fn without(namespace: &Namespace, name: &str, missing: &[&str]) -> Caller {
    let kept = LISTS.iter().filter(|(_, resource, _)| !missing.contains(resource));
    let rules: Vec<Rule> = kept.map(|(group, resource, _)| Rule::new(group, resource, &["list"])).collect();
    let user = namespace.user(name, &rules).expect("a user");
    Caller::user(namespace.cluster(), &user)
}

fn extent<'g>(found: &'g Found, kind: &str) -> &'g Value {
    let all = found.graph["coverage"]["entities"].as_array().expect("a list");
    all.iter().find(|of| of["type"] == kind).unwrap_or_else(|| panic!("{kind} has no line"))
}

fn its_least_rules_are_enough_and_each_that_is_missing_costs_its_kind_and_no_other(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    placed(
        &namespace,
        "web",
        json!({"app": "web"}),
        json!({"volumes": [{"name": "a", "configMap": {"name": "settings"}}]}),
    );
    make(&namespace, "", "configmaps", json!({"metadata": {"name": "settings"}}));
    let kinds: Vec<&str> = LISTS.iter().map(|(.., kind)| *kind).filter(|kind| *kind != "EndpointSlice").collect();
    let arguments = json!({"namespace": namespace.name(), "kinds": kinds});
    let whole = Found::with(&without(&namespace, "reader", &[]), arguments.clone());
    assert!(whole.meta.complete, "{:?}", whole.meta);
    let others = |found: &Found, kind: &str| -> Vec<Value> {
        // What its controllers do meanwhile.
        let all = found.graph["entities"].as_array().expect("a list").iter();
        all.filter(|entity| entity["type"] != kind && entity["type"] != "Event").cloned().collect()
    };
    for (group, resource, kind) in LISTS {
        let found = Found::with(&without(&namespace, &format!("no-{resource}"), &[resource]), arguments.clone());
        assert!(!found.meta.complete, "{resource}");
        if kind == "EndpointSlice" {
            continue;
        }
        let extent = extent(&found, kind);
        assert_eq!(extent["extent"], "denied", "{extent}");
        let rule = format!("apiGroups: [\"{group}\"], resources: [\"{resource}\"]");
        assert!(extent["reason"].as_str().is_some_and(|reason| reason.contains(&rule)), "{extent}");
        let all = found.graph["coverage"]["entities"].as_array().expect("a list");
        assert!(all.iter().all(|of| of["type"] == kind || of["extent"] == "complete"), "{resource}: {all:#?}");
        assert_eq!(others(&found, kind), others(&whole, kind), "{resource}");
    }
    // What it names is there still, as something that nobody has seen.
    let found = Found::with(&without(&namespace, "no-maps", &["configmaps"]), arguments);
    assert!(found.all(&namespace, "Pod", "uses", "ConfigMap").contains("web settings!"));
    assert_eq!(found.all(&namespace, "Pod", "runs_on", "Node"), set(&[&format!("web {NODE_BY_HAND}!")]));
}

fn where_slices_may_not_be_read_endpoints_say_it_and_where_those_may_not_selectors_do(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let serve =
        |name: &str, spec: Value| make(&namespace, "", "services", json!({"metadata": {"name": name}, "spec": spec}));
    let ports = json!([{"port": 80}]);
    serve("web", json!({"selector": {"app": "web", "tier": "front"}, "ports": ports}));
    serve("unselective", json!({"ports": ports}));
    serve("external", json!({"type": "ExternalName", "externalName": "db.example.com", "selector": {"app": "web"}}));
    let running = |name: &str, labels: Value, ip: &str, phase: &str| {
        placed(&namespace, name, labels, json!({}));
        let ready = if phase == "Running" { "True" } else { "False" };
        let conditions = json!([{"type": "Ready", "status": ready}]);
        let status = json!({"phase": phase, "podIP": ip, "podIPs": [{"ip": ip}], "conditions": conditions});
        cluster.admin().write_status(&namespace.path(&format!("pods/{name}")), &status).expect("a status");
    };
    running("one", json!({"app": "web", "tier": "front", "more": "x"}), "192.0.2.81", "Running");
    running("half", json!({"app": "web"}), "192.0.2.82", "Running");
    running("over", json!({"app": "web", "tier": "front"}), "192.0.2.83", "Failed");
    soon(&namespace, |found| found.all(&namespace, "Service", "routes_to", "Pod").len() == 1);
    let arguments = json!({"namespace": namespace.name(), "kinds": ["Service", "Pod"]});
    let mut rules = vec![Rule::new("", "pods", &["list"]), Rule::new("", "services", &["list"])];
    let neither = namespace.user("neither", &rules).expect("a user");
    rules.push(Rule::new("", "endpoints", &["list"]));
    let endpoints = namespace.user("endpoints", &rules).expect("a user");
    let here = namespace.name();
    let route = |found: &Found| {
        found.one("routes_to", ("Service", &format!("{here}/web")), ("Pod", &format!("{here}/one"))).clone()
    };
    let why = |found: &Found| {
        let all = found.graph["coverage"]["relationships"].as_array().expect("a list").clone();
        let of = all.into_iter().find(|of| of["source"] == "Service" && of["name"] == "routes_to").expect("its line");
        assert_eq!(of["extent"], "partial", "{of}");
        of["reason"].as_str().expect("a reason").to_owned()
    };
    let told = || {
        let found = Found::with(&Caller::user(cluster, &endpoints), arguments.clone());
        let is_told = found.all(&namespace, "Service", "routes_to", "Pod") == set(&["web one"]);
        is_told.then_some(found)
    };
    let found = meho_control_plane::until(SOON, told).expect("the Endpoints say it");
    assert_eq!((&route(&found)["known_by"], &route(&found)["certain"]), (&json!("endpoints"), &json!(true)));
    assert!(why(&found).contains("Endpoints were read in their place"), "{}", why(&found));
    let found = Found::with(&Caller::user(cluster, &neither), arguments);
    assert_eq!(found.all(&namespace, "Service", "routes_to", "Pod"), set(&["web one?"]));
    assert_eq!(route(&found)["known_by"], "selector");
    assert!(why(&found).contains("selectors stand in their place"), "{}", why(&found));
}
