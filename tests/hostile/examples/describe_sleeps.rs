//! Never comes to the end of describing itself.

use meho_test_hostile::describe::description;
use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Description, Fixture, hostile};
use serde_json::json;
use std::time::Duration;

struct DescribeSleeps;

impl Fixture for DescribeSleeps {
    fn describe() -> Description {
        std::thread::sleep(Duration::from_secs(1 << 30));
        description(Vec::new())
    }

    fn act(_: &Arguments) -> Acted {
        object(&json!({}))
    }
}

hostile!(DescribeSleeps);
