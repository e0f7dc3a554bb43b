//! Calls itself for ever.

use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, hostile};
use serde_json::json;
use std::hint::black_box;

struct Recurses;

#[expect(unconditional_recursion, reason = "it is what this one does")]
fn deeper(depth: u64) -> u64 {
    let on_the_stack = black_box([depth; 32]);
    black_box(deeper(depth + 1)) + on_the_stack[7]
}

impl Fixture for Recurses {
    fn act(call: &Arguments) -> Acted {
        object(&json!({"depth": deeper(call.number("replicas"))}))
    }
}

hostile!(Recurses);
