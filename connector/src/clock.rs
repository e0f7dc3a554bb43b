//! The target's clock: it dates its answers, and its events.

use std::time::{Duration, SystemTime};

/// The instant so many seconds before an answer with this date, as Kubernetes writes times, but for the `Z` at the end. Where the target says no
/// date the call's own clock must do.
pub(crate) fn seconds_before(date: Option<&str>, seconds: u64) -> String {
    // Before there was a clock there is nothing to leave out.
    let then = now(date).checked_sub(Duration::from_secs(seconds)).unwrap_or(SystemTime::UNIX_EPOCH);
    humantime::format_rfc3339_seconds(then.max(SystemTime::UNIX_EPOCH)).to_string().trim_end_matches('Z').to_owned()
}

/// How many whole seconds before an answer with this date a time was, as Kubernetes writes times. 0 for one that is yet to come; none for what is no time.
pub(crate) fn seconds_since(date: Option<&str>, time: &str) -> Option<i64> {
    let then = humantime::parse_rfc3339(time).ok()?;
    i64::try_from(now(date).duration_since(then).unwrap_or_default().as_secs()).ok()
}

/// The instant of this call, to the second: the host fixes it, and a plan has the same when it is executed.
pub(crate) fn instant_of_the_call() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

fn now(date: Option<&str>) -> SystemTime {
    date.and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or_else(SystemTime::now)
}
