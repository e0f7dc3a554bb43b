//! Says that it works on servers of which nothing is known, where a GET is a read: there to run something in a pod is one too. Asks for the path that `how`
//! says.

use meho_test_hostile::describe::{PODS, act, description, get, path};
use meho_test_hostile::outcome::told;
use meho_test_hostile::{Acted, Arguments, Description, Fixture, Request, hostile};

struct LenientFamily;

impl Fixture for LenientFamily {
    fn describe() -> Description {
        let mut described = description(vec![act(vec![get("exec", path(PODS, "name", "/exec"))])]);
        described.identity.family = "generic-http".to_owned();
        described
    }

    fn act(call: &Arguments) -> Acted {
        told(&Request::get(call.how()).send())
    }
}

hostile!(LenientFamily);
