//! How a server writes what is in a row: numbers, lists, selectors, ports, ages.

use serde_json::Value;
use std::time::SystemTime;

pub(super) const NONE: &str = "<none>";
pub(super) const UNSET: &str = "<unset>";
pub(super) const UNKNOWN: &str = "<unknown>";

/// A member's text; nothing where it is null.
pub(super) fn text(row: &Value, pointer: &str) -> String {
    match row.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

/// A member's text, or what stands for none.
pub(super) fn or(row: &Value, pointer: &str, none: &str) -> String {
    Some(text(row, pointer)).filter(|text| !text.is_empty()).unwrap_or_else(|| none.to_owned())
}

pub(super) fn texts(row: &Value, pointer: &str) -> Vec<String> {
    let items = row.pointer(pointer).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

pub(super) fn joined(parts: &[String], none: &str) -> String {
    if parts.is_empty() { none.to_owned() } else { parts.join(",") }
}

/// How many items or members there are.
pub(super) fn count(row: &Value, pointer: &str) -> usize {
    match row.pointer(pointer) {
        Some(Value::Array(items)) => items.len(),
        Some(Value::Object(members)) => members.len(),
        _ => 0,
    }
}

/// Labels as a server lists them.
pub(super) fn labels(row: &Value, pointer: &str) -> String {
    let members = row.pointer(pointer).and_then(Value::as_object);
    let mut pairs: Vec<String> = members
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    pairs.sort();
    joined(&pairs, NONE)
}

/// A selector of labels and expressions, by their keys.
pub(super) fn selector(row: &Value, labels: &str, expressions: &str) -> String {
    let mut parts: Vec<(String, String)> = Vec::new();
    for (key, value) in row.pointer(labels).and_then(Value::as_object).into_iter().flatten() {
        parts.push((key.clone(), format!("{key}={}", value.as_str().unwrap_or_default())));
    }
    for expression in row.pointer(expressions).and_then(Value::as_array).into_iter().flatten() {
        let key = text(expression, "/key");
        let mut values = texts(expression, "/values");
        values.sort();
        let values = values.join(",");
        let shown = match text(expression, "/operator").as_str() {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.clone(),
            _ => format!("!{key}"),
        };
        parts.push((key, shown));
    }
    parts.sort_by(|one, other| one.0.cmp(&other.0));
    joined(&parts.into_iter().map(|(_, shown)| shown).collect::<Vec<_>>(), NONE)
}

/// `RWO,ROX`, in the server's order.
pub(super) fn access_modes(row: &Value, pointer: &str) -> String {
    let modes = texts(row, pointer);
    let known =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    let shown = known.iter().filter(|(mode, _)| modes.iter().any(|given| given == mode));
    shown.map(|(_, short)| *short).collect::<Vec<_>>().join(",")
}

/// Addresses of a balancer: sorted, each once.
pub(super) fn balancer(row: &Value) -> Vec<String> {
    let entries = row["load_balancer_ingress"].as_array();
    let address = |entry: &Value| or(entry, "/ip", &text(entry, "/hostname"));
    let mut addresses: Vec<String> = entries.into_iter().flatten().map(address).collect();
    addresses.sort();
    addresses.dedup();
    addresses
}

/// The first three, and how many more there are.
pub(super) fn at_most_three(parts: &[String], none: &str) -> String {
    match parts.get(..3) {
        Some(first) if parts.len() > 3 => format!("{} + {} more...", first.join(","), parts.len() - 3),
        _ => joined(parts, none),
    }
}

/// Seconds since 1970 of a time of a row.
fn seconds(time: &str) -> Option<i64> {
    time.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

/// How long ago the time of a member was.
pub(super) fn age(row: &Value, pointer: &str, now: SystemTime) -> String {
    let now = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0));
    seconds(&text(row, pointer)).map_or_else(|| UNKNOWN.to_owned(), |then| duration(now - then))
}

/// How long it was from one time of a row to another.
pub(super) fn between(row: &Value, from: &str, to: &str) -> Option<String> {
    Some(duration(seconds(&text(row, to))? - seconds(&text(row, from))?))
}

/// As `kubectl` writes durations.
fn duration(seconds: i64) -> String {
    let two = |large: i64, unit: &str, small: i64, other: &str| {
        if small == 0 { format!("{large}{unit}") } else { format!("{large}{unit}{small}{other}") }
    };
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let days = hours / 24;
    match seconds {
        ..0 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => two(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}
