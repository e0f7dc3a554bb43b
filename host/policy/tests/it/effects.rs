//! Small effects to decide on, and a call under way.

use meho_policy::authority::{Authority, Phase};
use meho_policy::catalogue::Effects;
use meho_policy::decide::{Decision, decide};
use meho_policy::denial::{Denial, Rule};
use meho_policy::effect::{Effect, Trust};
use meho_policy::family::Family;
use meho_policy::observer::{Finding, Observer};
use meho_policy::request::{CanonicalRequest, RawRequest};
use meho_policy::schema::ArgumentsSchema;
use meho_policy::state::{Receipt, State, observe, observe_status, spend};
use serde_json::{Value, json};

/// An effect from JSON, with what most of them share.
pub(crate) fn effect(id: &str, path: &Value, more: &Value) -> Effect {
    let mut whole = json!({
        "id": id, "trust": "Read", "need": "Required", "when": [], "method": "Get", "path": path, "query": [],
        "accept": ["application/json"], "body": null, "count": {"series": 1, "pages": 1},
    });
    for (name, value) in more.as_object().expect("an object") {
        whole[name] = value.clone();
    }
    serde_json::from_value(whole).expect("an effect")
}

pub(crate) fn literal(text: &str) -> Value {
    json!([{"Literal": text}])
}

/// The path of pods of the argument `namespace`, and what comes after.
pub(crate) fn pods(after: Vec<Value>) -> Value {
    let mut path = vec![json!({"Literal": "/api/v1/namespaces/"}), json!({"Argument": "namespace"})];
    path.push(json!({"Literal": if after.is_empty() { "/pods" } else { "/pods/" }}));
    path.extend(after);
    Value::Array(path)
}

pub(crate) fn schema() -> ArgumentsSchema {
    let text = json!({
        "type": "object",
        "properties": {
            "namespace": {"type": "string", "format": "label"},
            "name": {"type": "string", "format": "name"},
            "kind": {"type": "string", "enum": ["Pod", "Node"], "default": "Pod"},
            "selector": {"type": "string", "format": "selector"},
            "limit": {"type": "integer", "minimum": 1},
            "token": {"type": "string", "format": "token"},
            "replicas": {"type": "integer", "minimum": 0, "default": 3},
            "flag": {"type": "boolean", "default": false},
            "kinds": {"type": "array", "items": {"type": "string", "enum": ["Pod", "Node"]}},
            "free": {"type": "string"},
            "tier": {"type": "string"},
            "unbounded": {"type": "integer"},
        },
        "required": ["namespace", "name"],
        "additionalProperties": false,
    });
    ArgumentsSchema::parse(&text.to_string()).expect("a schema")
}

pub(crate) fn check(effects: &[Effect], trust: Trust) -> Result<Effects, String> {
    Effects::check(effects, &schema(), trust, Family::Kubernetes)
        .map_err(|(effect, reason)| format!("{}: {reason}", effect.map(String::from).unwrap_or_default()))
}

/// A call under way.
pub(crate) struct Session {
    authority: Authority,
    state: State,
}

/// A request in short.
#[derive(Debug, Clone)]
pub(crate) struct Ask<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) accept: &'a str,
    pub(crate) media_type: Option<&'a str>,
    pub(crate) body: &'a str,
}

pub(crate) fn get(target: &str) -> Ask<'_> {
    Ask { method: "GET", target, accept: "application/json", media_type: None, body: "" }
}

pub(crate) fn patch<'a>(target: &'a str, body: &'a str) -> Ask<'a> {
    Ask { method: "PATCH", media_type: Some("application/merge-patch+json"), body, ..get(target) }
}

impl Ask<'_> {
    pub(crate) fn canonical(&self) -> Result<CanonicalRequest, Denial> {
        let mut headers: Vec<(&str, &[u8])> = vec![("accept", self.accept.as_bytes())];
        headers.extend(self.media_type.map(|media_type| ("content-type", media_type.as_bytes())));
        CanonicalRequest::parse(&RawRequest {
            method: self.method,
            scheme: "https",
            authority: "target.invalid",
            path_and_query: self.target,
            headers,
            body: self.body.as_bytes(),
        })
    }
}

impl Session {
    pub(crate) fn new(effects: &[Effect], trust: Trust, arguments: &Value, phase: Phase) -> Self {
        let effects = check(effects, trust).expect("effects that pass");
        let arguments = schema().check(arguments.as_object().expect("an object").clone()).expect("arguments that fit");
        let authority = Authority::compile(&effects, &arguments, crate::oracle::NOW, phase);
        let state = State::new(&authority);
        Self { authority, state }
    }

    pub(crate) fn reading(effects: &[Effect], arguments: &Value) -> Self {
        Self::new(effects, Trust::Read, arguments, Phase::Plan)
    }

    /// A run that sends no write.
    pub(crate) fn planning(effects: &[Effect], trust: Trust, arguments: &Value) -> Self {
        Self::new(effects, trust, arguments, Phase::Plan)
    }

    pub(crate) fn decide(&self, ask: &Ask<'_>) -> Result<Decision, Denial> {
        decide(&self.authority, &self.state, &ask.canonical()?)
    }

    /// Sends, and takes this answer in.
    #[track_caller]
    pub(crate) fn send(&mut self, ask: &Ask<'_>, status: u16, answer: &Value) -> Receipt {
        let Decision::Send(permit) = self.decide(ask).expect("permitted") else { panic!("a plan") };
        let receipt = spend(&mut self.state, &permit);
        observe_status(&mut self.state, receipt, status);
        if let (200, Some(mut observer)) = (status, Observer::new(&self.authority, receipt)) {
            for finding in observer.feed(answer.to_string().as_bytes()) {
                observe(&mut self.state, &self.authority, receipt, finding);
            }
        }
        receipt
    }

    /// Takes in that this stood in the first of the places that are looked at.
    pub(crate) fn find(&mut self, receipt: Receipt, text: &str) {
        observe(&mut self.state, &self.authority, receipt, Finding::Value { slot: 0, text: text.to_owned() });
    }

    #[track_caller]
    pub(crate) fn allows(&self, ask: &Ask<'_>) {
        if let Err(denial) = self.decide(ask) {
            panic!("{ask:?}: {denial}");
        }
    }

    #[track_caller]
    pub(crate) fn denies(&self, rule: Rule, ask: &Ask<'_>) {
        match self.decide(ask) {
            Ok(decision) => panic!("{ask:?} is let through: {decision:?}"),
            Err(denial) => assert_eq!(denial.rule, rule, "{ask:?}: {denial}"),
        }
    }
}
