//! Conditions of workloads, kept as their controllers keep them: one of each type, moved to the end when it changes.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::read::text;
use crate::time::seconds;

/// What a condition is to say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Saying<'a> {
    pub(crate) kind: &'a str,
    pub(crate) status: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) message: &'a str,
}

/// The condition of a type.
pub(crate) fn find<'a>(conditions: &'a [Value], kind: &str) -> Option<&'a Value> {
    conditions.iter().find(|condition| text(condition, "/type") == kind)
}

/// Says something. Where status and reason say it already, nothing changes.
pub(crate) fn say(conditions: &mut Vec<Value>, saying: Saying<'_>, now: Timestamp) {
    let current = find(conditions, saying.kind);
    let same = |pointer, value| current.is_some_and(|current| text(current, pointer) == value);
    if same("/status", saying.status) && same("/reason", saying.reason) {
        return;
    }
    insist(conditions, saying, now);
}

/// Says something with a new `lastUpdateTime`, even where it stands there already.
pub(crate) fn insist(conditions: &mut Vec<Value>, saying: Saying<'_>, now: Timestamp) {
    let current = find(conditions, saying.kind);
    let kept = current.filter(|current| text(current, "/status") == saying.status);
    let changed = kept.map_or_else(|| seconds(now), |kept| text(kept, "/lastTransitionTime").to_owned());
    forget(conditions, saying.kind);
    conditions.push(json!({
        "type": saying.kind,
        "status": saying.status,
        "lastUpdateTime": seconds(now),
        "lastTransitionTime": changed,
        "reason": saying.reason,
        "message": saying.message,
    }));
}

pub(crate) fn forget(conditions: &mut Vec<Value>, kind: &str) {
    conditions.retain(|condition| text(condition, "/type") != kind);
}
