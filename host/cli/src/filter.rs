//! `--where`: which rows of a list are printed. The rows are read all the same: it spares the reader, not the target.

use meho_host::error::{CallError, ErrorCode};
use meho_host::policy::catalogue::{Operation, ResultKind};
use meho_host::rows::RowBatch;
use meho_host_cli::text::safe;
use serde_json::Value;
use std::borrow::Cow;
use std::str::FromStr;

/// How a member's value must stand to what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Is,
    IsNot,
    Has,
}

/// What separates a member from a value. The longer ones are looked for where the shortest stands.
const RELATIONS: [(&str, Relation); 3] = [("!=", Relation::IsNot), ("~", Relation::Has), ("=", Relation::Is)];

/// One condition: `MEMBER=VALUE`, `MEMBER!=VALUE`, or `MEMBER~TEXT` for a value that has the text in it. A member within another is written
/// `outer.inner`. A list meets a condition where one of its items does, and `!=` where none is equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    member: String,
    relation: Relation,
    value: String,
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let first = RELATIONS.iter().filter_map(|(sign, relation)| Some((text.find(sign)?, *sign, *relation)));
        // At one place the longer sign goes first, and it stands first in the table.
        let Some((at, sign, relation)) = first.min_by_key(|(at, ..)| *at).filter(|(at, ..)| *at > 0) else {
            return Err("a condition is written MEMBER=VALUE, MEMBER!=VALUE or MEMBER~TEXT".to_owned());
        };
        let value = text[at + sign.len()..].to_owned();
        Ok(Self { member: text[..at].to_owned(), relation, value })
    }
}

impl Condition {
    fn met_by(&self, row: &Value) -> bool {
        let value = self.member.split('.').fold(row, |value, part| value.get(part).unwrap_or(&Value::Null));
        match self.relation {
            Relation::Is => any(value, |text| text == self.value),
            Relation::IsNot => !any(value, |text| text == self.value),
            Relation::Has => any(value, |text| text.contains(&self.value)),
        }
    }
}

/// Whether a value, or an item of a list, is as wanted, read as text. Nothing is the empty text.
fn any(value: &Value, is: impl Fn(&str) -> bool + Copy) -> bool {
    match value {
        Value::Null => is(""),
        Value::String(text) => is(text),
        Value::Array(items) => items.iter().any(|item| any(item, is)),
        other => is(&other.to_string()),
    }
}

/// Rows that have been chosen, each on a line that is ended.
#[derive(Debug)]
pub(crate) struct Chosen<'b> {
    pub(crate) lines: Cow<'b, [u8]>,
    pub(crate) count: usize,
}

/// All conditions of a command line.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Filter<'a>(&'a [Condition]);

impl<'a> Filter<'a> {
    /// The filter for an operation's rows.
    ///
    /// # Errors
    /// INVALID_REQUEST where the operation has no rows, or its rows no such member.
    pub(crate) fn new(conditions: &'a [Condition], operation: &Operation) -> Result<Self, CallError> {
        if !conditions.is_empty() && operation.kind != ResultKind::List {
            let message = format!("--where chooses among rows, and {} answers with one object", operation.id);
            return Err(CallError::new(ErrorCode::InvalidRequest, message));
        }
        let schema = operation.returns.source();
        for condition in conditions {
            let mut known = schema;
            for part in condition.member.split('.') {
                // Of a list, its items'.
                known = known.get("items").unwrap_or(known);
                match (known.pointer("/properties").and_then(Value::as_object), known.get("additionalProperties")) {
                    (Some(members), _) if members.contains_key(part) => known = &members[part],
                    // Free keys, as those of labels are.
                    (_, Some(Value::Object(_))) => break,
                    (members, _) => {
                        let names: Vec<&str> = members.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
                        let message = format!("--where: rows of {} have no member {}", operation.id, safe(part));
                        return Err(
                            CallError::new(ErrorCode::InvalidRequest, message).detail("members", Value::from(names))
                        );
                    }
                }
            }
        }
        Ok(Self(conditions))
    }

    /// The rows of a batch that are printed.
    ///
    /// # Errors
    /// Where a row is not JSON.
    pub(crate) fn choose(self, batch: &RowBatch) -> serde_json::Result<Chosen<'_>> {
        if self.0.is_empty() {
            return Ok(Chosen { lines: Cow::Borrowed(batch.lines()), count: batch.len() });
        }
        let (mut lines, mut count) = (Vec::new(), 0);
        for line in batch.iter() {
            if self.admits(&serde_json::from_slice(line)?) {
                lines.extend_from_slice(line);
                lines.push(b'\n');
                count += 1;
            }
        }
        Ok(Chosen { lines: Cow::Owned(lines), count })
    }

    /// Whether a row is printed.
    pub(crate) fn admits(self, row: &Value) -> bool {
        self.0.iter().all(|condition| condition.met_by(row))
    }
}
