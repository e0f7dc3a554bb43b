//! Autoscalers and disruption budgets.

use serde_json::{Value, json};

use super::cluster::{Cluster, DAY, HOUR, MINUTE, Said, merge};
use super::production::NAMESPACE;
use crate::controllers::events::Source;
use crate::controllers::pods::is_ready;
use crate::controllers::read::{holds, namespace, selects};

pub(super) fn add(cluster: &mut Cluster) {
    cluster.autoscaler("api-gateway", 1, 6, 1, Some(38));
    // The metrics of its pods on the lost machine are missing.
    cluster.autoscaler("catalog", 2, 8, 2, None);
    for (name, minimum) in [("frontend", 2), ("nginx", 2), ("orders-db", 2), ("checkout", 2)] {
        cluster.budget(name, minimum);
    }
    let autoscaler = cluster.find("HorizontalPodAutoscaler", NAMESPACE, "catalog").clone();
    let message = "failed to get cpu utilization: did not receive metrics for targeted pods (pods might be unready)";
    let told = Said::warning("FailedGetResourceMetric", message, 22 * MINUTE).times(9, 18 * MINUTE);
    cluster.event((&autoscaler).into(), Source::Controller("horizontal-pod-autoscaler"), told);
}

impl Cluster {
    fn autoscaler(&mut self, name: &str, minimum: u32, maximum: u32, current: u32, cpu: Option<u32>) {
        let autoscaler = self.object("autoscaling/v2", "HorizontalPodAutoscaler", NAMESPACE, name, 60 * DAY);
        let mut status = json!({
            "currentReplicas": current, "desiredReplicas": current, "lastScaleTime": self.ago(9 * HOUR), "observedGeneration": 1,
        });
        if let Some(cpu) = cpu {
            let current = json!({ "name": "cpu", "current": { "averageUtilization": cpu } });
            merge(&mut status, json!({ "currentMetrics": [{ "type": "Resource", "resource": current }] }));
        }
        self.put(
            autoscaler,
            json!({
                "spec": {
                    "minReplicas": minimum,
                    "maxReplicas": maximum,
                    "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": name },
                    "metrics": [{
                        "type": "Resource",
                        "resource": { "name": "cpu", "target": { "type": "Utilization", "averageUtilization": 70 } },
                    }],
                },
                "status": status,
            }),
        );
    }

    fn budget(&mut self, name: &str, minimum: i64) {
        let mut budget = self.object("policy/v1", "PodDisruptionBudget", NAMESPACE, name, 60 * DAY);
        let selector = json!({ "matchLabels": { "app": name } });
        let healthy = self
            .of_kind("Pod", namespace(&budget))
            .iter()
            .filter(|pod| selects(Some(&selector), pod) && is_ready(pod) && !holds(pod, "/metadata/deletionTimestamp"))
            .count() as i64;
        let pods = self.of_kind("Pod", namespace(&budget));
        let expected = pods.iter().filter(|pod| selects(Some(&selector), pod)).count() as i64;
        let allowed = (healthy - minimum).max(0);
        let (status, reason) = if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
        let condition = json!({
            "type": "DisruptionAllowed", "status": status, "reason": reason, "message": "", "observedGeneration": 1,
            "lastTransitionTime": self.ago(22 * MINUTE),
        });
        merge(
            &mut budget,
            json!({
                "metadata": { "generation": 1 },
                "spec": { "minAvailable": minimum, "selector": selector },
                "status": {
                    "currentHealthy": healthy, "desiredHealthy": minimum, "disruptionsAllowed": allowed,
                    "expectedPods": expected, "observedGeneration": 1, "conditions": [condition],
                },
            }),
        );
        self.put(budget, Value::Null);
    }
}
