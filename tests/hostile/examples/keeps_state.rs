//! Counts its calls in memory.

use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, hostile};
use serde_json::json;
use std::sync::atomic::{AtomicU64, Ordering};

struct KeepsState;

static CALLS: AtomicU64 = AtomicU64::new(0);

impl Fixture for KeepsState {
    fn act(_: &Arguments) -> Acted {
        object(&json!({"calls": CALLS.fetch_add(1, Ordering::Relaxed) + 1}))
    }
}

hostile!(KeepsState);
