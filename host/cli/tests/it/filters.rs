//! `--where`: what conditions may be about, which rows they choose, and what is said where they choose none.

use crate::program::{Home, Run};
use crate::target::{self, with};
use meho_test_fake::{Answer, Fake};
use serde_json::{Value, json};

/// Runs `list_pods` on a fake.
fn list(fake: &Fake, home: &Home, arguments: &[&str]) -> Run {
    let options = target::options(fake, home);
    home.run(&with(&[&["call", "list_pods"], arguments].concat(), &options))
}

/// The names of the pods that a condition chooses of two.
#[track_caller]
fn chosen(conditions: &[&str]) -> Vec<String> {
    let (home, fake) = (Home::new(), target::pods());
    let arguments: Vec<&str> = conditions.iter().flat_map(|condition| ["--where", condition]).collect();
    let rows = list(&fake, &home, &arguments).json()["data"].clone();
    rows.as_array().expect("rows").iter().filter_map(|row| row["name"].as_str().map(str::to_owned)).collect()
}

const GATEWAY: &str = "api-gateway-7d9f8b6c5-x2x4z";
const WEB: &str = "web-0";

#[test]
fn a_member_may_be_named_as_the_table_names_it_and_an_equals_sign_be_doubled() {
    for (condition, names) in [
        ("status=Running", &[WEB][..]),
        ("status==Running", &[WEB]),
        ("STATUS=Running", &[WEB]),
        ("node=worker-1", &[GATEWAY, WEB]),
        ("READY=0/1", &[GATEWAY]),
        ("status!=Running", &[GATEWAY]),
        ("containers.image~registry", &[GATEWAY, WEB]),
        ("containers.name=sidecar", &[]),
        ("labels.app=", &[GATEWAY, WEB]),
        ("labels.app.kubernetes.io/name=web", &[]),
        ("pod_ip=", &[]),
    ] {
        assert_eq!(chosen(&[condition]), names, "{condition}");
    }
    assert_eq!(chosen(&["status~Run", "restarts=7"]), [WEB]);
}

#[test]
fn a_condition_that_no_row_can_meet_is_refused_with_what_can_be_asked() {
    let (home, fake) = (Home::new(), target::pods());
    for (condition, said) in [
        ("labels=app", "--where: labels has keys of its own: ask for one of them, as labels.KEY=VALUE"),
        (
            "containers~nginx",
            "--where: containers is no single value: ask for a member of it\n  members: containers.name,",
        ),
        ("status.phase=Running", "--where: status has no members, so not phase either"),
        ("staus=Running", "hint: did you mean status?"),
        (
            "AGE=3d",
            "--where: AGE is counted from created, and ages cannot be compared\nhint: created~2026-01-31 chooses a day",
        ),
        ("xyzzy=1", "rows of list_pods have no member xyzzy\n  members: name,"),
    ] {
        let error = list(&fake, &home, &["--where", condition, "-o", "table"]).failed(1);
        assert!(error.contains(said), "{condition}: {error}");
    }
}

/// A list of one pod, behind which there are more.
fn first_page() -> Fake {
    let metadata = json!({"resourceVersion": "7", "continue": "onwards", "remainingItemCount": 6});
    let items = [target::pod("production", "web-0", None)];
    let list = json!({"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items});
    Fake::answering(move |_| Some(Answer::json(list.to_string())))
}

#[test]
fn where_no_row_is_chosen_it_is_said_how_many_were_looked_at() {
    let home = Home::new();
    for format in ["table", "json", "yaml"] {
        let (two, one) = (target::pods(), first_page());
        let run = list(&two, &home, &["--where", "status=Pending", "-o", format]);
        assert_eq!(run.stderr, "note: none of 2 rows that were read match --where\n", "{format}");
        assert!(!run.done().contains("nothing found"), "{format}");
        let run = list(&one, &home, &["--where", "status=Pending", "limit=1", "-o", format]);
        let said = "note: none of 1 row that were read match --where; there are more rows: leave out limit, and all of them are looked at\n";
        assert!(run.stderr.ends_with(said), "{format}: {}", run.stderr);
        let run = list(&one, &home, &["--where", "status=Running", "limit=1", "-o", format]);
        assert!(run.stderr.contains("note: 1 of 1 row that were read match"), "{format}: {}", run.stderr);
    }
    let (two, none) = (target::pods(), target::serving(&[], None));
    let run = list(&two, &home, &["--where", "status=running", "-o", "table"]);
    assert!(
        run.stderr.contains("a row has \"Running\", which is not \"running\": letters and spaces count"),
        "{run:#?}"
    );
    let run = list(&two, &home, &["--where", "status=Running", "-o", "table"]);
    assert_eq!((run.stderr.as_str(), run.stdout.lines().count()), ("", 2), "{run:#?}");
    let run = list(&none, &home, &["--where", "status=Running", "-o", "table"]);
    assert_eq!(run.stderr, "note: there are no rows that --where could choose among\n");
    assert_eq!(list(&none, &home, &["-o", "table"]).stdout, "nothing found\n");
    let run = list(&two, &home, &["--where", "status=Pending", "-o", "jsonl"]);
    let trailer: Value = serde_json::from_str(&run.stderr).expect("a line of JSON");
    assert_eq!((&trailer["matched"], &trailer["meta"]["returned"]), (&json!(0), &json!(2)));
}

#[test]
fn what_is_missing_of_a_call_is_said_at_once_and_nothing_is_given_twice() {
    let (home, fake) = (Home::new(), Fake::silent());
    let options = target::options(&fake, &home);
    let error = |arguments: &[&str]| home.run(&with(&[arguments, &["-o", "table"]].concat(), &options)).failed(1);
    let missing = error(&["call", "scale_deployment", "name=web"]);
    assert!(missing.contains("INVALID_REQUEST: namespace, replicas: these arguments are required\n"), "{missing}");
    let missing = error(&["call", "get_pod", "name=web"]);
    assert!(missing.contains("INVALID_REQUEST: namespace: this argument is required\n"), "{missing}");
    let twice = error(&["call", "list_pods", "namespace=a", "namespace=b"]);
    assert!(twice.contains("INVALID_REQUEST: namespace: this argument is given twice\n"), "{twice}");
}
