//! One call, from arguments to answer: an instance of its own, a boundary of its own, and one ending.

use crate::bindings::{Call as GuestCall, Meta as GuestMeta, Outcome, Summary};
use crate::boundary::{Boundary, Finish, WriteFate};
use crate::budget::Budgets;
use crate::connector::{Connector, store};
use crate::discovery::Judge;
use crate::engine::TICK;
use crate::error::{CallError, ErrorCode};
use crate::fault;
use crate::guest::{Guest, Replay};
use crate::record::{CallEnding, CallId, CallRecord, Recorder};
use crate::rows::{Sink, check_object};
use crate::target::Target;
use jiff::Timestamp;
use meho_graph::Coverage;
use meho_policy::authority::{Authority, Phase};
use meho_policy::catalogue::{Discovery, Effects, Operation, ResultKind};
use meho_policy::grammar::OperationId;
use meho_policy::plan::{Digest, PlannedRequest};
use meho_policy::schema::Arguments;
use serde::Serialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::Engine;

/// Most warnings of a guest, and how long each may be.
const MAX_WARNINGS: usize = 100;
/// Longest token, and version, that a guest hands on.
const MAX_TOKEN_CHARS: usize = 8192;
/// Said with every answer of a target that did not prove who it is.
pub(crate) const UNVERIFIED: &str = "the target's certificate was not verified: whoever is between may have read the credential and changed this answer";

/// What is to be known about an answer besides its data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AnswerMeta {
    /// False where anything that belongs to the answer could not be read.
    pub complete: bool,
    /// How many rows there were; 1 for an object; of discovery, how many entities.
    pub returned: u64,
    /// How many rows there are beyond these, where the target said so.
    pub remaining: Option<u64>,
    /// Where to go on.
    #[serde(rename = "continue")]
    pub token: Option<String>,
    /// The version of the target's state that a list was read at.
    pub resource_version: Option<String>,
    /// The time by the target's own clock when it last answered, where it says so. Ages of what it holds are counted from this, and not from a clock here.
    #[serde(serialize_with = "crate::time::serialize")]
    pub server_time: Option<Timestamp>,
    /// Sentences for the caller.
    pub warnings: Vec<String>,
    /// How many of the warnings, from the first on, are the connector's words: a stranger's, to be shown as such. The others are the host's.
    #[serde(skip)]
    pub warnings_of_connector: usize,
}

/// The end of a call that succeeded. For a list, the rows have gone before.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The object; none for a list.
    pub data: Option<Box<RawValue>>,
    /// What is to be known about it.
    pub meta: AnswerMeta,
    /// How much was read of what, for discovery.
    pub coverage: Option<Box<Coverage>>,
}

/// What a run came to.
pub(crate) enum RunEnd {
    Answered(Box<Answer>),
    Failed(CallError),
    Planned(Box<PlannedRequest>),
}

/// What a guest is run for.
#[derive(Clone, Copy)]
pub(crate) enum Task<'h> {
    Operation(&'h Operation),
    /// Whatever it finds has been judged.
    Discovery(&'h Discovery, &'h Judge),
}

impl<'h> Task<'h> {
    fn id(self) -> &'h OperationId {
        match self {
            Self::Operation(operation) => &operation.id,
            Self::Discovery(discovery, _) => &discovery.id,
        }
    }

    fn effects(self) -> &'h Effects {
        match self {
            Self::Operation(operation) => &operation.effects,
            Self::Discovery(discovery, _) => &discovery.effects,
        }
    }
}

/// What a guest returned.
enum Returned {
    Outcome(Outcome),
    Summary(Summary),
}

/// One run of one operation, or of discovery.
pub(crate) struct Run<'h> {
    pub(crate) engine: &'h Engine,
    pub(crate) connector: &'h Connector,
    pub(crate) task: Task<'h>,
    pub(crate) target: &'h Target,
    pub(crate) arguments: &'h Arguments,
    pub(crate) principal: &'h str,
    /// The plan that is executed.
    pub(crate) plan: Option<Digest>,
    pub(crate) budgets: Budgets,
    pub(crate) replay: Replay,
    pub(crate) recorder: Arc<dyn Recorder>,
    #[cfg(feature = "memory-inspection")]
    pub(crate) inspector: Option<Arc<crate::inspection::Inspector>>,
}

impl Run<'_> {
    /// Runs the operation to its end. Rows go to the sink meanwhile.
    pub(crate) async fn go(self, phase: Phase, sink: Sink) -> RunEnd {
        let clock = rfc3339(self.replay.clock);
        let executes = matches!(phase, Phase::Execute(_));
        let authority = Authority::compile(self.task.effects(), self.arguments, &clock, phase)
            .under(self.target.rules(), self.task.id());
        let id = CallId {
            operation: self.task.id().as_str().to_owned(),
            target: self.target.name().to_owned(),
            server: self.target.server().to_owned(),
            principal: self.principal.to_owned(),
            component: Some(self.connector.digest()),
            plan: self.plan,
        };
        let recorder = (id, self.recorder.clone());
        let boundary = Arc::new(Boundary::new(authority, Some(self.target.clone()), recorder, self.budgets.clone()));
        let recording = Recording::new(boundary.clone());
        let guest = Guest::new(boundary.clone(), sink, self.replay);
        let returned = self.invoke(guest, &boundary).await;
        let mut end = self.conclude(returned, &boundary, executes);
        if let Err(why) = recording.end(CallEnding::from(&end)).await {
            match &mut end {
                RunEnd::Answered(answer) => answer.meta.warnings.push(format!("this call was not recorded: {why}")),
                RunEnd::Failed(error) => *error = error.clone().detail("unrecorded", why),
                // Nothing has left that could change anything, and its execution is another call.
                RunEnd::Planned(_) => {}
            }
        }
        end
    }

    /// Runs the guest until it returns, the boundary ends it, or its time is over. Its instance is gone afterwards.
    async fn invoke(&self, guest: Guest, boundary: &Arc<Boundary>) -> Result<Returned, CallError> {
        let mut store = store(self.engine, guest);
        // In one form, whatever order they came in: a plan's are kept, and a guest must not know a plan from its execution by them.
        let arguments = canonical(self.arguments);
        let running = async {
            let instance = self.connector.pre().instantiate_async(&mut store).await?;
            let returned = match self.task {
                Task::Operation(operation) => {
                    let call = GuestCall { operation: operation.id.as_str().to_owned(), arguments };
                    let returned = instance.meho_connector_operations().call_invoke(&mut store, &call).await;
                    returned.map(|ended| ended.map(Returned::Outcome).map_err(Box::new))
                }
                Task::Discovery(..) => {
                    let returned = instance.meho_connector_topology().call_discover(&mut store, &arguments).await;
                    returned.map(|ended| ended.map(Returned::Summary).map_err(Box::new))
                }
            };
            #[cfg(feature = "memory-inspection")]
            if let Some(inspector) = &self.inspector {
                inspector.look(&mut store, &instance, &returned).await;
            }
            returned
        };
        let returned = tokio::select! {
            biased;
            () = boundary.ended() => return Err(fault::connector_fault("the call was ended")),
            returned = running => returned,
            () = overdue(boundary) => {
                let seconds = self.budgets.wall.as_secs();
                return Err(CallError::new(ErrorCode::Timeout, format!("the call was not done within {seconds} s"))
                    .hint("narrow the call, or give it more time"));
            }
        };
        match returned {
            Ok(Ok(returned)) => Ok(returned),
            Ok(Err(failure)) => Err(fault::of_failure(*failure, boundary.silence(), boundary.refusal())),
            Err(trap) => Err(fault::of_trap(&trap, &self.budgets)),
        }
    }

    /// The first boundary failure decides, whatever the guest returned.
    fn conclude(&self, returned: Result<Returned, CallError>, boundary: &Boundary, executes: bool) -> RunEnd {
        let (finish, left_behind) = boundary.close();
        match finish {
            Some(Finish::Planned(planned)) => return RunEnd::Planned(planned),
            Some(finish) => return RunEnd::Failed(boundary.fate_of_write().told(fault::of_finish(finish))),
            None => {}
        }
        let returned = returned.and_then(|returned| {
            if left_behind {
                return Err(fault::connector_fault("it returned before it had ended the body of a request"));
            }
            match (self.task, returned) {
                (Task::Operation(operation), Returned::Outcome(outcome)) => self.answer(operation, outcome, boundary),
                (Task::Discovery(_, judge), Returned::Summary(summary)) => self.graph(judge, summary, boundary),
                // Which function was called is decided by the task.
                (Task::Operation(_), Returned::Summary(_)) | (Task::Discovery(..), Returned::Outcome(_)) => {
                    Err(CallError::new(ErrorCode::InternalError, "a guest returned what it was not called for"))
                }
            }
        });
        match returned {
            Ok(answer) => match boundary.fate_of_write() {
                WriteFate::None if executes => RunEnd::Failed(WriteFate::NotSent.told(fault::not_executed())),
                WriteFate::None => RunEnd::Answered(Box::new(answer)),
                WriteFate::Answered(200..=299) => RunEnd::Answered(Box::new(answer)),
                fate @ WriteFate::Answered(status) => {
                    let why = format!("the target answered its write with {status}, and it calls that a success");
                    RunEnd::Failed(fate.told(fault::connector_fault(&why)))
                }
                // Whatever the guest makes of it: a write without an answer is no success.
                fate @ (WriteFate::NotSent | WriteFate::Unknown) => {
                    let silence = boundary.silence();
                    let why = || fault::connector_fault("it did not wait for the answer to its write");
                    RunEnd::Failed(fate.told(silence.unwrap_or_else(why)))
                }
            },
            Err(error) => RunEnd::Failed(boundary.fate_of_write().told(error)),
        }
    }

    fn answer(&self, operation: &Operation, outcome: Outcome, boundary: &Boundary) -> Result<Answer, CallError> {
        let data = match (operation.kind, outcome.data) {
            (ResultKind::List, None) => None,
            (ResultKind::Object, Some(text)) if text.len() > self.budgets.row_bytes => {
                return Err(fault::of_finish(Finish::Budget("row_bytes", self.budgets.row_bytes.to_string())));
            }
            (ResultKind::Object, Some(text)) => {
                check_object(text.as_bytes()).map_err(|why| fault::connector_fault(&format!("its result {why}")))?;
                Some(RawValue::from_string(text).map_err(|_| fault::connector_fault("its result is not JSON"))?)
            }
            (ResultKind::List, Some(_)) => {
                return Err(fault::connector_fault("it returns an object where rows were promised"));
            }
            (ResultKind::Object, None) => {
                return Err(fault::connector_fault("it returns nothing where an object was promised"));
            }
        };
        let returned = if data.is_some() { 1 } else { boundary.rows() };
        Ok(Answer { data, meta: self.meta(outcome.meta, returned, boundary), coverage: None })
    }

    /// The end of discovery, whose findings have left: how much was read of what.
    fn graph(&self, judge: &Judge, summary: Summary, boundary: &Boundary) -> Result<Answer, CallError> {
        let coverage = judge
            .coverage(self.arguments, summary.entities, summary.relationships)
            .map_err(|why| fault::connector_fault(&why))?;
        let mut meta = self.meta(summary.meta, judge.entities(), boundary);
        // Whatever the guest says of the whole.
        meta.complete &= coverage.is_complete();
        Ok(Answer { data: None, meta, coverage: Some(Box::new(coverage)) })
    }

    fn meta(&self, meta: GuestMeta, returned: u64, boundary: &Boundary) -> AnswerMeta {
        let mut warnings: Vec<String> =
            meta.warnings.iter().take(MAX_WARNINGS).map(|warning| fault::cut(warning)).collect();
        let warnings_of_connector = warnings.len();
        let mut complete = meta.complete;
        if let Some(silence) = boundary.silence() {
            complete = false;
            warnings.push(format!("something could not be read: {}", silence.message));
        }
        warnings.extend(boundary.take_warnings());
        if !self.target.is_verified() {
            warnings.push(UNVERIFIED.to_owned());
        }
        let bounded = |text: String| text.chars().take(MAX_TOKEN_CHARS).collect::<String>();
        AnswerMeta {
            complete,
            returned,
            remaining: meta.remaining,
            token: meta.continue_.map(bounded),
            resource_version: meta.resource_version.map(bounded),
            server_time: boundary.server_time(),
            warnings,
            warnings_of_connector,
        }
    }
}

impl From<&RunEnd> for CallEnding {
    fn from(end: &RunEnd) -> Self {
        match end {
            RunEnd::Answered(_) => Self::Answered,
            RunEnd::Planned(_) => Self::Planned,
            RunEnd::Failed(error) => Self::Failed(error.code),
        }
    }
}

/// The record of a call, which is made whatever becomes of the call: also where nobody waits for it any more and its future is dropped.
pub(crate) struct Recording {
    boundary: Arc<Boundary>,
    is_done: bool,
}

impl Recording {
    pub(crate) fn new(boundary: Arc<Boundary>) -> Self {
        Self { boundary, is_done: false }
    }

    /// The call's end. Where it was not recorded, why.
    pub(crate) async fn end(mut self, ending: CallEnding) -> Result<(), String> {
        self.is_done = true;
        // In a task of its own, so that it comes to its end where this future does not.
        let recorded =
            tokio::spawn(self.record(ending)).await.unwrap_or_else(|_| Err("the recorder panicked".to_owned()));
        recorded.inspect_err(|why| tracing::error!(%why, "a call was not recorded"))
    }

    fn record(&self, ending: CallEnding) -> impl Future<Output = Result<(), String>> + Send + 'static {
        let record = CallRecord {
            id: self.boundary.id.clone(),
            requests: self.boundary.take_requests(),
            ending,
            usage: self.boundary.usage(TICK),
            guest_log: self.boundary.take_log(),
        };
        let recorder = self.boundary.recorder.clone();
        async move { recorder.call(record).await }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(self.record(CallEnding::Abandoned))),
            Err(_) => tracing::error!("the runtime is gone: an abandoned call was not recorded"),
        }
    }
}

fn canonical(arguments: &Arguments) -> String {
    let bytes = meho_policy::json::to_canonical(&serde_json::Value::Object(arguments.as_map().clone()));
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

/// Resolves when the call's time is over. The time moves while a reader is waited for.
pub(crate) async fn overdue(boundary: &Boundary) {
    loop {
        let deadline = boundary.deadline();
        tokio::time::sleep_until(deadline).await;
        if boundary.deadline() <= deadline {
            return;
        }
    }
}

/// An instant as effects and guests see it: RFC 3339 in UTC, to the second.
pub(crate) fn rfc3339(clock: Duration) -> String {
    let seconds = i64::try_from(clock.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| "1970-01-01T00:00:00Z".to_owned(), |instant| instant.to_string())
}
