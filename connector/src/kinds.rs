//! The kinds of objects, a file each.

pub mod claim;
pub mod deployment;
pub mod endpoints;
pub mod event;
pub mod namespace;
pub mod node;
pub mod pod;
pub(crate) mod pod_template;
pub mod service;
