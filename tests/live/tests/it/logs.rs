//! `get_pod_logs`: the lines that kubectl prints, which container, how much of it, and what a user's rights leave.
//!
//! kwok plays the kubelet here, and answers for any container of any pod on a node: what only a kubelet says is not seen here.

use crate::embedded::Caller;
use crate::objects::{annotated_pod, containers, kubectl, pending_pod, pod, running, running_pod};
use crate::servers::has_no_kubectl;
use crate::{program, shapes};
use meho_control_plane::{Cluster, KnownLog, Namespace, Rule};
use meho_host::error::ErrorCode;
use serde_json::{Value, json};

both![
    logs_are_what_kubectl_prints,
    the_program_prints_lines_as_they_are,
    the_newest_bytes_are_kept_from_the_start_of_a_line,
    a_log_of_fifty_megabytes_is_read_in_the_memory_of_a_few,
    the_container_is_the_one_given_or_the_default_or_the_only_one,
    a_pod_without_a_node_has_no_logs_and_that_is_said,
    a_loose_name_finds_the_only_pod_that_begins_so,
    without_the_right_to_get_the_pod_its_logs_are_still_read_by_its_exact_name,
    two_beginnings_at_once_are_refused_before_anything_is_asked,
];

const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// Arguments in this namespace.
fn of(namespace: &Namespace, name: &str, more: Value) -> Value {
    let mut arguments = json!({"namespace": namespace.name(), "name": name});
    arguments.as_object_mut().expect("members").extend(more.as_object().expect("members").clone());
    arguments
}

fn text(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn logs_are_what_kubectl_prints(cluster: &Cluster) {
    if has_no_kubectl(cluster) {
        return;
    }
    let namespace = cluster.namespace().expect("a namespace");
    let setup = json!([{"name": "setup", "image": "registry.example.com/setup:1"}]);
    let names = ["app", "sidecar", "silent"];
    let spec = json!({"containers": containers(&names), "initContainers": setup});
    let ended = json!({"terminated": {"exitCode": 0, "startedAt": null, "finishedAt": null}});
    // Each of them has run before: else it would have no previous log.
    let status = |name: &str, state: Value| json!({"name": name, "image": "i", "imageID": "i", "ready": true, "restartCount": 1, "state": state, "lastState": ended});
    let statuses: Vec<Value> = names.iter().map(|name| status(name, json!({"running": {"startedAt": null}}))).collect();
    let status = json!({
        "phase": "Running", "containerStatuses": statuses, "initContainerStatuses": [status("setup", ended.clone())],
    });
    namespace.pod_by_hand("web", spec, &status).expect("a pod");
    let caller = Caller::admin(cluster);
    let cases: [(Value, &[&str]); 13] = [
        (json!({"container": "app"}), &["-c", "app", "--tail", "100"]),
        (json!({"container": "sidecar"}), &["-c", "sidecar", "--tail", "100"]),
        (json!({"container": "setup"}), &["-c", "setup", "--tail", "100"]),
        (json!({"container": "silent"}), &["-c", "silent", "--tail", "100"]),
        (json!({"container": "app", "tail_lines": 1}), &["-c", "app", "--tail", "1"]),
        (
            json!({"container": "app", "tail_lines": 7, "timestamps": true}),
            &["-c", "app", "--tail", "7", "--timestamps"],
        ),
        (json!({"container": "app", "tail_lines": 100_000}), &["-c", "app", "--tail", "100000"]),
        (json!({"container": "app", "previous": true}), &["-c", "app", "--tail", "100", "--previous"]),
        (json!({"container": "app", "previous": false, "timestamps": null}), &["-c", "app", "--tail", "100"]),
        (
            json!({"container": "app", "since_time": "2026-01-01T00:01:30Z"}),
            &["-c", "app", "--tail", "100", "--since-time", "2026-01-01T00:01:30Z"],
        ),
        (
            json!({"container": "app", "since_time": "2026-01-01T01:01:30+01:00", "tail_lines": 3}),
            &["-c", "app", "--tail", "3", "--since-time", "2026-01-01T01:01:30+01:00"],
        ),
        (
            json!({"container": "app", "since_seconds": 315_360_000}),
            &["-c", "app", "--tail", "100", "--since", "87600h"],
        ),
        (json!({"container": "app", "since_seconds": 1}), &["-c", "app", "--tail", "100", "--since", "1s"]),
    ];
    for (arguments, flags) in cases {
        let printed = kubectl(cluster, &[&["logs", "web", "-n", namespace.name()], flags].concat());
        let (data, meta) = caller.answer("get_pod_logs", of(&namespace, "web", arguments.clone()));
        assert_eq!(data["logs"], printed, "{arguments}");
        assert_eq!(data["line_count"], printed.lines().count(), "{arguments}");
        assert!(meta.complete && meta.warnings.is_empty(), "{meta:?}");
        assert_eq!(shapes::check_types(&shapes::shape("PodLogs"), &data), Vec::<String>::new());
        assert_eq!((&data["truncated"], &data["invalid_utf8"]), (&json!(false), &json!(false)));
        let tail = arguments.get("tail_lines").cloned().unwrap_or(json!(100));
        assert_eq!((&data["tail_lines"], &data["container"]), (&tail, &arguments["container"]));
    }
    // The cases are not all one: there are times before lines, another instance, and nothing at all.
    let log = |more: Value| caller.data("get_pod_logs", of(&namespace, "web", more))["logs"].clone();
    assert_eq!(log(json!({"container": "sidecar", "timestamps": true})), text(&KnownLog::Sidecar.lines_with_times()));
    assert_eq!(log(json!({"container": "app", "previous": true})), text(&KnownLog::Previous.lines()));
    assert_eq!(
        log(json!({"container": "app", "since_time": "2026-01-01T00:01:38Z"})),
        "usual line 99\nusual line 100\n"
    );
    assert_eq!(log(json!({"container": "app", "since_seconds": 1})), "");
}

fn the_program_prints_lines_as_they_are(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    running_pod(&namespace, "web", &["sidecar"]);
    let place = format!("namespace={namespace}");
    let run = program::call(
        &cluster.admin_kubeconfig(),
        &["get_pod_logs", "name=web", &place, "tail_lines=2", "-o", "table"],
    );
    let note = format!("note: this is the log of pod web in {namespace}, container sidecar\n");
    assert_eq!((run.code, run.stdout.as_str(), run.stderr), (Some(0), "sidecar line 4\nsidecar line 5\n", note));
}

fn the_newest_bytes_are_kept_from_the_start_of_a_line(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    running_pod(&namespace, "web", &["chatty"]);
    let caller = Caller::admin(cluster);
    let whole = text(&KnownLog::Chatty.lines());
    // Lines of 100 bytes: asked for so many lines and bytes, so many bytes are there.
    let cases = [
        (20_000, None, 1_048_500, true),
        (20_000, Some(1_000_000), 1_000_000, true),
        (50, Some(5_000), 5_000, false),
        (50, Some(4_999), 4_900, true),
        (50, Some(250), 200, true),
        (50, Some(101), 100, true),
        (50, Some(100), 100, true),
        (1, Some(100), 100, false),
        // A line that is longer than all that may be shown keeps its end.
        (50, Some(60), 60, true),
        (50, Some(1), 1, true),
    ];
    for (tail_lines, limit_bytes, bytes, truncated) in cases {
        let more = json!({"tail_lines": tail_lines, "limit_bytes": limit_bytes});
        let (data, meta) = caller.answer("get_pod_logs", of(&namespace, "web", more.clone()));
        let logs = data["logs"].as_str().expect("text");
        assert_eq!(logs.len(), bytes, "{more}");
        assert!(whole.ends_with(logs), "{more}: not the newest");
        assert_eq!(
            (&data["truncated"], &data["line_count"]),
            (&json!(truncated), &json!(logs.lines().count())),
            "{more}"
        );
        let warned =
            format!("there were {} bytes: the newest {bytes} are shown, from the start of a line", tail_lines * 100);
        assert_eq!(meta.warnings, if truncated { vec![warned] } else { Vec::new() }, "{more}");
    }
    for (argument, value) in
        [("tail_lines", 0), ("limit_bytes", 0), ("limit_bytes", 1_048_577), ("since_seconds", 0), ("tail_lines", -1)]
    {
        let refused =
            caller.refused(ErrorCode::InvalidRequest, "get_pod_logs", of(&namespace, "web", json!({argument: value})));
        assert_eq!(refused.details["argument"], argument);
    }
}

fn a_log_of_fifty_megabytes_is_read_in_the_memory_of_a_few(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    running_pod(&namespace, "web", &["vast"]);
    let caller = Caller::admin(cluster).patient();
    let lines = KnownLog::Vast.lines();
    let (data, meta) = caller.answer("get_pod_logs", of(&namespace, "web", json!({"tail_lines": 1_000_000})));
    // As many whole lines as a mebibyte has room for.
    let kept = 1_048;
    assert_eq!(data["logs"], text(&lines[lines.len() - kept..]));
    assert_eq!((&data["truncated"], &data["line_count"]), (&json!(true), &json!(kept)));
    assert_eq!(meta.warnings, ["there were 50000000 bytes: the newest 1048000 are shown, from the start of a line"]);
    let usage = caller.records().last().expect("a record").usage;
    // All of it came, and little of it was there at a time: twice what is kept, and the answer as it is written.
    assert!(usage.response_bytes > 50_000_000, "{usage:?}");
    assert!(usage.peak_memory_bytes < 12 << 20, "{usage:?}");
}

fn the_container_is_the_one_given_or_the_default_or_the_only_one(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let spec = || json!({"containers": containers(&["app", "sidecar"]), "initContainers": [{"name": "setup", "image": "registry.example.com/setup:1"}]});
    pod(&namespace, "several", spec());
    annotated_pod(&namespace, "with-default", json!({DEFAULT_CONTAINER: "sidecar"}), spec());
    annotated_pod(&namespace, "with-wrong-default", json!({DEFAULT_CONTAINER: "gone"}), spec());
    pod(&namespace, "alone", json!({"containers": containers(&["sidecar"])}));
    ["several", "with-default", "with-wrong-default", "alone"].iter().for_each(|name| drop(running(&namespace, name)));
    let caller = Caller::admin(cluster);
    let read = |name: &str, more: Value| {
        let data = caller.data("get_pod_logs", of(&namespace, name, more));
        (data["container"].clone(), data["line_count"].clone())
    };
    assert_eq!(read("with-default", json!({})), (json!("sidecar"), json!(5)));
    assert_eq!(read("with-default", json!({"container": "app"})), (json!("app"), json!(100)));
    assert_eq!(read("alone", json!({"container": ""})), (json!("sidecar"), json!(5)));
    assert_eq!(read("several", json!({"container": "setup"})), (json!("setup"), json!(100)));
    for name in ["several", "with-wrong-default"] {
        let refused = caller.refused(ErrorCode::InvalidRequest, "get_pod_logs", of(&namespace, name, json!({})));
        assert_eq!(refused.details["argument"], "container");
        assert_eq!(refused.details["candidates"], json!(["app", "sidecar", "setup"]));
    }
    let refused = caller.refused(
        ErrorCode::InvalidRequest,
        "get_pod_logs",
        of(&namespace, "several", json!({"container": "nope"})),
    );
    assert_eq!(refused.message, "container: the pod has no container nope");
    assert_eq!(refused.details["candidates"], json!(["app", "sidecar", "setup"]));
}

fn a_pod_without_a_node_has_no_logs_and_that_is_said(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    pending_pod(&namespace, "waiting");
    let (data, meta) = Caller::admin(cluster).answer("get_pod_logs", of(&namespace, "waiting", json!({})));
    assert_eq!((&data["logs"], &data["line_count"]), (&json!(""), &json!(0)));
    assert_eq!(meta.warnings, ["the pod is not scheduled to a node yet: there are no logs"]);
}

fn a_loose_name_finds_the_only_pod_that_begins_so(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    ["api-gateway-7f9c", "web-1", "web-2"].iter().for_each(|name| drop(running_pod(&namespace, name, &["sidecar"])));
    let caller = Caller::admin(cluster);
    let arguments = of(&namespace, "api-gateway", json!({"tail_lines": 200}));
    let data = caller.data_of_loose("get_pod_logs", arguments, "api-gateway-7f9c");
    assert_eq!((&data["pod"], &data["line_count"]), (&json!("api-gateway-7f9c"), &json!(5)));
    let several = caller.refused(ErrorCode::InvalidRequest, "get_pod_logs", of(&namespace, "web", json!({})));
    assert_eq!(several.details["candidates"], json!(["web-1", "web-2"]));
    let missing = caller.refused(ErrorCode::NotFound, "get_pod_logs", of(&namespace, "web-3", json!({})));
    assert_eq!(missing.details["near"], json!(["web-1", "web-2"]));
}

fn reader(cluster: &Cluster, namespace: &Namespace, name: &str, rules: &[(&str, &[&str])]) -> Caller {
    let rules: Vec<Rule> = rules.iter().map(|(resource, verbs)| Rule::new("", resource, verbs)).collect();
    Caller::user(cluster, &namespace.user(name, &rules).expect("a user"))
}

fn without_the_right_to_get_the_pod_its_logs_are_still_read_by_its_exact_name(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    running_pod(&namespace, "web-1", &["sidecar"]);
    running_pod(&namespace, "several", &["app", "sidecar"]);
    let logs_only = reader(cluster, &namespace, "logs-only", &[("pods/log", &["get"])]);
    let (data, meta) = logs_only.answer("get_pod_logs", of(&namespace, "web-1", json!({})));
    assert_eq!((&data["container"], &data["line_count"]), (&Value::Null, &json!(5)));
    assert!(
        matches!(&meta.warnings[..], [one] if one.starts_with("the pod itself could not be read, only its logs")),
        "{meta:?}"
    );
    let (data, _) = logs_only.answer("get_pod_logs", of(&namespace, "several", json!({"container": "app"})));
    assert_eq!((&data["container"], &data["line_count"]), (&json!("app"), &json!(100)));
    // The server knows the containers, and says which.
    let several = logs_only.refused(ErrorCode::InvalidRequest, "get_pod_logs", of(&namespace, "several", json!({})));
    assert!(several.message.contains("choose one of: [app sidecar]"), "{several:?}");
    let missing = logs_only.refused(ErrorCode::NotFound, "get_pod_logs", of(&namespace, "web", json!({})));
    assert!(missing.hint.contains("were not looked for: pods is forbidden"), "{missing:?}");

    let with_list = reader(cluster, &namespace, "with-list", &[("pods/log", &["get"]), ("pods", &["list"])]);
    let (data, _) = with_list.answer("get_pod_logs", of(&namespace, "web", json!({})));
    assert_eq!((&data["pod"], &data["line_count"]), (&json!("web-1"), &json!(5)));

    let without_logs = reader(cluster, &namespace, "without-logs", &[("pods", &["get", "list"])]);
    let denied = without_logs.refused(ErrorCode::PermissionDenied, "get_pod_logs", of(&namespace, "web-1", json!({})));
    assert_eq!((&denied.details["resource"], &denied.details["verb"]), (&json!("pods/log"), &json!("get")));
    assert!(denied.hint.contains(r#"resources: ["pods/log"], verbs: ["get"]"#), "{denied:?}");
}

fn two_beginnings_at_once_are_refused_before_anything_is_asked(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let caller = Caller::admin(cluster);
    let both = json!({"since_seconds": 60, "since_time": "2026-01-01T00:00:00Z"});
    let refused = caller.refused(ErrorCode::InvalidRequest, "get_pod_logs", of(&namespace, "web", both));
    assert_eq!(refused.details["argument"], "since_time");
    let refused = caller.refused(
        ErrorCode::InvalidRequest,
        "get_pod_logs",
        of(&namespace, "web", json!({"since_time": "yesterday"})),
    );
    assert_eq!(refused.details["argument"], "since_time");
    assert_eq!(caller.requests(), []);
}
