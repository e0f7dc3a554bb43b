//! Namespaces.

use crate::column::{Column, NAME, age, column};
use crate::kind::Kind;
use crate::metadata::{CONDITIONS, METADATA, cluster_head, conditions};
use crate::node::Shape::{List, Object, Text};
use crate::node::{Node, Shape};
use crate::resource::{CORE, Resource};
use crate::row::Row;

/// Namespaces.
pub struct Namespace;

/// Where they are kept.
pub(crate) const NAMESPACES: Resource = Resource::cluster("Namespace", CORE, "namespaces").found().told_by_uid();

impl Kind for Namespace {
    const RESOURCE: Resource = NAMESPACES;
    const SHAPE: &'static Shape = &Object(&[
        ("metadata", METADATA),
        ("spec", Object(&[("finalizers", List(&Text))])),
        ("status", Object(&[("phase", Text), ("conditions", CONDITIONS)])),
    ]);
    const COLUMNS: &'static [Column] = &[NAME, column("STATUS", 1, &["phase"]).shown("state"), age(2)];

    fn row(namespace: &Node<'_>, row: &mut Row<'_>) {
        let (metadata, spec, status) = (namespace.part("metadata"), namespace.part("spec"), namespace.part("status"));
        cluster_head(row, &metadata);
        row.text_or_null("phase", status.filled("phase"));
        // Whatever holds it when it is deleted: a namespace has finalizers in two places.
        let finalizers = spec.items("finalizers").iter().chain(metadata.items("finalizers"));
        row.texts("finalizers", finalizers.filter_map(Node::as_text));
        conditions(row, status.member("conditions"));
    }
}
