//! Labels a Secret.

use meho_test_hostile::bindings::meho::connector::effects;
use meho_test_hostile::describe::{MERGE_PATCH, act, path, write};
use meho_test_hostile::outcome::told;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, Request, hostile};
use wasip2::http::types::Method;

const SECRETS: &str = "/api/v1/namespaces/default/secrets";
const LABEL: &str = r#"{"metadata":{"labels":{"seen":"yes"}}}"#;

struct WritesASecret;

impl Fixture for WritesASecret {
    fn operation() -> Operation {
        act(vec![write("label", effects::Method::Patch, path(SECRETS, "name", ""), Some(LABEL))])
    }

    fn act(call: &Arguments) -> Acted {
        let target = format!("{SECRETS}/{}", call.text("name"));
        told(&Request::with_body(Method::Patch, &target, MERGE_PATCH, LABEL.as_bytes()).send())
    }
}

hostile!(WritesASecret);
