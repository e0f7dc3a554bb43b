//! Components that are refused before anything of them is called.

use crate::fixtures;
use crate::trial::{Trial, run, serves_an_honest_guest};
use crate::world::World;
use meho_host::error::ErrorCode;

/// It must be refused with these words, and nothing of it may have run.
#[track_caller]
fn is_refused(component: &'static [u8], words: &str) {
    let ran = Trial::of(component).fails_saying(ErrorCode::ConnectorFault, words);
    assert!(ran.error().message.contains("the component is refused"), "{:?}", ran.error());
    assert!(ran.records.is_empty(), "it was called: {:?}", ran.records);
}

#[test]
fn an_import_outside_the_world_is_refused_by_name() {
    is_refused(fixtures::IMPORTS_SOCKETS, "wasi:sockets/tcp@");
}

#[test]
fn an_import_outside_the_world_is_found_before_anything_is_compiled() {
    // It also wants more memory than an engine compiles for, which the next one is refused for.
    is_refused(fixtures::IMPORTS_FILES, "it imports what no connector gets: wasi:filesystem/");
    is_refused(fixtures::WANTS_MEMORY, "memory");
}

#[test]
fn what_is_no_component_is_refused() {
    for bytes in [&b""[..], b"\0asm", b"\0asm\x01\0\0\0", b"#!/bin/sh\n"] {
        is_refused(bytes, "it is no WebAssembly component");
    }
    // A component of nothing: it exports none of what a connector must.
    is_refused(b"\0asm\x0d\0\x01\0", "catalog");
}

#[test]
fn a_component_that_is_cut_is_refused() {
    let (half, _) = fixtures::HONEST.split_at(fixtures::HONEST.len() / 2);
    is_refused(half, "the component is refused");
}

#[test]
fn a_component_has_no_right_to_send_while_it_describes_itself() {
    is_refused(fixtures::DESCRIBE_SENDS, "it sends requests while it describes itself");
}

#[test]
fn rows_while_it_describes_itself_are_refused() {
    is_refused(fixtures::DESCRIBE_PUSHES, "rows were pushed");
}

#[test]
fn a_description_that_traps_is_refused() {
    is_refused(fixtures::DESCRIBE_TRAPS, "unreachable");
}

#[test]
fn a_description_that_never_comes_is_refused() {
    is_refused(fixtures::DESCRIBE_SLEEPS, "it takes too long to describe itself");
}

#[test]
fn a_description_that_is_too_long_is_refused() {
    is_refused(fixtures::DESCRIBE_IS_ENDLESS, "its budget hostcall_bytes");
}

#[test]
fn a_description_that_changes_is_refused() {
    is_refused(fixtures::DESCRIBE_CHANGES, "it describes itself differently each time");
}

#[test]
fn more_operations_than_anybody_reads_are_refused() {
    is_refused(fixtures::TOO_MANY_OPERATIONS, "more than 512 operations");
}

#[test]
fn an_id_that_looks_like_another_is_refused() {
    is_refused(fixtures::LOOK_ALIKE_ID, "not a valid operation id");
}

#[test]
fn prose_that_changes_what_a_terminal_shows_is_refused() {
    is_refused(fixtures::DRESSED_UP_PROSE, "control characters");
}

#[test]
fn a_family_that_nobody_knows_is_refused() {
    is_refused(fixtures::UNKNOWN_FAMILY, "there is no family kubernetes-like");
}

#[test]
fn a_schema_with_a_reference_is_refused() {
    is_refused(fixtures::REFERENCE_IN_A_SCHEMA, "/properties/a/$ref: this keyword is outside the subset");
}

#[test]
fn a_schema_with_a_pattern_is_refused() {
    is_refused(fixtures::PATTERN_IN_A_SCHEMA, "/properties/how/pattern: this keyword is outside the subset");
}

#[test]
fn a_write_that_is_declared_a_read_is_refused() {
    is_refused(fixtures::WRITE_AS_A_READ, "is declared READ and is WRITE");
}

#[test]
fn a_delete_that_is_declared_a_write_is_refused() {
    is_refused(fixtures::DELETE_AS_A_WRITE, "is declared WRITE and is DESTRUCTIVE");
}

#[test]
fn a_get_that_is_no_read_is_refused_as_one() {
    is_refused(fixtures::EXEC_AS_A_READ, "is declared READ and is DESTRUCTIVE");
}

#[test]
fn an_effect_above_its_operations_trust_is_refused() {
    is_refused(fixtures::EFFECT_BEYOND_ITS_OPERATION, "is WRITE in an operation that is READ");
}

#[test]
fn effects_that_one_request_would_fit_are_refused() {
    is_refused(fixtures::OVERLAPPING_EFFECTS, "overlaps effect pod");
}

#[test]
fn an_effect_that_no_call_could_reach_is_refused() {
    is_refused(fixtures::UNREACHABLE_EFFECT, "no call could ever reach this effect");
}

#[test]
fn a_refused_component_costs_the_next_one_nothing() {
    run(async {
        let world = World::shared();
        for _ in 0..3 {
            assert!(world.host.load(fixtures::DESCRIBE_TRAPS.to_vec()).await.is_err());
        }
        serves_an_honest_guest(&world).await;
    });
}
