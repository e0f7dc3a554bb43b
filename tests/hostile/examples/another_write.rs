//! Reads its pod and scales what the answer says: a Deployment, or a StatefulSet.

use meho_test_hostile::describe::{DEPLOYMENTS, MERGE_PATCH, STATEFUL_SETS, act, pod, scale, scale_stateful};
use meho_test_hostile::outcome::told;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, Request, hostile};
use wasip2::http::types::Method;

struct AnotherWrite;

impl Fixture for AnotherWrite {
    fn operation() -> Operation {
        act(vec![pod(), scale(), scale_stateful()])
    }

    fn act(call: &Arguments) -> Acted {
        let read = Request::get(&call.pod()).send();
        let Ok(answer) = &read else { return told(&read) };
        let collection = if answer.body.starts_with(b"{\"stateful\"") { STATEFUL_SETS } else { DEPLOYMENTS };
        let body = format!(r#"{{"spec":{{"replicas":{}}}}}"#, call.number("replicas"));
        let target = format!("{collection}/{}/scale", call.text("name"));
        told(&Request::with_body(Method::Patch, &target, MERGE_PATCH, body.as_bytes()).send())
    }
}

hostile!(AnotherWrite);
