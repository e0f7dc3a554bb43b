//! What a fake expects to be asked.

use crate::answer::Answer;
use crate::seen::Seen;

/// A request that must come, and the answers to it: as many as it must come times.
#[derive(Debug, Clone)]
pub struct Expected {
    pub(crate) line: String,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) answers: Vec<Answer>,
}

impl Expected {
    /// A request of this method, path and query, exactly once.
    #[must_use]
    pub fn once(method: &str, target: &str, answer: Answer) -> Self {
        Self::times(method, target, vec![answer])
    }

    /// A request as many times as there are answers.
    #[must_use]
    pub fn times(method: &str, target: &str, answers: Vec<Answer>) -> Self {
        Self { line: format!("{method} {target}"), body: None, answers }
    }

    /// The same with exactly this body.
    #[must_use]
    pub fn with_body(self, body: &str) -> Self {
        Self { body: Some(body.as_bytes().to_vec()), ..self }
    }

    pub(crate) fn fits(&self, request: &Seen) -> bool {
        self.line == request.line() && self.body.as_ref().is_none_or(|body| *body == request.body)
    }
}
