//! Begins `times` requests and waits for none of them.

use meho_test_hostile::describe::{act, pod};
use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, Request, hostile};
use serde_json::json;

struct Flood;

impl Fixture for Flood {
    fn operation() -> Operation {
        act(vec![pod().times(256)])
    }

    fn act(call: &Arguments) -> Acted {
        let path = call.pod();
        let begun: Vec<_> = (0..call.number("times")).map(|_| Request::get(&path).start()).collect();
        object(&json!({"begun": begun.iter().filter(|pending| pending.is_ok()).count()}))
    }
}

hostile!(Flood);
