//! What metrics-server says: of the two machines that answer, and of the pods that run there.

use serde_json::{Map, Value, json};

use super::cluster::{Cluster, LOST_NODE, merge};
use crate::controllers::identity::hash;
use crate::controllers::pod_status::before;
use crate::controllers::quantity::{bytes, millicores};
use crate::controllers::read::{has, list, name, namespace, text};
use crate::time::seconds;

/// Cores in thousandths and memory in Ki that a node uses beside its pods.
const SYSTEM: (i64, i64) = (184, 1_210_000);

pub(super) fn add(cluster: &mut Cluster) {
    let measured = |pod: &&Value| {
        text(pod, "/status/phase") == "Running" && !matches!(text(pod, "/spec/nodeName"), "" | LOST_NODE)
    };
    let pods: Vec<_> =
        cluster.objects.iter().filter(|it| text(it, "/kind") == "Pod").filter(measured).cloned().collect();
    for pod in &pods {
        let metrics = cluster.pod_metrics(pod);
        cluster.objects.push(metrics);
    }
    for node in cluster.of_kind("Node", "").iter().filter(|node| name(node) != LOST_NODE) {
        let on_it = pods.iter().filter(|pod| text(pod, "/spec/nodeName") == name(node));
        let (cpu, memory) = on_it
            .flat_map(|pod| list(pod, "/spec/containers").iter().map(move |container| usage(pod, container)))
            .fold(SYSTEM, |(cpu, memory), (more_cpu, more_memory)| (cpu + more_cpu, memory + more_memory));
        let metrics = cluster.metrics("NodeMetrics", "", node);
        cluster.put(metrics, json!({ "window": "20.048s", "usage": amounts(cpu, memory) }));
    }
}

/// What a container uses: its share of what it asked for, always the same; one that crashes uses nothing.
fn usage(pod: &Value, container: &Value) -> (i64, i64) {
    let running = list(pod, "/status/containerStatuses")
        .iter()
        .any(|status| text(status, "/name") == text(container, "/name") && has(status, "/state/running"));
    if !running {
        return (0, 0);
    }
    let share = 20 + (hash(&format!("{}/{}", name(pod), text(container, "/name"))) % 60) as i64;
    let cpu = millicores(text(container, "/resources/requests/cpu")).max(20) * share / 100;
    let memory = bytes(text(container, "/resources/requests/memory")).max(33_554_432) / 1024 * (share + 15) / 100;
    (cpu, memory)
}

/// As metrics-server writes them: nanocores and Ki.
fn amounts(cpu: i64, memory: i64) -> Value {
    json!({ "cpu": format!("{}n", cpu * 1_000_000 + 318_204), "memory": format!("{memory}Ki") })
}

impl Cluster {
    fn pod_metrics(&self, pod: &Value) -> Value {
        let mut metrics = self.metrics("PodMetrics", namespace(pod), pod);
        let running = |container: &Value| {
            let (cpu, memory) = usage(pod, container);
            (memory > 0).then(|| json!({ "name": text(container, "/name"), "usage": amounts(cpu, memory) }))
        };
        let containers: Vec<_> = list(pod, "/spec/containers").iter().filter_map(running).collect();
        merge(&mut metrics, json!({ "window": "15.22s", "containers": containers }));
        metrics
    }

    /// Metrics have the labels of what they are about, and no uid.
    fn metrics(&self, kind: &str, space: &str, about: &Value) -> Value {
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), name(about).into());
        if !space.is_empty() {
            metadata.insert("namespace".to_owned(), space.into());
        }
        metadata.insert("creationTimestamp".to_owned(), seconds(self.now).into());
        if let Some(labels) = about.pointer("/metadata/labels") {
            metadata.insert("labels".to_owned(), labels.clone());
        }
        json!({
            "apiVersion": "metrics.k8s.io/v1beta1", "kind": kind, "metadata": metadata,
            "timestamp": seconds(before(self.now, 11)),
        })
    }
}
