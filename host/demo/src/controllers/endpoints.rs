//! Who stands behind a Service: its EndpointSlice and its Endpoints follow its pods.

use serde_json::{Map, Value, json};

use super::identity::{owner_reference, suffix};
use super::pods::{has_ended, is_ready};
use super::read::{has, holds, is_leaving, list, name, namespace, number, text};
use crate::resource::{ENDPOINT_SLICES, ENDPOINTS, NODES, PODS, Resource, SERVICES};
use crate::store::{Store, child_mut};
use crate::time::seconds;

/// When what is behind a Service last gave reason to write it down.
const TRIGGERED: &str = "endpoints.kubernetes.io/last-change-trigger-time";
const SERVICE_NAME: &str = "kubernetes.io/service-name";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGER: &str = "endpointslice-controller.k8s.io";
/// Who writes the slices of Endpoints that are made by hand.
const MIRROR: &str = "endpointslicemirroring-controller.k8s.io";
const SKIP_MIRROR: &str = "endpointslice.kubernetes.io/skip-mirror";
const ENDPOINTS_MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
const ENDPOINTS_MANAGER: &str = "endpoint-controller";

/// Writes the slice and the Endpoints of every Service with a selector.
pub(crate) fn settle(store: &mut Store) {
    let services: Vec<_> = store.list(&SERVICES, None).filter(|it| selector(it).is_some()).cloned().collect();
    let nodes: Vec<_> = store.list(&NODES, None).cloned().collect();
    for service in &services {
        let (space, service_name) = (namespace(service), name(service));
        let pods: Vec<_> = store.list(&PODS, Some(space)).filter(|pod| stands_behind(service, pod)).cloned().collect();
        let existing = store.list(&ENDPOINT_SLICES, Some(space)).find(|slice| is_slice_of(slice, service));
        let existing = existing.map(|slice| name(slice).to_owned());
        let wanted = slice(service, &pods, &nodes);
        match existing {
            Some(existing) => replace(store, &ENDPOINT_SLICES, space, &existing, &wanted, &["endpoints", "ports"]),
            None => drop(store.create(&ENDPOINT_SLICES, wanted)),
        }
        let wanted = endpoints(service, &pods);
        match store.get(&ENDPOINTS, Some(space), service_name).is_some() {
            true => replace(store, &ENDPOINTS, space, service_name, &wanted, &["subsets"]),
            false => drop(store.create(&ENDPOINTS, wanted)),
        }
    }
    mirror(store);
}

/// Writes the slices of every Endpoints that somebody has made by hand for a Service without a selector: one for each subset.
fn mirror(store: &mut Store) {
    let is_by_hand = |endpoints: &&Value| {
        let service = store.get(&SERVICES, Some(namespace(endpoints)), name(endpoints));
        let skipped = label(endpoints, SKIP_MIRROR) == "true";
        !skipped && service.is_some_and(|service| !has(service, "/spec/selector"))
    };
    let by_hand: Vec<_> = store.list(&ENDPOINTS, None).filter(is_by_hand).cloned().collect();
    for endpoints in &by_hand {
        let space = namespace(endpoints);
        let is_mirror =
            |slice: &&Value| label(slice, MANAGED_BY) == MIRROR && label(slice, SERVICE_NAME) == name(endpoints);
        let existing: Vec<_> =
            store.list(&ENDPOINT_SLICES, Some(space)).filter(is_mirror).map(|it| name(it).to_owned()).collect();
        let wanted: Vec<_> = list(endpoints, "/subsets").iter().enumerate().map(|it| mirrored(endpoints, it)).collect();
        for (wanted, existing) in wanted.iter().zip(existing.iter().map(Some).chain(std::iter::repeat(None))) {
            match existing {
                Some(existing) => replace(store, &ENDPOINT_SLICES, space, existing, wanted, &["endpoints", "ports"]),
                None => drop(store.create(&ENDPOINT_SLICES, wanted.clone())),
            }
        }
        for superfluous in existing.iter().skip(wanted.len()) {
            let _ = store.remove(&ENDPOINT_SLICES, Some(space), superfluous);
        }
    }
}

/// The slice of a subset of Endpoints.
fn mirrored(endpoints: &Value, (index, subset): (usize, &Value)) -> Value {
    let of = |pointer: &str, is_ready: bool| {
        let endpoint = move |address: &Value| {
            let mut endpoint = json!({ "addresses": [text(address, "/ip")], "conditions": { "ready": is_ready } });
            let fields = ["hostname", "nodeName", "targetRef"].map(|field| (field, address.get(field)));
            let fields = fields.into_iter().filter_map(|(field, value)| Some((field.to_owned(), value?.clone())));
            endpoint.as_object_mut().expect("it was made as one").extend(fields);
            endpoint
        };
        list(subset, pointer).iter().map(endpoint).collect::<Vec<_>>()
    };
    let all = [of("/addresses", true), of("/notReadyAddresses", false)].concat();
    let seed = format!("mirror/{}/{}/{index}", namespace(endpoints), text(endpoints, "/metadata/uid"));
    let mut labels = child_labels(endpoints);
    labels.insert(MANAGED_BY.to_owned(), MIRROR.into());
    labels.insert(SERVICE_NAME.to_owned(), name(endpoints).into());
    json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": format!("{}-{}", name(endpoints), suffix(&seed, 5)),
            "generateName": format!("{}-", name(endpoints)),
            "namespace": namespace(endpoints),
            "labels": labels,
            "ownerReferences": [owner_reference(endpoints)],
        },
        "addressType": if all.iter().any(|it| text(it, "/addresses/0").contains(':')) { "IPv6" } else { "IPv4" },
        "endpoints": all,
        "ports": subset.get("ports"),
    })
}

fn label<'a>(object: &'a Value, key: &str) -> &'a str {
    object.pointer("/metadata/labels").and_then(|labels| labels.get(key)).and_then(Value::as_str).unwrap_or_default()
}

/// What is left of a Service that is gone; a hand-made slice stays.
pub(crate) fn clean(store: &mut Store) {
    let orphans = store.list(&ENDPOINT_SLICES, None).filter(|slice| is_managed(slice)).filter(|slice| {
        let service =
            slice.pointer("/metadata/labels").and_then(|labels| labels.get(SERVICE_NAME)).and_then(Value::as_str);
        service.is_none_or(|service| store.get(&SERVICES, Some(namespace(slice)), service).is_none())
    });
    let orphans: Vec<_> = orphans.map(|slice| (namespace(slice).to_owned(), name(slice).to_owned())).collect();
    for (namespace, name) in orphans {
        let _ = store.remove(&ENDPOINT_SLICES, Some(&namespace), &name);
    }
    let of_nobody = store.list(&ENDPOINTS, None).filter(|endpoints| {
        let labels = endpoints.pointer("/metadata/labels");
        let by = labels.and_then(|labels| labels.get(ENDPOINTS_MANAGED_BY)).and_then(Value::as_str);
        by == Some(ENDPOINTS_MANAGER) && store.get(&SERVICES, Some(namespace(endpoints)), name(endpoints)).is_none()
    });
    let of_nobody: Vec<_> = of_nobody.map(|it| (namespace(it).to_owned(), name(it).to_owned())).collect();
    for (namespace, name) in of_nobody {
        let _ = store.remove(&ENDPOINTS, Some(&namespace), &name);
    }
}

fn is_managed(slice: &Value) -> bool {
    slice.pointer("/metadata/labels").and_then(|labels| labels.get(MANAGED_BY)).and_then(Value::as_str) == Some(MANAGER)
}

fn is_slice_of(slice: &Value, service: &Value) -> bool {
    let of = slice.pointer("/metadata/labels").and_then(|labels| labels.get(SERVICE_NAME)).and_then(Value::as_str);
    is_managed(slice) && of == Some(name(service))
}

fn replace(store: &mut Store, resource: &Resource, namespace: &str, name: &str, wanted: &Value, fields: &[&str]) {
    let now = seconds(store.now());
    let _ = store.update(resource, Some(namespace), name, |object| {
        let has_changed = fields.iter().any(|field| object.get(*field) != wanted.get(*field));
        if has_changed && wanted.pointer("/metadata/annotations").is_some() {
            child_mut(child(object, "metadata"), "annotations").insert(TRIGGERED.to_owned(), now.into());
        }
        if let Some(labels) = wanted.pointer("/metadata/labels") {
            child_mut(object, "metadata").insert("labels".to_owned(), labels.clone());
        }
        for field in fields {
            match (object.as_object_mut(), wanted.get(*field)) {
                (Some(object), Some(value)) => drop(object.insert((*field).to_owned(), value.clone())),
                (Some(object), None) => drop(object.remove(*field)),
                _ => {}
            }
        }
    });
}

fn child<'a>(object: &'a mut Value, key: &str) -> &'a mut Value {
    child_mut(object, key);
    object.get_mut(key).expect("it was made")
}

fn selector(service: &Value) -> Option<&Map<String, Value>> {
    let selector = service.pointer("/spec/selector").and_then(Value::as_object)?;
    (!selector.is_empty() && text(service, "/spec/type") != "ExternalName").then_some(selector)
}

/// Whether a pod is selected and has, or had, an address of its own.
pub(crate) fn stands_behind(service: &Value, pod: &Value) -> bool {
    let labels = pod.pointer("/metadata/labels");
    let label = |key: &str| labels.and_then(|labels| labels.get(key));
    let selected = selector(service).is_some_and(|it| it.iter().all(|(key, value)| label(key) == Some(value)));
    selected && !text(pod, "/status/podIP").is_empty() && !has_ended(pod)
}

/// The EndpointSlice of a Service with these pods behind it.
pub(crate) fn slice(service: &Value, pods: &[Value], nodes: &[Value]) -> Value {
    let mut order: Vec<_> = pods.iter().collect();
    order.sort_by_key(|pod| name(pod));
    let endpoints: Vec<_> = order.into_iter().map(|pod| endpoint(service, pod, nodes)).collect();
    let mut labels = child_labels(service);
    labels.insert(MANAGED_BY.to_owned(), MANAGER.into());
    labels.insert(SERVICE_NAME.to_owned(), name(service).into());
    if is_headless(service) {
        labels.insert("service.kubernetes.io/headless".to_owned(), "".into());
    }
    let seed = format!("slice/{}/{}/{}", namespace(service), name(service), text(service, "/metadata/uid"));
    json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": format!("{}-{}", name(service), suffix(&seed, 5)),
            "generateName": format!("{}-", name(service)),
            "namespace": namespace(service),
            "labels": labels,
            "annotations": { TRIGGERED: text(service, "/metadata/creationTimestamp") },
            "ownerReferences": [owner_reference(service)],
        },
        "addressType": "IPv4",
        "endpoints": if endpoints.is_empty() { Value::Null } else { endpoints.into() },
        "ports": slice_ports(service, pods),
    })
}

/// The Endpoints of a Service with these pods behind it. One that leaves is in none of its lists.
pub(crate) fn endpoints(service: &Value, pods: &[Value]) -> Value {
    let unready_too = holds(service, "/spec/publishNotReadyAddresses");
    let mut labels = child_labels(service);
    labels.insert(ENDPOINTS_MANAGED_BY.to_owned(), ENDPOINTS_MANAGER.into());
    if is_headless(service) {
        labels.insert("service.kubernetes.io/headless".to_owned(), "".into());
    }
    let (mut ready, mut unready) = (Vec::new(), Vec::new());
    let present = pods.iter().filter(|pod| unready_too || !is_leaving(pod));
    for pod in present {
        let mut address = json!({ "ip": text(pod, "/status/podIP"), "nodeName": text(pod, "/spec/nodeName"), "targetRef": target(pod) });
        if let (Some(hostname), Some(fields)) = (hostname(service, pod), address.as_object_mut()) {
            fields.insert("hostname".to_owned(), hostname.into());
        }
        if unready_too || is_ready(pod) { ready.push(address) } else { unready.push(address) }
    }
    for addresses in [&mut ready, &mut unready] {
        addresses.sort_by(|one, other| text(one, "/ip").cmp(text(other, "/ip")));
    }
    let ports = resolved_ports(service, pods);
    let mut subset = Map::new();
    for (key, list) in [("addresses", ready), ("notReadyAddresses", unready)] {
        if !list.is_empty() {
            subset.insert(key.to_owned(), list.into());
        }
    }
    let mut object = json!({
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {
            "name": name(service),
            "namespace": namespace(service),
            "labels": labels,
            "annotations": { TRIGGERED: text(service, "/metadata/creationTimestamp") },
        },
    });
    let unresolved = ports.is_empty() && !list(service, "/spec/ports").is_empty();
    if !subset.is_empty()
        && !unresolved
        && let Some(fields) = object.as_object_mut()
    {
        if !ports.is_empty() {
            subset.insert("ports".to_owned(), ports.into());
        }
        fields.insert("subsets".to_owned(), json!([subset]));
    }
    object
}

fn child_labels(service: &Value) -> Map<String, Value> {
    service.pointer("/metadata/labels").and_then(Value::as_object).cloned().unwrap_or_default()
}

fn is_headless(service: &Value) -> bool {
    text(service, "/spec/clusterIP") == "None"
}

fn endpoint(service: &Value, pod: &Value, nodes: &[Value]) -> Value {
    let (serving, leaving) = (is_ready(pod), is_leaving(pod));
    let ready = (serving && !leaving) || holds(service, "/spec/publishNotReadyAddresses");
    let mut endpoint = json!({
        "addresses": [text(pod, "/status/podIP")],
        "conditions": { "ready": ready, "serving": serving, "terminating": leaving },
        "nodeName": text(pod, "/spec/nodeName"),
        "targetRef": target(pod),
    });
    let Some(fields) = endpoint.as_object_mut() else { return endpoint };
    if let Some(hostname) = hostname(service, pod) {
        fields.insert("hostname".to_owned(), hostname.into());
    }
    let node = nodes.iter().find(|node| name(node) == text(pod, "/spec/nodeName"));
    let zone = node.and_then(|node| node.pointer("/metadata/labels")?.get("topology.kubernetes.io/zone"));
    if let Some(zone) = zone {
        fields.insert("zone".to_owned(), zone.clone());
    }
    endpoint
}

fn target(pod: &Value) -> Value {
    json!({ "kind": "Pod", "namespace": namespace(pod), "name": name(pod), "uid": text(pod, "/metadata/uid") })
}

/// The name that a pod of a StatefulSet has behind the set's own Service.
fn hostname<'a>(service: &Value, pod: &'a Value) -> Option<&'a str> {
    let hostname = text(pod, "/spec/hostname");
    (!hostname.is_empty() && text(pod, "/spec/subdomain") == name(service)).then_some(hostname)
}

/// Where a port of a Service leads in a pod: its number, or that of the container's port with the name.
fn resolve(port: &Value, pod: Option<&Value>) -> Option<i64> {
    match port.get("targetPort") {
        Some(Value::String(named)) => {
            let containers = pod.map_or(&[][..], |pod| list(pod, "/spec/containers"));
            let ports = containers.iter().flat_map(|container| list(container, "/ports"));
            ports.filter(|port| text(port, "/name") == named).map(|port| number(port, "/containerPort")).next()
        }
        Some(target) if target.as_i64().unwrap_or(0) > 0 => target.as_i64(),
        _ => Some(number(port, "/port")),
    }
}

fn resolved_ports(service: &Value, pods: &[Value]) -> Vec<Value> {
    let resolved = list(service, "/spec/ports").iter().filter_map(|port| {
        let mut resolved = Map::new();
        if !text(port, "/name").is_empty() {
            resolved.insert("name".to_owned(), text(port, "/name").into());
        }
        resolved.insert("port".to_owned(), resolve(port, pods.first())?.into());
        resolved.insert("protocol".to_owned(), protocol(port).into());
        if has(port, "/appProtocol") {
            resolved.insert("appProtocol".to_owned(), text(port, "/appProtocol").into());
        }
        Some(Value::Object(resolved))
    });
    resolved.collect()
}

/// A slice names all its ports, with an empty name where there is none, and has null where no pod is behind it.
fn slice_ports(service: &Value, pods: &[Value]) -> Value {
    if pods.is_empty() {
        return Value::Null;
    }
    let ports = resolved_ports(service, pods).into_iter().map(|mut port| {
        if let Some(fields) = port.as_object_mut() {
            fields.entry("name").or_insert_with(|| "".into());
        }
        port
    });
    Value::Array(ports.collect())
}

fn protocol(port: &Value) -> &str {
    match text(port, "/protocol") {
        "" => "TCP",
        protocol => protocol,
    }
}
