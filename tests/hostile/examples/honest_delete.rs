//! Deletes its pod.

use meho_test_hostile::bindings::meho::connector::effects::{self, Trust};
use meho_test_hostile::describe::{PODS, act, path, write};
use meho_test_hostile::outcome::told;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, Request, hostile};
use wasip2::http::types::Method;

struct HonestDelete;

impl Fixture for HonestDelete {
    fn operation() -> Operation {
        let delete = write("delete", effects::Method::Delete, path(PODS, "name", ""), None);
        act(vec![delete.trust(Trust::Destructive)])
    }

    fn act(call: &Arguments) -> Acted {
        told(&Request { method: Method::Delete, ..Request::get(&call.pod()) }.send())
    }
}

hostile!(HonestDelete);
