//! The store on disk.

mod audit;
mod directory;
mod kept;
mod plans;
mod renewed;
