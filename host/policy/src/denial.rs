//! Why a request is denied: the rule that it broke and the part of it that did.

use crate::grammar::EffectId;
use std::fmt;

/// Most characters of a request that a denial quotes.
const PART_MAX_CHARS: usize = 160;

/// The rules, in the order in which they are looked at. A denial names the one that the closest effect got to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Another scheme, host, port or user than the virtual authority.
    Authority,
    /// A path that has no canonical form: empty and dot segments, percent signs, characters that need escaping.
    PathForm,
    /// A query that has no canonical form: a key without a value, a key twice, `;`, a bare `+`, bad escapes, control characters.
    QueryForm,
    /// A header that a connector may not set, or one of its own twice.
    Header,
    /// A body that is not strict JSON, or one without a `Content-Type`, or the reverse.
    BodyForm,
    /// A method that no effect has.
    Method,
    /// A path that no effect has.
    Path,
    /// A segment of the path that is neither the argument nor a value seen in an answer.
    PathValue,
    /// An effect whose time has not come: what it waits for has not been answered 404.
    Condition,
    /// An `Accept` that is not one of the effect's.
    Accept,
    /// A query key without a rule.
    QueryKey,
    /// A query key that must stand and does not.
    QueryMissing,
    /// A query value that is neither the argument's nor one seen in an answer.
    QueryValue,
    /// A page size that is neither the usual one, nor what is left of the limit, nor a step of the ladder.
    PageSize,
    /// A page token that stood in no answer of this series.
    PageToken,
    /// A body where none may be, or none where one must be, or another `Content-Type`.
    MediaType,
    /// A body that differs from its template.
    Body,
    /// One request, page or series too many.
    Count,
    /// A request declared as a read that is none.
    Trust,
    /// A second write in one call.
    OneWrite,
    /// A write that differs from the one that was planned and approved.
    Plan,
    /// An operation that the operator's policy does not allow on this target.
    PolicyOperation,
    /// A level that the operator's policy raises an operation to, and that it cannot have.
    PolicyRaise,
    /// A request that leaves the namespaces that the operator's policy allows on this target.
    PolicyNamespace,
}

impl Rule {
    /// Its name, for results, logs and audit records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Authority => "authority",
            Self::PathForm => "path-form",
            Self::QueryForm => "query-form",
            Self::Header => "header",
            Self::BodyForm => "body-form",
            Self::Method => "method",
            Self::Path => "path",
            Self::PathValue => "path-value",
            Self::Condition => "condition",
            Self::Accept => "accept",
            Self::QueryKey => "query-key",
            Self::QueryMissing => "query-missing",
            Self::QueryValue => "query-value",
            Self::PageSize => "page-size",
            Self::PageToken => "page-token",
            Self::MediaType => "media-type",
            Self::Body => "body",
            Self::Count => "count",
            Self::Trust => "trust",
            Self::OneWrite => "one-write",
            Self::Plan => "plan",
            Self::PolicyOperation => "policy-operation",
            Self::PolicyRaise => "policy-raise",
            Self::PolicyNamespace => "policy-namespace",
        }
    }

    /// Whether it is the operator's, so that who broke it need not have meant ill.
    #[must_use]
    pub fn is_of_operator(self) -> bool {
        matches!(self, Self::PolicyOperation | Self::PolicyRaise | Self::PolicyNamespace)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A request that may not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("denied by the rule {rule}{}: {part}", self.effect.as_ref().map(|id| format!(" of effect {id}")).unwrap_or_default())]
pub struct Denial {
    /// The rule.
    pub rule: Rule,
    /// The effect that came closest, where one did.
    pub effect: Option<EffectId>,
    /// The offending part, escaped and cut: it is a connector's text.
    pub part: String,
}

impl Denial {
    pub(crate) fn new(rule: Rule, part: impl AsRef<str>) -> Self {
        Self { rule, effect: None, part: quote(part.as_ref()) }
    }

    pub(crate) fn of(mut self, effect: &EffectId) -> Self {
        self.effect = Some(effect.clone());
        self
    }
}

fn quote(text: &str) -> String {
    // Quotation marks stand as they are: nothing stands around them here that they could end.
    let mut quoted = String::new();
    for c in text.chars().take(PART_MAX_CHARS) {
        if matches!(c, '\'' | '"') {
            quoted.push(c);
        } else {
            quoted.extend(c.escape_debug());
        }
    }
    if text.chars().count() > PART_MAX_CHARS {
        quoted.push('…');
    }
    quoted
}
