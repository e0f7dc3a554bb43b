//! The kinds of objects, a file each.

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
