//! Targets of the configuration file on the real server: added, checked, and called by their name.

use crate::kubeconfigs::{Files, text};
use crate::objects::{cluster, pending_pod};
use crate::program::{self, Run};
use meho_control_plane::Rule;
use serde_json::{Value, json};

/// The program with this configuration.
fn run(files: &Files, arguments: &[&str]) -> Run {
    let mut command = program::command(arguments);
    command.env("MEHO_CONFIG", files.path("config.toml"));
    program::finish(command)
}

/// What was found out about one operation.
fn found<'c>(checked: &'c Value, id: &str) -> &'c Value {
    let operations = checked["operations"].as_array().expect("operations");
    let found = operations.iter().find(|operation| operation["operation"] == id);
    found.expect("an operation of the built-in component")
}

#[test]
fn a_target_is_added_checked_and_called_by_its_name() {
    let Some(cluster) = cluster() else { return };
    let namespace = cluster.namespace().expect("a namespace");
    pending_pod(&namespace, "web");
    let user = namespace.user("reader", &[Rule::new("", "pods", &["get", "list"])]).expect("a user");
    let files = Files::new();
    let added = run(
        &files,
        &["target", "add", "prod", "--kubeconfig", text(user.kubeconfig()), "--namespace", namespace.name()],
    );
    assert_eq!(added.code, Some(0), "{added:#?}");
    let written = std::fs::read_to_string(files.path("config.toml")).expect("a configuration");
    assert!(!written.contains(user.token()), "{written}");

    let checked = run(&files, &["target", "check", "prod"]).json();
    assert_eq!(
        (&checked["target"], &checked["proof"], &checked["namespace"]),
        (&json!("prod"), &json!("ca"), &json!(namespace.name()))
    );
    let name = checked["identity"]["username"].as_str().expect("a user");
    assert!(name.starts_with(&format!("system:serviceaccount:{namespace}:")), "{checked}");
    // Whether the namespace is there it may not ask, and that alone.
    let right = json!({"namespace": namespace.name(), "api_group": "", "resource": "namespaces", "verb": "get"});
    let list = found(&checked, "list_pods");
    assert_eq!(
        (&list["verdict"], &list["missing"], &list["missing_optional"]),
        (&json!("partly"), &json!([]), &json!([right]))
    );
    assert_eq!(found(&checked, "scale_deployment")["verdict"], "denied");
    let shown = run(&files, &["target", "check", "prod", "-o", "table"]);
    assert!(shown.stdout.contains("verified by the CA that was given"), "{shown:#?}");

    // Without its namespace the list would be refused.
    let (rows, _) = run(&files, &["call", "list_pods", "--target", "prod"]).answer();
    assert_eq!(rows[0]["name"], "web");
    run(&files, &["call", "list_pods", "namespace=", "--target", "prod"]).error(1, "PERMISSION_DENIED");
    run(&files, &["call", "list_pods", "--target", "prd"]).error(1, "INVALID_REQUEST");
}
