//! What is taken out of answers about Secrets: values wherever they stand, kubectl's copy, and nothing else; and nothing that cannot be read gets through.

use crate::effects::{Ask, get};
use meho_policy::effect::Method;
use meho_policy::family::Family;
use meho_policy::redaction::{Redaction, Redactor, Secrets};
use meho_policy::request::CanonicalRequest;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

fn canonical(method: Method, path: &str) -> CanonicalRequest {
    let has_body = !matches!(method, Method::Get | Method::Delete);
    let body = if has_body { "{}" } else { "" };
    let media_type = has_body.then_some("application/json");
    Ask { method: method.as_str(), media_type, body, ..get(path) }.canonical().expect("a canonical request")
}

const COPY: &str = "kubectl.kubernetes.io/last-applied-configuration";

fn sealed() -> Redaction {
    Redaction::Sealed(Arc::new(|value| [u8::try_from(value.len()).expect("a short value"); 32]))
}

/// The answer as a connector gets it, fed in pieces of this many bytes.
fn redacted(redaction: Redaction, answer: &[u8], piece: usize) -> Result<Vec<u8>, String> {
    let mut redactor = Redactor::new(redaction);
    let mut out = Vec::new();
    for bytes in answer.chunks(piece) {
        redactor.feed(bytes, &mut out).map_err(|error| error.to_string())?;
    }
    redactor.finish().map_err(|error| error.to_string())?;
    Ok(out)
}

#[track_caller]
fn check(redaction: &Redaction, answer: &Value, wanted: &Value) {
    let text = answer.to_string();
    for piece in [1, 2, 3, 7, 64, text.len()] {
        let out = redacted(redaction.clone(), text.as_bytes(), piece).expect("JSON");
        let found: Value = serde_json::from_slice(&out).expect("still JSON");
        assert_eq!(&found, wanted, "in pieces of {piece}");
    }
}

fn secret(data: &Value, copy: &str) -> Value {
    json!({
        "kind": "Secret",
        "metadata": {"name": "db", "annotations": {COPY: copy, "team": "a"}, "labels": {"data": "x"},
            "managedFields": [{"fieldsV1": {"f:data": {"f:password": {}}}}]},
        "data": data,
        "type": "Opaque",
    })
}

#[test]
fn values_are_emptied_in_objects_lists_and_tables_and_keys_stay() {
    let (full, empty) = (json!({"password": "aHVudGVyMg==", "user": "cm9vdA=="}), json!({"password": "", "user": ""}));
    let one = |data: &Value, copy: &str| secret(data, copy);
    check(&Redaction::Emptied, &one(&full, "{\"data\":{\"password\":\"aHVudGVyMg==\"}}"), &one(&empty, ""));
    let list = |data: &Value, copy: &str| json!({"kind": "SecretList", "items": [one(data, copy), one(data, copy)]});
    check(&Redaction::Emptied, &list(&full, "copy"), &list(&empty, ""));
    let table =
        |data: &Value, copy: &str| json!({"kind": "Table", "rows": [{"cells": ["db", 2], "object": one(data, copy)}]});
    check(&Redaction::Emptied, &table(&full, "copy"), &table(&empty, ""));
    let written = |text: &str| json!({"stringData": {"a": text, "b": [{"c": text}]}, "data": null});
    check(&Redaction::Emptied, &written("plain"), &written(""));
}

#[test]
fn a_sealed_value_is_its_size_and_its_digest_and_a_revealed_one_stays_but_kubectls_copy_goes() {
    let full = json!({"password": "aHVudGVyMg==", "none": "", "odd": "not base64!"});
    let seal = |bytes: usize| format!("!redacted bytes={bytes} digest={}", format!("{bytes:02x}").repeat(32));
    let sealed_data = json!({"password": seal(7), "none": seal(0), "odd": seal(11)});
    check(&sealed(), &secret(&full, "copy"), &secret(&sealed_data, ""));
    check(&Redaction::Revealed, &secret(&full, "copy"), &secret(&full, ""));
}

#[test]
fn names_and_values_with_escapes_are_read_as_what_they_mean() {
    let answer = br#"{"d\u0061ta" : {"k" : "aHV\/dGVyMg==\\\"" , "\"" : "x"}, "metadata": {"annotations": {"kubectl.kubernetes.io\/last-applied-configuration": "\"data\""}}}"#;
    for piece in 1..=answer.len() {
        let out = redacted(Redaction::Emptied, answer, piece).expect("JSON");
        let found: Value = serde_json::from_slice(&out).expect("still JSON");
        assert_eq!(found, json!({"data": {"k": "", "\"": ""}, "metadata": {"annotations": {COPY: ""}}}));
    }
}

#[test]
fn what_is_not_one_json_value_is_let_through_no_further_than_it_was_read() {
    let odd = [
        "{\"data\" {\"k\": \"v\"}}",
        "{\"data\": {\"k\": \"v\"}} {\"data\": {\"k\": \"v\"}}",
        "{\"data\": {\"k\": \"v\"}]",
        "{\"data\": {\"k\": 'v'}}",
        "{data: {\"k\": \"v\"}}",
        "data:\n  k: v\n",
        "{\"da\\qta\": {\"k\": \"v\"}}",
        "k8s\0\n\x0c\n\x02v1\x12\x06Secret",
        "{\"data\": {\"k\": \"v\"",
        "{\"data\": {\"k\": \"v",
        "{\"a\": 1,}x",
    ];
    for answer in odd {
        for redaction in [Redaction::Emptied, sealed()] {
            let mut redactor = Redactor::new(redaction);
            let mut out = Vec::new();
            let refused = redactor.feed(answer.as_bytes(), &mut out).is_err() || redactor.finish().is_err();
            assert!(refused, "{answer}");
            assert!(!String::from_utf8_lossy(&out).contains('v') || answer.contains("v1"), "{answer}");
        }
    }
    let deep = "[".repeat(500);
    assert!(redacted(Redaction::Emptied, deep.as_bytes(), 500).is_err());
}

#[test]
fn requests_for_secrets_are_known_in_every_way_to_ask() {
    let cases = [
        (Method::Get, "/api/v1/namespaces/a/secrets/db", Secrets::One),
        (Method::Get, "/api/v1/namespaces/a/secrets", Secrets::Any),
        (Method::Get, "/api/v1/secrets", Secrets::Any),
        (Method::Get, "/api/v1/watch/secrets", Secrets::Any),
        (Method::Get, "/api/v1/watch/namespaces/a/secrets/db", Secrets::Any),
        (Method::Patch, "/api/v1/namespaces/a/secrets/db", Secrets::Any),
        (Method::Delete, "/api/v1/namespaces/a/secrets/db", Secrets::Any),
        (Method::Post, "/api/v1/namespaces/a/secrets", Secrets::Any),
        (Method::Get, "/api/v1/namespaces/secrets", Secrets::None),
        (Method::Get, "/api/v1/namespaces/secrets/pods", Secrets::None),
        (Method::Get, "/apis/example.com/v1/namespaces/a/secrets/db", Secrets::None),
        (Method::Get, "/api/v1/namespaces/a/configmaps/secrets", Secrets::None),
    ];
    for (method, path, wanted) in cases {
        assert_eq!(Family::Kubernetes.secrets(&canonical(method, path)), wanted, "{method} {path}");
    }
}

/// Any JSON in which a marked text stands as a value, and unmarked ones elsewhere.
fn answer() -> impl Strategy<Value = Value> {
    let text = "[a-z\\\\\"/é\u{1}]{0,12}".prop_map(Value::String);
    let leaf =
        prop_oneof![text, any::<bool>().prop_map(Value::Bool), any::<i32>().prop_map(Value::from), Just(Value::Null)];
    let key =
        prop_oneof![Just("data".to_owned()), Just("stringData".to_owned()), Just(COPY.to_owned()), "[a-z\\\\\"]{1,6}"];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((key.clone(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// What has to come out: an oracle that has the whole value in memory.
fn emptied(value: &Value, is_value: bool) -> Value {
    match value {
        Value::String(_) if is_value => json!(""),
        Value::Array(items) => items.iter().map(|item| emptied(item, is_value)).collect(),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                let below = is_value || (matches!(name.as_str(), "data" | "stringData") && !value.is_string());
                let out = if name == COPY && value.is_string() { json!("") } else { emptied(value, below) };
                (name.clone(), out)
            };
            Value::Object(members.iter().map(member).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_stream_is_redacted_as_an_oracle_redacts_the_whole(answer in answer(), piece in 1_usize..40, pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&answer) } else { serde_json::to_string(&answer) };
        let out = redacted(Redaction::Emptied, text.expect("JSON").as_bytes(), piece).expect("JSON");
        let found: Value = serde_json::from_slice(&out).expect("still JSON");
        prop_assert_eq!(found, emptied(&answer, false));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(prop_oneof![Just(b'"'), Just(b'{'), Just(b'}'), Just(b':'), Just(b','), Just(b'['), Just(b'\\'), any::<u8>()], 0..60), piece in 1_usize..9) {
        let _ = redacted(Redaction::Emptied, &bytes, piece);
        let _ = redacted(sealed(), &bytes, piece);
    }
}
