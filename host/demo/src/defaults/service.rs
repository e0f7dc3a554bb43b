//! Services, and the addresses that they are given.

use super::{each, missing};
use crate::resource::SERVICES;
use crate::store::{Store, child_mut};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// Where node ports start.
const FIRST_NODE_PORT: u64 = 30_000;

pub(super) fn fill(service: &mut Value) {
    let spec = child_mut(service, "spec");
    missing(spec, [("type", json!("ClusterIP")), ("sessionAffinity", json!("None"))]);
    if spec.get("sessionAffinity").and_then(Value::as_str) == Some("ClientIP") {
        missing(spec, [("sessionAffinityConfig", json!({ "clientIP": { "timeoutSeconds": 10800 } }))]);
    }
    for port in each(spec, "ports") {
        let number = port.get("port").cloned().unwrap_or_default();
        missing(port, [("protocol", json!("TCP")), ("targetPort", number)]);
    }
    let kind = kind(spec);
    if kind != "ExternalName" {
        missing(spec, [("internalTrafficPolicy", json!("Cluster"))]);
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        missing(spec, [("externalTrafficPolicy", json!("Cluster"))]);
    }
    if kind == "LoadBalancer" {
        missing(spec, [("allocateLoadBalancerNodePorts", json!(true))]);
    }
    missing(child_mut(service, "status"), [("loadBalancer", json!({}))]);
}

/// Cluster addresses and node ports that nobody has.
pub(super) fn allocate(store: &Store, service: &mut Value) {
    let spec = child_mut(service, "spec");
    let kind = kind(spec);
    if kind == "ExternalName" {
        return;
    }
    let is_headless = spec.get("clusterIP").and_then(Value::as_str) == Some("None");
    if spec.get("clusterIP").and_then(Value::as_str).unwrap_or_default().is_empty() {
        spec.insert("clusterIP".to_owned(), free_address(store).into());
    }
    let address = spec.get("clusterIP").cloned().unwrap_or_default();
    let has_selector = spec.get("selector").and_then(Value::as_object).is_some_and(|selector| !selector.is_empty());
    let (families, policy) = if is_headless && !has_selector {
        (json!(["IPv4", "IPv6"]), "RequireDualStack")
    } else {
        (json!(["IPv4"]), "SingleStack")
    };
    missing(spec, [("clusterIPs", json!([address])), ("ipFamilies", families), ("ipFamilyPolicy", json!(policy))]);
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        let mut taken = node_ports(store);
        for port in each(spec, "ports") {
            if port.get("nodePort").and_then(Value::as_u64).unwrap_or(0) == 0 {
                let free = (FIRST_NODE_PORT..).find(|number| taken.insert(*number)).unwrap_or(FIRST_NODE_PORT);
                port.insert("nodePort".to_owned(), free.into());
            }
        }
    }
}

fn kind(spec: &Map<String, Value>) -> String {
    spec.get("type").and_then(Value::as_str).unwrap_or("ClusterIP").to_owned()
}

fn free_address(store: &Store) -> String {
    let address = |service: &Value| service.pointer("/spec/clusterIP").and_then(Value::as_str).map(str::to_owned);
    let taken: HashSet<String> = store.list(&SERVICES, None).filter_map(address).collect();
    // The first ten are for services of the cluster itself.
    (10..u16::MAX)
        .map(|number| format!("10.96.{}.{}", number >> 8, number & 0xff))
        .find(|address| !taken.contains(address))
        .unwrap_or_default()
}

fn node_ports(store: &Store) -> HashSet<u64> {
    let ports = |service: &Value| service.pointer("/spec/ports").and_then(Value::as_array).cloned().unwrap_or_default();
    store.list(&SERVICES, None).flat_map(ports).filter_map(|port| port.get("nodePort")?.as_u64()).collect()
}
