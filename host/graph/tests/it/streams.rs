//! Streams of findings to try a graph with, and how it comes out.

use meho_graph::coverage::{OfEntities, OfRelationships};
use meho_graph::word::Word;
use meho_graph::{Collector, Coverage, Extent, Graph};
use serde_json::{Value, json};

/// The start of a reading.
pub(crate) fn reading(name: &str) -> Value {
    json!({"reading": name})
}

/// An entity whose uid is its type and its id.
pub(crate) fn entity(kind: &str, id: &str) -> Value {
    entity_with(kind, id, json!(uid(kind, id)), json!({}))
}

/// An entity.
pub(crate) fn entity_with(kind: &str, id: &str, uid: Value, properties: Value) -> Value {
    json!({"entity": {"type": kind, "id": id, "uid": uid, "properties": properties}})
}

/// The uid that entities have here.
pub(crate) fn uid(kind: &str, id: &str) -> String {
    format!("uid of {kind} {id}")
}

/// An end that names no uid.
pub(crate) fn end(kind: &str, id: &str) -> Value {
    json!({"type": kind, "id": id})
}

/// A certain relationship, known by `spec`.
pub(crate) fn relationship(name: &str, from: (&str, &str), to: (&str, &str)) -> Value {
    relation(name, end(from.0, from.1), end(to.0, to.1), "spec", true, json!({}))
}

/// A relationship.
pub(crate) fn relation(name: &str, from: Value, to: Value, by: &str, certain: bool, properties: Value) -> Value {
    json!({"relationship": {"type": name, "from": from, "to": to, "known_by": by, "certain": certain, "properties": properties}})
}

/// How much was read.
pub(crate) fn coverage(entities: &[(&str, Extent)], relationships: &[(&str, &str, &str, Extent)]) -> Coverage {
    let word = |text: &str| Word::new(text).expect("a word");
    let of = |(kind, extent): &(&str, Extent)| OfEntities { kind: word(kind), extent: extent.clone() };
    let between = |(source, name, destination, extent): &(&str, &str, &str, Extent)| OfRelationships {
        source: word(source),
        name: word(name),
        destination: word(destination),
        extent: extent.clone(),
    };
    Coverage { entities: entities.iter().map(of).collect(), relationships: relationships.iter().map(between).collect() }
}

/// The graph of the lines.
#[track_caller]
pub(crate) fn collect(lines: &[Value], coverage: Coverage) -> Graph {
    let mut collector = Collector::new();
    for line in lines {
        collector.add(line.to_string().as_bytes()).expect("a line that can stand here");
    }
    collector.finish(coverage)
}

/// The graph as JSON.
pub(crate) fn written(graph: &Graph) -> Value {
    serde_json::from_slice(&bytes(graph)).expect("JSON")
}

/// The graph's bytes.
pub(crate) fn bytes(graph: &Graph) -> Vec<u8> {
    let mut bytes = Vec::new();
    graph.write_json(&mut bytes).expect("a vector takes everything");
    bytes
}

/// The entities as `TYPE/ID`.
pub(crate) fn names(graph: &Graph) -> Vec<String> {
    graph.entities().iter().map(|entity| format!("{}/{}", entity.kind, entity.id)).collect()
}

/// The relationships as `TYPE/ID name TYPE/ID`, with `?` where an end was not read.
pub(crate) fn edges(graph: &Graph) -> Vec<String> {
    let shown =
        |end: &meho_graph::graph::End| format!("{}/{}{}", end.kind, end.id, if end.resolved { "" } else { "?" });
    let relationships = graph.relationships().iter();
    relationships.map(|edge| format!("{} {} {}", shown(&edge.from), edge.name, shown(&edge.to))).collect()
}
