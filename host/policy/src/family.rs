//! Families of targets: what a request really does, whatever a connector says of it.
//!
//! The family belongs to the target's record, never to the component. Everything the host knows of Kubernetes stands below here, and all of it is
//! pure: it looks at a request and says what it is.

mod generic_http;
pub mod kubernetes;

use crate::effect::{Method, Trust};
use crate::grammar::Namespace;
use crate::question::{Asked, Told, Written};
use crate::redaction::Secrets;
use crate::request::CanonicalRequest;
use serde::{Deserialize, Serialize};

/// A family of targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// A Kubernetes API server.
    Kubernetes,
    /// Any server over HTTP, of which no more is known than what its methods mean.
    GenericHttp,
}

/// Where a family's pages say what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pages {
    /// The query key of a page's size.
    pub size_key: &'static str,
    /// The query key of its token.
    pub token_key: &'static str,
    /// Where the token of the next page stands in a page.
    pub token_pointer: &'static str,
}

/// How far a request reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// To no object: it asks what the server is and what it serves.
    Server,
    /// To objects of one namespace, or to that namespace itself, to read it.
    Namespace(Namespace),
    /// Further: over several namespaces, or to what stands in none.
    Everything,
}

impl Family {
    /// The family of this name, as a component's identity gives it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "kubernetes" => Some(Self::Kubernetes),
            "generic-http" => Some(Self::GenericHttp),
            _ => None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kubernetes => "kubernetes",
            Self::GenericHttp => "generic-http",
        }
    }

    /// How its lists come in pages, where that is known.
    #[must_use]
    pub fn pages(self) -> Option<Pages> {
        match self {
            Self::Kubernetes => Some(kubernetes::PAGES),
            Self::GenericHttp => None,
        }
    }

    /// Query keys, and members of a body, that are the host's alone. Whether a request only pretends is for the host to say and to do: a server
    /// that looks for the word elsewhere than where it was put does what it was only to try.
    #[must_use]
    pub fn reserved_keys(self) -> &'static [&'static str] {
        match self {
            Self::Kubernetes => &kubernetes::RESERVED_KEYS,
            Self::GenericHttp => &[],
        }
    }

    /// The media types that a body may have: those that are read by the rules of JSON. Another reader of the same bytes could see what was not
    /// judged: to YAML, U+0085 and U+2028 end a line.
    #[must_use]
    pub fn body_media_types(self) -> &'static [&'static str] {
        match self {
            Self::Kubernetes => &kubernetes::BODY_MEDIA_TYPES,
            Self::GenericHttp => &generic_http::BODY_MEDIA_TYPES,
        }
    }

    /// Whether a path answers with what no connector may learn, whatever trust is declared.
    #[must_use]
    pub fn withholds(self, segments: &[&str]) -> bool {
        match self {
            Self::Kubernetes => kubernetes::withholds(segments),
            Self::GenericHttp => false,
        }
    }

    /// What a request really does.
    #[must_use]
    pub fn trust(self, request: &CanonicalRequest) -> Trust {
        match self {
            Self::Kubernetes => kubernetes::trust(request),
            Self::GenericHttp => generic_http::least_trust(request.method()),
        }
    }

    /// The least trust that a request of this method and path needs, whatever its body.
    #[must_use]
    pub fn least_trust(self, method: Method, segments: &[&str]) -> Trust {
        match self {
            Self::Kubernetes => kubernetes::least_trust(method, segments),
            Self::GenericHttp => generic_http::least_trust(method),
        }
    }

    /// How far a request reaches.
    #[must_use]
    pub fn reach(self, request: &CanonicalRequest) -> Reach {
        match self {
            Self::Kubernetes => kubernetes::reach::reach(request),
            // No path means anything there.
            Self::GenericHttp => Reach::Everything,
        }
    }

    /// The name of the one object that a request is about; none where it is about many, or about one that has no name yet.
    #[must_use]
    pub fn object(self, request: &CanonicalRequest) -> Option<String> {
        match self {
            Self::Kubernetes => kubernetes::reach::object(request),
            Self::GenericHttp => None,
        }
    }

    /// Which Secrets the answer to a request is about: what may be seen of them is not the connector's to say.
    #[must_use]
    pub fn secrets(self, request: &CanonicalRequest) -> Secrets {
        match self {
            Self::Kubernetes => kubernetes::secrets(request),
            Self::GenericHttp => Secrets::None,
        }
    }

    /// A write as a dry run of itself; none where targets of the family are not known to honour that.
    pub(crate) fn dry_run(self, write: &CanonicalRequest) -> Option<CanonicalRequest> {
        match self {
            Self::Kubernetes => kubernetes::dry_run::tried(write),
            Self::GenericHttp => None,
        }
    }

    /// Whether a finished request is a dry run, read as the target reads it.
    pub(crate) fn is_dry_run(self, request: &CanonicalRequest) -> bool {
        match self {
            Self::Kubernetes => kubernetes::dry_run::is_tried(request),
            Self::GenericHttp => false,
        }
    }

    /// Whether a target can be asked what it is, who a credential is to it, and what that may do.
    #[must_use]
    pub fn can_be_asked(self) -> bool {
        match self {
            Self::Kubernetes => true,
            Self::GenericHttp => false,
        }
    }

    /// The request of one of the host's own questions; none where the family has no way to ask.
    pub(crate) fn write(self, asked: &Asked) -> Option<Written> {
        match self {
            Self::Kubernetes => Some(kubernetes::review::write(asked)),
            Self::GenericHttp => None,
        }
    }

    /// What an answer to it says; else why it says nothing.
    pub(crate) fn read(self, asked: &Asked, status: u16, body: &[u8]) -> Result<Told, String> {
        match self {
            Self::Kubernetes => kubernetes::review::read(asked, status, body),
            Self::GenericHttp => Err("the family has no such question".to_owned()),
        }
    }
}
