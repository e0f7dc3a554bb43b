//! Paths that lead to no file: devices, pipes, and files of the system's that never end. None is waited for, and none is read without a bound.

use crate::program::{Home, finish};
use crate::target::{self, with};
use meho_test_fake::Fake;
use serde_json::json;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Far more than a refusal takes on a loaded machine. What waits, waits for ever.
const SOON: Duration = Duration::from_secs(90);

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}

#[test]
fn what_is_no_file_or_never_ends_is_refused_at_once_wherever_it_is_named() {
    let (home, fake) = (Home::new(), Fake::silent());
    let options = target::options(&fake, &home);
    let fifo = home.path("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo runs").success());
    let url = fake.url();
    let refused = |arguments: &[&str]| {
        let mut bounded = Command::new("timeout");
        let program = env!("CARGO_BIN_EXE_meho-host");
        bounded.args([SOON.as_secs().to_string().as_str(), program]).args(arguments).args(["-o", "table"]);
        bounded.env_clear().env("HOME", home.root()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let started = Instant::now();
        let run = finish(bounded);
        assert!(started.elapsed() < SOON && run.code == Some(1), "{arguments:?}: {run:#?}");
        let words = [
            "it is no regular file",
            "bytes",
            "would block",
            "operation not permitted",
            "permission denied",
            "invalid input parameter",
        ];
        assert!(words.iter().any(|words| run.stderr.contains(words)), "{arguments:?}: {run:#?}");
    };
    for path in ["/dev/zero", text(&fifo)] {
        refused(&["call", "list_pods", "--kubeconfig", path]);
        refused(&["call", "list_pods", "--server", &url, "--token-file", path, "--ca-file", &options[5]]);
        refused(&["call", "list_pods", "--server", &url, "--token-file", &options[3], "--ca-file", path]);
        refused(&["target", "list", "--config", path]);
        refused(&with(&["call", "list_pods", "--connector", path], &options));
        // A kubeconfig's own, which the operator may name.
        for (user, ca) in [
            (json!({"tokenFile": path}), home.path("ca.pem")),
            (json!({"client-certificate": path, "client-key": path}), home.path("ca.pem")),
            (json!({"token": "t"}), Path::new(path).to_owned()),
        ] {
            let config = json!({
                "clusters": [{"name": "c", "cluster": {"server": url, "certificate-authority": ca}}],
                "users": [{"name": "u", "user": user}],
                "contexts": [{"name": "k", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "k",
            });
            home.write(".kube/config", config.to_string());
            refused(&["call", "list_pods"]);
        }
        std::fs::remove_dir_all(home.path(".kube")).expect("it is there");
    }
    assert!(fake.seen().is_empty());
}
