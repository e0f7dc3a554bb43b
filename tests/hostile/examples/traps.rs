//! Traps.

use meho_test_hostile::{Acted, Arguments, Fixture, hostile};

struct Traps;

#[cfg(target_arch = "wasm32")]
fn trap() -> ! {
    core::arch::wasm32::unreachable()
}

#[cfg(not(target_arch = "wasm32"))]
fn trap() -> ! {
    std::process::abort()
}

impl Fixture for Traps {
    fn act(_: &Arguments) -> Acted {
        trap()
    }
}

hostile!(Traps);
