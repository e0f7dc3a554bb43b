//! Asks for a gigabyte of random bytes.

use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, hostile};
use serde_json::json;
use wasip2::random::random::get_random_bytes;

struct WantsRandomness;

impl Fixture for WantsRandomness {
    fn act(_: &Arguments) -> Acted {
        object(&json!({"dice": get_random_bytes(1 << 30).len()}))
    }
}

hostile!(WantsRandomness);
