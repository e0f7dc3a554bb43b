//! What stands behind an object's name: status, scale, log, token, eviction and binding.

mod logs;
mod scale;

pub(crate) use logs::Written;

use crate::answer::Answer;
use crate::cluster::{State, not_allowed};
use crate::delete::{self, Options};
use crate::patch::{self, Form};
use crate::request::Request;
use crate::resource::{DISRUPTION_BUDGETS, PODS, Resource};
use crate::route::Place;
use crate::select::Labels;
use crate::status::Refusal;
use crate::store::{Store, child_mut, not_found};
use crate::{authn, decode, negotiate, show, time, write};
use serde_json::{Value, json};

/// Answers a request for a subresource that the resource has.
pub(crate) fn answer(
    state: &mut State,
    request: &Request,
    resource: &'static Resource,
    place: &Place,
) -> Result<Answer, Refusal> {
    if resource.namespaced == place.namespace.is_empty() && resource.plural != "namespaces" {
        return Err(not_allowed());
    }
    match (place.subresource.as_str(), place.verb.as_str()) {
        ("log", "get") => logs::answer(&state.store, &state.written, request, place),
        ("scale", "get" | "update" | "patch") => scale::answer(&mut state.store, request, resource, place),
        ("status", "get" | "update" | "patch") => status(&mut state.store, request, resource, place),
        ("token", "create") => {
            let body = decode::body(request, "TokenRequest")?;
            let token = authn::issue(&mut state.tokens, &state.store, &place.namespace, &place.name, &body)?;
            Ok(Answer::json(201, &token))
        }
        ("eviction", "create") => evict(&mut state.store, request, place),
        ("binding", "create") => bind(&mut state.store, request, place),
        _ => Err(not_allowed()),
    }
}

fn status(store: &mut Store, request: &Request, resource: &'static Resource, place: &Place) -> Result<Answer, Refusal> {
    let (view, encoding) = negotiate::for_resource(request, &place.verb)?;
    let before = store.get(resource, Some(&place.namespace), &place.name);
    let before = before.ok_or_else(|| not_found(resource, &place.name))?;
    let object = match place.verb.as_str() {
        "get" => return Ok(show::object(request, 200, resource, before, view, encoding, store.now())),
        "update" => {
            let object = decode::object(resource, request)?;
            write::same_place(&object, place)?;
            write::same_uid(resource, before, &object)?;
            object
        }
        _ => patch::apply(Form::of(request.content_type())?, &request.body, before)?,
    };
    write::same_version(resource, before, &object)?;
    let is_dry = write::is_dry_run(request, "UpdateOptions")?;
    let after = write::write(store, resource, place, &object, is_dry)?;
    Ok(show::object(request, 200, resource, &after, view, encoding, store.now()))
}

/// Deletes a pod unless a budget forbids it.
fn evict(store: &mut Store, request: &Request, place: &Place) -> Result<Answer, Refusal> {
    let eviction = decode::body(request, "Eviction")?;
    let is_dry = write::is_dry_run(request, "CreateOptions")?
        || eviction.pointer("/deleteOptions/dryRun").and_then(Value::as_array).is_some_and(|dry| !dry.is_empty());
    let name = eviction.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    if name != place.name {
        return Err(Refusal::new(400, "BadRequest", "name in URL does not match name in Eviction object"));
    }
    let pod = store.get(&PODS, Some(&place.namespace), name).ok_or_else(|| not_found(&PODS, name))?;
    let labels = pod.pointer("/metadata/labels");
    let covers = |budget: &&Value| {
        Labels::of_object(budget.pointer("/spec/selector")).is_some_and(|selector| selector.matches(labels))
    };
    let is_running = matches!(pod.pointer("/status/phase").and_then(Value::as_str), Some("Running"));
    let budget = store.list(&DISRUPTION_BUDGETS, Some(&place.namespace)).filter(|_| is_running).find(covers);
    if let Some(budget) = budget {
        let number =
            |key: &str| budget.get("status").and_then(|status| status.get(key)).and_then(Value::as_i64).unwrap_or(0);
        if number("disruptionsAllowed") == 0 {
            let name = budget.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            let (needed, healthy) = (number("desiredHealthy"), number("currentHealthy"));
            let why = format!("The disruption budget {name} needs {needed} healthy pods and has {healthy} currently");
            let message = "Cannot evict pod as it would violate the pod's disruption budget.";
            let cause = json!([{ "reason": "DisruptionBudget", "message": why }]);
            return Err(Refusal::new(429, "TooManyRequests", message).detail("causes", cause));
        }
    }
    delete::begin(store, &PODS, Some(&place.namespace), name, &Options::of_eviction(&eviction, is_dry))?;
    Ok(success())
}

/// Gives a pod its node, as a scheduler does.
fn bind(store: &mut Store, request: &Request, place: &Place) -> Result<Answer, Refusal> {
    let binding = decode::body(request, "Binding")?;
    let node = binding.pointer("/target/name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let namespace = Some(place.namespace.as_str());
    let pod = store.get(&PODS, namespace, &place.name).ok_or_else(|| not_found(&PODS, &place.name))?;
    let taken = pod.pointer("/spec/nodeName").and_then(Value::as_str).unwrap_or_default();
    if !taken.is_empty() {
        let why = format!("pod {} is already assigned to node {taken:?}", place.name);
        return Err(write::conflict("pods/binding", &place.name, &why).about("", "pods/binding", &place.name));
    }
    let now = time::seconds(store.now());
    store.update(&PODS, namespace, &place.name, |pod| {
        child_mut(pod, "spec").insert("nodeName".to_owned(), node.into());
        let conditions = child_mut(pod, "status").entry("conditions").or_insert_with(|| json!([]));
        if let Some(conditions) = conditions.as_array_mut() {
            conditions.retain(|condition| condition.get("type").and_then(Value::as_str) != Some("PodScheduled"));
            conditions.push(json!({ "type": "PodScheduled", "status": "True", "lastTransitionTime": now }));
        }
    })?;
    Ok(success())
}

fn success() -> Answer {
    let status = json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201 });
    Answer::json(201, &status)
}
