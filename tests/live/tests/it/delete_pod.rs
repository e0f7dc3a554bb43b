//! `delete_pod`: DESTRUCTIVE, so it wants two yeses; and the very pod that was read, whatever has its name by then.

use crate::embedded::{Caller, YesAfter, yes};
use crate::objects::{SOON, annotated_pod, containers, nowhere, pending_pod, pod, still_deployment};
use crate::terminal::Terminal;
use crate::{program, shapes};
use async_trait::async_trait;
use meho_control_plane::{Cluster, NODE_BY_HAND, Namespace, Rule};
use meho_host::approval::{Approver, Verdict};
use meho_host::error::ErrorCode;
use meho_host::policy::plan::{Approval, Confirmation, Digest, Plan};
use meho_host::record::{Ending, RequestRecord};
use serde_json::{Value, json};
use std::sync::Arc;

both![
    two_yeses_delete_the_very_pod_that_was_read,
    a_grace_period_is_sent_only_where_it_is_given_and_none_is_called_a_force_delete,
    without_both_yeses_the_pod_stays,
    at_the_terminal_the_pods_name_is_the_second_yes,
    a_pod_with_another_uid_than_the_given_one_is_a_conflict_before_any_write,
    a_pod_that_was_replaced_after_its_plan_is_left_alone,
    what_makes_another_pod_in_its_place_is_told,
    what_keeps_a_pod_or_brings_it_back_is_warned_of,
    only_the_exact_name_is_deleted_and_near_ones_are_told,
    each_missing_right_is_named_and_the_pod_stays,
];

fn of(namespace: &Namespace, name: &str) -> Value {
    json!({"namespace": namespace.name(), "name": name})
}

fn with(namespace: &Namespace, name: &str, argument: &str, value: Value) -> Value {
    let mut arguments = of(namespace, name);
    arguments[argument] = value;
    arguments
}

/// The pod as it is now; none where there is none.
fn now(namespace: &Namespace, name: &str) -> Option<Value> {
    namespace.cluster().admin().get(&namespace.path(&format!("pods/{name}"))).ok()
}

/// Deletes a pod and waits until it is gone.
#[track_caller]
fn gone(namespace: &Namespace, name: &str) {
    let admin = namespace.cluster().admin();
    admin.delete(&namespace.path(&format!("pods/{name}?gracePeriodSeconds=0"))).expect("it goes");
    meho_control_plane::until(SOON, || now(namespace, name).is_none().then_some(())).expect("it is gone");
}

fn writes(caller: &Caller) -> Vec<RequestRecord> {
    caller.requests().into_iter().filter(|request| request.method.as_str() != "GET").collect()
}

/// The one write, which must have had this body.
#[track_caller]
fn check_write(caller: &Caller, namespace: &Namespace, name: &str, options: &Value) {
    let writes = writes(caller);
    let [sent] = &writes[..] else { panic!("one write: {writes:?}") };
    assert_eq!((sent.method.as_str(), &sent.ending), ("DELETE", &Ending::Answered(200)));
    assert_eq!(sent.path_and_query, namespace.path(&format!("pods/{name}")));
    assert_eq!(sent.body, Some(Digest::of(options.to_string().as_bytes())));
}

const NO_OWNER: &str = "no controller owns the pod: nothing makes another in its place";

/// A pod on the node whose pods only end, and take a moment for that.
fn bound_pod(namespace: &Namespace, name: &str) -> Value {
    let spec = json!({"containers": containers(&["app"])});
    namespace.pod_by_hand(name, spec, &json!({"phase": "Running"})).expect("a pod")
}

fn two_yeses_delete_the_very_pod_that_was_read(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let uid = bound_pod(&namespace, "web")["metadata"]["uid"].clone();
    let caller = Caller::admin(cluster).asking(yes());
    let (data, meta) = caller.answer("delete_pod", with(&namespace, "web", "precondition_uid", uid.clone()));
    assert_eq!((meta.complete, meta.warnings), (true, vec![NO_OWNER.to_owned()]));
    assert_eq!(shapes::check_types(&shapes::shape("PodDeleted"), &data), Vec::<String>::new());
    assert_eq!((&data["deleted"], &data["pod"]), (&json!(true), &json!("web")));
    assert_eq!((&data["namespace"], &data["uid"]), (&json!(namespace.name()), &uid));
    // The pod's own period holds where none is given: it is 30 seconds unless it says otherwise.
    assert_eq!((&data["grace_period_seconds"], &data["controller"]), (&json!(30), &Value::Null));
    assert!(data["deletion_timestamp"].as_str().is_some_and(|time| time.ends_with("+00:00")), "{data}");
    let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}});
    check_write(&caller, &namespace, "web", &options);
    assert_eq!(caller.records().len(), 2, "a plan and an execution");
    meho_control_plane::until(SOON, || now(&namespace, "web").is_none().then_some(())).expect("it is gone");
}

fn a_grace_period_is_sent_only_where_it_is_given_and_none_is_called_a_force_delete(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    for (name, seconds) in [("slow", 5), ("fast", 0)] {
        let uid = bound_pod(&namespace, name)["metadata"]["uid"].clone();
        let caller = Caller::admin(cluster).asking(yes());
        let (data, meta) = caller.answer("delete_pod", with(&namespace, name, "grace_period_seconds", json!(seconds)));
        let options = json!({"apiVersion": "v1", "gracePeriodSeconds": seconds, "kind": "DeleteOptions", "preconditions": {"uid": uid}});
        check_write(&caller, &namespace, name, &options);
        let forced = "a force delete: the pod is gone from the API at once, and its processes may run on for a while";
        if seconds == 0 {
            assert_eq!(meta.warnings, [NO_OWNER, forced]);
            assert!(now(&namespace, name).is_none(), "it is gone at once");
        } else {
            assert_eq!(meta.warnings, [NO_OWNER]);
            assert_eq!(data["grace_period_seconds"], seconds);
        }
    }
    let caller = Caller::admin(cluster).asking(yes());
    for wrong in [json!(-1), json!("soon"), json!(1.5)] {
        let arguments = with(&namespace, "slow", "grace_period_seconds", wrong);
        let error = caller.refused(ErrorCode::InvalidRequest, "delete_pod", arguments);
        assert_eq!(error.details["argument"], "grace_period_seconds");
    }
}

fn without_both_yeses_the_pod_stays(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let before = pending_pod(&namespace, "web");
    let options =
        json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": before["metadata"]["uid"]}});
    let place = format!("namespace={namespace}");
    let kubeconfig = cluster.admin_kubeconfig();
    let error = program::call(&kubeconfig, &["delete_pod", "name=web", &place]).error(3, "APPROVAL_REQUIRED");
    let plan = &error["details"]["plan"];
    assert_eq!((&plan["trust"], &plan["request"]["method"]), (&json!("DESTRUCTIVE"), &json!("DELETE")));
    assert_eq!(plan["request"]["body"], options);
    let (data, _) = program::call(&kubeconfig, &["delete_pod", "name=web", &place, "dry_run=true"]).answer();
    assert_eq!((&data["dry_run"], &data["plan"]["request"]["body"]), (&json!(true), &options));

    let once = |plan: &Plan| {
        let confirmation = Confirmation::Once;
        Verdict::Approved(Approval {
            digest: plan.digest(),
            approver: "suite".to_owned(),
            confirmation,
            signature: None,
        })
    };
    let cases: [(Says, ErrorCode); 2] =
        [(Says(|_| Verdict::Rejected), ErrorCode::ApprovalRequired), (Says(once), ErrorCode::ApprovalInvalid)];
    for (says, code) in cases {
        let caller = Caller::admin(cluster).asking(says);
        caller.refused(code, "delete_pod", of(&namespace, "web"));
        assert!(writes(&caller).is_empty());
    }
    let after = now(&namespace, "web").expect("it is there");
    assert_eq!(after["metadata"], before["metadata"]);
}

/// Says this.
struct Says(fn(&Plan) -> Verdict);

#[async_trait]
impl Approver for Says {
    async fn decide(&self, plan: &Plan, _: &Value) -> Verdict {
        (self.0)(plan)
    }
}

fn at_the_terminal_the_pods_name_is_the_second_yes(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    pending_pod(&namespace, "web");
    let rules = [Rule::new("", "pods", &["get", "list", "delete"])];
    let user = namespace.user("deleter", &rules).expect("a user");
    let place = format!("namespace={namespace}");
    for (typed, is_deleted) in [("y\n", false), ("web\n", true)] {
        let mut terminal = Terminal::call(user.kubeconfig(), &["delete_pod", "name=web", &place]);
        terminal.shows("Send it? [y/N] ");
        terminal.types("y\n");
        terminal.shows("This is DESTRUCTIVE. Type web to send it: ");
        terminal.types(typed);
        let (status, rest) = terminal.ends();
        assert_eq!(status.success(), is_deleted, "{typed:?}: {rest}");
        assert_eq!(now(&namespace, "web").is_none(), is_deleted, "{typed:?}: {rest}");
    }
}

fn a_pod_with_another_uid_than_the_given_one_is_a_conflict_before_any_write(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let uid = pending_pod(&namespace, "web")["metadata"]["uid"].as_str().expect("a uid").to_owned();
    let caller = Caller::admin(cluster).asking(yes());
    let other = "00000000-0000-4000-8000-000000000000";
    let conflict =
        caller.refused(ErrorCode::Conflict, "delete_pod", with(&namespace, "web", "precondition_uid", json!(other)));
    let words = format!("the pod web has the uid {uid}, not {other}: it is another pod of that name");
    assert_eq!(conflict.message, words);
    assert!(writes(&caller).is_empty() && caller.records().len() == 1, "no plan came of it");
    assert!(now(&namespace, "web").is_some());
}

fn a_pod_that_was_replaced_after_its_plan_is_left_alone(cluster: &Cluster) {
    let namespace = Arc::new(cluster.namespace().expect("a namespace"));
    pending_pod(&namespace, "web");
    let shared = namespace.clone();
    let caller = Caller::admin(cluster).asking(YesAfter(move || {
        gone(&shared, "web");
        pending_pod(&shared, "web");
    }));
    let error = caller.refused(ErrorCode::ApprovalInvalid, "delete_pod", of(&namespace, "web"));
    assert!(error.message.contains("the body differs from the planned one"), "{error:?}");
    assert!(writes(&caller).is_empty());
    assert!(now(&namespace, "web").is_some_and(|pod| pod["metadata"].get("deletionTimestamp").is_none()));

    let shared = namespace.clone();
    let caller = Caller::admin(cluster).asking(YesAfter(move || gone(&shared, "web")));
    let error = caller.refused(ErrorCode::NotFound, "delete_pod", of(&namespace, "web"));
    assert_eq!((&error.details["kind"], &error.details["name"]), (&json!("Pod"), &json!("web")));
}

fn what_makes_another_pod_in_its_place_is_told(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    still_deployment(&namespace, "web", 1);
    let pods = cluster.admin().get(&namespace.path("pods")).expect("pods");
    let owner = &pods["items"][0]["metadata"]["ownerReferences"][0];
    let name = pods["items"][0]["metadata"]["name"].as_str().expect("a name");
    // It warns of nothing.
    let data = Caller::admin(cluster).asking(yes()).data("delete_pod", of(&namespace, name));
    assert_eq!(data["controller"], json!({"kind": "ReplicaSet", "name": owner["name"], "uid": owner["uid"]}));
}

fn what_keeps_a_pod_or_brings_it_back_is_warned_of(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let caller = Caller::admin(cluster).asking(yes());
    let warnings = |name: &str| caller.answer("delete_pod", of(&namespace, name)).1.warnings;

    let spec = json!({"containers": containers(&["app"]), "nodeName": NODE_BY_HAND});
    annotated_pod(&namespace, "static", json!({"kubernetes.io/config.mirror": "0123456789abcdef"}), spec);
    let is_static =
        "it is a static pod: its containers go on running, and the kubelet makes this object again from its file";
    assert_eq!(warnings("static"), [is_static]);

    let held = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "held", "finalizers": ["example.com/hold"]}, "spec": nowhere(&["app"]),
    });
    namespace.apply(held).expect("a pod");
    let stays = "it stays until its finalizers are taken away: example.com/hold";
    assert_eq!(warnings("held"), [NO_OWNER, stays]);
    let again = warnings("held");
    assert!(
        matches!(&again[..], [_, since, _] if since.starts_with("it was being deleted already: its time is up at ")),
        "{again:?}"
    );
    let free = json!({"metadata": {"finalizers": null}});
    let path = namespace.path("pods/held");
    cluster.admin().patch(&path, meho_control_plane::Patch::Merge, &free).expect("it goes");
}

fn only_the_exact_name_is_deleted_and_near_ones_are_told(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    ["web-1", "wet"].iter().for_each(|name| drop(pending_pod(&namespace, name)));
    let caller = Caller::admin(cluster).asking(yes());
    let missing = caller.refused(ErrorCode::NotFound, "delete_pod", of(&namespace, "web"));
    assert_eq!(missing.details["near"], json!(["web-1", "wet"]));
    assert!(writes(&caller).is_empty());
    for wrong in ["", "a/b", "..", "Web"] {
        let error = caller.refused(ErrorCode::InvalidRequest, "delete_pod", of(&namespace, wrong));
        assert_eq!(error.details["argument"], "name");
    }
}

/// Somebody with these verbs on pods.
fn somebody(cluster: &Cluster, namespace: &Namespace, name: &str, verbs: &[&str]) -> Caller {
    let user = namespace.user(name, &[Rule::new("", "pods", verbs)]).expect("a user");
    Caller::user(cluster, &user).asking(yes())
}

fn each_missing_right_is_named_and_the_pod_stays(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    pod(&namespace, "web", nowhere(&["app"]));
    for (who, verbs, missing) in
        [("cannot-read", ["delete", "list"], "get"), ("cannot-delete", ["get", "list"], "delete")]
    {
        let caller = somebody(cluster, &namespace, who, &verbs);
        let denied = caller.refused(ErrorCode::PermissionDenied, "delete_pod", of(&namespace, "web"));
        assert_eq!((&denied.details["verb"], &denied.details["resource"]), (&json!(missing), &json!("pods")));
        let rule = format!(r#"apiGroups: [""], resources: ["pods"], verbs: ["{missing}"]"#);
        let hint = format!("a Role in namespace {namespace} with the rule {rule} would allow it");
        assert_eq!(denied.hint, hint);
    }
    let caller = somebody(cluster, &namespace, "cannot-list", &["get", "delete"]);
    let missing = caller.refused(ErrorCode::NotFound, "delete_pod", of(&namespace, "we"));
    let hint = missing.hint;
    assert!(hint.starts_with("names like we were not looked for: pods is forbidden"), "{hint}");
    assert!(now(&namespace, "web").is_some());
    caller.answer("delete_pod", of(&namespace, "web"));
    assert!(now(&namespace, "web").is_none());
}
