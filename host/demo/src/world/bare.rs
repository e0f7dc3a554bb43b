//! A cluster with nothing in it but what every cluster has: four namespaces, a class of storage, three nodes.

use serde_json::{Value, json};

use super::cluster::{Cluster, labels, merge};
use super::network;

const NODES: [(&str, &str); 3] = [("node-0", "zone-a"), ("node-1", "zone-b"), ("node-2", "zone-c")];

pub(super) fn add(cluster: &mut Cluster) {
    for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        cluster.namespace(name, 0);
    }
    network::api_server(cluster, 0);
    let class = cluster.object("storage.k8s.io/v1", "StorageClass", "", "kwok-volume", 0);
    cluster.put(
        class,
        json!({
            "metadata": { "annotations": { "storageclass.kubernetes.io/is-default-class": "true" } },
            "provisioner": "kwok.x-k8s.io/volume",
            "reclaimPolicy": "Delete",
            "volumeBindingMode": "Immediate",
        }),
    );
    for (name, zone) in NODES {
        node(cluster, name, zone);
    }
}

fn node(cluster: &mut Cluster, name: &str, zone: &str) {
    let resources = json!({ "cpu": "32", "memory": "256Gi", "ephemeral-storage": "100Gi", "pods": "110" });
    let mut node = cluster.object("v1", "Node", "", name, 0);
    merge(
        &mut node,
        json!({
            "metadata": { "labels": labels(&[
                ("kubernetes.io/arch", "amd64"),
                ("kubernetes.io/hostname", name),
                ("kubernetes.io/os", "linux"),
                ("topology.kubernetes.io/zone", zone),
            ]) },
            "spec": {},
            "status": {
                "addresses": [{ "type": "InternalIP", "address": "127.0.0.1" }, { "type": "Hostname", "address": name }],
                "allocatable": resources,
                "capacity": resources,
            },
        }),
    );
    merge(&mut node, json!({ "status": first_status(&cluster.ago(0)) }));
    let node = cluster.put(node, Value::Null);
    let lease = cluster.object("coordination.k8s.io/v1", "Lease", "kube-node-lease", name, 0);
    let owner = json!({
        "apiVersion": "v1", "kind": "Node", "name": name, "uid": node.pointer("/metadata/uid").unwrap_or(&Value::Null),
    });
    let renewed = cluster.micros_ago(0);
    cluster.put(
        lease,
        json!({
            "metadata": { "ownerReferences": [owner] },
            "spec": { "holderIdentity": name, "leaseDurationSeconds": 200, "renewTime": renewed },
        }),
    );
}

/// What the kubelet of a node reports when it begins to.
pub(crate) fn first_status(now: &str) -> Value {
    let conditions = [
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("NetworkUnavailable", "False", "RouteCreated", "RouteController created a route"),
    ];
    let conditions = conditions.map(|(kind, status, reason, message)| {
        json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastHeartbeatTime": now, "lastTransitionTime": now,
        })
    });
    json!({
        "conditions": conditions,
        "daemonEndpoints": { "kubeletEndpoint": { "Port": 10250 } },
        "nodeInfo": {
            "architecture": "amd64", "bootID": "", "containerRuntimeVersion": "kwok-v0.8.0", "kernelVersion": "kwok-v0.8.0",
            "kubeProxyVersion": "kwok-v0.8.0", "kubeletVersion": "kwok-v0.8.0", "machineID": "", "operatingSystem": "linux",
            "osImage": "", "systemUUID": "",
        },
        "phase": "Running",
    })
}
