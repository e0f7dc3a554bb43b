//! Guests under an operator's rules: what they declared is not enough any more.

use crate::fixtures;
use crate::hostile::writes::planned_by;
use crate::trial::{POD, SCALE, SaysYes, Trial, a_pod, principal, run};
use crate::world::{World, target};
use async_trait::async_trait;
use meho_host::approval::{Approver, NoApprover, PlanStore as _, Verdict};
use meho_host::error::ErrorCode;
use meho_host::execution::Execution;
use meho_host::policy::approver::{ApproverKey, Approvers};
use meho_host::policy::effect::Trust;
use meho_host::policy::grammar::{Namespace, OperationId};
use meho_host::policy::plan::{Approval, Plan};
use meho_host::policy::rules::{Allowance, AutomaticApproval, Bounds, Names, SecretRule, TargetRules};
use meho_test_fake::{Answer, Expected, Fake};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g alice";

fn only(namespace: &str) -> Names<Namespace> {
    Names::Only([Namespace::parse(namespace).expect("a namespace")].into())
}

fn act() -> OperationId {
    OperationId::parse("act").expect("an id")
}

fn keys() -> Approvers {
    ApproverKey::parse(KEY).map(|key| Approvers::Keys(vec![key])).expect("a key")
}

/// Approves by itself what leaves one to five replicas in the namespace `default`; whoever holds a key approves the rest.
fn automatic() -> TargetRules {
    let arguments = [("replicas".to_owned(), Bounds::Integer(0, 5))].into();
    let automatic = vec![AutomaticApproval { operation: act(), namespaces: only("default"), arguments }];
    TargetRules { automatic, approvers: keys(), ..TargetRules::unrestricted() }
}

struct AsksNobody;

#[async_trait]
impl Approver for AsksNobody {
    async fn decide(&self, plan: &Plan, _: &Value) -> Verdict {
        panic!("somebody is asked about {plan:?}")
    }
}

fn a_scale() -> Answer {
    Answer::json(r#"{"metadata":{"uid":"u-1"},"spec":{"replicas":1}}"#)
}

#[test]
fn a_guest_within_its_effects_does_not_leave_the_namespaces_that_are_allowed() {
    let rules = || TargetRules { namespaces: only("default"), ..TargetRules::unrestricted() };
    let paths = [
        ("/api/v1/namespaces/default/pods", true),
        ("/api/v1/namespaces/default", true),
        ("/version", true),
        ("/api/v1/namespaces/kube-system/pods", false),
        ("/api/v1/namespaces/kube-system", false),
        ("/api/v1/namespaces", false),
        ("/api/v1/pods", false),
        ("/api/v1/watch/namespaces/kube-system/pods", false),
        ("/api/v1/nodes/default", false),
        ("/api/v1/persistentvolumes", false),
    ];
    for (path, is_allowed) in paths {
        let fake = Fake::answering(|_| Some(Answer::json("{}")));
        Trial::of(fixtures::LEAVES_ITS_NAMESPACE).on(&fake).how(path).succeeds();
        assert_eq!(fake.lines().len(), 1, "without rules {path} is read");

        let fake = Fake::answering(|_| Some(Answer::json("{}")));
        for also in ["", "quietly"] {
            let ruled = target(&fake).with_rules(rules());
            let trial = Trial::of(fixtures::LEAVES_ITS_NAMESPACE).on(&fake).target(ruled);
            let trial = trial.with(json!({"how": path, "also": also}));
            if is_allowed {
                trial.succeeds();
                continue;
            }
            let ran = trial.fails_with(ErrorCode::PermissionDenied, "rule", "policy-namespace");
            // It need not have meant ill: the operator has said less than its effects do.
            let hint = ran.error().hint.clone();
            assert!(!hint.contains("connector"), "{hint}");
            assert_eq!(ran.recorded(), [""; 0]);
        }
        assert_eq!(fake.lines().is_empty(), !is_allowed, "{path}: {:?}", fake.lines());
    }
}

#[test]
fn what_is_in_no_effect_stays_a_violation_under_rules() {
    let fake = Fake::silent();
    let ruled = target(&fake).with_rules(TargetRules { namespaces: only("default"), ..TargetRules::unrestricted() });
    let trial = Trial::of(fixtures::LEAVES_ITS_NAMESPACE).on(&fake).target(ruled);
    trial.how("/api/v1/namespaces/kube-public/pods").denied_by("path");
}

#[test]
fn an_operation_that_is_not_allowed_never_runs() {
    let fake = Fake::silent();
    for rules in [TargetRules::nothing(), TargetRules { operations: Names::Only([].into()), ..automatic() }] {
        let trial = Trial::of(fixtures::HONEST_WRITE).on(&fake).target(target(&fake).with_rules(rules));
        let ran = trial.fails_with(ErrorCode::PermissionDenied, "rule", "policy-operation");
        assert!(ran.records.is_empty(), "{:?}", ran.records);
    }
}

#[test]
fn a_read_that_is_raised_never_runs() {
    let fake = Fake::silent();
    let rules = TargetRules { raised: [(act(), Trust::Write)].into(), ..TargetRules::unrestricted() };
    let trial = Trial::of(fixtures::HONEST).on(&fake).target(target(&fake).with_rules(rules));
    trial.fails_with(ErrorCode::PermissionDenied, "rule", "policy-raise");
}

#[test]
fn a_write_that_is_raised_is_confirmed_twice_and_never_automatic() {
    let rules = TargetRules { raised: [(act(), Trust::Destructive)].into(), ..automatic() };
    let fake = Fake::expecting([Expected::once("GET", SCALE, a_scale())]);
    let trial = Trial::of(fixtures::HONEST_WRITE).on(&fake).target(target(&fake).with_rules(rules));
    let ran = trial.approved_by(Arc::new(NoApprover)).run();
    let error = ran.error();
    assert_eq!((error.code, &error.details["plan"]["trust"]), (ErrorCode::ApprovalRequired, &json!("DESTRUCTIVE")));
}

#[test]
fn a_write_within_bounds_is_sent_and_nobody_is_asked() {
    let reads = Expected::times("GET", SCALE, vec![a_scale(), a_scale()]);
    let fake = Fake::expecting([reads, Expected::once("PATCH", SCALE, Answer::json("{}"))]);
    let trial = Trial::of(fixtures::HONEST_WRITE).on(&fake).target(target(&fake).with_rules(automatic()));
    let (data, meta) = trial.approved_by(Arc::new(AsksNobody)).succeeds();
    assert_eq!(data["status"], json!(200));
    assert!(meta.warnings.iter().any(|warning| warning.contains("policy approved")), "{:?}", meta.warnings);
}

#[test]
fn a_write_out_of_bounds_is_asked_about() {
    let rules = |namespace, most| TargetRules {
        automatic: vec![AutomaticApproval {
            operation: act(),
            namespaces: only(namespace),
            arguments: [("replicas".to_owned(), Bounds::Integer(1, most))].into(),
        }],
        ..TargetRules::unrestricted()
    };
    for (namespace, most) in [("default", 2), ("other", 5)] {
        let fake = Fake::expecting([Expected::once("GET", SCALE, a_scale())]);
        let ruled = target(&fake).with_rules(rules(namespace, most));
        let trial = Trial::of(fixtures::HONEST_WRITE).on(&fake).target(ruled);
        let ran = trial.approved_by(Arc::new(NoApprover)).run();
        assert_eq!(ran.error().code, ErrorCode::ApprovalRequired, "{:?}", ran.error());
    }
}

#[test]
fn a_write_that_turns_out_destructive_is_asked_about_whatever_the_rules_say() {
    let fake = Fake::silent();
    let body = json!({"how": r#"{"spec":{"replicas":0}}"#, "also": "application/merge-patch+json", "replicas": 0});
    let trial = Trial::of(fixtures::ANOTHER_BODY).with(body).on(&fake).target(target(&fake).with_rules(automatic()));
    let error = trial.approved_by(Arc::new(NoApprover)).run().error().clone();
    assert_eq!((error.code, &error.details["plan"]["trust"]), (ErrorCode::ApprovalRequired, &json!("DESTRUCTIVE")));
}

#[test]
fn a_yes_in_the_policys_name_that_somebody_put_into_the_store_releases_nothing() {
    let fake = Fake::expecting([Expected::once("GET", SCALE, a_scale())]);
    for approvers in [keys(), Approvers::Anybody] {
        let fake = if approvers == Approvers::Anybody {
            &Fake::expecting([Expected::once("GET", SCALE, a_scale())])
        } else {
            &fake
        };
        let here = target(fake).with_rules(TargetRules { approvers, ..TargetRules::unrestricted() });
        run(async {
            let world = World::shared();
            let connector = world.load(fixtures::HONEST_WRITE).await.expect("an honest component is loaded");
            let waiting = planned_by(&world.host, &here, &principal()).await;
            let plan = waiting.plan.as_ref().expect("it waits");
            world.plans.approve(&Approval::by_policy(plan)).await.expect("a store takes what it is given");
            let execution = Execution { plan: waiting.digest, principal: waiting.principal.clone(), timeout: None };
            let error = world.host.execute(&connector, &here, execution).await.expect_err("the rules approve nothing");
            assert_eq!(error.code, ErrorCode::ApprovalInvalid);
            assert!(error.message.contains("policy does not approve"), "{error:?}");
        });
        assert!(!fake.lines().iter().any(|line| line.starts_with("PATCH")));
    }
}

#[test]
fn a_plan_is_refused_under_another_policy_than_it_was_made_under() {
    let fake = Fake::expecting([Expected::once("GET", SCALE, a_scale())]);
    let here = target(&fake);
    run(async {
        let world = World::shared();
        let connector = world.load(fixtures::HONEST_WRITE).await.expect("an honest component is loaded");
        let waiting = planned_by(&world.host, &here, &principal()).await;
        let plan = waiting.plan.as_ref().expect("it waits");
        let yes = crate::trial::yes(plan, meho_host::policy::plan::Confirmation::Once);
        world.host.approve(&Approvers::Anybody, &yes).await.expect("the yes fits");
        let other = here.clone().with_rules(TargetRules { namespaces: only("default"), ..TargetRules::unrestricted() });
        let execution = Execution { plan: waiting.digest, principal: waiting.principal.clone(), timeout: None };
        let error = world.host.execute(&connector, &other, execution).await.expect_err("it was another policy");
        assert_eq!(error.code, ErrorCode::ApprovalInvalid);
        assert!(error.message.contains("under another policy"), "{error:?}");
    });
}

#[test]
fn a_call_has_what_the_rules_give_it() {
    let allowance = |allowance| TargetRules { allowance, ..TargetRules::unrestricted() };
    let fake = Fake::answering(|_| Some(a_pod()));
    let few = allowance(Allowance { requests: Some(3), ..Allowance::default() });
    let trial = Trial::of(fixtures::SIDE_BY_SIDE).on(&fake).target(target(&fake).with_rules(few));
    trial.with(json!({"times": 4, "how": "in turn"})).runs_out_of("requests");

    let little = allowance(Allowance { response_bytes: Some(20), ..Allowance::default() });
    Trial::of(fixtures::HONEST).on(&fake).target(target(&fake).with_rules(little)).runs_out_of("response_bytes");

    // A caller has no more time than that, whatever it asks for.
    let fake = Fake::answering(|_| Some(a_pod().held(&meho_test_fake::Gate::closed())));
    let short = allowance(Allowance { wall: Some(Duration::from_secs(1)), ..Allowance::default() });
    let trial = Trial::of(fixtures::HONEST).on(&fake).target(target(&fake).with_rules(short));
    trial.timeout(Duration::from_secs(40)).fails_saying(ErrorCode::Timeout, "within 1 s");
}

#[test]
fn a_secret_is_redacted_where_the_rules_say_so_and_the_targets_settings_do_not() {
    const ONE: &str = "/api/v1/namespaces/default/secrets/web";
    const VALUE: &str = "Y2FuYXJ5LXZhbHVl";
    let secret = json!({"kind": "Secret", "metadata": {"name": "web"}, "data": {"password": VALUE}}).to_string();
    for (secrets, is_seen) in [(SecretRule::AsSet, true), (SecretRule::Redacted, false)] {
        let fake = Fake::expecting([Expected::once("GET", ONE, Answer::json(secret.clone()))]);
        let ruled = target(&fake).with_rules(TargetRules { secrets, ..TargetRules::unrestricted() });
        let trial = Trial::of(fixtures::READS_SECRETS).on(&fake).target(ruled);
        let (data, _) = trial.with(json!({"how": ONE, "also": "application/json"})).succeeds();
        assert_eq!(data.to_string().contains(VALUE), is_seen, "{data}");
    }
}

#[test]
fn somebody_who_says_yes_to_everything_is_not_taken_for_the_policy() {
    // Approvers have keys here, and the one that is asked has none of them.
    let fake = Fake::expecting([Expected::once("GET", SCALE, a_scale())]);
    let rules = TargetRules { automatic: Vec::new(), ..automatic() };
    let trial = Trial::of(fixtures::HONEST_WRITE).on(&fake).target(target(&fake).with_rules(rules));
    let error = trial.approved_by(Arc::new(SaysYes)).run().error().clone();
    assert_eq!(error.code, ErrorCode::ApprovalInvalid, "{error:?}");
    assert!(!fake.lines().iter().any(|line| line.contains(POD)));
}
