//! Dry runs: a write that the API server takes through everything but its store.
//!
//! Where the server looks for the word hangs on the request (<https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run>): in the query, but for
//! a DELETE that has a body: its options are in the body and nowhere else, so that a `dryRun=All` in the query is not seen and the object is gone.
//! [`tried`] puts the word in. [`is_tried`] reads a finished request as the server does and shares nothing with [`tried`], so that one mistake is not
//! two.

use super::{Attributes, attributes_of};
use crate::effect::Method;
use crate::request::CanonicalRequest;
use serde_json::{Value, json};

/// The groups that an API server serves itself. Behind any other may stand a server of its own (<https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/>),
/// which may not know the word. Groups of questions, whose objects are answers and are never kept, are not among them.
pub(super) const HONOURING_GROUPS: [&str; 14] = [
    "",
    "admissionregistration.k8s.io",
    "apps",
    "autoscaling",
    "batch",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];
/// The subresources whose writes are writes of their object. Others start, open or issue something.
const HONOURING_SUBRESOURCES: [&str; 3] = ["", "status", "scale"];

/// A write as a dry run of itself. None where the server is not known to honour it.
pub(in crate::family) fn tried(write: &CanonicalRequest) -> Option<CanonicalRequest> {
    let Attributes::Resource(of) = attributes_of(write) else { return None };
    let is_of_one = match (write.method(), of.verb.as_str()) {
        (Method::Post, "create") => of.name.is_empty(),
        (Method::Put, "update") | (Method::Patch, "patch") | (Method::Delete, "delete") => !of.name.is_empty(),
        _ => false,
    };
    let is_honoured =
        HONOURING_GROUPS.contains(&of.group.as_str()) && HONOURING_SUBRESOURCES.contains(&of.subresource.as_str());
    if !is_of_one || !is_honoured {
        return None;
    }
    let (method, target, body) = (write.method().as_str(), write.rendered_path_and_query(), write.body());
    // Whatever form of the object the connector wants to see: here it is compared, whole.
    let accept = "application/json";
    match (write.method(), body) {
        (Method::Delete, Some(options)) => {
            let mut changed = options.value().as_object()?.clone();
            changed.insert("dryRun".to_owned(), json!(["All"]));
            let bytes = crate::json::to_canonical(&Value::Object(changed));
            CanonicalRequest::of_host(method, &target, accept, Some((options.media_type(), &bytes)))
        }
        (_, body) => {
            let target = format!("{target}{}dryRun=All", if write.query().is_empty() { '?' } else { '&' });
            CanonicalRequest::of_host(method, &target, accept, body.map(|body| (body.media_type(), body.bytes())))
        }
    }
}

/// Whether a request is a dry run, by the bytes that would be sent.
pub(in crate::family) fn is_tried(request: &CanonicalRequest) -> bool {
    let target = request.rendered_path_and_query();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    if !path_honours(path) {
        return false;
    }
    let is_the_word = |key: &str| key.eq_ignore_ascii_case("dryRun");
    let asked: Vec<&str> =
        query.split('&').filter(|pair| is_the_word(pair.split_once('=').map_or(*pair, |(key, _)| key))).collect();
    let body = request.body().map(|body| (body.media_type(), crate::json::parse_strict(body.bytes())));
    let words_of = |body: &Value| -> Option<Vec<(String, Value)>> {
        let members = body.as_object()?.iter().filter(|(name, _)| is_the_word(name));
        Some(members.map(|(name, value)| (name.clone(), value.clone())).collect())
    };
    match (request.method().as_str(), body) {
        ("DELETE", Some(("application/json", Ok(body)))) => {
            query.is_empty() && words_of(&body) == Some(vec![("dryRun".to_owned(), json!(["All"]))])
        }
        ("DELETE", None) => asked == ["dryRun=All"],
        // In the body it would be an unknown member, and no reason to keep anything from the store.
        ("POST" | "PUT" | "PATCH", Some((_, Ok(body)))) => {
            asked == ["dryRun=All"] && words_of(&body).is_none_or(|words| words.is_empty())
        }
        _ => false,
    }
}

/// Whether a path is of objects, or of a subresource of one, that an API server keeps itself.
fn path_honours(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let (group, rest) = match segments.as_slice() {
        ["api", "v1", rest @ ..] => ("", rest),
        ["apis", group, version, rest @ ..] if version.starts_with('v') => (*group, rest),
        _ => return false,
    };
    let object = match rest {
        // A namespace is an object itself, with subresources of its own.
        ["namespaces", _] | ["namespaces", _, "status" | "finalize", ..] => rest,
        ["namespaces", _, object @ ..] => object,
        object => object,
    };
    let is_of_object = match object {
        // The prefixes of old, under which a path means something else.
        ["watch" | "proxy", ..] | [] => false,
        [_] | [_, _] | [_, _, "status" | "scale"] => true,
        _ => false,
    };
    is_of_object && HONOURING_GROUPS.contains(&group)
}
