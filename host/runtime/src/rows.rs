//! Rows on their way from a guest to whoever called: checked, counted, handed over as fast as they are read.

use crate::boundary::{Boundary, Finish};
use crate::discovery::Judge;
use bytes::Bytes;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Deepest nesting of a row. A pod's has 5 levels.
const MAX_DEPTH: usize = 32;

/// Some rows, as JSON Lines: each a JSON object on a line of its own, with a line feed behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowBatch {
    lines: Bytes,
    count: usize,
}

impl RowBatch {
    /// The bytes: UTF-8.
    #[must_use]
    pub fn lines(&self) -> &Bytes {
        &self.lines
    }

    /// How many rows they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Each row as JSON text.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
    }
}

/// Where the rows of one call go.
pub(crate) enum Sink {
    /// To a reader.
    Reader(mpsc::Sender<RowBatch>),
    /// To a reader, where each is a finding that its component may make.
    Findings(mpsc::Sender<RowBatch>, Arc<Judge>),
    /// Nowhere: this operation has none.
    Closed,
}

impl Sink {
    /// Takes what a guest has pushed. Fails where the call must end.
    pub(crate) async fn push(&self, boundary: &Boundary, lines: Vec<u8>) -> wasmtime::Result<()> {
        let end = |reason: Finish| {
            boundary.end(reason);
            wasmtime::format_err!("the call has ended")
        };
        let (sender, judge) = match self {
            Self::Reader(sender) => (sender, None),
            Self::Findings(sender, judge) => (sender, Some(judge)),
            Self::Closed => {
                return Err(end(Finish::Fault("rows were pushed by an operation that returns an object".to_owned())));
            }
        };
        let count = check_lines(&lines, boundary.budgets.row_bytes, judge.map(Arc::as_ref)).map_err(|wrong| {
            end(match wrong {
                Wrong::Size => Finish::Budget("row_bytes", boundary.budgets.row_bytes.to_string()),
                Wrong::Text(why) => Finish::Fault(format!("a row {why}")),
            })
        })?;
        if !boundary.push_rows(count as u64, lines.len()) {
            return Err(end(Finish::Budget("rows_bytes", boundary.budgets.rows_bytes.to_string())));
        }
        let batch = RowBatch { lines: lines.into(), count };
        match boundary.wait_for_reader(sender.send(batch)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(end(Finish::Reader(None))),
            Err(error) => Err(end(Finish::Reader(Some(error)))),
        }
    }
}

enum Wrong {
    Size,
    Text(String),
}

/// Counts lines, each of which must be a JSON object, and one that the judge lets through.
fn check_lines(lines: &[u8], max_bytes: usize, judge: Option<&Judge>) -> Result<usize, Wrong> {
    let Some(whole) = lines.strip_suffix(b"\n") else {
        return Err(Wrong::Text("does not end with a line feed".to_owned()));
    };
    let mut count = 0;
    for line in whole.split(|byte| *byte == b'\n') {
        if line.len() > max_bytes {
            return Err(Wrong::Size);
        }
        check_object(line).map_err(Wrong::Text)?;
        judge.map_or(Ok(()), |judge| judge.judge(line)).map_err(Wrong::Text)?;
        count += 1;
    }
    Ok(count)
}

/// Whether a text is one JSON object, not nested too deeply.
pub(crate) fn check_object(text: &[u8]) -> Result<(), String> {
    if text.first() != Some(&b'{') {
        return Err("is no JSON object".to_owned());
    }
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    Bounded { depth: 0 }.deserialize(&mut deserializer).map_err(|error| format!("is not JSON ({error})"))?;
    deserializer.end().map_err(|error| format!("is more than one JSON value ({error})"))
}

/// Steps over a value down to a bound.
#[derive(Clone, Copy)]
struct Bounded {
    depth: usize,
}

impl Bounded {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH { Err(E::custom("nested too deeply")) } else { Ok(Self { depth: self.depth + 1 }) }
    }
}

impl<'de> DeserializeSeed<'de> for Bounded {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        while members.next_key::<MemberName>()?.is_some() {
            members.next_value_seed(inner)?;
        }
        Ok(())
    }
}

/// A member's name, which must be UTF-8 text.
struct MemberName;

impl<'de> Deserialize<'de> for MemberName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl Visitor<'_> for NameVisitor {
            type Value = MemberName;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member's name")
            }
            fn visit_str<E>(self, _: &str) -> Result<MemberName, E> {
                Ok(MemberName)
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}
