//! Watches: a stream of what changes, as JSON Lines.

use crate::cluster::Cluster;
use crate::negotiate::View;
use crate::page;
use crate::request::Request;
use crate::resource::Resource;
use crate::select::Selection;
use crate::show;
use crate::status::Refusal;
use crate::store::{Change, Store};
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, timeout_at};

/// How long a watch lasts that does not say.
const TIMEOUT: Duration = Duration::from_secs(1800);
/// How often one that allows it is told how far it has come.
const BOOKMARKS: Duration = Duration::from_secs(60);

/// One watch.
#[derive(Debug)]
pub(crate) struct Watch {
    cluster: Arc<Cluster>,
    resource: &'static Resource,
    namespace: String,
    selection: Selection,
    view: View,
    /// What has been told so far.
    revision: u64,
    revised: Receiver<u64>,
    /// What is still to be told before anything new.
    pending: VecDeque<Bytes>,
    has_bookmarks: bool,
    next_bookmark: Instant,
    ends: Instant,
    is_over: bool,
}

impl Watch {
    /// Begins at the resourceVersion of the query; without one with all objects as they are.
    ///
    /// # Errors
    /// 410 where what came after that resourceVersion is forgotten, 504 where it is not there yet.
    pub(crate) fn start(
        store: &Store,
        cluster: Arc<Cluster>,
        request: &Request,
        resource: &'static Resource,
        namespace: &str,
        selection: Selection,
        view: View,
    ) -> Result<Self, Refusal> {
        let query = &request.query;
        let given = query.filled("resourceVersion").filter(|version| *version != "0");
        let revision = page::asked(query)?.unwrap_or_else(|| store.revision());
        if store.changes_since(revision).is_none() {
            return Err(page::expired(format!("too old resource version: {revision} ({})", store.revision())));
        }
        let seconds = query.filled("timeoutSeconds").and_then(|text| text.parse().ok()).filter(|seconds| *seconds > 0);
        let now = Instant::now();
        let mut watch = Self {
            cluster,
            resource,
            namespace: namespace.to_owned(),
            selection,
            view,
            revision,
            revised: store.revised(),
            pending: VecDeque::new(),
            has_bookmarks: query.is_on("allowWatchBookmarks"),
            next_bookmark: now + BOOKMARKS,
            ends: now + seconds.map_or(TIMEOUT, Duration::from_secs).min(TIMEOUT * 2),
            is_over: false,
        };
        let wants_initial = query.is_on("sendInitialEvents");
        if given.is_none() || wants_initial {
            watch.revision = store.revision();
            let of = Some(namespace).filter(|namespace| !namespace.is_empty());
            let objects: Vec<&Value> =
                store.list(resource, of).filter(|object| watch.selection.matches(object)).collect();
            let lines: Vec<Bytes> = objects.into_iter().map(|object| watch.line("ADDED", object, store)).collect();
            watch.pending.extend(lines);
            if wants_initial && watch.has_bookmarks {
                let bookmark = watch.bookmark(true);
                watch.pending.push_back(bookmark);
            }
        }
        Ok(watch)
    }

    /// The next event as a line; none where the watch is over.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(line) = self.pending.pop_front() {
                return Some(line);
            }
            let now = Instant::now();
            if self.is_over || now >= self.ends {
                return None;
            }
            // Seen before it is read, so that no change falls in between.
            self.revised.borrow_and_update();
            self.read();
            if !self.pending.is_empty() {
                continue;
            }
            let until = if self.has_bookmarks { self.ends.min(self.next_bookmark) } else { self.ends };
            match timeout_at(until, self.revised.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_) if self.has_bookmarks && until < self.ends => {
                    self.next_bookmark = Instant::now() + BOOKMARKS;
                    return Some(self.bookmark(false));
                }
                Err(_) => return None,
            }
        }
    }

    /// Reads what changed since.
    fn read(&mut self) {
        let cluster = self.cluster.clone();
        let state = cluster.state();
        let store = &state.store;
        let Some(changes) = store.changes_since(self.revision) else {
            let why = format!("too old resource version: {} ({})", self.revision, store.revision());
            let status = page::expired(why).status();
            self.pending.push_back(line(&json!({ "type": "ERROR", "object": status })));
            self.is_over = true;
            return;
        };
        let lines: Vec<Bytes> = changes.filter_map(|change| self.event(change, store)).collect();
        // A watch may begin at what is still to come.
        self.revision = self.revision.max(store.revision());
        self.pending.extend(lines);
    }

    /// What a change is to this watch: an object that comes to be selected was added, and one that ceases to be was deleted.
    fn event(&self, change: &Change, store: &Store) -> Option<Bytes> {
        let is_here = self.namespace.is_empty() || !self.resource.namespaced || self.namespace == change.namespace;
        if change.storage != self.resource.storage() || !is_here {
            return None;
        }
        let selects =
            |object: &Option<Arc<Value>>| object.as_ref().filter(|object| self.selection.matches(object)).cloned();
        let (before, after) = (selects(&change.before), selects(&change.after));
        match (before, after) {
            (None, None) => None,
            (None, Some(object)) => Some(self.line("ADDED", &object, store)),
            (Some(_), Some(object)) => Some(self.line("MODIFIED", &object, store)),
            (Some(before), None) => {
                // The object as it was selected, at the revision at which it ceased to be.
                let mut last = change.last.as_deref().unwrap_or(&before).clone();
                crate::store::metadata_mut(&mut last)
                    .insert("resourceVersion".to_owned(), change.revision.to_string().into());
                Some(self.line("DELETED", &last, store))
            }
        }
    }

    fn line(&self, kind: &str, object: &Value, store: &Store) -> Bytes {
        line(&json!({ "type": kind, "object": show::viewed(self.resource, object, self.view, store.now()) }))
    }

    fn bookmark(&self, ends_initial: bool) -> Bytes {
        let mut metadata = json!({ "resourceVersion": self.revision.to_string() });
        if ends_initial {
            metadata["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
        }
        let object =
            json!({ "kind": self.resource.kind, "apiVersion": self.resource.api_version(), "metadata": metadata });
        line(&json!({ "type": "BOOKMARK", "object": object }))
    }
}

fn line(event: &Value) -> Bytes {
    format!("{event}\n").into()
}
