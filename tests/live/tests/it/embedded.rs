//! The embedding API as an embedder uses it: one host for the whole suite, and a [`Caller`] for each test.
//!
//! Tests are plain functions, because arranging on the cluster blocks; calls run on the suite's own runtime. The host's recorder keeps what left, by the
//! principal who called, and each caller is a principal of its own.

use crate::objects::SOON;
use async_trait::async_trait;
use meho_control_plane::{AuditMark, Cluster, User};
use meho_host::approval::{Approver, NoApprover, Verdict};
use meho_host::call::AnswerMeta;
use meho_host::check::{Check, TargetCheck};
use meho_host::connector::Connector;
use meho_host::credential::FixedCredential;
use meho_host::discovery::Discover;
use meho_host::error::{CallError, ErrorCode};
use meho_host::graph::Graph;
use meho_host::host::{Call, Host, HostSettings};
use meho_host::policy::effect::Trust;
use meho_host::policy::family::Family;
use meho_host::policy::plan::{Approval, Confirmation, Plan};
use meho_host::record::{CallRecord, Ending, Recorder, RequestIntent, RequestRecord};
use meho_host::target::{Target, TargetSettings, Verification};
use meho_host_store::Store;
use meho_host_store::audit::{Audit, AuditEntry};
use secrecy::SecretString;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::runtime::Runtime;

/// What the record of a preview has for its operation.
const PREVIEW: &str = "preview";

/// What all callers share.
pub(crate) struct Embedded {
    pub(crate) runtime: Runtime,
    pub(crate) connector: Arc<Connector>,
    pub(crate) host: Host,
    records: Arc<Records>,
}

/// The host with the Kubernetes connector in it.
pub(crate) fn embedded() -> &'static Embedded {
    static EMBEDDED: OnceLock<Embedded> = OnceLock::new();
    EMBEDDED.get_or_init(|| {
        let runtime = Runtime::new().expect("a runtime");
        let records = Arc::new(Records::default());
        let settings = HostSettings { recorder: records.clone(), ..HostSettings::default() };
        let host = Host::new(settings).expect("a host");
        let connector = runtime.block_on(host.load(meho_artifacts::KUBERNETES.to_vec())).expect("the connector");
        Embedded { runtime, connector, host, records }
    })
}

/// Keeps every record; and on disk those of callers who want that.
#[derive(Default)]
struct Records(Mutex<Vec<CallRecord>>);

/// What the principals of such callers begin with.
const KEPT: &str = "kept:";

/// The record on disk.
pub(crate) fn kept() -> &'static Store {
    static KEPT: LazyLock<Store> = LazyLock::new(|| {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("record");
        // Of the run before this one.
        let _ = std::fs::remove_dir_all(&directory);
        Store::open(&directory).expect("a store")
    });
    &KEPT
}

#[async_trait]
impl Recorder for Records {
    async fn intent(&self, request: &RequestIntent) -> Result<(), String> {
        if request.call.principal.starts_with(KEPT) { kept().intent(request).await } else { Ok(()) }
    }

    async fn call(&self, record: CallRecord) -> Result<(), String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(record.clone());
        if record.id.principal.starts_with(KEPT) { kept().call(record).await } else { Ok(()) }
    }
}

/// What the connector itself warned of. A target may warn too: a real server does so whenever Endpoints are read.
pub(crate) fn own_warnings(meta: &AnswerMeta) -> &[String] {
    &meta.warnings[..meta.warnings_of_connector]
}

/// Data and meta, or why not.
pub(crate) type Answered = Result<(Value, AnswerMeta), CallError>;

/// Somebody who calls one target. When a caller of the cluster is dropped, every request that it got an answer to must stand in the server's audit
/// log, under our id and as it was recorded.
pub(crate) struct Caller {
    /// The cluster, and where its audit log was when this caller began; none for a target that is not the cluster itself.
    audited_from: Option<(Cluster, AuditMark)>,
    target: Target,
    principal: String,
    approver: Arc<dyn Approver>,
    /// In the place of what calls have by default.
    timeout: Option<Duration>,
}

impl Caller {
    pub(crate) fn new(target: Target) -> Self {
        static CALLERS: AtomicU32 = AtomicU32::new(0);
        let principal = format!("caller:{}", CALLERS.fetch_add(1, Ordering::Relaxed));
        Self { audited_from: None, target, principal, approver: Arc::new(NoApprover), timeout: None }
    }

    /// The cluster's admin.
    pub(crate) fn admin(cluster: &Cluster) -> Self {
        Self::of(cluster, cluster.admin_token())
    }

    /// A user with its rights.
    pub(crate) fn user(cluster: &Cluster, user: &User) -> Self {
        Self::of(cluster, user.token())
    }

    fn of(cluster: &Cluster, token: &str) -> Self {
        let mut caller = Self::new(target(cluster, token));
        caller.audited_from = Some((cluster.clone(), cluster.audit_mark().expect("the audit log")));
        caller
    }

    /// The same, whose calls are recorded on disk too.
    pub(crate) fn kept(mut self) -> Self {
        self.principal = format!("{KEPT}{}", self.principal);
        self
    }

    /// Its requests as they stand in the record on disk, which is whole; and of its writes that were announced there, the ids.
    #[track_caller]
    pub(crate) fn kept_requests(&self) -> (Vec<Value>, BTreeSet<String>) {
        let audit = Audit::open(&kept().directory()).expect("a record");
        audit.verify(None).expect("it is whole");
        let of_caller = |kind: &'static str| {
            let is_its =
                move |entry: &AuditEntry| entry.kind == kind && entry.entry["call"]["principal"] == *self.principal;
            let mut entries = audit.entries(is_its, usize::MAX).expect("entries");
            entries.reverse();
            entries
        };
        let requests = of_caller("call")
            .into_iter()
            .flat_map(|entry| entry.entry["requests"].as_array().cloned().unwrap_or_default());
        let id = |entry: AuditEntry| entry.entry["audit_id"].as_str().expect("an id").to_owned();
        (requests.collect(), of_caller("intent").into_iter().map(id).collect())
    }

    /// The same with more time: an unoptimised host on a busy machine takes long for what is large.
    pub(crate) fn patient(mut self) -> Self {
        self.timeout = Some(2 * SOON);
        self
    }

    /// The same with somebody to ask.
    pub(crate) fn asking(mut self, approver: impl Approver + 'static) -> Self {
        self.approver = Arc::new(approver);
        self
    }

    /// Calls an operation. `arguments` is an object.
    pub(crate) fn call(&self, operation: &str, arguments: Value) -> Answered {
        let Embedded { runtime, connector, host, .. } = embedded();
        let Value::Object(arguments) = arguments else { panic!("arguments are an object: {arguments}") };
        let (principal, timeout) = (self.principal.clone(), self.timeout);
        let call = Call { operation: operation.to_owned(), arguments, principal, timeout, note: Value::Null };
        let collected = runtime.block_on(async {
            let stream = host.call(connector, &self.target, call, self.approver.clone());
            stream.collect().await
        });
        collected.map(|(data, answer)| (data, answer.meta))
    }

    /// Discovers, and collects the graph. `arguments` is an object.
    pub(crate) fn discover(&self, arguments: Value) -> Result<(Graph, AnswerMeta), CallError> {
        let Embedded { runtime, connector, host, .. } = embedded();
        let Value::Object(arguments) = arguments else { panic!("arguments are an object: {arguments}") };
        let discover = Discover { arguments, principal: self.principal.clone(), timeout: self.timeout };
        let collected = runtime.block_on(async {
            let stream = host.discover(connector, &self.target, discover);
            stream.collect_graph().await
        });
        collected.map(|(graph, answer)| (graph, answer.meta))
    }

    /// Checks the target for the connector's operations, in a namespace or in all.
    pub(crate) fn check(&self, namespace: Option<&str>) -> Result<Box<TargetCheck>, CallError> {
        let Embedded { runtime, connector, host, .. } = embedded();
        let check = Check { namespace: namespace.map(str::to_owned), principal: self.principal.clone(), timeout: None };
        runtime.block_on(host.check(&self.target, Some(connector), check))
    }

    /// The data of a call that must succeed, be complete and whose connector warns of nothing.
    #[track_caller]
    pub(crate) fn data(&self, operation: &str, arguments: Value) -> Value {
        let (data, meta) = self.answer(operation, arguments);
        assert!(meta.complete && own_warnings(&meta).is_empty(), "{meta:?}");
        data
    }

    /// The same of a call by a name that another one is taken for, which is all that it warns of.
    #[track_caller]
    pub(crate) fn data_of_loose(&self, operation: &str, arguments: Value, found: &str) -> Value {
        let asked = arguments["name"].as_str().expect("a name").to_owned();
        let (data, meta) = self.answer(operation, arguments);
        let [told] = own_warnings(&meta) else { panic!("{meta:?}") };
        let is_said = told.starts_with(&format!("{asked} is no ")) && told.ends_with(&format!("'s name: read {found}"));
        assert!(meta.complete && is_said, "{meta:?}");
        data
    }

    /// The answer of a call that must succeed.
    #[track_caller]
    pub(crate) fn answer(&self, operation: &str, arguments: Value) -> (Value, AnswerMeta) {
        let shown = format!("{operation} {arguments}");
        self.call(operation, arguments).unwrap_or_else(|error| panic!("{shown}: {error:?}"))
    }

    /// The error of a call that must fail with this code.
    #[track_caller]
    pub(crate) fn refused(&self, code: ErrorCode, operation: &str, arguments: Value) -> CallError {
        let shown = format!("{operation} {arguments}");
        match self.call(operation, arguments) {
            Err(error) if error.code == code => error,
            other => panic!("{shown}: expected {code}, got {other:?}"),
        }
    }

    fn all_records(&self) -> Vec<CallRecord> {
        let records = embedded().records.0.lock().unwrap_or_else(PoisonError::into_inner);
        records.iter().filter(|record| record.id.principal == self.principal).cloned().collect()
    }

    /// The records of all runs of this caller's calls so far. A write that was approved is two runs.
    pub(crate) fn records(&self) -> Vec<CallRecord> {
        self.all_records().into_iter().filter(|record| record.id.operation != PREVIEW).collect()
    }

    /// The records of the previews of its plans.
    pub(crate) fn previews(&self) -> Vec<CallRecord> {
        self.all_records().into_iter().filter(|record| record.id.operation == PREVIEW).collect()
    }

    /// All requests of this caller's calls so far.
    pub(crate) fn requests(&self) -> Vec<RequestRecord> {
        self.records().into_iter().flat_map(|record| record.requests).collect()
    }

    /// The same, with what the host asked for the previews of plans.
    pub(crate) fn all_requests(&self) -> Vec<RequestRecord> {
        self.all_records().into_iter().flat_map(|record| record.requests).collect()
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        let Some((cluster, since)) = self.audited_from.take().filter(|_| !std::thread::panicking()) else { return };
        let requests = self.all_requests();
        let answered: BTreeMap<&str, (&str, u16)> = requests
            .iter()
            .filter_map(|request| match request.ending {
                Ending::Answered(status) => {
                    Some((request.audit_id.as_str(), (request.path_and_query.as_str(), status)))
                }
                Ending::NotSent(_) | Ending::Unknown(_) => None,
            })
            .collect();
        let ids: Vec<&str> = answered.keys().copied().collect();
        let events = cluster.audit_events_of(since, &ids, SOON).expect("every answered request has an event");
        assert_eq!(events.len(), answered.len(), "each was made once: {events:#?}");
        for event in &events {
            let logged = (event.uri.as_str(), event.response_status.as_ref().map_or(0, |status| status.code));
            assert_eq!(logged, answered[event.audit_id.as_str()], "{event:#?}");
        }
    }
}

/// The cluster with a token.
pub(crate) fn target(cluster: &Cluster, token: &str) -> Target {
    target_with(token, settings(cluster))
}

/// Settings of the cluster, to be changed.
pub(crate) fn settings(cluster: &Cluster) -> TargetSettings {
    let mut settings = TargetSettings::new("live", cluster.server_url(), Family::Kubernetes);
    settings.verification = Verification::ca(cluster.ca_pem().as_bytes()).expect("a CA");
    settings
}

/// A target of these settings with a token.
pub(crate) fn target_with(token: &str, settings: TargetSettings) -> Target {
    let credential = FixedCredential::new("live", Some(SecretString::from(token)), None).expect("a token");
    Target::new(settings, Arc::new(credential)).expect("a target")
}

/// Says yes, as often as it must be said, after having done something.
pub(crate) struct YesAfter<F>(pub(crate) F);

#[async_trait]
impl<F: Fn() + Clone + Send + Sync + 'static> Approver for YesAfter<F> {
    async fn decide(&self, plan: &Plan, _: &Value) -> Verdict {
        let first = self.0.clone();
        // What is done first blocks.
        tokio::task::spawn_blocking(first).await.expect("it is done");
        let confirmation = match plan.request().trust() {
            Trust::Destructive => Confirmation::Twice,
            Trust::Read | Trust::Write => Confirmation::Once,
        };
        Verdict::Approved(Approval {
            digest: plan.digest(),
            approver: "suite".to_owned(),
            confirmation,
            signature: None,
        })
    }
}

/// Says yes.
pub(crate) fn yes() -> impl Approver + 'static {
    YesAfter(|| ())
}
