//! What the world is put together with: objects with identities and ages, and the events about them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::nodes;
use super::template::{part, set};
use crate::controllers::events::{About, Source, reference, said};
use crate::controllers::identity::{digits, uid_of};
use crate::controllers::pod_status::before;
use crate::controllers::read::{name, namespace, text};
use crate::time::{micros, seconds};

pub(super) const MINUTE: i64 = 60;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// The node that was lost, and how long ago its kubelet was last heard of.
pub(super) const LOST_NODE: &str = "worker-1";
pub(super) const LOST: i64 = 23 * MINUTE;
/// How long ago its loss was noticed: after the grace of the node controller.
pub(super) const NOTICED: i64 = LOST - 50;
/// How long ago its pods were asked to go: after the five minutes that they tolerate.
pub(super) const EVICTED: i64 = NOTICED - 5 * MINUTE;

/// The objects so far.
pub(super) struct Cluster {
    pub(super) now: Timestamp,
    pub(super) objects: Vec<Value>,
    /// How many addresses of each node's range are taken.
    addresses: BTreeMap<&'static str, usize>,
}

impl Cluster {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { now, objects: Vec::new(), addresses: BTreeMap::new() }
    }

    /// An address for a pod in the range of its node.
    pub(super) fn next_address(&mut self, node: &'static str) -> String {
        let taken = self.addresses.entry(node).or_default();
        // As an allocator that goes round: not in a row.
        *taken += 1;
        format!("{}.{}", nodes::pod_range(node), 2 + *taken * 37 % 251)
    }

    /// The moment so many seconds ago, as Kubernetes writes it.
    pub(super) fn ago(&self, ago: i64) -> String {
        seconds(before(self.now, ago))
    }

    pub(super) fn micros_ago(&self, ago: i64) -> String {
        // The same fraction every time for the same moment of the story.
        let fraction = jiff::SignedDuration::from_micros((ago * 7919 + 104_729).rem_euclid(999_983));
        micros(before(self.now, ago) - fraction)
    }

    /// An object with its identity: its uid follows from kind, namespace and name.
    pub(super) fn object(&self, api_version: &str, kind: &str, namespace: &str, name: &str, age: i64) -> Value {
        let mut metadata = json!({
            "name": name,
            "uid": uid_of(kind, namespace, name),
            "creationTimestamp": self.ago(age),
        });
        if !namespace.is_empty() {
            set(&mut metadata, "namespace", namespace.into());
        }
        json!({ "apiVersion": api_version, "kind": kind, "metadata": metadata })
    }

    /// Keeps an object, with more of its fields.
    pub(super) fn put(&mut self, mut object: Value, more: Value) -> Value {
        merge(&mut object, more);
        self.objects.push(object.clone());
        object
    }

    /// The object of a kind with a name. It has to be there: the world refers to nothing else.
    pub(super) fn find(&self, kind: &str, space: &str, wanted: &str) -> &Value {
        let found = self
            .objects
            .iter()
            .find(|object| text(object, "/kind") == kind && namespace(object) == space && name(object) == wanted);
        found.expect("the world refers only to what is in it")
    }

    /// Objects of a kind in a namespace.
    pub(super) fn of_kind(&self, kind: &str, space: &str) -> Vec<Value> {
        let wanted = |object: &&Value| text(object, "/kind") == kind && namespace(object) == space;
        self.objects.iter().filter(wanted).cloned().collect()
    }

    /// An event about an object.
    pub(super) fn event(&mut self, about: About<'_>, source: Source<'_>, said_of_it: Said<'_>) {
        let space = match namespace(about.object) {
            "" => "default",
            namespace => namespace,
        };
        let Said { warns, reason, message, first, last, count } = said_of_it;
        let subject = name(about.object);
        let seed = format!("{}/{subject}/{}/{reason}/{message}/{first}", text(about.object, "/kind"), about.field);
        let event_name = format!("{subject}.{}", digits(&seed, 16));
        let mut event = self.object("v1", "Event", space, &event_name, first);
        let kind = if warns { "Warning" } else { "Normal" };
        let mut reference = reference(about, source);
        set(&mut reference, "resourceVersion", resource_version(self.now, first).into());
        merge(&mut event, json!({ "involvedObject": reference, "reason": reason, "message": message, "type": kind }));
        merge(&mut event, said(source, before(self.now, first)));
        if matches!(source, Source::Scheduler { .. }) {
            set(&mut event, "eventTime", self.micros_ago(first).into());
            if count > 1 {
                set(&mut event, "series", json!({ "count": count, "lastObservedTime": self.micros_ago(last) }));
            }
        } else {
            set(&mut event, "count", count.into());
            set(&mut event, "lastTimestamp", self.ago(last).into());
        }
        self.objects.push(event);
    }
}

/// What an event says, and when: seconds ago.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) warns: bool,
    pub(super) reason: &'a str,
    pub(super) message: &'a str,
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) count: i64,
}

impl<'a> Said<'a> {
    pub(super) fn once(reason: &'a str, message: &'a str, ago: i64) -> Self {
        Self { warns: false, reason, message, first: ago, last: ago, count: 1 }
    }

    pub(super) fn warning(reason: &'a str, message: &'a str, ago: i64) -> Self {
        Self { warns: true, ..Self::once(reason, message, ago) }
    }

    /// Said so many times, and last at another moment.
    pub(super) fn times(self, count: i64, last: i64) -> Self {
        Self { count, last, ..self }
    }
}

/// A resourceVersion that grows with time.
fn resource_version(now: Timestamp, ago: i64) -> String {
    (before(now, ago).as_second() % 10_000_000).to_string()
}

/// Labels of an object.
pub(super) fn labels(labels: &[(&str, &str)]) -> Value {
    let labels: Map<_, _> = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
    Value::Object(labels)
}

/// Puts the fields of one object into another, level by level.
pub(super) fn merge(into: &mut Value, more: Value) {
    let Value::Object(more) = more else { return };
    for (key, value) in more {
        let deeper = value.is_object() && into.get(&key).is_some_and(Value::is_object);
        if deeper {
            part(into, &key);
            if let Some(inner) = into.get_mut(&key) {
                merge(inner, value);
            }
        } else {
            set(into, &key, value);
        }
    }
}
