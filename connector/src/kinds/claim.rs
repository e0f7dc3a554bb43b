//! PersistentVolumeClaims.

use crate::column::{Column, NAME, NAMESPACE, age, column};
use crate::kind::Kind;
use crate::metadata::{CONDITIONS, METADATA, conditions, head};
use crate::node::Shape::{List, Object, Pairs, Text};
use crate::node::{Node, Shape};
use crate::resource::{CORE, Resource};
use crate::row::Row;

/// PersistentVolumeClaims.
pub struct Claim;

/// Where they are kept.
pub(crate) const CLAIMS: Resource =
    Resource::namespaced("PersistentVolumeClaim", CORE, "persistentvolumeclaims").found().told_by_uid();

impl Kind for Claim {
    const RESOURCE: Resource = CLAIMS;
    const SHAPE: &'static Shape = &Object(&[
        ("metadata", METADATA),
        (
            "spec",
            Object(&[
                ("accessModes", List(&Text)),
                ("storageClassName", Text),
                ("volumeMode", Text),
                ("volumeName", Text),
                ("resources", Object(&[("requests", Pairs)])),
            ]),
        ),
        (
            "status",
            Object(&[("phase", Text), ("capacity", Pairs), ("accessModes", List(&Text)), ("conditions", CONDITIONS)]),
        ),
    ]);
    const COLUMNS: &'static [Column] = &[
        NAMESPACE,
        NAME,
        column("STATUS", 1, &["phase", "deletion_timestamp"]).shown("state-or-going"),
        column("VOLUME", 6, &["volume_name"]).cut("list"),
        column("CAPACITY", 2, &["capacity.storage"]),
        column("ACCESS MODES", 5, &["access_modes"]).shown("access-modes"),
        column("STORAGECLASS", 4, &["storage_class_name"]).cut("word"),
        age(2),
    ];

    fn row(claim: &Node<'_>, row: &mut Row<'_>) {
        let (metadata, spec, status) = (claim.part("metadata"), claim.part("spec"), claim.part("status"));
        let resources = spec.part("resources");
        head(row, &metadata);
        row.text_or_null("phase", status.filled("phase"));
        row.texts("access_modes", spec.items("accessModes").iter().filter_map(Node::as_text));
        // Those of the volume that it is bound to.
        row.texts("actual_access_modes", status.items("accessModes").iter().filter_map(Node::as_text));
        row.text_or_null("storage_class_name", spec.filled("storageClassName"));
        row.text_or_null("volume_mode", spec.filled("volumeMode"));
        row.text_or_null("volume_name", spec.filled("volumeName"));
        row.object("resources", |row| row.pairs("requests", resources.pairs("requests").iter()));
        row.pairs("capacity", status.pairs("capacity").iter());
        conditions(row, status.member("conditions"));
    }
}
