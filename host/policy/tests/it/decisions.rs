//! Decisions, rule by rule.

use crate::effects::{Ask, Session, effect, get, literal, patch, pods};
use meho_policy::authority::Phase;
use meho_policy::decide::Decision;
use meho_policy::denial::Rule;
use meho_policy::effect::{Effect, Trust};
use serde_json::{Value, json};

fn named() -> Value {
    json!({"namespace": "prod", "name": "web"})
}

fn with(more: &Value) -> Value {
    let mut arguments = named();
    for (name, value) in more.as_object().expect("an object") {
        arguments[name] = value.clone();
    }
    arguments
}

fn one_pod() -> Vec<Effect> {
    vec![effect("get", &pods(vec![json!({"Argument": "name"})]), &json!({}))]
}

#[test]
fn a_path_holds_the_arguments_and_nothing_else() {
    let session = Session::reading(&one_pod(), &named());
    session.allows(&get("/api/v1/namespaces/prod/pods/web"));
    session.denies(Rule::Path, &get("/api/v1/namespaces/prod/pods/other"));
    session.denies(Rule::Path, &get("/api/v1/namespaces/other/pods/web"));
    session.denies(Rule::Path, &get("/api/v1/namespaces/prod/pods"));
    session.denies(Rule::Path, &get("/api/v1/namespaces/prod/pods/web/log"));
    session.denies(Rule::PathForm, &get("/api/v1/namespaces/prod/pods/web/"));
    session.denies(Rule::PathForm, &get("/api/v1/namespaces/prod/pods/../pods/web"));
    session.denies(Rule::PathForm, &get("/api/v1/namespaces//pods/web"));
    session.denies(Rule::PathForm, &get("/api/v1/namespaces/prod/pods/we%62"));
    session.denies(Rule::Method, &Ask { method: "DELETE", ..get("/api/v1/namespaces/prod/pods/web") });
}

#[test]
fn an_answer_is_asked_for_as_the_effect_says() {
    let accept = json!({"accept": ["application/json", "application/json;as=Table;v=v1;g=meta.k8s.io"]});
    let effects = [effect("get", &pods(vec![json!({"Argument": "name"})]), &accept)];
    let session = Session::reading(&effects, &named());
    let ask = |accept| Ask { accept, ..get("/api/v1/namespaces/prod/pods/web") };
    session.allows(&ask("application/json"));
    session.allows(&ask("application/json;as=Table;v=v1;g=meta.k8s.io"));
    for other in [
        "*/*",
        "application/yaml",
        "application/JSON",
        "application/json ",
        "application/json;as=Table",
        "application/json, application/yaml",
        "application/json;q=1",
        "application/vnd.kubernetes.protobuf",
        "application/json;v=v1;as=Table;g=meta.k8s.io",
    ] {
        session.denies(Rule::Accept, &ask(other));
    }
}

#[test]
fn a_request_is_counted() {
    let mut session = Session::reading(&one_pod(), &named());
    session.send(&get("/api/v1/namespaces/prod/pods/web"), 200, &json!({}));
    session.denies(Rule::Count, &get("/api/v1/namespaces/prod/pods/web"));
}

#[test]
fn a_query_key_without_a_rule_is_denied_and_one_with_a_given_argument_must_stand() {
    let query = json!({"query": [{"key": "labelSelector", "value": {"Pieces": [{"Argument": "selector"}]}, "may_omit": false}]});
    let list = vec![effect("list", &pods(vec![]), &query)];
    let session = Session::reading(&list, &with(&json!({"selector": "app in (a, b)"})));
    session.allows(&get("/api/v1/namespaces/prod/pods?labelSelector=app%20in%20%28a%2C%20b%29"));
    session.allows(&get("/api/v1/namespaces/prod/pods?labelSelector=%61pp%20in%20(a,%20b)"));
    session.denies(Rule::QueryMissing, &get("/api/v1/namespaces/prod/pods"));
    session.denies(Rule::QueryValue, &get("/api/v1/namespaces/prod/pods?labelSelector=app"));
    session.denies(
        Rule::QueryKey,
        &get("/api/v1/namespaces/prod/pods?labelSelector=app%20in%20%28a%2C%20b%29&watch=true"),
    );
    session.denies(Rule::QueryForm, &get("/api/v1/namespaces/prod/pods?labelSelector=a&labelSelector=a"));
    session.denies(Rule::QueryForm, &get("/api/v1/namespaces/prod/pods?labelSelector=app+in+(a,b)"));
    let without = Session::reading(&list, &named());
    without.allows(&get("/api/v1/namespaces/prod/pods"));
    without.denies(Rule::QueryKey, &get("/api/v1/namespaces/prod/pods?labelSelector=app"));
}

#[test]
fn conditions_on_arguments_say_which_effects_there_are() {
    let kinds = |id: &str, path: &str, when: Value| effect(id, &literal(path), &json!({"when": when}));
    let effects = vec![
        kinds("pod", "/api/v1/pods", json!([{"OneOf": ["kind", ["Pod"]]}])),
        kinds("node", "/api/v1/nodes", json!([{"OneOf": ["kind", ["Node"]]}])),
        kinds("one", "/api/v1/services", json!([{"Given": "selector"}])),
        kinds("other", "/api/v1/endpoints", json!([{"Absent": "selector"}])),
        kinds("listed", "/api/v1/events", json!([{"OneOf": ["kinds", ["Node"]]}])),
    ];
    let by_default = Session::reading(&effects, &named());
    by_default.allows(&get("/api/v1/pods"));
    by_default.denies(Rule::Path, &get("/api/v1/nodes"));
    by_default.denies(Rule::Path, &get("/api/v1/services"));
    by_default.allows(&get("/api/v1/endpoints"));
    by_default.denies(Rule::Path, &get("/api/v1/events"));
    let chosen = Session::reading(&effects, &with(&json!({"kind": "Node", "selector": "a", "kinds": ["Pod", "Node"]})));
    chosen.denies(Rule::Path, &get("/api/v1/pods"));
    chosen.allows(&get("/api/v1/nodes"));
    chosen.allows(&get("/api/v1/services"));
    chosen.denies(Rule::Path, &get("/api/v1/endpoints"));
    chosen.allows(&get("/api/v1/events"));
}

#[test]
fn an_argument_without_a_case_ends_the_effect_whatever_else_is_absent() {
    let cases = json!({"Chosen": {"argument": "tier", "cases": [["gold", "x"]]}});
    let query = json!([{"key": "k", "value": {"Pieces": [{"Argument": "limit"}, cases]}, "may_omit": false}]);
    let effects = [effect("list", &pods(vec![]), &json!({"query": query}))];
    let session = |more: Value| Session::reading(&effects, &with(&more));
    session(json!({"tier": "gold", "limit": 5})).allows(&get("/api/v1/namespaces/prod/pods?k=5x"));
    session(json!({})).allows(&get("/api/v1/namespaces/prod/pods"));
    session(json!({"tier": "gold"})).allows(&get("/api/v1/namespaces/prod/pods"));
    for none in [json!({"tier": "tin"}), json!({"tier": "tin", "limit": 5})] {
        session(none.clone()).denies(Rule::Method, &get("/api/v1/namespaces/prod/pods"));
        session(none).denies(Rule::Method, &get("/api/v1/namespaces/prod/pods?k=5x"));
    }
}

fn loose() -> Vec<Effect> {
    let found = json!({"Extends": {"argument": "name", "found": [{"effect": "search", "pointer": "/items/*/metadata/name", "form": "Name"}]}});
    vec![
        effect("get", &pods(vec![found]), &json!({"count": {"series": 3, "pages": 1}})),
        effect("search", &pods(vec![]), &json!({"when": [{"Answered404": ["get"]}]})),
    ]
}

#[test]
fn a_longer_name_is_allowed_once_it_was_found_and_the_first_one_used_holds() {
    let mut session = Session::reading(&loose(), &named());
    session.denies(Rule::Condition, &get("/api/v1/namespaces/prod/pods"));
    session.denies(Rule::PathValue, &get("/api/v1/namespaces/prod/pods/web-1"));
    session.send(&get("/api/v1/namespaces/prod/pods/web"), 404, &json!({}));
    session.denies(Rule::PathValue, &get("/api/v1/namespaces/prod/pods/web-1"));
    let items: Vec<Value> =
        ["web-1", "web-2", "db-1", "we"].iter().map(|name| json!({"metadata": {"name": name}})).collect();
    session.send(&get("/api/v1/namespaces/prod/pods"), 200, &json!({"items": items}));
    session.denies(Rule::PathValue, &get("/api/v1/namespaces/prod/pods/db-1"));
    session.denies(Rule::PathValue, &get("/api/v1/namespaces/prod/pods/we"));
    session.denies(Rule::PathValue, &get("/api/v1/namespaces/prod/pods/web-3"));
    session.allows(&get("/api/v1/namespaces/prod/pods/web-1"));
    session.allows(&get("/api/v1/namespaces/prod/pods/web-2"));
    session.send(&get("/api/v1/namespaces/prod/pods/web-2"), 200, &json!({}));
    session.denies(Rule::PathValue, &get("/api/v1/namespaces/prod/pods/web-1"));
    session.allows(&get("/api/v1/namespaces/prod/pods/web-2"));
}

#[test]
fn a_search_waits_for_a_404_and_no_other_answer_will_do() {
    for status in [200, 403, 500] {
        let mut session = Session::reading(&loose(), &named());
        session.send(&get("/api/v1/namespaces/prod/pods/web"), status, &json!({}));
        session.denies(Rule::Condition, &get("/api/v1/namespaces/prod/pods"));
    }
}

fn observing(form: &str, pointer: &str) -> Vec<Effect> {
    let seen = json!({"Observed": [{"effect": "get", "pointer": pointer, "form": form}]});
    let query = json!([{"key": "fieldSelector", "value": {"Pieces": [{"Literal": "uid="}, seen, {"Literal": ",x=y"}]}, "may_omit": false}]);
    vec![
        effect("get", &pods(vec![json!({"Argument": "name"})]), &json!({})),
        effect("events", &literal("/api/v1/events"), &json!({"query": query})),
    ]
}

#[test]
fn a_value_is_allowed_once_it_stood_in_an_answer_with_status_200() {
    let mut session = Session::reading(&observing("Uid", "/metadata/uid"), &named());
    let ask = get("/api/v1/events?fieldSelector=uid%3Dabc-1%2Cx%3Dy");
    session.denies(Rule::QueryValue, &ask);
    session.send(
        &get("/api/v1/namespaces/prod/pods/web"),
        200,
        &json!({"metadata": {"uid": "abc-1"}, "uid": "not-this"}),
    );
    session.allows(&ask);
    session.denies(Rule::QueryValue, &get("/api/v1/events?fieldSelector=uid%3Dabc-2%2Cx%3Dy"));
    session.denies(Rule::QueryValue, &get("/api/v1/events?fieldSelector=uid%3Dnot-this%2Cx%3Dy"));
    session.denies(Rule::QueryValue, &get("/api/v1/events?fieldSelector=uid%3Dabc-1"));
    let mut refused = Session::reading(&observing("Uid", "/metadata/uid"), &named());
    refused.send(&get("/api/v1/namespaces/prod/pods/web"), 403, &json!({"metadata": {"uid": "abc-1"}}));
    refused.denies(Rule::QueryValue, &ask);
}

#[test]
fn a_value_seen_that_is_not_of_its_form_is_no_value() {
    for uid in ["a,status.phase=Running", "a b", "", "\u{0430}bc"] {
        let mut session = Session::reading(&observing("Uid", "/metadata/uid"), &named());
        session.send(&get("/api/v1/namespaces/prod/pods/web"), 200, &json!({"metadata": {"uid": uid}}));
        let target = format!("/api/v1/events?fieldSelector={}", encode(&format!("uid={uid},x=y")));
        session.denies(Rule::QueryValue, &get(&target));
    }
}

#[test]
fn what_was_seen_takes_room_once_and_what_does_not_fit_is_no_value() {
    let selector = |number: usize| format!("k={number:04000}");
    let target = |number: usize| format!("/api/v1/events?fieldSelector=uid%3Dk%3D{number:04000}%2Cx%3Dy");
    let begun = || {
        let mut session = Session::reading(&observing("LabelSelector", "/spec/selector"), &named());
        let receipt = session.send(&get("/api/v1/namespaces/prod/pods/web"), 200, &json!({}));
        (session, receipt)
    };
    // 3000 values of 4 KB are more than the 8 MiB that are kept.
    let (mut again, receipt) = begun();
    (0..3000).for_each(|_| again.find(receipt, &selector(1)));
    again.find(receipt, &selector(2));
    again.allows(&get(&target(1)));
    again.allows(&get(&target(2)));
    let (mut distinct, receipt) = begun();
    (0..3000).for_each(|number| distinct.find(receipt, &selector(number)));
    distinct.allows(&get(&target(1)));
    distinct.denies(Rule::QueryValue, &get(&target(2999)));
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[test]
fn a_selector_seen_is_asked_for_in_its_one_form() {
    let mut session = Session::reading(&observing("LabelSelector", "/spec/selector"), &named());
    let selector = json!({"matchLabels": {"b": "2", "a": "1"}, "matchExpressions": [{"key": "k", "operator": "In", "values": ["y", "x"]}]});
    session.send(&get("/api/v1/namespaces/prod/pods/web"), 200, &json!({"spec": {"selector": selector}}));
    let ask = |text: &str| format!("/api/v1/events?fieldSelector={}", encode(&format!("uid={text},x=y")));
    session.allows(&get(&ask("a=1,b=2,k in (x,y)")));
    session.denies(Rule::QueryValue, &get(&ask("b=2,a=1,k in (x,y)")));
    session.denies(Rule::QueryValue, &get(&ask("a=1,b=2")));
    session.denies(Rule::QueryValue, &get(&ask("a=1,b=2,k in (y,x)")));
}

fn paged() -> Vec<Effect> {
    let query = json!([
        {"key": "limit", "value": {"PageSize": {"rows": 500, "limit": "limit"}}, "may_omit": false},
        {"key": "continue", "value": {"PageToken": "token"}, "may_omit": false},
    ]);
    vec![effect("list", &pods(vec![]), &json!({"query": query, "count": {"series": 1, "pages": 3}}))]
}

fn page(token: &str) -> Value {
    json!({"metadata": {"continue": token}, "items": [{"metadata": {"continue": "inner"}}]})
}

#[test]
fn a_page_token_must_have_stood_in_an_answer_of_the_series() {
    let mut session = Session::reading(&paged(), &named());
    let list = |query: &str| format!("/api/v1/namespaces/prod/pods?{query}");
    session.denies(Rule::PageToken, &get(&list("limit=500&continue=forged")));
    session.denies(Rule::QueryMissing, &get("/api/v1/namespaces/prod/pods"));
    session.send(&get(&list("limit=500")), 200, &page("t1"));
    session.denies(Rule::PageToken, &get(&list("limit=500&continue=forged")));
    session.denies(Rule::PageToken, &get(&list("limit=500&continue=inner")));
    session.allows(&get(&list("limit=500&continue=t1")));
    session.send(&get(&list("limit=500&continue=t1")), 200, &page("t2"));
    session.send(&get(&list("limit=500&continue=t2")), 200, &page("t3"));
    session.denies(Rule::Count, &get(&list("limit=500&continue=t3")));
}

#[test]
fn the_callers_token_begins_a_series_and_nothing_else_does() {
    let session = Session::reading(&paged(), &with(&json!({"token": "mine"})));
    session.allows(&get("/api/v1/namespaces/prod/pods?limit=500&continue=mine"));
    session.denies(Rule::PageToken, &get("/api/v1/namespaces/prod/pods?limit=500"));
    session.denies(Rule::PageToken, &get("/api/v1/namespaces/prod/pods?limit=500&continue=other"));
}

#[test]
fn a_page_has_the_usual_size_or_what_is_left_of_the_limit_or_a_lower_step() {
    let list = |query: &str| format!("/api/v1/namespaces/prod/pods?{query}");
    let session = Session::reading(&paged(), &named());
    for size in ["500", "125", "31", "7", "1"] {
        session.allows(&get(&list(&format!("limit={size}"))));
    }
    for size in ["501", "499", "0", "1000", "-1", "0500", "5e2", ""] {
        session.denies(Rule::PageSize, &get(&list(&format!("limit={size}"))));
    }
    let mut limited = Session::reading(&paged(), &with(&json!({"limit": 600})));
    limited.send(&get(&list("limit=500")), 200, &page("t1"));
    limited.allows(&get(&list("limit=100&continue=t1")));
    limited.allows(&get(&list("limit=31&continue=t1")));
    limited.denies(Rule::PageSize, &get(&list("limit=125&continue=t1")));
    limited.send(&get(&list("limit=100&continue=t1")), 200, &page("t2"));
    limited.denies(Rule::PageSize, &get(&list("limit=1&continue=t2")));
}

#[test]
fn only_the_latest_page_is_asked_for_again_and_only_smaller() {
    let list = |query: &str| format!("/api/v1/namespaces/prod/pods?{query}");
    let mut session = Session::reading(&paged(), &named());
    session.send(&get(&list("limit=500")), 504, &json!({}));
    session.denies(Rule::PageSize, &get(&list("limit=500")));
    session.send(&get(&list("limit=125")), 200, &page("t1"));
    session.send(&get(&list("limit=500&continue=t1")), 200, &page("t2"));
    session.denies(Rule::Count, &get(&list("limit=31")));
}

fn writing(more: &Value) -> Vec<Effect> {
    let template = json!({
        "metadata": {"uid": {"$observed": ["before", "/metadata/uid"], "optional": true}},
        "spec": {"replicas": {"$argument": "replicas"}, "at": {"$clock": "rfc3339"}},
    });
    let path = pods(vec![json!({"Argument": "name"})]);
    let mut write = json!({
        "trust": "Write", "method": "Patch",
        "body": {"media_type": "application/merge-patch+json", "template": template.to_string()},
    });
    for (name, value) in more.as_object().expect("an object") {
        write[name] = value.clone();
    }
    vec![effect("before", &path, &json!({})), effect("write", &path, &write)]
}

const WRITE: &str = "/api/v1/namespaces/prod/pods/web";
const BARE: &str = r#"{"spec":{"replicas":3,"at":"2026-01-02T03:04:05Z"}}"#;
const WITH_UID: &str = r#"{"metadata":{"uid":"u-1"},"spec":{"at":"2026-01-02T03:04:05Z","replicas":3}}"#;

fn planning() -> Session {
    Session::new(&writing(&json!({})), Trust::Write, &named(), Phase::Plan)
}

#[test]
fn an_observed_identity_stands_in_the_body_unless_its_read_was_refused() {
    let unread = planning();
    unread.denies(Rule::Body, &patch(WRITE, BARE));
    unread.denies(Rule::Body, &patch(WRITE, WITH_UID));
    let mut read = planning();
    read.send(&get(WRITE), 200, &json!({"metadata": {"uid": "u-1"}}));
    read.allows(&patch(WRITE, WITH_UID));
    read.denies(Rule::Body, &patch(WRITE, BARE));
    read.denies(Rule::Body, &patch(WRITE, &WITH_UID.replace("u-1", "u-2")));
    let mut refused = planning();
    refused.send(&get(WRITE), 403, &json!({"metadata": {"uid": "u-1"}}));
    refused.allows(&patch(WRITE, BARE));
    refused.denies(Rule::Body, &patch(WRITE, WITH_UID));
    let mut without = planning();
    without.send(&get(WRITE), 200, &json!({"metadata": {}}));
    without.denies(Rule::Body, &patch(WRITE, BARE));
}

#[test]
fn a_body_is_its_template_with_the_arguments_in_it() {
    let mut session = planning();
    session.send(&get(WRITE), 403, &json!({}));
    session.allows(&patch(WRITE, BARE));
    session.allows(&patch(WRITE, &format!(" {} ", BARE.replace(',', " ,\n"))));
    session.denies(Rule::Body, &patch(WRITE, &BARE.replace("3,", "4,")));
    session.denies(Rule::Body, &patch(WRITE, &BARE.replace("3,", "\"3\",")));
    session.denies(Rule::BodyForm, &patch(WRITE, &BARE.replace("3,", "3.0,")));
    session.denies(Rule::BodyForm, &patch(WRITE, &BARE.replace("\"replicas\"", "\"replicas\":9,\"replicas\"")));
    session.denies(Rule::Body, &patch(WRITE, &BARE.replace("04:05", "04:06")));
    session.denies(Rule::Body, &patch(WRITE, r#"{"metadata":{},"spec":{"replicas":3,"at":"2026-01-02T03:04:05Z"}}"#));
    session.denies(Rule::MediaType, &Ask { media_type: Some("application/json"), ..patch(WRITE, BARE) });
    session.denies(Rule::MediaType, &Ask { media_type: None, body: "", ..patch(WRITE, BARE) });
}

#[test]
fn what_the_family_takes_for_more_is_at_least_that() {
    let mut session = planning();
    session.send(&get(WRITE), 403, &json!({}));
    let Ok(Decision::Plan(planned)) = session.decide(&patch(WRITE, BARE)) else { panic!("a plan") };
    assert_eq!(planned.trust(), Trust::Write);
    let mut to_zero = Session::new(&writing(&json!({})), Trust::Write, &with(&json!({"replicas": 0})), Phase::Plan);
    to_zero.send(&get(WRITE), 403, &json!({}));
    let Ok(Decision::Plan(planned)) = to_zero.decide(&patch(WRITE, &BARE.replace("3,", "0,"))) else {
        panic!("a plan")
    };
    assert_eq!(planned.trust(), Trust::Destructive);
}

#[test]
fn a_read_whose_request_turns_out_to_be_more_is_denied() {
    // `chosen` makes the path, so the catalogue looks at every case; an argument makes this one, and no catalogue can.
    let path =
        json!([{"Literal": "/api/v1/namespaces/"}, {"Argument": "namespace"}, {"Literal": "/"}, {"Argument": "name"}]);
    let session = Session::reading(&[effect("odd", &path, &json!({}))], &json!({"namespace": "prod", "name": "pods"}));
    session.allows(&get("/api/v1/namespaces/prod/pods"));
    let proxied = json!([{"Literal": "/api/v1/"}, {"Argument": "name"}, {"Literal": "/pods"}]);
    let session =
        Session::reading(&[effect("odd", &proxied, &json!({}))], &json!({"namespace": "prod", "name": "proxy"}));
    session.denies(Rule::Trust, &get("/api/v1/proxy/pods"));
}

#[test]
fn a_call_writes_once_and_exactly_what_was_approved() {
    let decide_plan = |body: &str| {
        let mut session = planning();
        session.send(&get(WRITE), 200, &json!({"metadata": {"uid": "u-1"}}));
        let Ok(decision) = session.decide(&patch(WRITE, body)) else { panic!("a plan") };
        crate::plans::approved(decision)
    };
    let run = |uid: &str| {
        let mut session = Session::new(&writing(&json!({})), Trust::Write, &named(), decide_plan(WITH_UID));
        session.send(&get(WRITE), 200, &json!({"metadata": {"uid": uid}}));
        session
    };
    let mut same = run("u-1");
    same.send(&patch(WRITE, WITH_UID), 200, &json!({}));
    same.denies(Rule::Count, &patch(WRITE, WITH_UID));
    run("u-2").denies(Rule::Plan, &patch(WRITE, &WITH_UID.replace("u-1", "u-2")));
}

#[test]
fn of_two_writes_that_could_be_made_one_is() {
    let mut effects = writing(&json!({}));
    let other = json!({"trust": "Destructive", "method": "Delete"});
    effects.push(effect("delete", &pods(vec![json!({"Argument": "name"})]), &other));
    let delete = Ask { method: "DELETE", ..get(WRITE) };
    let mut planning = Session::new(&effects, Trust::Destructive, &named(), Phase::Plan);
    planning.send(&get(WRITE), 403, &json!({}));
    let phase = crate::plans::approved(planning.decide(&patch(WRITE, BARE)).expect("a plan"));
    let mut executing = Session::new(&effects, Trust::Destructive, &named(), phase);
    executing.send(&get(WRITE), 403, &json!({}));
    executing.denies(Rule::Plan, &delete);
    executing.send(&patch(WRITE, BARE), 200, &json!({}));
    executing.denies(Rule::OneWrite, &delete);
}

#[test]
fn a_denial_names_the_effect_that_came_closest() {
    let session = Session::reading(&loose(), &named());
    let denial = session.decide(&get("/api/v1/namespaces/prod/pods/other")).expect_err("denied");
    assert_eq!(denial.effect.map(|id| id.to_string()).as_deref(), Some("get"));
    assert_eq!(denial.part, "other");
    let hostile = "/api/v1/namespaces/prod/pods/".to_owned() + &"x".repeat(500);
    let denial = session.decide(&get(&hostile)).expect_err("denied");
    assert!(denial.part.chars().count() <= 161, "{denial}");
}
