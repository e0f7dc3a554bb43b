//! The embedding API: a host that loads connectors and calls them.

use crate::approval::{Approver, PlanStore, Plans};
use crate::boundary::Finish;
use crate::budget::Budgets;
use crate::call::{Answer, Run, RunEnd, Task};
use crate::check::{Check, Checking, TargetCheck};
use crate::connector::Connector;
use crate::discovery::{Discover, Judge};
use crate::engine::{MAX_ADMISSIONS, MAX_CALLS, engine};
use crate::error::{CallError, ErrorCode};
use crate::execution::Planned;
use crate::fault;
use crate::guest::{Guest, Replay, linker};
use crate::record::{NoRecorder, Recorder};
use crate::rows::{RowBatch, Sink};
use crate::target::Target;
use meho_graph::{Collector, Graph};
use meho_policy::authority::Phase;
use meho_policy::catalogue::{Operation, ResultKind};
use meho_policy::effect::Trust;
use meho_policy::plan::Digest;
use meho_policy::schema::{Arguments, DRY_RUN};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;
use wasmtime::Engine;
use wasmtime::component::Linker;

/// Batches of rows that wait for their reader. A guest that is further ahead waits.
const WAITING_BATCHES: usize = 2;
/// What to do where this host serves no more.
const CLOSED: &str = "call again on a host that is up: nothing was sent";

/// Who calls what.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The operation.
    pub operation: String,
    /// Its arguments, as the caller gave them.
    pub arguments: Map<String, Value>,
    /// Who calls. Approvals and records are bound to it.
    pub principal: String,
    /// How long it may take, where that is not the host's budget.
    pub timeout: Option<Duration>,
    /// The embedder's own, to be found beside the plan where the call comes to one: how to find the target again, for one. No part of the plan's digest.
    pub note: Value,
}

/// How a host is set up.
#[derive(Clone)]
pub struct HostSettings {
    /// What each call may use.
    pub budgets: Budgets,
    /// Who keeps records.
    pub recorder: Arc<dyn Recorder>,
    /// Where plans wait.
    pub plans: Arc<dyn PlanStore>,
    /// Whether what would come of a plan is asked of its target.
    pub previews: Previews,
    /// Looks at the guest's memory after each call.
    #[cfg(feature = "memory-inspection")]
    pub inspector: Option<Arc<crate::inspection::Inspector>>,
}

impl Default for HostSettings {
    fn default() -> Self {
        Self {
            budgets: Budgets::default(),
            recorder: Arc::new(NoRecorder),
            plans: Arc::new(Plans::default()),
            previews: Previews::default(),
            #[cfg(feature = "memory-inspection")]
            inspector: None,
        }
    }
}

/// Whether plans have previews.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Previews {
    /// They have: the host asks the target, with reads and a dry run.
    #[default]
    Made,
    /// They have none: for a target that is asked for nothing but what is called.
    LeftOut,
}

/// A host. Cheap to clone; clones share the engine.
#[derive(Clone)]
pub struct Host {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    engine: Engine,
    linker: Linker<Guest>,
    pub(crate) settings: HostSettings,
    turns: Arc<Semaphore>,
    admissions: Semaphore,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}

/// What comes of a call, piece by piece: rows, then exactly one end.
#[derive(Debug)]
pub enum Event {
    /// Some rows.
    Rows(RowBatch),
    /// The end. Nothing follows.
    End(Result<Box<Answer>, CallError>),
}

/// A call under way. Dropping it ends the call.
#[derive(Debug)]
pub struct CallStream {
    rows: mpsc::Receiver<RowBatch>,
    running: Option<JoinHandle<Result<Box<Answer>, CallError>>>,
    collected_bytes: u64,
}

impl CallStream {
    /// The next piece; none after the end.
    pub async fn next(&mut self) -> Option<Event> {
        if let Some(rows) = self.rows.recv().await {
            return Some(Event::Rows(rows));
        }
        let running = self.running.as_mut()?;
        let ended =
            running.await.unwrap_or_else(|_| Err(CallError::new(ErrorCode::InternalError, "the call panicked")));
        self.running = None;
        Some(Event::End(ended))
    }

    /// Reads discovery to its end: the graph.
    ///
    /// # Errors
    /// As the call failed; RESOURCE_LIMIT where what is found is more than the budget `collected_bytes`. What came before is dropped.
    pub async fn collect_graph(mut self) -> Result<(Graph, Box<Answer>), CallError> {
        let mut collector = Collector::new();
        while let Some(event) = self.next().await {
            match event {
                Event::Rows(batch) => {
                    for line in batch.iter() {
                        collector.add(line).map_err(|_| fault::connector_fault("a row is no finding"))?;
                    }
                    if collector.held_bytes() > self.collected_bytes {
                        let hint = "ask for one namespace or fewer kinds, or read the findings as they come";
                        return Err(self.too_much().hint(hint));
                    }
                }
                Event::End(ended) => {
                    let answer = ended?;
                    let coverage = answer.coverage.as_deref().cloned();
                    let coverage = coverage.ok_or_else(|| {
                        CallError::new(ErrorCode::InvalidRequest, "a call of an operation has no graph")
                    })?;
                    // It sorts what may be a million findings: not on a thread that others wait for.
                    let settled = tokio::task::spawn_blocking(move || collector.finish(coverage)).await;
                    let graph = settled
                        .map_err(|_| CallError::new(ErrorCode::InternalError, "the graph could not be put together"))?;
                    return Ok((graph, answer));
                }
            }
        }
        Err(CallError::new(ErrorCode::InternalError, "the call has no end"))
    }

    fn too_much(&self) -> CallError {
        fault::of_finish(Finish::Budget("collected_bytes", self.collected_bytes.to_string()))
    }

    /// Reads to the end: all rows of a list, or the object.
    ///
    /// # Errors
    /// As the call failed; RESOURCE_LIMIT where the rows are more than the budget `collected_bytes`. Rows that came before are dropped.
    pub async fn collect(mut self) -> Result<(Value, Box<Answer>), CallError> {
        let mut rows = Vec::new();
        let mut held = 0;
        while let Some(event) = self.next().await {
            match event {
                Event::Rows(batch) => {
                    for line in batch.iter() {
                        held += weight(line);
                        if held > self.collected_bytes {
                            return Err(self.too_much().hint("read the rows as they come instead"));
                        }
                        rows.push(
                            serde_json::from_slice(line).map_err(|_| fault::connector_fault("a row is not JSON"))?,
                        );
                    }
                }
                Event::End(ended) => {
                    let answer = ended?;
                    let data = match &answer.data {
                        Some(object) => serde_json::from_str(object.get())
                            .map_err(|_| fault::connector_fault("its result is not JSON"))?,
                        None => Value::Array(rows),
                    };
                    return Ok((data, answer));
                }
            }
        }
        Err(CallError::new(ErrorCode::InternalError, "the call has no end"))
    }
}

/// The most that a row takes as a value: its text, and what each of its values is kept in. A map of one member has room for eleven, so its eight bytes
/// become hundreds. Brackets and commas within strings are counted too.
fn weight(row: &[u8]) -> u64 {
    let one = |byte: &u8| match byte {
        b'{' => 700,
        b'[' => 200,
        b',' => 80,
        _ => 1,
    };
    row.iter().map(one).sum()
}

impl Drop for CallStream {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.abort();
        }
    }
}

impl Host {
    /// Sets up an engine.
    ///
    /// # Errors
    /// INTERNAL_ERROR where this machine cannot run one.
    pub fn new(settings: HostSettings) -> Result<Self, CallError> {
        let failed = |error: wasmtime::Error| {
            CallError::new(ErrorCode::InternalError, format!("the engine cannot be set up: {error}"))
        };
        #[cfg(feature = "memory-inspection")]
        let keeps_dumps = settings.inspector.is_some();
        #[cfg(not(feature = "memory-inspection"))]
        let keeps_dumps = false;
        let engine = engine(&settings.budgets, keeps_dumps).map_err(failed)?;
        let linker = linker(&engine).map_err(failed)?;
        let turns = Arc::new(Semaphore::new(MAX_CALLS as usize));
        let admissions = Semaphore::new(MAX_ADMISSIONS as usize);
        Ok(Self { inner: Arc::new(Inner { engine, linker, settings, turns, admissions }) })
    }

    /// Admits a component.
    ///
    /// # Errors
    /// CONNECTOR_FAULT with the reason, where it is refused.
    pub async fn load(&self, component: Vec<u8>) -> Result<Arc<Connector>, CallError> {
        let closed = |_| CallError::new(ErrorCode::InternalError, "the host is shutting down").hint(CLOSED);
        let _turn = self.inner.admissions.acquire().await.map_err(closed)?;
        Connector::admit(&self.inner.engine, &self.inner.linker, &self.inner.settings.budgets, component)
            .await
            .map(Arc::new)
    }

    /// Calls an operation. A read runs at once. Anything more is planned, shown to the approver, and sent only on its yes.
    #[must_use]
    pub fn call(
        &self,
        connector: &Arc<Connector>,
        target: &Target,
        call: Call,
        approver: Arc<dyn Approver>,
    ) -> CallStream {
        let (sender, rows) = mpsc::channel(WAITING_BATCHES);
        let (host, connector, target) = (self.clone(), connector.clone(), target.clone());
        let running =
            tokio::spawn(async move { host.serve(&connector, &target, call, approver.as_ref(), sender).await });
        CallStream { rows, running: Some(running), collected_bytes: self.inner.settings.budgets.collected_bytes }
    }

    /// Checks a target: who its credential is there, whether that may call the connector's operations, and how the target proved who it is. Nothing is
    /// changed and no component runs: the host asks for itself.
    ///
    /// # Errors
    /// AUTHENTICATION_FAILED where the target does not take the credential; TLS_ERROR, CONNECTION_FAILED, TIMEOUT where it cannot be asked;
    /// SERVER_ERROR where what answers is no target of its family; INVALID_REQUEST where the family has no way to ask.
    pub async fn check(
        &self,
        target: &Target,
        connector: Option<&Connector>,
        check: Check,
    ) -> Result<Box<TargetCheck>, CallError> {
        let namespace = crate::check::namespace(check.namespace.as_deref())?;
        connector.map_or(Ok(()), |connector| same_family(connector, target))?;
        if !target.family().can_be_asked() {
            let message =
                format!("a target of the family {} cannot be asked who a credential is", target.family().name());
            return Err(CallError::new(ErrorCode::InvalidRequest, message)
                .hint("call one of the connector's operations that read: whether it is answered shows it"));
        }
        let settings = &self.inner.settings;
        let budgets = settings.budgets.under(&target.rules().allowance, check.timeout);
        let _turn = self.turn(budgets.wall).await?;
        let checking = Checking {
            target,
            operations: connector.map(|connector| connector.catalogue().operations()).unwrap_or_default(),
            namespace,
            principal: check.principal,
            budgets,
            recorder: settings.recorder.clone(),
        };
        checking.run().await
    }

    async fn serve(
        &self,
        connector: &Arc<Connector>,
        target: &Target,
        call: Call,
        approver: &dyn Approver,
        sender: mpsc::Sender<RowBatch>,
    ) -> Result<Box<Answer>, CallError> {
        let prepared = self.prepare(connector, target, call)?;
        let turn = self.turn(prepared.budgets.wall).await?;
        if prepared.operation.trust > Trust::Read {
            let waiting = match self.plan_prepared(&prepared).await? {
                Planned::Waiting(waiting) => waiting,
                Planned::NothingToDo(answer) | Planned::DryRun(answer) => return Ok(answer),
            };
            drop(turn);
            return self.ask(&prepared, connector, *waiting, approver).await;
        }
        let sink = match prepared.operation.kind {
            ResultKind::List => Sink::Reader(sender),
            ResultKind::Object => Sink::Closed,
        };
        match self.run(&prepared, Phase::Plan, sink).await {
            RunEnd::Answered(answer) => Ok(answer),
            RunEnd::Failed(error) => Err(error),
            RunEnd::Planned(_) => Err(CallError::new(ErrorCode::InternalError, "a read came to a plan")),
        }
    }

    /// Finds out what there is in a target and how it hangs together: one call that reads. Its rows are findings, in the form that
    /// [`meho_graph::Collector`] takes; its answer says how much was read of what.
    #[must_use]
    pub fn discover(&self, connector: &Arc<Connector>, target: &Target, discover: Discover) -> CallStream {
        let (sender, rows) = mpsc::channel(WAITING_BATCHES);
        let (host, connector, target) = (self.clone(), connector.clone(), target.clone());
        let running = tokio::spawn(async move { host.serve_discovery(&connector, &target, discover, sender).await });
        CallStream { rows, running: Some(running), collected_bytes: self.inner.settings.budgets.collected_bytes }
    }

    async fn serve_discovery(
        &self,
        connector: &Connector,
        target: &Target,
        discover: Discover,
        sender: mpsc::Sender<RowBatch>,
    ) -> Result<Box<Answer>, CallError> {
        let discovery = connector.discovery()?;
        same_family(connector, target)?;
        target.rules().admit(connector.digest(), &discovery.id, Trust::Read).map_err(fault::of_policy)?;
        let arguments = discovery.arguments.check(discover.arguments).map_err(fault::of_arguments)?;
        let settings = &self.inner.settings;
        let budgets = settings.budgets.of_discovery().under(&target.rules().allowance, discover.timeout);
        let _turn = self.turn(budgets.wall).await?;
        let judge = Arc::new(Judge::new(discovery));
        let run = Run {
            engine: &self.inner.engine,
            connector,
            task: Task::Discovery(discovery, &judge),
            target,
            arguments: &arguments,
            principal: &discover.principal,
            plan: None,
            budgets,
            replay: Replay { clock: Duration::from_secs(now().as_secs()), seed: rand::random() },
            recorder: settings.recorder.clone(),
            #[cfg(feature = "memory-inspection")]
            inspector: settings.inspector.clone(),
        };
        match run.go(Phase::Plan, Sink::Findings(sender, judge.clone())).await {
            RunEnd::Answered(answer) => Ok(answer),
            RunEnd::Failed(error) => Err(error),
            RunEnd::Planned(_) => Err(CallError::new(ErrorCode::InternalError, "discovery came to a plan")),
        }
    }

    /// One of the host's places for calls.
    pub(crate) async fn turn(&self, patience: Duration) -> Result<OwnedSemaphorePermit, CallError> {
        let closed = |_| CallError::new(ErrorCode::InternalError, "the host is shutting down").hint(CLOSED);
        let turn = tokio::time::timeout(patience, self.inner.turns.clone().acquire_owned()).await;
        turn.map_err(|_| {
            let message = format!("{MAX_CALLS} calls were under way for {} s: nothing was sent", patience.as_secs());
            CallError::new(ErrorCode::Timeout, message)
                .hint("try again when fewer calls are under way")
                .detail("waiting_for", "turn")
        })?
        .map_err(closed)
    }

    pub(crate) fn prepare<'c>(
        &self,
        connector: &'c Connector,
        target: &'c Target,
        call: Call,
    ) -> Result<Prepared<'c>, CallError> {
        let operation = connector.operation(&call.operation)?;
        same_family(connector, target)?;
        target.rules().admit(connector.digest(), &operation.id, operation.trust).map_err(fault::of_policy)?;
        let mut given = call.arguments;
        let dry_run = operation.trust > Trust::Read && take_dry_run(&mut given)?;
        let arguments = operation.arguments.check(given).map_err(fault::of_arguments)?;
        let replay = Replay { clock: Duration::from_secs(now().as_secs()), seed: rand::random() };
        let budgets = self.inner.settings.budgets.under(&target.rules().allowance, call.timeout);
        Ok(Prepared {
            connector,
            operation,
            target,
            arguments,
            principal: call.principal,
            note: call.note,
            plan: None,
            replay,
            dry_run,
            budgets,
        })
    }

    pub(crate) async fn run(&self, prepared: &Prepared<'_>, phase: Phase, sink: Sink) -> RunEnd {
        let run = Run {
            engine: &self.inner.engine,
            connector: prepared.connector,
            task: Task::Operation(prepared.operation),
            target: prepared.target,
            arguments: &prepared.arguments,
            principal: &prepared.principal,
            plan: prepared.plan,
            budgets: prepared.budgets.clone(),
            replay: prepared.replay,
            recorder: self.inner.settings.recorder.clone(),
            #[cfg(feature = "memory-inspection")]
            inspector: self.inner.settings.inspector.clone(),
        };
        run.go(phase, sink).await
    }
}

fn same_family(connector: &Connector, target: &Target) -> Result<(), CallError> {
    if connector.catalogue().family() == target.family() {
        return Ok(());
    }
    let (component, target) = (connector.catalogue().family().name(), target.family().name());
    let message = format!("the component works on {component} and the target is of the family {target}");
    Err(CallError::new(ErrorCode::InvalidRequest, message).hint("call it on a target of the component's family"))
}

/// A call that has been looked up and checked.
pub(crate) struct Prepared<'c> {
    pub(crate) connector: &'c Connector,
    pub(crate) operation: &'c Operation,
    pub(crate) target: &'c Target,
    pub(crate) arguments: Arguments,
    pub(crate) principal: String,
    pub(crate) note: Value,
    /// The plan that is executed.
    pub(crate) plan: Option<Digest>,
    pub(crate) replay: Replay,
    pub(crate) dry_run: bool,
    pub(crate) budgets: Budgets,
}

/// `dry_run` is the host's argument: the guest never sees it.
fn take_dry_run(arguments: &mut Map<String, Value>) -> Result<bool, CallError> {
    match arguments.remove(DRY_RUN) {
        None | Some(Value::Null | Value::Bool(false)) => Ok(false),
        Some(Value::Bool(true)) => Ok(true),
        Some(_) => {
            Err(CallError::new(ErrorCode::InvalidRequest, "dry_run: true or false is wanted")
                .detail("argument", DRY_RUN))
        }
    }
}

pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
