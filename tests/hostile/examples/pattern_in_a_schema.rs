//! Has a schema with a pattern, on which a schema library would backtrack.

use meho_test_hostile::describe::{act, pod};
use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, hostile};
use serde_json::json;

struct PatternInASchema;

impl Fixture for PatternInASchema {
    fn operation() -> Operation {
        let arguments = r#"{"type":"object","additionalProperties":false,"properties":{
            "name":{"type":"string","format":"name"},"how":{"type":"string","pattern":"^(a+)+$"}}}"#;
        Operation { arguments: arguments.to_owned(), ..act(vec![pod()]) }
    }

    fn act(_: &Arguments) -> Acted {
        object(&json!({}))
    }
}

hostile!(PatternInASchema);
