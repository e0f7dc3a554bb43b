//! The status of a pod as its kubelet reports it, for each way in which a pod can be doing.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::identity::digits;
use super::read::{has, list, name, namespace, text, uid};
use crate::time::seconds;

/// How a pod on a node is doing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum State {
    /// Its containers are being made.
    Creating,
    Running,
    /// It runs again, after so many ends.
    Restarted {
        restarts: i64,
        end: End,
    },
    /// It runs, and its readiness probe fails.
    Unready,
    /// It ended each time, and waits before the next.
    Crashing {
        restarts: i64,
        end: End,
    },
    /// Its image is not to be had.
    CannotPull {
        why: String,
    },
    /// Its first init container does not end.
    Initializing,
    Succeeded {
        ran: i64,
    },
    Failed {
        end: End,
    },
}

/// How the last run of a container ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) reason: &'static str,
    pub(crate) code: i64,
    /// How many seconds it ran.
    pub(crate) ran: i64,
    /// How many seconds ago it ended.
    pub(crate) ago: i64,
}

/// Where and since when a pod is on a node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stay<'a> {
    pub(crate) host_ip: &'a str,
    pub(crate) pod_ip: &'a str,
    /// When it was bound to the node.
    pub(crate) since: Timestamp,
    pub(crate) now: Timestamp,
}

const CRASHED: &str = "CrashLoopBackOff";

/// The whole status.
pub(crate) fn status(pod: &Value, state: &State, stay: Stay<'_>) -> Value {
    let ready = matches!(state, State::Running | State::Restarted { .. });
    let containers: Vec<_> = list(pod, "/spec/containers").iter().map(|it| container(pod, it, state, stay)).collect();
    let mut status = json!({
        "observedGeneration": 1,
        "phase": phase(state),
        "conditions": conditions(pod, state, stay, ready),
        "hostIP": stay.host_ip,
        "hostIPs": [{ "ip": stay.host_ip }],
        "startTime": seconds(stay.since),
        "containerStatuses": containers,
    });
    let fields = status.as_object_mut().expect("it was written as an object");
    if *state != State::Creating && !stay.pod_ip.is_empty() {
        fields.insert("podIP".to_owned(), stay.pod_ip.into());
        fields.insert("podIPs".to_owned(), json!([{ "ip": stay.pod_ip }]));
    }
    // The API server gave it when the pod was created.
    if let Some(quality) = pod.pointer("/status/qosClass") {
        fields.insert("qosClass".to_owned(), quality.clone());
    }
    let initial: Vec<_> = list(pod, "/spec/initContainers").iter().map(|it| initial(pod, it, state, stay)).collect();
    if !initial.is_empty() {
        fields.insert("initContainerStatuses".to_owned(), initial.into());
    }
    status
}

/// A condition of a pod, as the kubelet writes it.
pub(crate) fn condition(kind: &str, at: Timestamp, cause: Option<(&str, &str)>) -> Value {
    let mut condition = json!({
        "type": kind,
        "observedGeneration": 1,
        "status": if cause.is_none() || matches!(cause, Some(("PodCompleted", _))) { "True" } else { "False" },
        "lastProbeTime": null,
        "lastTransitionTime": seconds(at),
    });
    if let (Some((reason, message)), Some(fields)) = (cause, condition.as_object_mut()) {
        fields.insert("reason".to_owned(), reason.into());
        if !message.is_empty() {
            fields.insert("message".to_owned(), message.into());
        }
    }
    condition
}

fn phase(state: &State) -> &'static str {
    match state {
        State::Creating | State::CannotPull { .. } | State::Initializing => "Pending",
        State::Running | State::Restarted { .. } | State::Unready | State::Crashing { .. } => "Running",
        State::Succeeded { .. } => "Succeeded",
        State::Failed { .. } => "Failed",
    }
}

fn conditions(pod: &Value, state: &State, stay: Stay<'_>, ready: bool) -> Value {
    let names = |pointer: &str| list(pod, pointer).iter().map(|it| text(it, "/name")).collect::<Vec<_>>().join(" ");
    let unready = format!("containers with unready status: [{}]", names("/spec/containers"));
    let incomplete = format!("containers with incomplete status: [{}]", names("/spec/initContainers"));
    let start = stay.since;
    let (readiness, changed) = match state {
        State::Running | State::Creating | State::Unready | State::CannotPull { .. } | State::Initializing => {
            (Some(("ContainersNotReady", unready.as_str())), start)
        }
        State::Restarted { end, .. } | State::Crashing { end, .. } => {
            (Some(("ContainersNotReady", unready.as_str())), before(stay.now, end.ago))
        }
        State::Succeeded { ran } => (Some(("PodCompleted", "")), after(start, *ran)),
        State::Failed { end } => (Some(("PodFailed", "")), before(stay.now, end.ago)),
    };
    let changed = if *state == State::Running { after(start, 2).min(stay.now) } else { changed };
    let ended = matches!(state, State::Succeeded { .. } | State::Failed { .. });
    let readiness = readiness.filter(|_| !ready);
    // A finished pod is not ready any more, but it was initialized: the same reason stands with both.
    let as_false = |kind| {
        let mut condition = condition(kind, changed, readiness);
        if ended && let Some(status) = condition.get_mut("status") {
            *status = "False".into();
        }
        condition
    };
    let initialized = match state {
        State::Initializing => condition("Initialized", start, Some(("ContainersNotInitialized", &incomplete))),
        State::Creating if has(pod, "/spec/initContainers/0") => {
            condition("Initialized", start, Some(("ContainersNotInitialized", &incomplete)))
        }
        State::Succeeded { .. } => condition("Initialized", start, Some(("PodCompleted", ""))),
        _ => condition("Initialized", start, None),
    };
    let mut sandbox = condition("PodReadyToStartContainers", after(start, 1).min(stay.now), None);
    if (ended || *state == State::Creating)
        && let Some(status) = sandbox.get_mut("status")
    {
        *status = "False".into();
    }
    json!([
        sandbox,
        initialized,
        as_false("Ready"),
        as_false("ContainersReady"),
        condition("PodScheduled", start, None)
    ])
}

fn container(pod: &Value, container: &Value, state: &State, stay: Stay<'_>) -> Value {
    let end = |end: &End| terminated(pod, container, end, stay.now);
    let running = |at: Timestamp| json!({ "running": { "startedAt": seconds(at) } });
    let waiting = |reason: &str, message: Option<String>| {
        let mut waiting = json!({ "reason": reason });
        if let (Some(message), Some(fields)) = (message, waiting.as_object_mut()) {
            fields.insert("message".to_owned(), message.into());
        }
        json!({ "waiting": waiting })
    };
    let begun = after(stay.since, 2).min(stay.now);
    let (ready, restarts, now, last) = match state {
        State::Creating if has(pod, "/spec/initContainers/0") => {
            (false, 0, waiting("PodInitializing", None), json!({}))
        }
        State::Creating => (false, 0, waiting("ContainerCreating", None), json!({})),
        State::Initializing => (false, 0, waiting("PodInitializing", None), json!({})),
        State::Running => (true, 0, running(begun), json!({})),
        State::Unready => (false, 0, running(begun), json!({})),
        State::Restarted { restarts, end: last } => (true, *restarts, running(before(stay.now, last.ago)), end(last)),
        State::Crashing { restarts, end: last } => {
            let pod = format!("{}_{}({})", name(pod), namespace(pod), uid(pod));
            let wait = back_off(*restarts);
            let message = format!("back-off {wait} restarting failed container={} pod={pod}", text(container, "/name"));
            (false, *restarts, waiting(CRASHED, Some(message)), end(last))
        }
        State::CannotPull { why } => {
            let image = text(container, "/image");
            let message = format!("Back-off pulling image \"{image}\": ErrImagePull: {why}");
            (false, 0, waiting("ImagePullBackOff", Some(message)), json!({}))
        }
        State::Succeeded { ran } => {
            let ago = (stay.now.duration_since(stay.since).as_secs() - ran).max(0);
            let last = End { reason: "Completed", code: 0, ran: *ran, ago };
            (false, 0, end(&last), json!({}))
        }
        State::Failed { end: last } => (false, 0, end(last), json!({})),
    };
    let started = matches!(state, State::Running | State::Unready | State::Restarted { .. });
    let made = !matches!(state, State::Creating | State::CannotPull { .. } | State::Initializing);
    report(
        pod,
        container,
        json!({ "ready": ready, "started": started, "restartCount": restarts, "state": now, "lastState": last }),
        made,
    )
}

fn initial(pod: &Value, container: &Value, state: &State, stay: Stay<'_>) -> Value {
    let begun = after(stay.since, 1).min(stay.now);
    let (ready, started, made, now) = match state {
        State::Creating => (false, false, false, json!({ "waiting": { "reason": "PodInitializing" } })),
        State::Initializing => (false, true, true, json!({ "running": { "startedAt": seconds(begun) } })),
        _ => {
            let ago = stay.now.duration_since(begun).as_secs();
            let end = End { reason: "Completed", code: 0, ran: 0, ago };
            (true, false, true, terminated(pod, container, &end, stay.now))
        }
    };
    report(
        pod,
        container,
        json!({ "ready": ready, "started": started, "restartCount": 0, "state": now, "lastState": {} }),
        made,
    )
}

/// A container's status: what is known of it beside how it does. One that was made has an id.
fn report(pod: &Value, container: &Value, mut status: Value, made: bool) -> Value {
    let image = text(container, "/image");
    let restarts = status.get("restartCount").and_then(Value::as_i64).unwrap_or(0);
    if let Some(fields) = status.as_object_mut() {
        fields.insert("name".to_owned(), text(container, "/name").into());
        fields.insert("image".to_owned(), image.into());
        let image_id = if made { image_id(image) } else { String::new() };
        fields.insert("imageID".to_owned(), image_id.into());
        if made {
            fields.insert("containerID".to_owned(), container_id(pod, container, restarts).into());
        }
        if let Some(resources) = container.get("resources").filter(|it| it.as_object().is_some_and(|it| !it.is_empty()))
        {
            fields.insert("resources".to_owned(), resources.clone());
            if let Some(requests) = resources.get("requests") {
                fields.insert("allocatedResources".to_owned(), requests.clone());
            }
        }
    }
    status
}

fn terminated(pod: &Value, container: &Value, end: &End, now: Timestamp) -> Value {
    let finished = before(now, end.ago);
    json!({ "terminated": {
        "exitCode": end.code,
        "reason": end.reason,
        "startedAt": seconds(before(finished, end.ran)),
        "finishedAt": seconds(finished),
        "containerID": container_id(pod, container, -1),
    } })
}

fn container_id(pod: &Value, container: &Value, run: i64) -> String {
    format!("containerd://{}", digits(&format!("{}/{}/{run}", uid(pod), text(container, "/name")), 64))
}

fn image_id(image: &str) -> String {
    // A colon after the last slash begins the tag; one before it, a port.
    let end = image.rfind(':').filter(|colon| image.rfind('/').is_none_or(|slash| slash < *colon));
    let repository = end.map_or(image, |end| image.split_at(end).0);
    format!("{repository}@sha256:{}", digits(image, 64))
}

/// How long the kubelet waits before the next start: it doubles from ten seconds to five minutes.
fn back_off(restarts: i64) -> &'static str {
    match restarts {
        ..=1 => "10s",
        2 => "20s",
        3 => "40s",
        4 => "1m20s",
        5 => "2m40s",
        _ => "5m0s",
    }
}

/// So many seconds before.
pub(crate) fn before(at: Timestamp, seconds: i64) -> Timestamp {
    at - SignedDuration::from_secs(seconds)
}

/// So many seconds after.
pub(crate) fn after(at: Timestamp, seconds: i64) -> Timestamp {
    at + SignedDuration::from_secs(seconds)
}
