//! Rows of lists against the server's own Table, column by column: what `kubectl get -o wide` shows is what a row says.
//!
//! For each list it is written down here how each column's text follows from a row. A column that rows do not answer is there too, with the reason; a
//! column that the server has and that is not here fails, and so does a list without columns.

mod table;
mod text;

use super::case::{Case, Is, cases};
use super::world::World;
use crate::embedded::{Caller, embedded};
use crate::{servers, shapes};
use meho_control_plane::Method;
use meho_host::policy::catalogue::ResultKind;
use serde_json::{Value, json};
use std::time::SystemTime;
use table::{Made, of};

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

/// The first line of an operation whose answer has rows: without a limit, which a Table knows nothing of.
fn case_of(operation: &str) -> Option<&'static Case> {
    cases().iter().find(|case| case.call == operation && case.is == Is::Success && case.arguments["limit"].is_null())
}

/// The request of the operation, as a Table.
fn table(world: &World, operation: &str, arguments: &Value) -> Value {
    let contract = shapes::operation(operation);
    let namespace = arguments["namespace"].as_str();
    let requests = contract["requests"].as_array().expect("requests");
    let paths = requests.iter().filter_map(|request| request["path"].as_str());
    let path = paths.into_iter().find(|path| path.contains("{namespace}") == namespace.is_some()).expect("a path");
    let mut path = path.replace("{namespace}", namespace.unwrap_or_default()) + "?";
    for (argument, key) in [("label_selector", "labelSelector"), ("field_selector", "fieldSelector")] {
        if let Some(selector) = arguments[argument].as_str() {
            let escaped = selector.replace('=', "%3D").replace(',', "%2C");
            path.push_str(&format!("{key}={escaped}&"));
        }
    }
    let answer = world.cluster().admin().request(Method::GET, &path, &[("accept", TABLE)], None).expect("an answer");
    serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What of a row is not as the server's row has it.
fn differences(
    columns: &[(&str, Made)],
    names: &[&str],
    cells: &Value,
    row: &Value,
    times: [SystemTime; 2],
) -> Vec<String> {
    let mut found = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let shown = match &cells[index] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let Some((_, made)) = columns.iter().find(|(known, _)| known == name) else { continue };
        let expected = match made {
            Made::By(text) | Made::Begins(text) => vec![text(row)],
            Made::Since(text) => times.map(|now| text(row, now)).to_vec(),
            Made::Not(_) => continue,
        };
        let is_same = match made {
            Made::Begins(_) => {
                shown.strip_prefix(&expected[0]).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ',']))
            }
            Made::By(_) | Made::Since(_) | Made::Not(_) => expected.contains(&shown),
        };
        if !is_same {
            found.push(format!("{} of {}: the server has {shown:?}, the row says {expected:?}", name, row["name"]));
        }
    }
    found
}

#[test]
fn rows_are_what_the_server_itself_shows_in_every_column() {
    let Some(real) = servers::real() else { return };
    let world = World::make(&real);
    let caller = Caller::admin(&real);
    let mut wrong = Vec::new();
    for operation in embedded().connector.catalogue().operations() {
        let id = operation.id.as_str();
        if operation.kind != ResultKind::List || !id.starts_with("list_") {
            continue;
        }
        let Some(columns) = of(id) else {
            wrong.push(format!("{id}: nobody has written down its columns"));
            continue;
        };
        let Some(case) = case_of(id) else {
            wrong.push(format!("{id}: no line of it succeeds"));
            continue;
        };
        let arguments = world.filled(&case.arguments);
        let before = SystemTime::now();
        let table = table(&world, id, &arguments);
        let after = SystemTime::now();
        let rows = caller.answer(id, arguments).0;
        wrong.extend(
            compare(columns, &table, rows.as_array().expect("rows"), [before, after])
                .into_iter()
                .map(|it| format!("{id}: {it}")),
        );
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

fn compare(columns: &[(&str, Made)], table: &Value, rows: &[Value], times: [SystemTime; 2]) -> Vec<String> {
    let none = Vec::new();
    let names: Vec<&str> =
        table["columnDefinitions"].as_array().unwrap_or(&none).iter().filter_map(|it| it["name"].as_str()).collect();
    let unknown = names.iter().filter(|name| !columns.iter().any(|(known, _)| known == *name));
    let mut wrong: Vec<String> = unknown.map(|name| format!("the column {name} is not written down")).collect();
    let gone = columns.iter().filter(|(known, _)| !names.contains(known));
    wrong.extend(gone.map(|(known, _)| format!("the server has no column {known}")));
    let shown = table["rows"].as_array().unwrap_or(&none);
    if rows.is_empty() || rows.len() != shown.len() {
        wrong.push(format!("{} rows, and the server has {}", rows.len(), shown.len()));
    }
    for line in shown {
        let uid = &line["object"]["metadata"]["uid"];
        match rows.iter().find(|row| row["uid"] == *uid) {
            Some(row) => wrong.extend(differences(columns, &names, &line["cells"], row, times)),
            None => wrong.push(format!("no row is of {}", line["object"]["metadata"]["name"])),
        }
    }
    wrong
}

#[test]
fn a_column_that_is_another_or_that_nobody_knows_is_told() {
    let columns = of("list_configmaps").expect("columns");
    let table = |names: &[&str], cells: Value| {
        let definitions: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        json!({"columnDefinitions": definitions, "rows": [{"cells": cells, "object": {"metadata": {"name": "one", "uid": "u"}}}]})
    };
    let row = json!({"name": "one", "uid": "u", "data": {"a": "1"}, "binary_data_keys": ["b"], "created": null});
    let told = |table: Value, row: Value| compare(columns, &table, &[row], [SystemTime::now(); 2]);
    let names = ["Name", "Data", "Age"];
    assert_eq!(told(table(&names, json!(["one", 2, "<unknown>"])), row.clone()), Vec::<String>::new());
    assert_eq!(
        told(table(&names, json!(["one", 3, "<unknown>"])), row.clone()),
        [r#"Data of "one": the server has "3", the row says ["2"]"#]
    );
    assert_eq!(
        told(table(&["Name", "Data", "Age", "Colour"], json!(["one", 2, "<unknown>", "red"])), row.clone()),
        ["the column Colour is not written down"]
    );
    assert_eq!(told(table(&["Name", "Data"], json!(["one", 2])), row), ["the server has no column Age"]);
}
