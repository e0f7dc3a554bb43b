//! What stands beside an answer for people: whose log it is, which plan nobody was there for, and who called.

use crate::program::{Home, finish};
use crate::target::{self, with};
use meho_test_fake::{Answer, Fake};
use serde_json::{Value, json};

/// A cluster with one pod, which is found by its own name and by the list of all, and its log.
fn logs() -> Fake {
    let pod = target::pod("web", "api-gateway-7f9c", None);
    let list = json!({"kind": "PodList", "metadata": {"resourceVersion": "7"}, "items": [pod.clone()]});
    let missing = json!({"kind": "Status", "reason": "NotFound", "code": 404, "message": "pods \"api\" not found"});
    Fake::answering(move |seen| {
        let line = seen.line();
        Some(match () {
            () if line.contains("/log?") => Answer::new(200).header("content-type", "text/plain").text("started\n"),
            () if line.contains("/pods?") => Answer::json(list.to_string()),
            () if line.contains("/pods/api-gateway-7f9c") => Answer::json(pod.to_string()),
            () => Answer::json(missing.to_string()).status(404),
        })
    })
}

#[test]
fn a_log_says_beside_it_whose_it_is() {
    let (home, fake) = (Home::new(), logs());
    let options = target::options(&fake, &home);
    let call = ["call", "get_pod_logs", "namespace=web", "name=api", "-o", "table"];
    let run = home.run(&with(&call, &options));
    assert_eq!(
        run.stderr,
        "note: this is the log of pod api-gateway-7f9c in web, container app\n\
         warning: the connector says: api is no Pod's name: read api-gateway-7f9c\n"
    );
    assert_eq!(run.done(), "started\n");
    let document = home.run(&with(&["call", "get_pod_logs", "namespace=web", "name=api"], &options)).json();
    assert_eq!(document["meta"]["warnings"], json!(["api is no Pod's name: read api-gateway-7f9c"]));
}

/// A node that may be cordoned.
fn node() -> Fake {
    let node = json!({"kind": "Node", "apiVersion": "v1", "metadata": {"name": "worker-1", "uid": "u", "resourceVersion": "7"}, "spec": {}});
    Fake::answering(move |_| Some(Answer::json(node.to_string())))
}

#[test]
fn a_plan_that_nobody_was_there_for_is_shown_all_the_same() {
    let (home, fake) = (Home::new(), node());
    let options = target::options(&fake, &home);
    let error = home.run(&with(&["call", "cordon_node", "name=worker-1", "-o", "table"], &options)).failed(3);
    for part in
        ["It would send, and nothing else:\n", "\n  PATCH /api/v1/nodes/worker-1\n", "\nerror: APPROVAL_REQUIRED: "]
    {
        assert!(error.contains(part), "{part:?}: {error}");
    }
    // For programs it stands in the error.
    let run = home.run(&with(&["call", "cordon_node", "name=worker-1"], &options));
    let document: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(document["error"]["details"]["plan"]["request"]["path"], "/api/v1/nodes/worker-1");
    assert_eq!(run.failed(3), "");
}

#[test]
fn who_calls_is_the_systems_word_and_not_the_environments() {
    let (home, fake) = (Home::new(), node());
    let options = target::options(&fake, &home);
    let me = std::process::Command::new("id").arg("-un").output().expect("id runs");
    let me = String::from_utf8(me.stdout).expect("a name");
    let mut command = home.command(&with(&["call", "cordon_node", "name=worker-1", "dry_run=true"], &options));
    command.envs([("USER", "mallory"), ("LOGNAME", "mallory")]);
    let plan = finish(command).json();
    assert_eq!(plan["data"]["plan"]["principal"], format!("user:{}", me.trim()), "{plan:#}");
}

#[test]
fn a_file_that_is_not_there_is_told_when_a_target_is_added_and_in_words() {
    let home = Home::new();
    let add = ["target", "add", "lab", "--server", "https://192.0.2.7:6443", "--token-file", "no-such-token"];
    let run = home.run(&add);
    assert!(
        run.stderr.contains("warning: there is no token file ") && run.stderr.contains("/no-such-token yet"),
        "{run:#?}"
    );
    let error = home.run(&["inspect", "no-such.wasm", "-o", "table"]).failed(1);
    assert!(error.contains("the component no-such.wasm cannot be read: No such file or directory\n"), "{error}");
}
