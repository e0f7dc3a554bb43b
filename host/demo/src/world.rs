//! What stands in the demo cluster when it starts: a shop on three machines, and what is wrong with it.
//!
//! One machine was lost some twenty minutes ago; a release of the front end does not come up; payments run out of memory; a
//! database waits for storage of a class that is gone. All times are counted back from the start, everything else is the same
//! at every start. Begin with `production`; `workload` makes pods out of it, `told` what was said about them.

mod bare;
mod cluster;
mod config;
mod jobs;
mod log;
mod metrics;
mod network;
mod nodes;
mod policies;
mod production;
mod staging;
mod storage;
mod system;
mod template;
mod told;
mod workload;

use jiff::Timestamp;
use serde_json::Value;

pub(crate) use bare::first_status;
use cluster::Cluster;
pub(crate) use log::log;

/// The objects of the believable cluster, complete and with their status.
pub(crate) fn objects(now: Timestamp) -> Vec<Value> {
    let mut cluster = Cluster::new(now);
    config::add(&mut cluster);
    nodes::add(&mut cluster);
    storage::add(&mut cluster);
    production::add(&mut cluster);
    staging::add(&mut cluster);
    system::add(&mut cluster);
    network::add(&mut cluster);
    policies::add(&mut cluster);
    metrics::add(&mut cluster);
    told::add(&mut cluster);
    cluster.objects
}

/// The objects of a cluster with nothing of anybody's in it: namespaces, a class of storage and three nodes.
pub(crate) fn bare(now: Timestamp) -> Vec<Value> {
    let mut cluster = Cluster::new(now);
    bare::add(&mut cluster);
    cluster.objects
}
