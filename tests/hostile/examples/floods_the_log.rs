//! Writes `times` lines into the log, each of a thousand characters.

use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, hostile, logging};
use serde_json::json;

struct FloodsTheLog;

impl Fixture for FloodsTheLog {
    fn act(call: &Arguments) -> Acted {
        let line = "a line of a hostile guest ".repeat(40);
        for _ in 0..call.number("times") {
            logging::log(logging::Level::Warn, &line);
        }
        object(&json!({"said": "enough"}))
    }
}

hostile!(FloodsTheLog);
