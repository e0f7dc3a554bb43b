//! Begins a write, leaves its body open, and returns.

use meho_test_hostile::describe::{DEPLOYMENTS, MERGE_PATCH, act, scale};
use meho_test_hostile::http::AUTHORITY;
use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, hostile};
use serde_json::json;
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{Fields, Method, OutgoingRequest, Scheme};

struct LeavesABodyOpen;

impl Fixture for LeavesABodyOpen {
    fn operation() -> Operation {
        act(vec![scale()])
    }

    fn act(call: &Arguments) -> Acted {
        let headers = Fields::new();
        let set = headers.append("content-type", MERGE_PATCH.as_bytes()).is_ok();
        let request = OutgoingRequest::new(headers);
        let target = format!("{DEPLOYMENTS}/{}/scale", call.text("name"));
        let set = set
            && request.set_method(&Method::Patch).is_ok()
            && request.set_scheme(Some(&Scheme::Https)).is_ok()
            && request.set_authority(Some(AUTHORITY)).is_ok()
            && request.set_path_with_query(Some(&target)).is_ok();
        let body = request.body();
        let pending = handle(request, None);
        let begun = set && body.is_ok() && pending.is_ok();
        // Neither ended nor given up.
        std::mem::forget((body, pending));
        object(&json!({"begun": begun}))
    }
}

hostile!(LeavesABodyOpen);
