//! Delete: options, preconditions, grace, finalizers and what hangs on an object.

use crate::answer::Answer;
use crate::decode;
use crate::negotiate::{Encoding, View};
use crate::page;
use crate::request::Request;
use crate::resource::Resource;
use crate::route::Place;
use crate::select::Selection;
use crate::show;
use crate::status::Refusal;
use crate::store::{Store, metadata_mut, not_found};
use crate::time;
use crate::validate::{self, Cause};
use crate::write::{check_dry_run, conflict};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

/// Kinds whose deletion answers with the object and not with a Status.
const RETURNED: [&str; 8] = [
    "persistentvolumeclaims",
    "persistentvolumes",
    "pods",
    "resourcequotas",
    "serviceaccounts",
    "services",
    "storageclasses",
    "namespaces",
];
/// What keeps an object until what hangs on it is gone.
pub(crate) const FOREGROUND: &str = "foregroundDeletion";
/// What keeps an object until nothing hangs on it any more.
pub(crate) const ORPHAN: &str = "orphan";

/// `DeleteOptions`.
#[derive(Debug, Default)]
pub(crate) struct Options {
    grace: Option<i64>,
    uid: Option<String>,
    version: Option<String>,
    propagation: Option<String>,
    is_dry: bool,
}

impl Options {
    /// From the body where there is one, and then from nowhere else; otherwise from the query.
    fn of(request: &Request) -> Result<Self, Refusal> {
        let query = |key: &str| request.query.filled(key).map(str::to_owned);
        let (options, dry): (Self, Vec<String>) = if request.body.is_empty() {
            let number = |text: String| {
                let bad = |_| format!("strconv.ParseInt: parsing {text:?}: invalid syntax");
                text.parse().map_err(bad).map_err(|message| Refusal::new(400, "BadRequest", message))
            };
            let grace = query("gracePeriodSeconds").map(number).transpose()?;
            let dry = request.query.all("dryRun").map(str::to_owned).filter(|value| !value.is_empty()).collect();
            (Self { grace, propagation: query("propagationPolicy"), ..Self::default() }, dry)
        } else {
            let body = decode::body(request, "DeleteOptions")?;
            if let Some(kind) = body.get("kind").and_then(Value::as_str).filter(|kind| *kind != "DeleteOptions") {
                let scheme = "in scheme \"pkg/runtime/scheme.go:111\"";
                let message = format!("no kind {kind:?} is registered for version \"meta.k8s.io/v1\" {scheme}");
                return Err(Refusal::new(400, "BadRequest", message));
            }
            let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
            let dry = body.get("dryRun").and_then(Value::as_array).into_iter().flatten();
            let dry = dry.filter_map(|value| value.as_str().map(str::to_owned)).collect();
            let orphans = body.get("orphanDependents") == Some(&json!(true));
            let options = Self {
                grace: body.get("gracePeriodSeconds").and_then(Value::as_i64),
                uid: text("/preconditions/uid"),
                version: text("/preconditions/resourceVersion"),
                propagation: text("/propagationPolicy").or_else(|| orphans.then(|| "Orphan".to_owned())),
                is_dry: false,
            };
            (options, dry)
        };
        let dry: Vec<&str> = dry.iter().map(String::as_str).collect();
        let is_dry = check_dry_run(&dry, "DeleteOptions")?;
        let supported = ["Foreground", "Background", "Orphan"];
        if let Some(policy) = options.propagation.as_deref().filter(|policy| !supported.contains(policy)) {
            let cause =
                Cause::unsupported("propagationPolicy", &policy.into(), &["Foreground", "Background", "Orphan", "nil"]);
            return Err(validate::invalid("meta.k8s.io", "DeleteOptions", "", vec![cause]));
        }
        Ok(Self { is_dry, grace: options.grace.map(|grace| if grace < 0 { 1 } else { grace }), ..options })
    }

    /// At once, with everything that hangs on it going by and by.
    pub(crate) fn background() -> Self {
        Self::default()
    }

    /// From the `deleteOptions` of an Eviction.
    pub(crate) fn of_eviction(eviction: &Value, is_dry: bool) -> Self {
        let text = |pointer: &str| eviction.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        Self {
            grace: eviction.pointer("/deleteOptions/gracePeriodSeconds").and_then(Value::as_i64),
            uid: text("/deleteOptions/preconditions/uid"),
            version: text("/deleteOptions/preconditions/resourceVersion"),
            propagation: None,
            is_dry,
        }
    }
}

/// Deletes one object.
pub(crate) fn delete(
    store: &mut Store,
    request: &Request,
    resource: &'static Resource,
    place: &Place,
    (view, encoding): (View, Encoding),
) -> Result<Answer, Refusal> {
    let options = Options::of(request)?;
    let before = store.get(resource, Some(&place.namespace), &place.name);
    let uid = before.and_then(|object| object.pointer("/metadata/uid")).cloned().unwrap_or_default();
    let (object, is_gone) = begin(store, resource, Some(&place.namespace), &place.name, &options)?;
    if is_gone && !RETURNED.contains(&resource.plural) {
        let mut details = json!({ "name": place.name, "kind": resource.plural, "uid": uid });
        if !resource.group.is_empty() {
            details["group"] = resource.group.into();
        }
        let status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details,
        });
        return Ok(show::encode(request, 200, &status, encoding));
    }
    Ok(show::object(request, 200, resource, &object, view, encoding, store.now()))
}

/// Deletes all that are selected, and answers with them.
pub(crate) fn delete_many(
    store: &mut Store,
    request: &Request,
    resource: &'static Resource,
    place: &Place,
    (view, encoding): (View, Encoding),
) -> Result<Answer, Refusal> {
    let options = Options::of(request)?;
    let selection = Selection::of(&request.query, resource)?;
    let mut page = page::read(store, resource, &place.namespace, &request.query, &selection)?;
    for item in &mut page.items {
        let name = item.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let (object, _) = begin(store, resource, Some(&place.namespace), &name, &options)?;
        *item = object.into();
    }
    Ok(show::list(request, resource, page, view, encoding, store.now()))
}

/// Begins a deletion: the object as it is then, and whether it is gone.
///
/// # Errors
/// 404 without it, 409 where a precondition does not hold.
pub(crate) fn begin(
    store: &mut Store,
    resource: &Resource,
    namespace: Option<&str>,
    name: &str,
    options: &Options,
) -> Result<(Value, bool), Refusal> {
    let before = store.get(resource, namespace, name).ok_or_else(|| not_found(resource, name))?.clone();
    preconditions(resource, &before, name, options)?;
    let grace = grace(resource, &before, options);
    let holders = holders(resource, &before, options);
    if grace == Some(0) && holders.is_empty() && resource.plural != "pods" {
        let last = if options.is_dry { before } else { store.remove(resource, namespace, name)? };
        return Ok((last, true));
    }
    let now = store.now();
    let change = |object: &mut Value| {
        let is_namespace = resource.plural == "namespaces";
        let metadata = metadata_mut(object);
        if !holders.is_empty() && !is_namespace {
            metadata.insert("finalizers".to_owned(), json!(holders));
        }
        if let Some(grace) = grace {
            let begun = begun(metadata).filter(|begun| *begun <= now).unwrap_or(now);
            let until = begun.saturating_add(SignedDuration::from_secs(grace)).unwrap_or(now).max(now);
            metadata.insert("deletionTimestamp".to_owned(), time::seconds(until).into());
            metadata.insert("deletionGracePeriodSeconds".to_owned(), grace.into());
        }
        if is_namespace {
            metadata.remove("deletionGracePeriodSeconds");
            object["status"]["phase"] = "Terminating".into();
        }
    };
    let after = if options.is_dry {
        store.preview(resource, namespace, name, change)?
    } else {
        store.update(resource, namespace, name, change)?
    };
    Ok((after, grace == Some(0) && holders.is_empty()))
}

/// When a deletion began that has a deadline already.
fn begun(metadata: &Map<String, Value>) -> Option<Timestamp> {
    let deadline = time::parse(metadata.get("deletionTimestamp")?.as_str()?)?;
    let grace = metadata.get("deletionGracePeriodSeconds")?.as_i64()?;
    deadline.saturating_sub(SignedDuration::from_secs(grace)).ok()
}

/// Seconds until the object may go. None where it is going already and no sooner.
fn grace(resource: &Resource, before: &Value, options: &Options) -> Option<i64> {
    let is_going = before.pointer("/metadata/deletionTimestamp").is_some();
    if resource.plural != "pods" {
        return (!is_going).then_some(0);
    }
    let number = |pointer: &str| before.pointer(pointer).and_then(Value::as_i64);
    let is_scheduled = before.pointer("/spec/nodeName").and_then(Value::as_str).is_some_and(|node| !node.is_empty());
    let is_over = matches!(before.pointer("/status/phase").and_then(Value::as_str), Some("Succeeded" | "Failed"));
    if is_going {
        let left = number("/metadata/deletionGracePeriodSeconds").unwrap_or(0);
        return if left == 0 { Some(0) } else { options.grace.filter(|grace| *grace < left) };
    }
    let wanted = options.grace.or_else(|| number("/spec/terminationGracePeriodSeconds")).unwrap_or(30);
    Some(if is_scheduled && !is_over { wanted } else { 0 })
}

/// The finalizers of an object whose deletion begins.
fn holders(resource: &Resource, before: &Value, options: &Options) -> Vec<String> {
    let finalizers = before.pointer("/metadata/finalizers").and_then(Value::as_array).into_iter().flatten();
    let mut holders: Vec<String> = finalizers.filter_map(|held| held.as_str().map(str::to_owned)).collect();
    let more = match options.propagation.as_deref() {
        Some("Foreground") => Some(FOREGROUND),
        Some("Orphan") => Some(ORPHAN),
        _ => None,
    };
    if let Some(more) = more.filter(|more| !holders.iter().any(|held| held == more)) {
        holders.push(more.to_owned());
    }
    if resource.plural == "namespaces" {
        // What a namespace waits for stands in its spec.
        holders.push("kubernetes".to_owned());
    }
    holders
}

fn preconditions(resource: &Resource, before: &Value, name: &str, options: &Options) -> Result<(), Refusal> {
    let at = |pointer: &str| before.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (uid, version) = (at("/metadata/uid"), at("/metadata/resourceVersion"));
    let why = if let Some(wanted) = options.uid.as_deref().filter(|wanted| *wanted != uid) {
        format!(
            "the UID in the precondition ({wanted}) does not match the UID in record ({uid}). The object might have been deleted and then recreated"
        )
    } else if let Some(wanted) = options.version.as_deref().filter(|wanted| *wanted != version) {
        format!(
            "the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in record ({version}). The object might have been modified"
        )
    } else {
        return Ok(());
    };
    let qualified = if resource.group.is_empty() {
        resource.kind.to_owned()
    } else {
        format!("{}.{}", resource.kind, resource.group)
    };
    Err(conflict(&qualified, name, &why).about(resource.group, resource.kind, name))
}
