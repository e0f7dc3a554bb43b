//! Pushes rows that are none, in the way that `how` says; or `times` rows whose member has the name and the value that
//! `also` says.

use meho_test_hostile::describe::{act, pod};
use meho_test_hostile::outcome;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, hostile, rows};
use serde_json::json;

struct BadRows;

impl Fixture for BadRows {
    fn operation() -> Operation {
        act(vec![pod()]).list()
    }

    fn act(call: &Arguments) -> Acted {
        let times = usize::try_from(call.number("times")).unwrap_or_default().max(1);
        let lines: Vec<u8> = match call.how() {
            "nothing" => Vec::new(),
            "no line feed" => b"{}".to_vec(),
            "an empty line" => b"{}\n\n{}\n".to_vec(),
            "not JSON" => b"{nothing}\n".to_vec(),
            "an array" => b"[{}]\n".to_vec(),
            "two on a line" => b"{} {}\n".to_vec(),
            "half" => b"{\"a\":\n1}\n".to_vec(),
            "not UTF-8" => b"{\"a\":\"\xff\"}\n".to_vec(),
            "too deep" => [&b"{\"a\":".repeat(100)[..], b"1", &b"}".repeat(100), b"\n"].concat(),
            "too long" => [b"{\"a\":\"", &b"a".repeat(5 << 20)[..], b"\"}\n"].concat(),
            "these words" => format!("{}\n", json!({call.words(): call.words()})).repeat(times).into_bytes(),
            _ => b"{}\n".to_vec(),
        };
        rows::push(&lines);
        outcome::rows()
    }
}

hostile!(BadRows);
