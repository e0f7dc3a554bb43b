//! What makes pods: Deployments, ReplicaSets, StatefulSets and DaemonSets. What they make says so itself, by its owner.

use crate::kind::Kind as _;
use crate::kinds::daemon_set::DaemonSet;
use crate::kinds::deployment::DEPLOYMENTS;
use crate::kinds::replica_set::REPLICA_SETS;
use crate::kinds::stateful_set::STATEFUL_SETS;
use crate::node::Node;
use crate::node::Shape::{Int, Object, Text};
use crate::row::Row;
use crate::topology::entity::{EntityKind, META, Pass, none};
use crate::topology::findings::{End, Says};
use crate::topology::network::SERVICE;
use crate::topology::relationship::{Known, STATEFUL_SET_USES_SERVICE};

/// Deployments.
pub(crate) const DEPLOYMENT: EntityKind = EntityKind {
    resource: DEPLOYMENTS,
    same_types: &["Deployment"],
    shape: &Object(&[
        ("metadata", META),
        ("spec", Object(&[("replicas", Int), ("strategy", Object(&[("type", Text)]))])),
        ("status", Object(&[("readyReplicas", Int)])),
    ]),
    properties: deployment,
    same_as: None,
    relationships: none,
};

fn deployment(deployment: &Node<'_>, row: &mut Row<'_>, _: bool) {
    name(deployment, row);
    row.int_or_null("replicas", deployment.part("spec").int("replicas"));
    row.int("ready_replicas", deployment.part("status").count("readyReplicas"));
    row.text_or_null("strategy", deployment.part("spec").part("strategy").filled("type"));
}

/// ReplicaSets.
pub(crate) const REPLICA_SET: EntityKind = EntityKind {
    resource: REPLICA_SETS,
    same_types: &[],
    shape: &Object(&[
        ("metadata", META),
        ("spec", Object(&[("replicas", Int)])),
        ("status", Object(&[("readyReplicas", Int)])),
    ]),
    properties: replica_set,
    same_as: None,
    relationships: none,
};

fn replica_set(replica_set: &Node<'_>, row: &mut Row<'_>, _: bool) {
    name(replica_set, row);
    row.int_or_null("replicas", replica_set.part("spec").int("replicas"));
    row.int("ready_replicas", replica_set.part("status").count("readyReplicas"));
}

/// StatefulSets.
pub(crate) const STATEFUL_SET: EntityKind = EntityKind {
    resource: STATEFUL_SETS,
    same_types: &["StatefulSet"],
    shape: &Object(&[("metadata", META), ("spec", Object(&[("replicas", Int), ("serviceName", Text)]))]),
    properties: stateful_set,
    same_as: None,
    relationships: of_stateful_set,
};

fn stateful_set(stateful_set: &Node<'_>, row: &mut Row<'_>, _: bool) {
    let spec = stateful_set.part("spec");
    name(stateful_set, row);
    row.int_or_null("replicas", spec.int("replicas"));
    row.text_or_null("service_name", spec.filled("serviceName"));
}

fn of_stateful_set(stateful_set: &Node<'_>, this: &End<'_>, pass: &mut Pass<'_>) {
    // Empty where none was given: then its pods have no names of their own.
    if let Some(service) = stateful_set.part("spec").filled("serviceName") {
        let to = End::named(SERVICE.resource.kind, this.namespace, service);
        pass.findings.relationship(STATEFUL_SET_USES_SERVICE, *this, to, (Known::Spec, true), Says::Nothing);
    }
}

/// DaemonSets.
pub(crate) const DAEMON_SET: EntityKind = EntityKind {
    resource: DaemonSet::RESOURCE,
    same_types: &["DaemonSet"],
    shape: &Object(&[("metadata", META), ("status", Object(&[("desiredNumberScheduled", Int), ("numberReady", Int)]))]),
    properties: daemon_set,
    same_as: None,
    relationships: none,
};

fn daemon_set(daemon_set: &Node<'_>, row: &mut Row<'_>, _: bool) {
    let status = daemon_set.part("status");
    name(daemon_set, row);
    row.int("desired_number_scheduled", status.count("desiredNumberScheduled"));
    row.int("number_ready", status.count("numberReady"));
}

/// Name and namespace, with which the properties of everything in a namespace begin.
pub(crate) fn name(object: &Node<'_>, row: &mut Row<'_>) {
    let metadata = object.part("metadata");
    row.text("name", metadata.text("name").unwrap_or_default());
    row.text("namespace", metadata.text("namespace").unwrap_or_default());
}
