//! Graphs that look like somebody's.

use crate::streams::{collect, coverage, end, entity_with, reading, relation, uid};
use meho_graph::{Extent, Graph};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Findings, and what is read of what.
#[derive(Default)]
pub(crate) struct World {
    readings: BTreeMap<String, Vec<Value>>,
}

impl World {
    /// Something that is read.
    pub(crate) fn has(&mut self, kind: &str, id: &str, properties: Value) -> &mut Self {
        let found = entity_with(kind, id, json!(uid(kind, id)), properties);
        self.line(kind, found)
    }

    /// A line in the reading of a type.
    pub(crate) fn line(&mut self, kind: &str, line: Value) -> &mut Self {
        self.readings.entry(kind.to_owned()).or_default().push(line);
        self
    }

    /// A certain relationship, known by something.
    pub(crate) fn ties(&mut self, name: &str, from: (&str, &str), to: (&str, &str), by: &str) -> &mut Self {
        self.line(from.0, relation(name, end(from.0, from.1), end(to.0, to.1), by, true, json!({})))
    }

    /// Something that is read, in a namespace.
    fn within(&mut self, kind: &str, namespace: &str, name: &str, properties: Value) -> String {
        let id = format!("{namespace}/{name}");
        let mut all = json!({"name": name, "namespace": namespace});
        all.as_object_mut().expect("an object").extend(properties.as_object().expect("an object").clone());
        self.has(kind, &id, all).ties("member_of", (kind, &id), ("Namespace", namespace), "spec");
        id
    }

    /// A workload with its pods, which run on nodes, and a service before them.
    fn workload(&mut self, namespace: &str, name: &str, pods: usize, nodes: usize) -> Vec<String> {
        let deployment = self.within(
            "Deployment",
            namespace,
            name,
            json!({"replicas": pods, "ready_replicas": pods, "strategy": "RollingUpdate"}),
        );
        let set = self.within(
            "ReplicaSet",
            namespace,
            &format!("{name}-7d4b9c"),
            json!({"replicas": pods, "ready_replicas": pods}),
        );
        let service = self.within("Service", namespace, name, json!({"type": "ClusterIP", "cluster_ip": "10.96.14.7", "ports": [{"port": 80, "protocol": "TCP"}], "selector": {"app": name}}));
        self.ties("manages", ("Deployment", &deployment), ("ReplicaSet", &set), "owner_reference");
        let mut ids = Vec::new();
        for number in 0..pods {
            let node = format!("worker-{}", (number + name.len()) % nodes + 1);
            let properties = json!({"phase": "Running", "pod_ip": format!("10.244.{number}.{}", name.len()), "node_name": node,
                "containers": [{"name": name, "image": format!("registry.example/{name}:1.4"), "ready": true, "restarts": 0}]});
            let pod = self.within("Pod", namespace, &format!("{name}-7d4b9c-x{number:03}"), properties);
            self.ties("manages", ("ReplicaSet", &set), ("Pod", &pod), "owner_reference");
            self.ties("runs_on", ("Pod", &pod), ("Node", &node), "spec");
            let ready = number % 5 != 4;
            let (from, to) = (end("Service", &service), end("Pod", &pod));
            self.line(
                "EndpointSlice",
                relation("routes_to", from, to, "endpoint_slice", true, json!({"ready": ready, "ports": ["http"]})),
            );
            ids.push(pod);
        }
        ids
    }

    fn nodes(&mut self, count: usize) {
        for number in 1..=count {
            let name = format!("worker-{number}");
            let provider = format!("aws:///eu-west-1a/i-0{number:07x}");
            let mut found = entity_with(
                "Node",
                &name,
                json!(uid("Node", &name)),
                json!({"name": name, "status": "Ready", "capacity": {"cpu": "8", "memory": "32Gi"},
                "kubelet_version": "v1.32.3", "provider_id": provider, "addresses": [{"type": "InternalIP", "address": format!("10.0.0.{number}")}]}),
            );
            found["entity"]["same_as"] = json!([
                {"type": "VM", "by": "provider_id", "certain": true, "provider": "aws", "zone": "eu-west-1a", "match_key": format!("i-0{number:07x}")},
                {"type": "Host", "by": "host_name", "certain": false, "match_key": name}]);
            self.line("Node", found);
        }
    }

    /// The graph, with Secrets denied.
    pub(crate) fn graph(&self) -> Graph {
        let lines: Vec<Value> =
            self.readings.iter().flat_map(|(kind, lines)| [vec![reading(kind)], lines.clone()].concat()).collect();
        let denied = Extent::Denied("secrets is forbidden: the account may not list them".to_owned());
        let partial = Extent::Partial("the list of events expired twice".to_owned());
        let mut entities: Vec<(&str, Extent)> =
            self.readings.keys().map(|kind| (kind.as_str(), Extent::Complete)).collect();
        entities.retain(|(kind, _)| *kind != "Event" && *kind != "EndpointSlice");
        entities.extend([("Secret", denied), ("Event", partial.clone())]);
        let relationships = [
            ("Pod", "uses", "Secret", Extent::Complete),
            ("Pod", "runs_on", "Node", Extent::Complete),
            ("Event", "about", "any", partial),
        ];
        collect(&lines, coverage(&entities, &relationships))
    }
}

/// A small cluster: a shop, what it is observed with, and the system's own.
pub(crate) fn shop() -> World {
    let mut world = World::default();
    world.nodes(3);
    for namespace in ["shop", "observability", "kube-system"] {
        world.has(
            "Namespace",
            namespace,
            json!({"name": namespace, "phase": "Active", "labels": {"kubernetes.io/metadata.name": namespace}}),
        );
    }
    let web = world.workload("shop", "web", 4, 3);
    let api = world.workload("shop", "api", 3, 3);
    world.workload("shop", "cart", 2, 3);
    world.workload("observability", "grafana", 1, 3);
    world.workload("observability", "collector", 3, 3);
    world.workload("kube-system", "coredns", 2, 3);
    let ingress =
        world.within("Ingress", "shop", "storefront", json!({"hosts": ["shop.example"], "ingress_class": "nginx"}));
    for service in ["shop/web", "shop/api"] {
        world.ties("routes_to", ("Ingress", &ingress), ("Service", service), "spec");
    }
    world.ties("uses", ("Ingress", &ingress), ("Secret", "shop/storefront-tls"), "spec");
    let config = world.within("ConfigMap", "shop", "api-settings", json!({"data": {"app.toml": {"bytes": 812}}}));
    for pod in api.iter().chain(&web) {
        world.ties("uses", ("Pod", pod), ("ConfigMap", &config), "spec");
    }
    for pod in &api {
        let (from, to) = (end("Pod", pod), end("Secret", "shop/database"));
        world
            .line("Pod", relation("uses", from, to, "spec", true, json!({"by": ["env", "volume"], "optional": false})));
    }
    world.has(
        "StorageClass",
        "fast",
        json!({"name": "fast", "provisioner": "ebs.csi.aws.com", "reclaim_policy": "Delete"}),
    );
    let set = world.within("StatefulSet", "shop", "database", json!({"replicas": 2, "service_name": "database"}));
    let service = world.within("Service", "shop", "database", json!({"type": "ClusterIP", "cluster_ip": "None"}));
    world.ties("uses", ("StatefulSet", &set), ("Service", &service), "spec");
    for number in 0..2 {
        let pod = world.within(
            "Pod",
            "shop",
            &format!("database-{number}"),
            json!({"phase": "Running", "node_name": "worker-1"}),
        );
        let claim = world.within(
            "PersistentVolumeClaim",
            "shop",
            &format!("data-database-{number}"),
            json!({"phase": "Bound", "capacity": "20Gi"}),
        );
        let volume = format!("pvc-4f1c{number}");
        world.has("PersistentVolume", &volume, json!({"name": volume, "phase": "Bound", "capacity": "20Gi"}));
        world.ties("manages", ("StatefulSet", &set), ("Pod", &pod), "owner_reference");
        world.ties("runs_on", ("Pod", &pod), ("Node", "worker-1"), "spec");
        let (from, to) = (end("Pod", &pod), end("PersistentVolumeClaim", &claim));
        world.line("Pod", relation("uses", from, to, "spec", false, json!({})));
        world.ties("bound_to", ("PersistentVolumeClaim", &claim), ("PersistentVolume", &volume), "spec");
        world.ties("uses", ("PersistentVolumeClaim", &claim), ("StorageClass", "fast"), "spec");
        world.ties("provisions", ("StorageClass", "fast"), ("PersistentVolume", &volume), "spec");
        let (from, to) = (end("Service", &service), end("Pod", &pod));
        world.line("Service", relation("routes_to", from, to, "selector", false, json!({"ready": true})));
    }
    for number in 0..2 {
        let set = world.within(
            "DaemonSet",
            "kube-system",
            ["kube-proxy", "cni"][number],
            json!({"desired_number_scheduled": 3, "number_ready": 3}),
        );
        for node in 1..=3 {
            let pod = world.within(
                "Pod",
                "kube-system",
                &format!("{}-{node}", ["kube-proxy", "cni"][number]),
                json!({"phase": "Running"}),
            );
            world.ties("manages", ("DaemonSet", &set), ("Pod", &pod), "owner_reference");
            world.ties("runs_on", ("Pod", &pod), ("Node", &format!("worker-{node}")), "spec");
        }
    }
    for (number, pod) in web.iter().enumerate() {
        let event = world.within(
            "Event",
            "shop",
            &format!("web.{number}"),
            json!({"type": "Warning", "reason": "BackOff", "message": "Back-off pulling image", "count": number + 1}),
        );
        world.ties("about", ("Event", &event), ("Pod", pod), "spec");
    }
    world
}

/// The shop on a bad day: a node that is not ready, a pod that does not start, one that nothing is routed to, and settings that were deleted.
pub(crate) fn ailing() -> World {
    let mut world = shop();
    world.has("Node", "worker-4", json!({"name": "worker-4", "status": "NotReady,SchedulingDisabled"}));
    // What a pod's phase says is not how it is.
    let properties = json!({"phase": "Running", "status": "CrashLoopBackOff", "node_name": "worker-4"});
    let pod = world.within("Pod", "shop", "mailer-0", properties);
    world.ties("runs_on", ("Pod", &pod), ("Node", "worker-4"), "spec");
    world.ties("uses", ("Pod", &pod), ("ConfigMap", "shop/mailer-settings"), "spec");
    let service = world.within("Service", "shop", "mailer", json!({"type": "ClusterIP"}));
    let (from, to) = (end("Service", &service), end("Pod", &pod));
    let properties = json!({"ready": false, "ports": ["smtp"]});
    world.line("EndpointSlice", relation("routes_to", from, to, "endpoint_slice", true, properties));
    world.within("PersistentVolumeClaim", "shop", "mailer-queue", json!({"phase": "Pending"}));
    world
}

/// A large one: so many workloads of ten pods in 25 namespaces.
pub(crate) fn crowd(workloads: usize) -> World {
    let mut world = World::default();
    world.nodes(40);
    for number in 0..25 {
        let namespace = format!("team-{number:02}");
        world.has("Namespace", &namespace, json!({"name": namespace, "phase": "Active"}));
    }
    for number in 0..workloads {
        // Some teams have more than others.
        let team = (number * number) % 25;
        world.workload(&format!("team-{team:02}"), &format!("app-{number:03}"), 10, 40);
    }
    world
}
