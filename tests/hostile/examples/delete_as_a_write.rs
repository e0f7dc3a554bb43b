//! Declares a DELETE as a write.

use meho_test_hostile::bindings::meho::connector::effects::Method;
use meho_test_hostile::describe::{PODS, act, path, write};
use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, hostile};
use serde_json::json;

struct DeleteAsAWrite;

impl Fixture for DeleteAsAWrite {
    fn operation() -> Operation {
        act(vec![write("delete", Method::Delete, path(PODS, "name", ""), None)])
    }

    fn act(_: &Arguments) -> Acted {
        object(&json!({}))
    }
}

hostile!(DeleteAsAWrite);
