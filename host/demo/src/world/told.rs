//! What was said about the pods and workloads: the events of the last hour.

use serde_json::Value;

use super::cluster::{Cluster, EVICTED, HOUR, LOST_NODE, MINUTE, NOTICED, Said};
use super::jobs::EXPORT_FAILED;
use super::production::{BAD_ROLLOUT, NO_MEMORY, NO_VOLUME};
use super::{production, staging, system};
use crate::controllers::events::{About, Source};
use crate::controllers::fate::{BAD_FRONTEND, not_found};
use crate::controllers::read::{has, is_leaving, list, name, namespace, number, text, uid};

const NODE_CONTROLLER: Source<'static> = Source::Controller("node-controller");
const EVICTION: Source<'static> = Source::Controller("taint-eviction-controller");
const SCHEDULER: Source<'static> = Source::Scheduler { action: "Scheduling" };
const BINDING: Source<'static> = Source::Scheduler { action: "Binding" };

pub(super) fn add(cluster: &mut Cluster) {
    let of_kind =
        |kind: &str| cluster.objects.iter().filter(|it| text(it, "/kind") == kind).cloned().collect::<Vec<_>>();
    let (pods, sets) = (of_kind("Pod"), of_kind("ReplicaSet"));
    for pod in &pods {
        lost(cluster, pod);
        young(cluster, pod, &sets);
        broken(cluster, pod);
    }
    rollout(cluster, &sets);
    jobs(cluster);
    system_of_its_own(cluster, &pods);
}

/// What a pod's node going away looks like.
fn lost(cluster: &mut Cluster, pod: &Value) {
    if text(pod, "/spec/nodeName") != LOST_NODE {
        return;
    }
    cluster.event(pod.into(), NODE_CONTROLLER, Said::warning("NodeNotReady", "Node is not ready", NOTICED));
    if is_leaving(pod) {
        let message = format!("Marking for deletion Pod {}/{}", namespace(pod), name(pod));
        cluster.event(pod.into(), EVICTION, Said::once("TaintManagerEviction", &message, EVICTED));
    }
}

/// The first minute of a pod that is not an hour old.
fn young(cluster: &mut Cluster, pod: &Value, sets: &[Value]) {
    let created = crate::time::parse(text(pod, "/metadata/creationTimestamp")).unwrap_or(cluster.now);
    let age = cluster.now.duration_since(created).as_secs();
    let owner = sets.iter().find(|set| crate::controllers::read::is_owned_by(pod, set));
    if age >= HOUR {
        return;
    }
    if let Some(owner) = owner {
        let message = format!("Created pod: {}", name(pod));
        cluster.event(
            owner.into(),
            Source::Controller("replicaset-controller"),
            Said::once("SuccessfulCreate", &message, age),
        );
    }
    let node = text(pod, "/spec/nodeName");
    if node.is_empty() {
        return;
    }
    let message = format!("Successfully assigned {}/{} to {node}", namespace(pod), name(pod));
    cluster.event(pod.into(), BINDING, Said::once("Scheduled", &message, age));
    for container in list(pod, "/spec/containers") {
        let image = text(container, "/image");
        if image == BAD_FRONTEND {
            continue;
        }
        let field = format!("spec.containers{{{}}}", text(container, "/name"));
        let about = About { object: pod, field: &field };
        let pulled = format!("Container image \"{image}\" already present on machine and can be accessed by the pod");
        let kubelet = Source::Kubelet(node);
        cluster.event(about, kubelet, Said::once("Pulled", &pulled, age - 1));
        cluster.event(about, kubelet, Said::once("Created", "Container created", age - 1));
        cluster.event(about, kubelet, Said::once("Started", "Container started", age - 2));
    }
}

/// What does not work says so again and again.
fn broken(cluster: &mut Cluster, pod: &Value) {
    let node = text(pod, "/spec/nodeName").to_owned();
    let Some(container) = list(pod, "/spec/containers").first() else { return };
    let container_name = text(container, "/name");
    let field = format!("spec.containers{{{container_name}}}");
    let about = About { object: pod, field: &field };
    let kubelet = Source::Kubelet(&node);
    let status = pod.pointer("/status/containerStatuses/0").unwrap_or(&Value::Null);
    let restarts = number(status, "/restartCount");
    let image = text(container, "/image");
    match text(status, "/state/waiting/reason") {
        "CrashLoopBackOff" => {
            let message = format!(
                "Back-off restarting failed container {container_name} in pod {}_{}({})",
                name(pod),
                namespace(pod),
                uid(pod)
            );
            let begun = if image == BAD_FRONTEND { BAD_ROLLOUT - 4 } else { 17 * MINUTE };
            let pulled =
                format!("Container image \"{image}\" already present on machine and can be accessed by the pod");
            let last = if image == BAD_FRONTEND { 3 * MINUTE + 21 } else { 2 * MINUTE + 48 };
            cluster.event(about, kubelet, Said::once("Pulled", &pulled, begun).times(restarts + 1, last));
            cluster.event(about, kubelet, Said::once("Created", "Container created", begun).times(restarts + 1, last));
            cluster.event(about, kubelet, Said::once("Started", "Container started", begun).times(restarts + 1, last));
            cluster.event(about, kubelet, Said::warning("BackOff", &message, begun - 2).times(restarts * 17, 14));
        }
        "ImagePullBackOff" => {
            let pulling = format!("Pulling image \"{image}\"");
            let failed = format!("Failed to pull image \"{image}\": {}", not_found(image));
            let back_off = format!("Back-off pulling image \"{image}\"");
            cluster.event(about, kubelet, Said::once("Pulling", &pulling, BAD_ROLLOUT - 1).times(12, 4 * MINUTE));
            cluster.event(about, kubelet, Said::warning("Failed", &failed, BAD_ROLLOUT - 2).times(12, 4 * MINUTE - 1));
            cluster.event(
                about,
                kubelet,
                Said::warning("Failed", "Error: ErrImagePull", BAD_ROLLOUT - 2).times(12, 4 * MINUTE - 1),
            );
            cluster.event(about, kubelet, Said::once("BackOff", &back_off, BAD_ROLLOUT - 3).times(191, 9));
            cluster.event(
                about,
                kubelet,
                Said::warning("Failed", "Error: ImagePullBackOff", BAD_ROLLOUT - 3).times(191, 9),
            );
        }
        _ => {}
    }
    if container_name == "search" {
        let message = "Readiness probe failed: HTTP probe failed with statuscode: 503";
        cluster.event(about, kubelet, Said::warning("Unhealthy", message, 26 * HOUR - 20).times(9_322, 4));
    }
    if node.is_empty() && has(pod, "/status/conditions/0") {
        let database = name(pod).starts_with("orders-db");
        let (why, first, count) = if database { (NO_VOLUME, 4 * HOUR, 48) } else { (NO_MEMORY, EVICTED, 4) };
        cluster.event(pod.into(), SCHEDULER, Said::warning("FailedScheduling", why, first).times(count, 2 * MINUTE));
    }
}

/// The rollout of the bad front end, step by step, and what the lost pods were replaced with.
fn rollout(cluster: &mut Cluster, sets: &[Value]) {
    let deployment = cluster.find("Deployment", production::NAMESPACE, "frontend").clone();
    let of = |revision: &str| {
        sets.iter().find(|set| {
            crate::controllers::read::is_owned_by(set, &deployment)
                && set
                    .pointer("/metadata/annotations")
                    .is_some_and(|it| it.get("deployment.kubernetes.io/revision") == Some(&revision.into()))
        })
    };
    let (Some(new), Some(old)) = (of("23"), of("22")) else { return };
    let controller = Source::Controller("deployment-controller");
    let (new, old) = (name(new), name(old));
    for (message, ago) in [
        (format!("Scaled up replica set {new} from 0 to 1"), BAD_ROLLOUT),
        (format!("Scaled down replica set {old} from 4 to 3"), BAD_ROLLOUT),
        (format!("Scaled up replica set {new} from 1 to 2"), BAD_ROLLOUT),
    ] {
        cluster.event((&deployment).into(), controller, Said::once("ScalingReplicaSet", &message, ago));
    }
}

fn jobs(cluster: &mut Cluster) {
    let cron_job = cluster.find("CronJob", production::NAMESPACE, "invoice-export").clone();
    let controller = Source::Controller("cronjob-controller");
    let runs: Vec<_> = cluster.of_kind("Job", production::NAMESPACE);
    let failed = runs.iter().find(|job| number(job, "/status/failed") > 0).cloned().unwrap_or_default();
    let created = format!("Created job {}", name(&failed));
    let saw = format!("Saw completed job: {}, condition: Failed", name(&failed));
    cluster.event((&cron_job).into(), controller, Said::once("SuccessfulCreate", &created, EXPORT_FAILED + 40));
    cluster.event((&cron_job).into(), controller, Said::once("SawCompletedJob", &saw, EXPORT_FAILED - 2));
    let limit = "Job has reached the specified backoff limit";
    let controller = Source::Controller("job-controller");
    cluster.event((&failed).into(), controller, Said::warning("BackoffLimitExceeded", limit, EXPORT_FAILED - 1));
}

/// What else happened in `kube-system`, and a pod of staging that waits.
fn system_of_its_own(cluster: &mut Cluster, pods: &[Value]) {
    let first = |space: &str, prefix: &str| {
        let fits = |pod: &&&Value| {
            namespace(pod) == space && name(pod).starts_with(prefix) && text(pod, "/spec/nodeName") != LOST_NODE
        };
        pods.iter().find(|pod| fits(&pod)).cloned().unwrap_or_default()
    };
    let probed =
        |cluster: &mut Cluster, prefix: &str, container: &str, message: &str, first_ago: i64, count: i64, last: i64| {
            let pod = first(system::NAMESPACE, prefix);
            let field = format!("spec.containers{{{container}}}");
            let node = text(&pod, "/spec/nodeName").to_owned();
            let said = Said::warning("Unhealthy", message, first_ago).times(count, last);
            cluster.event(About { object: &pod, field: &field }, Source::Kubelet(&node), said);
        };
    let refused = "Readiness probe failed: HTTP probe failed with statuscode: 500";
    probed(cluster, "metrics-server", "metrics-server", refused, 22 * MINUTE, 14, 20 * MINUTE);
    let slow = "Readiness probe failed: Get \"http://10.244.3.39:8181/ready\": context deadline exceeded \
                (Client.Timeout exceeded while awaiting headers)";
    probed(cluster, "coredns", "coredns", slow, 22 * MINUTE + 20, 3, 22 * MINUTE);
    let operator = first(system::NAMESPACE, "cilium-operator");
    let leads = format!("{}-7hq2k became leader", name(&operator));
    let lease = cluster.object(
        "coordination.k8s.io/v1",
        "Lease",
        system::NAMESPACE,
        "cilium-operator-resource-lock",
        41 * 24 * HOUR,
    );
    let lease = cluster.put(
        lease,
        serde_json::json!({ "spec": {
        "holderIdentity": format!("{}-7hq2k", name(&operator)), "leaseDurationSeconds": 15, "leaseTransitions": 4,
        "acquireTime": cluster.micros_ago(51 * MINUTE), "renewTime": cluster.micros_ago(2),
    } }),
    );
    cluster.event(
        (&lease).into(),
        Source::Controller(name(&operator)),
        Said::once("LeaderElection", &leads, 51 * MINUTE),
    );
    let stuck = first(staging::NAMESPACE, "reports");
    let field = "spec.initContainers{wait-for-warehouse}";
    let node = text(&stuck, "/spec/nodeName").to_owned();
    let begun = Said::once("Started", "Container started", 58 * MINUTE);
    cluster.event(About { object: &stuck, field }, Source::Kubelet(&node), begun);
}
