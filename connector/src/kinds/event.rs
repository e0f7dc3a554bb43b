//! Events: what happened to an object, as whoever saw it told it.

use crate::node::Shape::{Int, Object, Text};
use crate::node::{Node, Shape};
use crate::row::Row;

/// What is read of an event.
///
/// Writers of the newer events API leave `count` and both times null and fill `series` and `eventTime` instead.
pub(crate) const EVENT: Shape = Object(&[
    ("metadata", Object(&[("creationTimestamp", Text)])),
    ("type", Text),
    ("reason", Text),
    ("message", Text),
    ("count", Int),
    ("firstTimestamp", Text),
    ("lastTimestamp", Text),
    ("eventTime", Text),
    ("series", Object(&[("count", Int), ("lastObservedTime", Text)])),
    ("reportingComponent", Text),
]);

/// When an event happened last, for the order: newest first. Times of one writer compare as text; those with and without fractions do too, to
/// the second.
pub(crate) fn last_seen(event: &Node<'_>) -> Option<String> {
    let series = event.part("series");
    let found = series
        .filled("lastObservedTime")
        .or_else(|| event.filled("lastTimestamp"))
        .or_else(|| event.filled("eventTime"))
        .or_else(|| event.filled("firstTimestamp"));
    found.map(str::to_owned).or_else(|| event.part("metadata").filled("creationTimestamp").map(str::to_owned))
}

/// What happened to an object, shown beside the object itself.
pub(crate) fn object_event(event: &Node<'_>, row: &mut Row<'_>) {
    let metadata = event.part("metadata");
    let first = event
        .filled("firstTimestamp")
        .or_else(|| event.filled("eventTime"))
        .or_else(|| metadata.filled("creationTimestamp"));
    let counted = |count: Option<i64>| count.filter(|count| *count > 0);
    row.text_or_null("type", event.filled("type"));
    row.text_or_null("reason", event.filled("reason"));
    row.untrusted("message", event.filled("message"));
    row.int("count", counted(event.part("series").int("count")).or(counted(event.int("count"))).unwrap_or(1));
    row.time("first_timestamp", first);
    row.time("last_timestamp", last_seen(event).as_deref());
    row.text_or_null("reporting_component", event.filled("reportingComponent"));
}
