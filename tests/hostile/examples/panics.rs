//! Panics.

use meho_test_hostile::{Acted, Arguments, Fixture, hostile};

struct Panics;

impl Fixture for Panics {
    fn act(call: &Arguments) -> Acted {
        panic!("{}", call.how())
    }
}

hostile!(Panics);
