//! A real Kubernetes control plane on loopback, for tests: etcd, kube-apiserver, controller manager, scheduler, and kwok in
//! place of kubelets, with TLS and RBAC on and an audit log. No containers and no images.
//!
//! The programs are built once by Go from `tests/control-plane` and kept in a cache ([`Programs`]). One running instance
//! is shared by all test binaries of a run, and stops by itself when the last of them is gone ([`ControlPlane`]).
//! Everything here blocks; call it from tests, not from within an async runtime's threads.
//!
//! ```no_run
//! use meho_control_plane::{ControlPlane, Rule};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let Some(cluster) = ControlPlane::shared_or_skip("a_reader_cannot_delete") else { return Ok(()) };
//! let namespace = cluster.namespace()?;
//! let reader = namespace.user("reader", &[Rule::new("", "pods", &["get", "list"])])?;
//! let pods = reader.client().get(&format!("/api/v1/namespaces/{namespace}/pods"))?;
//! # let _ = pods;
//! # Ok(())
//! # }
//! ```

mod unavailable;

mod programs;

mod credentials;
mod directory;
mod kwok;
mod lease;
mod protocol;
mod start;

mod cluster;
mod control_plane;

mod client;
mod wait;

mod audit;
mod by_hand;
mod client_certificate;
mod demo;
mod forgotten;
mod logs;
mod many_pods;
mod metrics;
mod namespace;
mod token;
mod user;

pub use audit::{AuditEvent, AuditMark, AuditStatus, AuditUser, ObjectRef};
pub use by_hand::{BY_HAND, NODE_BY_HAND, NodeByHand};
pub use client::{Client, ClientError, Patch, Response};
pub use client_certificate::ClientCertificate;
pub use cluster::Cluster;
pub use control_plane::ControlPlane;
pub use kwok::FATE;
pub use logs::KnownLog;
pub use many_pods::ManyPods;
pub use namespace::Namespace;
pub use programs::{Build, Programs};
pub use unavailable::{Refused, Unavailable};
pub use ureq::http::{Method, StatusCode};
pub use user::{Rule, User};
pub use wait::until;
