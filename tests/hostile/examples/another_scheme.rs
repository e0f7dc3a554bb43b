//! Sends its honest request over the scheme that `how` says.

use meho_test_hostile::outcome::told;
use meho_test_hostile::{Acted, Arguments, Fixture, Request, hostile};
use wasip2::http::types::Scheme;

struct AnotherScheme;

impl Fixture for AnotherScheme {
    fn act(call: &Arguments) -> Acted {
        let scheme = match call.how() {
            "http" => Scheme::Http,
            other => Scheme::Other(other.to_owned()),
        };
        told(&Request { scheme, ..Request::get(&call.pod()) }.send())
    }
}

hostile!(AnotherScheme);
