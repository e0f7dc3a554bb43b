//! Discovery where things go wrong: each request of it refused, broken off and expired in turn, lists in every order, and objects that are not what the API says.
//!
//! The target is a fake with a small world of which everything is known. What it is asked, page by page, is what a fault is put at; what came of it is held against
//! the graph of the healthy lists.

mod shop;
mod world;

use crate::embedded::own_warnings;
use crate::suite::mutation::{Mutation, absent, bare, of_other_types};
use meho_host::call::AnswerMeta;
use meho_host::error::{CallError, ErrorCode};
use meho_host::graph::Graph;
use serde_json::{Value, json};
use shop::{Fault, Place, Plan, Shop, id_of};
use std::collections::{BTreeMap, BTreeSet};
use world::{ENDPOINTS, LISTS, SLICES, list};

/// A server's fault is none of the connector.
const NEVER: [ErrorCode; 4] =
    [ErrorCode::ConnectorFault, ErrorCode::InternalError, ErrorCode::TrustViolation, ErrorCode::ResourceLimit];

/// The bytes of a graph.
fn text(graph: &Graph) -> String {
    let mut written = Vec::new();
    graph.write_json(&mut written).expect("memory");
    String::from_utf8(written).expect("text")
}

/// What a relationship is called, and its ends.
type Key<'g> = [&'g str; 5];

fn key(of: &Value) -> Key<'_> {
    [&of["type"], &of["from"]["type"], &of["from"]["id"], &of["to"]["type"], &of["to"]["id"]]
        .map(|value| value.as_str().expect("text"))
}

/// What came of it, as text and as a value.
struct Discovered {
    text: String,
    graph: Value,
    meta: AnswerMeta,
}

impl Discovered {
    fn by(shop: &Shop, arguments: Value) -> Result<Self, CallError> {
        let (graph, meta) = shop.caller.discover(arguments)?;
        let text = text(&graph);
        Ok(Self { graph: serde_json::from_str(&text).expect("JSON"), text, meta })
    }

    fn entities(&self, kind: &str) -> BTreeMap<&str, &Value> {
        let all = self.graph["entities"].as_array().expect("a list").iter();
        all.filter(|of| of["type"] == kind).map(|of| (of["id"].as_str().expect("an id"), of)).collect()
    }

    fn relationships(&self) -> BTreeMap<Key<'_>, &Value> {
        let all = self.graph["relationships"].as_array().expect("a list");
        let keyed: BTreeMap<_, _> = all.iter().map(|of| (key(of), of)).collect();
        assert_eq!(keyed.len(), all.len(), "one is there twice");
        keyed
    }

    /// How much was read of each type and relationship, and why not all.
    fn extents(&self) -> BTreeMap<String, (&Value, &Value)> {
        let coverage = &self.graph["coverage"];
        let list = |name: &str| coverage[name].as_array().expect("a list").iter();
        let entities = list("entities").map(|of| (of["type"].as_str().expect("a type").to_owned(), of));
        let name =
            |of: &Value| ["source", "name", "destination"].map(|part| of[part].as_str().expect("text")).join(" ");
        let relationships = list("relationships").map(|of| (name(of), of));
        entities.chain(relationships).map(|(name, of)| (name, (&of["extent"], &of["reason"]))).collect()
    }
}

/// The kind whose objects say that this relationship is there.
fn read_of<'a>(source: &'a str, name: &str, destination: &'a str) -> &'a str {
    match (source, name) {
        (_, "manages" | "provisions") => destination,
        ("Service", "routes_to") => SLICES,
        _ => source,
    }
}

/// Whether a relationship may say less where a kind was not all read, because what confirms it stands there.
fn leans_on(kind: &str, [name, from, _, to, _]: Key<'_>) -> bool {
    match kind {
        "PersistentVolume" => name == "bound_to",
        "StorageClass" => name == "provisions",
        "PersistentVolumeClaim" => (name, to) == ("uses", "PersistentVolumeClaim"),
        "Pod" => name == "about",
        SLICES | ENDPOINTS => (name, from) == ("routes_to", "Service"),
        _ => false,
    }
}

/// What is wrong with a graph where one kind could not all be read: from `page` on, and how much it must say that it has.
fn wrong(healthy: &Discovered, found: &Discovered, (kind, page): Place, fault: Fault) -> Vec<String> {
    let mut wrong = Vec::new();
    let (here, there) = (found.entities(kind), healthy.entities(kind));
    for (of, _) in LISTS.iter().filter(|(of, _)| *of != kind) {
        if found.entities(of) != healthy.entities(of) {
            wrong.push(format!("the {of}s are others"));
        }
    }
    // A reset takes what was under way on the same connection with it: that is the page before.
    let whole_pages = if fault == Fault::Reset { page.saturating_sub(1) } else { page };
    let is_entity = healthy.extents().contains_key(kind);
    wrong.extend(
        Shop::before(kind, whole_pages)
            .into_iter()
            .filter(|id| is_entity && !here.contains_key(id.as_str()))
            .map(|id| format!("{id} was read before and is gone")),
    );
    wrong.extend(here.iter().filter(|(id, of)| there.get(*id) != Some(of)).map(|(id, _)| format!("{id} is another")));
    if is_entity && here.len() == there.len() {
        wrong.push("nothing is missing".to_owned());
    }
    // By its kind, whether all of what reads it is still there.
    let is_read = |kind_of: &str, id: &str| found.entities(kind_of).contains_key(id);
    let (before, after) = (healthy.relationships(), found.relationships());
    for (key, old) in &before {
        let [name, from, from_id, to, to_id] = *key;
        let read = read_of(from, name, to);
        let is_lost = read == kind && is_entity && !is_read(kind, if read == to { to_id } else { from_id });
        match after.get(key) {
            None if is_lost => {}
            None => wrong.push(format!("{key:?} is gone")),
            Some(_) if is_lost => wrong.push(format!("{key:?} is said by what was not read")),
            Some(new) => {
                for (end, of, id) in [("from", from, from_id), ("to", to, to_id)] {
                    let is_gone = of == kind && !is_read(of, id);
                    if is_gone && new[end]["resolved"] != false {
                        wrong.push(format!("{key:?} has an end that was not read"));
                    }
                    if !is_gone && new[end] != old[end] && !leans_on(kind, *key) {
                        wrong.push(format!("{key:?}: {end} is another"));
                    }
                }
                let says = |of: &Value| ["known_by", "certain", "properties"].map(|member| of[member].clone());
                if says(new) != says(old) && !leans_on(kind, *key) {
                    wrong.push(format!("{key:?} says something else"));
                }
                if says(new) != says(old) && new["certain"] == true && !matches!(kind, SLICES | ENDPOINTS) {
                    wrong.push(format!("{key:?} says something else, and is certain of it"));
                }
            }
        }
    }
    let more = after.iter().filter(|(key, of)| {
        // What a volume denies its claim is not known where it was not read.
        !before.contains_key(*key) && !(kind == "PersistentVolume" && leans_on(kind, **key) && of["certain"] == false)
    });
    wrong.extend(more.map(|(key, _)| format!("{key:?} is new")));
    let word = if page == 0 && matches!(fault, Fault::Status(401 | 403)) && is_entity { "denied" } else { "partial" };
    let of_slices = if kind == ENDPOINTS { SLICES } else { kind };
    for (name, (extent, reason)) in found.extents() {
        let parts: Vec<&str> = name.split(' ').collect();
        let read = if let [from, name, to] = parts[..] { read_of(from, name, to) } else { name.as_str() };
        let wanted = if read == of_slices { word } else { "complete" };
        if extent != wanted || reason.is_null() != (wanted == "complete") || reason == "" {
            wrong.push(format!("{name}: {extent} ({reason}) where {wanted} is right"));
        }
    }
    let told = own_warnings(&found.meta);
    if found.meta.complete || !told.iter().any(|told| told.starts_with(&format!("{of_slices}: "))) {
        wrong.push(format!("meta: {:?}", found.meta));
    }
    wrong
}

/// The graph of the healthy lists, and the pages that it takes.
fn healthy(shop: &Shop) -> (Discovered, Vec<Place>) {
    shop.is_to(Plan::default());
    let found = Discovered::by(shop, json!({})).expect("a graph");
    assert!(found.meta.complete && own_warnings(&found.meta).is_empty(), "{:?}", found.meta);
    (found, shop.asked())
}

/// Each of these faults at each of these places, besides others.
#[track_caller]
fn at_each(faults: &[Fault], places: impl Fn(Vec<Place>) -> Vec<Place>, besides: &[(Place, Fault)]) {
    let shop = Shop::new();
    let (healthy, asked) = healthy(&shop);
    let places = places(asked);
    assert!(places.len() > 2, "{places:?}");
    let (mut tried, mut all) = (0, Vec::new());
    for place in places {
        for fault in faults {
            let faults = besides.iter().copied().chain([(place, *fault)]).collect();
            shop.is_to(Plan { faults, ..Plan::default() });
            tried += 1;
            match Discovered::by(&shop, json!({})) {
                Ok(found) => {
                    let wrong = wrong(&healthy, &found, place, *fault);
                    all.extend(wrong.into_iter().map(|wrong| format!("{place:?}, {fault:?}: {wrong}")));
                }
                Err(error) => all.push(format!("{place:?}, {fault:?}: {error:?}")),
            }
        }
    }
    println!("{tried} broken discoveries");
    assert!(all.is_empty(), "{} wrong in {tried}:\n{}", all.len(), all.join("\n"));
}

#[test]
fn the_world_has_every_type_and_every_relationship_and_pages_of_all() {
    let shop = Shop::new();
    let (healthy, asked) = healthy(&shop);
    for (name, (extent, _)) in healthy.extents() {
        assert_eq!(extent, "complete", "{name}");
        let is_there = match name.split(' ').collect::<Vec<_>>()[..] {
            [from, name, to] => {
                let is_it = |key: &Key<'_>| key[0] == name && key[1] == from && (to == "any" || key[3] == to);
                healthy.relationships().keys().any(is_it)
            }
            _ => healthy.entities(&name).len() == list(&name).len(),
        };
        assert!(is_there, "{name}");
    }
    for (kind, _) in LISTS.iter().filter(|(kind, _)| *kind != ENDPOINTS) {
        let pages = asked.iter().filter(|(of, _)| of == kind).count();
        assert!(pages > 1, "{kind} has {pages} pages");
    }
}

#[test]
fn a_kind_that_is_refused_takes_nothing_away_from_the_others() {
    at_each(&[Fault::Status(403), Fault::Status(401)], |asked| asked, &[]);
}

#[test]
fn a_kind_whose_server_fails_takes_nothing_away_from_the_others() {
    at_each(&[Fault::Status(500)], |asked| asked, &[]);
}

#[test]
fn a_kind_that_expires_again_and_again_takes_nothing_away_from_the_others() {
    at_each(&[Fault::Status(410)], |asked| asked, &[]);
}

#[test]
fn connections_that_break_take_nothing_away_from_the_other_kinds() {
    at_each(&[Fault::Reset, Fault::Cut], |asked| asked, &[]);
}

#[test]
fn where_slices_cannot_be_read_and_endpoints_neither_selectors_say_what_is_meant() {
    let places = |_| (0..3).map(|page| (ENDPOINTS, page)).collect();
    let faults = [Fault::Status(403), Fault::Status(500), Fault::Reset, Fault::Cut];
    at_each(&faults, places, &[((SLICES, 0), Fault::Status(403))]);
}

#[test]
fn each_way_to_know_where_a_service_routes_to_is_taken_where_the_one_before_is_closed() {
    let shop = Shop::new();
    let routes = |faults: Vec<(Place, Fault)>| {
        shop.is_to(Plan { faults, ..Plan::default() });
        let found = Discovered::by(&shop, json!({})).expect("a graph");
        let all = found.relationships();
        let routes = all.iter().filter(|(key, _)| key[0] == "routes_to" && key[1] == "Service");
        let known: Vec<Value> = routes.map(|(_, of)| json!([of["known_by"], of["certain"]])).collect();
        assert_eq!(known.len(), 8);
        known.into_iter().collect::<Vec<_>>()
    };
    let closed = |kind| ((kind, 0), Fault::Status(403));
    let all = |known: &str, certain: bool| vec![json!([known, certain]); 8];
    assert_eq!(routes(vec![]), all("endpoint_slice", true));
    assert_eq!(routes(vec![closed(SLICES)]), all("endpoints", true));
    assert_eq!(routes(vec![closed(SLICES), closed(ENDPOINTS)]), all("selector", false));
}

#[test]
fn a_token_that_expires_once_at_any_page_makes_no_difference() {
    let shop = Shop::new();
    let (healthy, asked) = healthy(&shop);
    for place in asked {
        shop.is_to(Plan { faults: vec![(place, Fault::ExpiredOnce)], ..Plan::default() });
        let found = Discovered::by(&shop, json!({})).expect("a graph");
        assert!(found.meta.complete && own_warnings(&found.meta).is_empty(), "{place:?}: {:?}", found.meta);
        assert!(found.text == healthy.text, "{place:?}: it is another graph");
        let times = shop.asked().iter().filter(|at| **at == (place.0, 0)).count();
        assert_eq!(times, 2, "{place:?}: its list is read again from the start");
    }
}

#[test]
fn what_was_deleted_before_the_second_reading_is_gone() {
    let shop = Shop::new();
    let (healthy, asked) = healthy(&shop);
    for (kind, page) in asked.into_iter().filter(|(_, page)| *page == 1) {
        let gone = id_of(&list(kind)[0]);
        let fault = ((kind, page), Fault::ExpiredOnce);
        shop.is_to(Plan { faults: vec![fault], deleted: Some((kind, 0)), ..Plan::default() });
        let found = Discovered::by(&shop, json!({})).expect("a graph");
        assert!(found.meta.complete, "{kind}: {:?}", found.meta);
        assert!(!found.entities(kind).contains_key(gone.as_str()), "{kind}: {gone} is there");
        for (of, _) in LISTS {
            let less = usize::from(of == kind && healthy.extents().contains_key(of));
            assert_eq!(found.entities(of).len() + less, healthy.entities(of).len(), "{kind}: {of}");
        }
        let mut routes = 0;
        for ([name, from, from_id, to, to_id], of) in found.relationships() {
            routes += usize::from((name, from) == ("routes_to", "Service"));
            let reader = read_of(from, name, to);
            let said_by = if reader == to { to_id } else { from_id };
            assert!((reader, said_by) != (kind, gone.as_str()), "{kind}: {from_id} {name} {to_id} is there");
            for (end, of_kind, id) in [("from", from, from_id), ("to", to, to_id)] {
                assert!(
                    (of_kind, id) != (kind, gone.as_str()) || of[end]["resolved"] == false,
                    "{from_id} {name} {to_id}"
                );
            }
        }
        assert_eq!(routes, if kind == SLICES { 6 } else { 8 }, "{kind}");
    }
}

#[test]
fn lists_in_any_order_and_pages_of_any_size_make_the_same_bytes() {
    let shop = Shop::new();
    let (healthy, _) = healthy(&shop);
    for seed in 1..=20_u64 {
        let page = usize::try_from(seed * 5 % 13 + 1).expect("small");
        shop.is_to(Plan { page, seed, ..Plan::default() });
        let found = Discovered::by(&shop, json!({})).expect("a graph");
        assert!(found.meta.complete, "seed {seed}: {:?}", found.meta);
        assert!(found.text == healthy.text, "seed {seed}, {page} a page: it is another graph");
        // The same where what is leant on are Endpoints and selectors.
        let faults = |seed| {
            let faults = vec![((SLICES, 0), Fault::Status(403)), ((ENDPOINTS, 0), Fault::Status(403))];
            shop.is_to(Plan { page, seed, faults, ..Plan::default() });
            Discovered::by(&shop, json!({})).expect("a graph").text
        };
        assert!(faults(0) == faults(seed), "seed {seed}, {page} a page, by selectors: it is another graph");
    }
}

#[test]
fn where_nothing_is_answered_the_call_fails_and_is_no_empty_graph() {
    let shop = Shop::new();
    for (status, code) in
        [(401, ErrorCode::AuthenticationFailed), (403, ErrorCode::PermissionDenied), (500, ErrorCode::ServerError)]
    {
        for arguments in [json!({}), json!({"namespace": "shop"}), json!({"kinds": ["Pod"]})] {
            shop.is_to(Plan { all: Some(status), ..Plan::default() });
            let error = Discovered::by(&shop, arguments.clone()).err().unwrap_or_else(|| panic!("{status}: a graph"));
            assert_eq!(error.code, code, "{arguments}: {error:?}");
        }
    }
}

#[test]
fn only_what_is_asked_for_is_read() {
    let shop = Shop::new();
    for (kind, path) in LISTS.iter().filter(|(kind, _)| ![SLICES, ENDPOINTS].contains(kind)) {
        for space in [None, Some("shop")] {
            shop.is_to(Plan::default());
            let found = Discovered::by(&shop, json!({"kinds": [kind], "namespace": space})).expect("a graph");
            assert!(found.meta.complete && own_warnings(&found.meta).is_empty(), "{kind}: {:?}", found.meta);
            let is_of_space = |kind: &str| list(kind)[0]["metadata"]["namespace"].is_string();
            let at = |kind: &str, path: &str| match (space, kind) {
                (Some(space), "Namespace") => format!("{path}/{space}"),
                (Some(space), kind) if is_of_space(kind) => {
                    let (base, plural) = path.rsplit_once('/').expect("a path");
                    format!("{base}/namespaces/{space}/{plural}")
                }
                _ => (*path).to_owned(),
            };
            let mut wanted = vec![at(kind, path)];
            if *kind == "Service" {
                wanted.push(at(SLICES, LISTS.iter().find(|(kind, _)| *kind == SLICES).expect("slices").1));
            }
            wanted.sort();
            assert_eq!(shop.paths(), wanted, "{kind} in {space:?}");
            let types: BTreeSet<&str> = found.graph["coverage"]["entities"]
                .as_array()
                .expect("a list")
                .iter()
                .filter_map(|of| of["type"].as_str())
                .collect();
            assert_eq!(types, BTreeSet::from([*kind]));
        }
    }
}

#[test]
fn of_one_namespace_its_own_is_read_and_what_is_of_the_cluster() {
    let shop = Shop::new();
    shop.is_to(Plan::default());
    let found = Discovered::by(&shop, json!({"namespace": "shop"})).expect("a graph");
    assert!(found.meta.complete && own_warnings(&found.meta).is_empty(), "{:?}", found.meta);
    for (kind, _) in LISTS.iter().filter(|(kind, _)| ![SLICES, ENDPOINTS].contains(kind)) {
        let items = list(kind);
        let is_here = |item: &&Value| match item["metadata"]["namespace"].as_str() {
            Some(space) => space == "shop",
            None => *kind != "Namespace" || item["metadata"]["name"] == "shop",
        };
        let wanted: BTreeSet<String> = items.iter().filter(is_here).map(id_of).collect();
        let ids: BTreeSet<String> = found.entities(kind).into_keys().map(str::to_owned).collect();
        assert_eq!(ids, wanted, "{kind}");
    }
    let cluster = ["nodes", "storageclasses", "persistentvolumes", "namespaces/shop"];
    let is_of_it = |path: &String| path.contains("/namespaces/shop/") || cluster.iter().any(|end| path.ends_with(end));
    assert!(shop.paths().iter().all(is_of_it), "{:?}", shop.paths());
}

#[test]
fn a_namespace_that_is_not_there_is_said_not_to_be() {
    let shop = Shop::new();
    for arguments in [json!({"namespace": "nowhere"}), json!({"namespace": "nowhere", "kinds": ["Pod"]})] {
        shop.is_to(Plan::default());
        let found = Discovered::by(&shop, arguments.clone()).expect("a graph");
        assert_eq!(own_warnings(&found.meta), ["there is no namespace nowhere"], "{arguments}");
        assert!(found.entities("Pod").is_empty());
    }
    // One that has nothing is there.
    shop.is_to(Plan::default());
    let found = Discovered::by(&shop, json!({"namespace": "spare", "kinds": ["Pod"]})).expect("a graph");
    assert!(own_warnings(&found.meta).is_empty(), "{:?}", found.meta);
}

/// What came of a list with something wrong in it is an error, or says that it is not all, or is still what it was.
fn broken(healthy: &Discovered, found: Result<Discovered, CallError>, is_still_whole: bool) -> Option<String> {
    let found = match found {
        Ok(found) => found,
        Err(error) => return NEVER.contains(&error.code).then(|| format!("{error:?}")),
    };
    let entities = |of: &Discovered| of.graph["entities"].as_array().map_or(0, Vec::len);
    let is_as_it_was = if is_still_whole { found.text == healthy.text } else { entities(&found) >= entities(healthy) };
    let is_said = found.extents().values().any(|(extent, _)| *extent != "complete");
    if is_said == found.meta.complete {
        return Some(format!("meta does not follow the extents: {:?}", found.meta));
    }
    (!is_as_it_was && !is_said).then(|| format!("it is said to be complete, and is not: {:?}", found.meta))
}

#[test]
fn objects_with_another_type_in_a_field_or_without_it_never_make_a_graph_smaller_without_a_word() {
    let shop = Shop::new();
    let (mut tried, mut all) = (0, Vec::new());
    for (kind, _) in LISTS {
        let asked = if [SLICES, ENDPOINTS].contains(&kind) { "Service" } else { kind };
        // Endpoints are read only where slices cannot be.
        let faults = if kind == ENDPOINTS { vec![((SLICES, 0), Fault::Status(403))] } else { vec![] };
        let plan = Plan { page: 100, faults, ..Plan::default() };
        let discover = |items: Vec<Value>| {
            shop.is_to(plan.clone());
            shop.has(kind, items);
            Discovered::by(&shop, json!({"kinds": [asked]}))
        };
        let healthy = discover(list(kind)).expect("a graph");
        let document = json!({"items": list(kind)});
        let whole = of_other_types(&document).into_iter().map(|mutation| (mutation, kind != ENDPOINTS));
        let parts = absent(&document).into_iter().chain(bare(&document)).map(|mutation| (mutation, false));
        for (Mutation { at, body }, is_still_whole) in whole.chain(parts) {
            let mutated: Value = serde_json::from_slice(&body).expect("JSON");
            let Some(items) = mutated["items"].as_array().cloned() else { continue };
            let wrong = broken(&healthy, discover(items), is_still_whole);
            tried += 1;
            all.extend(wrong.map(|wrong| format!("{kind}: {at}: {wrong}")));
        }
    }
    println!("{tried} broken lists");
    assert!(all.is_empty(), "{} of {tried} are wrong:\n{}", all.len(), all.join("\n"));
}

#[test]
fn an_object_with_labels_as_large_as_any_is_there_or_is_missed() {
    let shop = Shop::new();
    // What is read of a row's text is cut nowhere: 100,000 labels of 63 letters are more than a row may be.
    let labels = |count: u32| -> Value {
        (0..count)
            .map(|number| (format!("label-{number}"), json!("x".repeat(63))))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    for (count, is_there) in [(1_000, true), (100_000, false)] {
        let mut items = list("Namespace");
        items[0]["metadata"]["labels"] = labels(count);
        let id = id_of(&items[0]);
        shop.is_to(Plan { page: 100, ..Plan::default() });
        shop.has("Namespace", items);
        let found = Discovered::by(&shop, json!({"kinds": ["Namespace"]})).expect("a graph");
        assert_eq!((found.entities("Namespace").contains_key(id.as_str()), found.meta.complete), (is_there, is_there));
        let told = own_warnings(&found.meta).join("");
        assert!(is_there || told.contains("too large") && told.contains(&id), "{told}");
    }
}
