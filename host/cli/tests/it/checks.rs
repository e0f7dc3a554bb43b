//! `target check`: what it asks, and what it looks like to people.

use crate::program::Home;
use crate::target::{self, with};
use meho_host_cli::check::sheet;
use meho_host_cli::paint::Paint;
use meho_host_cli::view::View;
use meho_test_fake::{Answer, Fake, Seen};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

fn view(width: Option<usize>) -> View {
    View { width, paint: Paint::Plain, now: "2026-01-05T07:04:05Z".parse().expect("a time") }
}

fn check() -> Value {
    let patch = json!({"namespace": "web", "api_group": "apps", "resource": "deployments/scale", "verb": "patch"});
    let list =
        json!({"namespace": null, "api_group": "autoscaling", "resource": "horizontalpodautoscalers", "verb": "list"});
    json!({
        "target": "prod",
        "server": "https://10.0.0.1:6443",
        "proxy": null,
        "proof": "ca",
        "protocol": "HTTP/2",
        "authenticated": true,
        "identity": {
            "username": "system:serviceaccount:ops:reader", "uid": null, "groups": ["system:serviceaccounts", "system:authenticated"],
            "groups_left_out": 0, "is_anonymous": false,
        },
        "credential_expires": "2026-01-05T07:34:05+00:00",
        "server_version": "v1.34.1",
        "server_time": "2026-01-05T07:04:05+00:00",
        "namespace": "web",
        "operations": [
            {"operation": "list_pods", "verdict": "allowed", "missing": [], "missing_optional": [], "unknown": []},
            {"operation": "scale_deployment", "verdict": "denied", "missing": [patch], "missing_optional": [list], "unknown": []},
            {"operation": "get_pod", "verdict": "partly", "missing": [], "missing_optional": [list], "unknown": []},
        ],
        "unanswered": [],
        "warnings": [],
    })
}

#[test]
fn a_check_says_who_answers_who_asks_and_what_is_allowed() {
    let expected = "\
target     prod
server     https://10.0.0.1:6443
proof      verified by the CA that was given
version    v1.34.1
user       system:serviceaccount:ops:reader
groups     system:serviceaccounts, system:authenticated
expires    2026-01-05T07:34:05+00:00, in 30m
namespace  web

OPERATION         ALLOWED  MISSING RIGHTS
list_pods         yes      -
scale_deployment  no       patch deployments.apps/scale in web, list horizontalpodautoscalers.autoscaling (optional)
get_pod           partly   list horizontalpodautoscalers.autoscaling (optional)

3 operations: 1 denied, 1 only partly allowed
";
    assert_eq!(sheet(&check(), &view(None)), expected);
    let narrow = sheet(&check(), &view(Some(50)));
    assert!(narrow.lines().all(|line| line.width() <= 50), "{narrow}");
    assert!(
        narrow.split_whitespace().collect::<Vec<_>>().join(" ").contains("patch deployments.apps/scale in web"),
        "{narrow}"
    );
}

#[test]
fn what_is_not_proven_and_who_is_nobody_cannot_be_overlooked() {
    let mut check = check();
    check["proof"] = "unverified".into();
    check["identity"] =
        json!({"username": "system:anonymous", "groups": [], "groups_left_out": 0, "is_anonymous": true});
    check["credential_expires"] = "2026-01-05T07:00:00+00:00".into();
    let shown = sheet(&check, &View { paint: Paint::Coloured, ..view(None) });
    for part in [
        "proof      \u{1b}[31mUNVERIFIED: whoever is between can read the credential",
        "user       \u{1b}[31msystem:anonymous, which is nobody",
        "groups     none\n",
        "\u{1b}[31m2026-01-05T07:00:00+00:00, which is over\u{1b}[0m",
        "\u{1b}[31mno\u{1b}[0m",
    ] {
        assert!(shown.contains(part), "{part:?} is not in {shown:?}");
    }
    check["identity"] = Value::Null;
    assert!(sheet(&check, &view(None)).contains("user       the target does not say\n"));
}

#[test]
fn a_target_cannot_write_lines_of_its_own() {
    let mut check = check();
    check["server_version"] = "v1\u{1b}[2J\nproof      verified".into();
    check["identity"]["username"] = "a\u{202e}\r\nuser       root".into();
    for width in [None, Some(30), Some(80)] {
        let shown = sheet(&check, &view(width));
        assert!(!shown.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{shown:?}");
        assert_eq!(shown.lines().filter(|line| line.starts_with("proof ")).count(), 1, "{shown}");
        assert_eq!(shown.lines().filter(|line| line.starts_with("user ")).count(), 1, "{shown}");
    }
}

/// A server that knows who asks, and denies what changes Deployments and what lists autoscalers.
fn answers(seen: &Seen) -> Option<Answer> {
    let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
    let attributes = &body["spec"]["resourceAttributes"];
    let is_denied = attributes["verb"] == "patch" || attributes["resource"] == "horizontalpodautoscalers";
    Some(match seen.target.split('?').next()? {
        "/version" => Answer::json(json!({"gitVersion": "v1.34.1"}).to_string()),
        "/apis/authentication.k8s.io/v1/selfsubjectreviews" => {
            Answer::json(json!({"status": {"userInfo": {"username": "ann", "groups": ["ops"]}}}).to_string())
                .status(201)
        }
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => {
            Answer::json(json!({"status": {"allowed": !is_denied}}).to_string()).status(201)
        }
        _ => return None,
    })
}

#[test]
fn a_target_is_asked_who_it_is_and_what_may_be_done_there() {
    let home = Home::new();
    let fake = Fake::answering(answers);
    target::options(&fake, &home);
    let url = fake.url();
    let added = ["target", "add", "lab", "--server", &url, "--token-file", "token", "--ca-file", "ca.pem", "--default"];
    home.run(&added).done();
    let table = home.run(&["target", "check", "-o", "table", "--namespace", "web"]).done();
    let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    for line in [
        &["target", "lab"][..],
        &["server", &url],
        &["proof", "verified", "by", "the", "CA", "that", "was", "given"],
        &["version", "v1.34.1"],
        &["user", "ann"],
        &["groups", "ops"],
        &["namespace", "web"],
        &["OPERATION", "ALLOWED", "MISSING", "RIGHTS"],
        &["list_pods", "yes", "-"],
    ] {
        assert!(lines.iter().any(|shown| shown == line), "{line:?} is not in {table}");
    }
    let scale = lines.iter().find(|line| line.first() == Some(&"scale_deployment")).expect("an operation").join(" ");
    assert!(scale.starts_with("scale_deployment no patch deployments.apps/scale in web, "), "{scale}");
    assert!(scale.contains("list horizontalpodautoscalers.autoscaling in web (optional)"), "{scale}");
    // For programs, and by name.
    for arguments in [&["target", "check", "lab"][..], &["target", "check", "--target", "lab"]] {
        let checked = home.run(arguments).json();
        let parts =
            ["target", "proof", "server_version", "authenticated", "namespace"].map(|name| checked[name].clone());
        assert_eq!(parts, [json!("lab"), json!("ca"), json!("v1.34.1"), json!(true), json!(null)]);
        assert_eq!(checked["identity"]["username"], "ann");
        let verdict = |id: &str| {
            let operations = checked["operations"].as_array().expect("operations").iter();
            operations
                .clone()
                .find(|operation| operation["operation"] == id)
                .map(|operation| operation["verdict"].clone())
        };
        assert_eq!(
            (verdict("list_pods"), verdict("scale_deployment")),
            (Some(json!("allowed")), Some(json!("denied")))
        );
    }
    let options = target::options(&fake, &home);
    let unverified: Vec<String> = options[..4].iter().cloned().chain(["--skip-tls-verification".to_owned()]).collect();
    let run = home.run(&with(&["target", "check", "-o", "table"], &unverified));
    assert!(run.stderr.contains("warning: ") && run.stdout.contains("UNVERIFIED"), "{run:#?}");
    home.run(&with(&["target", "check", "lab"], &options)).failed(2);
}

#[test]
fn a_check_that_fails_says_what_to_do() {
    let home = Home::new();
    let unauthorized = json!({"kind": "Status", "reason": "Unauthorized", "code": 401, "message": "Unauthorized"});
    let fake = Fake::answering(move |_| Some(Answer::json(unauthorized.to_string()).status(401)));
    let options = target::options(&fake, &home);
    let error = home.run(&with(&["target", "check", "-o", "table"], &options)).failed(1);
    assert!(error.starts_with("error: AUTHENTICATION_FAILED: ") && error.contains("\nhint: "), "{error}");
    let error = home.run(&["target", "check", "nowhere", "-o", "table"]).failed(1);
    assert!(error.contains("has no target nowhere"), "{error}");
}
