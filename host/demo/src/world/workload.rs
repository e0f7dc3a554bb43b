//! Workloads with the pods that they have: what their controllers and kubelets would have made of them by now.

use serde_json::{Value, json};

use super::cluster::{Cluster, EVICTED, LOST_NODE, NOTICED, merge};
use super::nodes::host_ip;
use super::template::{Template, set};
use crate::controllers::deployments::{self, replica_set};
use crate::controllers::identity::suffix;
use crate::controllers::pod_status::{State, Stay, before, condition, status};
use crate::controllers::pods::{count, from_template};
use crate::controllers::read::{holds, name, namespace, text};
use crate::controllers::scheduler::locate;
use crate::controllers::{daemon_sets, replica_sets, stateful_sets};
use crate::store::metadata_mut;

/// One pod of a workload: where it is, since when, and how it is doing.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    pub(super) node: &'static str,
    /// Seconds since it was created.
    pub(super) age: i64,
    pub(super) doing: Doing,
}

/// How a pod of the world is doing.
#[derive(Debug, Clone)]
pub(super) enum Doing {
    /// As a kubelet reports it. On the lost node: as it last did, and not ready any more.
    On(State),
    /// As on the lost node, and asked to go when its pods were.
    Evicted,
    /// Not on a node, and why.
    Unschedulable(&'static str),
}

pub(super) fn on(node: &'static str, age: i64) -> Seat {
    Seat { node, age, doing: Doing::On(State::Running) }
}

pub(super) fn as_is(node: &'static str, age: i64, state: State) -> Seat {
    Seat { node, age, doing: Doing::On(state) }
}

/// On the lost node, and asked to go.
pub(super) fn evicted(age: i64) -> Seat {
    Seat { node: LOST_NODE, age, doing: Doing::Evicted }
}

pub(super) fn waiting(age: i64, why: &'static str) -> Seat {
    Seat { node: "", age, doing: Doing::Unschedulable(why) }
}

/// A Deployment of the world.
pub(super) struct Deployment {
    pub(super) namespace: &'static str,
    pub(super) name: &'static str,
    pub(super) age: i64,
    pub(super) replicas: i64,
    /// From the oldest to the one that has the Deployment's template.
    pub(super) sets: Vec<Set>,
    /// What is said of its progress: reason, and how long ago.
    pub(super) progress: (&'static str, i64),
    /// Since when it is available, or not.
    pub(super) availability: (bool, i64),
}

/// A ReplicaSet of a Deployment.
pub(super) struct Set {
    pub(super) template: Template,
    pub(super) revision: u32,
    pub(super) age: i64,
    pub(super) replicas: i64,
    pub(super) pods: Vec<Seat>,
}

/// A Deployment that has had one template all along and works.
pub(super) fn steady(
    namespace: &'static str,
    name: &'static str,
    age: i64,
    template: Template,
    pods: Vec<Seat>,
) -> Deployment {
    let replicas = pods.iter().filter(|pod| !matches!(pod.doing, Doing::Evicted)).count() as i64;
    Deployment {
        namespace,
        name,
        age,
        replicas,
        sets: vec![Set { template, revision: 1, age, replicas, pods }],
        progress: ("NewReplicaSetAvailable", age - 20),
        availability: (true, age - 20),
    }
}

impl Cluster {
    pub(super) fn deployment(&mut self, of: Deployment) -> Value {
        let Some(newest) = of.sets.last() else { return Value::Null };
        let revision = newest.revision.to_string();
        let mut deployment = self.object("apps/v1", "Deployment", of.namespace, of.name, of.age);
        merge(
            &mut deployment,
            json!({
                "metadata": {
                    "labels": newest.template.value().pointer("/metadata/labels"),
                    "annotations": { "deployment.kubernetes.io/revision": revision },
                    "generation": of.sets.len() + 1,
                },
                "spec": {
                    "replicas": of.replicas,
                    "selector": newest.template.selector(),
                    "template": newest.template.value(),
                    "strategy": {
                        "type": "RollingUpdate",
                        "rollingUpdate": { "maxUnavailable": "25%", "maxSurge": "25%" },
                    },
                    "revisionHistoryLimit": 10,
                    "progressDeadlineSeconds": 600,
                },
            }),
        );
        let mut sets = Vec::new();
        for set in &of.sets {
            sets.push(self.replica_set(&deployment, set));
        }
        let newest = sets.last().cloned().unwrap_or_default();
        let conditions = self.progress(&of, name(&newest));
        merge(&mut deployment, json!({ "status": { "conditions": conditions } }));
        let all: Vec<_> = sets.iter().collect();
        let status = deployments::status(&deployment, &all, Some(&newest), self.now);
        set(&mut deployment, "status", status);
        self.put(deployment, Value::Null)
    }

    fn progress(&self, of: &Deployment, newest: &str) -> Value {
        let (reason, since) = of.progress;
        let failed = reason == "ProgressDeadlineExceeded";
        let how = if failed { "has timed out progressing" } else { "has successfully progressed" };
        let (available, available_since) = of.availability;
        let (status, minimum, has) = if available {
            ("True", "MinimumReplicasAvailable", "has")
        } else {
            ("False", "MinimumReplicasUnavailable", "does not have")
        };
        json!([
            {
                "type": "Available", "status": status, "reason": minimum,
                "message": format!("Deployment {has} minimum availability."),
                "lastUpdateTime": self.ago(available_since), "lastTransitionTime": self.ago(available_since),
            },
            {
                "type": "Progressing", "status": if failed { "False" } else { "True" }, "reason": reason,
                "message": format!("ReplicaSet \"{newest}\" {how}."),
                "lastUpdateTime": self.ago(since),
                "lastTransitionTime": self.ago(if failed { since } else { of.age }),
            },
        ])
    }

    fn replica_set(&mut self, deployment: &Value, of: &Set) -> Value {
        let mut set = replica_set(deployment, &of.template.value(), &of.revision.to_string());
        let identity = self.object("apps/v1", "ReplicaSet", namespace(deployment), name(&set), of.age);
        merge(&mut set, identity);
        merge(&mut set, json!({ "metadata": { "generation": 1 }, "spec": { "replicas": of.replicas } }));
        let pods = self.pods(&set, &of.pods);
        let status = replica_sets::status(&set, count(&pods, 0, self.now));
        self.put(set, json!({ "status": status }))
    }

    /// Pods of an owner that gives them random names.
    pub(super) fn pods(&mut self, owner: &Value, seats: &[Seat]) -> Vec<Value> {
        let mut pods = Vec::new();
        for (index, seat) in seats.iter().enumerate() {
            let ending = suffix(&format!("{}/{}/{index}", namespace(owner), name(owner)), 5);
            let mut pod = self.pod(owner, &format!("{}-{ending}", name(owner)), seat);
            metadata_mut(&mut pod).insert("generateName".to_owned(), format!("{}-", name(owner)).into());
            pods.push(pod);
        }
        self.objects.extend(pods.iter().cloned());
        pods
    }

    /// A pod in its seat, not kept yet.
    pub(super) fn pod(&mut self, owner: &Value, name: &str, seat: &Seat) -> Value {
        let template = owner.pointer("/spec/template").unwrap_or(&Value::Null);
        let mut pod = from_template(owner, template, name);
        merge(&mut pod, self.object("v1", "Pod", namespace(owner), name, seat.age));
        merge(&mut pod, json!({ "metadata": { "generation": 1 } }));
        match &seat.doing {
            Doing::Unschedulable(why) => {
                let mut scheduled = condition("PodScheduled", before(self.now, seat.age), Some(("Unschedulable", why)));
                set(&mut scheduled, "observedGeneration", 1.into());
                merge(&mut pod, json!({ "status": { "conditions": [scheduled] } }));
            }
            Doing::On(state) => self.seat(&mut pod, seat, state),
            Doing::Evicted => {
                self.seat(&mut pod, seat, &State::Running);
                self.evict(&mut pod);
            }
        }
        pod
    }

    fn seat(&mut self, pod: &mut Value, seat: &Seat, state: &State) {
        merge(pod, json!({ "spec": { "nodeName": seat.node } }));
        locate(pod, self.find("Node", "", seat.node));
        let host_ip = host_ip(seat.node);
        let own_network = holds(pod, "/spec/hostNetwork");
        let pod_ip = if own_network { host_ip.to_owned() } else { self.next_address(seat.node) };
        let stay = Stay { host_ip, pod_ip: &pod_ip, since: before(self.now, seat.age), now: self.now };
        let status = status(pod, state, stay);
        set(pod, "status", status);
        if seat.node == LOST_NODE
            && let Some(ready) = ready_mut(pod)
        {
            // The node controller changes the status of the condition, and no word of what stands with it.
            set(ready, "status", "False".into());
            set(ready, "lastTransitionTime", self.ago(NOTICED).into());
        }
    }

    fn evict(&self, pod: &mut Value) {
        let grace = pod.pointer("/spec/terminationGracePeriodSeconds").and_then(Value::as_i64).unwrap_or(30);
        merge(
            pod,
            json!({ "metadata": {
            "deletionTimestamp": self.ago(EVICTED - grace),
            "deletionGracePeriodSeconds": grace,
            "generation": 2,
        } }),
        );
        let mut why = condition("DisruptionTarget", before(self.now, EVICTED), None);
        set(&mut why, "reason", "DeletionByTaintManager".into());
        set(&mut why, "message", "Taint manager: deleting due to NoExecute taint".into());
        if let Some(conditions) = pod.pointer_mut("/status/conditions").and_then(Value::as_array_mut) {
            conditions.push(why);
        }
    }

    /// A StatefulSet, whose pods have ordinals. Its claims are made where the rest of the storage is.
    pub(super) fn stateful_set(
        &mut self,
        space: &'static str,
        set_name: &'static str,
        age: i64,
        template: &Template,
        claims: &[Value],
        seats: &[Seat],
    ) -> Value {
        let mut owner = self.object("apps/v1", "StatefulSet", space, set_name, age);
        merge(
            &mut owner,
            json!({
                "metadata": { "generation": 1, "labels": template.value().pointer("/metadata/labels") },
                "spec": {
                    "replicas": seats.len(),
                    "selector": template.selector(),
                    "serviceName": set_name,
                    "template": template.value(),
                    "podManagementPolicy": "OrderedReady",
                    "updateStrategy": { "type": "RollingUpdate", "rollingUpdate": { "partition": 0 } },
                    "revisionHistoryLimit": 10,
                    "persistentVolumeClaimRetentionPolicy": { "whenDeleted": "Retain", "whenScaled": "Retain" },
                },
            }),
        );
        if !claims.is_empty() {
            merge(&mut owner, json!({ "spec": { "volumeClaimTemplates": claims } }));
        }
        let mut pods = Vec::new();
        for (ordinal, seat) in seats.iter().enumerate() {
            let mut pod = self.pod(&owner, &format!("{set_name}-{ordinal}"), seat);
            stateful_sets::identify(&mut pod, &owner, ordinal);
            pods.push(pod);
        }
        self.objects.extend(pods.iter().cloned());
        let status = stateful_sets::status(&owner, &pods, self.now);
        self.put(owner, json!({ "status": status }))
    }

    /// A DaemonSet with a pod on every node.
    pub(super) fn daemon_set(
        &mut self,
        set_name: &'static str,
        age: i64,
        template: &Template,
        seats: &[Seat],
    ) -> Value {
        let mut owner = self.object("apps/v1", "DaemonSet", "kube-system", set_name, age);
        merge(
            &mut owner,
            json!({
                "metadata": {
                    "generation": 1,
                    "labels": template.value().pointer("/metadata/labels"),
                    "annotations": { "deprecated.daemonset.template.generation": "1" },
                },
                "spec": {
                    "selector": template.selector(),
                    "template": template.value(),
                    "updateStrategy": { "type": "RollingUpdate", "rollingUpdate": { "maxUnavailable": 1, "maxSurge": 0 } },
                    "revisionHistoryLimit": 10,
                },
            }),
        );
        let mut pods = Vec::new();
        for (index, seat) in seats.iter().enumerate() {
            let mut pod = self.pod(&owner, &format!("{set_name}-{}", suffix(&format!("{set_name}/{index}"), 5)), seat);
            daemon_sets::identify(&mut pod, &owner, seat.node);
            metadata_mut(&mut pod).insert("generateName".to_owned(), format!("{set_name}-").into());
            pods.push(pod);
        }
        self.objects.extend(pods.iter().cloned());
        let nodes = self.of_kind("Node", "");
        let status = daemon_sets::status(&owner, &nodes, &pods, self.now);
        self.put(owner, json!({ "status": status }))
    }
}

fn ready_mut(pod: &mut Value) -> Option<&mut Value> {
    let conditions = pod.pointer_mut("/status/conditions")?.as_array_mut()?;
    conditions.iter_mut().find(|condition| text(condition, "/type") == "Ready")
}
