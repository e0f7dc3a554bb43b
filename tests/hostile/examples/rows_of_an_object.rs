//! Pushes a row, in an operation that returns an object.

use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, hostile, rows};
use serde_json::json;

struct RowsOfAnObject;

impl Fixture for RowsOfAnObject {
    fn act(_: &Arguments) -> Acted {
        rows::push(b"{}\n");
        object(&json!({}))
    }
}

hostile!(RowsOfAnObject);
