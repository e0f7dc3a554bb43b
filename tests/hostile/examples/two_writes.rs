//! Scales a Deployment and then a StatefulSet: two writes in one call.

use meho_test_hostile::describe::{DEPLOYMENTS, MERGE_PATCH, STATEFUL_SETS, act, scale, scale_stateful};
use meho_test_hostile::outcome::told;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, Request, hostile};
use wasip2::http::types::Method;

struct TwoWrites;

impl Fixture for TwoWrites {
    fn operation() -> Operation {
        act(vec![scale(), scale_stateful()])
    }

    fn act(call: &Arguments) -> Acted {
        let body = format!(r#"{{"spec":{{"replicas":{}}}}}"#, call.number("replicas"));
        let at = |collection: &str| format!("{collection}/{}/scale", call.text("name"));
        let write = |target: &str| Request::with_body(Method::Patch, target, MERGE_PATCH, body.as_bytes()).send();
        if let Err(error) = write(&at(DEPLOYMENTS)) {
            return told(&Err(error));
        }
        told(&write(&at(STATEFUL_SETS)))
    }
}

hostile!(TwoWrites);
