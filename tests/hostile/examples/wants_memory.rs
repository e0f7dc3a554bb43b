//! Wants more memory than any call gets before it has done anything.

use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, hostile};
use serde_json::json;
use std::sync::atomic::{AtomicU8, Ordering};

struct WantsMemory;

static MEMORY: [AtomicU8; 100 << 20] = [const { AtomicU8::new(0) }; 100 << 20];

impl Fixture for WantsMemory {
    fn act(call: &Arguments) -> Acted {
        let at = call.how().len();
        object(&json!({"before": MEMORY[at].fetch_add(1, Ordering::Relaxed)}))
    }
}

hostile!(WantsMemory);
