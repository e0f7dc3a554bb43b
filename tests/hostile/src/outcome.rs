//! Results: honest ones, and what a request came to.

use crate::bindings::exports::meho::connector::operations::{Meta, Outcome};
use crate::fixture::Acted;
use crate::http::Answer;
use serde_json::{Value, json};
use wasip2::http::types::ErrorCode;

/// A whole answer, about which there is nothing to say.
#[must_use]
pub fn meta() -> Meta {
    Meta { complete: true, remaining: None, continue_: None, resource_version: None, warnings: Vec::new() }
}

/// An object.
///
/// # Errors
/// Never: this is what a fixture returns.
pub fn object(value: &Value) -> Acted {
    Ok(Outcome { data: Some(value.to_string()), meta: meta() })
}

/// Rows, which have gone before.
///
/// # Errors
/// Never: this is what a fixture returns.
pub fn rows() -> Acted {
    Ok(Outcome { data: None, meta: meta() })
}

/// All that could be seen of an answer, as an object.
///
/// # Errors
/// Never: whatever went wrong stands in the object.
pub fn told(answer: &Result<Answer, ErrorCode>) -> Acted {
    object(&seen(answer))
}

/// All that could be seen of an answer.
#[must_use]
pub fn seen(answer: &Result<Answer, ErrorCode>) -> Value {
    match answer {
        Ok(answer) => json!({
            "status": answer.status,
            "headers": answer.headers,
            "body": String::from_utf8_lossy(&answer.body),
            "bytes": answer.body.len(),
            "broken": answer.broken,
        }),
        Err(error) => json!({"error": format!("{error:?}")}),
    }
}
