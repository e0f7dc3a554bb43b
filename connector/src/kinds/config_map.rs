//! ConfigMaps.

use crate::column::{Column, NAME, NAMESPACE, age, column};
use crate::kind::Kind;
use crate::metadata::{METADATA, head, keys};
use crate::node::Shape::{Flag, Object, Pairs};
use crate::node::{Node, Shape};
use crate::resource::{CORE, Resource};
use crate::row::Row;

/// ConfigMaps.
pub struct ConfigMap;

impl Kind for ConfigMap {
    const RESOURCE: Resource = Resource::namespaced("ConfigMap", CORE, "configmaps").found().told_by_uid();
    const SHAPE: &'static Shape =
        &Object(&[("metadata", METADATA), ("immutable", Flag), ("data", Pairs), ("binaryData", Pairs)]);
    const COLUMNS: &'static [Column] = &[NAMESPACE, NAME, column("DATA", 1, &["keys"]).shown("count"), age(2)];

    fn row(map: &Node<'_>, row: &mut Row<'_>) {
        head(row, &map.part("metadata"));
        row.flag("immutable", map.is("immutable"));
        // Every key, whatever kind of value it has.
        row.texts("keys", keys(map, "data").chain(keys(map, "binaryData")));
        row.pairs("data", map.pairs("data").iter());
        row.texts("binary_data_keys", keys(map, "binaryData"));
    }
}
