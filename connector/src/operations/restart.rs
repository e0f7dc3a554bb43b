//! `restart_deployment`: new pods for a Deployment, one after another.

use crate::api::{Address, Asked, Writes};
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::Outcome;
use crate::bindings::meho::connector::effects::Effect;
use crate::bindings::meho::connector::failures::{Failure, Problem};
use crate::clock::instant_of_the_call;
use crate::effects::{argument, object, patch, read, search};
use crate::failure::{in_a_line, unreadable};
use crate::kinds::deployment::DEPLOYMENTS;
use crate::node::Shape::{Flag, Int, Object, Pairs, Text};
use crate::node::{Node, Shape};
use crate::operation::{Notes, Operation, Returns, Write};
use crate::operations::lookup::{MAX_OBJECT_BYTES, with_near_names};
use crate::row::{Row, write_object};

/// Restarts a Deployment.
pub struct RestartDeployment;

/// The annotation of the template that kubectl writes too. Another template makes other pods.
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// The Deployment is read first, where it may be: a paused one is refused, since nothing would roll.
pub(crate) fn effects() -> Vec<Effect> {
    let body = r#"{
        "metadata": {"uid": {"$observed": ["before", "/metadata/uid"], "optional": true}},
        "spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": {"$clock": "rfc3339"}}}}}
    }"#;
    let path = || object(&DEPLOYMENTS, argument("name"));
    vec![read("before", path()).optional(), search("near", &DEPLOYMENTS, &["before"]), patch("patch", path(), body)]
}

impl Operation for RestartDeployment {
    const RETURNS: Returns = Returns::Object;

    fn members(row: &mut Row<'_>) {
        restarted(&Restarted::default(), row);
    }
}

impl Write for RestartDeployment {
    fn run(api: &Writes, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        let (name, namespace) = (arguments.required("name"), arguments.required("namespace"));
        let address = Address { resource: DEPLOYMENTS, namespace: Some(namespace), name };
        let mut notes = Notes::default();
        let before = match read_state(api.get(address)) {
            // The patch names it.
            Ok(state) if state.uid.is_none() => return Err(unreadable("a Deployment", "it has no uid")),
            Ok(state) => Some(state),
            Err(Failure::NotFound(missing)) => {
                return Err(with_near_names(api, DEPLOYMENTS, Some(namespace), name, missing));
            }
            Err(failure @ Failure::PermissionDenied(_)) => {
                notes.lost(format!("whether the Deployment is paused could not be read: {}", in_a_line(&failure)));
                None
            }
            Err(failure) => return Err(failure),
        };
        let time = instant_of_the_call();
        if let Some(before) = &before {
            if before.paused {
                return Err(is_paused(name, namespace));
            }
            if before.replicas == Some(0) {
                notes.warn("it has no replicas: there are no pods to restart".to_owned());
            }
            if before.restart_time.as_deref() == Some(&time) {
                notes.warn("it was restarted in this very second already: nothing has changed".to_owned());
            }
        }
        let mut body = Vec::new();
        write_object(&mut body, |patch| {
            if let Some(before) = &before {
                patch.object("metadata", |metadata| metadata.text("uid", before.uid.as_deref().unwrap_or_default()));
            }
            patch.object("spec", |spec| {
                spec.object("template", |template| {
                    template.object("metadata", |metadata| {
                        metadata.object("annotations", |annotations| annotations.text(RESTARTED_AT, &time));
                    });
                });
            });
        });
        let now = read_state(api.patch(address, &body))?;
        let done = Restarted { name, namespace, time: &time, before, now };
        Ok(notes.object(|row| restarted(&done, row)))
    }
}

fn is_paused(name: &str, namespace: &str) -> Failure {
    Failure::Conflict(Problem {
        message: format!("the Deployment {name} is paused: a restart would do nothing before it is resumed"),
        hint: Some(format!(
            "resume it first, as with kubectl rollout resume deployment/{name} -n {namespace}: nothing was changed"
        )),
    })
}

#[derive(Default)]
struct Restarted<'a> {
    name: &'a str,
    namespace: &'a str,
    time: &'a str,
    before: Option<State>,
    now: State,
}

fn restarted(done: &Restarted<'_>, row: &mut Row<'_>) {
    row.text("deployment", done.name);
    row.text("namespace", done.namespace);
    // Anything else is a failure.
    row.flag("restarted", true);
    // The very text of the annotation.
    row.text("restart_time", done.time);
    // Null where it never was restarted, or where that could not be read.
    row.untrusted("previous_restart_time", done.before.as_ref().and_then(|before| before.restart_time.as_deref()));
    row.int_or_null("generation", done.now.generation);
    row.int_or_null("replicas", done.now.replicas);
    row.text_or_null("uid", done.now.uid.as_deref());
    row.text_or_null("resource_version", done.now.resource_version.as_deref());
}

const STATE: &Shape = &Object(&[
    ("metadata", Object(&[("uid", Text), ("resourceVersion", Text), ("generation", Int)])),
    (
        "spec",
        Object(&[
            ("paused", Flag),
            ("replicas", Int),
            ("template", Object(&[("metadata", Object(&[("annotations", Pairs)]))])),
        ]),
    ),
]);

/// A Deployment, as far as it matters.
#[derive(Default)]
struct State {
    uid: Option<String>,
    resource_version: Option<String>,
    generation: Option<i64>,
    paused: bool,
    replicas: Option<i64>,
    restart_time: Option<String>,
}

fn read_state(asked: Asked<'_>) -> Result<State, Failure> {
    let bytes = asked.bytes(MAX_OBJECT_BYTES)?;
    let deployment = Node::parse(STATE, &bytes).map_err(|error| unreadable("a Deployment", &error.to_string()))?;
    let (metadata, spec) = (deployment.part("metadata"), deployment.part("spec"));
    let template = spec.part("template");
    let of_template = template.part("metadata");
    Ok(State {
        uid: metadata.filled("uid").map(str::to_owned),
        resource_version: metadata.filled("resourceVersion").map(str::to_owned),
        generation: metadata.int("generation"),
        paused: spec.is("paused"),
        replicas: spec.int("replicas"),
        restart_time: of_template.pair("annotations", RESTARTED_AT).map(str::to_owned),
    })
}
