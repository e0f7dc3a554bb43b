//! The public side: a cluster that runs while its handle lives.

use crate::audit::Served;
use crate::authn::Tokens;
use crate::certificate;
use crate::cluster::Cluster;
use crate::faults::Faults;
use crate::rbac::stock;
use crate::resource::{CLUSTER_ROLE_BINDINGS, NAMESPACES, NODE_METRICS, POD_METRICS, Resource, SERVICE_ACCOUNTS};
use crate::serve;
use crate::status::Refusal;
use crate::store::{Clock, Store};
use crate::subresource::Written;
use crate::world;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

/// How often what takes time goes on.
const TICK: Duration = Duration::from_millis(500);
/// How often what is old is forgotten, as etcd is compacted by the API server.
const COMPACTION: Duration = Duration::from_secs(300);
/// The namespaces that every cluster has.
const STANDARD_NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];
/// Who may look and not touch.
const VIEWER: (&str, &str) = ("kube-system", "demo-viewer");
/// A demonstration is over by then.
const VIEWER_LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 365);

/// What is in a cluster when it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum World {
    /// Nodes, workloads, and things that are wrong with them.
    #[default]
    Believable,
    /// What every cluster has, and nothing else: namespaces, a class of storage and three nodes.
    Empty,
}

/// How a cluster is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// The port on loopback; 0 for any that is free.
    pub port: u16,
    /// What is in it.
    pub world: World,
}

/// Why there is no cluster.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The port is taken, or may not be had.
    #[error("listening on 127.0.0.1:{port}")]
    Listen {
        /// The port.
        port: u16,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// No thread could be started.
    #[error("starting the server's threads")]
    Threads(#[source] io::Error),
    /// No certificate could be made.
    #[error("making certificates")]
    Certificate(#[from] rcgen::Error),
    /// The certificate could not be used.
    #[error("setting up TLS")]
    Tls(#[from] rustls::Error),
    /// The objects of the world do not fit together.
    #[error("filling the cluster: {0}")]
    World(String),
}

impl From<Refusal> for DemoError {
    fn from(refusal: Refusal) -> Self {
        Self::World(refusal.message)
    }
}

/// A running cluster. It stops when this is dropped.
pub struct Demo {
    cluster: Arc<Cluster>,
    address: SocketAddr,
    ca_pem: String,
    admin_token: String,
    viewer_token: String,
    /// None only while it is being dropped.
    runtime: Option<Runtime>,
}

impl fmt::Debug for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Demo").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Demo {
    /// Starts a cluster on loopback. It has threads of its own, so it answers also while the caller's are busy.
    ///
    /// # Errors
    /// Where the port is taken, or the machine refuses threads or certificates.
    pub async fn start(settings: Settings) -> Result<Self, DemoError> {
        let (ca_pem, tls) = certificate::make()?;
        let cluster = Arc::new(Cluster::new(Clock::default(), &ca_pem));
        let (admin_token, viewer_token) = fill(&cluster, settings.world)?;
        let listen = |source| DemoError::Listen { port: settings.port, source };
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(2).thread_name("demo").enable_all().build().map_err(DemoError::Threads)?;
        let entered = runtime.enter();
        let listener = TcpListener::from_std(listener).map_err(listen)?;
        tokio::spawn(serve::accept(cluster.clone(), listener, TlsAcceptor::from(tls)));
        tokio::spawn(keep_time(cluster.clone()));
        drop(entered);
        Ok(Self { cluster, address, ca_pem, admin_token, viewer_token, runtime: Some(runtime) })
    }

    /// `https://127.0.0.1:PORT`. The certificate is also good for `localhost`.
    #[must_use]
    pub fn server_url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The authority that signed the server's certificate.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The token of `demo-admin`, of the group `system:masters`. It is worth nothing outside of this cluster.
    #[must_use]
    pub fn admin_token(&self) -> &str {
        &self.admin_token
    }

    /// The token of the service account `kube-system/demo-viewer`, which has the ClusterRole `view` everywhere.
    #[must_use]
    pub fn viewer_token(&self) -> &str {
        &self.viewer_token
    }

    /// A kubeconfig with the contexts `demo`, for the admin, and `demo-viewer`.
    #[must_use]
    pub fn kubeconfig(&self) -> String {
        let context = |name: &str| {
            format!("- name: {name}\n  context:\n    cluster: demo\n    user: {name}\n    namespace: default\n")
        };
        let user = |name: &str, token: &str| format!("- name: {name}\n  user:\n    token: {token}\n");
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: demo\npreferences: {{}}\nclusters:\n- name: demo\n  cluster:\n    \
             server: {}\n    certificate-authority-data: {}\ncontexts:\n{}{}users:\n{}{}",
            self.server_url(),
            STANDARD.encode(&self.ca_pem),
            context("demo"),
            context("demo-viewer"),
            user("demo", &self.admin_token),
            user("demo-viewer", &self.viewer_token),
        )
    }

    /// What was answered so far, the oldest first; the last hundred thousand. What a fault answered is not among it.
    #[must_use]
    pub fn served(&self) -> Vec<Served> {
        self.served_since(0)
    }

    /// What was answered after the first so many requests, the oldest first, as far as it is still among the last hundred thousand.
    #[must_use]
    pub fn served_since(&self, first: usize) -> Vec<Served> {
        self.cluster.record.since(first)
    }

    /// How many requests were ever answered. What a fault answered is not among them.
    #[must_use]
    pub fn served_count(&self) -> usize {
        self.cluster.record.count()
    }

    /// What goes wrong on request.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.cluster.faults
    }

    /// Lets every continue token that has been given out expire, as a compaction of etcd does.
    pub fn expire_continue_tokens(&self) {
        let mut state = self.cluster.state();
        let next = state.store.revision() + 1;
        state.store.compact(next);
    }

    /// Keeps objects that are as they should be already, many of them at a time: nothing refuses them or fills them in but what every object gets, and
    /// controllers look at them once. One that is there already is replaced.
    ///
    /// # Errors
    /// [`DemoError::World`] for a kind that is served nowhere.
    pub fn keep(&self, objects: impl IntoIterator<Item = Value>) -> Result<(), DemoError> {
        let mut state = self.cluster.state();
        objects.into_iter().try_for_each(|object| seed(&mut state.store, object))?;
        state.settle();
        Ok(())
    }

    /// Says what the metrics API tells from now on: a `NodeMetrics` or a `PodMetrics`, which nothing measures again.
    pub fn measure(&self, metrics: Value) {
        let kind = metrics.get("kind").and_then(Value::as_str);
        let resource = if kind == Some("PodMetrics") { &POD_METRICS } else { &NODE_METRICS };
        // What is known already stays.
        let _ = self.cluster.state().store.create(resource, metrics);
    }

    /// Says what containers write from now on, in place of what the demo makes up: given a container's name and whether the run
    /// before the present one is meant, lines with the times at which they were written. A time that is none is the beginning of time.
    pub fn write_logs(&self, lines: impl Fn(&str, bool) -> Vec<(String, String)> + Send + Sync + 'static) {
        let read = move |(at, line): (String, String)| (crate::time::parse(&at).unwrap_or(Timestamp::MIN), line);
        let source = move |container: &str, previous| lines(container, previous).into_iter().map(&read).collect();
        self.cluster.state().written = Written::by(source);
    }

    /// Lets the continue tokens expire that are older than a resourceVersion.
    pub fn forget_before(&self, revision: u64) {
        self.cluster.state().store.compact(revision);
    }

    /// Lets a token that this cluster has issued expire at once.
    pub fn revoke_token(&self, token: &str) {
        self.cluster.state().tokens.revoke(token);
    }
}

/// Fills a new cluster, and gives the tokens of the admin and of the viewer.
fn fill(cluster: &Cluster, world: World) -> Result<(String, String), DemoError> {
    let mut state = cluster.state();
    stock::install(&mut state.store)?;
    for name in STANDARD_NAMESPACES {
        state.store.create(&NAMESPACES, json!({ "metadata": { "name": name } }))?;
    }
    let now = state.store.now();
    let objects = match world {
        World::Believable => world::objects(now),
        World::Empty => world::bare(now),
    };
    objects.into_iter().try_for_each(|object| seed(&mut state.store, object))?;
    state.settle();
    let account = json!({ "metadata": { "namespace": VIEWER.0, "name": VIEWER.1 } });
    let account = state.store.create(&SERVICE_ACCOUNTS, account)?;
    state.store.create(
        &CLUSTER_ROLE_BINDINGS,
        json!({
            "metadata": { "name": VIEWER.1 },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view" },
            "subjects": [{ "kind": "ServiceAccount", "namespace": VIEWER.0, "name": VIEWER.1 }],
        }),
    )?;
    let expires = state.store.now().saturating_add(VIEWER_LIFETIME).unwrap_or(Timestamp::MAX);
    let tokens: &mut Tokens = &mut state.tokens;
    Ok((tokens.for_admin(), tokens.for_account(&account, expires)))
}

/// An object of the world is kept as it is. One that every cluster has is replaced by the world's.
fn seed(store: &mut Store, object: Value) -> Result<(), DemoError> {
    let resource = Resource::of_object(&object).ok_or_else(|| {
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
        DemoError::World(format!("{} {} is served nowhere", text("apiVersion"), text("kind")))
    })?;
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name").unwrap_or_default());
    if store.get(resource, namespace.as_deref(), &name).is_some() {
        store.remove(resource, namespace.as_deref(), &name)?;
    }
    store.create(resource, object)?;
    Ok(())
}

async fn keep_time(cluster: Arc<Cluster>) {
    let mut ticks = tokio::time::interval(TICK);
    let mut compactions = tokio::time::interval(COMPACTION);
    let mut old = 0;
    loop {
        tokio::select! {
            _ = ticks.tick() => cluster.tick(),
            _ = compactions.tick() => {
                let mut state = cluster.state();
                state.store.compact(old);
                old = state.store.revision();
            }
        }
    }
}
