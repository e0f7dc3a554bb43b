//! Effects as data: what `wit/effects.wit` says, in types. What each means stands there; nothing here decides anything.
//!
//! These are descriptions by a connector and trusted by nobody: `catalogue` checks them, `authority` fills in a call's arguments.

use crate::grammar::EffectId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a request or an operation may do to the target. Ordered: `Read` is the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Trust {
    /// Changes nothing.
    Read,
    /// Changes something, and it can be changed back.
    Write,
    /// Removes something, interrupts what runs, or widens somebody's rights.
    Destructive,
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "READ",
            Self::Write => "WRITE",
            Self::Destructive => "DESTRUCTIVE",
        })
    }
}

/// Whether the operation works without the right to make this request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Need {
    /// It fails without it.
    Required,
    /// It works without it, and says what is lost.
    Optional,
}

/// An HTTP method that effects may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// The method of this name, in upper case as it stands on the wire; none for any other token.
    #[must_use]
    pub fn from_token(token: &str) -> Option<Self> {
        [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete]
            .into_iter()
            .find(|method| method.as_str() == token)
    }

    /// As it stands on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How an observed value becomes text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Form {
    /// A name of the family.
    Name,
    /// 1 to 64 letters, digits and hyphens.
    Uid,
    /// A selector object, written out.
    LabelSelector,
}

/// Where a value stood in an answer to a read of this call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The read.
    pub effect: EffectId,
    /// A JSON pointer in which `*` is any item.
    pub pointer: String,
    /// How it becomes text.
    pub form: Form,
}

/// The argument, or one longer name that was found.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loose {
    /// The argument that the name begins with.
    pub argument: String,
    /// Where longer names may have stood.
    pub found: Vec<Place>,
}

/// A literal chosen by an argument.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The argument that chooses.
    pub argument: String,
    /// Value of the argument, literal.
    pub cases: Vec<(String, String)>,
}

/// A piece of a path or of a query value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each case is documented at its record")]
pub enum Piece {
    Literal(String),
    Argument(String),
    Chosen(Choice),
    Extends(Loose),
    Observed(Vec<Place>),
}

/// How many items a page asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageSize {
    /// The usual size, 1 to 1000.
    pub rows: u32,
    /// The argument that bounds the sum of all pages.
    pub limit: Option<String>,
}

/// The value of a query key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "see wit/effects.wit")]
pub enum Value {
    Pieces(Vec<Piece>),
    PageSize(PageSize),
    PageToken(Option<String>),
}

/// A query key and what its value may be.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryRule {
    /// The key.
    pub key: String,
    /// Its value.
    pub value: Value,
    /// Whether the key may be left out.
    pub may_omit: bool,
}

/// When an effect exists.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "see wit/effects.wit")]
pub enum Condition {
    Given(String),
    Absent(String),
    OneOf((String, Vec<String>)),
    Answered404(Vec<EffectId>),
}

/// How often an effect may be used in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// How many series.
    pub series: u16,
    /// How many pages each; 1 where the effect has no pages.
    pub pages: u16,
}

/// A JSON body with holes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyRule {
    /// The value of `Content-Type`.
    pub media_type: String,
    /// JSON text with holes.
    pub template: String,
}

/// One kind of request that an operation may make.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see wit/effects.wit")]
pub struct Effect {
    pub id: EffectId,
    pub trust: Trust,
    pub need: Need,
    pub when: Vec<Condition>,
    pub method: Method,
    pub path: Vec<Piece>,
    pub query: Vec<QueryRule>,
    pub accept: Vec<String>,
    pub body: Option<BodyRule>,
    pub count: Count,
}

impl Effect {
    /// All pieces of its path and of its query.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &Piece> {
        let query = self.query.iter().flat_map(|rule| match &rule.value {
            Value::Pieces(pieces) => pieces.as_slice(),
            Value::PageSize(_) | Value::PageToken(_) => &[],
        });
        self.path.iter().chain(query)
    }
}
