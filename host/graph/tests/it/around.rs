//! What is near an entity.

use crate::streams::{collect, coverage, edges, entity, names, reading, relationship};
use meho_graph::{Extent, Graph};

/// Two workloads on one node, in one namespace.
fn shop() -> Graph {
    let mut lines = vec![reading("Namespace"), entity("Namespace", "shop"), reading("Node"), entity("Node", "n")];
    lines.extend([
        reading("Event"),
        entity("Event", "shop/e"),
        relationship("about", ("Event", "shop/e"), ("Node", "n")),
    ]);
    for (set, pods) in [("web", ["shop/web-1", "shop/web-2"]), ("job", ["shop/job-1", "shop/job-2"])] {
        lines.extend([reading("ReplicaSet"), entity("ReplicaSet", set)]);
        lines.push(relationship("manages", ("Deployment", set), ("ReplicaSet", set)));
        for pod in pods {
            lines.extend([reading("Pod"), entity("Pod", pod), relationship("runs_on", ("Pod", pod), ("Node", "n"))]);
            lines.push(relationship("member_of", ("Pod", pod), ("Namespace", "shop")));
            lines.push(relationship("manages", ("ReplicaSet", set), ("Pod", pod)));
            lines.push(relationship("uses", ("Pod", pod), ("Secret", "shop/key")));
        }
    }
    collect(&lines, coverage(&[("Secret", Extent::Denied("no".to_owned()))], &[]))
}

#[track_caller]
fn check(start: &str, depth: usize, expected: &[&str]) {
    let graph = shop();
    let start = graph.find(start, None).expect("one");
    assert_eq!(names(&graph.around(start, depth)), expected);
}

#[test]
fn a_path_never_turns_round_on_relationships_of_one_name() {
    let near = ["Event/shop/e", "Namespace/shop", "Node/n", "Pod/shop/web-1", "ReplicaSet/web"];
    check("pod/web-1", 2, &near);
    check("pod/web-1", 9, &near);
}

#[test]
fn no_more_steps_are_taken_than_asked_for() {
    check("pod/web-1", 0, &["Pod/shop/web-1"]);
    check("pod/web-1", 1, &["Namespace/shop", "Node/n", "Pod/shop/web-1", "ReplicaSet/web"]);
    check(
        "node/n",
        1,
        &["Event/shop/e", "Node/n", "Pod/shop/job-1", "Pod/shop/job-2", "Pod/shop/web-1", "Pod/shop/web-2"],
    );
}

#[test]
fn what_is_below_is_reached_through_what_manages_it() {
    check("replicaset/web", 2, &["Namespace/shop", "Node/n", "Pod/shop/web-1", "Pod/shop/web-2", "ReplicaSet/web"]);
}

#[test]
fn ends_that_were_not_read_and_the_coverage_stay() {
    let graph = shop();
    let near = graph.around(graph.find("pod/web-1", None).expect("one"), 1);
    assert_eq!(
        edges(&near),
        [
            "ReplicaSet/web manages Pod/shop/web-1",
            "Pod/shop/web-1 member_of Namespace/shop",
            "Pod/shop/web-1 runs_on Node/n",
            "Pod/shop/web-1 uses Secret/shop/key?"
        ]
    );
    assert_eq!(near.coverage(), graph.coverage());
}

#[test]
fn nothing_is_around_what_is_not_in_the_graph() {
    let other = collect(&[reading("Pod"), entity("Pod", "elsewhere")], coverage(&[], &[]));
    assert_eq!(names(&shop().around(&other.entities()[0], 3)), [""; 0]);
}
