//! Plans that wait, who says yes to them, and what is shown.
//!
//! What an approver sees is derived here from the request itself: never a word of the guest's.

use crate::call::{Answer, AnswerMeta, UNVERIFIED, rfc3339};
use crate::target::Target;
use async_trait::async_trait;
use meho_policy::plan::{Approval, Digest, Plan};
use meho_policy::preview::Preview;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Most plans of one principal that wait. A person who has more to look at looks at none.
pub const MAX_WAITING: usize = 20;
/// Digits of a plan's id. Among a thousand plans two with the same are one chance in a million million.
const ID_DIGITS: usize = 16;
/// A clock that is so far behind the latest time that was seen was not set back a little: that time never was.
const NEVER: u64 = 3600;
/// Most plans that are known in memory.
const MAX_PLANS: usize = 1000;

/// Whoever may say yes. The embedder's.
#[async_trait]
pub trait Approver: Send + Sync {
    /// Asked for each plan. `view` is what is to be shown: the exact request and what it is.
    async fn decide(&self, plan: &Plan, view: &Value) -> Verdict;
}

/// What an approver says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Approved(Approval),
    /// No.
    Rejected,
    /// There is nobody to ask here.
    Nobody,
}

/// Never says yes.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoApprover;

#[async_trait]
impl Approver for NoApprover {
    async fn decide(&self, _: &Plan, _: &Value) -> Verdict {
        Verdict::Nobody
    }
}

/// A plan as it is kept: with what was shown of it, and what the embedder wants to find beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptPlan {
    /// The plan.
    pub plan: Plan,
    /// What is shown of it.
    pub view: Value,
    /// The embedder's own; null where it has nothing to say.
    pub note: Value,
}

/// Where a plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlanState {
    /// It waits for a yes or a no.
    Waiting,
    /// Somebody said yes.
    Approved,
    /// Somebody said no.
    Rejected,
    /// Its approval has been used, and what came of it is not known: it is under way, or whoever was at it was ended.
    Unknown,
    /// It was executed.
    Done,
    /// It was executed, and failed.
    Failed,
    /// Its time is over.
    Expired,
    /// It belongs to another store than this has become: the store was copied, or put back from a copy.
    Void,
}

/// A plan in a store.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanEntry {
    /// Its digest.
    pub digest: Digest,
    /// Where it stands.
    pub state: PlanState,
    /// Who called.
    pub principal: String,
    /// When it stops to hold, in seconds since 1970.
    pub expires: u64,
    /// What is shown of it. Once nothing is to be done with it any more, without the body.
    pub view: Value,
    /// The embedder's own.
    pub note: Value,
    /// The plan itself, while something can be done with it.
    pub plan: Option<Plan>,
    /// The yes, where there is one.
    pub approval: Option<Approval>,
    /// What came of it: an error's code and message, or nothing.
    pub outcome: Option<String>,
}

/// A plan whose approval has been used.
#[derive(Debug, Clone, PartialEq)]
pub struct Consumed {
    /// The plan.
    pub plan: Plan,
    /// Its approval.
    pub approval: Approval,
    /// What time it is, in seconds since 1970: no earlier than the store has ever seen it be.
    pub now: u64,
}

/// Why a store does not do what it is asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreRefused {
    /// It has no such plan.
    #[error("there is no such plan")]
    NoSuchPlan,
    /// Nobody has said yes.
    #[error("the plan waits for a yes")]
    NotApproved,
    /// It was used, or answered with no.
    #[error("{}", over(*.0))]
    Over(PlanState),
    /// Its time is over by a clock that went on: this machine's was set back.
    #[error(
        "the plan's time is over: this machine's clock was set back, {behind} s behind the latest time that the store has seen"
    )]
    ClockSetBack {
        /// By how many seconds.
        behind: u64,
    },
    /// Too many wait.
    #[error("{most} plans of {principal} wait already")]
    TooMany {
        /// So many may.
        most: usize,
        /// Whose they are.
        principal: String,
    },
    /// It cannot be read or written.
    #[error("the store cannot be used: {0}")]
    Failed(String),
}

/// What to say of a plan that nothing can be done with any more.
fn over(state: PlanState) -> &'static str {
    match state {
        PlanState::Waiting | PlanState::Approved => "the plan is in another state",
        PlanState::Rejected => "the plan was answered with no",
        PlanState::Unknown => "the approval was used before, and what came of it is not known",
        PlanState::Done => "the approval was used before: the plan was executed",
        PlanState::Failed => "the approval was used before: the plan was executed, and failed",
        PlanState::Expired => "the plan has expired",
        PlanState::Void => "the plan belongs to another store: this one was copied, or put back from a copy",
    }
}

/// Where plans wait for their approval, and approvals for their one use.
#[async_trait]
pub trait PlanStore: Send + Sync {
    /// Names this store. Part of every plan's digest, so that approvals do not fit a copy.
    ///
    /// # Errors
    /// [`StoreRefused::Failed`].
    async fn id(&self) -> Result<String, StoreRefused>;

    /// Keeps a plan. Where one waits already that is the same but for its moment, that one is given back, and nothing is kept.
    ///
    /// # Errors
    /// [`StoreRefused::TooMany`], [`StoreRefused::ClockSetBack`] where it would be over at once, [`StoreRefused::Failed`].
    async fn keep(&self, plan: KeptPlan) -> Result<Box<PlanEntry>, StoreRefused>;

    /// All plans that are known, the newest first.
    ///
    /// # Errors
    /// [`StoreRefused::Failed`].
    async fn list(&self) -> Result<Vec<PlanEntry>, StoreRefused>;

    /// One plan.
    ///
    /// # Errors
    /// [`StoreRefused::NoSuchPlan`], [`StoreRefused::Failed`].
    async fn find(&self, plan: Digest) -> Result<Box<PlanEntry>, StoreRefused>;

    /// Keeps a yes. That it fits has been seen to.
    ///
    /// # Errors
    /// Where the plan does not wait.
    async fn approve(&self, approval: &Approval) -> Result<(), StoreRefused>;

    /// Keeps a no.
    ///
    /// # Errors
    /// Where the plan neither waits nor is approved.
    async fn reject(&self, plan: Digest, by: &str) -> Result<(), StoreRefused>;

    /// Uses up a plan's approval, durably: whatever happens afterwards, nobody gets it a second time.
    ///
    /// # Errors
    /// Where it is not approved, was used, or has expired by the latest time that the store has seen.
    async fn consume(&self, plan: Digest) -> Result<Consumed, StoreRefused>;

    /// Notes what came of an execution: an error's text, or none.
    ///
    /// # Errors
    /// [`StoreRefused::Failed`].
    async fn settle(&self, plan: Digest, failure: Option<&str>) -> Result<(), StoreRefused>;
}

/// Whether two plans differ in nothing but their moment: then one of them is enough.
#[must_use]
pub fn is_same_but_for_its_moment(one: &Plan, other: &Plan) -> bool {
    let (a, b) = (one.context(), other.context());
    one.request() == other.request()
        && (&a.operation, &a.arguments, a.component, a.policy, a.target, &a.principal, &a.store)
            == (&b.operation, &b.arguments, b.component, b.policy, b.target, &b.principal, &b.store)
}

/// What is still shown of a plan that is over: not what it would have written.
#[must_use]
pub fn without_body(mut view: Value) -> Value {
    if let Some(request) = view.get_mut("request").and_then(Value::as_object_mut) {
        request.remove("body");
    }
    if let Some(view) = view.as_object_mut() {
        view.remove(OF_PREVIEW);
    }
    view
}

/// Plans in memory: they end with the host.
#[derive(Debug)]
pub struct Plans {
    id: String,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// In the order in which they came.
    entries: Vec<PlanEntry>,
    /// The latest time that was seen.
    latest: u64,
}

impl Default for Plans {
    fn default() -> Self {
        Self { id: uuid::Uuid::new_v4().to_string(), kept: Mutex::default() }
    }
}

impl Plans {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // As on disk: a time that never was does not hold up everything that comes, and what waits does not outlive it.
        if now() + NEVER < kept.latest {
            let waiting =
                kept.entries.iter_mut().filter(|entry| matches!(entry.state, PlanState::Waiting | PlanState::Approved));
            waiting.for_each(|entry| entry.is_over(PlanState::Void));
            kept.latest = 0;
        }
        kept.latest = kept.latest.max(now());
        let latest = kept.latest;
        for entry in &mut kept.entries {
            if matches!(entry.state, PlanState::Waiting | PlanState::Approved) && entry.expires <= latest {
                entry.is_over(PlanState::Expired);
            }
        }
        kept
    }
}

impl Kept {
    fn find(&mut self, plan: Digest) -> Result<&mut PlanEntry, StoreRefused> {
        self.entries.iter_mut().find(|entry| entry.digest == plan).ok_or(StoreRefused::NoSuchPlan)
    }
}

impl PlanEntry {
    /// A plan that waits.
    #[must_use]
    pub fn waiting(kept: KeptPlan) -> Self {
        let context = kept.plan.context();
        Self {
            digest: kept.plan.digest(),
            state: PlanState::Waiting,
            principal: context.principal.clone(),
            expires: context.expires,
            view: kept.view,
            note: kept.note,
            plan: Some(kept.plan),
            approval: None,
            outcome: None,
        }
    }

    fn is_over(&mut self, state: PlanState) {
        self.state = state;
        self.plan = None;
        self.view = without_body(std::mem::take(&mut self.view));
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[async_trait]
impl PlanStore for Plans {
    async fn id(&self) -> Result<String, StoreRefused> {
        Ok(self.id.clone())
    }

    async fn keep(&self, plan: KeptPlan) -> Result<Box<PlanEntry>, StoreRefused> {
        let mut kept = self.lock();
        let waits = |entry: &&PlanEntry| matches!(entry.state, PlanState::Waiting | PlanState::Approved);
        let same =
            |entry: &&PlanEntry| entry.plan.as_ref().is_some_and(|known| is_same_but_for_its_moment(known, &plan.plan));
        if let Some(known) = kept.entries.iter().filter(waits).find(same) {
            return Ok(Box::new(known.clone()));
        }
        let (latest, now) = (kept.latest, now());
        if now < latest && plan.plan.context().expires <= latest {
            return Err(StoreRefused::ClockSetBack { behind: latest - now });
        }
        let principal = &plan.plan.context().principal;
        if kept.entries.iter().filter(waits).filter(|entry| entry.principal == *principal).count() >= MAX_WAITING {
            return Err(StoreRefused::TooMany { most: MAX_WAITING, principal: principal.clone() });
        }
        if kept.entries.len() >= MAX_PLANS {
            // What is over is forgotten, and never what waits.
            let oldest = kept.entries.iter().position(|entry| !waits(&entry));
            let full = || StoreRefused::TooMany { most: MAX_PLANS, principal: "everybody".to_owned() };
            kept.entries.remove(oldest.ok_or_else(full)?);
        }
        let entry = PlanEntry::waiting(plan);
        kept.entries.push(entry.clone());
        Ok(Box::new(entry))
    }

    async fn list(&self) -> Result<Vec<PlanEntry>, StoreRefused> {
        Ok(self.lock().entries.iter().rev().cloned().collect())
    }

    async fn find(&self, plan: Digest) -> Result<Box<PlanEntry>, StoreRefused> {
        self.lock().find(plan).map(|entry| Box::new(entry.clone()))
    }

    async fn approve(&self, approval: &Approval) -> Result<(), StoreRefused> {
        let mut kept = self.lock();
        let entry = kept.find(approval.digest)?;
        match entry.state {
            PlanState::Waiting => {
                entry.approval = Some(approval.clone());
                entry.state = PlanState::Approved;
                Ok(())
            }
            // A second yes says nothing new.
            PlanState::Approved => Ok(()),
            over => Err(StoreRefused::Over(over)),
        }
    }

    async fn reject(&self, plan: Digest, _: &str) -> Result<(), StoreRefused> {
        let mut kept = self.lock();
        let entry = kept.find(plan)?;
        match entry.state {
            PlanState::Waiting | PlanState::Approved => {
                entry.is_over(PlanState::Rejected);
                Ok(())
            }
            over => Err(StoreRefused::Over(over)),
        }
    }

    async fn consume(&self, plan: Digest) -> Result<Consumed, StoreRefused> {
        let mut kept = self.lock();
        let latest = kept.latest;
        let entry = kept.find(plan)?;
        match (entry.state, &entry.plan, &entry.approval) {
            (PlanState::Approved, Some(plan), Some(approval)) => {
                let consumed = Consumed { plan: plan.clone(), approval: approval.clone(), now: latest };
                entry.is_over(PlanState::Unknown);
                Ok(consumed)
            }
            (PlanState::Waiting, ..) => Err(StoreRefused::NotApproved),
            (PlanState::Expired, ..) if now() < entry.expires => {
                Err(StoreRefused::ClockSetBack { behind: latest.saturating_sub(now()) })
            }
            (over, ..) => Err(StoreRefused::Over(over)),
        }
    }

    async fn settle(&self, plan: Digest, failure: Option<&str>) -> Result<(), StoreRefused> {
        let mut kept = self.lock();
        let entry = kept.find(plan)?;
        if entry.state == PlanState::Unknown {
            entry.state = if failure.is_some() { PlanState::Failed } else { PlanState::Done };
            entry.outcome = failure.map(str::to_owned);
        }
        Ok(())
    }
}

/// What people call a plan: enough of its digest to type.
#[must_use]
pub fn short_id(plan: Digest) -> String {
    plan.to_string().trim_start_matches("sha256:").chars().take(ID_DIGITS).collect()
}

/// A plan as it is shown, once more and from the plan itself: what a store has of it may be somebody else's word by now. Of the target there is only that
/// word; whether it is the one that the plan is for is seen when it is executed.
#[must_use]
pub fn view_again(plan: &Plan, kept: &Value) -> Value {
    let mut shown = kept.clone();
    if let (Some(shown), Value::Object(of_plan)) = (shown.as_object_mut(), view_of_plan(plan)) {
        shown.extend(of_plan.into_iter().filter(|(name, _)| name != OF_PREVIEW && !OF_TARGET.contains(&name.as_str())));
    }
    shown
}

/// What a plan's view says of its target.
const OF_TARGET: [&str; 4] = ["target", "server", "verified", "proxy"];
/// What it says of what would come of it. No part of the plan.
const OF_PREVIEW: &str = "preview";

/// A plan as it is shown: the exact request, what it is, and what it is bound to; and what would come of it, where that was looked at.
#[must_use]
pub fn view(plan: &Plan, preview: Option<&Preview>, target: &Target) -> Value {
    let mut shown = view_of_plan(plan);
    // Where it really goes, whatever its name says. The approver may know it; a guest never sees a view.
    let of_target = [json!(target.name()), json!(target.server()), json!(target.is_verified()), json!(target.proxy())];
    if let Some(shown) = shown.as_object_mut() {
        shown.extend(OF_TARGET.map(str::to_owned).into_iter().zip(of_target));
        shown.insert(OF_PREVIEW.to_owned(), json!(preview));
    }
    shown
}

/// The part of it that follows from the plan alone, with places for the rest.
fn view_of_plan(plan: &Plan) -> Value {
    let planned = plan.request();
    let request = planned.request();
    let context = plan.context();
    json!({
        "id": short_id(plan.digest()),
        "digest": plan.digest().to_string(),
        "operation": context.operation.as_str(),
        "trust": planned.trust().to_string(),
        "target": null,
        "server": null,
        "verified": null,
        "proxy": null,
        "principal": context.principal,
        "expires": rfc3339(Duration::from_secs(context.expires)),
        "request": {
            "method": request.method().as_str(),
            "path": request.rendered_path_and_query(),
            "accept": request.accept().as_str(),
            "content_type": request.body().map(meho_policy::request::CanonicalBody::media_type),
            // From the bytes, so that it is shown in the order in which it is sent.
            "body": request.body().and_then(|body| serde_json::from_slice::<Value>(body.bytes()).ok()),
            // As it stands in the record of the request.
            "body_digest": request.body().map(|body| Digest::of(body.bytes()).to_string()),
        },
        "preview": null,
    })
}

/// The answer to a dry run: the plan itself. It is not kept.
pub(crate) fn dry_run_answer(view: Value, target: &Target) -> Answer {
    let shown: Option<Box<RawValue>> = to_raw_value(&json!({"dry_run": true, "plan": view})).ok();
    let mut warnings = vec!["nothing was changed: this is what would be sent".to_owned()];
    if !target.is_verified() {
        // What the plan was made from was read from there.
        warnings.push(UNVERIFIED.to_owned());
    }
    Answer {
        data: shown,
        meta: AnswerMeta {
            complete: true,
            returned: 1,
            remaining: None,
            token: None,
            resource_version: None,
            server_time: None,
            warnings,
            warnings_of_connector: 0,
        },
        coverage: None,
    }
}
