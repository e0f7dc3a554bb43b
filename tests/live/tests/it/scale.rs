//! `scale_deployment`: without a yes nothing changes; with one exactly what was planned, and only of the object that was there when it was planned.

use crate::approvals::scaler;
use crate::embedded::{Caller, YesAfter, yes};
use crate::objects::{Deployed, deployed, kubectl, still, still_deployment};
use crate::servers::has_no_kubectl;
use crate::{program, shapes};
use async_trait::async_trait;
use meho_control_plane::{Cluster, Namespace, Patch, Rule};
use meho_host::approval::{Approver, Verdict};
use meho_host::error::ErrorCode;
use meho_host::policy::plan::{Approval, Confirmation, Digest, Plan};
use meho_host::record::Ending;
use serde_json::{Value, json};

both![
    an_object_that_somebody_else_scaled_after_its_plan_is_left_alone,
    an_object_that_was_replaced_after_its_plan_is_left_alone,
    a_yes_changes_the_replicas_and_the_answer_is_the_servers,
    on_a_pipe_the_whole_plan_is_in_the_error_and_nothing_changes,
    a_dry_run_is_the_plan_and_nothing_changes,
    an_object_that_is_gone_after_its_plan_is_not_found,
    a_yes_that_does_not_fit_changes_nothing,
    only_the_exact_name_is_scaled,
    an_autoscaler_that_would_undo_it_is_named,
    what_the_server_refuses_is_told_in_its_words,
];

fn to(namespace: &Namespace, replicas: i64) -> Value {
    json!({"namespace": namespace.name(), "name": "web", "replicas": replicas})
}

fn path(namespace: &Namespace) -> String {
    namespace.path_in("apps/v1", "deployments/web")
}

/// Methods of all requests that a user has made by now, in order.
#[track_caller]
fn methods_of(cluster: &Cluster, username: &str) -> Vec<(String, String)> {
    let (events, _) = cluster.audit_events(meho_control_plane::AuditMark::default()).expect("the audit log");
    let of_user = events.into_iter().filter(|event| event.user.username == username);
    of_user.map(|event| (event.verb, event.object_ref.unwrap_or_default().subresource)).collect()
}

fn a_yes_changes_the_replicas_and_the_answer_is_the_servers(cluster: &Cluster) {
    if has_no_kubectl(cluster) {
        return;
    }
    let namespace = cluster.namespace().expect("a namespace");
    let before = Deployed::of(&still_deployment(&namespace, "web", 2));
    let caller = Caller::admin(cluster).asking(yes());
    let data = caller.data("scale_deployment", to(&namespace, 5));
    let after = deployed(&namespace, "web");
    assert_eq!((after.uid.as_str(), after.replicas), (before.uid.as_str(), 5));
    let printed = ["get", "deployment", "web", "-n", namespace.name(), "-o", "jsonpath={.spec.replicas}"];
    assert_eq!(kubectl(cluster, &printed), "5");
    assert_eq!(shapes::check_types(&shapes::shape("DeploymentScaled"), &data), Vec::<String>::new());
    assert_eq!((&data["deployment"], &data["namespace"]), (&json!("web"), &json!(namespace.name())));
    assert_eq!((&data["replicas"], &data["previous_replicas"], &data["scaled"]), (&json!(5), &json!(2), &json!(true)));
    assert_eq!(data["uid"], before.uid);
    assert_ne!(data["resource_version"], before.resource_version);

    let records = caller.records();
    assert_eq!(records.len(), 2, "a plan and an execution");
    let writes = |at: usize| records[at].requests.iter().filter(|request| request.method.as_str() == "PATCH");
    assert_eq!((writes(0).count(), writes(1).count()), (0, 1));
    let body =
        json!({"metadata": {"resourceVersion": before.resource_version, "uid": before.uid}, "spec": {"replicas": 5}});
    let sent = writes(1).next().expect("the write");
    assert_eq!(sent.body, Some(Digest::of(body.to_string().as_bytes())));
    assert_eq!(sent.ending, Ending::Answered(200));
}

fn on_a_pipe_the_whole_plan_is_in_the_error_and_nothing_changes(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let before = Deployed::of(&still_deployment(&namespace, "web", 2));
    let user = scaler(&namespace);
    let place = format!("namespace={namespace}");
    for (replicas, trust) in [(3, "WRITE"), (0, "DESTRUCTIVE")] {
        let wanted = format!("replicas={replicas}");
        let run = program::call(user.kubeconfig(), &["scale_deployment", "name=web", &place, &wanted]);
        let error = run.error(3, "APPROVAL_REQUIRED");
        assert_eq!(error["message"], "this changes the target and waits for a person's yes");
        let plan = &error["details"]["plan"];
        let body = json!({
            "metadata": {"uid": before.uid, "resourceVersion": before.resource_version}, "spec": {"replicas": replicas},
        });
        assert_eq!(
            plan["request"],
            json!({
                "method": "PATCH",
                "path": format!("{}/scale", path(&namespace)),
                "accept": "application/json",
                "content_type": "application/merge-patch+json",
                "body": body,
                "body_digest": Digest::of(sorted(&body).as_bytes()).to_string(),
            })
        );
        assert_eq!((&plan["operation"], &plan["trust"]), (&json!("scale_deployment"), &json!(trust)));
        assert_eq!((&plan["target"], &plan["principal"]), (&json!("test"), &json!(program::caller())));
        assert!(plan["digest"].as_str().is_some_and(|digest| digest.starts_with("sha256:") && digest.len() == 71));
        assert!(plan["expires"].as_str().is_some_and(|at| at.ends_with('Z')), "{plan}");
        // Without a terminal there is nobody to ask, whatever comes through the pipe.
        assert_eq!(run.stderr, "");
    }
    let mut command = program::command(&["call", "scale_deployment", "name=web", &place, "replicas=3", "--kubeconfig"]);
    command.arg(user.kubeconfig());
    let run = program::finish_with(command, b"y\nyes\nweb\n");
    run.error(3, "APPROVAL_REQUIRED");
    assert_eq!(deployed(&namespace, "web"), before);
    let methods = methods_of(cluster, user.username());
    let count = |verb: &str, subresource: &str| methods.iter().filter(|(v, s)| v == verb && s == subresource).count();
    // The plans, and their previews: of the one that takes pods away the pods and the budgets, too.
    assert_eq!((count("get", "scale"), count("list", "")), (3 + 3, 3 + 2), "{methods:?}");
    assert_eq!((count("patch", "scale"), methods.len()), (3, 14), "{methods:?}");
}

/// JSON with members in order.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            let members: Vec<String> =
                members.iter().map(|(name, value)| format!("{}:{}", json!(name), sorted(value))).collect();
            format!("{{{}}}", members.join(","))
        }
        other => other.to_string(),
    }
}

fn a_dry_run_is_the_plan_and_nothing_changes(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let before = Deployed::of(&still_deployment(&namespace, "web", 2));
    let place = format!("namespace={namespace}");
    let kubeconfig = cluster.admin_kubeconfig();
    let scale = |more: &str| program::call(&kubeconfig, &["scale_deployment", "name=web", &place, "replicas=3", more]);
    let (data, meta) = scale("dry_run=true").answer();
    assert_eq!(data["dry_run"], true);
    assert_eq!(data["plan"]["request"]["path"], format!("{}/scale", path(&namespace)));
    assert_eq!(data["plan"]["request"]["body"]["spec"], json!({"replicas": 3}));
    assert_eq!(meta["warnings"], json!(["nothing was changed: this is what would be sent"]));
    // Nobody is asked, not even somebody who says yes.
    let caller = Caller::admin(cluster).asking(yes());
    let mut arguments = to(&namespace, 3);
    arguments["dry_run"] = json!(true);
    let (data, _) = caller.answer("scale_deployment", arguments.clone());
    assert_eq!(data["dry_run"], true);
    assert!(caller.requests().iter().all(|request| request.method.as_str() == "GET"));

    scale("dry_run=false").error(3, "APPROVAL_REQUIRED");
    assert_eq!(scale("dry_run=perhaps").error(1, "INVALID_REQUEST")["details"]["argument"], "dry_run");
    arguments["dry_run"] = json!("true");
    assert_eq!(caller.refused(ErrorCode::InvalidRequest, "scale_deployment", arguments).details["argument"], "dry_run");
    // What only reads has no such argument.
    let read = program::call(&kubeconfig, &["list_pods", "dry_run=true"]).error(1, "INVALID_REQUEST");
    assert_eq!(read["details"]["argument"], "dry_run");
    assert_eq!(deployed(&namespace, "web"), before);
}

/// Scales with somebody who does something before he says yes: it must be refused, and leave what was done.
#[track_caller]
fn check_refused_after(cluster: &Cluster, what: impl Fn(&Namespace) + Clone + Send + Sync + 'static) {
    let namespace = std::sync::Arc::new(cluster.namespace().expect("a namespace"));
    still_deployment(&namespace, "web", 2);
    let shared = namespace.clone();
    let caller = Caller::admin(cluster).asking(YesAfter(move || what(&shared)));
    let error = caller.refused(ErrorCode::ApprovalInvalid, "scale_deployment", to(&namespace, 5));
    assert!(error.message.contains("the body differs from the planned one"), "{error:?}");
    assert!(error.hint.contains("plan again"), "{error:?}");
    assert_ne!(deployed(&namespace, "web").replicas, 5);
    assert!(caller.requests().iter().all(|request| request.method.as_str() == "GET"), "no write left");
}

fn an_object_that_was_replaced_after_its_plan_is_left_alone(cluster: &Cluster) {
    check_refused_after(cluster, |namespace| {
        let path = path(namespace);
        let admin = namespace.cluster().admin();
        let old = admin.get(&path).expect("a Deployment")["metadata"]["uid"].clone();
        admin.delete(&path).expect("it goes");
        admin
            .wait_for(&namespace.path_in("apps/v1", "deployments"), crate::objects::SOON, |list| {
                list["items"] == json!([])
            })
            .expect("it is gone");
        assert_ne!(still_deployment(namespace, "web", 2)["metadata"]["uid"], old);
    });
}

fn an_object_that_somebody_else_scaled_after_its_plan_is_left_alone(cluster: &Cluster) {
    check_refused_after(cluster, |namespace| {
        let replicas = json!({"spec": {"replicas": 4}});
        namespace.cluster().admin().patch(&path(namespace), Patch::Merge, &replicas).expect("scaled");
        still(namespace, "web");
    });
}

fn an_object_that_is_gone_after_its_plan_is_not_found(cluster: &Cluster) {
    let namespace = std::sync::Arc::new(cluster.namespace().expect("a namespace"));
    still_deployment(&namespace, "web", 2);
    let shared = namespace.clone();
    let caller = Caller::admin(cluster).asking(YesAfter(move || {
        shared.cluster().admin().delete(&path(&shared)).expect("it goes");
    }));
    let error = caller.refused(ErrorCode::NotFound, "scale_deployment", to(&namespace, 5));
    assert_eq!((&error.details["kind"], &error.details["name"]), (&json!("Deployment"), &json!("web")));
}

/// Says yes, but in this way.
struct Says(fn(&Plan) -> Verdict);

#[async_trait]
impl Approver for Says {
    async fn decide(&self, plan: &Plan, _: &Value) -> Verdict {
        (self.0)(plan)
    }
}

fn approval(digest: Digest, confirmation: Confirmation) -> Verdict {
    Verdict::Approved(Approval { digest, approver: "suite".to_owned(), confirmation, signature: None })
}

/// What an approver says to a plan.
type Answer = fn(&Plan) -> Verdict;

fn a_yes_that_does_not_fit_changes_nothing(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let before = Deployed::of(&still_deployment(&namespace, "web", 2));
    let cases: [(i64, Answer, ErrorCode); 4] = [
        (3, |_| Verdict::Rejected, ErrorCode::ApprovalRequired),
        (3, |_| Verdict::Nobody, ErrorCode::ApprovalRequired),
        (3, |_| approval(Digest::of(b"another"), Confirmation::Twice), ErrorCode::ApprovalInvalid),
        // To zero is DESTRUCTIVE: one yes is not enough.
        (0, |plan| approval(plan.digest(), Confirmation::Once), ErrorCode::ApprovalInvalid),
    ];
    for (replicas, says, code) in cases {
        let caller = Caller::admin(cluster).asking(Says(says));
        let error = caller.refused(code, "scale_deployment", to(&namespace, replicas));
        assert_eq!(error.details.get("answer"), (error.message.contains("with no")).then_some(&json!("no")));
        assert_eq!(caller.records().len(), 1, "the plan alone ran");
        assert_eq!(deployed(&namespace, "web"), before);
    }
    let caller = Caller::admin(cluster).asking(Says(|plan| approval(plan.digest(), Confirmation::Twice)));
    let data = caller.data("scale_deployment", to(&namespace, 0));
    assert_eq!((&data["replicas"], &data["previous_replicas"]), (&json!(0), &json!(2)));
    assert_eq!(deployed(&namespace, "web").replicas, 0);
    // Its controller changes it too.
    still(&namespace, "web");
    let data = caller.data("scale_deployment", to(&namespace, 1));
    assert_eq!((&data["replicas"], &data["previous_replicas"]), (&json!(1), &json!(0)));
}

fn only_the_exact_name_is_scaled(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let before = Deployed::of(&still_deployment(&namespace, "web-frontend", 2));
    let caller = Caller::admin(cluster).asking(yes());
    let error = caller.refused(ErrorCode::NotFound, "scale_deployment", to(&namespace, 5));
    assert_eq!(error.message, "deployments.apps \"web\" not found");
    assert_eq!(error.details["near"], json!(["web-frontend"]));
    assert_eq!(deployed(&namespace, "web-frontend"), before);
}

fn an_autoscaler_that_would_undo_it_is_named(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    still_deployment(&namespace, "web", 2);
    let targets = |name: &str, kind: &str, target: &str| {
        let object = json!({
            "metadata": {"name": name},
            "spec": {"minReplicas": 1, "maxReplicas": 9, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind, "name": target}},
        });
        let path = namespace.path_in("autoscaling/v2", "horizontalpodautoscalers");
        cluster.admin().post(&path, &object).expect("an autoscaler");
    };
    targets("of-another", "Deployment", "web-2");
    targets("of-another-kind", "StatefulSet", "web");
    targets("of-this", "Deployment", "web");
    let mut arguments = to(&namespace, 3);
    arguments["dry_run"] = json!(true);
    let caller = Caller::admin(cluster).asking(yes());
    // The autoscaler's controller changes the Deployment's status meanwhile, so a plan may be out of date when it is approved.
    let answered =
        meho_control_plane::until(crate::objects::SOON, || match caller.call("scale_deployment", to(&namespace, 3)) {
            Err(error) if error.code == ErrorCode::ApprovalInvalid => None,
            answered => Some(answered),
        });
    let (data, meta) = answered.expect("it comes to an end").expect("it is scaled");
    assert_eq!(data["replicas"], 3);
    let warned =
        "HorizontalPodAutoscaler of-this targets this Deployment: it will set the number of replicas again".to_owned();
    assert_eq!((meta.complete, meta.warnings), (true, vec![warned]));
}

fn what_the_server_refuses_is_told_in_its_words(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let before = Deployed::of(&still_deployment(&namespace, "web", 2));
    let reads = [
        Rule::new("apps", "deployments/scale", &["get"]),
        Rule::new("autoscaling", "horizontalpodautoscalers", &["list"]),
    ];
    let reader = namespace.user("reader", &reads).expect("a user");
    let caller = Caller::user(cluster, &reader).asking(yes());
    let error = caller.refused(ErrorCode::PermissionDenied, "scale_deployment", to(&namespace, 3));
    assert_eq!(
        (&error.details["verb"], &error.details["resource"], &error.details["api_group"]),
        (&json!("patch"), &json!("deployments/scale"), &json!("apps"))
    );
    assert_eq!(error.details["grantable"], true);
    assert_eq!(deployed(&namespace, "web"), before);
    for replicas in [json!(-1), json!(2_147_483_648_u64), json!("many"), json!(1.5), Value::Null] {
        let mut arguments = to(&namespace, 1);
        arguments["replicas"] = replicas;
        let error = caller.refused(ErrorCode::InvalidRequest, "scale_deployment", arguments);
        assert_eq!(error.details["argument"], "replicas");
    }
}
