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
use meho_host::record::{CallEnding, CallRecord, Ending, RequestRecord};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

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
        Self { caller: Caller::user(cluster, &user).asking(yes()).kept(), user, since, namespace }
    }

    pub(super) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Holds all that was done against the log, both ways. Gives an outcome for each operation of such a trust: whether there was something of it to hold.
    #[track_caller]
    pub(super) fn checked(&self, of: fn(Trust) -> bool) -> Vec<Outcome> {
        let count = check_same(self.namespace.cluster(), &self.user, self.since, &[&self.caller]);
        let records = self.caller.records();
        self.check_kept();
        println!("{count} requests are the same in both logs, and in the record on disk");
        let operations = embedded().connector.catalogue().operations().iter();
        operations
            .filter(|operation| of(operation.trust))
            .map(|operation| {
                let of_it: Vec<&CallRecord> =
                    records.iter().filter(|record| record.id.operation == operation.id.as_str()).collect();
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

impl Audited {
    /// The record on disk has the same requests, and each write's intent before it.
    #[track_caller]
    fn check_kept(&self) {
        let (kept, intents) = self.caller.kept_requests();
        let requests: Vec<RequestRecord> = self.caller.all_requests();
        let by_id: BTreeMap<&str, &Value> =
            kept.iter().map(|request| (request["audit_id"].as_str().expect("an id"), request)).collect();
        assert_eq!((by_id.len(), kept.len()), (requests.len(), requests.len()));
        for request in &requests {
            let found = by_id[request.audit_id.as_str()];
            let status = match request.ending {
                Ending::Answered(status) => json!(status),
                Ending::NotSent(_) | Ending::Unknown(_) => Value::Null,
            };
            let expected = (json!(request.method.as_str()), json!(request.path_and_query), status);
            assert_eq!((&found["method"], &found["path"], &found["status"]), (&expected.0, &expected.1, &expected.2));
            assert_eq!(found["body_digest"], json!(request.body));
        }
        let writes: BTreeSet<String> = requests
            .iter()
            .filter(|request| request.trust > Trust::Read)
            .map(|request| request.audit_id.clone())
            .collect();
        assert_eq!(intents, writes, "each write was announced, and nothing else");
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
