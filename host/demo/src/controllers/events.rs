//! Events as controllers, kubelets and the scheduler record them.

use serde_json::{Value, json};

use super::identity::digits;
use super::read::{name, namespace, number, text, uid};
use crate::resource::EVENTS;
use crate::store::Store;
use crate::time::{micros, seconds};

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source<'a> {
    /// A controller, by the recorder of old: counts and first and last times.
    Controller(&'a str),
    /// The kubelet of a node, likewise.
    Kubelet(&'a str),
    /// The scheduler, by the new recorder: an `eventTime`, no source, and what it was doing.
    Scheduler { action: &'a str },
}

/// What an event is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) object: &'a Value,
    /// The part of it, such as `spec.containers{web}`; empty for the whole.
    pub(crate) field: &'a str,
}

impl<'a> From<&'a Value> for About<'a> {
    fn from(object: &'a Value) -> Self {
        Self { object, field: "" }
    }
}

/// The reference to an object in an event. A kubelet does not know its node's uid.
pub(crate) fn reference(about: About<'_>, source: Source<'_>) -> Value {
    let object = about.object;
    let mut reference = json!({
        "kind": object.get("kind"),
        "name": name(object),
        "apiVersion": object.get("apiVersion"),
    });
    if let Some(fields) = reference.as_object_mut() {
        let by_kubelet = matches!(source, Source::Kubelet(_)) && text(object, "/kind") == "Node";
        let version = object.pointer("/metadata/resourceVersion").filter(|_| !by_kubelet);
        for (key, value) in [
            ("namespace", namespace(object)),
            ("uid", if by_kubelet { "" } else { uid(object) }),
            ("resourceVersion", version.and_then(Value::as_str).unwrap_or_default()),
            ("fieldPath", about.field),
        ] {
            if !value.is_empty() {
                fields.insert(key.to_owned(), value.into());
            }
        }
    }
    reference
}

/// Records an event. One that says the same of the same is counted, not repeated.
pub(crate) fn record<'a>(
    store: &mut Store,
    about: impl Into<About<'a>>,
    source: Source<'_>,
    kind: &str,
    reason: &str,
    message: &str,
) {
    let (about, now) = (about.into(), store.now());
    let space = match namespace(about.object) {
        "" => "default",
        namespace => namespace,
    };
    let reference = reference(about, source);
    let same = |event: &&Value| {
        text(event, "/involvedObject/uid") == text(&reference, "/uid")
            && text(event, "/involvedObject/name") == name(about.object)
            && text(event, "/involvedObject/kind") == text(about.object, "/kind")
            && text(event, "/involvedObject/fieldPath") == about.field
            && text(event, "/reason") == reason
            && text(event, "/message") == message
    };
    let known = store.list(&EVENTS, Some(space)).find(same).map(|event| name(event).to_owned());
    if let Some(known) = known {
        let _ = store.update(&EVENTS, Some(space), &known, |event| repeat(event, now));
        return;
    }
    let text = format!("{}/{}/{reason}/{message}/{}", uid(about.object), about.field, now.as_nanosecond());
    let mut event = json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": { "name": format!("{}.{}", name(about.object), digits(&text, 16)), "namespace": space },
        "involvedObject": reference,
        "reason": reason,
        "message": message,
        "type": kind,
    });
    if let (Some(event), Value::Object(said)) = (event.as_object_mut(), said(source, now)) {
        event.extend(said);
    }
    let _ = store.create(&EVENTS, event);
}

/// What the two kinds of recorders write beside what is said.
pub(crate) fn said(source: Source<'_>, at: jiff::Timestamp) -> Value {
    let (component, host) = match source {
        Source::Controller(component) => (component, ""),
        Source::Kubelet(node) => ("kubelet", node),
        Source::Scheduler { action } => {
            return json!({
                "source": {}, "firstTimestamp": null, "lastTimestamp": null, "eventTime": micros(at), "action": action,
                "reportingComponent": "default-scheduler", "reportingInstance": "default-scheduler-control-plane-0",
            });
        }
    };
    let source = if host.is_empty() {
        json!({ "component": component })
    } else {
        json!({ "component": component, "host": host })
    };
    json!({
        "source": source, "firstTimestamp": seconds(at), "lastTimestamp": seconds(at), "count": 1, "eventTime": null,
        "reportingComponent": component, "reportingInstance": host,
    })
}

fn repeat(event: &mut Value, now: jiff::Timestamp) {
    let count = number(event, "/count");
    let series = number(event, "/series/count").max(1);
    let by_scheduler = !text(event, "/eventTime").is_empty();
    let Some(event) = event.as_object_mut() else { return };
    if by_scheduler {
        event.insert("series".to_owned(), json!({ "count": series + 1, "lastObservedTime": micros(now) }));
    } else {
        event.insert("count".to_owned(), (count.max(1) + 1).into());
        event.insert("lastTimestamp".to_owned(), seconds(now).into());
    }
}
