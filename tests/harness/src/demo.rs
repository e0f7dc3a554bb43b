//! The demo cluster, in this process, as a [`Cluster`]: empty but for the nodes that the real one has.

use std::sync::OnceLock;

use serde_json::{Value, json};

use meho_demo::{Demo, DemoError, Served, Settings, World};

use crate::audit::{AuditEvent, AuditStatus, AuditUser, COMPLETE, ObjectRef};
use crate::by_hand::NODE_BY_HAND;
use crate::client::ClientError;
use crate::cluster::{Cluster, Server};
use crate::credentials::{self, ADMIN_KUBECONFIG, ADMIN_TOKEN, CA, OTHER_CA};
use crate::directory::{Alive, Directory};
use crate::logs::{KnownLog, time};
use crate::programs::Programs;
use crate::start;
use crate::unavailable::Unavailable;

/// What keeps the demo cluster.
pub(crate) struct InProcess {
    pub(crate) demo: Demo,
    programs: OnceLock<Result<Programs, Unavailable>>,
    _alive: Alive,
}

impl Cluster {
    /// The demo cluster that all tests of this process share. It needs nothing that a machine may lack, and ends with the process.
    ///
    /// # Errors
    /// Where the system refuses files, threads or a port.
    pub fn demo() -> Result<Self, Unavailable> {
        static DEMO: OnceLock<Result<Cluster, Unavailable>> = OnceLock::new();
        DEMO.get_or_init(start).clone()
    }
}

impl InProcess {
    /// Kubernetes' own programs, which the demo does not need. They are built where the cache lacks them.
    pub(crate) fn programs(&self) -> Result<Programs, Unavailable> {
        self.programs.get_or_init(|| Programs::built().map(|(programs, _)| programs)).clone()
    }

    /// Keeps objects that are as they should be, many at a time.
    pub(crate) fn keep(&self, objects: impl Iterator<Item = Value>) -> Result<(), ClientError> {
        let place = "what the demo cluster is to keep".to_owned();
        self.demo.keep(objects).map_err(|_| ClientError::Unexpected { what: "a kind that is served nowhere", place })
    }

    /// What it served since a place in its log, which is a number of requests.
    pub(crate) fn events_since(&self, since: u64) -> Vec<AuditEvent> {
        let since = usize::try_from(since).unwrap_or(usize::MAX);
        self.demo.served_since(since).into_iter().map(AuditEvent::from).collect()
    }
}

fn start() -> Result<Cluster, Unavailable> {
    let (directory, alive) = Directory::of_this_process()?;
    let settings = Settings { port: 0, world: World::Empty };
    // It has threads of its own, and asks nothing of these but to be polled once.
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(DemoError::Threads)?;
    let demo = runtime.block_on(Demo::start(settings))?;
    demo.write_logs(|container, previous| {
        let known = KnownLog::of(container, previous);
        (0..).zip(known.lines()).map(|(second, line)| (time(second), line)).collect()
    });
    let (server_url, token) = (demo.server_url(), demo.admin_token().to_owned());
    directory.write(CA, demo.ca_pem())?;
    directory.write(OTHER_CA, credentials::authority("MEHO other authority")?.pem())?;
    directory.write(ADMIN_TOKEN, &token)?;
    credentials::write_kubeconfig(&directory, ADMIN_KUBECONFIG, &server_url, "default", &token)?;
    let in_process = InProcess { demo, programs: OnceLock::new(), _alive: alive };
    let cluster = Cluster::new(Server::Demo(in_process.into()), directory, server_url, token)?;
    // The other nodes are there.
    let node = start::node_by_hand();
    cluster.admin().post("/api/v1/nodes", &node)?;
    let mut status = node["status"].clone();
    status["conditions"] = json!([{ "type": "Ready", "status": "True" }]);
    cluster.admin().write_status(&format!("/api/v1/nodes/{NODE_BY_HAND}"), &status)?;
    Ok(cluster)
}

impl From<Served> for AuditEvent {
    fn from(served: Served) -> Self {
        let reference = ObjectRef {
            api_group: served.group,
            api_version: served.version,
            resource: served.resource,
            subresource: served.subresource,
            namespace: served.namespace,
            name: served.name,
        };
        Self {
            audit_id: served.audit_id,
            stage: COMPLETE.to_owned(),
            uri: served.uri,
            verb: served.verb,
            user: AuditUser { username: served.user },
            user_agent: served.user_agent,
            object_ref: (!reference.resource.is_empty()).then_some(reference),
            response_status: Some(AuditStatus { code: served.status }),
            request_object: served.options,
            annotations: Default::default(),
        }
    }
}
