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

/// Rows as a table.
pub(crate) fn rows(rows: &[Value], entity: Option<&str>) -> String {
    if rows.is_empty() {
        return "nothing found\n".to_owned();
    }
    let known = entity.and_then(|entity| COLUMNS.iter().find(|(name, _)| *name == entity)).map(|(_, columns)| *columns);
    let columns: Vec<(String, &str)> = match known {
        Some(columns) => columns.iter().map(|(heading, member)| ((*heading).to_owned(), *member)).collect(),
        None => short_members(&rows[0]),
    };
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(columns.iter().map(|(heading, _)| heading));
    for row in rows {
        table.add_row(columns.iter().map(|(_, member)| cell(row.get(member).unwrap_or(&Value::Null))));
    }
    format!("{table}\n")
}

/// The members that fit a cell.
fn short_members(row: &Value) -> Vec<(String, &str)> {
    let members = row.as_object().into_iter().flatten();
    members
        .filter(|(_, value)| !value.is_object() && !value.is_array())
        .map(|(name, _)| (name.to_uppercase(), name.as_str()))
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
