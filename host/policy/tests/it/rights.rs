//! Rights: what follows from effects, where a call needs it, and which rules give exactly that.

use crate::effects::literal;
use crate::questions::{component, described, in_namespace, list_pods, namespace};
use meho_policy::catalogue::Catalogue;
use meho_policy::catalogue::Operation;
use meho_policy::rbac::{Access, Wants, accesses, grants};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn show(accesses: &BTreeSet<Access>) -> Vec<String> {
    let show = |access: &Access| {
        let right = access.right();
        let place = access.namespace().map_or("*", |name| name.as_str());
        format!("{place} {}/{} {}", right.api_group, right.resource, right.verb)
    };
    accesses.iter().map(show).collect()
}

/// What one operation of these effects needs, of a call with this namespace or with none.
fn needs(effects: Vec<Value>, of: Option<&str>) -> (Vec<String>, Vec<String>) {
    let component = component(&[("act", "Read", effects)]);
    let found = accesses(&component.operations()[0], of.map(namespace).as_ref());
    (show(&found.required), show(&found.optional))
}

fn texts(items: &[&str]) -> Vec<String> {
    items.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn a_call_in_a_namespace_needs_nothing_across_all() {
    assert_eq!(needs(list_pods(), Some("prod")), (texts(&["prod /pods list"]), texts(&["prod /namespaces get"])));
    assert_eq!(needs(list_pods(), None), (texts(&["* /pods list"]), texts(&["* /namespaces get"])));
}

#[test]
fn what_is_in_no_namespace_or_in_a_fixed_one_stays_there() {
    let effects = || {
        vec![
            described("pods", &in_namespace("/api/v1", "pods"), &json!({})),
            described("nodes", &literal("/api/v1/nodes"), &json!({})),
            described("all-events", &literal("/api/v1/events"), &json!({})),
            described("node-events", &literal("/api/v1/namespaces/default/events"), &json!({})),
        ]
    };
    let wanted = texts(&["* /events list", "* /nodes list", "default /events list", "prod /pods list"]);
    assert_eq!(needs(effects(), Some("prod")).0, wanted);
    let wanted = texts(&["* /events list", "* /nodes list", "* /pods list", "default /events list"]);
    assert_eq!(needs(effects(), None).0, wanted);
}

#[test]
fn a_right_that_one_effect_requires_is_not_optional() {
    let effects = vec![
        described("a", &in_namespace("/api/v1", "pods"), &json!({"need": "Optional"})),
        described("b", &in_namespace("/api/v1", "pods"), &json!({"accept": ["text/plain"]})),
    ];
    assert_eq!(needs(effects, Some("prod")), (texts(&["prod /pods list"]), Vec::new()));
}

#[test]
fn paths_that_are_no_resources_need_no_right() {
    let effects = vec![described("groups", &literal("/apis"), &json!({}))];
    assert_eq!(needs(effects, None), (Vec::new(), Vec::new()));
}

fn three() -> Catalogue {
    let object = json!([
        {"Literal": "/api/v1/namespaces/"}, {"Argument": "namespace"}, {"Literal": "/pods/"}, {"Argument": "name"},
    ]);
    let get = vec![described("get", &object, &json!({}))];
    let of_apps = vec![
        described("deployments", &in_namespace("/apis/apps/v1", "deployments"), &json!({})),
        described("sets", &in_namespace("/apis/apps/v1", "replicasets"), &json!({})),
        described("services", &in_namespace("/api/v1", "services"), &json!({})),
        described("nodes", &literal("/api/v1/nodes"), &json!({})),
    ];
    component(&[("list_pods", "Read", list_pods()), ("get_pod", "Read", get), ("apps", "Read", of_apps)])
}

#[test]
fn grants_are_the_least_rules_by_place_group_and_verbs() {
    let catalogue = three();
    let granted = |of: Option<&str>, wants: Wants| {
        let found = grants(catalogue.operations(), of.map(namespace).as_ref(), wants);
        serde_json::to_value(found).expect("JSON")
    };
    let rule = |group: &str, resources: &[&str], verbs: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
    let lists = rule("apps", &["deployments", "replicasets"], &["list"]);
    assert_eq!(
        granted(Some("prod"), Wants::Required),
        json!([
            {"namespace": null, "rules": [rule("", &["nodes"], &["list"])]},
            {"namespace": "prod", "rules": [
                rule("", &["pods"], &["get", "list"]), rule("", &["services"], &["list"]), lists,
            ]},
        ])
    );
    assert_eq!(
        granted(None, Wants::All),
        json!([{"namespace": null, "rules": [
            rule("", &["namespaces"], &["get"]), rule("", &["nodes", "services"], &["list"]),
            rule("", &["pods"], &["get", "list"]), lists,
        ]}])
    );
    assert_eq!(grants([] as [&Operation; 0], None, Wants::All), []);
}

#[test]
fn grants_allow_exactly_what_is_needed() {
    let catalogue = three();
    for of in [None, Some(namespace("prod"))] {
        let mut needed = BTreeSet::new();
        for operation in catalogue.operations() {
            let found = accesses(operation, of.as_ref());
            needed.extend(show(&found.required).into_iter().chain(show(&found.optional)));
        }
        let mut allowed = BTreeSet::new();
        for grant in grants(catalogue.operations(), of.as_ref(), Wants::All) {
            let place = grant.namespace.as_ref().map_or("*", |name| name.as_str());
            for rule in &grant.rules {
                for resource in &rule.resources {
                    let group = &rule.api_groups[0];
                    allowed.extend(rule.verbs.iter().map(|verb| format!("{place} {group}/{resource} {verb}")));
                }
            }
        }
        assert_eq!(allowed, needed);
    }
}
