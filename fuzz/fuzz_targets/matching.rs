//! What a connector asks for against the effects of an operation with every kind of piece: whatever is let through is one of the few requests that a
//! reader of the effects would write down.

#![no_main]

use libfuzzer_sys::fuzz_target;
use meho_policy::authority::{Authority, Phase};
use meho_policy::catalogue::Effects;
use meho_policy::decide::{Decision, decide};
use meho_policy::effect::{Effect, Trust};
use meho_policy::family::Family;
use meho_policy::observer::Observer;
use meho_policy::request::{CanonicalRequest, RawRequest, VIRTUAL_AUTHORITY, VIRTUAL_SCHEME};
use meho_policy::schema::{Arguments, ArgumentsSchema};
use meho_policy::state::{State, observe, observe_status, spend};
use serde_json::{Value, json};
use std::sync::LazyLock;

static SCHEMA: &str = r#"{"type":"object","properties":{"namespace":{"type":"string","format":"label"},
    "name":{"type":"string","format":"name"},"limit":{"type":"integer","minimum":1},"selector":{"type":"string","format":"selector"},
    "tier":{"type":"string","enum":["gold","tin"],"default":"gold"}},"required":["namespace","name"],"additionalProperties":false}"#;

static OPERATION: LazyLock<(Effects, Arguments)> = LazyLock::new(|| {
    let schema = ArgumentsSchema::parse(SCHEMA).expect("a schema");
    let effects: Vec<Effect> = serde_json::from_value(effects()).expect("effects");
    let effects = Effects::check(&effects, &schema, Trust::Destructive, Family::Kubernetes).expect("effects that pass");
    let given = json!({"namespace": "prod", "name": "web", "limit": 8, "selector": "a in (b)"});
    (effects, schema.check(given.as_object().expect("an object").clone()).expect("arguments"))
});

fn effects() -> Value {
    let found = json!([{"effect": "search", "pointer": "/items/*/metadata/name", "form": "Name"}]);
    let uid = json!([{"effect": "get", "pointer": "/metadata/uid", "form": "Uid"}]);
    let path = |after: Value| {
        let mut path = vec![json!({"Literal": "/api/v1/namespaces/"}), json!({"Argument": "namespace"})];
        path.extend(after.as_array().expect("pieces").iter().cloned());
        Value::Array(path)
    };
    let rule = |key: &str, value: Value, may_omit: bool| json!({"key": key, "value": value, "may_omit": may_omit});
    let effect = |id: &str, method: &str, path: Value, query: Vec<Value>, pages: u16, body: Value, when: Value| {
        let trust = if method == "Get" { "Read" } else { "Destructive" };
        // A name, and a longer one.
        let series = if id == "get" { 2 } else { 1 };
        json!({"id": id, "trust": trust, "need": "Required", "when": when, "method": method, "path": path, "query": query,
            "accept": ["application/json"], "body": body, "count": {"series": series, "pages": pages}})
    };
    let template = r#"{"preconditions":{"uid":{"$observed":["exact","/metadata/uid"],"optional":true}}}"#;
    let body = json!({"media_type": "application/json", "template": template});
    let one = |kind: &str, piece: Value| path(json!([{"Literal": format!("/{kind}/")}, piece]));
    json!([
        effect(
            "get",
            "Get",
            one("pods", json!({"Extends": {"argument": "name", "found": found}})),
            vec![],
            1,
            Value::Null,
            json!([])
        ),
        effect(
            "search",
            "Get",
            path(json!([{"Literal": "/pods"}])),
            vec![
                rule("labelSelector", json!({"Pieces": [{"Argument": "selector"}]}), true),
                rule("limit", json!({"PageSize": {"rows": 500, "limit": "limit"}}), false),
                rule("continue", json!({"PageToken": null}), false),
            ],
            3,
            Value::Null,
            json!([{"Answered404": ["get"]}])
        ),
        effect(
            "events",
            "Get",
            path(json!([{"Literal": "/events"}])),
            vec![
                rule(
                    "fieldSelector",
                    json!({"Pieces": [{"Literal": "involvedObject.uid="}, {"Observed": uid}]}),
                    false
                ),
                rule(
                    "tier",
                    json!({"Pieces": [{"Chosen": {"argument": "tier", "cases": [["gold", "g"], ["tin", "t"]]}}]}),
                    false
                ),
            ],
            1,
            Value::Null,
            json!([])
        ),
        effect("exact", "Get", one("services", json!({"Argument": "name"})), vec![], 1, Value::Null, json!([])),
        effect("delete", "Delete", one("services", json!({"Argument": "name"})), vec![], 1, body, json!([])),
    ])
}

/// Answers that the bytes choose among.
const ANSWERS: [(u16, &str); 6] = [
    (404, ""),
    (403, ""),
    (
        200,
        r#"{"metadata":{"uid":"u-1","continue":"t1"},"items":[{"metadata":{"name":"web-1"}},{"metadata":{"name":"web-2"}}]}"#,
    ),
    (
        200,
        r#"{"metadata":{"uid":"u-2","continue":"t2"},"items":[{"metadata":{"name":"other"}},{"metadata":{"name":"Web"}}]}"#,
    ),
    (200, r#"{"metadata":{"uid":"","continue":""},"items":[]}"#),
    (200, "{"),
];

fuzz_target!(|data: &[u8]| {
    let (effects, arguments) = &*OPERATION;
    let authority = Authority::compile(effects, arguments, "2026-01-02T03:04:05Z", Phase::Plan);
    let mut state = State::new(&authority);
    let mut sent = Vec::new();
    // A line each: which answer, method, target. A body follows a tab.
    for line in data.split(|byte| *byte == b'\n').take(12) {
        let Ok(line) = std::str::from_utf8(line) else { return };
        let (line, body) = line.split_once('\t').unwrap_or((line, ""));
        let Some((answer, rest)) = line.split_once(' ') else { return };
        let Some((method, target)) = rest.split_once(' ') else { return };
        let mut headers = vec![("accept", &b"application/json"[..])];
        if !body.is_empty() {
            headers.push(("content-type", b"application/json"));
        }
        let (scheme, authority_text) = (VIRTUAL_SCHEME, VIRTUAL_AUTHORITY);
        let raw = RawRequest {
            method,
            scheme,
            authority: authority_text,
            path_and_query: target,
            headers,
            body: body.as_bytes(),
        };
        let Ok(request) = CanonicalRequest::parse(&raw) else { continue };
        match decide(&authority, &state, &request) {
            Err(denial) => assert!(!denial.to_string().is_empty()),
            Ok(Decision::Plan(_)) => {
                assert_eq!((request.method().as_str(), request.rendered_path()), ("DELETE", service()));
                let body = request.body().expect("a body").value();
                let uid = body.pointer("/preconditions/uid").and_then(Value::as_str).expect("a uid");
                assert!(["u-1", "u-2"].contains(&uid) && body.to_string().len() < 60, "{body}");
            }
            Ok(Decision::Send(permit)) => {
                is_written_down(&request);
                assert_eq!(permit.request(), &request);
                assert!(sent.len() < 7, "two, three pages, and one of two each: {sent:?}");
                sent.push(request.rendered_path_and_query());
                let receipt = spend(&mut state, &permit);
                let (status, text) = ANSWERS[answer.len() % ANSWERS.len()];
                observe_status(&mut state, receipt, status);
                if let (200, Some(mut observer)) = (status, Observer::new(&authority, receipt)) {
                    for finding in observer.feed(text.as_bytes()) {
                        observe(&mut state, &authority, receipt, finding);
                    }
                }
            }
        }
    }
});

fn service() -> String {
    "/api/v1/namespaces/prod/services/web".to_owned()
}

fn is_written_down(request: &CanonicalRequest) {
    assert_eq!((request.method().as_str(), request.body()), ("GET", None));
    let of_namespace = "/api/v1/namespaces/prod";
    let query: Vec<(&str, &str)> = request.query().iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let path = request.rendered_path();
    match path.strip_prefix(of_namespace) {
        Some("/pods/web" | "/pods/web-1" | "/pods/web-2" | "/services/web") => assert!(query.is_empty(), "{query:?}"),
        Some("/pods") => assert!(
            query.iter().all(|pair| matches!(
                pair,
                ("labelSelector", "a in (b)")
                    | ("limit", "8" | "7" | "6" | "5" | "4" | "3" | "2" | "1")
                    | ("continue", "t1" | "t2")
            )),
            "{query:?}"
        ),
        Some("/events") => {
            assert!(
                matches!(
                    *query,
                    [("fieldSelector", "involvedObject.uid=u-1" | "involvedObject.uid=u-2"), ("tier", "g")]
                ),
                "{query:?}"
            );
        }
        _ => panic!("{path} is no path of these effects"),
    }
}
