//! `get_node`: a node, and what it uses where the metrics API is served.

use crate::api::{Address, Asked, Reads};
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::Outcome;
use crate::bindings::meho::connector::failures::Failure;
use crate::failure::{unreadable, with_remedy};
use crate::kind::Kind;
use crate::kinds::node::{METRICS, Node, usage};
use crate::node::Node as Json;
use crate::operation::{Notes, Operation, Read, Returns};
use crate::operations::get::find_asked;
use crate::resource::NODE_METRICS;
use crate::row::Row;

/// Largest answer of the metrics API: a node's is some hundred bytes.
const MAX_METRICS_BYTES: usize = 256 * 1024;

/// Reads one node.
pub struct GetNode;

impl Operation for GetNode {
    const RETURNS: Returns = Returns::Object;

    fn members(row: &mut Row<'_>) {
        detail(&Json::missing(Node::SHAPE), &Json::missing(METRICS), row);
    }
}

impl Read for GetNode {
    fn run(api: &Reads, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        let found = find_asked::<Node>(api, arguments)?;
        let node = found.read(Node::SHAPE)?;
        let mut notes = Notes::default();
        let bytes = take_metrics(ask_metrics(api, &found.name), &mut notes).ok();
        let metrics = parse_metrics(bytes.as_deref(), &mut notes);
        Ok(notes.object(|row| detail(&node, &metrics, row)))
    }
}

fn detail(node: &Json<'_>, metrics: &Json<'_>, row: &mut Row<'_>) {
    Node::row(node, row);
    usage(metrics, row);
}

/// Asks the metrics API about a node.
pub(crate) fn ask_metrics<'a>(api: &Reads, name: &'a str) -> Asked<'a> {
    api.get(Address { resource: NODE_METRICS, namespace: None, name })
}

/// What it says, as it was sent; else why not. A cluster without that API, or a node that it does not know yet, lacks nothing that could be read.
pub(crate) fn take_metrics(asked: Asked<'_>, notes: &mut Notes) -> Result<Vec<u8>, String> {
    asked.bytes(MAX_METRICS_BYTES).map_err(|failure| match failure {
        Failure::NotFound(missing) => {
            notes.warn(format!("what the node uses is not known: {}", missing.problem.message));
            missing.problem.message
        }
        failure => {
            notes.lost(no_metrics(&failure));
            with_remedy(&failure)
        }
    })
}

/// The metrics that were read, or nothing of their shape.
pub(crate) fn parse_metrics<'b>(bytes: Option<&'b [u8]>, notes: &mut Notes) -> Json<'b> {
    let Some(bytes) = bytes else { return Json::missing(METRICS) };
    Json::parse(METRICS, bytes).unwrap_or_else(|error| {
        notes.lost(no_metrics(&unreadable("a NodeMetrics", &error.to_string())));
        Json::missing(METRICS)
    })
}

fn no_metrics(failure: &Failure) -> String {
    format!("what the node uses could not be read: {}", with_remedy(failure))
}
