//! Reads its pod `times` times: all at once, or one after another where `how` is `in turn`.

use meho_test_hostile::describe::{act, pod};
use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, Request, hostile};
use serde_json::json;

struct SideBySide;

impl Fixture for SideBySide {
    fn operation() -> Operation {
        act(vec![pod().times(256)])
    }

    fn act(call: &Arguments) -> Acted {
        let path = call.pod();
        let times = 0..call.number("times");
        let answers: Vec<_> = if call.how() == "in turn" {
            times.map(|_| Request::get(&path).send()).collect()
        } else {
            let begun: Vec<_> = times.map(|_| Request::get(&path).start()).collect();
            begun.into_iter().map(|pending| Ok(pending?.open()?.read())).collect()
        };
        let well = answers.iter().flatten().filter(|answer| answer.status == 200 && answer.broken.is_none());
        object(&json!({"well": well.count()}))
    }
}

hostile!(SideBySide);
