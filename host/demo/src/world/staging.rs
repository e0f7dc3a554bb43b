//! The namespace `staging`: the same shop, smaller, a release ahead.

use super::cluster::{Cluster, DAY, EVICTED, HOUR, MINUTE};
use super::production;
use super::template::{Container, Template};
use super::workload::{Deployment, as_is, evicted, on, steady};
use crate::controllers::fate::WAITS_FOR_EVER;
use crate::controllers::pod_status::{End, State};

pub(super) const NAMESPACE: &str = "staging";
/// How long ago the reports were rolled out that never begin.
pub(super) const STUCK: i64 = 95 * MINUTE;

pub(super) fn add(cluster: &mut Cluster) {
    cluster.deployment(steady(NAMESPACE, "nginx", 88 * DAY, production::nginx(), vec![on("worker-3", 16 * DAY)]));
    let frontend = app("frontend", "2.5.0-rc.2", 3000);
    cluster.deployment(steady(NAMESPACE, "frontend", 88 * DAY, frontend, vec![on("worker-02", 3 * DAY)]));
    let gateway = app("api-gateway", "5.13.0-rc.1", 8080);
    cluster.deployment(steady(
        NAMESPACE,
        "api-gateway",
        88 * DAY,
        gateway,
        vec![on("worker-02", EVICTED), evicted(5 * DAY)],
    ));
    let ended = End { reason: "Error", code: 2, ran: 11 * HOUR, ago: 7 * HOUR };
    let payments = vec![as_is("worker-3", 2 * DAY, State::Restarted { restarts: 1, end: ended })];
    cluster.deployment(steady(NAMESPACE, "payments", 88 * DAY, app("payments", "3.9.3", 9000), payments));
    cluster.deployment(steady(
        NAMESPACE,
        "catalog",
        74 * DAY,
        app("catalog", "2.9.0", 8080),
        vec![on("worker-3", 2 * DAY)],
    ));
    // It waits for a database that staging does not have.
    let wait = Container::new("wait-for-warehouse", WAITS_FOR_EVER).args(&["--tcp", "warehouse-db:5432"]);
    cluster.deployment(Deployment {
        progress: ("ProgressDeadlineExceeded", STUCK - 10 * MINUTE),
        availability: (false, STUCK),
        ..steady(
            NAMESPACE,
            "reports",
            STUCK,
            app("reports", "0.10.0", 8080).init(wait),
            vec![as_is("worker-02", STUCK, State::Initializing)],
        )
    });
    let redis = Container::new("redis", "docker.io/library/redis:8.2.1").port("redis", 6379).requests("50m", "128Mi");
    cluster.stateful_set(NAMESPACE, "cache", 88 * DAY, &Template::of("cache", redis), &[], &[on("worker-3", 16 * DAY)]);
    super::jobs::add_staging(cluster);
}

fn app(name: &str, version: &str, port: u16) -> Template {
    let container = Container::new(name, &format!("registry.shop.example/shop/{name}:{version}"))
        .port("http", port)
        .requests("50m", "128Mi")
        .memory_limit("512Mi");
    Template::of(name, container)
}
