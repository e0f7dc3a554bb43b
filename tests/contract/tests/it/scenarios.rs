//! What an honest implementation of each operation sends: written by hand from the contract, knowing nothing of effects.
//!
//! Paths come from `operations.json`; the rest from what the operations promise. Answers are just what leads to the next request.

use crate::contract::{Operation, contract};
use crate::scenario::{Ask, CLOCK, JSON, MERGE_PATCH, METADATA, METADATA_LIST, Scenario, Step};
use serde_json::{Map, Value, json};

const NAMES: [&str; 3] = ["web", "web-0", "a.b-c"];
const NAMESPACES: [&str; 2] = ["production", "a1"];
const SELECTOR: &str = "app in (web, db),!old,tier=fe";
const UIDS: [&str; 4] = ["0f6b1c1e-1111", "0f6b1c1e-2222", "0f6b1c1e-3333", "0f6b1c1e-4444"];
/// The version of the object that is read before a write.
const VERSION: &str = "4711";
/// A selector as objects have it, and as it is asked by.
fn workload_selector() -> (Value, &'static str) {
    let selector = json!({
        "matchLabels": {"tier": "fe", "app": "web"},
        "matchExpressions": [
            {"key": "env", "operator": "NotIn", "values": ["test", "dev"]},
            {"key": "owned", "operator": "Exists"},
            {"key": "old", "operator": "DoesNotExist"},
            {"key": "zone", "operator": "In", "values": ["b", "a"]},
        ],
    });
    (selector, "app=web,tier=fe,env notin (dev,test),owned,!old,zone in (a,b)")
}

/// Where an operation's objects are, by its request in the contract.
#[derive(Debug, Clone)]
struct Place {
    base: String,
    plural: String,
    namespaced: bool,
}

impl Place {
    fn of(operation: &Operation) -> Self {
        Self::of_path(&operation.requests[0].path)
    }

    fn of_path(path: &str) -> Self {
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let base = if segments[0] == "api" { 2 } else { 3 };
        let namespaced = segments[base] == "namespaces" && segments.len() > base + 2;
        let plural = segments[if namespaced { base + 2 } else { base }];
        Self { base: format!("/{}", segments[..base].join("/")), plural: plural.to_owned(), namespaced }
    }

    fn collection(&self, namespace: Option<&str>) -> String {
        match namespace {
            Some(namespace) => format!("{}/namespaces/{namespace}/{}", self.base, self.plural),
            None => format!("{}/{}", self.base, self.plural),
        }
    }

    fn object(&self, namespace: Option<&str>, name: &str) -> String {
        format!("{}/{name}", self.collection(namespace))
    }
}

/// The scenarios of every operation.
pub(crate) fn all() -> Vec<Scenario> {
    contract().operations.iter().flat_map(of).collect()
}

fn of(operation: &Operation) -> Vec<Scenario> {
    match operation.id.as_str() {
        "list_events" => list_events(operation),
        "get_events_for_resource" => events_for_resource(operation),
        "get_pod_logs" => logs(operation),
        "get_secret" => exact(operation),
        "delete_pod" | "cordon_node" | "uncordon_node" | "scale_deployment" | "scale_statefulset"
        | "restart_deployment" => writes(operation),
        id if id.starts_with("list_") => list(operation),
        _ => gets(operation),
    }
}

fn scenario(operation: &Operation, name: &'static str, arguments: &Value, steps: Vec<Step>) -> Scenario {
    let arguments = arguments.as_object().expect("an object").clone();
    Scenario { operation: operation.id.clone(), name, arguments, steps }
}

fn page(token: Option<&str>) -> Value {
    let metadata = token
        .map_or_else(|| json!({"resourceVersion": "7"}), |token| json!({"resourceVersion": "7", "continue": token}));
    json!({"kind": "List", "apiVersion": "v1", "metadata": metadata, "items": [{"metadata": {"name": "x", "continue": "not-this"}}]})
}

/// All pages of a list: so many, of 500, or as far as a limit goes.
fn pages(ask: &Ask, count: usize, limit: Option<u64>, first: Option<&str>) -> Vec<Step> {
    let mut asked = 0;
    let mut token = first.map(str::to_owned);
    let mut steps = Vec::new();
    for number in 0..count {
        let left = limit.map_or(u64::MAX, |limit| limit - asked);
        if left == 0 {
            break;
        }
        let size = left.min(500);
        asked += size;
        let mut request = ask.clone().query("limit", &size.to_string());
        if let Some(token) = &token {
            request = request.query("continue", token);
        }
        let next = (number + 1 < count).then(|| format!("tok{number}-{asked}"));
        steps.push(Step::new(request, 200, page(next.as_deref())));
        token = next;
    }
    steps
}

fn namespace_metadata(namespace: &str) -> Step {
    let ask = Ask::get(&format!("/api/v1/namespaces/{namespace}")).accept(METADATA);
    Step::new(ask, 404, json!({"kind": "Status"}))
}

fn list(operation: &Operation) -> Vec<Scenario> {
    let place = Place::of(operation);
    let takes = |name: &str| operation.parameters.iter().any(|parameter| parameter.name == name);
    let mut found = Vec::new();
    let namespaces: Vec<Option<&str>> = if place.namespaced { vec![None, Some(NAMESPACES[0])] } else { vec![None] };
    for namespace in namespaces {
        for selected in [false, true] {
            for (limit, token) in [(None, None), (Some(7), None), (Some(1200), Some("eyJ2Ijoi_-")), (Some(500), None)] {
                let mut arguments = Map::new();
                let mut ask = Ask::get(&place.collection(namespace));
                let mut put = |name: &str, value: Value| drop(arguments.insert(name.to_owned(), value));
                if let Some(namespace) = namespace {
                    put("namespace", namespace.into());
                }
                if selected {
                    put("label_selector", SELECTOR.into());
                    ask = ask.query("labelSelector", SELECTOR);
                }
                if selected && takes("field_selector") {
                    put("field_selector", "spec.nodeName=n,status.phase!=Running".into());
                    ask = ask.query("fieldSelector", "spec.nodeName=n,status.phase!=Running");
                }
                if let Some(limit) = limit {
                    put("limit", limit.into());
                }
                if let Some(token) = token {
                    put("continue", token.into());
                }
                let arguments = Value::Object(arguments);
                found.push(scenario(operation, "three pages", &arguments, pages(&ask, 3, limit, token)));
                let mut empty = pages(&ask, 1, limit, token);
                empty.extend(namespace.map(namespace_metadata));
                if operation.id == "list_endpoints" {
                    empty.extend(pages(&slices_like(&ask), 2, None, None));
                }
                found.push(scenario(operation, "one page", &arguments, empty));
                if limit.is_none() && token.is_none() {
                    found.push(scenario(operation, "smaller pages", &arguments, smaller_pages(&ask)));
                }
            }
        }
    }
    found
}

fn slices_like(ask: &Ask) -> Ask {
    let path = ask.path.replace("/api/v1/", "/apis/discovery.k8s.io/v1/").replace("/endpoints", "/endpointslices");
    Ask { path, ..ask.clone() }
}

/// A page that was too much for the server is asked for again, smaller.
fn smaller_pages(ask: &Ask) -> Vec<Step> {
    let sized = |size: u32| ask.clone().query("limit", &size.to_string());
    vec![
        Step::new(sized(500), 504, json!({})),
        Step::new(sized(125), 200, page(Some("tok-a"))),
        Step::new(sized(500).query("continue", "tok-a"), 504, json!({})),
        Step::new(sized(31).query("continue", "tok-a"), 200, page(Some("tok-b"))),
        Step::new(sized(7).query("continue", "tok-b"), 200, page(None)),
    ]
}

fn list_events(operation: &Operation) -> Vec<Scenario> {
    let place = Place::of(operation);
    let mut found = Vec::new();
    for (namespace, selector) in
        [(None, None), (Some("kube-system"), None), (Some("a1"), Some("type=Warning")), (None, Some("reason=X"))]
    {
        let mut ask = Ask::get(&place.collection(namespace));
        if let Some(selector) = selector {
            ask = ask.query("fieldSelector", selector);
        }
        let arguments = json!({"namespace": namespace, "field_selector": selector, "limit": 20});
        let mut steps = pages(&ask, 4, None, None);
        steps.extend(namespace.map(namespace_metadata));
        found.push(scenario(operation, "every page", &arguments, steps));
    }
    found
}

fn not_found() -> Value {
    json!({"kind": "Status", "code": 404})
}

/// The search for names that begin with this one, in two pages.
fn search(place: &Place, namespace: Option<&str>, found: &[&str]) -> Vec<Step> {
    let ask = Ask::get(&place.collection(namespace)).accept(METADATA_LIST);
    let items =
        |names: &[&str]| names.iter().map(|name| json!({"metadata": {"name": name, "uid": "u"}})).collect::<Vec<_>>();
    vec![
        Step::new(
            ask.clone().query("limit", "500"),
            200,
            json!({"metadata": {"continue": "more"}, "items": items(&["other", "unlike"])}),
        ),
        Step::new(
            ask.query("limit", "500").query("continue", "more"),
            200,
            json!({"metadata": {}, "items": items(found)}),
        ),
    ]
}

fn exact(operation: &Operation) -> Vec<Scenario> {
    let place = Place::of(operation);
    let one = |name: &str, namespace: &str| {
        let arguments = json!({"name": name, "namespace": namespace, "decode": true});
        let ask = Ask::get(&place.object(Some(namespace), name));
        scenario(operation, "exact", &arguments, vec![Step::new(ask, 200, json!({"metadata": {"name": name}}))])
    };
    NAMES
        .iter()
        .flat_map(|name| NAMESPACES.iter().map(move |namespace| (*name, *namespace)))
        .map(|(n, s)| one(n, s))
        .collect()
}

/// An operation about one object, whose name may be loose: found at once, found by its longer name, not found at all.
fn gets(operation: &Operation) -> Vec<Scenario> {
    let place = Place::of(operation);
    let mut found = Vec::new();
    for name in NAMES {
        for namespace in if place.namespaced { vec![Some(NAMESPACES[0]), Some(NAMESPACES[1])] } else { vec![None] } {
            let mut arguments = json!({"name": name});
            if let Some(namespace) = namespace {
                arguments["namespace"] = namespace.into();
            }
            let longer = format!("{name}-7d9f-x2z");
            let get = |name: &str, status: u16| {
                let answer = if status == 200 { object(&operation.id, name) } else { not_found() };
                Step::new(Ask::get(&place.object(namespace, name)), status, answer)
            };
            let mut at_once = vec![get(name, 200)];
            at_once.extend(after_get(&operation.id, namespace, name));
            found.push(scenario(operation, "exact", &arguments, at_once));
            let mut by_search = vec![get(name, 404)];
            by_search.extend(search(&place, namespace, &[longer.as_str(), "zzz"]));
            by_search.push(get(&longer, 200));
            by_search.extend(after_get(&operation.id, namespace, &longer));
            found.push(scenario(operation, "longer name", &arguments, by_search));
            let mut nowhere = vec![get(name, 404)];
            nowhere.extend(search(&place, namespace, &["zzz"]));
            found.push(scenario(operation, "not found", &arguments, nowhere));
        }
    }
    found
}

/// An object with what later requests are made of.
fn object(operation: &str, name: &str) -> Value {
    let selector =
        if operation.contains("service") { json!({"tier": "fe", "app": "web"}) } else { workload_selector().0 };
    json!({
        "kind": "Thing",
        "metadata": {
            "name": name,
            "uid": UIDS[0],
            "annotations": {"kubernetes.io/config.mirror": "m1rr0r", "odd/\"key\\": "x"},
            "managedFields": [{"f:metadata": {"f:uid": {}}, "name": "not-this"}],
        },
        "spec": {"selector": selector, "nodeName": "n1", "name": "not-this-either"},
    })
}

fn events(path: &str, selector: &str) -> Vec<Step> {
    pages(&Ask::get(path).query("fieldSelector", selector), 2, None, None)
}

fn items(uids: &[&str]) -> Value {
    json!({"metadata": {}, "items": uids.iter().map(|uid| json!({"metadata": {"name": "x", "uid": uid}})).collect::<Vec<_>>()})
}

/// What an operation reads once it has its object.
fn after_get(operation: &str, namespace: Option<&str>, name: &str) -> Vec<Step> {
    let in_namespace = namespace.unwrap_or_default();
    let event_path = format!("/api/v1/namespaces/{in_namespace}/events");
    let by_uid = |uid: &str| events(&event_path, &format!("involvedObject.uid={uid}"));
    let core = |plural: &str| format!("/api/v1/namespaces/{in_namespace}/{plural}");
    let metrics = || Step::new(Ask::get(&format!("/apis/metrics.k8s.io/v1beta1/nodes/{name}")), 404, not_found());
    let one_page = |ask: Ask, answer: Value| Step::new(ask.query("limit", "500"), 200, answer);
    let slices = || {
        Ask::get(&format!("/apis/discovery.k8s.io/v1/namespaces/{in_namespace}/endpointslices"))
            .query("labelSelector", &format!("kubernetes.io/service-name={name}"))
    };
    match operation {
        "get_pod" | "describe_pod" => [by_uid(UIDS[0]), by_uid("m1rr0r")].concat(),
        "get_pvc" => by_uid(UIDS[0]),
        "get_node" => vec![metrics()],
        "describe_node" => {
            let pods = format!("spec.nodeName={name},status.phase!=Succeeded,status.phase!=Failed");
            let lease = Ask::get(&format!("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{name}"));
            let mut steps = pages(&Ask::get("/api/v1/pods").query("fieldSelector", &pods), 2, None, None);
            steps.extend(events("/api/v1/events", &format!("involvedObject.kind=Node,involvedObject.name={name}")));
            steps.extend([metrics(), Step::new(lease, 200, json!({"spec": {}}))]);
            steps
        }
        "get_endpoints" => pages(&slices(), 2, None, None),
        "describe_service" => {
            let mut steps = pages(&slices(), 1, None, None);
            steps.push(Step::new(Ask::get(&format!("{}/{name}", core("endpoints"))), 200, json!({})));
            steps.extend(pages(&Ask::get(&core("pods")).query("labelSelector", "app=web,tier=fe"), 2, None, None));
            steps.extend(by_uid(UIDS[0]));
            steps
        }
        "describe_deployment" => {
            let selector = workload_selector().1;
            let sets = format!("/apis/apps/v1/namespaces/{in_namespace}/replicasets");
            let mut steps = vec![
                one_page(Ask::get(&sets).query("labelSelector", selector), items(&[UIDS[1]])),
                one_page(Ask::get(&core("pods")).query("labelSelector", selector), items(&[UIDS[2], UIDS[3]])),
            ];
            steps.extend(UIDS.iter().flat_map(|uid| by_uid(uid)));
            steps
        }
        _ => Vec::new(),
    }
}

fn logs(operation: &Operation) -> Vec<Scenario> {
    let mut found = Vec::new();
    let containers = json!({"metadata": {"name": "x", "annotations": {"kubectl.kubernetes.io/default-container": "app"}},
                            "spec": {"containers": [{"name": "app"}, {"name": "side"}]}});
    for name in NAMES {
        for container in [None, Some("side")] {
            for extra in [
                json!({}),
                json!({"since_seconds": 60, "previous": true}),
                json!({"since_time": CLOCK, "timestamps": true, "tail_lines": 5}),
            ] {
                let mut arguments = json!({"name": name, "namespace": "production", "container": container});
                for (key, value) in extra.as_object().expect("an object") {
                    arguments[key] = value.clone();
                }
                let path = |name: &str| format!("/api/v1/namespaces/production/pods/{name}");
                let log = |name: &str, read: Option<&str>| {
                    let mut ask = Ask::get(&format!("{}/log", path(name))).accept("*/*");
                    let text = |key: &str, otherwise: &str| {
                        extra.get(key).map_or(otherwise.to_owned(), |value| value.to_string().replace('"', ""))
                    };
                    ask = ask.query("tailLines", &text("tail_lines", "100"));
                    ask = ask
                        .query("previous", &text("previous", "false"))
                        .query("timestamps", &text("timestamps", "false"));
                    for (key, argument) in [("sinceSeconds", "since_seconds"), ("sinceTime", "since_time")] {
                        if extra.get(argument).is_some() {
                            ask = ask.query(key, &text(argument, ""));
                        }
                    }
                    match read {
                        Some(read) => ask.query("container", read),
                        None => ask,
                    }
                };
                let get = |name: &str, status: u16| {
                    Step::new(
                        Ask::get(&path(name)),
                        status,
                        if status == 200 { containers.clone() } else { not_found() },
                    )
                };
                let read = container.unwrap_or("app");
                found.push(scenario(
                    operation,
                    "exact",
                    &arguments,
                    vec![get(name, 200), Step::new(log(name, Some(read)), 200, json!("log"))],
                ));
                let unread = Step::new(log(name, container), 200, json!("log"));
                found.push(scenario(operation, "pod unreadable", &arguments, vec![get(name, 403), unread]));
                let longer = format!("{name}-0");
                let pods = Place { base: "/api/v1".to_owned(), plural: "pods".to_owned(), namespaced: true };
                let mut by_search = vec![get(name, 404)];
                by_search.extend(search(&pods, Some("production"), &[longer.as_str()]));
                by_search.extend([get(&longer, 200), Step::new(log(&longer, Some(read)), 200, json!("log"))]);
                found.push(scenario(operation, "longer name", &arguments, by_search));
                let mut log_first = vec![get(name, 403), Step::new(log(name, container), 404, not_found())];
                log_first.extend(search(&pods, Some("production"), &[longer.as_str()]));
                log_first.push(Step::new(log(&longer, container), 200, json!("log")));
                found.push(scenario(operation, "longer name by the log", &arguments, log_first));
            }
        }
    }
    found
}

fn writes(operation: &Operation) -> Vec<Scenario> {
    let write = operation.requests.iter().find(|request| request.method != "GET").expect("a write");
    let place = Place::of_path(&write.path);
    let mut found = Vec::new();
    for name in NAMES {
        for number in [0, 1, 30] {
            let namespace = place.namespaced.then_some(NAMESPACES[0]);
            let fill = |path: &str| path.replace("{namespace}", NAMESPACES[0]).replace("{name}", name);
            let path = fill(&write.path);
            let mut arguments = json!({"name": name});
            if let Some(namespace) = namespace {
                arguments["namespace"] = namespace.into();
            }
            let changes = match operation.id.as_str() {
                "scale_deployment" | "scale_statefulset" => {
                    arguments["replicas"] = number.into();
                    json!({"spec": {"replicas": number}})
                }
                "restart_deployment" => {
                    json!({"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": CLOCK}}}}})
                }
                "cordon_node" => json!({"spec": {"unschedulable": true}}),
                "uncordon_node" => json!({"spec": {"unschedulable": false}}),
                _ => {
                    let mut options = json!({"apiVersion": "v1", "kind": "DeleteOptions"});
                    if number != 1 {
                        arguments["grace_period_seconds"] = number.into();
                        options["gracePeriodSeconds"] = number.into();
                    }
                    options
                }
            };
            let is_delete = write.method == "DELETE";
            let scales = operation.id.starts_with("scale");
            let send = |uid: Option<&str>| {
                let mut body = changes.clone();
                match uid {
                    Some(uid) if is_delete => body["preconditions"] = json!({"uid": uid}),
                    Some(uid) if scales => body["metadata"] = json!({"uid": uid, "resourceVersion": VERSION}),
                    Some(uid) => body["metadata"] = json!({"uid": uid}),
                    None => {}
                }
                let media_type = if is_delete { JSON } else { MERGE_PATCH };
                Step::new(Ask::get(&path).with(&write.method, media_type, &body), 200, json!({}))
            };
            let before = |status: u16| {
                let metadata = json!({"name": name, "uid": UIDS[0], "resourceVersion": VERSION});
                Step::new(Ask::get(&path), status, json!({"metadata": metadata}))
            };
            let autoscalers = || {
                let path = format!("/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers", NAMESPACES[0]);
                pages(&Ask::get(&path), 2, None, None)
            };
            let mut seen = vec![before(200)];
            seen.extend(if scales { autoscalers() } else { Vec::new() });
            seen.push(send(Some(UIDS[0])));
            found.push(scenario(operation, "read before", &arguments, seen));
            if !is_delete {
                found.push(scenario(operation, "unreadable before", &arguments, vec![before(403), send(None)]));
            }
            let mut missing = vec![before(404)];
            missing.extend(search(&place, namespace, &["near"]));
            found.push(scenario(operation, "not found", &arguments, missing));
        }
    }
    found
}

/// Kinds by where their objects are.
const KINDS: [(&str, &str, bool); 6] = [
    ("Pod", "/api/v1/namespaces/production/pods", true),
    ("Service", "/api/v1/namespaces/production/services", true),
    ("Deployment", "/apis/apps/v1/namespaces/production/deployments", true),
    ("Ingress", "/apis/networking.k8s.io/v1/namespaces/production/ingresses", true),
    ("Node", "/api/v1/nodes", false),
    ("PersistentVolume", "/api/v1/persistentvolumes", false),
];

fn events_for_resource(operation: &Operation) -> Vec<Scenario> {
    let mut found = Vec::new();
    let name = "web";
    let longer = "web-1";
    let in_namespace = "/api/v1/namespaces/production/events";
    let by_name = |path: &str, kind: &str, name: &str| {
        events(path, &format!("involvedObject.kind={kind},involvedObject.name={name}"))
    };
    for (kind, collection, namespaced) in KINDS {
        let namespaces = if namespaced { vec![Some("production")] } else { vec![Some("production"), None] };
        for namespace in namespaces {
            let arguments = json!({"name": name, "kind": kind, "namespace": namespace});
            let path = if namespace.is_some() { in_namespace } else { "/api/v1/events" };
            let get = |name: &str, status: u16| {
                let ask = Ask::get(&format!("{collection}/{name}")).accept(METADATA);
                Step::new(ask, status, if status == 200 { object("pod", name) } else { not_found() })
            };
            let mut by_uid = vec![get(name, 200)];
            by_uid.extend(events(path, &format!("involvedObject.uid={}", UIDS[0])));
            if kind == "Pod" {
                by_uid.extend(events(path, "involvedObject.uid=m1rr0r"));
            }
            by_uid.extend(by_name(path, kind, name));
            found.push(scenario(operation, "by uid", &arguments, by_uid));
            let (base, plural) = collection.rsplit_once('/').expect("a path");
            let place =
                Place { base: base.replace("/namespaces/production", ""), plural: plural.to_owned(), namespaced };
            let mut by_search = vec![get(name, 404)];
            by_search.extend(by_name(path, kind, name));
            by_search.extend(search(&place, namespaced.then_some("production"), &[longer]));
            by_search.push(get(longer, 200));
            by_search.extend(events(path, &format!("involvedObject.uid={}", UIDS[0])));
            by_search.extend(by_name(path, kind, longer));
            found.push(scenario(operation, "longer name", &arguments, by_search));
        }
    }
    for (namespace, path) in [(Some("production"), in_namespace), (None, "/api/v1/events")] {
        for kind in ["Widget", "Secret", "Pod"] {
            let arguments = json!({"name": name, "kind": kind, "namespace": namespace});
            found.push(scenario(operation, "by name", &arguments, by_name(path, kind, name)));
        }
        let arguments = json!({"name": name, "namespace": namespace, "uid": UIDS[1]});
        let steps = events(path, &format!("involvedObject.uid={}", UIDS[1]));
        found.push(scenario(operation, "by given uid", &arguments, steps));
    }
    found
}

/// Discovery: which lists of which kinds.
pub(crate) fn discovery() -> Vec<Scenario> {
    let resources = [
        ("Namespace", "/api/v1", "namespaces", false),
        ("Node", "/api/v1", "nodes", false),
        ("Pod", "/api/v1", "pods", true),
        ("Deployment", "/apis/apps/v1", "deployments", true),
        ("ReplicaSet", "/apis/apps/v1", "replicasets", true),
        ("StatefulSet", "/apis/apps/v1", "statefulsets", true),
        ("DaemonSet", "/apis/apps/v1", "daemonsets", true),
        ("Service", "/api/v1", "services", true),
        ("Ingress", "/apis/networking.k8s.io/v1", "ingresses", true),
        ("ConfigMap", "/api/v1", "configmaps", true),
        ("Secret", "/api/v1", "secrets", true),
        ("PersistentVolumeClaim", "/api/v1", "persistentvolumeclaims", true),
        ("PersistentVolume", "/api/v1", "persistentvolumes", false),
        ("StorageClass", "/apis/storage.k8s.io/v1", "storageclasses", false),
        ("Event", "/api/v1", "events", true),
    ];
    let mut found = Vec::new();
    for namespace in [None, Some("production")] {
        for kinds in [vec!["Pod", "Node"], vec!["Service"], resources.iter().map(|resource| resource.0).collect()] {
            let mut arguments = json!({"kinds": kinds});
            if let Some(namespace) = namespace {
                arguments["namespace"] = namespace.into();
            }
            let mut steps = Vec::new();
            for (kind, base, plural, namespaced) in resources.iter().filter(|resource| kinds.contains(&resource.0)) {
                let place = Place { base: (*base).to_owned(), plural: (*plural).to_owned(), namespaced: *namespaced };
                match (*kind, namespace) {
                    ("Namespace", Some(name)) => {
                        steps.push(Step::new(Ask::get(&format!("/api/v1/namespaces/{name}")), 200, json!({})));
                    }
                    _ => steps.extend(pages(
                        &Ask::get(&place.collection(namespace.filter(|_| *namespaced))),
                        3,
                        None,
                        None,
                    )),
                }
                if *kind == "Service" {
                    let slices = Place {
                        base: "/apis/discovery.k8s.io/v1".to_owned(),
                        plural: "endpointslices".to_owned(),
                        namespaced: true,
                    };
                    let endpoints =
                        Place { base: "/api/v1".to_owned(), plural: "endpoints".to_owned(), namespaced: true };
                    steps.extend(pages(&Ask::get(&slices.collection(namespace)), 2, None, None));
                    steps.extend(pages(&Ask::get(&endpoints.collection(namespace)), 1, None, None));
                }
            }
            let arguments = arguments.as_object().expect("an object").clone();
            found.push(Scenario { operation: "discovery".to_owned(), name: "lists", arguments, steps });
        }
    }
    found
}
