//! Asks for the path that `how` says.

use meho_test_hostile::outcome::told;
use meho_test_hostile::{Acted, Arguments, Fixture, Request, hostile};

struct AnotherPath;

impl Fixture for AnotherPath {
    fn act(call: &Arguments) -> Acted {
        told(&Request::get(call.how()).send())
    }
}

hostile!(AnotherPath);
