//! What to do about an error: what the program knows better than the host, because it knows what was typed.

use crate::arguments::NAMESPACE;
use crate::habits;
use meho_host::error::{CallError, ErrorCode};
use serde_json::Value;

/// A slip changes no more than one letter in so many, and no more than so few names are told.
const LETTERS_A_SLIP: usize = 4;
const MOST_MEANT: usize = 3;
/// Shorter words stand in too many names.
const LEAST_PART: usize = 3;

/// What was typed, as far as an error may be about it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Typed<'a> {
    pub(crate) operation: Option<&'a str>,
    pub(crate) context: Option<&'a str>,
    pub(crate) target: Option<&'a str>,
}

/// Whether it is known what was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meant {
    Known,
    Unknown,
}

/// An error, and what is to be said with it.
#[derive(Debug)]
pub(crate) struct Advised {
    pub(crate) error: CallError,
    /// Beside the error's own hint, for people.
    pub(crate) beside: Option<String>,
    pub(crate) meant: Meant,
}

/// The error with a hint that names what was probably meant, and what else is to be said beside an error of somebody else's.
pub(crate) fn of(error: CallError, typed: Typed<'_>) -> Advised {
    if error.is_from_connector() {
        let beside = beside(&error);
        return Advised { error, beside, meant: Meant::Unknown };
    }
    let list = |name: &str| strings(error.details.get(name));
    let argument = error.details.get("argument").and_then(Value::as_str);
    let meant = match error.code {
        ErrorCode::UnknownOperation => typed.operation.and_then(|typed| likely(typed, &list("candidates"))),
        ErrorCode::InvalidRequest => {
            let argument = argument.and_then(|typed| nearest(typed, &list("candidates")));
            let context = typed.context.and_then(|typed| nearest(typed, &list("contexts")));
            let target = typed.target.and_then(|typed| nearest(typed, &list("targets")));
            argument.or(context).or(target).map(str::to_owned)
        }
        _ => None,
    };
    let is_missing = error.message.ends_with(" required");
    // What is usual for a code gives way to whatever is known better.
    let own = (!error.has_usual_hint()).then_some(&error.hint);
    let usual = match (own, typed.operation) {
        (None, Some(operation)) if is_missing && argument == Some(NAMESPACE) => Some(format!(
            "give {NAMESPACE}=NAME, or the target one with `meho-host target add --namespace`: that of a kubeconfig's context is not taken; \
             `meho-host ops {operation}` shows what it takes"
        )),
        (Some(hint), _) => Some(hint.clone()),
        (None, Some(operation)) if argument.is_some() => {
            Some(format!("`meho-host ops {operation}` shows what it takes"))
        }
        (None, _) => None,
    };
    let known = if meant.is_some() { Meant::Known } else { Meant::Unknown };
    let hint = match (meant, usual) {
        (Some(meant), Some(usual)) => Some(format!("did you mean {meant}? {usual}")),
        (Some(meant), None) => Some(format!("did you mean {meant}?")),
        (None, usual) => usual,
    };
    let hint = commands_of_plan(&error).or(hint);
    let beside = beside(&error);
    let error = match hint {
        Some(hint) => error.hint(hint),
        None => error,
    };
    Advised { error, beside, meant: known }
}

/// What is to be said for people besides an error's own hint.
fn beside(error: &CallError) -> Option<String> {
    let text = match error.code {
        ErrorCode::PermissionDenied if error.details.contains_key("rule") => {
            "`meho-host policy check` shows what the policy allows, and where it is"
        }
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

/// The commands that lead on from a plan that waits, for programs too: they hand them to a person.
fn commands_of_plan(error: &CallError) -> Option<String> {
    if error.code != ErrorCode::ApprovalRequired {
        return None;
    }
    let plan = error.details.get("plan_id").and_then(Value::as_str)?;
    let execute = format!("then `meho-host execute {plan}`");
    let Some(approvers) = error.details.get("approvers") else {
        return Some(format!("it waits as a plan: `meho-host approve {plan}` at a terminal, {execute}"));
    };
    let names = strings(Some(approvers));
    // Where nobody may, the host's own hint says so.
    (!names.is_empty()).then(|| {
        format!(
            "it waits as a plan until {} signs it: `meho-host approve {plan} --key FILE` at a terminal, or `--signature FILE` of what \
             `meho-host approve {plan} --statement` prints; {execute}",
            names.join(" or ")
        )
    })
}

fn strings(list: Option<&Value>) -> Vec<&str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The known name that was probably meant.
pub(crate) fn nearest<'k>(typed: &str, known: &[&'k str]) -> Option<&'k str> {
    let most = (typed.chars().count() / LETTERS_A_SLIP).max(1);
    let scored = known.iter().map(|name| (strsim::osa_distance(typed, name), *name));
    scored.filter(|(slips, _)| *slips <= most).min_by_key(|(slips, _)| *slips).map(|(_, name)| name)
}

/// The operations that were probably meant: by a slip, by the name of what they list, or by a part of theirs.
fn likely(typed: &str, known: &[&str]) -> Option<String> {
    let listing = || habits::list_of(typed, known).map(str::to_owned);
    if let Some(meant) = nearest(typed, known).map(str::to_owned).or_else(listing) {
        return Some(meant);
    }
    let parts: Vec<&str> = known.iter().copied().filter(|name| name.contains(typed)).collect();
    (typed.len() >= LEAST_PART && (1..=MOST_MEANT).contains(&parts.len())).then(|| parts.join(" or "))
}
