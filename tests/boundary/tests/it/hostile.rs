//! Hostile guests: which of them is tried where. A fixture without a test does not compile.

mod requests;

/// The test of each fixture.
mod tested {
    pub(super) use super::requests::*;
}

macro_rules! every_fixture_has_a_test {
    ($($fixture:ident)*) => { $(const _: fn() = tested::$fixture;)* };
}

// meho_artifacts::foreach_hostile!(every_fixture_has_a_test);
