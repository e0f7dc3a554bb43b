//! One call of one component on one target, and what must come of it.

use crate::fixtures::HONEST;
use crate::world::{World, target};
use async_trait::async_trait;
use meho_host::approval::{Approver, Verdict};
use meho_host::call::AnswerMeta;
use meho_host::discovery::Discover;
use meho_host::error::{CallError, ErrorCode};
use meho_host::host::Call;
use meho_host::policy::grammar::DISCOVERY;
use meho_host::policy::plan::{Approval, Confirmation, Plan};
use meho_host::record::CallRecord;
use meho_host::target::Target;
use meho_test_fake::{Answer, Expected, Fake};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Where the pod is that hostile guests may read.
pub(crate) const POD: &str = "/api/v1/namespaces/default/pods/web";
/// Where the scale is that hostile guests may write.
pub(crate) const SCALE: &str = "/apis/apps/v1/namespaces/default/deployments/web/scale";
/// No test takes that long. One that does has hung.
const FAR_TOO_LONG: Duration = Duration::from_secs(50);

/// A call that is going to be tried.
pub(crate) struct Trial<'t> {
    component: &'static [u8],
    operation: &'static str,
    arguments: Value,
    world: World,
    fake: Option<&'t Fake>,
    target: Option<Target>,
    approver: Arc<dyn Approver>,
    timeout: Option<Duration>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) outcome: Result<(Value, AnswerMeta), CallError>,
    /// What was recorded of it: a write has two, its plan and its execution.
    pub(crate) records: Vec<CallRecord>,
}

/// Says yes to everything, twice: nothing but the boundary stands between a guest and its write.
pub(crate) struct SaysYes;

#[async_trait]
impl Approver for SaysYes {
    async fn decide(&self, plan: &Plan, _: &Value) -> Verdict {
        Verdict::Approved(yes(plan, Confirmation::Twice))
    }
}

/// A yes to a plan.
pub(crate) fn yes(plan: &Plan, confirmation: Confirmation) -> Approval {
    Approval { digest: plan.digest(), approver: "tester".to_owned(), confirmation, signature: None }
}

/// Runs a test's own futures.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build().expect("a runtime can be made");
    let done = runtime.block_on(async { tokio::time::timeout(FAR_TOO_LONG, test).await });
    runtime.shutdown_background();
    done.expect("a test does not hang")
}

/// A name for one call, so that its records are found among those of others.
pub(crate) fn principal() -> String {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    format!("tester {}", CALLS.fetch_add(1, Ordering::Relaxed))
}

/// A pod, as far as hostile guests look at it.
pub(crate) fn a_pod() -> Answer {
    Answer::json(r#"{"metadata":{"name":"web"}}"#)
}

impl<'t> Trial<'t> {
    /// A call of the one operation of a hostile component, on a target that expects nothing.
    pub(crate) fn of(component: &'static [u8]) -> Self {
        Self {
            component,
            operation: "act",
            arguments: json!({}),
            world: World::shared(),
            fake: None,
            target: None,
            approver: Arc::new(SaysYes),
            timeout: None,
        }
    }

    /// Discovery by a hostile component. What it comes to is the graph.
    pub(crate) fn discovery_of(component: &'static [u8]) -> Self {
        Self::of(component).operation(DISCOVERY)
    }

    pub(crate) fn operation(self, operation: &'static str) -> Self {
        Self { operation, ..self }
    }

    pub(crate) fn with(self, arguments: Value) -> Self {
        Self { arguments, ..self }
    }

    /// The variation of a fixture.
    pub(crate) fn how(self, how: &str) -> Self {
        self.with(json!({"how": how}))
    }

    pub(crate) fn on(self, fake: &'t Fake) -> Self {
        Self { fake: Some(fake), ..self }
    }

    /// A target that is not reached by the usual settings.
    pub(crate) fn target(self, target: Target) -> Self {
        Self { target: Some(target), ..self }
    }

    pub(crate) fn within(self, world: &World) -> Self {
        Self { world: world.clone(), ..self }
    }

    pub(crate) fn approved_by(self, approver: Arc<dyn Approver>) -> Self {
        Self { approver, ..self }
    }

    pub(crate) fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// Runs it, among other futures of a test.
    pub(crate) async fn go(self) -> Ran {
        let silent = Fake::silent();
        let target = self.target.unwrap_or_else(|| target(self.fake.unwrap_or(&silent)));
        let principal = principal();
        let outcome = match self.world.load(self.component).await {
            Err(refused) => Err(refused),
            Ok(connector) => {
                let Value::Object(arguments) = self.arguments else { panic!("arguments are an object") };
                if self.operation == DISCOVERY {
                    let discover = Discover { arguments, principal: principal.clone(), timeout: self.timeout };
                    let found = self.world.host.discover(&connector, &target, discover).collect_graph().await;
                    let graph = |graph| serde_json::to_value(graph).expect("a graph is JSON");
                    let outcome = found.map(|(found, answer)| (graph(found), answer.meta));
                    return Ran { outcome, records: self.world.records.of(&principal) };
                }
                let call = Call {
                    operation: self.operation.to_owned(),
                    arguments,
                    principal: principal.clone(),
                    timeout: self.timeout,
                    note: Value::Null,
                };
                let collected = self.world.host.call(&connector, &target, call, self.approver).collect().await;
                collected.map(|(data, answer)| (data, answer.meta))
            }
        };
        Ran { outcome, records: self.world.records.of(&principal) }
    }

    /// Runs it. Where it fails, an honest guest must be served afterwards by the same host.
    pub(crate) fn run(self) -> Ran {
        let world = self.world.clone();
        run(async {
            let ran = self.go().await;
            if ran.outcome.is_err() {
                serves_an_honest_guest(&world).await;
            }
            ran
        })
    }

    /// It must be denied by this rule.
    #[track_caller]
    pub(crate) fn denied_by(self, rule: &str) -> Ran {
        // What differs from its plan may be the connector's doing or the world's: it is the approval that does not fit.
        let code = if rule == "plan" { ErrorCode::ApprovalInvalid } else { ErrorCode::TrustViolation };
        self.fails_with(code, "rule", rule)
    }

    /// It must run out of this budget.
    #[track_caller]
    pub(crate) fn runs_out_of(self, budget: &str) -> Ran {
        self.fails_with(ErrorCode::ResourceLimit, "budget", budget)
    }

    /// It must fail with this code and this detail.
    #[track_caller]
    pub(crate) fn fails_with(self, code: ErrorCode, detail: &str, value: &str) -> Ran {
        let described = format!("{}", self.arguments);
        let ran = self.run();
        let error = ran.error();
        let found = error.details.get(detail).and_then(Value::as_str);
        assert_eq!((error.code, found), (code, Some(value)), "with {described}: {error:#?}");
        ran
    }

    /// It must fail with this code, in words that have these in them.
    #[track_caller]
    pub(crate) fn fails_saying(self, code: ErrorCode, words: &str) -> Ran {
        let described = format!("{}", self.arguments);
        let ran = self.run();
        let error = ran.error();
        assert_eq!(error.code, code, "with {described}: {error:#?}");
        assert!(error.message.contains(words), "with {described}: {words:?} is not in {:?}", error.message);
        ran
    }

    /// It must succeed.
    #[track_caller]
    pub(crate) fn succeeds(self) -> (Value, AnswerMeta) {
        let described = format!("{}", self.arguments);
        match self.run().outcome {
            Ok(answer) => answer,
            Err(error) => panic!("with {described}: {error:#?}"),
        }
    }
}

impl Ran {
    /// Why it failed.
    #[track_caller]
    pub(crate) fn error(&self) -> &CallError {
        match &self.outcome {
            Err(error) => error,
            Ok((data, meta)) => panic!("this succeeded: {data} {meta:?}"),
        }
    }

    /// What it came to.
    #[track_caller]
    pub(crate) fn answer(&self) -> &(Value, AnswerMeta) {
        match &self.outcome {
            Ok(answer) => answer,
            Err(error) => panic!("this failed: {error:#?}"),
        }
    }

    /// The requests that were recorded, as lines of method, path and query.
    pub(crate) fn recorded(&self) -> Vec<String> {
        let requests = self.records.iter().flat_map(|call| &call.requests);
        requests.map(|request| format!("{} {}", request.method, request.path_and_query)).collect()
    }
}

/// An honest call of an honest guest, which must come to an honest answer.
pub(crate) async fn serves_an_honest_guest(world: &World) {
    let fake = Fake::expecting([Expected::once("GET", POD, a_pod())]);
    let ran = Trial::of(HONEST).within(world).on(&fake).go().await;
    let (data, meta) = ran.answer();
    assert_eq!(
        (&data["status"], meta.complete),
        (&json!(200), true),
        "the host does not serve an honest guest any more"
    );
}
