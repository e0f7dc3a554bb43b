//! Previews of plans on both servers: what a plan of each write says would come of it, and that it leaves everything as it was.

use crate::embedded::{Caller, embedded, target, yes};
use crate::objects::{SOON, containers, nowhere, pending_pod, still_deployment};
use meho_artifacts::hostile::{ANOTHER_BODY, ANOTHER_WRITE, HONEST_DELETE, HONEST_WRITE, TWO_WRITES};
use meho_control_plane::{BY_HAND, Cluster, Namespace, Rule};
use meho_host::approval::NoApprover;
use meho_host::error::ErrorCode;
use meho_host::host::Call;
use meho_host::policy::effect::Trust;
use meho_host::record::Origin;
use serde_json::{Map, Value, json};
use std::sync::Arc;

both![
    a_scale_tells_both_numbers_and_the_budgets_of_pods_that_go,
    a_restart_tells_that_pods_are_replaced,
    a_cordon_leaves_the_pods_of_its_node,
    a_pod_that_goes_is_told_with_what_makes_it_again,
    what_may_not_be_asked_is_said_and_the_plan_is_a_plan,
    what_the_server_would_refuse_is_said,
    what_a_hostile_guest_plans_leaves_everything_as_it_was,
];

/// The uid, version and generation of each object in some places.
#[track_caller]
fn versions(cluster: &Cluster, paths: &[String]) -> Vec<Value> {
    let of = |object: &Value| {
        let metadata = &object["metadata"];
        json!([
            metadata["name"],
            metadata["uid"],
            metadata["resourceVersion"],
            metadata["generation"],
            metadata["deletionTimestamp"]
        ])
    };
    let read = |path: &String| {
        let found = cluster.admin().get(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        match found["items"].as_array() {
            Some(items) => items.iter().map(of).collect::<Value>(),
            None => of(&found),
        }
    };
    paths.iter().map(read).collect()
}

/// Everything in a namespace that a write of this suite could touch.
fn workloads(namespace: &Namespace) -> Vec<String> {
    let apps = ["deployments", "replicasets", "statefulsets"].map(|resource| namespace.path_in("apps/v1", resource));
    apps.into_iter().chain([namespace.path("pods")]).collect()
}

/// The preview of a plan, which must leave these places as they are: a dry run that the caller asks for, and a plan that nobody says yes to.
#[track_caller]
fn preview(cluster: &Cluster, paths: &[String], operation: &str, mut arguments: Value) -> Value {
    let caller = Caller::admin(cluster);
    let before = versions(cluster, paths);
    let error = caller.refused(ErrorCode::ApprovalRequired, operation, arguments.clone());
    arguments["dry_run"] = json!(true);
    let (data, _) = caller.answer(operation, arguments);
    assert_eq!(versions(cluster, paths), before, "{operation} changed something");
    for record in caller.previews() {
        assert!(record.id.component.is_none() && record.requests.iter().all(|request| request.origin == Origin::Host));
        let tried: Vec<_> = record.requests.iter().filter(|request| request.trust > Trust::Read).collect();
        assert_eq!(tried.iter().map(|request| request.effect.as_str()).collect::<Vec<_>>(), ["host-asks-dry-run"]);
    }
    assert_eq!(caller.previews().len(), 2);
    let (planned, dry) = (&error.details["plan"]["preview"], &data["plan"]["preview"]);
    // The instant of a restart is the call's.
    let changed = |preview: &Value| preview["changes"].as_array().expect("changes").len();
    assert_eq!((changed(planned), &planned["goes"]), (changed(dry), &dry["goes"]), "{planned:#} {dry:#}");
    assert_eq!(planned["unavailable"], json!([]), "{planned:#}");
    assert_eq!(planned["was_tried"], true);
    planned.clone()
}

/// A budget for pods with the label `app: web`, and so many are to be left. None of the pods here is ever healthy.
#[track_caller]
fn budget(namespace: &Namespace, name: &str, app: &str) {
    let object = json!({
        "metadata": {"name": name},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": app}}},
    });
    let admin = namespace.cluster().admin();
    admin.post(&namespace.path_in("policy/v1", "poddisruptionbudgets"), &object).expect("a budget");
    let path = namespace.path_in("policy/v1", &format!("poddisruptionbudgets/{name}"));
    let counted = |budget: &Value| budget["status"]["observedGeneration"] == budget["metadata"]["generation"];
    admin.wait_for(&path, SOON, counted).expect("its controller has counted");
}

fn covers(namespace: &Namespace, name: &str, pods: u32) -> Value {
    json!([{"namespace": namespace.name(), "name": name, "disruptions_allowed": 0, "covers": pods}])
}

fn change(pointer: &str, before: Value, after: Value) -> Value {
    json!({"pointer": pointer, "before": before, "after": after, "is_cut": false})
}

fn of(namespace: &Namespace, name: &str) -> Value {
    json!({"namespace": namespace.name(), "name": name})
}

fn with(mut arguments: Value, name: &str, value: impl Into<Value>) -> Value {
    arguments[name] = value.into();
    arguments
}

fn a_scale_tells_both_numbers_and_the_budgets_of_pods_that_go(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    still_deployment(&namespace, "web", 2);
    budget(&namespace, "web", "web");
    budget(&namespace, "db", "db");
    let paths = workloads(&namespace);
    let scale =
        |replicas: u32| preview(cluster, &paths, "scale_deployment", with(of(&namespace, "web"), "replicas", replicas));
    let up = scale(5);
    assert_eq!(up["changes"], json!([change("/spec/replicas", json!(2), json!(5))]));
    assert_eq!(up["pods"], json!({"now": 2, "is_at_least": false, "fate": {"become": 5}}));
    assert_eq!((&up["disruption_budgets"], &up["goes"], &up["recreated_by"]), (&json!([]), &json!([]), &Value::Null));
    let down = scale(1);
    assert_eq!(down["changes"], json!([change("/spec/replicas", json!(2), json!(1))]));
    assert_eq!(down["disruption_budgets"], covers(&namespace, "web", 2));
    let to_nothing = scale(0);
    assert_eq!(to_nothing["changes"], json!([change("/spec/replicas", json!(2), Value::Null)]));
    assert_eq!(to_nothing["pods"]["fate"], json!({"become": 0}));
    // To what it is: the server says that nothing changes.
    assert_eq!(scale(2)["changes"], json!([]));
    let labels = json!({"app": "db"});
    let set = json!({
        "metadata": {"name": "db"},
        "spec": {"replicas": 0, "serviceName": "db", "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": nowhere(&["app"])}},
    });
    cluster.admin().post(&namespace.path_in("apps/v1", "statefulsets"), &set).expect("a StatefulSet");
    let seen = |set: &Value| set["status"]["observedGeneration"] == set["metadata"]["generation"];
    cluster.admin().wait_for(&namespace.path_in("apps/v1", "statefulsets/db"), SOON, seen).expect("it is seen");
    let up = preview(cluster, &paths, "scale_statefulset", with(of(&namespace, "db"), "replicas", 2));
    assert_eq!(up["changes"], json!([change("/spec/replicas", Value::Null, json!(2))]));
    assert_eq!(up["pods"], json!({"now": 0, "is_at_least": false, "fate": {"become": 2}}));
}

fn a_restart_tells_that_pods_are_replaced(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    still_deployment(&namespace, "web", 2);
    budget(&namespace, "web", "web");
    let told = preview(cluster, &workloads(&namespace), "restart_deployment", of(&namespace, "web"));
    let [changed] = &told["changes"].as_array().expect("changes")[..] else { panic!("one change: {told:#}") };
    assert_eq!(changed["pointer"], "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt");
    assert_eq!(changed["before"], Value::Null);
    assert!(changed["after"].as_str().is_some_and(|time| time.ends_with('Z')), "{told:#}");
    assert_eq!(told["pods"], json!({"now": 2, "is_at_least": false, "fate": "replaced"}));
    assert_eq!(told["disruption_budgets"], covers(&namespace, "web", 2));
}

fn a_cordon_leaves_the_pods_of_its_node(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let name = namespace.name();
    let ready = json!({"metadata": {"name": name}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
    let _node = cluster.node_by_hand(ready).expect("a node");
    let spec = json!({"containers": containers(&["app"]), "nodeName": name, "tolerations": [{"operator": "Exists"}]});
    let pod = json!({"metadata": {"name": "web", "labels": {BY_HAND: ""}}, "spec": spec});
    cluster.admin().post(&namespace.path("pods"), &pod).expect("a pod");
    let node = format!("/api/v1/nodes/{name}");
    let paths = [node.clone(), namespace.path("pods")];
    tainted(cluster, &node, &[BY_HAND]);
    let told = preview(cluster, &paths, "cordon_node", json!({"name": name}));
    assert_eq!(told["changes"], json!([change("/spec/unschedulable", Value::Null, json!(true))]));
    assert_eq!(told["pods"], json!({"now": 1, "is_at_least": false, "fate": "stay"}));
    Caller::admin(cluster).asking(yes()).answer("cordon_node", json!({"name": name}));
    tainted(cluster, &node, &[BY_HAND, "node.kubernetes.io/unschedulable"]);
    let told = preview(cluster, &paths, "uncordon_node", json!({"name": name}));
    assert_eq!(told["changes"], json!([change("/spec/unschedulable", json!(true), Value::Null)]));
    let again = preview(cluster, &paths, "cordon_node", json!({"name": name}));
    assert_eq!((&again["changes"], &again["pods"]["fate"]), (&json!([]), &json!("stay")));
}

/// Waits until a node has these taints, in any order: then its controllers have nothing more to do.
#[track_caller]
fn tainted(cluster: &Cluster, path: &str, keys: &[&str]) {
    let has_them = |node: &Value| {
        let taints = node["spec"]["taints"].as_array().map_or(&[][..], Vec::as_slice);
        taints.len() == keys.len() && keys.iter().all(|key| taints.iter().any(|taint| taint["key"] == *key))
    };
    cluster.admin().wait_for(path, SOON, has_them).expect("its taints");
}

fn a_pod_that_goes_is_told_with_what_makes_it_again(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    still_deployment(&namespace, "web", 1);
    budget(&namespace, "web", "web");
    let pods = cluster.admin().get(&namespace.path("pods")).expect("pods");
    let name = pods["items"][0]["metadata"]["name"].as_str().expect("a name");
    let set = &pods["items"][0]["metadata"]["ownerReferences"][0]["name"];
    let paths = workloads(&namespace);
    let since = cluster.audit_mark().expect("a log");
    let told = preview(cluster, &paths, "delete_pod", of(&namespace, name));
    assert_eq!(told["goes"], json!([{"kind": "Pod", "namespace": namespace.name(), "name": name}]));
    let controllers = json!([{"kind": "ReplicaSet", "name": set}, {"kind": "Deployment", "name": "web"}]);
    assert_eq!(told["recreated_by"], json!({"controllers": controllers}));
    assert_eq!(told["disruption_budgets"], covers(&namespace, "web", 1));
    check_logged(cluster, since, &namespace.path(&format!("pods/{name}")));

    // Bound, and nobody's. Its grace period is the dry run's word.
    let spec = json!({"containers": containers(&["app"])});
    namespace.pod_by_hand("alone", spec, &json!({"phase": "Running"})).expect("a pod");
    let told = preview(cluster, &paths, "delete_pod", of(&namespace, "alone"));
    assert_eq!(told["recreated_by"], json!({"nothing": {"because": "no controller owns it"}}));
    assert_eq!(told["changes"], json!([change("/metadata/deletionGracePeriodSeconds", Value::Null, json!(30))]));
    assert_eq!(told["disruption_budgets"], json!([]));
    let told = preview(cluster, &paths, "delete_pod", with(of(&namespace, "alone"), "grace_period_seconds", 7));
    assert_eq!(told["changes"], json!([change("/metadata/deletionGracePeriodSeconds", Value::Null, json!(7))]));
}

/// The dry runs of a pod's deletion stand in the server's log as what they are: in the body of each, where its options are, and nothing in the query.
#[track_caller]
fn check_logged(cluster: &Cluster, since: meho_control_plane::AuditMark, path: &str) {
    let (events, _) = cluster.audit_events(since).expect("the audit log");
    let deletions: Vec<_> =
        events.iter().filter(|event| event.verb == "delete" && event.uri.starts_with(path)).collect();
    assert_eq!(deletions.len(), 2, "{deletions:#?}");
    for event in deletions {
        assert_eq!(event.uri, path, "{event:#?}");
        let options = event.request_object.as_ref().expect("its options");
        assert_eq!(options["dryRun"], json!(["All"]), "{event:#?}");
    }
}

fn what_may_not_be_asked_is_said_and_the_plan_is_a_plan(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    still_deployment(&namespace, "web", 2);
    let rules = [
        Rule::new("apps", "deployments/scale", &["get", "patch"]),
        Rule::new("autoscaling", "horizontalpodautoscalers", &["list"]),
    ];
    let user = namespace.user("scaler", &rules).expect("a user");
    let caller = Caller::user(cluster, &user);
    let arguments = with(of(&namespace, "web"), "replicas", 1);
    let error = caller.refused(ErrorCode::ApprovalRequired, "scale_deployment", arguments.clone());
    let told = &error.details["plan"]["preview"];
    assert_eq!(told["changes"], json!([change("/spec/replicas", json!(2), json!(1))]));
    let lost = told["unavailable"].as_array().expect("a list");
    let said: Vec<(&str, &str)> = lost
        .iter()
        .map(|lost| (lost["what"].as_str().expect("a text"), lost["why"].as_str().expect("a text")))
        .collect();
    let may_not = |right: &str| format!("the credential may not {right} in namespace {namespace}");
    let (pods, budgets) = (may_not("list pods"), may_not("list poddisruptionbudgets.policy"));
    let mut sorted = said.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [("disruption budgets", budgets.as_str()), ("its pods", pods.as_str())]);
    assert!(lost.iter().all(|lost| lost["target_says"].as_str().is_some_and(|says| says.contains("is forbidden"))));
    // What could not be found out is no reason against it.
    let data = Caller::user(cluster, &user).asking(yes()).data("scale_deployment", arguments);
    assert_eq!(data["replicas"], 1);
}

fn what_the_server_would_refuse_is_said(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    pending_pod(&namespace, "web");
    let rules = [Rule::new("", "pods", &["get"])];
    let reader = namespace.user("reader", &rules).expect("a user");
    let error =
        Caller::user(cluster, &reader).refused(ErrorCode::ApprovalRequired, "delete_pod", of(&namespace, "web"));
    let lost = error.details["plan"]["preview"]["unavailable"].as_array().expect("a list").clone();
    let of_dry_run = lost.iter().find(|lost| lost["what"] == "what it would change").expect("it is said");
    assert_eq!(of_dry_run["why"], "the target refuses it as a dry run, with 403, and would refuse the write as well");
    assert!(
        of_dry_run["target_says"].as_str().is_some_and(|says| says.contains("cannot delete resource")),
        "{of_dry_run}"
    );
}

fn what_a_hostile_guest_plans_leaves_everything_as_it_was(cluster: &Cluster) {
    let admin = cluster.admin();
    // Their places are in the namespace `default`. The name is this test's own.
    let namespace = cluster.namespace().expect("a namespace");
    let name = namespace.name();
    let labels = json!({"app": name});
    let workload = |more: Value| {
        let mut object = json!({
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": nowhere(&["app"])}},
        });
        more.as_object().into_iter().flatten().for_each(|(key, value)| object["spec"][key] = value.clone());
        object
    };
    let places = ["deployments", "statefulsets"].map(|resource| format!("/apis/apps/v1/namespaces/default/{resource}"));
    let pods = "/api/v1/namespaces/default/pods";
    admin.post(&places[0], &workload(json!({}))).expect("a Deployment");
    admin.post(&places[1], &workload(json!({"serviceName": name}))).expect("a StatefulSet");
    admin.post(pods, &json!({"metadata": {"name": name}, "spec": nowhere(&["app"])})).expect("a pod");
    let mut paths: Vec<String> =
        places.iter().chain([&pods.to_owned()]).map(|place| format!("{place}/{name}")).collect();
    paths.push(format!("{pods}?labelSelector=app%3D{name}"));
    let rests = |object: &Value| {
        let (metadata, status) = (&object["metadata"], &object["status"]);
        let is_seen = status["observedGeneration"] == metadata["generation"] && status["replicas"] == 1;
        // Of a Deployment: that it makes progress, and that it is not available.
        let conditions = status["conditions"].as_array().map_or(0, Vec::len);
        is_seen && (object["kind"] != "Deployment" || conditions == 2 && status["unavailableReplicas"] == 1)
    };
    for place in &places {
        admin.wait_for(&format!("{place}/{name}"), SOON, rests).expect("its controller has nothing more to do");
    }
    let before = versions(cluster, &paths);
    let variation = json!({"how": r#"{"spec":{"replicas":0}}"#, "also": "application/merge-patch+json", "replicas": 0});
    let tries: [(&'static [u8], Value); 5] = [
        (HONEST_DELETE, json!({})),
        (HONEST_WRITE, json!({})),
        (TWO_WRITES, json!({"replicas": 0})),
        (ANOTHER_WRITE, json!({"replicas": 9})),
        (ANOTHER_BODY, variation),
    ];
    for (component, mut arguments) in tries {
        arguments["name"] = json!(name);
        let plan = planned(cluster, component, arguments.as_object().cloned().unwrap_or_default());
        assert_eq!(plan["preview"]["was_tried"], true, "{plan:#}");
    }
    assert_eq!(versions(cluster, &paths), before);
    paths.iter().take(3).for_each(|path| drop(admin.delete(&format!("{path}?gracePeriodSeconds=0"))));
}

/// What the approver of a stranger's write would be shown.
#[track_caller]
fn planned(cluster: &Cluster, component: &'static [u8], arguments: Map<String, Value>) -> Value {
    let embedded = embedded();
    let target = target(cluster, cluster.admin_token());
    let call = Call {
        operation: "act".to_owned(),
        arguments,
        principal: "stranger".to_owned(),
        timeout: None,
        note: Value::Null,
    };
    let ended = embedded.runtime.block_on(async {
        let connector = embedded.host.load(component.to_vec()).await.expect("it is admitted");
        embedded.host.call(&connector, &target, call, Arc::new(NoApprover)).collect().await
    });
    match ended {
        Err(error) if error.code == ErrorCode::ApprovalRequired => error.details["plan"].clone(),
        other => panic!("a plan was wanted: {other:?}"),
    }
}
