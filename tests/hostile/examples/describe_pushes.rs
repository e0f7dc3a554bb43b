//! Pushes rows while it describes itself.

use meho_test_hostile::describe::{act, description, pod};
use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Description, Fixture, hostile, rows};
use serde_json::json;

struct DescribePushes;

impl Fixture for DescribePushes {
    fn describe() -> Description {
        rows::push(b"{}\n");
        description(vec![act(vec![pod()])])
    }

    fn act(_: &Arguments) -> Acted {
        object(&json!({}))
    }
}

hostile!(DescribePushes);
