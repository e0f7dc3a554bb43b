//! What a request is about: the path and the method as the API server's `RequestInfo` has them.
//!
//! It is worked out before anything is looked up, because rights are judged by it, whether the resource is served or not.

use crate::request::{Query, Request};
use crate::resource::Resource;
use crate::select::{Fields, Labels};
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
    /// Whether the path began with `watch` or `proxy`. Nothing is served there.
    pub(crate) is_prefixed: bool,
}

impl Route {
    /// None for a prefix with nothing behind it, of which the server reads nothing.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        Some(match parts.as_slice() {
            ["api", _, "watch" | "proxy"] | ["apis", _, _, "watch" | "proxy"] => return None,
            ["api", version, rest @ ..] if !rest.is_empty() => Self::Resource(Place::of(request, "", version, rest)),
            ["apis", group, version, rest @ ..] if !rest.is_empty() => {
                Self::Resource(Place::of(request, group, version, rest))
            }
            _ => Self::Path(request.method.as_str().to_ascii_lowercase()),
        })
    }

    pub(crate) fn verb(&self) -> &str {
        match self {
            Self::Path(verb) => verb,
            Self::Resource(place) => &place.verb,
        }
    }
}

impl Place {
    fn of(request: &Request, group: &str, version: &str, rest: &[&str]) -> Self {
        let mut place = Self {
            group: group.to_owned(),
            version: version.to_owned(),
            verb: verb(&request.method),
            ..Self::default()
        };
        let rest = match rest {
            [prefix @ ("watch" | "proxy"), rest @ ..] => {
                (*prefix).clone_into(&mut place.verb);
                place.is_prefixed = true;
                rest
            }
            rest => rest,
        };
        let rest = match rest {
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
        (place.resource, place.name) = (part(0), part(1));
        if place.verb != "proxy" {
            place.subresource = part(2);
        }
        place.rest = rest.get(3..).unwrap_or_default().join("/");
        if place.name.is_empty() {
            place.become_many(&request.query);
        }
        place
    }

    /// Without a name a get is a list or a watch, and a delete is of a collection. Rights to one name are enough for who lists exactly that one.
    fn become_many(&mut self, query: &Query) {
        match self.verb.as_str() {
            "get" => {
                let name = wanted_name(query);
                let is_watch = if name.is_some() { query.is_on("watch") } else { query.is_on_among_malformed("watch") };
                if is_watch { "watch" } else { "list" }.clone_into(&mut self.verb);
                self.name = name.filter(|name| is_segment(name)).unwrap_or_default();
            }
            "delete" => "deletecollection".clone_into(&mut self.verb),
            _ => {}
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

/// The name that the options of a list select, empty for none. None where one of them is malformed: then none of them counts.
fn wanted_name(query: &Query) -> Option<String> {
    let is_number = |key: &&str| query.get(key).is_none_or(|text| text.parse::<i64>().is_ok());
    let has_labels = query.get("labelSelector").is_none_or(|text| Labels::parse(text).is_ok());
    let name = Fields::wanted_name(query.get("fieldSelector").unwrap_or_default()).ok()?;
    (has_labels && ["limit", "timeoutSeconds"].iter().all(is_number)).then_some(name)
}

/// Whether a name could stand in a path.
fn is_segment(name: &str) -> bool {
    !matches!(name, "." | "..") && !name.contains(['/', '%'])
}
