//! The ClusterRoles and bindings that every cluster has, as far as resources are served here.

use crate::resource::{CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES};
use crate::status::Refusal;
use crate::store::Store;
use serde_json::{Value, json};

const READ: [&str; 3] = ["get", "list", "watch"];
const WRITE: [&str; 5] = ["create", "delete", "deletecollection", "patch", "update"];

/// Whom a stock ClusterRole is bound to: its name, which is the binding's too, and the groups.
const BINDINGS: [(&str, &[&str]); 4] = [
    ("cluster-admin", &["system:masters"]),
    ("system:basic-user", &["system:authenticated"]),
    ("system:discovery", &["system:authenticated"]),
    ("system:public-info-viewer", &["system:authenticated"]),
];

/// Puts them into a new store.
///
/// # Errors
/// Where one of them is there already.
pub(crate) fn install(store: &mut Store) -> Result<(), Refusal> {
    let labels = json!({ "kubernetes.io/bootstrapping": "rbac-defaults" });
    for (name, rules) in roles() {
        store.create(&CLUSTER_ROLES, json!({ "metadata": { "name": name, "labels": labels }, "rules": rules }))?;
    }
    for (name, groups) in BINDINGS {
        let subject = |group: &&str| json!({ "kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": group });
        store.create(
            &CLUSTER_ROLE_BINDINGS,
            json!({
                "metadata": { "name": name, "labels": labels },
                "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name },
                "subjects": groups.iter().map(subject).collect::<Vec<_>>(),
            }),
        )?;
    }
    Ok(())
}

fn roles() -> Vec<(&'static str, Vec<Value>)> {
    let edit: Vec<Value> = edit().into_iter().chain(view()).collect();
    let admin = admin().into_iter().chain(edit.clone()).collect();
    vec![
        ("cluster-admin", vec![rule(&["*"], &["*"], &["*"]), json!({ "verbs": ["*"], "nonResourceURLs": ["*"] })]),
        ("admin", admin),
        ("edit", edit),
        ("view", view()),
        (
            "system:basic-user",
            vec![
                rule(&["create"], &["authorization.k8s.io"], &["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
                rule(&["create"], &["authentication.k8s.io"], &["selfsubjectreviews"]),
            ],
        ),
        (
            "system:discovery",
            vec![paths(&[
                "/api",
                "/api/*",
                "/apis",
                "/apis/*",
                "/healthz",
                "/livez",
                "/openapi",
                "/openapi/*",
                "/readyz",
                "/version",
                "/version/",
            ])],
        ),
        ("system:public-info-viewer", vec![paths(&["/healthz", "/livez", "/readyz", "/version", "/version/"])]),
    ]
}

fn view() -> Vec<Value> {
    vec![
        rule(
            &READ,
            &[""],
            &[
                "configmaps",
                "endpoints",
                "persistentvolumeclaims",
                "persistentvolumeclaims/status",
                "pods",
                "replicationcontrollers",
                "replicationcontrollers/scale",
                "serviceaccounts",
                "services",
                "services/status",
            ],
        ),
        rule(
            &READ,
            &[""],
            &[
                "bindings",
                "limitranges",
                "namespaces/status",
                "pods/log",
                "pods/status",
                "replicationcontrollers/status",
                "resourcequotas",
                "resourcequotas/status",
            ],
        ),
        rule(&READ, &[""], &["namespaces"]),
        rule(&READ, &["", "events.k8s.io"], &["events"]),
        rule(&READ, &["discovery.k8s.io"], &["endpointslices"]),
        rule(
            &READ,
            &["apps"],
            &[
                "controllerrevisions",
                "daemonsets",
                "daemonsets/status",
                "deployments",
                "deployments/scale",
                "deployments/status",
                "replicasets",
                "replicasets/scale",
                "replicasets/status",
                "statefulsets",
                "statefulsets/scale",
                "statefulsets/status",
            ],
        ),
        rule(&READ, &["autoscaling"], &["horizontalpodautoscalers", "horizontalpodautoscalers/status"]),
        rule(&READ, &["batch"], &["cronjobs", "cronjobs/status", "jobs", "jobs/status"]),
        rule(&READ, &["policy"], &["poddisruptionbudgets", "poddisruptionbudgets/status"]),
        rule(&READ, &["networking.k8s.io"], &["ingresses", "ingresses/status", "networkpolicies"]),
    ]
}

fn edit() -> Vec<Value> {
    let through = ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy"];
    let with = |more: &[&'static str]| -> Vec<&str> { through.iter().chain(more).copied().collect() };
    vec![
        rule(&READ, &[""], &with(&["secrets", "services/proxy"])),
        rule(&["impersonate"], &[""], &["serviceaccounts"]),
        rule(&WRITE, &[""], &with(&["pods"])),
        rule(&["create"], &[""], &["pods/eviction"]),
        rule(
            &WRITE,
            &[""],
            &[
                "configmaps",
                "persistentvolumeclaims",
                "replicationcontrollers",
                "replicationcontrollers/scale",
                "secrets",
                "serviceaccounts",
                "services",
                "services/proxy",
            ],
        ),
        rule(&["create"], &[""], &["serviceaccounts/token"]),
        rule(&WRITE, &["", "events.k8s.io"], &["events"]),
        rule(
            &WRITE,
            &["apps"],
            &[
                "daemonsets",
                "deployments",
                "deployments/rollback",
                "deployments/scale",
                "replicasets",
                "replicasets/scale",
                "statefulsets",
                "statefulsets/scale",
            ],
        ),
        rule(&WRITE, &["autoscaling"], &["horizontalpodautoscalers"]),
        rule(&WRITE, &["batch"], &["cronjobs", "jobs"]),
        rule(&WRITE, &["policy"], &["poddisruptionbudgets"]),
        rule(&WRITE, &["networking.k8s.io"], &["ingresses", "networkpolicies"]),
        rule(
            &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
            &["coordination.k8s.io"],
            &["leases"],
        ),
    ]
}

fn admin() -> Vec<Value> {
    vec![
        rule(&["create"], &["authorization.k8s.io"], &["localsubjectaccessreviews"]),
        rule(
            &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
            &["rbac.authorization.k8s.io"],
            &["rolebindings", "roles"],
        ),
    ]
}

fn rule(verbs: &[&str], groups: &[&str], resources: &[&str]) -> Value {
    json!({ "verbs": verbs, "apiGroups": groups, "resources": resources })
}

fn paths(urls: &[&str]) -> Value {
    json!({ "verbs": ["get"], "nonResourceURLs": urls })
}
