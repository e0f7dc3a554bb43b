//! Guests that write: what is approved is sent, once, and nothing else is.

use crate::fixtures;
use crate::trial::{POD, Ran, SCALE, SaysYes, Trial, a_pod, principal, run, yes};
use crate::world::{World, target};
use async_trait::async_trait;
use meho_host::approval::{Approver, NoApprover, PlanEntry, Verdict};
use meho_host::error::ErrorCode;
use meho_host::execution::{Execution, Planned};
use meho_host::host::{Call, Host};
use meho_host::policy::approver::{ApproverKey, Approvers};
use meho_host::policy::plan::{Approval, Confirmation, Digest, Plan};
use meho_host::policy::rules::TargetRules;
use meho_host::record::{CallEnding, Ending};
use meho_host::target::Target;
use meho_test_fake::{Answer, Expected, Fake, Gate, Settings, Then, Welcome};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

/// What the honest writer sends.
const BODY: &str = r#"{"metadata":{"uid":"u-1"},"spec":{"replicas":3}}"#;

/// A scale, as far as the honest writer looks at it.
fn a_scale(uid: &str) -> Answer {
    Answer::json(format!(r#"{{"metadata":{{"uid":"{uid}"}},"spec":{{"replicas":1}}}}"#))
}

fn reads(uids: &[&str]) -> Expected {
    Expected::times("GET", SCALE, uids.iter().map(|uid| a_scale(uid)).collect())
}

fn patched(answer: Answer) -> Expected {
    Expected::once("PATCH", SCALE, answer).with_body(BODY)
}

/// Answers every plan like this.
struct Says<F>(F);

#[async_trait]
impl<F: Fn(&Plan) -> Verdict + Send + Sync> Approver for Says<F> {
    async fn decide(&self, plan: &Plan, _: &Value) -> Verdict {
        (self.0)(plan)
    }
}

fn says(verdict: impl Fn(&Plan) -> Verdict + Send + Sync + 'static) -> Arc<dyn Approver> {
    Arc::new(Says(verdict))
}

#[test]
fn a_write_that_is_approved_is_sent_once() {
    let fake = Fake::expecting([reads(&["u-1", "u-1"]), patched(Answer::json("{}"))]);
    let ran = Trial::of(fixtures::HONEST_WRITE).on(&fake).run();
    assert_eq!(ran.answer().0["status"], json!(200));
    let [plan, execution] = &ran.records[..] else { panic!("a plan and an execution: {:?}", ran.records) };
    assert_eq!((plan.ending, execution.ending), (CallEnding::Planned, CallEnding::Answered));
    assert_eq!((plan.requests.len(), execution.requests.len()), (1, 2));
    assert_eq!(execution.requests[1].body, Some(Digest::of(BODY.as_bytes())));
}

#[test]
fn a_plan_shows_what_would_be_sent_and_sends_nothing_of_it() {
    let fake = Fake::expecting([reads(&["u-1"])]);
    let ran = Trial::of(fixtures::HONEST_WRITE).on(&fake).approved_by(Arc::new(NoApprover)).run();
    let error = ran.error();
    assert_eq!(error.code, ErrorCode::ApprovalRequired);
    let shown = &error.details["plan"]["request"];
    assert_eq!((&shown["method"], &shown["path"]), (&json!("PATCH"), &json!(SCALE)));
    assert_eq!(shown["body"].to_string(), BODY);
}

#[test]
fn a_plan_that_is_answered_with_no_sends_nothing_and_is_gone() {
    let fake = Fake::expecting([reads(&["u-1"])]);
    let rejects = says(|_| Verdict::Rejected);
    let ran = Trial::of(fixtures::HONEST_WRITE).on(&fake).approved_by(rejects).run();
    assert_eq!(ran.error().code, ErrorCode::ApprovalRequired);
    assert_eq!(ran.error().details["answer"], json!("no"));
}

#[test]
fn a_dry_run_sends_no_write_and_asks_nobody() {
    let fake = Fake::expecting([reads(&["u-1"])]);
    let asked = says(|plan| panic!("this was asked: {plan:?}"));
    let (data, _) =
        Trial::of(fixtures::HONEST_WRITE).with(json!({"dry_run": true})).on(&fake).approved_by(asked).succeeds();
    assert_eq!(data["plan"]["request"]["method"], json!("PATCH"));
}

#[test]
fn an_approval_of_another_plan_releases_nothing() {
    let fake = Fake::expecting([reads(&["u-1"])]);
    let other = says(|_| {
        Verdict::Approved(Approval {
            digest: Digest::of(b"another plan"),
            approver: "tester".to_owned(),
            confirmation: Confirmation::Twice,
            signature: None,
        })
    });
    let ran = Trial::of(fixtures::HONEST_WRITE).on(&fake).approved_by(other).run();
    assert_eq!(ran.error().code, ErrorCode::ApprovalInvalid);
}

#[test]
fn a_destructive_write_is_confirmed_twice() {
    let fake = Fake::silent();
    let once = says(|plan| Verdict::Approved(yes(plan, Confirmation::Once)));
    let ran = Trial::of(fixtures::HONEST_DELETE).on(&fake).approved_by(once).run();
    assert_eq!(ran.error().code, ErrorCode::ApprovalInvalid);

    let fake = Fake::expecting([Expected::once("DELETE", POD, Answer::json("{}"))]);
    let ran = Trial::of(fixtures::HONEST_DELETE).on(&fake).run();
    assert_eq!(ran.answer().0["status"], json!(200));
}

#[test]
fn scaling_to_nothing_is_destructive_whatever_the_guest_declared() {
    let scale = |approver: Arc<dyn Approver>, fake: &Fake| {
        let body = json!({"how": r#"{"spec":{"replicas":0}}"#, "also": "application/merge-patch+json", "replicas": 0});
        Trial::of(fixtures::ANOTHER_BODY).with(body).on(fake).approved_by(approver).run()
    };
    let once = says(|plan| Verdict::Approved(yes(plan, Confirmation::Once)));
    assert_eq!(scale(once, &Fake::silent()).error().code, ErrorCode::ApprovalInvalid);
    let fake = Fake::expecting([Expected::once("PATCH", SCALE, Answer::json("{}"))]);
    assert_eq!(scale(Arc::new(SaysYes), &fake).answer().0["status"], json!(200));
}

#[test]
fn a_world_that_changed_after_the_plan_is_written_to_by_nobody() {
    let fake = Fake::expecting([reads(&["u-1", "u-2"])]);
    let ran = Trial::of(fixtures::HONEST_WRITE).on(&fake).fails_with(ErrorCode::ApprovalInvalid, "rule", "plan");
    assert!(
        ran.error().details["part"].to_string().contains("the body differs from the planned one"),
        "{:?}",
        ran.error()
    );
}

#[test]
fn a_write_of_its_authority_that_is_not_the_planned_one_is_denied() {
    let pods = vec![a_pod(), Answer::json(r#"{"stateful":true}"#)];
    let fake = Fake::expecting([Expected::times("GET", POD, pods)]);
    let ran = Trial::of(fixtures::ANOTHER_WRITE).on(&fake).fails_with(ErrorCode::ApprovalInvalid, "rule", "plan");
    assert!(
        ran.error().details["part"].to_string().contains("the path differs from the planned one"),
        "{:?}",
        ran.error()
    );

    let fake = Fake::expecting([
        Expected::times("GET", POD, vec![a_pod(), a_pod()]),
        Expected::once("PATCH", SCALE, Answer::json("{}")),
    ]);
    Trial::of(fixtures::ANOTHER_WRITE).on(&fake).succeeds();
}

#[test]
fn a_call_writes_once() {
    let fake = Fake::expecting([Expected::once("PATCH", SCALE, Answer::json("{}"))]);
    let ran = Trial::of(fixtures::TWO_WRITES).on(&fake).denied_by("one-write");
    assert_eq!(ran.recorded(), [format!("PATCH {SCALE}")]);
    // Whoever reads of the denial has to know that something was written before it.
    let details = &ran.error().details;
    assert_eq!((&details["outcome"], &details["write_status"]), (&json!("answered"), &json!(200)));
}

/// Plans a write of the honest writer.
pub(crate) async fn planned_by(host: &Host, target: &Target, principal: &str) -> Box<PlanEntry> {
    let connector = host.load(fixtures::HONEST_WRITE.to_vec()).await.expect("an honest component is loaded");
    let (operation, principal) = ("act".to_owned(), principal.to_owned());
    let call = Call { operation, arguments: Map::new(), principal, timeout: None, note: Value::Null };
    match host.plan(&connector, target, call).await {
        Ok(Planned::Waiting(waiting)) => waiting,
        other => panic!("a plan was wanted: {other:?}"),
    }
}

/// The same in a world, by somebody else each time, with a yes to it.
async fn approved(world: &World, target: &Target, confirmation: Confirmation) -> Execution {
    let waiting = planned_by(&world.host, target, &principal()).await;
    let plan = waiting.plan.as_ref().expect("it waits");
    world.host.approve(&Approvers::Anybody, &yes(plan, confirmation)).await.expect("the yes fits");
    execution(waiting.digest, &waiting.principal)
}

/// The execution of a plan.
pub(crate) fn execution(plan: Digest, principal: &str) -> Execution {
    Execution { plan, principal: principal.to_owned(), timeout: None }
}

#[test]
fn a_plan_is_executed_once_whoever_races_for_it() {
    let fake = Fake::expecting([reads(&["u-1", "u-1"]), patched(Answer::json("{}"))]);
    let target = target(&fake);
    run(async {
        let world = World::shared();
        let connector = world.load(fixtures::HONEST_WRITE).await.expect("an honest component is loaded");
        let execution = approved(&world, &target, Confirmation::Once).await;
        let racing: Vec<_> = (0..64)
            .map(|_| {
                let (world, connector, target) = (world.clone(), connector.clone(), target.clone());
                let execution = execution.clone();
                tokio::spawn(async move { world.host.execute(&connector, &target, execution).await })
            })
            .collect();
        let mut done = 0;
        for racer in racing {
            match racer.await.expect("nobody panics") {
                Ok(_) => done += 1,
                Err(error) => assert_eq!(error.code, ErrorCode::ApprovalInvalid),
            }
        }
        assert_eq!(done, 1);
    });
}

#[test]
fn a_plan_holds_for_its_component_its_target_and_its_principal_only() {
    let fake = Fake::answering(|request| match request.method.as_str() {
        "PATCH" => Some(Answer::json("{}")),
        _ => Some(a_scale("u-1")),
    });
    let elsewhere = Fake::silent();
    let here = target(&fake);
    run(async {
        let world = World::shared();
        let connector = world.load(fixtures::HONEST_WRITE).await.expect("an honest component is loaded");
        let other = world.load(fixtures::ANOTHER_WRITE).await.expect("this component is loaded");
        let execution = approved(&world, &here, Confirmation::Once).await;
        let stranger = Execution { principal: "somebody else".to_owned(), ..execution.clone() };
        // The name of a target is nothing: it was pointed elsewhere.
        let refused = [
            (&other, &here, &execution, "by another component"),
            (&connector, &target(&elsewhere), &execution, "for another target"),
            (&connector, &here, &stranger, "for somebody else"),
        ];
        for (connector, target, execution, words) in refused {
            let error = world.host.execute(connector, target, execution.clone()).await.expect_err("it does not fit");
            assert_eq!(error.code, ErrorCode::ApprovalInvalid);
            assert!(error.message.contains(words), "{error:?}");
        }
        assert!(!fake.lines().iter().any(|line| line.starts_with("PATCH")));
        // None of them used the approval up.
        world.host.execute(&connector, &here, execution).await.expect("it fits");
    });
}

#[test]
fn an_approver_without_the_key_approves_nothing() {
    let fake = Fake::expecting([reads(&["u-1"])]);
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g alice";
    let keys = ApproverKey::parse(key).map(|key| Approvers::Keys(vec![key])).expect("a key");
    let ran = Trial::of(fixtures::HONEST_WRITE)
        .target(target(&fake).with_rules(TargetRules { approvers: keys, ..TargetRules::unrestricted() }))
        .on(&fake)
        .run();
    let error = ran.error();
    assert_eq!(error.code, ErrorCode::ApprovalInvalid, "{error:?}");
    assert!(error.message.contains("not signed by an approver"), "{error:?}");
}

#[test]
fn a_read_has_nothing_to_plan() {
    run(async {
        let (world, fake) = (World::shared(), Fake::silent());
        let connector = world.load(fixtures::HONEST).await.expect("an honest component is loaded");
        let call = Call {
            operation: "act".to_owned(),
            arguments: Map::new(),
            principal: principal(),
            timeout: None,
            note: Value::Null,
        };
        let refused = world.host.plan(&connector, &target(&fake), call).await.expect_err("it only reads");
        assert_eq!(refused.code, ErrorCode::InvalidRequest);
    });
}

/// A write whose answer is this: it must be sent once and no second time.
fn written(answer: Answer) -> Ran {
    let fake = Fake::expecting_with(Settings::http1(), [reads(&["u-1", "u-1"]), patched(answer)]);
    Trial::of(fixtures::HONEST_WRITE).on(&fake).run()
}

#[test]
fn a_write_that_got_an_answer_is_never_sent_twice() {
    for status in [401, 408, 409, 429, 500, 502, 503, 504] {
        let ran = written(Answer::new(status).header("retry-after", "0"));
        let endings: Vec<&Ending> = ran.records[1].requests.iter().map(|request| &request.ending).collect();
        assert_eq!(endings, [&Ending::Answered(200), &Ending::Answered(status)]);
    }
}

#[test]
fn a_write_that_was_refused_is_no_success_whatever_the_guest_says() {
    for status in [300, 304, 403, 409, 422, 500] {
        let ran = written(Answer::new(status));
        let error = ran.error();
        assert_eq!(error.code, ErrorCode::ConnectorFault, "{error:?}");
        assert_eq!(
            (&error.details["outcome"], &error.details["write_status"]),
            (&json!("answered"), &json!(status)),
            "{error:?}"
        );
    }
}

#[test]
fn a_write_that_was_approved_and_not_made_is_no_success_whatever_the_guest_says() {
    let other = Answer::json(r#"{"metadata":{"name":"other"}}"#);
    let fake = Fake::expecting([Expected::times("GET", POD, vec![a_pod(), other])]);
    let ran = Trial::of(fixtures::DOES_NOT_WRITE_AGAIN).on(&fake).run();
    let error = ran.error();
    assert_eq!((error.code, &error.details["outcome"]), (ErrorCode::ApprovalInvalid, &json!("not sent")), "{error:?}");
}

#[test]
fn a_body_that_its_guest_leaves_open_is_never_sent() {
    let ran = Trial::of(fixtures::LEAVES_A_BODY_OPEN).fails_saying(ErrorCode::ConnectorFault, "body of a request");
    assert_eq!(ran.recorded(), [""; 0]);
}

/// The write may have been carried out: the guest's word that all went well is none.
#[track_caller]
fn is_unknown(ran: &Ran) {
    let error = ran.error();
    let told = (error.code, error.details.get("outcome"));
    assert_eq!(told, (ErrorCode::ConnectionFailed, Some(&json!("unknown"))), "{error:?}");
    let ending = &ran.records[1].requests[1].ending;
    assert!(matches!(ending, Ending::Unknown(_)), "{ending:?}");
}

#[test]
fn a_write_whose_answer_never_came_is_never_sent_twice_and_its_fate_is_told_as_unknown() {
    for then in [Then::Close, Then::Reset, Then::Corrupt] {
        is_unknown(&written(Answer::nothing(then)));
    }
    is_unknown(&written(Answer::raw("this is no HTTP\r\n\r\n")));
    is_unknown(&written(Answer::raw(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
    )));
}

#[test]
fn a_write_that_is_under_way_when_the_call_ends_is_told_as_unknown() {
    let gate = Gate::closed();
    let fake = Fake::expecting([reads(&["u-1", "u-1"]), patched(Answer::json("{}").held(&gate))]);
    let ran = Trial::of(fixtures::HONEST_WRITE).on(&fake).timeout(Duration::from_secs(4)).run();
    let execution = &ran.records[1];
    assert!(matches!(execution.requests[1].ending, Ending::Unknown(_)), "{execution:?}");
    let error = ran.error();
    assert_eq!((error.code, error.details.get("outcome")), (ErrorCode::Timeout, Some(&json!("unknown"))), "{error:?}");
}

#[test]
fn a_write_that_never_left_is_told_as_not_sent() {
    // Every connection is closed before TLS has begun.
    let settings = Settings { welcome: Box::new(|_| Welcome::CloseAtOnce), ..Settings::http1() };
    let fake = Fake::expecting_with(settings, []);
    let ran = Trial::of(fixtures::HONEST_DELETE).on(&fake).run();
    let error = ran.error();
    assert_eq!(error.details.get("outcome"), Some(&json!("not sent")), "{error:?}");
    assert!(matches!(ran.records[1].requests[0].ending, Ending::NotSent(_)), "{:?}", ran.records);
}

#[test]
fn a_write_that_cannot_be_recorded_is_not_sent() {
    let world = World::new(World::tight_budgets());
    world.records.refuse([Err("the disk is full".to_owned())]);
    let fake = Fake::expecting([reads(&["u-1", "u-1"])]);
    let ran = Trial::of(fixtures::HONEST_WRITE).within(&world).on(&fake).run();
    let error = ran.error();
    assert_eq!((error.code, &error.details["outcome"]), (ErrorCode::InternalError, &json!("not sent")), "{error:?}");
    assert!(world.records.intents().is_empty());
}

#[test]
fn a_writes_intent_is_recorded_before_it_is_sent() {
    let world = World::new(World::tight_budgets());
    let records = world.records.clone();
    let fake = Fake::answering(move |request| {
        if request.method == "PATCH" {
            let intents = records.intents();
            let known = intents.iter().any(|intent| Some(intent.audit_id.as_str()) == request.header("audit-id"));
            return known.then(|| Answer::json("{}"));
        }
        Some(a_scale("u-1"))
    });
    Trial::of(fixtures::HONEST_WRITE).within(&world).on(&fake).succeeds();
    assert_eq!(world.records.intents().len(), 1);
}
