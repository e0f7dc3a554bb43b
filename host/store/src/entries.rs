//! What stands in the audit record: facts of calls and of the requests that left, in the order in which they did. No bodies, no answers, nothing of a guest's.

use meho_host::policy::plan::{Approval, Plan};
use meho_host::record::{CallEnding, CallId, CallRecord, Ending, Origin, RequestIntent, RequestRecord};
use serde_json::{Value, json};
use std::time::Duration;

/// A write that is about to be sent.
pub(crate) fn of_intent(request: &RequestIntent) -> Value {
    json!({
        "call": of_id(&request.call),
        "origin": of_origin(request.origin),
        "effect": request.effect,
        "audit_id": request.audit_id,
        "method": request.method.as_str(),
        "path": request.path_and_query,
        "body_digest": request.body,
        "trust": request.trust.to_string(),
    })
}

/// A call that has ended.
pub(crate) fn of_call(record: &CallRecord) -> Value {
    let (ending, code) = match record.ending {
        CallEnding::Answered => ("answered", None),
        CallEnding::Planned => ("planned", None),
        CallEnding::Failed(code) => ("failed", Some(code)),
        CallEnding::Abandoned => ("abandoned", None),
    };
    json!({
        "call": of_id(&record.id),
        "ending": ending,
        "code": code,
        "requests": record.requests.iter().map(of_request).collect::<Vec<_>>(),
        "duration_ms": milliseconds(record.usage.wall),
        "cpu_ms": milliseconds(record.usage.cpu),
        "peak_memory_bytes": record.usage.peak_memory_bytes,
        "response_bytes": record.usage.response_bytes,
        "rows": record.usage.rows,
    })
}

/// A plan that was kept.
pub(crate) fn of_plan(plan: &Plan) -> Value {
    let (context, request) = (plan.context(), plan.request().request());
    json!({
        "plan": plan.digest(),
        "operation": context.operation.as_str(),
        "principal": context.principal,
        "component": context.component,
        "target_record": context.target,
        "policy": context.policy,
        "method": request.method().as_str(),
        "path": request.rendered_path_and_query(),
        "body_digest": request.body().map(|body| meho_host::policy::plan::Digest::of(body.bytes())),
        "trust": plan.request().trust().to_string(),
        "expires": context.expires,
    })
}

/// A yes.
pub(crate) fn of_approval(approval: &Approval) -> Value {
    json!({
        "plan": approval.digest,
        "by": approval.approver,
        "confirmed": approval.confirmation,
        "signature": approval.signature,
    })
}

fn of_id(id: &CallId) -> Value {
    json!({
        "operation": id.operation,
        "target": id.target,
        "server": id.server,
        "principal": id.principal,
        "component": id.component,
        "plan": id.plan,
    })
}

fn of_request(request: &RequestRecord) -> Value {
    let (status, fate) = match &request.ending {
        Ending::Answered(status) => (Some(*status), "answered"),
        Ending::NotSent(_) => (None, "not sent"),
        Ending::Unknown(_) => (None, "unknown"),
    };
    json!({
        "audit_id": request.audit_id,
        "origin": of_origin(request.origin),
        "effect": request.effect,
        "trust": request.trust.to_string(),
        "method": request.method.as_str(),
        "path": request.path_and_query,
        "body_digest": request.body,
        "status": status,
        "fate": fate,
        "response_bytes": request.response_bytes,
        "duration_ms": milliseconds(request.duration),
    })
}

/// A host's own write is a dry run.
fn of_origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Connector => "connector",
        Origin::Host => "host",
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
