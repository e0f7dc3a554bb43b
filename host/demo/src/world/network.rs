//! Services with what stands behind them, and what lets requests in or keeps them out.

use serde_json::{Value, json};

use super::cluster::{Cluster, DAY, labels, merge};
use super::template::set;
use super::{production, staging, system};
use crate::controllers::endpoints;
use crate::controllers::read::{name, namespace};

/// A Service: where it is, what it selects and what it is reached by.
struct Service {
    namespace: &'static str,
    name: &'static str,
    cluster_ip: &'static str,
    selector: (&'static str, &'static str),
    /// Name, port and the container's port by name or number.
    ports: &'static [(&'static str, u16, &'static str)],
    age: i64,
}

const fn service(
    namespace: &'static str,
    name: &'static str,
    cluster_ip: &'static str,
    selector: (&'static str, &'static str),
    ports: &'static [(&'static str, u16, &'static str)],
) -> Service {
    Service { namespace, name, cluster_ip, selector, ports, age: 88 * DAY }
}

const SERVICES: [Service; 18] = [
    service(production::NAMESPACE, "nginx", "10.96.14.20", ("app", "nginx"), &[("http", 80, "http")]),
    service(production::NAMESPACE, "frontend", "10.96.31.7", ("app", "frontend"), &[("http", 80, "http")]),
    service(
        production::NAMESPACE,
        "api-gateway",
        "10.96.88.102",
        ("app", "api-gateway"),
        &[("http", 80, "http"), ("metrics", 9090, "metrics")],
    ),
    service(production::NAMESPACE, "payments", "10.96.201.33", ("app", "payments"), &[("grpc", 9000, "grpc")]),
    service(production::NAMESPACE, "checkout", "10.96.17.84", ("app", "checkout"), &[("http", 80, "http")]),
    service(production::NAMESPACE, "catalog", "10.96.120.9", ("app", "catalog"), &[("http", 80, "http")]),
    // Its pods are all there; none of them is ready.
    service(production::NAMESPACE, "search", "10.96.44.61", ("app", "search"), &[("http", 9200, "http")]),
    // The pods say `reports`.
    service(production::NAMESPACE, "reports", "10.96.9.240", ("app", "report"), &[("http", 80, "http")]),
    service(production::NAMESPACE, "orders-db", "None", ("app", "orders-db"), &[("postgres", 5432, "postgres")]),
    service(production::NAMESPACE, "cache", "None", ("app", "cache"), &[("redis", 6379, "redis")]),
    service(staging::NAMESPACE, "frontend", "10.96.52.18", ("app", "frontend"), &[("http", 80, "http")]),
    service(staging::NAMESPACE, "api-gateway", "10.96.77.4", ("app", "api-gateway"), &[("http", 80, "http")]),
    service(staging::NAMESPACE, "payments", "10.96.203.90", ("app", "payments"), &[("grpc", 9000, "http")]),
    service(staging::NAMESPACE, "reports", "10.96.60.155", ("app", "reports"), &[("http", 80, "http")]),
    service(staging::NAMESPACE, "cache", "None", ("app", "cache"), &[("redis", 6379, "redis")]),
    service(
        system::NAMESPACE,
        "kube-dns",
        "10.96.0.10",
        ("k8s-app", "kube-dns"),
        &[("dns-tcp", 53, "53"), ("metrics", 9153, "metrics")],
    ),
    service(
        system::NAMESPACE,
        "metrics-server",
        "10.96.150.11",
        ("k8s-app", "metrics-server"),
        &[("https", 443, "https")],
    ),
    service(
        system::NAMESPACE,
        "ingress-nginx-controller",
        "10.96.5.5",
        ("app.kubernetes.io/name", "ingress-nginx"),
        &[("http", 80, "http"), ("https", 443, "https")],
    ),
];

pub(super) fn add(cluster: &mut Cluster) {
    for service in &SERVICES {
        cluster.service(service);
    }
    api_server(cluster, 212 * DAY);
    ingresses(cluster);
    policies(cluster);
}

impl Cluster {
    fn service(&mut self, of: &Service) {
        let (key, value) = of.selector;
        let ports = of.ports.iter().map(|(name, port, target)| {
            let target = target.parse::<u16>().map_or_else(|_| json!(target), |number| json!(number));
            json!({ "name": name, "port": port, "protocol": "TCP", "targetPort": target })
        });
        let ports: Vec<_> = ports.collect();
        let mut service = self.object("v1", "Service", of.namespace, of.name, of.age);
        merge(
            &mut service,
            json!({
                "metadata": { "labels": labels(&[(key, of.name)]) },
                "spec": {
                    "clusterIP": of.cluster_ip,
                    "clusterIPs": [of.cluster_ip],
                    "internalTrafficPolicy": "Cluster",
                    "ipFamilies": ["IPv4"],
                    "ipFamilyPolicy": "SingleStack",
                    "ports": ports,
                    "selector": labels(&[(key, value)]),
                    "sessionAffinity": "None",
                    "type": "ClusterIP",
                },
                "status": { "loadBalancer": {} },
            }),
        );
        if of.name == "ingress-nginx-controller" {
            balance(&mut service);
        }
        let service = self.put(service, Value::Null);
        let pods = self.of_kind("Pod", of.namespace);
        let behind: Vec<_> = pods.into_iter().filter(|pod| endpoints::stands_behind(&service, pod)).collect();
        let nodes = self.of_kind("Node", "");
        for object in [endpoints::slice(&service, &behind, &nodes), endpoints::endpoints(&service, &behind)] {
            let kind = object.pointer("/kind").and_then(Value::as_str).unwrap_or_default().to_owned();
            let api_version = object.pointer("/apiVersion").and_then(Value::as_str).unwrap_or_default().to_owned();
            let identity = self.object(&api_version, &kind, namespace(&object), name(&object), of.age);
            let mut object = object;
            merge(&mut object, identity);
            if kind == "EndpointSlice" {
                merge(&mut object, json!({ "metadata": { "generation": 1 } }));
            }
            self.objects.push(object);
        }
    }
}

/// The one Service that is reached from outside.
fn balance(service: &mut Value) {
    merge(
        service,
        json!({
            "spec": {
                "type": "LoadBalancer",
                "externalTrafficPolicy": "Cluster",
                "allocateLoadBalancerNodePorts": true,
            },
            "status": { "loadBalancer": { "ingress": [{ "ip": "203.0.113.80", "ipMode": "VIP" }] } },
        }),
    );
    for (index, node_port) in [30_080, 30_443].into_iter().enumerate() {
        if let Some(port) = service.pointer_mut(&format!("/spec/ports/{index}")) {
            set(port, "nodePort", node_port.into());
        }
    }
}

/// The Service of the API server: nobody selects it, its addresses are written by the server itself.
pub(super) fn api_server(cluster: &mut Cluster, age: i64) {
    let of = labels(&[("component", "apiserver"), ("provider", "kubernetes")]);
    let service = cluster.object("v1", "Service", "default", "kubernetes", age);
    cluster.put(service, json!({
        "metadata": { "labels": of },
        "spec": {
            "clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], "internalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack", "sessionAffinity": "None", "type": "ClusterIP",
            "ports": [{ "name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443 }],
        },
        "status": { "loadBalancer": {} },
    }));
    let slice = cluster.object("discovery.k8s.io/v1", "EndpointSlice", "default", "kubernetes", age);
    cluster.put(
        slice,
        json!({
            "metadata": { "labels": { "kubernetes.io/service-name": "kubernetes" }, "generation": 1 },
            "addressType": "IPv4",
            "endpoints": [{ "addresses": ["192.0.2.1"], "conditions": { "ready": true } }],
            "ports": [{ "name": "https", "port": 6443, "protocol": "TCP" }],
        }),
    );
    let endpoints = cluster.object("v1", "Endpoints", "default", "kubernetes", age);
    cluster.put(
        endpoints,
        json!({
            "metadata": { "labels": { "endpointslice.kubernetes.io/skip-mirror": "true" } },
            "subsets": [{
                "addresses": [{ "ip": "192.0.2.1" }],
                "ports": [{ "name": "https", "port": 6443, "protocol": "TCP" }],
            }],
        }),
    );
}

fn ingresses(cluster: &mut Cluster) {
    let path = |path: &str, service: &str| {
        json!({
            "path": path, "pathType": "Prefix",
            "backend": { "service": { "name": service, "port": { "name": "http" } } },
        })
    };
    for (space, host, secret, paths) in [
        (
            production::NAMESPACE,
            "shop.example",
            "shop-tls",
            json!([path("/api", "api-gateway"), path("/static", "nginx"), path("/", "frontend")]),
        ),
        (
            staging::NAMESPACE,
            "staging.shop.example",
            "staging-tls",
            json!([path("/api", "api-gateway"), path("/", "frontend")]),
        ),
    ] {
        let ingress = cluster.object("networking.k8s.io/v1", "Ingress", space, "shop", 88 * DAY);
        cluster.put(
            ingress,
            json!({
                "metadata": { "generation": 1, "annotations": { "nginx.ingress.kubernetes.io/proxy-body-size": "8m" } },
                "spec": {
                    "ingressClassName": "nginx",
                    "tls": [{ "hosts": [host], "secretName": secret }],
                    "rules": [{ "host": host, "http": { "paths": paths } }],
                },
                "status": { "loadBalancer": { "ingress": [{ "ip": "203.0.113.80" }] } },
            }),
        );
    }
}

fn policies(cluster: &mut Cluster) {
    let deny = cluster.object("networking.k8s.io/v1", "NetworkPolicy", production::NAMESPACE, "default-deny", 88 * DAY);
    cluster.put(
        deny,
        json!({
            "metadata": { "generation": 1 },
            "spec": { "podSelector": {}, "policyTypes": ["Ingress"] },
        }),
    );
    let edge =
        cluster.object("networking.k8s.io/v1", "NetworkPolicy", production::NAMESPACE, "edge-from-ingress", 88 * DAY);
    cluster.put(edge, json!({
        "metadata": { "generation": 1 },
        "spec": {
            "podSelector": { "matchExpressions": [{ "key": "tier", "operator": "In", "values": ["edge", "web"] }] },
            "policyTypes": ["Ingress"],
            "ingress": [{ "from": [{ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "kube-system" } } }] }],
        },
    }));
    let database =
        cluster.object("networking.k8s.io/v1", "NetworkPolicy", production::NAMESPACE, "orders-db", 63 * DAY);
    cluster.put(
        database,
        json!({
            "metadata": { "generation": 1 },
            "spec": {
                "podSelector": { "matchLabels": { "app": "orders-db" } },
                "policyTypes": ["Ingress", "Egress"],
                "ingress": [{
                    "from": [{ "podSelector": { "matchLabels": { "tier": "backend" } } }],
                    "ports": [{ "port": 5432, "protocol": "TCP" }],
                }],
                "egress": [{}],
            },
        }),
    );
}
