//! `scale_deployment` and `scale_statefulset`: how many pods there shall be.

use crate::api::{Address, Asked, Reads, Writes, whole_pages};
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::Outcome;
use crate::bindings::meho::connector::effects::Effect;
use crate::bindings::meho::connector::failures::Failure;
use crate::effects::{FEW_PAGES, JSON, argument, collection, patch, read, search, subresource};
use crate::failure::{in_a_line, unreadable};
use crate::kinds::deployment::DEPLOYMENTS;
use crate::kinds::stateful_set::STATEFUL_SETS;
use crate::metadata::ListMeta;
use crate::node::Shape::{Int, Object, Text};
use crate::node::{Node, Shape};
use crate::operation::{Notes, Operation, Returns, Write};
use crate::operations::lookup::with_near_names;
use crate::page::{Item, read_pages};
use crate::resource::{AUTOSCALERS, Resource, Scope};
use crate::row::{Row, write_object};

/// Largest Scale object: it has a dozen fields, and managedFields.
const MAX_SCALE_BYTES: usize = 1 << 20;

/// Scales a Deployment.
pub struct ScaleDeployment;

/// Scales a StatefulSet.
pub struct ScaleStatefulSet;

/// The scale is read first, where it may be, for the number before, and for the uid and the version that the patch then names: what changed since
/// it was read, or since it was planned, is not written over. Autoscalers are read to warn of one that would undo it.
fn effects(resource: &Resource) -> Vec<Effect> {
    let body = r#"{
        "metadata": {
            "uid": {"$observed": ["before", "/metadata/uid"], "optional": true},
            "resourceVersion": {"$observed": ["before", "/metadata/resourceVersion"], "optional": true}
        },
        "spec": {"replicas": {"$argument": "replicas"}}
    }"#;
    let path = || subresource(resource, argument("name"), "scale");
    vec![
        read("before", path()).optional(),
        search("near", resource, &["before"]),
        read("autoscalers", collection(&AUTOSCALERS, Scope::Namespace)).paged(FEW_PAGES).optional(),
        patch("patch", path(), body),
    ]
}

pub(crate) fn deployment_effects() -> Vec<Effect> {
    effects(&DEPLOYMENTS)
}

pub(crate) fn stateful_set_effects() -> Vec<Effect> {
    effects(&STATEFUL_SETS)
}

impl Operation for ScaleDeployment {
    const RETURNS: Returns = Returns::Object;

    fn members(row: &mut Row<'_>) {
        result("deployment", "", "", &Scaled::default(), row);
    }
}

impl Write for ScaleDeployment {
    fn run(api: &Writes, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        run(api, DEPLOYMENTS, "deployment", arguments)
    }
}

impl Operation for ScaleStatefulSet {
    const RETURNS: Returns = Returns::Object;

    fn members(row: &mut Row<'_>) {
        result("statefulset", "", "", &Scaled::default(), row);
    }
}

impl Write for ScaleStatefulSet {
    fn run(api: &Writes, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        run(api, STATEFUL_SETS, "statefulset", arguments)
    }
}

fn run(api: &Writes, resource: Resource, what: &'static str, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
    let (name, namespace) = (arguments.required("name"), arguments.required("namespace"));
    let mut notes = Notes::default();
    let scaled = scale(api, resource, namespace, name, arguments.number("replicas").unwrap_or_default(), &mut notes)?;
    Ok(notes.object(|row| result(what, name, namespace, &scaled, row)))
}

/// `what` is the member with the object's name.
fn result(what: &'static str, name: &str, namespace: &str, scaled: &Scaled, row: &mut Row<'_>) {
    row.text(what, name);
    row.text("namespace", namespace);
    row.int("replicas", scaled.now.replicas);
    // Anything else is a failure.
    row.flag("scaled", true);
    // Null where it could not be read.
    row.int_or_null("previous_replicas", scaled.before.as_ref().map(|before| before.replicas));
    row.text_or_null("uid", scaled.now.uid.as_deref());
    row.text_or_null("resource_version", scaled.now.resource_version.as_deref());
}

const SCALE: &Shape = &Object(&[
    ("metadata", Object(&[("uid", Text), ("resourceVersion", Text)])),
    ("spec", Object(&[("replicas", Int)])),
]);

/// A Scale, as far as it matters. `spec` is empty for none.
#[derive(Default)]
struct Scale {
    uid: Option<String>,
    resource_version: Option<String>,
    replicas: i64,
}

#[derive(Default)]
struct Scaled {
    before: Option<Scale>,
    now: Scale,
}

fn scale(
    api: &Writes,
    resource: Resource,
    namespace: &str,
    name: &str,
    replicas: u64,
    notes: &mut Notes,
) -> Result<Scaled, Failure> {
    let address = Address { resource, namespace: Some(namespace), name };
    // Both reads are on their way before either is waited for.
    let before = api.get_subresource(address, "scale", &[], JSON);
    let autoscalers = ask_autoscalers(api, namespace, None);
    let before = match read_scale(before) {
        // The patch names them.
        Ok(scale) if scale.uid.is_none() || scale.resource_version.is_none() => {
            return Err(unreadable("a Scale", "it has no uid or no resourceVersion"));
        }
        Ok(scale) => Some(scale),
        Err(Failure::NotFound(missing)) => return Err(with_near_names(api, resource, Some(namespace), name, missing)),
        Err(failure @ Failure::PermissionDenied(_)) => {
            notes.lost(format!("the number of replicas before could not be read: {}", in_a_line(&failure)));
            None
        }
        Err(failure) => return Err(failure),
    };
    let kind = resource.kind;
    match autoscalers_of(api, namespace, autoscalers, kind, name) {
        Ok(names) => names.into_iter().for_each(|name| {
            notes.warn(format!(
                "HorizontalPodAutoscaler {name} targets this {kind}: it will set the number of replicas again"
            ));
        }),
        Err(failure) => {
            notes.lost(format!(
                "whether an autoscaler targets this {kind} could not be looked up: {}",
                in_a_line(&failure)
            ));
        }
    }
    let mut body = Vec::new();
    write_object(&mut body, |patch| {
        if let Some(before) = &before {
            patch.object("metadata", |metadata| {
                metadata.text("uid", before.uid.as_deref().unwrap_or_default());
                metadata.text("resourceVersion", before.resource_version.as_deref().unwrap_or_default());
            });
        }
        patch.object("spec", |spec| spec.int("replicas", i64::try_from(replicas).unwrap_or(i64::MAX)));
    });
    let now = read_scale(api.patch_subresource(address, "scale", &body))?;
    Ok(Scaled { before, now })
}

fn read_scale(asked: Asked<'_>) -> Result<Scale, Failure> {
    let bytes = asked.bytes(MAX_SCALE_BYTES)?;
    let scale = Node::parse(SCALE, &bytes).map_err(|error| unreadable("a Scale", &error.to_string()))?;
    let metadata = scale.part("metadata");
    Ok(Scale {
        uid: metadata.filled("uid").map(str::to_owned),
        resource_version: metadata.filled("resourceVersion").map(str::to_owned),
        replicas: scale.part("spec").count("replicas"),
    })
}

struct AutoscalerItem;

impl Item for AutoscalerItem {
    const SHAPE: &'static Shape = &Object(&[
        ("metadata", Object(&[("name", Text)])),
        ("spec", Object(&[("scaleTargetRef", Object(&[("kind", Text), ("name", Text)]))])),
    ]);
}

fn ask_autoscalers<'a>(api: &Reads, namespace: &'a str, token: Option<&str>) -> Asked<'a> {
    api.list(AUTOSCALERS, Some(namespace), &whole_pages(token), JSON)
}

/// Names of the autoscalers that set the replicas of this object.
fn autoscalers_of<'a>(
    api: &Reads,
    namespace: &'a str,
    first: Asked<'a>,
    kind: &str,
    name: &str,
) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    let mut next =
        |head: &ListMeta| head.next_token.as_deref().map(|token| ask_autoscalers(api, namespace, Some(token)));
    read_pages::<AutoscalerItem>(first, &mut next, &mut |autoscaler| {
        let spec = autoscaler.part("spec");
        let target = spec.part("scaleTargetRef");
        if target.text("kind") == Some(kind) && target.text("name") == Some(name) {
            names.push(autoscaler.part("metadata").text("name").unwrap_or_default().to_owned());
        }
    })?;
    Ok(names)
}
