//! The host's own questions to a target: what is it, who are we to it, and what may we do.
//!
//! Sans-IO: an [`Inquiry`] gives the questions, whoever can send them does so, and it reads the answers. A [`Question`] has no open part: its request
//! follows from the family and, where it asks for a right, from the effects of operations. So it needs no authority of a call.

use crate::catalogue::Operation;
use crate::decide::{Basis, Permit};
use crate::family::Family;
use crate::grammar::{EffectId, Namespace, OperationId};
use crate::rbac::{Access, Accesses, accesses};
use crate::request::{CanonicalRequest, RawRequest, VIRTUAL_AUTHORITY, VIRTUAL_SCHEME};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Most rights that are asked about in one inquiry. All operations of Kubernetes together need some 80; a stranger's description may name thousands.
pub const MAX_ACCESSES: usize = 256;
/// Largest answer that is worth reading. Who one is has some kilobytes, with hundreds of groups.
pub const MAX_ANSWER_BYTES: u64 = 1 << 20;
/// Most groups that are kept, and how long each of a target's texts may be.
const MAX_GROUPS: usize = 100;
const MAX_TEXT_CHARS: usize = 512;

/// One of the host's own questions. Only an [`Inquiry`] makes it.
///
/// ```compile_fail,E0451
/// let forged = meho_policy::question::Question { family: loop {}, asked: loop {} };
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    family: Family,
    asked: Asked,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Asked {
    /// What the target is.
    Version,
    /// Who the credential is.
    Identity,
    /// Whether it has a right.
    Access(Access),
}

/// A request as a family writes it: method, path, and a body of JSON.
pub(crate) struct Written {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) body: Option<serde_json::Value>,
}

impl Question {
    /// Whether it asks who the credential is. Best asked first and alone: where the target cannot be trusted or does not take the credential, nothing
    /// else has to leave.
    #[must_use]
    pub fn is_of_identity(&self) -> bool {
        self.asked == Asked::Identity
    }

    /// The right to ask it.
    ///
    /// # Panics
    /// Never: what a family writes is of the canonical form.
    #[must_use]
    pub fn permit(&self) -> Permit {
        let written = self.family.write(&self.asked);
        let Written { method, path, body } = written.expect("an inquiry has such questions only as its family writes");
        let body = body.map(|body| crate::json::to_canonical(&body));
        let mut headers: Vec<(&str, &[u8])> = vec![("accept", b"application/json")];
        if body.is_some() {
            headers.push(("content-type", b"application/json"));
        }
        let raw = RawRequest {
            method,
            scheme: VIRTUAL_SCHEME,
            authority: VIRTUAL_AUTHORITY,
            path_and_query: path,
            headers,
            body: body.as_deref().unwrap_or_default(),
        };
        let request = CanonicalRequest::parse(&raw).expect("a question has the canonical form");
        let id = match self.asked {
            Asked::Version => "host-asks-version",
            Asked::Identity => "host-asks-identity",
            Asked::Access(_) => "host-asks-access",
        };
        let id = EffectId::parse(id).expect("a literal of the grammar");
        let trust = self.family.trust(&request);
        Permit { request, id, trust, basis: Basis::Question }
    }
}

/// Who a credential is to its target. All text is the target's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// Its name.
    pub username: String,
    /// Its uid, where it has one.
    pub uid: Option<String>,
    /// Its groups: the first hundred.
    pub groups: Vec<String>,
    /// How many groups there are beyond those.
    pub groups_left_out: usize,
    /// The target takes it for nobody: no credential reached it.
    pub is_anonymous: bool,
}

/// What was read of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    Version(String),
    Identity(Identity),
    Access(Allowed),
}

/// The answer to whether something is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowed {
    Yes,
    No,
}

/// Whether an operation may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// With all that it can do.
    Allowed,
    /// Without something that it says it has lost.
    Partly,
    /// Not at all.
    Denied,
    /// The target did not say.
    Unknown,
}

/// What was found out about one operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OperationAccess {
    /// Which.
    pub operation: OperationId,
    /// Whether it may be called.
    pub verdict: Verdict,
    /// The rights without which it fails, and which are not there.
    pub missing: Vec<Access>,
    /// The rights without which it says what is lost, and which are not there.
    pub missing_optional: Vec<Access>,
    /// The rights that the target did not speak about.
    pub unknown: Vec<Access>,
}

/// A question without an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unanswered {
    /// What was asked, in words that fit "it is not known …".
    pub question: &'static str,
    /// How often it was asked like that, and answered like that.
    pub times: usize,
    /// The status of the answer; none where it was not asked at all.
    pub status: Option<u16>,
    /// Why that is no answer, in words that fit "because …".
    pub because: String,
}

/// What an inquiry has found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// The target's version, in the target's words.
    pub version: Option<String>,
    /// Who the credential is.
    pub identity: Option<Identity>,
    /// The operations, in their order.
    pub operations: Vec<OperationAccess>,
    /// What could not be found out.
    pub unanswered: Vec<Unanswered>,
}

impl Findings {
    /// Whether the target has shown that it takes the credential for somebody. That it says its version shows nothing: everybody may read that.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        self.identity.as_ref().is_some_and(|identity| !identity.is_anonymous)
    }
}

/// Questions and their answers.
#[derive(Debug)]
pub struct Inquiry {
    family: Family,
    operations: Vec<(OperationId, Accesses)>,
    asked: BTreeSet<Access>,
    answers: BTreeMap<Access, Allowed>,
    version: Option<String>,
    identity: Option<Identity>,
    unanswered: Vec<Unanswered>,
}

impl Inquiry {
    /// What a target is, who the credential is, and whether these operations may be called, in one namespace or in all.
    #[must_use]
    pub fn new<'o>(
        family: Family,
        operations: impl IntoIterator<Item = &'o Operation>,
        namespace: Option<&Namespace>,
    ) -> Self {
        let operations: Vec<_> =
            operations.into_iter().map(|operation| (operation.id.clone(), accesses(operation, namespace))).collect();
        let all = operations.iter().flat_map(|(_, needs)| needs.required.iter().chain(&needs.optional));
        let distinct: BTreeSet<Access> = all.cloned().collect();
        let beyond = distinct.len().saturating_sub(MAX_ACCESSES);
        let mut inquiry = Self {
            family,
            operations,
            asked: distinct.into_iter().take(MAX_ACCESSES).collect(),
            answers: BTreeMap::new(),
            version: None,
            identity: None,
            unanswered: Vec::new(),
        };
        if beyond > 0 {
            inquiry.unanswered.push(Unanswered {
                question: ACCESS,
                times: beyond,
                status: None,
                because: format!("at most {MAX_ACCESSES} rights are asked about"),
            });
        }
        inquiry
    }

    /// All questions: who the credential is, what the target is, then the rights. They may be asked in any order, and at the same time. None where the
    /// family has no way to ask.
    pub fn questions(&self) -> impl Iterator<Item = Question> {
        let accesses = self.asked.iter().cloned().map(Asked::Access);
        [Asked::Identity, Asked::Version]
            .into_iter()
            .chain(accesses)
            .filter(|_| self.family.can_be_asked())
            .map(|asked| Question { family: self.family, asked })
    }

    /// Reads the answer to one of them.
    pub fn read(&mut self, question: &Question, status: u16, body: &[u8]) {
        match (self.family.read(&question.asked, status, body), &question.asked) {
            (Ok(Told::Version(version)), _) => self.version = Some(version),
            (Ok(Told::Identity(identity)), _) => self.identity = Some(identity),
            (Ok(Told::Access(allowed)), Asked::Access(access)) => drop(self.answers.insert(access.clone(), allowed)),
            (Ok(Told::Access(_)), Asked::Version | Asked::Identity) => {}
            (Err(because), asked) => self.unanswered(asked, status, because),
        }
    }

    fn unanswered(&mut self, asked: &Asked, status: u16, because: String) {
        let question = match asked {
            Asked::Version => "what the target is",
            Asked::Identity => "who the credential is",
            Asked::Access(_) => ACCESS,
        };
        let same = |known: &&mut Unanswered| {
            known.question == question && known.status == Some(status) && known.because == because
        };
        match self.unanswered.iter_mut().find(same) {
            Some(known) => known.times += 1,
            None => self.unanswered.push(Unanswered { question, times: 1, status: Some(status), because }),
        }
    }

    /// Whether anything has been answered as a target of the family answers.
    #[must_use]
    pub fn has_answers(&self) -> bool {
        self.version.is_some() || self.identity.is_some() || !self.answers.is_empty()
    }

    /// What has been found out.
    #[must_use]
    pub fn findings(self) -> Findings {
        let answers = self.answers;
        let operations = self.operations.into_iter().map(|(operation, needs)| judge(operation, needs, &answers));
        Findings {
            operations: operations.collect(),
            version: self.version,
            identity: self.identity,
            unanswered: self.unanswered,
        }
    }
}

const ACCESS: &str = "whether the credential has a right";

/// What the answers mean for an operation. A right that nobody spoke about is not there for certain, nor certainly not.
fn judge(operation: OperationId, needs: Accesses, answers: &BTreeMap<Access, Allowed>) -> OperationAccess {
    let is = |wanted: Option<Allowed>| move |access: &&Access| answers.get(*access).copied() == wanted;
    let of = |needs: &BTreeSet<Access>, wanted| -> Vec<Access> { needs.iter().filter(is(wanted)).cloned().collect() };
    let missing = of(&needs.required, Some(Allowed::No));
    let missing_optional = of(&needs.optional, Some(Allowed::No));
    let required_unknown = of(&needs.required, None);
    let optional_unknown = of(&needs.optional, None);
    let verdict = if !missing.is_empty() {
        Verdict::Denied
    } else if !required_unknown.is_empty() {
        Verdict::Unknown
    } else if !missing_optional.is_empty() {
        Verdict::Partly
    } else if !optional_unknown.is_empty() {
        Verdict::Unknown
    } else {
        Verdict::Allowed
    };
    let unknown = [required_unknown, optional_unknown].concat();
    OperationAccess { operation, verdict, missing, missing_optional, unknown }
}

/// Text of a target's, bounded. Nothing else is done to it: whoever shows it escapes it.
pub(crate) fn bounded(text: &str) -> String {
    text.chars().take(MAX_TEXT_CHARS).collect()
}

/// The first groups, and how many more there are.
pub(crate) fn bounded_groups<'t>(groups: impl Iterator<Item = &'t str>) -> (Vec<String>, usize) {
    let mut groups = groups;
    let kept = groups.by_ref().take(MAX_GROUPS).map(bounded).collect();
    (kept, groups.count())
}
