//! The columns of each list, and how their texts follow from a row: as the catalogue describes the column of that heading, but for what `data/kinds` says else.

use super::text::{Word, shown};
use crate::embedded::embedded;
use crate::suite::data::lists;
use serde_json::Value;
use std::time::SystemTime;

/// A column of the server's own table.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    /// How its text follows from a row; nothing where rows do not answer it.
    pub(super) made: Option<Made>,
    /// Whether it is in the file of the kind.
    pub(super) is_written: bool,
}

/// How a text is made of a row.
#[derive(Debug, Clone)]
pub(super) struct Made {
    /// Members, each by the names on the way to it.
    of: Vec<Vec<String>>,
    word: Word,
    /// What stands where there is nothing.
    none: Option<String>,
    /// Without this member nothing stands there at all.
    only_with: Option<String>,
    /// What the server has begins so, and has something more in brackets or behind a comma.
    pub(super) begins: bool,
}

impl Made {
    pub(super) fn text(&self, row: &Value, now: SystemTime) -> String {
        if self.only_with.as_ref().is_some_and(|member| row[member].is_null()) {
            return String::new();
        }
        let at = |path: &Vec<String>| path.iter().fold(row, |value, step| &value[step]).clone();
        shown(self.word, &self.of.iter().map(at).collect::<Vec<_>>(), self.none.as_deref(), now)
    }
}

/// The columns of a list: those of its file, and those that its catalogue describes; none where it has no file.
pub(super) fn of(operation: &str) -> Option<Vec<Column>> {
    let list = lists().find(|list| list.operation == operation)?;
    let described = embedded().connector.operation(operation).expect("an operation").returns.columns();
    let made = |heading: &str| {
        let column = described.iter().find(|column| plain(&column.heading) == plain(heading))?;
        let word = Word::of(column.shown.as_deref());
        Some(Made { of: column.of.clone(), word, none: None, only_with: None, begins: false })
    };
    let written: Vec<Column> = list
        .columns
        .iter()
        .map(|(name, said)| Column { name: name.clone(), made: written(said, made(name)), is_written: true })
        .collect();
    let is_written = |heading: &str| written.iter().any(|column| plain(&column.name) == plain(heading));
    let rest: Vec<Column> = described
        .iter()
        .filter(|column| !is_written(&column.heading))
        .map(|column| Column { name: column.heading.clone(), made: made(&column.heading), is_written: false })
        .collect();
    Some(written.into_iter().chain(rest).collect())
}

/// What a file says of a column: why rows do not answer it, or what is not as the catalogue describes it.
fn written(said: &Value, described: Option<Made>) -> Option<Made> {
    let members = said.as_object().expect("what is said of a column");
    let known = ["not", "of", "as", "none", "only_with", "begins"];
    assert!(members.keys().all(|name| known.contains(&name.as_str())), "{said}");
    let text = |name: &str| members.get(name).map(|text| text.as_str().expect("a text").to_owned());
    if text("not").is_some_and(|reason| !reason.is_empty()) {
        return None;
    }
    let path = |member: &Value| member.as_str().expect("a member").split('.').map(str::to_owned).collect();
    let of = members.get("of").map(|of| of.as_array().expect("members").iter().map(path).collect());
    let described_word = described.as_ref().map(|made| made.word).filter(|_| of.is_none());
    let word = text("as").map(|word| Word::of(Some(&word))).or(described_word).unwrap_or(Word::of(None));
    Some(Made {
        of: of.or(described.map(|made| made.of)).expect("it is said what it is made of, or the catalogue does"),
        word,
        none: text("none"),
        only_with: text("only_with"),
        begins: members.get("begins").is_some_and(|begins| begins == true),
    })
}

/// Whether a column of the server is this one.
pub(super) fn is(column: &Column, name: &str) -> bool {
    plain(&column.name) == plain(name)
}

/// A heading, however it is written.
fn plain(heading: &str) -> String {
    heading.to_lowercase().replace(['-', ' '], "")
}
