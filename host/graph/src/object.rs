//! JSON objects as their canonical text: keys sorted, no white space, no key twice. The same object is the same bytes, whoever wrote it.

use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::fmt;

/// One object. Parsed strictly; kept as text.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Object(Box<RawValue>);

impl Object {
    /// Its canonical text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Its members, read anew at each call.
    pub fn members(&self) -> Map<String, Value> {
        serde_json::from_str(self.as_str()).expect("the text was made of an object")
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Object {}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Canonical(text) = Canonical::deserialize(deserializer)?;
        if !text.starts_with('{') {
            return Err(D::Error::custom("not an object"));
        }
        RawValue::from_string(text).map(Self).map_err(D::Error::custom)
    }
}

/// Any value's canonical text. How deep values may lie is the parser's to bound.
struct Canonical(String);

impl<'de> Deserialize<'de> for Canonical {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

fn text_of<E: serde::de::Error>(value: impl Serialize) -> Result<Canonical, E> {
    serde_json::to_string(&value).map(Canonical).map_err(E::custom)
}

impl<'de> Visitor<'de> for AnyValue {
    type Value = Canonical;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Canonical, E> {
        text_of(())
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Canonical, E> {
        text_of(value)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Canonical, E> {
        text_of(value)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Canonical, E> {
        text_of(value)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Canonical, E> {
        text_of(value)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Canonical, E> {
        text_of(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Canonical, A::Error> {
        let mut text = String::from("[");
        while let Some(Canonical(item)) = items.next_element()? {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&item);
        }
        text.push(']');
        Ok(Canonical(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Canonical, A::Error> {
        let mut text = String::from("{");
        for (key, Canonical(value)) in distinct_entries::<A, Canonical>(map)? {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&text_of::<A::Error>(key)?.0);
            text.push(':');
            text.push_str(&value);
        }
        text.push('}');
        Ok(Canonical(text))
    }
}

/// The entries of a map, sorted by their keys. A key that comes twice is an error: readers disagree about which of the two counts.
pub(crate) fn distinct_entries<'de, A: MapAccess<'de>, T: Deserialize<'de>>(
    mut map: A,
) -> Result<Vec<(String, T)>, A::Error> {
    let mut entries = Vec::new();
    while let Some(entry) = map.next_entry::<String, T>()? {
        entries.push(entry);
    }
    entries.sort_by(|(left, _), (right, _)| left.cmp(right));
    if entries.windows(2).any(|pair| matches!(pair, [(left, _), (right, _)] if left == right)) {
        return Err(A::Error::custom("a key comes twice"));
    }
    Ok(entries)
}
