//! What a call did: every request that left, and those that were about to and did not. The audit trail is made of these.

use crate::error::ErrorCode;
use async_trait::async_trait;
use meho_policy::effect::{Method, Trust};
use meho_policy::plan::Digest;
use std::time::Duration;

/// Whose a request was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A connector's, as an effect of its operation allows.
    Connector,
    /// The host's own.
    Host,
}

/// One request that left this host, or was about to. An attempt that was repeated is two of these.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestRecord {
    /// Whose it was.
    pub origin: Origin,
    /// Also in the target's own audit log, where it keeps one.
    pub audit_id: String,
    /// The effect that allowed it, or what the host asked.
    pub effect: String,
    /// What it could do.
    pub trust: Trust,
    /// The method.
    pub method: Method,
    /// Path and query, as sent.
    pub path_and_query: String,
    /// Digest of the body that was sent, where there was one.
    pub body: Option<Digest>,
    /// What came of it.
    pub ending: Ending,
    /// Until the answer's headers; zero where the call ended before them.
    pub duration: Duration,
    /// What came of the answer's body, decompressed, until it ended or was let go.
    pub response_bytes: u64,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// An answer with this status.
    Answered(u16),
    /// No connection: nothing was sent.
    NotSent(String),
    /// It was sent and its fate is not known.
    Unknown(String),
}

/// What a call used.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Most linear memory of the guest.
    pub peak_memory_bytes: usize,
    /// Time in which guest code ran, to a hundredth of a second.
    pub cpu: Duration,
    /// From start to end, without waiting for the reader of the rows.
    pub wall: Duration,
    /// Bodies of answers, decompressed.
    pub response_bytes: u64,
    /// Rows that left.
    pub rows: u64,
}

/// Which call it was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallId {
    /// The operation; `check` for a check of the target and `preview` for the preview of a plan, which are the host's own.
    pub operation: String,
    /// The target's name.
    pub target: String,
    /// The URL that it went to. Names can be pointed elsewhere.
    pub server: String,
    /// Who called.
    pub principal: String,
    /// The component; none where none was run and the host asked for itself.
    pub component: Option<Digest>,
    /// The plan that was executed; none for a read, and for the making of a plan.
    pub plan: Option<Digest>,
}

/// What a call did.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRecord {
    /// Which call it was.
    pub id: CallId,
    /// Every request that left, in the order in which they did.
    pub requests: Vec<RequestRecord>,
    /// What came of it.
    pub ending: CallEnding,
    /// What it used.
    pub usage: Usage,
    /// What the guest had to say: its log, standard output and error. A stranger's text.
    pub guest_log: Vec<GuestLine>,
}

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallEnding {
    /// An answer, complete or not.
    Answered,
    /// A plan: the run ended before its write.
    Planned,
    /// An error.
    Failed(ErrorCode),
    /// Whoever called did not wait for its end.
    Abandoned,
}

/// A line of a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestLine {
    /// How urgent the guest finds it.
    pub level: GuestLevel,
    /// What it says.
    pub text: String,
}

/// How urgent a guest finds a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the usual five")]
pub enum GuestLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// Who keeps records. The embedder's.
#[async_trait]
pub trait Recorder: Send + Sync {
    /// A write is about to be sent. Where this fails, it is not sent.
    ///
    /// # Errors
    /// Why it could not be recorded.
    async fn intent(&self, request: &RequestIntent) -> Result<(), String>;

    /// A call has ended, or was abandoned. Runs to its end even where nobody waits for the call any more.
    ///
    /// # Errors
    /// Why it could not be recorded. The call's answer then says so.
    async fn call(&self, record: CallRecord) -> Result<(), String>;
}

/// A write that is about to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestIntent {
    /// Which call's.
    pub call: CallId,
    /// Whose it is. A host's own is a dry run: it changes nothing at a target that keeps its word.
    pub origin: Origin,
    /// The id that it will carry.
    pub audit_id: String,
    /// The effect that allows it, or what the host asks.
    pub effect: String,
    /// The method.
    pub method: Method,
    /// Path and query.
    pub path_and_query: String,
    /// Digest of its body.
    pub body: Option<Digest>,
    /// What it can do.
    pub trust: Trust,
}

/// Keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRecorder;

#[async_trait]
impl Recorder for NoRecorder {
    async fn intent(&self, _: &RequestIntent) -> Result<(), String> {
        Ok(())
    }

    async fn call(&self, _: CallRecord) -> Result<(), String> {
        Ok(())
    }
}
