//! Lists for people: a heading, and a line for each row.

use crate::cells::Cell;
use crate::columns::{self, Spec};
pub use crate::columns::{Own, Under, under};
use crate::layout::{Column, Cut, Text, fit, width_of};
pub use crate::shown::is_known;
use crate::view::View;
use meho_host::policy::column::Column as Described;
use serde_json::Value;

/// Most rows, and bytes, that are laid out at a time: a cell takes many times the memory of what stands in it.
const MAX_ROWS: usize = 1000;
const MAX_BYTES: usize = 4 << 20;

/// Which namespaces the rows of a list are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespaces {
    /// Of the one that was asked for. It is not said again in every line.
    One,
    /// Of any.
    Any,
}

/// Rows as a table, so many at a time. Those of a longer list stand under one heading, in the columns of its first part, each as wide as that part of it needs.
#[derive(Debug)]
pub struct Rows {
    specs: Option<Vec<Spec>>,
    /// What came since it was last taken.
    rows: Vec<Vec<Cell>>,
    bytes: usize,
    is_begun: bool,
    left_out: Vec<String>,
}

impl Rows {
    /// None yet, of an entity, in the columns that its catalogue describes.
    #[must_use]
    pub fn of(entity: Option<&str>, described: &[Described], namespaces: Namespaces) -> Self {
        let known = columns::of(entity.unwrap_or_default(), described);
        let specs = match namespaces {
            Namespaces::One => known.map(columns::without_namespace),
            Namespaces::Any => known,
        };
        Self { specs, rows: Vec::new(), bytes: 0, is_begun: false, left_out: Vec::new() }
    }

    /// None yet, of a table of the program's own.
    #[must_use]
    pub fn own(table: Own) -> Self {
        Self { specs: Some(columns::own(table)), rows: Vec::new(), bytes: 0, is_begun: false, left_out: Vec::new() }
    }

    /// One more. The first says what columns there are, where the entity is not known.
    pub fn push(&mut self, row: &Value) {
        let specs = self.specs.get_or_insert_with(|| columns::unknown(row, |_| false));
        let cells: Vec<Cell> = specs.iter().map(|spec| spec.cell(row)).collect();
        self.bytes += cells.iter().map(Cell::bytes).sum::<usize>();
        self.rows.push(cells);
    }

    /// The headings of what found no room.
    #[must_use]
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// Whether no row has been laid out, and none waits for it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.is_begun && self.rows.is_empty()
    }

    /// Whether no more should come before what is laid out has been taken.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.bytes >= MAX_BYTES || self.rows.len() >= MAX_ROWS
    }

    /// The lines of what came since the last time.
    #[must_use]
    pub fn take(&mut self, view: &View) -> String {
        self.bytes = 0;
        let rows = std::mem::take(&mut self.rows);
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        match &mut self.specs {
            Some(specs) if !rows.is_empty() => {
                let all: Vec<Column> = specs.iter().map(|spec| spec.column.clone()).collect();
                let lines = lay_out(specs, rows, is_first, view);
                if is_first {
                    let is_gone = |column: &&Column| {
                        let is_shown = specs.iter().any(|spec| spec.column.heading == column.heading);
                        // What goes on in the lines below is there all the same.
                        !is_shown && !matches!(column.cut, Cut::Wrap(_))
                    };
                    self.left_out = all.iter().filter(is_gone).map(|column| column.heading.clone()).collect();
                }
                lines
            }
            _ if is_first => "nothing found\n".to_owned(),
            _ => String::new(),
        }
    }
}

/// Lines of rows. What the first part leaves out for want of room, the others leave out too.
fn lay_out(specs: &mut Vec<Spec>, rows: Vec<Vec<Cell>>, is_first: bool, view: &View) -> String {
    let columns: Vec<Column> = specs.iter().map(|spec| spec.column.clone()).collect();
    let show = |row: Vec<Cell>| row.into_iter().map(|cell| cell.shown(view.now)).collect();
    let rows: Vec<Vec<Text>> = rows.into_iter().map(show).collect();
    let widest = |at: usize, column: &Column| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| width_of(&cell.text));
        cells.max().unwrap_or_default().max(width_of(&column.heading))
    };
    let full: Vec<usize> = columns.iter().enumerate().map(|(at, column)| widest(at, column)).collect();
    let fit = fit(&columns, &full, view.width);
    let mut out = String::new();
    if is_first {
        fit.heading(&columns, view.paint, &mut out);
    }
    for row in &rows {
        fit.row(&columns, row, view.paint, &mut out);
        fit.below(&columns, row, view.width, view.paint, &mut out);
    }
    if is_first {
        let mut at = 0;
        specs.retain(|_| {
            at += 1;
            fit.shows(at - 1)
        });
    }
    out
}

/// A table that stands in an object, of rows under this member's name, as its catalogue describes it; none where they do not make one.
pub(crate) fn nested(member: &str, rows: &[Value], described: &[Described], view: &View) -> Option<String> {
    let is_flat = |value: &Value| match value {
        Value::Array(items) => items.iter().all(|item| !item.is_object() && !item.is_array()),
        Value::Object(members) => members.values().all(|value| !value.is_object() && !value.is_array()),
        _ => true,
    };
    let first = rows.first()?;
    let known = columns::nested(member, described).filter(|specs| {
        // What only has the name of something known has none of its members.
        specs.iter().take(2).any(|spec| spec.has_something(first))
    });
    let mut specs = match known {
        Some(specs) => specs,
        None if rows.iter().filter_map(Value::as_object).all(|row| row.values().all(is_flat)) => {
            columns::unknown(first, |_| true)
        }
        None => return None,
    };
    // A column with nothing in it says nothing.
    specs.retain(|spec| rows.iter().any(|row| spec.has_something(row)));
    let cells = rows.iter().map(|row| specs.iter().map(|spec| spec.cell(row)).collect()).collect();
    Some(lay_out(&mut specs, cells, true, view))
}
