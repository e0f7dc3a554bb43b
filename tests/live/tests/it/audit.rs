//! The server's own audit log against this host's records, both ways: every request that was recorded stands there under its id, and a user of the suite
//! made no other.
//!
//! Here are calls whose requests are counted. Every operation is held against the log in the same way where its lines are run, see `suite.rs`.

use crate::approvals::scaler;
use crate::embedded::{Caller, yes};
use crate::objects::{SOON, pending_pod, running_pod, still, still_deployment};
use meho_control_plane::{AuditEvent, AuditMark, Cluster, Method, ObjectRef, Rule, User};
use meho_host::error::ErrorCode;
use meho_host::policy::effect::{Method as Sent, Trust};
use meho_host::policy::family::kubernetes::{Attributes, attributes};
use meho_host::record::{Ending, RequestRecord};
use serde_json::json;
use std::collections::BTreeMap;

both![
    every_request_of_every_operation_is_in_both_logs,
    every_request_of_a_plan_and_of_its_execution_is_in_both_logs,
    a_token_that_is_not_taken_leaves_its_request_in_both_logs,
    a_request_that_one_of_the_two_does_not_have_or_has_otherwise_is_told,
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
pub(crate) fn check_same(cluster: &Cluster, user: &User, since: AuditMark, callers: &[&Caller]) -> usize {
    let recorded: Vec<RequestRecord> = callers.iter().flat_map(|caller| caller.all_requests()).collect();
    let is_answered = |request: &&RequestRecord| matches!(request.ending, Ending::Answered(_));
    let ids: Vec<&str> = recorded.iter().filter(is_answered).map(|request| request.audit_id.as_str()).collect();
    cluster.audit_events_of(since, &ids, SOON).expect("every answered request has an event");
    let wrong = differences(&events_of(cluster, user, since), &recorded);
    assert!(wrong.is_empty(), "{} requests are not alike in both:\n{}", wrong.len(), wrong.join("\n"));
    recorded.len()
}

/// Where a user's events and the records of its requests are not the same.
fn differences(logged: &[AuditEvent], recorded: &[RequestRecord]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut events: BTreeMap<&str, Vec<&AuditEvent>> = BTreeMap::new();
    logged.iter().for_each(|event| events.entry(&event.audit_id).or_default().push(event));
    for request in recorded {
        match (events.remove(request.audit_id.as_str()).as_deref(), &request.ending) {
            (Some([event]), _) => wrong.extend(difference(event, request)),
            (Some(several), _) => wrong.push(format!("made {} times: {request:?}", several.len())),
            // What did not arrive is in no log.
            (None, Ending::NotSent(_) | Ending::Unknown(_)) => {}
            (None, Ending::Answered(_)) => {
                wrong.push(format!("recorded, or recorded once more, and not made: {request:?}"))
            }
        }
    }
    wrong.extend(events.into_values().flatten().map(|event| format!("made and not recorded: {event:?}")));
    wrong
}

/// What of an event is not as the request was recorded, and as the family reads its path.
fn difference(event: &AuditEvent, request: &RequestRecord) -> Option<String> {
    let is_ended_alike = match &request.ending {
        Ending::Answered(status) => event.response_status.as_ref().is_some_and(|logged| logged.code == *status),
        // A read that nobody waited for any more.
        Ending::Unknown(why) => (request.trust, why.as_str()) == (Trust::Read, ABANDONED),
        Ending::NotSent(_) => false,
    };
    let is_ours = event.user_agent.starts_with("meho-host/") && event.uri == request.path_and_query;
    let (verb, reference) = read(request);
    let is_alike = is_ended_alike && is_ours && event.verb == verb && event.object_ref.as_ref() == Some(&reference);
    (!is_alike).then(|| format!("{request:?}\n    is read as {verb} {reference:?}\n    and logged as {event:?}"))
}

/// What a request is about, as the family reads its path.
fn read(request: &RequestRecord) -> (String, ObjectRef) {
    let (path, query) = request.path_and_query.split_once('?').unwrap_or((&request.path_and_query, ""));
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let method = Sent::from_token(request.method.as_str()).expect("a method");
    let Attributes::Resource(found) = attributes(method, &segments) else { panic!("no resource: {path}") };
    // Of a list that is of one name by its field selector the server says that name, too.
    let selected = || {
        let selector = query.split('&').find_map(|pair| pair.strip_prefix("fieldSelector="))?;
        selector.split("%2C").find_map(|term| term.strip_prefix("metadata.name%3D")).map(str::to_owned)
    };
    let name = if found.verb == "list" { selected().unwrap_or_default() } else { found.name };
    let reference = ObjectRef {
        api_group: found.group,
        api_version: found.version,
        resource: found.resource,
        subresource: found.subresource,
        namespace: found.namespace,
        name,
    };
    (found.verb, reference)
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

fn a_request_that_one_of_the_two_does_not_have_or_has_otherwise_is_told(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    pending_pod(&namespace, "web");
    let since = cluster.audit_mark().expect("a log");
    let user = namespace.user("reader", &[Rule::new("", "pods", &["get", "list"])]).expect("a user");
    let caller = Caller::user(cluster, &user);
    caller.data("list_pods", json!({"namespace": namespace.name()}));
    assert_eq!(check_same(cluster, &user, since, &[&caller]), 1);
    let recorded = caller.requests();
    let told = |recorded: &[RequestRecord], begins: &str| {
        let wrong = differences(&events_of(cluster, &user, since), recorded);
        assert!(matches!(&wrong[..], [one] if one.starts_with(begins)), "{begins}: {wrong:#?}");
    };
    told(&[], "made and not recorded: ");
    told(&[recorded.clone(), recorded.clone()].concat(), "recorded, or recorded once more, and not made: ");
    let with = |change: fn(&mut RequestRecord)| {
        let mut changed = recorded.clone();
        change(&mut changed[0]);
        changed
    };
    told(&with(|request| request.path_and_query.push('&')), "RequestRecord");
    told(&with(|request| request.path_and_query = request.path_and_query.replace("pods", "events")), "RequestRecord");
    told(&with(|request| request.method = Sent::Delete), "RequestRecord");
    told(&with(|request| request.ending = Ending::Answered(404)), "RequestRecord");
    told(&with(|request| request.ending = Ending::NotSent("no connection".to_owned())), "RequestRecord");
    // Past the host, with the user's own credential.
    user.client().get(&namespace.path("pods/web")).expect("the pod");
    told(&recorded, "made and not recorded: ");
}
