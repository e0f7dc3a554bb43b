//! Grants as the objects of Kubernetes that give them to a service account, for whoever applies them.

use crate::grammar::Namespace;
use crate::rbac::Grant;
use serde_json::{Value, json};

const GROUP: &str = "rbac.authorization.k8s.io";

/// Whom the rights are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name: a DNS label, as a namespace's is.
    pub name: Namespace,
    /// Where it lives.
    pub namespace: Namespace,
}

impl Account {
    /// What roles and bindings outside of its namespace are called: no other account's are.
    fn abroad(&self) -> String {
        format!("{}-{}", self.namespace.as_str(), self.name.as_str())
    }
}

/// The service account, and a role with its binding for each grant.
#[must_use]
pub fn objects(grants: &[Grant], account: &Account) -> Vec<Value> {
    let (name, home) = (account.name.as_str(), account.namespace.as_str());
    let mut objects = vec![json!({
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": home},
    })];
    for Grant { namespace, rules } in grants {
        let mut metadata = match namespace {
            Some(namespace) if *namespace == account.namespace => json!({"name": name}),
            Some(_) | None => json!({"name": account.abroad()}),
        };
        let kind = match namespace {
            Some(namespace) => {
                metadata["namespace"] = json!(namespace.as_str());
                "Role"
            }
            None => "ClusterRole",
        };
        let rules: Vec<Value> = rules
            .iter()
            .map(|rule| json!({"apiGroups": rule.api_groups, "resources": rule.resources, "verbs": rule.verbs}))
            .collect();
        objects.push(json!({
            "apiVersion": format!("{GROUP}/v1"), "kind": kind, "metadata": metadata, "rules": rules,
        }));
        objects.push(json!({
            "apiVersion": format!("{GROUP}/v1"), "kind": format!("{kind}Binding"), "metadata": metadata,
            "roleRef": {"apiGroup": GROUP, "kind": kind, "name": metadata["name"]},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": home}],
        }));
    }
    objects
}
