//! What is asked for the preview of a write, and what follows from the answers.
//!
//! In the first round the object as it is, the write as a dry run, and what may hang on it. What is asked next follows from those: the controller of a
//! pod, the pods of a scale. Lists are one page, of metadata wherever that does. Then [`Study::preview`] puts together what there is; whatever was not
//! answered is named in it.

mod act;
mod facts;
mod selector;
mod step;

pub(crate) use step::Step;

use super::{Attributes, ResourceAttributes, attributes_of};
use crate::difference::{Change, difference};
use crate::family::Family;
use crate::grammar::{Format, PathSegment};
use crate::plan::PlannedRequest;
use crate::preview::{Fate, MAX_BUDGETS, MAX_CHANGES, MAX_OBJECTS, Object, Pods, Preview, Question, Unavailable};
use crate::question::bounded;
use crate::request::CanonicalRequest;
use act::Act;
use facts::{
    Dependents, Doomed, Item, Owned, budgets, controller, items, kind_of, labels, number, owned, recreation, text,
};
use serde_json::Value;
use std::collections::BTreeMap;

const JSON: &str = "application/json";
/// Names, labels and owners of many objects, and nothing else of them.
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
/// One page. Who deletes what has more behind it is told that it has.
const PAGE: &str = "500";
/// The workloads whose template makes pods.
const ROLLED: [&str; 3] = ["daemonsets", "deployments", "statefulsets"];
/// Members that say nothing of what a write does: what the server counts and notes for itself, and the instant of a dry run.
const NOISE: [&str; 4] =
    ["/metadata/managedFields", "/metadata/resourceVersion", "/metadata/generation", "/metadata/deletionTimestamp"];
/// Members of a Secret that hold its values, or kubectl's copy of them.
const OF_SECRETS: [&str; 3] =
    ["/data", "/stringData", "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration"];

/// The answers about one planned request.
#[derive(Debug)]
pub(crate) struct Study {
    planned: PlannedRequest,
    of: ResourceAttributes,
    act: Act,
    round: usize,
    answers: BTreeMap<Step, Value>,
    unavailable: Vec<Unavailable>,
}

impl Study {
    pub(crate) fn new(planned: &PlannedRequest) -> Self {
        let request = planned.request();
        let of = match attributes_of(request) {
            Attributes::Resource(of) => of,
            Attributes::NonResource { .. } => ResourceAttributes::default(),
        };
        let act = Act::of(request.method(), &of);
        Self { planned: planned.clone(), of, act, round: 0, answers: BTreeMap::new(), unavailable: Vec::new() }
    }

    /// What is asked next.
    pub(crate) fn questions(&mut self) -> Vec<Question> {
        self.round += 1;
        match self.round {
            1 => self.first(),
            2 => self.second(),
            _ => Vec::new(),
        }
    }

    fn first(&mut self) -> Vec<Question> {
        let mut asked = Vec::new();
        if matches!(self.act, Act::Changes | Act::Removes) {
            asked.push(self.ask(Step::Object, &self.path_of_before(), &[], JSON));
        }
        if self.act == Act::RemovesMany {
            let selectors = ["labelSelector", "fieldSelector"];
            let given = selectors.iter().filter_map(|key| Some((*key, self.planned.request().query_value(key)?)));
            let query: Vec<(&str, &str)> = given.chain([("limit", PAGE)]).collect();
            asked.push(self.ask(Step::Objects, &self.planned.request().rendered_path(), &query, METADATA));
        }
        match Question::dry_run(Family::Kubernetes, Step::DryRun, &self.planned) {
            Some(question) => asked.push(Some(question)),
            None => self.lacks(Step::DryRun, NO_DRY_RUN.to_owned(), None),
        }
        if self.act == Act::Removes {
            asked.extend(self.dependents().steps().map(|step| self.ask_owned(step)));
        }
        let is_about_pods = self.act == Act::Removes || self.act == Act::RemovesMany && self.of.resource == "pods";
        if is_about_pods && !self.of.namespace.is_empty() && self.dependents() != Dependents::None {
            asked.push(self.ask_budgets());
        }
        if self.is_of_node() && matches!(self.act, Act::Changes | Act::Removes) {
            let on_node = format!("spec.nodeName={}", self.of.name);
            asked.push(self.ask(
                Step::Pods,
                "/api/v1/pods",
                &[("fieldSelector", on_node.as_str()), ("limit", PAGE)],
                METADATA,
            ));
        }
        asked.into_iter().flatten().collect()
    }

    fn second(&mut self) -> Vec<Question> {
        let mut asked = Vec::new();
        if self.act == Act::Removes
            && let Some(owner) = self.before().and_then(controller)
            && let Some(path) = facts::path_of_controller(owner, &self.of.namespace)
        {
            asked.push(self.ask(Step::Owner, &path, &[], JSON));
        }
        if self.act == Act::Changes {
            let fewer =
                self.of.subresource == "scale" && self.wanted().is_some_and(|wanted| wanted < self.scaled_now());
            if fewer && let Some(selector) = self.before().and_then(|scale| text(scale, "/status/selector")) {
                let path = format!("/api/v1/namespaces/{}/pods", self.of.namespace);
                asked.push(self.ask(Step::Pods, &path, &[("labelSelector", selector), ("limit", PAGE)], METADATA));
            }
            if fewer || self.is_rolled() {
                asked.push(self.ask_budgets());
            }
        }
        asked.into_iter().flatten().collect()
    }

    fn ask(&self, step: Step, path: &str, query: &[(&str, &str)], accept: &str) -> Option<Question> {
        Question::read(Family::Kubernetes, step, CanonicalRequest::read(path, query, accept))
    }

    fn ask_owned(&self, step: Step) -> Option<Question> {
        let (base, resource) = match step {
            Step::ReplicaSets => ("/apis/apps/v1", "replicasets"),
            Step::Jobs => ("/apis/batch/v1", "jobs"),
            _ => ("/api/v1", "pods"),
        };
        self.ask(step, &format!("{base}/namespaces/{}/{resource}", self.of.namespace), &[("limit", PAGE)], METADATA)
    }

    fn ask_budgets(&self) -> Option<Question> {
        let path = format!("/apis/policy/v1/namespaces/{}/poddisruptionbudgets", self.of.namespace);
        self.ask(Step::Budgets, &path, &[("limit", PAGE)], JSON)
    }

    /// Of a scale the scale itself: it holds what is changed, and whoever may scale may read it. Else the object, whatever of it is written.
    fn path_of_before(&self) -> String {
        let path = self.planned.request().path();
        let kept =
            if self.of.subresource.is_empty() || self.of.subresource == "scale" { path } else { before_last(path) };
        kept.iter().fold(String::new(), |path, segment| path + "/" + segment.as_str())
    }

    /// What may hang on an object that goes.
    fn dependents(&self) -> Dependents {
        if self.of.namespace.is_empty() { Dependents::None } else { Dependents::of(&self.of.group, &self.of.resource) }
    }

    fn is_of_node(&self) -> bool {
        self.of.group.is_empty() && self.of.resource == "nodes"
    }

    fn is_of_secret(&self) -> bool {
        self.of.group.is_empty() && self.of.resource == "secrets"
    }

    /// Reads an answer.
    pub(crate) fn read(&mut self, question: &Question, status: u16, body: &[u8]) {
        let step = question.step;
        let answer: Option<Value> = serde_json::from_slice(body).ok();
        if let (200..=299, Some(answer @ Value::Object(_))) = (status, &answer) {
            if !text(answer, "/metadata/continue").unwrap_or_default().is_empty() {
                self.lacks(step, format!("there are more than {PAGE}, and only those were looked at"), None);
            }
            self.answers.insert(step, answer.clone());
            return;
        }
        // What is said of a Secret may quote its values.
        let says = answer.as_ref().filter(|_| !self.is_of_secret());
        let says = says.and_then(|answer| text(answer, "/message")).map(bounded);
        let because = match (step, status) {
            (_, 200..=299) => "the target's answer is not what a Kubernetes API server says".to_owned(),
            (_, 300..=399) => "the target points elsewhere, and redirects are not followed".to_owned(),
            (Step::DryRun, 400..=428 | 430..=499) => {
                format!("the target refuses it as a dry run, with {status}, and would refuse the write as well")
            }
            (_, 403) => format!("the credential may not {}", right(question.request())),
            (_, 404) => "the target has none".to_owned(),
            _ => format!("the target answered {status}"),
        };
        self.lacks(step, because, says);
    }

    /// No answer came.
    pub(crate) fn unheard(&mut self, question: &Question, why: &str) {
        self.lacks(question.step, bounded(why), None);
    }

    fn lacks(&mut self, step: Step, why: String, target_says: Option<String>) {
        self.unavailable.push(Unavailable { what: step.what(), why, target_says });
    }

    fn before(&self) -> Option<&Value> {
        self.answers.get(&Step::Object)
    }

    /// The object as it would be. The answer to a deletion may be a Status instead.
    fn after(&self) -> Option<&Value> {
        self.answers.get(&Step::DryRun).filter(|answer| text(answer, "/kind") != Some("Status"))
    }

    fn changes(&self) -> Vec<Change> {
        let is_of_secret = self.is_of_secret();
        // What is written is the object or its status, and the other stays; in between it may have changed for any other reason.
        let is_status = self.of.subresource == "status";
        let is_noise = |pointer: &str| {
            NOISE.contains(&pointer)
                || (pointer == "/status" && !is_status)
                || (is_of_secret && OF_SECRETS.contains(&pointer))
                || (self.act == Act::Creates && matches!(pointer, "/metadata/uid" | "/metadata/creationTimestamp"))
        };
        match (self.act, self.before(), self.after()) {
            (Act::Creates, _, Some(after)) => difference(&Value::Null, after, &is_noise),
            (_, Some(before), Some(after)) => difference(before, after, &is_noise),
            _ => Vec::new(),
        }
    }

    /// How many pods a scale shall have, by the dry run or else by the request itself. A scale has no member for none.
    fn wanted(&self) -> Option<u64> {
        let of_answer = self.after().map(|scale| number(scale, "/spec/replicas").unwrap_or(0));
        let body = || self.planned.request().body().map(crate::request::CanonicalBody::value);
        of_answer.or_else(|| number(body()?, "/spec/replicas"))
    }

    fn scaled_now(&self) -> u64 {
        self.before().or_else(|| self.after()).and_then(|scale| number(scale, "/status/replicas")).unwrap_or(0)
    }

    /// Whether other pods come in the place of those that there are: the template is another, and the workload takes that for a reason.
    fn is_rolled(&self) -> bool {
        let is_workload = self.of.group == "apps" && ROLLED.contains(&self.of.resource.as_str());
        let rests = self.after().is_some_and(|object| {
            object.pointer("/spec/paused") == Some(&Value::Bool(true))
                || text(object, "/spec/updateStrategy/type") == Some("OnDelete")
        });
        is_workload
            && self.of.subresource.is_empty()
            && !rests
            && self.changes().iter().any(|change| change.pointer.starts_with("/spec/template"))
    }

    /// What has been found out.
    pub(crate) fn preview(mut self) -> Preview {
        let mut preview =
            Preview { was_tried: self.answers.contains_key(&Step::DryRun), pods: self.pods(), ..Preview::default() };
        (preview.changes, preview.changes_left_out) = at_most(MAX_CHANGES, self.changes());
        let doomed = match self.act {
            Act::Removes => self.removed(&mut preview),
            Act::RemovesMany => {
                let (metadata, kind) = (self.answers.get(&Step::Objects), &self.of.resource);
                let all = metadata.map(|list| items(list, kind, &self.of.namespace)).unwrap_or_default();
                (preview.goes, preview.goes_left_out) = objects(&all);
                if self.of.resource == "pods" { all.iter().map(Item::doomed).collect() } else { Vec::new() }
            }
            Act::Changes => self.replaced(),
            Act::Creates | Act::Other => Vec::new(),
        };
        if let Some(list) = self.answers.get(&Step::Budgets) {
            let (kept, beyond) = at_most(MAX_BUDGETS, budgets(list, &self.of.namespace, &doomed));
            preview.disruption_budgets = kept;
            if beyond > 0 {
                self.lacks(Step::Budgets, format!("there are {beyond} more than are kept here"), None);
            }
        }
        if self.is_of_secret() && preview.was_tried && self.act != Act::Removes {
            self.lacks(Step::DryRun, "values of a Secret are not compared, and not shown".to_owned(), None);
        }
        if self.act == Act::Removes && self.of.resource == "namespaces" {
            let all = "everything that is in the namespace goes with it, and was not looked at".to_owned();
            self.lacks(Step::Objects, all, None);
        }
        preview.unavailable = self.unavailable;
        preview
    }

    /// What goes with an object that is taken away. Gives the pods among it.
    fn removed(&self, preview: &mut Preview) -> Vec<Doomed> {
        let namespace = Some(&self.of.namespace).filter(|name| !name.is_empty() && self.of.resource != "namespaces");
        let kind = self.before().and_then(kind_of).unwrap_or(&self.of.resource);
        let itself = Object { kind: bounded(kind), namespace: namespace.cloned(), name: self.of.name.clone() };
        let list = |step, kind: &str| {
            self.answers.get(&step).map(|list| items(list, kind, &self.of.namespace)).unwrap_or_default()
        };
        let hanging = if self.is_of_node() { Vec::new() } else { list(Step::Pods, "Pod") };
        let owned: Owned = match self.before().and_then(|before| text(before, "/metadata/uid")) {
            Some(uid) => owned(uid, [list(Step::ReplicaSets, "ReplicaSet"), list(Step::Jobs, "Job"), hanging].concat()),
            None => Owned::default(),
        };
        let pods = if self.of.resource == "pods" && self.of.group.is_empty() {
            let one = |pod: &Value| Doomed { labels: labels(pod, "/metadata/labels"), count: 1 };
            self.before().map(one).into_iter().collect()
        } else {
            owned.all.iter().filter(|item| item.object.kind == "Pod").map(Item::doomed).collect()
        };
        let stays = facts::is_orphaning(self.planned.request(), &self.of);
        let direct: Vec<Item> = owned.all.iter().filter(|item| item.is_direct).cloned().collect();
        if stays {
            (preview.orphaned, preview.orphaned_left_out) = objects(&direct);
            preview.goes = vec![itself];
        } else {
            let (mut with_it, beyond) = objects(&owned.all);
            with_it.insert(0, itself);
            (preview.goes, preview.goes_left_out) = (with_it, beyond);
        }
        // Without an answer about the controller it is what the object says that it is.
        let owner = self.answers.get(&Step::Owner);
        preview.recreated_by = self.before().and_then(|before| recreation(before, owner));
        if stays { Vec::new() } else { pods }
    }

    /// The pods that a change takes away, or that it replaces.
    fn replaced(&self) -> Vec<Doomed> {
        if self.is_rolled() {
            let count = self.pods().map_or(0, |pods| pods.now);
            let all = |object: &Value| Doomed { labels: labels(object, "/spec/template/metadata/labels"), count };
            return self.before().map(all).into_iter().collect();
        }
        if self.of.subresource == "scale"
            && let Some(list) = self.answers.get(&Step::Pods)
        {
            return items(list, "Pod", &self.of.namespace).iter().map(Item::doomed).collect();
        }
        Vec::new()
    }

    fn pods(&self) -> Option<Pods> {
        if self.is_of_node() {
            let list = self.answers.get(&Step::Pods)?;
            let is_at_least = text(list, "/metadata/continue").is_some_and(|token| !token.is_empty());
            let now = items(list, "Pod", "").len() as u64;
            let is_cordon = || self.changes().iter().all(|change| change.pointer == "/spec/unschedulable");
            let fate = match self.act {
                Act::Removes => Fate::Go,
                Act::Changes if self.after().is_some() && is_cordon() => Fate::Stay,
                _ => Fate::Unknown,
            };
            return Some(Pods { now, is_at_least, fate });
        }
        if self.act == Act::Changes && self.of.subresource == "scale" {
            self.before().or_else(|| self.after())?;
            return Some(Pods { now: self.scaled_now(), is_at_least: false, fate: Fate::Become(self.wanted()?) });
        }
        if self.act == Act::Changes && self.is_rolled() {
            let counted = ["/status/replicas", "/status/currentNumberScheduled"];
            let now = counted.iter().find_map(|pointer| number(self.before()?, pointer)).unwrap_or(0);
            return Some(Pods { now, is_at_least: false, fate: Fate::Replaced });
        }
        None
    }
}

const NO_DRY_RUN: &str =
    "a dry run is asked of single objects of Kubernetes' own kinds only, because others may not honour it";

/// The objects of some items, as many as are kept, and how many there are beyond those.
fn objects(items: &[Item]) -> (Vec<Object>, usize) {
    at_most(MAX_OBJECTS, items.iter().map(|item| item.object.clone()).collect())
}

fn at_most<T>(most: usize, mut all: Vec<T>) -> (Vec<T>, usize) {
    let beyond = all.len().saturating_sub(most);
    all.truncate(most);
    (all, beyond)
}

fn before_last(path: &[PathSegment]) -> &[PathSegment] {
    path.split_last().map_or(path, |(_, rest)| rest)
}

/// The right that a read needs, in words that fit "may not …".
fn right(request: &CanonicalRequest) -> String {
    let Attributes::Resource(of) = attributes_of(request) else { return "read it".to_owned() };
    let resource = if of.subresource.is_empty() { of.resource } else { format!("{}/{}", of.resource, of.subresource) };
    let resource = if of.group.is_empty() { resource } else { format!("{resource}.{}", of.group) };
    let place =
        if of.namespace.is_empty() { "in all namespaces".to_owned() } else { format!("in namespace {}", of.namespace) };
    format!("{} {resource} {place}", of.verb)
}

/// Whether a text of a target's may stand in a path of ours as a name.
fn is_name(text: &str) -> bool {
    Format::Name.accepts(text)
}
