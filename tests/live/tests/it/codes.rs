//! Every error code of the contract is reached: on the real server where it can be, by the demo cluster's faults, a hostile guest or a fault of the host's own
//! where not. A code without a way to it fails the suite.

use crate::embedded::{Answered, Caller, settings, target, target_with, yes};
use crate::objects::{pending_pod, running_pod};
use crate::servers;
use async_trait::async_trait;
use meho_artifacts::hostile::TRAPS;
use meho_artifacts::{INTRUDER, KUBERNETES};
use meho_control_plane::{Cluster, Namespace};
use meho_host::approval::{Approver, NoApprover, Verdict};
use meho_host::budget::Budgets;
use meho_host::host::{Call, Host, HostSettings};
use meho_host::policy::family::Family;
use meho_host::policy::plan::{Approval, Confirmation, Plan};
use meho_host::record::{CallRecord, NoRecorder, Recorder, RequestIntent};
use meho_host::target::{Target, TargetSettings, Verification};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

/// The codes of the contract.
const CODES: [&str; 18] = [
    "UNKNOWN_OPERATION",
    "INVALID_REQUEST",
    "AUTHENTICATION_FAILED",
    "PERMISSION_DENIED",
    "NOT_FOUND",
    "CONFLICT",
    "EXPIRED",
    "RATE_LIMITED",
    "SERVER_ERROR",
    "CONNECTION_FAILED",
    "TLS_ERROR",
    "TIMEOUT",
    "APPROVAL_REQUIRED",
    "APPROVAL_INVALID",
    "TRUST_VIOLATION",
    "RESOURCE_LIMIT",
    "CONNECTOR_FAULT",
    "INTERNAL_ERROR",
];

/// Keeps no record of a write.
struct FullDisk;

#[async_trait]
impl Recorder for FullDisk {
    async fn intent(&self, _: &RequestIntent) -> Result<(), String> {
        Err("no space is left".to_owned())
    }

    async fn call(&self, _: CallRecord) -> Result<(), String> {
        Ok(())
    }
}

/// Says yes to something else.
struct Mistaken;

#[async_trait]
impl Approver for Mistaken {
    async fn decide(&self, _: &Plan, _: &Value) -> Verdict {
        let other = meho_host::policy::plan::Digest::of(b"another plan");
        Verdict::Approved(Approval {
            digest: other,
            approver: "suite".to_owned(),
            confirmation: Confirmation::Twice,
            signature: None,
        })
    }
}

/// A call of a component, by a host of its own.
struct Trial {
    component: &'static [u8],
    operation: &'static str,
    arguments: Value,
    budgets: Budgets,
    recorder: Arc<dyn Recorder>,
    approver: Arc<dyn Approver>,
    timeout: Option<Duration>,
}

impl Trial {
    fn of(operation: &'static str, arguments: Value) -> Self {
        Self {
            component: KUBERNETES,
            operation,
            arguments,
            budgets: Budgets::default(),
            recorder: Arc::new(NoRecorder),
            approver: Arc::new(NoApprover),
            timeout: None,
        }
    }

    fn on(self, target: &Target) -> Answered {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let settings = HostSettings { budgets: self.budgets, recorder: self.recorder, ..HostSettings::default() };
            let host = Host::new(settings)?;
            let connector = host.load(self.component.to_vec()).await?;
            let Value::Object(arguments) = self.arguments else { panic!("arguments are an object") };
            let (operation, principal) = (self.operation.to_owned(), "suite:codes".to_owned());
            let call = Call { operation, arguments, principal, timeout: self.timeout, note: Value::Null };
            let (data, answer) = host.call(&connector, target, call, self.approver).collect().await?;
            Ok((data, answer.meta))
        })
    }
}

/// What came of a way to a code, by the contract's name.
#[track_caller]
fn code_of(answered: Answered) -> String {
    let error = answered.expect_err("an error");
    assert!(!error.message.trim().is_empty() && !error.hint.trim().is_empty(), "{error:?}");
    error.code.as_str().to_owned()
}

/// Codes that any server leads to.
fn of_server(cluster: &Cluster, namespace: &Namespace) -> BTreeSet<String> {
    let admin = Caller::admin(cluster);
    let here = || json!({"namespace": namespace.name()});
    let pod = |name: &str| json!({"namespace": namespace.name(), "name": name});
    let nobody = namespace.user("nobody", &[]).expect("a user");
    let refusing = Caller::user(cluster, &nobody);
    let stranger = Caller::new(target(cluster, "no-token-of-this-cluster"));
    let mut other_ca = settings(cluster);
    other_ca.verification = Verification::ca(cluster.other_ca_pem().as_bytes()).expect("a CA");
    let untrusted = Caller::new(target_with(cluster.admin_token(), other_ca));
    let deleting = |more: Value| {
        let mut arguments = pod("web");
        arguments.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        arguments
    };
    let other_uid = json!({"precondition_uid": "00000000-0000-0000-0000-000000000000"});
    let forgotten = cluster.forgotten_token().expect("a token");
    let admins = target(cluster, cluster.admin_token());
    let answers = [
        admin.call("no_such_operation", json!({})),
        admin.call("list_pods", json!({"namespace": namespace.name(), "label_selector": "=x"})),
        stranger.call("list_pods", here()),
        refusing.call("list_pods", here()),
        admin.call("get_pod", pod("nothing-like-this")),
        Caller::admin(cluster).asking(yes()).call("delete_pod", deleting(other_uid)),
        admin.call("list_pods", json!({"namespace": namespace.name(), "continue": forgotten})),
        untrusted.call("list_pods", here()),
        admin.call("delete_pod", pod("web")),
        Trial { approver: Arc::new(Mistaken), ..Trial::of("delete_pod", pod("web")) }.on(&admins),
        Trial { recorder: Arc::new(FullDisk), approver: Arc::new(yes()), ..Trial::of("delete_pod", pod("web")) }
            .on(&admins),
        Trial { budgets: Budgets { row_bytes: 64, ..Budgets::default() }, ..Trial::of("list_pods", here()) }
            .on(&admins),
        Trial {
            component: INTRUDER,
            ..Trial::of("count_pods", json!({"namespace": namespace.name(), "attempt": "read-secrets"}))
        }
        .on(&admins),
        Trial { component: TRAPS, ..Trial::of("act", json!({})) }.on(&admins),
    ];
    answers.into_iter().map(code_of).collect()
}

/// Codes that a server leads to only where it is broken.
fn of_broken_server(cluster: &Cluster, namespace: &Namespace) -> BTreeSet<String> {
    // What goes wrong before a request is looked at stands in no audit log.
    let admin = Caller::new(target(cluster, cluster.admin_token()));
    let here = || json!({"namespace": namespace.name()});
    let path = format!("/api/v1/namespaces/{namespace}/pods");
    let break_with = |effect: Value, times: usize| {
        let fault = json!({"method": "GET", "path": path, "times": times, "effect": effect});
        cluster.admin().post("/demo/faults", &fault).expect("a fault");
    };
    let mut codes = BTreeSet::new();
    // Three tries.
    break_with(json!({"tooManyRequests": {"retryAfter": 0}}), 3);
    codes.insert(code_of(admin.call("list_pods", here())));
    break_with(json!({"internalError": {}}), 1);
    codes.insert(code_of(admin.call("list_pods", here())));
    break_with(json!({"latencyMillis": 30_000}), 1);
    let late = Trial { timeout: Some(Duration::from_secs(1)), ..Trial::of("list_pods", here()) };
    codes.insert(code_of(late.on(&target(cluster, cluster.admin_token()))));
    codes
}

/// A place where nothing listens: it did, and does no more.
fn nowhere() -> Target {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    target_with("token", TargetSettings::new("nowhere", &format!("https://127.0.0.1:{port}"), Family::Kubernetes))
}

#[test]
fn every_error_code_of_the_contract_is_reached_and_says_what_to_do() {
    let mut reached = BTreeSet::new();
    let real = servers::real().map(Cluster::from);
    for cluster in real.iter().chain([&servers::demo()]) {
        let namespace = cluster.namespace().expect("a namespace");
        pending_pod(&namespace, "web");
        running_pod(&namespace, "api", &["app"]);
        reached.extend(of_server(cluster, &namespace));
    }
    let demo = servers::demo();
    let namespace = demo.namespace().expect("a namespace");
    reached.extend(of_broken_server(&demo, &namespace));
    reached.insert(code_of(Caller::new(nowhere()).call("list_pods", json!({}))));
    assert_eq!(reached, CODES.iter().map(|code| (*code).to_owned()).collect());
}
