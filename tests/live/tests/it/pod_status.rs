//! The status, readiness and restarts of a pod: the contract's cases, each written to the server, where its own table shows them too.

use crate::embedded::Caller;
use crate::pods::shown_by_rows;
use meho_control_plane::{Client, Cluster, Method, Namespace, Patch};
use serde_json::{Value, json};

both![
    every_pod_status_of_the_contract_is_the_servers_own,
    every_pod_status_of_the_contract_is_the_servers_own_while_its_pod_goes,
];

const VECTORS: &str = include_str!("../../../contract/data/pod-status-vectors.json");
/// How kubectl asks for what it prints.
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";
/// Keeps a pod that is being deleted.
const FINALIZER: &str = "meho.dev/stay";

/// A pod with a finalizer, which is taken away when this is dropped: its namespace could not go otherwise.
struct Held<'n> {
    admin: &'n Client,
    path: String,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let _ = self.admin.patch(&self.path, Patch::Merge, &json!({"metadata": {"finalizers": null}}));
    }
}

/// Writes a case's pod, as far as a server takes it: it chooses uid and times itself.
fn write<'n>(namespace: &'n Namespace, name: &str, pod: &Value) -> Option<Held<'n>> {
    namespace.pod_by_hand(name, pod["spec"].clone(), &pod["status"]).unwrap_or_else(|error| panic!("{name}: {error}"));
    pod["metadata"].get("deletionTimestamp").map(|_| delete(namespace, name))
}

/// Deletes a pod so that it is there still.
fn delete<'n>(namespace: &'n Namespace, name: &str) -> Held<'n> {
    let admin = namespace.cluster().admin();
    let held = Held { admin, path: namespace.path(&format!("pods/{name}")) };
    admin.patch(&held.path, Patch::Merge, &json!({"metadata": {"finalizers": [FINALIZER]}})).expect("a finalizer");
    admin.delete(&held.path).expect("its deletion begins");
    held
}

/// Name, ready, status and restarts of each pod in the server's own table.
fn shown_by_the_server(namespace: &Namespace) -> Vec<[String; 5]> {
    let admin = namespace.cluster().admin();
    let answer = admin.request(Method::GET, &namespace.path("pods"), &[("accept", TABLE)], None).expect("an answer");
    let table = answer.json().expect("a table");
    let columns = table["columnDefinitions"].as_array().expect("columns");
    let row = |row: &Value| {
        ["Namespace", "Name", "Ready", "Status", "Restarts"].map(|column| match column {
            "Namespace" => row["object"]["metadata"]["namespace"].as_str().expect("a namespace").to_owned(),
            _ => {
                let at = columns.iter().position(|known| known["name"] == column).expect("the column");
                row["cells"][at].as_str().expect("text").to_owned()
            }
        })
    };
    table["rows"].as_array().expect("rows").iter().map(row).collect()
}

fn every_pod_status_of_the_contract_is_the_servers_own(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).expect("the contract's cases");
    assert!(vectors.len() >= 20, "{}", vectors.len());
    let names: Vec<String> = (0..vectors.len()).map(|number| format!("case-{number:02}")).collect();
    let held: Vec<_> =
        names.iter().zip(&vectors).filter_map(|(name, case)| write(&namespace, name, &case["pod"])).collect();
    assert!(!held.is_empty(), "some of them are being deleted");

    let rows = Caller::admin(cluster).data("list_pods", json!({"namespace": namespace.name()}));
    let rows = shown_by_rows(&rows);
    let table = shown_by_the_server(&namespace);
    for (index, case) in vectors.iter().enumerate() {
        let expect = |member: &str| {
            case["expect"][member].as_str().map_or_else(|| case["expect"][member].to_string(), str::to_owned)
        };
        let expected =
            [namespace.name().to_owned(), names[index].clone(), expect("ready"), expect("status"), expect("restarts")];
        assert_eq!(rows[index], expected, "rows of {}", case["case"]);
        assert_eq!(table[index], expected, "the server's table of {}", case["case"]);
    }
    assert_eq!(rows.len(), vectors.len());
}

/// Whatever a pod's status is, its deletion may have begun: one that has ended shows how it ended, and any other that it is going.
fn every_pod_status_of_the_contract_is_the_servers_own_while_its_pod_goes(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).expect("the contract's cases");
    let held: Vec<Held<'_>> = vectors
        .iter()
        .enumerate()
        .map(|(number, case)| {
            let name = format!("case-{number:02}");
            write(&namespace, &name, &case["pod"]).unwrap_or_else(|| delete(&namespace, &name))
        })
        .collect();
    let rows = Caller::admin(cluster).data("list_pods", json!({"namespace": namespace.name()}));
    let (rows, table) = (shown_by_rows(&rows), shown_by_the_server(&namespace));
    for ((row, shown), case) in rows.iter().zip(&table).zip(&vectors) {
        assert_eq!(row, shown, "{}", case["case"]);
    }
    assert_eq!((rows.len(), table.len()), (held.len(), held.len()));
    assert!(rows.iter().any(|row| row[3] != "Terminating"), "some have ended");
}
