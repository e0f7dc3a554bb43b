//! One line of what discovery streams, parsed strictly: what the line format does not have is refused, not left out.

use crate::object::{Object, distinct_entries};
use crate::word::Word;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

/// What one line says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Finding {
    /// From here on stands what is read of this.
    Reading(Word),
    /// Something that was read.
    Entity(#[serde(deserialize_with = "object")] Entity),
    /// That two things hang together.
    Relationship(#[serde(deserialize_with = "object")] Relation),
}

/// Why a line is no finding.
#[derive(Debug, thiserror::Error)]
#[error("a line is no finding")]
pub struct NotAFinding(#[from] serde_json::Error);

impl Finding {
    /// # Errors
    /// Where the line is not exactly one finding. The source's text may quote the line, which is a guest's.
    pub fn parse(line: &[u8]) -> Result<Self, NotAFinding> {
        Ok(serde_json::from_slice(line)?)
    }
}

/// Something that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Word,
    /// What it is called among all of its type, such as `{namespace}/{name}`.
    #[serde(deserialize_with = "not_empty")]
    pub id: Box<str>,
    /// The target's own name for it, never used again. None where the target has none; the line has to say so.
    #[serde(deserialize_with = "null_or_not_empty")]
    pub uid: Option<Box<str>>,
    /// What was read of it.
    pub properties: Object,
    /// By what other systems may know the same thing, in the order in which to try.
    #[serde(default)]
    pub same_as: Vec<Hint>,
}

/// By what another system may know an entity: an object with `type`, `by` and `certain`, and whatever belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Hint(Object);

impl Hint {
    /// All of it.
    pub fn object(&self) -> &Object {
        &self.0
    }

    /// What every hint has.
    pub fn head(&self) -> HintHead {
        serde_json::from_str(self.0.as_str()).expect("it was read before")
    }
}

/// What every hint has.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct HintHead {
    /// The other system's type.
    #[serde(rename = "type")]
    pub kind: Word,
    /// What it follows from.
    pub by: Word,
    /// False where what was read does not settle it.
    pub certain: bool,
}

impl<'de> Deserialize<'de> for Hint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = Object::deserialize(deserializer)?;
        serde_json::from_str::<HintHead>(object.as_str()).map_err(D::Error::custom)?;
        Ok(Self(object))
    }
}

/// That two things hang together, as it was found.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relation {
    /// The relationship's name.
    #[serde(rename = "type")]
    pub name: Word,
    /// What it goes from.
    #[serde(deserialize_with = "object")]
    pub from: Named,
    /// What it goes to.
    #[serde(deserialize_with = "object")]
    pub to: Named,
    /// How it is known.
    pub known_by: Word,
    /// False where what was read does not settle it.
    pub certain: bool,
    /// What more is known of it.
    #[serde(default)]
    pub properties: Properties,
}

/// Something by its name. It need not have been read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Word,
    /// What it is called among all of its type.
    #[serde(deserialize_with = "not_empty")]
    pub id: Box<str>,
    /// The target's own name for it, where what was read says it.
    #[serde(default, deserialize_with = "null_or_not_empty")]
    pub uid: Option<Box<str>>,
}

/// What more is known of a relationship.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Properties(pub BTreeMap<String, Property>);

/// One property of a relationship.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Property {
    /// Whether any finding says so.
    Flag(bool),
    /// What all findings say.
    List(BTreeSet<String>),
}

impl Properties {
    /// What two findings say together. Which of them comes first makes no difference; where one has a flag and the other a list, it is the list.
    pub(crate) fn merge(&mut self, other: Self) {
        for (name, found) in other.0 {
            match (self.0.get_mut(&name), found) {
                (Some(Property::Flag(known)), Property::Flag(found)) => *known |= found,
                (Some(Property::List(known)), Property::List(found)) => known.extend(found),
                (Some(Property::List(_)), Property::Flag(_)) => {}
                (Some(Property::Flag(_)) | None, found) => _ = self.0.insert(name, found),
            }
        }
    }
}

impl<'de> Deserialize<'de> for Properties {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InAMap;
        impl<'de> Visitor<'de> for InAMap {
            type Value = Properties;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of flags and lists of strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Properties, A::Error> {
                distinct_entries(map).map(|entries| Properties(entries.into_iter().collect()))
            }
        }
        deserializer.deserialize_map(InAMap)
    }
}

impl<'de> Deserialize<'de> for Property {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FlagOrList;
        impl<'de> Visitor<'de> for FlagOrList {
            type Value = Property;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or a list of strings")
            }

            fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Property, E> {
                Ok(Property::Flag(value))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Property, A::Error> {
                let mut list = BTreeSet::new();
                while let Some(item) = items.next_element()? {
                    list.insert(item);
                }
                Ok(Property::List(list))
            }
        }
        deserializer.deserialize_any(FlagOrList)
    }
}

fn not_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<str>, D::Error> {
    let text = Box::<str>::deserialize(deserializer)?;
    if text.is_empty() { Err(D::Error::custom("an empty name")) } else { Ok(text) }
}

fn null_or_not_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<str>>, D::Error> {
    let text = Option::<Box<str>>::deserialize(deserializer)?;
    if text.as_deref() == Some("") { Err(D::Error::custom("an empty name")) } else { Ok(text) }
}

/// A struct that is an object in the line. Derived code would take a list of its members, too.
fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Members<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }
    deserializer.deserialize_map(Members(PhantomData))
}
