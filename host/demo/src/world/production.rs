//! The namespace `production`: a shop, and what is wrong with it.

use serde_json::json;

use super::cluster::{Cluster, DAY, EVICTED, HOUR, LOST_NODE, MINUTE, NOTICED};
use super::template::{Container, Template};
use super::workload::{Deployment, Set, as_is, evicted, on, steady, waiting};
use crate::controllers::fate::{BAD_FRONTEND, HUNGRY_PAYMENTS, UNREADY_SEARCH, not_found};
use crate::controllers::pod_status::{End, State};

pub(super) const NAMESPACE: &str = "production";

/// Why the second checkout pod has no node. The first machine is lost, the others have not that much memory left.
pub(super) const NO_MEMORY: &str = "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient memory. no \
    new claims to deallocate, preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No \
    preemption victims found for incoming pod.";
/// Why the third database has none.
pub(super) const NO_VOLUME: &str =
    "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found";

/// How long ago the bad front end was rolled out, and how long ago its deadline passed.
pub(super) const BAD_ROLLOUT: i64 = 47 * MINUTE;
pub(super) const BAD_ROLLOUT_LATE: i64 = BAD_ROLLOUT - 10 * MINUTE;

pub(super) fn add(cluster: &mut Cluster) {
    cluster.deployment(steady(
        NAMESPACE,
        "nginx",
        88 * DAY,
        nginx(),
        vec![on("worker-02", 31 * DAY), on("worker-3", 31 * DAY + 12), on("worker-02", 9 * DAY)],
    ));
    cluster.deployment(frontend());
    cluster.deployment(steady(NAMESPACE, "api-gateway", 120 * DAY, api_gateway(), vec![on("worker-3", 6 * DAY)]));
    cluster.deployment(payments());
    cluster.deployment(checkout());
    cluster.deployment(steady(
        NAMESPACE,
        "catalog",
        74 * DAY,
        catalog(),
        vec![on("worker-3", 12 * DAY), on("worker-02", EVICTED), evicted(12 * DAY)],
    ));
    cluster.deployment(steady(
        NAMESPACE,
        "order-worker",
        74 * DAY,
        order_worker(),
        vec![on("worker-02", 3 * DAY), on("worker-3", EVICTED), evicted(3 * DAY)],
    ));
    cluster.deployment(steady(NAMESPACE, "reports", 40 * DAY, reports(), vec![on("worker-02", 17 * DAY)]));
    cluster.deployment(Deployment {
        availability: (false, 26 * HOUR),
        ..steady(
            NAMESPACE,
            "search",
            52 * DAY,
            search(),
            vec![as_is("worker-3", 26 * HOUR, State::Unready), as_is("worker-3", 26 * HOUR + 4, State::Unready)],
        )
    });
    stateful_sets(cluster);
    super::jobs::add_production(cluster);
}

fn shop(name: &str, version: &str) -> Container {
    Container::new(name, &format!("registry.shop.example/shop/{name}:{version}"))
}

pub(super) fn nginx() -> Template {
    let nginx = Container::new("nginx", "docker.io/library/nginx:1.29.3")
        .port("http", 80)
        .requests("100m", "64Mi")
        .limits("500m", "128Mi")
        .probed("/healthz", "http")
        .mounts("config", "/etc/nginx/conf.d");
    Template::of("nginx", nginx).label("tier", "edge").config_volume("config", "nginx-config")
}

fn frontend_of(image: &str) -> Template {
    let frontend = Container::new("frontend", image)
        .port("http", 3000)
        .env_from("frontend-config")
        .env_of_secret("SESSION_KEY", "frontend-session", "key")
        .requests("200m", "256Mi")
        .limits("1", "512Mi")
        .probed("/ready", "http");
    Template::of("frontend", frontend).label("tier", "web")
}

/// Four replicas. The new ReplicaSet never gets anywhere: where the image is at hand it ends at once, elsewhere there is none.
fn frontend() -> Deployment {
    let crash = End { reason: "Error", code: 1, ran: 1, ago: 3 * MINUTE + 20 };
    Deployment {
        namespace: NAMESPACE,
        name: "frontend",
        age: 120 * DAY,
        replicas: 4,
        sets: vec![
            Set {
                template: frontend_of("registry.shop.example/shop/frontend:2.4.6"),
                revision: 21,
                age: 34 * DAY,
                replicas: 0,
                pods: vec![],
            },
            Set {
                template: frontend_of("registry.shop.example/shop/frontend:2.4.7"),
                revision: 22,
                age: 8 * DAY,
                replicas: 3,
                pods: vec![
                    on("worker-02", 8 * DAY),
                    on("worker-3", 8 * DAY - 20),
                    on("worker-02", EVICTED),
                    evicted(8 * DAY - 41),
                ],
            },
            Set {
                template: frontend_of(BAD_FRONTEND),
                revision: 23,
                age: BAD_ROLLOUT,
                replicas: 2,
                pods: vec![
                    as_is("worker-3", BAD_ROLLOUT, State::Crashing { restarts: 13, end: crash }),
                    as_is("worker-02", BAD_ROLLOUT, State::CannotPull { why: not_found(BAD_FRONTEND) }),
                ],
            },
        ],
        progress: ("ProgressDeadlineExceeded", BAD_ROLLOUT_LATE),
        availability: (true, EVICTED - 12),
    }
}

fn api_gateway() -> Template {
    let gateway = shop("api-gateway", "5.12.0")
        .port("http", 8080)
        .port("metrics", 9090)
        .env("LOG_FORMAT", "text")
        .env("UPSTREAM_TIMEOUT", "3s")
        .env_from("api-gateway-routes")
        .requests("250m", "256Mi")
        .limits("2", "512Mi")
        .probed("/healthz", "http");
    Template::of("api-gateway", gateway)
        .label("tier", "edge")
        .annotation("prometheus.io/scrape", "true")
        .annotation("prometheus.io/port", "9090")
        .account("api-gateway")
}

/// Both run out of memory now and then; one of them at every start.
fn payments() -> Deployment {
    let payments = Container::new("payments", HUNGRY_PAYMENTS)
        .port("grpc", 9000)
        .port("health", 9001)
        .env("JAVA_TOOL_OPTIONS", "-XX:MaxRAMPercentage=90")
        .env_of_secret("PSP_API_KEY", "payments-psp", "api-key")
        .requests("500m", "512Mi")
        .limits("1", "512Mi")
        .probed("/health", "health");
    let killed = |ran, ago| End { reason: "OOMKilled", code: 137, ran, ago };
    Deployment {
        availability: (false, 17 * MINUTE),
        ..steady(
            NAMESPACE,
            "payments",
            120 * DAY,
            Template::of("payments", payments).label("tier", "backend"),
            vec![
                as_is("worker-02", 2 * DAY, State::Crashing { restarts: 7, end: killed(38, 2 * MINUTE + 10) }),
                as_is("worker-3", 2 * DAY - 9, State::Restarted { restarts: 2, end: killed(7 * HOUR, 5 * HOUR) }),
            ],
        )
    }
}

/// One was on the lost machine; its successor finds no room.
fn checkout() -> Deployment {
    let checkout = shop("checkout", "1.31.4")
        .port("http", 8080)
        .env_of_secret("DATABASE_URL", "orders-db", "url")
        .requests("1", "8Gi")
        .limits("4", "8Gi")
        .probed("/healthz", "http");
    Deployment {
        availability: (false, NOTICED),
        ..steady(
            NAMESPACE,
            "checkout",
            96 * DAY,
            Template::of("checkout", checkout).label("tier", "backend"),
            vec![on("worker-02", 19 * DAY), waiting(EVICTED, NO_MEMORY), evicted(19 * DAY)],
        )
    }
}

fn catalog() -> Template {
    let catalog = shop("catalog", "2.8.1")
        .port("http", 8080)
        .env_of_secret("DATABASE_URL", "orders-db", "url")
        .requests("200m", "256Mi")
        .limits("1", "512Mi")
        .probed("/healthz", "http");
    let metrics = Container::new("metrics", "registry.shop.example/platform/statsd-exporter:0.28.0")
        .port("metrics", 9102)
        .requests("10m", "32Mi")
        .memory_limit("64Mi");
    Template::of("catalog", catalog)
        .and(metrics)
        .label("tier", "backend")
        .annotation("kubectl.kubernetes.io/default-container", "catalog")
}

fn order_worker() -> Template {
    let worker = shop("order-worker", "1.31.4")
        .args(&["consume", "--queue=orders", "--concurrency=8"])
        .env_of_secret("AMQP_URL", "order-queue", "url")
        .requests("200m", "256Mi")
        .limits("1", "1Gi");
    Template::of("order-worker", worker).label("tier", "backend").grace(120)
}

fn reports() -> Template {
    let reports = shop("reports", "0.9.3")
        .port("http", 8080)
        .requests("100m", "128Mi")
        .memory_limit("256Mi")
        .mounts("uploads", "/var/lib/reports");
    Template::of("reports", reports).label("tier", "backend").claim_volume("uploads", "uploads")
}

/// Its readiness probe answers 503 for as long as the index is not whole.
fn search() -> Template {
    let search = Container::new("search", UNREADY_SEARCH)
        .port("http", 9200)
        .requests("250m", "2Gi")
        .limits("1", "3Gi")
        .ready_at("/_health", "http")
        .mounts("index", "/var/lib/search");
    Template::of("search", search).label("tier", "backend").empty_volume("index")
}

fn stateful_sets(cluster: &mut Cluster) {
    let postgres = Container::new("postgres", "docker.io/library/postgres:17.6")
        .port("postgres", 5432)
        .env("PGDATA", "/var/lib/postgresql/data/pgdata")
        .env_of_secret("POSTGRES_PASSWORD", "orders-db", "password")
        .requests("500m", "2Gi")
        .limits("2", "3Gi")
        .mounts("data", "/var/lib/postgresql/data");
    let database = Template::of("orders-db", postgres).label("tier", "data").grace(60);
    let claim = json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": { "name": "data" },
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": { "requests": { "storage": "50Gi" } },
            "storageClassName": "fast-ssd",
            "volumeMode": "Filesystem",
        },
        "status": { "phase": "Pending" },
    });
    cluster.stateful_set(
        NAMESPACE,
        "orders-db",
        63 * DAY,
        &database,
        &[claim],
        &[on("worker-02", 63 * DAY), on("worker-3", 63 * DAY - 40), waiting(4 * HOUR, NO_VOLUME)],
    );
    let redis = Container::new("redis", "docker.io/library/redis:8.2.1")
        .port("redis", 6379)
        .args(&["--maxmemory", "384mb", "--maxmemory-policy", "allkeys-lru"])
        .requests("100m", "512Mi")
        .memory_limit("512Mi");
    // A cache that moves is an empty one, so it waits two hours for its machine.
    let cache = Template::of("cache", redis)
        .label("tier", "data")
        .tolerates("node.kubernetes.io/unreachable", "NoExecute", Some(7200))
        .tolerates("node.kubernetes.io/not-ready", "NoExecute", Some(7200));
    cluster.stateful_set(
        NAMESPACE,
        "cache",
        88 * DAY,
        &cache,
        &[],
        &[on("worker-02", 44 * DAY), on(LOST_NODE, 44 * DAY - 30), on("worker-3", 44 * DAY - 60)],
    );
}
