//! What people call entities.

use crate::streams::{collect, coverage, entity, entity_with, names, reading, uid};
use meho_graph::Graph;
use meho_graph::find::NotFound;
use serde_json::json;

fn shop() -> Graph {
    let mut lines =
        vec![reading("Pod"), entity("Pod", "shop/web-1"), entity("Pod", "bank/web-1"), entity("Pod", "shop/db")];
    lines.extend([reading("Node"), entity("Node", "web-1"), reading("Ingress"), entity("Ingress", "shop/main")]);
    lines.extend([
        reading("Twin"),
        entity_with("Twin", "t", json!("x"), json!({})),
        entity_with("Twin", "t", json!("y"), json!({})),
    ]);
    lines.push(reading("Many"));
    lines.extend((0..30).map(|number| entity("Many", &format!("{number:02}/m"))));
    collect(&lines, coverage(&[], &[]))
}

#[track_caller]
fn check(text: &str, namespace: Option<&str>, expected: Result<&str, NotFound>) {
    let graph = shop();
    let found = graph.find(text, namespace).map(|entity| format!("{}/{}", entity.kind, entity.id));
    assert_eq!(found, expected.map(str::to_owned), "{text} in {namespace:?}");
}

fn none(candidates: &[&str]) -> Result<&'static str, NotFound> {
    Err(NotFound::None { candidates: candidates.iter().map(|&name| name.to_owned()).collect() })
}

#[test]
fn a_type_in_any_case_or_in_the_plural_and_a_name_are_enough() {
    for text in ["pod/db", "POD/db", "pods/db", "Pods/shop/db"] {
        check(text, None, Ok("Pod/shop/db"));
    }
    check("ingresses/main", None, Ok("Ingress/shop/main"));
    check("node/web-1", None, Ok("Node/web-1"));
    check(&format!("pod/{}", uid("Pod", "shop/db")), None, Ok("Pod/shop/db"));
}

#[test]
fn a_namespace_settles_which_of_two_it_is() {
    check("pod/web-1", Some("bank"), Ok("Pod/bank/web-1"));
    check("pod/shop/web-1", Some("bank"), Ok("Pod/shop/web-1"));
    check("node/web-1", Some("bank"), Ok("Node/web-1"));
    check("pod/db", Some("bank"), none(&["Pod/shop/db"]));
    let candidates = ["Pod/bank/web-1", "Pod/shop/web-1"].map(str::to_owned).to_vec();
    check("pod/web-1", None, Err(NotFound::Several { count: 2, candidates }));
}

#[test]
fn two_of_one_name_are_told_apart_by_their_uids() {
    let candidates = vec!["Twin/t".to_owned(), "Twin/t".to_owned()];
    check("twin/t", None, Err(NotFound::Several { count: 2, candidates }));
    let graph = shop();
    let found = graph.find("twin/y", None).expect("one");
    assert_eq!(found.uid.as_deref(), Some("y"));
}

#[test]
fn what_has_a_name_like_it_is_offered() {
    check("pod/eb-1", None, none(&["Pod/bank/web-1", "Pod/shop/web-1"]));
    check("service/db", None, none(&["Pod/shop/db"]));
    check("pod/nothing", None, none(&[]));
    check("gadget/nothing", None, none(&[]));
}

#[test]
fn no_more_candidates_are_offered_than_a_person_reads() {
    let graph = shop();
    let Err(NotFound::Several { count, candidates }) = graph.find("many/m", None) else { panic!("one of 30") };
    assert_eq!((count, candidates.len()), (30, 20));
    assert_eq!(names(&graph).iter().filter(|name| candidates.contains(name)).count(), 20);
}

#[test]
fn a_text_of_another_form_is_no_name() {
    for text in ["", "pod", "/db", "pod/", "db"] {
        check(text, None, Err(NotFound::NotAName));
    }
}
