//! Fills one set of headers for ever.

use meho_test_hostile::{Acted, Arguments, Fixture, hostile};
use wasip2::http::types::Fields;

struct GrowsHeaders;

impl Fixture for GrowsHeaders {
    fn act(_: &Arguments) -> Acted {
        let fields = Fields::new();
        loop {
            let _ = fields.append("accept", &[b'a'; 1000]);
        }
    }
}

hostile!(GrowsHeaders);
