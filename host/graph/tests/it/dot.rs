//! The graph in Graphviz' language.

use crate::streams::{collect, coverage, end, entity, entity_with, reading, relation, relationship};
use crate::world::shop;
use meho_graph::{Extent, Graph, dot};
use serde_json::json;

fn written(graph: &Graph, title: &str) -> String {
    let mut bytes = Vec::new();
    dot::write(graph, title, &mut bytes).expect("a vector takes everything");
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn what_is_in_one_namespace_is_in_one_cluster_and_lines_say_how_sure_they_are() {
    let lines = [
        reading("Namespace"),
        entity("Namespace", "shop"),
        reading("Pod"),
        entity("Pod", "shop/web"),
        relationship("member_of", ("Pod", "shop/web"), ("Namespace", "shop")),
        relation("uses", end("Pod", "shop/web"), end("Pod", "shop/web"), "guess", false, json!({})),
        relationship("uses", ("Pod", "shop/web"), ("Secret", "shop/key")),
    ];
    let graph = collect(&lines, coverage(&[("Secret", Extent::Denied("no".to_owned()))], &[]));
    let expected = r#"digraph "lab" {
  graph [rankdir=LR, fontname="sans-serif", label="lab\nSecret: not read: no"];
  node [fontname="sans-serif", style=filled];
  edge [fontname="sans-serif", fontsize=10];
  n0 [label="Namespace\nshop", tooltip="shop", shape=box, fillcolor=lightblue];
  subgraph cluster_1 {
    label="shop"; style=rounded; color=gray;
    n1 [label="Pod\nweb", tooltip="shop/web", shape=ellipse, fillcolor=palegreen];
    n2 [label="Secret\nkey\n(not read)", tooltip="shop/key", shape=hexagon, style=dotted];
  }
  n1 -> n0 [label="member_of", tooltip="known by spec", style=solid];
  n1 -> n1 [label="uses ?", tooltip="known by guess", style=dashed];
  n1 -> n2 [label="uses", tooltip="known by spec", style=dotted];
}
"#;
    assert_eq!(written(&graph, "lab"), expected);
}

/// What is left of a text without its quoted strings, and the strings. Fails where a string does not end.
fn unquoted(text: &str) -> (String, Vec<String>) {
    let (mut rest, mut strings) = (String::new(), Vec::new());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '"' {
            rest.push(character);
            continue;
        }
        let mut string = String::new();
        loop {
            match characters.next().expect("a string ends") {
                '"' => break,
                '\\' => string.extend(['\\', characters.next().expect("what is escaped")]),
                character => string.push(character),
            }
        }
        strings.push(string);
        rest.push('"');
    }
    (rest, strings)
}

#[test]
fn no_name_leaves_its_string() {
    let harmless = ["a"; 8];
    let hostile = ["\"]; pwned [label=\"", "\\", "\\\"", "\\N", "x\n\"y", "</b>", "&#8238;&quot;", "\u{202e}\u{0}"];
    let graph = |names: [&str; 8]| {
        let mut lines = vec![reading("Pod")];
        for (number, name) in names.iter().enumerate() {
            let id = format!("{number}{name}/{name}");
            lines.push(entity_with("Pod", &id, json!(number.to_string()), json!({})));
            lines.push(relationship("uses", ("Pod", &id), ("Secret", &format!("{number}{name}/{name}"))));
        }
        let reason = names.concat();
        collect(&lines, coverage(&[("Secret", Extent::Denied(reason))], &[]))
    };
    let (plain, _) = unquoted(&written(&graph(harmless), "a"));
    for title in hostile {
        let (structure, strings) = unquoted(&written(&graph(hostile), title));
        assert_eq!(structure, plain);
        for string in strings {
            assert!(!string.contains(['\n', '\u{202e}', '\0']), "{string:?}");
            assert!(!string.replace("&amp;", "").contains('&'), "{string:?}");
            // What stands after a backslash is what was escaped, or a line feed of ours.
            let escapes = string.replace("\\\\", "").replace("\\\"", "").replace("\\n", "");
            assert!(!escapes.contains('\\'), "{string:?}");
        }
    }
}

#[test]
fn every_entity_and_every_relationship_is_in_it() {
    let graph = shop().graph();
    let text = written(&graph, "lab");
    assert_eq!(text.matches(" -> ").count(), graph.relationships().len());
    let nodes = text.lines().filter(|line| line.trim_start().starts_with('n') && line.contains("shape=")).count();
    assert_eq!(nodes, graph.entities().len() + 2, "and two that were not read");
}
