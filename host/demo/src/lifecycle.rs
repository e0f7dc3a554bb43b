//! What the server's own machinery does: namespaces come with their account and go with their content, what hangs on a
//! removed object goes too, and what is in use is held.

use crate::cluster::State;
use crate::delete::{self, FOREGROUND, ORPHAN, Options};
use crate::resource::{Access, CLAIMS, CONFIG_MAPS, NAMESPACES, PODS, RESOURCES, Resource, SERVICE_ACCOUNTS, VOLUMES};
use crate::store::{Store, child_mut, metadata_mut};
use crate::time;
use serde_json::{Value, json};
use std::collections::HashSet;

/// An object by its resource, namespace and name.
type Found = (&'static Resource, String, String);

pub(crate) fn settle(state: &mut State) {
    let store = &mut state.store;
    furnish(store, &state.ca_pem);
    empty_namespaces(store);
    release(store);
    offer(store);
    let until = store.revision();
    collect(store, state.swept);
    state.swept = until;
}

/// Each namespace has an account that pods run as, and the authority of the server.
fn furnish(store: &mut Store, ca_pem: &str) {
    let names: Vec<String> = store.list(&NAMESPACES, None).filter(|namespace| !is_going(namespace)).map(name).collect();
    for namespace in names {
        let metadata = |name: &str| json!({ "name": name, "namespace": namespace });
        if store.get(&SERVICE_ACCOUNTS, Some(&namespace), "default").is_none() {
            let _ = store.create(&SERVICE_ACCOUNTS, json!({ "metadata": metadata("default") }));
        }
        if store.get(&CONFIG_MAPS, Some(&namespace), "kube-root-ca.crt").is_none() {
            let annotation = json!({ "kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters." });
            let mut map = json!({ "metadata": metadata("kube-root-ca.crt"), "data": { "ca.crt": ca_pem } });
            map["metadata"]["annotations"] = annotation;
            let _ = store.create(&CONFIG_MAPS, map);
        }
    }
}

/// A namespace that is to go loses all that is in it, and goes when nothing is left.
fn empty_namespaces(store: &mut Store) {
    let going: Vec<String> = store.list(&NAMESPACES, None).filter(|namespace| is_going(namespace)).map(name).collect();
    for namespace in going {
        let content: Vec<Found> = namespaced().flat_map(|resource| of_namespace(store, resource, &namespace)).collect();
        for (resource, _, name) in content {
            let _ = delete::begin(store, resource, Some(&namespace), &name, &Options::background());
        }
        if !namespaced().any(|resource| store.list(resource, Some(&namespace)).next().is_some()) {
            let _ = store.update(&NAMESPACES, None, &namespace, |object| {
                child_mut(object, "spec").remove("finalizers");
            });
            let _ = store.remove(&NAMESPACES, None, &namespace);
        }
    }
}

fn of_namespace<'a>(
    store: &'a Store,
    resource: &'static Resource,
    namespace: &'a str,
) -> impl Iterator<Item = Found> + use<'a> {
    let objects = store.list(resource, Some(namespace)).filter(|object| !is_going(object));
    objects.map(move |object| (resource, namespace.to_owned(), name(object)))
}

/// A volume that is nobody's is to be had.
fn offer(store: &mut Store) {
    let is_new = |volume: &&Value| {
        volume.pointer("/spec/claimRef").is_none()
            && volume.pointer("/status/phase").and_then(Value::as_str) == Some("Pending")
    };
    let volumes: Vec<String> = store.list(&VOLUMES, None).filter(is_new).map(name).collect();
    let now = time::seconds(store.now());
    for volume in volumes {
        let _ = store.update(&VOLUMES, None, &volume, |volume| {
            let status = child_mut(volume, "status");
            status.insert("phase".to_owned(), "Available".into());
            status.insert("lastPhaseTransitionTime".to_owned(), now.clone().into());
        });
    }
}

/// Claims and volumes are held while something uses them.
fn release(store: &mut Store) {
    let claims: Vec<(String, String)> = store.list(&CLAIMS, None).filter(|claim| is_going(claim)).map(key).collect();
    for (namespace, claim) in claims {
        let pointer = "/spec/volumes";
        let uses = |pod: &Value| {
            let volumes = pod.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
            volumes.into_iter().any(|volume| {
                volume.pointer("/persistentVolumeClaim/claimName").and_then(Value::as_str) == Some(&claim)
            })
        };
        if !store.list(&PODS, Some(&namespace)).any(uses) {
            drop_finalizer(store, &CLAIMS, &namespace, &claim, "kubernetes.io/pvc-protection");
        }
    }
    let is_free = |volume: &&Value| volume.pointer("/status/phase").and_then(Value::as_str) != Some("Bound");
    let volumes: Vec<String> =
        store.list(&VOLUMES, None).filter(|volume| is_going(volume)).filter(is_free).map(name).collect();
    for volume in volumes {
        drop_finalizer(store, &VOLUMES, "", &volume, "kubernetes.io/pv-protection");
    }
}

/// Follows what was removed, or marked to go, since a revision to what it owned.
fn collect(store: &mut Store, since: u64) {
    let (mut gone, mut foreground, mut orphaning, mut owned): (HashSet<String>, Vec<Found>, Vec<Found>, Vec<Found>) =
        Default::default();
    let changes = store.changes_since(since).into_iter().flatten();
    for change in changes {
        let Some(resource) = Resource::of(change.storage.0, change.storage.1) else { continue };
        let found = || (resource, change.namespace.clone(), change.name.clone());
        match &change.after {
            None => gone.extend(change.before.as_deref().map(uid)),
            Some(object) => {
                if is_going(object) && has_finalizer(object, FOREGROUND) {
                    foreground.push(found());
                }
                if is_going(object) && has_finalizer(object, ORPHAN) {
                    orphaning.push(found());
                }
                if change.before.is_none() && owners(object).next().is_some() {
                    owned.push(found());
                }
            }
        }
    }
    for (resource, namespace, name) in orphaning {
        let Some(owner) = store.get(resource, Some(&namespace), &name).map(uid) else { continue };
        for (resource, namespace, name) in dependents(store, &HashSet::from([owner.clone()])) {
            let _ = store.update(resource, Some(&namespace), &name, |object| disown(object, &owner));
        }
        drop_finalizer(store, resource, &namespace, &name, ORPHAN);
    }
    if !gone.is_empty() {
        owned.extend(dependents(store, &gone));
    }
    for (resource, namespace, name) in owned {
        let Some(object) = store.get(resource, Some(&namespace), &name) else { continue };
        if !is_going(object) && !owners(object).any(|owner| lives(store, &namespace, owner)) {
            let _ = delete::begin(store, resource, Some(&namespace), &name, &Options::background());
        }
    }
    // What waits for its dependents is looked at again whenever anything was removed.
    if !gone.is_empty() {
        let waits = |object: &&Value| is_going(object) && has_finalizer(object, FOREGROUND);
        for resource in kept() {
            let waiting = store.list(resource, None).filter(waits).map(key);
            foreground.extend(waiting.map(|(namespace, name)| (resource, namespace, name)));
        }
    }
    for (resource, namespace, name) in foreground {
        let Some(owner) = store.get(resource, Some(&namespace), &name).map(uid) else { continue };
        let dependents = dependents(store, &HashSet::from([owner]));
        if dependents.is_empty() {
            drop_finalizer(store, resource, &namespace, &name, FOREGROUND);
        }
        for (resource, namespace, name) in dependents {
            if store.get(resource, Some(&namespace), &name).is_some_and(|object| !is_going(object)) {
                let _ = delete::begin(store, resource, Some(&namespace), &name, &Options::background());
            }
        }
    }
}

fn dependents(store: &Store, uids: &HashSet<String>) -> Vec<Found> {
    let is_owned = |object: &&Value| {
        owners(object).any(|owner| owner.get("uid").and_then(Value::as_str).is_some_and(|uid| uids.contains(uid)))
    };
    let found = |resource: &'static Resource| {
        store.list(resource, None).filter(is_owned).map(key).map(move |(namespace, name)| (resource, namespace, name))
    };
    kept().flat_map(found).collect()
}

/// Whether an owner is there. Of a kind that is not served nobody knows, so it is left alone.
fn lives(store: &Store, namespace: &str, owner: &Value) -> bool {
    let Some(resource) = Resource::of_object(owner) else { return true };
    let text = |key: &str| owner.get(key).and_then(Value::as_str).unwrap_or_default();
    store.get(resource, Some(namespace), text("name")).is_some_and(|object| uid(object) == text("uid"))
}

fn disown(object: &mut Value, owner: &str) {
    let references = metadata_mut(object).get_mut("ownerReferences").and_then(Value::as_array_mut);
    if let Some(references) = references {
        references.retain(|reference| reference.get("uid").and_then(Value::as_str) != Some(owner));
    }
}

fn drop_finalizer(store: &mut Store, resource: &Resource, namespace: &str, name: &str, finalizer: &str) {
    let _ = store.update(resource, Some(namespace), name, |object| {
        let held = metadata_mut(object).get_mut("finalizers").and_then(Value::as_array_mut);
        if let Some(held) = held {
            held.retain(|held| held.as_str() != Some(finalizer));
        }
    });
}

/// The resources that keep objects of their own.
fn kept() -> impl Iterator<Item = &'static Resource> {
    RESOURCES.iter().copied().filter(|resource| resource.access == Access::Full && resource.stored_as.is_none())
}

/// Those whose objects stand in namespaces. Of the others a list for a namespace would be a list of all.
fn namespaced() -> impl Iterator<Item = &'static Resource> {
    kept().filter(|resource| resource.namespaced)
}

fn owners(object: &Value) -> impl Iterator<Item = &Value> {
    object.pointer("/metadata/ownerReferences").and_then(Value::as_array).into_iter().flatten()
}

fn is_going(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some()
}

fn has_finalizer(object: &Value, finalizer: &str) -> bool {
    let held = object.pointer("/metadata/finalizers").and_then(Value::as_array);
    held.is_some_and(|held| held.iter().any(|held| held.as_str() == Some(finalizer)))
}

fn uid(object: &Value) -> String {
    object.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn name(object: &Value) -> String {
    key(object).1
}

fn key(object: &Value) -> (String, String) {
    let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    (text("/metadata/namespace"), text("/metadata/name"))
}
