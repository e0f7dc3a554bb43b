//! The program `meho-host` and the embedding API on two servers, a real API server and the demo cluster: what they answer is held against kubectl, the
//! server's own tables and its audit log. Start with `servers.rs`, and with `program.rs` and `embedded.rs`, the two ways in.
//!
//! Where this machine can have no control plane every test of the real server says that it was skipped; `MEHO_REQUIRE_CONTROL_PLANE=1` makes that a
//! failure.

#[macro_use]
mod servers;

mod embedded;
mod gate;
mod kubeconfigs;
mod objects;
mod program;
mod terminal;
mod topology;
mod topology_faults;
mod topology_large;

mod answers;
mod approvals;
mod audit;
mod bad_input;
mod checks;
mod churn;
mod classifier;
mod codes;
mod connections;
mod cordon;
mod credentials;
mod delete_pod;
mod deployments;
mod describe_deployment;
mod describe_node;
mod describe_pod;
mod describe_service;
mod endpoints;
mod events;
mod events_for_resource;
mod get_pod;
mod hostile_names;
mod large;
mod lists;
mod logs;
mod namespaces;
mod nodes;
mod output;
mod paging;
mod pod_status;
mod pods;
mod previews;
mod restart;
mod rights;
mod scale;
mod secrets;
mod services;
mod shapes;
mod strangers;
mod suite;
mod targets;
