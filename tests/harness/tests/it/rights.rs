//! Users, their rights and their tokens.

use std::time::{Duration, SystemTime};

use meho_control_plane::{ClientError, ControlPlane, Rule, StatusCode};
use serde_json::{Value, json};

#[track_caller]
fn check(answer: Result<Value, ClientError>, expected: StatusCode) {
    match (answer, expected) {
        (Ok(_), StatusCode::OK) => {}
        (Err(err), _) if err.status() == Some(expected) => {}
        (answer, _) => panic!("expected {expected}, got {answer:?}"),
    }
}

#[test]
fn a_user_may_do_what_its_rules_say_and_nothing_else() {
    let test = "a_user_may_do_what_its_rules_say_and_nothing_else";
    let Some(cluster) = ControlPlane::shared_or_skip(test) else { return };
    let (namespace, other) = (cluster.namespace().expect("one"), cluster.namespace().expect("another"));
    let nobody = namespace.user("nobody", &[]).expect("a user without rules");
    let reader = namespace.user("reader", &[Rule::new("", "pods", &["list"])]).expect("a user with one rule");
    check(nobody.client().get(&namespace.path("pods")), StatusCode::FORBIDDEN);
    check(reader.client().get(&namespace.path("pods")), StatusCode::OK);
    check(reader.client().get(&namespace.path("pods/web")), StatusCode::FORBIDDEN);
    check(reader.client().get(&namespace.path("secrets")), StatusCode::FORBIDDEN);
    check(reader.client().get(&other.path("pods")), StatusCode::FORBIDDEN);
}

#[test]
fn a_rule_can_name_the_only_objects_it_is_for() {
    let Some(cluster) = ControlPlane::shared_or_skip("a_rule_can_name_the_only_objects_it_is_for") else { return };
    let namespace = cluster.namespace().expect("a namespace");
    let rule = Rule::new("", "configmaps", &["get"]).only(&["kube-root-ca.crt"]);
    let user = namespace.user("picky", &[rule]).expect("a user");
    let path = namespace.path("configmaps/kube-root-ca.crt");
    cluster.admin().wait_for(&path, Duration::from_secs(60), |_| true).expect("every namespace gets it");
    check(user.client().get(&path), StatusCode::OK);
    check(user.client().get(&namespace.path("configmaps/another")), StatusCode::FORBIDDEN);
}

#[test]
fn a_cluster_user_has_its_rights_everywhere_until_it_is_dropped() {
    let test = "a_cluster_user_has_its_rights_everywhere_until_it_is_dropped";
    let Some(cluster) = ControlPlane::shared_or_skip(test) else { return };
    let namespace = cluster.namespace().expect("a namespace");
    let user = namespace.cluster_user("viewer", &[Rule::new("", "nodes", &["list"])]).expect("a user");
    check(user.client().get("/api/v1/nodes"), StatusCode::OK);
    check(user.client().get("/api/v1/namespaces"), StatusCode::FORBIDDEN);
    let client = user.client().clone();
    drop(user);
    let refused =
        |answer: Result<Value, ClientError>| answer.err().filter(|err| err.status() == Some(StatusCode::FORBIDDEN));
    let taken = meho_control_plane::until(Duration::from_secs(60), || refused(client.get("/api/v1/nodes")));
    assert!(taken.is_some(), "the role is still bound");
}

#[test]
fn a_users_files_are_that_user() {
    let Some(cluster) = ControlPlane::shared_or_skip("a_users_files_are_that_user") else { return };
    let namespace = cluster.namespace().expect("a namespace");
    let user = namespace.user("filed", &[]).expect("a user");
    assert_eq!(user.username(), format!("system:serviceaccount:{namespace}:filed"));
    assert_eq!(std::fs::read_to_string(user.token_file()).expect("a file"), user.token());
    let who = cluster.kubectl_with(user.kubeconfig(), &["auth", "whoami", "-o", "json"]).expect("kubectl");
    let who: Value = serde_json::from_slice(&who.stdout).expect("JSON");
    assert_eq!(who["status"]["userInfo"]["username"], user.username());
}

#[test]
fn only_its_time_is_wrong_with_an_expired_token() {
    let Some(cluster) = ControlPlane::shared_or_skip("only_its_time_is_wrong_with_an_expired_token") else { return };
    let namespace = cluster.namespace().expect("a namespace");
    let user = namespace.user("late", &[Rule::new("", "pods", &["list"])]).expect("a user");
    let pods = namespace.path("pods");
    let list = |token: &str| cluster.admin().with_token(token).get(&pods);

    check(list(&cluster.expired_token(&user).expect("a token")), StatusCode::UNAUTHORIZED);
    let future = SystemTime::now() + Duration::from_secs(600);
    check(list(&cluster.token_until(&user, future).expect("a token")), StatusCode::OK);
    check(list("nonsense"), StatusCode::UNAUTHORIZED);

    let review = json!({ "spec": { "token": cluster.expired_token(&user).expect("a token") } });
    let review = cluster.admin().post("/apis/authentication.k8s.io/v1/tokenreviews", &review).expect("a review");
    let reason = review["status"]["error"].as_str().unwrap_or_default();
    assert!(reason.contains("expired"), "{review}");
}
