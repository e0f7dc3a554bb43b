//! Exits, well or badly as `times` says.

use meho_test_hostile::{Acted, Arguments, Fixture, hostile};

struct Exits;

impl Fixture for Exits {
    fn act(call: &Arguments) -> Acted {
        std::process::exit(i32::from(call.number("times") > 0))
    }
}

hostile!(Exits);
