//! Create, update and patch.

use crate::answer::Answer;
use crate::decode;
use crate::negotiate::{Encoding, View};
use crate::patch::{self, Form};
use crate::random;
use crate::request::Request;
use crate::resource::{NAMESPACES, Resource, SERVICE_ACCOUNTS};
use crate::route::Place;
use crate::show;
use crate::status::Refusal;
use crate::store::{Store, metadata_mut, not_found};
use crate::validate::{self, Cause};
use crate::{events, rbac};
use serde_json::{Value, json};

pub(crate) use crate::delete::{delete, delete_many};

/// What is never a client's to say.
const OF_THE_SERVER: [&str; 6] =
    ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "managedFields"];

/// Whether an answer is wanted without an effect.
///
/// # Errors
/// 422 for another value than `All`.
pub(crate) fn is_dry_run(request: &Request, options: &str) -> Result<bool, Refusal> {
    check_dry_run(&request.query.all("dryRun").filter(|value| !value.is_empty()).collect::<Vec<_>>(), options)
}

pub(crate) fn check_dry_run(values: &[&str], options: &str) -> Result<bool, Refusal> {
    if values.iter().any(|value| *value != "All") {
        let cause = Cause::unsupported("dryRun", &json!(values), &["All"]);
        return Err(validate::invalid("meta.k8s.io", options, "", vec![cause]));
    }
    Ok(!values.is_empty())
}

/// Creates an object from the body.
pub(crate) fn create(
    store: &mut Store,
    request: &Request,
    resource: &'static Resource,
    place: &Place,
    (view, encoding): (View, Encoding),
) -> Result<Answer, Refusal> {
    let is_dry = is_dry_run(request, "CreateOptions")?;
    let object = decode::object(resource, request)?;
    let created = create_object(store, resource, &place.namespace, object, is_dry)?;
    Ok(show::object(request, 201, resource, &created, view, encoding, store.now()))
}

fn create_object(
    store: &mut Store,
    resource: &'static Resource,
    namespace: &str,
    mut object: Value,
    is_dry: bool,
) -> Result<Value, Refusal> {
    let given = object.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default().to_owned();
    if resource.namespaced && !given.is_empty() && given != namespace {
        let message = "the namespace of the provided object does not match the namespace sent on the request";
        return Err(Refusal::new(400, "BadRequest", message));
    }
    let metadata = metadata_mut(&mut object);
    if metadata.get("resourceVersion").and_then(Value::as_str).is_some_and(|version| !version.is_empty()) {
        return Err(Refusal::new(500, "", "resourceVersion should not be set on objects to be created"));
    }
    metadata.remove("resourceVersion");
    OF_THE_SERVER.iter().for_each(|key| {
        metadata.remove(*key);
    });
    if resource.namespaced {
        metadata.insert("namespace".to_owned(), namespace.into());
    }
    name(metadata);
    // Nodes may come with their status: a kubelet registers itself with it.
    if resource.subresources.contains(&"status")
        && resource.plural != "nodes"
        && let Some(object) = object.as_object_mut()
    {
        object.remove("status");
    }
    if resource.namespaced {
        admit_namespace(store, resource, namespace, &object)?;
    }
    if resource.stored_as.is_some() {
        object = events::to_core(&object);
    }
    let prepared = store.prepare(resource, object)?;
    validate::object(resource, &prepared)?;
    if resource.plural == "pods" {
        admit_account(store, namespace, &prepared)?;
    }
    if is_dry { Ok(prepared) } else { store.create(resource, prepared) }
}

fn name(metadata: &mut serde_json::Map<String, Value>) {
    let is_named = metadata.get("name").and_then(Value::as_str).is_some_and(|name| !name.is_empty());
    let prefix = metadata.get("generateName").and_then(Value::as_str).filter(|prefix| !prefix.is_empty());
    if let Some(prefix) = prefix.filter(|_| !is_named) {
        // A name has 63 bytes at most, and the suffix five.
        let prefix: String = prefix.chars().take(58).collect();
        metadata.insert("name".to_owned(), format!("{prefix}{}", random::suffix()).into());
    }
}

fn admit_namespace(store: &Store, resource: &Resource, namespace: &str, object: &Value) -> Result<(), Refusal> {
    let found = store.get(&NAMESPACES, None, namespace).ok_or_else(|| not_found(&NAMESPACES, namespace))?;
    if found.pointer("/status/phase").and_then(Value::as_str) != Some("Terminating") {
        return Ok(());
    }
    let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    let cause = json!([{
        "reason": "NamespaceTerminating",
        "message": format!("namespace {namespace} is being terminated"),
        "field": "metadata.namespace",
    }]);
    Err(rbac::is_forbidden(resource.group, resource.plural, name, &why).detail("causes", cause))
}

fn admit_account(store: &Store, namespace: &str, pod: &Value) -> Result<(), Refusal> {
    let account = pod.pointer("/spec/serviceAccountName").and_then(Value::as_str).unwrap_or("default");
    if store.get(&SERVICE_ACCOUNTS, Some(namespace), account).is_some() {
        return Ok(());
    }
    let name = pod.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let why = format!("error looking up service account {namespace}/{account}: serviceaccount \"{account}\" not found");
    Err(rbac::is_forbidden("", "pods", name, &why))
}

/// Replaces an object by the body.
pub(crate) fn update(
    store: &mut Store,
    request: &Request,
    resource: &'static Resource,
    place: &Place,
    (view, encoding): (View, Encoding),
) -> Result<Answer, Refusal> {
    let is_dry = is_dry_run(request, "UpdateOptions")?;
    let mut object = decode::object(resource, request)?;
    same_place(&object, place)?;
    let before = store.get(resource, Some(&place.namespace), &place.name);
    let before = before.ok_or_else(|| not_found(resource, &place.name))?;
    same_uid(resource, before, &object)?;
    same_version(resource, before, &object)?;
    if resource.stored_as.is_some() {
        object = events::to_core(&object);
    }
    let changed = write(store, resource, place, &object, is_dry)?;
    Ok(show::object(request, 200, resource, &changed, view, encoding, store.now()))
}

/// Changes an object by a patch.
pub(crate) fn patch(
    store: &mut Store,
    request: &Request,
    resource: &'static Resource,
    place: &Place,
    (view, encoding): (View, Encoding),
) -> Result<Answer, Refusal> {
    let form = Form::of(request.content_type())?;
    let is_dry = is_dry_run(request, "PatchOptions")?;
    let Some(before) = store.get(resource, Some(&place.namespace), &place.name) else {
        if form != Form::Apply {
            return Err(not_found(resource, &place.name));
        }
        require_manager(request)?;
        let object = decode::checked(resource, patch::applied(&request.body)?)?;
        same_place(&object, place)?;
        let created = create_object(store, resource, &place.namespace, object, is_dry)?;
        return Ok(show::object(request, 201, resource, &created, view, encoding, store.now()));
    };
    if form == Form::Apply {
        require_manager(request)?;
    }
    let shown = show::versioned(resource, before).into_owned();
    let patched = patch::apply(form, &request.body, &shown)?;
    let (patched, unknown) = decode::known(resource, patched);
    let strict = request.query.get("fieldValidation") == Some("Strict");
    if let Some(field) = unknown.first().filter(|_| strict) {
        let why = format!("strict decoding error: unknown field {field:?}");
        return Err(validate::invalid("", "", "", vec![Cause::invalid("patch", &patched.to_string().into(), &why)]));
    }
    same_place(&patched, place)?;
    same_version(resource, before, &patched)?;
    let patched = if resource.stored_as.is_some() { events::to_core(&patched) } else { patched };
    let changed = write(store, resource, place, &patched, is_dry)?;
    let answer = show::object(request, 200, resource, &changed, view, encoding, store.now());
    let warning = |field: &String| format!("299 - \"unknown field \\\"{field}\\\"\"");
    Ok(unknown.iter().map(warning).fold(answer, |answer, warning| answer.with("warning", warning)))
}

fn require_manager(request: &Request) -> Result<(), Refusal> {
    if request.query.filled("fieldManager").is_some() {
        return Ok(());
    }
    let cause = Cause::required("fieldManager", "is required for apply patch");
    Err(validate::invalid("meta.k8s.io", "PatchOptions", "", vec![cause]))
}

/// Writes an object's new state, or its new status where that is what the place names.
pub(crate) fn write(
    store: &mut Store,
    resource: &'static Resource,
    place: &Place,
    object: &Value,
    is_dry: bool,
) -> Result<Value, Refusal> {
    let namespace = Some(place.namespace.as_str());
    let before = store.get(resource, namespace, &place.name).ok_or_else(|| not_found(resource, &place.name))?;
    validate::identity(resource, before, object)?;
    let is_status = place.subresource == "status";
    let change = |target: &mut Value| merge_parts(resource, target, object, is_status);
    let after = store.preview(resource, namespace, &place.name, change)?;
    if is_status {
        validate::object(resource, &after)?;
    } else {
        validate::changed(resource, before, &after)?;
    }
    if is_dry { Ok(after) } else { store.update(resource, namespace, &place.name, change) }
}

/// The status is written by itself, and nothing else with it; what is being deleted stays so.
fn merge_parts(resource: &Resource, target: &mut Value, object: &Value, is_status: bool) {
    let mut new = object.clone();
    let set = |value: &mut Value, key: &str, part: Option<Value>| {
        if let Some(map) = value.as_object_mut() {
            match part {
                Some(part) => map.insert(key.to_owned(), part),
                None => map.remove(key),
            };
        }
    };
    if is_status {
        set(target, "status", new.get("status").cloned());
        return;
    }
    if resource.subresources.contains(&"status") {
        set(&mut new, "status", target.get("status").cloned());
    }
    for key in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
        let kept = target.get("metadata").and_then(|metadata| metadata.get(key)).cloned();
        let metadata = metadata_mut(&mut new);
        match kept {
            Some(kept) => metadata.insert(key.to_owned(), kept),
            None => metadata.remove(key),
        };
    }
    metadata_mut(&mut new).remove("managedFields");
    *target = new;
}

/// # Errors
/// 400 where the body is of another object than the path.
pub(crate) fn same_place(object: &Value, place: &Place) -> Result<(), Refusal> {
    let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (name, namespace) = (text("/metadata/name"), text("/metadata/namespace"));
    let message = if name != place.name {
        format!("the name of the object ({name}) does not match the name on the URL ({})", place.name)
    } else if !place.namespace.is_empty() && !namespace.is_empty() && namespace != place.namespace {
        format!(
            "the namespace of the object ({namespace}) does not match the namespace on the request ({})",
            place.namespace
        )
    } else {
        return Ok(());
    };
    Err(Refusal::new(400, "BadRequest", message))
}

/// # Errors
/// 409 where a resourceVersion is given and is not the present one.
pub(crate) fn same_version(resource: &Resource, before: &Value, object: &Value) -> Result<(), Refusal> {
    let version = |object: &Value| object.pointer("/metadata/resourceVersion").cloned().unwrap_or_default();
    let given = version(object);
    if given.is_null() || given.as_str() == Some("") || given == version(before) {
        return Ok(());
    }
    let why = "the object has been modified; please apply your changes to the latest version and try again";
    let name = before.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    Err(conflict(&resource.qualified(), name, why).about(resource.group, resource.plural, name))
}

/// # Errors
/// 409 where a uid is given and is another object's.
pub(crate) fn same_uid(resource: &Resource, before: &Value, object: &Value) -> Result<(), Refusal> {
    let text = |object: &Value, key: &str| {
        object
            .get("metadata")
            .and_then(|metadata| metadata.get(key))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (given, uid) = (text(object, "uid"), text(before, "uid"));
    if given.is_empty() || given == uid {
        return Ok(());
    }
    let name = text(before, "name");
    let key = match text(before, "namespace").as_str() {
        "" => format!("/registry/{}/{name}", resource.plural),
        namespace => format!("/registry/{}/{namespace}/{name}", resource.plural),
    };
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {given}, UID in object meta: {uid}"
    );
    Err(conflict(&resource.qualified(), &name, &why).about(resource.group, resource.plural, &name))
}

/// A 409 with its reason.
pub(crate) fn conflict(qualified: &str, name: &str, why: &str) -> Refusal {
    Refusal::new(409, "Conflict", format!("Operation cannot be fulfilled on {qualified} {name:?}: {why}"))
}
