//! Checks of the real server: what it says of a credential is held against what that credential can do, against kubectl, and against the audit log.

use crate::audit::events_of;
use crate::embedded::{Caller, embedded, settings, target, target_with};
use crate::objects::cluster;
use crate::rights::{derived, rules};
use jiff::{Timestamp, Unit};
use meho_control_plane::{ControlPlane, Rule, User};
use meho_host::check::{Proof, TargetCheck};
use meho_host::error::ErrorCode;
use meho_host::policy::catalogue::Operation;
use meho_host::policy::grammar::Namespace;
use meho_host::policy::question::{OperationAccess, Verdict};
use meho_host::policy::rbac::{Access, Accesses, Rights, Wants, accesses, grants};
use meho_host::record::{Ending, Origin};
use meho_host::target::Verification;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const REVIEWS: [(&str, &str); 2] =
    [("authentication.k8s.io", "selfsubjectreviews"), ("authorization.k8s.io", "selfsubjectaccessreviews")];

#[track_caller]
fn check(caller: &Caller, namespace: Option<&str>) -> Box<TargetCheck> {
    caller.check(namespace).unwrap_or_else(|error| panic!("{error:?}"))
}

fn verdicts(found: &TargetCheck) -> BTreeMap<&str, Verdict> {
    found.operations.iter().map(|operation| (operation.operation.as_str(), operation.verdict)).collect()
}

fn all(verdict: Verdict) -> BTreeMap<&'static str, Verdict> {
    let operations = embedded().connector.catalogue().operations();
    operations.iter().map(|operation| (operation.id.as_str(), verdict)).collect()
}

fn kubectl(cluster: &ControlPlane, arguments: &[&str]) -> Value {
    let output = cluster.kubectl(arguments).expect("kubectl runs");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

#[test]
fn an_admin_is_somebody_who_may_do_everything() {
    let Some(cluster) = cluster() else { return };
    let found = check(&Caller::admin(&cluster), None);
    assert!(found.authenticated);
    let who = kubectl(&cluster, &["auth", "whoami", "-o", "json"]);
    let identity = found.identity.as_ref().expect("somebody");
    let expected = &who["status"]["userInfo"];
    assert_eq!(
        json!([identity.username, identity.uid, identity.groups]),
        json!([expected["username"], expected["uid"], expected["groups"]])
    );
    assert_eq!(identity.username, "harness-admin");
    let version = kubectl(&cluster, &["version", "-o", "json"]);
    assert_eq!(json!(found.server_version), version["serverVersion"]["gitVersion"]);
    assert_eq!(verdicts(&found), all(Verdict::Allowed));
    assert_eq!((found.proof, found.protocol, found.server.as_str()), (Proof::Ca, "HTTP/2", cluster.server_url()));
    assert_eq!((&found.unanswered[..], &found.warnings[..], found.credential_expires), (&[][..], &[][..], None));
    let now = found.server_time.expect("the server's clock");
    assert!((Timestamp::now() - now).get_seconds().abs() < 60, "{now}");
}

#[test]
fn a_user_may_do_in_a_namespace_what_the_rules_say_and_is_told_what_is_missing_elsewhere() {
    let Some(cluster) = cluster() else { return };
    let namespace = cluster.namespace().expect("a namespace");
    let Rights { required, optional } = derived("list_pods");
    let user = namespace.user("lists", &rules(required.iter().chain(&optional))).expect("a user");
    let caller = Caller::user(&cluster, &user);

    let found = check(&caller, Some(namespace.name()));
    assert_eq!(found.identity.as_ref().map(|identity| identity.username.as_str()), Some(user.username()));
    assert_eq!(verdicts(&found)["list_pods"], Verdict::Allowed);
    caller.data("list_pods", json!({"namespace": namespace.name()}));
    // What a call is denied for is what the check has named.
    let denied = found.operations.iter().find(|known| known.operation.as_str() == "list_deployments").expect("it");
    assert_eq!(denied.verdict, Verdict::Denied);
    let error = caller.refused(ErrorCode::PermissionDenied, "list_deployments", json!({"namespace": namespace.name()}));
    let missing = serde_json::to_value(&denied.missing).expect("JSON");
    let named =
        ["namespace", "api_group", "resource", "verb"].map(|name| (name.to_owned(), error.details[name].clone()));
    assert_eq!(missing, json!([serde_json::Map::from_iter(named)]));

    // Across all namespaces it may nothing.
    let found = check(&caller, None);
    assert_eq!(found.namespace, None);
    assert_eq!(verdicts(&found)["list_pods"], Verdict::Denied);
    caller.refused(ErrorCode::PermissionDenied, "list_pods", json!({}));

    // The token of a service account says when it is over: in a day.
    let left = found.credential_expires.expect("a JWT's end") - Timestamp::now();
    assert!((23..=24).contains(&left.total(Unit::Hour).map_or(0, |hours| hours.ceil() as i64)), "{left}");
}

#[test]
fn without_an_optional_right_an_operation_is_allowed_in_part() {
    let Some(cluster) = cluster() else { return };
    let namespace = cluster.namespace().expect("a namespace");
    let Rights { required, optional } = derived("get_pod");
    let user = namespace.user("gets", &rules(required.iter())).expect("a user");
    let found = check(&Caller::user(&cluster, &user), Some(namespace.name()));
    let operation = found.operations.iter().find(|known| known.operation.as_str() == "get_pod").expect("it");
    assert_eq!(operation.verdict, Verdict::Partly);
    let missing: BTreeSet<_> = operation.missing_optional.iter().map(Access::right).cloned().collect();
    assert_eq!(missing, optional);
}

#[test]
fn who_has_no_rights_is_still_somebody() {
    let Some(cluster) = cluster() else { return };
    let namespace = cluster.namespace().expect("a namespace");
    let user = namespace.user("nobody", &[]).expect("a user");
    let caller = Caller::user(&cluster, &user);
    for place in [None, Some(namespace.name())] {
        let found = check(&caller, place);
        assert!(found.authenticated);
        assert_eq!(verdicts(&found), all(Verdict::Denied));
    }
}

#[test]
fn the_least_rules_are_enough_and_each_of_them_is_needed() {
    let Some(cluster) = cluster() else { return };
    let namespace = cluster.namespace().expect("a namespace");
    let place = Namespace::parse(namespace.name()).expect("a namespace's name");
    // Those that work within one namespace: a user has one role.
    let inside = |operation: &&Operation| {
        grants([*operation], Some(&place), Wants::All).iter().all(|grant| grant.namespace.as_ref() == Some(&place))
    };
    let operations: Vec<&Operation> = embedded().connector.catalogue().operations().iter().filter(inside).collect();
    assert!(operations.len() >= 6, "{}", operations.len());
    let verdicts = |found: &TargetCheck| -> Vec<Verdict> {
        let named = |verdict: &&OperationAccess| operations.iter().any(|known| known.id == verdict.operation);
        found.operations.iter().filter(named).map(|operation| operation.verdict).collect()
    };
    let all = |verdict| vec![verdict; operations.len()];
    let mut all_rules = Vec::new();
    for grant in &grants(operations.iter().copied(), Some(&place), Wants::All) {
        all_rules.extend(grant.rules.iter().map(as_rule));
    }
    let user = namespace.user("least", &all_rules).expect("a user");
    // As kubectl grants it, from the same data as a manifest has it.
    let found = check(&Caller::user(&cluster, &user), Some(namespace.name()));
    assert_eq!(verdicts(&found), all(Verdict::Allowed));
    for (number, _) in all_rules.iter().enumerate() {
        let mut others = all_rules.clone();
        others.remove(number);
        let user = namespace.user(&format!("less-{number}"), &others).expect("a user");
        let found = check(&Caller::user(&cluster, &user), Some(namespace.name()));
        assert_ne!(verdicts(&found), all(Verdict::Allowed), "without {:?}", all_rules[number]);
    }
}

fn as_rule(rule: &meho_host::policy::rbac::Rule) -> Rule {
    Rule {
        api_groups: rule.api_groups.clone(),
        resources: rule.resources.clone(),
        verbs: rule.verbs.clone(),
        resource_names: Vec::new(),
    }
}

#[test]
fn a_server_that_is_not_verified_is_said_to_be_so_and_a_wrong_ca_ends_the_check() {
    let Some(cluster) = cluster() else { return };
    let mut unverified = settings(&cluster);
    unverified.verification = Verification::DangerousNone;
    let found = check(&Caller::new(target_with(cluster.admin_token(), unverified)), None);
    assert_eq!(found.proof, Proof::Unverified);
    assert!(found.warnings.iter().any(|warning| warning.contains("was not verified")), "{:?}", found.warnings);

    let mut wrong = settings(&cluster);
    wrong.verification = Verification::ca(cluster.other_ca_pem().as_bytes()).expect("a CA");
    let caller = Caller::new(target_with(cluster.admin_token(), wrong));
    let error = caller.check(None).expect_err("not trusted");
    assert_eq!(error.code, ErrorCode::TlsError);
    assert!(error.hint.contains("--ca-file"), "{error:?}");
    let requests = caller.requests();
    assert!(matches!(&requests[..], [one] if matches!(one.ending, Ending::NotSent(_))), "{requests:?}");
}

#[test]
fn a_token_that_is_over_or_unknown_fails_the_check_and_nothing_else_is_asked() {
    let Some(cluster) = cluster() else { return };
    let namespace = cluster.namespace().expect("a namespace");
    let user = namespace.user("late", &[]).expect("a user");
    let expired = cluster.expired_token(&user).expect("a token");
    for token in [expired.as_str(), "unknown", "a.b.c"] {
        let caller = Caller::new(target(&cluster, token));
        let error = caller.check(None).expect_err("refused");
        assert_eq!(error.code, ErrorCode::AuthenticationFailed, "{error:?}");
        assert!(!error.has_usual_hint() && !format!("{error:?}").contains(token), "{error:?}");
        let requests = caller.requests();
        assert!(matches!(&requests[..], [one] if one.effect == "host-asks-identity"), "{requests:?}");
    }
}

#[test]
fn the_audit_log_has_exactly_the_questions_of_a_check() {
    let Some(cluster) = cluster() else { return };
    let namespace = cluster.namespace().expect("a namespace");
    let since = cluster.audit_mark().expect("a log");
    let user = namespace.user("asks", &[]).expect("a user");
    let caller = Caller::user(&cluster, &user);
    check(&caller, Some(namespace.name()));
    let place = Namespace::parse(namespace.name()).expect("a namespace's name");
    check_same(&cluster, &user, since, &caller, &place);
}

#[track_caller]
fn check_same(
    cluster: &ControlPlane,
    user: &User,
    since: meho_control_plane::AuditMark,
    caller: &Caller,
    place: &Namespace,
) {
    let [record] = &caller.records()[..] else { panic!("one record") };
    assert_eq!((record.id.operation.as_str(), record.id.component), ("check", None));
    assert!(record.requests.iter().all(|request| request.origin == Origin::Host));
    let recorded: BTreeMap<&str, &str> =
        record.requests.iter().map(|request| (request.audit_id.as_str(), request.path_and_query.as_str())).collect();
    let logged = events_of(cluster, user, since);
    let seen: BTreeMap<&str, &str> = logged.iter().map(|event| (event.audit_id.as_str(), event.uri.as_str())).collect();
    assert_eq!(seen, recorded);
    assert_eq!(logged.len(), recorded.len(), "each was made once");
    let mut distinct = BTreeSet::new();
    for operation in embedded().connector.catalogue().operations() {
        let Accesses { required, optional } = accesses(operation, Some(place));
        distinct.extend(required.into_iter().chain(optional));
    }
    assert_eq!(logged.len(), 2 + distinct.len());
    for event in &logged {
        let Some(reference) = &event.object_ref else {
            assert_eq!((event.verb.as_str(), event.uri.as_str()), ("get", "/version"));
            continue;
        };
        let asked = (reference.api_group.as_str(), reference.resource.as_str());
        assert!(event.verb == "create" && REVIEWS.contains(&asked), "{event:?}");
    }
}
