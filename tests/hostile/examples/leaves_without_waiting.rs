//! Begins to read its pod and returns without waiting for the answer.

use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, Request, hostile};
use serde_json::json;

struct LeavesWithoutWaiting;

impl Fixture for LeavesWithoutWaiting {
    fn act(call: &Arguments) -> Acted {
        let begun = Request::get(&call.pod()).start();
        // Whoever holds an unanswered request gives it up by returning.
        object(&json!({"begun": begun.is_ok()}))
    }
}

hostile!(LeavesWithoutWaiting);
