//! The objects, and what became of them: one increasing resourceVersion, a history for watches, earlier states for pages.
//!
//! It knows names, versions and identities; what a field means stands in `defaults` and `controllers`. Every write goes
//! through [`Store::create`], [`Store::update`] and [`Store::remove`].

use crate::defaults;
use crate::resource::Resource;
use crate::status::Refusal;
use crate::time;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio::sync::watch;

/// How many changes are kept for watches; who asks for older ones is told 410.
const HISTORY: usize = 50_000;

const DELETION: &str = "/metadata/deletionTimestamp";
const NODE: &str = "/spec/nodeName";

/// The objects of one resource, in the order of etcd's keys. A cluster-scoped object has an empty namespace.
pub(crate) type Objects = BTreeMap<(String, String), Arc<Value>>;

/// Where a resource's objects are kept: [`Resource::storage`].
pub(crate) type Storage = (&'static str, &'static str);

/// What the time is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(pub(crate) fn() -> Timestamp);

impl Default for Clock {
    fn default() -> Self {
        Self(Timestamp::now)
    }
}

/// One change of one object.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) storage: Storage,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// None where the object was created.
    pub(crate) before: Option<Arc<Value>>,
    /// None where it was removed.
    pub(crate) after: Option<Arc<Value>>,
    /// A removed object as it is told to watches: with the resourceVersion of its removal.
    pub(crate) last: Option<Arc<Value>>,
}

/// The objects of a cluster.
#[derive(Debug)]
pub(crate) struct Store {
    objects: BTreeMap<Storage, Arc<Objects>>,
    revision: u64,
    history: VecDeque<Change>,
    /// The revision below which the history is gone.
    forgotten: u64,
    /// The revision below which no list can be read any more.
    compacted: u64,
    clock: Clock,
    revised: watch::Sender<u64>,
}

impl Store {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            objects: BTreeMap::new(),
            revision: 1,
            history: VecDeque::new(),
            forgotten: 1,
            compacted: 1,
            clock,
            revised: watch::Sender::new(1),
        }
    }

    /// The present moment of the cluster.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.0()
    }

    /// The latest resourceVersion.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Says when something was written.
    pub(crate) fn revised(&self) -> watch::Receiver<u64> {
        self.revised.subscribe()
    }

    /// The objects of a resource; none where there never was one.
    pub(crate) fn objects(&self, resource: &Resource) -> Option<Arc<Objects>> {
        self.objects.get(&resource.storage()).cloned()
    }

    /// The objects of a resource as they were at a revision: what was changed since is undone. None where the revision
    /// has been compacted.
    pub(crate) fn objects_at(&self, resource: &Resource, revision: u64) -> Option<Option<Arc<Objects>>> {
        if revision < self.compacted {
            return None;
        }
        let since: Vec<&Change> = self.changes_since(revision)?.collect();
        let mut objects = self.objects(resource);
        for change in since.into_iter().rev().filter(|change| change.storage == resource.storage()) {
            let objects = Arc::make_mut(objects.get_or_insert_default());
            let key = (change.namespace.clone(), change.name.clone());
            match &change.before {
                Some(before) => objects.insert(key, before.clone()),
                None => objects.remove(&key),
            };
        }
        Some(objects)
    }

    /// Forgets what was before a revision, as etcd does by and by: continue tokens from before expire.
    pub(crate) fn compact(&mut self, revision: u64) {
        self.compacted = self.compacted.max(revision);
    }

    /// What changed after a revision; none where that is not remembered any more.
    pub(crate) fn changes_since(&self, revision: u64) -> Option<impl Iterator<Item = &Change>> {
        let from = self.history.partition_point(|change| change.revision <= revision);
        (revision >= self.forgotten).then(|| self.history.range(from..))
    }

    /// One object. The namespace is ignored for what is cluster-scoped.
    pub(crate) fn get(&self, resource: &Resource, namespace: Option<&str>, name: &str) -> Option<&Value> {
        let key = key(resource, namespace, name);
        self.objects.get(&resource.storage())?.get(&key).map(Arc::as_ref)
    }

    /// The objects of a namespace, or of all, in the order of their keys.
    pub(crate) fn list<'a>(
        &'a self,
        resource: &Resource,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Value> + use<'a> {
        let namespace = namespace.filter(|_| resource.namespaced);
        let objects = self.objects.get(&resource.storage()).into_iter().flat_map(|objects| objects.iter());
        objects.filter(move |((of, _), _)| namespace.is_none_or(|only| only == of)).map(|(_, object)| object.as_ref())
    }

    /// Keeps a new object. Its uid, creationTimestamp and generation are filled in where they are missing, and defaults
    /// as the real server has them; its status stays as it is given. The namespace is that of its metadata.
    ///
    /// # Errors
    /// 409 where it exists.
    pub(crate) fn create(&mut self, resource: &Resource, object: Value) -> Result<Value, Refusal> {
        let object = self.prepare(resource, object)?;
        let key = key_of(&object);
        Ok(self.put(resource, key, None, object))
    }

    /// What [`Store::create`] would keep.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn prepare(&self, resource: &Resource, mut object: Value) -> Result<Value, Refusal> {
        let now = time::seconds(self.now());
        let metadata = metadata_mut(&mut object);
        if !resource.namespaced {
            metadata.remove("namespace");
        } else if !metadata.contains_key("namespace") {
            metadata.insert("namespace".to_owned(), "default".into());
        }
        if text(metadata, "uid").is_empty() {
            metadata.insert("uid".to_owned(), uuid::Uuid::new_v4().to_string().into());
        }
        if text(metadata, "creationTimestamp").is_empty() {
            metadata.insert("creationTimestamp".to_owned(), now.into());
        }
        if resource.counts_generations && !metadata.contains_key("generation") {
            metadata.insert("generation".to_owned(), 1.into());
        }
        let key = key_of(&object);
        if self.objects.get(&resource.storage()).is_some_and(|objects| objects.contains_key(&key)) {
            let message = format!("{} \"{}\" already exists", resource.qualified(), key.1);
            let refusal = Refusal::new(409, "AlreadyExists", message);
            return Err(refusal.about(resource.group, resource.plural, &key.1));
        }
        identify(resource, &mut object);
        defaults::allocate(self, resource, &mut object);
        defaults::fill(resource, &mut object);
        Ok(object)
    }

    /// Changes an object. Its identity cannot change; a write that changes nothing keeps the resourceVersion; the
    /// generation counts changes of anything but metadata and status, and the beginning of a deletion. An object that waits for its deletion goes when its last
    /// finalizer does.
    ///
    /// # Errors
    /// 404 where it does not exist.
    pub(crate) fn update(
        &mut self,
        resource: &Resource,
        namespace: Option<&str>,
        name: &str,
        change: impl FnOnce(&mut Value),
    ) -> Result<Value, Refusal> {
        let key = key(resource, namespace, name);
        let before = self.shared(resource, &key).ok_or_else(|| not_found(resource, name))?;
        let object = revise(resource, &before, change);
        if object == *before {
            return Ok(object);
        }
        if is_over(&object) {
            return Ok(self.take(resource, &key, &before, object));
        }
        Ok(self.put(resource, key, Some(before), object))
    }

    /// What [`Store::update`] would keep.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn preview(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        name: &str,
        change: impl FnOnce(&mut Value),
    ) -> Result<Value, Refusal> {
        let before = self.shared(resource, &key(resource, namespace, name)).ok_or_else(|| not_found(resource, name))?;
        Ok(revise(resource, &before, change))
    }

    /// Removes an object for good, or, where finalizers hold it, lets it wait for them with no grace left.
    ///
    /// # Errors
    /// 404 where it does not exist.
    pub(crate) fn remove(
        &mut self,
        resource: &Resource,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Value, Refusal> {
        let now = time::seconds(self.now());
        let key = key(resource, namespace, name);
        let before = self.shared(resource, &key).ok_or_else(|| not_found(resource, name))?;
        if has_finalizers(&before) {
            return self.update(resource, namespace, name, |object| {
                let metadata = metadata_mut(object);
                metadata.entry("deletionTimestamp").or_insert_with(|| now.into());
                metadata.insert("deletionGracePeriodSeconds".to_owned(), 0.into());
            });
        }
        let last = before.as_ref().clone();
        Ok(self.take(resource, &key, &before, last))
    }

    fn shared(&self, resource: &Resource, key: &(String, String)) -> Option<Arc<Value>> {
        self.objects.get(&resource.storage())?.get(key).cloned()
    }

    fn put(
        &mut self,
        resource: &Resource,
        key: (String, String),
        before: Option<Arc<Value>>,
        mut object: Value,
    ) -> Value {
        self.revision += 1;
        metadata_mut(&mut object).insert("resourceVersion".to_owned(), self.revision.to_string().into());
        let after = Arc::new(object.clone());
        let objects = self.objects.entry(resource.storage()).or_default();
        let (namespace, name) = key.clone();
        Arc::make_mut(objects).insert(key, after.clone());
        self.remember(Change {
            revision: self.revision,
            storage: resource.storage(),
            namespace,
            name,
            before,
            after: Some(after),
            last: None,
        });
        object
    }

    fn take(&mut self, resource: &Resource, key: &(String, String), before: &Arc<Value>, mut last: Value) -> Value {
        self.revision += 1;
        if let Some(objects) = self.objects.get_mut(&resource.storage()) {
            Arc::make_mut(objects).remove(key);
        }
        metadata_mut(&mut last).insert("resourceVersion".to_owned(), self.revision.to_string().into());
        self.remember(Change {
            revision: self.revision,
            storage: resource.storage(),
            namespace: key.0.clone(),
            name: key.1.clone(),
            before: Some(before.clone()),
            after: None,
            last: Some(Arc::new(last.clone())),
        });
        last
    }

    fn remember(&mut self, change: Change) {
        self.revised.send_replace(change.revision);
        self.history.push_back(change);
        if self.history.len() > HISTORY {
            self.forgotten = self.history.pop_front().map_or(self.forgotten, |gone| gone.revision);
        }
    }
}

/// `metadata`, made where it is not there.
pub(crate) fn metadata_mut(object: &mut Value) -> &mut Map<String, Value> {
    child_mut(object, "metadata")
}

/// A key of an object as an object, made where it is none.
pub(crate) fn child_mut<'a>(object: &'a mut Value, key: &str) -> &'a mut Map<String, Value> {
    if !object.is_object() {
        *object = json!({});
    }
    let child = object.as_object_mut().expect("it was made one").entry(key).or_insert_with(|| json!({}));
    if !child.is_object() {
        *child = json!({});
    }
    child.as_object_mut().expect("it was made one")
}

/// The refusal of whoever names what is not there.
pub(crate) fn not_found(resource: &Resource, name: &str) -> Refusal {
    let message = format!("{} \"{name}\" not found", resource.qualified());
    Refusal::new(404, "NotFound", message).about(resource.group, resource.plural, name)
}

pub(crate) fn has_finalizers(object: &Value) -> bool {
    object.pointer("/metadata/finalizers").and_then(Value::as_array).is_some_and(|held| !held.is_empty())
}

/// An object as it becomes by a change.
fn revise(resource: &Resource, before: &Value, change: impl FnOnce(&mut Value)) -> Value {
    let mut object = before.clone();
    change(&mut object);
    keep_identity(resource, before, &mut object);
    defaults::fill(resource, &mut object);
    let begins_to_go = before.pointer(DELETION).is_none() && object.pointer(DELETION).is_some();
    // A pod that gets its node is still of the generation that asked for one.
    let binds = before.pointer(NODE).is_none() && object.pointer(NODE).is_some();
    if resource.counts_generations && (begins_to_go || (!binds && substance(&object) != substance(before))) {
        let generation = before.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(0);
        metadata_mut(&mut object).insert("generation".to_owned(), (generation + 1).into());
    }
    object
}

fn key_of(object: &Value) -> (String, String) {
    let at = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    (at("/metadata/namespace"), at("/metadata/name"))
}

fn key(resource: &Resource, namespace: Option<&str>, name: &str) -> (String, String) {
    let namespace = if resource.namespaced { namespace.unwrap_or_default() } else { "" };
    (namespace.to_owned(), name.to_owned())
}

fn text(map: &Map<String, Value>, key: &str) -> String {
    map.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn identify(resource: &Resource, object: &mut Value) {
    let stored = resource.stored_as.unwrap_or(resource);
    if let Some(object) = object.as_object_mut() {
        object.insert("kind".to_owned(), stored.kind.into());
        object.insert("apiVersion".to_owned(), stored.api_version().into());
    }
}

fn keep_identity(resource: &Resource, before: &Value, object: &mut Value) {
    let metadata = metadata_mut(object);
    for key in ["name", "namespace", "uid", "creationTimestamp", "resourceVersion", "generation"] {
        match before.get("metadata").and_then(|old| old.get(key)) {
            Some(old) => metadata.insert(key.to_owned(), old.clone()),
            None => metadata.remove(key),
        };
    }
    identify(resource, object);
}

/// What a generation counts the changes of: all but metadata and status.
fn substance(object: &Value) -> Vec<(&String, &Value)> {
    let mut fields: Vec<_> = object.as_object().into_iter().flatten().collect();
    fields.retain(|(key, _)| *key != "metadata" && *key != "status");
    fields.sort_by_key(|(key, _)| key.as_str());
    fields
}

/// Whether an object was to be deleted and nothing holds it any more.
fn is_over(object: &Value) -> bool {
    let metadata = object.get("metadata");
    let grace = metadata.and_then(|metadata| metadata.get("deletionGracePeriodSeconds")).and_then(Value::as_i64);
    metadata.is_some_and(|metadata| metadata.get("deletionTimestamp").is_some())
        && grace.unwrap_or(0) == 0
        && !has_finalizers(object)
        && object.get("kind").and_then(Value::as_str) != Some("Namespace")
}
