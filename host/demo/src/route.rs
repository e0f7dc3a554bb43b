//! What a request is about: the path and the method as the API server's `RequestInfo` has them.
//!
//! It is worked out before anything is looked up, because rights are judged by it, whether the resource is served or not.

use crate::request::Request;
use crate::resource::Resource;
use http::Method;

/// Where a request leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// A path that is no resource's, such as `/version`. The verb is the method in lower case.
    Path(String),
    Resource(Place),
}

/// A request for resources.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Place {
    pub(crate) verb: String,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) resource: String,
    pub(crate) subresource: String,
    /// Empty where the request is for all namespaces, or for what has none. A namespace is in itself.
    pub(crate) namespace: String,
    /// Empty where the request is for many.
    pub(crate) name: String,
    /// What is behind the subresource. No resource that is served has that.
    pub(crate) rest: String,
}

impl Route {
    pub(crate) fn of(request: &Request) -> Self {
        Place::of(request).map_or_else(|| Self::Path(request.method.as_str().to_ascii_lowercase()), Self::Resource)
    }

    pub(crate) fn verb(&self) -> &str {
        match self {
            Self::Path(verb) => verb,
            Self::Resource(place) => &place.verb,
        }
    }
}

impl Place {
    fn of(request: &Request) -> Option<Self> {
        let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let mut place = Self {
            group: group.to_owned(),
            version: version.to_owned(),
            verb: verb(&request.method),
            ..Self::default()
        };
        let rest = match rest {
            [] => return None,
            ["namespaces", namespace, resource, ..] if !matches!(*resource, "status" | "finalize") => {
                place.namespace = (*namespace).to_owned();
                rest.get(2..).unwrap_or_default()
            }
            ["namespaces", namespace, ..] => {
                place.namespace = (*namespace).to_owned();
                rest
            }
            _ => rest,
        };
        let part = |index: usize| rest.get(index).map(|part| (*part).to_owned()).unwrap_or_default();
        (place.resource, place.name, place.subresource) = (part(0), part(1), part(2));
        place.rest = rest.get(3..).unwrap_or_default().join("/");
        if place.name.is_empty() {
            place.become_many(request);
        }
        Some(place)
    }

    /// Without a name a get is a list or a watch, and a delete is of a collection.
    fn become_many(&mut self, request: &Request) {
        let verb = match self.verb.as_str() {
            "get" if request.query.is_on("watch") => "watch",
            "get" => "list",
            "delete" => "deletecollection",
            _ => return,
        };
        verb.clone_into(&mut self.verb);
        // Rights to one name are enough for who selects exactly that one.
        if let Some(selector) = request.query.get("fieldSelector") {
            let one = selector.split(',').find_map(|term| term.strip_prefix("metadata.name="));
            self.name = one.unwrap_or_default().trim_start_matches('=').to_owned();
        }
    }

    /// The resource that is served there.
    pub(crate) fn served(&self) -> Option<&'static Resource> {
        Resource::of(&self.group, &self.resource).filter(|resource| resource.version == self.version)
    }
}

fn verb(method: &Method) -> String {
    match *method {
        Method::GET | Method::HEAD => "get",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "",
    }
    .to_owned()
}
