//! `get_deployment`: a Deployment, and what its pods are made from.

use crate::api::Reads;
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::Outcome;
use crate::bindings::meho::connector::failures::Failure;
use crate::kind::Kind;
use crate::kinds::deployment::{Deployment, revision};
use crate::kinds::pod_template::{TEMPLATE, template};
use crate::node::Shape::{Int, Object};
use crate::node::{Node, Shape};
use crate::operation::{Notes, Operation, Read, Returns};
use crate::operations::get::find_asked;
use crate::row::Row;

/// Reads one Deployment.
pub struct GetDeployment;

/// What a list leaves out.
const EXTRA: &Shape = &Object(&[(
    "spec",
    Object(&[
        ("template", TEMPLATE),
        ("minReadySeconds", Int),
        ("progressDeadlineSeconds", Int),
        ("revisionHistoryLimit", Int),
    ]),
)]);

impl Operation for GetDeployment {
    const RETURNS: Returns = Returns::Object;

    fn members(row: &mut Row<'_>) {
        detail(&Node::missing(Deployment::SHAPE), &Node::missing(EXTRA), row);
    }
}

impl Read for GetDeployment {
    fn run(api: &Reads, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        let found = find_asked::<Deployment>(api, arguments)?;
        let (deployment, extra) = (found.read(Deployment::SHAPE)?, found.read(EXTRA)?);
        Ok(Notes::default().object(|row| detail(&deployment, &extra, row)))
    }
}

fn detail(deployment: &Node<'_>, extra: &Node<'_>, row: &mut Row<'_>) {
    let spec = extra.part("spec");
    Deployment::row(deployment, row);
    row.int_or_null("revision", revision(&deployment.part("metadata")));
    row.int("min_ready_seconds", spec.count("minReadySeconds"));
    row.int_or_null("progress_deadline_seconds", spec.int("progressDeadlineSeconds"));
    row.int_or_null("revision_history_limit", spec.int("revisionHistoryLimit"));
    row.object("pod_template", |row| template(&spec.part("template"), row));
}
