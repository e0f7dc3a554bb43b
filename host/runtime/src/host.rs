//! The embedding API: a host that loads connectors and calls them.

use crate::approval::{Approver, Consumed, KeptPlan, PlanEntry, PlanStore, Plans, Verdict};
use crate::boundary::Finish;
use crate::budget::Budgets;
use crate::call::{Answer, Run, RunEnd, Task};
use crate::check::{Check, Checking, TargetCheck};
use crate::connector::Connector;
use crate::discovery::{Discover, Judge};
use crate::engine::{MAX_ADMISSIONS, MAX_CALLS, engine};
use crate::error::{CallError, ErrorCode};
use crate::fault;
use crate::guest::{Guest, Replay, linker};
use crate::preview::Foresight;
use crate::record::{NoRecorder, Recorder};
use crate::rows::{RowBatch, Sink};
use crate::target::Target;
use meho_graph::{Collector, Graph};
use meho_policy::approver::Approvers;
use meho_policy::authority::Phase;
use meho_policy::catalogue::{Operation, ResultKind};
use meho_policy::effect::Trust;
use meho_policy::plan::{Approval, ApprovalInvalid, Digest, Plan, PlanContext, PlannedRequest};
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
/// How long a plan waits for its yes.
const PLAN_LIFETIME: Duration = Duration::from_secs(15 * 60);
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

/// The execution of a plan that was approved.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// Which plan.
    pub plan: Digest,
    /// Who executes it: whoever the plan was made for.
    pub principal: String,
    /// How long it may take, where that is not the host's budget.
    pub timeout: Option<Duration>,
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
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    linker: Linker<Guest>,
    settings: HostSettings,
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
        let mut held = 0;
        while let Some(event) = self.next().await {
            match event {
                Event::Rows(batch) => {
                    held += batch.lines().len() as u64;
                    if held > self.collected_bytes {
                        return Err(self
                            .too_much()
                            .hint("ask for one namespace or fewer kinds, or read the findings as they come"));
                    }
                    for line in batch.iter() {
                        collector.add(line).map_err(|_| fault::connector_fault("a row is no finding"))?;
                    }
                }
                Event::End(ended) => {
                    let answer = ended?;
                    let coverage = answer.coverage.as_deref().cloned();
                    let coverage = coverage.ok_or_else(|| {
                        CallError::new(ErrorCode::InvalidRequest, "a call of an operation has no graph")
                    })?;
                    return Ok((collector.finish(coverage), answer));
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

    /// Plans a write: runs the operation up to it and keeps it for an approval. Nothing is changed.
    ///
    /// # Errors
    /// As the call fails; INVALID_REQUEST for an operation that only reads.
    pub async fn plan(&self, connector: &Arc<Connector>, target: &Target, call: Call) -> Result<Planned, CallError> {
        let prepared = self.prepare(connector, target, call)?;
        if prepared.operation.trust == Trust::Read {
            return Err(CallError::new(
                ErrorCode::InvalidRequest,
                format!("{} only reads: there is nothing to plan", prepared.operation.id),
            )
            .hint("call it instead"));
        }
        let _turn = self.turn(prepared.budgets.wall).await?;
        self.plan_prepared(&prepared).await
    }

    /// Keeps a yes to a plan. Nothing is sent.
    ///
    /// # Errors
    /// APPROVAL_INVALID where it does not fit the plan, is not signed as it has to be, or the plan is over.
    pub async fn approve(&self, approvers: &Approvers, approval: &Approval) -> Result<(), CallError> {
        let plans = &self.inner.settings.plans;
        let entry = plans.find(approval.digest).await.map_err(fault::of_store)?;
        if let Some(plan) = &entry.plan {
            plan.redeem(approval, now().as_secs(), approvers).map_err(|error| fault::of_approval(&error))?;
        }
        // Whose key it was stands in the record, and not who brought the signature.
        let approver = approvers.admit(approval).unwrap_or(&approval.approver).to_owned();
        plans.approve(&Approval { approver, ..approval.clone() }).await.map_err(fault::of_store)
    }

    /// Executes a plan that was approved. Its approval is used up before anything is sent, whatever comes of it; where it does not fit to begin with, it is
    /// not.
    ///
    /// # Errors
    /// APPROVAL_REQUIRED where nobody has said yes; APPROVAL_INVALID where plan, approval, component, target, policy and principal do not fit, or it was
    /// used before; else as the call fails.
    pub async fn execute(
        &self,
        connector: &Arc<Connector>,
        target: &Target,
        execution: Execution,
    ) -> Result<Box<Answer>, CallError> {
        let settings = &self.inner.settings;
        // First: while it waits for its turn an approval may run out, and one that has must not be used.
        let _turn = self.turn(execution.timeout.unwrap_or(settings.budgets.wall)).await?;
        let entry = settings.plans.find(execution.plan).await.map_err(fault::of_store)?;
        if let Some(plan) = &entry.plan {
            holds_for(plan, connector, target, &execution.principal)?;
            if let Some(approval) = &entry.approval {
                plan.redeem_under(target.rules(), target.family(), approval, now().as_secs())
                    .map_err(|error| fault::of_approval(&error))?;
            }
        }
        let consumed = settings.plans.consume(execution.plan).await.map_err(fault::of_store)?;
        let outcome = self.execute_consumed(connector, target, &execution, &consumed).await;
        // The code alone: a message may quote what the target or the connector said.
        let failure = outcome.as_ref().err().map(|error| error.code.as_str());
        match (settings.plans.settle(execution.plan, failure).await, outcome) {
            (Ok(()), outcome) => outcome,
            (Err(why), Ok(mut answer)) => {
                answer.meta.warnings.push(format!("it was done, and that could not be noted with its plan: {why}"));
                Ok(answer)
            }
            (Err(why), Err(error)) => Err(error.detail("unsettled", why.to_string())),
        }
    }

    async fn execute_consumed(
        &self,
        connector: &Arc<Connector>,
        target: &Target,
        execution: &Execution,
        consumed: &Consumed,
    ) -> Result<Box<Answer>, CallError> {
        let plan = &consumed.plan;
        // Of what was consumed, and not of what was looked at before.
        holds_for(plan, connector, target, &execution.principal)?;
        let approved = plan.redeem_under(target.rules(), target.family(), &consumed.approval, consumed.now);
        let approved = approved.map_err(|error| fault::of_approval(&error))?;
        let context = plan.context();
        let call = Call {
            operation: context.operation.to_string(),
            arguments: serde_json::from_slice(&context.arguments).unwrap_or_default(),
            principal: context.principal.clone(),
            timeout: execution.timeout,
            note: Value::Null,
        };
        let mut prepared = self.prepare(connector, target, call)?;
        prepared.replay = Replay { clock: Duration::from_secs(context.clock), seed: context.seed };
        prepared.plan = Some(plan.digest());
        match self.run(&prepared, Phase::Execute(Box::new(approved)), Sink::Closed).await {
            RunEnd::Answered(answer) => Ok(answer),
            RunEnd::Failed(error) => Err(error),
            RunEnd::Planned(_) => Err(CallError::new(ErrorCode::InternalError, "an execution came to a plan")),
        }
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

    /// Asks for a yes to a plan, and executes it. What the operator's rules approve by themselves nobody is asked about.
    async fn ask(
        &self,
        prepared: &Prepared<'_>,
        connector: &Arc<Connector>,
        waiting: PlanEntry,
        approver: &dyn Approver,
    ) -> Result<Box<Answer>, CallError> {
        let gone = || CallError::new(ErrorCode::InternalError, "the plan that was kept is gone");
        let plan = waiting.plan.as_ref().ok_or_else(gone)?;
        let execution = Execution {
            plan: waiting.digest,
            principal: prepared.principal.clone(),
            timeout: Some(prepared.budgets.wall),
        };
        let (rules, family) = (prepared.target.rules(), prepared.target.family());
        if rules.approves(family, plan).is_some() {
            let approval = Approval::by_policy(plan);
            plan.redeem_under(rules, family, &approval, now().as_secs()).map_err(|error| fault::of_approval(&error))?;
            self.inner.settings.plans.approve(&approval).await.map_err(fault::of_store)?;
            let mut answer = self.execute(connector, prepared.target, execution).await?;
            answer.meta.warnings.push("the operator's policy approved this write: nobody was asked".to_owned());
            return Ok(answer);
        }
        match approver.decide(plan, &waiting.view).await {
            // To another plan it says nothing, though it may be a yes that fits that one.
            Verdict::Approved(approval) if approval.digest != waiting.digest => {
                Err(fault::of_approval(&ApprovalInvalid::AnotherPlan))
            }
            Verdict::Approved(approval) => {
                self.approve(prepared.target.approvers(), &approval).await?;
                self.execute(connector, prepared.target, execution).await
            }
            Verdict::Rejected => {
                let by = &prepared.principal;
                self.inner.settings.plans.reject(waiting.digest, by).await.map_err(fault::of_store)?;
                Err(CallError::new(ErrorCode::ApprovalRequired, "the plan was answered with no: nothing was changed")
                    .detail("answer", "no")
                    .detail("plan", waiting.view))
            }
            Verdict::Nobody => {
                Err(CallError::new(ErrorCode::ApprovalRequired, "this changes the target and waits for a person's yes")
                    .hint("run it at a terminal, where you are shown the exact request and asked")
                    .detail("plan_id", waiting.view.get("id").cloned().unwrap_or_default())
                    .detail("plan", waiting.view))
            }
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
        let budgets = settings.budgets.under(&target.rules().allowance, discover.timeout);
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
    async fn turn(&self, patience: Duration) -> Result<OwnedSemaphorePermit, CallError> {
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

    fn prepare<'c>(&self, connector: &'c Connector, target: &'c Target, call: Call) -> Result<Prepared<'c>, CallError> {
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

    async fn plan_prepared(&self, prepared: &Prepared<'_>) -> Result<Planned, CallError> {
        match self.run(prepared, Phase::Plan, Sink::Closed).await {
            RunEnd::Failed(error) => Err(error),
            RunEnd::Answered(mut answer) => {
                answer
                    .meta
                    .warnings
                    .push("there was nothing to do: no request that changes the target was made".to_owned());
                Ok(Planned::NothingToDo(answer))
            }
            RunEnd::Planned(request) => {
                let plans = &self.inner.settings.plans;
                let context = PlanContext {
                    operation: prepared.operation.id.clone(),
                    arguments: meho_policy::json::to_canonical(&Value::Object(prepared.arguments.as_map().clone())),
                    component: prepared.connector.digest(),
                    policy: prepared.target.policy(),
                    target: prepared.target.record(),
                    principal: prepared.principal.clone(),
                    store: plans.id().await.map_err(fault::of_store)?,
                    expires: (now() + PLAN_LIFETIME).as_secs(),
                    clock: prepared.replay.clock.as_secs(),
                    seed: prepared.replay.seed,
                };
                let preview = match self.inner.settings.previews {
                    Previews::Made => Some(self.foresight(prepared, &request).look().await),
                    Previews::LeftOut => None,
                };
                let plan = Plan::new(*request, context);
                let view = crate::approval::view(&plan, preview.as_ref(), prepared.target);
                if prepared.dry_run {
                    return Ok(Planned::DryRun(Box::new(crate::approval::dry_run_answer(view, prepared.target))));
                }
                let kept = KeptPlan { plan, view, note: prepared.note.clone() };
                let mut entry = plans.keep(kept).await.map_err(fault::of_store)?;
                // Of one that waited already what is shown is what has been found out now, and not what stands beside it there.
                if let Some(plan) = &entry.plan {
                    entry.view = crate::approval::view(plan, preview.as_ref(), prepared.target);
                }
                Ok(Planned::Waiting(entry))
            }
        }
    }

    fn foresight<'p>(&self, prepared: &'p Prepared<'_>, planned: &'p PlannedRequest) -> Foresight<'p> {
        Foresight {
            target: prepared.target,
            planned,
            principal: &prepared.principal,
            budgets: &prepared.budgets,
            recorder: self.inner.settings.recorder.clone(),
        }
    }

    async fn run(&self, prepared: &Prepared<'_>, phase: Phase, sink: Sink) -> RunEnd {
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

/// Whether a plan was made by this component, for this target under this policy, and for this principal.
fn holds_for(plan: &Plan, connector: &Connector, target: &Target, principal: &str) -> Result<(), CallError> {
    let context = plan.context();
    let other = if context.component != connector.digest() {
        "by another component"
    } else if context.target != target.record() {
        "for another target"
    } else if context.policy != target.policy() {
        "under another policy"
    } else if context.principal != principal {
        "for somebody else"
    } else {
        return Ok(());
    };
    Err(fault::approval_invalid(format!("the plan was made {other}")))
}

/// What planning came to.
#[derive(Debug)]
pub enum Planned {
    /// A write that waits for a yes, or has one already where the same was planned before.
    Waiting(Box<PlanEntry>),
    /// The operation found nothing to change.
    NothingToDo(Box<Answer>),
    /// The caller asked what would happen, and that is the answer.
    DryRun(Box<Answer>),
}

/// A call that has been looked up and checked.
struct Prepared<'c> {
    connector: &'c Connector,
    operation: &'c Operation,
    target: &'c Target,
    arguments: Arguments,
    principal: String,
    note: Value,
    /// The plan that is executed.
    plan: Option<Digest>,
    replay: Replay,
    dry_run: bool,
    budgets: Budgets,
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

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
