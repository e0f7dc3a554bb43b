//! One object for people: a log as it is, anything else as a sheet. First what is one word, then what is more, lists of objects as tables.

use crate::age;
use crate::cells::brief;
use crate::layout::width_of;
use crate::paint::{Tone, tone_of};
use crate::table;
use crate::text::{safe, safe_lines, wrapped};
use crate::view::View;
use meho_host::policy::column::Column;
use serde_json::Value;
use std::collections::BTreeMap;

/// How far what belongs to a member stands to the right of it.
const INDENT: usize = 2;
/// A name that is longer does not push the values of the others to the right.
const MAX_NAME: usize = 24;

/// How the lists that an object has stand in tables, by the names of its members, as its catalogue describes them.
pub type Lists = BTreeMap<String, Vec<Column>>;

/// The object of an answer; `entity` is what its catalogue says it is.
#[must_use]
pub fn object(object: &Value, entity: Option<&str>, lists: &Lists, view: &View) -> String {
    if let (None, Some(Value::String(logs))) = (entity, object.get("logs")) {
        let mut text = safe_lines(logs);
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        return text;
    }
    let mut sheet = Sheet { view: *view, lists, out: String::new() };
    // What a write has to say is few words, which scripts of old read as `name: value`.
    let names = if entity.is_some() { Names::Aligned } else { Names::AsTheyAre };
    sheet.members(object, 0, names);
    sheet.out
}

/// How the names of members stand before their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// All values begin in one column.
    Aligned,
    /// Each value begins behind its name.
    AsTheyAre,
}

/// What becomes of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// The rest of its line.
    OneLine,
    /// Lines of its own.
    Section,
    /// A line each.
    Sentences,
}

fn takes(value: &Value) -> Takes {
    match value {
        Value::Object(members) if !members.is_empty() => Takes::Section,
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => Takes::Section,
        // Names stand in one line, and sentences do not.
        Value::Array(items) if items.iter().any(is_prose) => Takes::Sentences,
        _ => Takes::OneLine,
    }
}

fn is_prose(item: &Value) -> bool {
    item.as_str().is_some_and(|text| text.contains(' '))
}

struct Sheet<'a> {
    view: View,
    lists: &'a Lists,
    out: String,
}

impl Sheet<'_> {
    /// The members of an object: sentences, which say what to look at, those of one line, then the others, in the order in which they came.
    fn members(&mut self, object: &Value, indent: usize, names: Names) {
        let members = || object.as_object().into_iter().flatten();
        for (name, value) in members().filter(|(_, value)| takes(value) == Takes::Sentences) {
            self.section(name, value, indent);
        }
        let short = || members().filter(|(_, value)| takes(value) == Takes::OneLine);
        let widths = short().map(|(name, _)| width_of(&safe(name))).filter(|width| *width <= MAX_NAME);
        let widest = match names {
            Names::Aligned => widths.max().unwrap_or_default(),
            Names::AsTheyAre => 0,
        };
        for (name, value) in short() {
            self.line(name, value, indent, widest);
        }
        for (name, value) in members().filter(|(_, value)| takes(value) == Takes::Section) {
            self.section(name, value, indent);
            let is_cut = object.get(format!("{name}_truncated")) == Some(&Value::Bool(true));
            if let (true, Some(items)) = (is_cut, value.as_array()) {
                let pad = " ".repeat(indent + INDENT);
                self.put(
                    &self
                        .view
                        .paint
                        .paint(Tone::Warn, &format!("{pad}these are the first {}: there are more", items.len())),
                );
            }
        }
    }

    fn line(&mut self, name: &str, value: &Value, indent: usize, widest: usize) {
        let pad = " ".repeat(widest.saturating_sub(width_of(&safe(name))));
        let (shown, tone) = self.value(name, value);
        let head = format!("{}{}:{pad} ", " ".repeat(indent), safe(name));
        match self.view.width {
            // Broken here, and not by the terminal, so that what goes on can be told from the next member.
            Some(width) if width_of(&head) + width_of(&shown) > width => {
                wrapped(&format!("{head}{shown}"), width).iter().for_each(|line| self.put(line));
            }
            _ => self.put(&format!("{head}{}", self.view.paint.paint(tone, &shown))),
        }
    }

    fn put(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    /// A value in one line, escaped; a time with how long ago it was.
    fn value(&self, name: &str, value: &Value) -> (String, Tone) {
        let text = match value {
            Value::Array(items) if items.is_empty() => "none".to_owned(),
            Value::Object(members) if members.is_empty() => "none".to_owned(),
            other => safe(&brief(other)),
        };
        let is_time =
            name == "created" || name.ends_with("_time") || name.ends_with("_timestamp") || name.ends_with("_at");
        match value.as_str().filter(|_| is_time).and_then(age::parse) {
            Some(time) if time <= self.view.now => {
                (format!("{text} ({} ago)", age::since(time, self.view.now)), Tone::Plain)
            }
            _ if matches!(name, "status" | "phase") => (text.clone(), tone_of(&text)),
            _ => (text, Tone::Plain),
        }
    }

    fn section(&mut self, name: &str, value: &Value, indent: usize) {
        let heading = self.view.paint.paint(Tone::Heading, &format!("{}:", safe(name)));
        self.put(&format!("{}{heading}", " ".repeat(indent)));
        let within = indent + INDENT;
        match value {
            Value::Array(items) if items.iter().any(is_prose) => {
                items.iter().for_each(|item| self.sentence(item, within))
            }
            Value::Array(items) => {
                match table::nested(name, items, self.described(name, indent), &self.view.narrower(within)) {
                    Some(table) => table.lines().for_each(|line| self.put(&format!("{}{line}", " ".repeat(within)))),
                    None => items.iter().for_each(|item| self.item(item, within)),
                }
            }
            // Labels and their like: as they are written in a selector.
            other => self.members(other, within, Names::AsTheyAre),
        }
    }

    /// How the catalogue describes a list: of those that the object itself has, and not of one that only has the name of such a one.
    fn described(&self, name: &str, indent: usize) -> &[Column] {
        let of_object = self.lists.get(name).filter(|_| indent == 0);
        of_object.map_or(&[], Vec::as_slice)
    }

    /// One of several, broken where it is too long.
    fn sentence(&mut self, sentence: &Value, indent: usize) {
        let line = format!("{}- {}", " ".repeat(indent), safe(&brief(sentence)));
        match self.view.width {
            Some(width) if width_of(&line) > width => wrapped(&line, width).iter().for_each(|line| self.put(line)),
            _ => self.put(&line),
        }
    }

    /// One of several that make no table. Its first member stands behind its dash.
    fn item(&mut self, item: &Value, indent: usize) {
        let mut inner = Self { view: self.view, lists: self.lists, out: String::new() };
        match item {
            Value::Object(_) => inner.members(item, indent + INDENT, Names::AsTheyAre),
            other => inner.put(&format!("{}{}", " ".repeat(indent + INDENT), safe(&brief(other)))),
        }
        let rest = inner.out.get(indent + INDENT..).unwrap_or_default();
        self.out.push_str(&format!("{}- {rest}", " ".repeat(indent)));
    }
}
