//! Whatever two effects pass a load together: no request of any call fits both.

use crate::effects::{Ask, check, effect, get, schema};
use meho_policy::authority::{Authority, Phase};
use meho_policy::decide::decide;
use meho_policy::effect::{Effect, Trust};
use meho_policy::request::CanonicalRequest;
use meho_policy::schema::Arguments;
use meho_policy::state::State;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// Every value that the pieces below can come to.
const VALUES: [&str; 6] = ["x=1", "x=2", "y=1", "1x=1", "1y=1", "x=web"];

static REQUESTS: LazyLock<Vec<CanonicalRequest>> = LazyLock::new(|| {
    let pairs = |key: &str| -> Vec<String> {
        let given = VALUES.iter().map(|value| format!("{key}={}", value.replace('=', "%3D")));
        std::iter::once(String::new()).chain(given).collect()
    };
    let mut requests = Vec::new();
    for path in ["/api/v1/pods", "/api/v1/nodes", "/api/v1/nodes/web"] {
        for f in pairs("f") {
            for g in pairs("g") {
                let query = [f.as_str(), g.as_str()].into_iter().filter(|pair| !pair.is_empty()).collect::<Vec<_>>();
                let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) };
                let ask: Ask<'_> = get(&target);
                requests.push(ask.canonical().expect("canonical"));
            }
        }
    }
    requests
});

static CALLS: LazyLock<Vec<Arguments>> = LazyLock::new(|| {
    let schema = schema();
    let mut calls = Vec::new();
    for tier in [json!(null), json!("gold"), json!("silver"), json!("tin")] {
        for kind in ["Pod", "Node"] {
            for (limit, selector) in [(json!(null), json!("x=1")), (json!(1), json!(null)), (json!(1), json!("x=1"))] {
                let arguments = json!({
                    "namespace": "prod", "name": "web", "tier": tier, "kind": kind, "limit": limit, "selector": selector,
                });
                calls.push(schema.check(arguments.as_object().expect("an object").clone()).expect("arguments"));
            }
        }
    }
    calls
});

fn chosen(argument: &str, cases: Value) -> Value {
    json!({"Chosen": {"argument": argument, "cases": cases}})
}

fn any_path() -> impl Strategy<Value = Value> {
    let by = |argument: &str, cases: Value| json!([{"Literal": "/api/v1/"}, chosen(argument, cases)]);
    select(vec![
        json!([{"Literal": "/api/v1/pods"}]),
        json!([{"Literal": "/api/v1/nodes"}]),
        json!([{"Literal": "/api/v1/nodes/"}, {"Argument": "name"}]),
        json!([{"Literal": "/api/v1/"}, {"Argument": "name"}]),
        by("tier", json!([["gold", "pods"], ["silver", "nodes"]])),
        by("tier", json!([["gold", "nodes"], ["tin", "pods"]])),
        by("kind", json!([["Pod", "pods"], ["Node", "nodes/web"]])),
    ])
}

fn any_pieces() -> impl Strategy<Value = Value> {
    select(vec![
        json!([{"Literal": "x=1"}]),
        json!([{"Literal": "x="}, {"Argument": "limit"}]),
        json!([{"Literal": "x="}, {"Argument": "name"}]),
        json!([{"Argument": "selector"}]),
        json!([{"Literal": "x="}, chosen("tier", json!([["gold", "1"], ["silver", "2"]]))]),
        json!([chosen("tier", json!([["gold", "x=1"], ["silver", "y=1"]]))]),
        json!([chosen("tier", json!([["tin", "x=1"]]))]),
        json!([chosen("kind", json!([["Pod", "x=1"], ["Node", "x=2"]]))]),
        json!([chosen("kind", json!([["Node", "y=1"]]))]),
        json!([{"Argument": "limit"}, chosen("tier", json!([["gold", "x=1"], ["tin", "y=1"]]))]),
        json!([chosen("kind", json!([["Pod", "x="], ["Node", "y="]])), {"Argument": "limit"}]),
    ])
}

fn any_query() -> impl Strategy<Value = Value> {
    let rule = |key: &'static str| {
        (any_pieces(), any::<bool>())
            .prop_map(move |(pieces, may_omit)| json!({"key": key, "value": {"Pieces": pieces}, "may_omit": may_omit}))
    };
    (proptest::option::of(rule("f")), proptest::option::of(rule("g")))
        .prop_map(|(f, g)| f.into_iter().chain(g).collect())
}

fn any_conditions() -> impl Strategy<Value = Value> {
    let conditions = vec![
        json!({"Given": "tier"}),
        json!({"Absent": "tier"}),
        json!({"OneOf": ["tier", ["gold"]]}),
        json!({"OneOf": ["tier", ["silver", "tin"]]}),
        json!({"OneOf": ["kind", ["Pod"]]}),
        json!({"Given": "limit"}),
        json!({"Absent": "limit"}),
    ];
    subsequence(conditions, 0..=2).prop_map(Value::from)
}

fn any_effect(id: &'static str) -> impl Strategy<Value = Effect> {
    (any_path(), any_query(), any_conditions())
        .prop_map(move |(path, query, when)| effect(id, &path, &json!({"query": query, "when": when})))
}

/// Which requests of a call fit this effect.
fn fitting(effect: &Effect, arguments: &Arguments) -> Vec<bool> {
    let effects = check(std::slice::from_ref(effect), Trust::Read).expect("an effect that passed with another");
    let authority = Authority::compile(&effects, arguments, "", Phase::Plan);
    let state = State::new(&authority);
    REQUESTS.iter().map(|request| decide(&authority, &state, request).is_ok()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_request_fits_one_effect_at_most(a in any_effect("a"), b in any_effect("b")) {
        prop_assume!(check(&[a.clone(), b.clone()], Trust::Read).is_ok());
        for arguments in CALLS.iter() {
            let both = fitting(&a, arguments).into_iter().zip(fitting(&b, arguments)).position(|(a, b)| a && b);
            if let Some(request) = both {
                let target = REQUESTS[request].rendered_path_and_query();
                prop_assert!(false, "{target} fits both with {:?}", arguments.as_map());
            }
        }
    }
}
