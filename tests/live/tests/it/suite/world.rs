//! The objects of the suite on one server, made as the suite's data describe them, and gone when this is dropped.
//!
//! It is handed out when every object is as it is described: until then a controller may still be at work.

use super::data;
use super::plain::Names;
use crate::objects::SOON;
use meho_control_plane::{Client, Cluster, Namespace, Patch, StatusCode, User, until};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// What stands in the description for the namespace's name.
const NAMESPACE: &str = "$NS";

/// The objects on one server.
pub(super) struct World {
    namespace: Namespace,
    names: Names,
    /// What its end does not take with it: finalizers, and what is in no namespace.
    held: Vec<String>,
    outside: Vec<String>,
    users: Mutex<Vec<User>>,
}

impl World {
    /// Makes all of them.
    #[track_caller]
    pub(super) fn make(cluster: &Cluster) -> Self {
        Self::made(cluster, Controllers::AreAwaited, |_| true)
    }

    /// Makes those of a resource, such as `deployments`, and does not wait for what others make of them.
    #[track_caller]
    pub(super) fn of(cluster: &Cluster, resource: &str) -> Self {
        Self::made(cluster, Controllers::GoOn, |path| path.contains(&format!("/{resource}/")))
    }

    #[track_caller]
    fn made(cluster: &Cluster, controllers: Controllers, wanted: impl Fn(&str) -> bool) -> Self {
        let namespace = cluster.namespace().expect("a namespace");
        let (uids, described) = (BTreeMap::new(), Vec::new());
        let mut making = Making { admin: cluster.admin(), uids, described, controllers, namespace };
        let mut world_held = Vec::new();
        let mut outside = Vec::new();
        let mut wants_pods = false;
        for item in data::objects() {
            if item.get("podsOf").is_some() {
                if wants_pods {
                    making.pods_of(&making.filled(item));
                }
                continue;
            }
            if item["kind"] == "NodeMetrics" {
                let measured = making.filled(item);
                let name = text(&measured, "/metadata/name");
                let path = format!("/apis/metrics.k8s.io/v1beta1/nodes/{name}");
                if wanted(&path) {
                    cluster.node_uses(name, &measured["usage"]).unwrap_or_else(|error| panic!("{path}: {error}"));
                    outside.push(path);
                }
                continue;
            }
            let Some((path, object)) = making.placed(item, &wanted) else {
                wants_pods = false;
                continue;
            };
            wants_pods = true;
            if object.pointer("/metadata/finalizers").is_some() {
                world_held.push(path.clone());
            }
            if !path.contains(&format!("/namespaces/{}", making.namespace)) {
                outside.push(path.clone());
            }
            making.make(&path, object);
        }
        making.settled();
        let names = making.names();
        Self { namespace: making.namespace, names, held: world_held, outside, users: Mutex::default() }
    }

    pub(super) fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    pub(super) fn cluster(&self) -> &Cluster {
        self.namespace.cluster()
    }

    /// Keeps a user for as long as the objects.
    pub(super) fn keep(&self, user: User) {
        self.users.lock().unwrap_or_else(PoisonError::into_inner).push(user);
    }

    /// The arguments of a case for this server.
    pub(super) fn filled(&self, arguments: &Value) -> Value {
        fill(arguments, &|text| text.replace(NAMESPACE, self.namespace.name()))
    }

    /// An answer without what the server made up.
    pub(super) fn plain(&self, answer: &Value) -> Value {
        self.names.plain(answer)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let admin = self.cluster().admin();
        for path in &self.held {
            let _ = admin.patch(path, Patch::Merge, &json!({"metadata": {"finalizers": null}}));
        }
        for path in self.outside.iter().rev() {
            let _ = admin.delete(path);
        }
    }
}

/// Whether what controllers do to the objects, or for them, has to be done before anything is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Controllers {
    AreAwaited,
    GoOn,
}

/// Objects on their way to the server.
struct Making<'c> {
    admin: &'c Client,
    controllers: Controllers,
    namespace: Namespace,
    /// By `Kind/name`, as the description calls them.
    uids: BTreeMap<String, String>,
    /// Where objects are, and how they shall be.
    described: Vec<(String, Value)>,
}

impl Making<'_> {
    fn filled(&self, item: &Value) -> Value {
        fill(item, &|text| {
            let mut filled = text.to_owned();
            for (object, uid) in &self.uids {
                filled = filled.replace(&format!("$UID({object})"), uid);
            }
            filled.replace(NAMESPACE, self.namespace.name())
        })
    }

    /// An object for this server, and its path; none where it is not wanted.
    fn placed(&self, item: &Value, wanted: &impl Fn(&str) -> bool) -> Option<(String, Value)> {
        let mut object = self.filled(item);
        let named = object.pointer("/metadata/namespace").is_some();
        if !named {
            object["metadata"]["namespace"] = json!(self.namespace.name());
        }
        let path = self.admin.path_of(&object).unwrap_or_else(|error| panic!("{error}"));
        let of_namespace = format!("/api/v1/namespaces/{}", self.namespace);
        if !path.contains("/namespaces/") || object["kind"] == "Namespace" {
            object["metadata"].as_object_mut().expect("metadata").remove("namespace");
        }
        (path == of_namespace || wanted(&path)).then_some((path, object))
    }

    #[track_caller]
    fn make(&mut self, path: &str, mut object: Value) {
        let members = object.as_object_mut().expect("an object");
        let mut take = |name: &str| members.remove(name).unwrap_or_default();
        let (status, then, awaited) = (take("status"), take("then"), take("awaits"));
        if then == "await" {
            // What was described before has become this by then.
            let before = self.described.iter().position(|(described, _)| described == path);
            let mut awaited = before.map_or_else(|| json!({}), |at| self.described.remove(at).1);
            if self.controllers == Controllers::AreAwaited {
                awaited.as_object_mut().expect("an object").extend(members.clone());
                self.described.push((path.to_owned(), awaited));
            }
            return;
        }
        let before = self.described.iter().position(|(described, _)| described == path);
        if let Some(before) = before.filter(|_| then == "delete") {
            self.admin.delete(path).unwrap_or_else(|error| panic!("{path}: {error}"));
            object["status"] = awaited;
            self.described[before].1 = object;
            return;
        }
        if then == "unless-there" {
            match self.admin.create(&object) {
                Err(error) if error.status() != Some(StatusCode::CONFLICT) => panic!("{path}: {error}"),
                _ => return,
            }
        }
        // Who registers a node says at once how it is.
        let comes_with_status = object["kind"] == "Node" && !status.is_null();
        if comes_with_status {
            object["status"] = status.clone();
        }
        let made = if path == format!("/api/v1/namespaces/{}", self.namespace) {
            self.admin.patch(path, Patch::Merge, &object)
        } else {
            self.admin.create(&object)
        };
        let made = made.unwrap_or_else(|error| panic!("{path}: {error}"));
        if !status.is_null() && !comes_with_status {
            self.admin.write_status(path, &status).unwrap_or_else(|error| panic!("the status of {path}: {error}"));
            object["status"] = status;
        }
        if then == "delete" {
            self.admin.delete(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
        let name = format!("{}/{}", text(&object, "/kind"), text(&object, "/metadata/name"));
        self.uids.insert(name.replace(self.namespace.name(), NAMESPACE), text(&made, "/metadata/uid").to_owned());
        if !awaited.is_null() {
            object["status"] = awaited;
        }
        self.described.push((path.to_owned(), object));
    }

    /// Writes the status of pods that a controller makes, once they are all there.
    #[track_caller]
    fn pods_of(&self, item: &Value) {
        let selector = text(item, "/podsOf").replace('=', "%3D");
        let list = self.namespace.path(&format!("pods?labelSelector={selector}"));
        let count = item["count"].as_u64();
        let all = |list: &Value| list["items"].as_array().map(|items| items.len() as u64) == count;
        let pods = self.admin.wait_for(&list, SOON, all).unwrap_or_else(|error| panic!("{error}"));
        for pod in pods["items"].as_array().into_iter().flatten() {
            let path = self.namespace.path(&format!("pods/{}", text(pod, "/metadata/name")));
            self.admin.write_status(&path, &item["status"]).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
    }

    /// Waits until every object is as it is described.
    #[track_caller]
    fn settled(&self) {
        for (path, described) in &self.described {
            let mut last = Vec::new();
            let seen = until(SOON, || {
                let object = self.admin.get(path).unwrap_or_else(|error| panic!("{error}"));
                last = missing(described, &object);
                last.is_empty().then_some(())
            });
            assert!(seen.is_some(), "{path} is not as it is described: {last:#?}");
        }
        let seen = until(SOON, || self.slices_are_like_endpoints().then_some(()));
        assert!(seen.is_some(), "the EndpointSlices of {} are not like its Endpoints", self.namespace);
    }

    /// Whether the two controllers that look after the addresses of Services have both come to their end.
    fn slices_are_like_endpoints(&self) -> bool {
        let slices = self.list(&self.namespace.path_in("discovery.k8s.io/v1", "endpointslices"));
        let count = |of: &Value, pointer: &str| of.pointer(pointer).and_then(Value::as_array).map_or(0, Vec::len);
        self.list(&self.namespace.path("endpoints")).iter().all(|endpoints| {
            let subsets = endpoints["subsets"].as_array().cloned().unwrap_or_default();
            let addresses = |subset: &Value| count(subset, "/addresses") + count(subset, "/notReadyAddresses");
            let service = text(endpoints, "/metadata/name");
            let is_of_it = |slice: &&Value| slice["metadata"]["labels"]["kubernetes.io/service-name"] == service;
            let of_it: Vec<&Value> = slices.iter().filter(is_of_it).collect();
            let known: usize = of_it.iter().map(|slice| count(slice, "/endpoints")).sum();
            !of_it.is_empty() && known == subsets.iter().map(addresses).sum::<usize>()
        })
    }

    fn list(&self, path: &str) -> Vec<Value> {
        let list = self.admin.get(path).unwrap_or_else(|error| panic!("{error}"));
        list["items"].as_array().cloned().unwrap_or_default()
    }

    /// What this server made up.
    #[track_caller]
    fn names(&self) -> Names {
        let mut words = BTreeMap::from([
            (self.namespace.name().to_owned(), NAMESPACE.to_owned()),
            (self.namespace.cluster().server_url().to_owned(), "<server>".to_owned()),
        ]);
        words.extend(self.uids.iter().map(|(object, uid)| (uid.clone(), format!("<uid of {object}>"))));
        let generated = |words: &mut BTreeMap<String, String>, object: &Value| {
            let owner = text(object, "/metadata/ownerReferences/0/name");
            let name = text(object, "/metadata/name");
            let suffix = name.strip_prefix(owner).and_then(|rest| rest.strip_prefix('-'));
            let Some(suffix) = suffix.filter(|_| !owner.is_empty()) else { return };
            let owner = words.get(owner).cloned().unwrap_or_else(|| owner.to_owned());
            // What is left of a name may be a word of another text: a hash alone.
            if object.pointer("/metadata/labels/pod-template-hash").and_then(Value::as_str) == Some(suffix) {
                words.insert(suffix.to_owned(), "#".to_owned());
            }
            // A DaemonSet's is a hash alone; a StatefulSet's begins with its name.
            if let Some(revision) = object.pointer("/metadata/labels/controller-revision-hash").and_then(Value::as_str)
            {
                words.insert(revision.to_owned(), hashed(revision));
            }
            words.insert(name.to_owned(), format!("{owner}-#"));
        };
        let paths = [
            self.namespace.path_in("apps/v1", "replicasets"),
            self.namespace.path("pods"),
            self.namespace.path_in("discovery.k8s.io/v1", "endpointslices"),
        ];
        paths.iter().flat_map(|path| self.list(path)).for_each(|object| generated(&mut words, &object));
        for set in self.list(&self.namespace.path_in("apps/v1", "statefulsets")) {
            let revisions = ["/status/currentRevision", "/status/updateRevision"].map(|pointer| text(&set, pointer));
            words.extend(revisions.map(|revision| (revision.to_owned(), hashed(revision))));
        }
        words.remove("");
        for service in self.list(&self.namespace.path("services")) {
            let addresses = service["spec"]["clusterIPs"].as_array().cloned().unwrap_or_default();
            for address in addresses.iter().filter_map(Value::as_str).filter(|address| *address != "None") {
                words.insert(address.to_owned(), format!("<address of {}>", text(&service, "/metadata/name")));
            }
        }
        Names::new(words, &json!(data::objects()))
    }
}

/// A name that ends with a hash, without it.
fn hashed(name: &str) -> String {
    name.rsplit_once('-').map_or_else(|| "#".to_owned(), |(owner, _)| format!("{owner}-#"))
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn fill(value: &Value, with: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (with(name), fill(value, with))).collect(),
        Value::Array(items) => items.iter().map(|item| fill(item, with)).collect(),
        Value::String(text) => Value::String(with(text)),
        other => other.clone(),
    }
}

/// What of a description an object is not. A server adds to an object, but for the taints of a node: there it takes away, too.
fn missing(described: &Value, object: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect_missing(described, object, "", &mut found);
    found
}

fn collect_missing(described: &Value, object: &Value, at: &str, found: &mut Vec<String>) {
    match (described, object) {
        (Value::Object(described), Value::Object(object)) => {
            for (name, value) in described {
                collect_missing(value, object.get(name).unwrap_or(&Value::Null), &format!("{at}/{name}"), found);
            }
        }
        (Value::Array(described), Value::Array(object)) => {
            let is_there = |item: &&Value| object.iter().any(|candidate| missing(item, candidate).is_empty());
            let lacking: Vec<&Value> = described.iter().filter(|item| !is_there(item)).collect();
            found.extend(lacking.iter().map(|item| format!("{at}: without {item}")));
            if at.ends_with("/taints") && object.len() != described.len() {
                found.push(format!("{at}: {}", json!(object)));
            }
        }
        // What is false, zero or empty is left out.
        (described, Value::Null)
            if *described == "" || described.is_null() || *described == false || *described == 0 => {}
        (Value::Object(members), Value::Null) if members.is_empty() => {}
        (Value::Array(items), Value::Null) if items.is_empty() => {}
        (described, object) if described == object => {}
        (described, object) => found.push(format!("{at}: {object} instead of {described}")),
    }
}
