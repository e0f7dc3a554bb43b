//! Starting an instance: files, components in their order, and waiting until the whole of it works.
//!
//! The one who starts tells the supervisor what to run, and watches. Where it dies half-way, the supervisor stops what has
//! begun. Ports are chosen by the kernel and released for the API server to take, so another process can be quicker: then
//! the start is tried again with other ports.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::http::{Method, StatusCode};

use crate::by_hand::{BY_HAND, NODE_BY_HAND};
use crate::client::{Client, ClientError};
use crate::credentials::{self, CA, kubeconfig_name};
use crate::directory::{Base, Directory, Record};
use crate::lease::{Lease, Status};
use crate::logs::KnownLog;
use crate::programs::Programs;
use crate::unavailable::{Doing, Unavailable};
use crate::{kwok, wait};

/// How often a start is tried whose port was taken.
const ATTEMPTS: usize = 4;
const PORT_TAKEN: &str = "address already in use";
/// A start takes 4 seconds on two idle cores. This is for a machine that is building something else at the same time.
const START_LIMIT: Duration = Duration::from_secs(180);
/// Between two looks, the components' health is asked for.
const LOOK: Duration = Duration::from_millis(250);

/// The issuer and the audience of the server's service-account tokens.
pub(crate) const ISSUER: &str = "https://kubernetes.default.svc";
/// Sockets in the instance's directory; etcd insists on a `host:port`, and makes a file of just that name of it.
pub(crate) const ETCD: &str = "etcd:1";
const ETCD_PEER: &str = "etcd:2";

/// What all nodes of the cluster but the one by hand are like, apart from name and zone.
const NODES: [(&str, &str); 3] = [("node-0", "zone-a"), ("node-1", "zone-b"), ("node-2", "zone-c")];
/// The usual limit of a kubelet.
const PODS_PER_NODE: u32 = 110;

/// Every request, by its metadata, when it has been answered; of a deletion its options too: they say whether it was a dry run. Some requests (watches) are also logged when they begin.
const AUDIT_POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Request
  verbs: [delete]
- level: Metadata
";
pub(crate) const AUDIT_LOG: &str = "audit.log";

/// Starts an instance in the base folder, whose lock the caller holds.
pub(crate) fn start(programs: &Programs, base: &Base) -> Result<(Lease, Record), Unavailable> {
    let mut attempt = 1;
    loop {
        match try_start(programs, &base.fresh_directory()?) {
            Err(Unavailable::Ended { log, .. }) if log.contains(PORT_TAKEN) && attempt < ATTEMPTS => attempt += 1,
            other => return other,
        }
    }
}

fn try_start(programs: &Programs, directory: &Directory) -> Result<(Lease, Record), Unavailable> {
    let [api_port, kwok_port] = free_ports()?;
    let server_url = format!("https://127.0.0.1:{api_port}");
    let admin_token = credentials::make(directory, &server_url)?;
    directory.write("audit-policy.yaml", AUDIT_POLICY)?;
    directory.write("kwok.yaml", kwok::configuration(programs, directory)?)?;
    KnownLog::write_all(directory)?;

    let ca_pem = directory.read(CA)?;
    let lease = Lease::launch(directory)?;
    let mut starting = Starting {
        programs,
        directory,
        began: Instant::now(),
        client: Client::new(&server_url, &ca_pem, &admin_token)?,
        processes: vec![("supervisor".to_owned(), lease.supervisor)],
        lease,
    };
    starting.run("etcd", &etcd())?;
    starting.run("kube-apiserver", &api_server(directory, api_port))?;
    let healthy = |client: &Client, path| {
        client.request(Method::GET, path, &[], None).is_ok_and(|answer| answer.status == StatusCode::OK)
    };
    starting.wait("answer to /readyz", "kube-apiserver", |client| healthy(client, "/readyz"))?;
    starting.run("kube-controller-manager", &controller_manager(directory))?;
    starting.run("kube-scheduler", &scheduler(directory))?;
    starting.run("kwok", &kwok_controller(directory, kwok_port))?;
    populate(&starting.client)?;
    starting.wait("ready nodes", "kwok", |client| client.get("/api/v1/nodes").is_ok_and(|nodes| all_ready(&nodes)))?;
    // It serves logs only after it has begun to play nodes.
    let kubelet = Client::new(&format!("https://127.0.0.1:{kwok_port}"), &ca_pem, "")?;
    starting.wait("answer to /healthz", "kwok", |_| healthy(&kubelet, "/healthz"))?;
    // Without it no pod can be made there.
    let account = "/api/v1/namespaces/default/serviceaccounts/default";
    starting.wait("default service account", "kube-controller-manager", |client| client.get(account).is_ok())?;

    let Starting { mut lease, processes, .. } = starting;
    let record = Record { server_url, admin_token, programs: programs.folder().to_owned(), processes };
    directory.write_record(&record)?;
    lease.ready()?;
    Ok((lease, record))
}

struct Starting<'a> {
    programs: &'a Programs,
    directory: &'a Directory,
    began: Instant,
    client: Client,
    processes: Vec<(String, u32)>,
    lease: Lease,
}

impl Starting<'_> {
    fn run(&mut self, component: &str, flags: &[String]) -> Result<(), Unavailable> {
        let mut command = vec![self.programs.program(component).display().to_string()];
        command.extend_from_slice(flags);
        let pid = self.lease.start(component, &command)?;
        self.processes.push((component.to_owned(), pid));
        Ok(())
    }

    /// Waits for a sign of life while the components are looked after: one that has ended is the better message.
    fn wait(&mut self, awaited: &str, component: &str, sign: impl Fn(&Client) -> bool) -> Result<(), Unavailable> {
        loop {
            if wait::until(LOOK, || sign(&self.client).then_some(())).is_some() {
                return Ok(());
            }
            if let Status::Exited { component, how } = self.lease.status()? {
                let log = self.directory.log_end(&component);
                return Err(Unavailable::Ended { component, how, log });
            }
            if self.began.elapsed() > START_LIMIT {
                let log = self.directory.log_end(component);
                let (awaited, component) = (awaited.to_owned(), component.to_owned());
                return Err(Unavailable::TooSlow { awaited, component, after: START_LIMIT, log });
            }
        }
    }
}

/// Held together while they are chosen, so that they differ.
fn free_ports() -> Result<[u16; 2], Unavailable> {
    let port = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|it| Ok((it.local_addr()?.port(), it)));
    let choose = || -> io::Result<_> { Ok((port()?, port()?)) };
    let ((first, _held), (second, _also_held)) = choose().doing("looking for free ports")?;
    Ok([first, second])
}

fn flags<const N: usize>(flags: [String; N]) -> Vec<String> {
    flags.into()
}

/// It listens on sockets in a directory that nobody else may enter: it has no other protection.
fn etcd() -> Vec<String> {
    flags([
        "--data-dir=etcd".into(),
        format!("--listen-client-urls=unix://{ETCD}"),
        format!("--advertise-client-urls=unix://{ETCD}"),
        format!("--listen-peer-urls=unix://{ETCD_PEER}"),
        format!("--initial-advertise-peer-urls=unix://{ETCD_PEER}"),
        format!("--initial-cluster=default=unix://{ETCD_PEER}"),
        "--unsafe-no-fsync".into(),
        "--log-level=warn".into(),
    ])
}

fn api_server(directory: &Directory, port: u16) -> Vec<String> {
    let file = |name: &str| directory.file(name).display().to_string();
    flags([
        format!("--etcd-servers=unix://{}", file(ETCD)),
        "--bind-address=127.0.0.1".into(),
        format!("--secure-port={port}"),
        // The kubernetes Service points here. A loopback address is refused, and without one the server looks for a
        // network interface, which a machine may lack: so an address that is reserved for documentation (RFC 5737).
        "--advertise-address=192.0.2.1".into(),
        format!("--tls-cert-file={}", file(credentials::SERVING_CERTIFICATE)),
        format!("--tls-private-key-file={}", file(credentials::SERVING_KEY)),
        format!("--cert-dir={}", file("certificates")),
        "--service-cluster-ip-range=10.0.0.0/16".into(),
        format!("--service-account-issuer={ISSUER}"),
        format!("--service-account-key-file={}", file(credentials::SERVICE_ACCOUNT_PUBLIC_KEY)),
        format!("--service-account-signing-key-file={}", file(credentials::SERVICE_ACCOUNT_KEY)),
        "--authorization-mode=Node,RBAC".into(),
        // With its snapshots of earlier versions it is chance whether it has really forgotten one that etcd has.
        "--feature-gates=ListFromCacheSnapshot=false".into(),
        "--anonymous-auth=false".into(),
        format!("--token-auth-file={}", file(credentials::TOKENS)),
        format!("--client-ca-file={}", file(credentials::CLIENT_CA)),
        "--allow-privileged=true".into(),
        // For logs. By default the server would look for the node's name in DNS.
        "--kubelet-preferred-address-types=InternalIP".into(),
        format!("--kubelet-certificate-authority={}", file(CA)),
        format!("--audit-policy-file={}", file("audit-policy.yaml")),
        format!("--audit-log-path={}", file(AUDIT_LOG)),
        // One file, each event in it as soon as the request is over.
        "--audit-log-mode=blocking".into(),
        "--audit-log-maxsize=0".into(),
    ])
}

/// The rates are for many pods: with the usual 20 requests a second, 10,000 of them would take an hour.
const RATES: [&str; 2] = ["--kube-api-qps=500", "--kube-api-burst=1000"];

fn controller_manager(directory: &Directory) -> Vec<String> {
    let file = |name: &str| directory.file(name).display().to_string();
    let mut flags = flags([
        format!("--kubeconfig={}", file(&kubeconfig_name("kube-controller-manager"))),
        "--leader-elect=false".into(),
        "--secure-port=0".into(),
        // kwok renews a node's lease every 50 seconds, which is also the usual time after which a node counts as lost: on a
        // busy machine nodes would come and go.
        "--node-monitor-grace-period=10m".into(),
        format!("--root-ca-file={}", file(CA)),
        format!("--service-account-private-key-file={}", file(credentials::SERVICE_ACCOUNT_KEY)),
    ]);
    flags.extend(RATES.map(str::to_owned));
    flags
}

fn scheduler(directory: &Directory) -> Vec<String> {
    let mut flags = flags([
        format!("--kubeconfig={}", directory.file(&kubeconfig_name("kube-scheduler")).display()),
        "--leader-elect=false".into(),
        "--secure-port=0".into(),
    ]);
    flags.extend(RATES.map(str::to_owned));
    flags
}

fn kwok_controller(directory: &Directory, port: u16) -> Vec<String> {
    let file = |name: &str| directory.file(name).display().to_string();
    flags([
        format!("--kubeconfig={}", file(&kubeconfig_name("kwok"))),
        format!("--config={}", file("kwok.yaml")),
        "--manage-all-nodes".into(),
        "--node-ip=127.0.0.1".into(),
        format!("--node-port={port}"),
        format!("--server-address=127.0.0.1:{port}"),
        format!("--tls-cert-file={}", file(credentials::SERVING_CERTIFICATE)),
        format!("--tls-private-key-file={}", file(credentials::SERVING_KEY)),
        // A quarter of it is the time between two renewals.
        "--node-lease-duration-seconds=200".into(),
        "--cidr=10.1.0.1/16".into(),
    ])
}

/// What every cluster holds from its start.
fn populate(client: &Client) -> Result<(), ClientError> {
    for (name, zone) in NODES {
        client.post("/api/v1/nodes", &node(name, zone, PODS_PER_NODE))?;
    }
    client.post("/api/v1/nodes", &node_by_hand())?;
    client.post(
        "/apis/storage.k8s.io/v1/storageclasses",
        &json!({
            "metadata": {
                "name": "kwok-volume",
                "annotations": { "storageclass.kubernetes.io/is-default-class": "true" },
            },
            "provisioner": "kwok.x-k8s.io/volume",
        }),
    )?;
    Ok(())
}

/// Pods get there by naming it, never through the scheduler.
pub(crate) fn node_by_hand() -> Value {
    let mut by_hand = node(NODE_BY_HAND, "zone-a", PODS_PER_NODE);
    by_hand["spec"] = json!({ "taints": [{ "key": BY_HAND, "effect": "NoSchedule" }] });
    by_hand
}

/// A node as a kubelet would register it. kwok gives it its conditions and the rest.
///
/// Both addresses must be there from the start: kwok 0.8.0 knows no host name, and when it readies a node a second time, for
/// want of one it removes the addresses that the node has. Then its pods have no logs.
pub(crate) fn node(name: &str, zone: &str, pods: u32) -> Value {
    let resources = json!({ "cpu": "32", "memory": "256Gi", "ephemeral-storage": "100Gi", "pods": pods.to_string() });
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "topology.kubernetes.io/zone": zone,
            },
        },
        "status": {
            "capacity": resources,
            "allocatable": resources,
            "addresses": [{ "type": "InternalIP", "address": "127.0.0.1" }, { "type": "Hostname", "address": name }],
        },
    })
}

/// Whether all nodes of a list are ready, and known to be ready by the controller that keeps pods away until then.
pub(crate) fn all_ready(nodes: &Value) -> bool {
    let ready = |node: &Value| {
        let holds = |condition: &Value| condition["type"] == "Ready" && condition["status"] == "True";
        let waits = |taint: &Value| taint["key"] == "node.kubernetes.io/not-ready";
        let list = |pointer: &str| node.pointer(pointer).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        list("/status/conditions").iter().any(holds) && !list("/spec/taints").iter().any(waits)
    };
    nodes["items"].as_array().is_some_and(|nodes| nodes.iter().all(ready))
}
