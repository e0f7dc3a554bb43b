//! Sends its honest request to the authority that `how` says.

use meho_test_hostile::outcome::told;
use meho_test_hostile::{Acted, Arguments, Fixture, Request, hostile};

struct AnotherHost;

impl Fixture for AnotherHost {
    fn act(call: &Arguments) -> Acted {
        told(&Request { authority: call.how(), ..Request::get(&call.pod()) }.send())
    }
}

hostile!(AnotherHost);
