//! How far a request reaches in a cluster: into one namespace, or beyond any.

use super::{Attributes, attributes_of, trust};
use crate::effect::{Method, Trust};
use crate::family::Reach;
use crate::grammar::Namespace;
use crate::request::CanonicalRequest;

/// What is not known to stay within a namespace reaches the whole cluster.
pub(in crate::family) fn reach(request: &CanonicalRequest) -> Reach {
    match attributes_of(request) {
        // Discovery, the version, health: what the server is, and no object in it.
        Attributes::NonResource { .. } if trust(request) == Trust::Read => Reach::Server,
        Attributes::NonResource { .. } => Reach::Everything,
        Attributes::Resource(of) => {
            // A namespace is an object of the cluster: it is read by its own name alone, and its labels decide what may run in it. In another group the
            // word means another thing.
            let is_read_of_itself = of.group.is_empty() && request.method() == Method::Get;
            if of.resource == "namespaces" && !is_read_of_itself {
                return Reach::Everything;
            }
            Namespace::parse(&of.namespace).map_or(Reach::Everything, Reach::Namespace)
        }
    }
}

/// The name of the one object that a request is about.
pub(in crate::family) fn object(request: &CanonicalRequest) -> Option<String> {
    match attributes_of(request) {
        Attributes::Resource(of) if !of.name.is_empty() => Some(of.name),
        Attributes::Resource(_) | Attributes::NonResource { .. } => None,
    }
}
