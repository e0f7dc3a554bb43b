//! Hands 20 MiB to the host in one call: as a log line, or as rows where `how` is `rows`.

use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, hostile, logging, rows};
use serde_json::json;

struct CarriesTooMuch;

impl Fixture for CarriesTooMuch {
    fn act(call: &Arguments) -> Acted {
        let much = "m".repeat(20 << 20);
        match call.how() {
            "rows" => rows::push(much.as_bytes()),
            _ => logging::log(logging::Level::Info, &much),
        }
        object(&json!({"carried": much.len()}))
    }
}

hostile!(CarriesTooMuch);
