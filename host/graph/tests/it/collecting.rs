//! What becomes of findings: which stand, which are one, which ends are found.

use crate::streams::{
    bytes, collect, coverage, edges, end, entity, entity_with, names, reading, relation, relationship, uid, written,
};
use meho_graph::collector::Misplaced;
use meho_graph::{Collector, Extent};
use serde_json::{Value, json};

fn partial() -> Extent {
    Extent::Partial("the page expired".to_owned())
}

/// Two readings of one type: the first finds `a` and `b`, which run on `n`, the second only `b`.
fn read_again(of_pods: Extent, of_relationships: Extent) -> meho_graph::Graph {
    let runs = |pod| relationship("runs_on", ("Pod", pod), ("Node", "n"));
    let lines = [
        vec![reading("Node"), entity("Node", "n")],
        vec![reading("Pod"), entity("Pod", "a"), runs("a"), entity("Pod", "b"), runs("b")],
        vec![reading("Pod"), entity("Pod", "b"), runs("b")],
    ];
    let extents = [("Pod", of_pods), ("Node", Extent::Complete)];
    collect(&lines.concat(), coverage(&extents, &[("Pod", "runs_on", "Node", of_relationships)]))
}

#[test]
fn what_a_complete_second_reading_does_not_find_is_gone() {
    let graph = read_again(Extent::Complete, Extent::Complete);
    assert_eq!(names(&graph), ["Node/n", "Pod/b"]);
    assert_eq!(edges(&graph), ["Pod/b runs_on Node/n"]);
}

#[test]
fn what_an_incomplete_second_reading_does_not_find_stands() {
    for extent in [partial(), Extent::Denied("no".to_owned())] {
        let graph = read_again(extent.clone(), extent);
        assert_eq!(names(&graph), ["Node/n", "Pod/a", "Pod/b"]);
        assert_eq!(edges(&graph), ["Pod/a runs_on Node/n", "Pod/b runs_on Node/n"]);
    }
}

#[test]
fn entities_and_relationships_are_complete_each_for_itself() {
    let graph = read_again(Extent::Complete, partial());
    assert_eq!(names(&graph), ["Node/n", "Pod/b"]);
    assert_eq!(edges(&graph), ["Pod/a? runs_on Node/n", "Pod/b runs_on Node/n"]);
    let graph = read_again(partial(), Extent::Complete);
    assert_eq!(names(&graph), ["Node/n", "Pod/a", "Pod/b"]);
    assert_eq!(edges(&graph), ["Pod/b runs_on Node/n"]);
}

#[test]
fn what_nobody_says_is_complete_is_not() {
    let lines = [reading("Pod"), entity("Pod", "a"), reading("Pod")];
    assert_eq!(names(&collect(&lines, coverage(&[], &[]))), ["Pod/a"]);
}

#[test]
fn a_later_record_takes_the_place_of_an_earlier_one_of_the_same_name() {
    let old = entity_with("Pod", "a", json!("old"), json!({"phase": "Running"}));
    let new = entity_with("Pod", "a", json!("new"), json!({"phase": "Pending"}));
    let graph = collect(&[reading("Pod"), old, reading("Pod"), new], coverage(&[("Pod", partial())], &[]));
    assert_eq!(
        written(&graph)["entities"],
        json!([{"type": "Pod", "id": "a", "uid": "new", "properties": {"phase": "Pending"}, "same_as": []}])
    );
}

#[test]
fn a_relationship_to_any_type_is_complete_where_its_entry_says_so() {
    let about = relationship("about", ("Event", "e"), ("Gadget", "g"));
    let lines = [reading("Event"), entity("Event", "e"), about, reading("Event")];
    let entries = |extent| coverage(&[("Event", Extent::Complete)], &[("Event", "about", "any", extent)]);
    assert_eq!(edges(&collect(&lines, entries(Extent::Complete))), [""; 0]);
    assert_eq!(edges(&collect(&lines, entries(partial()))), ["Event/e? about Gadget/g?"]);
}

#[test]
fn another_readings_finding_of_a_relationship_outlives_one_that_is_read_again() {
    let routes = |by, certain| relation("routes_to", end("Service", "s"), end("Pod", "p"), by, certain, json!({}));
    let lines = [
        reading("EndpointSlice"),
        routes("endpoint_slice", true),
        reading("Pod"),
        routes("selector", false),
        entity("Pod", "p"),
        reading("EndpointSlice"),
    ];
    let graph = collect(&lines, coverage(&[], &[("Service", "routes_to", "Pod", Extent::Complete)]));
    let edge = graph.relationships().first().expect("one");
    assert_eq!((edge.known_by.as_str(), edge.certain), ("selector", false));
}

#[test]
fn a_later_reading_has_the_last_word_of_what_it_said_before() {
    let ready =
        |ready| relation("routes_to", end("Service", "s"), end("Pod", "p"), "spec", ready, json!({"ready": ready}));
    let lines = [reading("EndpointSlice"), ready(true), reading("EndpointSlice"), ready(false)];
    let graph = collect(&lines, coverage(&[], &[]));
    assert_eq!(written(&graph)["relationships"][0]["properties"], json!({"ready": false}));
    assert_eq!(graph.relationships().len(), 1);
}

#[test]
fn an_end_is_found_by_its_type_and_its_id_and_by_the_uid_that_it_names() {
    let by = |uid: Value| json!({"type": "Pod", "id": "shop/web", "uid": uid});
    let cases = [
        (end("Pod", "shop/web"), Some(uid("Pod", "shop/web")), true),
        (by(json!(null)), Some(uid("Pod", "shop/web")), true),
        (by(json!(uid("Pod", "shop/web"))), Some(uid("Pod", "shop/web")), true),
        (by(json!("another")), Some("another".to_owned()), false),
        (end("Pod", "bank/web"), None, false),
        (end("Pod", "web"), None, false),
        (end("ReplicaSet", "shop/web"), None, false),
        (end("pod", "shop/web"), None, false),
    ];
    for (to, expected, resolved) in cases {
        let edge = relation("about", end("Event", "e"), to.clone(), "spec", true, json!({}));
        let lines = [reading("Event"), edge, reading("Pod"), entity("Pod", "shop/web")];
        let graph = collect(&lines, coverage(&[], &[]));
        let found = &graph.relationships()[0].to;
        assert_eq!((found.uid.as_deref(), found.resolved), (expected.as_deref(), resolved), "{to}");
        assert_eq!(names(&graph), ["Pod/shop/web"], "no end is an entity");
    }
}

#[test]
fn an_end_without_uid_is_not_found_where_two_go_by_its_name() {
    let one = |uid| entity_with("Pod", "p", json!(uid), json!({}));
    let lines =
        [reading("Pod"), one("x"), one("y"), reading("Event"), relationship("about", ("Event", "e"), ("Pod", "p"))];
    assert_eq!(edges(&collect(&lines, coverage(&[], &[]))), ["Event/e? about Pod/p?"]);
}

#[test]
fn things_of_one_name_in_other_types_and_namespaces_stay_apart() {
    let lines = [
        reading("Service"),
        entity("Service", "shop/web"),
        entity("Service", "bank/web"),
        reading("Pod"),
        entity("Pod", "shop/web"),
        entity("Pod", "bank/web"),
        relationship("routes_to", ("Service", "shop/web"), ("Pod", "shop/web")),
    ];
    let graph = collect(&lines, coverage(&[], &[]));
    assert_eq!(names(&graph), ["Pod/bank/web", "Pod/shop/web", "Service/bank/web", "Service/shop/web"]);
    assert_eq!(edges(&graph), ["Service/shop/web routes_to Pod/shop/web"]);
}

#[test]
fn a_stub_never_takes_the_place_of_a_record() {
    let record = entity_with("Node", "n", json!("u"), json!({"status": "Ready", "capacity": {"cpu": "4"}}));
    let stub = entity_with("Node", "n", json!("u"), json!({"status": null, "capacity": null, "zone": null}));
    for lines in [[reading("Node"), record.clone(), stub.clone()], [reading("Node"), stub, record]] {
        let graph = collect(&lines, coverage(&[], &[]));
        assert_eq!(written(&graph)["entities"][0]["properties"]["status"], "Ready");
        assert_eq!(graph.entities().len(), 1);
    }
}

#[test]
fn what_is_found_twice_is_one_relationship() {
    let found =
        |by, certain, properties| relation("uses", end("Pod", "p"), end("Secret", "s"), by, certain, properties);
    let a = found("spec", false, json!({"optional": false, "by": ["volume"], "odd": true}));
    let b = found("token", true, json!({"optional": true, "by": ["env", "volume"], "odd": ["x"]}));
    let c = found("zeal", true, json!({}));
    for lines in [[&a, &b, &c], [&c, &a, &b], [&b, &c, &a], [&c, &b, &a]] {
        let lines = [reading("Pod")].into_iter().chain(lines.map(Value::clone)).collect::<Vec<_>>();
        let graph = written(&collect(&lines, coverage(&[], &[])));
        let edge = &graph["relationships"][0];
        assert_eq!((&edge["known_by"], &edge["certain"]), (&json!("token"), &json!(true)));
        assert_eq!(edge["properties"], json!({"by": ["env", "volume"], "odd": ["x"], "optional": true}));
        assert_eq!(graph["relationships"].as_array().map(Vec::len), Some(1));
    }
}

#[test]
fn an_end_with_and_without_its_uid_is_one_where_it_was_read() {
    let with = |to| relation("runs_on", end("Pod", "p"), to, "spec", true, json!({}));
    let lines = [
        reading("Pod"),
        with(end("Node", "n")),
        with(json!({"type": "Node", "id": "n", "uid": uid("Node", "n")})),
        reading("Node"),
        entity("Node", "n"),
    ];
    assert_eq!(collect(&lines, coverage(&[], &[])).relationships().len(), 1);
}

#[test]
fn the_bytes_are_canonical() {
    let node = json!({"entity": {"type": "Node", "id": "n", "uid": null, "properties": {"b": {"z": 1, "a": [1.5, "x"]}, "a": null},
        "same_as": [{"type": "VM", "by": "provider_id", "certain": true, "match_key": "i-1"}]}});
    let lines = [reading("Node"), node, relationship("a", ("Node", "n"), ("Pod", "p"))];
    let graph = collect(
        &lines,
        coverage(
            &[("Pod", Extent::Denied("no".to_owned())), ("Node", Extent::Complete)],
            &[("Node", "a", "Pod", partial())],
        ),
    );
    let expected = concat!(
        r#"{"entities":[{"type":"Node","id":"n","uid":null,"properties":{"a":null,"b":{"a":[1.5,"x"],"z":1}},"#,
        r#""same_as":[{"by":"provider_id","certain":true,"match_key":"i-1","type":"VM"}]}],"#,
        r#""relationships":[{"type":"a","from":{"type":"Node","id":"n","uid":null,"resolved":true},"#,
        r#""to":{"type":"Pod","id":"p","uid":null,"resolved":false},"known_by":"spec","certain":true,"properties":{}}],"#,
        r#""coverage":{"entities":[{"type":"Node","extent":"complete","reason":null},{"type":"Pod","extent":"denied","reason":"no"}],"#,
        r#""relationships":[{"source":"Node","name":"a","destination":"Pod","extent":"partial","reason":"the page expired"}]}}"#,
    );
    assert_eq!(String::from_utf8(bytes(&graph)).expect("UTF-8"), expected);
}

#[test]
fn a_line_that_cannot_stand_where_it_does_is_refused() {
    let mut collector = Collector::new();
    let add = |collector: &mut Collector, line: Value| collector.add(line.to_string().as_bytes());
    assert!(matches!(add(&mut collector, entity("Pod", "a")), Err(Misplaced::BeforeAnyReading)));
    let edge = relationship("a", ("Pod", "a"), ("Pod", "b"));
    assert!(matches!(add(&mut collector, edge), Err(Misplaced::BeforeAnyReading)));
    add(&mut collector, reading("EndpointSlice")).expect("a reading");
    let refused = add(&mut collector, entity("Pod", "a")).expect_err("of another type");
    assert_eq!(refused.to_string(), "an entity of type Pod stands in a reading of EndpointSlice");
    assert!(matches!(add(&mut collector, json!("x")), Err(Misplaced::NotAFinding(_))));
}

#[test]
fn a_hundred_thousand_entities_are_no_trouble() {
    let mut lines = vec![reading("Node"), entity("Node", "n"), reading("Pod")];
    for number in 0..100_000 {
        let id = format!("shop/{number}");
        lines.push(entity_with("Pod", &id, json!(uid("Pod", &id)), json!({"phase": "Running"})));
        lines.push(relationship("runs_on", ("Pod", &id), ("Node", "n")));
    }
    let graph = collect(&lines, coverage(&[], &[]));
    assert_eq!((graph.entities().len(), graph.relationships().len()), (100_001, 100_000));
    assert!(graph.relationships().iter().all(|edge| edge.from.resolved && edge.to.resolved));
    let pod = graph.find("pod/shop/77", None).expect("one");
    assert_eq!(names(&graph.around(pod, 5)), ["Node/n", "Pod/shop/77"]);
}

#[test]
fn what_is_held_is_counted_by_what_it_is_kept_in_and_not_by_its_text_alone() {
    let mut collector = Collector::new();
    let mut text = 0;
    for line in [reading("Pod"), entity("Pod", "a/b"), relationship("uses", ("Pod", "a/b"), ("Map", "a/m"))] {
        collector.add(line.to_string().as_bytes()).expect("a finding");
        text += line.to_string().len() as u64;
        assert!(collector.held_bytes() > 0);
    }
    // Short lines are kept in more than they say.
    assert!(collector.held_bytes() > text, "{} of {text}", collector.held_bytes());
    let before = collector.held_bytes();
    let with_a_map = json!({"relationship": {
        "type": "uses", "from": {"type": "Pod", "id": "a/b"}, "to": {"type": "Map", "id": "a/m"},
        "known_by": "spec", "certain": true, "properties": {"via": ["env", "volume"]},
    }});
    collector.add(with_a_map.to_string().as_bytes()).expect("a finding");
    assert!(collector.held_bytes() - before > 1_000, "{}", collector.held_bytes() - before);
}

#[test]
fn a_target_that_gives_everything_one_name_costs_no_more_than_another() {
    const MANY: usize = 30_000;
    let mut lines = vec![reading("Pod")];
    for number in 0..MANY {
        lines.push(entity_with("Pod", "a/p", json!(format!("uid-{number}")), json!({"number": number})));
        // The same thing told more than once.
        lines.push(entity_with("Pod", "a/q", json!("one"), json!({"number": number, "more": null})));
        let from = json!({"type": "Pod", "id": "a/p", "uid": format!("uid-{number}")});
        lines.push(json!({"relationship": {
            "type": "next", "from": from, "to": {"type": "Pod", "id": "a/q"}, "known_by": "spec", "certain": true,
        }}));
    }
    let graph = collect(&lines, coverage(&[], &[]));
    assert_eq!((graph.entities().len(), graph.relationships().len()), (MANY + 1, MANY));
    assert!(graph.relationships().iter().all(|edge| edge.from.resolved && edge.to.resolved));
}
