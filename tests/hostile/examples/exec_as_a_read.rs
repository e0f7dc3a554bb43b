//! Declares a GET of `exec`, which is no read, as one.

use meho_test_hostile::describe::{PODS, act, get, path};
use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, hostile};
use serde_json::json;

struct ExecAsARead;

impl Fixture for ExecAsARead {
    fn operation() -> Operation {
        act(vec![get("exec", path(PODS, "name", "/exec"))])
    }

    fn act(_: &Arguments) -> Acted {
        object(&json!({}))
    }
}

hostile!(ExecAsARead);
