//! A scenario: the requests that an honest implementation sends in one call, with the answers that lead from one to the next.

use meho_policy::approver::Approvers;
use meho_policy::authority::{Authority, Phase};
use meho_policy::catalogue::Effects;
use meho_policy::decide::{Decision, decide};
use meho_policy::denial::Denial;
use meho_policy::observer::Observer;
use meho_policy::plan::{Approval, Confirmation, Digest, Plan, PlanContext};
use meho_policy::request::{CanonicalRequest, RawRequest, VIRTUAL_AUTHORITY, VIRTUAL_SCHEME};
use meho_policy::schema::ArgumentsSchema;
use meho_policy::state::{State, observe, observe_status, spend};
use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

pub(crate) const CLOCK: &str = "2026-01-02T03:04:05Z";
pub(crate) const JSON: &str = "application/json";
pub(crate) const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
pub(crate) const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";

/// A request, before it is written out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ask {
    pub(crate) method: String,
    pub(crate) scheme: String,
    pub(crate) authority: String,
    pub(crate) path: String,
    /// Keys and values as they stand in the URL: the values are encoded.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Ask {
    pub(crate) fn get(path: &str) -> Self {
        Self {
            method: "GET".to_owned(),
            scheme: VIRTUAL_SCHEME.to_owned(),
            authority: VIRTUAL_AUTHORITY.to_owned(),
            path: path.to_owned(),
            query: Vec::new(),
            headers: vec![("accept".to_owned(), JSON.to_owned())],
            body: String::new(),
        }
    }

    pub(crate) fn accept(mut self, media_type: &str) -> Self {
        self.headers[0].1 = media_type.to_owned();
        self
    }

    pub(crate) fn query(mut self, key: &str, value: &str) -> Self {
        self.query.push((key.to_owned(), encode(value)));
        self
    }

    pub(crate) fn with(mut self, method: &str, media_type: &str, body: &Value) -> Self {
        self.method = method.to_owned();
        self.headers.push(("content-type".to_owned(), media_type.to_owned()));
        self.body = body.to_string();
        self
    }

    pub(crate) fn target(&self) -> String {
        let query: Vec<String> = self.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
        if query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, query.join("&")) }
    }

    pub(crate) fn canonical(&self) -> Result<CanonicalRequest, Denial> {
        CanonicalRequest::parse(&RawRequest {
            method: &self.method,
            scheme: &self.scheme,
            authority: &self.authority,
            path_and_query: &self.target(),
            headers: self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect(),
            body: self.body.as_bytes(),
        })
    }

    /// What makes two requests the same.
    pub(crate) fn identity(&self) -> Option<String> {
        let request = self.canonical().ok()?;
        let body =
            request.body().map(|body| format!("{} {}", body.media_type(), String::from_utf8_lossy(body.bytes())));
        Some(format!("{} {} {} {body:?}", request.method(), request.rendered_path_and_query(), request.accept()))
    }
}

pub(crate) fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// A request and how it is answered.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) ask: Ask,
    pub(crate) status: u16,
    pub(crate) answer: Value,
}

impl Step {
    pub(crate) fn new(ask: Ask, status: u16, answer: Value) -> Self {
        Self { ask, status, answer }
    }
}

/// One call.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) operation: String,
    pub(crate) name: &'static str,
    pub(crate) arguments: Map<String, Value>,
    pub(crate) steps: Vec<Step>,
}

/// A call under way, as the host keeps it.
pub(crate) struct Session {
    pub(crate) authority: Authority,
    pub(crate) state: State,
}

/// What becomes of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Became {
    Sent,
    Planned,
}

impl Session {
    pub(crate) fn begin(schema: &ArgumentsSchema, effects: &Effects, scenario: &Scenario, phase: Phase) -> Self {
        let arguments = schema
            .check(scenario.arguments.clone())
            .unwrap_or_else(|error| panic!("{} {:?}: {error}", scenario.operation, scenario.arguments));
        let authority = Authority::compile(effects, &arguments, CLOCK, phase);
        let state = State::new(&authority);
        Self { authority, state }
    }

    /// Asks without sending.
    pub(crate) fn judge(&self, ask: &Ask) -> Result<Became, Denial> {
        match decide(&self.authority, &self.state, &ask.canonical()?)? {
            Decision::Send(_) => Ok(Became::Sent),
            Decision::Plan(_) => Ok(Became::Planned),
        }
    }

    /// Sends a request and takes its answer in, in pieces of any size.
    pub(crate) fn take(&mut self, step: &Step, random: &mut StdRng) -> Result<Decision, Denial> {
        let decision = decide(&self.authority, &self.state, &step.ask.canonical()?)?;
        let Decision::Send(permit) = &decision else { return Ok(decision) };
        let receipt = spend(&mut self.state, permit);
        observe_status(&mut self.state, receipt, step.status);
        let text = step.answer.to_string();
        if let (200, Some(mut observer)) = (step.status, Observer::new(&self.authority, receipt)) {
            let mut rest = text.as_bytes();
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(random.random_range(1..=rest.len().min(300)));
                for finding in observer.feed(piece) {
                    observe(&mut self.state, &self.authority, receipt, finding);
                }
                rest = after;
            }
        }
        Ok(decision)
    }
}

/// An approval of what a plan run came to.
pub(crate) fn approve(decision: Decision) -> Phase {
    let Decision::Plan(planned) = decision else { panic!("a plan was expected") };
    let context = PlanContext {
        operation: meho_policy::grammar::OperationId::parse("test").expect("an id"),
        arguments: Vec::new(),
        component: Digest::of(b"component"),
        policy: Digest::of(b"policy"),
        target: Digest::of(b"target"),
        principal: "test".to_owned(),
        store: "store".to_owned(),
        expires: 100,
        clock: 0,
        seed: [0; 32],
    };
    let plan = Plan::new(planned, context);
    let approval = Approval {
        digest: plan.digest(),
        approver: "test".to_owned(),
        confirmation: Confirmation::Twice,
        signature: None,
    };
    Phase::Execute(Box::new(plan.redeem(&approval, 1, &Approvers::Anybody).expect("the approval fits")))
}

/// Every request of these scenarios, by its identity: a mutation that is one of them is no mutation.
pub(crate) fn honest_requests(scenarios: &[&Scenario]) -> BTreeSet<String> {
    scenarios.iter().flat_map(|scenario| &scenario.steps).filter_map(|step| step.ask.identity()).collect()
}
