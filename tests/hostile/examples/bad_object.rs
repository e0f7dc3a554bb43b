//! Returns what is no object, in the way that `how` says.

use meho_test_hostile::bindings::exports::meho::connector::operations::Outcome;
use meho_test_hostile::outcome::meta;
use meho_test_hostile::{Acted, Arguments, Fixture, hostile};

struct BadObject;

impl Fixture for BadObject {
    fn act(call: &Arguments) -> Acted {
        let data = match call.how() {
            "none" => None,
            "nothing" => Some(String::new()),
            "not JSON" => Some("{nothing}".to_owned()),
            "an array" => Some("[]".to_owned()),
            "two" => Some("{} {}".to_owned()),
            "too deep" => Some(format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100))),
            "too long" => Some(format!("{{\"a\":\"{}\"}}", "a".repeat(5 << 20))),
            "far too long" => Some("a".repeat(17 << 20)),
            _ => Some("{}".to_owned()),
        };
        Ok(Outcome { data, meta: meta() })
    }
}

hostile!(BadObject);
