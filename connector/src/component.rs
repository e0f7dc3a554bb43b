//! The component's exports: the table, handed out and called.

use crate::bindings::exports::meho::connector::catalog::{Description, Entity, Identity, Operation, ResultKind};
use crate::bindings::exports::meho::connector::operations::{Call, Outcome};
use crate::bindings::exports::meho::connector::topology::Summary;
use crate::bindings::exports::meho::connector::{catalog, operations, topology};
use crate::bindings::meho::connector::failures::Failure;
use crate::operation::Returns;
use crate::parameter::arguments_schema;
use crate::table::{Entry, TABLE};
use crate::topology::{description, discover};

/// What `bindings` exports.
pub(crate) struct Component;

impl catalog::Guest for Component {
    fn describe() -> Description {
        Description {
            identity: Identity {
                name: "kubernetes".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                family: "kubernetes".to_owned(),
                summary: "Kubernetes over its REST API".to_owned(),
            },
            operations: TABLE.iter().map(operation).collect(),
            topology: Some(description()),
        }
    }
}

fn operation(entry: &Entry) -> Operation {
    Operation {
        id: entry.id.to_owned(),
        title: entry.title.to_owned(),
        summary: entry.summary.to_owned(),
        category: entry.category.to_owned(),
        trust: entry.trust,
        arguments: arguments_schema(entry.parameters),
        returns: entry.built.schema(),
        kind: match entry.returns {
            Returns::List => ResultKind::List,
            Returns::Object => ResultKind::Object,
        },
        entity: entry.entity.map(|name| Entity {
            name: name.to_owned(),
            id_member: "uid".to_owned(),
            name_member: "name".to_owned(),
        }),
        effects: (entry.effects)(),
    }
}

impl operations::Guest for Component {
    fn invoke(call: Call) -> Result<Outcome, Failure> {
        match TABLE.iter().find(|entry| entry.id == call.operation) {
            Some(entry) => entry.built.run(entry, &call.arguments),
            None => Err(Failure::UnknownOperation(call.operation)),
        }
    }
}

impl topology::Guest for Component {
    fn discover(arguments: String) -> Result<Summary, Failure> {
        discover(&arguments)
    }
}
