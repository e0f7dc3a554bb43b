//! What would come of a plan, for a person's eyes: what would go and what makes it again, what would change, and what could not be found out.
//!
//! All of it is the target's text but for the words at the beginning of each line, and for how things are said. Each line begins with a word of ours, and
//! whatever goes on from it stands behind a mark.

use crate::text::{prose, wrapped};
use serde_json::Value;

/// Most lines of it. The whole of it is in the view, which `dry_run=true` prints.
const MAX_LINES: usize = 30;
/// Most of each list that is shown.
const MAX_SHOWN: usize = 10;

/// The lines; none where the view has no preview.
pub fn lines(preview: &Value, width: usize) -> Vec<String> {
    if !preview.is_object() {
        return Vec::new();
    }
    let said = [goes(preview), again(preview), changes(preview), pods(preview), budgets(preview), unknown(preview)];
    let shown: Vec<String> = said.iter().flatten().flat_map(|line| wrapped(line, width)).collect();
    let mut lines = prose("What would come of it:", width);
    lines.push(String::new());
    lines.extend(shown.iter().take(MAX_LINES).cloned());
    if let Some(hidden) = shown.len().checked_sub(MAX_LINES).filter(|hidden| *hidden > 0) {
        lines.extend(prose(
            &format!("  {hidden} more lines are not shown here; all of it is, with dry_run=true."),
            width,
        ));
    }
    lines
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or_default()
}

fn is(value: &Value, name: &str) -> bool {
    value.get(name) == Some(&Value::Bool(true))
}

/// A list of lines behind a word, as many as are shown, and how many there are beyond.
fn behind(word: &str, all: &[String], left_out: u64) -> Vec<String> {
    let shown = all.iter().take(MAX_SHOWN).map(|line| format!("  {word:<9}{line}"));
    let beyond = all.len().saturating_sub(MAX_SHOWN) as u64 + left_out;
    let more = (beyond > 0).then(|| format!("  {word:<9}… and {beyond} more"));
    shown.chain(more).collect()
}

fn changes(preview: &Value) -> Vec<String> {
    let value = |change: &Value, name: &str| match change.get(name) {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(value) => value.to_string(),
    };
    let line = |change: &Value| {
        format!("{}: {} → {}", text(change, "pointer"), value(change, "before"), value(change, "after"))
    };
    let all: Vec<String> = list(preview, "changes").iter().map(line).collect();
    if all.is_empty() && is(preview, "was_tried") && list(preview, "goes").is_empty() {
        return vec!["  changes  nothing: all is as the request would make it".to_owned()];
    }
    behind("changes", &all, number(preview, "changes_left_out"))
}

fn goes(preview: &Value) -> Vec<String> {
    let line = |object: &Value| {
        let place =
            object.get("namespace").and_then(Value::as_str).map(|name| format!(" in {name}")).unwrap_or_default();
        format!("{} {}{place}", text(object, "kind"), text(object, "name"))
    };
    let of = |name: &str| -> Vec<String> { list(preview, name).iter().map(line).collect() };
    let mut lines = behind("goes", &of("goes"), number(preview, "goes_left_out"));
    lines.extend(behind("orphaned", &of("orphaned"), number(preview, "orphaned_left_out")));
    lines
}

fn again(preview: &Value) -> Vec<String> {
    let Some(recreated) = preview.get("recreated_by").filter(|by| by.is_object()) else { return Vec::new() };
    let owner = |owner: &Value| format!("{} {}", text(owner, "kind"), text(owner, "name"));
    let said = match list(recreated, "controllers") {
        [first] => format!("{} makes another in its place", owner(first)),
        [first, above, ..] => format!("{}, of {}, makes another in its place", owner(first), owner(above)),
        [] => match (recreated.get("kubelet"), recreated.get("nothing")) {
            (Some(kubelet), _) => {
                format!("the kubelet of node {} makes it again, from a file there", text(kubelet, "node"))
            }
            (None, Some(nothing)) => format!("nothing makes another: {}", text(nothing, "because")),
            (None, None) => return Vec::new(),
        },
    };
    vec![format!("  again    {said}")]
}

fn pods(preview: &Value) -> Vec<String> {
    let Some(pods) = preview.get("pods").filter(|pods| pods.is_object()) else { return Vec::new() };
    let count = number(pods, "now");
    let least = if is(pods, "is_at_least") { "at least " } else { "" };
    let now = format!("{least}{count} now");
    let fate = pods.get("fate").unwrap_or(&Value::Null);
    let said = match (fate.as_str(), fate.get("become").and_then(Value::as_u64)) {
        (_, Some(then)) => format!("{now}, and then {then}"),
        (Some("stay"), _) => format!("{now}; they go on running"),
        (Some("go"), _) => format!("{now}; they go with it"),
        (Some("replaced"), _) => format!("{now}; others come in their place, as the workload's strategy has it"),
        _ => format!("{now}; what becomes of them is not known"),
    };
    vec![format!("  pods     {said}")]
}

fn budgets(preview: &Value) -> Vec<String> {
    let line = |budget: &Value| {
        let allowed = budget.get("disruptions_allowed").and_then(Value::as_i64);
        let allowed = allowed.map_or("does not say how many more may be missing".to_owned(), |allowed| {
            format!("lets {allowed} more be missing now")
        });
        format!("{} covers {} of the pods and {allowed}", text(budget, "name"), number(budget, "covers"))
    };
    let all: Vec<String> = list(preview, "disruption_budgets").iter().map(line).collect();
    let mut lines = behind("budget", &all, 0);
    if !lines.is_empty() {
        lines.push("           a budget holds back evictions, and nothing else".to_owned());
    }
    lines
}

fn unknown(preview: &Value) -> Vec<String> {
    let line = |lost: &Value| {
        // In quotes, so that it can be seen where it begins and ends.
        let says = lost.get("target_says").filter(|says| says.is_string());
        let says = says.map(|says| format!("; it says {says}")).unwrap_or_default();
        format!("{}: {}{says}", text(lost, "what"), text(lost, "why"))
    };
    let all: Vec<String> = list(preview, "unavailable").iter().map(line).collect();
    behind("unknown", &all, 0)
}
