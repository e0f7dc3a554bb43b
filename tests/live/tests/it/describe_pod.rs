//! `describe_pod`: why a pod is as it is: what is amiss in sentences, how its containers are probed and how they ended, and what happened to it.

use crate::embedded::Caller;
use crate::objects::{IMAGE, nowhere, pending_pod, pod};
use crate::{program, servers, shapes};
use meho_control_plane::{Cluster, NODE_BY_HAND, Namespace, Patch, Rule};
use meho_host::error::ErrorCode;
use serde_json::{Value, json};

both![
    a_container_that_is_killed_again_and_again_is_told_with_its_limit_its_probes_and_its_events,
    a_pod_that_runs_and_is_not_ready_is_told_with_its_probe,
    a_pod_without_a_node_is_told_with_what_keeps_it_from_one,
    a_pod_with_which_nothing_is_amiss_has_no_findings,
    values_of_variables_are_not_told_but_where_they_come_from,
    without_the_right_to_events_the_pod_comes_without_them_and_that_is_said_twice,
    on_a_terminal_what_is_amiss_is_a_line_each,
];

fn of(namespace: &Namespace, name: &str) -> Value {
    json!({"namespace": namespace.name(), "name": name})
}

/// A pod on the node that nobody plays, with this status.
fn played(namespace: &Namespace, name: &str, mut spec: Value, status: &Value) -> Value {
    spec["nodeName"] = json!(NODE_BY_HAND);
    pod(namespace, name, spec);
    let path = namespace.path(&format!("pods/{name}"));
    namespace.cluster().admin().write_status(&path, status).expect("a status")
}

fn findings(data: &Value) -> Vec<&str> {
    data["findings"].as_array().expect("findings").iter().filter_map(Value::as_str).collect()
}

fn probe(action: &str, numbers: [i64; 5]) -> Value {
    let [delay, timeout, period, success, failure] = numbers;
    json!({
        "action": action, "initial_delay_seconds": delay, "timeout_seconds": timeout, "period_seconds": period,
        "success_threshold": success, "failure_threshold": failure,
    })
}

/// A container with a memory limit, a liveness probe and a readiness probe.
fn probed() -> Value {
    json!({
        "name": "app", "image": IMAGE, "command": ["serve"], "args": ["--port", "8080"],
        "resources": {"limits": {"memory": "128Mi"}},
        "livenessProbe": {"httpGet": {"path": "/live", "port": 8080}, "initialDelaySeconds": 3},
        "readinessProbe": {"exec": {"command": ["cat", "/tmp/ready"]}, "periodSeconds": 2, "failureThreshold": 5},
    })
}

fn a_container_that_is_killed_again_and_again_is_told_with_its_limit_its_probes_and_its_events(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let killed = json!({"terminated": {
        "exitCode": 137, "reason": "OOMKilled", "startedAt": "2026-01-02T03:00:00Z", "finishedAt": "2026-01-02T03:04:00Z", "containerID": "c://1",
    }});
    let status = json!({
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "not ready"}],
        "initContainerStatuses": [{
            "name": "setup", "ready": true, "restartCount": 0, "image": "i", "imageID": "i", "lastState": {},
            "state": {"terminated": {"exitCode": 0, "reason": "Completed", "containerID": "c://0"}},
        }],
        "containerStatuses": [{
            "name": "app", "ready": false, "started": false, "restartCount": 3, "image": "resolved", "imageID": "sha256:1", "containerID": "c://2",
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container=app"}}, "lastState": killed,
        }],
    });
    let spec = json!({"initContainers": [{"name": "setup", "image": IMAGE}], "containers": [probed()]});
    let made = played(&namespace, "web", spec, &status);
    for (name, time) in [("older", "2099-01-01T00:00:01Z"), ("newer", "2099-01-01T00:00:02Z")] {
        let event = json!({
            "metadata": {"name": name}, "type": "Warning", "reason": name, "message": "it is", "lastTimestamp": time,
            "involvedObject": {"kind": "Pod", "name": "web", "namespace": namespace.name(), "uid": made["metadata"]["uid"]},
        });
        cluster.admin().post(&namespace.path("events"), &event).expect("an event");
    }
    let data = Caller::admin(cluster).data("describe_pod", of(&namespace, "web"));
    assert_eq!(shapes::check(&shapes::shape("PodDescribe"), &data, &made), Vec::<String>::new());
    assert_eq!(
        findings(&data),
        [
            "container app waits: CrashLoopBackOff: back-off 40s restarting failed container=app",
            "container app has been started again 3 times; before that it ended with exit code 137 at 2026-01-02T03:04:00Z: OOMKilled; \
             its memory limit is 128Mi",
        ]
    );
    let app = &data["containers"][0];
    assert_eq!(app["liveness_probe"], probe("http-get http://:8080/live", [3, 1, 10, 1, 3]));
    assert_eq!(app["readiness_probe"], probe("exec [cat /tmp/ready]", [0, 1, 2, 1, 5]));
    assert_eq!(app["startup_probe"], Value::Null);
    assert_eq!((&app["command"], &app["args"]), (&json!(["serve"]), &json!(["--port", "8080"])));
    assert_eq!((&app["image_id"], &app["container_id"]), (&json!("sha256:1"), &json!("c://2")));
    assert_eq!((&app["last_state"]["exit_code"], &app["last_state"]["reason"]), (&json!(137), &json!("OOMKilled")));
    assert_eq!(app.get("terminated"), None);
    let setup = &data["init_containers"][0];
    assert_eq!((&setup["terminated"]["exit_code"], &setup["terminated"]["reason"]), (&json!(0), &json!("Completed")));
    let reasons: Vec<&Value> =
        data["events"].as_array().expect("events").iter().map(|event| &event["reason"]).collect();
    assert_eq!(reasons[..2], ["newer", "older"]);
    assert_eq!((&data["events_error"], &data["ephemeral_containers"]), (&Value::Null, &json!([])));
}

fn a_pod_that_runs_and_is_not_ready_is_told_with_its_probe(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let runs = |name: &str, started: bool| {
        json!({
            "name": name, "ready": false, "started": started, "restartCount": 1, "image": "i", "imageID": "i", "lastState": {},
            "state": {"running": {"startedAt": "2026-01-02T03:04:05Z"}},
        })
    };
    let second =
        json!({"name": "second", "image": IMAGE, "startupProbe": {"tcpSocket": {"port": 9000, "host": "127.0.0.1"}}});
    let setup = runs("setup", false);
    let status = json!({"phase": "Running", "initContainerStatuses": [setup], "containerStatuses": [runs("app", true), runs("second", false)]});
    let spec = json!({"initContainers": [{"name": "setup", "image": IMAGE}], "containers": [probed(), second]});
    played(&namespace, "web", spec, &status);
    let data = Caller::admin(cluster).data("describe_pod", of(&namespace, "web"));
    assert_eq!(
        findings(&data),
        [
            "init container setup still runs, and the containers after it wait for its end",
            "init container setup has been started again once",
            "container app runs and is not ready: its probe is exec [cat /tmp/ready]",
            "container app has been started again once",
            "container second runs and has not started up: its probe is tcp-socket 127.0.0.1:9000",
            "container second has been started again once",
        ]
    );
}

fn a_pod_without_a_node_is_told_with_what_keeps_it_from_one(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    pending_pod(&namespace, "forgotten");
    let caller = Caller::admin(cluster);
    let data = caller.data("describe_pod", of(&namespace, "forgotten"));
    assert_eq!(findings(&data), ["it has no node, and its scheduler, nobody, has said nothing of it"]);

    let mut spec = nowhere(&["app"]);
    spec["schedulingGates"] = json!([{"name": "example.com/one"}, {"name": "example.com/two"}]);
    pod(&namespace, "gated", spec);
    let data = caller.data("describe_pod", of(&namespace, "gated"));
    assert_eq!(data["scheduling_gates"], json!(["example.com/one", "example.com/two"]));
    assert_eq!(
        findings(&data),
        ["it is not scheduled before its scheduling gates are taken away: example.com/one, example.com/two"]
    );

    pending_pod(&namespace, "unschedulable");
    let status = json!({"conditions": [{
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available: 3 Insufficient cpu.",
    }]});
    cluster.admin().write_status(&namespace.path("pods/unschedulable"), &status).expect("a status");
    let data = caller.data("describe_pod", of(&namespace, "unschedulable"));
    let why = "its condition PodScheduled is False: Unschedulable: 0/3 nodes are available: 3 Insufficient cpu.";
    assert_eq!(findings(&data), [why]);
}

fn a_pod_with_which_nothing_is_amiss_has_no_findings(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let status = json!({
        "phase": "Running",
        "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "True"}],
        "containerStatuses": [{
            "name": "app", "ready": true, "started": true, "restartCount": 0, "image": "i", "imageID": "i", "lastState": {},
            "state": {"running": {"startedAt": "2026-01-02T03:04:05Z"}},
        }],
    });
    played(&namespace, "web", json!({"containers": [probed()]}), &status);
    let data = Caller::admin(cluster).data("describe_pod", of(&namespace, "web"));
    assert_eq!((findings(&data), &data["status"]), (Vec::new(), &json!("Running")));
}

fn values_of_variables_are_not_told_but_where_they_come_from(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let mut spec = nowhere(&["app"]);
    spec["containers"][0]["env"] = json!([
        {"name": "PLAIN", "value": "a-value-that-must-not-be-told"},
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "password", "optional": true}}},
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
    ]);
    pod(&namespace, "web", spec);
    let data = Caller::admin(cluster).data("describe_pod", of(&namespace, "web"));
    let variable = |name: &str, kind: &str, source: Value, key: Value, optional: bool| json!({"name": name, "type": kind, "source": source, "key": key, "optional": optional});
    assert_eq!(
        data["containers"][0]["env"],
        json!([
            variable("PLAIN", "value", Value::Null, Value::Null, false),
            variable("PASSWORD", "secretKeyRef", json!("keys"), json!("password"), true),
            variable("NODE", "fieldRef", Value::Null, json!("spec.nodeName"), false),
        ])
    );
    assert!(!data.to_string().contains("must-not-be-told"));
}

fn without_the_right_to_events_the_pod_comes_without_them_and_that_is_said_twice(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    pending_pod(&namespace, "web");
    let user = namespace.user("reader", &[Rule::new("", "pods", &["get"])]).expect("a user");
    let (data, meta) = Caller::user(cluster, &user).answer("describe_pod", of(&namespace, "web"));
    assert_eq!((&data["name"], &data["events"], meta.complete), (&json!("web"), &json!([]), false));
    let rule = r#"apiGroups: [""], resources: ["events"], verbs: ["list"]"#;
    assert!(matches!(&meta.warnings[..], [one] if one.starts_with("events could not be read: ") && one.contains(rule)));
    assert!(data["events_error"].as_str().is_some_and(|why| why.contains(rule)), "{}", data["events_error"]);
    let user = namespace.user("other", &[Rule::new("", "events", &["list"])]).expect("a user");
    Caller::user(cluster, &user).refused(ErrorCode::PermissionDenied, "describe_pod", of(&namespace, "web"));
}

fn on_a_terminal_what_is_amiss_is_a_line_each(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let mut spec = nowhere(&["app"]);
    spec["schedulingGates"] = json!([{"name": "example.com/one"}]);
    spec["readinessGates"] = json!([{"conditionType": "example.com/balanced"}]);
    spec["containers"][0] = probed();
    pod(&namespace, "web", spec);
    let place = format!("namespace={namespace}");
    let run = program::call(&cluster.admin_kubeconfig(), &["describe_pod", &place, "name=web", "-o", "table"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    for line in [
        "findings:",
        "  - it is not scheduled before its scheduling gates are taken away: example.com/one",
        "  - nobody has set the condition example.com/balanced of its readiness gate",
    ] {
        assert!(lines.contains(&line), "{line}\n{}", run.stdout);
    }
    let probes = "live http-get http://:8080/live, ready exec [cat /tmp/ready]";
    assert!(run.stdout.contains(probes), "{}", run.stdout);
}

/// The demo cluster lets nobody put containers into a running pod.
#[test]
fn a_container_that_somebody_put_into_a_running_pod_is_told() {
    let Some(cluster) = servers::real() else { return };
    let namespace = cluster.namespace().expect("a namespace");
    let mut spec = json!({"containers": [{"name": "app", "image": IMAGE}]});
    spec["nodeName"] = json!(NODE_BY_HAND);
    pod(&namespace, "web", spec);
    let path = namespace.path("pods/web");
    let debugger =
        json!({"spec": {"ephemeralContainers": [{"name": "debugger", "image": IMAGE, "targetContainerName": "app"}]}});
    let admin = namespace.cluster().admin();
    admin.patch(&format!("{path}/ephemeralcontainers"), Patch::Strategic, &debugger).expect("a debugger");
    let status = json!({
        "phase": "Running",
        "ephemeralContainerStatuses": [{
            "name": "debugger", "ready": false, "restartCount": 0, "image": "i", "imageID": "i", "lastState": {},
            "state": {"terminated": {"exitCode": 1, "reason": "Error", "containerID": "c://1"}},
        }],
    });
    admin.write_status(&path, &status).expect("a status");
    let data = Caller::admin(namespace.cluster()).data("describe_pod", of(&namespace, "web"));
    let debugger = &data["ephemeral_containers"][0];
    assert_eq!((&debugger["name"], &debugger["target_container"]), (&json!("debugger"), &json!("app")));
    assert_eq!((&debugger["state"], &debugger["exit_code"]), (&json!("terminated"), &json!(1)));
    let said = "ephemeral container debugger ended with exit code 1: Error";
    assert!(findings(&data).contains(&said), "{}", data["findings"]);
}
