//! Which lines are findings.

use meho_graph::Finding;
use serde_json::Value;

#[track_caller]
fn check(line: &str, is_finding: bool) {
    let parsed = Finding::parse(line.as_bytes());
    assert_eq!(parsed.is_ok(), is_finding, "{line}: {parsed:?}");
}

const ENTITY: &str = r#"{"entity":{"type":"Pod","id":"a/b","uid":"u","properties":{"x":1},"same_as":[{"type":"VM","by":"provider_id","certain":true,"key":"k"}]}}"#;
const RELATIONSHIP: &str = r#"{"relationship":{"type":"runs_on","from":{"type":"Pod","id":"a/b","uid":"u"},"to":{"type":"Node","id":"n"},"known_by":"spec","certain":true,"properties":{"ready":true,"ports":["http"]}}}"#;

#[test]
fn the_three_forms_are_findings() {
    check(r#"{"reading":"Pod"}"#, true);
    check(ENTITY, true);
    check(RELATIONSHIP, true);
    check(r#"{"entity":{"type":"Node","id":"n","uid":null,"properties":{}}}"#, true);
}

#[test]
fn every_member_that_a_form_needs_has_to_be_there() {
    let optional = ["/entity/same_as", "/relationship/properties", "/relationship/from/uid"];
    for whole in [ENTITY, RELATIONSHIP] {
        let whole: Value = serde_json::from_str(whole).expect("JSON");
        for pointer in pointers(&whole) {
            let mut less = whole.clone();
            let (parent, member) = pointer.rsplit_once('/').expect("a pointer");
            let parent = less.pointer_mut(parent).expect("a place").as_object_mut().expect("an object");
            parent.remove(member);
            check(&less.to_string(), optional.contains(&pointer.as_str()));
        }
    }
}

#[test]
fn no_member_more_than_a_form_has_may_be_there() {
    for whole in [ENTITY, RELATIONSHIP] {
        let whole: Value = serde_json::from_str(whole).expect("JSON");
        let places = ["", "/entity", "/relationship", "/relationship/from", "/relationship/to"];
        for place in places.iter().filter(|place| whole.pointer(place).is_some()) {
            let mut more = whole.clone();
            let object = more.pointer_mut(place).expect("a place").as_object_mut().expect("an object");
            object.insert("extra".to_owned(), Value::Bool(true));
            check(&more.to_string(), false);
        }
    }
}

/// The members of the forms, and of the hint.
fn pointers(whole: &Value) -> Vec<String> {
    let below = |pointer: &str| -> Vec<String> {
        let object = whole.pointer(pointer).and_then(Value::as_object);
        object.into_iter().flat_map(|object| object.keys()).map(|key| format!("{pointer}/{key}")).collect()
    };
    ["/entity", "/relationship", "/relationship/from", "/relationship/to"].into_iter().flat_map(below).collect()
}

#[test]
fn what_only_looks_like_a_form_is_none() {
    for line in [
        "",
        "null",
        "{}",
        "\"reading\"",
        r#"{"reading":""}"#,
        r#"{"reading":"Po d"}"#,
        r#"{"reading":"1Pod"}"#,
        r#"{"reading":null}"#,
        r#"{"reading":"Pod"} {"reading":"Pod"}"#,
        r#"{"reading":"Pod","reading":"Pod"}"#,
        r#"{"stub":{"type":"Pod","id":"x","uid":"u","properties":{}}}"#,
        r#"{"entity":["Pod","x","u",{}]}"#,
        r#"{"entity":{"type":"Pod","id":"","uid":"u","properties":{}}}"#,
        r#"{"entity":{"type":"Pod","id":"x","uid":"","properties":{}}}"#,
        r#"{"entity":{"type":"Pod","id":"x","uid":"u","properties":[]}}"#,
        r#"{"entity":{"type":"Pod","id":"x","uid":"u","properties":null}}"#,
        r#"{"entity":{"type":"Pod","id":"x","uid":"u","properties":{"a":1,"a":2}}}"#,
        r#"{"entity":{"type":"Pod","id":"x","uid":"u","properties":{"a":{"b":1,"b":2}}}}"#,
        r#"{"entity":{"type":"Pod","id":"x","id":"y","uid":"u","properties":{}}}"#,
        r#"{"entity":{"type":"Pod","id":"x","uid":"u","properties":{},"same_as":[{"by":"x","certain":true}]}}"#,
        r#"{"entity":{"type":"Pod","id":"x","uid":"u","properties":{},"same_as":["VM"]}}"#,
        r#"{"relationship":{"type":"a","from":["Pod","x"],"to":{"type":"Pod","id":"y"},"known_by":"spec","certain":true}}"#,
        r#"{"relationship":{"type":"a","from":{"type":"Pod","id":"x"},"to":{"type":"Pod","id":"y"},"known_by":"spec","certain":"yes"}}"#,
        r#"{"relationship":{"type":"a","from":{"type":"Pod","id":"x"},"to":{"type":"Pod","id":"y"},"known_by":"spec","certain":true,"properties":{"n":1}}}"#,
        r#"{"relationship":{"type":"a","from":{"type":"Pod","id":"x"},"to":{"type":"Pod","id":"y"},"known_by":"spec","certain":true,"properties":{"n":[1]}}}"#,
        r#"{"relationship":{"type":"a","from":{"type":"Pod","id":"x"},"to":{"type":"Pod","id":"y"},"known_by":"spec","certain":true,"properties":{"n":true,"n":false}}}"#,
    ] {
        check(line, false);
    }
    assert!(Finding::parse(b"{\"reading\":\"\xff\"}").is_err());
}

#[test]
fn properties_nested_beyond_all_reason_are_refused_and_end_nothing() {
    let deep = format!(
        r#"{{"entity":{{"type":"Pod","id":"x","uid":"u","properties":{{"a":{}1{}}}}}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    check(&deep, false);
}
