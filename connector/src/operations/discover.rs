//! Discovery: the entities of a cluster and how they hang together. Lists only, one streamed call.

use crate::bindings::meho::connector::effects::Effect;
use crate::effects::{MAX_PAGES, argument, collection, object, read};
use crate::parameter::{Absent, Kind, Parameter};
use crate::resource::{
    CLAIMS, CONFIG_MAPS, DAEMON_SETS, DEPLOYMENTS, ENDPOINT_SLICES, ENDPOINTS, EVENTS, INGRESSES, NAMESPACES, NODES,
    PODS, REPLICA_SETS, Resource, SECRETS, SERVICES, STATEFUL_SETS, STORAGE_CLASSES, Scope, VOLUMES,
};

/// The entity types, by the resource that holds them.
pub(crate) const ENTITY_RESOURCES: [Resource; 15] = [
    NAMESPACES,
    NODES,
    PODS,
    DEPLOYMENTS,
    REPLICA_SETS,
    STATEFUL_SETS,
    DAEMON_SETS,
    SERVICES,
    INGRESSES,
    CONFIG_MAPS,
    SECRETS,
    CLAIMS,
    VOLUMES,
    STORAGE_CLASSES,
    EVENTS,
];
const ENTITY_TYPES: [&str; 15] = {
    let mut names = [""; 15];
    let mut index = 0;
    while index < names.len() {
        names[index] = ENTITY_RESOURCES[index].kind;
        index += 1;
    }
    names
};
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
    for resource in ENTITY_RESOURCES {
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
