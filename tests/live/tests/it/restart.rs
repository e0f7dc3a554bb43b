//! `restart_deployment`, and `scale_statefulset` where it is not as `scale_deployment`: a person's yes to exactly this, of the object that was there.

use crate::embedded::{Caller, YesAfter, yes};
use crate::objects::{Deployed, SOON, deployed, nowhere, still_deployment};
use crate::{program, shapes};
use meho_control_plane::{Cluster, Namespace, Patch, Rule};
use meho_host::error::ErrorCode;
use meho_host::policy::plan::Digest;
use meho_host::record::{Ending, RequestRecord};
use serde_json::{Value, json};

both![
    a_restart_makes_new_pods_and_says_when,
    a_paused_deployment_is_refused_before_anybody_is_asked,
    without_a_yes_nothing_is_restarted,
    a_deployment_that_was_replaced_after_its_plan_is_left_alone,
    only_the_exact_name_is_restarted_and_near_ones_are_told,
    who_may_only_patch_restarts_without_knowing_whether_it_is_paused,
    a_stateful_set_is_scaled_and_its_autoscaler_named,
];

const RESTARTED_AT: &str = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt";

fn of(namespace: &Namespace, name: &str) -> Value {
    json!({"namespace": namespace.name(), "name": name})
}

fn path(namespace: &Namespace) -> String {
    namespace.path_in("apps/v1", "deployments/web")
}

#[track_caller]
fn read(namespace: &Namespace) -> Value {
    namespace.cluster().admin().get(&path(namespace)).expect("a Deployment")
}

fn writes(caller: &Caller) -> Vec<RequestRecord> {
    caller.requests().into_iter().filter(|request| request.method.as_str() != "GET").collect()
}

fn a_restart_makes_new_pods_and_says_when(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let before = still_deployment(&namespace, "web", 1);
    let sets = namespace.path_in("apps/v1", "replicasets");
    let caller = Caller::admin(cluster).asking(yes());
    let data = caller.data("restart_deployment", of(&namespace, "web"));
    assert_eq!(shapes::check_types(&shapes::shape("DeploymentRestarted"), &data), Vec::<String>::new());
    let after = read(&namespace);
    assert_eq!((&data["deployment"], &data["namespace"]), (&json!("web"), &json!(namespace.name())));
    assert_eq!((&data["restarted"], &data["previous_restart_time"]), (&json!(true), &Value::Null));
    assert_eq!(Some(&data["restart_time"]), after.pointer(RESTARTED_AT));
    assert_eq!((&data["uid"], &data["replicas"]), (&before["metadata"]["uid"], &json!(1)));
    assert_eq!(data["generation"], before["metadata"]["generation"].as_i64().expect("a generation") + 1);
    let two = |list: &Value| list["items"].as_array().is_some_and(|items| items.len() == 2);
    cluster.admin().wait_for(&sets, SOON, two).expect("another ReplicaSet");
    let [sent] = &writes(&caller)[..] else { panic!("one write") };
    let body = json!({
        "metadata": {"uid": before["metadata"]["uid"]},
        "spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": data["restart_time"]}}}},
    });
    assert_eq!((sent.body, &sent.ending), (Some(Digest::of(body.to_string().as_bytes())), &Ending::Answered(200)));

    // Again, in a later second.
    let later = || {
        let (again, meta) = caller.answer("restart_deployment", of(&namespace, "web"));
        let is_later = again["restart_time"] != data["restart_time"];
        let told = "it was restarted in this very second already: nothing has changed".to_owned();
        assert_eq!(meta.warnings.contains(&told), !is_later, "{meta:?}");
        is_later.then_some(again)
    };
    let again = meho_control_plane::until(SOON, later).expect("a later second");
    assert_eq!(again["previous_restart_time"], data["restart_time"]);

    still_deployment_of_none(&namespace);
    let (_, meta) = caller.answer("restart_deployment", of(&namespace, "empty"));
    assert_eq!(meta.warnings, ["it has no replicas: there are no pods to restart"]);
}

fn still_deployment_of_none(namespace: &Namespace) {
    let labels = json!({"app": "empty"});
    let object = json!({
        "metadata": {"name": "empty"},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": nowhere(&["app"])}},
    });
    let deployments = namespace.path_in("apps/v1", "deployments");
    namespace.cluster().admin().post(&deployments, &object).expect("a Deployment");
}

fn a_paused_deployment_is_refused_before_anybody_is_asked(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    still_deployment(&namespace, "web", 1);
    let pause = |paused: bool| {
        let patch = json!({"spec": {"paused": paused}});
        cluster.admin().patch(&path(&namespace), Patch::Merge, &patch).expect("it is paused, or not");
    };
    pause(true);
    // Nobody is there to say yes, and nobody is missed.
    let caller = Caller::admin(cluster);
    let error = caller.refused(ErrorCode::Conflict, "restart_deployment", of(&namespace, "web"));
    assert_eq!(error.message, "the Deployment web is paused: a restart would do nothing before it is resumed");
    let hint =
        format!("resume it first, as with kubectl rollout resume deployment/web -n {namespace}: nothing was changed");
    assert_eq!(error.hint, hint);
    assert!(writes(&caller).is_empty() && read(&namespace).pointer(RESTARTED_AT).is_none());
    pause(false);
    Caller::admin(cluster).asking(yes()).data("restart_deployment", of(&namespace, "web"));
}

fn without_a_yes_nothing_is_restarted(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let before = still_deployment(&namespace, "web", 1);
    let place = format!("namespace={namespace}");
    let kubeconfig = cluster.admin_kubeconfig();
    let error = program::call(&kubeconfig, &["restart_deployment", "name=web", &place]).error(3, "APPROVAL_REQUIRED");
    let plan = &error["details"]["plan"];
    assert_eq!((&plan["trust"], &plan["request"]["path"]), (&json!("WRITE"), &json!(path(&namespace))));
    assert_eq!(plan["request"]["body"]["metadata"]["uid"], before["metadata"]["uid"]);
    let annotation = plan["request"]["body"].pointer(RESTARTED_AT).and_then(Value::as_str).expect("a time");
    assert!(annotation.ends_with('Z') && annotation.len() == 20, "{annotation}");
    let run = program::call(&kubeconfig, &["restart_deployment", "name=web", &place, "dry_run=true"]);
    assert_eq!(run.answer().0["dry_run"], true);
    assert!(read(&namespace).pointer(RESTARTED_AT).is_none());
}

fn a_deployment_that_was_replaced_after_its_plan_is_left_alone(cluster: &Cluster) {
    let namespace = std::sync::Arc::new(cluster.namespace().expect("a namespace"));
    still_deployment(&namespace, "web", 1);
    let shared = namespace.clone();
    let caller = Caller::admin(cluster).asking(YesAfter(move || {
        let admin = shared.cluster().admin();
        admin.delete(&path(&shared)).expect("it goes");
        let gone = |list: &Value| list["items"] == json!([]);
        admin.wait_for(&shared.path_in("apps/v1", "deployments"), SOON, gone).expect("it is gone");
        still_deployment(&shared, "web", 1);
    }));
    let error = caller.refused(ErrorCode::ApprovalInvalid, "restart_deployment", of(&namespace, "web"));
    assert!(error.message.contains("the body differs from the planned one"), "{error:?}");
    assert!(writes(&caller).is_empty() && read(&namespace).pointer(RESTARTED_AT).is_none());
}

fn only_the_exact_name_is_restarted_and_near_ones_are_told(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let before = Deployed::of(&still_deployment(&namespace, "web", 1));
    let caller = Caller::admin(cluster).asking(yes());
    let error = caller.refused(ErrorCode::NotFound, "restart_deployment", of(&namespace, "we"));
    assert_eq!(error.details["near"], json!(["web"]));
    assert!(writes(&caller).is_empty());
    assert_eq!(deployed(&namespace, "web"), before);
}

fn who_may_only_patch_restarts_without_knowing_whether_it_is_paused(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    still_deployment(&namespace, "web", 1);
    let user = namespace.user("patcher", &[Rule::new("apps", "deployments", &["patch"])]).expect("a user");
    let (data, meta) = Caller::user(cluster, &user).asking(yes()).answer("restart_deployment", of(&namespace, "web"));
    assert_eq!(Some(&data["restart_time"]), read(&namespace).pointer(RESTARTED_AT));
    let lost = "whether the Deployment is paused could not be read: deployments.apps \"web\" is forbidden";
    assert!(!meta.complete && matches!(&meta.warnings[..], [one] if one.starts_with(lost)), "{meta:?}");
    let user = namespace.user("reader", &[Rule::new("apps", "deployments", &["get"])]).expect("a user");
    let caller = Caller::user(cluster, &user).asking(yes());
    let denied = caller.refused(ErrorCode::PermissionDenied, "restart_deployment", of(&namespace, "web"));
    assert_eq!((&denied.details["verb"], &denied.details["resource"]), (&json!("patch"), &json!("deployments")));
}

fn a_stateful_set_is_scaled_and_its_autoscaler_named(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let labels = json!({"app": "db"});
    let object = json!({
        "metadata": {"name": "db"},
        "spec": {"replicas": 0, "serviceName": "db", "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": nowhere(&["app"])}},
    });
    let admin = cluster.admin();
    let path = namespace.path_in("apps/v1", "statefulsets/db");
    admin.post(&namespace.path_in("apps/v1", "statefulsets"), &object).expect("a StatefulSet");
    let seen = |set: &Value| set["status"]["observedGeneration"] == set["metadata"]["generation"];
    let set = admin.wait_for(&path, SOON, seen).expect("its controller has seen it");
    let mut arguments = of(&namespace, "db");
    arguments["replicas"] = json!(2);
    let caller = Caller::admin(cluster).asking(yes());
    let data = caller.data("scale_statefulset", arguments.clone());
    assert_eq!(shapes::check_types(&shapes::shape("StatefulSetScaled"), &data), Vec::<String>::new());
    assert_eq!((&data["statefulset"], &data["uid"]), (&json!("db"), &set["metadata"]["uid"]));
    assert_eq!((&data["replicas"], &data["previous_replicas"], &data["scaled"]), (&json!(2), &json!(0), &json!(true)));
    assert_eq!(admin.get(&path).expect("it")["spec"]["replicas"], 2);

    for (name, kind) in [("of-this", "StatefulSet"), ("of-another-kind", "Deployment")] {
        let object = json!({
            "metadata": {"name": name},
            "spec": {"minReplicas": 1, "maxReplicas": 9, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind, "name": "db"}},
        });
        admin.post(&namespace.path_in("autoscaling/v2", "horizontalpodautoscalers"), &object).expect("an autoscaler");
    }
    arguments["replicas"] = json!(1);
    // Its controllers change it meanwhile, so a plan may be out of date when it is approved.
    let answered = meho_control_plane::until(SOON, || match caller.call("scale_statefulset", arguments.clone()) {
        Err(error) if matches!(error.code, ErrorCode::ApprovalInvalid | ErrorCode::Conflict) => None,
        answered => Some(answered),
    });
    let (data, meta) = answered.expect("it comes to an end").expect("it is scaled");
    assert_eq!((&data["replicas"], &data["previous_replicas"]), (&json!(1), &json!(2)));
    let warned =
        "HorizontalPodAutoscaler of-this targets this StatefulSet: it will set the number of replicas again".to_owned();
    assert_eq!((meta.complete, meta.warnings), (true, vec![warned]));
    let missing = caller.refused(
        ErrorCode::NotFound,
        "scale_statefulset",
        json!({"namespace": namespace.name(), "name": "d", "replicas": 1}),
    );
    assert_eq!((&missing.details["kind"], &missing.details["near"]), (&json!("StatefulSet"), &json!(["db"])));
}
