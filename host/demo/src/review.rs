//! Questions about who one is and what one may do: they are posted, answered, and kept nowhere.

use crate::answer::Answer;
use crate::authn::User;
use crate::decode;
use crate::negotiate;
use crate::rbac::{self, Attempt};
use crate::request::Request;
use crate::resource::Resource;
use crate::route::Place;
use crate::show;
use crate::status::Refusal;
use crate::store::Store;
use crate::time;
use serde_json::{Value, json};

pub(crate) fn answer(store: &Store, request: &Request, resource: &Resource, user: &User) -> Result<Answer, Refusal> {
    let (_, encoding) = negotiate::negotiate(request)?;
    let body = decode::object(resource, request)?;
    let spec = body.get("spec").cloned().unwrap_or_else(|| json!({}));
    let status = match resource.kind {
        "SelfSubjectReview" => json!({ "userInfo": user.info() }),
        "SelfSubjectAccessReview" => access(store, user, &spec),
        "SubjectAccessReview" => access(store, &somebody(&spec), &spec),
        _ => rbac::rules_review(store, user, spec.get("namespace").and_then(Value::as_str).unwrap_or_default()),
    };
    let metadata = match resource.kind {
        "SelfSubjectReview" => json!({ "creationTimestamp": time::seconds(store.now()) }),
        _ => json!({}),
    };
    let mut review = json!({
        "kind": resource.kind, "apiVersion": resource.api_version(), "metadata": metadata, "status": status,
    });
    match resource.kind {
        "SelfSubjectReview" => {}
        "SelfSubjectRulesReview" => review["spec"] = json!({}),
        _ => review["spec"] = spec,
    }
    Ok(show::encode(request, 201, &review, encoding))
}

fn access(store: &Store, user: &User, spec: &Value) -> Value {
    let text = |pointer: &str| spec.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let reason = if spec.get("nonResourceAttributes").is_some() {
        let (verb, path) = (text("/nonResourceAttributes/verb"), text("/nonResourceAttributes/path"));
        rbac::grant(store, user, Attempt::Path { verb: &verb, path: &path })
    } else {
        let place = Place {
            verb: text("/resourceAttributes/verb"),
            group: text("/resourceAttributes/group"),
            version: text("/resourceAttributes/version"),
            resource: text("/resourceAttributes/resource"),
            subresource: text("/resourceAttributes/subresource"),
            namespace: text("/resourceAttributes/namespace"),
            name: text("/resourceAttributes/name"),
            ..Place::default()
        };
        rbac::grant(store, user, Attempt::Resource(&place))
    };
    match reason {
        None => json!({ "allowed": false }),
        Some(reason) if reason.is_empty() => json!({ "allowed": true }),
        Some(reason) => json!({ "allowed": true, "reason": reason }),
    }
}

fn somebody(spec: &Value) -> User {
    let groups = spec.get("groups").and_then(Value::as_array).into_iter().flatten();
    User {
        name: spec.get("user").and_then(Value::as_str).unwrap_or_default().to_owned(),
        uid: String::new(),
        groups: groups.filter_map(|group| group.as_str().map(str::to_owned)).collect(),
        credential: None,
    }
}
