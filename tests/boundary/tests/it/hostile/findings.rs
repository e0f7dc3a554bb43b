//! Discovery that finds what it did not say, says less than it found, or reads what it may not.

use crate::fixtures;
use crate::trial::{POD, Trial, a_pod};
use crate::world::{World, target};
use meho_host::error::ErrorCode;
use meho_host::policy::grammar::{DISCOVERY, OperationId};
use meho_host::policy::rules::{Names, TargetRules};
use meho_test_fake::{Expected, Fake};
use serde_json::{Value, json};

fn discovery() -> Trial<'static> {
    Trial::discovery_of(fixtures::BAD_FINDINGS)
}

fn line(line: &str) -> Trial<'static> {
    discovery().with(json!({"how": "a line", "also": Value::from(line).to_string()}))
}

#[test]
fn what_was_not_described_is_not_found() {
    for (how, words) in [
        ("a type that is not described", "has an entity of the type Secret, which was not described"),
        ("a type that is not being read", "has an entity of the type Node, and that is not being read"),
        ("before any reading", "stands before any reading"),
    ] {
        discovery().how(how).fails_saying(ErrorCode::ConnectorFault, words);
    }
    let pod = r#"{"type":"Pod","id":"web"}"#;
    let relation = |name: &str, to: &str| {
        format!(
            r#"{{"relationship":{{"type":"{name}","from":{pod},"to":{{"type":"{to}","id":"a"}},"known_by":"spec","certain":true}}}}"#
        )
    };
    for (name, to) in [("uses", "Secret"), ("runs_on", "Node"), ("uses", "any")] {
        let words = format!("has the relationship Pod {name} {to}, which was not described");
        line(&relation(name, to)).fails_saying(ErrorCode::ConnectorFault, &words);
    }
    let (graph, _) = line(&relation("uses", "Node")).succeeds();
    assert_eq!(graph["relationships"][0]["to"], json!({"type": "Node", "id": "a", "uid": null, "resolved": false}));
}

#[test]
fn a_line_that_is_no_finding_is_the_connectors_fault() {
    let entity = |more: &str| format!(r#"{{"entity":{{"type":"Pod","id":"a","uid":null,"properties":{{}}{more}}}}}"#);
    line(&entity("")).succeeds();
    let end = |name: &str| format!(r#""{name}":{{"type":"Pod","id":"a"}}"#);
    let relation = format!(r#"{{"relationship":{{"type":"uses",{},"known_by":"spec","certain":true}}}}"#, end("from"));
    let lines = [
        "{}",
        r#"{"reading":7}"#,
        r#"{"reading":"Pod","entity":{}}"#,
        r#"{"found":"Pod"}"#,
        r#"{"entity":{"type":"Pod"}}"#,
        &entity(r#","owner":"x""#),
        &entity(r#","same_as":{}"#),
        &entity(r#","same_as":["VM"]"#),
        &entity(r#","uid":"u""#),
        &relation,
    ];
    for text in lines {
        line(text).fails_saying(ErrorCode::ConnectorFault, "is no finding of the contract's form");
    }
    // What is no object is no row of anything.
    for (text, words) in [("[]", "a row is no JSON object"), ("{nothing}", "a row is not JSON")] {
        line(text).fails_saying(ErrorCode::ConnectorFault, words);
    }
}

#[test]
fn a_summary_says_of_everything_once_how_much_was_read() {
    for (how, words) in [
        ("leaves one out", "does not say how much was read of Node"),
        ("says one twice", "has the type Pod twice, or did not describe it"),
        ("says one that is not described", "has the type Secret twice, or did not describe it"),
        ("leaves a relationship out", "does not say how much was read of Pod uses Node"),
        ("says a relationship twice", "has Pod uses Node twice, or did not describe it"),
        ("says a relationship that is not described", "has Pod uses Pod twice, or did not describe it"),
    ] {
        discovery().how(how).fails_saying(ErrorCode::ConnectorFault, words);
    }
    let no_name = json!({"how": "says no name", "also": Value::from("\u{1b}[2J").to_string()});
    discovery().with(no_name).fails_saying(ErrorCode::ConnectorFault, "its summary has a name that is none");
}

#[test]
fn what_is_not_whole_is_not_said_to_be() {
    let (graph, meta) = discovery().succeeds();
    assert!(meta.complete, "{meta:?}");
    assert_eq!(graph["entities"].as_array().expect("a list").len(), 1);
    for how in ["hides a loss", "hides a lost relationship", "says that it lost something"] {
        let (_, meta) = discovery().how(how).succeeds();
        assert!(!meta.complete, "{how}: {meta:?}");
    }
}

#[test]
fn discovery_reads_what_it_said_and_nothing_else() {
    let fake = Fake::expecting([Expected::once("GET", POD, a_pod())]);
    discovery().how("reads a pod").on(&fake).succeeds();
    let ran = discovery().how("reads secrets").denied_by("path");
    assert_eq!(ran.recorded(), [""; 0]);
}

#[test]
fn who_does_not_discover_says_so_and_nothing_runs() {
    let ran = Trial::discovery_of(fixtures::HONEST).run();
    assert_eq!(ran.error().code, ErrorCode::UnknownOperation, "{:?}", ran.error());
    assert!(ran.records.is_empty());
    // It is no operation, and none can be called so.
    let ran = discovery().operation("topology_discover").run();
    assert_eq!(ran.error().code, ErrorCode::UnknownOperation, "{:?}", ran.error());
}

#[test]
fn a_policy_that_does_not_name_discovery_refuses_it() {
    let only = |name: &str| TargetRules {
        operations: Names::Only([OperationId::parse(name).expect("an id")].into()),
        ..TargetRules::unrestricted()
    };
    let fake = Fake::silent();
    let ran = discovery().target(target(&fake).with_rules(only("act"))).within(&World::shared()).run();
    assert_eq!(ran.error().code, ErrorCode::PermissionDenied, "{:?}", ran.error());
    assert!(ran.records.is_empty(), "nothing has run: {:?}", ran.records);
    discovery().target(target(&fake).with_rules(only(DISCOVERY))).succeeds();
}
