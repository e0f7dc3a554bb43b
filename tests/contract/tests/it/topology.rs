//! What discovery says that it finds, against `topology.json`: 15 types of entities and 28 relationships, of which the last is a hint that stands with the Node.

use meho_kubernetes::resource::Entity;
use meho_kubernetes::table::TABLE;
use meho_kubernetes::topology::entity::ENTITIES;
use meho_kubernetes::topology::relationship;
use serde_json::Value;
use std::collections::BTreeSet;

fn contract() -> Value {
    serde_json::from_str(include_str!("../../data/topology.json")).expect("topology.json is JSON")
}

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().expect("a text")
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().map(|item| item.as_str().expect("a text")).collect()
}

#[test]
fn every_type_of_entity_of_the_contract_is_found_with_its_id_its_properties_and_what_it_may_be_the_same_as() {
    let contract = contract();
    let entities = contract["entities"].as_array().expect("a list");
    assert_eq!((entities.len(), ENTITIES.len()), (15, 15));
    for wanted in entities {
        let name = text(wanted, "type");
        let found = ENTITIES.iter().find(|entity| entity.resource.kind == name);
        let found = found.unwrap_or_else(|| panic!("{name} is not found"));
        assert_eq!(found.id(), text(wanted, "id"), "{name}");
        assert_eq!(found.same_types, texts(&wanted["same_as"]), "{name}");
        let has: BTreeSet<String> = found.property_names().into_iter().collect();
        for property in wanted["properties"].as_array().expect("a list") {
            assert!(has.contains(text(property, "name")), "{name} has no {property}; it has {has:?}");
        }
    }
}

#[test]
fn every_relationship_of_the_contract_is_found_under_its_name_and_no_other_is() {
    let contract = contract();
    let wanted: BTreeSet<(&str, &str, &str)> = contract["relationships"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|of| (text(of, "from"), text(of, "type"), text(of, "to")))
        .collect();
    assert_eq!(wanted.len(), 28);
    let mut found: BTreeSet<(&str, &str, &str)> =
        relationship::all().map(|of| (of.source, of.name, of.destination)).collect();
    let node = ENTITIES.iter().find(|entity| entity.resource.kind == "Node").expect("Nodes are found");
    let same = node.same_types.join(" | ");
    found.insert(("Node", "same_as", &same));
    assert_eq!(found, wanted);
}

#[test]
fn the_kinds_whose_files_say_so_are_the_types_of_entities() {
    let kinds = TABLE.iter().filter_map(|entry| entry.lists);
    let mut said: Vec<&str> = kinds.filter(|kind| kind.entity == Entity::Found).map(|kind| kind.kind).collect();
    let mut found: Vec<&str> = ENTITIES.iter().map(|entity| entity.resource.kind).collect();
    said.sort_unstable();
    found.sort_unstable();
    assert_eq!(said, found);
}
