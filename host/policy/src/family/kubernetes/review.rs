//! What the host asks an API server for itself: its version, and the two reviews in which it says who the asker is and what they may do.
//!
//! `/version` says nothing about a credential: by default everybody may read it, also without one
//! (<https://kubernetes.io/docs/reference/access-authn-authz/rbac/#discovery-roles>). The reviews are open to everybody whom the server has
//! authenticated, and to nobody else.

use crate::question::{Allowed, Asked, Identity, Told, Written, bounded, bounded_groups};
use serde_json::{Value, json};

/// <https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/self-subject-review-v1/>
const IDENTITY: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
/// <https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/self-subject-access-review-v1/>
const ACCESS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
/// Whom a server takes a request without a credential for
/// (<https://kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-requests>).
const ANONYMOUS_USER: &str = "system:anonymous";
const ANONYMOUS_GROUP: &str = "system:unauthenticated";

/// The request of a question.
pub(in crate::family) fn write(asked: &Asked) -> Written {
    match asked {
        Asked::Version => Written { method: "GET", path: "/version", body: None },
        Asked::Identity => Written {
            method: "POST",
            path: IDENTITY,
            body: Some(json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})),
        },
        Asked::Access(access) => {
            let right = access.right();
            let (resource, subresource) = right.resource.split_once('/').unwrap_or((&right.resource, ""));
            let attributes = json!({
                "namespace": access.namespace().map_or("", |name| name.as_str()),
                "verb": right.verb,
                "group": right.api_group,
                "resource": resource,
                "subresource": subresource,
            });
            Written {
                method: "POST",
                path: ACCESS,
                body: Some(json!({
                    "apiVersion": "authorization.k8s.io/v1",
                    "kind": "SelfSubjectAccessReview",
                    "spec": {"resourceAttributes": attributes},
                })),
            }
        }
    }
}

/// What an answer says; else why it says nothing.
pub(in crate::family) fn read(asked: &Asked, status: u16, body: &[u8]) -> Result<Told, String> {
    match (asked, status) {
        (_, 200..=299) => {}
        (_, 300..=399) => return Err("the target points elsewhere, and redirects are not followed".to_owned()),
        (Asked::Identity | Asked::Access(_), 403) => {
            return Err("the target forbids the question, as it does where it sees no credential".to_owned());
        }
        (Asked::Identity | Asked::Access(_), 404 | 405) => {
            return Err("the target does not serve this kind of review".to_owned());
        }
        _ => return Err(format!("the target answered {status}")),
    }
    let strange = || "the target's answer is not what a Kubernetes API server says".to_owned();
    let answer: Value = serde_json::from_slice(body).map_err(|_| strange())?;
    let told = match asked {
        Asked::Version => answer.get("gitVersion").and_then(Value::as_str).map(|text| Told::Version(bounded(text))),
        Asked::Identity => answer.pointer("/status/userInfo").and_then(identity).map(Told::Identity),
        // Nothing but the word itself: a server that says neither yes nor no has not said yes.
        Asked::Access(_) => answer
            .pointer("/status/allowed")
            .and_then(Value::as_bool)
            .map(|allowed| Told::Access(if allowed { Allowed::Yes } else { Allowed::No })),
    };
    told.ok_or_else(strange)
}

/// Of a user only the name must be there.
fn identity(user: &Value) -> Option<Identity> {
    let text = |name: &str| user.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let username = text("username")?;
    let groups = || user.get("groups").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let (kept, groups_left_out) = bounded_groups(groups());
    Some(Identity {
        username: bounded(username),
        uid: text("uid").map(bounded),
        is_anonymous: username == ANONYMOUS_USER || groups().any(|group| group == ANONYMOUS_GROUP),
        groups: kept,
        groups_left_out,
    })
}
