//! A fake Kubernetes that serves the same list of pods, whoever asks.

use crate::program::Home;
use meho_test_fake::{Answer, Authority, Fake, Gate};
use serde_json::{Value, json};

/// A pod as the API server has it.
pub(crate) fn pod(namespace: &str, name: &str, waiting: Option<&str>) -> Value {
    let state = match waiting {
        Some(reason) => json!({"waiting": {"reason": reason}}),
        None => json!({"running": {"startedAt": "2026-01-02T03:04:05Z"}}),
    };
    json!({
        "metadata": {"name": name, "namespace": namespace, "uid": "u", "creationTimestamp": "2026-01-02T03:04:05Z"},
        "spec": {"nodeName": "worker-1", "containers": [{"name": "app", "image": "registry.example.com/app:1"}]},
        "status": {
            "phase": "Running",
            "podIP": "10.244.1.17",
            "containerStatuses": [{"name": "app", "ready": waiting.is_none(), "restartCount": 7, "state": state}],
        },
    })
}

/// Two pods, one of which does not run.
pub(crate) fn pods() -> Fake {
    serving(
        &[pod("production", "api-gateway-7d9f8b6c5-x2x4z", Some("CrashLoopBackOff")), pod("production", "web-0", None)],
        None,
    )
}

/// These pods; once the gate is open, where there is one.
pub(crate) fn serving(pods: &[Value], gate: Option<&Gate>) -> Fake {
    let list = json!({"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}, "items": pods});
    let answer = Answer::json(list.to_string());
    let answer = gate.map_or(answer.clone(), |gate| answer.held(gate));
    Fake::answering(move |_| Some(answer.clone()))
}

/// Options that lead to a fake, which is believed by its CA.
pub(crate) fn options(fake: &Fake, home: &Home) -> Vec<String> {
    let token = home.write("token", "a-token-of-the-tests-own");
    let ca = home.write("ca.pem", Authority::shared().pem());
    let path = |path: std::path::PathBuf| path.to_str().expect("a path of text").to_owned();
    ["--server".to_owned(), fake.url(), "--token-file".to_owned(), path(token), "--ca-file".to_owned(), path(ca)].into()
}

/// A command line that goes there.
pub(crate) fn with<'a>(arguments: &[&'a str], options: &'a [String]) -> Vec<&'a str> {
    arguments.iter().copied().chain(options.iter().map(String::as_str)).collect()
}
