//! Reads its pod `times` times at once, keeps every answer open, and reads none.

use meho_test_hostile::describe::{act, pod};
use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, Request, hostile};
use serde_json::json;

struct HoardsAnswers;

impl Fixture for HoardsAnswers {
    fn operation() -> Operation {
        act(vec![pod().times(256)])
    }

    fn act(call: &Arguments) -> Acted {
        let path = call.pod();
        let begun: Vec<_> = (0..call.number("times")).map(|_| Request::get(&path).start()).collect();
        let opened: Vec<_> = begun.into_iter().map(|pending| pending?.open()).collect();
        object(&json!({"opened": opened.iter().filter(|answer| answer.is_ok()).count()}))
    }
}

hostile!(HoardsAnswers);
