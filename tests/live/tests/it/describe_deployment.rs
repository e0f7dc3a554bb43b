//! `describe_deployment`: why pods are failing, in one call: its ReplicaSets, its pods that are not well, and the events of all of them.

use crate::embedded::Caller;
use crate::objects::{SOON, nowhere, still, still_deployment};
use crate::shapes;
use meho_control_plane::{Cluster, Namespace, Patch, Rule};
use meho_host::error::ErrorCode;
use serde_json::{Value, json};

both![
    one_call_tells_why_pods_are_failing,
    a_quota_that_lets_no_pod_be_made_shows_on_the_replica_set,
    its_own_are_told_newest_first_and_nobody_elses,
    many_pods_are_counted_and_the_first_of_them_looked_into,
    each_right_that_is_missing_costs_its_part_and_is_named,
    a_deployment_is_found_by_a_loose_name,
];

fn of(namespace: &Namespace, name: &str) -> Value {
    json!({"namespace": namespace.name(), "name": name})
}

/// The objects of a resource in the namespace.
#[track_caller]
fn all(namespace: &Namespace, group_version: &str, plural: &str) -> Vec<Value> {
    let path = if group_version == "v1" { namespace.path(plural) } else { namespace.path_in(group_version, plural) };
    let list = namespace.cluster().admin().get(&path).expect("a list");
    list["items"].as_array().expect("items").clone()
}

fn text<'v>(object: &'v Value, pointer: &str) -> &'v str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} of {object}"))
}

/// Writes an event about an object. The higher the second, the newer.
fn event(namespace: &Namespace, reason: &str, kind: &str, about: &Value, second: u32) {
    let involved = json!({
        "kind": kind, "name": about["metadata"]["name"], "namespace": namespace.name(), "uid": about["metadata"]["uid"],
    });
    // Newer than what the controllers themselves say.
    let event = json!({
        "metadata": {"name": reason.to_lowercase()}, "involvedObject": involved, "type": "Warning", "reason": reason,
        "message": format!("it is {reason}"), "lastTimestamp": format!("2099-01-01T00:00:{second:02}Z"),
    });
    namespace.cluster().admin().post(&namespace.path("events"), &event).expect("an event");
}

/// A pod's status in which its container runs and is ready, and began again after it had ended so.
fn running(last: Option<Value>) -> Value {
    json!({
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{
            "name": "app", "ready": true, "started": true, "restartCount": u8::from(last.is_some()), "image": "i", "imageID": "i",
            "state": {"running": {"startedAt": "2026-01-02T03:04:05Z"}}, "lastState": last.unwrap_or(json!({})),
        }],
    })
}

/// A pod's status in which its container waits for this reason.
fn waiting(reason: &str, restarts: u32, last: Value) -> Value {
    json!({
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "not ready"}],
        "containerStatuses": [{
            "name": "app", "ready": false, "started": false, "restartCount": restarts, "image": "i", "imageID": "i",
            "state": {"waiting": {"reason": reason, "message": format!("waits: {reason}")}}, "lastState": last,
        }],
    })
}

fn killed() -> Value {
    json!({"terminated": {
        "exitCode": 137, "reason": "OOMKilled", "startedAt": "2026-01-02T03:00:00Z", "finishedAt": "2026-01-02T03:04:00Z", "containerID": "c://1",
    }})
}

/// A Deployment of five pods, each in another state, and events about it, its ReplicaSet and its first pod. Gives its pods in the server's order.
fn failing(namespace: &Namespace) -> Vec<Value> {
    let deployment = still_deployment(namespace, "front", 5);
    let pods = all(namespace, "v1", "pods");
    let statuses = [
        waiting("CrashLoopBackOff", 7, killed()),
        waiting("ImagePullBackOff", 0, json!({})),
        running(Some(killed())),
        running(None),
        json!({
            "phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available"}],
        }),
    ];
    for (pod, status) in pods.iter().zip(&statuses) {
        let path = namespace.path(&format!("pods/{}", text(pod, "/metadata/name")));
        namespace.cluster().admin().write_status(&path, status).expect("a status");
    }
    let sets = all(namespace, "apps/v1", "replicasets");
    event(namespace, "Older", "Deployment", &deployment, 1);
    event(namespace, "FailedCreate", "ReplicaSet", &sets[0], 2);
    event(namespace, "BackOff", "Pod", &pods[0], 3);
    pods
}

fn one_call_tells_why_pods_are_failing(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let pods = failing(&namespace);
    let data = Caller::admin(cluster).data("describe_deployment", of(&namespace, "front"));
    assert_eq!(shapes::check_types(&shapes::shape("DeploymentDescribe"), &data), Vec::<String>::new());

    let sets = all(&namespace, "apps/v1", "replicasets");
    let set = &data["replica_sets"][0];
    assert_eq!((data["replica_sets"].as_array().map(Vec::len), sets.len()), (Some(1), 1));
    assert_eq!((&set["name"], &set["uid"]), (&sets[0]["metadata"]["name"], &sets[0]["metadata"]["uid"]));
    assert_eq!((&set["revision"], &data["revision"], &set["replicas"]), (&json!(1), &json!(1), &json!(5)));

    let summary = &data["pods"];
    assert_eq!(
        (&summary["count"], &summary["ready"], &summary["unhealthy"]),
        (&json!(5), &json!(2), &json!(4)),
        "{summary}"
    );
    let mut by_status: Vec<(String, i64)> = summary["by_status"]
        .as_array()
        .expect("statuses")
        .iter()
        .map(|row| (text(row, "/status").to_owned(), row["count"].as_i64().expect("a count")))
        .collect();
    by_status.sort();
    let expected = [("CrashLoopBackOff", 1), ("ImagePullBackOff", 1), ("Pending", 1), ("Running", 2)];
    assert_eq!(by_status, expected.map(|(status, count)| (status.to_owned(), count)));

    let unwell = data["unhealthy_pods"].as_array().expect("pods");
    let named: Vec<&str> = unwell.iter().map(|pod| text(pod, "/name")).collect();
    let expected: Vec<&str> = [0, 1, 2, 4].iter().map(|at| text(&pods[*at], "/metadata/name")).collect();
    assert_eq!(named, expected);
    let crashing = &unwell[0];
    assert_eq!(
        (&crashing["status"], &crashing["ready"], &crashing["restarts"]),
        (&json!("CrashLoopBackOff"), &json!("0/1"), &json!(7))
    );
    assert_eq!(crashing["replica_set"], sets[0]["metadata"]["name"]);
    let container = &crashing["containers"][0];
    assert_eq!(
        (&container["waiting_reason"], &container["waiting_message"]),
        (&json!("CrashLoopBackOff"), &json!("waits: CrashLoopBackOff"))
    );
    assert_eq!(
        (&container["last_state"]["exit_code"], &container["last_state"]["reason"]),
        (&json!(137), &json!("OOMKilled"))
    );
    assert_eq!(unwell[1]["containers"][0]["waiting_reason"], "ImagePullBackOff");
    // It runs, and will be killed again.
    assert_eq!(
        (&unwell[2]["status"], &unwell[2]["containers"][0]["last_state"]["reason"]),
        (&json!("Running"), &json!("OOMKilled"))
    );
    assert_eq!(unwell[3]["conditions"][0]["message"], "0/3 nodes are available");

    let events = data["events"].as_array().expect("events");
    let newest: Vec<(&str, &str)> =
        events.iter().take(3).map(|event| (text(event, "/reason"), text(event, "/involved_object/kind"))).collect();
    assert_eq!(newest, [("BackOff", "Pod"), ("FailedCreate", "ReplicaSet"), ("Older", "Deployment")]);
    assert_eq!(events[0]["involved_object"]["name"], pods[0]["metadata"]["name"]);
    // What the controllers said themselves.
    let said = |reason: &str| events.iter().any(|event| event["reason"] == reason);
    assert!(said("ScalingReplicaSet") && said("SuccessfulCreate"), "{events:#?}");
    for member in ["replica_sets_error", "pods_error", "events_error"] {
        assert_eq!(data[member], Value::Null);
    }
}

fn a_quota_that_lets_no_pod_be_made_shows_on_the_replica_set(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}});
    namespace.apply(quota).expect("a quota");
    let used = |quota: &Value| quota["status"]["hard"]["pods"] == "0";
    cluster.admin().wait_for(&namespace.path("resourcequotas/none"), SOON, used).expect("a quota that holds");
    let labels = json!({"app": "front"});
    let deployment = json!({
        "metadata": {"name": "front"},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": nowhere(&["app"])}},
    });
    cluster.admin().post(&namespace.path_in("apps/v1", "deployments"), &deployment).expect("a Deployment");
    let caller = Caller::admin(cluster);
    let told = || {
        let (data, _) = caller.answer("describe_deployment", of(&namespace, "front"));
        let events = data["events"].as_array().expect("events");
        let failed = events.iter().find(|event| event["reason"] == "FailedCreate").cloned()?;
        Some((failed, data))
    };
    let (failed, data) = meho_control_plane::until(SOON, told).expect("it is told");
    assert_eq!(failed["involved_object"]["kind"], "ReplicaSet");
    assert!(text(&failed, "/message").contains("exceeded quota: none"), "{failed}");
    assert_eq!((&data["pods"]["count"], &data["pods"]["unhealthy"]), (&json!(0), &json!(0)));
    let conditions = data["replica_sets"][0]["conditions"].as_array().expect("conditions").clone();
    assert!(conditions.iter().all(|condition| condition["type"] == "ReplicaFailure"), "{conditions:?}");
}

fn its_own_are_told_newest_first_and_nobody_elses(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    // Keys whose order is another than that of `key=value`, and expressions.
    let labels = json!({"a": "1", "a-b": "2", "tier": "fe", "z": "x"});
    let selector = json!({
        "matchLabels": {"a-b": "2", "a": "1"},
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["fe", "be"]}, {"key": "z", "operator": "Exists"},
            {"key": "old", "operator": "DoesNotExist"}, {"key": "a", "operator": "NotIn", "values": ["3", "2"]},
        ],
    });
    let deployment = json!({
        "metadata": {"name": "front"},
        "spec": {"replicas": 1, "selector": selector, "template": {"metadata": {"labels": labels}, "spec": nowhere(&["app"])}},
    });
    let path = namespace.path_in("apps/v1", "deployments");
    let admin = cluster.admin();
    admin.post(&path, &deployment).expect("a Deployment");
    still(&namespace, "front");
    let patch = json!({"spec": {"template": {"metadata": {"annotations": {"again": "1"}}}}});
    admin.patch(&format!("{path}/front"), Patch::Merge, &patch).expect("it is rolled");
    let rolled = || (all(&namespace, "apps/v1", "replicasets").len() == 2).then_some(());
    meho_control_plane::until(SOON, rolled).expect("a second ReplicaSet");
    let strangers = json!({"metadata": {"name": "stranger", "labels": labels}, "spec": nowhere(&["app"])});
    let stranger = admin.post(&namespace.path("pods"), &strangers).expect("a pod");
    // The Deployment would take it for its own if nobody had it.
    let owner = json!({"apiVersion": "v1", "kind": "Pod", "name": "stranger", "uid": stranger["metadata"]["uid"], "controller": true});
    let other = json!({
        "metadata": {"name": "other", "labels": labels, "ownerReferences": [owner]},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"own": "1"}}, "template": {"metadata": {"labels": {"own": "1"}}, "spec": nowhere(&["app"])}},
    });
    admin.post(&namespace.path_in("apps/v1", "replicasets"), &other).expect("a ReplicaSet");

    let owned =
        || all(&namespace, "v1", "pods").iter().filter(|pod| pod["metadata"]["ownerReferences"].is_array()).count();
    let caller = Caller::admin(cluster);
    // The rollout goes on meanwhile.
    let same = || {
        let before = owned();
        let data = caller.data("describe_deployment", of(&namespace, "front"));
        (before == owned()).then_some((data, before))
    };
    let (data, count) = meho_control_plane::until(SOON, same).expect("a moment without change");
    let revisions: Vec<&Value> =
        data["replica_sets"].as_array().expect("sets").iter().map(|set| &set["revision"]).collect();
    assert_eq!(revisions, [2, 1]);
    assert_eq!(data["pods"]["count"], count);
}

fn many_pods_are_counted_and_the_first_of_them_looked_into(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    still_deployment(&namespace, "front", 70);
    let caller = Caller::admin(cluster);
    let (data, meta) = caller.answer("describe_deployment", of(&namespace, "front"));
    assert_eq!((&data["pods"]["count"], &data["pods"]["unhealthy"]), (&json!(70), &json!(70)));
    assert_eq!(data["unhealthy_pods"].as_array().map(Vec::len), Some(20));
    let told = [
        "70 pods are not well: the first 20 are shown",
        "events of 8 pods that are not well were not looked for: they are too many",
    ];
    assert_eq!((meta.complete, &meta.warnings[..2]), (false, &told.map(str::to_owned)[..]));
    // The Deployment's own, its ReplicaSet's and 62 pods'.
    let asked = caller.requests().iter().filter(|request| request.path_and_query.contains("/events?")).count();
    assert_eq!(asked, 64);
}

/// Each right, the member that tells of its loss, and how the warning begins.
const RIGHTS: [(&str, &str, &str, &str); 3] = [
    ("apps", "replicasets", "replica_sets_error", "replicasets could not be read: replicasets.apps is forbidden"),
    ("", "pods", "pods_error", "pods could not be read: pods is forbidden"),
    ("", "events", "events_error", "events could not be read: events is forbidden"),
];

fn somebody(cluster: &Cluster, namespace: &Namespace, who: &str, without: Option<&str>, on_it: &[&str]) -> Caller {
    let kept = RIGHTS.iter().filter(|right| Some(right.1) != without);
    let mut rules: Vec<Rule> = kept.map(|right| Rule::new(right.0, right.1, &["list"])).collect();
    rules.push(Rule::new("apps", "deployments", on_it));
    Caller::user(cluster, &namespace.user(who, &rules).expect("a user"))
}

fn each_right_that_is_missing_costs_its_part_and_is_named(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    failing(&namespace);
    somebody(cluster, &namespace, "all", None, &["get"]).data("describe_deployment", of(&namespace, "front"));
    for (group, resource, member, words) in RIGHTS {
        let caller = somebody(cluster, &namespace, &format!("without-{resource}"), Some(resource), &["get"]);
        let (data, meta) = caller.answer("describe_deployment", of(&namespace, "front"));
        assert!(!meta.complete, "{resource}: {meta:?}");
        let rule = format!(
            r#"a Role in namespace {namespace} with the rule apiGroups: ["{group}"], resources: ["{resource}"], verbs: ["list"] would allow it"#
        );
        let [warning] = &meta.warnings[..] else { panic!("one warning: {meta:?}") };
        assert!(warning.starts_with(words) && warning.contains(&rule), "{warning}");
        assert!(data[member].as_str().is_some_and(|why| why.contains(&rule)), "{member}: {data:#}");
        // The rest is there.
        let is_lost = |which: &str| which == resource;
        assert_eq!(data["replica_sets"] == json!([]), is_lost("replicasets"));
        assert_eq!(data["pods"]["count"], if is_lost("pods") { Value::Null } else { json!(5) });
        assert_eq!(data["events"] == json!([]), is_lost("events"));
    }
    let caller = somebody(cluster, &namespace, "without-the-deployment", None, &["list"]);
    let denied = caller.refused(ErrorCode::PermissionDenied, "describe_deployment", of(&namespace, "front"));
    assert_eq!((&denied.details["verb"], &denied.details["resource"]), (&json!("get"), &json!("deployments")));
}

fn a_deployment_is_found_by_a_loose_name(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    still_deployment(&namespace, "front-end", 0);
    let data = Caller::admin(cluster).data_of_loose("describe_deployment", of(&namespace, "front"), "front-end");
    assert_eq!(data["name"], "front-end");
}
