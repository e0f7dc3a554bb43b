//! The contract's data, and the connector's table, as the tests see them.

use meho_kubernetes::parameter::arguments_schema;
use meho_kubernetes::table::{Entry, TABLE};
use meho_policy::catalogue::Effects;
use meho_policy::effect::{Effect, Trust};
use meho_policy::family::Family;
use meho_policy::schema::ArgumentsSchema;
use serde::Deserialize;
use serde_json::Value;

/// `operations.json`.
#[derive(Debug, Deserialize)]
pub(crate) struct Contract {
    pub(crate) operations: Vec<Operation>,
    pub(crate) shapes: serde_json::Map<String, Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) category: String,
    pub(crate) trust_level: String,
    pub(crate) entity: Option<Entity>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) requests: Vec<Request>,
    #[serde(default)]
    pub(crate) optional_requests: Vec<Request>,
    #[serde(default)]
    pub(crate) beyond: Vec<String>,
    pub(crate) rbac: Vec<Right>,
    #[serde(default)]
    pub(crate) optional_rbac: Vec<Right>,
    pub(crate) result: ResultShape,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Entity {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) name: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) required: bool,
    #[serde(default)]
    pub(crate) default: Value,
    pub(crate) minimum: Option<i64>,
    pub(crate) maximum: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
}

#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Clone)]
pub(crate) struct Right {
    pub(crate) api_group: String,
    pub(crate) resource: String,
    pub(crate) verb: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ResultShape {
    pub(crate) kind: String,
    pub(crate) shape: String,
}

pub(crate) fn contract() -> Contract {
    serde_json::from_str(include_str!("../../data/operations.json")).expect("operations.json is of its shape")
}

impl Contract {
    pub(crate) fn operation(&self, id: &str) -> &Operation {
        self.operations.iter().find(|operation| operation.id == id).expect("an operation of the contract")
    }
}

pub(crate) fn entry(id: &str) -> &'static Entry {
    TABLE.iter().find(|entry| entry.id == id).expect("a row of the table")
}

pub(crate) fn trust(entry: &Entry) -> Trust {
    effect_trust(&entry.trust)
}

fn effect_trust(trust: &impl serde::Serialize) -> Trust {
    serde_json::from_value(serde_json::to_value(trust).expect("serialisable")).expect("the same three levels")
}

/// The bindings' effects as policy's: both are the contract's records, so their JSON is the same.
pub(crate) fn effects_of(described: &impl serde::Serialize) -> Vec<Effect> {
    serde_json::from_value(serde_json::to_value(described).expect("serialisable")).expect("the same records")
}

/// An operation's arguments and effects, checked as at load.
pub(crate) fn checked(entry: &Entry) -> (ArgumentsSchema, Effects) {
    let arguments = ArgumentsSchema::parse(&arguments_schema(entry.parameters)).expect("a schema of the subset");
    let described = effects_of(&(entry.effects)());
    let effects = Effects::check(&described, &arguments, trust(entry), Family::Kubernetes)
        .unwrap_or_else(|(effect, reason)| panic!("{}: {effect:?}: {reason}", entry.id));
    (arguments, effects)
}

/// Discovery's arguments and effects, checked as at load.
pub(crate) fn checked_discovery() -> (ArgumentsSchema, Effects) {
    use meho_kubernetes::operations::discover;
    let arguments = ArgumentsSchema::parse(&arguments_schema(&discover::PARAMETERS)).expect("a schema of the subset");
    let described = effects_of(&discover::effects());
    let effects = Effects::check(&described, &arguments, Trust::Read, Family::Kubernetes)
        .unwrap_or_else(|(effect, reason)| panic!("discovery: {effect:?}: {reason}"));
    (arguments, effects)
}
