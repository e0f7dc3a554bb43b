//! The operations. `list` and `get` are generic over kinds; each irregular one has a file of its own, with its effects beside what it does.

pub mod claim;
pub mod cordon;
pub mod delete_pod;
pub mod deployment;
pub mod describe_deployment;
pub mod describe_node;
pub mod describe_pod;
pub mod describe_service;
pub mod discover;
pub mod endpoints;
pub mod events_for_resource;
pub mod get;
pub mod get_endpoints;
pub mod list;
pub mod list_events;
pub mod logs;
pub mod node;
pub mod pod;
pub mod restart;
pub mod scale;
pub mod secret;

pub(crate) mod describe;
pub(crate) mod events;
pub(crate) mod lookup;
pub(crate) mod newest;
