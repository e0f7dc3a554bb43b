//! `get_pvc`: a claim, and what happened to it: why it waits is told by events alone.

use crate::api::Reads;
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::Outcome;
use crate::bindings::meho::connector::failures::Failure;
use crate::kind::Kind;
use crate::kinds::claim::Claim;
use crate::node::Node;
use crate::operation::{Notes, Operation, Read, Returns};
use crate::operations::events::Events;
use crate::operations::get::find_asked;
use crate::row::Row;

/// Reads one claim.
pub struct GetClaim;

impl Operation for GetClaim {
    const RETURNS: Returns = Returns::Object;

    fn members(row: &mut Row<'_>) {
        detail(&Node::missing(Claim::SHAPE), &Events::default(), row);
    }
}

impl Read for GetClaim {
    fn run(api: &Reads, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        let found = find_asked::<Claim>(api, arguments)?;
        let claim = found.read(Claim::SHAPE)?;
        let mut notes = Notes::default();
        let metadata = claim.part("metadata");
        let uids: Vec<&str> = metadata.filled("uid").into_iter().collect();
        let events = Events::read(api, arguments.required("namespace"), &uids, &mut notes);
        Ok(notes.object(|row| detail(&claim, &events, row)))
    }
}

fn detail(claim: &Node<'_>, events: &Events, row: &mut Row<'_>) {
    Claim::row(claim, row);
    events.member(row);
}
