//! Events of the two groups: they are kept as those of the core group.

use serde_json::{Map, Value};

/// The names of fields: in the core group, and in events.k8s.io.
const FIELDS: [(&str, &str); 6] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
];

/// A core event as events.k8s.io shows it.
pub(crate) fn to_new(event: &Value) -> Value {
    let count = event.get("count").cloned();
    let mut new = renamed(event, |(old, new)| (*old, *new));
    new.remove("count");
    if let Some(count) = count {
        new.insert("deprecatedCount".to_owned(), count);
    }
    for key in ["reportingController", "reportingInstance"] {
        if new.get(key).and_then(Value::as_str) == Some("") {
            new.remove(key);
        }
    }
    new.insert("apiVersion".to_owned(), "events.k8s.io/v1".into());
    Value::Object(new)
}

/// An event of events.k8s.io as the core group keeps it.
pub(crate) fn to_core(event: &Value) -> Value {
    let count = event.get("deprecatedCount").cloned();
    let mut core = renamed(event, |(old, new)| (*new, *old));
    core.remove("deprecatedCount");
    if let Some(count) = count {
        core.insert("count".to_owned(), count);
    }
    core.insert("apiVersion".to_owned(), "v1".into());
    Value::Object(core)
}

fn renamed(
    event: &Value,
    pair: impl Fn(&(&'static str, &'static str)) -> (&'static str, &'static str),
) -> Map<String, Value> {
    let name = |key: &str| {
        let pair = FIELDS.iter().map(&pair).find(|(from, _)| *from == key);
        pair.map_or_else(|| key.to_owned(), |(_, to)| to.to_owned())
    };
    event.as_object().into_iter().flatten().map(|(key, value)| (name(key), value.clone())).collect()
}
