//! What somebody may do: RBAC, from the Roles and bindings that stand in the store.

pub(crate) mod stock;

use crate::authn::User;
use crate::resource::{CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES};
use crate::route::{Place, Route};
use crate::status::Refusal;
use crate::store::Store;
use serde_json::{Value, json};

/// What is judged: something to do with resources or with a path.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Attempt<'a> {
    Resource(&'a Place),
    Path { verb: &'a str, path: &'a str },
}

/// Why somebody may do something: empty where they may do anything, none where they may not.
pub(crate) fn grant(store: &Store, user: &User, attempt: Attempt<'_>) -> Option<String> {
    let namespace = match attempt {
        Attempt::Resource(place) => place.namespace.as_str(),
        Attempt::Path { .. } => "",
    };
    if user.is_master() {
        return Some(String::new());
    }
    let allows = |binding: &&Value| {
        role(store, binding).is_some_and(|role| items(role, "rules").any(|rule| covers(rule, attempt)))
    };
    bindings(store, user, namespace).find(allows).map(|binding| reason(binding, user))
}

/// Such as `RBAC: allowed by RoleBinding "a/b" of ClusterRole "view" to ServiceAccount "c/b"`.
fn reason(binding: &Value, user: &User) -> String {
    let at =
        |object: &Value, pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let place =
        |name: String, namespace: String| if namespace.is_empty() { name } else { format!("{name}/{namespace}") };
    let own = at(binding, "/metadata/namespace");
    let subject = items(binding, "subjects").find(|subject| is_of_subject(binding, subject, user));
    let subject = subject.map_or_else(String::new, |subject| {
        format!("{} {:?}", at(subject, "/kind"), place(at(subject, "/name"), at(subject, "/namespace")))
    });
    format!(
        "RBAC: allowed by {} {:?} of {} {:?} to {subject}",
        at(binding, "/kind"),
        place(at(binding, "/metadata/name"), own),
        at(binding, "/roleRef/kind"),
        at(binding, "/roleRef/name"),
    )
}

/// # Errors
/// 403 with the server's own words.
pub(crate) fn authorize(store: &Store, user: &User, route: &Route, path: &str) -> Result<(), Refusal> {
    let attempt = match route {
        Route::Path(verb) => Attempt::Path { verb, path },
        Route::Resource(place) => Attempt::Resource(place),
    };
    if grant(store, user, attempt).is_some() { Ok(()) } else { Err(forbidden(user, attempt)) }
}

/// The rules that hold for somebody in a namespace; without one those that hold everywhere.
pub(crate) fn rules<'a>(store: &'a Store, user: &'a User, namespace: &'a str) -> impl Iterator<Item = &'a Value> {
    let bindings = bindings(store, user, namespace);
    bindings.filter_map(move |binding| role(store, binding)).flat_map(|role| items(role, "rules"))
}

fn bindings<'a>(store: &'a Store, user: &'a User, namespace: &'a str) -> impl Iterator<Item = &'a Value> {
    let everywhere = store.list(&CLUSTER_ROLE_BINDINGS, None);
    let here = store.list(&ROLE_BINDINGS, Some(namespace)).filter(move |_| !namespace.is_empty());
    let is_theirs =
        move |binding: &&Value| items(binding, "subjects").any(|subject| is_of_subject(binding, subject, user));
    everywhere.chain(here).filter(is_theirs)
}

fn role<'a>(store: &'a Store, binding: &Value) -> Option<&'a Value> {
    let name = binding.pointer("/roleRef/name")?.as_str()?;
    match binding.pointer("/roleRef/kind")?.as_str()? {
        "ClusterRole" => store.get(&CLUSTER_ROLES, None, name),
        _ => store.get(&ROLES, binding.pointer("/metadata/namespace")?.as_str(), name),
    }
}

fn is_of_subject(binding: &Value, subject: &Value, user: &User) -> bool {
    let text = |key| subject.get(key).and_then(Value::as_str).unwrap_or_default();
    match text("kind") {
        "User" => text("name") == user.name,
        "Group" => user.groups.iter().any(|group| group == text("name")),
        "ServiceAccount" => {
            let own = binding.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default();
            let namespace = if text("namespace").is_empty() { own } else { text("namespace") };
            user.name == format!("system:serviceaccount:{namespace}:{}", text("name"))
        }
        _ => false,
    }
}

fn covers(rule: &Value, attempt: Attempt<'_>) -> bool {
    let has = |key: &str, wanted: &str| texts(rule, key).any(|text| text == "*" || text == wanted);
    match attempt {
        Attempt::Path { verb, path } => {
            has("verbs", verb)
                && texts(rule, "nonResourceURLs")
                    .any(|url| url == path || url.strip_suffix('*').is_some_and(|prefix| path.starts_with(prefix)))
        }
        Attempt::Resource(place) => {
            has("verbs", &place.verb)
                && has("apiGroups", &place.group)
                && texts(rule, "resources").any(|resource| is_of(resource, place))
                && (items(rule, "resourceNames").next().is_none()
                    || texts(rule, "resourceNames").any(|name| name == place.name))
        }
    }
}

fn is_of(resource: &str, place: &Place) -> bool {
    match resource.split_once('/') {
        None => resource == "*" || (resource == place.resource && place.subresource.is_empty()),
        Some(("*", subresource)) => subresource == place.subresource,
        Some((resource, subresource)) => resource == place.resource && subresource == place.subresource,
    }
}

/// The 403 of RBAC.
fn forbidden(user: &User, attempt: Attempt<'_>) -> Refusal {
    let quote = |text: &str| format!("{text:?}").replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let who = quote(&user.name);
    match attempt {
        Attempt::Path { verb, path } => {
            let message = format!("forbidden: User {who} cannot {verb} path {}", quote(path));
            let mut refusal = Refusal::new(403, "Forbidden", message);
            refusal.has_details = true;
            refusal
        }
        Attempt::Resource(place) => {
            let resource = if place.subresource.is_empty() {
                place.resource.clone()
            } else {
                format!("{}/{}", place.resource, place.subresource)
            };
            let scope = if place.namespace.is_empty() {
                "at the cluster scope".to_owned()
            } else {
                format!("in the namespace {}", quote(&place.namespace))
            };
            let why = format!(
                "User {who} cannot {} resource {} in API group {} {scope}",
                place.verb,
                quote(&resource),
                quote(&place.group)
            );
            is_forbidden(&place.group, &place.resource, &place.name, &why)
        }
    }
}

/// A 403 about a resource, from RBAC or from admission.
pub(crate) fn is_forbidden(group: &str, resource: &str, name: &str, why: &str) -> Refusal {
    let qualified = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
    let named = if name.is_empty() { String::new() } else { format!(" {name:?}") };
    Refusal::new(403, "Forbidden", format!("{qualified}{named} is forbidden: {why}")).about(group, resource, name)
}

/// The status of a `SelfSubjectRulesReview`.
pub(crate) fn rules_review(store: &Store, user: &User, namespace: &str) -> Value {
    let everything = [
        json!({ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] }),
        json!({ "verbs": ["*"], "nonResourceURLs": ["*"] }),
    ];
    let of_master = everything.iter().filter(|_| user.is_master());
    let (mut resources, mut paths) = (Vec::new(), Vec::new());
    for rule in of_master.chain(rules(store, user, namespace)) {
        if items(rule, "resources").next().is_some() {
            resources.push(rule.clone());
        } else {
            paths.push(rule.clone());
        }
    }
    json!({ "resourceRules": resources, "nonResourceRules": paths, "incomplete": false })
}

fn items<'a>(object: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    object.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn texts<'a>(object: &'a Value, key: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    items(object, key).filter_map(Value::as_str)
}
