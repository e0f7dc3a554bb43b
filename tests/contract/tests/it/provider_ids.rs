//! Provider ids of nodes are taken apart as the contract's examples are.

use meho_kubernetes::row::write_object;
use meho_kubernetes::topology::provider_id::parse;
use serde_json::Value;

/// What is written of a provider id.
fn written(text: &str) -> Value {
    let Some(id) = parse(text) else { return Value::Null };
    let mut json = Vec::new();
    write_object(&mut json, |row| id.members(row));
    serde_json::from_slice(&json).expect("rows are JSON")
}

#[test]
fn a_provider_id_is_taken_apart_as_the_contract_says() {
    let topology: Value = serde_json::from_str(include_str!("../../data/topology.json")).expect("JSON");
    let examples = topology["provider_id"]["examples"].as_array().expect("examples");
    for example in examples {
        let text = example["input"].as_str().expect("a text");
        assert_eq!(written(text), example["output"], "{text:?}");
    }
    assert!(examples.len() >= 14, "{}", examples.len());
}
