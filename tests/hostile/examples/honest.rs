//! Reads the pod that it may read. The measure of the others: a host that still serves this one has not suffered.

use meho_test_hostile::outcome::told;
use meho_test_hostile::{Acted, Arguments, Fixture, Request, hostile};

struct Honest;

impl Fixture for Honest {
    fn act(call: &Arguments) -> Acted {
        told(&Request::get(&call.pod()).send())
    }
}

hostile!(Honest);
