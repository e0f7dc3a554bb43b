//! The audit log.

use std::time::Duration;

use meho_control_plane::{AuditEvent, Cluster, ControlPlane, Method, ObjectRef, Rule, StatusCode};

const SOON: Duration = Duration::from_secs(30);

fn text(text: &str) -> String {
    text.to_owned()
}

#[test]
fn the_event_of_a_request_is_found_by_the_id_that_it_sent() {
    let test = "the_event_of_a_request_is_found_by_the_id_that_it_sent";
    let Some(cluster) = ControlPlane::shared_or_skip(test) else { return };
    let list = check_events(&cluster);
    assert_eq!(list.annotations.get("authorization.k8s.io/decision").map(String::as_str), Some("forbid"));
}

#[test]
fn the_demo_cluster_keeps_the_same_of_a_request() {
    check_events(&Cluster::demo().expect("the demo cluster"));
}

/// Asks three things, and gives the event of the one that was forbidden.
#[track_caller]
fn check_events(cluster: &Cluster) -> AuditEvent {
    let namespace = cluster.namespace().expect("a namespace");
    let user = namespace.user("asker", &[Rule::new("apps", "deployments/scale", &["get"])]).expect("a user");
    let mark = cluster.audit_mark().expect("a log");
    let ask = |id: &str, path: &str| {
        let answer = user.client().request(Method::GET, path, &[("Audit-ID", id)], None).expect("an answer");
        assert_eq!(answer.headers.get("audit-id").and_then(|it| it.to_str().ok()), Some(id), "the server adopts it");
        answer.status
    };
    let (first, second, third) = (format!("{namespace}-1"), format!("{namespace}-2"), format!("{namespace}-3"));
    assert_eq!(ask(&first, &namespace.path_in("apps/v1", "deployments/web/scale")), StatusCode::NOT_FOUND);
    assert_eq!(ask(&second, &namespace.path("pods?limit=3")), StatusCode::FORBIDDEN);
    assert_eq!(ask(&third, "/version"), StatusCode::OK);

    let events = cluster.audit_events_of(mark, &[&first, &second, &third], SOON).expect("their events");
    assert_eq!(events.len(), 3, "{events:?}");
    let code = |event: &AuditEvent| event.response_status.as_ref().map(|status| status.code);
    let scale = &events[0];
    assert_eq!((scale.audit_id.as_str(), scale.verb.as_str(), code(scale)), (first.as_str(), "get", Some(404)));
    assert_eq!(scale.user.username, user.username());
    let expected = ObjectRef {
        api_group: text("apps"),
        api_version: text("v1"),
        resource: text("deployments"),
        subresource: text("scale"),
        namespace: text(namespace.name()),
        name: text("web"),
    };
    assert_eq!(scale.object_ref.as_ref(), Some(&expected));
    let list = &events[1];
    assert_eq!((list.verb.as_str(), code(list)), ("list", Some(403)));
    assert_eq!(list.uri, namespace.path("pods?limit=3"));
    assert_eq!((events[2].object_ref.as_ref(), code(&events[2])), (None, Some(200)));
    list.clone()
}

#[test]
fn an_event_that_does_not_come_is_named() {
    let Some(cluster) = ControlPlane::shared_or_skip("an_event_that_does_not_come_is_named") else { return };
    let mark = cluster.audit_mark().expect("a log");
    let err = cluster.audit_events_of(mark, &["never-sent"], Duration::ZERO).expect_err("no such event");
    assert_eq!(err.kind(), std::io::ErrorKind::TimedOut);
    assert_eq!(err.to_string(), "the audit log has no event of [\"never-sent\"]");
}

#[test]
fn the_whole_log_can_be_read_in_parts() {
    let Some(cluster) = ControlPlane::shared_or_skip("the_whole_log_can_be_read_in_parts") else { return };
    let (events, mark) = cluster.audit_events(meho_control_plane::AuditMark::default()).expect("the log");
    assert!(events.iter().any(|event| event.user.username == "harness-kwok"), "all users are in it");
    cluster.admin().get("/version").expect("a version");
    let more = meho_control_plane::until(SOON, || {
        let (events, next) = cluster.audit_events(mark).expect("the log");
        (next > mark).then_some(events)
    });
    assert!(more.is_some_and(|events| !events.is_empty()));
}
