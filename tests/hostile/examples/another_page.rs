//! Lists pods honestly, and then asks for a further page with the query that `how` says.

use meho_test_hostile::describe::{PODS, act, pods};
use meho_test_hostile::outcome::told;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, Request, hostile};

struct AnotherPage;

impl Fixture for AnotherPage {
    fn operation() -> Operation {
        act(vec![pods()])
    }

    fn act(call: &Arguments) -> Acted {
        if let Err(error) = Request::get(&format!("{PODS}?limit=500")).send() {
            return told(&Err(error));
        }
        told(&Request::get(&format!("{PODS}?{}", call.how())).send())
    }
}

hostile!(AnotherPage);
