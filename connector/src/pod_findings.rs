//! What is not as it should be with a pod, in sentences: from what its states, its conditions and its spec say, and nothing that is guessed. Events are not
//! read for it: they stand beside it.

use crate::kinds::pod_template::{action, container_named, names};
use crate::node::Node;

/// A list of containers in the spec, that of their statuses, and what one of them is called.
const LISTS: [(&str, &str, &str); 3] = [
    ("initContainers", "initContainerStatuses", "init container"),
    ("containers", "containerStatuses", "container"),
    ("ephemeralContainers", "ephemeralContainerStatuses", "ephemeral container"),
];
/// Conditions that are well when they are true. Those of readiness gates come to them.
const CONDITIONS: [&str; 3] = ["PodScheduled", "Ready", "PodReadyToStartContainers"];
/// Why a pod is not ready, where its containers, its gates or its phase say it better.
const SAID_ELSEWHERE: [&str; 4] = ["ContainersNotReady", "ReadinessGatesNotReady", "PodCompleted", "PodFailed"];

/// Everything about a pod that was read as `describe_pod` reads it: first what is of the whole pod, then container by container.
pub(crate) fn findings(pod: &Node<'_>, spec: &Node<'_>, statuses: &Node<'_>) -> Vec<String> {
    let mut found = Vec::new();
    of_the_pod(pod, spec, &mut found);
    for (list, of_status, what) in LISTS {
        for status in statuses.items(of_status) {
            let name = status.text("name");
            let container = container_named(spec, list, name);
            let kind = match list {
                "initContainers" if container.text("restartPolicy") != Some("Always") => Runs::BeforeTheOthers,
                "ephemeralContainers" => Runs::AsItIs,
                _ => Runs::AndIsProbed,
            };
            of_a_container(&format!("{what} {}", name.unwrap_or_default()), kind, &container, status, &mut found);
        }
    }
    found
}

/// What it says of a container that it runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Runs {
    /// The others wait for its end.
    BeforeTheOthers,
    /// It ought to become ready.
    AndIsProbed,
    /// Nothing: nobody asks whether it is ready.
    AsItIs,
}

fn of_the_pod(pod: &Node<'_>, spec: &Node<'_>, found: &mut Vec<String>) {
    let (metadata, status) = (pod.part("metadata"), pod.part("status"));
    if let Some(until) = metadata.filled("deletionTimestamp") {
        found.push(format!("it is being deleted: its time is up at {until}"));
        let finalizers: Vec<&str> = metadata.items("finalizers").iter().filter_map(Node::as_text).collect();
        if !finalizers.is_empty() {
            found.push(format!("it stays until its finalizers are taken away: {}", finalizers.join(", ")));
        }
    }
    let phase = status.text("phase").unwrap_or_default();
    if phase == "Failed" || status.filled("reason").is_some() {
        found.push(said(&format!("its phase is {phase}"), status.filled("reason"), status.filled("message")));
    }
    let gates: Vec<&str> = names(spec, "schedulingGates").collect();
    if !gates.is_empty() {
        found.push(format!("it is not scheduled before its scheduling gates are taken away: {}", gates.join(", ")));
    }
    let conditions = status.items("conditions");
    let has_ended = matches!(phase, "Succeeded" | "Failed");
    let is_placed = pod.part("spec").filled("nodeName").is_some();
    if !is_placed && !has_ended && !conditions.iter().any(|condition| condition.text("type") == Some("PodScheduled")) {
        let scheduler = spec.filled("schedulerName").unwrap_or("default-scheduler");
        found.push(format!("it has no node, and its scheduler, {scheduler}, has said nothing of it"));
    }
    let gate_conditions = spec.items("readinessGates").iter().filter_map(|gate| gate.filled("conditionType"));
    let wanted: Vec<&str> = CONDITIONS.into_iter().chain(gate_conditions).collect();
    for condition in conditions {
        let (kind, is) = (condition.text("type").unwrap_or_default(), condition.text("status").unwrap_or_default());
        let reason = condition.filled("reason");
        let is_told =
            reason.is_some_and(|reason| SAID_ELSEWHERE.contains(&reason)) || (kind == "Ready" && reason.is_none());
        let is_bad = wanted.contains(&kind) && is != "True" && !is_told && !has_ended;
        let ends_it = kind == "DisruptionTarget" && is == "True";
        // Gates have been named.
        if (is_bad || ends_it) && reason != Some("SchedulingGated") {
            found.push(said(&format!("its condition {kind} is {is}"), reason, condition.filled("message")));
        }
    }
    let set = |gate: &str| conditions.iter().any(|condition| condition.text("type") == Some(gate));
    let unset = spec.items("readinessGates").iter().filter_map(|gate| gate.filled("conditionType"));
    for gate in unset.filter(|gate| !set(gate) && !has_ended) {
        found.push(format!("nobody has set the condition {gate} of its readiness gate"));
    }
}

fn of_a_container(what: &str, runs: Runs, spec: &Node<'_>, status: &Node<'_>, found: &mut Vec<String>) {
    let state = status.part("state");
    let (running, waiting, ended) = (state.part("running"), state.part("waiting"), state.part("terminated"));
    // One that waits for the init containers before it says nothing of itself.
    let is_next = waiting.filled("reason") == Some("PodInitializing");
    if !waiting.is_missing() && !is_next {
        found.push(said(&format!("{what} waits"), waiting.filled("reason"), waiting.filled("message")));
    }
    if has_failed(&ended) {
        found.push(format!("{what} {}", ending(&ended, spec)));
    }
    match runs {
        _ if running.is_missing() => {}
        Runs::BeforeTheOthers => found.push(format!("{what} still runs, and the containers after it wait for its end")),
        Runs::AndIsProbed if !status.is("ready") => {
            let (is, probe) = match status.flag("started") {
                Some(false) => ("has not started up", "startupProbe"),
                Some(true) | None => ("is not ready", "readinessProbe"),
            };
            let probe = action(&spec.part(probe)).map(|action| format!(": its probe is {action}")).unwrap_or_default();
            found.push(format!("{what} runs and {is}{probe}"));
        }
        Runs::AndIsProbed | Runs::AsItIs => {}
    }
    let before = status.part("lastState");
    let before = before.part("terminated");
    let restarts = status.count("restartCount");
    let times = if restarts == 1 { "once".to_owned() } else { format!("{restarts} times") };
    if !before.is_missing() && (restarts > 0 || has_failed(&before)) {
        found.push(format!("{what} has been started again {times}; before that it {}", ending(&before, spec)));
    } else if restarts > 0 {
        found.push(format!("{what} has been started again {times}"));
    }
}

/// A container that has ended without a reason to worry has ended with 0, and not by a signal.
fn has_failed(ended: &Node<'_>) -> bool {
    !ended.is_missing() && (ended.count("exitCode") != 0 || ended.count("signal") != 0)
}

/// How a container ended, and where it had too little memory, what it may have.
fn ending(ended: &Node<'_>, spec: &Node<'_>) -> String {
    let code = match ended.count("signal") {
        0 => format!("ended with exit code {}", ended.count("exitCode")),
        signal => format!("was ended by signal {signal}"),
    };
    let at = ended.filled("finishedAt").map(|time| format!(" at {time}")).unwrap_or_default();
    let text = said(&format!("{code}{at}"), ended.filled("reason"), ended.filled("message"));
    if ended.text("reason") != Some("OOMKilled") {
        return text;
    }
    let resources = spec.part("resources");
    match resources.pair("limits", "memory") {
        Some(limit) => format!("{text}; its memory limit is {limit}"),
        None => format!("{text}; it has no memory limit of its own"),
    }
}

fn said(what: &str, reason: Option<&str>, message: Option<&str>) -> String {
    let parts = [Some(what), reason, message.map(str::trim_end)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(": ")
}
