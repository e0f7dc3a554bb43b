//! What is left out of pages: items that are not what the API says, and those that are too large to be held. They are counted, and the first are named.

use crate::node::{Node, Seed, Shape};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::fmt;

/// Most items that are named.
const MAX_NAMED: usize = 10;

/// Items that were left out.
#[derive(Debug, Default)]
pub(crate) struct Malformed {
    wrong: Named,
    too_large: Named,
}

/// Some items: how many they are, and the first few of them by namespace and name.
#[derive(Debug, Default)]
struct Named {
    count: u64,
    names: Vec<String>,
}

impl Named {
    fn push(&mut self, name: impl FnOnce() -> String) {
        self.count += 1;
        if self.names.len() < MAX_NAMED {
            self.names.push(name());
        }
    }

    fn add(&mut self, other: Self) {
        self.count += other.count;
        let room = MAX_NAMED.saturating_sub(self.names.len());
        self.names.extend(other.names.into_iter().take(room));
    }

    fn sentence(&self, what: &str) -> Option<String> {
        let more = if self.count > self.names.len() as u64 { ", …" } else { "" };
        let noun = if self.count == 1 { "object is" } else { "objects are" };
        (self.count > 0).then(|| format!("{} {noun} {what} and left out: {}{more}", self.count, self.names.join(", ")))
    }
}

impl Malformed {
    pub(crate) fn add(&mut self, other: Self) {
        self.wrong.add(other.wrong);
        self.too_large.add(other.too_large);
    }

    /// Counts an item that is not what the API says.
    pub(crate) fn add_wrong(&mut self, item: &[u8]) {
        self.wrong.push(|| name_of(item));
    }

    /// Counts something that is named by what is no name.
    pub(crate) fn add_misnamed(&mut self, name: impl FnOnce() -> String) {
        self.wrong.push(name);
    }

    /// Counts an object that was read, and does not say what it is called.
    pub(crate) fn add_nameless(&mut self) {
        self.wrong.push(|| UNNAMED.to_owned());
    }

    /// Counts an item of which only the beginning was read.
    pub(crate) fn add_unread(&mut self, start: &[u8]) {
        self.too_large.push(|| name_of(start));
    }

    /// Counts an object that was read, and whose row is larger than rows may be.
    pub(crate) fn add_too_large(&mut self, name: impl FnOnce() -> String) {
        self.too_large.push(name);
    }

    /// How many.
    pub(crate) fn count(&self) -> u64 {
        self.wrong.count + self.too_large.count
    }

    /// The sentence for the caller; none where nothing was left out.
    pub(crate) fn warning(&self) -> Option<String> {
        let wrong = self.wrong.sentence("not what the API says");
        let too_large = self.too_large.sentence("too large");
        let both: Vec<String> = wrong.into_iter().chain(too_large).collect();
        (!both.is_empty()).then(|| both.join("; "))
    }
}

/// Looks for the end of an object in pieces of it. What is in it is nobody's to judge: it is not read.
#[derive(Debug, Default)]
pub(crate) struct End {
    depth: usize,
    in_text: bool,
    is_escaped: bool,
}

impl End {
    /// How many bytes of this piece belong to the object, where it ends here.
    pub(crate) fn of(&mut self, piece: &[u8]) -> Option<usize> {
        for (index, byte) in piece.iter().enumerate() {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' if self.in_text => self.is_escaped = true,
                b'"' => self.in_text = !self.in_text,
                b'{' | b'[' if !self.in_text => self.depth += 1,
                b'}' | b']' if !self.in_text => self.depth = self.depth.saturating_sub(1),
                _ => continue,
            }
            if self.depth == 0 && !self.in_text {
                return Some(index + 1);
            }
        }
        None
    }
}

const UNNAMED: &str = "one without a name";

/// What can be said of an item that is not what it must be, or whose end is not there: its name, where that stands in it.
fn name_of(item: &[u8]) -> String {
    let mut name = None;
    // Whatever is wrong with the rest of it.
    let _ = NameOf(&mut name).deserialize(&mut serde_json::Deserializer::from_slice(item));
    name.unwrap_or_else(|| UNNAMED.to_owned())
}

/// Takes the name of an object as soon as it comes by.
struct NameOf<'n>(&'n mut Option<String>);

impl<'de> DeserializeSeed<'de> for NameOf<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for NameOf<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        const METADATA: &Shape = &Shape::Object(&[("namespace", Shape::Text), ("name", Shape::Text)]);
        while let Some(key) = map.next_key_seed(Seed(&Shape::Text))? {
            if key.as_text() == Some("metadata") {
                *self.0 = Some(name_in(&map.next_value_seed(Seed(METADATA))?));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// Namespace and name, by an object's metadata.
pub(crate) fn name_in(metadata: &Node<'_>) -> String {
    let cut = |text: &str| text.chars().take(253).collect::<String>();
    match (metadata.filled("namespace"), metadata.filled("name")) {
        (Some(namespace), Some(name)) => format!("{}/{}", cut(namespace), cut(name)),
        (None, Some(name)) => cut(name),
        (_, None) => UNNAMED.to_owned(),
    }
}
