//! `list_events`: every page is read, the newest are kept, newest first, by whichever of its times an event has; those of the last so many seconds.

use crate::embedded::Caller;
use crate::lists::{check_rows, read_by_kubectl};
use jiff::{SignedDuration, Timestamp};
use meho_control_plane::{Cluster, Namespace};
use serde_json::{Value, json};

both![
    events_come_newest_first_by_whichever_time_they_have,
    the_newest_are_found_on_whatever_page_they_are,
    the_last_so_many_seconds_are_counted_by_the_servers_clock,
    what_happened_in_kube_system_in_the_last_hour_is_one_call_and_one_request,
];

/// Writes an event.
fn event(namespace: &Namespace, name: &str, more: Value) {
    let mut event = json!({
        "metadata": {"name": name},
        "involvedObject": {"kind": "Pod", "name": "web", "namespace": namespace.name(), "uid": "0f0e0d0c-0000-4000-8000-000000000000"},
        "type": "Normal", "reason": name, "message": format!("it is {name}"),
    });
    event.as_object_mut().expect("members").extend(more.as_object().expect("members").clone());
    namespace.cluster().admin().post(&namespace.path("events"), &event).expect("an event");
}

/// What writers of the newer API must say.
fn newer(more: Value) -> Value {
    let mut event =
        json!({"reportingComponent": "example.com/reporter", "reportingInstance": "one", "action": "Waiting"});
    event.as_object_mut().expect("members").extend(more.as_object().expect("members").clone());
    event
}

/// An event of each way to say when it was, in no order. The newest was made just now and has no time of its own.
fn populate(namespace: &Namespace) {
    let series = json!({
        "eventTime": "2026-01-03T00:00:00.250000Z", "series": {"count": 9, "lastObservedTime": "2026-01-05T00:00:00.500000Z"},
    });
    event(namespace, "series", newer(series));
    event(namespace, "untimed", json!({}));
    event(namespace, "first-only", json!({"firstTimestamp": "2026-01-01T00:00:00Z"}));
    let old = json!({
        "type": "Warning", "count": 4, "firstTimestamp": "2026-01-01T12:00:00Z", "lastTimestamp": "2026-01-02T00:00:00Z",
        "source": {"component": "kubelet", "host": "worker-1"},
    });
    event(namespace, "old", old);
    // The same second: one without a fraction comes before one with it.
    event(namespace, "whole-second", json!({"lastTimestamp": "2026-01-04T00:00:00Z"}));
    event(namespace, "fraction", newer(json!({"eventTime": "2026-01-04T00:00:00.250000Z"})));
}

fn reasons(rows: &Value) -> Vec<&str> {
    rows.as_array().expect("rows").iter().map(|row| row["reason"].as_str().expect("a reason")).collect()
}

fn check_order(cluster: &Cluster, namespace: &Namespace, caller: &Caller) {
    let (rows, meta) = caller.answer("list_events", json!({"namespace": namespace.name()}));
    assert_eq!(reasons(&rows), ["untimed", "series", "fraction", "whole-second", "old", "first-only"]);
    assert_eq!((meta.complete, meta.remaining, meta.token, &meta.warnings[..]), (true, Some(0), None, &[][..]));
    assert!(meta.resource_version.is_some());
    let objects = read_by_kubectl(cluster, namespace, "events");
    let of = |row: &Value| objects.iter().find(|object| object["metadata"]["name"] == row["name"]).expect("it").clone();
    let objects: Vec<Value> = rows.as_array().expect("rows").iter().map(of).collect();
    check_rows("Event", &rows, &objects);

    let series = &rows[1];
    assert_eq!(series["series"], json!({"count": 9, "last_observed_time": "2026-01-05T00:00:00.500000+00:00"}));
    assert_eq!(series["event_time"], "2026-01-03T00:00:00.250000+00:00");
    assert_eq!(series["reporting_component"], "example.com/reporter");
    assert_eq!((&rows[4]["series"], &rows[4]["event_time"]), (&Value::Null, &Value::Null));
    assert_eq!(rows[4]["source"], json!({"component": "kubelet", "host": "worker-1"}));
}

fn check_selection(namespace: &Namespace, caller: &Caller) {
    let list = |more: Value| {
        let mut arguments = json!({"namespace": namespace.name()});
        arguments.as_object_mut().expect("members").extend(more.as_object().expect("members").clone());
        caller.answer("list_events", arguments)
    };
    let (rows, _) = list(json!({"field_selector": "type=Warning"}));
    assert_eq!(reasons(&rows), ["old"]);
    let (rows, _) = list(json!({"field_selector": "involvedObject.kind=Node"}));
    assert_eq!(rows, json!([]));
    let (rows, meta) = list(json!({"limit": 2}));
    assert_eq!(reasons(&rows), ["untimed", "series"]);
    assert_eq!((meta.complete, meta.remaining), (true, Some(4)));
    assert_eq!(meta.warnings, ["there are 6 events: the newest 2 are shown"]);
}

fn events_come_newest_first_by_whichever_time_they_have(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    populate(&namespace);
    let caller = Caller::admin(cluster);
    check_order(cluster, &namespace, &caller);
    check_selection(&namespace, &caller);
}

fn the_newest_are_found_on_whatever_page_they_are(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    // More than one page, and the newest in the middle of the server's order.
    for number in 0..520 {
        let minute = (number + 260) % 520;
        let time = format!("2026-01-01T{:02}:{:02}:00Z", minute / 60, minute % 60);
        event(&namespace, &format!("event-{number:03}"), json!({"lastTimestamp": time}));
    }
    let caller = Caller::admin(cluster);
    let (rows, meta) = caller.answer("list_events", json!({"namespace": namespace.name(), "limit": 3}));
    assert_eq!(reasons(&rows), ["event-259", "event-258", "event-257"]);
    assert_eq!((meta.returned, meta.remaining, meta.complete), (3, Some(517), true));
    assert_eq!(meta.warnings, ["there are 520 events: the newest 3 are shown"]);
    assert_eq!(caller.requests().len(), 2);
    let (rows, meta) = caller.answer("list_events", json!({"namespace": namespace.name()}));
    assert_eq!((rows.as_array().map(Vec::len), meta.remaining), (Some(100), Some(420)));
    assert_eq!((&rows[0]["reason"], &rows[99]["reason"]), (&json!("event-259"), &json!("event-160")));
}

fn the_last_so_many_seconds_are_counted_by_the_servers_clock(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let ago = |minutes: i64| {
        (Timestamp::now() - SignedDuration::from_mins(minutes)).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    event(&namespace, "half-an-hour", json!({"lastTimestamp": ago(30)}));
    event(&namespace, "an-hour-and-more", json!({"lastTimestamp": ago(65)}));
    let begun = json!({"firstTimestamp": ago(300), "lastTimestamp": ago(55), "count": 7});
    event(&namespace, "begun-long-ago", begun);
    let fraction = (Timestamp::now() - SignedDuration::from_mins(61)).strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
    event(&namespace, "newer-api", newer(json!({"eventTime": fraction})));
    event(&namespace, "untimed", json!({}));
    let caller = Caller::admin(cluster);
    let since = |seconds: u64| {
        let (rows, meta) =
            caller.answer("list_events", json!({"namespace": namespace.name(), "since_seconds": seconds}));
        assert!(meta.complete && meta.warnings.is_empty() && meta.remaining == Some(0), "{meta:?}");
        reasons(&rows).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(since(3600), ["untimed", "half-an-hour", "begun-long-ago"]);
    assert_eq!(since(3780), ["untimed", "half-an-hour", "begun-long-ago", "newer-api"]);
    assert_eq!(since(i64::MAX as u64).len(), 5);
    // What is older is not among those that a limit cuts.
    let arguments = json!({"namespace": namespace.name(), "since_seconds": 3600, "limit": 1});
    let (rows, meta) = caller.answer("list_events", arguments);
    assert_eq!((reasons(&rows), meta.remaining), (vec!["untimed"], Some(2)));
    assert_eq!(meta.warnings, ["there are 3 events: the newest 1 are shown"]);
}

fn what_happened_in_kube_system_in_the_last_hour_is_one_call_and_one_request(cluster: &Cluster) {
    // A name that no other run of this test has.
    let name = format!("{}-restarted", cluster.namespace().expect("a namespace"));
    let events = "/api/v1/namespaces/kube-system/events";
    let involved = json!({"kind": "Pod", "name": "coredns", "namespace": "kube-system"});
    let write = |name: &str, more: Value| {
        let mut event =
            json!({"metadata": {"name": name}, "involvedObject": involved, "reason": "BackOff", "type": "Warning"});
        event.as_object_mut().expect("members").extend(more.as_object().expect("members").clone());
        cluster.admin().post(events, &event).expect("an event");
    };
    write(&name, json!({}));
    let older = format!("{name}-before");
    write(&older, json!({"lastTimestamp": "2026-01-02T03:04:05Z"}));
    let caller = Caller::admin(cluster);
    let rows = caller.data("list_events", json!({"namespace": "kube-system", "since_seconds": 3600}));
    let names: Vec<&Value> = rows.as_array().expect("rows").iter().map(|row| &row["name"]).collect();
    assert!(names.contains(&&json!(name)) && !names.contains(&&json!(older)), "{names:?}");
    assert!(rows.as_array().expect("rows").iter().all(|row| row["namespace"] == "kube-system"));
    assert_eq!(caller.requests().len(), 1);
    [name, older].iter().for_each(|name| drop(cluster.admin().delete(&format!("{events}/{name}"))));
}
