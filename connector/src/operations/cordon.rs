//! `cordon_node` and `uncordon_node`: whether new pods may be scheduled to a node.

use crate::api::{Address, Asked, Writes};
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::Outcome;
use crate::bindings::meho::connector::effects::Effect;
use crate::bindings::meho::connector::failures::Failure;
use crate::effects::{argument, object, patch, read, search};
use crate::failure::{in_a_line, unreadable};
use crate::kinds::node::NODES;
use crate::node::Shape::{Flag, Object, Text};
use crate::node::{Node, Shape};
use crate::operation::{Notes, Operation, Returns, Write};
use crate::operations::lookup::{MAX_OBJECT_BYTES, with_near_names};
use crate::row::{Row, write_object};

/// Keeps new pods off a node.
pub struct CordonNode;

/// Lets new pods be scheduled to a node again.
pub struct UncordonNode;

/// The node is read first, where it may be, for what was before, and for the uid that the patch then names: a successor of the same name is not touched.
fn effects(unschedulable: bool) -> Vec<Effect> {
    let path = || object(&NODES, argument("name"));
    let body = format!(
        r#"{{"metadata": {{"uid": {{"$observed": ["before", "/metadata/uid"], "optional": true}}}}, "spec": {{"unschedulable": {unschedulable}}}}}"#
    );
    vec![read("before", path()).optional(), search("near", &NODES, &["before"]), patch("patch", path(), &body)]
}

pub(crate) fn cordon_effects() -> Vec<Effect> {
    effects(true)
}

pub(crate) fn uncordon_effects() -> Vec<Effect> {
    effects(false)
}

impl Operation for CordonNode {
    const RETURNS: Returns = Returns::Object;

    fn members(row: &mut Row<'_>) {
        changed("", true, &Changed::default(), row);
    }
}

impl Write for CordonNode {
    fn run(api: &Writes, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        change(api, arguments.required("name"), true)
    }
}

impl Operation for UncordonNode {
    const RETURNS: Returns = Returns::Object;

    fn members(row: &mut Row<'_>) {
        changed("", false, &Changed::default(), row);
    }
}

impl Write for UncordonNode {
    fn run(api: &Writes, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        change(api, arguments.required("name"), false)
    }
}

fn changed(name: &str, cordoned: bool, changed: &Changed, row: &mut Row<'_>) {
    row.text("node", name);
    row.flag("cordoned", cordoned);
    row.flag("unschedulable", changed.now.unschedulable);
    // Null where it could not be read.
    row.flag_or_null("previous_unschedulable", changed.before.as_ref().map(|before| before.unschedulable));
    row.text_or_null("uid", changed.now.uid.as_deref());
    row.text_or_null("resource_version", changed.now.resource_version.as_deref());
}

const STATE: &Shape = &Object(&[
    ("metadata", Object(&[("uid", Text), ("resourceVersion", Text)])),
    ("spec", Object(&[("unschedulable", Flag)])),
]);

/// A node, as far as it matters. `unschedulable` is left out where it is false.
#[derive(Default)]
struct State {
    uid: Option<String>,
    resource_version: Option<String>,
    unschedulable: bool,
}

#[derive(Default)]
struct Changed {
    before: Option<State>,
    now: State,
}

fn change(api: &Writes, name: &str, unschedulable: bool) -> Result<Outcome, Failure> {
    let address = Address { resource: NODES, namespace: None, name };
    let mut notes = Notes::default();
    let before = match read_state(api.get(address)) {
        // The patch names it.
        Ok(state) if state.uid.is_none() => return Err(unreadable("a Node", "it has no uid")),
        Ok(state) => Some(state),
        Err(Failure::NotFound(missing)) => return Err(with_near_names(api, NODES, None, name, missing)),
        Err(failure @ Failure::PermissionDenied(_)) => {
            notes.lost(format!("whether the node was cordoned before could not be read: {}", in_a_line(&failure)));
            None
        }
        Err(failure) => return Err(failure),
    };
    if before.as_ref().is_some_and(|before| before.unschedulable == unschedulable) {
        let already = if unschedulable { "was cordoned already" } else { "was not cordoned" };
        notes.warn(format!("the node {already}: nothing has changed"));
    }
    let mut body = Vec::new();
    write_object(&mut body, |patch| {
        if let Some(before) = &before {
            patch.object("metadata", |metadata| metadata.text("uid", before.uid.as_deref().unwrap_or_default()));
        }
        patch.object("spec", |spec| spec.flag("unschedulable", unschedulable));
    });
    let now = read_state(api.patch(address, &body))?;
    let done = Changed { before, now };
    Ok(notes.object(|row| changed(name, unschedulable, &done, row)))
}

fn read_state(asked: Asked<'_>) -> Result<State, Failure> {
    let bytes = asked.bytes(MAX_OBJECT_BYTES)?;
    let node = Node::parse(STATE, &bytes).map_err(|error| unreadable("a Node", &error.to_string()))?;
    let metadata = node.part("metadata");
    Ok(State {
        uid: metadata.filled("uid").map(str::to_owned),
        resource_version: metadata.filled("resourceVersion").map(str::to_owned),
        unschedulable: node.part("spec").is("unschedulable"),
    })
}
