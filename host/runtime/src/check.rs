//! Checks of targets: who the credential is to the target, what it may do there, and whether the target proved who it is.
//!
//! The host asks for itself, and no component runs. What it asks is the family's (`meho_policy::question`); it leaves as a guest's requests do, by a
//! permit, in turn, within budgets, masked and recorded.

use crate::boundary::Boundary;
use crate::budget::Budgets;
use crate::call::{Recording, UNVERIFIED, overdue};
use crate::egress::{Reply, ask};
use crate::error::{CallError, ErrorCode};
use crate::fault;
use crate::record::{CallEnding, CallId, Recorder};
use crate::target::{Target, Verification};
use http::{StatusCode, Version};
use jiff::Timestamp;
use meho_policy::authority::Authority;
use meho_policy::catalogue::Operation;
use meho_policy::effect::Trust;
use meho_policy::grammar::Namespace;
use meho_policy::question::{Findings, Identity, Inquiry, MAX_ANSWER_BYTES, OperationAccess, Question, Unanswered};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Questions under way at a time. A target is not to feel a check.
const QUESTIONS_AT_A_TIME: u32 = 8;
/// What a check is called in records.
const CHECK: &str = "check";

/// What to check, and for whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Check {
    /// Whether operations may be called in this namespace; none for all of them.
    pub namespace: Option<String>,
    /// Who asks. Records are bound to it.
    pub principal: String,
    /// How long it may take, where that is not the host's budget.
    pub timeout: Option<Duration>,
}

/// How a target proved who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// By a certificate under the CA that was given.
    Ca,
    /// By a certificate under one of the system's roots.
    SystemRoots,
    /// Not at all: its certificate was not verified. Whatever a check says may be somebody else's word.
    Unverified,
    /// Not at all: plain HTTP, to this machine.
    PlainHttp,
}

/// What a check has found out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetCheck {
    /// The target's name.
    pub target: String,
    /// Its URL.
    pub server: String,
    /// The proxy that it is behind.
    pub proxy: Option<String>,
    /// How it proved who it is.
    pub proof: Proof,
    /// Which HTTP was spoken.
    pub protocol: &'static str,
    /// Whether the target takes the credential for somebody. Where not, it was reached and that is all.
    pub authenticated: bool,
    /// Who the credential is. The target's text.
    pub identity: Option<Identity>,
    /// When the credential is over, as far as it says so itself.
    #[serde(serialize_with = "crate::time::serialize")]
    pub credential_expires: Option<Timestamp>,
    /// The target's version. The target's text.
    pub server_version: Option<String>,
    /// The time by the target's clock.
    #[serde(serialize_with = "crate::time::serialize")]
    pub server_time: Option<Timestamp>,
    /// The namespace that the operations were checked for; none for all of them.
    pub namespace: Option<Namespace>,
    /// What may be called.
    pub operations: Vec<OperationAccess>,
    /// What could not be found out, and why.
    pub unanswered: Vec<Unanswered>,
    /// Sentences for whoever reads this.
    pub warnings: Vec<String>,
}

/// A check that is about to run.
pub(crate) struct Checking<'c> {
    pub(crate) target: &'c Target,
    pub(crate) operations: &'c [Operation],
    pub(crate) namespace: Option<Namespace>,
    pub(crate) principal: String,
    pub(crate) budgets: Budgets,
    pub(crate) recorder: Arc<dyn Recorder>,
}

/// The namespace to check for, which a caller has named.
pub(crate) fn namespace(named: Option<&str>) -> Result<Option<Namespace>, CallError> {
    // As for arguments: an empty text is none.
    let named = named.filter(|name| !name.is_empty());
    named.map(Namespace::parse).transpose().map_err(|error| {
        CallError::new(ErrorCode::InvalidRequest, format!("namespace: {error}")).detail("argument", "namespace")
    })
}

impl Checking<'_> {
    /// Asks all that there is to ask.
    pub(crate) async fn run(self) -> Result<Box<TargetCheck>, CallError> {
        let budgets = Budgets {
            requests_at_a_time: self.budgets.requests_at_a_time.min(QUESTIONS_AT_A_TIME),
            response_body_bytes: self.budgets.response_body_bytes.min(MAX_ANSWER_BYTES),
            ..self.budgets.clone()
        };
        let id = CallId {
            operation: CHECK.to_owned(),
            target: self.target.name().to_owned(),
            server: self.target.server().to_owned(),
            principal: self.principal.clone(),
            component: None,
            plan: None,
        };
        let recorder = (id, self.recorder.clone());
        let boundary = Arc::new(Boundary::new(Authority::none(), Some(self.target.clone()), recorder, budgets));
        let recording = Recording::new(boundary.clone());
        let asked = tokio::select! {
            biased;
            asked = self.ask_all(&boundary) => asked,
            () = overdue(&boundary) => {
                let seconds = boundary.budgets.wall.as_secs();
                Err(CallError::new(ErrorCode::Timeout, format!("the check was not done within {seconds} s"))
                    .hint("give it more time, or look whether the target is overloaded"))
            }
        };
        boundary.close();
        let mut checked = asked.map(|(findings, protocol, expires)| self.tell(findings, protocol, expires, &boundary));
        let ending = checked.as_ref().map_or_else(|error| CallEnding::Failed(error.code), |_| CallEnding::Answered);
        if let Err(why) = recording.end(ending).await {
            match &mut checked {
                Ok(found) => found.warnings.push(format!("this check was not recorded: {why}")),
                Err(error) => *error = error.clone().detail("unrecorded", why),
            }
        }
        checked
    }

    async fn ask_all(
        &self,
        boundary: &Arc<Boundary>,
    ) -> Result<(Findings, &'static str, Option<Timestamp>), CallError> {
        let mut inquiry = Inquiry::new(self.target.family(), self.operations, self.namespace.as_ref());
        let (first, others): (Vec<_>, Vec<_>) = inquiry.questions().partition(Question::is_of_identity);
        let mut protocol = Version::HTTP_11;
        for questions in [first, others] {
            for (question, reply) in ask_together(boundary, questions).await? {
                inquiry.read(&question, reply.status.as_u16(), &reply.body);
                protocol = reply.version;
            }
        }
        if !inquiry.has_answers() {
            return Err(no_answers(self.target, &inquiry.findings()));
        }
        // The credential that has been used: a file may hold another than when the check began.
        let pool = self.target.upstream().pool(&boundary.budgets).await;
        let pool = pool.map_err(|error| fault::of_transport(&error, Trust::Read))?;
        let protocol = if protocol == Version::HTTP_2 { "HTTP/2" } else { "HTTP/1.1" };
        Ok((inquiry.findings(), protocol, pool.credential().expires()))
    }

    fn tell(
        &self,
        findings: Findings,
        protocol: &'static str,
        credential_expires: Option<Timestamp>,
        boundary: &Boundary,
    ) -> Box<TargetCheck> {
        let proof = proof(self.target);
        let mut warnings = boundary.take_warnings();
        if proof == Proof::Unverified {
            warnings.push(UNVERIFIED.to_owned());
        }
        if !findings.is_authenticated() {
            warnings
                .push("the target was reached, and nothing shows that it takes the credential for anybody".to_owned());
        }
        Box::new(TargetCheck {
            target: self.target.name().to_owned(),
            server: self.target.server().to_owned(),
            proxy: self.target.proxy(),
            proof,
            protocol,
            authenticated: findings.is_authenticated(),
            identity: findings.identity,
            credential_expires,
            server_version: findings.version,
            server_time: boundary.server_time(),
            namespace: self.namespace.clone(),
            operations: findings.operations,
            unanswered: findings.unanswered,
            warnings,
        })
    }
}

/// Asks some questions at the same time, as far as there are turns. The first that gets no answer ends the check.
async fn ask_together(boundary: &Arc<Boundary>, questions: Vec<Question>) -> Result<Vec<(Question, Reply)>, CallError> {
    // Those that are still under way when this returns, or is dropped, are given up.
    let mut asking = JoinSet::new();
    for question in questions {
        let boundary = boundary.clone();
        asking.spawn(async move { (ask(&boundary, question.permit()).await, question) });
    }
    let mut replies = Vec::new();
    while let Some(asked) = asking.join_next().await {
        let panicked = |_| CallError::new(ErrorCode::InternalError, "a question of the check panicked");
        match asked.map_err(panicked)? {
            (Ok(reply), _) if reply.status == StatusCode::UNAUTHORIZED => return Err(not_accepted(boundary)),
            (Ok(reply), question) => replies.push((question, reply)),
            (Err(_), _) => return Err(unheard(boundary)),
        }
    }
    Ok(replies)
}

/// Why a question got no answer that could be read.
fn unheard(boundary: &Boundary) -> CallError {
    match boundary.close() {
        (Some(finish), _) => fault::of_finish(finish),
        (None, _) => boundary
            .silence()
            .unwrap_or_else(|| CallError::new(ErrorCode::InternalError, "a question was lost, and nobody knows why")),
    }
}

fn not_accepted(boundary: &Boundary) -> CallError {
    boundary.refusal().unwrap_or_else(|| {
        CallError::new(ErrorCode::AuthenticationFailed, "the target does not accept the credential")
            .hint("it may have expired: give the target a fresh one")
    })
}

/// Something answers there, and not as a target of the family does.
fn no_answers(target: &Target, findings: &Findings) -> CallError {
    let status = findings.unanswered.iter().find_map(|untold| untold.status).unwrap_or_default();
    let because = findings.unanswered.first().map(|untold| untold.because.clone()).unwrap_or_default();
    let code = if status == 429 { ErrorCode::RateLimited } else { ErrorCode::ServerError };
    let family = target.family().name();
    CallError::new(code, format!("nothing that answers as {family} does was found at the target: {because}"))
        .hint("look whether the server URL, with its path, leads to the API server itself and not to a page before it")
        .detail("status", status)
}

fn proof(target: &Target) -> Proof {
    if target.server().starts_with("http:") {
        return Proof::PlainHttp;
    }
    match target.verification() {
        Verification::Ca(_) => Proof::Ca,
        Verification::SystemRoots => Proof::SystemRoots,
        Verification::DangerousNone => Proof::Unverified,
    }
}
