//! The Kubernetes connector: plain Kubernetes REST over `wasi:http`, as a component of the `meho:connector` world.
//!
//! It knows the contract in `wit/` and nothing of the host. Start at [`table`]: every operation is a row there. An operation is a typed thing
//! ([`operation`]) that talks to the API server through a handle that fits its trust ([`mod@api`]); a kind of object is one file in [`kinds`].

pub mod bindings;

pub mod table;

pub mod operation;
pub mod operations;

pub mod kind;
pub mod kinds;
pub mod pod_status;

pub mod column;
pub mod node;
pub mod quantity;
pub mod row;

pub mod api;
pub mod arguments;
pub mod parameter;
pub mod resource;

pub mod topology;

mod allocation;
mod clock;
mod component;
mod effects;
mod failure;
mod http;
mod metadata;
mod page;
mod pod_findings;
