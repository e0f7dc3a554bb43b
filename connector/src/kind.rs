//! What a kind of object is to the generic verbs: where it is kept, what is read of it, what its row shows.

use crate::column::Column;
use crate::node::{Node, Shape};
use crate::resource::Resource;
use crate::row::Row;

/// A kind of Kubernetes object: one file in `kinds` with its constants and one function.
pub trait Kind: 'static {
    /// Where the API server keeps it.
    const RESOURCE: Resource;
    /// What is read of it. Everything else is stepped over.
    const SHAPE: &'static Shape;
    /// How a list of them stands in a table. Where none are named, whoever shows it chooses.
    const COLUMNS: &'static [Column] = &[];

    /// What a row shows of an object.
    fn row(object: &Node<'_>, row: &mut Row<'_>);
}
