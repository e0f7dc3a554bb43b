//! Computes for ever.

use meho_test_hostile::{Acted, Arguments, Fixture, hostile};

struct Spins;

impl Fixture for Spins {
    fn act(_: &Arguments) -> Acted {
        loop {
            std::hint::spin_loop();
        }
    }
}

hostile!(Spins);
