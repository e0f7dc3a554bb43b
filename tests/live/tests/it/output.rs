//! Formats of the program's output, and that nothing in them acts on a terminal, whoever wrote it.

use crate::objects::{IMAGE, annotated_pod, containers, kubectl_columns, nowhere, pending_pod, still_deployment};
use crate::program::{Run, call, run};
use crate::servers::has_no_kubectl;
use crate::terminal::Terminal;
use meho_control_plane::{Cluster, Namespace};
use serde_json::{Value, json};

both![
    every_format_says_the_same,
    a_table_of_deployments_has_the_columns_that_operators_look_for,
    what_somebody_wrote_into_the_cluster_does_not_act,
    what_somebody_wrote_into_an_event_does_not_act_at_a_terminal,
    what_the_caller_gave_does_not_act_in_an_error_either,
];

const FORMATS: [&str; 4] = ["table", "json", "jsonl", "yaml"];
/// A sequence that clears a terminal, in both of its forms, a turn of the direction of writing, what has no width, a line and a column.
const ACTING: &str = "a\u{1b}[2J\u{9b}2J\u{202e}b\u{200b}\u{2066}\u{feff}\u{7}\u{8}\u{7f}\r\n\tc";

/// No character of [`ACTING`] acts. Lines and columns part what is said, in a document and in an error, and no text begins a line of the program's own.
#[track_caller]
fn check_nothing_acts(run: &Run) {
    assert!(!run.stderr.contains("\n\tc"), "it begins a line: {run:#?}");
    for text in [&run.stdout, &run.stderr] {
        let acts = |c: char| (c.is_control() && !"\n\t".contains(c)) || "\u{202e}\u{200b}\u{2066}\u{feff}".contains(c);
        assert!(!text.contains(acts), "{run:#?}");
    }
}

fn place(namespace: &Namespace) -> String {
    format!("namespace={namespace}")
}

fn every_format_says_the_same(cluster: &Cluster) {
    if has_no_kubectl(cluster) {
        return;
    }
    let namespace = cluster.namespace().expect("a namespace");
    ["one", "two"].iter().for_each(|name| drop(pending_pod(&namespace, name)));
    let place = place(&namespace);
    let admin = cluster.admin_kubeconfig();
    for arguments in [["list_pods", &place, "limit=9"], ["get_pod", &place, "name=one"]] {
        let said = |format: &str| {
            let run = call(&admin, &[&arguments[..], &["-o", format]].concat());
            assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:#?}");
            run.stdout
        };
        // Others write to the cluster meanwhile.
        let at_any_time = |mut document: Value| {
            document["meta"]["resource_version"] = Value::Null;
            document["meta"]["server_time"] = Value::Null;
            document
        };
        let document = at_any_time(serde_json::from_str(&said("json")).expect("JSON"));
        let members: Vec<&String> = document.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["data", "meta"]);
        assert_eq!(at_any_time(serde_saphyr::from_str(&said("yaml")).expect("YAML")), document);
        let lines: Vec<Value> =
            said("jsonl").lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect();
        assert_eq!(lines, document["data"].as_array().cloned().unwrap_or_else(|| vec![document["data"].clone()]));
        // On a pipe it is JSON unless another is named.
        assert_eq!(at_any_time(call(&admin, &arguments).json()), document);
    }
    // The table has kubectl's columns first, without the namespace that was asked for.
    let table = call(&admin, &["list_pods", &place, "-o", "table"]);
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut lines = table.stdout.lines().map(words);
    assert_eq!(lines.next().expect("a heading")[..4], ["NAME", "READY", "STATUS", "RESTARTS"]);
    let printed = kubectl_columns(
        cluster,
        &["get", "pods", "-A", "--field-selector", &format!("metadata.namespace={namespace}")],
    );
    assert_eq!(
        lines.map(|row| row[..4].to_vec()).collect::<Vec<_>>(),
        printed.iter().map(|row| row[1..5].to_vec()).collect::<Vec<_>>()
    );
}

fn a_table_of_deployments_has_the_columns_that_operators_look_for(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    still_deployment(&namespace, "web", 2);
    let run = call(&cluster.admin_kubeconfig(), &["list_deployments", &place(&namespace), "-o", "table"]);
    let rows: Vec<Vec<&str>> = run.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE", "IMAGES"]);
    assert_eq!(rows[1][..4], ["web", "0/2", "2", "0"]);
    assert_eq!(rows[1][5], IMAGE);
}

fn what_somebody_wrote_into_the_cluster_does_not_act(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    annotated_pod(&namespace, "annotated", json!({"note": ACTING}), nowhere(&["app"]));
    let status = json!({"phase": "Pending", "reason": ACTING, "message": ACTING});
    namespace.pod_by_hand("reasoned", json!({"containers": containers(&["app"])}), &status).expect("a pod");
    let place = place(&namespace);
    let admin = cluster.admin_kubeconfig();
    for format in FORMATS {
        for arguments in [
            &["list_pods", &place, "-o", format][..],
            &["get_pod", &place, "name=annotated", "-o", format],
            &["get_pod", &place, "name=reasoned", "-o", format],
        ] {
            let run = call(&admin, arguments);
            assert_eq!(run.code, Some(0), "{run:#?}");
            check_nothing_acts(&run);
            assert!(run.stdout.contains("[2J"), "it is shown, escaped: {run:#?}");
        }
    }
    // Escaped, and the same for a program that reads it.
    let (data, _) = call(&admin, &["get_pod", &place, "name=annotated"]).answer();
    assert_eq!(data["annotations"]["note"], ACTING);
    let yaml = call(&admin, &["get_pod", &place, "name=annotated", "-o", "yaml"]);
    let yaml: Value = serde_saphyr::from_str(&yaml.stdout).expect("YAML");
    assert_eq!(yaml["data"]["annotations"]["note"], ACTING);
    let (rows, _) = call(&admin, &["list_pods", &place]).answer();
    assert_eq!(rows[1]["status"], ACTING);
}

fn what_somebody_wrote_into_an_event_does_not_act_at_a_terminal(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    annotated_pod(&namespace, "web", json!({"note": ACTING}), nowhere(&["app"]));
    let event = json!({
        "metadata": {"name": "web.acting"}, "type": "Warning", "reason": "Acting", "message": ACTING,
        "involvedObject": {"kind": "Pod", "name": "web", "namespace": namespace.name()},
        "source": {"component": "somebody"}, "lastTimestamp": "2026-01-02T00:00:00Z",
    });
    cluster.admin().post(&format!("/api/v1/namespaces/{namespace}/events"), &event).expect("an event");
    let place = place(&namespace);
    for arguments in [&["list_events", place.as_str()][..], &["get_pod", &place, "name=web"]] {
        // It fails where an escape character comes through.
        let (status, shown) = Terminal::call(&cluster.admin_kubeconfig(), arguments).ends();
        assert!(status.success(), "{shown}");
        let acts =
            |c: char| (c.is_control() && !"\r\n\t".contains(c)) || "\u{202e}\u{200b}\u{2066}\u{feff}".contains(c);
        assert!(!shown.contains(acts) && !shown.contains("\n\tc"), "{shown:?}");
        assert!(shown.contains("[2J"), "it is shown, escaped: {shown}");
    }
}

fn what_the_caller_gave_does_not_act_in_an_error_either(cluster: &Cluster) {
    let admin = cluster.admin_kubeconfig();
    // For people, and for programs.
    for format in ["table", "yaml"] {
        let acting = |name: &str| format!("{name}={ACTING}");
        for arguments in [
            &[ACTING, "-o", format][..],
            &["list_pods", ACTING, "-o", format],
            &["list_pods", &acting("namespace"), "-o", format],
            &["list_pods", &acting("label_selector"), "-o", format],
            &["list_pods", &acting(ACTING), "-o", format],
            &["list_pods", "--context", ACTING, "-o", format],
        ] {
            let run = call(&admin, arguments);
            assert_eq!(run.code, Some(1), "{run:#?}");
            check_nothing_acts(&run);
        }
    }
}

#[test]
fn a_command_line_that_does_not_parse_does_not_act_in_what_is_said_of_it() {
    let option = format!("--no-such-option{ACTING}");
    for arguments in [&[ACTING][..], &["call", "list_pods", &option], &["call", "list_pods", "-o", ACTING]] {
        let run = run(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:#?}");
        let acts = |c: char| (c.is_control() && !"\n\t".contains(c)) || "\u{202e}\u{200b}\u{2066}\u{feff}".contains(c);
        assert!(run.stderr.contains("[2J") && !run.stderr.contains(acts), "{run:#?}");
    }
}

#[test]
fn the_catalogue_is_shown_in_every_format() {
    for (arguments, pointer) in [(&["ops"][..], ""), (&["inspect", component()], "/operations")] {
        let said = |format: &str| {
            let run = run(&[arguments, &["-o", format]].concat());
            assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:#?}");
            check_nothing_acts(&run);
            run.stdout
        };
        let document: Value = serde_json::from_str(&said("json")).expect("JSON");
        assert_eq!(serde_saphyr::from_str::<Value>(&said("yaml")).expect("YAML"), document);
        let operations = document.pointer(pointer).and_then(Value::as_array).expect("operations");
        let trust =
            |id: &str| operations.iter().find(|known| known["id"] == id).map(|known| known["trust_level"].clone());
        for id in ["list_pods", "get_pod", "get_pod_logs", "list_nodes", "get_namespace", "list_events"] {
            assert_eq!(trust(id), Some(json!("READ")));
            assert!(said("table").contains(id));
        }
        assert_eq!(trust("scale_deployment"), Some(json!("WRITE")));
    }
}

/// The built-in component as a file.
fn component() -> &'static str {
    static FILE: std::sync::OnceLock<(crate::kubeconfigs::Files, String)> = std::sync::OnceLock::new();
    &FILE
        .get_or_init(|| {
            let files = crate::kubeconfigs::Files::new();
            let path = files.write("kubernetes.wasm", meho_artifacts::KUBERNETES);
            let path = crate::kubeconfigs::text(&path).to_owned();
            (files, path)
        })
        .1
}
