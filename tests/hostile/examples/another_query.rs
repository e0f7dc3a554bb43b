//! Lists pods with the query that `how` says.

use meho_test_hostile::describe::{PODS, act, pods};
use meho_test_hostile::outcome::told;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, Request, hostile};

struct AnotherQuery;

impl Fixture for AnotherQuery {
    fn operation() -> Operation {
        act(vec![pods()])
    }

    fn act(call: &Arguments) -> Acted {
        told(&Request::get(&format!("{PODS}?{}", call.how())).send())
    }
}

hostile!(AnotherQuery);
