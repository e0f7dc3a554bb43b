//! Reads a file. It also wants more memory than any call gets: that it imports files must be found before that.

use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, hostile};
use serde_json::json;
use std::sync::atomic::{AtomicU8, Ordering};

struct ImportsFiles;

static MEMORY: [AtomicU8; 100 << 20] = [const { AtomicU8::new(0) }; 100 << 20];

impl Fixture for ImportsFiles {
    fn act(call: &Arguments) -> Acted {
        let at = call.how().len();
        let text = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        object(&json!({"text": text, "before": MEMORY[at].fetch_add(1, Ordering::Relaxed)}))
    }
}

hostile!(ImportsFiles);
