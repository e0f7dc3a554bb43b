//! Secrets: their values by the exact name, as text where that is asked for, redacted where the target is; never in a list.

use crate::embedded::{Caller, own_warnings, settings, target_with};
use meho_control_plane::{Cluster, Namespace};
use meho_host::error::ErrorCode;
use meho_host::target::{RedactionKey, SecretValues};
use serde_json::{Value, json};

both![
    a_redacted_secret_has_lengths_and_digests_in_place_of_values,
    values_are_text_where_they_are_and_base64_else,
    no_list_and_no_guess_of_a_name_shows_a_value,
];

const KEPT: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// `hunter2` twice, bytes that are no text, and nothing.
fn populate(namespace: &Namespace) {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": "login", "annotations": {KEPT: "{\"data\":{\"password\":\"aHVudGVyMg==\"}}", "kept": "yes"}},
        "data": {"password": "aHVudGVyMg==", "again": "aHVudGVyMg==", "bytes": "//79", "empty": ""},
    });
    namespace.create(secret).expect("a Secret");
}

fn of(namespace: &Namespace, decode: bool) -> Value {
    json!({"namespace": namespace.name(), "name": "login", "decode": decode})
}

fn a_redacted_secret_has_lengths_and_digests_in_place_of_values(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    populate(&namespace);
    let redacting = |seed: u8| {
        let key = RedactionKey::new(&[seed; RedactionKey::BYTES]);
        let target = target_with(cluster.admin_token(), settings(cluster));
        Caller::new(target.with_secrets(SecretValues::Redacted(key)))
    };
    let caller = redacting(1);
    let (row, meta) = caller.answer("get_secret", of(&namespace, false));
    assert_eq!((&row["redacted"], &row["data"]), (&json!(true), &json!({})));
    assert_eq!(row["keys"], json!(["again", "bytes", "empty", "password"]));
    assert_eq!(row["annotations"], json!({"kept": "yes"}));
    let values = row["values"].as_array().expect("values");
    let told: Vec<_> = values.iter().map(|value| (value["key"].clone(), value["bytes"].clone())).collect();
    let expected = [("again", 7), ("bytes", 3), ("empty", 0), ("password", 7)];
    assert_eq!(told, expected.map(|(key, bytes)| (json!(key), json!(bytes))));
    let digests: Vec<&str> = values.iter().map(|value| value["digest"].as_str().expect("a digest")).collect();
    assert!(digests.iter().all(|digest| digest.len() == 64), "{digests:?}");
    assert_eq!(digests[0], digests[3], "equal values have equal digests");
    assert_ne!(digests[0], digests[1]);
    assert!(meta.complete);
    let words = "the values are redacted, as this target is configured: lengths and digests stand in their place";
    assert_eq!(own_warnings(&meta), [words]);
    // There is nothing to decode, and another key has other digests.
    assert_eq!(caller.answer("get_secret", of(&namespace, true)).0, row);
    let other = redacting(2).answer("get_secret", of(&namespace, false)).0;
    assert_ne!(other["values"][0]["digest"], row["values"][0]["digest"]);
}

fn values_are_text_where_they_are_and_base64_else(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    populate(&namespace);
    let caller = Caller::admin(cluster);
    let row = caller.data("get_secret", of(&namespace, false));
    let stored = json!({"again": "aHVudGVyMg==", "bytes": "//79", "empty": "", "password": "aHVudGVyMg=="});
    assert_eq!((&row["data"], &row["redacted"]), (&stored, &json!(false)));
    assert_eq!(row["values"][1], json!({"key": "bytes", "bytes": 3, "digest": null}));
    assert_eq!(row["annotations"], json!({"kept": "yes"}));
    let (row, meta) = caller.answer("get_secret", of(&namespace, true));
    assert_eq!(row["data"], json!({"again": "hunter2", "bytes": "//79", "empty": "", "password": "hunter2"}));
    assert!(meta.complete);
    assert_eq!(own_warnings(&meta), ["not text, and so still in base64: bytes"]);
}

fn no_list_and_no_guess_of_a_name_shows_a_value(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    populate(&namespace);
    let caller = Caller::admin(cluster);
    let rows = caller.data("list_secrets", json!({"namespace": namespace.name()}));
    let row = rows.as_array().expect("rows").iter().find(|row| row["name"] == "login").expect("the Secret");
    assert_eq!(row["keys"], json!(["again", "bytes", "empty", "password"]));
    assert!(!rows.to_string().contains("aHVudGVyMg"), "{rows}");
    let guess = json!({"namespace": namespace.name(), "name": "logi"});
    let error = caller.refused(ErrorCode::NotFound, "get_secret", guess);
    assert!(!format!("{error:?}").contains("login"), "{error:?}");
    assert_eq!(caller.requests().len(), 2, "nobody looked for names");
}
