//! Reads its pod and, where the answer is a redirect, follows it: to the authority that stands in it, or to the one that `how` says.

use meho_test_hostile::outcome::told;
use meho_test_hostile::{Acted, Arguments, Fixture, Request, hostile};

struct FollowsARedirect;

impl Fixture for FollowsARedirect {
    fn act(call: &Arguments) -> Acted {
        let first = Request::get(&call.pod()).send();
        let Ok(answer) = &first else { return told(&first) };
        if !(300..400).contains(&answer.status) {
            return told(&first);
        }
        let location = answer.headers.iter().find(|(name, _)| name == "location").map(|(_, value)| value.as_str());
        let authority = location.and_then(|url| url.split('/').nth(2)).unwrap_or(call.how());
        told(&Request { authority, ..Request::get(&call.pod()) }.send())
    }
}

hostile!(FollowsARedirect);
