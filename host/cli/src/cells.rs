//! What stands in a cell: a member of a row as it is, or what is made of several. Rows are a stranger's, so anything may be missing or of another type.

use crate::age;
use crate::layout::Text;
use crate::paint::{Tone, tone_of};
use crate::text::safe;
use jiff::Timestamp;
use serde_json::Value;

/// Stands where there is nothing.
pub(crate) const NOTHING: &str = "-";

/// A cell before it is known what time it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Text.
    Text(Text),
    /// How long ago this was.
    Since(Timestamp),
}

impl Cell {
    /// A stranger's text, escaped.
    pub(crate) fn text(text: &str) -> Self {
        Self::toned(text, Tone::Plain)
    }

    pub(crate) fn toned(text: &str, tone: Tone) -> Self {
        Self::Text(Text { text: safe(text), tone })
    }

    pub(crate) fn nothing() -> Self {
        Self::text(NOTHING)
    }

    /// A word that says how something is.
    pub(crate) fn status(word: &str) -> Self {
        Self::toned(word, tone_of(word))
    }

    pub(crate) fn some(text: &str) -> Self {
        if text.is_empty() { Self::nothing() } else { Self::text(text) }
    }

    /// As it is shown now.
    pub(crate) fn shown(self, now: Timestamp) -> Text {
        match self {
            Self::Text(text) => text,
            Self::Since(time) => Text { text: age::since(time, now), tone: Tone::Plain },
        }
    }

    /// How much it holds.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.text.len(),
            Self::Since(_) => size_of::<Timestamp>(),
        }
    }
}

/// A member, or a member of a member.
pub(crate) fn at<'r>(row: &'r Value, path: &[impl AsRef<str>]) -> &'r Value {
    path.iter().fold(row, |value, name| value.get(name.as_ref()).unwrap_or(&Value::Null))
}

pub(crate) fn word<'r>(row: &'r Value, name: &str) -> &'r str {
    row.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn number(row: &Value, name: &str) -> i64 {
    row.get(name).and_then(Value::as_i64).unwrap_or_default()
}

fn items<'r>(row: &'r Value, name: &str) -> &'r [Value] {
    row.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The texts of a list, or one member of each of its items.
fn texts<'r>(row: &'r Value, name: &str, member: Option<&'r str>) -> Vec<&'r str> {
    let items = items(row, name).iter().map(|item| member.map_or(item, |member| at(item, &[member])));
    items.filter_map(Value::as_str).filter(|text| !text.is_empty()).collect()
}

/// A value in as few words as it can be told.
pub(crate) fn brief(value: &Value) -> String {
    match value {
        Value::Null => NOTHING.to_owned(),
        Value::String(text) => text.trim_end().to_owned(),
        Value::Array(items) if items.is_empty() => NOTHING.to_owned(),
        Value::Array(items) => items.iter().map(brief).collect::<Vec<_>>().join(","),
        Value::Object(members) if members.is_empty() => NOTHING.to_owned(),
        Value::Object(members) => {
            let pair = |(name, value): (&String, &Value)| format!("{name}={}", brief(value));
            members.iter().map(pair).collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    }
}

/// A member as it is.
pub(crate) fn member(row: &Value, name: &str) -> Cell {
    Cell::text(&brief(at(row, &[name])))
}

/// A member that says how something is.
pub(crate) fn state(row: &Value, name: &str) -> Cell {
    Cell::status(&brief(at(row, &[name])))
}

/// How long ago the time of a member was.
pub(crate) fn age(row: &Value, name: &str) -> Cell {
    match age::parse(word(row, name)) {
        Some(time) => Cell::Since(time),
        None => Cell::nothing(),
    }
}

/// So many of so many: yellow where they are not all.
pub(crate) fn part(ready: i64, wanted: i64) -> Cell {
    let tone = if ready < wanted { Tone::Warn } else { Tone::Plain };
    Cell::toned(&format!("{ready}/{wanted}"), tone)
}

/// The same as a row has it. Of a pod that has done its work none is ready.
pub(crate) fn pod_ready(pod: &Value) -> Cell {
    let text = word(pod, "ready");
    match text.split_once('/').and_then(|(ready, all)| Some((ready.parse().ok()?, all.parse().ok()?))) {
        Some((ready, all)) if word(pod, "status") != "Completed" => part(ready, all),
        _ => Cell::some(text),
    }
}

pub(crate) fn pod_restarts(pod: &Value) -> Cell {
    let restarts = number(pod, "restarts");
    let tone = if restarts > 0 { Tone::Warn } else { Tone::Plain };
    Cell::toned(&brief(at(pod, &["restarts"])), tone)
}

/// The first of these members that is there.
fn first(row: &Value, paths: &[&[&str]]) -> Cell {
    let found = paths.iter().map(|path| at(row, path)).find(|value| !value.is_null());
    Cell::text(&brief(found.unwrap_or(&Value::Null)))
}

/// What somebody is called who has an address, or else a name.
pub(crate) fn named(entry: &Value) -> Option<String> {
    [word(entry, "ip"), word(entry, "hostname")].into_iter().find(|name| !name.is_empty()).map(str::to_owned)
}

/// `IP:PORT`, each address of a subset with each of its ports.
pub(crate) fn endpoints(subset: &Value) -> Vec<String> {
    let ports: Vec<i64> = items(subset, "ports").iter().map(|port| number(port, "port")).collect();
    let with_ports = |ip: &str| match ports.as_slice() {
        [] => vec![ip.to_owned()],
        ports => ports.iter().map(|port| format!("{ip}:{port}")).collect(),
    };
    texts(subset, "addresses", Some("ip")).into_iter().flat_map(with_ports).collect()
}

/// `RWO` and its kin, as `kubectl` shortens them.
pub(crate) fn shortened_mode(mode: &str) -> String {
    match mode {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        other => other,
    }
    .to_owned()
}

/// One expression of a selector, as `kubectl` writes it.
pub(crate) fn expression(expression: &Value) -> String {
    let (key, values) = (word(expression, "key"), texts(expression, "values", None).join(","));
    match word(expression, "operator") {
        "In" => format!("{key} in ({values})"),
        "NotIn" => format!("{key} notin ({values})"),
        "DoesNotExist" => format!("!{key}"),
        _ => key.to_owned(),
    }
}

/// `80/TCP`, or with the node's port `80:30080/TCP`.
pub(crate) fn port(port: &Value) -> String {
    let protocol = Some(word(port, "protocol")).filter(|protocol| !protocol.is_empty()).unwrap_or("TCP");
    match number(port, "node_port") {
        0 => format!("{}/{protocol}", number(port, "port")),
        node_port => format!("{}:{node_port}/{protocol}", number(port, "port")),
    }
}

pub(crate) fn event_age(event: &Value) -> Cell {
    let last = age(event, "last_timestamp");
    if last == Cell::nothing() { age(event, "first_timestamp") } else { last }
}

pub(crate) fn event_from(event: &Value) -> Cell {
    first(event, &[&["reporting_component"], &["source", "component"]])
}

/// How a condition is. Most are well when they are true, a few when they are not.
pub(crate) fn condition(condition: &Value) -> Cell {
    let (kind, status) = (word(condition, "type"), word(condition, "status"));
    let well_when_false =
        kind.ends_with("Pressure") || kind.ends_with("Failure") || matches!(kind, "Failed" | "NetworkUnavailable");
    let well_when_true = matches!(
        kind,
        "Ready"
            | "Available"
            | "PodScheduled"
            | "Initialized"
            | "ContainersReady"
            | "Progressing"
            | "PodReadyToStartContainers"
    );
    let is_bad = (well_when_false && status == "True") || (well_when_true && matches!(status, "False" | "Unknown"));
    Cell::toned(&brief(at(condition, &["status"])), if is_bad { Tone::Bad } else { Tone::Plain })
}

/// `running`, or `waiting: CrashLoopBackOff`, or `terminated: Error (1)`.
pub(crate) fn container_state(container: &Value) -> Cell {
    match word(container, "state") {
        "waiting" => ended("waiting", word(container, "waiting_reason"), None),
        "terminated" => {
            ended("terminated", word(container, "terminated_reason"), at(container, &["exit_code"]).as_i64())
        }
        other => Cell::some(other),
    }
}

/// How it ended the last time.
pub(crate) fn container_before(container: &Value) -> Cell {
    match at(container, &["last_state"]) {
        Value::Object(last) if !last.is_empty() => {
            let last = Value::Object(last.clone());
            ended("", word(&last, "reason"), at(&last, &["exit_code"]).as_i64())
        }
        _ => Cell::nothing(),
    }
}

fn ended(what: &str, reason: &str, exit_code: Option<i64>) -> Cell {
    let code = exit_code.map(|code| format!("({code})")).unwrap_or_default();
    let said = [reason, &code].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let text = [what, &said].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
    let tone = match (exit_code, tone_of(reason)) {
        (Some(0), _) => Tone::Plain,
        (Some(_), _) => Tone::Bad,
        (None, tone) => tone,
    };
    Cell::toned(&text, tone)
}

/// What a container says of why it does not run, or did not.
pub(crate) fn container_message(container: &Value) -> Cell {
    first(container, &[&["waiting_message"], &["last_state", "message"]])
}

/// What asks a container how it is: `live http-get http://:8080/live, ready exec [cat /tmp/ready]`.
pub(crate) fn container_probes(container: &Value) -> Cell {
    let probes = [("live", "liveness_probe"), ("ready", "readiness_probe"), ("started", "startup_probe")];
    let shown = probes.into_iter().filter_map(|(what, name)| {
        let action = at(container, &[name, "action"]).as_str()?;
        Some(format!("{what} {action}"))
    });
    Cell::some(&shown.collect::<Vec<_>>().join(", "))
}

pub(crate) fn target_default(target: &Value) -> Cell {
    Cell::text(if at(target, &["default"]) == &Value::Bool(true) { "yes" } else { NOTHING })
}

pub(crate) fn target_place(target: &Value) -> Cell {
    match word(target, "kind") {
        "in-cluster" => Cell::text("the cluster around this pod"),
        _ => first(target, &[&["kubeconfig"], &["server"]]),
    }
}

pub(crate) fn target_proof(target: &Value) -> Cell {
    match word(target, "kind") {
        "server" if at(target, &["skip_tls_verification"]) == &Value::Bool(true) => Cell::toned("nothing", Tone::Bad),
        "server" if at(target, &["ca_file"]).is_null() => Cell::text("system roots"),
        "server" => first(target, &[&["ca_file"]]),
        "in-cluster" => Cell::text("the pod's CA"),
        _ => Cell::text("its kubeconfig"),
    }
}

pub(crate) fn allowed(operation: &Value) -> Cell {
    match word(operation, "verdict") {
        "allowed" => Cell::toned("yes", Tone::Good),
        "partly" => Cell::toned("partly", Tone::Warn),
        "denied" => Cell::toned("no", Tone::Bad),
        "unknown" => Cell::toned("not said", Tone::Warn),
        other => Cell::some(other),
    }
}

pub(crate) fn trust(operation: &Value) -> Cell {
    let trust = word(operation, "trust");
    let tone = match trust {
        "WRITE" => Tone::Warn,
        "DESTRUCTIVE" => Tone::Bad,
        _ => Tone::Plain,
    };
    Cell::toned(trust, tone)
}

pub(crate) fn parameter_required(parameter: &Value) -> Cell {
    Cell::text(if at(parameter, &["required"]) == &Value::Bool(true) { "yes" } else { NOTHING })
}

/// More values than these stand with the meaning, where there is room for them.
const MOST_BESIDE: usize = 3;

pub(crate) fn parameter_meaning(parameter: &Value) -> Cell {
    let allowed = texts(parameter, "allowed", None);
    match (word(parameter, "description"), allowed.len() > MOST_BESIDE) {
        (meaning, false) => Cell::some(meaning),
        ("", true) => Cell::text(&allowed.join(", ")),
        (meaning, true) => Cell::text(&format!("{meaning}: {}", allowed.join(", "))),
    }
}

/// What a value may be: `integer, 1 and more`, or the only values that there are.
pub(crate) fn parameter_type(parameter: &Value) -> Cell {
    let allowed = texts(parameter, "allowed", None);
    if !allowed.is_empty() && allowed.len() <= MOST_BESIDE {
        return Cell::text(&allowed.join(" or "));
    }
    if !allowed.is_empty() {
        return Cell::text(&format!("one of {}", allowed.len()));
    }
    let kind = match word(parameter, "type") {
        "array" => "texts, parted by commas",
        "string" => "text",
        other => other,
    };
    let bounds = (at(parameter, &["minimum"]).as_i64(), at(parameter, &["maximum"]).as_i64());
    Cell::text(&match bounds {
        (Some(least), Some(most)) => format!("{kind}, {least} to {most}"),
        (Some(least), None) => format!("{kind}, {least} and more"),
        (None, Some(most)) => format!("{kind}, {most} and less"),
        (None, None) => kind.to_owned(),
    })
}
