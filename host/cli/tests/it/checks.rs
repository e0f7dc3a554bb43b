//! What a check of a target looks like to people.

use meho_host_cli::check::sheet;
use meho_host_cli::paint::Paint;
use meho_host_cli::view::View;
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
