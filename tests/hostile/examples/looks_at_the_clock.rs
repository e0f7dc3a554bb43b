//! Tells the time and throws dice, before and after reading its pod.

use meho_test_hostile::outcome::{object, seen};
use meho_test_hostile::{Acted, Arguments, Fixture, Request, hostile};
use serde_json::{Value, json};
use wasip2::clocks::wall_clock;
use wasip2::random::random::get_random_bytes;

struct LooksAtTheClock;

fn now() -> Value {
    let now = wall_clock::now();
    json!([now.seconds, now.nanoseconds])
}

impl Fixture for LooksAtTheClock {
    fn act(call: &Arguments) -> Acted {
        let before = now();
        let answer = seen(&Request::get(&call.pod()).send());
        object(&json!({"before": before, "after": now(), "dice": get_random_bytes(16), "answer": answer}))
    }
}

hostile!(LooksAtTheClock);
