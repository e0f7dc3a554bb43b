//! Services, what is behind them, and what lets traffic in.

use super::cells::{age, at, count, first, items, labels, name, or, selector};
use super::{AGE, Layout, NAME, text, wide};
use serde_json::Value;

/// How many addresses and hosts a cell shows.
const SHOWN: usize = 3;

pub(super) const SERVICES: Layout = Layout {
    columns: &[NAME, text("Type"), text("Cluster-IP"), text("External-IP"), text("Port(s)"), AGE, wide("Selector")],
    cells: |service, now| {
        let port = |port: &Value| {
            let (number, protocol) = (count(port, "/port"), at(port, "/protocol"));
            match count(port, "/nodePort") {
                0 => format!("{number}/{protocol}"),
                node => format!("{number}:{node}/{protocol}"),
            }
        };
        let ports: Vec<String> = items(service, "/spec/ports").iter().map(port).collect();
        let ports = if ports.is_empty() { "<none>".to_owned() } else { ports.join(",") };
        vec![
            name(service),
            at(service, "/spec/type").into(),
            or(service, "/spec/clusterIPs/0", "<none>").into(),
            external(service).into(),
            ports.into(),
            age(service, now),
            labels(service, "/spec/selector"),
        ]
    },
};

fn external(service: &Value) -> String {
    let mut addresses: Vec<&str> = Vec::new();
    let none = match at(service, "/spec/type") {
        "ExternalName" => return at(service, "/spec/externalName").to_owned(),
        "LoadBalancer" => {
            addresses.extend(balanced(service));
            "<pending>"
        }
        _ => "<none>",
    };
    addresses.extend(items(service, "/spec/externalIPs").iter().filter_map(Value::as_str));
    if addresses.is_empty() { none.to_owned() } else { addresses.join(",") }
}

/// The addresses of a load balancer.
fn balanced(object: &Value) -> Vec<&str> {
    let ingress = items(object, "/status/loadBalancer/ingress").iter();
    let mut addresses: Vec<&str> = ingress.map(|ingress| or(ingress, "/ip", at(ingress, "/hostname"))).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

pub(super) const ENDPOINTS: Layout = Layout {
    columns: &[NAME, text("Endpoints"), AGE],
    cells: |endpoints, now| {
        let mut all = Vec::new();
        for subset in items(endpoints, "/subsets") {
            let addresses: Vec<&str> = items(subset, "/addresses").iter().map(|address| at(address, "/ip")).collect();
            let ports = items(subset, "/ports");
            if ports.is_empty() {
                all.extend(addresses.iter().map(|address| (*address).to_owned()));
            }
            for port in ports {
                all.extend(addresses.iter().map(|address| join(address, count(port, "/port"))));
            }
        }
        let shown = if items(endpoints, "/subsets").is_empty() { "<none>".to_owned() } else { first(&all, SHOWN) };
        vec![name(endpoints), shown.into(), age(endpoints, now)]
    },
};

fn join(address: &str, port: i64) -> String {
    if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}

pub(super) const SLICES: Layout = Layout {
    columns: &[NAME, text("AddressType"), text("Ports"), text("Endpoints"), AGE],
    cells: |slice, now| {
        let or_unset = |text: String| if text.is_empty() { "<unset>".to_owned() } else { text };
        let port = |port: &Value| match port.get("port").and_then(Value::as_i64) {
            Some(number) => number.to_string(),
            None => or(port, "/name", "*").to_owned(),
        };
        let ports: Vec<String> = items(slice, "/ports").iter().map(port).collect();
        let addresses = items(slice, "/endpoints").iter().flat_map(|endpoint| items(endpoint, "/addresses"));
        let addresses: Vec<String> = addresses.filter_map(|address| address.as_str().map(str::to_owned)).collect();
        vec![
            name(slice),
            at(slice, "/addressType").into(),
            or_unset(first(&ports, SHOWN)).into(),
            or_unset(first(&addresses, SHOWN)).into(),
            age(slice, now),
        ]
    },
};

pub(super) const INGRESSES: Layout = Layout {
    columns: &[NAME, text("Class"), text("Hosts"), text("Address"), text("Ports"), AGE],
    cells: |ingress, now| {
        let hosts = items(ingress, "/spec/rules").iter().map(|rule| at(rule, "/host")).filter(|host| !host.is_empty());
        let hosts: Vec<String> = hosts.map(str::to_owned).collect();
        let hosts = if hosts.is_empty() { "*".to_owned() } else { first(&hosts, SHOWN) };
        let ports = if items(ingress, "/spec/tls").is_empty() { "80" } else { "80, 443" };
        vec![
            name(ingress),
            or(ingress, "/spec/ingressClassName", "<none>").into(),
            hosts.into(),
            balanced(ingress).join(",").into(),
            ports.into(),
            age(ingress, now),
        ]
    },
};

pub(super) const POLICIES: Layout = Layout {
    columns: &[NAME, text("Pod-Selector"), AGE],
    cells: |policy, now| vec![name(policy), selector(policy, "/spec/podSelector"), age(policy, now)],
};
