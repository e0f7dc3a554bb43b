//! `get_pod`: a pod with its volumes, where it may run, and what happened to it.

use crate::api::Reads;
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::Outcome;
use crate::bindings::meho::connector::failures::Failure;
use crate::kind::Kind;
use crate::kinds::pod::Pod;
use crate::kinds::pod_template::{POD_SPEC, node_selector, tolerations, volumes};
use crate::node::Shape::{Object, Pairs, Text};
use crate::node::{Node, Shape};
use crate::operation::{Notes, Operation, Read, Returns};
use crate::operations::events::Events;
use crate::operations::get::find_asked;
use crate::row::Row;

/// Reads one pod.
pub struct GetPod;

/// What a list leaves out.
const EXTRA: &Shape = &Object(&[("metadata", Object(&[("uid", Text), ("annotations", Pairs)])), ("spec", POD_SPEC)]);

impl Operation for GetPod {
    const RETURNS: Returns = Returns::Object;

    fn members(row: &mut Row<'_>) {
        detail(&Node::missing(Pod::SHAPE), &Node::missing(EXTRA), &Events::default(), row);
    }
}

impl Read for GetPod {
    fn run(api: &Reads, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        let namespace = arguments.required("namespace");
        let found = find_asked::<Pod>(api, arguments)?;
        let (pod, extra) = (found.read(Pod::SHAPE)?, found.read(EXTRA)?);
        let mut notes = Notes::default();
        let events = events_of(api, namespace, &extra.part("metadata"), &mut notes);
        Ok(notes.object(|row| detail(&pod, &extra, &events, row)))
    }
}

/// The events of a pod, by its metadata.
pub(crate) fn events_of(api: &Reads, namespace: &str, metadata: &Node<'_>, notes: &mut Notes) -> Events {
    // A static pod's kubelet writes its events under the uid of this annotation.
    let mirror = metadata.pair("annotations", "kubernetes.io/config.mirror");
    let uids: Vec<&str> = metadata.filled("uid").into_iter().chain(mirror.filter(|uid| !uid.is_empty())).collect();
    Events::read(api, namespace, &uids, notes)
}

fn detail(pod: &Node<'_>, extra: &Node<'_>, events: &Events, row: &mut Row<'_>) {
    let spec = extra.part("spec");
    Pod::row(pod, row);
    volumes(&spec, row);
    tolerations(&spec, row);
    node_selector(&spec, row);
    events.member(row);
}
