//! How many replicas there are to be: `autoscaling/v1` Scale.

use crate::answer::Answer;
use crate::negotiate;
use crate::patch::{self, Form};
use crate::request::Request;
use crate::resource::Resource;
use crate::route::Place;
use crate::select::Labels;
use crate::status::Refusal;
use crate::store::{Store, child_mut, not_found};
use crate::validate::{self, Cause};
use crate::{decode, show, write};
use serde_json::{Map, Value, json};

pub(super) fn answer(
    store: &mut Store,
    request: &Request,
    resource: &'static Resource,
    place: &Place,
) -> Result<Answer, Refusal> {
    let (_, encoding) = negotiate::for_resource(request, &place.verb)?;
    let namespace = Some(place.namespace.as_str());
    let object = store.get(resource, namespace, &place.name).ok_or_else(|| not_found(resource, &place.name))?;
    let scale = scale_of(resource, object);
    let wanted = match place.verb.as_str() {
        "get" => return Ok(show::encode(request, 200, &scale, encoding)),
        "update" => decode::body(request, "Scale")?,
        _ => patch::apply(Form::of(request.content_type())?, &request.body, &scale)?,
    };
    let is_dry = write::is_dry_run(request, if place.verb == "patch" { "PatchOptions" } else { "UpdateOptions" })?;
    same_uid(resource, object, &wanted)?;
    write::same_version(resource, object, &wanted)?;
    let replicas = replicas(place, &wanted)?;
    let change = |object: &mut Value| {
        child_mut(object, "spec").insert("replicas".to_owned(), replicas.into());
    };
    let after = if is_dry {
        store.preview(resource, namespace, &place.name, change)?
    } else {
        store.update(resource, namespace, &place.name, change)?
    };
    Ok(show::encode(request, 200, &scale_of(resource, &after), encoding))
}

fn same_uid(resource: &Resource, object: &Value, wanted: &Value) -> Result<(), Refusal> {
    let uid = |object: &Value| object.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (given, uid, plural) = (uid(wanted), uid(object), format!("{}/scale", resource.plural));
    if given.is_empty() || given == uid {
        return Ok(());
    }
    let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let qualified = if resource.group.is_empty() { plural.clone() } else { format!("{plural}.{}", resource.group) };
    let why = format!("Precondition failed: UID in precondition: {given}, UID in object meta: {uid}");
    Err(write::conflict(&qualified, name, &why).about(resource.group, &plural, name))
}

fn replicas(place: &Place, wanted: &Value) -> Result<i64, Refusal> {
    let given = wanted.pointer("/spec/replicas").cloned().unwrap_or_else(|| 0.into());
    let given = if given.is_null() { 0.into() } else { given };
    let invalid = |cause| Err(validate::invalid("autoscaling", "Scale", &place.name, vec![cause]));
    match given.as_i64().filter(|number| i32::try_from(*number).is_ok()) {
        Some(replicas) if replicas >= 0 => Ok(replicas),
        Some(_) => invalid(Cause::invalid("spec.replicas", &given, "must be greater than or equal to 0")),
        None => {
            let why =
                format!("json: cannot unmarshal {given} into Go struct field ScaleSpec.spec.replicas of type int32");
            Err(validate::invalid("", "", "", vec![Cause::invalid("patch", &wanted.to_string().into(), &why)]))
        }
    }
}

/// A scale has no field for what is zero, and its status has the replicas that there are.
fn scale_of(resource: &Resource, object: &Value) -> Value {
    let at = |pointer: &str| object.pointer(pointer).cloned().unwrap_or_default();
    let mut metadata = Map::new();
    for key in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        metadata.insert(key.to_owned(), at(&format!("/metadata/{key}")));
    }
    let replicas = at("/spec/replicas");
    let spec = if replicas.as_i64().unwrap_or(0) == 0 { json!({}) } else { json!({ "replicas": replicas }) };
    let mut status = json!({ "replicas": at("/status/replicas").as_i64().unwrap_or(0) });
    let selector = object.pointer("/spec/selector");
    let selector = if resource.group.is_empty() { Labels::of_map(selector) } else { Labels::of_object(selector) };
    if let Some(selector) = selector {
        status["selector"] = selector.show().into();
    }
    json!({ "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status })
}
