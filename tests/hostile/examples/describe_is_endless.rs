//! Describes itself in 8 MiB.

use meho_test_hostile::describe::{act, description, pod};
use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Description, Fixture, hostile};
use serde_json::json;

struct DescribeIsEndless;

impl Fixture for DescribeIsEndless {
    fn describe() -> Description {
        let mut described = description(vec![act(vec![pod()])]);
        described.identity.summary = "s".repeat(8 << 20);
        described
    }

    fn act(_: &Arguments) -> Acted {
        object(&json!({}))
    }
}

hostile!(DescribeIsEndless);
