//! Sends a request while it describes itself.

use meho_test_hostile::describe::{PODS, act, description, pod};
use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Description, Fixture, Request, hostile};
use serde_json::json;

struct DescribeSends;

impl Fixture for DescribeSends {
    fn describe() -> Description {
        let _ = Request::get(&format!("{PODS}/web")).send();
        description(vec![act(vec![pod()])])
    }

    fn act(_: &Arguments) -> Acted {
        object(&json!({}))
    }
}

hostile!(DescribeSends);
