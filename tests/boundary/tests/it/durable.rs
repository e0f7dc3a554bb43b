//! An approval on disk, and processes that die with it in hand: what it lets through is sent once at most, and where that cannot be known it is said.

use crate::fixtures;
use crate::hostile::writes::{execution, planned_by};
use crate::trial::{SCALE, run, yes};
use crate::world::{TOKEN, target, token};
use async_trait::async_trait;
use meho_host::approval::{Consumed, KeptPlan, PlanEntry, PlanState, PlanStore, StoreRefused};
use meho_host::error::ErrorCode;
use meho_host::host::{Host, HostSettings, Previews};
use meho_host::policy::approver::Approvers;
use meho_host::policy::family::Family;
use meho_host::policy::plan::{Approval, Confirmation, Digest};
use meho_host::record::{CallRecord, Recorder, RequestIntent};
use meho_host::target::{Target, TargetSettings, Verification};
use meho_host_store::Store;
use meho_host_store::audit::Audit;
use meho_test_fake::{Answer, Authority, Fake, Gate};
use serde_json::json;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// Tells a process of these tests where to die: a step, the state's directory, the target's URL and the plan.
const ORDERS: [&str; 4] = ["MEHO_TEST_STEP", "MEHO_TEST_STATE", "MEHO_TEST_URL", "MEHO_TEST_PLAN"];

/// A process that has sent nothing by then has hung.
const SOON: Duration = Duration::from_secs(30);

/// The steps between a yes and its end on the disk, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    BeforeUse,
    AfterUse,
    BeforeIntent,
    AfterIntent,
    /// The target has the request, and holds its answer.
    UnderWay,
    BeforeRecord,
    BeforeSettled,
    AfterSettled,
}

const STEPS: [Step; 8] = [
    Step::BeforeUse,
    Step::AfterUse,
    Step::BeforeIntent,
    Step::AfterIntent,
    Step::UnderWay,
    Step::BeforeRecord,
    Step::BeforeSettled,
    Step::AfterSettled,
];

/// A store that kills its process at a step, as `kill -9` would.
struct Dying {
    store: Store,
    at: Step,
}

impl Dying {
    fn passes(&self, step: Step) {
        if self.at == step {
            let me = std::process::id().to_string();
            // Whoever is killed does not come back from this.
            let _ = Command::new("kill").args(["-9", &me]).status();
            loop {
                std::thread::park();
            }
        }
    }
}

#[async_trait]
impl PlanStore for Dying {
    async fn id(&self) -> Result<String, StoreRefused> {
        self.store.id().await
    }

    async fn keep(&self, plan: KeptPlan) -> Result<Box<PlanEntry>, StoreRefused> {
        self.store.keep(plan).await
    }

    async fn list(&self) -> Result<Vec<PlanEntry>, StoreRefused> {
        self.store.list().await
    }

    async fn find(&self, plan: Digest) -> Result<Box<PlanEntry>, StoreRefused> {
        self.store.find(plan).await
    }

    async fn approve(&self, approval: &Approval) -> Result<(), StoreRefused> {
        self.store.approve(approval).await
    }

    async fn reject(&self, plan: Digest, by: &str) -> Result<(), StoreRefused> {
        self.store.reject(plan, by).await
    }

    async fn consume(&self, plan: Digest) -> Result<Consumed, StoreRefused> {
        self.passes(Step::BeforeUse);
        let consumed = self.store.consume(plan).await;
        self.passes(Step::AfterUse);
        consumed
    }

    async fn settle(&self, plan: Digest, failure: Option<&str>) -> Result<(), StoreRefused> {
        self.passes(Step::BeforeSettled);
        let settled = self.store.settle(plan, failure).await;
        self.passes(Step::AfterSettled);
        settled
    }
}

#[async_trait]
impl Recorder for Dying {
    async fn intent(&self, request: &RequestIntent) -> Result<(), String> {
        self.passes(Step::BeforeIntent);
        let recorded = self.store.intent(request).await;
        self.passes(Step::AfterIntent);
        recorded
    }

    async fn call(&self, record: CallRecord) -> Result<(), String> {
        self.passes(Step::BeforeRecord);
        self.store.call(record).await
    }
}

fn host(store: Store) -> Host {
    let store = Arc::new(store);
    Host::new(HostSettings {
        recorder: store.clone(),
        plans: store,
        previews: Previews::LeftOut,
        ..HostSettings::default()
    })
    .expect("an engine")
}

/// The process that dies. Without orders it has nothing to do: it is started by the test below.
#[test]
fn a_process_with_orders_executes_a_plan_and_dies() {
    let orders: Vec<String> = ORDERS.iter().filter_map(|name| std::env::var(name).ok()).collect();
    let [step, state, url, plan] = &orders[..] else { return };
    let at = *STEPS.iter().find(|known| format!("{known:?}") == *step).expect("a step");
    let mut settings = TargetSettings::new("fake", url, Family::Kubernetes);
    // The parent's authority: another process would have made another.
    let pem = std::fs::read(Path::new(state).with_extension("pem")).expect("the authority");
    settings.verification = Verification::ca(&pem).expect("a CA");
    let target = Target::new(settings, token(TOKEN)).expect("a target");
    run(async {
        let dying = Arc::new(Dying { store: Store::open(Path::new(state)).expect("a store"), at });
        let settings = HostSettings {
            recorder: dying.clone(),
            plans: dying,
            previews: Previews::LeftOut,
            ..HostSettings::default()
        };
        let host = Host::new(settings).expect("an engine");
        let connector = host.load(fixtures::HONEST_WRITE.to_vec()).await.expect("an honest component is loaded");
        let digest = Digest::try_from(plan.clone()).expect("a digest");
        let executed = host.execute(&connector, &target, execution(digest, "tester")).await;
        panic!("it was to die at {at:?}: {executed:?}");
    });
}

fn start(step: Step, state: &Path, url: &str, plan: Digest) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command.args(["durable::a_process_with_orders_executes_a_plan_and_dies", "--exact", "--nocapture"]);
    let values = [format!("{step:?}"), state.display().to_string(), url.to_owned(), plan.to_string()];
    command.envs(ORDERS.iter().zip(values));
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it runs")
}

#[test]
fn a_process_that_dies_between_using_an_approval_and_its_answer_sends_once_or_never() {
    for step in STEPS {
        let directory = TempDir::new().expect("a directory");
        let state = directory.path().join("state");
        std::fs::write(state.with_extension("pem"), Authority::shared().pem()).expect("a file");
        let gate = Gate::closed();
        let held = gate.clone();
        let (came, has_come) = std::sync::mpsc::channel();
        let fake = Fake::answering(move |request| match request.method.as_str() {
            "PATCH" if step == Step::UnderWay => {
                // The test may be over by now.
                let _ = came.send(());
                Some(Answer::json("{}").held(&held))
            }
            "PATCH" => Some(Answer::json("{}")),
            _ => Some(Answer::json(r#"{"metadata":{"uid":"u-1"},"spec":{"replicas":1}}"#)),
        });
        let writes = || fake.lines().iter().filter(|line| line.starts_with("PATCH")).count();
        let target = target(&fake);
        run(async {
            let planning = host(Store::open(&state).expect("a store"));
            let waiting = planned_by(&planning, &target, "tester").await;
            let plan = waiting.plan.as_ref().expect("it waits");
            planning.approve(&Approvers::Anybody, &yes(plan, Confirmation::Once)).await.expect("the yes fits");
            drop(planning);

            let mut child = start(step, &state, &fake.url(), waiting.digest);
            if step == Step::UnderWay {
                has_come.recv_timeout(SOON).expect("its request comes");
                child.kill().expect("it runs");
            }
            let output = child.wait_with_output().expect("it ends");
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.signal(), Some(9), "{step:?}: {said}");
            gate.open();
            let expected = usize::from(step >= Step::UnderWay);
            assert_eq!(writes(), expected, "{step:?}");

            // Whoever comes afterwards.
            let store = Store::open(&state).expect("a store");
            let found = store.find(waiting.digest).await.expect("it is known");
            let stands = match step {
                Step::BeforeUse => PlanState::Approved,
                Step::AfterSettled => PlanState::Done,
                _ => PlanState::Unknown,
            };
            assert_eq!(found.state, stands, "{step:?}");
            let intents = Audit::open(&state).expect("a record").entries(|entry| entry.kind == "intent", 10);
            assert_eq!(intents.expect("entries").len(), usize::from(step >= Step::AfterIntent), "{step:?}");
            let again = host(store);
            let connector = again.load(fixtures::HONEST_WRITE.to_vec()).await.expect("an honest component is loaded");
            let executed = again.execute(&connector, &target, execution(waiting.digest, "tester")).await;
            match (step, executed) {
                (Step::BeforeUse, executed) => {
                    executed.expect("nothing was used up");
                    assert_eq!(writes(), 1);
                }
                (_, Ok(_)) => panic!("{step:?}: it was used twice"),
                (_, Err(error)) => {
                    assert_eq!(error.code, ErrorCode::ApprovalInvalid, "{step:?}: {error:?}");
                    let is_unknown = error.details.get("outcome") == Some(&json!("unknown"));
                    assert_eq!(is_unknown, stands == PlanState::Unknown, "{step:?}: {error:?}");
                    assert_eq!(writes(), expected, "{step:?}");
                }
            }
            Audit::open(&state).expect("a record").verify(None).expect("it is whole");
        });
        assert!(fake.lines().iter().filter(|line| **line == format!("PATCH {SCALE}")).count() <= 1);
    }
}

#[test]
fn of_sixty_four_who_execute_one_plan_from_four_stores_one_does() {
    let directory = TempDir::new().expect("a directory");
    let state = directory.path().join("state");
    let fake = Fake::answering(|request| match request.method.as_str() {
        "PATCH" => Some(Answer::json("{}")),
        _ => Some(Answer::json(r#"{"metadata":{"uid":"u-1"},"spec":{"replicas":1}}"#)),
    });
    let target = target(&fake);
    run(async {
        let mut hosts = Vec::new();
        for _ in 0..4 {
            let host = host(Store::open(&state).expect("a store"));
            let connector = host.load(fixtures::HONEST_WRITE.to_vec()).await.expect("an honest component is loaded");
            hosts.push((host, connector));
        }
        let waiting = planned_by(&hosts[0].0, &target, "tester").await;
        let plan = waiting.plan.as_ref().expect("it waits");
        hosts[1].0.approve(&Approvers::Anybody, &yes(plan, Confirmation::Once)).await.expect("the yes fits");
        let racing: Vec<_> = (0..64)
            .map(|racer: usize| {
                let ((host, connector), target) = (hosts[racer % 4].clone(), target.clone());
                let execution = execution(waiting.digest, "tester");
                tokio::spawn(async move { host.execute(&connector, &target, execution).await })
            })
            .collect();
        let mut done = 0;
        for racer in racing {
            match racer.await.expect("nobody panics") {
                Ok(_) => done += 1,
                Err(error) => assert_eq!(error.code, ErrorCode::ApprovalInvalid, "{error:?}"),
            }
        }
        assert_eq!(done, 1);
    });
    assert_eq!(fake.lines().iter().filter(|line| line.starts_with("PATCH")).count(), 1);
}
