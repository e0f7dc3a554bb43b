//! Three virtual machines of one vSphere cloud: one was lost, two are well.

use serde_json::{Value, json};

use super::cluster::{Cluster, DAY, HOUR, LOST, LOST_NODE, MINUTE, NOTICED, Said, labels, merge};
use crate::controllers::events::Source;
use crate::controllers::identity::{digits, uid};

/// What tells the nodes apart.
struct Machine {
    name: &'static str,
    ip: &'static str,
    external_ip: &'static str,
    pod_range: &'static str,
    zone: &'static str,
    cpus: u32,
    memory: &'static str,
    allocatable_memory: &'static str,
    age: i64,
}

const MACHINES: [Machine; 3] = [
    Machine {
        name: LOST_NODE,
        ip: "10.20.0.11",
        external_ip: "198.51.100.11",
        pod_range: "10.244.1",
        zone: "rack-a",
        cpus: 8,
        memory: "16385920Ki",
        allocatable_memory: "15337344Ki",
        age: 212 * DAY,
    },
    Machine {
        name: "worker-02",
        ip: "10.20.0.12",
        external_ip: "198.51.100.12",
        pod_range: "10.244.2",
        zone: "rack-b",
        cpus: 8,
        memory: "16385920Ki",
        allocatable_memory: "15337344Ki",
        age: 212 * DAY,
    },
    Machine {
        name: "worker-3",
        ip: "10.20.0.13",
        external_ip: "198.51.100.13",
        pod_range: "10.244.3",
        zone: "rack-c",
        cpus: 8,
        memory: "16385908Ki",
        allocatable_memory: "15337332Ki",
        age: 64 * DAY,
    },
];

/// The images that stand on a node, with their sizes in bytes.
const IMAGES: [(&str, u64); 8] = [
    ("docker.io/library/nginx:1.29.3", 62_958_217),
    ("docker.io/library/postgres:17.6", 158_441_290),
    ("docker.io/library/redis:8.2.1", 51_220_108),
    ("registry.shop.example/shop/frontend:2.4.7", 148_310_993),
    ("registry.shop.example/shop/api-gateway:5.12.0", 84_210_551),
    ("registry.k8s.io/kube-proxy:v1.36.3", 27_110_284),
    ("quay.io/cilium/cilium:v1.18.4", 231_906_117),
    ("registry.k8s.io/pause:3.10.1", 320_448),
];

/// The address of a node in the machines' network.
pub(super) fn host_ip(node: &str) -> &'static str {
    MACHINES.iter().find(|machine| machine.name == node).map_or("", |machine| machine.ip)
}

/// The first three parts of the addresses of a node's pods.
pub(super) fn pod_range(node: &str) -> &'static str {
    MACHINES.iter().find(|machine| machine.name == node).map_or("", |machine| machine.pod_range)
}

pub(super) fn add(cluster: &mut Cluster) {
    for machine in &MACHINES {
        let node = cluster.node(machine);
        cluster.lease(machine, &node);
    }
    told(cluster);
}

impl Cluster {
    fn node(&mut self, machine: &Machine) -> Value {
        let Machine { name, ip, external_ip, zone, cpus, .. } = *machine;
        let lost = name == LOST_NODE;
        let machine_id = uid(&format!("machine/{name}"));
        let mut node = self.object("v1", "Node", "", name, machine.age);
        merge(
            &mut node,
            json!({ "metadata": {
            "labels": labels(&[
                ("beta.kubernetes.io/arch", "amd64"),
                ("beta.kubernetes.io/os", "linux"),
                ("kubernetes.io/arch", "amd64"),
                ("kubernetes.io/hostname", name),
                ("kubernetes.io/os", "linux"),
                ("node-role.kubernetes.io/worker", ""),
                ("node.kubernetes.io/instance-type", "vsphere-vm.cpu-8.mem-16gb.os-ubuntu"),
                ("topology.kubernetes.io/region", "fra1"),
                ("topology.kubernetes.io/zone", zone),
            ]),
            "annotations": {
                "csi.volume.kubernetes.io/nodeid": format!("{{\"csi.vsphere.vmware.com\":\"{machine_id}\"}}"),
                "node.alpha.kubernetes.io/ttl": "0",
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
        } }),
        );
        let pod_cidr = format!("{}.0/24", machine.pod_range);
        let mut spec = json!({
            "podCIDR": pod_cidr,
            "podCIDRs": [pod_cidr],
            "providerID": format!("vsphere://{machine_id}"),
        });
        if lost {
            let taint = |effect: &str, ago: i64| json!({ "key": "node.kubernetes.io/unreachable", "effect": effect, "timeAdded": self.ago(ago) });
            merge(&mut spec, json!({ "taints": [taint("NoSchedule", NOTICED), taint("NoExecute", NOTICED - 5)] }));
        }
        let resources = |memory: &str, cpu: String, disk: &str| {
            json!({
                "cpu": cpu, "memory": memory, "ephemeral-storage": disk,
                "hugepages-1Gi": "0", "hugepages-2Mi": "0", "pods": "110",
            })
        };
        let images: Vec<_> =
            IMAGES.iter().map(|(image, size)| json!({ "names": [image], "sizeBytes": size })).collect();
        let status = json!({
            "addresses": [
                { "type": "ExternalIP", "address": external_ip },
                { "type": "InternalIP", "address": ip },
                { "type": "Hostname", "address": name },
            ],
            "capacity": resources(machine.memory, cpus.to_string(), "101430960Ki"),
            "allocatable": resources(machine.allocatable_memory, format!("{}m", cpus * 1000 - 150), "93478772582"),
            "conditions": self.node_conditions(machine, lost),
            "daemonEndpoints": { "kubeletEndpoint": { "Port": 10250 } },
            "images": images,
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": uid(&format!("boot/{name}")),
                "containerRuntimeVersion": "containerd://2.1.5",
                "kernelVersion": "6.8.0-88-generic",
                "kubeProxyVersion": "",
                "kubeletVersion": "v1.36.3",
                "machineID": digits(&format!("machine/{name}"), 32),
                "operatingSystem": "linux",
                "osImage": "Ubuntu 24.04.3 LTS",
                "systemUUID": machine_id,
            },
        });
        self.put(node, json!({ "spec": spec, "status": status }))
    }

    fn node_conditions(&self, machine: &Machine, lost: bool) -> Value {
        let kinds = [
            ("NetworkUnavailable", "False", "CiliumIsUp", "Cilium is running on this node"),
            ("KernelDeadlock", "False", "KernelHasNoDeadlock", "kernel has no deadlock"),
            ("ReadonlyFilesystem", "False", "FilesystemIsNotReadOnly", "Filesystem is not read-only"),
            ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
            ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
            ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
        ];
        let condition = |(kind, status, reason, message): (&str, &str, &str, &str)| {
            // The other conditions are those of the network's agent and of the problem detector.
            let by_kubelet = kind.ends_with("Pressure") || kind == "Ready";
            let heartbeat = if lost { LOST + 11 } else { 40 };
            let mut condition = json!({
                "type": kind, "status": status, "reason": reason, "message": message,
                "lastHeartbeatTime": self.ago(heartbeat), "lastTransitionTime": self.ago(machine.age - 5 * MINUTE),
            });
            if lost && by_kubelet {
                merge(
                    &mut condition,
                    json!({
                        "status": "Unknown", "reason": "NodeStatusUnknown",
                        "message": "Kubelet stopped posting node status.", "lastTransitionTime": self.ago(NOTICED),
                    }),
                );
            }
            condition
        };
        Value::Array(kinds.into_iter().map(condition).collect())
    }

    fn lease(&mut self, machine: &Machine, node: &Value) {
        let name = machine.name;
        let renewed = if name == LOST_NODE { LOST } else { 6 };
        let lease = self.object("coordination.k8s.io/v1", "Lease", "kube-node-lease", name, machine.age);
        let owner = json!({
            "apiVersion": "v1", "kind": "Node", "name": name, "uid": node.pointer("/metadata/uid"),
        });
        let spec = json!({
            "holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": self.micros_ago(renewed),
        });
        self.put(lease, json!({ "metadata": { "ownerReferences": [owner] }, "spec": spec }));
    }
}

/// What was said about the nodes. A kubelet names its node without an uid, the node controller with it.
fn told(cluster: &mut Cluster) {
    let controller = Source::Controller("node-controller");
    let detector = Source::Controller("kernel-monitor");
    let lost = cluster.find("Node", "", LOST_NODE).clone();
    let ready = cluster.find("Node", "", "worker-3").clone();
    let gone = "Node worker-1 status is now: NodeNotReady";
    cluster.event((&lost).into(), controller, Said::once("NodeNotReady", gone, NOTICED));
    let stalled = "task jbd2/sda2-8:412 blocked for more than 120 seconds.";
    cluster.event(
        (&lost).into(),
        detector,
        Said::warning("TaskHung", stalled, LOST + 4 * MINUTE).times(2, LOST + 2 * MINUTE),
    );
    let slow = "Container runtime did not answer a status request within 10s: rpc error: code = DeadlineExceeded desc = \
                context deadline exceeded";
    let kubelet = Source::Kubelet(LOST_NODE);
    cluster.event(
        (&lost).into(),
        kubelet,
        Said::warning("ContainerGCFailed", slow, LOST + 3 * MINUTE).times(3, LOST + 40),
    );
    let disk = "Node worker-3 status is now: NodeHasNoDiskPressure";
    cluster.event((&ready).into(), Source::Kubelet("worker-3"), Said::once("NodeHasNoDiskPressure", disk, 52 * MINUTE));
    let freed = "Attempting to reclaim ephemeral-storage";
    let pressed = Said::warning("EvictionThresholdMet", freed, HOUR - 2 * MINUTE).times(2, 56 * MINUTE);
    cluster.event((&ready).into(), Source::Kubelet("worker-3"), pressed);
}
