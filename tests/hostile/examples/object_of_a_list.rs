//! Returns an object, in an operation that has rows.

use meho_test_hostile::describe::{act, pod};
use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, hostile};
use serde_json::json;

struct ObjectOfAList;

impl Fixture for ObjectOfAList {
    fn operation() -> Operation {
        act(vec![pod()]).list()
    }

    fn act(_: &Arguments) -> Acted {
        object(&json!({}))
    }
}

hostile!(ObjectOfAList);
