//! Secrets, as lists show them: by their keys. No value of a list reaches this program, the host has emptied them by then; none would leave it either.

use crate::column::{Column, NAME, NAMESPACE, age, column};
use crate::kind::Kind;
use crate::metadata::{METADATA, head, keys};
use crate::node::Shape::{Flag, Object, Pairs, Text};
use crate::node::{Node, Shape};
use crate::resource::{CORE, Resource};
use crate::row::Row;

/// Secrets.
pub struct Secret;

/// Where they are kept.
pub(crate) const SECRETS: Resource = Resource::namespaced("Secret", CORE, "secrets").found();

impl Kind for Secret {
    const RESOURCE: Resource = SECRETS;
    const SHAPE: &'static Shape =
        &Object(&[("metadata", METADATA), ("type", Text), ("immutable", Flag), ("data", Pairs)]);
    const COLUMNS: &'static [Column] =
        &[NAMESPACE, NAME, column("TYPE", 2, &["type"]), column("DATA", 1, &["keys"]).shown("count"), age(3)];

    fn row(secret: &Node<'_>, row: &mut Row<'_>) {
        head(row, &secret.part("metadata"));
        row.untrusted("type", secret.filled("type"));
        row.flag("immutable", secret.is("immutable"));
        row.texts("keys", keys(secret, "data"));
    }
}
