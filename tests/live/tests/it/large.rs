//! Objects that are large: a connector's memory follows the largest one and not the list, and what is too large is left out, counted and named.

use crate::embedded::{Caller, own_warnings, target_with};
use meho_control_plane::Cluster;
use meho_host::call::AnswerMeta;
use meho_host::policy::family::Family;
use meho_host::target::{TargetSettings, Verification};
use meho_test_fake::{Answer, Authority, Fake};
use serde_json::{Value, json};

both![
    many_config_maps_of_a_mebibyte_are_listed_in_the_memory_of_a_few,
    a_hundred_large_secrets_are_listed_in_the_memory_of_one,
];

const MANY_MAPS: usize = 24;
const MANY_SECRETS: usize = 100;
const MIB: usize = 1 << 20;

/// Text that no compression makes much of, as releases are: of the letters of base64, and a few besides.
fn letters(bytes: usize, besides: &[u8]) -> String {
    let letters: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(besides.iter().copied()).collect();
    let mut state = 1_u64;
    let mut letter = || {
        // The constants of Knuth's MMIX.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(letters[(state >> 33) as usize % letters.len()])
    };
    (0..bytes).map(|_| letter()).collect()
}

/// The guest's memory at its largest, in the call that this caller made last.
#[track_caller]
fn peak_of(caller: &Caller) -> usize {
    caller.records().last().expect("a record").usage.peak_memory_bytes
}

fn many_config_maps_of_a_mebibyte_are_listed_in_the_memory_of_a_few(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    // As much as the API server takes, and with line feeds, which JSON writes as two characters.
    let text = letters(MIB - 256, b"\n");
    for number in 0..MANY_MAPS {
        let map = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "data": {"text": text},
            "metadata": {"name": format!("large-{number:03}"), "labels": {"size": "large"}},
        });
        namespace.create(map).expect("a ConfigMap");
    }
    let caller = Caller::admin(cluster).patient();
    let rows = caller.data("list_configmaps", json!({"namespace": namespace.name(), "label_selector": "size=large"}));
    let rows = rows.as_array().expect("rows");
    assert_eq!(rows.len(), MANY_MAPS);
    assert!(rows.iter().all(|row| row["data"]["text"] == *text));
    let peak = peak_of(&caller);
    assert!(peak < 12 * MIB, "{peak}");
    let one = caller.data("get_configmap", json!({"namespace": namespace.name(), "name": "large-021"}));
    assert_eq!(one["data"]["text"], *text);
}

/// As Helm keeps its releases.
fn a_hundred_large_secrets_are_listed_in_the_memory_of_one(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let release = letters(MIB, b"");
    for number in 0..MANY_SECRETS {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "data": {"release": release},
            "metadata": {"name": format!("sh.helm.release.v1.shop.v{number}"), "labels": {"owner": "helm"}},
        });
        namespace.create(secret).expect("a Secret");
    }
    let caller = Caller::admin(cluster).patient();
    let rows = caller.data("list_secrets", json!({"namespace": namespace.name(), "label_selector": "owner=helm"}));
    let rows = rows.as_array().expect("rows");
    assert_eq!(rows.len(), MANY_SECRETS);
    assert!(rows.iter().all(|row| row["keys"] == json!(["release"]) && row["type"] == "helm.sh/release.v1"));
    // No value comes that far.
    let peak = peak_of(&caller);
    assert!(peak < 3 * MIB, "{peak}");
    let name = "sh.helm.release.v1.shop.v42";
    let one = caller.data("get_secret", json!({"namespace": namespace.name(), "name": name}));
    assert_eq!((&one["values"][0]["bytes"], &one["data"]["release"]), (&json!(MIB / 4 * 3), &json!(release)));
}

/// Lists ConfigMaps of a server that has these.
fn listed(items: Vec<Value>) -> (Value, AnswerMeta, usize) {
    let list = json!({"metadata": {"resourceVersion": "7"}, "items": items}).to_string();
    let fake = Fake::answering(move |_| Some(Answer::json(list.clone())));
    let mut settings = TargetSettings::new("fake", &fake.url(), Family::Kubernetes);
    settings.verification = Verification::ca(Authority::shared().pem().as_bytes()).expect("PEM");
    let caller = Caller::new(target_with("a-token-for-a-fake", settings)).patient();
    let (rows, meta) = caller.answer("list_configmaps", json!({}));
    (rows, meta, peak_of(&caller))
}

fn map(name: &str, text: &str) -> Value {
    json!({"metadata": {"namespace": "there", "name": name}, "data": {"text": text}})
}

#[test]
fn an_object_that_is_too_large_is_left_out_counted_and_named_and_those_around_it_are_there() {
    // Some objects as large as can be read, and one beyond that, with brackets and quotes that are no end of it.
    let beyond = "}]\\\"{[".repeat(3 * MIB);
    let (rows, meta, peak) = listed(vec![map("first", "small"), map("beyond", &beyond), map("last", "small")]);
    let names: Vec<&Value> = rows.as_array().expect("rows").iter().map(|row| &row["name"]).collect();
    assert_eq!(names, ["first", "last"]);
    assert!(!meta.complete);
    assert_eq!(own_warnings(&meta), ["1 object is too large and left out: there/beyond"]);
    assert!(peak < 48 * MIB, "{peak}");
}

#[test]
fn an_object_whose_row_is_too_large_is_left_out_counted_and_named() {
    // Each of these characters is six in JSON.
    let (wide, narrow) = ("\u{1}".repeat(MIB), "a".repeat(3 * MIB));
    let maps = vec![map("wide", &wide), map("narrow", &narrow), map("wide-too", &wide), map("small", "")];
    let (rows, meta, _) = listed(maps);
    let names: Vec<&Value> = rows.as_array().expect("rows").iter().map(|row| &row["name"]).collect();
    assert_eq!(names, ["narrow", "small"]);
    assert!(!meta.complete);
    assert_eq!(own_warnings(&meta), ["2 objects are too large and left out: there/wide, there/wide-too"]);
}
