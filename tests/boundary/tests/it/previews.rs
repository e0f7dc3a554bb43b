//! Previews of plans: whatever a guest writes and whatever its target answers, before a yes nothing leaves but reads and dry runs, and a plan without a
//! preview is a plan.

use crate::fixtures;
use crate::trial::{POD, Ran, SCALE, Trial};
use crate::world::{TOKEN, World};
use meho_host::approval::NoApprover;
use meho_host::error::ErrorCode;
use meho_host::policy::effect::Trust;
use meho_host::record::{CallEnding, CallRecord, Ending, Origin};
use meho_test_fake::{Answer, Fake, Gate, Seen, Settings, Then};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

const POD_NOW: &str = r#"{"kind":"Pod","metadata":{"uid":"u-1","name":"web"}}"#;

/// A target on which everything can be read and tried, and nothing written: that would be a complaint.
fn nothing_is_written(request: &Seen) -> Option<Answer> {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let scale = |replicas: u64| {
        Answer::json(json!({"kind": "Scale", "metadata": {"uid": "u-1"}, "spec": {"replicas": replicas}, "status": {"replicas": 1}}).to_string())
    };
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    match (request.method.as_str(), query) {
        ("GET", _) if path.ends_with("/scale") => Some(scale(1)),
        ("GET", _) if path == POD => Some(Answer::json(POD_NOW)),
        ("GET", _) => Some(Answer::json(r#"{"metadata":{},"items":[]}"#)),
        ("PATCH", "dryRun=All") => Some(scale(body["spec"]["replicas"].as_u64().unwrap_or_default())),
        ("DELETE", "dryRun=All") if request.body.is_empty() => Some(Answer::json(POD_NOW)),
        _ => None,
    }
}

/// A call that nobody says yes to.
fn planned(component: &'static [u8], with: Value, fake: &Fake) -> Ran {
    Trial::of(component).with(with).within(&World::previewing()).on(fake).approved_by(Arc::new(NoApprover)).run()
}

/// What the approver would be shown.
#[track_caller]
fn preview(ran: &Ran) -> &Value {
    let error = ran.error();
    assert_eq!(error.code, ErrorCode::ApprovalRequired, "{error:?}");
    &error.details["plan"]["preview"]
}

/// What could not be found out, and why.
#[track_caller]
fn lost(ran: &Ran) -> Vec<(String, String)> {
    let lost = preview(ran)["unavailable"].as_array().expect("a list");
    let text = |lost: &Value, name: &str| lost[name].as_str().expect("a text").to_owned();
    lost.iter().map(|lost| (text(lost, "what"), text(lost, "why"))).collect()
}

/// The run of the guest, and what the host asked afterwards.
#[track_caller]
fn records(ran: &Ran) -> (&CallRecord, &CallRecord) {
    let [run, preview] = &ran.records[..] else { panic!("a run and a preview: {:#?}", ran.records) };
    assert_eq!((run.ending, preview.ending), (CallEnding::Planned, CallEnding::Answered));
    assert_eq!((preview.id.operation.as_str(), preview.id.component, preview.guest_log.len()), ("preview", None, 0));
    assert!(preview.requests.iter().all(|request| request.origin == Origin::Host));
    assert!(run.requests.iter().all(|request| request.origin == Origin::Connector));
    (run, preview)
}

#[test]
fn whatever_a_guest_writes_nothing_is_written_before_a_yes() {
    let replicas = |body: &str| json!({"how": body, "also": "application/merge-patch+json", "replicas": 0});
    let writers: [(&str, &'static [u8], Value); 6] = [
        ("honest", fixtures::HONEST_WRITE, json!({})),
        ("delete", fixtures::HONEST_DELETE, json!({})),
        ("two", fixtures::TWO_WRITES, json!({"replicas": 2})),
        ("one of two", fixtures::ANOTHER_WRITE, json!({"replicas": 2})),
        ("to nothing", fixtures::ANOTHER_BODY, replicas(r#"{"spec":{"replicas":0}}"#)),
        ("not again", fixtures::DOES_NOT_WRITE_AGAIN, json!({"replicas": 2})),
    ];
    for (name, component, arguments) in writers {
        // Its complaints fail the test.
        let fake = Fake::answering(nothing_is_written);
        let ran = planned(component, arguments, &fake);
        assert_eq!(preview(&ran)["was_tried"], true, "{name}: {:#}", preview(&ran));
        let (run, preview) = records(&ran);
        assert!(run.requests.iter().all(|request| request.trust == Trust::Read), "{name}");
        let tried: Vec<_> = preview.requests.iter().filter(|request| request.trust > Trust::Read).collect();
        let [tried] = &tried[..] else { panic!("{name}: one dry run: {preview:#?}") };
        assert_eq!((tried.effect.as_str(), &tried.ending), ("host-asks-dry-run", &Ending::Answered(200)), "{name}");
        assert!(tried.path_and_query.ends_with("?dryRun=All"), "{name}: {}", tried.path_and_query);
        let lines = fake.lines();
        assert_eq!(lines.len(), run.requests.len() + preview.requests.len(), "{name}: {lines:#?}");
    }
}

#[test]
fn what_a_guest_is_not_admitted_or_denied_for_has_no_preview() {
    for component in
        [fixtures::DELETE_AS_A_WRITE, fixtures::WRITE_AS_A_READ, fixtures::WRITES_IN_A_READ, fixtures::EXEC_AS_A_READ]
    {
        let fake = Fake::answering(|_| None);
        let ran = Trial::of(component).within(&World::previewing()).on(&fake).run();
        assert_ne!(ran.error().code, ErrorCode::ApprovalRequired);
        assert_eq!(fake.lines(), [""; 0]);
    }
}

#[test]
fn the_preview_is_what_the_target_says() {
    let fake = Fake::answering(nothing_is_written);
    let ran = planned(fixtures::HONEST_WRITE, json!({}), &fake);
    let change = json!([{"pointer": "/spec/replicas", "before": 1, "after": 3, "is_cut": false}]);
    assert_eq!(preview(&ran)["changes"], change);
    assert_eq!(preview(&ran)["pods"], json!({"now": 1, "is_at_least": false, "fate": {"become": 3}}));
    let ran = planned(fixtures::HONEST_DELETE, json!({}), &fake);
    assert_eq!(preview(&ran)["goes"], json!([{"kind": "Pod", "namespace": "default", "name": "web"}]));
    assert_eq!(preview(&ran)["recreated_by"], json!({"nothing": {"because": "no controller owns it"}}));
}

#[test]
fn a_dry_run_asked_for_by_its_caller_has_the_preview_too() {
    let fake = Fake::answering(nothing_is_written);
    let world = World::previewing();
    let (data, _) =
        Trial::of(fixtures::HONEST_WRITE).with(json!({"dry_run": true})).within(&world).on(&fake).succeeds();
    assert_eq!(data["plan"]["preview"]["changes"][0]["after"], 3);
}

#[test]
fn a_plan_whose_preview_gets_no_answers_is_a_plan() {
    let answers: [fn() -> Answer; 6] = [
        || Answer::new(500),
        || Answer::json("no JSON"),
        || Answer::json("[]"),
        || Answer::redirect(302, "https://example.com/"),
        || Answer::nothing(Then::Close),
        || Answer::json(r#"{"kind":"Scale"}"#).cut_in_half(),
    ];
    for answer in answers {
        // The guest reads first, and once.
        let is_first = std::sync::atomic::AtomicBool::new(true);
        let reply = move |request: &Seen| {
            let was_first = is_first.swap(false, std::sync::atomic::Ordering::Relaxed);
            Some(if was_first { nothing_is_written(request)? } else { answer() })
        };
        let ran = planned(fixtures::HONEST_WRITE, json!({}), &Fake::answering_with(Settings::http1(), reply));
        let what: Vec<String> = lost(&ran).into_iter().map(|(what, _)| what).collect();
        assert!(
            ["the object as it is", "what it would change"].iter().all(|lost| what.iter().any(|is| is == lost)),
            "{what:?}"
        );
        assert_eq!((&preview(&ran)["was_tried"], &preview(&ran)["changes"]), (&json!(false), &json!([])));
        // A dry run of which bytes were written is not sent again, as no write is.
        let (_, preview) = records(&ran);
        assert_eq!(preview.requests.iter().filter(|request| request.trust > Trust::Read).count(), 1);
    }
}

#[test]
fn a_preview_has_a_time_of_its_own() {
    let gate = Gate::closed();
    let held = gate.clone();
    let reply = move |request: &Seen| {
        let answer = nothing_is_written(request)?;
        Some(if request.method == "GET" { answer } else { answer.held(&held) })
    };
    let fake = Fake::answering(reply);
    let began = Instant::now();
    let world = World::previewing();
    let trial = Trial::of(fixtures::HONEST_WRITE).within(&world).on(&fake).approved_by(Arc::new(NoApprover));
    let ran = trial.timeout(Duration::from_secs(3)).run();
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert_eq!(lost(&ran), [("what it would change".to_owned(), "there was no answer within 3 s".to_owned())]);
    let (_, preview) = records(&ran);
    let tried = preview.requests.iter().find(|request| request.trust > Trust::Read).expect("it left");
    assert!(matches!(tried.ending, Ending::Unknown(_)), "{tried:?}");
    gate.open();
}

#[test]
fn a_dry_run_that_cannot_be_recorded_is_not_sent() {
    let world = World::previewing_alone();
    world.records.refuse([Err("the disk is full".to_owned())]);
    let fake = Fake::answering(nothing_is_written);
    let trial = Trial::of(fixtures::HONEST_WRITE).within(&world).on(&fake).approved_by(Arc::new(NoApprover));
    let ran = trial.run();
    assert!(lost(&ran).iter().any(|(what, _)| what == "what it would change"), "{:?}", lost(&ran));
    assert!(fake.lines().iter().all(|line| line.starts_with("GET ")), "{:?}", fake.lines());
}

#[test]
fn a_dry_runs_intent_says_that_it_is_one() {
    let world = World::previewing_alone();
    let fake = Fake::answering(nothing_is_written);
    Trial::of(fixtures::HONEST_WRITE).within(&world).on(&fake).approved_by(Arc::new(NoApprover)).run();
    let [intent] = &world.records.intents()[..] else { panic!("one intent") };
    assert_eq!((intent.origin, intent.effect.as_str()), (Origin::Host, "host-asks-dry-run"));
    assert_eq!(intent.path_and_query, format!("{SCALE}?dryRun=All"));
}

#[test]
fn the_token_is_in_no_preview() {
    let echo = |request: &Seen| {
        let mut object: Value = json!({"kind": "Scale", "metadata": {"uid": "u-1"}, "spec": {"replicas": 1}});
        if request.method != "GET" {
            object["metadata"]["annotations"] = json!({"echo": TOKEN, "found": "it"});
        }
        Some(Answer::json(object.to_string()))
    };
    let ran = planned(fixtures::HONEST_WRITE, json!({}), &Fake::answering(echo));
    let shown = preview(&ran).to_string();
    assert!(shown.contains("/metadata/annotations/found"), "{shown}");
    let token = Value::from(TOKEN).to_string();
    assert!(!shown.contains(token.trim_matches('"')) && !shown.contains("Canary.0123"), "{shown}");
}

#[test]
fn no_value_of_a_secret_is_in_a_preview_wherever_it_stands() {
    const VALUE: &str = "Y2FuYXJ5LW9mLWEtc2VjcmV0";
    let secret = |request: &Seen| {
        let copy = json!({"data": {"key": VALUE}}).to_string();
        let mut secret = json!({
            "kind": "Secret", "data": {"key": VALUE}, "stringData": {"key": VALUE}, "spec": {"data": {"key": [VALUE]}},
            "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": copy}, "labels": {}},
        });
        if request.method != "GET" {
            for place in ["/data/key", "/stringData/key", "/spec/data/key/0"] {
                *secret.pointer_mut(place).expect("its place") = json!(format!("{VALUE}LXR3bw=="));
            }
            secret["metadata"]["labels"]["seen"] = json!("yes");
        }
        Some(Answer::json(secret.to_string()))
    };
    // Of a target that reveals values to a connector which reads one.
    let ran = planned(fixtures::WRITES_A_SECRET, json!({}), &Fake::answering(secret));
    let shown = preview(&ran).to_string();
    assert!(!shown.contains(VALUE), "{shown}");
    let label = json!([{"pointer": "/metadata/labels/seen", "before": null, "after": "yes", "is_cut": false}]);
    assert_eq!(preview(&ran)["changes"], label);
    assert!(lost(&ran).iter().any(|(_, why)| why == "values of a Secret are not compared, and not shown"));
}
