//! The target's clock: it dates its answers, and its events.

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use std::time::SystemTime;

/// The instant so many seconds before an answer with this date, as Kubernetes writes times, but for the `Z` at the end. Where the target says no
/// date the call's own clock must do.
pub(crate) fn seconds_before(date: Option<&str>, seconds: u64) -> String {
    let ago = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    // What is longer than time itself leaves nothing out.
    now(date).checked_sub(ago).map(|then| then.to_string().trim_end_matches('Z').to_owned()).unwrap_or_default()
}

/// How many whole seconds before an answer with this date a time was, as Kubernetes writes times. 0 for one that is yet to come; none for what is no time.
pub(crate) fn seconds_since(date: Option<&str>, time: &str) -> Option<i64> {
    let then: Timestamp = time.parse().ok()?;
    Some(now(date).duration_since(then).as_secs().max(0))
}

fn now(date: Option<&str>) -> Timestamp {
    let dated = date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok());
    dated.or_else(|| Timestamp::try_from(SystemTime::now()).ok()).unwrap_or(Timestamp::UNIX_EPOCH)
}
