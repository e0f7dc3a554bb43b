//! Namespaces and Nodes.

use crate::kinds::namespace::NAMESPACES;
use crate::kinds::node::NODES;
use crate::node::Shape::{List, Object, Pairs, Text};
use crate::node::{Node, Shape};
use crate::row::{Row, write_object};
use crate::topology::entity::{EntityKind, OWNERS, none};
use crate::topology::identity;
use crate::topology::provider_id;

const NAMESPACE_SHAPE: Shape = Object(&[
    (
        "metadata",
        Object(&[("name", Text), ("namespace", Text), ("uid", Text), ("labels", Pairs), ("ownerReferences", OWNERS)]),
    ),
    ("status", Object(&[("phase", Text)])),
]);

/// Namespaces.
pub(crate) const NAMESPACE: EntityKind = EntityKind {
    resource: NAMESPACES,
    same_types: &[],
    shape: &NAMESPACE_SHAPE,
    properties: namespace,
    same_as: None,
    relationships: none,
};

fn namespace(namespace: &Node<'_>, row: &mut Row<'_>, _: bool) {
    let metadata = namespace.part("metadata");
    row.text("name", metadata.text("name").unwrap_or_default());
    row.text_or_null("phase", namespace.part("status").filled("phase"));
    row.pairs("labels", metadata.pairs("labels").iter());
}

const NODE_SHAPE: Shape = Object(&[
    (
        "metadata",
        Object(&[("name", Text), ("namespace", Text), ("uid", Text), ("labels", Pairs), ("ownerReferences", OWNERS)]),
    ),
    ("spec", Object(&[("providerID", Text)])),
    (
        "status",
        Object(&[
            ("conditions", List(&Object(&[("type", Text), ("status", Text)]))),
            ("addresses", List(&Object(&[("type", Text), ("address", Text)]))),
            ("capacity", Pairs),
            ("allocatable", Pairs),
            ("nodeInfo", Object(&[("kubeletVersion", Text), ("systemUUID", Text)])),
        ]),
    ),
]);

/// Nodes.
pub(crate) const NODE: EntityKind = EntityKind {
    resource: NODES,
    same_types: &["VM", "Instance", "Host"],
    shape: &NODE_SHAPE,
    properties: node,
    same_as: Some(|node, row| identity::same_as(row, node)),
    relationships: none,
};

fn node(node: &Node<'_>, row: &mut Row<'_>, _: bool) {
    let (spec, status) = (node.part("spec"), node.part("status"));
    let info = status.part("nodeInfo");
    row.text("name", node.part("metadata").text("name").unwrap_or_default());
    row.text("status", readiness(&status));
    row.pairs("capacity", status.pairs("capacity").iter());
    row.pairs("allocatable", status.pairs("allocatable").iter());
    row.text_or_null("kubelet_version", info.filled("kubeletVersion"));
    let provider_id = spec.filled("providerID");
    row.text_or_null("provider_id", provider_id);
    let provider = provider_id.and_then(provider_id::parse).map(|parsed| {
        let mut written = Vec::new();
        write_object(&mut written, |row| parsed.members(row));
        written
    });
    row.written_or_null("provider", provider.as_deref(), |_| {});
    row.list("addresses", status.member("addresses"), |row, address| {
        row.text("type", address.text("type").unwrap_or_default());
        row.text("address", address.text("address").unwrap_or_default());
    });
    row.text_or_null("system_uuid", info.filled("systemUUID"));
}

/// What the condition Ready says. The last of that type counts.
fn readiness(status: &Node<'_>) -> &'static str {
    let ready = status.items("conditions").iter().rfind(|condition| condition.text("type") == Some("Ready"));
    match ready.map(|condition| condition.text("status")) {
        Some(Some("True")) => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
}
