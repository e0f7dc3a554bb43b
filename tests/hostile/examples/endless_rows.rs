//! Pushes rows for ever.

use meho_test_hostile::describe::{act, pod};
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, hostile, rows};

struct EndlessRows;

impl Fixture for EndlessRows {
    fn operation() -> Operation {
        act(vec![pod()]).list()
    }

    fn act(_: &Arguments) -> Acted {
        let batch = b"{\"a row\":\"of a hostile guest\"}\n".repeat(2000);
        loop {
            rows::push(&batch);
        }
    }
}

hostile!(EndlessRows);
