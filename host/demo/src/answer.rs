//! An answer before it is written: its status, its headers, and a body that is whole or a watch.

use crate::status::Refusal;
use crate::watch::Watch;
use bytes::Bytes;
use serde_json::Value;

/// What is answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case, and values that are good for headers.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
}

/// What follows the headers.
#[derive(Debug)]
pub(crate) enum Body {
    Whole(Bytes),
    Watch(Box<Watch>),
}

impl Answer {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { status, headers: vec![("content-type", content_type.to_owned())], body: Body::Whole(body.into()) }
    }

    /// JSON with the line end that the server writes after it.
    pub(crate) fn json(status: u16, value: &Value) -> Self {
        Self::new(status, "application/json", format!("{value}\n"))
    }

    pub(crate) fn text(status: u16, text: impl Into<String>) -> Self {
        Self::new(status, "text/plain; charset=utf-8", text.into())
    }

    /// What the server says of a path that leads nowhere.
    pub(crate) fn nowhere() -> Self {
        Self::text(404, "404 page not found\n").with("x-content-type-options", "nosniff")
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::Whole(Bytes::new()) }
    }

    #[must_use]
    pub(crate) fn with(mut self, header: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((header, value.into()));
        self
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let answer = Self::json(refusal.code, &refusal.status());
        match refusal.retry_after {
            Some(seconds) => answer.with("retry-after", seconds.to_string()),
            None => answer,
        }
    }
}
