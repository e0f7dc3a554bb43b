//! The API server's own record of what it was asked: an oracle that nobody can tune to.
//!
//! A client may choose the id of its request's event with an `Audit-ID` header, which is how [`Cluster::audit_events_of`]
//! finds exactly the events of exactly these requests. The event is written when the request is over, which may be after the
//! client has read the answer: so look with a deadline, or for something that came later.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::cluster::{Cluster, Server};
use crate::control_plane::ControlPlane;
use crate::start::AUDIT_LOG;
use crate::wait;

/// The stage of an event that has a status code and the whole duration.
pub(crate) const COMPLETE: &str = "ResponseComplete";

/// A place in the audit log. Reading from a mark on spares the events of other suites.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditMark(u64);

/// One event, as the API server wrote it (`audit.k8s.io/v1`).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent {
    /// The request's id; the client's own where it sent an `Audit-ID` header.
    #[serde(rename = "auditID")]
    pub audit_id: String,
    /// `ResponseStarted` (only of long requests such as watches), `ResponseComplete` or `Panic`.
    pub stage: String,
    /// Path and query.
    #[serde(rename = "requestURI")]
    pub uri: String,
    /// The RBAC verb: `list`, not `GET`.
    pub verb: String,
    /// Who asked.
    pub user: AuditUser,
    /// Which program asked; empty where it did not say.
    #[serde(default)]
    pub user_agent: String,
    /// What was asked about; `None` for paths that are no resource, such as `/version`.
    pub object_ref: Option<ObjectRef>,
    /// How it ended; `None` before it did.
    pub response_status: Option<AuditStatus>,
    /// The body of a deletion; `None` where it had none, and for other requests.
    #[serde(default)]
    pub request_object: Option<serde_json::Value>,
    /// Why it was allowed or not, and more: `authorization.k8s.io/decision`, `authorization.k8s.io/reason`.
    #[serde(default)]
    pub annotations: HashMap<String, String>,
}

/// Who asked.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct AuditUser {
    /// As in [`User::username`](crate::User::username). Empty where the server refused the token.
    #[serde(default)]
    pub username: String,
}

/// What a request was about. A part is empty where the request did not name it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Hash)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectRef {
    /// `apps`; empty for the core group.
    pub api_group: String,
    /// `v1`.
    pub api_version: String,
    /// The plural name: `deployments`.
    pub resource: String,
    /// `log`, `scale`.
    pub subresource: String,
    /// The namespace.
    pub namespace: String,
    /// The object's name.
    pub name: String,
}

/// How a request ended.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct AuditStatus {
    /// The HTTP status code.
    #[serde(default)]
    pub code: u16,
}

impl ControlPlane {
    /// The audit log: a file with a JSON object a line, one for each event.
    #[must_use]
    pub fn audit_log(&self) -> PathBuf {
        self.directory().file(AUDIT_LOG)
    }
}

impl Cluster {
    /// The end of the audit log as it is now.
    ///
    /// # Errors
    /// Where the log cannot be read.
    pub fn audit_mark(&self) -> io::Result<AuditMark> {
        match self.server() {
            Server::Real(_) => Ok(AuditMark(std::fs::metadata(self.directory().file(AUDIT_LOG))?.len())),
            Server::Demo(demo) => Ok(AuditMark(demo.demo.served_count() as u64)),
        }
    }

    /// All events since a mark, of all users, and the mark behind the last of them. `AuditMark::default()` is the beginning.
    ///
    /// # Errors
    /// Where the log cannot be read, or a line of it is no event.
    pub fn audit_events(&self, since: AuditMark) -> io::Result<(Vec<AuditEvent>, AuditMark)> {
        match self.server() {
            Server::Real(_) => events_in(&self.directory().file(AUDIT_LOG), since),
            Server::Demo(demo) => {
                let events = demo.events_since(since.0);
                let end = AuditMark(since.0 + events.len() as u64);
                Ok((events, end))
            }
        }
    }

    /// The final events of the requests with these ids, in the log's order; waits until all of them are there. A request
    /// that was sent twice with the same id has two events.
    ///
    /// # Errors
    /// `TimedOut`, naming the ids that have none; and as [`Cluster::audit_events`].
    pub fn audit_events_of(&self, since: AuditMark, ids: &[&str], within: Duration) -> io::Result<Vec<AuditEvent>> {
        let mut seen: Vec<AuditEvent> = Vec::new();
        let mut mark = since;
        let done = wait::until(within, || {
            let (events, next) = match self.audit_events(mark) {
                Ok(more) => more,
                Err(err) => return Some(Err(err)),
            };
            mark = next;
            seen.extend(events.into_iter().filter(|it| it.stage == COMPLETE && ids.contains(&it.audit_id.as_str())));
            ids.iter().all(|id| seen.iter().any(|event| event.audit_id == *id)).then_some(Ok(()))
        });
        match done {
            Some(result) => result.map(|()| seen),
            None => {
                let missing = |id: &&&str| !seen.iter().any(|event| event.audit_id == **id);
                let missing: Vec<_> = ids.iter().filter(missing).collect();
                Err(io::Error::new(io::ErrorKind::TimedOut, format!("the audit log has no event of {missing:?}")))
            }
        }
    }
}

fn events_in(log: &Path, since: AuditMark) -> io::Result<(Vec<AuditEvent>, AuditMark)> {
    let mut file = File::open(log)?;
    file.seek(SeekFrom::Start(since.0))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    // The server may be writing a line just now.
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    bytes.truncate(whole);
    let events = serde_json::Deserializer::from_slice(&bytes).into_iter().collect::<Result<_, _>>()?;
    Ok((events, AuditMark(since.0 + whole as u64)))
}
