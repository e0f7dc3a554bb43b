//! How a call fails: the contract's error codes, and one type that carries them to callers.
//!
//! Whatever goes wrong below becomes one of these at one place (`fault`), so that no text of a credential, a header or a raw body gets into it.

use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt;

/// The contract's error codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// No such operation.
    UnknownOperation,
    /// Arguments refused, a target, component or kubeconfig that cannot be read, or the target's 400, 405, 406, 413, 415, 422.
    InvalidRequest,
    /// The target does not accept the credential.
    AuthenticationFailed,
    /// The target says no, or the operator's policy for it does.
    PermissionDenied,
    /// There is no such thing.
    NotFound,
    /// It changed meanwhile.
    Conflict,
    /// A continue token is too old.
    Expired,
    /// Too many requests, after the retries.
    RateLimited,
    /// The target failed.
    ServerError,
    /// No connection, or it broke off.
    ConnectionFailed,
    /// The target could not be trusted.
    TlsError,
    /// No answer in time.
    Timeout,
    /// A write without an approval.
    ApprovalRequired,
    /// An approval that does not fit.
    ApprovalInvalid,
    /// The connector tried what the operation may not do.
    TrustViolation,
    /// A budget is used up.
    ResourceLimit,
    /// The component trapped or answered what is not of the contract.
    ConnectorFault,
    /// A fault of the host.
    InternalError,
}

impl ErrorCode {
    /// As it stands in results.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownOperation => "UNKNOWN_OPERATION",
            Self::InvalidRequest => "INVALID_REQUEST",
            Self::AuthenticationFailed => "AUTHENTICATION_FAILED",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::NotFound => "NOT_FOUND",
            Self::Conflict => "CONFLICT",
            Self::Expired => "EXPIRED",
            Self::RateLimited => "RATE_LIMITED",
            Self::ServerError => "SERVER_ERROR",
            Self::ConnectionFailed => "CONNECTION_FAILED",
            Self::TlsError => "TLS_ERROR",
            Self::Timeout => "TIMEOUT",
            Self::ApprovalRequired => "APPROVAL_REQUIRED",
            Self::ApprovalInvalid => "APPROVAL_INVALID",
            Self::TrustViolation => "TRUST_VIOLATION",
            Self::ResourceLimit => "RESOURCE_LIMIT",
            Self::ConnectorFault => "CONNECTOR_FAULT",
            Self::InternalError => "INTERNAL_ERROR",
        }
    }

    /// What to do about it where nobody knows more: true of whatever comes to this code.
    #[must_use]
    pub fn usual_hint(self) -> &'static str {
        match self {
            Self::UnknownOperation => "call one of the operations that the connector's catalogue has",
            Self::InvalidRequest => "put right what the message names: the same again is refused again",
            Self::AuthenticationFailed => "give the target a fresh credential",
            Self::PermissionDenied => {
                "ask whoever administers the target for the right, or use a credential that has it"
            }
            Self::NotFound => "list what is there: the name may be misspelt, gone, or of another namespace",
            Self::Conflict => "look at the object as it is now, then decide again",
            Self::Expired => "list again from the start",
            Self::RateLimited => "try again later",
            Self::ServerError => "the target's own log knows why",
            Self::ConnectionFailed => "look whether the target is up, and what stands between it and this machine",
            Self::TlsError => "look at the target's certificate, and at the CA and the name that it is held against",
            Self::Timeout => "ask for less, or give it more time; of a write look first whether it was carried out",
            Self::ApprovalRequired => "have the plan approved, then execute it",
            Self::ApprovalInvalid => "plan again, and approve that plan",
            Self::TrustViolation => "do not use this connector until its maker has explained it",
            Self::ResourceLimit => "narrow the call, or raise the budget if the target is that large",
            Self::ConnectorFault => "this is a mistake in the connector, not in the call",
            Self::InternalError => {
                "this is a fault of the host, and not of the call: tell its maintainers what the message says"
            }
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The detail that says whose words an error is told in, where they are not the host's.
const SOURCE: &str = "source";
const CONNECTOR: &str = "connector";

/// Why a call failed. Never holds a credential, a dump of headers, or a raw body.
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct CallError {
    /// The code.
    pub code: ErrorCode,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// More, by the code: each member has the type that its name says.
    pub details: Box<Map<String, Value>>,
}

impl CallError {
    /// An error with the usual hint of its code, and no details.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: code.usual_hint().to_owned(), details: Box::default() }
    }

    /// The same with what to do about it, where that is known better.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Whether nobody knew more than the code says. Such a hint is the host's, whoever tells the error.
    #[must_use]
    pub fn has_usual_hint(&self) -> bool {
        self.hint == self.code.usual_hint()
    }

    /// Whether message, hint and details are the connector's words: a stranger's, to be shown as such. The detail `source` says so.
    #[must_use]
    pub fn is_from_connector(&self) -> bool {
        self.details.get(SOURCE).is_some_and(|source| source == CONNECTOR)
    }

    /// The same in the connector's words.
    pub(crate) fn told_by_connector(self) -> Self {
        self.detail(SOURCE, CONNECTOR)
    }

    /// The same with one more detail. Null is no detail.
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        if !value.is_null() {
            self.details.insert(name.to_owned(), value);
        }
        self
    }
}
