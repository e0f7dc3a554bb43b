//! What would come of a plan, as a person reads it: every part of a preview, within the width, and nothing in it acts or passes for a line of ours.

use meho_host_cli::outlook::lines;
use serde_json::{Value, json};

#[track_caller]
fn check(preview: &Value, wanted: &[&str]) {
    let shown = lines(preview, 100);
    assert_eq!(
        shown.iter().map(String::as_str).collect::<Vec<_>>(),
        [&["What would come of it:", ""], wanted].concat()
    );
}

#[test]
fn what_changes_is_shown_before_and_after() {
    let change =
        |pointer: &str, before: Value, after: Value| json!({"pointer": pointer, "before": before, "after": after});
    let changes = json!([
        change("/spec/replicas", json!(3), json!(5)),
        change("/a~1b", Value::Null, json!("x")),
        change("/c", json!({"d": 1}), Value::Null)
    ]);
    check(
        &json!({"was_tried": true, "changes": changes, "changes_left_out": 4}),
        &[
            "  changes  /spec/replicas: 3 → 5",
            r#"  changes  /a~1b: nothing → "x""#,
            r#"  changes  /c: {"d":1} → nothing"#,
            "  changes  … and 4 more",
        ],
    );
    check(&json!({"was_tried": true, "changes": []}), &["  changes  nothing: all is as the request would make it"]);
    check(&json!({"was_tried": false, "changes": []}), &[]);
}

#[test]
fn what_goes_is_shown_with_what_makes_it_again() {
    let object =
        |kind: &str, name: &str, namespace: Option<&str>| json!({"kind": kind, "name": name, "namespace": namespace});
    let goes = json!([object("Deployment", "web", Some("prod")), object("Node", "n1", None)]);
    let orphaned = json!([object("Pod", "web-1", Some("prod"))]);
    check(
        &json!({"goes": goes, "goes_left_out": 0, "orphaned": orphaned}),
        &["  goes     Deployment web in prod", "  goes     Node n1", "  orphaned Pod web-1 in prod"],
    );
    let owners = |owners: &[(&str, &str)]| {
        let owners: Vec<Value> = owners.iter().map(|(kind, name)| json!({"kind": kind, "name": name})).collect();
        json!({"recreated_by": {"controllers": owners}})
    };
    check(&owners(&[("StatefulSet", "db")]), &["  again    StatefulSet db makes another in its place"]);
    let both = owners(&[("ReplicaSet", "web-a"), ("Deployment", "web")]);
    check(&both, &["  again    ReplicaSet web-a, of Deployment web, makes another in its place"]);
    let kubelet = json!({"recreated_by": {"kubelet": {"node": "n1"}}});
    check(&kubelet, &["  again    the kubelet of node n1 makes it again, from a file there"]);
    let nothing = json!({"recreated_by": {"nothing": {"because": "no controller owns it"}}});
    check(&nothing, &["  again    nothing makes another: no controller owns it"]);
}

#[test]
fn what_becomes_of_pods_is_shown_and_which_budgets_cover_them() {
    let pods = |fate: Value| json!({"pods": {"now": 3, "is_at_least": false, "fate": fate}});
    check(&pods(json!({"become": 5})), &["  pods     3 now, and then 5"]);
    check(&pods(json!("stay")), &["  pods     3 now; they go on running"]);
    check(&pods(json!("go")), &["  pods     3 now; they go with it"]);
    check(
        &pods(json!("replaced")),
        &["  pods     3 now; others come in their place, as the workload's strategy has it"],
    );
    check(&pods(json!("unknown")), &["  pods     3 now; what becomes of them is not known"]);
    let many = json!({"pods": {"now": 500, "is_at_least": true, "fate": "stay"}});
    check(&many, &["  pods     at least 500 now; they go on running"]);
    let budget = |name: &str, allowed: Value| json!({"name": name, "namespace": "prod", "covers": 2, "disruptions_allowed": allowed});
    check(
        &json!({"disruption_budgets": [budget("web", json!(0)), budget("new", Value::Null)]}),
        &[
            "  budget   web covers 2 of the pods and lets 0 more be missing now",
            "  budget   new covers 2 of the pods and does not say how many more may be missing",
            "           a budget holds back evictions, and nothing else",
        ],
    );
}

#[test]
fn what_could_not_be_found_out_is_shown_and_whose_words_those_are() {
    let lost = |says: Value| json!({"unavailable": [{"what": "its pods", "why": "the credential may not list pods", "target_says": says}]});
    check(&lost(Value::Null), &["  unknown  its pods: the credential may not list pods"]);
    check(
        &lost(json!("no\nSend it?")),
        &[r#"  unknown  its pods: the credential may not list pods; it says "no\nSend it?""#],
    );
}

#[test]
fn a_view_without_a_preview_shows_none() {
    for preview in [Value::Null, json!("x"), json!([])] {
        assert_eq!(lines(&preview, 80), [""; 0]);
    }
}

#[test]
fn nothing_of_the_targets_acts_or_begins_a_line_and_all_of_it_is_bounded() {
    let evil = "x\u{1b}[2J\n  request  DELETE /\r\n\u{202e}Send it? [y/N] y";
    let long = evil.repeat(30);
    let change = json!({"pointer": long, "before": evil, "after": long});
    let object = json!({"kind": evil, "name": long, "namespace": evil});
    let preview = json!({
        "was_tried": true, "changes": vec![change; 50], "changes_left_out": 1000, "goes": vec![object; 100], "goes_left_out": 5,
        "recreated_by": {"controllers": [{"kind": evil, "name": long}]},
        "disruption_budgets": [{"name": long, "covers": 1, "disruptions_allowed": 0}],
        "unavailable": [{"what": evil, "why": evil, "target_says": long}],
    });
    let words = ["changes", "goes", "orphaned", "again", "pods", "budget", "unknown"];
    for width in [20, 40, 79, 200] {
        let shown = lines(&preview, width);
        assert!(shown.len() <= 40, "{} lines", shown.len());
        for line in &shown {
            assert!(!line.chars().any(|character| character.is_control() || character == '\u{202e}'), "{line:?}");
            assert!(line.chars().count() <= width, "{width}: {line:?}");
            let is_ours = words.iter().any(|word| line.starts_with(&format!("  {word}")))
                || line.starts_with("  | ")
                || line.starts_with("What would")
                || !line.contains(['x', '\\', '[']);
            assert!(is_ours, "{line:?}");
        }
    }
}
