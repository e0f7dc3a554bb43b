//! Instants: as targets write them, and as results have them.

use http::{HeaderMap, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use jiff::tz::Offset;
use serde::{Serialize as _, Serializer};

/// Longest value of a `Date` that is looked at. Those of RFC 9110, section 5.6.7, have 29 characters.
const MAX_DATE_BYTES: usize = 64;

/// The time that an answer gives; none where it gives none that can be read.
pub(crate) fn of_header(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(header::DATE)?.to_str().ok().filter(|text| text.len() <= MAX_DATE_BYTES)?;
    Some(rfc2822::parse(text).ok()?.timestamp())
}

/// RFC 3339 with a numeric offset, as the contract's rows have it; or null.
pub(crate) fn serialize<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.display_with_offset(Offset::UTC).to_string()).serialize(serializer)
}
