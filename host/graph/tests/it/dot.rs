//! The graph in Graphviz' language.

use crate::streams::{collect, coverage, end, entity, entity_with, reading, relation, relationship};
use crate::world::{ailing, crowd, shop};
use meho_graph::finding::Entity;
use meho_graph::{Extent, Graph, dot};
use serde_json::json;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

fn written(graph: &Graph, title: &str) -> String {
    written_from(graph, title, None)
}

fn written_from(graph: &Graph, title: &str, start: Option<&Entity>) -> String {
    let mut bytes = Vec::new();
    dot::write(graph, title, start, &mut bytes).expect("a vector takes everything");
    String::from_utf8(bytes).expect("UTF-8")
}

/// The line that has this in it.
#[track_caller]
fn line<'t>(text: &'t str, of: &str) -> &'t str {
    text.lines().find(|line| line.contains(of)).unwrap_or_else(|| panic!("{of}: {text}"))
}

#[test]
fn what_is_in_one_namespace_is_in_one_cluster_and_lines_say_how_sure_they_are() {
    let lines = [
        reading("Namespace"),
        entity("Namespace", "shop"),
        reading("Pod"),
        entity("Pod", "shop/web"),
        relationship("member_of", ("Pod", "shop/web"), ("Namespace", "shop")),
        relationship("member_of", ("Secret", "shop/key"), ("Namespace", "shop")),
        relation("uses", end("Pod", "shop/web"), end("Pod", "shop/web"), "guess", false, json!({})),
        relationship("uses", ("Pod", "shop/web"), ("Secret", "shop/key")),
    ];
    let graph = collect(&lines, coverage(&[("Secret", Extent::Denied("no".to_owned()))], &[]));
    let expected = r#"digraph "lab" {
  graph [rankdir=LR, newrank=true, fontname="sans-serif", label="lab\nSecret: not read: no"];
  node [fontname="sans-serif", style=filled];
  edge [fontname="sans-serif", fontsize=10];
  subgraph cluster_0 {
    label="shop"; style=rounded; color=gray;
    n0 [label="Namespace\nshop", tooltip="shop", shape=box, fillcolor=lightblue];
    n1 [label="Pod\nweb", tooltip="shop/web", shape=ellipse, fillcolor=palegreen];
    n2 [label="Secret\nkey\n(not read)", tooltip="shop/key", shape=hexagon, style=dotted];
  }
  n1 -> n1 [label="uses ?", tooltip="known by guess", style=dashed];
  n1 -> n2 [label="uses", tooltip="known by spec", style=dotted];
}
"#;
    assert_eq!(written(&graph, "lab"), expected);
}

#[test]
fn what_runs_on_a_node_that_is_called_as_its_namespace_is_no_member_of_it() {
    let lines = [
        reading("Namespace"),
        entity("Namespace", "mini"),
        reading("Node"),
        entity("Node", "mini"),
        reading("Pod"),
        entity("Pod", "mini/web"),
        relationship("member_of", ("Pod", "mini/web"), ("Namespace", "mini")),
        relationship("member_of", ("Map", "mini/settings"), ("Namespace", "mini")),
        relationship("runs_on", ("Pod", "mini/web"), ("Node", "mini")),
    ];
    let text = written(&collect(&lines, coverage(&[], &[])), "mini");
    assert!(line(&text, "runs_on").contains(" -> "), "{text}");
    assert!(!text.contains("member_of"), "{text}");
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
            let mut found = entity_with("Pod", &id, json!(number.to_string()), json!({"status": name}));
            found["entity"]["same_as"] =
                json!([{"type": "VM", "by": "name", "certain": true, "match_key": name, "place": number}]);
            lines.push(found);
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
fn everything_is_in_it_but_what_the_boxes_say_and_remarks_which_are_counted() {
    let graph = shop().graph();
    let text = written(&graph, "lab");
    let drawn = graph.relationships().iter().filter(|edge| !matches!(edge.name.as_str(), "member_of" | "about"));
    let machines = 3;
    assert_eq!(text.matches(" -> ").count(), drawn.count() + machines);
    let nodes = text.lines().filter(|line| line.trim_start().starts_with('n') && line.contains("shape=")).count();
    let events = graph.entities().iter().filter(|entity| entity.kind.as_str() == "Event").count();
    assert_eq!(nodes, graph.entities().len() - events + 2, "and two that were not read");
    assert!(text.contains(&format!("\\nEvent: {events} not drawn\"")), "{text}");
    let remark = graph.entities().iter().find(|entity| entity.kind.as_str() == "Event").expect("an event");
    let from_it = written_from(&graph, "lab", Some(remark));
    assert!(from_it.contains("label=\"about\"") && from_it.contains(&format!("Event: {} not drawn", events - 1)));
}

#[test]
fn what_is_not_well_or_not_ready_is_said_and_has_its_colour() {
    let text = written(&ailing().graph(), "lab");
    let pod = line(&text, "tooltip=\"shop/mailer-0\"");
    assert!(pod.contains(r#"label="Pod\nmailer-0\n! CrashLoopBackOff""#), "{pod}");
    let node = line(&text, "tooltip=\"worker-4\"");
    assert!(node.contains(r#"\n! NotReady,SchedulingDisabled""#), "{node}");
    for ill in [pod, node, line(&text, "mailer-queue"), line(&text, r#"routes_to\n! ready=no""#)] {
        assert!(ill.contains("color=orangered3"), "{ill}");
    }
    let well = line(&text, "tooltip=\"worker-1\"");
    assert!(well.contains(r#"label="Node\nworker-1\nReady""#) && !well.contains("orangered3"), "{well}");
    assert_eq!(text.matches("ready=no").count(), 1);
}

#[test]
fn what_was_looked_for_in_vain_is_not_what_was_not_read() {
    let text = written(&ailing().graph(), "lab");
    assert!(line(&text, "mailer-settings").contains(r"\n(not found)"), "its type was read, all of it");
    assert!(line(&text, "storefront-tls").contains(r"\n(not read)"), "its type was denied");
}

#[test]
fn the_start_has_a_thick_border() {
    let graph = shop().graph();
    let start = graph.find("pod/database-0", None).expect("it is there");
    let text = written_from(&graph, "lab", Some(start));
    assert!(line(&text, "tooltip=\"shop/database-0\"").contains("penwidth=5"));
    assert_eq!(text.matches("penwidth=5").count(), 1);
    assert!(!written(&graph, "lab").contains("penwidth=5"));
}

#[test]
fn the_machine_that_a_node_certainly_is_stands_beside_it() {
    let text = written(&shop().graph(), "lab");
    let machine = line(&text, "i-00000001");
    assert!(machine.contains(r#"[label="VM\ni-00000001", tooltip="known by provider_id""#), "{machine}");
    let (name, _) = machine.trim().split_once(' ').expect("a node");
    let node = line(&text, "tooltip=\"worker-1\"").trim().split_once(' ').expect("a node").0;
    assert!(line(&text, &format!("{node} -> {name} [")).contains("label=\"same_as\""));
    assert!(!text.contains("Host"), "only what is certain");
}

#[test]
fn graphviz_draws_it() {
    let is_there = Command::new("dot").arg("-V").stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !is_there {
        let _ = writeln!(std::io::stderr(), "SKIPPED: what Graphviz makes of it, which is not installed");
        return;
    }
    for (name, graph) in [("ailing", ailing().graph()), ("crowd", crowd(60).graph())] {
        let mut dot = Command::new("dot")
            .arg("-Tsvg")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        let text = written_from(&graph, name, graph.entities().first());
        // It stays for whoever wants to look at it.
        std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.dot")), &text).expect("a file");
        dot.stdin.take().expect("its input").write_all(text.as_bytes()).expect("it reads all");
        let drawn = dot.wait_with_output().expect("it ends");
        assert!(drawn.status.success(), "{name}: {}", String::from_utf8_lossy(&drawn.stderr));
        let svg = String::from_utf8(drawn.stdout).expect("UTF-8");
        assert_eq!(svg.matches("class=\"edge\"").count(), text.matches(" -> ").count(), "{name}");
    }
}
