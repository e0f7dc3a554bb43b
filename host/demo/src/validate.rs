//! What is refused as invalid: 422 with its causes, for the mistakes that people make.

use crate::name;
use crate::resource::Resource;
use crate::status::Refusal;
use serde_json::{Value, json};

mod update;

pub(crate) use update::identity;

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    reason: &'static str,
    message: String,
    field: String,
}

impl Cause {
    pub(crate) fn invalid(field: &str, value: &Value, why: &str) -> Self {
        Self::new("FieldValueInvalid", format!("Invalid value: {value}: {why}"), field)
    }

    pub(crate) fn required(field: &str, why: &str) -> Self {
        let message = if why.is_empty() { "Required value".to_owned() } else { format!("Required value: {why}") };
        Self::new("FieldValueRequired", message, field)
    }

    pub(crate) fn forbidden(field: &str, why: &str) -> Self {
        Self::new("FieldValueForbidden", format!("Forbidden: {why}"), field)
    }

    pub(crate) fn unsupported(field: &str, value: &Value, supported: &[&str]) -> Self {
        let supported: Vec<String> = supported.iter().map(|value| format!("{value:?}")).collect();
        let message = format!("Unsupported value: {value}: supported values: {}", supported.join(", "));
        Self::new("FieldValueNotSupported", message, field)
    }

    fn new(reason: &'static str, message: String, field: &str) -> Self {
        Self { reason, message, field: field.to_owned() }
    }
}

/// The 422 for an object of a kind.
pub(crate) fn invalid(group: &str, kind: &str, name: &str, causes: Vec<Cause>) -> Refusal {
    let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
    let mut lines: Vec<String> = causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
    lines.dedup();
    let why = match lines.as_slice() {
        [line] => line.clone(),
        _ => format!("[{}]", lines.join(", ")),
    };
    let causes: Vec<Value> = causes
        .iter()
        .map(|cause| json!({ "reason": cause.reason, "message": cause.message, "field": cause.field }))
        .collect();
    let message = format!("{qualified} {name:?} is invalid: {why}");
    Refusal::new(422, "Invalid", message).about(group, kind, name).detail("causes", causes)
}

/// Holds an object against what its kind must have.
///
/// # Errors
/// 422 with all that is wrong.
pub(crate) fn object(resource: &Resource, object: &Value) -> Result<(), Refusal> {
    refuse(resource, object, causes(resource, object))
}

/// As [`object`], and against what the object was.
///
/// # Errors
/// 422 with all that is wrong, and what was changed and may not be.
pub(crate) fn changed(resource: &Resource, before: &Value, after: &Value) -> Result<(), Refusal> {
    let mut causes = causes(resource, after);
    causes.extend(update::changes(resource, before, after));
    refuse(resource, before, causes)
}

fn refuse(resource: &Resource, object: &Value, causes: Vec<Cause>) -> Result<(), Refusal> {
    let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    if causes.is_empty() { Ok(()) } else { Err(invalid(resource.group, resource.kind, name, causes)) }
}

fn causes(resource: &Resource, object: &Value) -> Vec<Cause> {
    let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let mut causes = metadata(resource, object, name);
    match (resource.group, resource.plural) {
        ("", "pods") => pod_spec(object.get("spec"), "spec", &mut causes),
        ("apps", _) | ("", "replicationcontrollers") => workload(resource, object, &mut causes),
        ("batch", "jobs") => template(object.pointer("/spec/template"), "spec.template", &mut causes),
        ("", "services") => service(object, &mut causes),
        ("", "persistentvolumeclaims") => claim(object, &mut causes),
        _ => {}
    }
    causes
}

fn metadata(resource: &Resource, object: &Value, name: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    if name.is_empty() {
        causes.push(Cause::required("metadata.name", "name or generateName is required"));
    }
    let faults = match (resource.group, resource.plural) {
        _ if name.is_empty() => Vec::new(),
        ("rbac.authorization.k8s.io", _) => name::segment(name),
        ("", "namespaces" | "services") => name::label(name),
        _ => name::subdomain(name),
    };
    causes.extend(faults.iter().map(|fault| Cause::invalid("metadata.name", &name.into(), fault)));
    let labels = object.pointer("/metadata/labels").and_then(Value::as_object);
    for (key, value) in labels.into_iter().flatten() {
        let faults = name::label_key(key);
        causes.extend(faults.iter().map(|fault| Cause::invalid("metadata.labels", &key.as_str().into(), fault)));
        let faults = name::label_value(value.as_str().unwrap_or_default());
        causes.extend(faults.iter().map(|fault| Cause::invalid("metadata.labels", value, fault)));
    }
    causes
}

fn is_negative(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| value.as_i64().is_some_and(|number| number < 0))
}

const NOT_NEGATIVE: &str = "must be greater than or equal to 0";

fn workload(resource: &Resource, object: &Value, causes: &mut Vec<Cause>) {
    if let Some(replicas) = is_negative(object.pointer("/spec/replicas")) {
        causes.push(Cause::invalid("spec.replicas", replicas, NOT_NEGATIVE));
    }
    let labels = object.pointer("/spec/template/metadata/labels");
    let selector = object.pointer("/spec/selector");
    if resource.group == "apps" {
        let selector = crate::select::Labels::of_object(selector);
        match selector {
            None => {
                causes.push(Cause::required("spec.selector", ""));
                let (labels, why) = (labels.unwrap_or(&Value::Null), "`selector` does not match template `labels`");
                causes.push(Cause::invalid("spec.template.metadata.labels", labels, why));
            }
            Some(selector) if selector.is_everything() => {
                let why = format!("empty selector is invalid for {}", resource.singular);
                causes.push(Cause::invalid("spec.selector", &json!({}), &why));
            }
            Some(selector) if !selector.matches(labels) => {
                let labels = labels.cloned().unwrap_or_else(|| json!({}));
                let why = "`selector` does not match template `labels`";
                causes.push(Cause::invalid("spec.template.metadata.labels", &labels, why));
            }
            Some(_) => {}
        }
    }
    template(object.pointer("/spec/template"), "spec.template", causes);
}

fn template(template: Option<&Value>, field: &str, causes: &mut Vec<Cause>) {
    pod_spec(template.and_then(|template| template.get("spec")), &format!("{field}.spec"), causes);
}

fn pod_spec(spec: Option<&Value>, field: &str, causes: &mut Vec<Cause>) {
    let containers = spec.and_then(|spec| spec.get("containers")).and_then(Value::as_array);
    let containers = containers.map(Vec::as_slice).unwrap_or_default();
    if containers.is_empty() {
        causes.push(Cause::required(&format!("{field}.containers"), ""));
    }
    for (index, container) in containers.iter().enumerate() {
        let field = format!("{field}.containers[{index}]");
        match container.get("name").and_then(Value::as_str).unwrap_or_default() {
            "" => causes.push(Cause::required(&format!("{field}.name"), "")),
            name => causes.extend(
                name::label(name).iter().map(|fault| Cause::invalid(&format!("{field}.name"), &name.into(), fault)),
            ),
        }
        if container.get("image").and_then(Value::as_str).unwrap_or_default().is_empty() {
            causes.push(Cause::required(&format!("{field}.image"), ""));
        }
    }
    let policy = spec.and_then(|spec| spec.get("restartPolicy"));
    if let Some(policy) = policy.filter(|policy| !matches!(policy.as_str(), Some("Always" | "OnFailure" | "Never"))) {
        let field = format!("{field}.restartPolicy");
        causes.push(Cause::unsupported(&field, policy, &["Always", "OnFailure", "Never"]));
    }
    if let Some(grace) = is_negative(spec.and_then(|spec| spec.get("terminationGracePeriodSeconds"))) {
        causes.push(Cause::invalid(&format!("{field}.terminationGracePeriodSeconds"), grace, NOT_NEGATIVE));
    }
}

fn service(object: &Value, causes: &mut Vec<Cause>) {
    let spec = object.get("spec");
    let kind = spec.and_then(|spec| spec.get("type")).and_then(Value::as_str).unwrap_or("ClusterIP");
    let supported = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    if !supported.contains(&kind) {
        causes.push(Cause::unsupported("spec.type", &kind.into(), &supported));
    }
    let ports = spec.and_then(|spec| spec.get("ports")).and_then(Value::as_array);
    let ports = ports.map(Vec::as_slice).unwrap_or_default();
    let is_headless = spec.and_then(|spec| spec.get("clusterIP")).and_then(Value::as_str) == Some("None");
    if ports.is_empty() && kind != "ExternalName" && !is_headless {
        causes.push(Cause::required("spec.ports", ""));
    }
    for (index, port) in ports.iter().enumerate() {
        let number = port.get("port").cloned().unwrap_or_else(|| 0.into());
        if !number.as_i64().is_some_and(|number| (1..=65535).contains(&number)) {
            let field = format!("spec.ports[{index}].port");
            causes.push(Cause::invalid(&field, &number, "must be between 1 and 65535, inclusive"));
        }
    }
}

fn claim(object: &Value, causes: &mut Vec<Cause>) {
    if object.pointer("/spec/accessModes").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        causes.push(Cause::required("spec.accessModes", "at least 1 access mode is required"));
    }
    if object.pointer("/spec/resources/requests/storage").is_none() {
        causes.push(Cause::required("spec.resources[storage]", ""));
    }
}
