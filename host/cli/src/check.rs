//! What a check has found out about a target, for people: who answers there, whom it takes the caller for, and which operations that caller may run.
//!
//! It is given as programs get it, the host's own record of the check as JSON. Most texts in it are the target's.

use crate::age;
use crate::paint::{Paint, Tone};
use crate::table::{Own, Rows};
use crate::text::{safe, wrapped};
use crate::view::View;
use serde_json::{Value, json};

/// What stands before the values.
const NAMES: usize = 11;

/// The check for people.
#[must_use]
pub fn sheet(check: &Value, view: &View) -> String {
    let text = |name: &str| check.get(name).and_then(Value::as_str);
    let mut out = String::new();
    let mut line = |name: &str, shown: &str, tone: Tone| {
        let whole = format!("{name:NAMES$}{}", safe(shown));
        let lines = view.width.map_or_else(|| vec![whole.clone()], |width| wrapped(&whole, width));
        for (number, line) in lines.iter().enumerate() {
            let (head, rest) = line.split_at(if number == 0 { NAMES } else { 0 });
            out.push_str(&format!("{head}{}\n", view.paint.paint(tone, rest)));
        }
    };
    line("target", text("target").unwrap_or_default(), Tone::Plain);
    line("server", text("server").unwrap_or_default(), Tone::Plain);
    if let Some(proxy) = text("proxy") {
        line("proxy", proxy, Tone::Plain);
    }
    let (proven, tone) = proof(text("proof").unwrap_or_default());
    line("proof", proven, tone);
    line("version", text("server_version").unwrap_or("not said"), Tone::Plain);
    match check.get("identity").filter(|identity| !identity.is_null()) {
        Some(identity) => {
            let (user, groups) = who(identity);
            let tone = if identity.get("is_anonymous") == Some(&Value::Bool(true)) { Tone::Bad } else { Tone::Plain };
            line("user", &user, tone);
            line("groups", &groups, Tone::Plain);
        }
        None => line("user", "the target does not say", Tone::Warn),
    }
    if let Some(expires) = text("credential_expires") {
        let (shown, tone) = expiry(expires, view);
        line("expires", &shown, tone);
    }
    if let Some(namespace) = text("namespace") {
        line("namespace", namespace, Tone::Plain);
    }
    operations(check, view, &mut out);
    out
}

/// How the target proved who it is.
fn proof(proof: &str) -> (&str, Tone) {
    match proof {
        "ca" => ("verified by the CA that was given", Tone::Good),
        "system-roots" => ("verified by the system's roots", Tone::Good),
        "unverified" => {
            ("UNVERIFIED: whoever is between can read the credential and change what is sent and answered", Tone::Bad)
        }
        "plain-http" => ("none: plain http, to this machine", Tone::Warn),
        other => (other, Tone::Plain),
    }
}

/// A user's name, and the groups.
fn who(identity: &Value) -> (String, String) {
    let name = identity.get("username").and_then(Value::as_str).unwrap_or_default();
    let is_anonymous = identity.get("is_anonymous") == Some(&Value::Bool(true));
    let nobody = if is_anonymous { ", which is nobody: no credential reached the target" } else { "" };
    let groups = identity.get("groups").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let mut groups = groups.collect::<Vec<_>>().join(", ");
    if let Some(more) = identity.get("groups_left_out").and_then(Value::as_u64).filter(|more| *more > 0) {
        groups.push_str(&format!(" and {more} more"));
    }
    (format!("{name}{nobody}"), if groups.is_empty() { "none".to_owned() } else { groups })
}

/// When the credential is over, and how soon that is.
fn expiry(expires: &str, view: &View) -> (String, Tone) {
    const SOON: i64 = 60 * 60;
    let Some(time) = age::parse(expires) else { return (expires.to_owned(), Tone::Plain) };
    let left = time.as_second() - view.now.as_second();
    match left {
        ..=0 => (format!("{expires}, which is over"), Tone::Bad),
        1..=SOON => (format!("{expires}, in {}", age::human(left)), Tone::Warn),
        _ => (format!("{expires}, in {}", age::human(left)), Tone::Plain),
    }
}

fn operations(check: &Value, view: &View, out: &mut String) {
    let operations = check.get("operations").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if operations.is_empty() {
        return;
    }
    let mut rows = Rows::own(Own::Checks);
    for operation in operations {
        let list = |name: &str| operation.get(name).and_then(Value::as_array).into_iter().flatten().map(right);
        // What it cannot do without, then what it can, then what nobody knows.
        let missing: Vec<String> = list("missing")
            .chain(list("missing_optional").map(|right| format!("{right} (optional)")))
            .chain(list("unknown").map(|right| format!("{right} (not said)")))
            .collect();
        rows.push(&json!({
            "operation": operation.get("operation"),
            "verdict": operation.get("verdict"),
            "missing": if missing.is_empty() { Value::Null } else { missing.join(", ").into() },
        }));
    }
    out.push('\n');
    out.push_str(&rows.take(view));
    let count = |verdict: &str| {
        let of =
            operations.iter().filter(|operation| operation.get("verdict").and_then(Value::as_str) == Some(verdict));
        of.count()
    };
    let (all, partly, denied) = (operations.len(), count("partly"), count("denied"));
    out.push_str(&summary(all, partly, denied, view.paint));
}

fn summary(all: usize, partly: usize, denied: usize, paint: Paint) -> String {
    let denied = match denied {
        0 => "none is denied".to_owned(),
        denied => paint.paint(Tone::Bad, &format!("{denied} denied")),
    };
    format!("\n{all} operations: {denied}, {partly} only partly allowed\n")
}

/// `list pods`, `patch deployments.apps/scale in web`.
fn right(right: &Value) -> String {
    let text = |name: &str| right.get(name).and_then(Value::as_str).unwrap_or_default();
    let (resource, subresource) = text("resource").split_once('/').unwrap_or((text("resource"), ""));
    let group = if text("api_group").is_empty() { String::new() } else { format!(".{}", text("api_group")) };
    let subresource = if subresource.is_empty() { String::new() } else { format!("/{subresource}") };
    let place = if text("namespace").is_empty() { String::new() } else { format!(" in {}", text("namespace")) };
    format!("{} {resource}{group}{subresource}{place}", text("verb"))
}
