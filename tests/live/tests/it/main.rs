//! The program `meho-host` and the embedding API on a real API server: what they answer is held against kubectl, the server's own tables
//! and its audit log. Start with `program.rs` and `embedded.rs`, the two ways in.
//!
//! Where this machine can have no control plane every test says that it was skipped; `MEHO_REQUIRE_CONTROL_PLANE=1` makes that a failure.

mod embedded;
mod gate;
mod kubeconfigs;
mod objects;
mod program;
mod terminal;

mod approvals;
mod audit;
mod bad_input;
mod checks;
mod connections;
mod credentials;
mod get_pod;
mod lists;
mod logs;
mod output;
mod paging;
mod pod_status;
mod pods;
mod rights;
mod scale;
mod shapes;
mod strangers;
mod targets;
