//! Programs that a kubeconfig names: started on the operator's word, and never because of a path on a command line.

use crate::program::{Home, finish};
use crate::target;
use meho_test_fake::{Authority, Fake};
use serde_json::json;
use std::path::{Path, PathBuf};

/// A kubeconfig whose user is what a program prints. It leaves a mark.
fn kubeconfig(home: &Home, fake: &Fake) -> (PathBuf, PathBuf) {
    let ca = home.write("ca.pem", Authority::shared().pem());
    let mark = home.path("ran");
    let credential = json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "a-token-of-the-tests-own"}});
    let script = format!("touch '{}'; echo '{credential}'", mark.display());
    let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/sh", "args": ["-c", script], "interactiveMode": "Never"});
    let config = json!({
        "clusters": [{"name": "c", "cluster": {"server": fake.url(), "certificate-authority": ca}}],
        "users": [{"name": "u", "user": {"exec": exec}}],
        "contexts": [{"name": "k", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "k",
    });
    (home.write("plugin.kubeconfig", config.to_string()), mark)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}

#[test]
fn a_path_on_a_command_line_starts_no_program() {
    let (home, fake) = (Home::new(), Fake::silent());
    let (file, mark) = kubeconfig(&home, &fake);
    let error = home.run(&["call", "list_pods", "--kubeconfig", text(&file), "-o", "table"]).failed(1);
    assert!(error.contains("error: INVALID_REQUEST: ") && error.contains("an exec plugin"), "{error}");
    assert!(error.contains("hint: only what the operator has set up may start a program"), "{error}");
    // Neither does a configuration that is one.
    let named = home.write("named.toml", format!("[targets.a]\nkubeconfig = \"{}\"\n", text(&file)));
    let error = home.run(&["call", "list_pods", "--config", text(&named), "--target", "a", "-o", "table"]).failed(1);
    assert!(error.contains("an exec plugin"), "{error}");
    assert!(!mark.exists());
}

#[test]
fn what_the_operator_has_set_up_may() {
    let home = Home::new();
    let fake = target::pods();
    let (file, mark) = kubeconfig(&home, &fake);
    let added = home.run(&["target", "add", "a", "--kubeconfig", text(&file)]);
    assert!(!added.stderr.contains("warning"), "{added:#?}");
    assert!(!mark.exists(), "it is not run for being written down");
    home.run(&["call", "list_pods", "--target", "a"]).json();
    assert!(mark.exists());
    std::fs::remove_file(&mark).expect("the mark");
    let mut command = home.command(&["call", "list_pods"]);
    command.env("KUBECONFIG", &file);
    finish(command).json();
    assert!(mark.exists());
}
