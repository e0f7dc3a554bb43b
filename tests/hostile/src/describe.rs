//! Descriptions, and the effects that most fixtures have.

use crate::bindings::exports::meho::connector::catalog::{Description, Identity, Operation, ResultKind};
use crate::bindings::meho::connector::effects::{
    BodyRule, Condition, Count, Effect, Form, Method, Need, PageSize, Piece, Place, QueryRule, Trust, Value,
};

/// Where pods are.
pub const PODS: &str = "/api/v1/namespaces/default/pods";
/// Where Deployments are.
pub const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
/// Where StatefulSets are.
pub const STATEFUL_SETS: &str = "/apis/apps/v1/namespaces/default/statefulsets";
/// What answers are asked for as.
pub const JSON: &str = "application/json";
/// A JSON merge patch.
pub const MERGE_PATCH: &str = "application/merge-patch+json";

/// The body of a plain scale.
const SCALE: &str = r#"{"spec":{"replicas":{"$argument":"replicas"}}}"#;

/// What every operation takes: the name of an object, a selector, a number, and text that says which variation is meant.
pub const ARGUMENTS: &str = r#"{"type":"object","additionalProperties":false,"properties":{
    "name":{"type":"string","format":"name","default":"web"},
    "selector":{"type":"string","format":"selector"},
    "continue":{"type":"string","format":"token"},
    "limit":{"type":"integer","minimum":1},
    "replicas":{"type":"integer","minimum":0,"default":3},
    "how":{"type":"string"},
    "also":{"type":"string"},
    "times":{"type":"integer","minimum":0}
}}"#;

/// A description with these operations.
#[must_use]
pub fn description(operations: Vec<Operation>) -> Description {
    Description {
        identity: Identity {
            name: "hostile".to_owned(),
            version: "1.0.0".to_owned(),
            family: "kubernetes".to_owned(),
            summary: "Not to be trusted".to_owned(),
        },
        operations,
        topology: None,
    }
}

/// The operation `act`: it returns an object, and its trust is the highest of its effects'.
#[must_use]
pub fn act(effects: Vec<Effect>) -> Operation {
    Operation {
        id: "act".to_owned(),
        title: "Act".to_owned(),
        summary: "Does what it does".to_owned(),
        category: "core".to_owned(),
        trust: effects.iter().map(|effect| effect.trust).max_by_key(|trust| *trust as u8).unwrap_or(Trust::Read),
        arguments: ARGUMENTS.to_owned(),
        returns: r#"{"type":"object"}"#.to_owned(),
        kind: ResultKind::Object,
        entity: None,
        effects,
    }
}

impl Operation {
    /// The same with rows for a result.
    #[must_use]
    pub fn list(self) -> Self {
        Self { kind: ResultKind::List, ..self }
    }
}

/// A GET, sent once.
#[must_use]
pub fn get(id: &str, path: Vec<Piece>) -> Effect {
    Effect {
        id: id.to_owned(),
        trust: Trust::Read,
        need: Need::Required,
        when: Vec::new(),
        method: Method::Get,
        path,
        query: Vec::new(),
        accept: vec![JSON.to_owned()],
        body: None,
        count: Count { series: 1, pages: 1 },
    }
}

/// Reads the pod that `name` names, once.
#[must_use]
pub fn pod() -> Effect {
    get("pod", path(PODS, "name", ""))
}

/// Reads all pods that `selector` selects, in pages of 500, from the token `continue` on, at most `limit`.
#[must_use]
pub fn pods() -> Effect {
    let rule = |key: &str, value: Value| QueryRule { key: key.to_owned(), value, may_omit: false };
    Effect {
        query: vec![
            rule("labelSelector", Value::Pieces(vec![Piece::Argument("selector".to_owned())])),
            rule("limit", Value::PageSize(PageSize { rows: 500, limit: Some("limit".to_owned()) })),
            rule("continue", Value::PageToken(Some("continue".to_owned()))),
        ],
        count: Count { series: 1, pages: 100 },
        ..get("pods", vec![literal(PODS)])
    }
}

/// Reads the scale of the Deployment that `name` names.
#[must_use]
pub fn before() -> Effect {
    get("before", path(DEPLOYMENTS, "name", "/scale"))
}

/// Sets how many pods the Deployment that `name` names has: `replicas`.
#[must_use]
pub fn scale() -> Effect {
    write("scale", Method::Patch, path(DEPLOYMENTS, "name", "/scale"), Some(SCALE))
}

/// Sets how many pods the StatefulSet that `name` names has: `replicas`.
#[must_use]
pub fn scale_stateful() -> Effect {
    write("scale-stateful", Method::Patch, path(STATEFUL_SETS, "name", "/scale"), Some(SCALE))
}

/// Sets how many pods the Deployment that `name` names has: `replicas`, and of the very object that `before` read.
#[must_use]
pub fn scale_seen() -> Effect {
    let template = r#"{
        "metadata": {"uid": {"$observed": ["before", "/metadata/uid"], "optional": true}},
        "spec": {"replicas": {"$argument": "replicas"}}
    }"#;
    write("scale", Method::Patch, path(DEPLOYMENTS, "name", "/scale"), Some(template))
}

/// A write that the family takes for no more than that.
#[must_use]
pub fn write(id: &str, method: Method, path: Vec<Piece>, template: Option<&str>) -> Effect {
    Effect {
        trust: Trust::Write,
        method,
        body: template.map(|template| BodyRule { media_type: MERGE_PATCH.to_owned(), template: template.to_owned() }),
        ..get(id, path)
    }
}

impl Effect {
    /// The same, so many times.
    #[must_use]
    pub fn times(mut self, series: u16) -> Self {
        self.count.series = series;
        self
    }

    /// The same with another trust.
    #[must_use]
    pub fn trust(self, trust: Trust) -> Self {
        Self { trust, ..self }
    }

    /// The same, under one more condition.
    #[must_use]
    pub fn when(mut self, condition: Condition) -> Self {
        self.when.push(condition);
        self
    }
}

/// A literal.
#[must_use]
pub fn literal(text: &str) -> Piece {
    Piece::Literal(text.to_owned())
}

/// The path of an object below a collection, named by an argument.
#[must_use]
pub fn path(collection: &str, argument: &str, after: &str) -> Vec<Piece> {
    let mut path = vec![literal(&format!("{collection}/")), Piece::Argument(argument.to_owned())];
    path.extend((!after.is_empty()).then(|| literal(after)));
    path
}

/// A name that stood in an answer.
#[must_use]
pub fn seen(effect: &str, pointer: &str) -> Piece {
    Piece::Observed(vec![Place { effect: effect.to_owned(), pointer: pointer.to_owned(), form: Form::Name }])
}
