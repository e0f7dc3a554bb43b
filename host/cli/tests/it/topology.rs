//! `topology`: its page in the documents is what it prints on the demo cluster, and what it says where something is wrong.
//!
//! `MEHO_WRITE_DOCS=1 cargo test -p meho-host-cli --test it topology` writes the page anew.

use crate::demo::served;
use crate::guide::between;
use crate::program::Home;
use crate::screen::Screen;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/topology.md");
/// How wide the terminal is. A page shows as much.
const COLUMNS: u16 = 150;
/// A pod with a claim, behind a Service, on a node with a provider id.
const POD: &str = "pod/production/orders-db-0";

/// Everything on the demo cluster, as a program reads it.
fn everything(home: &Home) -> Value {
    home.run(&["topology", "-o", "json", "--kubeconfig", "demo.kubeconfig"]).json()
}

#[test]
fn the_page_about_topology_shows_the_chain_from_a_pod_to_the_machine_under_it() {
    let home = Home::new();
    let _served = served(&home);
    let kubeconfig = home.path("demo.kubeconfig");
    home.run(&["target", "add", "prod", "--default", "--kubeconfig", kubeconfig.to_str().expect("UTF-8")]).done();
    let arguments = ["topology", "--from", POD];
    let screen = Screen::start(COLUMNS, env!("CARGO_BIN_EXE_meho-host"), &arguments, home.root(), &[]);
    let (status, seen) = screen.ends();
    assert!(status.success(), "{seen}");
    for said in ["StatefulSet production/orders-db", "runs_on Node worker-02", "VM", "bound_to PersistentVolume"] {
        assert!(seen.contains(said), "{said:?} is not in {seen}");
    }
    let transcript = format!("```console\n$ meho-host {}\n{seen}```\n", arguments.join(" "));
    let page = std::fs::read_to_string(FILE).expect("the page");
    let wanted = between(&page, "tree", &transcript);
    if std::env::var_os("MEHO_WRITE_DOCS").is_some() {
        std::fs::write(FILE, wanted).expect("the page can be written");
        return;
    }
    let differs = page.lines().zip(wanted.lines()).find(|(stands, wanted)| stands != wanted);
    assert!(page == wanted, "docs/topology.md is stale, first at {differs:?}; MEHO_WRITE_DOCS=1 writes it anew");
}

#[test]
fn a_narrow_terminal_gets_no_line_that_is_longer_than_it() {
    let home = Home::new();
    let _served = served(&home);
    let arguments = ["topology", "namespace=production", "--kubeconfig", "demo.kubeconfig"];
    let screen = Screen::start(60, env!("CARGO_BIN_EXE_meho-host"), &arguments, home.root(), &[]);
    let (status, seen) = screen.ends();
    assert!(status.success(), "{seen}");
    let longest = seen.lines().map(|line| line.chars().count()).max();
    assert!(seen.contains('…') && longest.is_some_and(|longest| longest <= 60), "{longest:?}: {seen}");
}

#[test]
fn each_format_has_the_same_graph() {
    let home = Home::new();
    let _served = served(&home);
    let whole = everything(&home);
    let entities = whole["data"]["entities"].as_array().expect("entities");
    assert_eq!(whole["meta"]["complete"], true);
    assert_eq!(whole["meta"]["returned"], entities.len());
    let types: BTreeSet<&str> = entities.iter().filter_map(|entity| entity["type"].as_str()).collect();
    assert_eq!(types.len(), 15, "{types:?}");
    // The same cluster gives the same bytes: what its controllers do meanwhile is in events.
    let without_events = ["topology", "kinds=Node,Deployment,Service,ConfigMap", "-o", "json"];
    let twice = [0; 2].map(|_| home.run(&[&without_events[..], &["--kubeconfig", "demo.kubeconfig"]].concat()).json());
    assert_eq!(twice[0]["data"].to_string(), twice[1]["data"].to_string());
    let lines = home.run(&["topology", "-o", "jsonl", "--kubeconfig", "demo.kubeconfig"]).done();
    let found: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let ids = |all: &mut dyn Iterator<Item = &Value>| -> BTreeSet<String> {
        all.filter(|entity| entity["type"] != "Event")
            .map(|entity| format!("{} {}", entity["type"], entity["id"]))
            .collect()
    };
    let streamed = ids(&mut found.iter().map(|line| &line["entity"]).filter(|entity| entity.is_object()));
    assert_eq!(streamed, ids(&mut entities.iter()));
    assert!(found.iter().any(|line| line["reading"] == "EndpointSlice"));
    let page = home.run(&["topology", "--draw", "html", "--kubeconfig", "demo.kubeconfig"]).done();
    assert!(page.starts_with("<!doctype html>") || page.starts_with("<!DOCTYPE html>"), "{}", &page[..40]);
    let dot = home.run(&["topology", "--draw", "dot", "--kubeconfig", "demo.kubeconfig"]).done();
    assert!(dot.starts_with("digraph"), "{}", &dot[..40]);
}

#[test]
fn what_is_near_one_thing_is_cut_out_of_the_graph_and_a_name_that_fits_nothing_is_told_with_those_that_are_like_it() {
    let home = Home::new();
    let _served = served(&home);
    let near = |more: &[&str]| {
        let arguments = ["topology", "--from", POD, "-o", "json", "--kubeconfig", "demo.kubeconfig"];
        home.run(&[&arguments[..], more].concat()).json()["data"]["entities"].clone()
    };
    let ids = |entities: &Value| -> BTreeSet<String> {
        let all = entities.as_array().expect("entities").iter();
        all.map(|entity| {
            format!("{}/{}", entity["type"].as_str().expect("a type"), entity["id"].as_str().expect("an id"))
        })
        .collect()
    };
    assert_eq!(ids(&near(&["--depth", "0"])), BTreeSet::from(["Pod/production/orders-db-0".to_owned()]));
    let one = ids(&near(&["--depth", "1"]));
    assert!(one.contains("Node/worker-02") && one.contains("StatefulSet/production/orders-db"), "{one:?}");
    assert!(!one.contains("PersistentVolume/pvc-ff5c3606-7de6-49cd-8d37-fc21e58e8363"), "{one:?}");
    let two = ids(&near(&["--depth", "2"]));
    assert!(two.is_superset(&one) && two.iter().any(|id| id.starts_with("PersistentVolume/")), "{two:?}");
    // A path does not turn round: other pods are on the same node, and in the same namespace.
    assert!(!two.contains("Pod/production/orders-db-1"), "{two:?}");
    let error = |from: &str| {
        let run = home.run(&["topology", "--from", from, "-o", "json", "--kubeconfig", "demo.kubeconfig"]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        serde_json::from_str::<Value>(&run.stdout).expect("JSON")["error"].clone()
    };
    let unknown = error("pod/production/orders");
    assert_eq!(unknown["code"], "INVALID_REQUEST", "{unknown}");
    assert!(unknown["details"]["candidates"].as_array().is_some_and(|all| all.len() > 1), "{unknown}");
    assert_eq!(error("pod/production/nobody")["code"], "NOT_FOUND");
    assert_eq!(error("orders-db-0")["code"], "INVALID_REQUEST");
    let kinds = home.run(&["topology", "kinds=Pod,Gadget", "-o", "json", "--kubeconfig", "demo.kubeconfig"]);
    let kinds: Value = serde_json::from_str(&kinds.stdout).expect("JSON");
    assert_eq!(
        (&kinds["error"]["code"], &kinds["error"]["details"]["argument"]),
        (&json!("INVALID_REQUEST"), &json!("kinds"))
    );
}

#[test]
fn a_policy_of_some_namespaces_is_told_with_the_kinds_that_can_be_asked_for_under_it() {
    let home = Home::new();
    let _served = served(&home);
    let policy = "[default]\noperations = [\"topology.discover\"]\nnamespaces = [\"production\"]\n";
    home.write(".config/meho/policy.toml", policy);
    let ask = |more: &[&str]| {
        let arguments = ["topology", "namespace=production", "-o", "json", "--kubeconfig", "demo.kubeconfig"];
        home.run(&[&arguments[..], more].concat())
    };
    let refused = ask(&[]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    let refused: Value = serde_json::from_str(&refused.stdout).expect("JSON");
    assert_eq!(refused["error"]["code"], "PERMISSION_DENIED");
    let hint = refused["error"]["hint"].as_str().expect("a hint");
    let kinds = hint.split_whitespace().find(|word| word.starts_with("kinds=")).expect("kinds");
    let graph = ask(&[kinds]).json();
    assert_eq!(graph["meta"]["complete"], true, "{:#}", graph["meta"]);
    let entities = graph["data"]["entities"].as_array().expect("entities");
    let ids = entities.iter().filter_map(|entity| entity["id"].as_str());
    assert!(ids.clone().count() > 100 && ids.clone().all(|id| id.starts_with("production/")), "{ids:?}");
    // And where it is not allowed at all, by its name.
    home.write(".config/meho/policy.toml", "[default]\noperations = [\"list_pods\"]\n");
    let refused: Value = serde_json::from_str(&ask(&[]).stdout).expect("JSON");
    assert_eq!(refused["error"]["details"]["rule"], "policy-operation");
}

#[test]
fn discovery_is_shown_like_an_operation_and_is_called_by_its_own_name() {
    let home = Home::new();
    let shown = home.run(&["ops", "topology.discover", "-o", "json"]).json();
    assert_eq!(shown["entities"].as_array().map(Vec::len), Some(15));
    assert_eq!(shown["relationships"].as_array().map(Vec::len), Some(27));
    let sheet = home.run(&["ops", "topology.discover", "-o", "table"]).done();
    assert!(sheet.contains("meho-host topology namespace=production"), "{sheet}");
    let called = home.run(&["call", "topology.discover", "-o", "table"]).failed(1);
    assert!(called.contains("`meho-host topology` runs it"), "{called}");
    let rules = home.run(&["rbac", "--operations", "topology.discover"]).done();
    for resource in ["endpointslices", "storageclasses", "persistentvolumes", "ingresses"] {
        assert!(rules.contains(&format!("\"{resource}\"")), "{resource}: {rules}");
    }
    assert!(!rules.contains("\"watch\"") && !rules.contains("\"patch\""), "{rules}");
}

#[test]
fn all_is_read_for_what_is_near_one_thing_and_types_go_by_what_people_call_them() {
    let home = Home::new();
    let _served = served(&home);
    let ask = |arguments: &[&str]| home.run(&[&["topology"], arguments, &["--kubeconfig", "demo.kubeconfig"]].concat());
    // A node that is not ready: what happened to it stands in another namespace than the pod.
    let whole = ask(&["-o", "json"]).json();
    let nodes = whole["data"]["entities"].as_array().expect("entities").iter();
    let ill = nodes
        .clone()
        .find(|entity| entity["type"] == "Node" && entity["properties"]["status"] != "Ready")
        .expect("one");
    let is_on_it = |entity: &&Value| {
        entity["type"] == "Pod"
            && entity["properties"]["node_name"] == ill["id"]
            && entity["id"].as_str().is_some_and(|id| id.starts_with("production/"))
    };
    let pod = nodes.clone().find(is_on_it).expect("a pod")["id"].as_str().expect("an id").to_owned();
    let near = ask(&["--from", &format!("po/{pod}"), "-o", "json"]).json();
    let events = near["data"]["entities"].as_array().expect("entities").iter();
    assert!(
        events
            .clone()
            .any(|entity| entity["type"] == "Event"
                && entity["id"].as_str().is_some_and(|id| id.starts_with("default/"))),
        "{pod}"
    );
    // States as kubectl says them.
    let crashing =
        nodes.clone().find(|entity| entity["properties"]["status"] == "CrashLoopBackOff").expect("one crashes");
    assert_eq!(crashing["properties"]["phase"], "Running");
    let tree = ask(&["namespace=production", "-o", "table"]);
    assert!(tree.stdout.contains(" CrashLoopBackOff ") && tree.stdout.contains(" ready=no "), "{}", tree.stdout);
    assert!(tree.stderr.contains("only production was read"), "{}", tree.stderr);
    // By the words of kubectl's, in any case.
    let few = ask(&["kinds=po,DEPLOY,pvc,services", "-o", "json"]).json();
    let types: BTreeSet<&str> = few["data"]["coverage"]["entities"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|of| of["type"].as_str())
        .collect();
    assert_eq!(types, BTreeSet::from(["Deployment", "PersistentVolumeClaim", "Pod", "Service"]));
    // Lines end with what is to be known about them.
    let lines = ask(&["kinds=Node", "-o", "jsonl"]);
    let last: Value = serde_json::from_str(lines.stderr.lines().last().expect("a line")).expect("JSON");
    assert_eq!((&last["meta"]["complete"], &last["coverage"]["entities"][0]["type"]), (&json!(true), &json!("Node")));
}

#[test]
fn what_may_not_be_read_is_not_said_to_be_nothing() {
    let home = Home::new();
    let _served = served(&home);
    let viewer = ["--kubeconfig", "demo.kubeconfig", "--context", "demo-viewer"];
    let ask = |arguments: &[&str]| home.run(&[&["topology"], arguments, &viewer[..]].concat());
    let node = ask(&["--from", "node/worker-1", "-o", "json"]);
    assert_eq!(node.code, Some(1), "{node:#?}");
    let error: Value = serde_json::from_str(&node.stdout).expect("JSON");
    assert_eq!(error["error"]["code"], "PERMISSION_DENIED", "{error}");
    assert!(
        error["error"]["message"]
            .as_str()
            .is_some_and(|text| text.contains("not all of Node could be read") && text.contains("nodes")),
        "{error}"
    );
    let tree = ask(&["namespace=production", "-o", "table"]);
    assert!(tree.stdout.contains("Not everything was read."), "{}", tree.stdout);
    // Each reason once: at the end of the tree, and nowhere else.
    assert!(!tree.stderr.contains("cannot list"), "{}", tree.stderr);
    assert!(tree.stderr.contains("this answer is not complete"), "{}", tree.stderr);
    let told = tree.stdout.lines().filter(|line| line.contains("resource \"nodes\"")).count();
    assert_eq!(told, 1, "{}", tree.stdout);
    assert_eq!(
        tree.stdout
            .lines()
            .filter(|line| line.contains("Node worker-1 (not read)") && line.starts_with("  Node"))
            .count(),
        0
    );
}
