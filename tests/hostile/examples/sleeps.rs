//! Sleeps for ever.

use meho_test_hostile::outcome::rows;
use meho_test_hostile::{Acted, Arguments, Fixture, hostile};
use std::time::Duration;

struct Sleeps;

impl Fixture for Sleeps {
    fn act(_: &Arguments) -> Acted {
        std::thread::sleep(Duration::from_secs(1 << 30));
        rows()
    }
}

hostile!(Sleeps);
