//! A pod's status, readiness and restarts, as `kubectl get pods` prints them.
//!
//! What the columns mean is the API server's own: it fills the Table that kubectl prints. The order of the rules matters: the phase, then a reason
//! on the status, then init containers, then containers from the last to the first, then deletion.

use crate::node::Node;

/// The three columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodColumns {
    /// One word or two, such as `Running`, `CrashLoopBackOff` or `Init:1/2`.
    pub status: String,
    /// Ready containers and all of them, as in `1/2`. Sidecars count.
    pub ready: String,
    /// Restarts of all containers together.
    pub restarts: i64,
}

/// How far init containers have come.
struct Initialization {
    /// What holds it up, where something does.
    reason: Option<String>,
    ready: usize,
    restarts: i64,
    sidecar_restarts: i64,
}

/// The columns of a pod that was read as [`Pod`](crate::kinds::pod::Pod).
#[must_use]
pub fn columns(pod: &Node<'_>) -> PodColumns {
    let (spec, status) = (pod.part("spec"), pod.part("status"));
    let phase = status.text("phase").unwrap_or_default();
    let status_reason = status.filled("reason");
    let mut reason = status_reason.unwrap_or(phase).to_owned();
    let gated = |condition: &Node<'_>| {
        condition.text("type") == Some("PodScheduled") && condition.text("reason") == Some("SchedulingGated")
    };
    if status.items("conditions").iter().any(gated) {
        "SchedulingGated".clone_into(&mut reason);
    }
    let sidecars = spec.items("initContainers").iter().filter(|container| is_sidecar(container)).count();
    let total = spec.items("containers").len() + sidecars;

    let initialization = initialization(&spec, &status);
    let mut ready = initialization.ready;
    let mut restarts = initialization.restarts;
    let initializing = initialization.reason.is_some();
    if let Some(holding) = initialization.reason {
        reason = holding;
    }
    if !initializing || has_condition(&status, "Initialized") {
        restarts = initialization.sidecar_restarts;
        let mut running = 0;
        // From the last to the first, so that the first container's trouble is the one that shows.
        for container in status.items("containerStatuses").iter().rev() {
            restarts += container.count("restartCount");
            match trouble(container) {
                Some(trouble) => reason = trouble,
                None if container.is("ready") && !container.part("state").part("running").is_missing() => running += 1,
                None => {}
            }
        }
        ready += running;
        if reason == "Completed" && running > 0 {
            reason = if has_condition(&status, "Ready") { "Running" } else { "NotReady" }.to_owned();
        }
    }
    if pod.part("metadata").filled("deletionTimestamp").is_some() {
        if status_reason == Some("NodeLost") {
            "Unknown".clone_into(&mut reason);
        } else if !matches!(phase, "Succeeded" | "Failed") {
            "Terminating".clone_into(&mut reason);
        }
    }
    PodColumns { status: reason, ready: format!("{ready}/{total}"), restarts }
}

/// Whether a pod runs and its containers are ready.
#[must_use]
pub fn is_ready(pod: &Node<'_>) -> bool {
    has_condition(&pod.part("status"), "Ready")
}

/// Whether a pod ought to run and does not, is not ready, or had a container that failed and was started again.
#[must_use]
pub fn is_unwell(pod: &Node<'_>, columns: &PodColumns) -> bool {
    let status = pod.part("status");
    if status.text("phase") == Some("Succeeded") {
        return false;
    }
    let failed = |container: &Node<'_>| container.part("lastState").part("terminated").count("exitCode") != 0;
    let all = ["containerStatuses", "initContainerStatuses"];
    columns.status != "Running" || !is_ready(pod) || all.iter().any(|list| status.items(list).iter().any(failed))
}

/// Whether an init container runs beside the others instead of before them.
fn is_sidecar(container: &Node<'_>) -> bool {
    container.text("restartPolicy") == Some("Always")
}

/// Init containers in their order, up to the first that is not through.
fn initialization(spec: &Node<'_>, status: &Node<'_>) -> Initialization {
    let mut found = Initialization { reason: None, ready: 0, restarts: 0, sidecar_restarts: 0 };
    let containers = spec.items("initContainers");
    for (index, container) in status.items("initContainerStatuses").iter().enumerate() {
        let is_sidecar = containers.iter().any(|spec| spec.text("name") == container.text("name") && is_sidecar(spec));
        let restarts = container.count("restartCount");
        found.restarts += restarts;
        if is_sidecar {
            found.sidecar_restarts += restarts;
        }
        let state = container.part("state");
        let ended = state.part("terminated");
        if !ended.is_missing() && ended.count("exitCode") == 0 {
            continue;
        }
        if is_sidecar && container.is("started") {
            found.ready += usize::from(container.is("ready"));
            continue;
        }
        let waiting = state.part("waiting");
        found.reason = Some(if !ended.is_missing() {
            format!("Init:{}", ending(&ended))
        } else if let Some(reason) = waiting.filled("reason").filter(|reason| *reason != "PodInitializing") {
            format!("Init:{reason}")
        } else {
            format!("Init:{index}/{}", containers.len())
        });
        break;
    }
    found
}

/// Why a container waits, or how it ended; none while it runs.
fn trouble(container: &Node<'_>) -> Option<String> {
    let state = container.part("state");
    if let Some(reason) = state.part("waiting").filled("reason") {
        return Some(reason.to_owned());
    }
    let ended = state.part("terminated");
    (!ended.is_missing()).then(|| ending(&ended))
}

fn ending(ended: &Node<'_>) -> String {
    match (ended.filled("reason"), ended.count("signal")) {
        (Some(reason), _) => reason.to_owned(),
        (None, 0) => format!("ExitCode:{}", ended.count("exitCode")),
        (None, signal) => format!("Signal:{signal}"),
    }
}

fn has_condition(status: &Node<'_>, kind: &str) -> bool {
    let holds = |condition: &Node<'_>| condition.text("type") == Some(kind) && condition.text("status") == Some("True");
    status.items("conditions").iter().any(holds)
}
