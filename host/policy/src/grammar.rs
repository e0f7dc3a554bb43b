//! The small grammars of untrusted text, and the newtypes that prove that a text is of one.
//!
//! A value is made by `parse` and by nothing else, in tests too. Past this module no `&str` means a name, a segment or an id. The
//! grammars hold for every family of targets; what a family narrows further stands in `family`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest text a caller may pass for an argument without a format. Enough for any sentence, too little to hide a document in.
pub const PLAIN_ARGUMENT_MAX_CHARS: usize = 1024;
/// Longest selector. Kubernetes has no bound of its own; its URLs stay under 8 KiB with a selector of this length, escaped.
pub const SELECTOR_MAX_BYTES: usize = 4096;
/// Longest continue token. Tokens of a real API server hold a key and a revision, some 200 bytes.
pub const TOKEN_MAX_BYTES: usize = 8192;

/// What a component's discovery is called where an operation's id stands: in a policy, in a record.
pub const DISCOVERY: &str = "topology.discover";

/// A text that is not of its grammar. Carries the grammar's name and never the text, which may be anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {expected}")]
pub struct NotOfGrammar {
    /// What was expected, in words that fit "not a valid …".
    pub expected: &'static str,
}

macro_rules! newtype {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $accepts:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// # Errors
            /// Where the text is not of the grammar.
            pub fn parse(text: &str) -> Result<Self, NotOfGrammar> {
                let accepts: fn(&str) -> bool = $accepts;
                if accepts(text) { Ok(Self(text.to_owned())) } else { Err(NotOfGrammar { expected: $expected }) }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotOfGrammar;
            fn try_from(text: String) -> Result<Self, NotOfGrammar> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

newtype!(
    /// The id of an operation: `a`–`z`, digits and `_`, begun by a letter, at most 64. ASCII only, so that no id looks like another. Beside these there is
    /// [`DISCOVERY`], which no operation of a component may have.
    OperationId,
    "operation id",
    |text| is_identifier(text, b'_') || text == DISCOVERY
);
newtype!(
    /// The id of an effect, unique within its operation: `a`–`z`, digits and `-`, begun by a letter, at most 64.
    EffectId,
    "effect id",
    |text| is_identifier(text, b'-')
);
newtype!(
    /// A type of entities: letters, digits, `.` and `-`, begun by a letter, at most 64.
    EntityTypeName,
    "type of entities",
    |text| {
        text.len() <= 64
            && text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
    }
);
newtype!(
    /// The name of a relationship: `a`–`z`, digits and `_`, begun by a letter, at most 64.
    RelationshipName,
    "name of a relationship",
    |text| is_identifier(text, b'_')
);
newtype!(
    /// The name of a connector, of the same grammar as an effect's id.
    ConnectorName,
    "connector name",
    |text| is_identifier(text, b'-')
);
newtype!(
    /// The name of a namespace: an RFC 1123 label.
    Namespace,
    "namespace",
    is_label
);
newtype!(
    /// One segment of a URL path in its only form: 1 to 512 of RFC 3986's unreserved characters and `:`, and neither `.` nor `..`. No percent sign:
    /// every name that a path of ours holds can be written without one, and what could be written in two ways could be judged in one and
    /// read in the other.
    PathSegment,
    "path segment",
    |text| {
        (1..=512).contains(&text.len())
            && text != "."
            && text != ".."
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b':'))
    }
);
newtype!(
    /// The key of a query parameter: 1 to 64 letters, digits, `-`, `_` and `.`.
    QueryKey,
    "query key",
    |text| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    }
);
newtype!(
    /// A media type with its parameters, as in `application/json;as=Table;v=v1;g=meta.k8s.io`: 1 to 256 visible ASCII characters.
    MediaType,
    "media type",
    |text| (1..=256).contains(&text.len()) && text.contains('/') && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
);

fn is_identifier(text: &str, joiner: u8) -> bool {
    (1..=64).contains(&text.len())
        && text.as_bytes()[0].is_ascii_lowercase()
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == joiner)
}

/// A `format` of a JSON Schema that the host gives a meaning. Any other format is refused when a component is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// The name of an object: an RFC 1123 subdomain, which may also hold `:` as names of RBAC objects do.
    Name,
    /// An RFC 1123 label: a namespace, a container.
    Label,
    /// 1 to 64 letters, digits and hyphens.
    Uid,
    /// A kind, as in `PersistentVolume`.
    Kind,
    /// Free text of a selector, without control characters.
    Selector,
    /// A token to go on from.
    Token,
    /// RFC 3339.
    DateTime,
    /// In results only: text that whoever may write to the target may have chosen.
    UntrustedText,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Name,
        Self::Label,
        Self::Uid,
        Self::Kind,
        Self::Selector,
        Self::Token,
        Self::DateTime,
        Self::UntrustedText,
    ];

    /// The value of the keyword `format`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Label => "label",
            Self::Uid => "uid",
            Self::Kind => "kind",
            Self::Selector => "selector",
            Self::Token => "token",
            Self::DateTime => "date-time",
            Self::UntrustedText => "untrusted-text",
        }
    }

    /// The format of this name.
    #[must_use]
    pub fn from_keyword(keyword: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == keyword)
    }

    /// Whether a text of this format is one path segment and has no characters that mean something in a selector.
    #[must_use]
    pub fn is_segment(self) -> bool {
        match self {
            Self::Name | Self::Label | Self::Uid | Self::Kind => true,
            Self::Selector | Self::Token | Self::DateTime | Self::UntrustedText => false,
        }
    }

    /// What a text of this format is, for an error message.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Name => {
                "a name of at most 253 lower-case letters, digits, '-', '.' and ':', begun and ended by a letter or digit"
            }
            Self::Label => {
                "a label of at most 63 lower-case letters, digits and '-', begun and ended by a letter or digit"
            }
            Self::Uid => "a uid of at most 64 letters, digits and '-'",
            Self::Kind => "a kind: an upper-case letter, then letters and digits, 63 at most",
            Self::Selector => "a selector of at most 4096 bytes without control characters",
            Self::Token => "a continue token as an earlier answer gave it",
            Self::DateTime => "a time as in 2026-01-02T03:04:05Z",
            Self::UntrustedText => "text",
        }
    }

    /// Whether the text is of this format. True for `date-time`, which the schema library checks, and for untrusted text.
    #[must_use]
    pub fn accepts(self, text: &str) -> bool {
        match self {
            Self::Name => is_name(text),
            Self::Label => is_label(text),
            Self::Uid => (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
            Self::Kind => {
                (1..=63).contains(&text.len())
                    && text.as_bytes()[0].is_ascii_uppercase()
                    && text.bytes().all(|b| b.is_ascii_alphanumeric())
            }
            Self::Selector => (1..=SELECTOR_MAX_BYTES).contains(&text.len()) && !text.chars().any(char::is_control),
            Self::Token => {
                (1..=TOKEN_MAX_BYTES).contains(&text.len())
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'=' | b'.'))
            }
            // The schema library's own check holds for these.
            Self::DateTime | Self::UntrustedText => true,
        }
    }
}

/// An RFC 1123 subdomain (<https://kubernetes.io/docs/concepts/overview/working-with-objects/names/>), in which `:` may stand where `-` may.
fn is_name(text: &str) -> bool {
    (1..=253).contains(&text.len())
        && text.split('.').all(|label| is_label_with(label, 253, |b| matches!(b, b'-' | b':')))
}

fn is_label(text: &str) -> bool {
    is_label_with(text, 63, |b| b == b'-')
}

fn is_label_with(text: &str, max: usize, inner: impl Fn(u8) -> bool) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(first), Some(last)) => {
            bytes.len() <= max && plain(*first) && plain(*last) && bytes.iter().all(|b| plain(*b) || inner(*b))
        }
        _ => false,
    }
}
