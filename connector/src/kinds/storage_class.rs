//! StorageClasses.

use crate::column::{Column, age, column};
use crate::kind::Kind;
use crate::metadata::{METADATA, cluster_head};
use crate::node::Shape::{Flag, List, Object, Pairs, Text};
use crate::node::{Node, Shape};
use crate::resource::Resource;
use crate::row::Row;

/// StorageClasses.
pub struct StorageClass;

/// Each of these annotations says of a class that claims without one get it: admission and kubectl read the older one too.
const DEFAULT: [&str; 2] =
    ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

impl Kind for StorageClass {
    const RESOURCE: Resource = Resource::cluster("StorageClass", "/apis/storage.k8s.io/v1", "storageclasses").found();
    const SHAPE: &'static Shape = &Object(&[
        ("metadata", METADATA),
        ("provisioner", Text),
        ("parameters", Pairs),
        ("reclaimPolicy", Text),
        ("mountOptions", List(&Text)),
        ("allowVolumeExpansion", Flag),
        ("volumeBindingMode", Text),
    ]);
    const COLUMNS: &'static [Column] = &[
        column("NAME", 0, &["name", "is_default"]).shown("marked-default").cut("name"),
        column("PROVISIONER", 1, &["provisioner"]).cut("word"),
        column("RECLAIM POLICY", 4, &["reclaim_policy"]),
        column("BINDING MODE", 3, &["volume_binding_mode"]),
        column("EXPANSION", 5, &["allow_volume_expansion"]),
        age(2),
    ];

    fn row(class: &Node<'_>, row: &mut Row<'_>) {
        let metadata = class.part("metadata");
        cluster_head(row, &metadata);
        row.text("provisioner", class.text("provisioner").unwrap_or_default());
        row.flag("is_default", DEFAULT.iter().any(|key| metadata.pair("annotations", key) == Some("true")));
        row.text_or_null("reclaim_policy", class.filled("reclaimPolicy"));
        row.text_or_null("volume_binding_mode", class.filled("volumeBindingMode"));
        row.flag_or_null("allow_volume_expansion", class.flag("allowVolumeExpansion"));
        row.texts("mount_options", class.items("mountOptions").iter().filter_map(Node::as_text));
        row.pairs("parameters", class.pairs("parameters").iter());
    }
}
