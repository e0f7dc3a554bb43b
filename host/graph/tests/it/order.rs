//! The same findings are the same bytes, in whatever order the target lists.

use crate::streams::{bytes, coverage, entity_with, reading, relation};
use meho_graph::{Collector, Coverage, Extent};
use proptest::prelude::*;
use serde_json::{Value, json};

const KINDS: [&str; 3] = ["Pod", "Node", "Event"];

/// Few ids and uids, so that findings meet.
fn entity_of(kind: &'static str) -> impl Strategy<Value = Value> {
    let properties = prop_oneof![
        Just(json!({})),
        Just(json!({"x": null})),
        Just(json!({"x": 1, "a": 2})),
        Just(json!({"x": 2, "a": 2}))
    ];
    ("(a/|b/|)[a-c]", prop::option::of("[u-w]"), properties)
        .prop_map(move |(id, uid, properties)| entity_with(kind, &id, json!(uid), properties))
}

fn any_end() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(KINDS.to_vec());
    (kind, "(a/|b/|)[a-c]", prop::option::of("[u-w]"))
        .prop_map(|(kind, id, uid)| json!({"type": kind, "id": id, "uid": uid}))
}

fn any_relation() -> impl Strategy<Value = Value> {
    let properties = prop_oneof![
        Just(json!({})),
        Just(json!({"p": false})),
        Just(json!({"p": true, "q": ["b"]})),
        Just(json!({"p": ["c"], "q": ["a", "b"]}))
    ];
    ("[ab]", any_end(), any_end(), "[xyz]", any::<bool>(), properties)
        .prop_map(|(name, from, to, by, certain, properties)| relation(&name, from, to, &by, certain, properties))
}

/// A reading and what stands in it.
fn any_reading() -> impl Strategy<Value = (&'static str, Vec<Value>)> {
    prop::sample::select(KINDS.to_vec()).prop_flat_map(|kind| {
        let line = prop_oneof![entity_of(kind), any_relation()];
        prop::collection::vec(line, 0..12).prop_map(move |lines| (kind, lines))
    })
}

/// Readings, and the same ones with the lines in each in another order.
fn in_two_orders() -> impl Strategy<Value = (Vec<Value>, Vec<Value>)> {
    let shuffled = |(kind, lines): (&'static str, Vec<Value>)| {
        let other = Just(lines.clone()).prop_shuffle();
        let begun = move |lines: Vec<Value>| [vec![reading(kind)], lines].concat();
        other.prop_map(move |other| (begun(lines.clone()), begun(other)))
    };
    prop::collection::vec(any_reading().prop_flat_map(shuffled), 0..5).prop_map(|readings| {
        let (one, other): (Vec<_>, Vec<_>) = readings.into_iter().unzip();
        (one.concat(), other.concat())
    })
}

fn any_coverage() -> impl Strategy<Value = Coverage> {
    let extent = || prop_oneof![Just(Extent::Complete), Just(Extent::Partial("why".to_owned()))];
    (extent(), extent(), extent()).prop_map(|(pods, nodes, edges)| {
        coverage(&[("Pod", pods), ("Node", nodes)], &[("Pod", "a", "Node", edges.clone()), ("Pod", "b", "any", edges)])
    })
}

fn collected(lines: &[Value], coverage: Coverage) -> Vec<u8> {
    let mut collector = Collector::new();
    for line in lines {
        collector.add(line.to_string().as_bytes()).expect("a line that can stand here");
    }
    bytes(&collector.finish(coverage))
}

proptest! {
    #[test]
    fn the_order_of_the_lines_makes_no_difference((one, other) in in_two_orders(), coverage in any_coverage()) {
        prop_assert_eq!(collected(&one, coverage.clone()), collected(&other, coverage));
    }

    #[test]
    fn nothing_is_invented_and_nothing_is_there_twice((lines, _) in in_two_orders(), coverage in any_coverage()) {
        let graph: Value = serde_json::from_slice(&collected(&lines, coverage)).expect("JSON");
        let entities = graph["entities"].as_array().expect("a list");
        for entity in entities {
            let found = |line: &&Value| ["type", "id", "uid", "properties"].iter().all(|key| line["entity"][key] == entity[key]);
            prop_assert!(lines.iter().any(|line| found(&line)), "{entity} was never found");
            let same = |other: &&Value| ["type", "id", "uid"].iter().all(|key| other[key] == entity[key]);
            prop_assert_eq!(entities.iter().filter(same).count(), 1);
        }
        for edge in graph["relationships"].as_array().expect("a list") {
            for end in [&edge["from"], &edge["to"]] {
                let is = |entity: &&Value| ["type", "id", "uid"].iter().all(|key| end[key] == entity[key]);
                let is_there = entities.iter().any(|entity| is(&entity));
                prop_assert!(!end["resolved"].as_bool().expect("a flag") || is_there, "{edge}");
            }
        }
    }

    #[test]
    fn no_line_ends_anything(line in prop::collection::vec(any::<u8>(), 0..64)) {
        _ = Collector::new().add(&line);
    }
}
