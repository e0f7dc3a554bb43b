//! What is read of objects and lists: owners, labels, budgets, and what makes a pod again.

use super::selector::selects;
use super::{Step, is_name};
use crate::family::kubernetes::{ResourceAttributes, dry_run};
use crate::preview::{DisruptionBudget, Object, Owner, Recreation};
use crate::question::bounded;
use crate::request::CanonicalRequest;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The text at a place.
pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str)
}

/// The number at a place.
pub(super) fn number(value: &Value, pointer: &str) -> Option<u64> {
    value.pointer(pointer).and_then(Value::as_u64)
}

/// The kind of an object.
pub(super) fn kind_of(object: &Value) -> Option<&str> {
    text(object, "/kind")
}

/// The labels at a place.
pub(super) fn labels(object: &Value, pointer: &str) -> BTreeMap<String, String> {
    let members = object.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
    members.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// One of a list, as far as it matters.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) object: Object,
    uid: String,
    /// The uids of its owners.
    owners: Vec<String>,
    pub(super) labels: BTreeMap<String, String>,
    /// Whether the object in question is an owner of it, and not only an owner of an owner.
    pub(super) is_direct: bool,
}

/// Pods that would go or be replaced: their labels, and how many have them.
#[derive(Debug, Clone)]
pub(super) struct Doomed {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) count: u64,
}

impl Item {
    /// It, as a pod that goes.
    pub(super) fn doomed(&self) -> Doomed {
        Doomed { labels: self.labels.clone(), count: 1 }
    }
}

/// The items of a list, which are all of one kind.
pub(super) fn items(list: &Value, kind: &str, namespace: &str) -> Vec<Item> {
    let all = list.get("items").and_then(Value::as_array).into_iter().flatten();
    let read = |item: &Value| {
        let name = bounded(text(item, "/metadata/name")?);
        let place = text(item, "/metadata/namespace").or(Some(namespace)).filter(|place| !place.is_empty());
        Some(Item {
            object: Object { kind: kind.to_owned(), namespace: place.map(bounded), name },
            uid: text(item, "/metadata/uid").unwrap_or_default().to_owned(),
            owners: owners(item).filter_map(|owner| text(owner, "/uid")).map(str::to_owned).collect(),
            labels: labels(item, "/metadata/labels"),
            is_direct: false,
        })
    };
    all.filter_map(read).collect()
}

fn owners(object: &Value) -> impl Iterator<Item = &Value> {
    object.pointer("/metadata/ownerReferences").and_then(Value::as_array).into_iter().flatten()
}

/// The owner that makes another in an object's place.
pub(super) fn controller(object: &Value) -> Option<&Value> {
    owners(object).find(|owner| owner.get("controller") == Some(&Value::Bool(true)))
}

/// Where a controller is kept, where it is of Kubernetes' own kinds.
pub(super) fn path_of_controller(owner: &Value, namespace: &str) -> Option<String> {
    let name = text(owner, "/name").filter(|name| is_name(name))?;
    let (base, resource) = match (text(owner, "/apiVersion")?, text(owner, "/kind")?) {
        ("apps/v1", "ReplicaSet") => ("/apis/apps/v1", "replicasets"),
        ("apps/v1", "Deployment") => ("/apis/apps/v1", "deployments"),
        ("apps/v1", "StatefulSet") => ("/apis/apps/v1", "statefulsets"),
        ("apps/v1", "DaemonSet") => ("/apis/apps/v1", "daemonsets"),
        ("batch/v1", "Job") => ("/apis/batch/v1", "jobs"),
        ("v1", "ReplicationController") => ("/api/v1", "replicationcontrollers"),
        _ => return None,
    };
    Some(format!("{base}/namespaces/{namespace}/{resource}/{name}"))
}

/// Which lists may hold what hangs on an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dependents {
    /// None: nothing hangs on it that is looked for.
    None,
    /// It is a pod, and budgets may cover it.
    Itself,
    Pods,
    PodsOfReplicaSets,
    PodsOfJobs,
    /// Nobody knows what a stranger's kind owns.
    Any,
}

impl Dependents {
    pub(super) fn of(group: &str, resource: &str) -> Self {
        match (group, resource) {
            ("", "pods") => Self::Itself,
            ("apps", "deployments") => Self::PodsOfReplicaSets,
            ("apps", "replicasets" | "statefulsets" | "daemonsets")
            | ("batch", "jobs")
            | ("", "replicationcontrollers") => Self::Pods,
            ("batch", "cronjobs") => Self::PodsOfJobs,
            (group, _) if dry_run::HONOURING_GROUPS.contains(&group) => Self::None,
            _ => Self::Any,
        }
    }

    pub(super) fn steps(self) -> impl Iterator<Item = Step> {
        let steps: &'static [Step] = match self {
            Self::None | Self::Itself => &[],
            Self::Pods => &[Step::Pods],
            Self::PodsOfReplicaSets => &[Step::ReplicaSets, Step::Pods],
            Self::PodsOfJobs => &[Step::Jobs, Step::Pods],
            Self::Any => &[Step::ReplicaSets, Step::Jobs, Step::Pods],
        };
        steps.iter().copied()
    }
}

/// What an object owns, and what that owns.
#[derive(Debug, Default)]
pub(super) struct Owned {
    pub(super) all: Vec<Item>,
}

/// Those of some objects that go when the one with this uid does: each of their owners goes.
pub(super) fn owned(uid: &str, mut rest: Vec<Item>) -> Owned {
    let mut going = BTreeSet::from([uid.to_owned()]);
    let mut all = Vec::new();
    loop {
        let goes = |item: &Item| !item.owners.is_empty() && item.owners.iter().all(|owner| going.contains(owner));
        let (more, others): (Vec<Item>, Vec<Item>) = rest.into_iter().partition(goes);
        if more.is_empty() {
            return Owned { all };
        }
        going.extend(more.iter().map(|item| item.uid.clone()));
        all.extend(
            more.into_iter().map(|item| Item { is_direct: item.owners.iter().any(|owner| owner == uid), ..item }),
        );
        rest = others;
    }
}

/// Whether a deletion leaves what the object owns: because it says so, or because that is the rule for its kind
/// (<https://kubernetes.io/docs/concepts/architecture/garbage-collection/#orphaned-dependents>; Jobs and ReplicationControllers are of the old rule).
pub(super) fn is_orphaning(request: &CanonicalRequest, of: &ResourceAttributes) -> bool {
    let body = request.body().map(crate::request::CanonicalBody::value);
    let given = |key: &str| match body {
        Some(options) => options.get(key).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
        None => request.query_value(key).map(str::to_owned),
    };
    match (given("propagationPolicy").as_deref(), given("orphanDependents").as_deref()) {
        (Some(policy), _) => policy == "Orphan",
        (None, Some(orphans)) => orphans == "true",
        (None, None) => {
            matches!((of.group.as_str(), of.resource.as_str()), ("batch", "jobs") | ("", "replicationcontrollers"))
        }
    }
}

/// What makes an object again that is taken away. `owner` is its controller, where that was answered. None where it cannot be said.
pub(super) fn recreation(object: &Value, owner: Option<&Value>) -> Option<Recreation> {
    let nothing = |because| Some(Recreation::Nothing { because });
    // <https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/>
    if object.pointer("/metadata/annotations/kubernetes.io~1config.mirror").is_some() {
        return Some(Recreation::Kubelet { node: text(object, "/spec/nodeName").map(bounded) });
    }
    let Some(reference) = controller(object) else { return nothing("no controller owns it") };
    let (kind, name) = (text(reference, "/kind")?, text(reference, "/name")?);
    let has_ended =
        kind_of(object) == Some("Pod") && matches!(text(object, "/status/phase"), Some("Succeeded" | "Failed"));
    if has_ended && matches!(kind, "ReplicaSet" | "ReplicationController" | "Job") {
        return nothing("it has ended, and its controller does not count it any more");
    }
    if kind == "CronJob" {
        return nothing("its CronJob makes another only when its time comes");
    }
    let mut owners = vec![Owner { kind: bounded(kind), name: bounded(name) }];
    if let Some(owner) = owner {
        if text(owner, "/metadata/uid") != text(reference, "/uid") {
            return nothing("its controller is gone: what has its name is another");
        }
        if owner.pointer("/metadata/deletionTimestamp").is_some() {
            return nothing("its controller is being deleted");
        }
        let wants_none = match kind {
            "DaemonSet" | "Job" => false,
            // Where it is not given it is one.
            _ => number(owner, "/spec/replicas") == Some(0),
        };
        if wants_none {
            return nothing("its controller wants no pods");
        }
        if kind == "Job" && is_over(owner) {
            return nothing("its Job is over");
        }
        let above = controller(owner).and_then(|above| Some((text(above, "/kind")?, text(above, "/name")?)));
        owners.extend(above.map(|(kind, name)| Owner { kind: bounded(kind), name: bounded(name) }));
    }
    Some(Recreation::Controllers(owners))
}

fn is_over(job: &Value) -> bool {
    let conditions = job.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    conditions.into_iter().any(|condition| {
        matches!(text(condition, "/type"), Some("Complete" | "Failed")) && text(condition, "/status") == Some("True")
    })
}

/// The budgets of a list that cover any of these pods.
pub(super) fn budgets(list: &Value, namespace: &str, pods: &[Doomed]) -> Vec<DisruptionBudget> {
    let all = list.get("items").and_then(Value::as_array).into_iter().flatten();
    let covering = |budget: &Value| {
        let selector = budget.pointer("/spec/selector")?;
        let covers = pods.iter().filter(|pod| selects(selector, &pod.labels)).map(|pod| pod.count).sum::<u64>();
        (covers > 0).then(|| DisruptionBudget {
            namespace: Some(namespace.to_owned()),
            name: bounded(text(budget, "/metadata/name").unwrap_or_default()),
            disruptions_allowed: budget.pointer("/status/disruptionsAllowed").and_then(Value::as_i64),
            covers,
        })
    };
    all.filter_map(covering).collect()
}
