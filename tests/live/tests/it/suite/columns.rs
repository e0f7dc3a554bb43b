//! Rows of lists against the server's own Table, column by column: what `kubectl get -o wide` shows is what a row says.
//!
//! How each column's text follows from a row the catalogue describes; what it does not, the file of the kind says (`data/kinds`). A column that rows do not answer is
//! there too, with the reason; a column that the server has and that nobody knows fails, and so does a list without a file.

mod table;
mod text;

use super::case::{Case, Is, cases};
use super::world::World;
use crate::embedded::{Caller, embedded};
use crate::objects::{SOON, containers};
use crate::{servers, shapes};
use meho_control_plane::{Cluster, FATE, Method, until};
use meho_host::policy::catalogue::ResultKind;
use serde_json::{Value, json};
use std::time::SystemTime;
use table::{Column, is, of};

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

/// The first line of an operation whose answer has rows: without a limit, which a Table knows nothing of.
fn case_of(operation: &str) -> Option<&'static Case> {
    cases().iter().find(|case| case.call == operation && case.is == Is::Success && case.arguments["limit"].is_null())
}

/// The request of the operation, as a Table.
fn table(cluster: &Cluster, operation: &str, arguments: &Value) -> Value {
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
    let answer = cluster.admin().request(Method::GET, &path, &[("accept", TABLE)], None).expect("an answer");
    serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What is in no namespace, and gone when this is dropped.
struct Gone<'c>(&'c Cluster, String);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        let _ = self.0.admin().delete(&self.1);
    }
}

/// What of a row is not as the server's row has it.
fn differences(columns: &[Column], names: &[&str], cells: &Value, row: &Value, times: [SystemTime; 2]) -> Vec<String> {
    let mut found = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let shown = match &cells[index] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let made = columns.iter().find(|column| is(column, name)).and_then(|column| column.made.as_ref());
        let Some(made) = made else { continue };
        let mut expected = times.map(|now| made.text(row, now)).to_vec();
        expected.dedup();
        let begins = |text: &String| {
            shown.strip_prefix(text).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ',']))
        };
        if !(expected.contains(&shown) || made.begins && expected.iter().any(begins)) {
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
        let table = table(&real, id, &arguments);
        let after = SystemTime::now();
        let rows = caller.answer(id, arguments).0;
        wrong.extend(
            compare(&columns, &table, rows.as_array().expect("rows"), [before, after])
                .into_iter()
                .map(|it| format!("{id}: {it}")),
        );
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

fn compare(columns: &[Column], table: &Value, rows: &[Value], times: [SystemTime; 2]) -> Vec<String> {
    let none = Vec::new();
    let names: Vec<&str> =
        table["columnDefinitions"].as_array().unwrap_or(&none).iter().filter_map(|it| it["name"].as_str()).collect();
    let unknown = names.iter().filter(|name| !columns.iter().any(|column| is(column, name)));
    let mut wrong: Vec<String> = unknown.map(|name| format!("the column {name} is not written down")).collect();
    let gone = columns.iter().filter(|column| column.is_written && !names.iter().any(|name| is(column, name)));
    wrong.extend(gone.map(|column| format!("the server has no column {}", column.name)));
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

/// kwok's own stages of chaos play what has such a label. What their annotations say begins with it too.
const CONTAINER_FAILS: &str = "pod-container-running-failed.stage.kwok.x-k8s.io";
const INIT_FAILS: &str = "pod-init-container-running-failed.stage.kwok.x-k8s.io";
const NODE_FAILS: &str = "node-not-ready.stage.kwok.x-k8s.io";

#[test]
fn rows_of_pods_and_nodes_that_go_wrong_by_themselves_are_what_the_server_shows() {
    let Some(real) = servers::real() else { return };
    let namespace = real.namespace().expect("a namespace");
    // What each pod is labelled with and told, and how it is shown in the end.
    let why = |stage: &str, what: &[(&str, &str)]| -> Value {
        what.iter().map(|(key, value)| (format!("{stage}/{key}"), json!(value))).collect()
    };
    let oom = [("container-name", "app"), ("reason", "OOMKilled"), ("exit-code", "137")];
    let pods = [
        ("crashing", FATE, "crashes", json!({}), json!(["0/2", "CrashLoopBackOff", 4])),
        ("without-image", FATE, "has-no-image", json!({}), json!(["0/2", "ImagePullBackOff", 0])),
        ("never-started", FATE, "never-starts", json!({}), json!(["0/2", "Init:CrashLoopBackOff", 2])),
        ("failed", CONTAINER_FAILS, "true", json!({}), json!(["0/2", "containerFailed", 0])),
        ("too-large", CONTAINER_FAILS, "true", why(CONTAINER_FAILS, &oom), json!(["1/2", "OOMKilled", 0])),
        ("not-set-up", INIT_FAILS, "true", why(INIT_FAILS, &[("reason", "Error")]), json!(["0/2", "Init:Error", 0])),
    ];
    for (name, label, value, annotations, _) in &pods {
        let init = json!([{"name": "first", "image": "registry.example.com/first:1"}, {"name": "second", "image": "registry.example.com/second:1"}]);
        let mut spec = json!({"containers": containers(&["app", "sidecar"])});
        if *value == "never-starts" || *label == INIT_FAILS {
            spec["initContainers"] = init;
        }
        let metadata = json!({"name": name, "labels": {*label: value}, "annotations": annotations});
        namespace
            .create(json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}))
            .expect("a pod");
    }
    let node = Gone(&real, format!("/api/v1/nodes/{namespace}-failing"));
    let labels = json!({"suite": namespace.name(), NODE_FAILS: "true"});
    let metadata = json!({"name": format!("{namespace}-failing"), "labels": labels});
    let taint = json!({"key": "meho.dev/failing", "effect": "NoSchedule"});
    let failing = json!({"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": {"taints": [taint]}});
    real.admin().create(&failing).expect("a node");

    let caller = Caller::admin(&real);
    let lists = [
        ("list_pods", json!({"namespace": namespace.name()})),
        ("list_nodes", json!({"label_selector": format!("suite={namespace}")})),
    ];
    let is_as_fated = |rows: &[Value]| {
        pods.iter().all(|(name, .., fate)| {
            let row = rows.iter().find(|row| row["name"] == *name);
            row.is_some_and(|row| json!([row["ready"], row["status"], row["restarts"]]) == *fate)
        })
    };
    let rows_of = |(operation, arguments): &(&str, Value)| caller.data(operation, arguments.clone());
    let mut last = Value::Null;
    let come = until(SOON, || {
        last = json!([rows_of(&lists[0]), rows_of(&lists[1])]);
        let nodes = last[1].as_array().expect("rows");
        let is_lost = nodes.len() == 1 && nodes[0]["status"] == "NotReady";
        (is_as_fated(last[0].as_array().expect("rows")) && is_lost).then_some(())
    });
    assert!(come.is_some(), "they have come to something else: {last:#}");
    for list @ (operation, arguments) in &lists {
        let before = SystemTime::now();
        let table = table(&real, operation, arguments);
        let times = [before, SystemTime::now()];
        let wrong = compare(&of(operation).expect("columns"), &table, rows_of(list).as_array().expect("rows"), times);
        assert_eq!(wrong, Vec::<String>::new(), "{operation}");
    }
    drop(node);
}

#[test]
fn a_column_that_is_another_or_that_nobody_knows_is_told() {
    let columns = of("list_endpoints").expect("columns");
    let table = |names: &[&str], cells: Value| {
        let definitions: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        json!({"columnDefinitions": definitions, "rows": [{"cells": cells, "object": {"metadata": {"name": "one", "uid": "u"}}}]})
    };
    let row = json!({"name": "one", "uid": "u", "subsets": [{"addresses": [{"ip": "192.0.2.1"}], "ports": [{"port": 80}]}], "created": null});
    let told = |table: Value, row: Value| compare(&columns, &table, &[row], [SystemTime::now(); 2]);
    let names = ["Name", "Endpoints", "Age"];
    assert_eq!(told(table(&names, json!(["one", "192.0.2.1:80", "<unknown>"])), row.clone()), Vec::<String>::new());
    assert_eq!(
        told(table(&names, json!(["one", "192.0.2.2:80", "<unknown>"])), row.clone()),
        [r#"Endpoints of "one": the server has "192.0.2.2:80", the row says ["192.0.2.1:80"]"#]
    );
    assert_eq!(
        told(
            table(&["Name", "Endpoints", "Age", "Colour"], json!(["one", "192.0.2.1:80", "<unknown>", "red"])),
            row.clone()
        ),
        ["the column Colour is not written down"]
    );
    assert_eq!(
        told(table(&["Name", "Endpoints"], json!(["one", "192.0.2.1:80"])), row),
        ["the server has no column Age"]
    );
}
