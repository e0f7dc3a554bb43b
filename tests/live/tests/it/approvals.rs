//! A write at a terminal: what is shown before it, which answers are a yes, and that every other answer leaves the object as it was.

use crate::kubeconfigs::{Files, one_context, right_cluster};
use crate::objects::{Deployed, deployed, still, still_deployment};
use crate::terminal::{END, HangUp, INTERRUPT, Terminal, closed_at};
use meho_control_plane::{Cluster, Namespace, Rule, User};
use serde_json::json;
use std::ffi::OsStr;

both![
    at_a_narrow_terminal_the_question_stands_below_a_request_that_is_whole,
    whoever_interrupts_has_not_said_yes,
    a_terminal_that_is_closed_has_not_said_yes,
    a_yes_at_the_terminal_sends_exactly_what_was_shown,
    every_other_answer_leaves_the_object_as_it_was,
    what_is_destructive_is_confirmed_by_the_objects_name,
    a_targets_name_does_not_act_on_the_terminal,
];

/// Somebody who may scale.
pub(crate) fn scaler(namespace: &Namespace) -> User {
    let rules = [
        Rule::new("apps", "deployments/scale", &["get", "patch"]),
        Rule::new("autoscaling", "horizontalpodautoscalers", &["list"]),
    ];
    namespace.user("scaler", &rules).expect("a user")
}

/// Asks to scale, and waits for the question.
fn asked(user: &User, namespace: &Namespace, replicas: u32) -> (Terminal, String) {
    let (place, replicas) = (format!("namespace={namespace}"), format!("replicas={replicas}"));
    let mut terminal =
        Terminal::call(user.kubeconfig(), &["scale_deployment", "name=web", place.as_str(), replicas.as_str()]);
    let shown = terminal.shows("Send it? [y/N] ");
    (terminal, shown)
}

/// The words of what is shown, whatever stands them apart.
fn words(shown: &str) -> String {
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn a_yes_at_the_terminal_sends_exactly_what_was_shown(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let before = Deployed::of(&still_deployment(&namespace, "web", 2));
    let user = scaler(&namespace);
    for (typed, replicas) in [("y\n", 3), ("YES\n", 4)] {
        let (mut terminal, shown) = asked(&user, &namespace, replicas);
        let path = namespace.path_in("apps/v1", "deployments/web/scale");
        let shown = words(&shown);
        for line in [
            "This changes the target test. It would send, and nothing else:".to_owned(),
            format!("PATCH {path} Content-Type: application/merge-patch+json"),
            format!("\"uid\": \"{}\"", before.uid),
            format!("\"replicas\": {replicas}"),
            "trust WRITE".to_owned(),
            "digest sha256:".to_owned(),
        ] {
            assert!(shown.contains(&line), "{line:?} is not in {shown}");
        }
        assert_ne!(deployed(&namespace, "web").replicas, replicas, "nothing is sent before the yes");
        terminal.types(typed);
        let (status, rest) = terminal.ends();
        assert!(status.success(), "{status:?}: {rest}");
        assert!(rest.contains(&format!("replicas: {replicas}\n")), "{rest}");
        let after = deployed(&namespace, "web");
        assert_eq!((after.uid.as_str(), after.replicas), (before.uid.as_str(), replicas));
        // Its controller changes it too, and what changed after it was shown is not written over.
        still(&namespace, "web");
    }
}

fn every_other_answer_leaves_the_object_as_it_was(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let before = Deployed::of(&still_deployment(&namespace, "web", 2));
    let user = scaler(&namespace);
    // A `y` that was not sent off is no answer; neither is a word that begins like one.
    for typed in ["n\n", "\n", "yess\n", END, "y\u{4}\u{4}"] {
        let (mut terminal, _) = asked(&user, &namespace, 3);
        terminal.types(typed);
        let (status, rest) = terminal.ends();
        assert_eq!((status.exit_code(), status.signal()), (3, None), "{typed:?}: {rest}");
        assert!(
            rest.contains("error: APPROVAL_REQUIRED: the plan was answered with no: nothing was changed"),
            "{rest}"
        );
        assert_eq!(deployed(&namespace, "web"), before, "{typed:?}");
    }
}

fn whoever_interrupts_has_not_said_yes(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let before = Deployed::of(&still_deployment(&namespace, "web", 2));
    let user = scaler(&namespace);
    // In the middle of a yes, too.
    for typed in [INTERRUPT, "y\u{3}"] {
        let (mut terminal, _) = asked(&user, &namespace, 3);
        terminal.types(typed);
        let (status, rest) = terminal.ends();
        assert!(!status.success(), "{status:?}: {rest}");
        assert_eq!(deployed(&namespace, "web"), before, "{typed:?}");
    }
    // Between the two questions.
    let (mut terminal, _) = asked(&user, &namespace, 0);
    terminal.types("y\n");
    terminal.shows("Type web to send it: ");
    terminal.types("web\u{3}");
    let (status, rest) = terminal.ends();
    assert!(!status.success(), "{status:?}: {rest}");
    assert_eq!(deployed(&namespace, "web"), before);
}

fn a_terminal_that_is_closed_has_not_said_yes(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let before = Deployed::of(&still_deployment(&namespace, "web", 2));
    let user = scaler(&namespace);
    let place = format!("namespace={namespace}");
    let arguments = ["scale_deployment", "name=web", &place, "replicas=3"];
    let status = closed_at("Send it? [y/N] ", HangUp::Ends, user.kubeconfig(), &arguments);
    assert_eq!(status.signal(), Some("Hangup"), "{status:?}");
    assert_eq!(deployed(&namespace, "web"), before);
    // It lives on, and there is nobody any more to ask.
    let status = closed_at("Send it? [y/N] ", HangUp::IsIgnored, user.kubeconfig(), &arguments);
    assert_eq!((status.exit_code(), status.signal()), (3, None), "{status:?}");
    assert_eq!(deployed(&namespace, "web"), before);
}

fn at_a_narrow_terminal_the_question_stands_below_a_request_that_is_whole(cluster: &Cluster) {
    const NARROW: u16 = 40;
    let namespace = cluster.namespace().expect("a namespace");
    let before = Deployed::of(&still_deployment(&namespace, "web", 2));
    let user = scaler(&namespace);
    let place = format!("namespace={namespace}");
    let options = [OsStr::new("--kubeconfig"), user.kubeconfig().as_os_str()];
    for (typed, code) in [("n\n", 3), ("y\n", 0)] {
        assert_eq!(deployed(&namespace, "web"), before);
        let mut terminal = Terminal::call_at(NARROW, &["scale_deployment", "name=web", &place, "replicas=3"], &options);
        let shown = terminal.shows("Send it? [y/N] ");
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines.iter().all(|line| line.chars().count() <= usize::from(NARROW)), "{shown}");
        // Whatever is broken goes on behind a mark.
        let whole = shown.replace("\n  | ", "");
        let path = namespace.path_in("apps/v1", "deployments/web/scale");
        for part in [format!("  PATCH {path}\n"), format!("  request  PATCH {path}\n"), "  trust    WRITE\n".to_owned()]
        {
            assert!(whole.contains(&part), "{part:?} is not in {shown}");
        }
        assert!(shown.ends_with("\n\nSend it? [y/N] ") || shown.ends_with("\nSend it? [y/N] "), "{shown}");
        terminal.types(typed);
        let (status, rest) = terminal.ends();
        assert_eq!(status.exit_code(), code, "{rest}");
        assert!(rest.lines().all(|line| line.chars().count() <= usize::from(NARROW)), "{rest}");
    }
    assert_eq!(deployed(&namespace, "web").replicas, 3);
}

fn what_is_destructive_is_confirmed_by_the_objects_name(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let before = Deployed::of(&still_deployment(&namespace, "web", 2));
    let user = scaler(&namespace);
    let (mut terminal, shown) = asked(&user, &namespace, 0);
    assert!(words(&shown).contains("trust DESTRUCTIVE"), "{shown}");
    terminal.types("n\n");
    let (status, rest) = terminal.ends();
    assert_eq!(status.exit_code(), 3, "{rest}");
    assert!(!rest.contains("Type web"), "{rest}");
    assert_eq!(deployed(&namespace, "web"), before);
    for typed in ["y\n", "scale\n", "WEB\n", "web\u{4}\u{4}"] {
        let (mut terminal, _) = asked(&user, &namespace, 0);
        terminal.types("y\n");
        terminal.shows("This is DESTRUCTIVE. Type web to send it: ");
        terminal.types(typed);
        let (status, rest) = terminal.ends();
        assert_eq!(status.exit_code(), 3, "{typed:?}: {rest}");
        assert_eq!(deployed(&namespace, "web"), before, "{typed:?}");
    }
    let (mut terminal, _) = asked(&user, &namespace, 0);
    terminal.types("y\n");
    terminal.shows("Type web to send it: ");
    terminal.types("web\n");
    let (status, rest) = terminal.ends();
    assert!(status.success(), "{status:?}: {rest}");
    assert_eq!(deployed(&namespace, "web").replicas, 0);
}

fn a_targets_name_does_not_act_on_the_terminal(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let before = Deployed::of(&still_deployment(&namespace, "web", 2));
    let user = scaler(&namespace);
    let files = Files::new();
    let name = "prod\u{1b}[2K\u{202e}\r\nSend it? [y/N] y";
    let config = one_context(name, &right_cluster(cluster), &json!({"token": user.token()}));
    let kubeconfig = files.write("kubeconfig", config.to_string());
    let place = format!("namespace={namespace}");
    let mut terminal = Terminal::call(&kubeconfig, &["scale_deployment", "name=web", &place, "replicas=3"]);
    let shown = terminal.shows(" sha256:");
    let escaped = r"This changes the target prod\u{1b}[2K\u{202e}\u{d}\u{a}Send it? [y/N] y. It would send";
    assert!(shown.contains(escaped), "{shown:?}");
    terminal.shows("\nSend it? [y/N] ");
    terminal.types("n\n");
    assert_eq!(terminal.ends().0.exit_code(), 3);
    assert_eq!(deployed(&namespace, "web"), before);
}
