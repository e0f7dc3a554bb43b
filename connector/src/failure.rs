//! What the API server's refusals mean to a caller: statuses and Status objects become the contract's failures.

use crate::bindings::meho::connector::failures::{
    Cause, Failure, InvalidRequest, NotFound, PermissionDenied, Problem, RateLimited, ServerError,
};
use crate::http::Answer;
use crate::node::Shape::{Int, List, Object, Text};
use crate::node::{Node, Shape};
use crate::resource::Resource;

/// Most bytes of an error body that are read.
const MAX_ERROR_BYTES: usize = 64 * 1024;
/// Longest message passed on. A rejected patch quotes the whole object.
const MAX_MESSAGE_CHARS: usize = 500;
/// Most causes passed on.
const MAX_CAUSES: usize = 20;

/// What a request was for, in RBAC's terms: the server's refusal does not say it all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) verb: &'a str,
    pub(crate) resource: Resource,
    /// Empty for none.
    pub(crate) subresource: &'a str,
    pub(crate) namespace: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
}

impl Subject<'_> {
    fn group(&self) -> &'static str {
        match self.resource.base.strip_prefix("/apis/") {
            Some(rest) => rest.split('/').next().unwrap_or_default(),
            None => "",
        }
    }

    /// The rule of a Role that would allow it.
    fn rule_hint(&self) -> String {
        let scope = match self.namespace {
            Some(namespace) => format!("a Role in namespace {namespace}"),
            None => "a ClusterRole".to_owned(),
        };
        let (group, resource, verb) = (self.group(), self.rule_resource(), self.verb);
        format!(
            r#"{scope} with the rule apiGroups: ["{group}"], resources: ["{resource}"], verbs: ["{verb}"] would allow it"#
        )
    }

    /// The resource as a Role names it.
    fn rule_resource(&self) -> String {
        match self.subresource {
            "" => self.resource.plural.to_owned(),
            subresource => format!("{}/{subresource}", self.resource.plural),
        }
    }
}

/// The server's Status object. All of it may be missing.
const STATUS: &Shape = &Object(&[
    ("kind", Text),
    ("message", Text),
    ("reason", Text),
    (
        "details",
        Object(&[
            ("kind", Text),
            ("causes", List(&Object(&[("reason", Text), ("message", Text), ("field", Text)]))),
            ("retryAfterSeconds", Int),
        ]),
    ),
]);

/// The failure that an answer other than 200 means.
pub(crate) fn of_answer(mut answer: Answer, subject: &Subject<'_>) -> Failure {
    let body = match answer.body.read_up_to(MAX_ERROR_BYTES) {
        Ok((body, _)) => body,
        Err(failure) => return failure,
    };
    of_status(answer.status, answer.retry_after, &body, subject)
}

fn of_status(code: u16, retry_after: Option<u32>, body: &[u8], subject: &Subject<'_>) -> Failure {
    let status = Node::parse(STATUS, body).unwrap_or_else(|_| Node::missing(STATUS));
    let details = status.part("details");
    let is_status = status.text("kind") == Some("Status");
    let given = status.filled("message").filter(|_| is_status);
    let message = given.map_or_else(|| format!("the server answered {code}"), cut);
    let causes: Vec<Cause> = details.items("causes").iter().take(MAX_CAUSES).map(cause).collect();
    let problem = |hint: &str| Problem { message: message.clone(), hint: (!hint.is_empty()).then(|| hint.to_owned()) };
    let server_error = |hint: &str| {
        Failure::ServerError(ServerError {
            problem: problem(hint),
            status: code,
            reason: status.filled("reason").map(str::to_owned),
        })
    };
    // The server passes a kubelet's own 401, 403 and 404 on as if they were its own.
    if details.text("kind") == Some("pods/log") && matches!(code, 401 | 403 | 404) {
        return server_error("the node's kubelet answered this, not the API server: look at the node");
    }
    match code {
        400 | 405 | 406 | 413 | 415 | 422 => Failure::InvalidRequest(InvalidRequest {
            problem: problem(""),
            argument: None,
            candidates: Vec::new(),
            causes,
        }),
        401 => Failure::AuthenticationFailed(problem(
            "the server does not accept the credential: a token may have expired, or be for another cluster. Get a new one",
        )),
        403 => {
            // RBAC says "cannot VERB resource" and gives no causes; admission says something else.
            let grantable = causes.is_empty() && given.is_none_or(|message| message.contains(" cannot "));
            let hint = if grantable {
                subject.rule_hint()
            } else {
                "an admission policy refused it, not a missing right".to_owned()
            };
            Failure::PermissionDenied(PermissionDenied {
                problem: problem(&hint),
                verb: Some(subject.verb.to_owned()),
                group: Some(subject.group().to_owned()),
                resource: Some(subject.rule_resource()),
                namespace: subject.namespace.map(str::to_owned),
                name: subject.name.map(str::to_owned),
                grantable,
                causes,
            })
        }
        404 => Failure::NotFound(not_found(is_status, problem(""), subject)),
        409 => Failure::Conflict(problem("the object changed meanwhile: look at it again, then repeat")),
        410 => Failure::Expired(problem("the continue token is too old: list again from the start")),
        429 => Failure::RateLimited(RateLimited {
            problem: problem("the server is busy, or a disruption budget is used up: try again later"),
            retry_after_seconds: retry_after
                .or(details.int("retryAfterSeconds").and_then(|seconds| u32::try_from(seconds).ok())),
        }),
        300..=399 => {
            server_error("redirects are never followed: the target's URL must be that of the API server itself")
        }
        _ => server_error("the server failed: its own log knows why"),
    }
}

fn cause(cause: &Node<'_>) -> Cause {
    Cause {
        field: cause.filled("field").map(str::to_owned),
        reason: cause.filled("reason").map(str::to_owned),
        message: cut(cause.text("message").unwrap_or_default()),
    }
}

fn not_found(is_status: bool, problem: Problem, subject: &Subject<'_>) -> NotFound {
    let problem = if is_status {
        problem
    } else {
        // Plain text: the path itself is not served.
        Problem {
            message: format!("the server does not serve {} of {}", subject.resource.plural, subject.resource.base),
            hint: Some("this cluster may be older or newer than the connector, or lack the API".to_owned()),
        }
    };
    NotFound {
        problem,
        kind: Some(subject.resource.kind.to_owned()),
        name: subject.name.map(str::to_owned),
        near: Vec::new(),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_MESSAGE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Arguments that fit their schema and still make no sense.
pub(crate) fn invalid_argument(argument: &str, message: String, candidates: Vec<String>) -> Failure {
    Failure::InvalidRequest(InvalidRequest {
        problem: Problem { message, hint: None },
        argument: Some(argument.to_owned()),
        candidates,
        causes: Vec::new(),
    })
}

/// An answer with status 200 that is not what it must be.
pub(crate) fn unreadable(what: &str, why: &str) -> Failure {
    Failure::ServerError(ServerError {
        problem: Problem {
            message: format!("the answer is not {what}: {why}"),
            hint: Some(
                "the target may not be a Kubernetes API server, or something between changes its answers".to_owned(),
            ),
        },
        status: 200,
        reason: None,
    })
}

/// One line of a failure, for a warning.
pub(crate) fn in_a_line(failure: &Failure) -> &str {
    match failure {
        Failure::UnknownOperation(message) => message,
        Failure::InvalidRequest(inner) => &inner.problem.message,
        Failure::AuthenticationFailed(problem)
        | Failure::Conflict(problem)
        | Failure::Expired(problem)
        | Failure::NoAnswer(problem) => &problem.message,
        Failure::PermissionDenied(inner) => &inner.problem.message,
        Failure::NotFound(inner) => &inner.problem.message,
        Failure::RateLimited(inner) => &inner.problem.message,
        Failure::ServerError(inner) => &inner.problem.message,
    }
}

/// The same with what would have prevented it, where that is known: a missing right with the rule that grants it.
pub(crate) fn with_remedy(failure: &Failure) -> String {
    let message = in_a_line(failure);
    match failure {
        Failure::PermissionDenied(denied) if denied.grantable => match &denied.problem.hint {
            Some(hint) => format!("{message}: {hint}"),
            None => message.to_owned(),
        },
        _ => message.to_owned(),
    }
}
