//! Somebody who runs the lines of the suite and does nothing else: what it did stands in the server's own log, all of it, and nothing besides.
//!
//! It has the rights that follow from the effects of all operations and no others. So whatever an operation asked for, it is in the log as this user's.

use super::Outcome;
use crate::audit::check_same;
use crate::embedded::{Caller, embedded, yes};
use crate::rights::{derived, rules};
use meho_control_plane::{AuditMark, Cluster, Namespace, User};
use meho_host::policy::catalogue::Operation;
use meho_host::policy::effect::Trust;
use meho_host::policy::rbac::{Right, Rights};
use meho_host::record::{CallEnding, CallRecord, Ending};
use serde_json::json;
use std::collections::BTreeSet;

/// A user of a namespace of its own, who says yes to what needs it.
pub(super) struct Audited {
    caller: Caller,
    user: User,
    since: AuditMark,
    namespace: Namespace,
}

impl Audited {
    pub(super) fn new(cluster: &Cluster) -> Self {
        let all: BTreeSet<Right> = embedded()
            .connector
            .catalogue()
            .operations()
            .iter()
            .flat_map(|operation| {
                let Rights { required, optional } = derived(operation.id.as_str());
                required.into_iter().chain(optional)
            })
            .collect();
        let namespace = cluster.namespace().expect("a namespace");
        let since = cluster.audit_mark().expect("a log");
        let user = namespace.cluster_user("everything", &rules(all.iter())).expect("a user");
        Self { caller: Caller::user(cluster, &user).asking(yes()), user, since, namespace }
    }

    pub(super) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Holds all that was done against the log, both ways. Gives an outcome for each operation of such a trust: whether there was something of it to hold.
    #[track_caller]
    pub(super) fn checked(&self, of: fn(Trust) -> bool) -> Vec<Outcome> {
        let count = check_same(self.namespace.cluster(), &self.user, self.since, &[&self.caller]);
        println!("{count} requests are the same in both logs");
        let records = self.caller.records();
        let operations = embedded().connector.catalogue().operations().iter();
        operations
            .filter(|operation| of(operation.trust))
            .map(|operation| {
                let of_it: Vec<&CallRecord> =
                    records.iter().filter(|record| record.operation == operation.id.as_str()).collect();
                Outcome {
                    line: format!("the log of {}", operation.id),
                    call: String::new(),
                    rows: Vec::new(),
                    wrong: lacking(operation, &of_it),
                    answer: json!([]),
                }
            })
            .collect()
    }
}

/// What no record of an operation shows: a request, and of one that changes its target a plan and a write that was made.
fn lacking(operation: &Operation, records: &[&CallRecord]) -> Vec<String> {
    let made = |trust: fn(Trust) -> bool| {
        let mut requests = records.iter().flat_map(|record| &record.requests);
        requests.any(|request| trust(request.trust) && matches!(request.ending, Ending::Answered(200..=299)))
    };
    let is_planned = records.iter().any(|record| record.ending == CallEnding::Planned);
    let is_write = operation.trust != Trust::Read;
    [
        (made(|trust| trust == Trust::Read), "no read of it was answered"),
        (!is_write || is_planned, "nothing of it was planned"),
        (!is_write || made(|trust| trust != Trust::Read), "no write of it was made"),
    ]
    .into_iter()
    .filter(|(is_there, _)| !is_there)
    .map(|(_, what)| what.to_owned())
    .collect()
}
