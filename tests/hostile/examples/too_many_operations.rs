//! Offers more operations than anybody reads.

use meho_test_hostile::describe::{act, description, pod};
use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Description, Fixture, Operation, hostile};
use serde_json::json;

struct TooManyOperations;

impl Fixture for TooManyOperations {
    fn describe() -> Description {
        let operation = |number: u32| Operation { id: format!("act_{number}"), ..act(vec![pod()]) };
        description((0..513).map(operation).collect())
    }

    fn act(_: &Arguments) -> Acted {
        object(&json!({}))
    }
}

hostile!(TooManyOperations);
