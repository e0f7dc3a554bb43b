//! A template of a body, whatever it is, is refused when it is loaded, or lets exactly one body through: itself filled in, which is found here by
//! substitution.

#![no_main]

use libfuzzer_sys::fuzz_target;
use meho_policy::authority::{Authority, Phase};
use meho_policy::catalogue::Effects;
use meho_policy::decide::decide;
use meho_policy::effect::{Effect, Trust};
use meho_policy::family::Family;
use meho_policy::json::parse_strict;
use meho_policy::request::{CanonicalRequest, RawRequest, VIRTUAL_AUTHORITY, VIRTUAL_SCHEME};
use meho_policy::schema::{Arguments, ArgumentsSchema};
use meho_policy::state::State;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

const NOW: &str = "2026-01-02T03:04:05Z";

static CALL: LazyLock<(ArgumentsSchema, Arguments)> = LazyLock::new(|| {
    let schema = r#"{"type":"object","properties":{"a":{"type":"integer","default":3},"b":{"type":"string"},"c":{"type":"boolean"}},
        "required":["b"],"additionalProperties":false}"#;
    let schema = ArgumentsSchema::parse(schema).expect("a schema");
    let given = json!({"b": "text"});
    let arguments = schema.check(given.as_object().expect("an object").clone()).expect("arguments");
    (schema, arguments)
});

fuzz_target!(|data: &[u8]| {
    // A template, and another body behind a NUL.
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let Some(Ok(template)) = parts.next().map(std::str::from_utf8) else { return };
    let other = parts.next().unwrap_or_default();
    let (schema, arguments) = &*CALL;
    let effect: Effect = serde_json::from_value(json!({
        "id": "write", "trust": "Destructive", "need": "Required", "when": [], "method": "Patch",
        "path": [{"Literal": "/api/v1/nodes/n"}], "query": [], "accept": ["application/json"],
        "body": {"media_type": "application/json", "template": template}, "count": {"series": 1, "pages": 1},
    }))
    .expect("an effect");
    let Ok(effects) = Effects::check(&[effect], schema, Trust::Destructive, Family::Kubernetes) else { return };
    let template = parse_strict(template.as_bytes()).expect("it has passed");
    let authority = Authority::compile(&effects, arguments, NOW, Phase::Plan);
    let state = State::new(&authority);
    let is_allowed = |body: &[u8]| {
        let headers = vec![("accept", &b"application/json"[..]), ("content-type", b"application/json")];
        let (scheme, virtual_authority, path_and_query) = (VIRTUAL_SCHEME, VIRTUAL_AUTHORITY, "/api/v1/nodes/n");
        let raw = RawRequest { method: "PATCH", scheme, authority: virtual_authority, path_and_query, headers, body };
        CanonicalRequest::parse(&raw).ok().map(|request| decide(&authority, &state, &request).is_ok())
    };
    let filled = fill(&template, arguments);
    if let Some(body) = &filled {
        assert_eq!(is_allowed(body.to_string().as_bytes()), Some(true), "{template} became {body}");
    }
    if let (Ok(other), Some(true)) = (parse_strict(other), is_allowed(other)) {
        assert_eq!(Some(other), filled, "{template}");
    }
    for nearby in filled.iter().flat_map(changed) {
        assert_ne!(is_allowed(nearby.to_string().as_bytes()), Some(true), "{template} lets {nearby} through");
    }
});

/// The template with arguments in the place of holes; none where all of it falls away.
fn fill(template: &Value, arguments: &Arguments) -> Option<Value> {
    match template {
        Value::Object(members) => match (members.get("$argument"), members.get("$clock")) {
            (Some(name), _) => arguments.value(name.as_str()?).cloned(),
            (None, Some(_)) => Some(Value::from(NOW)),
            (None, None) => {
                let filled: Map<String, Value> = members
                    .iter()
                    .filter_map(|(name, member)| Some((name.clone(), fill(member, arguments)?)))
                    .collect();
                (members.is_empty() || !filled.is_empty()).then_some(Value::Object(filled))
            }
        },
        Value::Array(items) => Some(items.iter().filter_map(|item| fill(item, arguments)).collect()),
        plain => Some(plain.clone()),
    }
}

/// A body with a little more, a little less, and something else.
fn changed(body: &Value) -> Vec<Value> {
    let mut found = vec![json!([body.clone()]), json!({"x": body.clone()})];
    match body {
        Value::Object(members) => {
            let mut more = members.clone();
            more.insert(format!("{}x", members.keys().next_back().map_or("", String::as_str)), Value::Null);
            found.push(Value::Object(more));
            for (name, member) in members {
                let mut less = members.clone();
                less.remove(name);
                found.push(Value::Object(less));
                found.extend(changed(member).into_iter().take(4).map(|changed| {
                    let mut other = members.clone();
                    other.insert(name.clone(), changed);
                    Value::Object(other)
                }));
            }
        }
        Value::Array(items) => {
            found.push(Value::Array(items.iter().cloned().chain([Value::Null]).collect()));
            if !items.is_empty() {
                found.push(Value::Array(items[1..].to_vec()));
            }
        }
        Value::Null => found.push(json!(false)),
        Value::Bool(flag) => found.push(json!(!flag)),
        Value::Number(number) => found.push(json!(number.to_string())),
        Value::String(text) => found.push(json!(format!("{text} "))),
    }
    found
}
