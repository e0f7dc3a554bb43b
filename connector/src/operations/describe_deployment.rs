//! `describe_deployment`: a Deployment, its ReplicaSets, its pods, and what happened to any of them. Failures are recorded on ReplicaSets (a quota, an
//! admission policy) and on pods (images, crashes, scheduling), so "why are pods failing" is one call.

use crate::api::{Asked, Reads, whole_pages};
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::Outcome;
use crate::bindings::meho::connector::failures::Failure;
use crate::column::Column;
use crate::effects::JSON;
use crate::failure::{unreadable, with_remedy};
use crate::kind::Kind;
use crate::kinds::deployment::{Deployment, revision};
use crate::kinds::event::owned_event;
use crate::kinds::pod::{PODS, Pod, how_it_is};
use crate::kinds::replica_set::{self, REPLICA_SETS};
use crate::metadata::{CONDITIONS, ListMeta, METADATA, conditions, is_whole_selector, selector_text};
use crate::node::Shape::{Int, List, Object, Text};
use crate::node::{Node, Shape};
use crate::operation::{Notes, Operation, Read, Returns};
use crate::operations::describe::MAX_EVENT_OWNERS;
use crate::operations::events::{Events, Selected};
use crate::operations::get::find_asked;
use crate::page::{Item, read_pages};
use crate::pod_status::{PodColumns, columns, is_ready, is_unwell};
use crate::resource::Resource;
use crate::row::{Row, write_object};
use std::collections::VecDeque;

/// Most pods that are shown one by one.
const MAX_SHOWN: usize = 20;
/// Lists of events that are asked for at a time.
const AT_ONCE: usize = 8;

/// Describes one Deployment.
pub struct DescribeDeployment;

impl Operation for DescribeDeployment {
    const RETURNS: Returns = Returns::Object;

    fn members(row: &mut Row<'_>) {
        let (sets, pods, events) = (ReplicaSets::default(), Pods::default(), Events::shown_by(owned_event));
        detail(&Node::missing(<Deployment as Kind>::SHAPE), &sets, &pods, &events, row);
    }
}

impl Read for DescribeDeployment {
    fn run(api: &Reads, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        let found = find_asked::<Deployment>(api, arguments)?;
        let deployment = found.read(<Deployment as Kind>::SHAPE)?;
        let namespace = arguments.required("namespace");
        let (metadata, spec) = (deployment.part("metadata"), deployment.part("spec"));
        let not_it = |why: &str| unreadable("a Deployment", why);
        let uid = metadata.filled("uid").ok_or_else(|| not_it("it has no uid"))?;
        if !is_whole_selector(&spec.part("selector")) {
            return Err(not_it("its selector selects nothing that can be asked for"));
        }
        let selected = Owned { api, namespace, selector: selector_text(&spec.part("selector")) };
        let mut notes = Notes::default();
        // These three are on their way before any is waited for.
        let own = Selected::by_uid(namespace, uid);
        let own_events = own.ask(api, None);
        let asked_sets = selected.ask(REPLICA_SETS, None);
        let asked_pods = selected.ask(PODS, None);
        let sets = ReplicaSets::read(&selected, asked_sets, uid, &mut notes);
        let pods = Pods::read(&selected, asked_pods, &sets, &mut notes);
        let mut events = Events::shown_by(owned_event);
        events.take(api, &own, own_events, &mut notes);
        let owners = owners(&sets, &pods, &mut notes);
        read_events(api, namespace, &owners, &mut events, &mut notes);
        events.settle(&mut notes);
        Ok(notes.object(|row| detail(&deployment, &sets, &pods, &events, row)))
    }
}

/// What the Deployment's selector means.
struct Owned<'a> {
    api: &'a Reads,
    namespace: &'a str,
    selector: String,
}

impl<'a> Owned<'a> {
    fn ask(&self, resource: Resource, token: Option<&str>) -> Asked<'a> {
        let mut query = whole_pages(token);
        query.push(("labelSelector", self.selector.clone()));
        self.api.list(resource, Some(self.namespace), &query, JSON)
    }

    /// Reads all pages. What is lost is noted and given.
    fn read<I: Item>(
        &self,
        resource: Resource,
        first: Asked<'a>,
        notes: &mut Notes,
        on_item: &mut dyn FnMut(&Node<'_>),
    ) -> Option<String> {
        let mut next = |head: &ListMeta| head.next_token.as_deref().map(|token| self.ask(resource, Some(token)));
        match read_pages::<I>(first, &mut next, on_item) {
            Ok(pages) => {
                pages.malformed.warning().into_iter().for_each(|warning| notes.lost(warning));
                None
            }
            Err(failure) => {
                let why = with_remedy(&failure);
                notes.lost(format!("{} could not be read: {why}", resource.plural));
                Some(why)
            }
        }
    }
}

/// What is read of a ReplicaSet.
struct ReplicaSet;

impl Item for ReplicaSet {
    const SHAPE: &'static Shape = &Object(&[
        ("metadata", METADATA),
        (
            "spec",
            Object(&[
                ("replicas", Int),
                ("template", Object(&[("spec", Object(&[("containers", List(&Object(&[("image", Text)])))]))])),
            ]),
        ),
        (
            "status",
            Object(&[
                ("replicas", Int),
                ("readyReplicas", Int),
                ("availableReplicas", Int),
                ("conditions", CONDITIONS),
            ]),
        ),
    ]);
}

/// The ReplicaSets of a Deployment, the newest revision first.
#[derive(Default)]
struct ReplicaSets {
    sets: Vec<Set>,
    error: Option<String>,
}

struct Set {
    revision: Option<i64>,
    uid: String,
    /// Whether it has pods, or shall have some.
    is_active: bool,
    json: Vec<u8>,
}

impl ReplicaSets {
    fn read<'a>(owned: &Owned<'a>, first: Asked<'a>, deployment: &str, notes: &mut Notes) -> Self {
        let mut sets: Vec<Set> = Vec::new();
        let error = owned.read::<ReplicaSet>(REPLICA_SETS, first, notes, &mut |set| {
            // Another's may have the same labels.
            if controller(set).is_none_or(|owner| owner.text("uid") != Some(deployment)) {
                return;
            }
            let mut json = Vec::new();
            write_object(&mut json, |row| replica_set(set, row));
            sets.push(Set {
                revision: revision(&set.part("metadata")),
                uid: set.part("metadata").text("uid").unwrap_or_default().to_owned(),
                is_active: set.part("spec").count("replicas") > 0 || set.part("status").count("replicas") > 0,
                json,
            });
        });
        // Neither its pods nor its events can be told from others'.
        if sets.iter().any(|set| set.uid.is_empty()) {
            notes.lost("a ReplicaSet has no uid: its pods and events are missing".to_owned());
        }
        sets.sort_by_key(|set| std::cmp::Reverse(set.revision));
        Self { sets, error }
    }

    fn member(&self, row: &mut Row<'_>) {
        let nothing = |row: &mut Row<'_>| {
            row.columns(OF_REPLICA_SETS);
            replica_set(&Node::missing(ReplicaSet::SHAPE), row);
        };
        row.written_list("replica_sets", self.sets.iter().map(|set| set.json.as_slice()), nothing);
        row.untrusted("replica_sets_error", self.error.as_deref());
    }
}

/// The columns of a list of ReplicaSets, but for the first: their namespace is the Deployment's.
const OF_REPLICA_SETS: &[Column] = match replica_set::ReplicaSet::COLUMNS {
    [_, others @ ..] => others,
    [] => &[],
};

fn controller<'a>(object: &Node<'a>) -> Option<Node<'a>> {
    let metadata = object.part("metadata");
    metadata.items("ownerReferences").iter().find(|owner| owner.is("controller")).cloned()
}

fn replica_set(set: &Node<'_>, row: &mut Row<'_>) {
    let (metadata, spec, status) = (set.part("metadata"), set.part("spec"), set.part("status"));
    let template = spec.part("template");
    let template = template.part("spec");
    row.text("name", metadata.text("name").unwrap_or_default());
    row.text("uid", metadata.text("uid").unwrap_or_default());
    row.int_or_null("revision", revision(&metadata));
    row.time("created", metadata.text("creationTimestamp"));
    row.int("replicas", spec.count("replicas"));
    row.int("status_replicas", status.count("replicas"));
    row.int("ready_replicas", status.count("readyReplicas"));
    row.int("available_replicas", status.count("availableReplicas"));
    row.texts("images", template.items("containers").iter().filter_map(|container| container.filled("image")));
    conditions(row, status.member("conditions"));
}

/// The pods of a Deployment, as far as they are told.
#[derive(Default)]
struct Pods {
    count: i64,
    ready: i64,
    unwell: i64,
    /// In the order in which they were first seen.
    by_status: Vec<(String, i64)>,
    shown: Vec<Vec<u8>>,
    /// Whose events are of interest.
    uids_unwell: Vec<String>,
    uids_well: Vec<String>,
    error: Option<String>,
}

impl Pods {
    fn read<'a>(owned: &Owned<'a>, first: Asked<'a>, sets: &ReplicaSets, notes: &mut Notes) -> Self {
        let mut pods = Self::default();
        let error = owned.read::<Pod>(PODS, first, notes, &mut |pod| {
            let is_ours = controller(pod).is_some_and(|owner| match &sets.error {
                None => sets.sets.iter().any(|set| owner.filled("uid") == Some(&set.uid)),
                // All that can be known.
                Some(_) => owner.text("kind") == Some(REPLICA_SETS.kind),
            });
            if is_ours {
                pods.add(pod);
            }
        });
        if pods.unwell > i64::try_from(pods.shown.len()).unwrap_or(i64::MAX) {
            notes.warn(format!("{} pods are not well: the first {MAX_SHOWN} are shown", pods.unwell));
        }
        Self { error, ..pods }
    }

    fn add(&mut self, pod: &Node<'_>) {
        let columns = columns(pod);
        self.count += 1;
        self.ready += i64::from(is_ready(pod));
        match self.by_status.iter_mut().find(|(status, _)| *status == columns.status) {
            Some((_, count)) => *count += 1,
            None => self.by_status.push((columns.status.clone(), 1)),
        }
        let unwell = is_unwell(pod, &columns);
        let uids = if unwell { &mut self.uids_unwell } else { &mut self.uids_well };
        if uids.len() < usize::from(MAX_EVENT_OWNERS) {
            uids.extend(pod.part("metadata").filled("uid").map(str::to_owned));
        }
        if unwell {
            self.unwell += 1;
            if self.shown.len() < MAX_SHOWN {
                let mut json = Vec::new();
                write_object(&mut json, |row| unwell_pod(pod, &columns, row));
                self.shown.push(json);
            }
        }
    }

    fn member(&self, row: &mut Row<'_>) {
        // Null where pods could not be read.
        let known = |count: i64| self.error.is_none().then_some(count);
        row.object("pods", |row| {
            row.int_or_null("count", known(self.count));
            row.int_or_null("ready", known(self.ready));
            row.int_or_null("unhealthy", known(self.unwell));
            let nothing = || (String::new(), 0);
            row.list_of("by_status", self.by_status.iter(), nothing, |row, (status, count)| {
                row.text("status", status);
                row.int("count", *count);
            });
        });
        let nothing = |row: &mut Row<'_>| {
            let columns = PodColumns { status: String::new(), ready: String::new(), restarts: 0 };
            unwell_pod(&Node::missing(<Pod as Kind>::SHAPE), &columns, row);
        };
        row.written_list("unhealthy_pods", self.shown.iter().map(Vec::as_slice), nothing);
        row.untrusted("pods_error", self.error.as_deref());
    }
}

fn unwell_pod(pod: &Node<'_>, columns: &PodColumns, row: &mut Row<'_>) {
    how_it_is(pod, columns, row);
    let owner = controller(pod);
    row.text_or_null("replica_set", owner.as_ref().and_then(|owner| owner.filled("name")));
}

/// Whose events are read besides the Deployment's own: ReplicaSets that have pods or shall have, pods that are not well, then the rest.
fn owners(sets: &ReplicaSets, pods: &Pods, notes: &mut Notes) -> Vec<String> {
    let named = || sets.sets.iter().filter(|set| !set.uid.is_empty());
    let of = |active: bool| named().filter(move |set| set.is_active == active).map(|set| &set.uid);
    let urgent = of(true).chain(&pods.uids_unwell);
    let rest = pods.uids_well.iter().chain(of(false));
    let room = usize::from(MAX_EVENT_OWNERS - 1);
    let owners: Vec<String> = urgent.chain(rest).take(room).cloned().collect();
    let urgent = of(true).count() + usize::try_from(pods.unwell).unwrap_or(usize::MAX);
    let all = sets.sets.len() + usize::try_from(pods.count).unwrap_or(usize::MAX);
    if urgent > room {
        notes
            .lost(format!("events of {} pods that are not well were not looked for: they are too many", urgent - room));
    } else if all > room {
        notes.warn(format!("events of {} pods and ReplicaSets without trouble were not looked for", all - room));
    }
    owners
}

/// Reads the events about these objects, a few at a time.
fn read_events(api: &Reads, namespace: &str, owners: &[String], events: &mut Events, notes: &mut Notes) {
    let mut waiting: VecDeque<(Selected<'_>, Asked<'_>)> = VecDeque::new();
    for uid in owners {
        if waiting.len() >= AT_ONCE
            && let Some((selected, asked)) = waiting.pop_front()
        {
            events.take(api, &selected, asked, notes);
        }
        if events.error.is_some() {
            return;
        }
        let selected = Selected::by_uid(namespace, uid);
        let asked = selected.ask(api, None);
        waiting.push_back((selected, asked));
    }
    for (selected, asked) in waiting {
        events.take(api, &selected, asked, notes);
    }
}

fn detail(deployment: &Node<'_>, sets: &ReplicaSets, pods: &Pods, events: &Events, row: &mut Row<'_>) {
    Deployment::row(deployment, row);
    row.int_or_null("revision", revision(&deployment.part("metadata")));
    sets.member(row);
    pods.member(row);
    events.member(row);
    row.untrusted("events_error", events.error.as_deref());
}
