//! The scheduler: a node for every pod that asks for it, or the reason why there is none.

use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::events::{Source, record};
use super::pod_status::condition;
use super::pods::has_ended;
use super::quantity::{bytes, millicores};
use super::read::{has, holds, is_leaving, list, name, namespace, text};
use crate::resource::{CLAIMS, NODES, PODS};
use crate::store::{Store, child_mut, metadata_mut};

const NAME: &str = "default-scheduler";

/// Cores in thousandths, and bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Amount {
    cpu: i64,
    memory: i64,
}

/// What is left of a node.
struct Room {
    node: Value,
    allocatable: Amount,
    requested: Amount,
    pods: i64,
}

/// Why a node does not take a pod, and whether taking other pods off could help.
type Unfit = (Vec<&'static str>, bool);

/// Looks for a node for each pod that has none.
pub(crate) fn settle(store: &mut Store) {
    let waits = |pod: &&Value| {
        text(pod, "/spec/nodeName").is_empty()
            && text(pod, "/spec/schedulerName") == NAME
            && !is_leaving(pod)
            && !has_ended(pod)
            && list(pod, "/spec/schedulingGates").is_empty()
    };
    let waiting: Vec<_> = store.list(&PODS, None).filter(waits).cloned().collect();
    if waiting.is_empty() {
        return;
    }
    let mut rooms = rooms(store);
    for pod in &waiting {
        match place(store, pod, &rooms) {
            Ok(at) => {
                if let Some(room) = rooms.get_mut(at) {
                    bind(store, pod, &room.node);
                    room.take(pod);
                }
            }
            Err(why) => refuse(store, pod, &why),
        }
    }
}

fn rooms(store: &Store) -> Vec<Room> {
    let room = |node: &Value| {
        let part = |resource: &str| text(node, &format!("/status/allocatable/{resource}"));
        let allocatable = Amount { cpu: millicores(part("cpu")), memory: bytes(part("memory")) };
        Room { node: node.clone(), allocatable, requested: Amount::default(), pods: 0 }
    };
    let mut rooms: Vec<_> = store.list(&NODES, None).map(room).collect();
    for pod in store.list(&PODS, None).filter(|pod| !has_ended(pod)) {
        let on = text(pod, "/spec/nodeName");
        if let Some(room) = rooms.iter_mut().find(|room| name(&room.node) == on) {
            room.take(pod);
        }
    }
    rooms
}

impl Room {
    fn take(&mut self, pod: &Value) {
        let wanted = requests(pod);
        self.requested.cpu += wanted.cpu;
        self.requested.memory += wanted.memory;
        self.pods += 1;
    }

    /// In the order of the scheduler's own filters: the first that objects is the one that speaks.
    fn unfit(&self, pod: &Value) -> Option<Unfit> {
        let taints = list(&self.node, "/spec/taints");
        let cordoned = holds(&self.node, "/spec/unschedulable")
            && !tolerates(pod, "node.kubernetes.io/unschedulable", "", "NoSchedule");
        if cordoned {
            return Some((vec!["node(s) were unschedulable"], false));
        }
        if !tolerates_taints(pod, taints) {
            return Some((vec!["node(s) had untolerated taint(s)"], false));
        }
        if !fits_selection(pod, &self.node) {
            return Some((vec!["node(s) didn't match Pod's node affinity/selector"], false));
        }
        let wanted = requests(pod);
        let mut reasons = Vec::new();
        let allowed = text(&self.node, "/status/allocatable/pods").parse().unwrap_or(0);
        if self.pods + 1 > allowed {
            reasons.push("Too many pods");
        }
        if wanted.cpu > 0 && wanted.cpu > self.allocatable.cpu - self.requested.cpu {
            reasons.push("Insufficient cpu");
        }
        if wanted.memory > 0 && wanted.memory > self.allocatable.memory - self.requested.memory {
            reasons.push("Insufficient memory");
        }
        let ever = wanted.cpu <= self.allocatable.cpu && wanted.memory <= self.allocatable.memory;
        (!reasons.is_empty()).then_some((reasons, ever))
    }

    /// How much of the scarcer resource is taken, in thousandths.
    fn load(&self) -> i64 {
        let share = |used: i64, of: i64| if of > 0 { used.saturating_mul(1000) / of } else { 1000 };
        share(self.requested.cpu, self.allocatable.cpu).max(share(self.requested.memory, self.allocatable.memory))
    }
}

fn place(store: &Store, pod: &Value, rooms: &[Room]) -> Result<usize, String> {
    if rooms.is_empty() {
        return Err("no nodes available to schedule pods".to_owned());
    }
    let total = rooms.len();
    if let Some(why) = unbound(store, pod) {
        // The last words are those of the step that looks for pods to give way: it finds none.
        return Err(format!("0/{total} nodes are available: {why}. not found"));
    }
    let mut reasons = BTreeMap::<&str, usize>::new();
    let (mut helpless, mut fitting) = (0, Vec::new());
    for (index, room) in rooms.iter().enumerate() {
        match room.unfit(pod) {
            None => fitting.push(index),
            Some((why, could_help)) => {
                why.into_iter().for_each(|reason| *reasons.entry(reason).or_default() += 1);
                helpless += usize::from(!could_help);
            }
        }
    }
    let siblings = |room: &Room| {
        let owner = pod.pointer("/metadata/ownerReferences");
        let on = store.list(&PODS, Some(namespace(pod))).filter(|it| text(it, "/spec/nodeName") == name(&room.node));
        on.filter(|it| owner.is_some() && it.pointer("/metadata/ownerReferences") == owner).count()
    };
    let best = fitting.into_iter().filter_map(|index| Some((index, rooms.get(index)?)));
    best.min_by_key(|(_, room)| (siblings(room), room.load(), room.pods)).map(|(index, _)| index).ok_or_else(|| {
        let others = total - helpless;
        let no_help = ["Preemption is not helpful for scheduling", "No preemption victims found for incoming pod"];
        let preemption = histogram(no_help.into_iter().zip([helpless, others]));
        format!(
            "0/{total} nodes are available: {}. no new claims to deallocate, preemption: 0/{total} nodes are available: \
             {preemption}.",
            histogram(reasons)
        )
    })
}

/// Reasons with how many nodes gave each, sorted as texts.
fn histogram<'a>(reasons: impl IntoIterator<Item = (&'a str, usize)>) -> String {
    let mut texts: Vec<_> = reasons
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(reason, count)| format!("{count} {reason}"))
        .collect();
    texts.sort();
    texts.join(", ")
}

/// What is wrong with the claims of a pod.
fn unbound(store: &Store, pod: &Value) -> Option<String> {
    let claims = list(pod, "/spec/volumes").iter().map(|volume| text(volume, "/persistentVolumeClaim/claimName"));
    claims.filter(|claim| !claim.is_empty()).find_map(|claim| match store.get(&CLAIMS, Some(namespace(pod)), claim) {
        None => Some(format!("persistentvolumeclaim \"{claim}\" not found")),
        Some(found) if text(found, "/status/phase") == "Bound" => None,
        Some(_) => Some("pod has unbound immediate PersistentVolumeClaims".to_owned()),
    })
}

fn bind(store: &mut Store, pod: &Value, node: &Value) {
    let now = store.now();
    let bound = store.update(&PODS, Some(namespace(pod)), name(pod), |pod| {
        child_mut(pod, "spec").insert("nodeName".to_owned(), name(node).into());
        locate(pod, node);
        let status = child_mut(pod, "status");
        status.insert("conditions".to_owned(), json!([condition("PodScheduled", now, None)]));
    });
    if bound.is_ok() {
        let message = format!("Successfully assigned {}/{} to {}", namespace(pod), name(pod), name(node));
        record(store, pod, Source::Scheduler { action: "Binding" }, "Normal", "Scheduled", &message);
    }
}

/// A pod gets the labels of its node that say where it stands, unless it has its own.
pub(crate) fn locate(pod: &mut Value, node: &Value) {
    for key in ["topology.kubernetes.io/region", "topology.kubernetes.io/zone"] {
        let value = node.pointer("/metadata/labels").and_then(|labels| labels.get(key));
        let labels = metadata_mut(pod).entry("labels").or_insert_with(|| json!({}));
        if let (Some(value), Some(labels)) = (value, labels.as_object_mut()) {
            labels.entry(key).or_insert_with(|| value.clone());
        }
    }
}

fn refuse(store: &mut Store, pod: &Value, why: &str) {
    let known = list(pod, "/status/conditions").iter().find(|it| text(it, "/type") == "PodScheduled");
    if known.is_some_and(|known| text(known, "/message") == why) {
        return;
    }
    let since = known.and_then(|known| crate::time::parse(text(known, "/lastTransitionTime"))).unwrap_or(store.now());
    let _ = store.update(&PODS, Some(namespace(pod)), name(pod), |pod| {
        let status = child_mut(pod, "status");
        status.insert("conditions".to_owned(), json!([condition("PodScheduled", since, Some(("Unschedulable", why)))]));
    });
    record(store, pod, Source::Scheduler { action: "Scheduling" }, "Warning", "FailedScheduling", why);
}

/// What a pod asks for: its containers together, or the largest of those that come before them.
fn requests(pod: &Value) -> Amount {
    let of = |container: &Value| Amount {
        cpu: millicores(text(container, "/resources/requests/cpu")),
        memory: bytes(text(container, "/resources/requests/memory")),
    };
    let mut sum = Amount::default();
    for container in list(pod, "/spec/containers") {
        sum.cpu += of(container).cpu;
        sum.memory += of(container).memory;
    }
    for container in list(pod, "/spec/initContainers") {
        sum.cpu = sum.cpu.max(of(container).cpu);
        sum.memory = sum.memory.max(of(container).memory);
    }
    sum
}

/// Whether a pod may be put on a node with these taints.
pub(crate) fn tolerates_taints(pod: &Value, taints: &[Value]) -> bool {
    let keeps_away = |taint: &&Value| matches!(text(taint, "/effect"), "NoSchedule" | "NoExecute");
    taints
        .iter()
        .filter(keeps_away)
        .all(|taint| tolerates(pod, text(taint, "/key"), text(taint, "/value"), text(taint, "/effect")))
}

fn tolerates(pod: &Value, key: &str, value: &str, effect: &str) -> bool {
    list(pod, "/spec/tolerations").iter().any(|toleration| {
        let says = |pointer: &str| text(toleration, pointer);
        let any = says("/operator") == "Exists";
        (says("/effect").is_empty() || says("/effect") == effect)
            && ((any && says("/key").is_empty()) || says("/key") == key)
            && (any || says("/value") == value)
    })
}

/// Whether a node is among those that a pod names: by labels, by affinity or outright.
pub(crate) fn fits_selection(pod: &Value, node: &Value) -> bool {
    let label = |key: &str| node.pointer("/metadata/labels").and_then(|labels| labels.get(key));
    let selector = pod.pointer("/spec/nodeSelector").and_then(Value::as_object);
    let selected = selector.into_iter().flatten().all(|(key, value)| label(key) == Some(value));
    let required = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution";
    if !has(pod, required) {
        return selected;
    }
    let names = json!(name(node));
    let fits = |term: &Value, of: &dyn Fn(&str) -> Option<Value>| {
        let (found, values) = (of(text(term, "/key")), list(term, "/values"));
        let compare = |than: fn(i64, i64) -> bool| {
            let parse = |value: Option<&Value>| value.and_then(Value::as_str).and_then(|it| it.parse().ok());
            parse(found.as_ref()).zip(parse(values.first())).is_some_and(|(found, bound)| than(found, bound))
        };
        match text(term, "/operator") {
            "In" => found.is_some_and(|found| values.contains(&found)),
            "NotIn" => found.is_none_or(|found| !values.contains(&found)),
            "Exists" => found.is_some(),
            "DoesNotExist" => found.is_none(),
            "Gt" => compare(|found, bound| found > bound),
            "Lt" => compare(|found, bound| found < bound),
            _ => false,
        }
    };
    let terms = list(pod, &format!("{required}/nodeSelectorTerms"));
    let matches = terms.iter().any(|term| {
        list(term, "/matchExpressions").iter().all(|it| fits(it, &|key| label(key).cloned()))
            && list(term, "/matchFields").iter().all(|it| fits(it, &|_| Some(names.clone())))
    });
    selected && matches
}
