//! What stands in a cell: a member of a row as it is, or what is made of several. Rows are a stranger's, so anything may be missing or of another type.

use crate::age;
use crate::layout::Text;
use crate::paint::{Tone, tone_of};
use crate::text::safe;
use jiff::Timestamp;
use serde_json::Value;

/// Stands where there is nothing.
pub(crate) const NOTHING: &str = "-";

/// A cell before it is known what time it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Text.
    Text(Text),
    /// How long ago this was.
    Since(Timestamp),
}

impl Cell {
    /// A stranger's text, escaped.
    pub(crate) fn text(text: &str) -> Self {
        Self::toned(text, Tone::Plain)
    }

    fn toned(text: &str, tone: Tone) -> Self {
        Self::Text(Text { text: safe(text), tone })
    }

    pub(crate) fn nothing() -> Self {
        Self::text(NOTHING)
    }

    /// A word that says how something is.
    pub(crate) fn status(word: &str) -> Self {
        Self::toned(word, tone_of(word))
    }

    pub(crate) fn some(text: &str) -> Self {
        if text.is_empty() { Self::nothing() } else { Self::text(text) }
    }

    /// As it is shown now.
    pub(crate) fn shown(self, now: Timestamp) -> Text {
        match self {
            Self::Text(text) => text,
            Self::Since(time) => Text { text: age::since(time, now), tone: Tone::Plain },
        }
    }

    /// How much it holds.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.text.len(),
            Self::Since(_) => size_of::<Timestamp>(),
        }
    }
}

/// A member, or a member of a member.
pub(crate) fn at<'r>(row: &'r Value, path: &[&str]) -> &'r Value {
    path.iter().fold(row, |value, name| value.get(name).unwrap_or(&Value::Null))
}

pub(crate) fn word<'r>(row: &'r Value, name: &str) -> &'r str {
    row.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn number(row: &Value, name: &str) -> i64 {
    row.get(name).and_then(Value::as_i64).unwrap_or_default()
}

fn items<'r>(row: &'r Value, name: &str) -> &'r [Value] {
    row.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The texts of a list, or one member of each of its items.
fn texts<'r>(row: &'r Value, name: &str, member: Option<&'r str>) -> Vec<&'r str> {
    let items = items(row, name).iter().map(|item| member.map_or(item, |member| at(item, &[member])));
    items.filter_map(Value::as_str).filter(|text| !text.is_empty()).collect()
}

/// A value in as few words as it can be told.
pub(crate) fn brief(value: &Value) -> String {
    match value {
        Value::Null => NOTHING.to_owned(),
        Value::String(text) => text.trim_end().to_owned(),
        Value::Array(items) if items.is_empty() => NOTHING.to_owned(),
        Value::Array(items) => items.iter().map(brief).collect::<Vec<_>>().join(","),
        Value::Object(members) if members.is_empty() => NOTHING.to_owned(),
        Value::Object(members) => {
            let pair = |(name, value): (&String, &Value)| format!("{name}={}", brief(value));
            members.iter().map(pair).collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    }
}

/// A member as it is.
pub(crate) fn member(row: &Value, name: &str) -> Cell {
    Cell::text(&brief(at(row, &[name])))
}

/// A member that says how something is.
pub(crate) fn state(row: &Value, name: &str) -> Cell {
    Cell::status(&brief(at(row, &[name])))
}

/// How long ago the time of a member was.
pub(crate) fn age(row: &Value, name: &str) -> Cell {
    match age::parse(word(row, name)) {
        Some(time) => Cell::Since(time),
        None => Cell::nothing(),
    }
}

/// So many of so many: yellow where they are not all.
fn part(ready: i64, wanted: i64) -> Cell {
    let tone = if ready < wanted { Tone::Warn } else { Tone::Plain };
    Cell::toned(&format!("{ready}/{wanted}"), tone)
}

/// The same as a row has it. Of a pod that has done its work none is ready.
pub(crate) fn pod_ready(pod: &Value) -> Cell {
    let text = word(pod, "ready");
    match text.split_once('/').and_then(|(ready, all)| Some((ready.parse().ok()?, all.parse().ok()?))) {
        Some((ready, all)) if word(pod, "status") != "Completed" => part(ready, all),
        _ => Cell::some(text),
    }
}

pub(crate) fn pod_restarts(pod: &Value) -> Cell {
    let restarts = number(pod, "restarts");
    let tone = if restarts > 0 { Tone::Warn } else { Tone::Plain };
    Cell::toned(&brief(at(pod, &["restarts"])), tone)
}

pub(crate) fn replicas_ready(workload: &Value) -> Cell {
    part(number(workload, "ready_replicas"), number(workload, "replicas"))
}

pub(crate) fn daemons_ready(daemons: &Value) -> Cell {
    let (ready, wanted) = (number(daemons, "number_ready"), number(daemons, "desired_number_scheduled"));
    let tone = if ready < wanted { Tone::Warn } else { Tone::Plain };
    Cell::toned(&ready.to_string(), tone)
}

/// A node's status as `kubectl` says it: whether it is ready, and whether pods may come to it.
pub(crate) fn node_status(node: &Value) -> Cell {
    if let Some(status) = node.get("status").and_then(Value::as_str) {
        return Cell::status(status);
    }
    let ready = items(node, "conditions").iter().find(|condition| word(condition, "type") == "Ready");
    let mut status = match ready.map(|condition| word(condition, "status")) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if at(node, &["unschedulable"]) == &Value::Bool(true) {
        status.push_str(",SchedulingDisabled");
    }
    Cell::status(&status)
}

pub(crate) fn node_roles(node: &Value) -> Cell {
    const ROLE: &str = "node-role.kubernetes.io/";
    match at(node, &["roles"]) {
        Value::Null => {
            let labels = at(node, &["labels"]).as_object().into_iter().flatten();
            let roles: Vec<&str> = labels.filter_map(|(name, _)| name.strip_prefix(ROLE)).collect();
            Cell::some(&roles.join(","))
        }
        roles => Cell::text(&brief(roles)),
    }
}

pub(crate) fn node_version(node: &Value) -> Cell {
    first(node, &[&["kubelet_version"], &["node_info", "kubelet_version"]])
}

pub(crate) fn node_address(node: &Value) -> Cell {
    first(node, &[&["internal_ip"], &["addresses", "InternalIP"]])
}

pub(crate) fn node_image(node: &Value) -> Cell {
    first(node, &[&["node_info", "os_image"]])
}

pub(crate) fn node_runtime(node: &Value) -> Cell {
    first(node, &[&["container_runtime"], &["node_info", "container_runtime_version"]])
}

/// The first of these members that is there.
fn first(row: &Value, paths: &[&[&str]]) -> Cell {
    let found = paths.iter().map(|path| at(row, path)).find(|value| !value.is_null());
    Cell::text(&brief(found.unwrap_or(&Value::Null)))
}

pub(crate) fn service_address(service: &Value) -> Cell {
    let external = texts(service, "external_ips", None);
    match word(service, "type") {
        "LoadBalancer" => {
            let balancer = items(service, "load_balancer_ingress").iter();
            let balancer = balancer.map(|entry| [word(entry, "ip"), word(entry, "hostname")]);
            let mut all: Vec<&str> =
                balancer.filter_map(|names| names.into_iter().find(|name| !name.is_empty())).collect();
            all.extend(external);
            if all.is_empty() { Cell::toned("<pending>", Tone::Warn) } else { Cell::text(&all.join(",")) }
        }
        "ExternalName" => Cell::some(word(service, "external_name")),
        _ => Cell::some(&external.join(",")),
    }
}

pub(crate) fn service_ports(service: &Value) -> Cell {
    let shown: Vec<String> = items(service, "ports").iter().map(port).collect();
    Cell::some(&shown.join(","))
}

/// `80/TCP`, or with the node's port `80:30080/TCP`.
fn port(port: &Value) -> String {
    let protocol = Some(word(port, "protocol")).filter(|protocol| !protocol.is_empty()).unwrap_or("TCP");
    match number(port, "node_port") {
        0 => format!("{}/{protocol}", number(port, "port")),
        node_port => format!("{}:{node_port}/{protocol}", number(port, "port")),
    }
}

/// How many addresses of an Endpoints object are ready, or are not.
fn addresses(endpoints: &Value, counted: &str, name: &str) -> i64 {
    match at(endpoints, &[counted]).as_i64() {
        Some(count) => count,
        None => {
            let all: usize = items(endpoints, "subsets").iter().map(|subset| items(subset, name).len()).sum();
            i64::try_from(all).unwrap_or(i64::MAX)
        }
    }
}

pub(crate) fn endpoints_ready(endpoints: &Value) -> Cell {
    let count = addresses(endpoints, "ready_count", "addresses");
    let tone = if count == 0 { Tone::Bad } else { Tone::Plain };
    Cell::toned(&count.to_string(), tone)
}

pub(crate) fn endpoints_not_ready(endpoints: &Value) -> Cell {
    let count = addresses(endpoints, "not_ready_count", "not_ready_addresses");
    let tone = if count > 0 { Tone::Warn } else { Tone::Plain };
    Cell::toned(&count.to_string(), tone)
}

/// `IP:PORT`, each with each of its subset.
pub(crate) fn endpoints_addresses(endpoints: &Value) -> Cell {
    let of_subset = |subset: &Value| {
        let ports: Vec<i64> = items(subset, "ports").iter().map(|port| number(port, "port")).collect();
        let addresses = texts(subset, "addresses", Some("ip"));
        let with_ports = |ip: &&str| match ports.as_slice() {
            [] => vec![(*ip).to_owned()],
            ports => ports.iter().map(|port| format!("{ip}:{port}")).collect(),
        };
        addresses.iter().flat_map(with_ports).collect::<Vec<_>>()
    };
    let all: Vec<String> = items(endpoints, "subsets").iter().flat_map(of_subset).collect();
    Cell::some(&all.join(","))
}

/// `pod/web-1`, as `kubectl` would take it.
pub(crate) fn event_object(event: &Value) -> Cell {
    let object = at(event, &["involved_object"]);
    match (word(object, "kind"), word(object, "name")) {
        ("", name) => Cell::some(name),
        (kind, name) => Cell::text(&format!("{}/{name}", kind.to_lowercase())),
    }
}

pub(crate) fn event_age(event: &Value) -> Cell {
    let last = age(event, "last_timestamp");
    if last == Cell::nothing() { age(event, "first_timestamp") } else { last }
}

pub(crate) fn event_from(event: &Value) -> Cell {
    first(event, &[&["reporting_component"], &["source", "component"]])
}

/// `RWO` and its kin, as `kubectl` shortens them.
pub(crate) fn access_modes(claim: &Value) -> Cell {
    let short = |mode: &str| match mode {
        "ReadWriteOnce" => "RWO".to_owned(),
        "ReadOnlyMany" => "ROX".to_owned(),
        "ReadWriteMany" => "RWX".to_owned(),
        "ReadWriteOncePod" => "RWOP".to_owned(),
        other => other.to_owned(),
    };
    let modes: Vec<String> = texts(claim, "access_modes", None).into_iter().map(short).collect();
    Cell::some(&modes.join(","))
}

pub(crate) fn capacity(volume: &Value) -> Cell {
    first(volume, &[&["capacity", "storage"]])
}

/// How far a volume or a claim has come, or that it goes.
pub(crate) fn volume_status(volume: &Value) -> Cell {
    match word(volume, "deletion_timestamp") {
        "" => state(volume, "phase"),
        _ => Cell::status("Terminating"),
    }
}

pub(crate) fn volume_claim(volume: &Value) -> Cell {
    let claim = at(volume, &["claim_ref"]);
    match (word(claim, "namespace"), word(claim, "name")) {
        (_, "") => Cell::nothing(),
        (namespace, name) => Cell::text(&format!("{namespace}/{name}")),
    }
}

pub(crate) fn class_name(class: &Value) -> Cell {
    const ANNOTATION: &str = "storageclass.kubernetes.io/is-default-class";
    let is_default = at(class, &["is_default"]) == &Value::Bool(true)
        || at(class, &["annotations", ANNOTATION]).as_str() == Some("true");
    let name = word(class, "name");
    if is_default { Cell::text(&format!("{name} (default)")) } else { Cell::some(name) }
}

/// How many values a ConfigMap or a Secret holds.
pub(crate) fn data(object: &Value) -> Cell {
    let data = at(object, &["data"]).as_object().map_or(0, serde_json::Map::len);
    // A summary of a Secret has the names alone, and so has one that is redacted.
    let keys = items(object, "keys").len();
    Cell::text(&keys.max(data + items(object, "binary_data_keys").len()).to_string())
}

/// The pods that a policy is about, as `kubectl` writes selectors: all of them where it is empty.
pub(crate) fn policy_pods(policy: &Value) -> Cell {
    let equal = at(policy, &["pod_selector"]).as_object().into_iter().flatten();
    let equal = equal.map(|(key, value)| format!("{key}={}", brief(value)));
    let expression = |expression: &Value| {
        let (key, values) = (word(expression, "key"), texts(expression, "values", None).join(","));
        match word(expression, "operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        }
    };
    let all: Vec<String> = equal.chain(items(policy, "pod_selector_expressions").iter().map(expression)).collect();
    if all.is_empty() { Cell::text("<all>") } else { Cell::text(&all.join(",")) }
}

/// The word that a row has; else the condition that says most.
pub(crate) fn job_status(job: &Value) -> Cell {
    if let Some(status) = job.get("status").and_then(Value::as_str) {
        return Cell::status(status);
    }
    let conditions = || items(job, "conditions").iter().filter(|condition| word(condition, "status") == "True");
    let is = |kind: &str| conditions().any(|condition| word(condition, "type") == kind);
    let status = match () {
        () if is("Complete") => "Complete",
        () if is("Failed") => "Failed",
        () if is("Suspended") || at(job, &["suspend"]) == &Value::Bool(true) => "Suspended",
        () if is("FailureTarget") => "FailureTarget",
        () => "Running",
    };
    Cell::status(status)
}

/// A work queue, whose pods know themselves when it is empty, says of how many of them one must succeed.
pub(crate) fn job_completions(job: &Value) -> Cell {
    let succeeded = number(job, "succeeded");
    Cell::text(&match (at(job, &["completions"]).as_i64(), number(job, "parallelism")) {
        (Some(wanted), _) => format!("{succeeded}/{wanted}"),
        (None, parallel) if parallel > 1 => format!("{succeeded}/1 of {parallel}"),
        (None, _) => format!("{succeeded}/1"),
    })
}

/// How long a Job took, or has been at it.
pub(crate) fn job_duration(job: &Value) -> Cell {
    let (start, end) = (age::parse(word(job, "start_time")), age::parse(word(job, "completion_time")));
    match (start, end) {
        (Some(start), Some(end)) => Cell::text(&age::since(start, end)),
        (Some(start), None) => Cell::Since(start),
        (None, _) => Cell::nothing(),
    }
}

pub(crate) fn ingress_hosts(ingress: &Value) -> Cell {
    let mut hosts = texts(ingress, "hosts", None);
    if hosts.is_empty() {
        hosts = texts(ingress, "rules", Some("host"));
    }
    if hosts.is_empty() { Cell::text("*") } else { Cell::text(&hosts.join(",")) }
}

pub(crate) fn ingress_address(ingress: &Value) -> Cell {
    let entries = items(ingress, "load_balancer_ingress").iter();
    let named = entries
        .filter_map(|entry| [word(entry, "ip"), word(entry, "hostname")].into_iter().find(|name| !name.is_empty()));
    Cell::some(&named.collect::<Vec<_>>().join(","))
}

pub(crate) fn ingress_ports(ingress: &Value) -> Cell {
    Cell::text(if items(ingress, "tls").is_empty() { "80" } else { "80,443" })
}

/// How a condition is. Most are well when they are true, a few when they are not.
pub(crate) fn condition(condition: &Value) -> Cell {
    let (kind, status) = (word(condition, "type"), word(condition, "status"));
    let well_when_false =
        kind.ends_with("Pressure") || kind.ends_with("Failure") || matches!(kind, "Failed" | "NetworkUnavailable");
    let well_when_true = matches!(
        kind,
        "Ready"
            | "Available"
            | "PodScheduled"
            | "Initialized"
            | "ContainersReady"
            | "Progressing"
            | "PodReadyToStartContainers"
    );
    let is_bad = (well_when_false && status == "True") || (well_when_true && matches!(status, "False" | "Unknown"));
    Cell::toned(&brief(at(condition, &["status"])), if is_bad { Tone::Bad } else { Tone::Plain })
}

/// `running`, or `waiting: CrashLoopBackOff`, or `terminated: Error (1)`.
pub(crate) fn container_state(container: &Value) -> Cell {
    match word(container, "state") {
        "waiting" => ended("waiting", word(container, "waiting_reason"), None),
        "terminated" => {
            ended("terminated", word(container, "terminated_reason"), at(container, &["exit_code"]).as_i64())
        }
        other => Cell::some(other),
    }
}

/// How it ended the last time.
pub(crate) fn container_before(container: &Value) -> Cell {
    match at(container, &["last_state"]) {
        Value::Object(last) if !last.is_empty() => {
            let last = Value::Object(last.clone());
            ended("", word(&last, "reason"), at(&last, &["exit_code"]).as_i64())
        }
        _ => Cell::nothing(),
    }
}

fn ended(what: &str, reason: &str, exit_code: Option<i64>) -> Cell {
    let code = exit_code.map(|code| format!("({code})")).unwrap_or_default();
    let said = [reason, &code].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let text = [what, &said].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
    let tone = match (exit_code, tone_of(reason)) {
        (Some(0), _) => Tone::Plain,
        (Some(_), _) => Tone::Bad,
        (None, tone) => tone,
    };
    Cell::toned(&text, tone)
}

/// What a container says of why it does not run, or did not.
pub(crate) fn container_message(container: &Value) -> Cell {
    first(container, &[&["waiting_message"], &["last_state", "message"]])
}

/// What asks a container how it is: `live http-get http://:8080/live, ready exec [cat /tmp/ready]`.
pub(crate) fn container_probes(container: &Value) -> Cell {
    let probes = [("live", "liveness_probe"), ("ready", "readiness_probe"), ("started", "startup_probe")];
    let shown = probes.into_iter().filter_map(|(what, name)| {
        let action = at(container, &[name, "action"]).as_str()?;
        Some(format!("{what} {action}"))
    });
    Cell::some(&shown.collect::<Vec<_>>().join(", "))
}

pub(crate) fn target_default(target: &Value) -> Cell {
    Cell::text(if at(target, &["default"]) == &Value::Bool(true) { "yes" } else { NOTHING })
}

pub(crate) fn target_place(target: &Value) -> Cell {
    match word(target, "kind") {
        "in-cluster" => Cell::text("the cluster around this pod"),
        _ => first(target, &[&["kubeconfig"], &["server"]]),
    }
}

pub(crate) fn target_proof(target: &Value) -> Cell {
    match word(target, "kind") {
        "server" if at(target, &["skip_tls_verification"]) == &Value::Bool(true) => Cell::toned("nothing", Tone::Bad),
        "server" if at(target, &["ca_file"]).is_null() => Cell::text("system roots"),
        "server" => first(target, &[&["ca_file"]]),
        "in-cluster" => Cell::text("the pod's CA"),
        _ => Cell::text("its kubeconfig"),
    }
}

pub(crate) fn allowed(operation: &Value) -> Cell {
    match word(operation, "verdict") {
        "allowed" => Cell::toned("yes", Tone::Good),
        "partly" => Cell::toned("partly", Tone::Warn),
        "denied" => Cell::toned("no", Tone::Bad),
        "unknown" => Cell::toned("not said", Tone::Warn),
        other => Cell::some(other),
    }
}

pub(crate) fn trust(operation: &Value) -> Cell {
    let trust = word(operation, "trust");
    let tone = match trust {
        "WRITE" => Tone::Warn,
        "DESTRUCTIVE" => Tone::Bad,
        _ => Tone::Plain,
    };
    Cell::toned(trust, tone)
}

pub(crate) fn parameter_required(parameter: &Value) -> Cell {
    Cell::text(if at(parameter, &["required"]) == &Value::Bool(true) { "yes" } else { NOTHING })
}

/// More values than these stand with the meaning, where there is room for them.
const MOST_BESIDE: usize = 3;

pub(crate) fn parameter_meaning(parameter: &Value) -> Cell {
    let allowed = texts(parameter, "allowed", None);
    match (word(parameter, "description"), allowed.len() > MOST_BESIDE) {
        (meaning, false) => Cell::some(meaning),
        ("", true) => Cell::text(&allowed.join(", ")),
        (meaning, true) => Cell::text(&format!("{meaning}: {}", allowed.join(", "))),
    }
}

/// What a value may be: `integer, 1 and more`, or the only values that there are.
pub(crate) fn parameter_type(parameter: &Value) -> Cell {
    let allowed = texts(parameter, "allowed", None);
    if !allowed.is_empty() && allowed.len() <= MOST_BESIDE {
        return Cell::text(&allowed.join(" or "));
    }
    if !allowed.is_empty() {
        return Cell::text(&format!("one of {}", allowed.len()));
    }
    let kind = match word(parameter, "type") {
        "array" => "texts, parted by commas",
        "string" => "text",
        other => other,
    };
    let bounds = (at(parameter, &["minimum"]).as_i64(), at(parameter, &["maximum"]).as_i64());
    Cell::text(&match bounds {
        (Some(least), Some(most)) => format!("{kind}, {least} to {most}"),
        (Some(least), None) => format!("{kind}, {least} and more"),
        (None, Some(most)) => format!("{kind}, {most} and less"),
        (None, None) => kind.to_owned(),
    })
}
