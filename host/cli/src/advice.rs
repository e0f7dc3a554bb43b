//! What to do about an error: what the program knows better than the host, because it knows what was typed.

use meho_host::error::{CallError, ErrorCode};
use serde_json::Value;

/// How alike two names must be for one to be taken for a slip of the other.
const ALIKE: f64 = 0.8;

/// What was typed, as far as an error may be about it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Typed<'a> {
    pub(crate) operation: Option<&'a str>,
    pub(crate) context: Option<&'a str>,
    pub(crate) target: Option<&'a str>,
}

/// The error with a hint that names what was probably meant, and what else is to be said beside an error of somebody else's.
pub(crate) fn of(error: CallError, typed: Typed<'_>) -> (CallError, Option<String>) {
    if error.is_from_connector() {
        let advice = beside(&error);
        return (error, advice);
    }
    let list = |name: &str| strings(error.details.get(name));
    let argument = error.details.get("argument").and_then(Value::as_str);
    let meant = match error.code {
        ErrorCode::UnknownOperation => typed.operation.and_then(|typed| nearest(typed, &list("candidates"))),
        ErrorCode::InvalidRequest => {
            let argument = argument.and_then(|typed| nearest(typed, &list("candidates")));
            let context = typed.context.and_then(|typed| nearest(typed, &list("contexts")));
            let target = typed.target.and_then(|typed| nearest(typed, &list("targets")));
            argument.or(context).or(target)
        }
        _ => None,
    };
    let usual = match (&error.hint, typed.operation) {
        (Some(hint), _) => Some(hint.clone()),
        (None, Some(operation)) if argument.is_some() => {
            Some(format!("`meho-host ops {operation}` shows what it takes"))
        }
        (None, _) => None,
    };
    let hint = match (meant, usual) {
        (Some(meant), Some(usual)) => Some(format!("did you mean {meant}? {usual}")),
        (Some(meant), None) => Some(format!("did you mean {meant}?")),
        (None, usual) => usual,
    };
    let advice = beside(&error);
    let error = match hint {
        Some(hint) => error.hint(hint),
        None => error,
    };
    (error, advice)
}

/// What is to be said for people besides an error's own hint.
fn beside(error: &CallError) -> Option<String> {
    let text = match error.code {
        ErrorCode::PermissionDenied => {
            "`meho-host target check` shows what this credential may run, and which rights are missing"
        }
        ErrorCode::ConnectionFailed => {
            "`meho-host target list` shows where each target is; `meho-host demo` brings a cluster along"
        }
        ErrorCode::InvalidRequest if error.details.contains_key("candidates") && error.is_from_connector() => {
            "call again with one of the candidates"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

fn strings(list: Option<&Value>) -> Vec<&str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The known name that was probably meant.
pub(crate) fn nearest<'k>(typed: &str, known: &[&'k str]) -> Option<&'k str> {
    let scored = known.iter().map(|name| (strsim::jaro_winkler(typed, name), *name));
    let best = scored.filter(|(score, _)| *score >= ALIKE).max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.map(|(_, name)| name)
}
