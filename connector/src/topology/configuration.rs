//! ConfigMaps and Secrets: that they are there, and what keys they have.
//!
//! The values of Secrets never reach a component. Those of ConfigMaps stay here unless they are asked for: what leaves is how long each is and a digest, so that a change is
//! seen.

use crate::kind::Kind as _;
use crate::kinds::config_map::ConfigMap;
use crate::kinds::secret::SECRETS;
use crate::metadata::keys;
use crate::node::Node;
use crate::node::Shape::{Object, Pairs, Text};
use crate::row::Row;
use crate::topology::entity::{EntityKind, META, none};
use crate::topology::workload::name;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// ConfigMaps.
pub(crate) const CONFIG_MAP: EntityKind = EntityKind {
    resource: ConfigMap::RESOURCE,
    same_types: &[],
    shape: &Object(&[("metadata", META), ("data", Pairs), ("binaryData", Pairs)]),
    properties: config_map,
    same_as: None,
    relationships: none,
};

/// A key of a ConfigMap.
struct Entry<'n> {
    key: &'n str,
    bytes: usize,
    digest: String,
    /// As it stands: binary data in base64.
    value: &'n str,
}

fn config_map(config_map: &Node<'_>, row: &mut Row<'_>, include_values: bool) {
    name(config_map, row);
    let entry = |key, value, bytes: &[u8]| Entry { key, bytes: bytes.len(), digest: hex(bytes), value };
    let text = config_map.pairs("data").iter().map(|(key, value)| entry(key, value, value.as_bytes()));
    let binary = config_map.pairs("binaryData").iter().map(|(key, value)| {
        // Not base64 only where the server is none: then what stands there is what there is.
        let bytes = STANDARD.decode(&**value).unwrap_or_else(|_| value.as_bytes().to_vec());
        entry(key, value, &bytes)
    });
    let mut entries: Vec<Entry<'_>> = text.chain(binary).collect();
    entries.sort_by_key(|entry| entry.key);
    let nothing = || Entry { key: "", bytes: 0, digest: String::new(), value: "" };
    row.list_of("data", entries.iter(), nothing, |row, entry| {
        row.text("key", entry.key);
        row.int("bytes", i64::try_from(entry.bytes).unwrap_or(i64::MAX));
        row.text("sha256", &entry.digest);
        row.untrusted_if("value", Some(entry.value).filter(|_| include_values));
    });
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to memory never fails");
        text
    })
}

/// Secrets.
pub(crate) const SECRET: EntityKind = EntityKind {
    resource: SECRETS,
    same_types: &[],
    shape: &Object(&[("metadata", META), ("type", Text), ("data", Pairs)]),
    properties: secret,
    same_as: None,
    relationships: none,
};

fn secret(secret: &Node<'_>, row: &mut Row<'_>, _: bool) {
    name(secret, row);
    row.text_or_null("type", secret.filled("type"));
    let mut names: Vec<&str> = keys(secret, "data").collect();
    names.sort_unstable();
    row.texts("keys", names.into_iter());
}
