//! `cordon_node` and `uncordon_node`: whether new pods may be scheduled to a node.

use crate::bindings::meho::connector::effects::Effect;
use crate::effects::{argument, object, patch, read, search};
use crate::resource::NODES;

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
