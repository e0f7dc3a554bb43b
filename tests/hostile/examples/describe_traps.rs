//! Panics when it is asked what it is.

use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Description, Fixture, hostile};
use serde_json::json;

struct DescribeTraps;

impl Fixture for DescribeTraps {
    fn describe() -> Description {
        panic!("not today")
    }

    fn act(_: &Arguments) -> Acted {
        object(&json!({}))
    }
}

hostile!(DescribeTraps);
