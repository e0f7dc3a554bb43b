//! The kubelets: they start what is put on their nodes, end what is asked to go, and say that they are there.

use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;

use super::deletion;
use super::events::{About, Source, record};
use super::fate;
use super::nodes::{is_played, is_ready};
use super::pod_status::{State, Stay, before, status};
use super::pods::has_ended;
use super::put_status;
use super::read::{condition, has, holds, is_leaving, list, name, namespace, number, text};
use crate::resource::{LEASES, NODES, PODS};
use crate::store::{Store, child_mut};
use crate::time::{micros, parse, seconds};
use crate::world::first_status;

/// How long a container takes to end when it is asked to.
const ENDING_SECONDS: i64 = 1;
/// How often a kubelet renews its lease, and posts a status that has not changed.
const LEASE_SECONDS: i64 = 10;
const HEARTBEAT_SECONDS: i64 = 300;

/// What has become of the pods since the last look.
pub(crate) fn tick(store: &mut Store) {
    for node in store.list(&NODES, None).filter(|node| condition(node, "Ready").is_empty()).cloned().collect::<Vec<_>>()
    {
        wake(store, &node);
    }
    let nodes: Vec<_> = store.list(&NODES, None).cloned().collect();
    for node in nodes.iter().filter(|node| is_ready(node)) {
        if is_played(node) {
            report(store, node);
        }
        let here = |pod: &&Value| text(pod, "/spec/nodeName") == name(node);
        let pods: Vec<_> = store.list(&PODS, None).filter(here).cloned().collect();
        for pod in &pods {
            if is_leaving(pod) {
                end(store, pod, node);
            } else if is_played(node) {
                start(store, pod, node);
            }
        }
    }
    homeless(store, &nodes);
}

/// A node that nobody has heard of yet reports for the first time.
fn wake(store: &mut Store, node: &Value) {
    let Value::Object(first) = first_status(&seconds(store.now())) else { return };
    let _ = store.update(&NODES, None, name(node), |node| child_mut(node, "status").extend(first));
}

/// A pod whose node is gone goes too.
fn homeless(store: &mut Store, nodes: &[Value]) {
    let lost = |pod: &&Value| {
        let on = text(pod, "/spec/nodeName");
        !on.is_empty() && is_leaving(pod) && !nodes.iter().any(|node| name(node) == on)
    };
    let pods: Vec<_> = store.list(&PODS, None).filter(lost).cloned().collect();
    pods.iter().for_each(|pod| deletion::carry_out(store, pod));
}

fn end(store: &mut Store, pod: &Value, node: &Value) {
    let grace = number(pod, "/metadata/deletionGracePeriodSeconds");
    let due =
        parse(text(pod, "/metadata/deletionTimestamp")).map(|until| before(until, grace - ENDING_SECONDS.min(grace)));
    if due.is_some_and(|due| store.now() < due) {
        return;
    }
    let runs = |container: &&Value| is_played(node) && has(container, "/state/running");
    let running = list(pod, "/status/containerStatuses").iter().filter(runs);
    for container in running.map(|it| text(it, "/name").to_owned()).collect::<Vec<_>>() {
        let field = format!("spec.containers{{{container}}}");
        let message = format!("Stopping container {container}");
        record(store, About { object: pod, field: &field }, Source::Kubelet(name(node)), "Normal", "Killing", &message);
    }
    deletion::carry_out(store, pod);
}

fn start(store: &mut Store, pod: &Value, node: &Value) {
    if has_ended(pod) {
        return;
    }
    let running = text(pod, "/status/phase") == "Running";
    if running && is_of_job(pod) && fate::of(pod, name(node)) == State::Running {
        return complete(store, pod, node);
    }
    if running || !(is_new(pod) || is_creating(pod)) {
        return;
    }
    let state = if is_new(pod) { State::Creating } else { fate::of(pod, name(node)) };
    let pod_ip = address(store, pod, node);
    let status = status(pod, &state, stay(pod, node, &pod_ip, store.now()));
    put_status(store, &PODS, pod, status);
    if state != State::Creating {
        tell(store, pod, &state, name(node));
    }
}

fn complete(store: &mut Store, pod: &Value, node: &Value) {
    let started = parse(text(pod, "/status/containerStatuses/0/state/running/startedAt")).unwrap_or(store.now());
    let ran = store.now().duration_since(started).as_secs();
    if ran < 1 {
        return;
    }
    let stay = stay(pod, node, text(pod, "/status/podIP"), store.now());
    let status = status(pod, &State::Succeeded { ran: store.now().duration_since(stay.since).as_secs() }, stay);
    put_status(store, &PODS, pod, status);
}

fn stay<'a>(pod: &Value, node: &'a Value, pod_ip: &'a str, now: Timestamp) -> Stay<'a> {
    let scheduled = list(pod, "/status/conditions").iter().find(|it| text(it, "/type") == "PodScheduled");
    let since = scheduled.and_then(|it| parse(text(it, "/lastTransitionTime")));
    Stay { host_ip: host_ip(node), pod_ip, since: since.unwrap_or(now), now }
}

fn is_new(pod: &Value) -> bool {
    text(pod, "/status/startTime").is_empty() && list(pod, "/status/containerStatuses").is_empty()
}

/// Whether its containers are still being made. One that waits for anything else has got where it gets.
fn is_creating(pod: &Value) -> bool {
    match text(pod, "/status/containerStatuses/0/state/waiting/reason") {
        "ContainerCreating" => true,
        "PodInitializing" => has(pod, "/status/initContainerStatuses/0/state/waiting"),
        _ => false,
    }
}

fn is_of_job(pod: &Value) -> bool {
    list(pod, "/metadata/ownerReferences").iter().any(|owner| text(owner, "/kind") == "Job")
}

fn host_ip(node: &Value) -> &str {
    let internal = list(node, "/status/addresses").iter().find(|it| text(it, "/type") == "InternalIP");
    internal.map_or("", |it| text(it, "/address"))
}

/// The address that a pod has, or the first free one of its node's range.
fn address(store: &Store, pod: &Value, node: &Value) -> String {
    if holds(pod, "/spec/hostNetwork") {
        return host_ip(node).to_owned();
    }
    let range = text(node, "/spec/podCIDR").rsplit_once('.').map_or("10.1.0", |(range, _)| range);
    let taken: BTreeSet<_> = store.list(&PODS, None).map(|pod| text(pod, "/status/podIP")).collect();
    // A range of its own has 254; a node without one shares 10.1.0.0/16 with the others.
    let mut candidates = (2..65_000).map(|index: u32| {
        if index < 254 { format!("{range}.{index}") } else { format!("10.1.{}.{}", index / 254, 1 + index % 254) }
    });
    candidates.find(|address| !taken.contains(address.as_str())).unwrap_or_default()
}

/// What a kubelet says when it has started a pod, or failed to.
fn tell(store: &mut Store, pod: &Value, state: &State, node: &str) {
    let kubelet = Source::Kubelet(node);
    for container in list(pod, "/spec/containers") {
        let (image, container) = (text(container, "/image"), text(container, "/name"));
        let field = format!("spec.containers{{{container}}}");
        let about = About { object: pod, field: &field };
        if let State::CannotPull { why } = state {
            record(store, about, kubelet, "Normal", "Pulling", &format!("Pulling image \"{image}\""));
            record(store, about, kubelet, "Warning", "Failed", &format!("Failed to pull image \"{image}\": {why}"));
            record(store, about, kubelet, "Warning", "Failed", "Error: ErrImagePull");
            record(store, about, kubelet, "Normal", "BackOff", &format!("Back-off pulling image \"{image}\""));
            record(store, about, kubelet, "Warning", "Failed", "Error: ImagePullBackOff");
            continue;
        }
        if *state == State::Initializing {
            continue;
        }
        let pulled = format!("Container image \"{image}\" already present on machine and can be accessed by the pod");
        record(store, about, kubelet, "Normal", "Pulled", &pulled);
        record(store, about, kubelet, "Normal", "Created", "Container created");
        record(store, about, kubelet, "Normal", "Started", "Container started");
        if matches!(state, State::Crashing { .. }) {
            let of = format!("{}_{}({})", name(pod), namespace(pod), text(pod, "/metadata/uid"));
            let message = format!("Back-off restarting failed container {container} in pod {of}");
            record(store, about, kubelet, "Warning", "BackOff", &message);
        }
    }
}

/// The sign of life of a kubelet: its lease, and now and then its status.
fn report(store: &mut Store, node: &Value) {
    let now = store.now();
    let old = |at: Option<Timestamp>, limit: i64| at.is_some_and(|at| now.duration_since(at).as_secs() >= limit);
    let lease = store.get(&LEASES, Some("kube-node-lease"), name(node));
    if old(lease.and_then(|lease| parse(text(lease, "/spec/renewTime"))), LEASE_SECONDS) {
        let _ = store.update(&LEASES, Some("kube-node-lease"), name(node), |lease| {
            child_mut(lease, "spec").insert("renewTime".to_owned(), json!(micros(now)));
        });
    }
    let ready = list(node, "/status/conditions").iter().find(|it| text(it, "/type") == "Ready");
    if old(ready.and_then(|it| parse(text(it, "/lastHeartbeatTime"))), HEARTBEAT_SECONDS) {
        let _ = store.update(&NODES, None, name(node), |node| {
            let conditions = node.pointer_mut("/status/conditions").and_then(Value::as_array_mut);
            for condition in conditions.into_iter().flatten().filter_map(Value::as_object_mut) {
                condition.insert("lastHeartbeatTime".to_owned(), json!(seconds(now)));
            }
        });
    }
}
