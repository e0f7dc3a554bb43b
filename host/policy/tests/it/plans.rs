//! Plans and approvals.

use crate::effects::{Session, get, patch, pods};
use meho_policy::approver::Approvers;
use meho_policy::authority::Phase;
use meho_policy::decide::Decision;
use meho_policy::effect::Trust;
use meho_policy::grammar::OperationId;
use meho_policy::plan::{Approval, ApprovalInvalid, Confirmation, Digest, Plan, PlanContext, PlannedRequest};
use serde_json::{Value, json};

fn context() -> PlanContext {
    PlanContext {
        operation: OperationId::parse("scale").expect("an id"),
        arguments: b"{}".to_vec(),
        component: Digest::of(b"component"),
        policy: Digest::of(b"policy"),
        target: Digest::of(b"target"),
        principal: "somebody".to_owned(),
        store: "store".to_owned(),
        expires: 100,
        clock: 7,
        seed: [1; 32],
    }
}

pub(crate) fn approval(plan: &Plan, confirmation: Confirmation) -> Approval {
    Approval { digest: plan.digest(), approver: "somebody".to_owned(), confirmation, signature: None }
}

/// A plan that sets so many replicas.
pub(crate) fn plan(replicas: u32) -> Plan {
    Plan::new(planned(replicas), context())
}

/// What a plan run came to, approved.
pub(crate) fn approved(decision: Decision) -> Phase {
    let Decision::Plan(planned) = decision else { panic!("a plan was expected") };
    let plan = Plan::new(planned, context());
    Phase::Execute(Box::new(
        plan.redeem(&approval(&plan, Confirmation::Twice), 99, &Approvers::Anybody).expect("it fits"),
    ))
}

fn planned(replicas: u32) -> PlannedRequest {
    let path = pods(vec![json!({"Argument": "name"})]);
    let template = json!({"spec": {"replicas": {"$argument": "replicas"}}}).to_string();
    let write = json!({"trust": "Write", "method": "Patch", "body": {"media_type": "application/merge-patch+json", "template": template}});
    let effects = [crate::effects::effect("read", &path, &json!({})), crate::effects::effect("write", &path, &write)];
    let arguments = json!({"namespace": "prod", "name": "web", "replicas": replicas});
    let mut session = Session::new(&effects, Trust::Write, &arguments, Phase::Plan);
    session.send(&get("/api/v1/namespaces/prod/pods/web"), 200, &json!({}));
    let body = json!({"spec": {"replicas": replicas}}).to_string();
    match session.decide(&patch("/api/v1/namespaces/prod/pods/web", &body)).expect("permitted") {
        Decision::Plan(planned) => planned,
        Decision::Send(_) => panic!("a plan run sends no write"),
    }
}

#[test]
fn an_approval_fits_its_plan_only_and_only_in_time() {
    let plan = Plan::new(planned(3), context());
    assert!(plan.redeem(&approval(&plan, Confirmation::Once), 99, &Approvers::Anybody).is_ok());
    assert_eq!(
        plan.redeem(&approval(&plan, Confirmation::Once), 100, &Approvers::Anybody).unwrap_err(),
        ApprovalInvalid::Expired
    );
    let other = Plan::new(planned(4), context());
    assert_eq!(
        plan.redeem(&approval(&other, Confirmation::Once), 99, &Approvers::Anybody).unwrap_err(),
        ApprovalInvalid::AnotherPlan
    );
}

#[test]
fn a_destructive_request_is_confirmed_twice() {
    let plan = Plan::new(planned(0), context());
    assert_eq!(plan.request().trust(), Trust::Destructive);
    assert_eq!(
        plan.redeem(&approval(&plan, Confirmation::Once), 1, &Approvers::Anybody).unwrap_err(),
        ApprovalInvalid::ConfirmedOnce
    );
    assert!(plan.redeem(&approval(&plan, Confirmation::Twice), 1, &Approvers::Anybody).is_ok());
}

#[test]
fn the_digest_covers_everything() {
    let digest = |request: PlannedRequest, context: PlanContext| Plan::new(request, context).digest();
    let base = digest(planned(3), context());
    assert_eq!(base, digest(planned(3), context()), "equal plans have equal digests");
    assert_ne!(base, digest(planned(4), context()), "the body");
    type Change = fn(&mut PlanContext);
    let changes: [(&str, Change); 10] = [
        ("operation", |c| c.operation = OperationId::parse("other").expect("an id")),
        ("arguments", |c| c.arguments = b"{\"x\":1}".to_vec()),
        ("component", |c| c.component = Digest::of(b"x")),
        ("policy", |c| c.policy = Digest::of(b"x")),
        ("target", |c| c.target = Digest::of(b"x")),
        ("principal", |c| c.principal = "x".to_owned()),
        ("store", |c| c.store = "x".to_owned()),
        ("expiry", |c| c.expires = 101),
        ("clock", |c| c.clock = 8),
        ("seed", |c| c.seed = [2; 32]),
    ];
    for (what, change) in changes {
        let mut changed = context();
        change(&mut changed);
        assert_ne!(base, digest(planned(3), changed), "{what}");
    }
}

#[test]
fn no_two_fields_share_their_bytes() {
    let with = |principal: &str, store: &str| {
        let context = PlanContext { principal: principal.to_owned(), store: store.to_owned(), ..context() };
        Plan::new(planned(3), context).digest()
    };
    assert_ne!(with("ab", "c"), with("a", "bc"));
    assert_ne!(with("", "abc"), with("abc", ""));
}

#[test]
fn a_digest_is_written_and_read_in_one_form() {
    let digest = Digest::of(b"x");
    let text = Value::from(digest.to_string());
    assert_eq!(serde_json::from_value::<Digest>(text).expect("its own text"), digest);
    let hex = digest.to_string().trim_start_matches("sha256:").to_owned();
    for wrong in [
        hex.clone(),
        format!("sha256:{}", &hex[1..]),
        format!("sha256:{hex}0"),
        format!("md5:{hex}"),
        "sha256:".to_owned(),
    ] {
        assert!(serde_json::from_value::<Digest>(wrong.clone().into()).is_err(), "{wrong}");
    }
}

#[test]
fn what_differs_from_the_planned_request_is_named() {
    let path = pods(vec![json!({"Argument": "name"})]);
    let write = json!({
        "trust": "Write", "method": "Patch", "accept": ["application/json", "application/json;as=Table;v=v1;g=meta.k8s.io"],
        "body": {"media_type": "application/merge-patch+json", "template": json!({"spec": {"replicas": {"$argument": "replicas"}}}).to_string()},
    });
    let effects = [crate::effects::effect("write", &path, &write)];
    let arguments = json!({"namespace": "prod", "name": "web", "replicas": 3});
    let body = json!({"spec": {"replicas": 3}}).to_string();
    let planned = patch("/api/v1/namespaces/prod/pods/web", &body);
    let plan = Session::new(&effects, Trust::Write, &arguments, Phase::Plan).decide(&planned).expect("permitted");
    let Decision::Plan(plan) = plan else { panic!("a plan was expected") };
    let executing = || Session::new(&effects, Trust::Write, &arguments, approved(Decision::Plan(plan.clone())));
    assert!(matches!(executing().decide(&planned), Ok(Decision::Send(_))));
    // Its effect allows the other header; the plan does not.
    let other = crate::effects::Ask { accept: "application/json;as=Table;v=v1;g=meta.k8s.io", ..planned.clone() };
    assert!(matches!(
        Session::new(&effects, Trust::Write, &arguments, Phase::Plan).decide(&other),
        Ok(Decision::Plan(_))
    ));
    let denial = executing().decide(&other).expect_err("it is not the planned one");
    assert!(denial.part.contains("the accept header differs from the planned one"), "{denial:?}");
}
