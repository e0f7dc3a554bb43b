//! `get_events_for_resource`: the events of one object: of this very one where it is there, of its name where it is not.

use crate::embedded::Caller;
use crate::objects::{annotated_pod, containers, pending_pod};
use meho_control_plane::{Cluster, NODE_BY_HAND, Namespace, Rule};
use meho_host::error::ErrorCode;
use serde_json::{Value, json};

both![
    events_are_of_this_very_object_and_newest_first,
    those_of_an_object_that_is_gone_are_found_by_its_name,
    a_nodes_events_are_found_by_its_name_whatever_uid_they_have,
    an_object_that_may_not_be_read_has_its_events_by_name_and_that_is_said,
    without_a_namespace_every_one_is_looked_at,
];

const OTHER: &str = "00000000-0000-4000-8000-000000000001";

/// Writes an event. The higher the day, the newer.
fn event(namespace: &str, cluster: &Cluster, reason: &str, (kind, name, uid): (&str, &str, &Value), day: u32) {
    let event = json!({
        "metadata": {"generateName": "event-"}, "type": "Normal", "reason": reason, "message": "it is",
        "involvedObject": {"kind": kind, "name": name, "namespace": namespace, "uid": uid}, "lastTimestamp": format!("2026-01-{day:02}T00:00:00Z"),
    });
    cluster.admin().post(&format!("/api/v1/namespaces/{namespace}/events"), &event).expect("an event");
}

#[track_caller]
fn reasons(caller: &Caller, arguments: Value) -> (Vec<String>, Vec<String>) {
    let (rows, meta) = caller.answer("get_events_for_resource", arguments);
    let reason = |row: &Value| row["reason"].as_str().expect("a reason").to_owned();
    (rows.as_array().expect("rows").iter().map(reason).collect(), meta.warnings)
}

fn of(namespace: &Namespace, name: &str) -> Value {
    json!({"namespace": namespace.name(), "name": name})
}

fn events_are_of_this_very_object_and_newest_first(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let file = json!("0123456789abcdef0123456789abcdef");
    let spec = json!({"containers": containers(&["app"]), "nodeName": NODE_BY_HAND});
    let pod = annotated_pod(&namespace, "web-1", json!({"kubernetes.io/config.mirror": file}), spec);
    let uid = &pod["metadata"]["uid"];
    let place = namespace.name();
    event(place, cluster, "Older", ("Pod", "web-1", uid), 1);
    event(place, cluster, "Newer", ("Pod", "web-1", uid), 3);
    event(place, cluster, "OfItsFile", ("Pod", "web-1", &file), 2);
    event(place, cluster, "OfAnEarlierOne", ("Pod", "web-1", &json!(OTHER)), 4);
    event(place, cluster, "OfAnother", ("Pod", "web-2", &json!("x")), 5);
    let caller = Caller::admin(cluster);
    let own = ["Newer", "OfItsFile", "Older"].map(str::to_owned).to_vec();
    assert_eq!(reasons(&caller, of(&namespace, "web-1")), (own.clone(), vec![]));
    // By a loose name.
    let taken = vec!["web is no Pod's name: read web-1".to_owned()];
    assert_eq!(reasons(&caller, of(&namespace, "web")), (own, taken));
    let mut limited = of(&namespace, "web-1");
    limited["limit"] = json!(1);
    let told = vec!["there are 3 events: the newest 1 are shown".to_owned()];
    assert_eq!(reasons(&caller, limited), (vec!["Newer".to_owned()], told));
    let mut given = of(&namespace, "web-1");
    given["uid"] = json!(OTHER);
    assert_eq!(reasons(&caller, given), (vec!["OfAnEarlierOne".to_owned()], vec![]));
}

fn those_of_an_object_that_is_gone_are_found_by_its_name(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    pending_pod(&namespace, "gone-2");
    event(namespace.name(), cluster, "Killing", ("Pod", "gone", &json!(OTHER)), 1);
    let caller = Caller::admin(cluster);
    let told = vec!["there is no Pod gone: these are about one that was there".to_owned()];
    assert_eq!(reasons(&caller, of(&namespace, "gone")), (vec!["Killing".to_owned()], told));
    let missing = caller.refused(ErrorCode::NotFound, "get_events_for_resource", of(&namespace, "gona"));
    assert_eq!(missing.details["near"], json!(["gone-2"]));
    // Of a kind whose objects are not read it is not known whether there is one.
    let mut widget = of(&namespace, "gone");
    widget["kind"] = json!("Widget");
    let told = vec!["no event is about a Widget named gone; whether there is one was not looked up".to_owned()];
    assert_eq!(reasons(&caller, widget), (vec![], told));
}

fn a_nodes_events_are_found_by_its_name_whatever_uid_they_have(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let name = namespace.name();
    let _node = cluster.node_by_hand(json!({"metadata": {"name": name}})).expect("a node");
    let uid = cluster.admin().get(&format!("/api/v1/nodes/{name}")).expect("it")["metadata"]["uid"].clone();
    event("default", cluster, "OfAKubelet", ("Node", name, &json!(name)), 2);
    event("default", cluster, "OfAController", ("Node", name, &uid), 1);
    let caller = Caller::admin(cluster);
    for place in [json!(null), json!("default")] {
        let (found, _) = reasons(&caller, json!({"name": name, "kind": "Node", "namespace": place}));
        let written: Vec<&String> = found.iter().filter(|reason| reason.starts_with("OfA")).collect();
        assert_eq!(written, ["OfAKubelet", "OfAController"]);
    }
    let elsewhere = json!({"name": name, "kind": "Node", "namespace": name});
    let told =
        format!("a Node is in no namespace, and events about it are in default: only those in {name} were looked at");
    assert_eq!(reasons(&caller, elsewhere), (vec![], vec![told]));
}

fn an_object_that_may_not_be_read_has_its_events_by_name_and_that_is_said(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let pod = pending_pod(&namespace, "web");
    event(namespace.name(), cluster, "Own", ("Pod", "web", &pod["metadata"]["uid"]), 2);
    event(namespace.name(), cluster, "OfAnEarlierOne", ("Pod", "web", &json!(OTHER)), 1);
    let user = namespace.user("reader", &[Rule::new("", "events", &["list"])]).expect("a user");
    let (found, warnings) = reasons(&Caller::user(cluster, &user), of(&namespace, "web"));
    assert_eq!(found, ["Own", "OfAnEarlierOne"]);
    let said = "the Pod itself could not be read, so events are matched by its name, and may be about an earlier one: ";
    assert!(matches!(&warnings[..], [one] if one.starts_with(said)), "{warnings:?}");
    let user = namespace.user("other", &[Rule::new("", "pods", &["get"])]).expect("a user");
    let caller = Caller::user(cluster, &user);
    let denied = caller.refused(ErrorCode::PermissionDenied, "get_events_for_resource", of(&namespace, "web"));
    assert_eq!((&denied.details["verb"], &denied.details["resource"]), (&json!("list"), &json!("events")));
}

fn without_a_namespace_every_one_is_looked_at(cluster: &Cluster) {
    let (one, other) = (cluster.namespace().expect("a namespace"), cluster.namespace().expect("another"));
    // A name that nobody else has.
    let name = one.name();
    event(one.name(), cluster, "Here", ("Pod", name, &json!("x")), 1);
    event(other.name(), cluster, "There", ("Pod", name, &json!("x")), 2);
    let caller = Caller::admin(cluster);
    let both = vec!["There".to_owned(), "Here".to_owned()];
    assert_eq!(reasons(&caller, json!({"name": name})), (both.clone(), vec![]));
    assert_eq!(reasons(&caller, json!({"name": name, "namespace": ""})), (both, vec![]));
    let (found, warnings) = reasons(&caller, json!({"name": "no-such-pod-anywhere"}));
    let why = "no event is about a Pod named no-such-pod-anywhere; whether there is one was not looked up, since no namespace is given";
    assert_eq!((found, warnings), (vec![], vec![why.to_owned()]));
}
