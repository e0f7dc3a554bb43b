//! Tables for people: the columns an operator looks for first, then whatever else is short.

use crate::text::{safe, safe_lines};
use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use serde_json::Value;
use std::fmt::Write as _;

/// Columns of the entities whose rows have more members than a terminal has room for: heading, and the member or members that make it.
const COLUMNS: [(&str, &[(&str, &str)]); 2] = [
    (
        "Pod",
        &[
            ("NAMESPACE", "namespace"),
            ("NAME", "name"),
            ("READY", "ready"),
            ("STATUS", "status"),
            ("RESTARTS", "restarts"),
            ("NODE", "node_name"),
            ("IP", "pod_ip"),
            ("CREATED", "created"),
        ],
    ),
    (
        "Deployment",
        &[
            ("NAMESPACE", "namespace"),
            ("NAME", "name"),
            ("READY", "ready_replicas"),
            ("WANTED", "replicas"),
            ("UP-TO-DATE", "updated_replicas"),
            ("AVAILABLE", "available_replicas"),
            ("IMAGES", "images"),
            ("CREATED", "created"),
        ],
    ),
];

/// Most rows, and bytes, that are laid out at a time: a cell takes many times the memory of what stands in it.
const MAX_ROWS: usize = 1000;
const MAX_BYTES: usize = 4 << 20;
/// Most columns of an entity that is not known.
const MAX_COLUMNS: usize = 16;

/// Rows as a table, so many at a time. Those of a longer list stand under one heading, in columns as wide as each part of it needs.
pub(crate) struct Rows {
    /// Heading and member.
    columns: Option<Vec<(String, String)>>,
    /// What is laid out and not taken yet; none where nothing came since.
    table: Option<Table>,
    rows: usize,
    bytes: usize,
}

impl Rows {
    /// None yet, of an entity.
    pub(crate) fn of(entity: Option<&str>) -> Self {
        let known = entity.and_then(|entity| COLUMNS.iter().find(|(name, _)| *name == entity));
        let owned = |(heading, member): &(&str, &str)| ((*heading).to_owned(), (*member).to_owned());
        let columns = known.map(|(_, columns)| columns.iter().map(owned).collect());
        Self { columns, table: None, rows: 0, bytes: 0 }
    }

    /// One more. The first says what columns there are, where the entity is not known.
    pub(crate) fn push(&mut self, row: &Value) {
        let columns = self.columns.get_or_insert_with(|| short_members(row));
        let is_first = self.rows == 0;
        let table = self.table.get_or_insert_with(|| empty(if is_first { columns } else { &[] }));
        let cells: Vec<String> =
            columns.iter().map(|(_, member)| cell(row.get(member).unwrap_or(&Value::Null))).collect();
        self.rows += 1;
        self.bytes += cells.iter().map(String::len).sum::<usize>();
        table.add_row(cells);
    }

    /// Whether no more should come before what is laid out has been taken.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= MAX_BYTES || self.table.as_ref().is_some_and(|table| table.row_count() >= MAX_ROWS)
    }

    /// The lines of what came since the last time.
    pub(crate) fn take(&mut self) -> String {
        self.bytes = 0;
        match self.table.take() {
            Some(table) => format!("{table}\n"),
            None if self.rows == 0 => "nothing found\n".to_owned(),
            None => String::new(),
        }
    }
}

fn empty(columns: &[(String, String)]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if !columns.is_empty() {
        table.set_header(columns.iter().map(|(heading, _)| heading));
    }
    table
}

/// The members that fit a cell. Their names are a row's, and a row is a guest's.
fn short_members(row: &Value) -> Vec<(String, String)> {
    let members = row.as_object().into_iter().flatten();
    members
        .filter(|(_, value)| !value.is_object() && !value.is_array())
        .map(|(name, _)| (safe(&name.to_uppercase()), name.clone()))
        .take(MAX_COLUMNS)
        .collect()
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => safe(text),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(","),
        other => safe(&other.to_string()),
    }
}

/// One object: a log as it is, anything else member by member.
pub(crate) fn object(object: &Value, entity: Option<&str>) -> String {
    if let (None, Some(Value::String(logs))) = (entity, object.get("logs")) {
        let mut text = safe_lines(logs);
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        return text;
    }
    let mut out = String::new();
    write_members(object, 0, &mut out);
    out
}

fn write_members(value: &Value, indent: usize, out: &mut String) {
    const FAILS_NOT: &str = "writing into a String never fails";
    let Value::Object(members) = value else { return };
    let pad = " ".repeat(indent);
    for (name, value) in members {
        let name = safe(name);
        match value {
            Value::Object(inner) if inner.is_empty() => writeln!(out, "{pad}{name}: none").expect(FAILS_NOT),
            Value::Object(_) => {
                writeln!(out, "{pad}{name}:").expect(FAILS_NOT);
                write_members(value, indent + 2, out);
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                writeln!(out, "{pad}{name}:").expect(FAILS_NOT);
                for item in items {
                    let mut inner = String::new();
                    write_members(item, indent + 4, &mut inner);
                    // The first member of an item stands behind its dash.
                    let first = inner.get(indent + 4..).unwrap_or_default();
                    write!(out, "{pad}  - {first}").expect(FAILS_NOT);
                }
            }
            Value::Array(items) if items.is_empty() => writeln!(out, "{pad}{name}: none").expect(FAILS_NOT),
            other => writeln!(out, "{pad}{name}: {}", cell(other)).expect(FAILS_NOT),
        }
    }
}
