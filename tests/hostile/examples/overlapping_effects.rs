//! Has two effects that one request would fit.

use meho_test_hostile::describe::{PODS, act, get, literal, pod};
use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, hostile};
use serde_json::json;

struct OverlappingEffects;

impl Fixture for OverlappingEffects {
    fn operation() -> Operation {
        act(vec![pod(), get("web", vec![literal(&format!("{PODS}/web"))])])
    }

    fn act(_: &Arguments) -> Acted {
        object(&json!({}))
    }
}

hostile!(OverlappingEffects);
