//! Plans: the one write of a call, before it is sent, and the approval that is bound to its every byte.

use crate::approver::{Approvers, SignatureRefused};
use crate::effect::Trust;
use crate::family::Family;
use crate::grammar::{EffectId, OperationId};
use crate::request::{CanonicalRequest, RawRequest, VIRTUAL_AUTHORITY, VIRTUAL_SCHEME};
use crate::rules::TargetRules;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Who has approved what an operator's rules approve by themselves. Nobody else is taken by that name.
pub const POLICY: &str = "policy";

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || "a digest is sha256: and 64 hexadecimal digits".to_owned();
        let hex = text.strip_prefix("sha256:").filter(|hex| hex.len() == 64 && hex.is_ascii()).ok_or_else(wrong)?;
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

/// The write that a plan run came to.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedRequest {
    request: CanonicalRequest,
    effect: EffectId,
    trust: Trust,
}

impl PlannedRequest {
    pub(crate) fn new(request: CanonicalRequest, effect: EffectId, trust: Trust) -> Self {
        Self { request, effect, trust }
    }

    /// The request that would be sent.
    #[must_use]
    pub fn request(&self) -> &CanonicalRequest {
        &self.request
    }

    /// What it may do: the higher of what the effect says and what the family says.
    #[must_use]
    pub fn trust(&self) -> Trust {
        self.trust
    }

    /// The effect that it fits.
    #[must_use]
    pub fn effect(&self) -> &EffectId {
        &self.effect
    }
}

/// What a plan holds for, besides the request itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanContext {
    /// The operation that was called.
    pub operation: OperationId,
    /// Its arguments, as canonical JSON.
    #[serde(with = "as_text")]
    pub arguments: Vec<u8>,
    /// The component that came to this request.
    pub component: Digest,
    /// The operator's policy.
    pub policy: Digest,
    /// The target's record: URL, CA, server name and credential's principal. Not its name, which can be pointed elsewhere.
    pub target: Digest,
    /// Who called.
    pub principal: String,
    /// The store that keeps the plan. A copy of a store gets another.
    pub store: String,
    /// When it stops to hold, in seconds since 1970.
    pub expires: u64,
    /// The call's instant, which execution replays: seconds since 1970.
    pub clock: u64,
    /// The call's random seed, which execution replays.
    pub seed: [u8; 32],
}

/// A write that waits for a yes.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    request: PlannedRequest,
    context: PlanContext,
    digest: Digest,
}

/// A yes to one plan. Says nothing by itself: [`Plan::redeem`] holds it against the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The digest of the plan that was shown.
    pub digest: Digest,
    /// Who said yes. Where approvers have keys, whose key it was counts, and not this.
    pub approver: String,
    /// Whether it was said a second time, as DESTRUCTIVE wants.
    pub confirmation: Confirmation,
    /// The signature of [`crate::approver::statement`], as `ssh-keygen -Y sign` writes it; none where approvers have no keys.
    #[serde(default)]
    pub signature: Option<String>,
}

impl Approval {
    /// The policy's own yes to a plan. It holds where [`Plan::redeem_under`] finds that the rules say so.
    #[must_use]
    pub fn by_policy(plan: &Plan) -> Self {
        Self { digest: plan.digest, approver: POLICY.to_owned(), confirmation: Confirmation::Once, signature: None }
    }
}

/// How often a yes was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confirmation {
    /// Once.
    Once,
    /// Twice.
    Twice,
}

/// Why an approval does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalInvalid {
    /// Another plan was approved.
    #[error("the approval is for another plan")]
    AnotherPlan,
    /// Its time is over.
    #[error("the plan has expired")]
    Expired,
    /// A destructive write was confirmed once.
    #[error("a DESTRUCTIVE request is confirmed twice")]
    ConfirmedOnce,
    /// Approvers have keys, and none of them signed it.
    #[error("the approval is not signed by an approver: {0}")]
    Signature(#[from] SignatureRefused),
    /// In the policy's name, and its rules do not approve this plan.
    #[error("the operator's policy does not approve this plan by itself")]
    NotByPolicy,
}

/// Why a text is no kept plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeptPlanUnreadable {
    /// It does not have a plan's form.
    #[error("it is no plan: {0}")]
    Form(String),
    /// Its request has no canonical form.
    #[error("its request is none that could be sent")]
    Request,
    /// It was changed since it was kept.
    #[error("it is not the plan that was kept: its digest is another")]
    Changed,
}

/// A plan with an approval that fits it. Only [`Plan::redeem`] makes it, and it lets exactly one request through.
#[derive(Debug)]
pub struct ApprovedPlan {
    request: PlannedRequest,
}

impl Plan {
    /// Puts a planned request into its context.
    #[must_use]
    pub fn new(request: PlannedRequest, context: PlanContext) -> Self {
        let digest = digest(&request, &context);
        Self { request, context, digest }
    }

    /// The request.
    #[must_use]
    pub fn request(&self) -> &PlannedRequest {
        &self.request
    }

    /// What it holds for.
    #[must_use]
    pub fn context(&self) -> &PlanContext {
        &self.context
    }

    /// The digest over all of it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The plan as text, for whoever keeps it.
    #[must_use]
    pub fn to_text(&self) -> String {
        let request = &self.request.request;
        let body = request.body();
        let kept = Kept {
            digest: self.digest,
            method: request.method().as_str().to_owned(),
            path_and_query: request.rendered_path_and_query(),
            accept: request.accept().as_str().to_owned(),
            content_type: body.map(|body| body.media_type().to_owned()),
            body: body.map(|body| String::from_utf8_lossy(body.bytes()).into_owned()),
            effect: self.request.effect.as_str().to_owned(),
            trust: self.request.trust,
            context: self.context.clone(),
        };
        serde_json::to_string(&kept).expect("a plan has nothing that JSON has not")
    }

    /// A plan that was kept. Whoever can write where it was kept can write another in its place; that releases nothing by itself: an approval is bound to the
    /// digest, which follows from all of it, and what is sent at last is what a connector asks for within its effects, where that is this to the byte.
    ///
    /// # Errors
    /// Where it is none, or not the one that was kept under its digest.
    pub fn of_text(text: &str) -> Result<Self, KeptPlanUnreadable> {
        let kept: Kept = serde_json::from_str(text).map_err(|error| KeptPlanUnreadable::Form(error.to_string()))?;
        let mut headers: Vec<(&str, &[u8])> = vec![("accept", kept.accept.as_bytes())];
        headers.extend(kept.content_type.as_ref().map(|value| ("content-type", value.as_bytes())));
        let raw = RawRequest {
            method: &kept.method,
            scheme: VIRTUAL_SCHEME,
            authority: VIRTUAL_AUTHORITY,
            path_and_query: &kept.path_and_query,
            headers,
            body: kept.body.as_deref().unwrap_or_default().as_bytes(),
        };
        let request = CanonicalRequest::parse(&raw).map_err(|_| KeptPlanUnreadable::Request)?;
        let effect = EffectId::parse(&kept.effect).map_err(|error| KeptPlanUnreadable::Form(error.to_string()))?;
        let plan = Self::new(PlannedRequest { request, effect, trust: kept.trust }, kept.context);
        if plan.digest == kept.digest { Ok(plan) } else { Err(KeptPlanUnreadable::Changed) }
    }

    /// Holds an approval against the plan. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// Where it is for another plan, too late, not said as often as it must be, or not signed by one who may say it. That it is used once is the store's to
    /// see to.
    pub fn redeem(
        &self,
        approval: &Approval,
        now: u64,
        approvers: &Approvers,
    ) -> Result<ApprovedPlan, ApprovalInvalid> {
        self.fit(approval, now)?;
        if approval.approver == POLICY {
            return Err(ApprovalInvalid::NotByPolicy);
        }
        approvers.admit(approval)?;
        Ok(ApprovedPlan { request: self.request.clone() })
    }

    /// [`Self::redeem`], of an approval that may be the policy's own. That it says so is nothing: whether the rules approve this plan is asked again here,
    /// so that whoever can write where approvals are kept gains nothing by writing that name.
    ///
    /// # Errors
    /// As [`Self::redeem`]; where it is in the policy's name and the rules do not approve the plan.
    pub fn redeem_under(
        &self,
        rules: &TargetRules,
        family: Family,
        approval: &Approval,
        now: u64,
    ) -> Result<ApprovedPlan, ApprovalInvalid> {
        if approval.approver != POLICY {
            return self.redeem(approval, now, &rules.approvers);
        }
        self.fit(approval, now)?;
        match rules.approves(family, self) {
            Some(_) => Ok(ApprovedPlan { request: self.request.clone() }),
            None => Err(ApprovalInvalid::NotByPolicy),
        }
    }

    fn fit(&self, approval: &Approval, now: u64) -> Result<(), ApprovalInvalid> {
        if approval.digest != self.digest {
            return Err(ApprovalInvalid::AnotherPlan);
        }
        if now >= self.context.expires {
            return Err(ApprovalInvalid::Expired);
        }
        if self.request.trust == Trust::Destructive && approval.confirmation != Confirmation::Twice {
            return Err(ApprovalInvalid::ConfirmedOnce);
        }
        Ok(())
    }
}

impl ApprovedPlan {
    /// What differs between the planned request and this one; none where every byte is the same.
    pub(crate) fn difference(&self, now: &PlannedRequest) -> Option<String> {
        let (planned, found) = (&self.request.request, &now.request);
        let different =
            |what: &str| Some(format!("the {what} differs from the planned one: the world changed, plan again"));
        if planned.method() != found.method() {
            return different("method");
        }
        if planned.rendered_path() != found.rendered_path() {
            return different("path");
        }
        if planned.query() != found.query() {
            return different("query");
        }
        if planned.accept() != found.accept() {
            return different("accept header");
        }
        let media = |request: &CanonicalRequest| request.body().map(|body| body.media_type().to_owned());
        if media(planned) != media(found) {
            return different("content type");
        }
        let bytes = |request: &CanonicalRequest| request.body().map(|body| body.bytes().to_vec());
        if bytes(planned) != bytes(found) {
            return different("body");
        }
        if self.request.trust != now.trust {
            return different("trust");
        }
        None
    }
}

/// A plan as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    digest: Digest,
    method: String,
    path_and_query: String,
    accept: String,
    content_type: Option<String>,
    body: Option<String>,
    effect: String,
    trust: Trust,
    context: PlanContext,
}

/// Bytes that are text, as text.
mod as_text {
    use serde::{Deserialize as _, Deserializer, Serializer, ser::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(bytes).map_err(S::Error::custom)?)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        String::deserialize(deserializer).map(String::into_bytes)
    }
}

/// Every field with its length before it, so that no two plans have the same bytes.
fn digest(planned: &PlannedRequest, context: &PlanContext) -> Digest {
    let mut hash = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    let request = &planned.request;
    field(b"meho plan 1");
    field(request.method().as_str().as_bytes());
    field(request.rendered_path_and_query().as_bytes());
    field(request.accept().as_str().as_bytes());
    match request.body() {
        Some(body) => {
            field(b"body");
            field(body.media_type().as_bytes());
            field(body.bytes());
        }
        None => field(b"no body"),
    }
    field(planned.effect.as_str().as_bytes());
    field(planned.trust.to_string().as_bytes());
    field(context.operation.as_str().as_bytes());
    field(&context.arguments);
    field(&context.component.0);
    field(&context.policy.0);
    field(&context.target.0);
    field(context.principal.as_bytes());
    field(context.store.as_bytes());
    field(&context.expires.to_be_bytes());
    field(&context.clock.to_be_bytes());
    field(&context.seed);
    Digest(hash.finalize().into())
}
