//! Calls itself for ever.

use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, hostile};
use serde_json::json;
use std::hint::black_box;

struct Recurses;

// With nothing in it that has to stand in memory, so that the calls themselves run out of room.
#[expect(unconditional_recursion, reason = "it is what this one does")]
fn deeper(depth: u64) -> u64 {
    black_box(deeper(depth.wrapping_add(1))).wrapping_mul(3)
}

impl Fixture for Recurses {
    fn act(call: &Arguments) -> Acted {
        object(&json!({"depth": deeper(call.number("replicas"))}))
    }
}

hostile!(Recurses);
