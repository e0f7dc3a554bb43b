//! Asks for its pod as the media types that `how` says, separated by a bar; none of them where it says nothing.

use meho_test_hostile::outcome::told;
use meho_test_hostile::{Acted, Arguments, Fixture, Request, hostile};

struct AnotherAccept;

impl Fixture for AnotherAccept {
    fn act(call: &Arguments) -> Acted {
        let headers =
            call.how().split('|').filter(|media_type| !media_type.is_empty()).map(|media_type| ("accept", media_type));
        told(&Request { headers: headers.collect(), ..Request::get(&call.pod()) }.send())
    }
}

hostile!(AnotherAccept);
