//! A text read to its end: what is wrong by its form is told and taken out, and the rest is read again, so that one mistake hides no other.

use super::{Lines, Mistake};
use serde::de::DeserializeOwned;
use std::ops::Range;
use toml_edit::{Array, DocumentMut, Item, Key, TableLike, Value};

/// Whoever has more to mend than this mends some of it first. Each is found by reading once more.
const MOST_MISTAKES: usize = 100;

/// A text that was read.
pub(super) struct Mended<T> {
    /// What is left of it; none where nothing could be read.
    pub(super) read: Option<T>,
    /// What was wrong.
    pub(super) mistakes: Vec<Mistake>,
    /// Where something was taken out.
    pub(super) holes: Holes,
}

/// What something was taken out of. What else is wrong with that as a whole may come of it.
#[derive(Default)]
pub(super) struct Holes(Vec<Range<usize>>);

impl Holes {
    /// Whether what stands behind these keys has one.
    pub(super) fn are_in(&self, lines: &Lines<'_>, path: &[&str]) -> bool {
        lines.item(path).and_then(Item::span).is_some_and(|span| self.0.contains(&span))
    }
}

/// Reads it.
pub(super) fn read<T: DeserializeOwned>(lines: &Lines<'_>) -> Mended<T> {
    let mut root = lines.root().clone();
    let (mut mistakes, mut holes) = (Vec::new(), Holes::default());
    loop {
        // Places are those of the text still.
        let error = match toml_edit::de::from_document(DocumentMut::from(root.clone())) {
            Ok(read) => return Mended { read: Some(read), mistakes, holes },
            Err(error) => error,
        };
        let span = error.span();
        if span.as_ref().is_none_or(|span| !holes.0.contains(span)) {
            mistakes.push(lines.of_error(&error));
        }
        let taken = span.filter(|_| mistakes.len() < MOST_MISTAKES).and_then(|span| of_table(&mut root, &None, &span));
        let Some(taken) = taken else { return Mended { read: None, mistakes, holes } };
        holes.0.extend(taken);
    }
}

/// What something was taken out of, from the inside: more than one where the inner is empty by that.
type Taken = Vec<Range<usize>>;

/// Takes out what has its place here, the innermost of it.
fn take_out(item: &mut Item, key: Option<&Key>, place: &Range<usize>) -> Option<Taken> {
    let own = item.span().or_else(|| key.and_then(Key::span));
    match item {
        Item::Table(table) => of_table(table, &own, place),
        Item::Value(Value::InlineTable(table)) => of_table(table, &own, place),
        Item::Value(Value::Array(list)) => {
            let tables = list.iter_mut().filter_map(|value| match value {
                Value::InlineTable(table) => Some(table),
                _ => None,
            });
            if let Some(taken) = of_any(tables, |table| table.span(), place) {
                return Some(taken);
            }
            let at = list.iter().position(|value| value.span().as_ref() == Some(place))?;
            list.remove(at);
            Some(own.into_iter().collect())
        }
        Item::ArrayOfTables(list) => {
            if let Some(taken) = of_any(list.iter_mut(), |table| table.span(), place) {
                return Some(taken);
            }
            let at = list.iter().position(|table| table.span().as_ref() == Some(place))?;
            list.remove(at);
            Some(own.into_iter().collect())
        }
        Item::Value(_) | Item::None => None,
    }
}

fn of_any<'t, T: TableLike + 't>(
    mut tables: impl Iterator<Item = &'t mut T>,
    span: impl Fn(&T) -> Option<Range<usize>>,
    place: &Range<usize>,
) -> Option<Taken> {
    tables.find_map(|table| {
        let own = span(table);
        of_table(table, &own, place)
    })
}

/// The same of what is in a table.
fn of_table(table: &mut dyn TableLike, own: &Option<Range<usize>>, place: &Range<usize>) -> Option<Taken> {
    let keys: Vec<Key> = table.iter().filter_map(|(name, _)| table.key(name).cloned()).collect();
    for key in keys {
        let item = table.get_mut(&key)?;
        if let Some(mut taken) = take_out(item, Some(&key), place) {
            let is_empty = item.as_array().is_some_and(Array::is_empty);
            taken.extend(own.clone().filter(|_| is_empty));
            return Some(taken);
        }
        if item.span().as_ref() == Some(place) || key.span().as_ref() == Some(place) {
            table.remove(&key);
            return Some(own.iter().cloned().collect());
        }
    }
    None
}
