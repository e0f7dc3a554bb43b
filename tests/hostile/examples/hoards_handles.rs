//! Makes resources and keeps them, for ever.

use meho_test_hostile::{Acted, Arguments, Fixture, hostile};
use wasip2::http::types::Fields;

struct HoardsHandles;

impl Fixture for HoardsHandles {
    fn act(_: &Arguments) -> Acted {
        let mut kept = Vec::new();
        loop {
            kept.push(Fields::new());
        }
    }
}

hostile!(HoardsHandles);
