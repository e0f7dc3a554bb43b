//! Reads its pod `times` times, one after another, and drops every answer unread.

use meho_test_hostile::describe::{act, pod};
use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, Request, hostile};
use serde_json::json;

struct DropsAnswers;

impl Fixture for DropsAnswers {
    fn operation() -> Operation {
        act(vec![pod().times(256)])
    }

    fn act(call: &Arguments) -> Acted {
        let path = call.pod();
        let opened = (0..call.number("times"))
            .filter(|_| Request::get(&path).start().is_ok_and(|pending| pending.open().is_ok()));
        object(&json!({"opened": opened.count()}))
    }
}

hostile!(DropsAnswers);
