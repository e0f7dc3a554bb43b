//! The `describe_*` operations and the reads that go beyond a plain get: an object with what explains it.

use crate::bindings::meho::connector::effects::{Effect, Form, Piece};
use crate::effects::{
    FEW_PAGES, JSON, argument, collection, events_about, get, literal, mirror_uid_of, name_found_by, object, observed,
    place, read, uid_of,
};
use crate::kinds::claim::CLAIMS;
use crate::kinds::deployment::DEPLOYMENTS;
use crate::kinds::endpoints::ENDPOINTS;
use crate::kinds::event::EVENTS;
use crate::kinds::node::NODES;
use crate::kinds::pod::PODS;
use crate::kinds::replica_set::REPLICA_SETS;
use crate::kinds::secret::SECRETS;
use crate::kinds::service::SERVICES;
use crate::resource::{ENDPOINT_SLICES, LEASES, NODE_METRICS, Scope};

/// Most objects whose events `describe_deployment` reads one by one. Where more are in trouble it takes the first so many of them.
pub(crate) const MAX_EVENT_OWNERS: u16 = 64;

/// An object that `get` has read, by its own name.
fn name_of_object() -> Piece {
    observed(vec![place("get", "/metadata/name", Form::Name)])
}

pub(crate) fn get_pod_effects() -> Vec<Effect> {
    let mut effects = get(&PODS);
    effects.push(events_about("events", vec![uid_of("get"), mirror_uid_of("get")]).series(2).optional());
    effects
}

pub(crate) fn describe_pod_effects() -> Vec<Effect> {
    let mut effects = get(&PODS);
    effects.push(events_about("events", vec![uid_of("get"), mirror_uid_of("get")]).series(2));
    effects
}

pub(crate) fn get_claim_effects() -> Vec<Effect> {
    let mut effects = get(&CLAIMS);
    effects.push(events_about("events", vec![uid_of("get")]).optional());
    effects
}

/// A Secret by its exact name only: a search for names would need the right to list Secrets, and that is the right to read them all.
pub(crate) fn get_secret_effects() -> Vec<Effect> {
    vec![read("get", object(&SECRETS, argument("name")))]
}

fn node_metrics() -> Effect {
    read("metrics", object(&NODE_METRICS, name_of_object())).optional()
}

pub(crate) fn get_node_effects() -> Vec<Effect> {
    let mut effects = get(&NODES);
    effects.push(node_metrics());
    effects
}

/// Node events are selected by kind and name: today's kubelet sets no uid on its reference to the Node.
pub(crate) fn describe_node_effects() -> Vec<Effect> {
    let mut effects = get(&NODES);
    let pods_on_node =
        vec![literal("spec.nodeName="), name_of_object(), literal(",status.phase!=Succeeded,status.phase!=Failed")];
    let about_node = vec![literal("involvedObject.kind=Node,involvedObject.name="), name_of_object()];
    let lease =
        vec![literal(&format!("{}/namespaces/kube-node-lease/{}/", LEASES.base, LEASES.plural)), name_of_object()];
    effects.extend([
        read("pods", collection(&PODS, Scope::Cluster)).query("fieldSelector", pods_on_node).paged(FEW_PAGES),
        read("events", collection(&EVENTS, Scope::Cluster)).query("fieldSelector", about_node).paged(FEW_PAGES),
        node_metrics(),
        read("lease", lease).optional(),
    ]);
    effects
}

/// A Deployment with its ReplicaSets, its pods, and the events about all of them: that is where failures are recorded.
pub(crate) fn describe_deployment_effects() -> Vec<Effect> {
    let mut effects = get(&DEPLOYMENTS);
    let selected = || vec![observed(vec![place("get", "/spec/selector", Form::LabelSelector)])];
    let owners = vec![
        uid_of("get"),
        place("replica-sets", "/items/*/metadata/uid", Form::Uid),
        place("pods", "/items/*/metadata/uid", Form::Uid),
    ];
    effects.extend([
        read("replica-sets", collection(&REPLICA_SETS, Scope::Namespace))
            .query("labelSelector", selected())
            .paged(FEW_PAGES)
            .optional(),
        read("pods", collection(&PODS, Scope::Namespace))
            .query("labelSelector", selected())
            .paged(FEW_PAGES)
            .optional(),
        events_about("events", owners).series(MAX_EVENT_OWNERS),
    ]);
    effects
}

/// EndpointSlices of the Service whose name `name` is.
pub(crate) fn slices_of(name: Piece) -> Effect {
    read("slices", collection(&ENDPOINT_SLICES, Scope::Namespace))
        .query("labelSelector", vec![literal("kubernetes.io/service-name="), name])
        .paged(FEW_PAGES)
        .optional()
}

/// A Service with what stands behind it, and the pods that its selector means, so that "why is there nothing" has an answer.
pub(crate) fn describe_service_effects() -> Vec<Effect> {
    let mut effects = get(&SERVICES);
    let selected = vec![observed(vec![place("get", "/spec/selector", Form::LabelSelector)])];
    effects.extend([
        slices_of(name_of_object()),
        read("endpoints", object(&ENDPOINTS, name_of_object())),
        read("pods", collection(&PODS, Scope::Namespace)).query("labelSelector", selected).paged(FEW_PAGES).optional(),
        events_about("events", vec![uid_of("get")]),
    ]);
    effects
}

pub(crate) fn get_endpoints_effects() -> Vec<Effect> {
    let mut effects = get(&ENDPOINTS);
    effects.push(slices_of(name_found_by(&["search"])).series(2));
    effects
}

/// The Endpoints, and the EndpointSlices that say more than they can.
pub(crate) fn list_endpoints_effects() -> Vec<Effect> {
    let mut effects = crate::effects::list(&ENDPOINTS, &[("labelSelector", "label_selector")]);
    let slices = |id: &str, scope: Scope| {
        read(id, collection(&ENDPOINT_SLICES, scope))
            .accept(JSON)
            .query("labelSelector", vec![argument("label_selector")])
            .paged(crate::effects::MAX_PAGES)
            .optional()
    };
    effects.push(slices("all-slices", Scope::Cluster).absent("namespace"));
    effects.push(slices("namespaced-slices", Scope::Namespace).given("namespace"));
    effects
}
