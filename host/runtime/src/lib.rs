//! Runs connectors: components that know how to work with a system, and that nobody has to trust.
//!
//! The embedding API is [`host::Host`]. It loads a component ([`connector`]) and calls one operation at a time on a [`target`]; each call has an instance and a
//! boundary of its own. Requests leave through `egress`, which asks `meho_policy` about each, and `transport`, which takes nothing but its permits.
//! Nothing here knows Kubernetes: that is a family's, in `meho_policy::family`, and a component's.

pub mod host;

pub mod approval;
pub mod call;
pub mod check;
pub mod connector;
pub mod discovery;
pub mod execution;
pub mod rows;

pub mod credential;
pub mod file;
pub mod in_cluster;
pub mod kubeconfig;
pub mod target;

pub mod budget;
pub mod error;
pub mod record;

#[cfg(feature = "memory-inspection")]
pub mod inspection;

mod bindings;
mod boundary;
mod engine;
mod fault;
mod guest;

mod body;
mod egress;
mod mask;
mod preview;
mod proxy;
mod resolve;
mod secrets;
mod time;
mod tls;
mod transport;

pub use meho_graph as graph;
pub use meho_policy as policy;
