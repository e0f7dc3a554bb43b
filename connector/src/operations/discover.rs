//! Discovery: the entities of a cluster and how they hang together. Lists only, one streamed call.

use crate::bindings::meho::connector::effects::Effect;
use crate::effects::{MAX_PAGES, argument, collection, object, read};
use crate::kinds::endpoints::ENDPOINTS;
use crate::kinds::namespace::NAMESPACES;
use crate::kinds::service::SERVICES;
use crate::parameter::{Absent, Kind, Parameter};
use crate::resource::{ENDPOINT_SLICES, Entity, Resource, Scope};
use crate::table::{TABLE, kinds};

/// How many types of entities there are.
const TYPES: usize = {
    let (mut count, mut index) = (0, 0);
    while index < TABLE.len() {
        count += entity_type(index).is_some() as usize;
        index += 1;
    }
    count
};
/// The types of entities: the kinds whose files say so, in the order of the table.
const ENTITY_TYPES: [&str; TYPES] = {
    let mut names = [""; TYPES];
    let (mut count, mut index) = (0, 0);
    while index < TABLE.len() {
        if let Some(name) = entity_type(index) {
            names[count] = name;
            count += 1;
        }
        index += 1;
    }
    names
};

/// The type of entity that the operation at this place of the table lists.
const fn entity_type(index: usize) -> Option<&'static str> {
    match TABLE[index].lists {
        Some(Resource { kind, entity: Entity::Found, .. }) => Some(kind),
        Some(_) | None => None,
    }
}

/// A kind whose token expires is read again from the start: so many readings of one kind.
const READINGS: u16 = 3;

/// The parameters of discovery.
pub const PARAMETERS: [Parameter; 3] = [
    Parameter {
        name: "namespace",
        kind: Kind::Text("label"),
        absent: Absent::Nothing,
        meaning: "Only this namespace, and what is of the cluster; omitted: every namespace",
    },
    Parameter {
        name: "kinds",
        kind: Kind::SomeOf(&ENTITY_TYPES),
        absent: Absent::All,
        meaning: "Only these entity types; omitted: all",
    },
    Parameter {
        name: "include_values",
        kind: Kind::Boolean,
        absent: Absent::False,
        meaning: "Give the values of ConfigMaps, not only their keys, sizes and digests",
    },
];

/// A list of every kind asked for, and what routes a Service to its pods.
#[must_use]
pub fn effects() -> Vec<Effect> {
    let whole = |id: &str, resource: &Resource, scope: Scope, kind: &str| {
        read(id, collection(resource, scope)).paged(MAX_PAGES).series(READINGS).one_of("kinds", &[kind])
    };
    let mut effects = Vec::new();
    for resource in kinds().filter(|kind| kind.entity == Entity::Found) {
        let id = resource.plural;
        match resource.scope {
            Scope::Cluster if resource == NAMESPACES => {
                let one = read("namespace", object(&NAMESPACES, argument("namespace")));
                effects.push(one.given("namespace").one_of("kinds", &[resource.kind]));
                effects.push(whole(id, &resource, Scope::Cluster, resource.kind).absent("namespace"));
            }
            Scope::Cluster => effects.push(whole(id, &resource, Scope::Cluster, resource.kind)),
            Scope::Namespace => {
                effects.push(whole(id, &resource, Scope::Cluster, resource.kind).absent("namespace"));
                effects.push(
                    whole(&format!("namespaced-{id}"), &resource, Scope::Namespace, resource.kind).given("namespace"),
                );
            }
        }
    }
    for resource in [ENDPOINT_SLICES, ENDPOINTS] {
        let id = resource.plural;
        effects.push(whole(id, &resource, Scope::Cluster, SERVICES.kind).absent("namespace").optional());
        effects.push(
            whole(&format!("namespaced-{id}"), &resource, Scope::Namespace, SERVICES.kind)
                .given("namespace")
                .optional(),
        );
    }
    effects
}
