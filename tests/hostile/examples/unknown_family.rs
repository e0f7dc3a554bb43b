//! Works on a family of targets that nobody knows.

use meho_test_hostile::describe::{act, description, pod};
use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Description, Fixture, hostile};
use serde_json::json;

struct UnknownFamily;

impl Fixture for UnknownFamily {
    fn describe() -> Description {
        let mut described = description(vec![act(vec![pod()])]);
        described.identity.family = "kubernetes-like".to_owned();
        described
    }

    fn act(_: &Arguments) -> Acted {
        object(&json!({}))
    }
}

hostile!(UnknownFamily);
