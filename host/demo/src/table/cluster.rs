//! Nodes, namespaces, events, and what people keep in a cluster.

use super::cells::{age, at, count, items, name, or, since};
use super::{AGE, Column, Layout, NAME, text, wide};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) const NODES: Layout = Layout {
    columns: &[
        NAME,
        text("Status"),
        text("Roles"),
        AGE,
        text("Version"),
        wide("Internal-IP"),
        wide("External-IP"),
        wide("OS-Image"),
        wide("Kernel-Version"),
        wide("Container-Runtime"),
    ],
    cells: |node, now| {
        let info = |key: &str| or(node, &format!("/status/nodeInfo/{key}"), "<unknown>").to_owned();
        let address = |kind: &str| {
            let of = |address: &&Value| at(address, "/type") == kind;
            items(node, "/status/addresses")
                .iter()
                .find(of)
                .map_or("<none>", |address| at(address, "/address"))
                .to_owned()
        };
        let kernel = match at(node, "/status/nodeInfo/architecture") {
            "" => info("kernelVersion"),
            architecture => format!("{} ({architecture})", info("kernelVersion")),
        };
        vec![
            name(node),
            node_status(node).into(),
            roles(node).into(),
            age(node, now),
            at(node, "/status/nodeInfo/kubeletVersion").into(),
            address("InternalIP").into(),
            address("ExternalIP").into(),
            info("osImage").into(),
            kernel.into(),
            info("containerRuntimeVersion").into(),
        ]
    },
};

fn node_status(node: &Value) -> String {
    let ready = items(node, "/status/conditions").iter().find(|condition| at(condition, "/type") == "Ready");
    let status = match ready.map(|ready| at(ready, "/status")) {
        None => "Unknown",
        Some("True") => "Ready",
        Some(_) => "NotReady",
    };
    let is_cordoned = node.pointer("/spec/unschedulable") == Some(&Value::Bool(true));
    if is_cordoned { format!("{status},SchedulingDisabled") } else { status.to_owned() }
}

fn roles(node: &Value) -> String {
    let labels = node.pointer("/metadata/labels").and_then(Value::as_object).into_iter().flatten();
    let role = |(key, value): (&String, &Value)| match key.strip_prefix("node-role.kubernetes.io/") {
        Some(role) => Some(role.to_owned()),
        None if key == "kubernetes.io/role" => value.as_str().map(str::to_owned),
        None => None,
    };
    let roles: BTreeSet<String> = labels.filter_map(role).filter(|role| !role.is_empty()).collect();
    if roles.is_empty() { "<none>".to_owned() } else { roles.into_iter().collect::<Vec<_>>().join(",") }
}

pub(super) const NAMESPACES: Layout = Layout {
    columns: &[NAME, text("Status"), AGE],
    cells: |namespace, now| vec![name(namespace), at(namespace, "/status/phase").into(), age(namespace, now)],
};

pub(super) const EVENTS: Layout = Layout {
    columns: &[
        text("Last Seen"),
        text("Type"),
        text("Reason"),
        text("Object"),
        wide("Subobject"),
        wide("Source"),
        text("Message"),
        wide("First Seen"),
        wide("Count"),
        Column { name: "Name", kind: "string", format: "name", priority: 1 },
    ],
    cells: event,
};

fn event(event: &Value, now: Timestamp) -> Vec<Value> {
    // The same columns stand for the events of both groups.
    let core = if event.get("regarding").is_some() { crate::events::to_core(event) } else { event.clone() };
    let moment = |pointer: &str| Some(at(&core, pointer)).filter(|time| !time.is_empty()).map(|time| since(time, now));
    let first = moment("/firstTimestamp").or_else(|| moment("/eventTime")).unwrap_or_else(|| "<unknown>".to_owned());
    let last = moment("/series/lastObservedTime").or_else(|| moment("/lastTimestamp")).unwrap_or_else(|| first.clone());
    let times =
        if core.get("series").is_some() { count(&core, "/series/count") } else { count(&core, "/count").max(1) };
    let kind = at(&core, "/involvedObject/kind").to_lowercase();
    let object = match at(&core, "/involvedObject/name") {
        "" => kind,
        name => format!("{kind}/{name}"),
    };
    let component = or(&core, "/source/component", at(&core, "/reportingComponent"));
    let source = match or(&core, "/source/host", at(&core, "/reportingInstance")) {
        "" => component.to_owned(),
        host => format!("{component}, {host}"),
    };
    vec![
        last.into(),
        at(&core, "/type").into(),
        at(&core, "/reason").into(),
        object.into(),
        at(&core, "/involvedObject/fieldPath").into(),
        source.into(),
        at(&core, "/message").trim().into(),
        first.into(),
        times.into(),
        name(&core),
    ]
}

fn keys(object: &Value, pointer: &str) -> usize {
    object.pointer(pointer).and_then(Value::as_object).map_or(0, serde_json::Map::len)
}

pub(super) const CONFIG_MAPS: Layout = Layout {
    columns: &[NAME, text("Data"), AGE],
    cells: |map, now| vec![name(map), json!(keys(map, "/data") + keys(map, "/binaryData")), age(map, now)],
};

pub(super) const SECRETS: Layout = Layout {
    columns: &[NAME, text("Type"), text("Data"), AGE],
    cells: |secret, now| vec![name(secret), at(secret, "/type").into(), json!(keys(secret, "/data")), age(secret, now)],
};

pub(super) const ACCOUNTS: Layout =
    Layout { columns: &[NAME, AGE], cells: |account, now| vec![name(account), age(account, now)] };

pub(super) const LEASES: Layout = Layout {
    columns: &[NAME, text("Holder"), AGE],
    cells: |lease, now| vec![name(lease), at(lease, "/spec/holderIdentity").into(), age(lease, now)],
};

pub(super) const QUOTAS: Layout = Layout {
    columns: &[NAME, text("Request"), text("Limit"), AGE],
    cells: |quota, now| {
        let hard = quota.pointer("/status/hard").and_then(Value::as_object).into_iter().flatten();
        let mut lines: Vec<(&String, String)> = hard
            .map(|(key, hard)| {
                let used = quota.pointer("/status/used").and_then(|used| used.get(key)).and_then(Value::as_str);
                (key, format!("{key}: {}/{}", used.unwrap_or("0"), hard.as_str().unwrap_or_default()))
            })
            .collect();
        lines.sort();
        let join = |is_limit: bool| {
            let of = lines.iter().filter(|(key, _)| key.starts_with("limits.") == is_limit);
            of.map(|(_, line)| line.as_str()).collect::<Vec<_>>().join(", ")
        };
        vec![name(quota), join(false).into(), join(true).into(), age(quota, now)]
    },
};

pub(super) const BINDINGS: Layout = Layout {
    columns: &[NAME, text("Role"), AGE, wide("Users"), wide("Groups"), wide("ServiceAccounts")],
    cells: |binding, now| {
        let of = |kind: &str| {
            let subjects = items(binding, "/subjects").iter().filter(|subject| at(subject, "/kind") == kind);
            let subject = |subject: &Value| match at(subject, "/namespace") {
                "" => at(subject, "/name").to_owned(),
                namespace => format!("{namespace}/{}", at(subject, "/name")),
            };
            subjects.map(subject).collect::<Vec<_>>().join(", ")
        };
        vec![
            name(binding),
            format!("{}/{}", at(binding, "/roleRef/kind"), at(binding, "/roleRef/name")).into(),
            age(binding, now),
            of("User").into(),
            of("Group").into(),
            of("ServiceAccount").into(),
        ]
    },
};
