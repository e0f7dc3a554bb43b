//! `get_pod`: names that are exact, loose or wrong, what a user's rights leave of it, events, volumes and tolerations.

use crate::embedded::Caller;
use crate::objects::{annotated_pod, nowhere, pending_pod, pod};
use meho_control_plane::{Cluster, Namespace, Rule};
use meho_host::error::ErrorCode;
use serde_json::{Value, json};

both![
    a_name_is_exact_or_the_only_one_that_begins_so,
    a_name_that_is_not_there_brings_near_ones,
    without_the_right_to_list_only_exact_names_are_found_and_that_is_said,
    without_the_right_to_get_it_is_denied_with_the_rule_that_would_allow_it,
    events_are_of_this_very_pod_and_newest_first,
    the_newest_hundred_events_are_shown_and_the_rest_is_counted,
    a_static_pods_events_are_found_by_the_uid_of_its_file,
    without_the_right_to_list_events_the_pod_comes_without_them_and_that_is_said,
    volumes_tolerations_and_node_selector_are_told,
];

/// Calls `get_pod` in a namespace.
struct GetPod<'c> {
    caller: Caller,
    namespace: &'c Namespace,
}

impl<'c> GetPod<'c> {
    fn admin(cluster: &Cluster, namespace: &'c Namespace) -> Self {
        Self { caller: Caller::admin(cluster), namespace }
    }

    fn with(cluster: &Cluster, namespace: &'c Namespace, rules: &[(&str, &[&str])]) -> Self {
        let rules: Vec<Rule> = rules.iter().map(|(resource, verbs)| Rule::new("", resource, verbs)).collect();
        let user = namespace.user("reader", &rules).expect("a user");
        Self { caller: Caller::user(cluster, &user), namespace }
    }

    fn arguments(&self, name: &str) -> Value {
        json!({"namespace": self.namespace.name(), "name": name})
    }

    #[track_caller]
    fn finds(&self, name: &str, found: &str) {
        let (pod, meta) = self.caller.answer("get_pod", self.arguments(name));
        assert_eq!(pod["name"], found);
        let told = format!("{name} is no Pod's name: read {found}");
        let told = if name == found { Vec::new() } else { vec![told] };
        assert_eq!((meta.complete, meta.warnings), (true, told));
    }
}

fn a_name_is_exact_or_the_only_one_that_begins_so(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    ["db", "db-0", "web-2", "web-1", "web-10", "api-7f9c"].iter().for_each(|name| drop(pending_pod(&namespace, name)));
    let other = cluster.namespace().expect("another");
    pending_pod(&other, "api-other");
    let get = GetPod::admin(cluster, &namespace);
    get.finds("api-7f9c", "api-7f9c");
    // The other namespace's does not count.
    get.finds("api", "api-7f9c");
    // Exact goes before longer ones.
    get.finds("db", "db");
    get.finds("web-1", "web-1");
    get.finds("web-10", "web-10");

    let several = get.caller.refused(ErrorCode::InvalidRequest, "get_pod", get.arguments("web"));
    assert_eq!(several.details["argument"], "name");
    assert_eq!(several.details["candidates"], json!(["web-1", "web-10", "web-2"]));
    assert_eq!(several.message, "3 pods begin with web: give one of their names");
}

fn a_name_that_is_not_there_brings_near_ones(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    ["gateway", "getaway", "unlike-all-that"].iter().for_each(|name| drop(pending_pod(&namespace, name)));
    let get = GetPod::admin(cluster, &namespace);
    let missing = get.caller.refused(ErrorCode::NotFound, "get_pod", get.arguments("gatewax"));
    assert_eq!(missing.message, "pods \"gatewax\" not found");
    assert_eq!((&missing.details["kind"], &missing.details["name"]), (&json!("Pod"), &json!("gatewax")));
    assert_eq!(missing.details["near"], json!(["gateway", "getaway"]));
    let missing = get.caller.refused(ErrorCode::NotFound, "get_pod", get.arguments("nothing-like-it-at-all"));
    assert_eq!(missing.details.get("near"), None);
    let nowhere = json!({"namespace": "no-such-namespace", "name": "gateway"});
    assert_eq!(get.caller.refused(ErrorCode::NotFound, "get_pod", nowhere).details.get("near"), None);
}

fn without_the_right_to_list_only_exact_names_are_found_and_that_is_said(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    ["web-1", "api-7f9c"].iter().for_each(|name| drop(pending_pod(&namespace, name)));
    let get = GetPod::with(cluster, &namespace, &[("pods", &["get"]), ("events", &["list"])]);
    get.finds("web-1", "web-1");
    let missing = get.caller.refused(ErrorCode::NotFound, "get_pod", get.arguments("web"));
    let hint = missing.hint;
    assert!(hint.starts_with("names that begin with web were not looked for: pods is forbidden"), "{hint}");
}

fn without_the_right_to_get_it_is_denied_with_the_rule_that_would_allow_it(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    pending_pod(&namespace, "web-1");
    let get = GetPod::with(cluster, &namespace, &[("pods", &["list"]), ("events", &["list"])]);
    let denied = get.caller.refused(ErrorCode::PermissionDenied, "get_pod", get.arguments("web-1"));
    let rule = r#"apiGroups: [""], resources: ["pods"], verbs: ["get"]"#;
    let hint = denied.hint;
    assert_eq!(hint, format!("a Role in namespace {namespace} with the rule {rule} would allow it"));
    assert_eq!((&denied.details["verb"], &denied.details["resource"]), (&json!("get"), &json!("pods")));
    assert_eq!((&denied.details["namespace"], &denied.details["grantable"]), (&json!(namespace.name()), &json!(true)));
}

/// Writes an event about an object with this uid.
fn event(namespace: &Namespace, name: &str, uid: &Value, more: Value) {
    let mut event = json!({
        "metadata": {"name": name},
        "involvedObject": {"kind": "Pod", "name": "web", "namespace": namespace.name(), "uid": uid},
        "type": "Warning", "reason": name, "message": format!("it is {name}"),
    });
    event.as_object_mut().expect("members").extend(more.as_object().expect("members").clone());
    namespace.cluster().admin().post(&namespace.path("events"), &event).expect("an event");
}

fn events_are_of_this_very_pod_and_newest_first(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let uid = pending_pod(&namespace, "web")["metadata"]["uid"].clone();
    event(
        &namespace,
        "old",
        &uid,
        json!({"firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-02T00:00:00Z", "count": 4}),
    );
    let newer = json!({
        "eventTime": "2026-01-03T00:00:00.250000Z", "series": {"count": 9, "lastObservedTime": "2026-01-05T00:00:00.500000Z"},
        "reportingComponent": "example.com/reporter", "reportingInstance": "one", "action": "Waiting",
    });
    event(&namespace, "series", &uid, newer);
    let single = json!({
        "eventTime": "2026-01-04T00:00:00.000000Z", "reportingComponent": "example.com/reporter", "reportingInstance": "one", "action": "Waiting",
    });
    event(&namespace, "single", &uid, single);
    event(
        &namespace,
        "of-a-successor",
        &json!("00000000-0000-4000-8000-000000000000"),
        json!({"lastTimestamp": "2026-01-06T00:00:00Z"}),
    );

    let get = GetPod::admin(cluster, &namespace);
    let pod = get.caller.data("get_pod", get.arguments("web"));
    let expected = [
        (
            "series",
            9,
            "2026-01-03T00:00:00.250000+00:00",
            "2026-01-05T00:00:00.500000+00:00",
            json!("example.com/reporter"),
        ),
        (
            "single",
            1,
            "2026-01-04T00:00:00.000000+00:00",
            "2026-01-04T00:00:00.000000+00:00",
            json!("example.com/reporter"),
        ),
        ("old", 4, "2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00", Value::Null),
    ];
    let expected = expected.map(|(name, count, first, last, reporter)| {
        json!({
            "type": "Warning", "reason": name, "message": format!("it is {name}"), "count": count,
            "first_timestamp": first, "last_timestamp": last, "reporting_component": reporter,
        })
    });
    assert_eq!(pod["events"], json!(expected));
}

fn the_newest_hundred_events_are_shown_and_the_rest_is_counted(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let uid = pending_pod(&namespace, "web")["metadata"]["uid"].clone();
    // The newest is in the middle of the server's order.
    for number in 0..105 {
        let minute = (number + 50) % 105;
        let time = format!("2026-01-01T{:02}:{:02}:00Z", minute / 60, minute % 60);
        event(&namespace, &format!("event-{number:03}"), &uid, json!({"lastTimestamp": time}));
    }
    let get = GetPod::admin(cluster, &namespace);
    let (pod, meta) = get.caller.answer("get_pod", get.arguments("web"));
    let times: Vec<&str> =
        pod["events"].as_array().expect("events").iter().filter_map(|event| event["last_timestamp"].as_str()).collect();
    assert_eq!((times.len(), times[0], times[99]), (100, "2026-01-01T01:44:00+00:00", "2026-01-01T00:05:00+00:00"));
    assert!(times.is_sorted_by(|one, next| one > next), "{times:?}");
    assert_eq!(meta.warnings, ["there are 105 events: the newest 100 are shown"]);
}

fn a_static_pods_events_are_found_by_the_uid_of_its_file(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let file = json!("0123456789abcdef0123456789abcdef");
    let spec =
        json!({"containers": crate::objects::containers(&["app"]), "nodeName": meho_control_plane::NODE_BY_HAND});
    annotated_pod(&namespace, "web", json!({"kubernetes.io/config.mirror": file}), spec);
    event(&namespace, "by-its-kubelet", &file, json!({"lastTimestamp": "2026-01-01T00:00:00Z"}));
    let get = GetPod::admin(cluster, &namespace);
    let pod = get.caller.data("get_pod", get.arguments("web"));
    assert_eq!(pod["events"][0]["reason"], "by-its-kubelet", "{}", pod["events"]);
}

fn without_the_right_to_list_events_the_pod_comes_without_them_and_that_is_said(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let uid = pending_pod(&namespace, "web")["metadata"]["uid"].clone();
    event(&namespace, "unseen", &uid, json!({}));
    let get = GetPod::with(cluster, &namespace, &[("pods", &["get"])]);
    let (pod, meta) = get.caller.answer("get_pod", get.arguments("web"));
    assert_eq!((&pod["name"], &pod["events"]), (&json!("web"), &json!([])));
    assert!(!meta.complete);
    assert!(
        matches!(&meta.warnings[..], [one] if one.starts_with("events could not be read: events is forbidden")),
        "{meta:?}"
    );
}

fn volumes_tolerations_and_node_selector_are_told(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let mut spec = nowhere(&["app"]);
    spec["automountServiceAccountToken"] = json!(false);
    spec["nodeSelector"] = json!({"disk": "fast"});
    spec["tolerations"] = json!([{"key": "dedicated", "operator": "Equal", "value": "db", "effect": "NoExecute", "tolerationSeconds": 30}, {"operator": "Exists"}]);
    spec["volumes"] = json!([
        {"name": "settings", "configMap": {"name": "app-settings"}},
        {"name": "keys", "secret": {"secretName": "app-keys"}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "app-data"}},
        {"name": "scratch", "emptyDir": {}},
        {"name": "memory", "emptyDir": {"medium": "Memory"}},
        {"name": "host", "hostPath": {"path": "/var/log"}},
        {"name": "mixed", "projected": {"sources": []}},
        {"name": "self", "downwardAPI": {}},
        {"name": "driver", "csi": {"driver": "csi.example.com"}},
        {"name": "share", "nfs": {"server": "nfs.example.com", "path": "/"}},
    ]);
    pod(&namespace, "web", spec);
    let get = GetPod::admin(cluster, &namespace);
    let web = get.caller.data("get_pod", get.arguments("web"));
    let volumes = [
        ("settings", "configMap", json!("app-settings")),
        ("keys", "secret", json!("app-keys")),
        ("data", "persistentVolumeClaim", json!("app-data")),
        ("scratch", "emptyDir", Value::Null),
        ("memory", "emptyDir", json!("Memory")),
        ("host", "hostPath", json!("/var/log")),
        ("mixed", "projected", Value::Null),
        ("self", "downwardAPI", Value::Null),
        ("driver", "csi", json!("csi.example.com")),
        ("share", "nfs", json!("nfs.example.com")),
    ];
    assert_eq!(
        web["volumes"],
        json!(volumes.map(|(name, kind, source)| json!({"name": name, "type": kind, "source": source})))
    );
    assert_eq!(web["node_selector"], json!({"disk": "fast"}));
    let given = json!({"key": "dedicated", "operator": "Equal", "value": "db", "effect": "NoExecute", "toleration_seconds": 30});
    let all = json!({"key": null, "operator": "Exists", "value": null, "effect": null, "toleration_seconds": null});
    assert_eq!(
        web["tolerations"].as_array().map(|it| it[..2].to_vec()),
        Some(vec![given, all]),
        "{}",
        web["tolerations"]
    );
}
