//! Logs of what ended: a stack trace, last words before the kernel's, a failed export, a task that was done.

use super::{Line, Run, stamp};

/// The release that ends at once: its configuration lacks what it asks for.
pub(super) fn front_end(run: Run) -> Vec<Line> {
    run.opening(&[
        (120, "> shop-frontend@2.5.0-hotfx start"),
        (121, "> node dist/server.js"),
        (
            402,
            "{\"level\":\"info\",\"msg\":\"starting shop-frontend\",\"version\":\"2.5.0-hotfx\",\"node\":\"v22.20.0\"}",
        ),
        (488, "{\"level\":\"info\",\"msg\":\"configuration loaded\",\"source\":\"env\",\"keys\":14}"),
        (611, "{\"level\":\"warn\",\"msg\":\"CART_SERVICE_URL is not set, FEATURE_NEW_CART is on\"}"),
        (702, "{\"level\":\"fatal\",\"msg\":\"cannot create cart client\",\"err\":\"Invalid URL\"}"),
        (703, "/app/dist/clients/cart.js:17"),
        (703, "    this.base = new URL(process.env.CART_SERVICE_URL);"),
        (703, "                ^"),
        (703, ""),
        (704, "TypeError: Invalid URL"),
        (704, "    at new URL (node:internal/url:816:29)"),
        (704, "    at new CartClient (/app/dist/clients/cart.js:17:17)"),
        (704, "    at createClients (/app/dist/clients/index.js:42:11)"),
        (704, "    at async bootstrap (/app/dist/server.js:63:19) {"),
        (704, "  code: 'ERR_INVALID_URL',"),
        (704, "  input: 'undefined'"),
        (704, "}"),
        (705, ""),
        (705, "Node.js v22.20.0"),
    ])
}

/// It loads everything at once, and the kernel ends it: there is no last line that says so.
pub(super) fn out_of_memory(run: Run) -> Vec<Line> {
    let line = |level: &str, at: i64, text: &str| (run.after(at), format!("{} {level:5} {text}", stamp(run.after(at))));
    let mut lines = vec![
        (run.after(300), "Picked up JAVA_TOOL_OPTIONS: -XX:MaxRAMPercentage=90".to_owned()),
        line("INFO", 1_900, "[main] c.s.payments.Application - Starting payments 3.9.2 with PID 1, max heap 460 MiB"),
        line("INFO", 6_400, "[main] c.s.payments.psp.PspClient - Connected to psp.example, 14 ms"),
        line("INFO", 9_100, "[main] c.s.payments.Grpc - Listening on :9000, health on :9001"),
        line(
            "INFO",
            9_800,
            "[ledger] c.s.payments.Ledger - Replaying ledger since the last snapshot, 2,418,113 entries",
        ),
    ];
    let heap = [(14_000, 21, 212), (19_000, 38, 301), (24_000, 55, 377), (29_000, 71, 428), (33_500, 83, 451)];
    lines.extend(heap.map(|(at, percent, used)| {
        line("INFO", at, &format!("[ledger] c.s.payments.Ledger - Replayed {percent}%, heap {used} of 460 MiB"))
    }));
    lines.push(line("WARN", 34_800, "[gc] o.g.Pause - G1 evacuation pause took 1412 ms, heap 458 of 460 MiB"));
    lines.push(line("WARN", 36_900, "[grpc-3] c.s.payments.Authorize - order 1041877 took 2950 ms, deadline 3000 ms"));
    lines.push(line("INFO", 37_600, "[ledger] c.s.payments.Ledger - Allocating index of 96 MiB off heap"));
    lines.into_iter().filter(|(at, _)| *at <= run.until).collect()
}

/// The hourly export of invoices; when it fails, somebody else's server was not there.
pub(super) fn export(run: Run, failed: bool) -> Vec<Line> {
    let mut lines = run.opening(&[
        (200, "level=INFO msg=\"export started\" since=1h0m0s target=sftp://books.example/incoming"),
        (2_400, "level=INFO msg=\"invoices selected\" count=1187"),
    ]);
    if failed {
        lines.extend(run.opening(&[
            (
                12_500,
                "level=WARN msg=\"connect failed, retrying\" attempt=1 err=\"dial tcp 203.0.113.44:22: i/o timeout\"",
            ),
            (
                22_600,
                "level=WARN msg=\"connect failed, retrying\" attempt=2 err=\"dial tcp 203.0.113.44:22: i/o timeout\"",
            ),
            (
                32_700,
                "level=WARN msg=\"connect failed, retrying\" attempt=3 err=\"dial tcp 203.0.113.44:22: i/o timeout\"",
            ),
            (
                36_800,
                "level=ERROR msg=\"export failed\" err=\"books.example is unreachable after 3 attempts\" exported=0",
            ),
        ]));
    } else {
        lines.extend(run.opening(&[
            (9_100, "level=INFO msg=\"uploaded\" file=invoices.csv.gz bytes=88214"),
            (9_300, "level=INFO msg=\"export finished\" exported=1187 duration=9.1s"),
        ]));
    }
    lines
}

/// Anything else that ran to its end.
pub(super) fn task(run: Run, program: &str) -> Vec<Line> {
    let lasted = run.until.duration_since(run.began).as_secs();
    vec![
        (run.after(150), format!("level=INFO msg=\"{program} started\"")),
        (run.after(lasted * 500), format!("level=INFO msg=\"{program} is half way\"")),
        (run.until, format!("level=INFO msg=\"{program} finished\" duration={lasted}s")),
    ]
}
