//! The one place where what went wrong becomes an answer.

use crate::approval::{PlanState, StoreRefused};
use crate::bindings::Failure;
use crate::bindings::meho::connector::failures::{Cause, Problem};
use crate::boundary::Finish;
use crate::budget::Budgets;
use crate::credential::exec::{PluginError, PluginFault};
use crate::credential::{CredentialError, Refusal};
use crate::error::{CallError, ErrorCode};
use crate::transport::TransportError;
use meho_policy::approver::{ApproverKey, Approvers};
use meho_policy::denial::{Denial, Rule};
use meho_policy::effect::Trust;
use meho_policy::plan::ApprovalInvalid;
use meho_policy::schema::ArgumentRefused;
use serde_json::{Value, json};
use wasmtime::component::ResourceTableError;
use wasmtime_wasi_http::FieldMapError;

/// Most characters of a guest's message, and most items of its lists.
const MAX_MESSAGE_CHARS: usize = 1000;
const MAX_ITEMS: usize = 20;

/// What to do about a write without an answer.
pub(crate) const FATE_UNKNOWN: &str =
    "whether the write was carried out is not known, and it is never sent again: look at the object, then decide";

/// With TLS 1.3 a server that wants a client certificate and gets none closes the connection after the handshake.
const CLOSED: &str = "call again; where it stays so, look whether the target wants a client certificate";

/// What may be wrong where an answer cannot be read.
pub(crate) const BETWEEN: &str = "something between this host and the target may be changing answers";

/// No answer came.
pub(crate) fn of_transport(error: &TransportError, trust: Trust) -> CallError {
    let unknown = |error: CallError| {
        if trust == Trust::Read {
            return error;
        }
        error.detail("outcome", "unknown").hint(FATE_UNKNOWN)
    };
    match error {
        TransportError::Credential(inner) => of_credential(inner),
        TransportError::Target(inner) => {
            CallError::new(ErrorCode::InvalidRequest, format!("the target cannot be used: {inner}"))
        }
        TransportError::Connect { reason } => CallError::new(ErrorCode::ConnectionFailed, reason.clone())
            .hint("look whether the server URL is right, and whether this machine can reach it"),
        TransportError::Tls { reason, remedy } => {
            CallError::new(ErrorCode::TlsError, format!("the target cannot be trusted: {reason}")).hint(*remedy)
        }
        TransportError::NotSent => {
            CallError::new(ErrorCode::ConnectionFailed, "the connection closed before the request was sent")
                .hint(CLOSED)
                .detail("outcome", "not sent")
        }
        TransportError::Broken { reason } => {
            unknown(CallError::new(ErrorCode::ConnectionFailed, reason.clone()).hint(CLOSED))
        }
        TransportError::Timeout { after } => {
            let message = format!("the target gave no answer within {} s", after.as_secs());
            unknown(
                CallError::new(ErrorCode::Timeout, message)
                    .hint("the target may be overloaded, or a proxy may hold the request"),
            )
        }
    }
}

fn of_credential(error: &CredentialError) -> CallError {
    let invalid = CallError::new(ErrorCode::InvalidRequest, error.to_string());
    match error {
        CredentialError::Unreadable { .. } | CredentialError::NotAHeader { .. } => {
            invalid.hint("look at the target's credential")
        }
        CredentialError::Kubeconfig { .. } => invalid.hint("look at the kubeconfig: it is read again at the next call"),
        CredentialError::Changed { .. } => {
            invalid.hint("a target stays the one that it was made as: make it anew from the kubeconfig as it is now")
        }
        CredentialError::Plugin(inner) => of_plugin(inner),
    }
}

/// A plugin that cannot be run is its kubeconfig's mistake; one that gives nothing has no login any more.
fn of_plugin(error: &PluginError) -> CallError {
    let (code, hint) = match &error.fault {
        PluginFault::Missing { install_hint: Some(hint) } => (ErrorCode::InvalidRequest, hint.clone()),
        PluginFault::Missing { install_hint: None } => {
            let hint = "install it, or give its whole path in the kubeconfig (exec.command)";
            (ErrorCode::InvalidRequest, hint.to_owned())
        }
        PluginFault::CannotRun { .. } => {
            (ErrorCode::InvalidRequest, "look whether it may be executed, and is for this machine".to_owned())
        }
        PluginFault::Failed { .. } => {
            let hint = format!("log in again with what {} belongs to; it is run again at the next call", error.command);
            (ErrorCode::AuthenticationFailed, hint)
        }
        PluginFault::Hung { .. } => {
            let hint = "it may be waiting for an answer at a terminal, which it has not: log in with its tool first";
            (ErrorCode::AuthenticationFailed, hint.to_owned())
        }
        PluginFault::Flooded { .. } | PluginFault::Garbage { .. } => {
            let hint = format!(
                "look what {} prints when it is run as the kubeconfig says; what else it needs of the environment has to stand there (exec.env)",
                error.command
            );
            (ErrorCode::AuthenticationFailed, hint)
        }
        PluginFault::Expired { .. } => {
            let hint = "log in again with its tool, which may keep an old credential; or set this machine's clock";
            (ErrorCode::AuthenticationFailed, hint.to_owned())
        }
    };
    CallError::new(code, error.to_string()).hint(hint).detail("plugin", error.command.clone())
}

/// The target answered 401, and there is no other credential.
pub(crate) fn of_refusal(refusal: &Refusal, renewing: Option<&TransportError>) -> CallError {
    let message = format!("the target does not accept {}", refusal.what);
    let error = CallError::new(ErrorCode::AuthenticationFailed, message);
    match renewing {
        Some(TransportError::Credential(inner)) => {
            let of_inner = of_credential(inner);
            let message = format!("{}, and there is no other: {inner}", error.message);
            CallError { message, ..error }.hint(of_inner.hint)
        }
        Some(_) | None => error.hint(refusal.advice.clone()),
    }
}

/// The call had to end.
pub(crate) fn of_finish(finish: Finish) -> CallError {
    match finish {
        Finish::Denied(denial) if denial.rule == Rule::Plan => {
            let message =
                format!("the approval is of another request than the one that would be sent now: {}", &denial.part);
            CallError::new(ErrorCode::ApprovalInvalid, message)
                .hint("nothing was sent; look at the object, then plan again, and approve that plan")
                .detail("rule", denial.rule.as_str())
                .detail("part", denial.part)
        }
        Finish::Denied(denial) if denial.rule.is_of_operator() => of_policy(denial),
        Finish::Denied(denial) => {
            let message = format!("the connector tried a request that this operation may not make: {denial}");
            CallError::new(ErrorCode::TrustViolation, message)
                .hint(format!("nothing of that request was sent; {}", ErrorCode::TrustViolation.usual_hint()))
                .detail("rule", denial.rule.as_str())
                .detail("effect", denial.effect.map(|id| id.as_str().to_owned()))
                .detail("part", denial.part)
        }
        Finish::Budget(budget, limit) => {
            CallError::new(ErrorCode::ResourceLimit, format!("the call has used up its budget {budget} ({limit})"))
                .detail("budget", budget)
                .detail("limit", limit)
        }
        Finish::Fault(why) => connector_fault(&why),
        Finish::Planned(_) => CallError::new(ErrorCode::InternalError, "a plan was made where none was asked for"),
        Finish::Unrecorded(why) => {
            CallError::new(ErrorCode::InternalError, format!("the write could not be recorded and was not sent: {why}"))
                .hint("look at where this host keeps its records: without one no write is sent")
                .detail("outcome", "not sent")
        }
        Finish::Reader(Some(error)) => error,
        Finish::Reader(None) => {
            CallError::new(ErrorCode::Timeout, "nobody reads the rows any more").hint("read the rows to their end")
        }
    }
}

/// The operator's rules do not allow it. The connector need not have meant ill: what it may do anywhere is more than what it may do here.
pub(crate) fn of_policy(denial: Denial) -> CallError {
    let message =
        format!("the operator's policy for this target does not allow this ({}): {}", denial.rule, denial.part);
    CallError::new(ErrorCode::PermissionDenied, message)
        .hint("nothing of that was sent; stay within what the policy allows, or ask whoever keeps it")
        .detail("rule", denial.rule.as_str())
        .detail("effect", denial.effect.map(|id| id.as_str().to_owned()))
        .detail("part", denial.part)
}

/// The write that was approved was not made: the guest came to another end than in its plan.
pub(crate) fn not_executed() -> CallError {
    let message = "the connector did not make the request that was approved: nothing was changed";
    CallError::new(ErrorCode::ApprovalInvalid, message)
        .hint("look at the object: the world may have changed; then plan again")
}

pub(crate) fn connector_fault(why: &str) -> CallError {
    CallError::new(ErrorCode::ConnectorFault, format!("the connector failed: {why}"))
}

/// The guest trapped.
pub(crate) fn of_trap(error: &wasmtime::Error, budgets: &Budgets) -> CallError {
    if let Some((budget, limit)) = used_up(error, budgets) {
        return of_finish(Finish::Budget(budget, limit.to_string()));
    }
    let why = match error.downcast_ref::<wasmtime::Trap>() {
        Some(trap) => trap.to_string(),
        None if error.is::<wasmtime_wasi::I32Exit>() => "it called exit".to_owned(),
        // The text of a host function's error; it has nothing of the guest's memory in it.
        None => "it trapped".to_owned(),
    };
    connector_fault(&why)
}

/// The budget that the library counts for us, where it is one that is used up. Two of these errors have no type, and are known by their text.
fn used_up(error: &wasmtime::Error, budgets: &Budgets) -> Option<(&'static str, usize)> {
    let says = |text: &str| error.chain().any(|cause| cause.to_string().contains(text));
    let table_is_full =
        error.downcast_ref::<ResourceTableError>().is_some_and(|full| matches!(full, ResourceTableError::Full));
    if table_is_full || says("store handle limit exceeded") {
        return Some(("handles", budgets.handles));
    }
    if says("fuel allocated for hostcalls has been exhausted") {
        return Some(("hostcall_bytes", budgets.hostcall_bytes));
    }
    let headers_are_full =
        error.downcast_ref::<FieldMapError>().is_some_and(|full| matches!(full, FieldMapError::TotalSizeTooBig));
    headers_are_full.then_some(("header_bytes", budgets.header_bytes))
}

/// An approval that cannot be used.
pub(crate) fn approval_invalid(why: impl Into<String>) -> CallError {
    CallError::new(ErrorCode::ApprovalInvalid, why).hint("nothing was sent; plan again, and approve that plan")
}

/// An approval that does not fit its plan.
pub(crate) fn of_approval(error: &ApprovalInvalid) -> CallError {
    let invalid = approval_invalid(error.to_string());
    match error {
        ApprovalInvalid::Signature(_) => {
            invalid.hint("nothing was sent; sign the plan with an approver's key, and approve it with that signature")
        }
        ApprovalInvalid::AnotherPlan
        | ApprovalInvalid::Expired
        | ApprovalInvalid::ConfirmedOnce
        | ApprovalInvalid::NotByPolicy => invalid,
    }
}

/// A plan that nobody has said yes to. Where approvers have keys, whose signature is wanted.
pub(crate) fn unapproved(why: &str, approvers: &Approvers) -> CallError {
    let error = CallError::new(ErrorCode::ApprovalRequired, why);
    let keys = match approvers {
        Approvers::Anybody => return error,
        Approvers::Keys(keys) => keys,
    };
    let names: Vec<&str> = keys.iter().map(ApproverKey::name).collect();
    let hint = if names.is_empty() {
        "the operator's policy for this target has approvers, and nobody is among them: ask whoever keeps it".to_owned()
    } else {
        format!("the yes is signed with an approver's key: have it signed by {}, then execute it", names.join(" or "))
    };
    error.hint(hint).detail("approvers", names)
}

/// The store of plans does not do what it was asked to.
pub(crate) fn of_store(refused: StoreRefused) -> CallError {
    let message = refused.to_string();
    match refused {
        StoreRefused::NotApproved => {
            CallError::new(ErrorCode::ApprovalRequired, message).hint("look at the plan, and say yes to it first")
        }
        StoreRefused::Over(PlanState::Unknown) => {
            CallError::new(ErrorCode::ApprovalInvalid, message).detail("outcome", "unknown").hint(FATE_UNKNOWN)
        }
        StoreRefused::NoSuchPlan | StoreRefused::Over(_) => approval_invalid(message),
        StoreRefused::ClockSetBack { .. } => {
            approval_invalid(message).hint(
                "set the clock, then plan again; where the store has seen a time that never was, put its directory away: nothing that waits there holds then",
            )
        }
        StoreRefused::TooMany { most, .. } => CallError::new(ErrorCode::ResourceLimit, message)
            .hint("say yes or no to those that wait, or let them expire")
            .detail("budget", "waiting_plans")
            .detail("limit", most),
        StoreRefused::Failed(_) => CallError::new(ErrorCode::InternalError, message)
            .hint("look at the directory of its state")
            .detail("outcome", "not sent"),
    }
}

/// Arguments do not fit.
pub(crate) fn of_arguments(refused: ArgumentRefused) -> CallError {
    let error = CallError::new(ErrorCode::InvalidRequest, refused.message);
    let error = if refused.argument.is_empty() { error } else { error.detail("argument", refused.argument) };
    if refused.candidates.is_empty() { error } else { error.detail("candidates", refused.candidates) }
}

/// What the guest reports. Its text is a stranger's: cut, but not trusted for anything.
pub(crate) fn of_failure(failure: Failure, silence: Option<CallError>, refusal: Option<CallError>) -> CallError {
    let error = |code: ErrorCode, problem: Problem| {
        let error = CallError::new(code, cut(&problem.message)).told_by_connector();
        match problem.hint.filter(|hint| !hint.trim().is_empty()) {
            Some(hint) => error.hint(cut(&hint)),
            None => error,
        }
    };
    // The first time that no answer came decides, whatever the guest makes of it.
    if let Some(silence) = silence {
        return silence;
    }
    match failure {
        Failure::UnknownOperation(what) => CallError::new(
            ErrorCode::ConnectorFault,
            format!("the connector does not know its own operation {}", cut(&what)),
        ),
        Failure::InvalidRequest(inner) => error(ErrorCode::InvalidRequest, inner.problem)
            .detail("argument", word(inner.argument))
            .detail("candidates", list(inner.candidates))
            .detail("causes", causes(inner.causes)),
        // Which credential that was, and where another comes from, is known here and not to the connector.
        Failure::AuthenticationFailed(problem) => {
            refusal.unwrap_or_else(|| error(ErrorCode::AuthenticationFailed, problem))
        }
        Failure::PermissionDenied(inner) => error(ErrorCode::PermissionDenied, inner.problem)
            .detail("verb", word(inner.verb))
            .detail("api_group", word(inner.group))
            .detail("resource", word(inner.resource))
            .detail("namespace", word(inner.namespace))
            .detail("name", word(inner.name))
            .detail("grantable", inner.grantable)
            .detail("causes", causes(inner.causes)),
        Failure::NotFound(inner) => error(ErrorCode::NotFound, inner.problem)
            .detail("kind", word(inner.kind))
            .detail("name", word(inner.name))
            .detail("near", list(inner.near)),
        Failure::Conflict(problem) => error(ErrorCode::Conflict, problem),
        Failure::Expired(problem) => error(ErrorCode::Expired, problem),
        Failure::RateLimited(inner) => {
            error(ErrorCode::RateLimited, inner.problem).detail("retry_after_seconds", inner.retry_after_seconds)
        }
        Failure::ServerError(inner) => error(ErrorCode::ServerError, inner.problem)
            .detail("status", inner.status)
            .detail("reason", word(inner.reason)),
        Failure::NoAnswer(_) => connector_fault("it says that no answer came, and one did"),
    }
}

fn word(text: Option<String>) -> Option<String> {
    text.map(|text| cut(&text))
}

fn list(items: Vec<String>) -> Value {
    let items: Vec<String> = items.iter().take(MAX_ITEMS).map(|item| cut(item)).collect();
    if items.is_empty() { Value::Null } else { items.into() }
}

fn causes(causes: Vec<Cause>) -> Value {
    let shown: Vec<Value> = causes
        .into_iter()
        .take(MAX_ITEMS)
        .map(|cause| json!({"field": word(cause.field), "reason": word(cause.reason), "message": cut(&cause.message)}))
        .collect();
    if shown.is_empty() { Value::Null } else { shown.into() }
}

/// Text of a guest, bounded.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_MESSAGE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
