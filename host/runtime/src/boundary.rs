//! The boundary of one call: what it may do, what it has done, and why it must end.
//!
//! Shared by everything that serves the call. The first failure here that ends the call decides its error code, whatever the guest says.

use crate::budget::Budgets;
use crate::credential::Refusal;
use crate::error::{CallError, ErrorCode};
use crate::fault;
use crate::record::{CallId, Ending, GuestLevel, GuestLine, Recorder, RequestRecord, Usage};
use crate::target::Target;
use crate::transport::{TransportError, Upstream};
use jiff::Timestamp;
use meho_policy::authority::Authority;
use meho_policy::decide::{Decision, Permit, decide};
use meho_policy::denial::Denial;
use meho_policy::effect::Trust;
use meho_policy::observer::{Finding, Observer};
use meho_policy::plan::PlannedRequest;
use meho_policy::redaction::Redactor;
use meho_policy::request::CanonicalRequest;
use meho_policy::state::{Receipt, State, observe, observe_status, spend};
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

/// Most warnings of a target that are kept, and how long each may be.
const MAX_TARGET_WARNINGS: usize = 20;
const MAX_WARNING_CHARS: usize = 500;

/// Why a call must end, or what stood between it and an answer.
#[derive(Debug)]
pub(crate) enum Finish {
    /// A request was denied.
    Denied(Denial),
    /// A budget is used up. Its name and its limit.
    Budget(&'static str, String),
    /// The guest did what the contract rules out.
    Fault(String),
    /// A plan run came to its write.
    Planned(Box<PlannedRequest>),
    /// A write's intent could not be recorded.
    Unrecorded(String),
    /// Nobody reads the rows. The error, where there is still somebody to tell.
    Reader(Option<CallError>),
}

/// The boundary of one call.
pub(crate) struct Boundary {
    pub(crate) budgets: Budgets,
    /// None while a component describes itself: then nothing is permitted, and nothing could be sent.
    target: Option<Target>,
    pub(crate) recorder: Arc<dyn Recorder>,
    /// Which call it is, for whoever keeps records.
    pub(crate) id: CallId,
    pub(crate) requests_at_a_time: Arc<Semaphore>,
    authority: Authority,
    state: Mutex<State>,
    course: Mutex<Course>,
    finished: Notify,
    /// The first time that no answer came.
    silence: Mutex<Option<CallError>>,
    /// The target refused the credential, in our words.
    refusal: Mutex<Option<CallError>>,
    attempts: AtomicU32,
    response_bytes: AtomicU64,
    rows: AtomicU64,
    row_bytes: AtomicU64,
    cpu_ticks: AtomicU64,
    memory: AtomicUsize,
    peak_memory: AtomicUsize,
    warnings: Mutex<Vec<String>>,
    server_time: Mutex<Option<Timestamp>>,
    log: Mutex<GuestLog>,
    started: Instant,
    waits: Mutex<Waits>,
}

/// How far the call has come. Under one lock, so that what leaves, what ended the call and its end have one order.
#[derive(Default)]
struct Course {
    /// The first reason to end.
    finish: Option<Finish>,
    /// Nothing leaves any more, and no further reason counts.
    is_closed: bool,
    /// Requests whose body the guest has not ended, so that they are not judged yet.
    unjudged: u32,
    /// Every request that left.
    requests: Vec<RequestRecord>,
}

#[derive(Default)]
struct GuestLog {
    lines: Vec<GuestLine>,
    bytes: usize,
    dropped: u64,
}

/// Waiting for the reader of the rows: it counts against nothing of the guest's.
#[derive(Default)]
struct Waits {
    total: Duration,
    since: Option<Instant>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Boundary {
    pub(crate) fn new(
        authority: Authority,
        target: Option<Target>,
        (id, recorder): (CallId, Arc<dyn Recorder>),
        budgets: Budgets,
    ) -> Self {
        Self {
            requests_at_a_time: Arc::new(Semaphore::new(budgets.requests_at_a_time as usize)),
            target,
            recorder,
            id,
            state: Mutex::new(State::new(&authority)),
            authority,
            budgets,
            course: Mutex::default(),
            finished: Notify::new(),
            silence: Mutex::new(None),
            refusal: Mutex::new(None),
            attempts: AtomicU32::new(0),
            response_bytes: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            row_bytes: AtomicU64::new(0),
            cpu_ticks: AtomicU64::new(0),
            memory: AtomicUsize::new(0),
            peak_memory: AtomicUsize::new(0),
            warnings: Mutex::default(),
            server_time: Mutex::default(),
            log: Mutex::default(),
            started: Instant::now(),
            waits: Mutex::default(),
        }
    }

    /// The way to the target.
    pub(crate) fn upstream(&self) -> Result<&Arc<Upstream>, TransportError> {
        let nowhere = || TransportError::Connect { reason: "there is no target".to_owned() };
        self.target.as_ref().map(Target::upstream).ok_or_else(nowhere)
    }

    /// What has to be done to the answer to a request before the guest gets a byte of it.
    pub(crate) fn redactor(&self, permit: &Permit) -> Option<Redactor> {
        let target = self.target.as_ref()?;
        target.secrets().redactor(target.family(), permit)
    }

    /// The call must end. The first reason is the one that counts.
    pub(crate) fn end(&self, reason: Finish) {
        let mut course = lock(&self.course);
        if course.finish.is_none() && !course.is_closed {
            if let Finish::Denied(denial) = &reason {
                // Not the part that broke it: that is a guest's text.
                tracing::warn!(rule = %denial.rule, "a connector's request was denied");
            }
            course.finish = Some(reason);
        }
        drop(course);
        self.finished.notify_one();
    }

    /// Resolves when the call must end.
    pub(crate) async fn ended(&self) {
        self.finished.notified().await;
    }

    pub(crate) fn has_ended(&self) -> bool {
        lock(&self.course).finish.is_some()
    }

    /// The call is over: what is still under way inside it can send nothing more. Gives what ended it, and whether the guest left a request behind that
    /// it had begun.
    pub(crate) fn close(&self) -> (Option<Finish>, bool) {
        let mut course = lock(&self.course);
        course.is_closed = true;
        (course.finish.take(), course.unjudged > 0)
    }

    /// A request was begun whose body is still to come.
    pub(crate) fn begun(&self) {
        lock(&self.course).unjudged += 1;
    }

    /// Its body came to an end.
    pub(crate) fn ended_its_body(&self) {
        lock(&self.course).unjudged -= 1;
    }

    /// No answer came. The guest may carry on; the answer is not complete any more.
    pub(crate) fn no_answer(&self, error: &TransportError, trust: Trust) {
        let mut silence = lock(&self.silence);
        if silence.is_none() {
            *silence = Some(fault::of_transport(error, trust));
        }
    }

    /// An answer broke off.
    pub(crate) fn broken_answer(&self, error: CallError) {
        lock(&self.silence).get_or_insert(error);
    }

    pub(crate) fn silence(&self) -> Option<CallError> {
        lock(&self.silence).clone()
    }

    /// The target does not accept the credential, and there is no other, for one because renewing it failed.
    pub(crate) fn not_accepted(&self, refusal: &Refusal, renewing: Option<&TransportError>) {
        *lock(&self.refusal) = Some(fault::of_refusal(refusal, renewing));
    }

    pub(crate) fn refusal(&self) -> Option<CallError> {
        lock(&self.refusal).clone()
    }

    /// Counts an attempt to send, sent or not. False where there were too many.
    pub(crate) fn attempt(&self) -> bool {
        self.attempts.fetch_add(1, Ordering::Relaxed) < self.budgets.requests
    }

    /// Decides on a request and spends what it costs.
    pub(crate) fn decide(&self, request: &CanonicalRequest) -> Result<Decided, Denial> {
        let mut state = lock(&self.state);
        match decide(&self.authority, &state, request)? {
            Decision::Send(permit) => {
                let receipt = spend(&mut state, &permit);
                Ok(Decided::Send(Box::new(permit), receipt))
            }
            Decision::Plan(planned) => Ok(Decided::Plan(Box::new(planned))),
        }
    }

    /// What one of the host's own requests is counted against: nothing of the call's.
    pub(crate) fn spend_of_host(&self, permit: &Permit) -> Receipt {
        spend(&mut lock(&self.state), permit)
    }

    pub(crate) fn observe_status(&self, receipt: Receipt, status: u16) {
        observe_status(&mut lock(&self.state), receipt, status);
    }

    pub(crate) fn observer(&self, receipt: Receipt) -> Option<Observer> {
        Observer::new(&self.authority, receipt)
    }

    pub(crate) fn observe(&self, receipt: Receipt, findings: Vec<Finding>) {
        let mut state = lock(&self.state);
        for finding in findings {
            observe(&mut state, &self.authority, receipt, finding);
        }
    }

    /// Notes a request that is about to leave, before it does: its task may end with the call, and what it did must stand in the record all the
    /// same. Gives its place; none where the call is over or must end: then it must not leave.
    pub(crate) fn leaving(&self, record: RequestRecord) -> Option<usize> {
        let mut course = lock(&self.course);
        if course.is_closed || course.finish.is_some() {
            return None;
        }
        course.requests.push(record);
        Some(course.requests.len() - 1)
    }

    /// What came of a request that left.
    pub(crate) fn left(&self, place: usize, ending: Ending, duration: Duration) {
        if let Some(record) = lock(&self.course).requests.get_mut(place) {
            (record.ending, record.duration) = (ending, duration);
        }
    }

    /// Counts bytes of an answer. False where those of the call are too many.
    pub(crate) fn receive(&self, place: usize, bytes: usize) -> bool {
        let bytes = bytes as u64;
        if let Some(record) = lock(&self.course).requests.get_mut(place) {
            record.response_bytes += bytes;
        }
        self.response_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.budgets.response_bytes
    }

    /// What became of the call's write, as far as is known now.
    pub(crate) fn fate_of_write(&self) -> WriteFate {
        let course = lock(&self.course);
        let mut writes = course.requests.iter().filter(|request| request.trust > Trust::Read);
        match writes.next_back().map(|write| &write.ending) {
            Some(Ending::Answered(status)) => WriteFate::Answered(*status),
            Some(Ending::NotSent(_)) => WriteFate::NotSent,
            Some(Ending::Unknown(_)) => WriteFate::Unknown,
            None if lock(&self.state).has_written() => WriteFate::NotSent,
            None => WriteFate::None,
        }
    }

    /// All requests of the call. None leaves afterwards.
    pub(crate) fn take_requests(&self) -> Vec<RequestRecord> {
        let mut course = lock(&self.course);
        course.is_closed = true;
        std::mem::take(&mut course.requests)
    }

    /// A `Warning` of the target's, for the answer.
    pub(crate) fn warn(&self, warning: &str) {
        let mut warnings = lock(&self.warnings);
        let warning: String = warning.chars().take(MAX_WARNING_CHARS).collect();
        if warnings.len() < MAX_TARGET_WARNINGS && !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    pub(crate) fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.warnings))
    }

    /// An answer said what time it is. The newest counts.
    pub(crate) fn dated(&self, time: Timestamp) {
        let mut newest = lock(&self.server_time);
        *newest = newest.max(Some(time));
    }

    pub(crate) fn server_time(&self) -> Option<Timestamp> {
        *lock(&self.server_time)
    }

    /// Counts rows. False where they have too many bytes.
    pub(crate) fn push_rows(&self, rows: u64, bytes: usize) -> bool {
        self.rows.fetch_add(rows, Ordering::Relaxed);
        let bytes = bytes as u64;
        self.row_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.budgets.rows_bytes
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Counts a tick in which guest code ran. Gives how many there were.
    pub(crate) fn tick(&self) -> u64 {
        self.cpu_ticks.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Counts memory of the guest. False where it wants too much.
    pub(crate) fn grow_memory(&self, more: usize) -> bool {
        let now = self.memory.load(Ordering::Relaxed).saturating_add(more);
        if now > self.budgets.memory_bytes {
            return false;
        }
        self.memory.store(now, Ordering::Relaxed);
        self.peak_memory.fetch_max(now, Ordering::Relaxed);
        true
    }

    /// Keeps a line of the guest, as far as its log has room.
    pub(crate) fn log(&self, level: GuestLevel, text: &str) {
        let mut log = lock(&self.log);
        let room = self.budgets.log_bytes.saturating_sub(log.bytes);
        let text: String = text.chars().take(room).collect();
        if text.is_empty() || text.len() > room {
            log.dropped += 1;
            return;
        }
        log.bytes += text.len();
        log.lines.push(GuestLine { level, text });
    }

    pub(crate) fn take_log(&self) -> Vec<GuestLine> {
        let mut log = lock(&self.log);
        let mut lines = std::mem::take(&mut log.lines);
        if log.dropped > 0 {
            let text = format!(
                "{} more lines were dropped: the log of a call has {} bytes",
                log.dropped, self.budgets.log_bytes
            );
            lines.push(GuestLine { level: GuestLevel::Warn, text });
        }
        lines
    }

    /// Waits for the reader of the rows. The call's clock stands still meanwhile.
    pub(crate) async fn wait_for_reader<T>(&self, reader: impl Future<Output = T>) -> Result<T, CallError> {
        lock(&self.waits).since = Some(Instant::now());
        let outcome = tokio::time::timeout(self.budgets.reader, reader).await;
        let mut waits = lock(&self.waits);
        let waited = waits.since.take().map(|since| since.elapsed()).unwrap_or_default();
        waits.total += waited;
        outcome.map_err(|_| {
            let seconds = self.budgets.reader.as_secs();
            CallError::new(ErrorCode::Timeout, format!("nobody read the rows for {seconds} s"))
                .hint("read the rows as they come, or ask for fewer")
                .detail("waiting_for", "reader")
        })
    }

    /// Whether the guest is held up because nobody reads its rows.
    pub(crate) fn waits_for_reader(&self) -> bool {
        lock(&self.waits).since.is_some()
    }

    /// When the call's time is over, as things stand.
    pub(crate) fn deadline(&self) -> Instant {
        let waits = lock(&self.waits);
        let waiting = waits.since.map(|since| since.elapsed()).unwrap_or_default();
        self.started + self.budgets.wall + waits.total + waiting
    }

    pub(crate) fn usage(&self, tick: Duration) -> Usage {
        let ticks = u32::try_from(self.cpu_ticks.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        Usage {
            peak_memory_bytes: self.peak_memory.load(Ordering::Relaxed),
            cpu: tick * ticks,
            wall: self.started.elapsed().saturating_sub(lock(&self.waits).total),
            response_bytes: self.response_bytes.load(Ordering::Relaxed),
            rows: self.rows(),
        }
    }
}

/// What became of a call's write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteFate {
    /// There was none.
    None,
    /// An answer with this status.
    Answered(u16),
    /// No byte of it left.
    NotSent,
    /// It left, and nobody knows what came of it.
    Unknown,
}

impl WriteFate {
    /// The error of a call with this in it: whoever reads it must know whether something was changed.
    pub(crate) fn told(self, error: CallError) -> CallError {
        match self {
            Self::None => error,
            Self::Answered(status) => error.detail("outcome", "answered").detail("write_status", status),
            Self::NotSent => error.detail("outcome", "not sent"),
            Self::Unknown => error.detail("outcome", "unknown").hint(fault::FATE_UNKNOWN),
        }
    }
}

/// What becomes of a request.
pub(crate) enum Decided {
    Send(Box<Permit>, Receipt),
    Plan(Box<PlannedRequest>),
}
