//! `delete_pod`: one pod, the very one that was read.

use crate::api::{Address, Writes};
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::Outcome;
use crate::bindings::meho::connector::effects::{BodyRule, Effect, Method, Trust};
use crate::bindings::meho::connector::failures::{Failure, Problem};
use crate::effects::{JSON, argument, object, read, search};
use crate::failure::unreadable;
use crate::kinds::pod::PODS;
use crate::node::Shape::{Flag, Int, List, Object, Pairs, Text};
use crate::node::{MemberOf, Node, Shape};
use crate::operation::{Notes, Operation, Returns, Write};
use crate::operations::lookup::{MAX_OBJECT_BYTES, with_near_names};
use crate::row::{Row, write_object};

/// Deletes a pod.
pub struct DeletePod;

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

impl Operation for DeletePod {
    const RETURNS: Returns = Returns::Object;

    fn members(row: &mut Row<'_>) {
        let nothing = Node::missing(DOOMED);
        deleted("", "", &nothing, &nothing, row);
    }
}

/// What is read of the pod, before and after.
const DOOMED: &Shape = &Object(&[(
    "metadata",
    Object(&[
        ("uid", Text),
        ("annotations", Pairs),
        ("deletionTimestamp", Text),
        ("deletionGracePeriodSeconds", Int),
        ("finalizers", List(&Text)),
        ("ownerReferences", List(&OWNER)),
    ]),
)]);

const OWNER: Shape = Object(&[("kind", Text), ("name", Text), ("uid", Text), ("controller", Flag)]);

impl Write for DeletePod {
    fn run(api: &Writes, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        let (name, namespace) = (arguments.required("name"), arguments.required("namespace"));
        let address = Address { resource: PODS, namespace: Some(namespace), name };
        let before = match api.get(address).bytes(MAX_OBJECT_BYTES) {
            Ok(bytes) => bytes,
            Err(Failure::NotFound(missing)) => return Err(with_near_names(api, PODS, Some(namespace), name, missing)),
            Err(failure) => return Err(failure),
        };
        let before = parse(&before)?;
        let metadata = before.part("metadata");
        let uid = metadata.filled("uid").ok_or_else(|| unreadable("a Pod", "it has no uid"))?;
        if let Some(wanted) = arguments.text("precondition_uid").filter(|wanted| *wanted != uid) {
            return Err(Failure::Conflict(Problem {
                message: format!("the pod {name} has the uid {uid}, not {wanted}: it is another pod of that name"),
                hint: Some("look at the pod that is there now: nothing was deleted".to_owned()),
            }));
        }
        let grace = arguments.number("grace_period_seconds");
        let mut notes = Notes::default();
        note_what_follows(&metadata, grace, &mut notes);
        let mut options = Vec::new();
        write_object(&mut options, |options| {
            options.text("apiVersion", "v1");
            options.text("kind", "DeleteOptions");
            if let Some(seconds) = grace {
                options.int("gracePeriodSeconds", i64::try_from(seconds).unwrap_or(i64::MAX));
            }
            options.object("preconditions", |preconditions| preconditions.text("uid", uid));
        });
        // The answer is the pod as it was last.
        let after = api.delete(address, &options).bytes(MAX_OBJECT_BYTES)?;
        let after = parse(&after)?;
        Ok(notes.object(|row| deleted(name, namespace, &before, &after, row)))
    }
}

fn parse(bytes: &[u8]) -> Result<Node<'_>, Failure> {
    Node::parse(DOOMED, bytes).map_err(|error| unreadable("a Pod", &error.to_string()))
}

/// The owner that makes another pod in this one's place, where there is one.
fn controller<'n, 'a>(metadata: &'n Node<'a>) -> Option<&'n Node<'a>> {
    metadata.items("ownerReferences").iter().find(|owner| owner.is("controller"))
}

fn note_what_follows(metadata: &Node<'_>, grace: Option<u64>, notes: &mut Notes) {
    let is_static = metadata.pair("annotations", "kubernetes.io/config.mirror").is_some();
    if is_static {
        notes.warn(
            "it is a static pod: its containers go on running, and the kubelet makes this object again from its file"
                .to_owned(),
        );
    } else if controller(metadata).is_none() {
        notes.warn("no controller owns the pod: nothing makes another in its place".to_owned());
    }
    if grace == Some(0) {
        notes.warn(
            "a force delete: the pod is gone from the API at once, and its processes may run on for a while".to_owned(),
        );
    }
    if let Some(since) = metadata.filled("deletionTimestamp") {
        notes.warn(format!("it was being deleted already: its time is up at {since}"));
    }
    let finalizers: Vec<&str> = metadata.items("finalizers").iter().filter_map(Node::as_text).collect();
    if !finalizers.is_empty() {
        notes.warn(format!("it stays until its finalizers are taken away: {}", finalizers.join(", ")));
    }
}

fn deleted(name: &str, namespace: &str, before: &Node<'_>, after: &Node<'_>, row: &mut Row<'_>) {
    let (before, after) = (before.part("metadata"), after.part("metadata"));
    // Anything else is a failure.
    row.flag("deleted", true);
    row.text("pod", name);
    row.text("namespace", namespace);
    row.text_or_null("uid", before.filled("uid"));
    // When its time is up. Null where it had none to wait for.
    row.time("deletion_timestamp", after.filled("deletionTimestamp"));
    row.int_or_null("grace_period_seconds", after.int("deletionGracePeriodSeconds"));
    // What makes another in its place; null where nothing does.
    let owner = controller(&before).map_or(MemberOf::Absent(&OWNER), MemberOf::Present);
    row.object_or_null("controller", owner, |row, owner| {
        row.text_or_null("kind", owner.filled("kind"));
        row.text_or_null("name", owner.filled("name"));
        row.text_or_null("uid", owner.filled("uid"));
    });
}
