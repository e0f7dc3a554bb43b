//! Plans that wait, who says yes to them, and what is shown.
//!
//! What an approver sees is derived here from the request itself: never a word of the guest's.

use crate::call::{Answer, AnswerMeta, UNVERIFIED, rfc3339};
use crate::target::Target;
use async_trait::async_trait;
use meho_policy::plan::{Approval, Digest, Plan};
use meho_policy::preview::Preview;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Most plans that wait in memory.
const MAX_PLANS: usize = 100;

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

/// Where plans wait for their approval. Each is taken out at most once, by whoever comes first.
#[async_trait]
pub trait PlanStore: Send + Sync {
    /// Names this store. Part of every plan's digest, so that approvals do not fit a copy.
    fn id(&self) -> String;

    /// Keeps a plan.
    ///
    /// # Errors
    /// Why it cannot be kept.
    async fn keep(&self, plan: &Plan) -> Result<(), String>;

    /// Takes a plan out. At most one caller gets it.
    ///
    /// # Errors
    /// Where there is none, or it was taken before.
    async fn consume(&self, plan: Digest) -> Result<Plan, String>;

    /// Drops a plan that was answered with no.
    async fn forget(&self, plan: Digest);
}

/// Plans in memory: they end with the host.
#[derive(Debug)]
pub struct Plans {
    id: String,
    waiting: Mutex<BTreeMap<Digest, Plan>>,
}

impl Default for Plans {
    fn default() -> Self {
        Self { id: uuid::Uuid::new_v4().to_string(), waiting: Mutex::default() }
    }
}

#[async_trait]
impl PlanStore for Plans {
    fn id(&self) -> String {
        self.id.clone()
    }

    async fn keep(&self, plan: &Plan) -> Result<(), String> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        waiting.retain(|_, plan| plan.context().expires > now);
        if waiting.len() >= MAX_PLANS {
            return Err(format!("{MAX_PLANS} plans wait already"));
        }
        waiting.insert(plan.digest(), plan.clone());
        Ok(())
    }

    async fn consume(&self, plan: Digest) -> Result<Plan, String> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.remove(&plan).ok_or_else(|| "there is no such plan, or it was used before".to_owned())
    }

    async fn forget(&self, plan: Digest) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&plan);
    }
}

/// A plan as it is shown: the exact request, what it is, what it is bound to, and what would come of it.
pub(crate) fn view(plan: &Plan, preview: Option<&Preview>, target: &Target) -> Value {
    let planned = plan.request();
    let request = planned.request();
    let context = plan.context();
    json!({
        "digest": plan.digest().to_string(),
        "operation": context.operation.as_str(),
        "trust": planned.trust().to_string(),
        "target": target.name(),
        // Where it really goes, whatever its name says. The approver may know it; a guest never sees a view.
        "server": target.server(),
        "verified": target.is_verified(),
        "proxy": target.proxy(),
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
        "preview": preview,
    })
}

/// The answer to a dry run: the plan itself. It is not kept.
pub(crate) fn dry_run_answer(view: &Value, target: &Target) -> Answer {
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
    }
}
