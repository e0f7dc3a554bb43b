//! Discovery of ten thousand pods on the real server: nothing is missing beside kubectl, and the guest's memory does not follow the pods.

use crate::embedded::Caller;
use crate::objects::{IMAGE, cluster, kubectl, still_deployment};
use meho_control_plane::{BY_HAND, Cluster, Namespace};
use serde_json::json;
use std::collections::BTreeSet;
use std::thread;

const PODS: u32 = 10_000;
const NODES: u32 = 110;
/// Of the pods those that the server's own controllers made, through ReplicaSets.
const DEPLOYMENTS: u32 = 10;
const REPLICAS: u32 = 5;
/// How many requests make pods at a time.
const MAKERS: usize = 8;
/// The guest's memory, whatever the number of pods: half of it is there before anything is read. The names of so many pods alone would not fit into the rest.
const PEAK: usize = 3 << 20;

/// The types of entities, by what kubectl calls them.
const TYPES: [(&str, &str); 15] = [
    ("Namespace", "namespaces"),
    ("Node", "nodes"),
    ("StorageClass", "storageclasses.storage.k8s.io"),
    ("PersistentVolume", "persistentvolumes"),
    ("PersistentVolumeClaim", "persistentvolumeclaims"),
    ("ConfigMap", "configmaps"),
    ("Secret", "secrets"),
    ("Service", "services"),
    ("Ingress", "ingresses.networking.k8s.io"),
    ("Deployment", "deployments.apps"),
    ("ReplicaSet", "replicasets.apps"),
    ("StatefulSet", "statefulsets.apps"),
    ("DaemonSet", "daemonsets.apps"),
    ("Pod", "pods"),
    ("Event", "events"),
];

/// The ids of all objects of a kind in the cluster, as kubectl lists them: a line each.
fn listed(cluster: &Cluster, resource: &str) -> BTreeSet<String> {
    let columns = "custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name";
    let text = kubectl(cluster, &["get", resource, "--all-namespaces", "--no-headers", "--output", columns]);
    let id = |line: &str| match line.split_whitespace().collect::<Vec<_>>()[..] {
        ["<none>", name] => name.to_owned(),
        [namespace, name] => format!("{namespace}/{name}"),
        _ => panic!("{line:?}"),
    };
    text.lines().map(id).collect()
}

/// Pods that nobody plays, spread over nodes that nobody plays.
fn make_pods(namespace: &Namespace, node: impl Fn(u32) -> String + Sync, count: u32) {
    let make = |number: u32| {
        let spec = json!({"nodeName": node(number), "terminationGracePeriodSeconds": 0, "containers": [{"name": "app", "image": IMAGE}]});
        let metadata = json!({"name": format!("pod-{number:05}"), "labels": {BY_HAND: "", "app": "many"}});
        namespace
            .cluster()
            .admin()
            .post(&namespace.path("pods"), &json!({"metadata": metadata, "spec": spec}))
            .expect("a pod");
    };
    let numbers: Vec<u32> = (0..count).collect();
    thread::scope(|scope| {
        for part in numbers.chunks(numbers.len().div_ceil(MAKERS)) {
            scope.spawn(|| part.iter().copied().for_each(&make));
        }
    });
}

#[test]
fn ten_thousand_pods_are_all_there_and_the_guest_holds_none_of_them() {
    let Some(cluster) = cluster() else { return };
    let cluster = Cluster::from(cluster);
    let namespace = cluster.namespace().expect("a namespace");
    let here = namespace.name();
    let node = |number: u32| format!("large-{here}-{:03}", number % NODES);
    let nodes: Vec<_> = (0..NODES)
        .map(|number| {
            let status = json!({"conditions": [{"type": "Ready", "status": "True"}], "addresses": [{"type": "InternalIP", "address": format!("10.9.0.{number}")}]});
            cluster.node_by_hand(json!({"metadata": {"name": node(number)}, "status": status})).expect("a node")
        })
        .collect();
    for number in 0..DEPLOYMENTS {
        still_deployment(&namespace, &format!("app-{number}"), REPLICAS);
    }
    make_pods(&namespace, node, PODS - DEPLOYMENTS * REPLICAS);
    let caller = Caller::admin(&cluster).patient();
    let listing = || TYPES.map(|(kind, resource)| (kind, listed(&cluster, resource)));
    let before = listing();
    let (graph, meta) = caller.discover(json!({})).expect("a graph");
    let after = listing();
    assert!(meta.complete, "{meta:?}");
    // What belongs to other tests may come and go meanwhile; what is this one's stays.
    let is_own = |id: &&String| id.starts_with(&format!("{here}/")) || id.starts_with(&format!("large-{here}-"));
    for ((kind, before), (_, after)) in before.iter().zip(&after) {
        let of_kind = graph.entities().iter().filter(|entity| entity.kind.as_str() == *kind);
        let found: BTreeSet<String> = of_kind.map(|entity| entity.id.to_string()).collect();
        let missing: Vec<&String> = before.intersection(after).filter(|id| !found.contains(*id)).collect();
        assert!(missing.is_empty(), "{kind}: {missing:?} are missing");
        // Events end by themselves.
        let own = |ids: &BTreeSet<String>| ids.iter().filter(is_own).count();
        assert_eq!((own(&found), own(&found)), (own(before), own(after)), "{kind}");
        println!("{kind}: {} in the graph, {} and {} by kubectl", found.len(), before.len(), after.len());
    }
    let count = |kind: &str, own: &str| {
        graph.entities().iter().filter(|entity| entity.kind.as_str() == kind && entity.id.starts_with(own)).count()
    };
    assert_eq!(count("Pod", &format!("{here}/")), PODS as usize);
    assert_eq!(count("Node", &format!("large-{here}-")), NODES as usize);
    let related = |name: &str, to: &str| {
        let is_own = |id: &str| id.starts_with(&format!("{here}/"));
        let of_name = graph.relationships().iter().filter(|of| of.name.as_str() == name && of.to.kind.as_str() == to);
        of_name.filter(|of| is_own(&of.from.id) && of.from.resolved && of.to.resolved).count()
    };
    assert_eq!(related("runs_on", "Node"), (PODS - DEPLOYMENTS * REPLICAS) as usize);
    assert_eq!(related("manages", "Pod"), (DEPLOYMENTS * REPLICAS) as usize);
    let record = caller.records().pop().expect("a record");
    let usage = record.usage;
    println!(
        "{PODS} pods on {NODES} nodes: {:?} (guest {:?}), {} requests, {} bytes of answers, {} rows, guest's peak {} bytes; {} entities, {} relationships",
        usage.wall,
        usage.cpu,
        record.requests.len(),
        usage.response_bytes,
        usage.rows,
        usage.peak_memory_bytes,
        graph.entities().len(),
        graph.relationships().len(),
    );
    assert!(usage.peak_memory_bytes < PEAK, "{} bytes", usage.peak_memory_bytes);
    drop(nodes);
}
