//! Has a schema with a reference, which a schema library would fetch.

use meho_test_hostile::describe::{act, pod};
use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, hostile};
use serde_json::json;

struct ReferenceInASchema;

impl Fixture for ReferenceInASchema {
    fn operation() -> Operation {
        Operation {
            returns: r#"{"type":"object","properties":{"a":{"$ref":"http://127.0.0.1:1/a.json"}}}"#.to_owned(),
            ..act(vec![pod()])
        }
    }

    fn act(_: &Arguments) -> Acted {
        object(&json!({}))
    }
}

hostile!(ReferenceInASchema);
