//! The server's own audit log against this host's records, both ways: every request that was recorded stands there under its id, and a user of the suite
//! made no other.

use crate::approvals::scaler;
use crate::embedded::{Caller, yes};
use crate::objects::{SOON, pending_pod, running_pod, still, still_deployment};
use meho_control_plane::{AuditEvent, AuditMark, Cluster, Method, ObjectRef, Rule, User};
use meho_host::error::ErrorCode;
use meho_host::policy::effect::{Method as Sent, Trust};
use meho_host::policy::family::kubernetes::{Attributes, attributes};
use meho_host::record::{Ending, RequestRecord};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

both![
    every_request_of_every_operation_is_in_both_logs,
    every_request_of_a_plan_and_of_its_execution_is_in_both_logs,
    a_token_that_is_not_taken_leaves_its_request_in_both_logs,
];

/// What the record says of a request whose answer came after the call's end.
const ABANDONED: &str = "the call ended before the answer came";

/// The events of a user, as far as it has come: a last request marks the end.
#[track_caller]
pub(crate) fn events_of(cluster: &Cluster, user: &User, since: AuditMark) -> Vec<AuditEvent> {
    let last = format!("{}-last", user.uid());
    user.client().request(Method::GET, "/version", &[("Audit-ID", &last)], None).expect("an answer");
    cluster.audit_events_of(since, &[&last], SOON).expect("the last request's event");
    let (events, _) = cluster.audit_events(since).expect("the audit log");
    let of_user = |event: &AuditEvent| event.user.username == user.username() && event.stage == "ResponseComplete";
    events.into_iter().filter(|event| of_user(event) && event.audit_id != last).collect()
}

/// Holds a user's events against the records of the callers who were that user. Gives how many there were.
#[track_caller]
fn check_same(cluster: &Cluster, user: &User, since: AuditMark, callers: &[&Caller]) -> usize {
    let recorded: Vec<RequestRecord> = callers.iter().flat_map(|caller| caller.all_requests()).collect();
    let is_answered = |request: &&RequestRecord| matches!(request.ending, Ending::Answered(_));
    let ids: Vec<&str> = recorded.iter().filter(is_answered).map(|request| request.audit_id.as_str()).collect();
    cluster.audit_events_of(since, &ids, SOON).expect("every answered request has an event");
    let logged = events_of(cluster, user, since);
    let by_id: BTreeMap<&str, &RequestRecord> =
        recorded.iter().map(|request| (request.audit_id.as_str(), request)).collect();
    assert_eq!(by_id.len(), recorded.len(), "no id is used twice");
    let unrecorded: Vec<_> = logged.iter().filter(|event| !by_id.contains_key(event.audit_id.as_str())).collect();
    assert!(unrecorded.is_empty(), "requests that were made and not recorded: {unrecorded:#?}");
    let seen: BTreeSet<&str> = logged.iter().map(|event| event.audit_id.as_str()).collect();
    assert_eq!(seen.len(), logged.len(), "each of them was made once");
    for event in &logged {
        check_event(event, by_id[event.audit_id.as_str()]);
    }
    recorded.len()
}

#[track_caller]
fn check_event(event: &AuditEvent, request: &RequestRecord) {
    assert_eq!(event.uri, request.path_and_query);
    assert!(event.user_agent.starts_with("meho-host/"), "{event:?}");
    match &request.ending {
        Ending::Answered(status) => {
            assert_eq!(event.response_status.as_ref().map(|status| status.code), Some(*status), "{event:?}");
        }
        // A read that nobody waited for any more.
        Ending::Unknown(why) => assert_eq!((request.trust, why.as_str()), (Trust::Read, ABANDONED)),
        Ending::NotSent(why) => panic!("it was sent: {why}: {event:?}"),
    }
    // The classifier reads a path as the server does.
    let path = request.path_and_query.split('?').next().unwrap_or_default();
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let method = Sent::from_token(request.method.as_str()).expect("a method");
    let Attributes::Resource(found) = attributes(method, &segments, false) else { panic!("no resource: {path}") };
    assert_eq!(event.verb, found.verb);
    let reference = ObjectRef {
        api_group: found.group,
        api_version: found.version,
        resource: found.resource,
        subresource: found.subresource,
        namespace: found.namespace,
        name: found.name,
    };
    assert_eq!(event.object_ref.as_ref(), Some(&reference), "{}", request.path_and_query);
}

fn every_request_of_every_operation_is_in_both_logs(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    running_pod(&namespace, "api-1", &["app"]);
    ["web-1", "web-2"].iter().for_each(|name| drop(pending_pod(&namespace, name)));
    let since = cluster.audit_mark().expect("a log");
    let rules = [
        Rule::new("", "pods", &["get", "list"]),
        Rule::new("", "pods/log", &["get"]),
        Rule::new("", "events", &["list"]),
        Rule::new("", "namespaces", &["get"]),
        Rule::new("apps", "deployments", &["list"]),
    ];
    let user = namespace.user("reader", &rules).expect("a user");
    let caller = Caller::user(cluster, &user);
    let place = json!({"namespace": namespace.name()});
    let of = |name: &str| json!({"namespace": namespace.name(), "name": name});
    let made = |more: usize| {
        let count = caller.requests().len();
        assert_eq!(count, more, "{:#?}", caller.requests());
    };
    caller.data("list_pods", place.clone());
    made(1);
    // Page by page.
    let mut token = None;
    for rows in [2, 1] {
        let arguments = json!({"namespace": namespace.name(), "limit": 2, "continue": token});
        let (data, meta) = caller.answer("list_pods", arguments);
        assert_eq!(data.as_array().map(Vec::len), Some(rows));
        token = meta.token;
    }
    made(3);
    // Nothing found: the namespace is looked up too.
    caller.data("list_deployments", place.clone());
    made(5);
    caller.data("get_pod", of("web-1"));
    made(7);
    // A loose name: 404, a search, the pod, its events.
    caller.data_of_loose("get_pod", of("api"), "api-1");
    made(11);
    caller.data("get_pod_logs", of("api-1"));
    made(13);
    caller.refused(ErrorCode::NotFound, "get_pod", of("nothing"));
    caller.refused(ErrorCode::NotFound, "get_pod_logs", of("nothing"));
    made(17);
    // Across all namespaces it may not.
    caller.refused(ErrorCode::PermissionDenied, "list_pods", json!({}));
    caller.refused(ErrorCode::PermissionDenied, "list_deployments", json!({}));
    // A server that says no to the arguments, and a host that does.
    let selector = json!({"namespace": namespace.name(), "field_selector": "spec.no=such"});
    caller.refused(ErrorCode::InvalidRequest, "list_pods", selector);
    made(20);
    caller.refused(ErrorCode::InvalidRequest, "list_pods", json!({"limit": 0}));
    caller.refused(ErrorCode::UnknownOperation, "list_everything", json!({}));
    made(20);
    assert_eq!(check_same(cluster, &user, since, &[&caller]), 20);
}

fn every_request_of_a_plan_and_of_its_execution_is_in_both_logs(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    still_deployment(&namespace, "web", 2);
    let since = cluster.audit_mark().expect("a log");
    let user = scaler(&namespace);
    let refuses = Caller::user(cluster, &user);
    let agrees = Caller::user(cluster, &user).asking(yes());
    let to = |replicas: u32| json!({"namespace": namespace.name(), "name": "web", "replicas": replicas});
    refuses.refused(ErrorCode::ApprovalRequired, "scale_deployment", to(3));
    agrees.answer(
        "scale_deployment",
        json!({"namespace": namespace.name(), "name": "web", "replicas": 3, "dry_run": true}),
    );
    agrees.data("scale_deployment", to(3));
    still(&namespace, "web");
    agrees.data("scale_deployment", to(0));
    let missing = json!({"namespace": namespace.name(), "name": "missing", "replicas": 1});
    agrees.refused(ErrorCode::NotFound, "scale_deployment", missing);
    let count = check_same(cluster, &user, since, &[&refuses, &agrees]);
    let writes: Vec<_> = agrees.requests().into_iter().filter(|request| request.method == Sent::Patch).collect();
    assert_eq!((writes.len(), refuses.requests().len()), (2, 2));
    // Two reads a plan, three requests an execution; of a missing one the scale, the autoscalers and the refused search for near names.
    // And the previews: the scale and the dry run of each plan, and of the one that takes pods away the pods and the budgets, which are refused.
    assert_eq!(count, (2 + 2 + 5 + 5 + 3) + (2 + 2 + 2 + 4));
}

fn a_token_that_is_not_taken_leaves_its_request_in_both_logs(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let user = namespace.user("late", &[]).expect("a user");
    let since = cluster.audit_mark().expect("a log");
    let expired = cluster.expired_token(&user).expect("a token");
    let caller = Caller::new(crate::embedded::target(cluster, &expired));
    caller.refused(ErrorCode::AuthenticationFailed, "list_pods", json!({}));
    let requests = caller.requests();
    assert_eq!(requests.len(), 1, "a token that cannot be renewed is not tried again: {requests:?}");
    // The server writes such an event before the answer, and not after it.
    let events = meho_control_plane::until(SOON, || {
        let (events, _) = cluster.audit_events(since).expect("the audit log");
        let mine: Vec<_> = events.into_iter().filter(|event| event.audit_id == requests[0].audit_id).collect();
        (!mine.is_empty()).then_some(mine)
    });
    let events = events.expect("its event");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].response_status.as_ref().map(|status| status.code), Some(401));
    assert_eq!(requests[0].ending, Ending::Answered(401));
    assert_eq!(events[0].user.username, "");
}
