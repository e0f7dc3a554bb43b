//! `--where`: which rows of a list are printed. The rows are read all the same: it spares the reader, not the target.

use meho_host::error::{CallError, ErrorCode};
use meho_host::policy::catalogue::{Operation, ResultKind};
use meho_host::rows::RowBatch;
use meho_host_cli::table::{Under, under};
use meho_host_cli::text::safe;
use serde_json::Value;
use std::borrow::Cow;
use std::cell::RefCell;
use std::str::FromStr;

/// How a member's value must stand to what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Is,
    IsNot,
    Has,
}

/// What separates a member from a value. The longer ones are looked for where the shortest stands.
const RELATIONS: [(&str, Relation); 4] =
    [("!=", Relation::IsNot), ("==", Relation::Is), ("~", Relation::Has), ("=", Relation::Is)];

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

/// A condition on a member that rows have.
#[derive(Debug)]
struct Check<'a> {
    path: Vec<String>,
    condition: &'a Condition,
}

impl Check<'_> {
    fn met_by(&self, row: &Value) -> bool {
        let wanted = self.condition.value.as_str();
        match self.condition.relation {
            Relation::Is => any(row, &self.path, &|text| text == wanted),
            Relation::IsNot => !any(row, &self.path, &|text| text == wanted),
            Relation::Has => any(row, &self.path, &|text| text.contains(wanted)),
        }
    }

    /// The value that would have been the wanted one, but for case or spaces.
    fn nearly_met_by(&self, row: &Value) -> Option<String> {
        let wanted = bare(&self.condition.value);
        let found = RefCell::new(None);
        any(row, &self.path, &|text| {
            let is_near = text != self.condition.value && !wanted.is_empty() && bare(text) == wanted;
            if is_near {
                *found.borrow_mut() = Some(text.to_owned());
            }
            is_near
        });
        found.into_inner()
    }
}

/// A text without what is easily mistyped.
fn bare(text: &str) -> String {
    text.split_whitespace().collect::<String>().to_lowercase()
}

/// Whether a value, or an item of a list, is as wanted, read as text. Nothing is the empty text.
fn any(value: &Value, path: &[String], is: &dyn Fn(&str) -> bool) -> bool {
    match (value, path) {
        (Value::Array(items), _) if !items.is_empty() => items.iter().any(|item| any(item, path, is)),
        (Value::Object(members), [name, rest @ ..]) => any(members.get(name).unwrap_or(&Value::Null), rest, is),
        (Value::Null | Value::Array(_), _) | (_, [_, ..]) => is(""),
        (Value::String(text), []) => is(text),
        (other, []) => is(&other.to_string()),
    }
}

/// Rows that have been chosen, each on a line that is ended.
#[derive(Debug)]
pub(crate) struct Chosen<'b> {
    pub(crate) lines: Cow<'b, [u8]>,
    pub(crate) count: usize,
}

/// All conditions of a command line, and what came of them so far.
#[derive(Debug, Default)]
pub(crate) struct Filter<'a> {
    checks: Vec<Check<'a>>,
    read: usize,
    matched: usize,
    /// A value that is wanted, and how it stands in a row.
    near: Option<(&'a str, String)>,
}

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
        let check = |condition| Ok(Check { path: path_of(condition, operation)?, condition });
        let checks = conditions.iter().map(check).collect::<Result<_, CallError>>()?;
        Ok(Self { checks, ..Self::default() })
    }

    /// The rows of a batch that are printed.
    ///
    /// # Errors
    /// Where a row is not JSON.
    pub(crate) fn choose<'b>(&mut self, batch: &'b RowBatch) -> serde_json::Result<Chosen<'b>> {
        if self.checks.is_empty() {
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
    pub(crate) fn admits(&mut self, row: &Value) -> bool {
        self.read += 1;
        let Some(failed) = self.checks.iter().find(|check| !check.met_by(row)) else {
            self.matched += 1;
            return true;
        };
        if self.near.is_none() {
            self.near = failed.nearly_met_by(row).map(|found| (failed.condition.value.as_str(), found));
        }
        false
    }

    /// What is to be said where conditions were met by no row, or by none of those that a limit left; nothing else is.
    pub(crate) fn said(&self, more: More) -> Option<String> {
        if self.checks.is_empty() || (self.matched > 0 && more == More::No) {
            return None;
        }
        let rows = |count: usize| if count == 1 { "1 row".to_owned() } else { format!("{count} rows") };
        let mut said = match (self.read, self.matched) {
            (0, _) => "there are no rows that --where could choose among".to_owned(),
            (read, 0) => format!("none of {} that were read match --where", rows(read)),
            (read, matched) => format!("{matched} of {} that were read match --where", rows(read)),
        };
        if more == More::Yes {
            said.push_str("; there are more rows: leave out limit, and all of them are looked at");
        }
        if let (0, Some((wanted, found))) = (self.matched, &self.near) {
            said.push_str(&format!(
                "; a row has {found:?}, which is not {wanted:?}: letters and spaces count as they are"
            ));
        }
        Some(said)
    }

    /// How many rows matched, where there are conditions.
    pub(crate) fn matched(&self) -> Option<usize> {
        (!self.checks.is_empty()).then_some(self.matched)
    }
}

/// Whether the target has rows that were not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum More {
    Yes,
    No,
}

fn refused(message: String) -> CallError {
    CallError::new(ErrorCode::InvalidRequest, message)
}

/// The members, one within the other, that a condition is about.
fn path_of(condition: &Condition, operation: &Operation) -> Result<Vec<String>, CallError> {
    let mut known = operation.returns.source();
    let mut path: Vec<String> = Vec::new();
    let mut rest = condition.member.as_str();
    loop {
        // Of a list, its items'.
        known = known.get("items").unwrap_or(known);
        if rest.is_empty() {
            break;
        }
        if let Some(members) = known.get("properties").and_then(Value::as_object) {
            let (part, behind) = rest.split_once('.').unwrap_or((rest, ""));
            let name = match members.contains_key(part) {
                true => part.to_owned(),
                false if path.is_empty() => of_heading(part, members, operation)?,
                false => return Err(unknown(part, members, operation)),
            };
            known = members.get(&name).unwrap_or(&Value::Null);
            path.push(name);
            rest = behind;
        } else if known.get("additionalProperties").is_some_and(Value::is_object) {
            // Free keys, as those of labels are, which may have dots in them.
            path.push(rest.to_owned());
            return Ok(path);
        } else {
            let within = path.join(".");
            return Err(refused(format!("--where: {within} has no members, so not {} either", safe(rest))));
        }
    }
    let asked = path.join(".");
    match (known.get("properties").and_then(Value::as_object), known.get("additionalProperties")) {
        (Some(members), _) => {
            let within: Vec<String> = members.keys().map(|name| format!("{asked}.{name}")).collect();
            let message = format!("--where: {asked} is no single value: ask for a member of it");
            Err(refused(message).detail("members", Value::from(within)))
        }
        (None, Some(Value::Object(_))) => {
            let message = format!("--where: {asked} has keys of its own: ask for one of them, as {asked}.KEY=VALUE");
            Err(refused(message))
        }
        (None, _) => Ok(path),
    }
}

type Members = serde_json::Map<String, Value>;

/// The member that stands under a heading of the table that people see.
fn of_heading(part: &str, members: &Members, operation: &Operation) -> Result<String, CallError> {
    let entity = operation.entity.as_ref().map_or("", |entity| entity.name.as_str());
    let lower = part.to_lowercase().replace(['-', ' '], "_");
    match under(entity, operation.returns.columns(), part) {
        Under::Member(name) if members.contains_key(&name) => Ok(name),
        Under::AgeOf(name) => {
            let message = format!("--where: {} is counted from {name}, and ages cannot be compared", safe(part));
            Err(refused(message).hint(format!("{name}~2026-01-31 chooses a day")))
        }
        Under::Member(_) | Under::Several | Under::Nothing if members.contains_key(&lower) => Ok(lower),
        Under::Member(_) | Under::Several | Under::Nothing => Err(unknown(part, members, operation)),
    }
}

fn unknown(part: &str, members: &Members, operation: &Operation) -> CallError {
    let names: Vec<&str> = members.keys().map(String::as_str).collect();
    let error = refused(format!("--where: rows of {} have no member {}", operation.id, safe(part)));
    let error = match crate::advice::nearest(&part.to_lowercase(), &names) {
        Some(meant) => error.hint(format!("did you mean {meant}?")),
        None => error,
    };
    error.detail("members", Value::from(names))
}
