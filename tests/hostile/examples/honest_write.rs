//! Reads a scale and sets it, of the very object that it read.

use meho_test_hostile::describe::{DEPLOYMENTS, MERGE_PATCH, act, before, scale_seen};
use meho_test_hostile::outcome::told;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, Request, hostile};
use serde_json::{Value, json};
use wasip2::http::types::Method;

struct HonestWrite;

impl Fixture for HonestWrite {
    fn operation() -> Operation {
        act(vec![before(), scale_seen()])
    }

    fn act(call: &Arguments) -> Acted {
        let target = format!("{DEPLOYMENTS}/{}/scale", call.text("name"));
        let read = Request::get(&target).send();
        let Ok(answer) = &read else { return told(&read) };
        let before: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let body =
            json!({"metadata": {"uid": before["metadata"]["uid"]}, "spec": {"replicas": call.number("replicas")}});
        told(&Request::with_body(Method::Patch, &target, MERGE_PATCH, body.to_string().as_bytes()).send())
    }
}

hostile!(HonestWrite);
