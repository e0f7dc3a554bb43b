//! What a request means to a Kubernetes API server: verb, group, version, resource, subresource, namespace and name, and how much trust it needs.
//!
//! Follows the server's own reading of a path (https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb).
//! What is not known here is DESTRUCTIVE.

use crate::effect::{Method, Trust};
use crate::request::CanonicalRequest;
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

/// The server reads `dryRun` from the query of most writes, and from the body alone of a DELETE that has one
/// (https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run).
pub(super) const RESERVED_KEYS: [&str; 1] = ["dryRun"];
/// Subresources of a namespace: after `namespaces/NAME` they do not begin a resource of that namespace.
const NAMESPACE_SUBRESOURCES: [&str; 2] = ["status", "finalize"];
/// Subresources that open a connection into a pod, a node or a service.
const CONNECT_SUBRESOURCES: [&str; 4] = ["exec", "attach", "portforward", "proxy"];
/// Subresources whose GET changes nothing.
const READABLE_SUBRESOURCES: [&str; 6] = ["status", "scale", "log", "ephemeralcontainers", "resize", "approval"];
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
/// First segments of paths outside the resources that can be read.
const READABLE_PATHS: [&str; 7] = ["api", "apis", "version", "healthz", "livez", "readyz", "openapi"];

/// Reads a method and the segments of a path as the server does. `watch` says whether the query asks for a watch.
#[must_use]
pub fn attributes(method: Method, segments: &[&str], watch: bool) -> Attributes {
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
    let name = part(1);
    if name.is_empty() {
        verb = match verb {
            "get" if watch => "watch",
            "get" => "list",
            "delete" => "deletecollection",
            other => other,
        };
    }
    Attributes::Resource(ResourceAttributes {
        verb: verb.to_owned(),
        group: group.to_owned(),
        version: version.to_owned(),
        resource: part(0),
        subresource: part(2),
        namespace: namespace.to_owned(),
        name,
    })
}

/// [`attributes`] of a canonical request.
#[must_use]
pub fn attributes_of(request: &CanonicalRequest) -> Attributes {
    let segments: Vec<&str> = request.path().iter().map(crate::grammar::PathSegment::as_str).collect();
    let watch = request.query_value("watch").is_some_and(|value| !matches!(value, "false" | "0"));
    attributes(request.method(), &segments, watch)
}

/// How much trust a request needs.
#[must_use]
pub fn trust(request: &CanonicalRequest) -> Trust {
    trust_of(&attributes_of(request), request.body().map(crate::request::CanonicalBody::value))
}

/// How much trust a request with these attributes and this body needs.
#[must_use]
pub fn trust_of(attributes: &Attributes, body: Option<&Value>) -> Trust {
    match attributes {
        Attributes::NonResource { verb, path } => {
            let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
            if verb == "get" && READABLE_PATHS.contains(&first) { Trust::Read } else { Trust::Destructive }
        }
        Attributes::Resource(resource) => resource_trust(resource, body),
    }
}

/// The least trust that a request of this method and path needs, whatever its body.
#[must_use]
pub fn least_trust(method: Method, segments: &[&str]) -> Trust {
    let harmless = serde_json::json!({"spec": {"replicas": 1}});
    trust_of(&attributes(method, segments, false), Some(&harmless))
}

fn resource_trust(attributes: &ResourceAttributes, body: Option<&Value>) -> Trust {
    let subresource = attributes.subresource.as_str();
    let known_subresource = subresource.is_empty() || READABLE_SUBRESOURCES.contains(&subresource);
    match attributes.verb.as_str() {
        _ if CONNECT_SUBRESOURCES.contains(&subresource) => Trust::Destructive,
        "get" | "list" | "watch" if known_subresource => Trust::Read,
        "create" if REVIEWS.contains(&(attributes.group.as_str(), attributes.resource.as_str())) => Trust::Read,
        "create" | "update" | "patch" if known_subresource && is_writable(attributes) => {
            if sets_replicas_to_zero(subresource, body) { Trust::Destructive } else { Trust::Write }
        }
        _ => Trust::Destructive,
    }
}

fn is_writable(attributes: &ResourceAttributes) -> bool {
    attributes.subresource != "approval"
        && WRITABLE
            .iter()
            .any(|(group, resources)| *group == attributes.group && resources.contains(&attributes.resource.as_str()))
}

/// Whether a write ends all pods of a workload: `spec.replicas` of 0, or taken away, or a list of patch operations, which this does not follow.
fn sets_replicas_to_zero(subresource: &str, body: Option<&Value>) -> bool {
    match body {
        Some(Value::Object(members)) => {
            let spec = members.get("spec");
            match spec.and_then(|spec| spec.get("replicas")) {
                Some(replicas) => replicas.as_u64().is_none_or(|replicas| replicas == 0),
                None => subresource == "scale",
            }
        }
        Some(_) => true,
        None => subresource == "scale",
    }
}
