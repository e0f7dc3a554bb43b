//! `delete_pod`: one pod, the very one that was read.

use crate::bindings::meho::connector::effects::{BodyRule, Effect, Method, Trust};
use crate::effects::{JSON, argument, object, read, search};
use crate::resource::PODS;

/// The pod is read first, so that the delete names its uid: a successor of the same name is not touched.
pub(crate) fn effects() -> Vec<Effect> {
    let options = r#"{
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "gracePeriodSeconds": {"$argument": "grace_period_seconds", "optional": true},
        "preconditions": {"uid": {"$observed": ["before", "/metadata/uid"]}}
    }"#;
    let path = || object(&PODS, argument("name"));
    vec![
        read("before", path()),
        search("near", &PODS, &["before"]),
        Effect {
            trust: Trust::Destructive,
            method: Method::Delete,
            body: Some(BodyRule { media_type: JSON.to_owned(), template: options.to_owned() }),
            ..read("delete", path())
        },
    ]
}
