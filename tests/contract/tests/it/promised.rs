//! What the contract says of operations beside shapes and parameters: the requests that each makes at the least, and what is to be there beyond them.

use crate::contract::{Operation, checked, contract, effects_of, entry};
use meho_kubernetes::operation::Returns;
use serde_json::Value;
use std::collections::BTreeSet;

/// What of `beyond` is not a name, and where it is to be found: members or parameters, or nothing where another suite shows it.
const IN_WORDS: [(&str, &[&str]); 22] = [
    ("EndpointSlice source", &["source"]),
    ("active job names", &["active_job_names"]),
    ("allocated requests and limits totals (as kubectl describe node)", &["allocated_resources"]),
    ("continue_token", &["continue"]),
    ("controller owner", &["controller"]),
    ("csi driver and volume handle", &["csi"]),
    ("events of owned ReplicaSets and Pods", &["events"]),
    ("events sorted newest first with last_seen from series/eventTime", &["events"]),
    ("generation after patch", &["generation"]),
    ("lease/heartbeat age", &["lease"]),
    ("matching pods", &["pods"]),
    ("newest-first ordering", &[]),
    ("newest-first ordering by series.lastObservedTime, lastTimestamp, eventTime", &[]),
    ("pods summary", &["pods"]),
    // Said in `meta`, or by an error.
    ("redaction of last-applied-configuration", &[]),
    ("refusal when paused", &[]),
    ("resolved container name", &["container"]),
    ("resource backend", &["resource"]),
    ("target_ref on not-ready addresses", &["target_ref"]),
    ("value lengths", &["values", "bytes"]),
    ("warning when an HPA targets the deployment", &[]),
    ("claim_ref.uid", &["claim_ref"]),
];

/// What the host takes of every operation that writes.
const OF_THE_HOST: &str = "dry_run";

/// The names that must be found for an entry of `beyond`.
fn names(entry: &str) -> Vec<String> {
    if let Some((_, names)) = IN_WORDS.iter().find(|(words, _)| *words == entry) {
        return names.iter().map(|name| (*name).to_owned()).collect();
    }
    vec![entry.split(|c: char| !c.is_ascii_lowercase() && c != '_').next().unwrap_or_default().to_owned()]
}

/// Members of a schema, however deep.
fn members(schema: &Value, found: &mut BTreeSet<String>) {
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        found.insert(name.clone());
        members(member, found);
    }
    if schema["items"].is_object() {
        members(&schema["items"], found);
    }
}

#[test]
fn what_is_to_be_there_beyond_the_contract_is_there() {
    let mut missing = Vec::new();
    let mut used = BTreeSet::new();
    for operation in &contract().operations {
        for entry in &operation.beyond {
            used.insert(entry.clone());
            missing.extend(missing_of(operation, entry));
        }
    }
    assert_eq!(missing, Vec::<String>::new());
    let stale: Vec<_> = IN_WORDS.iter().filter(|(words, _)| !used.contains(*words)).collect();
    assert!(stale.is_empty(), "{stale:?}");
}

fn missing_of(operation: &Operation, promised: &str) -> Vec<String> {
    let entry = entry(&operation.id);
    let mut found: BTreeSet<String> = checked(entry).0.parameters().keys().cloned().collect();
    found.insert(OF_THE_HOST.to_owned());
    let schema: Value = serde_json::from_str(&entry.built.schema()).expect("a schema is JSON");
    if !promised.contains("(param)") {
        members(&schema, &mut found);
    }
    // Of rows, that is said in `meta`.
    if entry.returns == Returns::List {
        found.insert("truncated".to_owned());
    }
    let lacking = names(promised).into_iter().filter(|name| !found.contains(name));
    lacking.map(|name| format!("{}: {name}, for {promised:?}", operation.id)).collect()
}

#[test]
fn every_request_of_the_contract_is_one_of_the_operations_effects() {
    for operation in &contract().operations {
        let effects = effects_of(&(entry(&operation.id).effects)());
        let shown: Vec<(String, String)> =
            effects.iter().map(|effect| (effect.method.as_str().to_owned(), path(&effect.shown_path()))).collect();
        for request in operation.requests.iter().chain(&operation.optional_requests) {
            let wanted = (request.method.clone(), request.path.clone());
            assert!(shown.contains(&wanted), "{}: {wanted:?} is none of {shown:#?}", operation.id);
        }
    }
}

/// A path of the contract. A name that may be begun is a name, and so is one that stood in an earlier answer.
fn path(shown: &str) -> String {
    let mut path = String::new();
    let mut rest = shown.replace("…}", "}");
    while let Some((before, after)) = rest.split_once('{') {
        let (varies, after) = after.split_once('}').expect("braces are closed");
        let name = if varies.ends_with("/metadata/name") { "name" } else { varies };
        path.push_str(&format!("{before}{{{name}}}"));
        rest = after.to_owned();
    }
    path + &rest
}
