//! Pages: the host's own of 500, the caller's by `limit` and `continue`, tokens that are wrong or too old, and namespaces that do not exist.

use crate::embedded::{Caller, own_warnings};
use crate::objects::{kubectl, pending_pod, still_deployment};
use crate::program;
use crate::servers::has_no_kubectl;
use meho_control_plane::Cluster;
use serde_json::{Value, json};

both![
    more_pods_than_a_page_holds_are_all_there_in_the_servers_order,
    the_program_goes_on_where_it_stopped,
    a_namespace_that_does_not_exist_is_no_silent_empty_list,
    a_token_that_is_too_old_is_expired,
];

/// More than one page of the server's.
const MANY: u32 = 620;

fn names(rows: &Value) -> Vec<String> {
    let name = |row: &Value| row["name"].as_str().expect("a name").to_owned();
    rows.as_array().expect("rows").iter().map(name).collect()
}

fn more_pods_than_a_page_holds_are_all_there_in_the_servers_order(cluster: &Cluster) {
    if has_no_kubectl(cluster) {
        return;
    }
    let namespace = cluster.namespace().expect("a namespace");
    still_deployment(&namespace, "many", MANY);
    let place = format!("namespace={namespace}");
    let printed = kubectl(cluster, &["get", "pods", "-n", namespace.name(), "-o", "name"]);
    let expected: Vec<&str> = printed.lines().map(|line| line.trim_start_matches("pod/")).collect();
    assert_eq!(expected.len(), MANY as usize);

    let caller = Caller::admin(cluster);
    let (rows, meta) = caller.answer("list_pods", json!({"namespace": namespace.name()}));
    assert_eq!(names(&rows), expected);
    assert_eq!((meta.returned, meta.remaining, meta.token), (u64::from(MANY), Some(0), None));
    let sizes = |from: usize| {
        let requests = caller.requests().split_off(from);
        let size = |path: &str| path.split(['?', '&']).find_map(|pair| pair.strip_prefix("limit=")).map(str::to_owned);
        requests.iter().filter_map(|request| size(&request.path_and_query)).collect::<Vec<_>>()
    };
    assert_eq!(sizes(0), ["500", "500"]);

    // A limit beyond a page: the rest of it is asked for, and no more.
    let (rows, meta) = caller.answer("list_pods", json!({"namespace": namespace.name(), "limit": 510}));
    assert_eq!(names(&rows), expected[..510]);
    assert_eq!((meta.returned, meta.remaining), (510, Some(110)));
    assert_eq!(sizes(2), ["500", "10"]);
    let arguments = json!({"namespace": namespace.name(), "continue": meta.token});
    let (rows, meta) = caller.answer("list_pods", arguments);
    assert_eq!(names(&rows), expected[510..]);
    assert_eq!((meta.complete, meta.remaining, meta.token), (true, Some(0), None));

    // The program prints rows as they come.
    let run = program::call(&cluster.admin_kubeconfig(), &["list_pods", &place, "-o", "jsonl"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let rows: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).expect("a row")).collect();
    assert_eq!(names(&json!(rows)), expected);
}

fn the_program_goes_on_where_it_stopped(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    ["a", "b", "c"].iter().for_each(|name| drop(pending_pod(&namespace, name)));
    let place = format!("namespace={namespace}");
    let list = |more: &[&str]| program::call(&cluster.admin_kubeconfig(), &[&["list_pods", &place], more].concat());
    let (rows, meta) = list(&["limit=2"]).answer();
    assert_eq!(
        (names(&rows), &meta["remaining"], &meta["returned"]),
        (vec!["a".into(), "b".into()], &json!(1), &json!(2))
    );
    let token = format!("continue={}", meta["continue"].as_str().expect("a token"));
    let (rows, meta) = list(&["limit=2", &token]).answer();
    assert_eq!((names(&rows), &meta["remaining"], &meta["continue"]), (vec!["c".into()], &json!(0), &Value::Null));
    let shown = list(&["limit=2", "-o", "table"]);
    assert!(shown.stderr.starts_with("note: there are 1 more; go on with continue="), "{shown:#?}");

    for token in ["continue=nonsense", "continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ"] {
        list(&[token]).error(1, "INVALID_REQUEST");
    }
}

fn a_namespace_that_does_not_exist_is_no_silent_empty_list(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let caller = Caller::admin(cluster);
    for operation in ["list_pods", "list_deployments", "list_services", "list_endpoints", "list_pvcs", "list_events"] {
        assert_eq!(caller.data(operation, json!({"namespace": namespace.name()})), json!([]));
        let (rows, meta) = caller.answer(operation, json!({"namespace": "no-such-namespace"}));
        assert_eq!(rows, json!([]));
        assert_eq!(own_warnings(&meta), ["there is no namespace no-such-namespace"]);
    }
    let shown =
        program::call(&cluster.admin_kubeconfig(), &["list_pods", "namespace=no-such-namespace", "-o", "table"]);
    assert_eq!((shown.code, shown.stdout.as_str()), (Some(0), "nothing found\n"));
    let [warning] = shown.stderr.lines().collect::<Vec<_>>()[..] else { panic!("one line: {shown:#?}") };
    assert!(
        warning.starts_with("warning: ") && warning.ends_with("there is no namespace no-such-namespace"),
        "{warning}"
    );
}

fn a_token_that_is_too_old_is_expired(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    pending_pod(&namespace, "web");
    let token = cluster.forgotten_token().expect("a token");
    let place = format!("namespace={namespace}");
    for operation in ["list_pods", "list_deployments"] {
        let run = program::call(&cluster.admin_kubeconfig(), &[operation, &place, &format!("continue={token}")]);
        let error = run.error(1, "EXPIRED");
        assert_eq!(error["hint"], "the continue token is too old: list again from the start");
    }
}
