//! What a guest can see of the process around it, of other calls, and of its own run; and what its end does to them.

use crate::fixtures;
use crate::trial::{POD, SCALE, Trial, a_pod, run};
use crate::world::World;
use meho_host::error::ErrorCode;
use meho_test_fake::{Answer, Expected, Fake};
use serde_json::json;

#[test]
fn every_call_has_an_instance_of_its_own() {
    for _ in 0..3 {
        let (data, _) = Trial::of(fixtures::KEEPS_STATE).succeeds();
        assert_eq!(data, json!({"calls": 1}));
    }
}

#[test]
fn there_is_nothing_to_see_around() {
    let (data, _) = Trial::of(fixtures::LOOKS_AROUND).succeeds();
    assert_eq!(data["environment"], json!([]));
    assert_eq!(data["arguments"], json!([]));
    assert_eq!(data["directory"], json!(null));
    assert_eq!(data["input"], json!("Err(StreamError::Closed)"));
    assert_eq!(data["terminals"], json!([false, false, false]));
}

#[test]
fn the_clock_stands_still_during_a_call() {
    let fake = Fake::expecting([Expected::once("GET", POD, a_pod())]);
    let (data, _) = Trial::of(fixtures::LOOKS_AT_THE_CLOCK).on(&fake).succeeds();
    assert_eq!(data["before"], data["after"]);
    assert_eq!(data["before"][1], json!(0), "finer than a second");
}

#[test]
fn two_calls_throw_other_dice() {
    let thrown = || {
        let fake = Fake::expecting([Expected::once("GET", POD, a_pod())]);
        Trial::of(fixtures::LOOKS_AT_THE_CLOCK).on(&fake).succeeds().0["dice"].clone()
    };
    assert_ne!(thrown(), thrown());
}

#[test]
fn a_guest_cannot_tell_a_plan_from_its_execution() {
    let fake = Fake::expecting([
        Expected::times("GET", POD, vec![a_pod(), a_pod()]),
        Expected::once("PATCH", SCALE, Answer::json("{}")),
    ]);
    // In an order that is not the one in which plans keep arguments.
    let arguments = json!({"selector": "a=b", "replicas": 3, "how": "x", "also": "y"});
    let ran = Trial::of(fixtures::ASKS_WHETHER_IT_IS_A_PLAN).with(arguments).on(&fake).run();
    assert_eq!(ran.answer().0["status"], json!(200));
    let [plan, execution] = &ran.records[..] else { panic!("a plan and an execution: {:?}", ran.records) };
    assert!(plan.guest_log[0].text.contains("runs before"), "{:?}", plan.guest_log);
    assert_eq!(plan.guest_log, execution.guest_log);
}

#[test]
fn a_trap_is_the_connectors_fault() {
    Trial::of(fixtures::TRAPS).fails_saying(ErrorCode::ConnectorFault, "unreachable");
}

#[test]
fn a_panics_text_is_the_guests_and_stays_in_its_log() {
    let ran = Trial::of(fixtures::PANICS).how("all is lost").fails_saying(ErrorCode::ConnectorFault, "unreachable");
    assert!(!format!("{:?}", ran.error()).contains("all is lost"));
    assert!(ran.records[0].guest_log.iter().any(|line| line.text.contains("all is lost")), "{:?}", ran.records);
}

#[test]
fn an_exit_ends_the_call_and_nothing_else() {
    for times in [0, 1] {
        let exiting = Trial::of(fixtures::EXITS).with(json!({"times": times}));
        exiting.fails_saying(ErrorCode::ConnectorFault, "it called exit");
    }
}

#[test]
fn endless_recursion_is_the_connectors_fault() {
    Trial::of(fixtures::RECURSES).fails_saying(ErrorCode::ConnectorFault, "call stack exhausted");
}

#[test]
fn a_hundred_traps_take_no_slot_from_anybody() {
    run(async {
        // More than there are slots for calls at a time.
        for _ in 0..100 {
            let ran = Trial::of(fixtures::TRAPS).go().await;
            assert_eq!(ran.error().code, ErrorCode::ConnectorFault);
        }
        crate::trial::serves_an_honest_guest(&World::shared()).await;
    });
}
