//! Sends its honest request with the method that `how` says.

use meho_test_hostile::outcome::told;
use meho_test_hostile::{Acted, Arguments, Fixture, Request, hostile};
use wasip2::http::types::Method;

struct AnotherMethod;

impl Fixture for AnotherMethod {
    fn act(call: &Arguments) -> Acted {
        let method = match call.how() {
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "DELETE" => Method::Delete,
            "CONNECT" => Method::Connect,
            "OPTIONS" => Method::Options,
            "TRACE" => Method::Trace,
            "PATCH" => Method::Patch,
            other => Method::Other(other.to_owned()),
        };
        told(&Request { method, ..Request::get(&call.pod()) }.send())
    }
}

hostile!(AnotherMethod);
