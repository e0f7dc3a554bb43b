//! The kinds of objects, a file each.
//!
//! To add a kind that is listed and got: its file in `kinds/` (where it is kept, what is read of it, its row, its columns for people, whether discovery finds it and its events are found by its
//! uid) and the `mod` line; its rows in the table; its file in `tests/live/data/kinds` (objects, lines, an object that is wrong, and what of the server's own table is not as the columns
//! say). The demo has to serve it: a row in `host/demo/src/resource.rs` is enough, its columns and some in its world are for show and for the suite. The snapshot and `docs/` are written by their tests.
//! Everything else goes over the table or the catalogue, and `xtask/src/kinds.rs` holds that: a file that names such a kind, and is not among these or the exceptions there, fails. Short
//! names of `kubectl`'s may stand in `habits.rs`, and `policy/src/family/kubernetes.rs` wants a line where it is written. What has more operations has files in `operations/`, too.

pub mod claim;
pub mod config_map;
pub mod cron_job;
pub mod daemon_set;
pub mod deployment;
pub mod endpoints;
pub mod event;
pub mod ingress;
pub mod job;
pub mod namespace;
pub mod network_policy;
pub mod node;
pub mod pod;
pub(crate) mod pod_template;
pub mod replica_set;
pub mod secret;
pub mod service;
pub mod stateful_set;
pub mod storage_class;
pub mod volume;
pub(crate) mod workload;
