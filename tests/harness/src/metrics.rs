//! What nodes use, as the metrics API would tell it. There is no metrics-server, because there are no kubelets to ask; the API itself is a resource that
//! the API server keeps, so that it is served, and guarded by RBAC, like any other.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::ClientError;
use crate::cluster::{Cluster, Server};

const PATH: &str = "/apis/metrics.k8s.io/v1beta1/nodes";
/// A new resource is served within a second or two; this is for a loaded machine.
const SERVED: Duration = Duration::from_secs(60);

impl Cluster {
    /// Serves the metrics API of nodes from now on, and says through it what this one uses.
    ///
    /// # Errors
    /// Where the server refuses, or the API does not come.
    pub fn node_uses(&self, node: &str, usage: &Value) -> Result<(), ClientError> {
        let metrics = json!({
            "apiVersion": "metrics.k8s.io/v1beta1", "kind": "NodeMetrics", "metadata": { "name": node },
            "timestamp": "2026-01-02T03:04:05Z", "window": "10.5s", "usage": usage,
        });
        if let Server::Demo(demo) = self.server() {
            // It serves the API as a metrics-server does: for reading.
            demo.demo.measure(metrics);
            return Ok(());
        }
        let resource = json!({
            "metadata": {
                "name": "nodes.metrics.k8s.io",
                "annotations": { "api-approved.kubernetes.io": "unapproved, for tests" },
            },
            "spec": {
                "group": "metrics.k8s.io",
                "scope": "Cluster",
                "names": { "plural": "nodes", "singular": "nodemetrics", "kind": "NodeMetrics" },
                "versions": [{
                    "name": "v1beta1", "served": true, "storage": true,
                    "schema": { "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } },
                }],
            },
        });
        made(self.admin().post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", &resource))?;
        self.admin().wait_for(PATH, SERVED, |_| true)?;
        made(self.admin().post(PATH, &metrics))
    }
}

/// It may be there already: tests share the cluster.
fn made(answer: Result<Value, ClientError>) -> Result<(), ClientError> {
    match answer {
        Err(error) if error.status() == Some(ureq::http::StatusCode::CONFLICT) => Ok(()),
        other => other.map(drop),
    }
}
