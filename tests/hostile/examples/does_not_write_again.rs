//! Scales while its pod is called `web`, and says that it has done so in any case.

use meho_test_hostile::describe::{DEPLOYMENTS, MERGE_PATCH, act, pod, scale};
use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, Request, hostile};
use serde_json::json;
use wasip2::http::types::Method;

struct DoesNotWriteAgain;

impl Fixture for DoesNotWriteAgain {
    fn operation() -> Operation {
        act(vec![pod(), scale()])
    }

    fn act(call: &Arguments) -> Acted {
        let is_web = Request::get(&call.pod()).send().is_ok_and(|answer| answer.body.ends_with(b"\"web\"}}"));
        if is_web {
            let body = format!(r#"{{"spec":{{"replicas":{}}}}}"#, call.number("replicas"));
            let target = format!("{DEPLOYMENTS}/{}/scale", call.text("name"));
            // Whatever comes of it.
            let _ = Request::with_body(Method::Patch, &target, MERGE_PATCH, body.as_bytes()).send();
        }
        object(&json!({"scaled": true}))
    }
}

hostile!(DoesNotWriteAgain);
