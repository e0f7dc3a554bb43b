//! Values of Secrets: whatever a connector asks for, and however, it gets those alone that its target's settings give it.

use crate::fixtures::READS_SECRETS;
use crate::trial::{Ran, Trial};
use crate::world::target;
use meho_host::target::{RedactionKey, SecretValues};
use meho_test_fake::{Answer, Expected, Fake};
use serde_json::{Value, json};

const ONE: &str = "/api/v1/namespaces/default/secrets/web";
const ALL: &str = "/api/v1/namespaces/default/secrets";
const JSON: &str = "application/json";
/// A value, as it stands in a Secret, and within kubectl's copy of it.
const VALUE: &str = "Y2FuYXJ5LXZhbHVl";

fn secret() -> Value {
    let copy = json!({"kind": "Secret", "data": {"password": VALUE}}).to_string();
    json!({
        "kind": "Secret",
        "metadata": {"name": "web", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": copy, "team": "a"}},
        "data": {"password": VALUE},
        "type": "Opaque",
    })
}

/// What the guest told of one answer.
fn asked(path: &str, accept: &str, answer: Answer, secrets: SecretValues) -> Ran {
    let fake = Fake::expecting([Expected::once("GET", path, answer)]);
    let redacting = target(&fake).with_secrets(secrets);
    let trial = Trial::of(READS_SECRETS).on(&fake).target(redacting);
    trial.with(json!({"how": path, "also": accept})).run()
}

fn redacting() -> SecretValues {
    SecretValues::Redacted(RedactionKey::new(&[7; RedactionKey::BYTES]))
}

#[track_caller]
fn body(ran: &Ran) -> Value {
    serde_json::from_str(ran.answer().0["body"].as_str().expect("a body")).expect("JSON")
}

#[test]
fn a_list_of_secrets_has_their_keys_and_no_value_however_it_is_asked_for() {
    let items = [secret(), secret()];
    let list = json!({"kind": "SecretList", "metadata": {}, "items": items});
    let table = json!({"kind": "Table", "rows": [{"cells": ["web", "Opaque", 1], "object": secret()}]});
    let types = [
        (JSON, &list),
        ("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", &list),
        ("application/json;as=Table;g=meta.k8s.io;v=v1", &table),
    ];
    for path in [ALL, "/api/v1/secrets", "/api/v1/watch/namespaces/default/secrets"] {
        for (accept, sent) in types {
            for gzipped in [false, true] {
                let answer = Answer::json(sent.to_string());
                let answer = if gzipped { answer.gzipped() } else { answer.in_pieces(5) };
                let ran = asked(path, accept, answer, SecretValues::Revealed);
                let text = ran.answer().0.to_string();
                assert!(!text.contains(VALUE), "{path} as {accept}: {text}");
                let body = body(&ran);
                let found = body.pointer("/items/1/data").or(body.pointer("/rows/0/object/data"));
                assert_eq!(found, Some(&json!({"password": ""})), "{path} as {accept}");
                assert!(body.to_string().contains(r#""team":"a""#));
            }
        }
    }
}

#[test]
fn one_secret_has_its_values_where_the_target_reveals_them_but_not_kubectls_copy() {
    let ran = asked(ONE, JSON, Answer::json(secret().to_string()), SecretValues::Revealed);
    let body = body(&ran);
    assert_eq!(body["data"], json!({"password": VALUE}));
    assert_eq!(body.to_string().matches(VALUE).count(), 1);
    // A length that no longer holds would make the guest's client wait for bytes that never come.
    assert!(!ran.answer().0["headers"].to_string().contains("content-length"));
}

#[test]
fn one_secret_of_a_target_that_redacts_has_sizes_and_digests_that_can_be_compared_and_not_reversed() {
    let digest = |value: &str| {
        let mut secret = secret();
        secret["data"]["password"] = json!(value);
        let ran = asked(ONE, JSON, Answer::json(secret.to_string()), redacting());
        assert!(!ran.answer().0.to_string().contains(value));
        body(&ran)["data"]["password"].as_str().expect("a text").to_owned()
    };
    let (same, again, other) = (digest(VALUE), digest(VALUE), digest("b3RoZXI="));
    assert!(same.starts_with("!redacted bytes=12 digest="), "{same}");
    assert_eq!(same, again);
    assert_ne!(same, other);
}

#[test]
fn an_answer_about_secrets_that_is_no_json_is_not_handed_on() {
    const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
    for (path, media_type) in [(ONE, PROTOBUF), (ONE, "application/yaml"), (ONE, "application/cbor"), (ALL, PROTOBUF)] {
        let answer = Answer::new(200).header("content-type", media_type).text(format!("data:\n  password: {VALUE}\n"));
        let ran = asked(path, media_type, answer, SecretValues::Revealed);
        assert!(!format!("{ran:?}").contains(VALUE), "{path} as {media_type}");
        // What the guest makes of it is its own; that something is missing is not.
        let (_, meta) = ran.answer();
        assert!(!meta.complete && meta.warnings[0].contains("about Secrets"), "{meta:?}");
    }
    // One that says that it is JSON, and is not.
    let answer = Answer::json(format!("data: {{password: {VALUE}}}"));
    let ran = asked(ALL, JSON, answer, SecretValues::Revealed);
    assert!(!format!("{ran:?}").contains(VALUE));
}

#[test]
fn what_goes_wrong_at_a_request_for_secrets_is_told_in_the_servers_words() {
    let status = json!({"kind": "Status", "status": "Failure", "message": "secrets is forbidden", "code": 403});
    let ran = asked(ALL, JSON, Answer::json(status.to_string()).status(403), redacting());
    assert_eq!(body(&ran), status);
    let plain = Answer::new(404).header("content-type", "text/plain").text("404 page not found");
    let ran = asked(ALL, JSON, plain, redacting());
    assert_eq!(ran.answer().0["body"], json!("404 page not found"));
}
