//! How much of a target was read. Without it a reader takes what could not be read for what is not there.

use crate::word::Word;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use std::collections::BTreeSet;

/// How much was read of one type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// All of it.
    Complete,
    /// Some is missing; why. Text of the connector's, or of the target's.
    Partial(String),
    /// The target refused; why. Text of the connector's, or of the target's.
    Denied(String),
}

impl Extent {
    /// The word for it: `complete`, `partial` or `denied`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial(_) => "partial",
            Self::Denied(_) => "denied",
        }
    }

    /// In words.
    pub(crate) fn told(&self) -> &'static str {
        match self {
            Self::Complete => "read",
            Self::Partial(_) => "partly read",
            Self::Denied(_) => "not read",
        }
    }

    /// Why it is not complete.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Complete => None,
            Self::Partial(reason) | Self::Denied(reason) => Some(reason),
        }
    }
}

/// How much was read of the entities of one type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OfEntities {
    /// The type.
    pub kind: Word,
    /// How much.
    pub extent: Extent,
}

/// Whether there may be more relationships of one type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OfRelationships {
    /// The type that they go from.
    pub source: Word,
    /// Their name.
    pub name: Word,
    /// The type that they go to; [`ANY`] for whatever it may be.
    pub destination: Word,
    /// How much.
    pub extent: Extent,
}

/// The destination that stands for every type.
pub const ANY: &str = "any";

/// What discovery says of how much it read, with an entry for every type that it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Of entities.
    pub entities: Vec<OfEntities>,
    /// Of relationships.
    pub relationships: Vec<OfRelationships>,
}

impl Coverage {
    /// Whether nothing is missing.
    pub fn is_complete(&self) -> bool {
        self.extents().all(|extent| *extent == Extent::Complete)
    }

    /// How much was read of a type's entities. None where nobody asked for it.
    pub fn of(&self, kind: &Word) -> Option<&Extent> {
        self.entities.iter().find(|entry| entry.kind == *kind).map(|entry| &entry.extent)
    }

    /// How much was read of the relationships of a name from one type to another.
    pub fn of_relationships(&self, source: &Word, name: &Word, destination: &Word) -> Option<&Extent> {
        let named = || self.relationships.iter().filter(|entry| entry.source == *source && entry.name == *name);
        let exact = named().find(|entry| entry.destination == *destination);
        exact.or_else(|| named().find(|entry| entry.destination.as_str() == ANY)).map(|entry| &entry.extent)
    }

    /// The types whose entities are remarks: about whatever it may be. There are many of them, and a picture is of what they are about.
    pub(crate) fn remarks(&self) -> BTreeSet<&Word> {
        let about_any = self.relationships.iter().filter(|entry| entry.destination.as_str() == ANY);
        about_any.map(|entry| &entry.source).collect()
    }

    /// What is not complete: what it is, and how much of it was read.
    pub(crate) fn missing(&self) -> impl Iterator<Item = (String, &Extent)> {
        let entities = self.entities.iter().map(|entry| (entry.kind.to_string(), &entry.extent));
        let relationships = self.relationships.iter().map(|entry| {
            let OfRelationships { source, name, destination, extent } = entry;
            (format!("{source} {name} {destination}"), extent)
        });
        entities.chain(relationships).filter(|(_, extent)| **extent != Extent::Complete)
    }

    /// Sorted, and nothing twice.
    pub(crate) fn into_canonical(mut self) -> Self {
        self.entities.sort();
        self.entities.dedup();
        self.relationships.sort();
        self.relationships.dedup();
        self
    }

    /// Of all types.
    pub fn extents(&self) -> impl Iterator<Item = &Extent> {
        let entities = self.entities.iter().map(|entry| &entry.extent);
        entities.chain(self.relationships.iter().map(|entry| &entry.extent))
    }
}

impl Serialize for OfEntities {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("OfEntities", 3)?;
        object.serialize_field("type", &self.kind)?;
        object.serialize_field("extent", self.extent.word())?;
        object.serialize_field("reason", &self.extent.reason())?;
        object.end()
    }
}

impl Serialize for OfRelationships {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("OfRelationships", 5)?;
        object.serialize_field("source", &self.source)?;
        object.serialize_field("name", &self.name)?;
        object.serialize_field("destination", &self.destination)?;
        object.serialize_field("extent", self.extent.word())?;
        object.serialize_field("reason", &self.extent.reason())?;
        object.end()
    }
}
