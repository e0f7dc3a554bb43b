//! What an operator says of a target: which operations and namespaces, what is approved without asking, by whom else, and how much a call may use.
//!
//! Pure: it knows no file. Rules only ever take away from what a connector's effects allow; what they add is a yes to a write, and never to a
//! DESTRUCTIVE one. They are part of every plan by their [`digest`](TargetRules::digest), so that a plan made under other rules is no plan here.

mod digest;

use crate::approver::Approvers;
use crate::denial::{Denial, Rule};
use crate::effect::Trust;
use crate::family::{Family, Reach};
use crate::grammar::{Namespace, OperationId};
use crate::plan::{Digest, Plan};
use crate::request::CanonicalRequest;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Most namespaces that a denial names.
const NAMED: usize = 5;

/// Any, or some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Names<T> {
    /// All that there are.
    Any,
    /// These, and no other.
    Only(BTreeSet<T>),
}

impl<T: Ord> Names<T> {
    /// Whether this is one of them.
    #[must_use]
    pub fn has(&self, name: &T) -> bool {
        match self {
            Self::Any => true,
            Self::Only(names) => names.contains(name),
        }
    }
}

/// An operator's rules for one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetRules {
    /// Which components may work there. An operation's name is its component's own word: another's of the same name may do something else.
    pub components: Names<Digest>,
    /// Which operations may be called.
    pub operations: Names<OperationId>,
    /// Which namespaces their requests may reach. Where they are some, nothing that reaches further is sent.
    pub namespaces: Names<Namespace>,
    /// The level that the writes of an operation have at least. It lifts, and never lowers; a read cannot be lifted, because there is nothing to plan in it.
    pub raised: BTreeMap<OperationId, Trust>,
    /// What is approved without asking. One that fits is enough.
    pub automatic: Vec<AutomaticApproval>,
    /// Who approves everything else.
    pub approvers: Approvers,
    /// What a connector gets of a Secret.
    pub secrets: SecretRule,
    /// What a call may use.
    pub allowance: Allowance,
}

/// A write that is approved without asking. All of it has to fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutomaticApproval {
    /// The operation.
    pub operation: OperationId,
    /// Where the write goes. A write beyond any namespace fits `Any` alone.
    pub namespaces: Names<Namespace>,
    /// Arguments that have to be given, and within these bounds. Others may be anything.
    pub arguments: BTreeMap<String, Bounds>,
}

/// What an argument may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bounds {
    /// An integer from the first to the second.
    Integer(i64, i64),
    /// One of these texts; of a list, each item.
    OneOf(BTreeSet<String>),
    /// This value.
    Exactly(Value),
}

/// What a connector gets of a Secret that is read by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretRule {
    /// What the target's own settings say.
    AsSet,
    /// Sizes and digests of its values, whatever the target's settings say.
    Redacted,
}

/// What a call may use. Where there is nothing, the host's own budget holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Time from start to end. A caller may ask for less.
    pub wall: Option<Duration>,
    /// Requests.
    pub requests: Option<u32>,
    /// All answers' bodies.
    pub response_bytes: Option<u64>,
    /// Memory of the guest. No more than the host's own.
    pub memory_bytes: Option<u64>,
}

/// The rules on the requests of one call.
#[derive(Debug)]
pub(crate) struct CallRules {
    namespaces: Names<Namespace>,
    floor: Trust,
}

impl Default for CallRules {
    fn default() -> Self {
        Self { namespaces: Names::Any, floor: Trust::Read }
    }
}

impl CallRules {
    /// Whether a request stays where it may go.
    pub(crate) fn judge(&self, family: Family, request: &CanonicalRequest) -> Result<(), Denial> {
        judge(&self.namespaces, family, request)
    }

    /// The level of a request. A read stays one: it is nothing that could be planned.
    pub(crate) fn raise(&self, trust: Trust) -> Trust {
        if trust == Trust::Read { trust } else { trust.max(self.floor) }
    }
}

impl TargetRules {
    /// Where there is no policy: whatever a connector's effects allow, approved by whomever the embedder lets.
    #[must_use]
    pub fn unrestricted() -> Self {
        Self {
            components: Names::Any,
            operations: Names::Any,
            namespaces: Names::Any,
            raised: BTreeMap::new(),
            automatic: Vec::new(),
            approvers: Approvers::Anybody,
            secrets: SecretRule::AsSet,
            allowance: Allowance::default(),
        }
    }

    /// Where there is a policy and it says nothing of a target: no operation, and nobody's approval.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            operations: Names::Only(BTreeSet::new()),
            namespaces: Names::Only(BTreeSet::new()),
            approvers: Approvers::Keys(Vec::new()),
            secrets: SecretRule::Redacted,
            ..Self::unrestricted()
        }
    }

    /// Whether an operation of this component, which declares this level, may be called. Asked before anything of it runs.
    ///
    /// # Errors
    /// `policy-operation`, where it is not allowed; `policy-raise`, where it is a read and the rules say that it is more.
    pub fn admit(&self, component: Digest, operation: &OperationId, declared: Trust) -> Result<(), Denial> {
        if !self.components.has(&component) {
            return Err(Denial::new(
                Rule::PolicyOperation,
                format!("the component {component} is not among its components"),
            ));
        }
        if !self.operations.has(operation) {
            return Err(Denial::new(Rule::PolicyOperation, format!("{operation} is not among its operations")));
        }
        match self.raised.get(operation) {
            Some(level) if declared == Trust::Read && *level > Trust::Read => {
                let part = format!("{operation} only reads: nothing in it could be planned and approved as {level}");
                Err(Denial::new(Rule::PolicyRaise, part))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether a request stays in the namespaces that are allowed.
    ///
    /// # Errors
    /// `policy-namespace`, and where it would go.
    pub fn judge(&self, family: Family, request: &CanonicalRequest) -> Result<(), Denial> {
        judge(&self.namespaces, family, request)
    }

    /// The first of the automatic approvals that fits a plan; none for what is DESTRUCTIVE, by whatever makes it so. All of it follows from the rules and
    /// the plan, so it can be asked again when the plan is executed.
    #[must_use]
    pub fn approves(&self, family: Family, plan: &Plan) -> Option<&AutomaticApproval> {
        let (planned, context) = (plan.request(), plan.context());
        let request = planned.request();
        // Not the kept word alone: a plan may have been written by somebody else into where it was kept.
        let level = self.of_call(&context.operation).raise(planned.trust().max(family.trust(request)));
        let is_of_these = context.policy == self.digest()
            && self.components.has(&context.component)
            && self.operations.has(&context.operation);
        if level != Trust::Write || !is_of_these || self.judge(family, request).is_err() {
            return None;
        }
        let arguments: Map<String, Value> = serde_json::from_slice(&context.arguments).ok()?;
        // An object that was found by the beginning of its name, or in an answer, is one that nobody has named.
        let named = |object: String| arguments.values().any(|value| value.as_str() == Some(&object));
        if !family.object(request).is_none_or(named) {
            return None;
        }
        let reach = family.reach(request);
        self.automatic.iter().find(|rule| rule.operation == context.operation && rule.fits(&reach, &arguments))
    }

    /// A digest over all of it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest::of(self)
    }

    /// The part that is about the requests of a call.
    pub(crate) fn of_call(&self, operation: &OperationId) -> CallRules {
        CallRules {
            namespaces: self.namespaces.clone(),
            floor: self.raised.get(operation).copied().unwrap_or(Trust::Read),
        }
    }
}

fn judge(allowed: &Names<Namespace>, family: Family, request: &CanonicalRequest) -> Result<(), Denial> {
    let Names::Only(names) = allowed else { return Ok(()) };
    let beyond = match family.reach(request) {
        Reach::Server => return Ok(()),
        Reach::Namespace(namespace) if names.contains(&namespace) => return Ok(()),
        Reach::Namespace(namespace) => format!("the namespace {namespace}"),
        Reach::Everything => "beyond any one namespace".to_owned(),
    };
    let mut known: Vec<&str> = names.iter().map(Namespace::as_str).take(NAMED).collect();
    if names.len() > NAMED {
        known.push("…");
    }
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(Denial::new(Rule::PolicyNamespace, format!("it would go to {beyond}; allowed: {known}")))
}

impl AutomaticApproval {
    fn fits(&self, reach: &Reach, arguments: &Map<String, Value>) -> bool {
        let goes_there = match (reach, &self.namespaces) {
            (Reach::Namespace(namespace), names) => names.has(namespace),
            (Reach::Everything, Names::Any) => true,
            (Reach::Everything, Names::Only(_)) | (Reach::Server, _) => false,
        };
        goes_there
            && self.arguments.iter().all(|(name, bounds)| arguments.get(name).is_some_and(|value| bounds.hold(value)))
    }
}

impl Bounds {
    /// Whether a value is within them. One of another type is not.
    #[must_use]
    pub fn hold(&self, value: &Value) -> bool {
        match self {
            Self::Integer(least, most) => value.as_i64().is_some_and(|number| (*least..=*most).contains(&number)),
            Self::OneOf(texts) => match value {
                Value::String(text) => texts.contains(text),
                // Of nothing nobody has said what it may be.
                Value::Array(items) => {
                    !items.is_empty() && items.iter().all(|item| item.as_str().is_some_and(|text| texts.contains(text)))
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
            },
            Self::Exactly(only) => value == only,
        }
    }
}
