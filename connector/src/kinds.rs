//! The kinds of objects, a file each.

pub mod deployment;
pub mod event;
pub mod pod;
