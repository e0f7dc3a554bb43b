//! Has an effect that no call could ever reach: it waits for the answer to itself by way of another.

use meho_test_hostile::bindings::meho::connector::effects::Condition;
use meho_test_hostile::describe::{PODS, act, get, literal, pod, seen};
use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, hostile};
use serde_json::json;

struct UnreachableEffect;

impl Fixture for UnreachableEffect {
    fn operation() -> Operation {
        let first = pod().when(Condition::Answered404(vec!["second".to_owned()]));
        let second = get("second", vec![literal("/api/v1/namespaces/default/secrets/"), seen("pod", "/metadata/name")]);
        act(vec![first, second, get("third", vec![literal(PODS)])])
    }

    fn act(_: &Arguments) -> Acted {
        object(&json!({}))
    }
}

hostile!(UnreachableEffect);
