//! Discovery of a target: a run of the guest whose rows are findings, each held against what the component said that it finds.

use crate::bindings::Extent as GuestExtent;
use crate::bindings::catalog::RelationshipType as GuestRelationship;
use crate::fault;
use meho_graph::coverage::{ANY, OfEntities, OfRelationships};
use meho_graph::finding::{Finding, Named};
use meho_graph::word::Word;
use meho_graph::{Coverage, Extent};
use meho_policy::catalogue::{Discovery, RelationshipType};
use meho_policy::schema::Arguments;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The argument that says which types of entities are asked for, where discovery takes it.
const KINDS: &str = "kinds";

/// Who wants to know what there is.
#[derive(Debug, Clone, PartialEq)]
pub struct Discover {
    /// The arguments of discovery, as the caller gave them.
    pub arguments: Map<String, Value>,
    /// Who asks. Records are bound to it.
    pub principal: String,
    /// How long it may take, where that is not the host's budget.
    pub timeout: Option<Duration>,
}

/// What was found of which types: in the end each of them has to be among those of which it is said how much was read.
#[derive(Debug, Default)]
struct Found {
    /// What is being read.
    reading: Option<Word>,
    entities: BTreeSet<Word>,
    relationships: BTreeSet<(Word, Word, Word)>,
}

/// Judges findings as they come: what a component did not say that it finds is a fault of it.
#[derive(Debug)]
pub(crate) struct Judge {
    entities: BTreeSet<Word>,
    relationships: BTreeSet<(Word, Word, Word)>,
    found: Mutex<Found>,
    /// How many entities came by.
    count: AtomicU64,
}

impl Judge {
    pub(crate) fn new(discovery: &Discovery) -> Self {
        let word = |text: &str| Word::new(text).ok();
        let triple = |of: &RelationshipType| Some((word(&of.source)?, word(&of.name)?, word(&of.destination)?));
        Self {
            entities: discovery.entities.iter().filter_map(|entity| word(&entity.name)).collect(),
            relationships: discovery.relationships.iter().filter_map(triple).collect(),
            found: Mutex::default(),
            count: AtomicU64::new(0),
        }
    }

    /// Judges one line.
    ///
    /// # Errors
    /// Why it is none that this component may push.
    pub(crate) fn judge(&self, line: &[u8]) -> Result<(), String> {
        // Its reason may quote the line, which is a stranger's text: where and what is enough.
        let finding = Finding::parse(line).map_err(|_| "is no finding of the contract's form".to_owned())?;
        let mut found = self.found();
        if found.reading.is_none() && !matches!(finding, Finding::Reading(_)) {
            return Err("stands before any reading".to_owned());
        }
        match finding {
            Finding::Reading(name) => {
                found.reading = Some(name);
                Ok(())
            }
            Finding::Entity(entity) => {
                if found.reading.as_ref() != Some(&entity.kind) {
                    return Err(format!("has an entity of the type {}, and that is not being read", entity.kind));
                }
                if !self.entities.contains(&entity.kind) {
                    return Err(format!("has an entity of the type {}, which was not described", entity.kind));
                }
                self.count.fetch_add(1, Ordering::Relaxed);
                found.entities.insert(entity.kind);
                Ok(())
            }
            Finding::Relationship(relation) => {
                let Some(of) = self.described(&relation.from, &relation.name, &relation.to) else {
                    let (from, to) = (&relation.from.kind, &relation.to.kind);
                    return Err(format!("has the relationship {from} {} {to}, which was not described", relation.name));
                };
                found.relationships.insert(of);
                Ok(())
            }
        }
    }

    /// The described relationship that one is of.
    fn described(&self, from: &Named, name: &Word, to: &Named) -> Option<(Word, Word, Word)> {
        let exact = (from.kind.clone(), name.clone(), to.kind.clone());
        if self.relationships.contains(&exact) {
            return Some(exact);
        }
        let any = (from.kind.clone(), name.clone(), Word::new(ANY).ok()?);
        self.relationships.contains(&any).then_some(any)
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many entities came by. One that was read twice counts twice.
    pub(crate) fn entities(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// What the component says at the end of how much it read, held against what it was asked for and what it found.
    ///
    /// # Errors
    /// Where something is missing in it, or too much: then nobody could tell what is not there from what was not read.
    pub(crate) fn coverage(
        &self,
        arguments: &Arguments,
        entities: Vec<(String, GuestExtent)>,
        relationships: Vec<(GuestRelationship, GuestExtent)>,
    ) -> Result<Coverage, String> {
        let word = |text: &str| Word::new(text).map_err(|_| "its summary has a name that is none".to_owned());
        let mut coverage = Coverage::default();
        for (name, extent) in entities {
            let kind = word(&name)?;
            if !self.entities.contains(&kind) || coverage.of(&kind).is_some() {
                return Err(format!("its summary has the type {kind} twice, or did not describe it"));
            }
            coverage.entities.push(OfEntities { kind, extent: of_guest(extent) });
        }
        for (of, extent) in relationships {
            let (source, name, destination) = (word(&of.source)?, word(&of.name)?, word(&of.destination)?);
            let triple = (source, name, destination);
            let is_twice = coverage
                .relationships
                .iter()
                .any(|known| (&known.source, &known.name, &known.destination) == (&triple.0, &triple.1, &triple.2));
            if is_twice || !self.relationships.contains(&triple) {
                let (source, name, destination) = triple;
                return Err(format!("its summary has {source} {name} {destination} twice, or did not describe it"));
            }
            let (source, name, destination) = triple;
            coverage.relationships.push(OfRelationships { source, name, destination, extent: of_guest(extent) });
        }
        self.is_whole(&coverage, arguments)?;
        Ok(coverage)
    }

    fn is_whole(&self, coverage: &Coverage, arguments: &Arguments) -> Result<(), String> {
        let asked: BTreeSet<Word> = match arguments.value(KINDS).and_then(Value::as_array) {
            Some(kinds) => kinds.iter().filter_map(|kind| Word::new(kind.as_str()?).ok()).collect(),
            None => self.entities.clone(),
        };
        let found = self.found();
        let wanted = asked.iter().filter(|kind| self.entities.contains(*kind)).chain(&found.entities);
        for kind in wanted {
            if coverage.of(kind).is_none() {
                return Err(format!("its summary does not say how much was read of {kind}"));
            }
        }
        for (source, name, destination) in &found.relationships {
            if coverage.of_relationships(source, name, destination).is_none() {
                return Err(format!("its summary does not say how much was read of {source} {name} {destination}"));
            }
        }
        Ok(())
    }
}

fn of_guest(extent: GuestExtent) -> Extent {
    match extent {
        GuestExtent::Complete => Extent::Complete,
        GuestExtent::Partial(why) => Extent::Partial(fault::cut(&why)),
        GuestExtent::Denied(why) => Extent::Denied(fault::cut(&why)),
    }
}
