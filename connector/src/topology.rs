//! Discovery: the entities of a cluster and how they hang together, found kind by kind as its lists stream by.
//!
//! Start at `discover`. What there is of a type stands in [`entity`], with a file for each few of them; what is kept in memory meanwhile in `held`. A kind that cannot be read, or
//! not all of it, takes nothing away from the others: how much was read of each is said at the end.

pub mod entity;
pub mod identity;
pub mod provider_id;
pub mod relationship;

mod cluster;
mod configuration;
mod event;
mod findings;
mod held;
mod network;
mod pod;
mod storage;
mod workload;

use crate::api::{Address, Asked, Reads, whole_pages};
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::catalog::{Discovery, EntityType};
use crate::bindings::exports::meho::connector::topology::{Extent, Summary};
use crate::bindings::meho::connector::failures::Failure;
use crate::effects::JSON;
use crate::failure::{unreadable, with_remedy};
use crate::kinds::namespace::NAMESPACES;
use crate::node::{Node, Shape};
use crate::operation::Notes;
use crate::operations::discover::{PARAMETERS, READINGS, effects};
use crate::operations::lookup::MAX_OBJECT_BYTES;
use crate::page::read_pages_of;
use crate::parameter::arguments_schema;
use crate::resource::{Resource, Scope};
use entity::{ENTITIES, EntityKind, Pass};
use findings::Findings;
use held::Held;
use network::{ENDPOINTS, Routes, SERVICE, SLICES};
use relationship::Relationship;
use std::collections::BTreeMap;

/// Most flaws of one reading that are told.
const MAX_FLAWS: usize = 10;

/// What discovery is, for the catalogue.
pub(crate) fn description() -> Discovery {
    let entity = |kind: &EntityKind| EntityType {
        name: kind.resource.kind.to_owned(),
        id: kind.id().to_owned(),
        properties: kind.property_names(),
        same_as: kind.same_types.iter().map(|name| (*name).to_owned()).collect(),
    };
    Discovery {
        summary: "What there is in a cluster and how it hangs together, from Ingresses and workloads over pods to the machines under them"
            .to_owned(),
        arguments: arguments_schema(&PARAMETERS),
        entities: ENTITIES.iter().map(entity).collect(),
        relationships: relationship::all().map(Into::into).collect(),
        effects: effects(),
    }
}

/// Finds what is asked for. What is found has left by then.
///
/// # Errors
/// As the first reading failed, where none came to anything: then nothing was found out.
pub(crate) fn discover(arguments: &str) -> Result<Summary, Failure> {
    let arguments = Arguments::parse(&PARAMETERS, arguments.as_bytes())
        .map_err(|error| unreadable("arguments", &error.to_string()))?;
    let api = Reads::new();
    let mut discovery = Run {
        api: &api,
        namespace: arguments.text("namespace"),
        include_values: arguments.flag("include_values"),
        findings: Findings::default(),
        held: Held::default(),
        extents: BTreeMap::new(),
        notes: Notes::default(),
        is_answered: false,
        first_failure: None,
        in_namespace: 0,
    };
    let asked: Vec<&EntityKind> = ENTITIES.iter().filter(|kind| arguments.has("kinds", kind.resource.kind)).collect();
    for kind in &asked {
        discovery.entities(kind);
    }
    discovery.note_missing_namespace(&asked);
    discovery.findings.flush();
    match discovery.first_failure {
        Some(failure) if !discovery.is_answered => Err(failure),
        Some(_) | None => Ok(discovery.summary(&asked)),
    }
}

/// One run of it.
struct Run<'r> {
    api: &'r Reads,
    namespace: Option<&'r str>,
    include_values: bool,
    findings: Findings,
    held: Held,
    /// How much was read, by what it was read of.
    extents: BTreeMap<&'static str, Extent>,
    notes: Notes,
    /// Whether anything was read at all.
    is_answered: bool,
    first_failure: Option<Failure>,
    /// How many objects in namespaces came by.
    in_namespace: u64,
}

/// One reading of a list, from its start.
struct Reading {
    /// What of it could not be read, where it came to its end.
    flaws: Vec<String>,
    ended: Result<(), Failure>,
    is_answered: bool,
}

impl Run<'_> {
    fn entities(&mut self, kind: &EntityKind) {
        if kind.resource == SERVICE.resource {
            self.routes();
        }
        let extent = match self.namespace {
            Some(name) if kind.resource == NAMESPACES => self.one_namespace(kind, name),
            _ => self.read(kind.resource, kind.shape, &mut |object, include_values, pass| {
                kind.found(object, include_values, pass);
                None
            }),
        };
        self.extents.insert(kind.resource.kind, extent);
    }

    /// Where Services route to, by the best that can be read: what comes next is asked only where what came before is not whole.
    fn routes(&mut self) {
        let slices = self.routes_of(&SLICES);
        let extent = match slices {
            Extent::Complete => slices,
            Extent::Partial(why) | Extent::Denied(why) => {
                let endpoints = self.routes_of(&ENDPOINTS);
                let instead = match endpoints {
                    Extent::Complete => {
                        "Endpoints were read in their place, which do not know all that slices do".to_owned()
                    }
                    Extent::Partial(of_endpoints) | Extent::Denied(of_endpoints) => {
                        self.held.selectors = Some(BTreeMap::new());
                        format!(
                            "nor Endpoints ({of_endpoints}); selectors stand in their place, which say what is meant"
                        )
                    }
                };
                Extent::Partial(format!("EndpointSlices could not all be read ({why}); {instead}"))
            }
        };
        self.extents.insert(relationship::SLICES, extent);
    }

    fn routes_of(&mut self, routes: &Routes) -> Extent {
        self.read(routes.resource, routes.shape, &mut |object, _, pass| (routes.found)(object, pass.findings))
    }

    /// Reads a list to its end, again from the start where its token has expired on the way. `found` hands out what an object says, and gives what it does not say.
    fn read(
        &mut self,
        resource: Resource,
        shape: &'static Shape,
        found: &mut dyn FnMut(&Node<'_>, bool, &mut Pass<'_>) -> Option<String>,
    ) -> Extent {
        let (mut left, mut is_answered) = (READINGS, false);
        loop {
            left -= 1;
            let reading = self.read_once(resource, shape, found);
            // What an earlier reading found stands where this one comes to nothing.
            is_answered |= reading.is_answered;
            self.is_answered |= is_answered;
            match reading.ended {
                Err(Failure::Expired(_)) if left > 0 => {}
                Ok(()) => return extent(reading.flaws),
                Err(failure) => return self.failed(failure, is_answered),
            }
        }
    }

    fn read_once(
        &mut self,
        resource: Resource,
        shape: &'static Shape,
        found: &mut dyn FnMut(&Node<'_>, bool, &mut Pass<'_>) -> Option<String>,
    ) -> Reading {
        let namespace = self.namespace.filter(|_| resource.scope == Scope::Namespace);
        let (api, include_values) = (self.api, self.include_values);
        let ask = |token: Option<&str>| -> Asked<'_> { api.list(resource, namespace, &whole_pages(token), JSON) };
        self.findings.reading(resource.kind);
        let mut pass = Pass { findings: &mut self.findings, held: &mut self.held };
        let (mut is_answered, mut in_namespace, mut flaws) = (false, 0, Vec::new());
        let pages = read_pages_of(
            shape,
            ask(None),
            &mut |head| {
                is_answered = true;
                head.next_token.as_deref().map(|token| ask(Some(token)))
            },
            &mut |object| {
                in_namespace += u64::from(resource.scope == Scope::Namespace);
                let flaw = found(object, include_values, &mut pass);
                if flaws.len() < MAX_FLAWS {
                    flaws.extend(flaw);
                }
            },
        );
        self.in_namespace += in_namespace;
        let mut left_out = self.findings.take_left_out();
        let ended = pages.map(|pages| left_out.add(pages.malformed));
        flaws.extend(left_out.warning());
        Reading { flaws, ended, is_answered }
    }

    /// The one namespace that is asked for.
    fn one_namespace(&mut self, kind: &EntityKind, name: &str) -> Extent {
        self.findings.reading(kind.resource.kind);
        let address = Address { resource: NAMESPACES, namespace: None, name };
        match self.api.get(address).bytes(MAX_OBJECT_BYTES) {
            Ok(bytes) => {
                self.is_answered = true;
                match Node::parse(kind.shape, &bytes) {
                    Ok(object) => {
                        let mut pass = Pass { findings: &mut self.findings, held: &mut self.held };
                        kind.found(&object, self.include_values, &mut pass);
                        extent(self.findings.take_left_out().warning().into_iter().collect())
                    }
                    Err(_) => Extent::Partial("it is not what the API says".to_owned()),
                }
            }
            Err(Failure::NotFound(_)) => {
                self.is_answered = true;
                self.notes.warn(format!("there is no namespace {name}"));
                Extent::Complete
            }
            Err(failure) => self.failed(failure, false),
        }
    }

    /// Whether nothing was found because there is no such namespace: the server does not say. Where namespaces are asked for, it has been looked for, and where nothing
    /// that is in one is, it makes no difference.
    fn note_missing_namespace(&mut self, asked: &[&EntityKind]) {
        let Some(name) = self.namespace.filter(|_| self.is_answered && self.in_namespace == 0) else { return };
        let is_in_one = |kind: &&EntityKind| kind.resource.scope == Scope::Namespace;
        if asked.iter().any(|kind| kind.resource == NAMESPACES) || !asked.iter().any(is_in_one) {
            return;
        }
        let address = Address { resource: NAMESPACES, namespace: None, name };
        match self.api.get(address).body() {
            Ok(_) => {}
            Err(Failure::NotFound(_)) => self.notes.warn(format!("there is no namespace {name}")),
            Err(failure) => {
                let why = with_remedy(&failure);
                self.notes.warn(format!("whether the namespace {name} exists could not be looked up: {why}"));
            }
        }
    }

    /// A reading that failed. It was refused where the server said so and nothing of it was read.
    fn failed(&mut self, failure: Failure, is_answered: bool) -> Extent {
        let why = with_remedy(&failure);
        let is_refused = matches!(failure, Failure::PermissionDenied(_) | Failure::AuthenticationFailed(_));
        self.first_failure.get_or_insert(failure);
        if is_refused && !is_answered { Extent::Denied(why) } else { Extent::Partial(why) }
    }

    fn summary(mut self, asked: &[&EntityKind]) -> Summary {
        for (name, extent) in &self.extents {
            match extent {
                Extent::Complete => {}
                Extent::Partial(why) => self.notes.lost(format!("{name}: not all could be read: {why}")),
                Extent::Denied(why) => self.notes.lost(format!("{name}: none could be read: {why}")),
            }
        }
        let extent_of = |name: &str| self.extents.get(name).cloned();
        let entities = asked.iter().map(|kind| kind.resource.kind);
        let entities = entities.filter_map(|name| Some((name.to_owned(), extent_of(name)?))).collect();
        let looked_for = |of: Relationship| Some((of.into(), extent_of(of.read_of)?));
        Summary {
            entities,
            relationships: relationship::all().filter_map(looked_for).collect(),
            meta: self.notes.meta(),
        }
    }
}

fn extent(flaws: Vec<String>) -> Extent {
    if flaws.is_empty() { Extent::Complete } else { Extent::Partial(flaws.join("; ")) }
}
