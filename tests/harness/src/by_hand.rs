//! Pods and nodes whose status a test writes itself, and nobody else touches.
//!
//! kwok moves every pod that is on a node. So there is one node whose pods it leaves alone, see `kwok.rs`; the scheduler
//! puts nothing there, because a taint keeps it away, and a pod gets there by naming the node. The node itself is ready, so
//! that no controller marks or evicts its pods, and their logs and their deletion work as everywhere.
//!
//! Pods elsewhere, and nodes, are left alone where they have the label [`BY_HAND`]: for a node of a test's own.
//!
//! A pod without a node is nobody's either: give it a `schedulerName` that no scheduler has, and write its status with
//! [`Client::write_status`](crate::Client::write_status).

use serde_json::{Value, json};

use crate::client::ClientError;
use crate::namespace::Namespace;

/// The label of pods and nodes that nobody plays but the test: no kubelet touches them, wherever they are, until they are deleted.
pub const BY_HAND: &str = "meho.dev/by-hand";
/// The node on whose pods kwok plays nothing but deletion.
pub const NODE_BY_HAND: &str = "node-by-hand";

impl Namespace {
    /// Makes a pod whose status is exactly what is given, and stays so. `spec` needs `containers`; its node is set here.
    /// Returns the pod as the server has it.
    ///
    /// For a pod that is being deleted, give it a finalizer by [`Namespace::apply`] and delete it: its status stays as well.
    ///
    /// # Errors
    /// Where the server refuses the pod or the status.
    pub fn pod_by_hand(&self, name: &str, mut spec: Value, status: &Value) -> Result<Value, ClientError> {
        if let Some(fields) = spec.as_object_mut() {
            fields.insert("nodeName".to_owned(), json!(NODE_BY_HAND));
        }
        self.admin().post(&self.path("pods"), &json!({ "metadata": { "name": name }, "spec": spec }))?;
        self.admin().write_status(&self.path(&format!("pods/{name}")), status)
    }
}
