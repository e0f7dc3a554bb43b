//! Results that are none: rows, objects, failures, and what is said about them.

use crate::fixtures;
use crate::trial::{POD, Trial, a_pod};
use crate::world::World;
use meho_host::error::ErrorCode;
use meho_test_fake::{Answer, Body, Expected, Fake, Settings, Then};
use serde_json::json;

#[test]
fn a_row_that_is_none_is_the_connectors_fault() {
    for (how, words) in [
        ("nothing", "a row does not end with a line feed"),
        ("no line feed", "a row does not end with a line feed"),
        ("an empty line", "a row is no JSON object"),
        ("not JSON", "a row is not JSON"),
        ("an array", "a row is no JSON object"),
        ("two on a line", "a row is more than one JSON value"),
        ("half", "a row is not JSON"),
        ("not UTF-8", "a row is not JSON"),
        ("too deep", "nested too deeply"),
    ] {
        Trial::of(fixtures::BAD_ROWS).how(how).fails_saying(ErrorCode::ConnectorFault, words);
    }
    Trial::of(fixtures::BAD_ROWS).how("too long").runs_out_of("row_bytes");
    let (data, meta) = Trial::of(fixtures::BAD_ROWS).how("well").succeeds();
    assert_eq!((data, meta.returned), (json!([{}]), 1));
}

#[test]
fn an_object_that_is_none_is_the_connectors_fault() {
    for (how, words) in [
        ("none", "it returns nothing where an object was promised"),
        ("nothing", "its result is no JSON object"),
        ("not JSON", "its result is not JSON"),
        ("an array", "its result is no JSON object"),
        ("two", "its result is more than one JSON value"),
        ("too deep", "nested too deeply"),
    ] {
        Trial::of(fixtures::BAD_OBJECT).how(how).fails_saying(ErrorCode::ConnectorFault, words);
    }
    Trial::of(fixtures::BAD_OBJECT).how("too long").runs_out_of("row_bytes");
    Trial::of(fixtures::BAD_OBJECT).how("far too long").runs_out_of("hostcall_bytes");
    let (data, meta) = Trial::of(fixtures::BAD_OBJECT).how("well").succeeds();
    assert_eq!((data, meta.returned), (json!({}), 1));
}

#[test]
fn rows_of_an_operation_that_returns_an_object_are_the_connectors_fault() {
    Trial::of(fixtures::ROWS_OF_AN_OBJECT).fails_saying(ErrorCode::ConnectorFault, "rows were pushed");
}

#[test]
fn an_object_of_an_operation_that_has_rows_is_the_connectors_fault() {
    let words = "it returns an object where rows were promised";
    Trial::of(fixtures::OBJECT_OF_A_LIST).fails_saying(ErrorCode::ConnectorFault, words);
}

#[test]
fn a_guest_cannot_claim_that_no_answer_came() {
    let read = || Fake::expecting([Expected::once("GET", POD, a_pod())]);
    let failing = |how: &'static str| Trial::of(fixtures::BAD_FAILURE).how(how);
    failing("no answer")
        .on(&read())
        .fails_saying(ErrorCode::ConnectorFault, "it says that no answer came, and one did");
    failing("unknown operation").on(&read()).fails_saying(ErrorCode::ConnectorFault, "does not know its own operation");
}

#[test]
fn a_failure_is_cut_to_what_anybody_reads() {
    let fake = Fake::expecting([Expected::once("GET", POD, a_pod())]);
    let ran = Trial::of(fixtures::BAD_FAILURE).how("long").on(&fake).run();
    let error = ran.error();
    assert_eq!(error.code, ErrorCode::InvalidRequest);
    assert_eq!(error.message.chars().count(), 1001);
    assert_eq!(error.details["argument"].as_str().map(|text| text.chars().count()), Some(1001));
    assert_eq!(error.details["candidates"].as_array().map(Vec::len), Some(20));
}

#[test]
fn who_says_nothing_of_what_to_do_has_it_said_by_the_host() {
    for (how, code) in [("nothing to do", ErrorCode::NotFound), ("long", ErrorCode::InvalidRequest)] {
        let fake = Fake::expecting([Expected::once("GET", POD, a_pod())]);
        let ran = Trial::of(fixtures::BAD_FAILURE).how(how).on(&fake).run();
        let error = ran.error();
        assert!(error.is_from_connector() && error.has_usual_hint(), "{error:?}");
        assert_eq!((error.code, error.hint.as_str()), (code, code.usual_hint()));
    }
}

#[test]
fn what_is_said_about_an_answer_is_cut_to_what_anybody_reads() {
    let (_, meta) = Trial::of(fixtures::TALKS_TOO_MUCH).succeeds();
    assert_eq!(meta.warnings.len(), 100);
    assert!(meta.warnings.iter().all(|warning| warning.chars().count() == 1001));
    assert_eq!(meta.token.map(|token| token.len()), Some(8192));
    assert_eq!(meta.resource_version.map(|version| version.len()), Some(8192));
}

#[test]
fn a_loss_that_the_guest_hides_is_told_by_the_host() {
    let lost = |answer: Answer, words: &str| {
        let fake = Fake::expecting_with(Settings::http1(), [Expected::once("GET", POD, answer)]);
        let (data, meta) = Trial::of(fixtures::HIDES_A_LOSS).on(&fake).succeeds();
        assert_eq!((data, meta.complete), (json!({"all": "well"}), false), "{words}");
        assert!(meta.warnings.iter().any(|warning| warning.contains(words)), "{words:?} is not in {:?}", meta.warnings);
    };
    let piece = || vec![br#"{"metadata":"#.as_slice().into()];
    lost(a_pod().body(Body::Cut(piece())), "an answer of the target is not whole");
    lost(a_pod().header("content-length", "1000").then(Then::Close), "an answer of the target is not whole");
    lost(a_pod().header("content-encoding", "gzip"), "an answer of the target cannot be read");
    lost(a_pod().header("content-encoding", "br"), "another than gzip");
}

#[test]
fn a_request_that_is_never_answered_is_told_by_the_host() {
    // Reads are tried three times.
    let broken = || Answer::nothing(Then::Close);
    let fake =
        Fake::expecting_with(Settings::http1(), [Expected::times("GET", POD, vec![broken(), broken(), broken()])]);
    let (_, meta) = Trial::of(fixtures::HIDES_A_LOSS).on(&fake).succeeds();
    assert!(!meta.complete);
}

#[test]
fn a_whole_answer_is_complete() {
    let fake = Fake::expecting([Expected::once("GET", POD, a_pod())]);
    let (_, meta) = Trial::of(fixtures::HIDES_A_LOSS).on(&fake).succeeds();
    assert!(meta.complete && meta.warnings.is_empty(), "{meta:?}");
}

#[test]
fn a_list_that_breaks_off_is_not_complete() {
    let pods = "/api/v1/namespaces/default/pods";
    let first = Answer::json(r#"{"metadata":{"continue":"next"},"items":[{},{}]}"#);
    let cut = Answer::json("").body(Body::Cut(vec![br#"{"metadata":{},"items":[{"#.as_slice().into()]));
    let expected = [
        Expected::once("GET", &format!("{pods}?limit=500"), first),
        Expected::once("GET", &format!("{pods}?continue=next&limit=500"), cut),
    ];
    let fake = Fake::expecting_with(Settings::http1(), expected);
    let (data, meta) = Trial::of(fixtures::HONEST_LIST).on(&fake).succeeds();
    assert_eq!(data[0], json!({"status": 200, "items": 2}));
    assert!(!meta.complete, "{meta:?}");
}

#[test]
fn rows_for_ever_run_out_of_their_budget() {
    let ran = Trial::of(fixtures::ENDLESS_ROWS).within(&World::tight()).runs_out_of("rows_bytes");
    assert!(ran.records[0].usage.rows > 0);
}
