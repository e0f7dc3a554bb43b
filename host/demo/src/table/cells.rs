//! What stands in cells of many kinds: ages, names of containers, selectors.

use super::{Column, Layout, NAME};
use crate::select::Labels;
use crate::time;
use jiff::Timestamp;
use serde_json::{Value, json};

/// A kind that has no columns of its own.
pub(super) const OTHERS: Layout = Layout {
    columns: &[NAME, Column { name: "Created At", kind: "date", format: "", priority: 0 }],
    cells: |object, _| vec![name(object), object.pointer("/metadata/creationTimestamp").cloned().unwrap_or_default()],
};

pub(super) fn name(object: &Value) -> Value {
    object.pointer("/metadata/name").cloned().unwrap_or_default()
}

/// Text at a place; empty where there is none.
pub(super) fn at<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Text at a place, or something in its stead.
pub(super) fn or<'a>(object: &'a Value, pointer: &str, other: &'a str) -> &'a str {
    Some(at(object, pointer)).filter(|text| !text.is_empty()).unwrap_or(other)
}

/// A number at a place; 0 where there is none.
pub(super) fn count(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0)
}

pub(super) fn items<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// How old an object is.
pub(super) fn age(object: &Value, now: Timestamp) -> Value {
    since(at(object, "/metadata/creationTimestamp"), now).into()
}

/// How long ago something was.
pub(super) fn since(time: &str, now: Timestamp) -> String {
    time::parse(time).map_or_else(|| "<unknown>".to_owned(), |then| duration(now.duration_since(then).as_secs()))
}

/// A length of time in the one or two units that matter.
pub(super) fn duration(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    let both = |large: i64, unit: &str, small: i64, part: &str| match small {
        0 => format!("{large}{unit}"),
        _ => format!("{large}{unit}{small}{part}"),
    };
    let (minutes, hours, days) = (seconds / MINUTE, seconds / HOUR, seconds / DAY);
    match seconds {
        ..=-2 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => both(minutes, "m", seconds % MINUTE, "s"),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => both(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if days < 8 => both(days, "d", hours % 24, "h"),
        _ if seconds < 2 * YEAR => format!("{days}d"),
        _ if seconds < 8 * YEAR => both(seconds / YEAR, "y", days % 365, "d"),
        _ => format!("{}y", seconds / YEAR),
    }
}

/// The names and the images of containers.
pub(super) fn containers(spec: Option<&Value>) -> [Value; 2] {
    let list = spec.map(|spec| items(spec, "/containers")).unwrap_or_default();
    let join = |key: &str| list.iter().map(|container| at(container, key)).collect::<Vec<_>>().join(",");
    [json!(join("/name")), json!(join("/image"))]
}

/// A selector of an object, as text.
pub(super) fn selector(object: &Value, pointer: &str) -> Value {
    let selector = Labels::of_object(object.pointer(pointer)).map(|selector| selector.show());
    selector.filter(|text| !text.is_empty()).unwrap_or_else(|| "<none>".to_owned()).into()
}

/// A map of labels, as text.
pub(super) fn labels(object: &Value, pointer: &str) -> Value {
    let labels = object.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
    let mut labels: Vec<String> =
        labels.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    labels.sort();
    if labels.is_empty() { "<none>".into() } else { labels.join(",").into() }
}

/// The first few of a list, and how many more there are.
pub(super) fn first(list: &[String], most: usize) -> String {
    let shown = list.get(..most).unwrap_or(list).join(",");
    if list.len() > most { format!("{shown} + {} more...", list.len() - most) } else { shown }
}
