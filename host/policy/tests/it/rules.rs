//! An operator's rules: for each an allow, a deny and a bypass; and that none of them ever widens anything.

use crate::effects::{Ask, check, effect, get, literal, patch, pods, schema};
use meho_policy::approver::{ApproverKey, Approvers};
use meho_policy::authority::{Authority, Phase};
use meho_policy::decide::{Decision, decide};
use meho_policy::denial::{Denial, Rule};
use meho_policy::effect::{Effect, Trust};
use meho_policy::family::{Family, Reach};
use meho_policy::grammar::{Namespace, OperationId};
use meho_policy::plan::{Approval, ApprovalInvalid, Confirmation, Digest, POLICY, Plan, PlanContext, PlannedRequest};
use meho_policy::rules::{Allowance, AutomaticApproval, Bounds, Names, SecretRule, TargetRules};
use meho_policy::state::State;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g alice";

fn id(text: &str) -> OperationId {
    OperationId::parse(text).expect("an id")
}

fn namespaces(names: &[&str]) -> Names<Namespace> {
    Names::Only(names.iter().map(|name| Namespace::parse(name).expect("a namespace")).collect())
}

fn within(names: &[&str]) -> TargetRules {
    TargetRules { namespaces: namespaces(names), ..TargetRules::unrestricted() }
}

/// Decides on a request that fits the effects, under rules.
fn decided(rules: &TargetRules, effects: &[Effect], arguments: &Value, ask: &Ask<'_>) -> Result<Decision, Denial> {
    let trust = effects.iter().map(|effect| effect.trust).max().unwrap_or(Trust::Read);
    let effects = check(effects, trust).expect("effects that pass");
    let arguments = schema().check(arguments.as_object().expect("an object").clone()).expect("arguments that fit");
    let authority = Authority::compile(&effects, &arguments, "2026-01-02T03:04:05Z", Phase::Plan);
    let authority = authority.under(rules, &id("scale"));
    decide(&authority, &State::new(&authority), &ask.canonical()?)
}

/// Reads of all kinds, in effects of their own.
fn reads(path: &str) -> Result<Decision, Denial> {
    let arguments = json!({"namespace": "prod", "name": "web"});
    decided(&within(&["prod", "test"]), &[effect("read", &literal(path), &json!({}))], &arguments, &get(path))
}

#[track_caller]
fn goes(path: &str) {
    if let Err(denial) = reads(path) {
        panic!("{path}: {denial}");
    }
}

#[track_caller]
fn stays(path: &str) {
    match reads(path) {
        Ok(decision) => panic!("{path} is let through: {decision:?}"),
        Err(denial) => {
            assert_eq!(denial.rule, Rule::PolicyNamespace, "{path}: {denial}");
            assert!(denial.part.contains("allowed: prod, test"), "{denial}");
        }
    }
}

#[test]
fn what_is_in_an_allowed_namespace_is_read() {
    goes("/api/v1/namespaces/prod/pods");
    goes("/api/v1/namespaces/test/pods/web/log");
    goes("/apis/apps/v1/namespaces/prod/deployments/web");
}

#[test]
fn an_allowed_namespace_is_read_by_its_own_name() {
    goes("/api/v1/namespaces/prod");
    goes("/api/v1/namespaces/prod/status");
    stays("/api/v1/namespaces/other");
    stays("/api/v1/namespaces");
    // In another group the word means another thing.
    stays("/apis/example.com/v1/namespaces/prod");
}

#[test]
fn what_a_server_is_and_serves_is_read() {
    for path in ["/version", "/api/v1", "/apis", "/apis/apps/v1", "/openapi/v3", "/readyz"] {
        goes(path);
    }
}

#[test]
fn another_namespace_and_what_is_in_none_or_in_all_are_denied() {
    for path in [
        "/api/v1/namespaces/other/pods",
        "/api/v1/namespaces/prod2/pods",
        "/api/v1/namespaces/pro/pods/prod",
        "/api/v1/namespaces/PROD/pods",
        "/api/v1/pods",
        "/api/v1/nodes/prod",
        "/api/v1/persistentvolumes",
        "/apis/storage.k8s.io/v1/storageclasses",
        "/apis/metrics.k8s.io/v1beta1/nodes",
        // The legacy form of a watch over all of them, and of one in another.
        "/api/v1/watch/pods",
        "/api/v1/watch/namespaces/other/pods",
    ] {
        stays(path);
    }
}

#[test]
fn a_selector_for_a_namespace_narrows_nothing() {
    let query = json!([{"key": "fieldSelector", "may_omit": false, "value": {"Pieces": [{"Literal": "metadata.namespace=prod"}]}}]);
    let effects = [effect("read", &literal("/api/v1/pods"), &json!({"query": query}))];
    let ask = get("/api/v1/pods?fieldSelector=metadata.namespace%3Dprod");
    let arguments = json!({"namespace": "prod", "name": "web"});
    assert!(decided(&TargetRules::unrestricted(), &effects, &arguments, &ask).is_ok());
    let denial = decided(&within(&["prod"]), &effects, &arguments, &ask).expect_err("it reads all of them");
    assert_eq!(denial.rule, Rule::PolicyNamespace);
}

#[test]
fn a_write_of_a_namespace_itself_leaves_it() {
    let body = json!({"media_type": "application/merge-patch+json", "template": "{}"});
    let write = json!({"trust": "Destructive", "method": "Patch", "body": body});
    let path = "/api/v1/namespaces/prod";
    let effects = [effect("write", &literal(path), &write)];
    let arguments = json!({"namespace": "prod", "name": "web"});
    let ask = patch(path, "{}");
    assert!(matches!(decided(&TargetRules::unrestricted(), &effects, &arguments, &ask), Ok(Decision::Plan(_))));
    let denial = decided(&within(&["prod"]), &effects, &arguments, &ask).expect_err("it is the cluster's");
    assert_eq!((denial.rule, denial.effect.map(String::from)), (Rule::PolicyNamespace, Some("write".to_owned())));
}

#[test]
fn what_fits_no_effect_stays_the_connectors_doing() {
    let effects = [effect("read", &literal("/api/v1/namespaces/prod/pods"), &json!({}))];
    let arguments = json!({"namespace": "prod", "name": "web"});
    let denial = decided(&within(&["prod"]), &effects, &arguments, &get("/api/v1/namespaces/other/pods"));
    assert_eq!(denial.expect_err("it fits no effect").rule, Rule::Path);
}

#[test]
fn an_operation_that_is_not_allowed_is_not_called() {
    let rules = TargetRules { operations: Names::Only([id("scale")].into()), ..TargetRules::unrestricted() };
    assert_eq!(rules.admit(Digest::of(b"component"), &id("scale"), Trust::Write), Ok(()));
    let denied = |rules: &TargetRules, operation: &str| {
        rules.admit(Digest::of(b"component"), &id(operation), Trust::Read).unwrap_err().rule
    };
    assert_eq!(denied(&rules, "delete"), Rule::PolicyOperation);
    assert_eq!(denied(&rules, "scale2"), Rule::PolicyOperation);
    assert_eq!(denied(&TargetRules::nothing(), "scale"), Rule::PolicyOperation);
}

#[test]
fn another_component_with_an_operation_of_the_same_name_is_another_matter() {
    let here = |components: &[&[u8]]| {
        let digests = components.iter().map(|bytes| Digest::of(bytes)).collect();
        TargetRules { components: Names::Only(digests), ..automatic() }
    };
    let admitted = |rules: &TargetRules| rules.admit(Digest::of(b"component"), &id("scale"), Trust::Write);
    assert_eq!(admitted(&here(&[b"component", b"other"])), Ok(()));
    assert_eq!(admitted(&here(&[b"other"])).unwrap_err().rule, Rule::PolicyOperation);
    // Nor is what it would write approved by itself: its plans are of this component.
    for (rules, wanted) in [(here(&[b"component"]), true), (here(&[b"other"]), false)] {
        assert_eq!(approves(&rules, &plan(&rules, &scaled("test", "web", 3))), wanted);
    }
}

#[test]
fn a_read_that_is_raised_is_not_called_because_nothing_of_it_could_be_planned() {
    let raised = |level| TargetRules { raised: [(id("get"), level)].into(), ..TargetRules::unrestricted() };
    assert_eq!(raised(Trust::Read).admit(Digest::of(b"component"), &id("get"), Trust::Read), Ok(()));
    for level in [Trust::Write, Trust::Destructive] {
        assert_eq!(
            raised(level).admit(Digest::of(b"component"), &id("get"), Trust::Read).unwrap_err().rule,
            Rule::PolicyRaise
        );
        assert_eq!(raised(level).admit(Digest::of(b"component"), &id("get"), Trust::Write), Ok(()));
        assert_eq!(raised(level).admit(Digest::of(b"component"), &id("other"), Trust::Read), Ok(()));
    }
}

/// The write that sets the replicas of `web` in a namespace.
fn write() -> Effect {
    let template = json!({"spec": {"replicas": {"$argument": "replicas"}}}).to_string();
    let body = json!({"media_type": "application/merge-patch+json", "template": template});
    effect(
        "write",
        &pods(vec![json!({"Argument": "name"})]),
        &json!({"trust": "Write", "method": "Patch", "body": body}),
    )
}

fn planned(rules: &TargetRules, arguments: &Value) -> PlannedRequest {
    let given = |name: &str| arguments[name].as_str().expect("it is given").to_owned();
    let path = format!("/api/v1/namespaces/{}/pods/{}", given("namespace"), given("name"));
    let body = json!({"spec": {"replicas": arguments["replicas"]}}).to_string();
    match decided(rules, &[write()], arguments, &patch(&path, &body)).expect("permitted") {
        Decision::Plan(planned) => planned,
        Decision::Send(_) => panic!("a plan run sends no write"),
    }
}

fn in_context(rules: &TargetRules, arguments: &Value, request: PlannedRequest) -> Plan {
    let context = PlanContext {
        operation: id("scale"),
        arguments: meho_policy::json::to_canonical(arguments),
        component: Digest::of(b"component"),
        policy: rules.digest(),
        target: Digest::of(b"target"),
        principal: "somebody".to_owned(),
        store: "store".to_owned(),
        expires: 100,
        clock: 7,
        seed: [1; 32],
    };
    Plan::new(request, context)
}

fn plan(rules: &TargetRules, arguments: &Value) -> Plan {
    in_context(rules, arguments, planned(rules, arguments))
}

fn scaled(namespace: &str, name: &str, replicas: i64) -> Value {
    json!({"namespace": namespace, "name": name, "replicas": replicas})
}

/// Approves by itself what sets `web` or `worker` of the namespace `test` to one to five.
fn automatic() -> TargetRules {
    let names: BTreeSet<String> = ["web", "worker"].map(str::to_owned).into();
    let arguments = [("name", Bounds::OneOf(names)), ("replicas", Bounds::Integer(1, 5))];
    let arguments = arguments.map(|(name, bounds)| (name.to_owned(), bounds)).into();
    let automatic = vec![AutomaticApproval { operation: id("scale"), namespaces: namespaces(&["test"]), arguments }];
    let keys = ApproverKey::parse(KEY).map(|key| Approvers::Keys(vec![key])).expect("a key");
    TargetRules { automatic, approvers: keys, ..TargetRules::unrestricted() }
}

fn approves(rules: &TargetRules, plan: &Plan) -> bool {
    rules.approves(Family::Kubernetes, plan).is_some()
}

#[test]
fn a_write_within_all_bounds_is_approved_and_any_other_is_not() {
    let rules = automatic();
    for (namespace, name, replicas, wanted) in [
        ("test", "web", 1, true),
        ("test", "worker", 5, true),
        ("test", "web", 6, false),
        ("test", "web", -1, false),
        ("test", "other", 3, false),
        ("test", "web2", 3, false),
        ("prod", "web", 3, false),
        ("test2", "web", 3, false),
    ] {
        let arguments = scaled(namespace, name, replicas.max(1));
        // Schemas know no negative count: as an argument alone it is still out of bounds.
        let request = planned(&rules, &arguments);
        let plan = in_context(&rules, &scaled(namespace, name, replicas), request);
        assert_eq!(approves(&rules, &plan), wanted, "{namespace} {name} {replicas}");
    }
}

#[test]
fn an_argument_that_is_bounded_and_not_given_is_out_of_bounds() {
    let rules = automatic();
    let request = planned(&rules, &scaled("test", "web", 3));
    for arguments in
        [json!({"name": "web"}), json!({"name": "web", "replicas": "3"}), json!([]), json!({"replicas": 3})]
    {
        assert!(!approves(&rules, &in_context(&rules, &arguments, request.clone())), "{arguments}");
    }
}

#[test]
fn an_object_that_nobody_named_to_the_letter_is_not_approved_by_itself() {
    let mut rules = automatic();
    rules.automatic[0].arguments.clear();
    let request = planned(&rules, &scaled("test", "web-7d9", 3));
    assert!(approves(&rules, &in_context(&rules, &scaled("test", "web-7d9", 3), request.clone())));
    assert!(!approves(&rules, &in_context(&rules, &scaled("test", "web", 3), request)));
}

#[test]
fn destructive_is_never_approved_by_itself_whatever_makes_it_so() {
    let mut rules = automatic();
    rules.automatic[0].arguments.insert("replicas".to_owned(), Bounds::Integer(0, 5));
    assert!(approves(&rules, &plan(&rules, &scaled("test", "web", 1))));
    // By what the family says of its body.
    let to_nothing = plan(&rules, &scaled("test", "web", 0));
    assert_eq!(to_nothing.request().trust(), Trust::Destructive);
    assert!(!approves(&rules, &to_nothing));
    // By the kept word changed, in a plan that somebody wrote into where it was kept.
    let mut kept: Value = serde_json::from_str(&to_nothing.to_text()).expect("JSON");
    kept["trust"] = json!("Write");
    let forged = forge(kept);
    assert_eq!(forged.request().trust(), Trust::Write);
    assert!(!approves(&rules, &forged));
    // By the rules.
    rules.raised.insert(id("scale"), Trust::Destructive);
    let raised = plan(&rules, &scaled("test", "web", 3));
    assert_eq!(raised.request().trust(), Trust::Destructive);
    assert!(!approves(&rules, &raised));
}

/// A plan of a changed text, with the digest that it then has: as whoever can write the store can write it.
fn forge(mut kept: Value) -> Plan {
    let context: PlanContext = serde_json::from_value(kept["context"].clone()).expect("a context");
    kept["digest"] = json!(digest_of(&kept, &context).to_string());
    Plan::of_text(&kept.to_string()).expect("a plan")
}

/// The definition of a plan's digest, told once more.
fn digest_of(kept: &Value, context: &PlanContext) -> Digest {
    let text = |name: &str| kept[name].as_str().expect("text").as_bytes().to_vec();
    let raw = |digest: Digest| -> Vec<u8> {
        let hex = digest.to_string();
        let hex = hex.trim_start_matches("sha256:").to_owned();
        (0..32).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hexadecimal")).collect()
    };
    let fields: Vec<Vec<u8>> = vec![
        b"meho plan 1".to_vec(),
        text("method"),
        text("path_and_query"),
        text("accept"),
        b"body".to_vec(),
        text("content_type"),
        text("body"),
        text("effect"),
        kept["trust"].as_str().expect("text").to_uppercase().into_bytes(),
        context.operation.as_str().as_bytes().to_vec(),
        context.arguments.clone(),
        raw(context.component),
        raw(context.policy),
        raw(context.target),
        context.principal.clone().into_bytes(),
        context.store.clone().into_bytes(),
        context.expires.to_be_bytes().to_vec(),
        context.clock.to_be_bytes().to_vec(),
        context.seed.to_vec(),
    ];
    let mut bytes = Vec::new();
    for field in fields {
        bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
        bytes.extend_from_slice(&field);
    }
    Digest::of(&bytes)
}

#[test]
fn the_policys_name_on_an_approval_approves_nothing_that_the_rules_do_not() {
    let rules = automatic();
    let within = plan(&rules, &scaled("test", "web", 3));
    let redeemed = |rules: &TargetRules, plan: &Plan, approval: &Approval| {
        plan.redeem_under(rules, Family::Kubernetes, approval, 1).map(drop)
    };
    assert_eq!(redeemed(&rules, &within, &Approval::by_policy(&within)), Ok(()));

    let beyond = plan(&rules, &scaled("prod", "web", 3));
    let not = Err(ApprovalInvalid::NotByPolicy);
    assert_eq!(redeemed(&rules, &beyond, &Approval::by_policy(&beyond)), not);
    let twice = Approval { confirmation: Confirmation::Twice, ..Approval::by_policy(&beyond) };
    assert_eq!(redeemed(&rules, &beyond, &twice), not);
    // Nor where anybody may approve, nor where it is not asked what the rules say.
    let open = TargetRules::unrestricted();
    let any = plan(&open, &scaled("test", "web", 3));
    assert_eq!(redeemed(&open, &any, &Approval::by_policy(&any)), not);
    let plainly = any.redeem(&Approval::by_policy(&any), 1, &Approvers::Anybody).map(drop);
    assert_eq!(plainly, not);
    // Somebody's own name is held against the keys, whatever the rules approve.
    let own = Approval { approver: "bob".to_owned(), ..Approval::by_policy(&within) };
    assert!(matches!(redeemed(&rules, &within, &own), Err(ApprovalInvalid::Signature(_))));
    // The usual still holds.
    assert_eq!(redeemed(&rules, &within, &Approval::by_policy(&beyond)), Err(ApprovalInvalid::AnotherPlan));
    let late = within.redeem_under(&rules, Family::Kubernetes, &Approval::by_policy(&within), 100).map(drop);
    assert_eq!(late, Err(ApprovalInvalid::Expired));
    assert_eq!(Approval::by_policy(&within).approver, POLICY);
}

#[test]
fn a_plan_made_under_other_rules_is_not_approved_by_these() {
    let (rules, other) = (automatic(), TargetRules { approvers: Approvers::Anybody, ..automatic() });
    assert!(!approves(&rules, &plan(&other, &scaled("test", "web", 3))));
}

#[test]
fn a_level_is_raised_and_never_lowered() {
    let level = |raised, replicas| {
        let rules = TargetRules { raised: [(id("scale"), raised)].into(), ..TargetRules::unrestricted() };
        planned(&rules, &scaled("test", "web", replicas)).trust()
    };
    assert_eq!(level(Trust::Destructive, 3), Trust::Destructive);
    assert_eq!(level(Trust::Write, 3), Trust::Write);
    assert_eq!(level(Trust::Write, 0), Trust::Destructive);
    assert_eq!(level(Trust::Read, 3), Trust::Write);
    assert_eq!(level(Trust::Read, 0), Trust::Destructive);
}

#[test]
fn bounds_hold_values_of_their_own_type_alone() {
    let one_of = Bounds::OneOf(["a".to_owned(), "1".to_owned()].into());
    for (bounds, value, wanted) in [
        (Bounds::Integer(1, 5), json!(1), true),
        (Bounds::Integer(1, 5), json!(0), false),
        (Bounds::Integer(1, 5), json!(3.5), false),
        (Bounds::Integer(1, 5), json!("3"), false),
        (Bounds::Integer(i64::MIN, i64::MAX), json!(u64::MAX), false),
        (Bounds::Integer(1, 5), json!([3]), false),
        (one_of.clone(), json!("a"), true),
        (one_of.clone(), json!("A"), false),
        (one_of.clone(), json!(1), false),
        (one_of.clone(), json!(["a", "1"]), true),
        (one_of.clone(), json!(["a", "b"]), false),
        (one_of, json!(null), false),
        (Bounds::Exactly(json!(true)), json!(true), true),
        (Bounds::Exactly(json!(true)), json!("true"), false),
        (Bounds::Exactly(json!(1)), json!(true), false),
    ] {
        assert_eq!(bounds.hold(&value), wanted, "{bounds:?} {value}");
    }
}

#[test]
fn each_part_of_the_rules_changes_their_digest() {
    let base = automatic();
    let change = |change: &dyn Fn(&mut TargetRules)| {
        let mut rules = base.clone();
        change(&mut rules);
        rules
    };
    let allowance = |allowance: Allowance| change(&|rules| rules.allowance = allowance.clone());
    let all = [
        base.clone(),
        TargetRules::unrestricted(),
        TargetRules::nothing(),
        change(&|rules| rules.components = Names::Only(BTreeSet::new())),
        change(&|rules| rules.components = Names::Only([Digest::of(b"component")].into())),
        change(&|rules| rules.operations = Names::Only(BTreeSet::new())),
        change(&|rules| rules.operations = Names::Only([id("any")].into())),
        change(&|rules| rules.namespaces = Names::Only(BTreeSet::new())),
        change(&|rules| rules.namespaces = namespaces(&["a", "b"])),
        change(&|rules| rules.namespaces = namespaces(&["ab"])),
        change(&|rules| rules.raised = [(id("scale"), Trust::Destructive)].into()),
        change(&|rules| rules.raised = [(id("scale"), Trust::Write)].into()),
        change(&|rules| rules.automatic.clear()),
        change(&|rules| rules.automatic.push(rules.automatic[0].clone())),
        change(&|rules| rules.automatic[0].operation = id("other")),
        change(&|rules| rules.automatic[0].namespaces = Names::Any),
        change(&|rules| rules.automatic[0].arguments = BTreeMap::new()),
        change(&|rules| drop(rules.automatic[0].arguments.insert("replicas".to_owned(), Bounds::Integer(1, 6)))),
        change(&|rules| drop(rules.automatic[0].arguments.insert("replicas".to_owned(), Bounds::Exactly(json!(1))))),
        change(&|rules| drop(rules.automatic[0].arguments.insert("replicas".to_owned(), Bounds::Exactly(json!("1"))))),
        change(&|rules| rules.approvers = Approvers::Anybody),
        change(&|rules| rules.approvers = Approvers::Keys(Vec::new())),
        change(&|rules| rules.secrets = SecretRule::Redacted),
        allowance(Allowance { wall: Some(Duration::from_secs(1)), ..Allowance::default() }),
        allowance(Allowance { requests: Some(1000), ..Allowance::default() }),
        allowance(Allowance { response_bytes: Some(1000), ..Allowance::default() }),
        allowance(Allowance { memory_bytes: Some(1000), ..Allowance::default() }),
    ];
    let digests: BTreeSet<Digest> = all.iter().map(TargetRules::digest).collect();
    assert_eq!(digests.len(), all.len());
    assert_eq!(base.digest(), automatic().digest());
}

#[test]
fn how_far_a_request_reaches_is_what_its_path_says() {
    let reach = |path: &str| Family::Kubernetes.reach(&get(path).canonical().expect("a request"));
    assert_eq!(reach("/version"), Reach::Server);
    // Nothing that is known to be read: it may be anything.
    assert_eq!(reach("/metrics"), Reach::Everything);
    assert_eq!(reach("/logs/kubelet.log"), Reach::Everything);
    assert_eq!(reach("/api/v1/namespaces/a/pods"), Reach::Namespace(Namespace::parse("a").expect("a namespace")));
    assert_eq!(reach("/api/v1/namespaces/a.b/pods"), Reach::Everything);
}

fn any_names<T: Ord + Clone + std::fmt::Debug + 'static>(some: Vec<T>) -> impl Strategy<Value = Names<T>> {
    let most = some.len();
    prop_oneof![
        Just(Names::Any),
        proptest::sample::subsequence(some, 0..=most).prop_map(|names| Names::Only(names.into_iter().collect())),
    ]
}

fn any_rules() -> impl Strategy<Value = TargetRules> {
    let ids = || vec![id("scale"), id("other")];
    let spaces = || ["prod", "test"].map(|name| Namespace::parse(name).expect("a namespace")).to_vec();
    let level = prop_oneof![Just(Trust::Read), Just(Trust::Write), Just(Trust::Destructive)];
    let raised = proptest::collection::btree_map(proptest::sample::select(ids()), level, 0..3);
    let bounds = prop_oneof![
        (-2..3i64, -2..9i64).prop_map(|(least, most)| Bounds::Integer(least, most)),
        Just(Bounds::OneOf(["web".to_owned()].into())),
        Just(Bounds::Exactly(json!(3))),
    ];
    let named = proptest::sample::select(vec!["name".to_owned(), "replicas".to_owned(), "namespace".to_owned()]);
    let arguments = proptest::collection::btree_map(named, bounds, 0..3);
    let automatic = (proptest::sample::select(ids()), any_names(spaces()), arguments)
        .prop_map(|(operation, namespaces, arguments)| AutomaticApproval { operation, namespaces, arguments });
    let automatic = proptest::collection::vec(automatic, 0..3);
    (any_names(ids()), any_names(spaces()), raised, automatic).prop_map(
        |(operations, namespaces, raised, automatic)| TargetRules {
            operations,
            namespaces,
            raised,
            automatic,
            ..TargetRules::unrestricted()
        },
    )
}

proptest! {
    #[test]
    fn no_rules_ever_let_through_what_effects_do_not(
        rules in any_rules(),
        namespace in proptest::sample::select(vec!["prod", "test", "other"]),
        asked in proptest::sample::select(vec!["prod", "test", "other"]),
        name in proptest::sample::select(vec!["web", "worker"]),
        replicas in 0..7i64,
        shape in 0..4usize,
    ) {
        let read = effect("read", &pods(vec![json!({"Argument": "name"})]), &json!({}));
        let all = effect("all", &literal("/api/v1/pods"), &json!({}));
        let effects = [read, all, write()];
        let arguments = scaled(namespace, name, replicas);
        let one = format!("/api/v1/namespaces/{asked}/pods/web");
        let body = json!({"spec": {"replicas": replicas}}).to_string();
        let ask = match shape {
            0 => get(&one),
            1 => get("/api/v1/pods"),
            2 => patch(&one, &body),
            _ => Ask { method: "DELETE", ..get(&one) },
        };
        let open = decided(&TargetRules::unrestricted(), &effects, &arguments, &ask);
        match (open, decided(&rules, &effects, &arguments, &ask)) {
            (Err(open), Err(ruled)) => prop_assert_eq!(open, ruled),
            (Ok(_), Err(ruled)) => {
                prop_assert!(ruled.rule.is_of_operator());
                prop_assert_ne!(&rules.namespaces, &Names::Any);
            }
            (Ok(Decision::Send(open)), Ok(Decision::Send(ruled))) => prop_assert_eq!(open.trust(), ruled.trust()),
            (Ok(Decision::Plan(open)), Ok(Decision::Plan(ruled))) => {
                prop_assert!(ruled.trust() >= open.trust());
                prop_assert_eq!(open.request(), ruled.request());
                let level = ruled.trust();
                let plan = in_context(&rules, &arguments, ruled);
                if let Some(by) = rules.approves(Family::Kubernetes, &plan) {
                    prop_assert_eq!(level, Trust::Write);
                    prop_assert!(rules.operations.has(&id("scale")));
                    let there = Namespace::parse(namespace).expect("a namespace");
                    prop_assert!(by.namespaces.has(&there) && rules.namespaces.has(&there));
                    prop_assert!(by.arguments.iter().all(|(name, bounds)| bounds.hold(&arguments[name])));
                }
            }
            (open, ruled) => prop_assert!(false, "{open:?} became {ruled:?}"),
        }
    }
}
