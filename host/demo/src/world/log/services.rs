//! Logs of what runs, each in the manner of its program.

use jiff::Timestamp;

use super::{Line, Run, mixed, pick, stamp};

const CLIENTS: [&str; 6] =
    ["203.0.113.17", "203.0.113.90", "198.51.100.201", "198.51.100.54", "192.0.2.140", "203.0.113.131"];
const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0",
    "shop-android/8.14.2",
];
const API: [&str; 7] = [
    "GET /api/catalog/items?page=2",
    "GET /api/catalog/items/48211",
    "POST /api/checkout/cart/items",
    "GET /api/checkout/cart",
    "POST /api/payments/authorize",
    "GET /api/search?q=lamp",
    "GET /healthz",
];

/// Requests, and what went wrong upstream: search is never ready, payments come and go.
pub(super) fn api_gateway(run: Run) -> Vec<Line> {
    let opening = run.opening(&[
        (40, "level=info msg=\"api-gateway 5.12.0 starting\" go=go1.25.4"),
        (61, "level=info msg=\"routes loaded\" count=4"),
        (75, "level=info msg=\"listening\" addr=:8080 metrics=:9090"),
    ]);
    run.every(opening, 2_600, |index, at| {
        let (request, id) = (pick(&API, index), format!("{:012x}", mixed(index) & 0xffff_ffff_ffff));
        let client = pick(&CLIENTS, index / 3);
        let milliseconds = 3 + mixed(index + 7) % 60;
        let line = |level: &str, rest: String| format!("ts={} level={level} req={id} {rest}", stamp(at));
        if request.contains("/search") {
            let upstream = "msg=\"no healthy upstream\" upstream=search.production.svc:9200 ready=0/2";
            return line("error", format!("{upstream} client={client} request=\"{request}\" status=503"));
        }
        if request.contains("/payments") && mixed(index) % 3 == 0 {
            let why = "err=\"dial tcp 10.96.201.33:9000: connect: connection refused\"";
            return line("error", format!("msg=\"upstream failed\" upstream=payments {why} retries=2 status=502"));
        }
        if request.contains("/checkout") && mixed(index) % 5 == 0 {
            let slow = 3_000 + mixed(index) % 9;
            return line(
                "warn",
                format!("msg=\"upstream timed out\" upstream=checkout after=3s request=\"{request}\" ms={slow}"),
            );
        }
        line("info", format!("client={client} request=\"{request}\" status=200 ms={milliseconds}"))
    })
}

pub(super) fn nginx(run: Run) -> Vec<Line> {
    let opening = run.opening(&[
        (10, "/docker-entrypoint.sh: Configuration complete; ready for start up"),
        (30, "2026/01/01 00:00:00 [notice] 1#1: start worker processes"),
    ]);
    let opening = opening.into_iter().map(|(at, line)| (at, line.replace("2026/01/01 00:00:00", &nginx_time(at))));
    run.every(opening.collect(), 4_100, |index, at| {
        let path = pick(&["/static/app.css", "/static/app.js", "/static/logo.svg", "/healthz", "/favicon.ico"], index);
        access(index, at, path, if path == "/favicon.ico" { 404 } else { 200 })
    })
}

pub(super) fn ingress(run: Run) -> Vec<Line> {
    run.every(Vec::new(), 3_300, |index, at| {
        let request = pick(&API, index);
        let path = request.split(' ').nth(1).unwrap_or("/");
        access(index, at, path, if request.contains("/search") { 503 } else { 200 })
    })
}

fn access(index: i64, at: Timestamp, path: &str, status: u16) -> String {
    let (client, agent) = (pick(&CLIENTS, index), pick(&AGENTS, index / 2));
    let time = at.strftime("%d/%b/%Y:%H:%M:%S +0000");
    let bytes = 180 + mixed(index) % 24_000;
    format!("{client} - - [{time}] \"GET {path} HTTP/1.1\" {status} {bytes} \"-\" \"{agent}\"")
}

fn nginx_time(at: Timestamp) -> String {
    at.strftime("%Y/%m/%d %H:%M:%S").to_string()
}

pub(super) fn frontend(run: Run) -> Vec<Line> {
    let opening = run.opening(&[
        (402, "{\"level\":\"info\",\"msg\":\"starting shop-frontend\",\"node\":\"v22.20.0\"}"),
        (900, "{\"level\":\"info\",\"msg\":\"listening\",\"port\":3000}"),
    ]);
    run.every(opening, 5_200, |index, at| {
        let page = pick(&["/", "/cart", "/items/48211", "/search?q=lamp", "/account"], index);
        let (level, status) = if page.starts_with("/search") { ("warn", 503) } else { ("info", 200) };
        let ms = 8 + mixed(index) % 90;
        format!(
            "{{\"level\":\"{level}\",\"time\":\"{}\",\"page\":\"{page}\",\"status\":{status},\"ms\":{ms}}}",
            stamp(at)
        )
    })
}

pub(super) fn coredns(run: Run) -> Vec<Line> {
    let opening = run.opening(&[
        (90, ".:53"),
        (91, "[INFO] plugin/reload: Running configuration SHA512 = 591cf328cccc12bc490481273e738df5"),
        (92, "CoreDNS-1.13.1"),
        (92, "linux/amd64, go1.25.2, 1db4568"),
    ]);
    run.every(opening, 41_000, |index, _| {
        let from =
            format!("10.244.{}.{}:{}", 2 + mixed(index) % 2, 10 + mixed(index) % 200, 33_000 + mixed(index) % 9_000);
        match mixed(index) % 4 {
            0 => format!("[ERROR] plugin/errors: 2 books.example. AAAA: read udp {from}->10.20.0.2:53: i/o timeout"),
            1 => "[WARNING] plugin/kubernetes: Kubernetes API connection slow, list took 1.204s".to_owned(),
            2 => format!(
                "[INFO] {from} - {} \"A IN warehouse-db.staging.svc.cluster.local. udp 56\" NXDOMAIN",
                mixed(index) % 60_000
            ),
            _ => format!(
                "[INFO] {from} - {} \"A IN orders-db.production.svc.cluster.local. udp 57\" NOERROR",
                mixed(index) % 60_000
            ),
        }
    })
}

pub(super) fn metrics_server(run: Run) -> Vec<Line> {
    run.every(Vec::new(), 15_000, |index, at| {
        let _ = index;
        let time = at.strftime("%m%d %H:%M:%S%.6f");
        format!(
            "E{time}       1 scraper.go:149] \"Failed to scrape node, timeout to access kubelet\" err=\"Get \
             \\\"https://10.20.0.11:10250/metrics/resource\\\": context deadline exceeded\" node=\"worker-1\""
        )
    })
}

pub(super) fn postgres(run: Run) -> Vec<Line> {
    let time = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M:%S.%3f UTC").to_string();
    run.every(Vec::new(), 300_000, |index, at| {
        let (time, buffers) = (time(at), 900 + mixed(index) % 4_000);
        match index % 4 {
            3 => format!("{time} [{}] ERROR:  canceling statement due to statement timeout", 80 + mixed(index) % 900),
            _ => format!(
                "{time} [27] LOG:  checkpoint complete: wrote {buffers} buffers ({}.1%); write=269.8 s",
                buffers / 164
            ),
        }
    })
}

pub(super) fn redis(run: Run) -> Vec<Line> {
    run.every(Vec::new(), 60_000, |index, at| {
        let time = at.strftime("%d %b %Y %H:%M:%S.%3f");
        match index % 3 {
            0 => format!("1:M {time} * 10000 changes in 60 seconds. Saving..."),
            1 => format!("1:M {time} * Background saving started by pid {}", 20 + index % 30_000),
            _ => format!("1:M {time} * Background saving terminated with success"),
        }
    })
}

/// It recovers the same shard again and again: the probe's 503 has its reason here.
pub(super) fn search(run: Run) -> Vec<Line> {
    run.every(Vec::new(), 10_000, |index, at| {
        let time = stamp(at);
        match index % 4 {
            0 => format!("[{time}][INFO ][o.s.recovery] shard [items][2]: recovering from snapshot 2026.11-full"),
            1 => format!("[{time}][WARN ][o.s.snapshot] file __47: checksum failed, expected 9f2c11aa, found 00000000"),
            2 => format!("[{time}][WARN ][o.s.recovery] shard [items][2]: recovery failed, retrying in 5s"),
            _ => format!("[{time}][INFO ][o.s.health] status red, 5 of 6 shards active: /_health answers 503"),
        }
    })
}

pub(super) fn kube_proxy(run: Run) -> Vec<Line> {
    run.every(Vec::new(), 900_000, |index, at| {
        let time = at.strftime("%m%d %H:%M:%S%.6f");
        format!("I{time}       1 proxier.go:1548] \"Reloading service nftables data\" numServices={}", 18 + index % 2)
    })
}

pub(super) fn wait_for(run: Run) -> Vec<Line> {
    let opening = run.opening(&[(5, "waiting for tcp warehouse-db:5432, for ever, every 5s")]);
    run.every(opening, 5_000, |index, _| format!("attempt {index}: lookup warehouse-db on 10.96.0.10:53: no such host"))
}

/// Any other program.
pub(super) fn anything(run: Run, program: &str, pod: &str) -> Vec<Line> {
    let mut opening = vec![(run.after(20), format!("level=info msg=\"{program} starting\" pod={pod}"))];
    opening.push((run.after(350), format!("level=info msg=\"{program} ready\"")));
    run.every(opening, 20_000, |index, at| {
        let task = pick(&["sync finished", "health reported", "lease renewed", "work item done"], index);
        format!("time={} level=info msg=\"{task}\" ms={}", stamp(at), 2 + mixed(index) % 45)
    })
}
