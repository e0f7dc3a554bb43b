//! Who sends a request: bearer tokens, and whose they are.
//!
//! A token is random and means nothing by itself; whose it is stands in [`Tokens`]. They are kept in memory, are worth
//! nothing outside of this cluster, and are gone with it.

use crate::rbac;
use crate::request::Request;
use crate::resource::SERVICE_ACCOUNTS;
use crate::route::{Place, Route};
use crate::status::Refusal;
use crate::store::Store;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

/// Who may do anything.
pub(crate) const MASTERS: &str = "system:masters";

/// Somebody who sends requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) groups: Vec<String>,
    /// The id of the token, where it is a service account's.
    pub(crate) credential: Option<String>,
}

impl User {
    pub(crate) fn is_master(&self) -> bool {
        self.groups.iter().any(|group| group == MASTERS)
    }

    /// `userInfo` of a review.
    pub(crate) fn info(&self) -> Value {
        let mut info = json!({ "username": self.name, "groups": self.groups });
        if let Some(info) = info.as_object_mut() {
            if !self.uid.is_empty() {
                info.insert("uid".to_owned(), self.uid.clone().into());
            }
            if let Some(credential) = &self.credential {
                info.insert("extra".to_owned(), json!({ "authentication.kubernetes.io/credential-id": [credential] }));
            }
        }
        info
    }
}

/// Whose a token is.
#[derive(Debug)]
enum Owner {
    Admin,
    Account { namespace: String, name: String, uid: String, id: String, expires: Timestamp },
}

/// The tokens that have been given out.
#[derive(Debug, Default)]
pub(crate) struct Tokens(HashMap<String, Owner>);

impl Tokens {
    /// A token of somebody of the group `system:masters`. It does not expire.
    pub(crate) fn for_admin(&mut self) -> String {
        self.issue(Owner::Admin)
    }

    /// A token of a service account.
    pub(crate) fn for_account(&mut self, account: &Value, expires: Timestamp) -> String {
        let text = |pointer| account.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        self.issue(Owner::Account {
            namespace: text("/metadata/namespace"),
            name: text("/metadata/name"),
            uid: text("/metadata/uid"),
            id: format!("JTI={}", Uuid::new_v4()),
            expires,
        })
    }

    /// Forgets a token: whoever shows it is told 401.
    pub(crate) fn revoke(&mut self, token: &str) {
        self.0.remove(token);
    }

    fn issue(&mut self, owner: Owner) -> String {
        let token = format!("demo.{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        self.0.insert(token.clone(), owner);
        token
    }

    fn user(&self, token: &str, store: &Store) -> Option<User> {
        match self.0.get(token)? {
            Owner::Admin => Some(User {
                name: "demo-admin".to_owned(),
                uid: "demo-admin".to_owned(),
                groups: vec![MASTERS.to_owned(), "system:authenticated".to_owned()],
                credential: None,
            }),
            Owner::Account { namespace, name, uid, id, expires } => {
                let account = store.get(&SERVICE_ACCOUNTS, Some(namespace), name)?;
                let is_same = account.pointer("/metadata/uid").and_then(Value::as_str) == Some(uid);
                (is_same && store.now() < *expires).then(|| User {
                    name: format!("system:serviceaccount:{namespace}:{name}"),
                    uid: uid.clone(),
                    groups: vec![
                        "system:serviceaccounts".to_owned(),
                        format!("system:serviceaccounts:{namespace}"),
                        "system:authenticated".to_owned(),
                    ],
                    credential: Some(id.clone()),
                })
            }
        }
    }
}

/// Who sends a request. Nobody is anonymous here.
///
/// # Errors
/// 401 where there is no token, or it is nobody's, or expired.
pub(crate) fn authenticate(request: &Request, tokens: &Tokens, store: &Store) -> Result<User, Refusal> {
    let unauthorized = || Refusal::new(401, "Unauthorized", "Unauthorized");
    let value = request.header("authorization").ok_or_else(unauthorized)?;
    let token = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let token = token.map(|(_, token)| token.trim()).filter(|token| !token.is_empty());
    token.and_then(|token| tokens.user(token, store)).ok_or_else(unauthorized)
}

/// Who a request is to be taken from: whoever sends it, or, where it says so, somebody whom they may impersonate.
///
/// # Errors
/// 403 where they may not.
pub(crate) fn impersonate(request: &Request, store: &Store, user: User) -> Result<User, Refusal> {
    let Some(name) = request.header("impersonate-user") else { return Ok(user) };
    let may = |resource: &str, namespace: &str, name: &str| {
        let place = Place {
            verb: "impersonate".to_owned(),
            resource: resource.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            ..Place::default()
        };
        rbac::authorize(store, &user, &Route::Resource(place), "")
    };
    let account = name.strip_prefix("system:serviceaccount:").and_then(|account| account.split_once(':'));
    let mut groups = Vec::new();
    match account {
        Some((namespace, account)) => {
            may("serviceaccounts", namespace, account)?;
            groups.extend(["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")]);
        }
        None => may("users", "", name)?,
    }
    for group in request.headers.get_all("impersonate-group").iter().filter_map(|group| group.to_str().ok()) {
        may("groups", "", group)?;
        groups.push(group.to_owned());
    }
    groups.push("system:authenticated".to_owned());
    Ok(User { name: name.to_owned(), uid: String::new(), groups, credential: None })
}

/// The answer to a `TokenRequest` for a service account.
///
/// # Errors
/// 404 without the account, 422 for a lifetime of under ten minutes.
pub(crate) fn issue(
    tokens: &mut Tokens,
    store: &Store,
    namespace: &str,
    name: &str,
    request: &Value,
) -> Result<Value, Refusal> {
    let account = store.get(&SERVICE_ACCOUNTS, Some(namespace), name);
    let account = account.ok_or_else(|| crate::store::not_found(&SERVICE_ACCOUNTS, name))?;
    let seconds = request.pointer("/spec/expirationSeconds").and_then(Value::as_i64).unwrap_or(3600);
    if !(600..=1 << 32).contains(&seconds) {
        let (least, most) =
            ("may not specify a duration less than 10 minutes", "may not specify a duration larger than 2^32 seconds");
        let why = if seconds < 600 { least } else { most };
        let cause = crate::validate::Cause::invalid("spec.expirationSeconds", &seconds.into(), why);
        return Err(crate::validate::invalid("authentication.k8s.io", "TokenRequest", "", vec![cause]));
    }
    let expires = store.now().saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
    let audiences = match request.pointer("/spec/audiences") {
        Some(Value::Array(audiences)) if !audiences.is_empty() => json!(audiences),
        _ => json!(["https://kubernetes.default.svc"]),
    };
    let token = tokens.for_account(account, expires);
    Ok(json!({
        "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
        "metadata": {
            "name": name, "namespace": namespace, "uid": account.pointer("/metadata/uid"), "creationTimestamp": crate::time::seconds(store.now()),
        },
        "spec": { "audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": null },
        "status": { "token": token, "expirationTimestamp": crate::time::seconds(expires) },
    }))
}
