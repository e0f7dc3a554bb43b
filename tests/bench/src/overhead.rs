//! What a call costs when nothing is sent: arguments checked, authority compiled, a fresh instance, the guest's answer taken apart, the instance
//! dropped.

use crate::{GOAL_P50_MICROS, GOAL_P99_MICROS, quantile};
use meho_host::approval::NoApprover;
use meho_host::credential::FixedCredential;
use meho_host::error::ErrorCode;
use meho_host::host::{Call, Host, HostSettings};
use meho_host::policy::family::Family;
use meho_host::target::{Target, TargetSettings};
use serde_json::json;
use std::sync::Arc;
use std::time::Instant;
use tokio::runtime::Runtime;

const WARM_UP: usize = 2_000;
const CALLS: usize = 20_000;

/// Prints the bench.
pub(crate) fn bench(runtime: &Runtime) {
    let mut micros = runtime.block_on(async {
        let host = Host::new(HostSettings::default()).expect("an engine");
        let connector = host.load(meho_artifacts::KUBERNETES.to_vec()).await.expect("the connector");
        let credential = FixedCredential::new("bench", None, None).expect("no credential");
        let settings = TargetSettings::new("nowhere", "https://127.0.0.1:1", Family::Kubernetes);
        let target = Target::new(settings, Arc::new(credential)).expect("a target");
        // Two arguments that the connector itself refuses together: the guest runs and answers, and sends nothing.
        let arguments = json!({"name": "web-0", "namespace": "production", "since_seconds": 60, "since_time": "2026-01-02T03:04:05Z"});
        let arguments = arguments.as_object().expect("an object").clone();
        let mut micros = Vec::with_capacity(CALLS);
        for number in 0..WARM_UP + CALLS {
            let call = Call { operation: "get_pod_logs".to_owned(), arguments: arguments.clone(), principal: "bench".to_owned(), timeout: None, note: serde_json::Value::Null };
            let started = Instant::now();
            let ended = host.call(&connector, &target, call, Arc::new(NoApprover)).collect().await;
            let took = started.elapsed();
            assert_eq!(ended.expect_err("refused by the connector").code, ErrorCode::InvalidRequest);
            if number >= WARM_UP {
                micros.push(took.as_secs_f64() * 1e6);
            }
        }
        micros
    });
    micros.sort_by(f64::total_cmp);
    let (p50, p99) = (quantile(&micros, 0.5), quantile(&micros, 0.99));
    println!("one call without network, {CALLS} calls one after another:");
    println!("  p50 {p50:>7.1} µs   (goal {GOAL_P50_MICROS} µs)");
    println!("  p99 {p99:>7.1} µs   (goal {GOAL_P99_MICROS} µs)");
}
