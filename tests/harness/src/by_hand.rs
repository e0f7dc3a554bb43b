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
//!
//! Nodes have a status by hand too: see [`Cluster::node_by_hand`].

use serde_json::{Value, json};

use crate::client::{Client, ClientError};
use crate::cluster::Cluster;
use crate::namespace::Namespace;

/// The label of pods and nodes that nobody plays but the test: no kubelet touches them, wherever they are, until they are deleted.
pub const BY_HAND: &str = "meho.dev/by-hand";
/// The node on whose pods kwok plays nothing but deletion.
pub const NODE_BY_HAND: &str = "node-by-hand";

/// A node that a test has made. It is deleted when this is dropped.
#[derive(Debug)]
pub struct NodeByHand {
    admin: Client,
    path: String,
}

impl Cluster {
    /// Makes a node whose conditions and addresses are exactly what is given. Kubernetes' own controllers add their taints to it; nothing is scheduled there.
    ///
    /// # Errors
    /// Where the server refuses it.
    pub fn node_by_hand(&self, mut node: Value) -> Result<NodeByHand, ClientError> {
        let taint = json!({ "key": BY_HAND, "effect": "NoSchedule" });
        match node.pointer_mut("/spec/taints").and_then(Value::as_array_mut) {
            Some(taints) => taints.push(taint),
            None => node["spec"]["taints"] = json!([taint]),
        }
        node["metadata"]["labels"][BY_HAND] = json!("");
        let made = self.admin().post("/api/v1/nodes", &node)?;
        let name = made.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        Ok(NodeByHand { admin: self.admin().clone(), path: format!("/api/v1/nodes/{name}") })
    }
}

impl Drop for NodeByHand {
    fn drop(&mut self) {
        // The cluster may be gone, and a test that is over has nobody to tell.
        let _ = self.admin.delete(&self.path);
    }
}

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
