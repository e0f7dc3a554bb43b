//! What discovery takes, and what it may ask for: lists, to their end. How it is run stands in [`topology`](crate::topology).

use crate::bindings::meho::connector::effects::{Effect, Need};
use crate::effects::{MAX_PAGES, argument, collection, object, read};
use crate::kinds::endpoints::ENDPOINTS;
use crate::kinds::namespace::NAMESPACES;
use crate::kinds::service::SERVICES;
use crate::parameter::{Absent, Kind, Parameter};
use crate::resource::{ENDPOINT_SLICES, Resource, Scope};
use crate::topology::entity::{ENTITIES, NAMES};

/// A kind whose token expires is read again from the start: so many readings of one kind.
pub(crate) const READINGS: u16 = 3;

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
        kind: Kind::SomeOf(&NAMES),
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
    for resource in ENTITIES.iter().map(|kind| kind.resource) {
        let id = resource.plural;
        match resource.scope {
            Scope::Cluster if resource == NAMESPACES => {
                let one = read("namespace", object(&NAMESPACES, argument("namespace")));
                effects.push(one.given("namespace"));
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
    // Endpoints stand in for slices, which know more.
    for (resource, need) in [(ENDPOINT_SLICES, Need::Required), (ENDPOINTS, Need::Optional)] {
        let id = resource.plural;
        let everywhere = whole(id, &resource, Scope::Cluster, SERVICES.kind).absent("namespace");
        let in_one = whole(&format!("namespaced-{id}"), &resource, Scope::Namespace, SERVICES.kind).given("namespace");
        effects.extend([everywhere, in_one].map(|effect| Effect { need, ..effect }));
    }
    effects
}
