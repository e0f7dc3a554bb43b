//! Thousands of pods: running ones for measurements, and others that are there and no more.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::ClientError;
use crate::cluster::Server;
use crate::control_plane::ControlPlane;
use crate::namespace::Namespace;
use crate::start::{all_ready, node};

/// Marks the nodes that were made for this, and keeps others' pods away from them; its value is the namespace.
const MARK: &str = "meho.dev/many-pods";
/// On two cores 10,000 pods took 4 minutes, 24 ms each. This is four times that, and a minute to begin with.
const PER_POD: Duration = Duration::from_millis(100);
const AT_LEAST: Duration = Duration::from_secs(60);
/// How many requests make pods at a time. More do not make a server of two cores any faster.
const MAKERS: usize = 8;

/// Running pods, on nodes of their own; both are deleted when this is dropped, and nobody waits for that.
#[derive(Debug)]
pub struct ManyPods {
    namespace: Namespace,
    nodes: Vec<String>,
}

impl ControlPlane {
    /// Makes `pods` pods in one fresh namespace, through `deployments` Deployments, on `nodes` new nodes, and waits until
    /// all of them are ready. Deployments are called `app-0` and so on, their pods have the label `app` with that name and
    /// one container each.
    ///
    /// # Errors
    /// Where the server refuses, or they are not ready in time (a minute, and 100 ms for each pod).
    pub fn many_pods(&self, pods: u32, nodes: u32, deployments: u32) -> Result<ManyPods, ClientError> {
        let admin = self.admin();
        let limit = AT_LEAST + PER_POD * pods;
        let namespace = self.namespace()?;
        let nodes: Vec<_> = (0..nodes).map(|number| format!("{namespace}-{number}")).collect();
        let many = ManyPods { namespace, nodes };
        let capacity = pods.div_ceil(u32::try_from(many.nodes.len()).unwrap_or(u32::MAX).max(1)) + 10;
        for name in &many.nodes {
            admin.post("/api/v1/nodes", &marked(node(name, "zone-a", capacity), many.namespace.name()))?;
        }
        admin.wait_for(&many.nodes_path(), limit, all_ready)?;
        let path = many.namespace.path_in("apps/v1", "deployments");
        for number in 0..deployments {
            // The remainder goes to the first ones.
            let replicas = pods / deployments + u32::from(number < pods % deployments);
            admin.post(&path, &deployment(number, replicas, many.namespace.name()))?;
        }
        admin.wait_for(&path, limit, |list| ready_replicas(list) == u64::from(pods))?;
        Ok(many)
    }
}

impl Namespace {
    /// Makes pods of these names and this spec, as fast as the server takes them: a real one some 500 a second, the demo cluster all at once. Nobody waits
    /// for what becomes of them.
    ///
    /// # Errors
    /// Where the server refuses one.
    pub fn pods_at_once(&self, names: &[String], spec: &Value) -> Result<(), ClientError> {
        let pod = |name: &String| json!({ "metadata": { "name": name, "namespace": self.name() }, "spec": spec });
        if let Server::Demo(demo) = self.cluster().server() {
            return demo.keep(names.iter().map(|name| {
                let mut pod = pod(name);
                pod["apiVersion"] = json!("v1");
                pod["kind"] = json!("Pod");
                pod["status"] = json!({ "phase": "Pending" });
                pod
            }));
        }
        let path = self.path("pods");
        let make = |names: &[String]| names.iter().try_for_each(|name| self.admin().post(&path, &pod(name)).map(drop));
        thread::scope(|scope| {
            let parts: Vec<_> =
                names.chunks(names.len().div_ceil(MAKERS).max(1)).map(|part| scope.spawn(move || make(part))).collect();
            parts.into_iter().try_for_each(|part| part.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause)))
        })
    }
}

impl ManyPods {
    /// Where the pods are.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// The names of the nodes that they run on.
    #[must_use]
    pub fn nodes(&self) -> &[String] {
        &self.nodes
    }

    fn nodes_path(&self) -> String {
        format!("/api/v1/nodes?labelSelector={MARK}%3D{}", self.namespace)
    }
}

impl Drop for ManyPods {
    fn drop(&mut self) {
        let _ = self.namespace.admin().delete(&self.nodes_path());
    }
}

fn marked(mut node: Value, mark: &str) -> Value {
    node["metadata"]["labels"][MARK] = json!(mark);
    node["spec"] = json!({ "taints": [{ "key": MARK, "value": mark, "effect": "NoSchedule" }] });
    node
}

fn deployment(number: u32, replicas: u32, mark: &str) -> Value {
    let name = format!("app-{number}");
    json!({
        "metadata": { "name": name, "labels": { "app": name } },
        "spec": {
            "replicas": replicas,
            "selector": { "matchLabels": { "app": name } },
            "template": {
                "metadata": { "labels": { "app": name, "tier": "backend" } },
                "spec": {
                    "nodeSelector": { MARK: mark },
                    "tolerations": [{ "key": MARK, "value": mark }],
                    "containers": [{
                        "name": "app",
                        "image": "registry.example.com/team/app:1.2.3",
                        "ports": [{ "name": "http", "containerPort": 8080 }],
                        "env": [{ "name": "MODE", "value": "production" }],
                        "resources": { "requests": { "cpu": "10m", "memory": "16Mi" } },
                    }],
                },
            },
        },
    })
}

fn ready_replicas(list: &Value) -> u64 {
    let items = list["items"].as_array().map_or(&[][..], Vec::as_slice);
    items.iter().filter_map(|it| it["status"]["readyReplicas"].as_u64()).sum()
}
