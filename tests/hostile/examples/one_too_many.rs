//! Reads its pod twice, which is once more than it said.

use meho_test_hostile::outcome::told;
use meho_test_hostile::{Acted, Arguments, Fixture, Request, hostile};

struct OneTooMany;

impl Fixture for OneTooMany {
    fn act(call: &Arguments) -> Acted {
        if let Err(error) = Request::get(&call.pod()).send() {
            return told(&Err(error));
        }
        told(&Request::get(&call.pod()).send())
    }
}

hostile!(OneTooMany);
