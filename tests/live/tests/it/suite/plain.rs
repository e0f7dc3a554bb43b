//! What two servers cannot have in common is put into words: identities, times, addresses and names that a server makes up, and the namespace's name.
//!
//! What stands in the description of the objects is not touched, so that it is compared.

use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What a server made up, and what stands in its place.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Whole words of texts, the longest first.
    words: Vec<(String, String)>,
    /// Times of the description.
    times: BTreeSet<String>,
}

/// Members whose values are made up, wherever they stand: the versions of what is stored, where to go on, a port of every node, and of a plan what follows
/// from identities. A lease is renewed all the time, and how long a pod may still take to end is over when it has ended.
const MADE_UP: [&str; 9] = [
    "resource_version",
    "resourceVersion",
    "continue",
    "node_port",
    "digest",
    "body_digest",
    "principal",
    "lease",
    "deletion_grace_period_seconds",
];
const SUFFIX: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const TOKEN_VOLUME: &str = "kube-api-access-";

impl Names {
    pub(super) fn new(words: BTreeMap<String, String>, description: &Value) -> Self {
        let mut words: Vec<_> = words.into_iter().collect();
        words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        let mut times = BTreeSet::new();
        collect_times(description, &mut times);
        Self { words, times }
    }

    /// The same without what was made up.
    pub(super) fn plain(&self, value: &Value) -> Value {
        match value {
            // A plan's id is the beginning of its digest.
            Value::Object(members) if members.contains_key("digest") => {
                let plain = members.iter().map(|member| self.member(member));
                let id = |name: &String| name == "id";
                Value::Object(
                    plain.map(|(name, value)| if id(&name) { (name, "<id>".into()) } else { (name, value) }).collect(),
                )
            }
            Value::Object(members) => Value::Object(members.iter().map(|member| self.member(member)).collect()),
            Value::Array(items) => items.iter().map(|item| self.plain(item)).collect(),
            Value::String(text) => Value::String(self.text(&without_account(text))),
            other => other.clone(),
        }
    }

    fn member(&self, (name, value): (&String, &Value)) -> (String, Value) {
        let plain = match value {
            Value::Null => Value::Null,
            _ if MADE_UP.contains(&name.as_str()) => Value::String(format!("<{name}>")),
            Value::Array(items) if name == "events" => Value::Array(self.events(items)),
            // The controller that mirrors Endpoints writes them in any order.
            Value::Array(items) if ["addresses", "not_ready_addresses"].contains(&name.as_str()) => {
                let mut plain: Vec<Value> = items.iter().map(|item| self.plain(item)).collect();
                plain.sort_by_key(Value::to_string);
                Value::Array(plain)
            }
            other => self.plain(other),
        };
        (self.text(name), plain)
    }

    /// Events are newest first. Those of controllers came within the same second or two, in whatever order, what looks after nodes takes its time to
    /// greet a new one, and what looks after the addresses of Services may hear of a Service before it hears of the address that it has.
    fn events(&self, events: &[Value]) -> Vec<Value> {
        let depends_on_time = |event: &&Value| {
            ["RegisteredNode", "ClusterIPNotAllocated"].iter().any(|reason| event["reason"] == *reason)
        };
        let mut plain: Vec<Value> =
            events.iter().filter(|event| !depends_on_time(event)).map(|event| self.plain(event)).collect();
        let made_up = |event: &Value| event["last_timestamp"].as_str().is_some_and(|time| time.starts_with('<'));
        let until = plain.iter().take_while(|event| made_up(event)).count();
        plain[..until].sort_by_key(Value::to_string);
        plain
    }

    fn text(&self, text: &str) -> String {
        let mut plain = text.to_owned();
        for (word, name) in &self.words {
            plain = plain.replace(word, name);
        }
        let suffix = plain.strip_prefix(TOKEN_VOLUME);
        if suffix.is_some_and(|suffix| suffix.len() == 5 && suffix.chars().all(|c| SUFFIX.contains(c))) {
            return format!("{TOKEN_VOLUME}#");
        }
        self.without_times_and_uids(&plain)
    }

    fn without_times_and_uids(&self, text: &str) -> String {
        let mut plain = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let time = time_at(rest).filter(|time| !self.times.contains(&zulu(time)));
            let (piece, name) = match (time, uid_at(rest)) {
                (Some(time), _) => (time, format!("<time{}>", fraction(time))),
                (None, Some(uid)) => (uid, "<uid>".to_owned()),
                (None, None) => (&rest[..first.len_utf8()], first.to_string()),
            };
            plain.push_str(&name);
            rest = &rest[piece.len()..];
        }
        plain
    }
}

/// Who is denied something is a service account of the test's own, in a namespace of its own on each server.
fn without_account(text: &str) -> String {
    match text.split_once("system:serviceaccount:") {
        Some((before, after)) => {
            let rest = after.split_once(':').map_or(after, |(_, rest)| rest);
            format!("{before}system:serviceaccount:<namespace>:{}", without_account(rest))
        }
        None => text.to_owned(),
    }
}

fn collect_times(value: &Value, times: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|value| collect_times(value, times)),
        Value::Array(items) => items.iter().for_each(|item| collect_times(item, times)),
        Value::String(text) if time_at(text) == Some(text) => drop(times.insert(zulu(text))),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn zulu(time: &str) -> String {
    time.replace("+00:00", "Z")
}

/// The time at the beginning of a text, as Kubernetes or a row writes it.
fn time_at(text: &str) -> Option<&str> {
    let seconds = starts_like(text, "0000-00-00T00:00:00", char::is_ascii_digit)?;
    let rest = &text[seconds.len()..];
    let fraction = rest.find(|c: char| c != '.' && !c.is_ascii_digit())?;
    let zone = ["Z", "+00:00"].into_iter().find(|zone| rest[fraction..].starts_with(zone))?;
    Some(&text[..seconds.len() + fraction + zone.len()])
}

/// How a time goes on behind its seconds.
fn fraction(time: &str) -> String {
    time[19..].chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
}

fn uid_at(text: &str) -> Option<&str> {
    starts_like(text, "00000000-0000-0000-0000-000000000000", char::is_ascii_hexdigit)
}

/// The beginning of a text that is like a pattern, in which 0 stands for any digit.
fn starts_like<'t>(text: &'t str, pattern: &str, is_digit: fn(&char) -> bool) -> Option<&'t str> {
    let (start, _) = text.split_at_checked(pattern.len())?;
    let alike = |(given, wanted): (char, char)| if wanted == '0' { is_digit(&given) } else { given == wanted };
    (start.is_ascii() && start.chars().zip(pattern.chars()).all(alike)).then_some(start)
}

/// Where two answers differ, in the order of their members.
pub(super) fn differences(real: &Value, demo: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(Some(real), Some(demo), "", &mut found);
    found
}

fn compare(real: Option<&Value>, demo: Option<&Value>, at: &str, found: &mut Vec<String>) {
    match (real, demo) {
        (Some(Value::Object(real)), Some(Value::Object(demo))) => {
            let names: BTreeSet<&String> = real.keys().chain(demo.keys()).collect();
            let of = |members: &'_ Map<String, Value>, name: &str| members.get(name).cloned();
            for name in names {
                compare(of(real, name).as_ref(), of(demo, name).as_ref(), &format!("{at}/{name}"), found);
            }
        }
        (Some(Value::Array(real)), Some(Value::Array(demo))) => {
            for index in 0..real.len().max(demo.len()) {
                compare(real.get(index), demo.get(index), &format!("{at}/{index}"), found);
            }
        }
        (real, demo) if real == demo => {}
        (real, demo) => {
            let shown = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
            found.push(format!("{at}: real has {}, demo has {}", shown(real), shown(demo)));
        }
    }
}
