//! Pods: what one word says of all that may be the matter with one.

use super::cells::{age, at, count, items, name, or, since};
use super::{AGE, Layout, NAME, text, wide};
use crate::resource::Resource;
use serde_json::{Value, json};

pub(super) const PODS: Layout = Layout {
    columns: &[
        NAME,
        text("Ready"),
        text("Status"),
        text("Restarts"),
        AGE,
        wide("IP"),
        wide("Node"),
        wide("Nominated Node"),
        wide("Readiness Gates"),
    ],
    cells: |pod, now| {
        let columns = Columns::of(pod);
        let restarts = match columns.last_restart.as_str() {
            "" => columns.restarts.to_string(),
            _ if columns.restarts == 0 => "0".to_owned(),
            last => format!("{} ({} ago)", columns.restarts, since(last, now)),
        };
        vec![
            name(pod),
            format!("{}/{}", columns.ready, columns.total).into(),
            columns.status.into(),
            restarts.into(),
            age(pod, now),
            or(pod, "/status/podIPs/0/ip", "<none>").into(),
            or(pod, "/spec/nodeName", "<none>").into(),
            or(pod, "/status/nominatedNodeName", "<none>").into(),
            gates(pod).into(),
        ]
    },
};

/// A row of a pod that is over says so.
pub(super) fn condition(resource: &Resource, object: &Value) -> Option<Value> {
    let (reason, message) = match at(object, "/status/phase") {
        _ if resource.kind != "Pod" || !resource.group.is_empty() => return None,
        "Succeeded" => ("Succeeded", "The pod has completed successfully."),
        "Failed" => ("Failed", "The pod failed."),
        _ => return None,
    };
    Some(json!({ "type": "Completed", "status": "True", "reason": reason, "message": message }))
}

fn gates(pod: &Value) -> String {
    let gates = items(pod, "/spec/readinessGates");
    if gates.is_empty() {
        return "<none>".to_owned();
    }
    let is_true = |gate: &&Value| has_condition(pod, at(gate, "/conditionType"));
    format!("{}/{}", gates.iter().filter(is_true).count(), gates.len())
}

fn has_condition(pod: &Value, kind: &str) -> bool {
    let is = |condition: &Value| at(condition, "/type") == kind && at(condition, "/status") == "True";
    items(pod, "/status/conditions").iter().any(is)
}

struct Columns {
    status: String,
    ready: usize,
    total: usize,
    restarts: i64,
    /// When the run before the present one ended; empty where there was none.
    last_restart: String,
}

impl Columns {
    /// The phase, then a reason on the status, then what holds up initialization, then the containers from the last to
    /// the first, then a deletion: what comes later counts more.
    fn of(pod: &Value) -> Self {
        let sidecars = items(pod, "/spec/initContainers").iter().filter(|container| is_sidecar(container)).count();
        let is_gated = |condition: &Value| {
            at(condition, "/type") == "PodScheduled" && at(condition, "/reason") == "SchedulingGated"
        };
        let mut columns = Self {
            status: or(pod, "/status/reason", at(pod, "/status/phase")).to_owned(),
            ready: 0,
            total: items(pod, "/spec/containers").len() + sidecars,
            restarts: 0,
            last_restart: String::new(),
        };
        if items(pod, "/status/conditions").iter().any(is_gated) {
            "SchedulingGated".clone_into(&mut columns.status);
        }
        let is_initializing = columns.initialize(pod);
        if !is_initializing || has_condition(pod, "Initialized") {
            columns.run(pod);
        }
        if !at(pod, "/metadata/deletionTimestamp").is_empty() {
            if at(pod, "/status/reason") == "NodeLost" {
                "Unknown".clone_into(&mut columns.status);
            } else if !matches!(at(pod, "/status/phase"), "Succeeded" | "Failed") {
                "Terminating".clone_into(&mut columns.status);
            }
        }
        columns
    }

    /// Whether an init container holds the pod up.
    fn initialize(&mut self, pod: &Value) -> bool {
        let all = items(pod, "/spec/initContainers");
        for (index, container) in items(pod, "/status/initContainerStatuses").iter().enumerate() {
            self.restarted(container);
            let of = |spec: &&Value| at(spec, "/name") == at(container, "/name");
            let has_started = all.iter().find(of).is_some_and(is_sidecar) && flag(container, "/started");
            let terminated = container.pointer("/state/terminated");
            if terminated.is_some_and(|terminated| count(terminated, "/exitCode") == 0) {
                continue;
            }
            if has_started {
                self.ready += usize::from(flag(container, "/ready"));
                continue;
            }
            let waiting = at(container, "/state/waiting/reason");
            self.status = match terminated {
                Some(terminated) => format!("Init:{}", ending(terminated)),
                None if !waiting.is_empty() && waiting != "PodInitializing" => format!("Init:{waiting}"),
                None => format!("Init:{index}/{}", all.len()),
            };
            return true;
        }
        false
    }

    /// What the containers themselves say. Of init containers only sidecars' restarts count then.
    fn run(&mut self, pod: &Value) {
        (self.restarts, self.last_restart) = (0, String::new());
        for container in items(pod, "/status/initContainerStatuses") {
            let of = |spec: &&Value| at(spec, "/name") == at(container, "/name");
            if items(pod, "/spec/initContainers").iter().find(of).is_some_and(is_sidecar) {
                self.restarted(container);
            }
        }
        let (mut has_running, mut failure) = (false, None);
        for container in items(pod, "/status/containerStatuses").iter().rev() {
            self.restarted(container);
            let waiting = at(container, "/state/waiting/reason");
            if !waiting.is_empty() {
                waiting.clone_into(&mut self.status);
            } else if let Some(terminated) = container.pointer("/state/terminated") {
                self.status = ending(terminated);
                if count(terminated, "/exitCode") != 0 {
                    failure = Some(self.status.clone());
                }
            } else if flag(container, "/ready") && container.pointer("/state/running").is_some() {
                has_running = true;
                self.ready += 1;
            }
        }
        // One container that is done does not make a pod done.
        if self.status == "Completed" {
            if has_running && has_condition(pod, "Ready") {
                "Running".clone_into(&mut self.status);
            } else if let Some(failure) = failure {
                self.status = failure;
            } else if has_running {
                "NotReady".clone_into(&mut self.status);
            }
        }
    }

    fn restarted(&mut self, container: &Value) {
        self.restarts += count(container, "/restartCount");
        let ended = at(container, "/lastState/terminated/finishedAt");
        // Times of one form compare as texts do.
        if ended > self.last_restart.as_str() {
            ended.clone_into(&mut self.last_restart);
        }
    }
}

fn ending(terminated: &Value) -> String {
    match (at(terminated, "/reason"), count(terminated, "/signal")) {
        ("", 0) => format!("ExitCode:{}", count(terminated, "/exitCode")),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

fn is_sidecar(container: &Value) -> bool {
    at(container, "/restartPolicy") == "Always"
}

fn flag(object: &Value, pointer: &str) -> bool {
    object.pointer(pointer) == Some(&Value::Bool(true))
}
