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
    pub hint: Option<String>,
    /// More, by the code: each member has the type that its name says.
    pub details: Box<Map<String, Value>>,
}

impl CallError {
    /// An error without hint and details.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, details: Box::default() }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
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
