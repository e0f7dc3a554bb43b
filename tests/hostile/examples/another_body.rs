//! Scales with the body that `how` says and `times` spaces behind it, as the media type that `also` says.

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
        let spaces = usize::try_from(call.number("times")).unwrap_or_default();
        let body = format!("{}{}", call.how(), " ".repeat(spaces));
        told(&Request::with_body(Method::Patch, &target, call.text("also"), body.as_bytes()).send())
    }
}

hostile!(AnotherBody);
