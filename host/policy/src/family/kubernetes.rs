//! What a request means to a Kubernetes API server: verb, group, version, resource, subresource, namespace and name, and how much trust it needs.
//!
//! Follows the server's own reading of a path (<https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb>).
//! What is not known here is DESTRUCTIVE.

pub(super) mod dry_run;
mod label_selector;
mod listing;
pub(crate) mod preview;
pub(super) mod reach;
pub(super) mod review;

use super::Pages;
use crate::effect::{Method, Trust};
use crate::redaction::Secrets;
use crate::request::CanonicalRequest;
use listing::Listing;
use serde_json::Value;

/// What the authorizer of an API server sees of a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attributes {
    /// A request for a resource.
    Resource(ResourceAttributes),
    /// Any other path, as RBAC's `nonResourceURLs` names them.
    NonResource {
        /// The lower-case method.
        verb: String,
        /// The path.
        path: String,
    },
}

/// A request for a resource. A part that the path leaves out is empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[expect(missing_docs, reason = "the names are Kubernetes' own")]
pub struct ResourceAttributes {
    pub verb: String,
    pub group: String,
    pub version: String,
    pub resource: String,
    pub subresource: String,
    pub namespace: String,
    pub name: String,
}

/// <https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks>
pub(super) const PAGES: Pages = Pages { size_key: "limit", token_key: "continue", token_pointer: "/metadata/continue" };
/// The server reads `dryRun` from the query of most writes, and from the body alone of a DELETE that has one
/// (<https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run>).
pub(super) const RESERVED_KEYS: [&str; 1] = ["dryRun"];
/// <https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply>, without apply, which is YAML.
pub(super) const BODY_MEDIA_TYPES: [&str; 4] = [
    "application/json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/json-patch+json",
];
/// Subresources of a namespace: after `namespaces/NAME` they do not begin a resource of that namespace.
const NAMESPACE_SUBRESOURCES: [&str; 2] = ["status", "finalize"];
/// Subresources that open a connection into a pod, a node or a service.
const CONNECT_SUBRESOURCES: [&str; 4] = ["exec", "attach", "portforward", "proxy"];
/// Subresources whose GET changes nothing.
const READABLE_SUBRESOURCES: [&str; 6] = ["status", "scale", "log", "ephemeralcontainers", "resize", "approval"];
/// Subresources whose change is a WRITE; the empty one is the resource itself. Any other starts, stops or decides something.
const WRITABLE_SUBRESOURCES: [&str; 3] = ["", "status", "scale"];
/// Groups and resources that may be created and changed as a WRITE. Kinds that grant rights, or that decide what others may do, are not among them.
const WRITABLE: [(&str, &[&str]); 10] = [
    (
        "",
        &[
            "pods",
            "services",
            "configmaps",
            "nodes",
            "endpoints",
            "events",
            "persistentvolumeclaims",
            "persistentvolumes",
            "replicationcontrollers",
            "limitranges",
            "resourcequotas",
            "podtemplates",
            "secrets",
        ],
    ),
    ("apps", &["deployments", "statefulsets", "daemonsets", "replicasets", "controllerrevisions"]),
    ("batch", &["jobs", "cronjobs"]),
    ("autoscaling", &["horizontalpodautoscalers"]),
    ("networking.k8s.io", &["ingresses", "networkpolicies", "ingressclasses"]),
    ("storage.k8s.io", &["storageclasses", "volumeattachments"]),
    ("policy", &["poddisruptionbudgets"]),
    ("discovery.k8s.io", &["endpointslices"]),
    ("coordination.k8s.io", &["leases"]),
    ("scheduling.k8s.io", &["priorityclasses"]),
];
/// POSTs that only ask a question about the asker.
const REVIEWS: [(&str, &str); 3] = [
    ("authorization.k8s.io", "selfsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectrulesreviews"),
    ("authentication.k8s.io", "selfsubjectreviews"),
];
/// What a member of a body may be without a write being DESTRUCTIVE.
enum Harmless {
    /// A number from 1.
    AtLeastOne,
    /// `false`.
    False,
    /// Not this text, and text at all.
    TextBut(&'static str),
    /// Null, or a list of objects whose `effect` is one of these. One that says no effect may keep the one it has.
    Effects(&'static [&'static str]),
    /// Nothing.
    Nothing,
}
/// Members by which a write of a writable resource ends what runs, or makes a credential: where (empty for every resource), the member, and what it
/// may be. Where the member does not stand the write leaves it as it is.
const DRASTIC: [(&str, &str, &str, Harmless); 7] = [
    ("", "", "/spec/replicas", Harmless::AtLeastOne),
    ("batch", "jobs", "/spec/parallelism", Harmless::AtLeastOne),
    ("batch", "jobs", "/spec/suspend", Harmless::False),
    ("batch", "jobs", "/spec/activeDeadlineSeconds", Harmless::Nothing),
    ("", "pods", "/spec/activeDeadlineSeconds", Harmless::Nothing),
    // <https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/>
    ("", "nodes", "/spec/taints", Harmless::Effects(&["NoSchedule", "PreferNoSchedule"])),
    // <https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets>
    ("", "secrets", "/type", Harmless::TextBut("kubernetes.io/service-account-token")),
];
/// First segments of paths outside the resources that can be read.
const READABLE_PATHS: [&str; 7] = ["api", "apis", "version", "healthz", "livez", "readyz", "openapi"];

/// The bare `/api` answers with `serverAddressByClientCIDRs`, the server's address, which a connector never learns.
pub(super) fn withholds(segments: &[&str]) -> bool {
    segments == ["api"]
}

/// Reads a method and the segments of a path as the server does, without a query.
#[must_use]
pub fn attributes(method: Method, segments: &[&str]) -> Attributes {
    read(method, segments, Listing::default)
}

/// [`attributes`] of a canonical request, of which the query may be part: it says whether a list is a watch, and may select one name.
#[must_use]
pub fn attributes_of(request: &CanonicalRequest) -> Attributes {
    let segments: Vec<&str> = request.path().iter().map(crate::grammar::PathSegment::as_str).collect();
    read(request.method(), &segments, || Listing::of(request.query()))
}

fn read(method: Method, segments: &[&str], listing: impl FnOnce() -> Listing) -> Attributes {
    let non_resource = || Attributes::NonResource {
        verb: method.as_str().to_ascii_lowercase(),
        path: segments.iter().fold(String::new(), |path, segment| path + "/" + segment),
    };
    let (group, version, mut rest) = match segments {
        ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
        ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
        _ => return non_resource(),
    };
    let mut verb = match method {
        Method::Get => "get",
        Method::Post => "create",
        Method::Put => "update",
        Method::Patch => "patch",
        Method::Delete => "delete",
    };
    // The legacy prefixes: `/api/v1/watch/pods`, `/api/v1/proxy/…`.
    if let [prefix @ ("watch" | "proxy"), inner @ ..] = rest {
        if inner.is_empty() {
            // The server reads nothing of it, and answers so.
            return non_resource();
        }
        verb = prefix;
        rest = inner;
    }
    let mut namespace = "";
    if let ["namespaces", name, after @ ..] = rest {
        namespace = name;
        if after.first().is_some_and(|next| !NAMESPACE_SUBRESOURCES.contains(next)) {
            rest = after;
        }
    }
    let part = |index: usize| rest.get(index).copied().unwrap_or_default().to_owned();
    let mut name = part(1);
    let subresource = if verb == "proxy" { String::new() } else { part(2) };
    match verb {
        "get" if name.is_empty() => {
            let listing = listing();
            verb = if listing.watch { "watch" } else { "list" };
            name = listing.name;
        }
        "delete" if name.is_empty() => verb = "deletecollection",
        _ => {}
    }
    Attributes::Resource(ResourceAttributes {
        verb: verb.to_owned(),
        group: group.to_owned(),
        version: version.to_owned(),
        resource: part(0),
        subresource,
        namespace: namespace.to_owned(),
        name,
    })
}

/// Which Secrets the answer to a request is about. A write is answered with the object, and a list has many.
pub(super) fn secrets(request: &CanonicalRequest) -> Secrets {
    match attributes_of(request) {
        Attributes::Resource(of) if of.group.is_empty() && of.resource == "secrets" => {
            let is_of_one = request.method() == Method::Get && of.verb == "get" && of.subresource.is_empty();
            if is_of_one { Secrets::One } else { Secrets::Any }
        }
        _ => Secrets::None,
    }
}

/// How much trust a request needs.
#[must_use]
pub fn trust(request: &CanonicalRequest) -> Trust {
    let body = request.body().map(crate::request::CanonicalBody::value);
    trust_of(request.method(), &attributes_of(request), body)
}

/// How much trust a request with this method, these attributes and this body needs.
#[must_use]
pub fn trust_of(method: Method, attributes: &Attributes, body: Option<&Value>) -> Trust {
    match attributes {
        Attributes::NonResource { verb: _, path } => {
            let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
            let known = segments.first().is_some_and(|first| READABLE_PATHS.contains(first));
            let readable = method == Method::Get && known && !withholds(&segments);
            if readable { Trust::Read } else { Trust::Destructive }
        }
        Attributes::Resource(resource) => resource_trust(method, resource, body),
    }
}

/// The least trust that a request of this method and path needs, whatever its body.
#[must_use]
pub fn least_trust(method: Method, segments: &[&str]) -> Trust {
    let harmless = serde_json::json!({"spec": {"replicas": 1}});
    trust_of(method, &attributes(method, segments), Some(&harmless))
}

fn resource_trust(method: Method, attributes: &ResourceAttributes, body: Option<&Value>) -> Trust {
    let subresource = attributes.subresource.as_str();
    let readable = subresource.is_empty() || READABLE_SUBRESOURCES.contains(&subresource);
    // The verb alone does not say it: the legacy prefixes give theirs to any method.
    match (method, attributes.verb.as_str()) {
        _ if CONNECT_SUBRESOURCES.contains(&subresource) => Trust::Destructive,
        (Method::Get, "get" | "list" | "watch") if readable => Trust::Read,
        (Method::Post, "create") if is_review(attributes) => Trust::Read,
        (Method::Post, "create") | (Method::Put, "update") | (Method::Patch, "patch")
            if is_writable(attributes) && !is_drastic(attributes, body) =>
        {
            Trust::Write
        }
        _ => Trust::Destructive,
    }
}

/// Reviews are posted to their collection, which is the whole cluster's.
fn is_review(attributes: &ResourceAttributes) -> bool {
    REVIEWS.contains(&(attributes.group.as_str(), attributes.resource.as_str()))
        && [&attributes.namespace, &attributes.name, &attributes.subresource].iter().all(|part| part.is_empty())
}

fn is_writable(attributes: &ResourceAttributes) -> bool {
    WRITABLE_SUBRESOURCES.contains(&attributes.subresource.as_str())
        && WRITABLE
            .iter()
            .any(|(group, resources)| *group == attributes.group && resources.contains(&attributes.resource.as_str()))
}

/// Whether a write ends what runs, or grants something, by what its body says. A list of patch operations, and a patch that directs how it is to be
/// merged (<https://kubernetes.io/docs/reference/using-api/api-concepts/#strategic-merge-patch>), are not followed here and so taken for the worst.
fn is_drastic(attributes: &ResourceAttributes, body: Option<&Value>) -> bool {
    let is_scale = attributes.subresource == "scale";
    let Some(body) = body else { return is_scale };
    if !body.is_object() || directs(body) || body.get("spec").is_some_and(|spec| !spec.is_object()) {
        return true;
    }
    if is_scale && body.pointer("/spec/replicas").is_none() {
        return true;
    }
    DRASTIC
        .iter()
        .filter(|(group, resource, ..)| {
            resource.is_empty() || (*group == attributes.group && *resource == attributes.resource)
        })
        .any(|(.., pointer, harmless)| body.pointer(pointer).is_some_and(|value| !harmless.is(value)))
}

/// Whether a member stands anywhere whose name a strategic merge patch takes for a directive: `$patch`, `$retainKeys`, `$deleteFromPrimitiveList/…`.
fn directs(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, value)| name.starts_with('$') || directs(value)),
        Value::Array(items) => items.iter().any(directs),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

impl Harmless {
    fn is(&self, value: &Value) -> bool {
        match self {
            Self::AtLeastOne => value.as_u64().is_some_and(|number| number > 0),
            Self::False => *value == Value::Bool(false),
            Self::TextBut(text) => value.as_str().is_some_and(|found| found != *text),
            Self::Effects(effects) => match value {
                Value::Null => true,
                Value::Array(items) => items.iter().all(|item| {
                    item.get("effect").and_then(Value::as_str).is_some_and(|effect| effects.contains(&effect))
                }),
                Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => false,
            },
            Self::Nothing => false,
        }
    }
}
