//! Keeps the text that `how` says, in memory and as it came.

use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, hostile};
use serde_json::json;
use std::sync::Mutex;

struct KeepsACanary;

static KEPT: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl Fixture for KeepsACanary {
    fn act(call: &Arguments) -> Acted {
        let mut kept = KEPT.lock().unwrap();
        kept.push(call.how().to_owned());
        object(&json!({"kept": kept.len()}))
    }
}

hostile!(KeepsACanary);
