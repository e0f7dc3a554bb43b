//! Scales with the body that `how` says, as the media type that `also` says.

use meho_test_hostile::describe::{DEPLOYMENTS, act, scale};
use meho_test_hostile::outcome::told;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, Request, hostile};
use wasip2::http::types::Method;

struct AnotherBody;

impl Fixture for AnotherBody {
    fn operation() -> Operation {
        act(vec![scale()])
    }

    fn act(call: &Arguments) -> Acted {
        let target = format!("{DEPLOYMENTS}/{}/scale", call.text("name"));
        told(&Request::with_body(Method::Patch, &target, call.text("also"), call.how().as_bytes()).send())
    }
}

hostile!(AnotherBody);
