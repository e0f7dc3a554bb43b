//! How a server writes what is in a row: numbers, lists, selectors, ports, ages. What columns are `as` in a catalogue is a word for it here, and beside them are a few that
//! no catalogue has.

use serde_json::Value;
use std::time::SystemTime;

const NONE: &str = "<none>";
const UNKNOWN: &str = "<unknown>";

/// What a server makes of members.
type Writes = fn(&[Value], Option<&str>, SystemTime) -> String;

/// A word for how a server writes members.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word(Writes);

impl Word {
    /// # Panics
    /// Where nobody has written down what a server makes of it.
    pub(super) fn of(word: Option<&str>) -> Self {
        Self(match word {
            None | Some("state" | "enough" | "wanted" | "unwanted") => plain,
            Some("age") => since,
            Some("count") => |of, _, _| of.iter().map(count).sum::<usize>().to_string(),
            Some("part") => |of, _, _| format!("{}/{}", text(&of[0]), text(&of[1])),
            Some("completions") => completions,
            Some("span") => span,
            Some("selector") => |of, _, _| selector(&of[0], &of[1]),
            Some("access-modes") => |of, _, _| access_modes(&of[0]),
            Some("marked-default") => |of, _, _| text(&of[0]) + if of[1] == true { " (default)" } else { "" },
            Some("state-or-going") => |of, _, _| if of[1].is_null() { text(&of[0]) } else { "Terminating".to_owned() },
            Some("within") => {
                |of, _, _| if of[1].is_null() { String::new() } else { format!("{}/{}", text(&of[0]), text(&of[1])) }
            }
            Some("reference") => |of, _, _| format!("{}/{}", text(&of[0]).to_lowercase(), text(&of[1])),
            Some("ports") => |of, _, _| joined(&items(&of[0]).iter().map(port).collect::<Vec<_>>(), NONE),
            Some("tls-ports") => |of, _, _| if count(&of[0]) == 0 { "80" } else { "80, 443" }.to_owned(),
            Some("hosts") => |of, _, _| hosts(&of[0]),
            Some("reached-at") => |of, _, _| balancer(&of[0]).join(","),
            Some("service-address") => |of, _, _| service_address(of),
            Some("endpoints") => {
                |of, _, _| at_most_three(&endpoints(&of[0]), if count(&of[0]) == 0 { NONE } else { "" })
            }
            Some("flag") => |of, _, _| if of[0] == true { "True" } else { "False" }.to_owned(),
            Some("trimmed") => |of, _, _| text(&of[0]).trim().to_owned(),
            Some("with-the-second-in-brackets") => bracketed,
            Some("first-and-the-last") => first_and_last,
            Some(other) => panic!("nobody has written down what a server makes of {other}"),
        })
    }
}

/// What a server writes of members, or what stands for none.
pub(super) fn shown(word: Word, of: &[Value], none: Option<&str>, now: SystemTime) -> String {
    (word.0)(of, none, now)
}

/// A text as it is, lists by their items, maps as labels.
fn plain(of: &[Value], none: Option<&str>, _: SystemTime) -> String {
    match &of[0] {
        Value::Array(_) => joined(&texts(&of[0]), none.unwrap_or(NONE)),
        Value::Object(_) => labels(&of[0], none.unwrap_or(NONE)),
        other => or(other, none.unwrap_or_default()),
    }
}

fn since(of: &[Value], none: Option<&str>, now: SystemTime) -> String {
    let time = of.iter().find(|time| !time.is_null()).unwrap_or(&Value::Null);
    let now = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0));
    seconds(time).map_or_else(|| none.unwrap_or(UNKNOWN).to_owned(), |then| duration(now - then))
}

/// Until it was over, or until now.
fn span(of: &[Value], none: Option<&str>, now: SystemTime) -> String {
    match (seconds(&of[0]), seconds(&of[1])) {
        (None, _) => String::new(),
        (Some(start), Some(end)) => duration(end - start),
        (Some(_), None) => since(&of[..1], none, now),
    }
}

fn completions(of: &[Value], _: Option<&str>, _: SystemTime) -> String {
    let succeeded = text(&of[0]);
    match (of[1].as_i64(), of[2].as_i64()) {
        (Some(completions), _) => format!("{succeeded}/{completions}"),
        (None, Some(parallelism)) if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        (None, _) => format!("{succeeded}/1"),
    }
}

fn bracketed(of: &[Value], none: Option<&str>, _: SystemTime) -> String {
    let first = or(&of[0], none.unwrap_or_default());
    if text(&of[1]).is_empty() { first } else { format!("{first} ({})", text(&of[1])) }
}

/// The first of them that there is, and behind a comma the last, where there is that.
fn first_and_last(of: &[Value], _: Option<&str>, _: SystemTime) -> String {
    let (last, firsts) = of.split_last().expect("members");
    let first = firsts.iter().map(text).find(|text| !text.is_empty()).unwrap_or_default();
    if text(last).is_empty() { first } else { format!("{first}, {}", text(last)) }
}

/// A member's text; nothing where it is null.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A member's text, or what stands for none.
fn or(value: &Value, none: &str) -> String {
    Some(text(value)).filter(|text| !text.is_empty()).unwrap_or_else(|| none.to_owned())
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn texts(value: &Value) -> Vec<String> {
    items(value).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn joined(parts: &[String], none: &str) -> String {
    if parts.is_empty() { none.to_owned() } else { parts.join(",") }
}

/// How many items or members there are.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    }
}

/// Labels as a server lists them.
fn labels(value: &Value, none: &str) -> String {
    let members = value.as_object().into_iter().flatten();
    let mut pairs: Vec<String> = members.map(|(key, value)| format!("{key}={}", text(value))).collect();
    pairs.sort();
    joined(&pairs, none)
}

/// A selector of labels and expressions, by their keys.
fn selector(labels: &Value, expressions: &Value) -> String {
    let mut parts: Vec<(String, String)> = Vec::new();
    for (key, value) in labels.as_object().into_iter().flatten() {
        parts.push((key.clone(), format!("{key}={}", text(value))));
    }
    for expression in items(expressions) {
        let key = text(&expression["key"]);
        let mut values = texts(&expression["values"]);
        values.sort();
        let values = values.join(",");
        let shown = match text(&expression["operator"]).as_str() {
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
fn access_modes(value: &Value) -> String {
    let modes = texts(value);
    let known =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    let shown = known.iter().filter(|(mode, _)| modes.iter().any(|given| given == mode));
    shown.map(|(_, short)| *short).collect::<Vec<_>>().join(",")
}

/// Addresses of a balancer: sorted, each once.
fn balancer(entries: &Value) -> Vec<String> {
    let address = |entry: &Value| or(&entry["ip"], &text(&entry["hostname"]));
    let mut addresses: Vec<String> = items(entries).iter().map(address).collect();
    addresses.sort();
    addresses.dedup();
    addresses
}

/// By its type: of a balancer, by its own addresses, or by its external name.
fn service_address(of: &[Value]) -> String {
    let own = texts(&of[2]);
    match text(&of[0]).as_str() {
        "ExternalName" => text(&of[3]),
        "LoadBalancer" => joined(&[balancer(&of[1]), own].concat(), "<pending>"),
        _ => joined(&own, NONE),
    }
}

fn port(port: &Value) -> String {
    match port["node_port"].as_i64() {
        Some(of_node) => format!("{}:{of_node}/{}", text(&port["port"]), text(&port["protocol"])),
        None => format!("{}/{}", text(&port["port"]), text(&port["protocol"])),
    }
}

/// The first three hosts of rules; how many more there are the server counts by rules, whether they have one or not.
fn hosts(rules: &Value) -> String {
    let (mut shown, mut more) = (Vec::new(), false);
    for rule in items(rules) {
        more |= shown.len() == 3;
        shown.extend(Some(text(&rule["host"])).filter(|host| !more && !host.is_empty()));
    }
    match joined(&shown, "*") {
        shown if more => format!("{shown} + {} more...", items(rules).len() - 3),
        shown => shown,
    }
}

fn endpoints(subsets: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for subset in items(subsets) {
        let addresses = || items(&subset["addresses"]).iter().map(|address| text(&address["ip"]));
        match items(&subset["ports"]) {
            [] => found.extend(addresses()),
            ports => {
                for port in ports {
                    found.extend(addresses().map(|address| match address.contains(':') {
                        true => format!("[{address}]:{}", text(&port["port"])),
                        false => format!("{address}:{}", text(&port["port"])),
                    }));
                }
            }
        }
    }
    found
}

/// The first three, and how many more there are.
fn at_most_three(parts: &[String], none: &str) -> String {
    match parts.get(..3) {
        Some(first) if parts.len() > 3 => format!("{} + {} more...", first.join(","), parts.len() - 3),
        _ => joined(parts, none),
    }
}

/// Seconds since 1970 of a time of a row.
fn seconds(time: &Value) -> Option<i64> {
    time.as_str()?.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
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
