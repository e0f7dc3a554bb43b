//! Declares a PATCH as a read.

use meho_test_hostile::bindings::meho::connector::effects::Trust;
use meho_test_hostile::describe::{act, scale};
use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, hostile};
use serde_json::json;

struct WriteAsARead;

impl Fixture for WriteAsARead {
    fn operation() -> Operation {
        act(vec![scale().trust(Trust::Read)])
    }

    fn act(_: &Arguments) -> Acted {
        object(&json!({}))
    }
}

hostile!(WriteAsARead);
