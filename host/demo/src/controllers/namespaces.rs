//! Namespaces: what each has from its beginning, and how one is emptied before it goes.

use serde_json::{Value, json};

use super::deletion;
use super::read::{is_leaving, name};
use crate::resource::{CONFIG_MAPS, NAMESPACES, RESOURCES, Resource, SERVICE_ACCOUNTS};
use crate::store::{Store, child_mut};

/// The ConfigMap with the certificate authority of the cluster. That of `kube-system` is the one that the others follow.
pub(crate) const ROOT_CA: &str = "kube-root-ca.crt";

/// The fields of that ConfigMap.
pub(crate) fn root_ca(certificate: &str) -> Value {
    json!({
        "metadata": { "annotations": {
            "kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when using internal \
                endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across \
                distributions of Kubernetes clusters.",
        } },
        "data": { "ca.crt": certificate },
    })
}

/// Furnishes every namespace, and empties those that are leaving.
pub(crate) fn settle(store: &mut Store) {
    let namespaces: Vec<_> = store.list(&NAMESPACES, None).cloned().collect();
    for namespace in &namespaces {
        if is_leaving(namespace) { empty(store, name(namespace)) } else { furnish(store, name(namespace)) }
    }
}

fn furnish(store: &mut Store, namespace: &str) {
    if store.get(&SERVICE_ACCOUNTS, Some(namespace), "default").is_none() {
        let account = json!({ "metadata": { "name": "default", "namespace": namespace } });
        let _ = store.create(&SERVICE_ACCOUNTS, account);
    }
    let data = store.get(&CONFIG_MAPS, Some("kube-system"), ROOT_CA).and_then(|map| map.get("data")).cloned();
    let data = data.unwrap_or_else(|| json!({ "ca.crt": "" }));
    if store.get(&CONFIG_MAPS, Some(namespace), ROOT_CA).is_some() {
        let _ = store.update(&CONFIG_MAPS, Some(namespace), ROOT_CA, |map| {
            if let Value::Object(data) = data {
                *child_mut(map, "data") = data;
            }
        });
        return;
    }
    let mut map = root_ca("");
    let metadata = child_mut(&mut map, "metadata");
    metadata.insert("name".to_owned(), ROOT_CA.into());
    metadata.insert("namespace".to_owned(), namespace.into());
    if let Value::Object(data) = data {
        *child_mut(&mut map, "data") = data;
    }
    let _ = store.create(&CONFIG_MAPS, map);
}

fn empty(store: &mut Store, namespace: &str) {
    let kept = |resource: &&&Resource| resource.namespaced && resource.stored_as.is_none();
    let mut left = 0;
    for resource in RESOURCES.iter().filter(kept) {
        let objects: Vec<_> = store.list(resource, Some(namespace)).cloned().collect();
        left += objects.len();
        for object in &objects {
            deletion::ask(store, resource, object);
        }
    }
    // What was asked to go may be gone already; a pod on a node is not, nor what a finalizer holds. Events may come late.
    if left > 0 {
        let present = |resource: &&Resource| store.list(resource, Some(namespace)).next().is_some();
        let still = RESOURCES.iter().filter(kept).any(|resource| present(resource));
        if still {
            return;
        }
    }
    let _ = store.update(&NAMESPACES, None, namespace, |it| drop(child_mut(it, "spec").remove("finalizers")));
    let _ = store.remove(&NAMESPACES, None, namespace);
}
