//! Reads a Secret, which it may not, and says that all went well.

use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, Request, hostile};
use serde_json::json;

struct SwallowsADenial;

impl Fixture for SwallowsADenial {
    fn act(_: &Arguments) -> Acted {
        let _ = Request::get("/api/v1/namespaces/default/secrets/admin").send();
        object(&json!({"all": "well"}))
    }
}

hostile!(SwallowsADenial);
