//! What discovery found, as one graph.
//!
//! Pure: no clock, no network, no files, no runtime, and nothing that knows one kind of target: types, names of relationships and ids are data. Lines become
//! [`finding::Finding`]s or are refused; a [`collector::Collector`] makes of them, and of what discovery says it could not read, a [`graph::Graph`]; views turn
//! that into text. Whatever a target wrote is hostile in all of them. Read the modules in the order below.

pub mod coverage;
pub mod finding;
pub mod object;
pub mod word;

pub mod collector;
mod entities;
mod relationships;

mod around;
pub mod find;
pub mod graph;
mod web;

pub mod dot;
pub mod page;
mod shown;
pub mod tree;

pub use collector::Collector;
pub use coverage::{Coverage, Extent};
pub use finding::Finding;
pub use graph::Graph;
