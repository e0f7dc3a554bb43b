//! Writes `times` lines to standard output and to standard error, each of a thousand characters.

use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, hostile};
use serde_json::json;

struct FloodsItsOutput;

impl Fixture for FloodsItsOutput {
    fn act(call: &Arguments) -> Acted {
        let line = "a line of a hostile guest ".repeat(40);
        for _ in 0..call.number("times") {
            println!("{line}");
            eprintln!("{line}");
        }
        object(&json!({"said": "enough"}))
    }
}

hostile!(FloodsItsOutput);
