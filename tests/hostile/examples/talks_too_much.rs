//! Returns an answer with more to say about it than anybody wants to hear, or warns in the words that `also` says.

use meho_test_hostile::bindings::exports::meho::connector::operations::{Meta, Outcome};
use meho_test_hostile::outcome::meta;
use meho_test_hostile::{Acted, Arguments, Fixture, hostile};

struct TalksTooMuch;

impl Fixture for TalksTooMuch {
    fn act(call: &Arguments) -> Acted {
        if call.how() == "these words" {
            let meta = Meta { warnings: vec![call.text("also").to_owned()], ..meta() };
            return Ok(Outcome { data: Some("{}".to_owned()), meta });
        }
        let meta = Meta {
            warnings: vec!["w".repeat(5000); 500],
            continue_: Some("c".repeat(100_000)),
            resource_version: Some("v".repeat(100_000)),
            ..meta()
        };
        Ok(Outcome { data: Some("{}".to_owned()), meta })
    }
}

hostile!(TalksTooMuch);
