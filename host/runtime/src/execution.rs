//! Writes: planned, approved, and executed once. What is sent is what was approved, to the byte; whoever says yes and whoever keeps it are in `approval`.

use crate::approval::{Approver, Consumed, KeptPlan, PlanEntry, StoreRefused, Verdict, short_id};
use crate::call::{Answer, RunEnd};
use crate::connector::Connector;
use crate::error::{CallError, ErrorCode};
use crate::fault;
use crate::guest::Replay;
use crate::host::{Call, Host, Prepared, Previews, now};
use crate::preview::Foresight;
use crate::rows::Sink;
use crate::target::Target;
use meho_policy::approver::Approvers;
use meho_policy::authority::Phase;
use meho_policy::effect::Trust;
use meho_policy::plan::{Approval, ApprovalInvalid, Digest, Plan, PlanContext, PlannedRequest};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// How long a plan waits for its yes.
const PLAN_LIFETIME: Duration = Duration::from_secs(15 * 60);

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

impl Host {
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
        let consumed = settings.plans.consume(execution.plan).await.map_err(|refused| match refused {
            StoreRefused::NotApproved => {
                fault::unapproved(&refused.to_string(), target.approvers()).detail("plan_id", short_id(execution.plan))
            }
            refused => fault::of_store(refused),
        })?;
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

    /// Asks for a yes to a plan, and executes it. What the operator's rules approve by themselves nobody is asked about.
    pub(crate) async fn ask(
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
                let waits = "this changes the target and waits for a person's yes";
                Err(fault::unapproved(waits, prepared.target.approvers())
                    .detail("plan_id", waiting.view.get("id").cloned().unwrap_or_default())
                    .detail("plan", waiting.view))
            }
        }
    }

    pub(crate) async fn plan_prepared(&self, prepared: &Prepared<'_>) -> Result<Planned, CallError> {
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
