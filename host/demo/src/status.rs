//! What the server says when it does not do what was asked: `metav1.Status` of kind Failure.

use serde_json::{Map, Value, json};

/// A request that is refused, as the real server words it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    pub(crate) details: Box<Map<String, Value>>,
    /// Whether `details` stand there where they are empty.
    pub(crate) has_details: bool,
    /// What stands in `metadata`, which is empty but for an expired token's successor.
    pub(crate) metadata: Box<Map<String, Value>>,
    /// The header `Retry-After`.
    pub(crate) retry_after: Option<u32>,
}

impl Refusal {
    pub(crate) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: Box::default(),
            has_details: false,
            metadata: Box::default(),
            retry_after: None,
        }
    }

    /// With a key of `details`. An empty text is left out, as the server does.
    #[must_use]
    pub(crate) fn detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        if value.as_str() != Some("") {
            self.details.insert(key.to_owned(), value);
        }
        self
    }

    /// With the resource that it is about in `details`.
    #[must_use]
    pub(crate) fn about(self, group: &str, kind: &str, name: &str) -> Self {
        self.detail("name", name).detail("group", group).detail("kind", kind)
    }

    /// The `Status` object.
    pub(crate) fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": self.metadata, "status": "Failure",
            "message": self.message, "code": self.code,
        });
        if let Some(status) = status.as_object_mut() {
            if !self.reason.is_empty() {
                status.insert("reason".to_owned(), self.reason.into());
            }
            if self.has_details || !self.details.is_empty() {
                status.insert("details".to_owned(), Value::Object((*self.details).clone()));
            }
        }
        status
    }
}
