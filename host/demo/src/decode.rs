//! Bodies of requests as objects.

use crate::protobuf;
use crate::request::Request;
use crate::resource::{RESOURCES, Resource};
use crate::status::Refusal;
use serde_json::{Value, json};

const UNSUPPORTED: &str = "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// The parts of a kind that has a spec. Others have what they have.
const PARTS: [&str; 5] = ["apiVersion", "kind", "metadata", "spec", "status"];

/// Kinds whose parts have names of their own.
const FLAT: [&str; 11] = [
    "configmaps",
    "secrets",
    "serviceaccounts",
    "endpoints",
    "events",
    "endpointslices",
    "storageclasses",
    "roles",
    "rolebindings",
    "clusterroles",
    "clusterrolebindings",
];

/// The body as JSON, whether it was that, YAML, or protobuf of a kind that is read.
///
/// # Errors
/// 415 for another media type, 400 for what does not parse or is no object.
pub(crate) fn body(request: &Request, kind: &str) -> Result<Value, Refusal> {
    let unrecognized = |why: String| {
        let message = if kind == "DeleteOptions" {
            why
        } else {
            let summary = summary(&request.body);
            format!("the object provided is unrecognized (must be of type {kind}): {why} ({summary})")
        };
        Refusal::new(400, "BadRequest", message)
    };
    let unreadable = |why: &str| unrecognized(format!("couldn't get version/kind; json parse error: {why}"));
    let value: Value = match request.content_type() {
        "application/json" | "" => {
            serde_json::from_slice(&request.body).map_err(|error| unreadable(&json_error(&error)))?
        }
        "application/yaml" => {
            let text = std::str::from_utf8(&request.body).map_err(|error| unrecognized(error.to_string()))?;
            serde_saphyr::from_str(text).map_err(|error| unrecognized(error.to_string()))?
        }
        "application/vnd.kubernetes.protobuf" => {
            protobuf::decode(&request.body).ok_or_else(|| Refusal::new(415, "UnsupportedMediaType", UNSUPPORTED))?
        }
        _ => return Err(Refusal::new(415, "UnsupportedMediaType", UNSUPPORTED)),
    };
    if value.is_object() {
        return Ok(value);
    }
    let into = "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";
    Err(unreadable(&format!("json: cannot unmarshal {} into Go value of type {into}", kind_of(&value))))
}

/// An error of a parser of JSON, as the server's parser words the one that matters.
pub(crate) fn json_error(error: &serde_json::Error) -> String {
    if error.is_eof() { "unexpected end of JSON input".to_owned() } else { error.to_string() }
}

/// What the server's language calls a value of JSON.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The beginning of a body, for messages.
fn summary(body: &[u8]) -> String {
    const SHOWN: usize = 30;
    let (shown, more) = (body.get(..SHOWN).unwrap_or(body), if body.len() > SHOWN { " ..." } else { "" });
    match body.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(shown)),
        Some(_) => shown.iter().map(|byte| format!("{byte:02x}")).chain([more.to_owned()]).collect(),
    }
}

/// The body as an object of a resource.
///
/// # Errors
/// As [`body`]; and 400 where it is of another kind or version.
pub(crate) fn object(resource: &Resource, request: &Request) -> Result<Value, Refusal> {
    let object = checked(resource, body(request, resource.kind)?)?;
    let (object, unknown) = known(resource, object);
    match unknown.first().filter(|_| request.query.get("fieldValidation") == Some("Strict")) {
        None => Ok(object),
        Some(field) => {
            let message = format!(
                "{} in version \"{}\" cannot be handled as a {}: strict decoding error: unknown field {field:?}",
                resource.kind, resource.version, resource.kind
            );
            Err(Refusal::new(400, "BadRequest", message))
        }
    }
}

/// # Errors
/// 400 where an object says that it is of another kind or version.
pub(crate) fn checked(resource: &Resource, object: Value) -> Result<Value, Refusal> {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    let (version, kind) = (text("apiVersion"), text("kind"));
    let expected = resource.api_version();
    let own = if kind.is_empty() { resource.kind } else { kind };
    let is_known = RESOURCES.iter().any(|other| other.kind == own && other.api_version() == version);
    let message = if !version.is_empty() && version != expected && !is_known {
        let scheme = "in scheme \"pkg/runtime/scheme.go:111\"";
        format!(
            "{own} in version \"{}\" cannot be handled as a {}: no kind {own:?} is registered for version {version:?} {scheme}",
            resource.version, resource.kind
        )
    } else if !version.is_empty() && version != expected {
        format!("the API version in the data ({version}) does not match the expected API version ({expected})")
    } else if !kind.is_empty() && kind != resource.kind {
        let package = match resource.stored_as.unwrap_or(resource).group.split('.').next() {
            None | Some("") => "core",
            Some(package) => package,
        };
        let (own, version) = (resource.kind, resource.version);
        format!(
            "{kind} in version \"{version}\" cannot be handled as a {own}: converting ({version}.{kind}) to ({package}.{own}): unknown conversion"
        )
    } else if object.get("metadata").is_some_and(|metadata| !metadata.is_object() && !metadata.is_null()) {
        format!(
            "{} in version \"{}\" cannot be handled as a {}: json: cannot unmarshal into Go struct field .metadata of type v1.ObjectMeta",
            resource.kind, resource.version, resource.kind
        )
    } else {
        return Ok(with_text_metadata(object));
    };
    Err(Refusal::new(400, "BadRequest", message))
}

/// Without what a kind does not have, and the names of that.
pub(crate) fn known(resource: &Resource, mut object: Value) -> (Value, Vec<String>) {
    let mut unknown = Vec::new();
    let has_own = FLAT.contains(&resource.plural);
    if let Some(map) = object.as_object_mut().filter(|_| !has_own) {
        map.retain(|key, _| {
            let is_known = PARTS.contains(&key.as_str());
            if !is_known {
                unknown.push(key.clone());
            }
            is_known
        });
    }
    (object, unknown)
}

/// Names are text; whatever else stands there is none.
fn with_text_metadata(mut object: Value) -> Value {
    if let Some(metadata) = object.get_mut("metadata") {
        if metadata.is_null() {
            *metadata = json!({});
        }
        if let Some(metadata) = metadata.as_object_mut() {
            for key in ["name", "namespace", "generateName", "uid", "resourceVersion"] {
                if metadata.get(key).is_some_and(|value| !value.is_string()) {
                    metadata.remove(key);
                }
            }
            for key in ["labels", "annotations"] {
                if metadata.get(key).is_some_and(|value| !value.is_object()) {
                    metadata.remove(key);
                }
            }
        }
    }
    object
}
