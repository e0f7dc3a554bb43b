//! PersistentVolumes.

use crate::column::{Column, EXTRA, NAME, age, column};
use crate::kind::Kind;
use crate::metadata::{EXPRESSIONS, METADATA, cluster_head, expressions};
use crate::node::Shape::{List, Object, Pairs, Text};
use crate::node::{Node, Shape};
use crate::resource::{CORE, Resource};
use crate::row::Row;

/// PersistentVolumes.
pub struct Volume;

/// Nodes that a volume can be reached from: those that fit one of the terms.
const TERMS: Shape = List(&Object(&[("matchExpressions", EXPRESSIONS), ("matchFields", EXPRESSIONS)]));

impl Kind for Volume {
    const RESOURCE: Resource = Resource::cluster("PersistentVolume", CORE, "persistentvolumes").found().told_by_uid();
    const SHAPE: &'static Shape = &Object(&[
        ("metadata", METADATA),
        (
            "spec",
            Object(&[
                ("capacity", Pairs),
                ("accessModes", List(&Text)),
                ("persistentVolumeReclaimPolicy", Text),
                ("storageClassName", Text),
                ("volumeAttributesClassName", Text),
                ("volumeMode", Text),
                ("mountOptions", List(&Text)),
                ("claimRef", Object(&[("namespace", Text), ("name", Text), ("uid", Text)])),
                ("csi", Object(&[("driver", Text), ("volumeHandle", Text)])),
                ("nodeAffinity", Object(&[("required", Object(&[("nodeSelectorTerms", TERMS)]))])),
            ]),
        ),
        ("status", Object(&[("phase", Text), ("reason", Text), ("message", Text)])),
    ]);
    const COLUMNS: &'static [Column] = &[
        NAME,
        column("CAPACITY", 2, &["capacity.storage"]),
        column("ACCESS MODES", 6, &["access_modes"]).shown("access-modes"),
        column("RECLAIM POLICY", 5, &["reclaim_policy"]),
        column("STATUS", 1, &["phase", "deletion_timestamp"]).shown("state-or-going"),
        column("CLAIM", 3, &["claim_ref.namespace", "claim_ref.name"]).shown("within").cut("name"),
        column("STORAGECLASS", 7, &["storage_class_name"]).cut("word"),
        age(4),
        column("REASON", EXTRA, &["reason"]),
    ];

    fn row(volume: &Node<'_>, row: &mut Row<'_>) {
        let (metadata, spec, status) = (volume.part("metadata"), volume.part("spec"), volume.part("status"));
        let affinity = spec.part("nodeAffinity");
        cluster_head(row, &metadata);
        row.text_or_null("phase", status.filled("phase"));
        row.text_or_null("reason", status.filled("reason"));
        row.untrusted("message", status.filled("message"));
        row.pairs("capacity", spec.pairs("capacity").iter());
        row.texts("access_modes", spec.items("accessModes").iter().filter_map(Node::as_text));
        row.text_or_null("reclaim_policy", spec.filled("persistentVolumeReclaimPolicy"));
        row.text_or_null("storage_class_name", spec.filled("storageClassName"));
        row.text_or_null("volume_attributes_class_name", spec.filled("volumeAttributesClassName"));
        row.text_or_null("volume_mode", spec.filled("volumeMode"));
        row.texts("mount_options", spec.items("mountOptions").iter().filter_map(Node::as_text));
        row.object_or_null("claim_ref", spec.member("claimRef"), |row, claim| {
            row.text_or_null("namespace", claim.filled("namespace"));
            row.text_or_null("name", claim.filled("name"));
            row.text_or_null("uid", claim.filled("uid"));
        });
        row.object_or_null("csi", spec.member("csi"), |row, csi| {
            row.text_or_null("driver", csi.filled("driver"));
            row.untrusted("volume_handle", csi.filled("volumeHandle"));
        });
        row.list("node_affinity", affinity.part("required").member("nodeSelectorTerms"), |row, term| {
            expressions(row, "match_expressions", term.member("matchExpressions"));
            expressions(row, "match_fields", term.member("matchFields"));
        });
    }
}
