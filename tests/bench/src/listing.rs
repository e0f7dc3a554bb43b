//! Ten thousand pods of a real API server: through the component, and by a native client, in turn.

use crate::native::Native;
use crate::{GOAL_MEMORY_BYTES, GOAL_RATIO, quantile};
use async_trait::async_trait;
use meho_control_plane::ControlPlane;
use meho_host::approval::NoApprover;
use meho_host::connector::Connector;
use meho_host::credential::TokenFile;
use meho_host::host::{Call, Event, Host, HostSettings};
use meho_host::policy::family::Family;
use meho_host::record::{CallRecord, Recorder, RequestIntent, Usage};
use meho_host::target::{HttpVersions, Target, TargetSettings, Verification};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Nodes that the pods run on, and Deployments that make them.
const NODES: u32 = 110;
const DEPLOYMENTS: u32 = 50;

/// Keeps what the last call used.
#[derive(Default)]
struct LastUsage(Mutex<Usage>);

#[async_trait]
impl Recorder for LastUsage {
    async fn intent(&self, _: &RequestIntent) -> Result<(), String> {
        Ok(())
    }

    async fn call(&self, record: CallRecord) -> Result<(), String> {
        *self.0.lock().expect("not poisoned") = record.usage;
        Ok(())
    }
}

struct Component {
    host: Host,
    connector: Arc<Connector>,
    target: Target,
    usage: Arc<LastUsage>,
}

impl Component {
    async fn new(cluster: &ControlPlane, http: HttpVersions) -> Self {
        let usage = Arc::new(LastUsage::default());
        let host = Host::new(HostSettings { recorder: usage.clone(), ..HostSettings::default() }).expect("an engine");
        let connector = host.load(meho_artifacts::KUBERNETES.to_vec()).await.expect("the connector");
        let mut settings = TargetSettings::new("bench", cluster.server_url(), Family::Kubernetes);
        settings.verification = Verification::ca(cluster.ca_pem().as_bytes()).expect("the CA");
        settings.http = http;
        let credentials = Arc::new(TokenFile::new(cluster.admin_token_file().to_owned(), None));
        let target = Target::new(settings, credentials).expect("a target");
        Self { host, connector, target, usage }
    }

    /// All pods as rows. Gives their count.
    async fn list(&self) -> usize {
        let call = Call {
            operation: "list_pods".to_owned(),
            arguments: serde_json::Map::new(),
            principal: "bench".to_owned(),
            timeout: Some(Duration::from_secs(120)),
            note: serde_json::Value::Null,
        };
        let mut stream = self.host.call(&self.connector, &self.target, call, Arc::new(NoApprover));
        let mut count = 0;
        while let Some(event) = stream.next().await {
            match event {
                Event::Rows(batch) => count += batch.len(),
                Event::End(ended) => assert!(ended.expect("the list ends well").meta.complete),
            }
        }
        count
    }
}

/// Prints the bench.
pub(crate) fn bench(runtime: &Runtime, pods: u32, rounds: usize) -> Result<(), String> {
    let cluster = ControlPlane::shared().map_err(|why| why.explain())?;
    println!("{pods} pods on {NODES} nodes: making them …");
    let started = Instant::now();
    let made = cluster.many_pods(pods, NODES, DEPLOYMENTS).map_err(|error| error.to_string())?;
    println!("  made in {:.0} s", started.elapsed().as_secs_f64());
    runtime.block_on(compare(&cluster, pods, rounds));
    drop(made);
    Ok(())
}

async fn compare(cluster: &ControlPlane, pods: u32, rounds: usize) {
    let native = Native::new(cluster.server_url(), cluster.admin_token(), cluster.ca_pem());
    let http1 = Component::new(cluster, HttpVersions::Http1).await;
    let http2 = Component::new(cluster, HttpVersions::Any).await;
    let mut times: [Vec<f64>; 3] = Default::default();
    for round in 0..=rounds {
        // The order turns, so that no side always comes after the same other.
        for turn in 0..3 {
            let side = (turn + round) % 3;
            let started = Instant::now();
            let count = match side {
                0 => native.list().await.0,
                1 => http1.list().await,
                _ => http2.list().await,
            };
            let took = started.elapsed().as_secs_f64();
            assert!(count >= pods as usize, "side {side} found {count} pods");
            // The first round warms connections and the server's caches.
            if round > 0 {
                times[side].push(took);
            }
        }
    }
    let peak = http1
        .usage
        .0
        .lock()
        .expect("not poisoned")
        .peak_memory_bytes
        .max(http2.usage.0.lock().expect("not poisoned").peak_memory_bytes);
    println!("{pods} pods, {rounds} rounds, seconds (min / median / max):");
    for (name, side) in [("native, one page after another", 0), ("component, HTTP/1.1", 1), ("component, HTTP/2", 2)] {
        let mut sorted = times[side].clone();
        sorted.sort_by(f64::total_cmp);
        println!("  {name:<32} {:.3} / {:.3} / {:.3}", sorted[0], quantile(&sorted, 0.5), sorted[sorted.len() - 1]);
    }
    for (name, side) in [("HTTP/1.1", 1), ("HTTP/2", 2)] {
        let mut ratios: Vec<f64> =
            times[side].iter().zip(&times[0]).map(|(component, native)| component / native).collect();
        ratios.sort_by(f64::total_cmp);
        println!(
            "  ratio {name} to native, round by round: {:.2} / {:.2} / {:.2}   (goal {GOAL_RATIO})",
            ratios[0],
            quantile(&ratios, 0.5),
            ratios[ratios.len() - 1]
        );
    }
    println!("  peak guest memory {peak} bytes   (goal {GOAL_MEMORY_BYTES})");
}
