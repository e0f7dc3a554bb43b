//! Help: that everything has some, with an example, and what `ops` says of operations.

use crate::program::Home;
use crate::screen::Screen;
use meho_host_cli::paint::Paint;
use meho_host_cli::table::{Own, Rows};
use meho_host_cli::view::View;
use serde_json::json;
use std::collections::BTreeSet;
use unicode_width::UnicodeWidthStr as _;

/// The subcommands that a help text lists.
fn subcommands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    listed.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn every_subcommand_has_help_with_an_example() {
    let home = Home::new();
    let mut waiting = vec![Vec::new()];
    let mut seen = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        let arguments: Vec<String> = path.iter().cloned().chain(["--help".to_owned()]).collect();
        let help = home.run(&arguments).done();
        assert!(help.contains("\nExamples:\n  meho-host "), "{path:?}: {help}");
        for name in subcommands(&help) {
            waiting.push(path.iter().cloned().chain([name]).collect());
        }
        seen.insert(path.join(" "));
    }
    for known in [
        "",
        "call",
        "ops",
        "inspect",
        "rbac",
        "completions",
        "target",
        "target add",
        "target list",
        "target remove",
        "target default",
        "plans",
        "plan",
        "approve",
        "reject",
        "execute",
        "approver init",
        "audit",
        "audit verify",
        "audit head",
    ] {
        assert!(seen.contains(known), "{known:?} is not in {seen:?}");
    }
    // It is there for shells, and not for people.
    assert!(!seen.contains("target names"));
}

#[test]
fn the_examples_of_help_are_command_lines_that_parse() {
    let home = Home::new();
    for subcommand in ["call", "ops", "rbac", "target", "target add", "inspect", "completions"] {
        let help = home.run(&subcommand.split(' ').chain(["--help"]).collect::<Vec<_>>()).done();
        let examples = help.lines().filter_map(|line| line.strip_prefix("  meho-host "));
        let mut count = 0;
        for example in examples {
            count += 1;
            let words: Vec<&str> =
                example.split_whitespace().take_while(|word| !matches!(*word, "|" | ">" | "#")).collect();
            // Explained on the same line, behind several blanks.
            let words: Vec<&str> = match example.split_once("   ") {
                Some((command, _)) => {
                    command.split_whitespace().take_while(|word| !matches!(*word, "|" | ">" | "#")).collect()
                }
                None => words,
            };
            let run = home.run(&words);
            assert_ne!(run.code, Some(2), "{words:?}: {run:#?}");
        }
        assert!(count > 1, "{subcommand}: {help}");
    }
}

#[test]
fn help_of_a_call_of_an_operation_says_where_its_parameters_are_explained() {
    let help = Home::new().run(&["call", "list_pods", "--help"]).done();
    assert!(help.ends_with("\nhint: `meho-host ops list_pods` shows what this operation takes\n"), "{help}");
    let help = Home::new().run(&["call", "--help"]).done();
    assert!(!help.contains("hint:") && help.contains("What an operation takes: meho-host ops OPERATION"), "{help}");
}

#[test]
fn operations_stand_under_their_category_with_what_they_must_be_given() {
    let home = Home::new();
    let shown = home.run(&["ops", "-o", "table"]).done();
    let lines: Vec<&str> = shown.lines().collect();
    let core = lines.iter().position(|line| *line == "core").expect("a category");
    let workloads = lines.iter().position(|line| *line == "workloads").expect("a category");
    let pods = lines.iter().position(|line| line.starts_with("  list_pods ")).expect("an operation");
    let scale = lines.iter().position(|line| line.starts_with("  scale_deployment ")).expect("an operation");
    assert!(core < pods && pods < workloads && workloads < scale, "{shown}");
    assert!(lines[pods].contains("READ") && lines[pods].contains("[namespace]"), "{shown}");
    assert!(lines[scale].contains("WRITE") && lines[scale].contains("name namespace replicas [dry_run]"), "{shown}");
    assert!(!lines[pods].contains("dry_run"), "{shown}");
}

#[test]
fn an_operation_is_shown_with_its_parameters_its_requests_and_a_command_line() {
    let home = Home::new();
    let shown = home.run(&["ops", "scale_deployment", "-o", "table"]).done();
    for part in [
        "scale_deployment  WRITE, workloads\n",
        "\n  DESTRUCTIVE where it ends what runs: replicas=0\n",
        "  replicas   yes       integer, 0 to 2147483647  -        ",
        "  dry_run    -         boolean                   false    Show the request that would be sent, and send nothing\n",
        "  PATCH /apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale\n",
        "\n  meho-host call scale_deployment namespace=production name=NAME replicas=3\n",
    ] {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
    let json = home.run(&["ops", "scale_deployment"]).json();
    assert_eq!(json["id"], "scale_deployment");
    let all = home.run(&["ops"]).json();
    assert!(all.as_array().expect("operations").contains(&json));
    let error = home.run(&["ops", "scale_deploymnt", "-o", "table"]).failed(1);
    assert!(error.contains("hint: did you mean scale_deployment? `ops` lists the operations\n"), "{error}");
}

#[test]
fn at_the_usual_width_operations_keep_what_they_are_for() {
    let home = Home::new();
    let (_, shown) = Screen::start(80, env!("CARGO_BIN_EXE_meho-host"), &["ops"], home.root(), &[]).ends();
    assert!(shown.contains("OPERATION        TRUST        SUMMARY\n"), "{shown}");
    assert!(shown.contains("Pods with status, readiness, restarts,\n"), "{shown}");
    assert!(shown.contains("\nnote: left out for want of room: PARAMETERS;"), "{shown}");
    // A write that cannot end anything is not said to.
    assert!(!home.run(&["ops", "cordon_node", "-o", "table"]).done().contains("DESTRUCTIVE"));
}

#[test]
fn many_allowed_values_do_not_push_the_meaning_off() {
    let many: Vec<String> = (0..14).map(|number| format!("Kind{number}")).collect();
    let parameters = [
        json!({"name": "kind", "required": true, "type": "string", "allowed": many, "default": null, "description": "Kind of the object"}),
        json!({"name": "side", "required": false, "type": "string", "allowed": ["left", "right"], "default": "left", "description": "Which"}),
    ];
    let mut table = Rows::own(Own::Parameters);
    parameters.iter().for_each(|parameter| table.push(parameter));
    let view = View { width: Some(80), paint: Paint::Plain, now: "2026-01-05T07:04:05Z".parse().expect("a time") };
    let shown = table.take(&view);
    assert!(shown.starts_with("NAME  REQUIRED  TYPE           DEFAULT  MEANING\nkind  yes       one of 14      -        Kind of the object: Kind0, Kind1, Kind2,\n"), "{shown}");
    assert!(shown.contains("\nside  -         left or right  left     Which\n") && shown.contains("Kind13"), "{shown}");
}

#[test]
fn what_a_component_imports_is_said_with_what_is_behind_it() {
    let home = Home::new();
    let component = home.write("intruder.wasm", meho_artifacts::INTRUDER);
    let shown = home.run(&["inspect", component.to_str().expect("text"), "-o", "table"]).done();
    assert!(shown.contains("\n  it says of itself: "), "{shown}");
    let http = shown.lines().find(|line| line.contains("wasi:http/outgoing-handler@")).expect("an import");
    assert!(http.ends_with("  only requests that the host has judged"), "{shown}");
}

#[test]
fn help_and_operations_fit_a_narrow_terminal() {
    let home = Home::new();
    for arguments in [&["ops"][..], &["ops", "get_pod_logs"]] {
        let (status, shown) = Screen::start(60, env!("CARGO_BIN_EXE_meho-host"), arguments, home.root(), &[]).ends();
        assert!(status.success(), "{shown}");
        let widest = shown.lines().max_by_key(|line| line.width()).expect("lines");
        assert!(widest.width() <= 60, "{arguments:?}: {widest}");
    }
}
