//! The graph: what was read, how it hangs together, and what could not be read. Sorted, so that the same findings are the same bytes.

use crate::coverage::Coverage;
use crate::finding::{Entity, Properties};
use crate::word::Word;
use serde::Serialize;
use std::io;

/// What discovery found. Made by a [`Collector`](crate::Collector).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Graph {
    entities: Vec<Entity>,
    relationships: Vec<Relationship>,
    coverage: Coverage,
}

/// One thing hangs together with another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Relationship {
    /// Its name.
    #[serde(rename = "type")]
    pub name: Word,
    /// What it goes from.
    pub from: End,
    /// What it goes to.
    pub to: End,
    /// How it is known.
    pub known_by: Word,
    /// False where what was read does not settle it.
    pub certain: bool,
    /// What more is known of it.
    pub properties: Properties,
}

/// One end of a relationship.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct End {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Word,
    /// What it is called among all of its type.
    pub id: Box<str>,
    /// The target's own name for it: the entity's where there is one, else what was found of it.
    pub uid: Option<Box<str>>,
    /// Whether the graph has an entity for it. Where it has not, nothing more is known of it: not even that it exists.
    pub resolved: bool,
}

/// What one relationship differs from others by, in the order in which they are sorted.
type Key<'a> = (&'a Word, &'a Word, &'a str, &'a Word, &'a str, &'a Option<Box<str>>, &'a Option<Box<str>>);

impl Relationship {
    pub(crate) fn key(&self) -> Key<'_> {
        (&self.name, &self.from.kind, &self.from.id, &self.to.kind, &self.to.id, &self.from.uid, &self.to.uid)
    }
}

impl Graph {
    /// Of what is sorted and has nothing twice.
    pub(crate) fn settled(entities: Vec<Entity>, relationships: Vec<Relationship>, coverage: Coverage) -> Self {
        Self { entities, relationships, coverage }
    }

    /// What was read, sorted by type, id and uid.
    pub fn entities(&self) -> &[Entity] {
        &self.entities
    }

    /// How it hangs together, sorted by name, ends and their uids.
    pub fn relationships(&self) -> &[Relationship] {
        &self.relationships
    }

    /// What could not be read.
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// Writes it as JSON, in many small pieces.
    ///
    /// # Errors
    /// Where the writer fails.
    pub fn write_json(&self, to: impl io::Write) -> io::Result<()> {
        serde_json::to_writer(to, self).map_err(io::Error::from)
    }
}
