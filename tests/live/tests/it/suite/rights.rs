//! Rights, exactly: each operation under the very objects that `meho-host rbac` prints for it, and under those without any one of their rules.
//!
//! With all of them nothing is lost. Without a required one an operation is denied, and says which is missing; only of a description other parts may be
//! missing, which then say so. Without an optional one it works, and some line of it says that it was missed.

use super::case::{Case, Is, cases};
use super::world::World;
use crate::embedded::{Caller, embedded, own_warnings, target, yes};
use crate::{program, servers};
use meho_control_plane::{Cluster, Namespace, until};
use meho_host::error::{CallError, ErrorCode};
use meho_host::policy::catalogue::Operation;
use meho_host::policy::effect::{Condition, Trust};
use meho_host::policy::grammar;
use meho_host::policy::rbac::manifest::{Account, objects};
use meho_host::policy::rbac::{Right, Rights, Wants, grants, rights};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The authorizer learns of roles by watching them.
const EFFECTIVE: Duration = Duration::from_secs(60);
const REVIEWS: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

/// Somebody with the rights of some objects. What of them is in no namespace goes when this is dropped.
pub(super) struct Somebody {
    pub(super) caller: Caller,
    cluster: Cluster,
    outside: Vec<String>,
}

impl Drop for Somebody {
    fn drop(&mut self) {
        for path in &self.outside {
            let _ = self.cluster.admin().delete(path);
        }
    }
}

impl Somebody {
    /// Makes the objects, the account first, and waits until they hold.
    pub(super) fn with(cluster: &Cluster, objects: &[Value]) -> Self {
        let admin = cluster.admin();
        let text = |object: &Value, pointer: &str| {
            object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let account = objects.first().expect("an account");
        let (home, name) = (text(account, "/metadata/namespace"), text(account, "/metadata/name"));
        let mut outside = Vec::new();
        for object in objects {
            admin.create(object).unwrap_or_else(|error| panic!("{object}: {error}"));
            if text(object, "/metadata/namespace") != home {
                outside.push(admin.path_of(object).expect("its path"));
            }
        }
        for role in objects.iter().filter(|object| object.get("rules").is_some()) {
            effective(cluster, &format!("system:serviceaccount:{home}:{name}"), role);
        }
        let path = format!("/api/v1/namespaces/{home}/serviceaccounts/{name}/token");
        let issued = admin.post(&path, &json!({"spec": {}})).expect("a token");
        let token = text(&issued, "/status/token");
        let caller = Caller::new(target(cluster, &token)).asking(yes());
        Self { caller, cluster: cluster.clone(), outside }
    }
}

/// A role and its binding take effect as wholes, so one of its rules is proof of all.
pub(super) fn effective(cluster: &Cluster, user: &str, role: &Value) {
    let rule = &role["rules"][0];
    let resource = rule["resources"][0].as_str().unwrap_or_default();
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let attributes = json!({
        "namespace": role["metadata"]["namespace"], "verb": rule["verbs"][0], "group": rule["apiGroups"][0],
        "resource": resource, "subresource": subresource,
    });
    let review = json!({"spec": {"user": user, "resourceAttributes": attributes}});
    let seen = until(EFFECTIVE, || {
        let answer = cluster.admin().post(REVIEWS, &review).unwrap_or_else(|error| panic!("{error}"));
        (answer["status"]["allowed"] == true).then_some(())
    });
    assert!(seen.is_some(), "{role} does not hold");
}

/// The objects for an operation; for a call that names no namespace, rights that hold everywhere.
pub(super) fn manifest(operation: &Operation, case: &Case, home: &Namespace, name: &str, wants: Wants) -> Vec<Value> {
    let label = |text: &str| grammar::Namespace::parse(text).expect("a label");
    let place = label(home.name());
    let about = case.arguments.get("namespace").map(|_| &place);
    let account = Account { name: label(&name.replace('_', "-")), namespace: place.clone() };
    objects(&grants([operation], about, wants), &account)
}

/// The same objects without one right.
fn without(objects: &[Value], right: &Right) -> Vec<Value> {
    let mut kept = Vec::new();
    for object in objects {
        let Some(rules) = object["rules"].as_array() else {
            kept.push(object.clone());
            continue;
        };
        let mut single = Vec::new();
        for rule in rules {
            let list = |member: &str| rule[member].as_array().cloned().unwrap_or_default();
            for (group, resource, verb) in list("apiGroups")
                .iter()
                .flat_map(|group| {
                    list("resources").into_iter().flat_map(move |resource| {
                        rule["verbs"]
                            .as_array()
                            .into_iter()
                            .flatten()
                            .map(move |verb| (group.clone(), resource.clone(), verb.clone()))
                    })
                })
                .collect::<Vec<_>>()
            {
                if [&group, &resource, &verb] != [&json!(right.api_group), &json!(right.resource), &json!(right.verb)] {
                    single.push(json!({"apiGroups": [group], "resources": [resource], "verbs": [verb]}));
                }
            }
        }
        let mut object = object.clone();
        object["rules"] = json!(single);
        kept.push(object);
    }
    // A role without rules is nothing to wait for.
    kept.retain(|object| object["rules"].as_array().is_none_or(|rules| !rules.is_empty()));
    let roles: Vec<Value> = kept.iter().filter(|it| it.get("rules").is_some()).map(role_of).collect();
    kept.retain(|object| object.get("roleRef").is_none() || roles.contains(&role_of(object)));
    kept
}

/// Which role an object is, or binds.
fn role_of(object: &Value) -> Value {
    let kind = object["kind"].as_str().unwrap_or_default().trim_end_matches("Binding");
    json!([kind, object["metadata"]["namespace"], object["metadata"]["name"]])
}

/// Whether a text is a server's word that this right was missing.
fn names(text: &str, right: &Right) -> bool {
    let Right { api_group, resource, verb } = right;
    text.contains(&format!("cannot {verb} resource \"{resource}\" in API group \"{api_group}\""))
}

/// What is wrong with an error that is to say which right is missing.
fn wrong_denial(error: &CallError, right: &Right) -> Vec<String> {
    let Right { api_group, resource, verb } = right;
    let rule = format!(
        r#"with the rule apiGroups: ["{api_group}"], resources: ["{resource}"], verbs: ["{verb}"] would allow it"#
    );
    let is_named = ["api_group", "resource", "verb"].map(|member| &error.details[member])
        == [&json!(api_group), &json!(resource), &json!(verb)];
    let is_right = error.code == ErrorCode::PermissionDenied && is_named && error.hint.ends_with(&rule);
    if is_right { Vec::new() } else { vec![format!("it should be denied for {right:?}: {error:?}")] }
}

/// Lines of an operation, those that succeed first; of a list one in which nothing is found, which is when it looks whether its namespace is there; and one
/// for each word of which its requests depend, about something that is not there, which is when it looks for what is like it.
pub(super) fn lines_of(operation: &Operation) -> Vec<Case> {
    let id = operation.id.as_str();
    let mut lines: Vec<Case> = cases().iter().filter(|case| case.call == id).cloned().collect();
    lines.sort_by_key(|case| case.is != Is::Success);
    let takes = |name: &str| operation.arguments.parameters().contains_key(name);
    let nothing = [("label_selector", "nothing=has-this"), ("field_selector", "metadata.name=nothing-is-called-this")];
    let selects = nothing.iter().find(|(name, _)| takes(name)).filter(|_| takes("namespace"));
    lines.extend(selects.map(|(name, selector)| {
        let arguments = json!({"namespace": "$NS", *name: selector});
        Case { call: id.to_owned(), arguments, is: Is::Success }
    }));
    let conditions = operation.effects.described().iter().flat_map(|effect| &effect.when);
    let words = conditions.filter_map(|condition| match condition {
        Condition::OneOf((parameter, words)) => Some((parameter, words)),
        Condition::Given(_) | Condition::Absent(_) | Condition::Answered404(_) => None,
    });
    let words: BTreeSet<(&String, &String)> =
        words.flat_map(|(parameter, words)| words.iter().map(move |word| (parameter, word))).collect();
    for (parameter, word) in words {
        let mut arguments = json!({"name": "nothing-is-called-this", parameter.clone(): word});
        lines.push(Case { call: id.to_owned(), arguments: arguments.clone(), is: Is::Success });
        arguments["namespace"] = json!("$NS");
        lines.push(Case { call: id.to_owned(), arguments, is: Is::Success });
    }
    lines
}

/// An operation under each set of rights. Gives all that is wrong.
struct Trial<'w> {
    operation: &'w Operation,
    whole: &'w World,
    wrong: Vec<String>,
}

impl Trial<'_> {
    fn of(operation: &Operation, whole: &World) -> Vec<String> {
        let mut trial = Trial { operation, whole, wrong: Vec::new() };
        let Some(first) = lines_of(operation).into_iter().find(|case| case.is == Is::Success) else {
            return vec![format!("{}: no line of it succeeds", operation.id)];
        };
        let Rights { required, optional } = rights(&operation.effects, &operation.arguments);
        trial.with_all(&first);
        trial.with_required(&first);
        let mut fatal = 0;
        for (number, right) in required.iter().enumerate() {
            fatal += usize::from(trial.without_required(&first, number, right));
        }
        let is_description = operation.id.as_str().starts_with("describe_");
        if is_description && fatal != 1 {
            trial.wrong.push(format!("{fatal} of its rights are fatal, and only that to the object itself should be"));
        }
        for (number, right) in optional.iter().enumerate() {
            trial.without_optional(number, right);
        }
        trial.wrong.into_iter().map(|wrong| format!("{}: {wrong}", operation.id)).collect()
    }

    /// The objects that are asked about: those of all, or some of an operation's own that it may change.
    fn on<T>(&self, case: &Case, what: impl FnOnce(&World) -> T) -> T {
        if self.operation.trust == Trust::Read {
            what(self.whole)
        } else {
            what(&World::of(self.whole.cluster(), &case.resource()))
        }
    }

    fn with_all(&mut self, case: &Case) {
        let answered = self.on(case, |world| {
            let objects =
                manifest(self.operation, case, world.namespace(), &format!("{}-all", self.operation.id), Wants::All);
            let somebody = Somebody::with(world.cluster(), &objects);
            somebody.caller.call(self.operation.id.as_str(), world.filled(&case.arguments))
        });
        match answered {
            Ok((_, meta)) if meta.complete && !own_warnings(&meta).iter().any(|said| said.contains("forbidden")) => {}
            other => self.wrong.push(format!("with all its rights: {:?}", other.map(|(_, meta)| meta))),
        }
    }

    fn with_required(&mut self, case: &Case) {
        let answered = self.on(case, |world| {
            let objects = manifest(
                self.operation,
                case,
                world.namespace(),
                &format!("{}-required", self.operation.id),
                Wants::Required,
            );
            let somebody = Somebody::with(world.cluster(), &objects);
            somebody.caller.call(self.operation.id.as_str(), world.filled(&case.arguments))
        });
        if let Err(error) = answered {
            self.wrong.push(format!("with the required rights: {error:?}"));
        }
    }

    /// Whether it was denied.
    fn without_required(&mut self, case: &Case, number: usize, right: &Right) -> bool {
        let answered = self.on(case, |world| {
            let all = manifest(
                self.operation,
                case,
                world.namespace(),
                &format!("{}-less-{number}", self.operation.id),
                Wants::All,
            );
            let somebody = Somebody::with(world.cluster(), &without(&all, right));
            somebody.caller.call(self.operation.id.as_str(), world.filled(&case.arguments))
        });
        match answered {
            Err(error) => {
                self.wrong.extend(wrong_denial(&error, right));
                true
            }
            Ok((_, meta)) => {
                let is_said = meta.warnings.iter().any(|said| names(said, right)) && !meta.complete;
                let may_be = self.operation.id.as_str().starts_with("describe_");
                if !is_said || !may_be {
                    self.wrong.push(format!("without {right:?} it should be denied, or say so: {meta:?}"));
                }
                false
            }
        }
    }

    /// Some line says that it was missed, and none is denied for it.
    fn without_optional(&mut self, number: usize, right: &Right) {
        let lines = lines_of(self.operation);
        let mut is_said = false;
        let mut wrong = Vec::new();
        // Roles hold in a namespace, or everywhere.
        for everywhere in [false, true] {
            let lines: Vec<&Case> =
                lines.iter().filter(|case| case.arguments.get("namespace").is_none() == everywhere).collect();
            let Some(one) = lines.first() else { continue };
            self.on(one, |world| {
                let name = format!("{}-without-{number}-{everywhere}", self.operation.id);
                let all = manifest(self.operation, one, world.namespace(), &name, Wants::All);
                let somebody = Somebody::with(world.cluster(), &without(&all, right));
                for case in lines.iter().filter(|case| case.arguments["continue"].is_null()) {
                    if is_said {
                        break;
                    }
                    let is_its_place = [&Value::Null, &json!("$NS")].contains(&&case.arguments["namespace"]);
                    match somebody.caller.call(self.operation.id.as_str(), world.filled(&case.arguments)) {
                        Ok((_, meta)) => {
                            is_said |= !meta.complete && meta.warnings.iter().any(|said| names(said, right))
                        }
                        Err(error) => {
                            is_said |= names(&error.hint, right);
                            if error.code == ErrorCode::PermissionDenied && is_its_place {
                                wrong.push(format!("without {right:?}, which it can do without: {error:?}"));
                            }
                        }
                    }
                }
            });
        }
        self.wrong.extend(wrong);
        if !is_said {
            self.wrong.push(format!("no line of it says that {right:?} is missing"));
        }
    }
}

#[test]
fn each_operation_works_with_exactly_its_rights_and_says_which_is_missing() {
    let Some(real) = servers::real() else { return };
    let world = World::make(&real);
    let operations = embedded().connector.catalogue().operations();
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let parts = operations.chunks(operations.len().div_ceil(4));
        let parts: Vec<_> = parts
            .map(|part| scope.spawn(|| part.iter().flat_map(|it| Trial::of(it, &world)).collect::<Vec<_>>()))
            .collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause)))
            .collect()
    });
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_the_program_prints_is_what_kubectl_applies_and_gives_the_rights() {
    let Some(real) = servers::real() else { return };
    let world = World::of(&real, "deployments");
    let namespace = world.namespace();
    let ids = ["list_deployments", "scale_deployment", "list_pods"];
    let mut command = program::command(&["rbac", "--operations", &ids.join(","), "--namespace", namespace.name()]);
    command.args(["--with-optional", "--name", "printed"]);
    let printed = program::finish(command);
    assert_eq!(printed.code, Some(0), "{printed:#?}");
    let mut kubectl = Command::new(real.kubernetes_programs().expect("kubectl").program("kubectl"));
    kubectl.args(["apply", "-f", "-"]).env("KUBECONFIG", real.admin_kubeconfig());
    let mut kubectl =
        kubectl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("kubectl runs");
    kubectl.stdin.take().expect("its input").write_all(printed.stdout.as_bytes()).expect("it is read");
    let applied = kubectl.wait_with_output().expect("kubectl ends");
    assert!(applied.status.success(), "{}\n{}", printed.stdout, String::from_utf8_lossy(&applied.stderr));

    // It is what the suite's other callers are made of.
    let label = |text: &str| grammar::Namespace::parse(text).expect("a label");
    let place = label(namespace.name());
    let catalogue = embedded().connector.catalogue();
    let operations: Vec<&Operation> = ids.iter().filter_map(|id| catalogue.operation(id)).collect();
    let account = Account { name: label("printed"), namespace: place.clone() };
    for object in objects(&grants(operations.iter().copied(), Some(&place), Wants::All), &account) {
        let there = real.admin().get(&real.admin().path_of(&object).expect("a path")).expect("it was applied");
        assert_eq!([&there["rules"], &there["subjects"]], [&object["rules"], &object["subjects"]], "{object}");
        if object.get("rules").is_some() {
            effective(&real, &format!("system:serviceaccount:{namespace}:printed"), &object);
        }
    }
    let issued =
        real.admin().post(&namespace.path("serviceaccounts/printed/token"), &json!({"spec": {}})).expect("a token");
    let caller = Caller::new(target(&real, issued["status"]["token"].as_str().expect("a token"))).asking(yes());
    let place = json!({"namespace": namespace.name()});
    let rows = caller.data("list_deployments", place.clone());
    assert!(rows.as_array().is_some_and(|rows| rows.len() > 2), "{rows}");
    caller.data("list_pods", place);
    caller.data("scale_deployment", json!({"namespace": namespace.name(), "name": "none", "replicas": 0}));
    let error = caller.refused(ErrorCode::PermissionDenied, "list_services", json!({"namespace": namespace.name()}));
    assert_eq!(error.details["resource"], "services");
}
