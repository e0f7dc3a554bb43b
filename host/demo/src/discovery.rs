//! What is served, for those who ask: versions, groups, resources, health, and an OpenAPI document without schemas.

use crate::answer::Answer;
use crate::cluster::not_allowed;
use crate::negotiate;
use crate::request::Request;
use crate::resource::{Access, RESOURCES, Resource};
use http::Method;
use serde_json::{Value, json};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Answers a request for a path that is no resource's.
pub(crate) fn answer(request: &Request) -> Answer {
    let path = request.path.trim_end_matches('/');
    let is_aggregated = negotiate::wants_aggregated_discovery(request);
    let found = match path.split('/').skip(1).collect::<Vec<_>>().as_slice() {
        ["version"] => version(),
        ["healthz" | "livez" | "readyz", ..] => {
            return Answer::text(200, "ok").with("x-content-type-options", "nosniff");
        }
        ["api"] if is_aggregated => return aggregated("/api"),
        ["apis"] if is_aggregated => return aggregated("/apis"),
        ["api"] => json!({
            "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [{ "clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1" }],
        }),
        ["apis"] => json!({
            "kind": "APIGroupList", "apiVersion": "v1",
            "groups": groups().into_iter().filter(|group| !group.is_empty()).map(group).collect::<Vec<_>>(),
        }),
        ["api", "v1"] => resources("", "v1"),
        ["apis", name] if groups().contains(name) && !name.is_empty() => {
            let mut group = group(name);
            group["kind"] = "APIGroup".into();
            group["apiVersion"] = "v1".into();
            group
        }
        ["apis", group, version] if of_group(group).any(|resource| resource.version == *version) => {
            resources(group, version)
        }
        ["openapi", "v2"] => json!({
            "swagger": "2.0", "info": { "title": "Kubernetes", "version": "v1.36.3" }, "paths": {}, "definitions": {},
        }),
        ["openapi", "v3"] => documents(),
        ["openapi", "v3", "api", version] => match document("", version) {
            Some(document) => document,
            None => return Answer::nowhere(),
        },
        ["openapi", "v3", "apis", group, version] => match document(group, version) {
            Some(document) => document,
            None => return Answer::nowhere(),
        },
        [] | [""] => {
            let groups = groups();
            let groups = groups.iter().filter(|group| !group.is_empty()).map(|group| format!("/apis/{group}"));
            let paths: Vec<String> =
                ["/api", "/api/v1", "/apis"].map(str::to_owned).into_iter().chain(groups).collect();
            json!({ "paths": paths })
        }
        _ => return Answer::nowhere(),
    };
    if !matches!(request.method, Method::GET | Method::HEAD) {
        return not_allowed().into();
    }
    Answer::json(200, &found)
}

/// The OpenAPI documents, one for each group.
fn documents() -> Value {
    let mut paths = serde_json::Map::new();
    for group in groups() {
        let version = of_group(group).next().map(|resource| resource.version).unwrap_or_default();
        let path = if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") };
        paths.insert(path.clone(), json!({ "serverRelativeURL": format!("/openapi/v3/{path}?hash=1") }));
    }
    json!({ "paths": paths })
}

/// A document without schemas. It says that the server checks fields itself, so that `kubectl` leaves it to it.
fn document(group: &str, version: &str) -> Option<Value> {
    let mut paths = serde_json::Map::new();
    for resource in of_group(group).filter(|resource| resource.version == version && resource.access == Access::Full) {
        let root = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        let namespaces = if resource.namespaced { "/namespaces/{namespace}" } else { "" };
        let patch = json!({
            "operationId": format!("patch{}", resource.kind),
            "parameters": [{ "name": "fieldValidation", "in": "query", "schema": { "type": "string" } }],
            "responses": { "200": { "description": "OK" } },
            "x-kubernetes-group-version-kind": { "group": group, "version": version, "kind": resource.kind },
        });
        paths.insert(format!("{root}{namespaces}/{}/{{name}}", resource.plural), json!({ "patch": patch }));
    }
    let info = json!({ "title": "Kubernetes", "version": "v1.36.3" });
    (!paths.is_empty()).then(|| json!({ "openapi": "3.0.0", "info": info, "paths": paths }))
}

fn version() -> Value {
    json!({
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35", "gitVersion": "v1.36.3", "gitCommit": "", "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "", "platform": "linux/amd64",
    })
}

/// What may be done to a resource.
pub(crate) fn verbs(resource: &Resource) -> &'static [&'static str] {
    match resource.access {
        Access::Full => &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        Access::ReadOnly => &["get", "list"],
        Access::Review => &["create"],
    }
}

/// The kind and the verbs of a subresource.
fn subresource(resource: &Resource, name: &str) -> (&'static str, &'static str, &'static str, &'static [&'static str]) {
    match name {
        "scale" => ("autoscaling", "v1", "Scale", &["get", "patch", "update"]),
        "log" => (resource.group, resource.version, resource.kind, &["get"]),
        "token" => ("authentication.k8s.io", "v1", "TokenRequest", &["create"]),
        "eviction" => ("policy", "v1", "Eviction", &["create"]),
        "binding" => (resource.group, resource.version, "Binding", &["create"]),
        _ => (resource.group, resource.version, resource.kind, &["get", "patch", "update"]),
    }
}

fn groups() -> Vec<&'static str> {
    let mut groups: Vec<&str> = RESOURCES.iter().map(|resource| resource.group).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

fn of_group(group: &str) -> impl Iterator<Item = &'static Resource> {
    RESOURCES.iter().copied().filter(move |resource| resource.group == group)
}

fn group(name: &str) -> Value {
    let version = of_group(name).next().map(|resource| resource.version).unwrap_or_default();
    let version = json!({ "groupVersion": format!("{name}/{version}"), "version": version });
    json!({ "name": name, "versions": [version], "preferredVersion": version })
}

fn resources(group: &str, version: &str) -> Value {
    let mut list = Vec::new();
    for resource in of_group(group) {
        let mut entry = json!({
            "name": resource.plural, "singularName": resource.singular, "namespaced": resource.namespaced,
            "kind": resource.kind, "verbs": verbs(resource),
        });
        if !resource.short_names.is_empty() {
            entry["shortNames"] = json!(resource.short_names);
        }
        if !resource.categories.is_empty() {
            entry["categories"] = json!(resource.categories);
        }
        list.push(entry);
        for name in resource.subresources {
            let (group, version, kind, verbs) = subresource(resource, name);
            let mut entry = json!({
                "name": format!("{}/{name}", resource.plural), "singularName": "", "namespaced": resource.namespaced,
                "kind": kind, "verbs": verbs,
            });
            if group != resource.group {
                entry["group"] = group.into();
                entry["version"] = version.into();
            }
            list.push(entry);
        }
    }
    let version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": list })
}

fn aggregated(root: &str) -> Answer {
    let groups = groups().into_iter().filter(|group| group.is_empty() == (root == "/api"));
    let items: Vec<Value> = groups.map(discovered).collect();
    let list = json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items,
    });
    Answer::new(200, AGGREGATED, format!("{list}\n")).with("vary", "Accept")
}

fn discovered(group: &str) -> Value {
    let version = of_group(group).next().map(|resource| resource.version).unwrap_or_default();
    let kind = |group: &str, version: &str, kind: &str| json!({ "group": group, "version": version, "kind": kind });
    let resources: Vec<Value> = of_group(group)
        .map(|resource| {
            let mut entry = json!({
                "resource": resource.plural, "responseKind": kind(resource.group, resource.version, resource.kind),
                "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
                "singularResource": resource.singular, "verbs": verbs(resource),
            });
            if !resource.short_names.is_empty() {
                entry["shortNames"] = json!(resource.short_names);
            }
            if !resource.categories.is_empty() {
                entry["categories"] = json!(resource.categories);
            }
            let subresources = resource.subresources.iter().map(|name| {
                let (group, version, of, verbs) = subresource(resource, name);
                json!({ "subresource": name, "responseKind": kind(group, version, of), "verbs": verbs })
            });
            let subresources: Vec<Value> = subresources.collect();
            if !subresources.is_empty() {
                entry["subresources"] = json!(subresources);
            }
            entry
        })
        .collect();
    let metadata = if group.is_empty() { json!({}) } else { json!({ "name": group }) };
    json!({
        "metadata": metadata,
        "versions": [{ "version": version, "resources": resources, "freshness": "Current" }],
    })
}
