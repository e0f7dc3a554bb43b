//! Plans, approvals and the audit record on disk, for a host on one machine: SQLite in a directory that nobody else may read.
//!
//! [`Store`] is what a host's settings take, for plans and for records. [`audit`] reads the record and says whether it is whole; it changes nothing. What a plan
//! is, and whether an approval fits, is `meho-host`'s to say: here is only what has happened, and that it happens once.

pub mod audit;
pub mod store;

mod chain;
mod directory;
mod entries;
mod place;
mod plans;
mod session;

pub use chain::Head;
pub use directory::StateError;
pub use store::Store;
