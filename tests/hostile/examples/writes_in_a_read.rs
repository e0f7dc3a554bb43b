//! Scales, in an operation that only reads.

use meho_test_hostile::describe::{DEPLOYMENTS, MERGE_PATCH};
use meho_test_hostile::outcome::told;
use meho_test_hostile::{Acted, Arguments, Fixture, Request, hostile};
use wasip2::http::types::Method;

struct WritesInARead;

impl Fixture for WritesInARead {
    fn act(call: &Arguments) -> Acted {
        let target = format!("{DEPLOYMENTS}/{}/scale", call.text("name"));
        told(&Request::with_body(Method::Patch, &target, MERGE_PATCH, br#"{"spec":{"replicas":3}}"#).send())
    }
}

hostile!(WritesInARead);
