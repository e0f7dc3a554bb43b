//! Events: what happened to an object, as whoever saw it told it.

use crate::column::{Column, NAMESPACE, column};
use crate::metadata::METADATA;
use crate::node::Shape::{Int, Object, Text};
use crate::node::{Node, Shape};
use crate::resource::{CORE, Resource};
use crate::row::Row;

/// Where they are kept.
pub(crate) const EVENTS: Resource = Resource::namespaced("Event", CORE, "events").found();

/// What is read of an event.
///
/// Writers of the newer events API leave `count` and both times null and fill `series` and `eventTime` instead.
pub(crate) const EVENT: Shape = Object(&[
    ("metadata", METADATA),
    ("involvedObject", Object(&[("kind", Text), ("name", Text), ("namespace", Text), ("uid", Text)])),
    ("source", Object(&[("component", Text), ("host", Text)])),
    ("type", Text),
    ("reason", Text),
    ("message", Text),
    ("count", Int),
    ("firstTimestamp", Text),
    ("lastTimestamp", Text),
    ("eventTime", Text),
    ("series", Object(&[("count", Int), ("lastObservedTime", Text)])),
    ("reportingComponent", Text),
    ("involvedObject", Object(&[("kind", Text), ("name", Text), ("namespace", Text), ("uid", Text)])),
]);

/// When an event happened last, so that text compares as time does: all are in UTC, and one without a fraction is the start of one with it.
pub(crate) fn order(event: &Node<'_>) -> Option<String> {
    last_seen(event).map(|time| time.trim_end_matches('Z').to_owned())
}

/// When an event happened last.
pub(crate) fn last_seen(event: &Node<'_>) -> Option<String> {
    let series = event.part("series");
    let found = series
        .filled("lastObservedTime")
        .or_else(|| event.filled("lastTimestamp"))
        .or_else(|| event.filled("eventTime"))
        .or_else(|| event.filled("firstTimestamp"));
    found.map(str::to_owned).or_else(|| event.part("metadata").filled("creationTimestamp").map(str::to_owned))
}

/// How a list of them stands in a table.
pub(crate) const COLUMNS: &[Column] = &[
    NAMESPACE,
    column("LAST SEEN", 3, &["last_timestamp", "first_timestamp"]).shown("age"),
    column("TYPE", 4, &["type"]).shown("state"),
    column("REASON", 2, &["reason"]),
    column("OBJECT", 0, &["involved_object.kind", "involved_object.name"]).shown("reference").cut("name"),
    column("MESSAGE", 1, &["message"]).cut("prose"),
    column("COUNT", 5, &["count"]),
];

/// The row of an event.
pub(crate) fn event_row(event: &Node<'_>, row: &mut Row<'_>) {
    let (metadata, source) = (event.part("metadata"), event.part("source"));
    row.text("name", metadata.text("name").unwrap_or_default());
    row.text("namespace", metadata.text("namespace").unwrap_or_default());
    row.text("uid", metadata.text("uid").unwrap_or_default());
    object_event(event, row);
    involved_object(event, row);
    row.object("source", |row| {
        row.text_or_null("component", source.filled("component"));
        row.text_or_null("host", source.filled("host"));
    });
    row.time("event_time", event.text("eventTime"));
    row.object_or_null("series", event.member("series"), |row, series| {
        row.int("count", series.count("count"));
        row.time("last_observed_time", series.text("lastObservedTime"));
    });
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

/// The same where events are about several objects: which one it was.
pub(crate) fn owned_event(event: &Node<'_>, row: &mut Row<'_>) {
    object_event(event, row);
    involved_object(event, row);
}

/// The object that an event is about.
fn involved_object(event: &Node<'_>, row: &mut Row<'_>) {
    let involved = event.part("involvedObject");
    row.object("involved_object", |row| {
        for name in ["kind", "name", "namespace", "uid"] {
            row.text_or_null(name, involved.filled(name));
        }
    });
}
