//! The graph as lines for a terminal.

use crate::streams::{collect, coverage, end, entity, entity_with, reading, relation, relationship};
use crate::world::{crowd, shop};
use meho_graph::tree::{self, Bounds, Line, Role};
use meho_graph::{Extent, Graph};
use serde_json::json;

fn as_it_is(text: &str) -> String {
    text.to_owned()
}

fn shown(lines: &[Line]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[track_caller]
fn around(graph: &Graph, name: &str, bounds: Bounds) -> String {
    let start = graph.find(name, None).expect("one");
    shown(&tree::lines_around(&graph.around(start, 4), start, bounds, &as_it_is))
}

const UNREAD: &str = "\
Not everything was read. What is missing here may exist all the same:
  Event: partly read: the list of events expired twice
  Secret: not read: secrets is forbidden: the account may not list them
";

#[test]
fn what_is_asked_about_stands_below_what_leads_to_it_and_above_what_it_uses() {
    let expected = "\
StatefulSet shop/database
└─ manages Pod shop/database-0 Running  by owner_reference
   ├─ ← routes_to Service shop/database ready=yes ?  by selector
   ├─ runs_on Node worker-1 Ready  by spec
   │  └─ same_as VM match_key=i-00000001 provider=aws zone=eu-west-1a  by provider_id
   └─ uses PersistentVolumeClaim shop/data-database-0 Bound ?  by spec
      ├─ bound_to PersistentVolume pvc-4f1c0 Bound  by spec
      └─ uses StorageClass fast  by spec
         ├─ provisions PersistentVolume pvc-4f1c0 Bound  by spec
         └─ provisions PersistentVolume pvc-4f1c1 Bound  by spec
";
    // It is in its namespace, as its name says.
    assert_eq!(around(&shop().graph(), "pod/database-0", Bounds::default()), format!("{expected}{UNREAD}"));
}

#[test]
fn a_chain_has_all_its_links() {
    let shown = around(&shop().graph(), "pod/web-7d4b9c-x000", Bounds::default());
    let expected = "\
Deployment shop/web
└─ manages ReplicaSet shop/web-7d4b9c  by owner_reference
   └─ manages Pod shop/web-7d4b9c-x000 Running  by owner_reference
      ├─ ← routes_to Service shop/web ports=http ready=yes  by endpoint_slice
      ├─ runs_on Node worker-1 Ready  by spec
";
    assert!(shown.starts_with(expected), "{shown}");
    assert!(shown.contains("1 Event about it"), "{shown}");
}

#[test]
fn what_is_named_and_was_not_read_says_so() {
    let shown = around(&shop().graph(), "pod/api-7d4b9c-x001", Bounds::default());
    assert!(shown.contains("uses Secret shop/database (not read) by=env,volume optional=no  by spec\n"), "{shown}");
}

#[test]
fn a_namespace_shows_what_is_in_it_and_a_node_what_runs_on_it() {
    let graph = shop().graph();
    let shown = around(&graph, "namespace/observability", Bounds::default());
    assert!(shown.contains("← member_of Deployment observability/grafana  by spec\n"), "{shown}");
    let shown = around(&graph, "node/worker-1", Bounds { in_a_row: 6, ..Bounds::default() });
    assert!(shown.starts_with("Node worker-1 Ready\n├─ ← runs_on Pod kube-system/cni-1 Running  by spec\n"), "{shown}");
    assert!(shown.contains("├─ and 2 more\n"), "{shown}");
}

#[test]
fn all_of_it_is_by_namespace_from_the_tops_down() {
    let shown = shown(&tree::lines(&shop().graph(), Bounds::default(), &as_it_is));
    let observed = "\
observability
  Deployment collector
  └─ manages ReplicaSet collector-7d4b9c  by owner_reference
     ├─ manages Pod collector-7d4b9c-x000 Running  by owner_reference  runs_on Node worker-1 Ready
     ├─ manages Pod collector-7d4b9c-x001 Running  by owner_reference  runs_on Node worker-2 Ready
     └─ manages Pod collector-7d4b9c-x002 Running  by owner_reference  runs_on Node worker-3 Ready
  Deployment grafana
";
    assert!(shown.contains(observed), "{shown}");
    assert!(shown.contains("in no namespace\n  Namespace kube-system Active\n"), "{shown}");
    assert!(shown.contains("  Node worker-1 Ready  ← runs_on 8 Pod\n  └─ same_as VM match_key=i-00000001 "), "{shown}");
    assert!(shown.ends_with(UNREAD), "{shown}");
}

#[test]
fn everything_that_was_read_is_in_the_lines() {
    let graph = shop().graph();
    let shown = shown(&tree::lines(&graph, Bounds::default(), &as_it_is));
    for entity in graph.entities().iter().filter(|entity| entity.kind.as_str() != "Event") {
        let name = entity.id.rsplit('/').next().expect("a part");
        assert!(shown.contains(&format!("{} {name}", entity.kind)), "{} {name}: {shown}", entity.kind);
    }
}

#[test]
fn what_only_goes_round_is_shown_and_ends() {
    let kinds = ["a/x", "a/y", "a/z"];
    let mut lines = vec![reading("Loop")];
    lines.extend(kinds.map(|id| entity("Loop", id)));
    lines.push(relationship("next", ("Loop", "a/x"), ("Loop", "a/y")));
    lines.push(relationship("next", ("Loop", "a/y"), ("Loop", "a/z")));
    lines.push(relationship("next", ("Loop", "a/z"), ("Loop", "a/x")));
    lines.push(relationship("next", ("Loop", "a/z"), ("Loop", "a/z")));
    let graph = collect(&lines, coverage(&[], &[]));
    let expected = "\
a
  Loop x
  └─ next Loop y  by spec
     └─ next Loop z  by spec
        └─ next Loop x  by spec …
";
    assert_eq!(shown(&tree::lines(&graph, Bounds::default(), &as_it_is)), expected);
    let shown = around(&graph, "loop/x", Bounds::default());
    assert!(shown.lines().count() < 10, "{shown}");
}

#[test]
fn a_chain_without_end_is_cut() {
    let mut lines = vec![reading("Link")];
    for number in 0..5_000 {
        lines.push(entity("Link", &format!("{number:04}")));
        lines.push(relationship("next", ("Link", &format!("{number:04}")), ("Link", &format!("{:04}", number + 1))));
    }
    let graph = collect(&lines, coverage(&[], &[]));
    let start = &graph.entities()[0];
    let lines = tree::lines_around(&graph, start, Bounds::default(), &as_it_is);
    assert!(lines.len() < 20);
    assert!(shown(&lines).ends_with(" …\n"));
    let last = &graph.entities()[4_999];
    let lines = tree::lines_around(&graph, last, Bounds::default(), &as_it_is);
    assert!(lines.len() < 30, "{}", lines.len());
    assert!(shown(&lines).starts_with("…\nLink "), "{}", shown(&lines));
}

#[test]
fn what_is_left_out_is_counted() {
    let lines = tree::lines(&crowd(50).graph(), Bounds { lines: 100, ..Bounds::default() }, &as_it_is);
    let cut = lines[100].to_string();
    assert!(cut.starts_with("… ") && cut.ends_with(" more lines"), "{cut}");
    assert_eq!(lines.len(), 101 + UNREAD.lines().count(), "the coverage is never left out");
}

#[test]
fn every_text_of_the_graph_goes_through_the_escape() {
    const MARK: &str = "\u{1b}[31m\nTrusted line";
    let id = format!("ns{MARK}/{MARK}");
    let mut found = entity_with("Pod", &id, json!(MARK), json!({MARK: MARK}));
    found["entity"]["same_as"] =
        json!([{"type": "VM", "by": "name", "certain": false, MARK: MARK, "deep": {MARK: [MARK]}}]);
    let edge = relation("uses", end("Pod", &id), end("Secret", MARK), "spec", true, json!({"by": [MARK], MARK: true}));
    let into = relation("manages", end("Set", MARK), end("Pod", &id), "spec", false, json!({}));
    let denied = coverage(
        &[("Secret", Extent::Denied(MARK.to_owned()))],
        &[("Pod", "uses", "Secret", Extent::Partial(MARK.to_owned()))],
    );
    let graph = collect(&[reading("Pod"), found, edge, into], denied);
    let escape = |text: &str| text.replace(MARK, "ESCAPED").escape_debug().to_string();
    let all = tree::lines(&graph, Bounds::default(), &escape);
    let near = tree::lines_around(&graph, &graph.entities()[0], Bounds::default(), &escape);
    for line in all.iter().chain(&near) {
        for span in &line.0 {
            assert!(!span.text.contains(['\u{1b}', '\n']), "{line:?}");
        }
    }
    assert!(shown(&near).contains("ESCAPED"));
}

#[test]
fn a_program_can_tell_what_is_what() {
    let graph = shop().graph();
    let start = graph.find("pod/database-0", None).expect("one");
    let lines = tree::lines_around(&graph.around(start, 1), start, Bounds::default(), &as_it_is);
    let of = |role| -> Vec<&str> {
        let spans = lines.iter().flat_map(|line| &line.0).filter(|span| span.role == role);
        spans.map(|span| span.text.as_str()).collect()
    };
    assert_eq!(of(Role::Start), ["shop/database-0"]);
    assert!(of(Role::Doubt).contains(&" ?") && of(Role::Doubt).contains(&": not read"));
    assert!(of(Role::Kind).contains(&"Pod "));
}

#[test]
fn what_everything_uses_costs_no_more_than_what_is_there() {
    // Each of these names the same two things: to look anew at all that leads to them on each line would take the square.
    const MANY: usize = 30_000;
    let mut lines =
        vec![reading("Map"), entity("Map", "a/roots"), reading("Node"), entity("Node", "n"), reading("Pod")];
    for number in 0..MANY {
        let id = format!("a/{number}");
        lines.push(entity("Pod", &id));
        lines.push(relationship("uses", ("Pod", &id), ("Map", "a/roots")));
        lines.push(relationship("runs_on", ("Pod", &id), ("Node", "n")));
    }
    let graph = collect(&lines, coverage(&[], &[]));
    let shown = tree::lines(&graph, Bounds::default(), &as_it_is);
    assert!(shown.len() <= 1_001, "{}", shown.len());
    assert!(shown.last().expect("a line").to_string().starts_with("… "), "{}", shown.last().expect("a line"));
}
