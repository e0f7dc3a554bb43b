//! Puts together what discovery streams. The graph is the same whatever the order in which the target lists.

use crate::coverage::{Coverage, Extent};
use crate::entities::{self, FoundEntity};
use crate::finding::{Entity, Finding, Named, NotAFinding, Properties, Property, Relation};
use crate::graph::Graph;
use crate::relationships::{self, FoundRelation};
use crate::word::Word;
use std::collections::{HashMap, HashSet};

/// Takes lines, in the order in which they come, and gives the graph.
#[derive(Debug, Default)]
pub struct Collector {
    /// Each word once: what is found shares it.
    words: HashSet<Word>,
    /// The last reading of each name.
    last: HashMap<Word, usize>,
    current: Option<Reading>,
    entities: Vec<FoundEntity>,
    relations: Vec<FoundRelation>,
    held_bytes: u64,
}

/// What is being read, and how many readings of it came before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) name: Word,
    pub(crate) generation: usize,
}

/// Why a line cannot stand where it does. The text may quote the line, which is a guest's.
#[derive(Debug, thiserror::Error)]
pub enum Misplaced {
    /// It is none.
    #[error(transparent)]
    NotAFinding(#[from] NotAFinding),
    /// Nothing says yet what is being read.
    #[error("a finding stands before any reading")]
    BeforeAnyReading,
    /// Entities are of the type that is being read.
    #[error("an entity of type {found} stands in a reading of {reading}")]
    OfAnotherType {
        /// Its type.
        found: Word,
        /// What is being read.
        reading: Word,
    },
}

impl Collector {
    /// Nothing found yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next line.
    ///
    /// # Errors
    /// Where it is no finding, or cannot stand here. What came before stays.
    pub fn add(&mut self, line: &[u8]) -> Result<(), Misplaced> {
        self.take(Finding::parse(line)?)
    }

    /// Takes the next finding.
    ///
    /// # Errors
    /// Where it cannot stand here.
    pub fn take(&mut self, finding: Finding) -> Result<(), Misplaced> {
        self.held_bytes += weight(&finding);
        let finding = self.with_shared_words(finding);
        match finding {
            Finding::Reading(name) => {
                let generation = self.last.get(&name).map_or(0, |last| last + 1);
                self.last.insert(name.clone(), generation);
                self.current = Some(Reading { name, generation });
            }
            Finding::Entity(entity) => {
                let reading = self.current.as_ref().ok_or(Misplaced::BeforeAnyReading)?;
                if reading.name != entity.kind {
                    return Err(Misplaced::OfAnotherType { found: entity.kind, reading: reading.name.clone() });
                }
                self.entities.push(FoundEntity { generation: reading.generation, entity });
            }
            Finding::Relationship(relation) => {
                let reading = self.current.clone().ok_or(Misplaced::BeforeAnyReading)?;
                self.relations.push(FoundRelation { reading, relation });
            }
        }
        Ok(())
    }

    /// About what all findings so far take in memory, in bytes: for whoever has to bound it.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        self.held_bytes
    }

    /// The graph. What an earlier reading found and the last one did not is gone where `coverage` says that the type of it is complete, and stands otherwise.
    pub fn finish(self, coverage: Coverage) -> Graph {
        let coverage = coverage.into_canonical();
        let last = |name: &Word| self.last.get(name).copied().unwrap_or_default();
        let is_complete = |kind: &Word| coverage.of(kind) == Some(&Extent::Complete);
        let entities = entities::settle(self.entities, |found: &FoundEntity| {
            found.generation == last(&found.entity.kind) || !is_complete(&found.entity.kind)
        });
        let relationships = relationships::settle(self.relations, &entities, |found: &FoundRelation| {
            let Relation { name, from, to, .. } = &found.relation;
            let extent = coverage.of_relationships(&from.kind, name, &to.kind);
            found.reading.generation == last(&found.reading.name) || extent != Some(&Extent::Complete)
        });
        Graph::settled(entities, relationships, coverage)
    }

    fn with_shared_words(&mut self, finding: Finding) -> Finding {
        let (words, held_bytes) = (&mut self.words, &mut self.held_bytes);
        let mut share = |word: Word| match words.get(&word) {
            Some(shared) => shared.clone(),
            None => {
                *held_bytes += (word.as_str().len() + WORD) as u64;
                words.insert(word.clone());
                word
            }
        };
        match finding {
            Finding::Reading(name) => Finding::Reading(share(name)),
            Finding::Entity(entity) => Finding::Entity(Entity { kind: share(entity.kind), ..entity }),
            Finding::Relationship(Relation { name, from, to, known_by, certain, properties }) => {
                let (name, known_by) = (share(name), share(known_by));
                let from = Named { kind: share(from.kind), ..from };
                let to = Named { kind: share(to.kind), ..to };
                Finding::Relationship(Relation { name, from, to, known_by, certain, properties })
            }
        }
    }
}

/// What a word is kept in besides its text, with its place among the readings.
const WORD: usize = 200;

/// About what a finding is kept in, in bytes. A map of one entry has room for eleven.
fn weight(finding: &Finding) -> u64 {
    const MAP: usize = 700;
    const LIST_NODE: usize = 400;
    let bytes = match finding {
        Finding::Reading(_) => size_of::<Reading>(),
        Finding::Entity(entity) => {
            let hints = entity.same_as.iter().map(|hint| hint.object().as_str().len() + size_of::<Entity>());
            let uid = entity.uid.as_deref().map_or(0, str::len);
            // Twice, since it is sorted into another list.
            2 * size_of::<FoundEntity>()
                + entity.id.len()
                + uid
                + entity.properties.as_str().len()
                + hints.sum::<usize>()
        }
        Finding::Relationship(relation) => {
            let end = |end: &Named| end.id.len() + end.uid.as_deref().map_or(0, str::len);
            let list = |property: &Property| match property {
                Property::Flag(_) => 0,
                Property::List(items) => LIST_NODE + items.iter().map(|item| item.len() + 64).sum::<usize>(),
            };
            let Properties(properties) = &relation.properties;
            let map = if properties.is_empty() { 0 } else { MAP };
            let each = properties.iter().map(|(name, property)| name.len() + 64 + list(property));
            2 * size_of::<FoundRelation>() + end(&relation.from) + end(&relation.to) + map + each.sum::<usize>()
        }
    };
    bytes as u64
}
