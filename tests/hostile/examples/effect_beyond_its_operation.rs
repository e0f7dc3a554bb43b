//! Has a write in an operation that it calls a read.

use meho_test_hostile::bindings::meho::connector::effects::Trust;
use meho_test_hostile::describe::{act, scale};
use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, hostile};
use serde_json::json;

struct EffectBeyondItsOperation;

impl Fixture for EffectBeyondItsOperation {
    fn operation() -> Operation {
        Operation { trust: Trust::Read, ..act(vec![scale()]) }
    }

    fn act(_: &Arguments) -> Acted {
        object(&json!({}))
    }
}

hostile!(EffectBeyondItsOperation);
