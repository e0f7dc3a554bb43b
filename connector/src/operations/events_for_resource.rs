//! `get_events_for_resource`: what happened to one object, newest first.
//!
//! Events are matched by the uid of the object, which is read for that: so those of an earlier object of the same name are not among them. Where there is no such
//! object any more, or none that can be read, they are matched by kind and name; so are those about nodes, since kubelets leave the uid out.

use crate::api::{Address, Reads};
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::{Meta, Outcome};
use crate::bindings::meho::connector::failures::Failure;
use crate::failure::{unreadable, with_remedy};
use crate::kinds::event::{EVENT, event_row};
use crate::kinds::node::NODES;
use crate::node::Shape::{Object, Pairs, Text};
use crate::node::{Node, Shape};
use crate::operation::{Notes, Operation, Read, Returns, Rows};
use crate::operations::events::{EventItem, Selected, kind_like, known_kind};
use crate::operations::lookup::{MAX_OBJECT_BYTES, longer_name};
use crate::operations::newest::Newest;
use crate::page::read_pages;
use crate::resource::{Resource, Scope};
use crate::row::Row;

/// Where events about objects of the cluster are.
const OF_THE_CLUSTER: &str = "default";

/// Lists the events about one object.
pub struct EventsForResource;

impl Operation for EventsForResource {
    const RETURNS: Returns = Returns::List;

    fn members(row: &mut Row<'_>) {
        event_row(&Node::missing(&EVENT), row);
    }
}

impl Read for EventsForResource {
    fn run(api: &Reads, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        let (name, kind) = (arguments.required("name"), arguments.required("kind"));
        let namespace = arguments.text("namespace");
        let most = arguments.number("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let mut told = Told { api, namespace, newest: Newest::new(most), notes: Notes::default(), version: None };
        match (arguments.text("uid"), known_kind(kind)) {
            (Some(uid), _) => told.about(&Selected::by_uid(namespace, uid))?,
            (None, Some(known)) if known.scope == Scope::Cluster || namespace.is_some() => {
                told.about_known(known, name)?
            }
            (None, known) => {
                told.about(&Selected::by_name(namespace, kind, name))?;
                if told.newest.seen() == 0 {
                    told.note_unknown(known.is_some(), kind, name);
                }
            }
        }
        Ok(told.outcome())
    }
}

/// What is read of an object.
const IDENTITY: &Shape = &Object(&[("metadata", Object(&[("uid", Text), ("annotations", Pairs)]))]);

/// The events that have been read.
struct Told<'a> {
    api: &'a Reads,
    namespace: Option<&'a str>,
    newest: Newest,
    notes: Notes,
    version: Option<String>,
}

impl Told<'_> {
    /// Reads every event of a selection: the server has no order by time.
    fn about(&mut self, selected: &Selected<'_>) -> Result<(), Failure> {
        let pages = read_pages::<EventItem>(
            selected.ask(self.api, None),
            &mut |head| head.next_token.as_deref().map(|token| selected.ask(self.api, Some(token))),
            &mut |event| self.newest.add(event, event_row),
        )?;
        pages.malformed.warning().into_iter().for_each(|warning| self.notes.lost(warning));
        self.version = self.version.take().or(pages.resource_version);
        Ok(())
    }

    /// Reads the events about an object of a kind whose objects can be read.
    fn about_known(&mut self, resource: Resource, name: &str) -> Result<(), Failure> {
        let kind = resource.kind;
        let place = self.namespace.filter(|_| resource.scope == Scope::Namespace);
        match (place, self.namespace) {
            (None, Some(namespace)) if namespace != OF_THE_CLUSTER => self.notes.warn(format!(
                "a {kind} is in no namespace, and events about it are in {OF_THE_CLUSTER}: only those in {namespace} were looked at"
            )),
            _ => {}
        }
        let by_name = |name: &str| Selected::by_name(self.namespace, kind, name);
        match self.uids(resource, place, name) {
            Ok(uids) => self.about_object(resource, name, &uids),
            Err(Failure::NotFound(missing)) => {
                // It may be gone, and its events still there.
                self.about(&by_name(name))?;
                if self.newest.seen() > 0 {
                    self.notes.warn(format!("there is no {kind} {name}: these are about one that was there"));
                    return Ok(());
                }
                let longer = longer_name(self.api, resource, place, name, missing)?;
                let uids = self.uids(resource, place, &longer)?;
                self.about_object(resource, &longer, &uids)
            }
            Err(failure @ Failure::PermissionDenied(_)) => {
                if resource != NODES {
                    self.notes.lost(format!(
                        "the {kind} itself could not be read, so events are matched by its name, and may be about an earlier one: {}",
                        with_remedy(&failure)
                    ));
                }
                self.about(&by_name(name))?;
                // Its uid is of no use, but whether the name is the beginning of another's is not known.
                if resource == NODES && self.newest.seen() == 0 {
                    self.notes.lost(format!(
                        "the {kind} itself could not be read, so names that begin with {name} were not looked for: {}",
                        with_remedy(&failure)
                    ));
                }
                Ok(())
            }
            Err(failure) => Err(failure),
        }
    }

    fn about_object(&mut self, resource: Resource, name: &str, uids: &[String]) -> Result<(), Failure> {
        if resource == NODES {
            return self.about(&Selected::by_name(self.namespace, resource.kind, name));
        }
        uids.iter().try_for_each(|uid| self.about(&Selected::by_uid(self.namespace, uid)))
    }

    /// The uids under which an object's events are: its own, and of a static pod the one that its kubelet has for it.
    fn uids(&self, resource: Resource, namespace: Option<&str>, name: &str) -> Result<Vec<String>, Failure> {
        let bytes = self.api.get_metadata(Address { resource, namespace, name }).bytes(MAX_OBJECT_BYTES)?;
        let object = Node::parse(IDENTITY, &bytes).map_err(|error| unreadable(resource.kind, &error.to_string()))?;
        let metadata = object.part("metadata");
        let uid = metadata.filled("uid").ok_or_else(|| unreadable(resource.kind, "it has no uid"))?;
        let mirror = metadata.pair("annotations", "kubernetes.io/config.mirror").filter(|uid| !uid.is_empty());
        Ok([uid].into_iter().chain(mirror).map(str::to_owned).collect())
    }

    /// Nothing was found, and nobody has looked whether there is such an object.
    fn note_unknown(&mut self, is_known: bool, kind: &str, name: &str) {
        let mut why = format!("no event is about a {kind} named {name}; whether there is one was not looked up");
        if is_known {
            why.push_str(", since no namespace is given");
        } else if let Some(known) = kind_like(kind) {
            why.push_str(&format!(". Kinds are case-sensitive: there is a kind {known}"));
        }
        self.notes.warn(why);
    }

    fn outcome(mut self) -> Outcome {
        self.newest.finish();
        let mut rows = Rows::default();
        self.newest.rows().for_each(|json| rows.push_written(json));
        rows.flush();
        self.newest.note_cut(&mut self.notes);
        let remaining = u64::try_from(self.newest.left_out()).ok();
        Outcome { data: None, meta: Meta { remaining, resource_version: self.version, ..self.notes.meta() } }
    }
}
