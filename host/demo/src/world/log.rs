//! What containers have written. A log follows from the container and the time alone: asked again a second later, it is the
//! same one, perhaps with a line more.

mod crashes;
mod services;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::controllers::fate::{BAD_FRONTEND, HUNGRY_PAYMENTS, UNREADY_SEARCH};
use crate::controllers::read::{list, text};
use crate::time::parse;

/// One line, and when it was written.
pub(crate) type Line = (Timestamp, String);

/// More lines than this are not kept, as where a log is rotated.
const KEPT: i64 = 400;

/// One run of a container: when it began, and when it ended, or what time it is.
#[derive(Debug, Clone, Copy)]
struct Run {
    began: Timestamp,
    until: Timestamp,
    ended: bool,
}

/// The log of a container, as lines with the time at which each was written; none where it has written nothing.
///
/// `previous` asks for the run before the present one.
pub(crate) fn log(pod: &Value, container: &str, previous: bool, now: Timestamp) -> Vec<Line> {
    let Some(status) = status_of(pod, container) else { return Vec::new() };
    let Some(run) = run_of(status, previous, now) else { return Vec::new() };
    let image = text(status, "/image");
    let name = pod.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    if image == BAD_FRONTEND {
        return crashes::front_end(run);
    }
    if image == HUNGRY_PAYMENTS {
        return crashes::out_of_memory(run);
    }
    let repository = image.rsplit('/').next().unwrap_or_default();
    let program = repository.split(':').next().unwrap_or_default();
    let kept = match program {
        "api-gateway" => services::api_gateway(run),
        "nginx" => services::nginx(run),
        "frontend" => services::frontend(run),
        "controller" => services::ingress(run),
        "coredns" => services::coredns(run),
        "metrics-server" => services::metrics_server(run),
        "postgres" => services::postgres(run),
        "redis" => services::redis(run),
        "search" if image == UNREADY_SEARCH => services::search(run),
        "kube-proxy" => services::kube_proxy(run),
        "wait-for" => services::wait_for(run),
        "invoices" => crashes::export(run, text(status, "/state/terminated/reason") == "Error"),
        _ if run.ended => crashes::task(run, program),
        _ => services::anything(run, program, name),
    };
    kept.into_iter().filter(|(at, _)| *at <= run.until).collect()
}

fn status_of<'a>(pod: &'a Value, container: &str) -> Option<&'a Value> {
    let kinds = ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"];
    let mut all = kinds.into_iter().flat_map(|kind| list(pod, &format!("/status/{kind}")));
    all.find(|status| text(status, "/name") == container)
}

/// The run whose log is asked for. While a container waits for its next run, its last one is the present one.
fn run_of(status: &Value, previous: bool, now: Timestamp) -> Option<Run> {
    let moment = |pointer: &str| parse(text(status, pointer));
    let ended = |at: &str| {
        let (began, until) = (moment(&format!("{at}/startedAt"))?, moment(&format!("{at}/finishedAt"))?);
        Some(Run { began, until, ended: true })
    };
    let running = moment("/state/running/startedAt").map(|began| Run { began, until: now, ended: false });
    let last = ended("/lastState/terminated");
    match (previous, running.or_else(|| ended("/state/terminated"))) {
        (true, _) => last,
        (false, Some(present)) => Some(present),
        (false, None) => last,
    }
}

impl Run {
    /// Lines at times counted from the beginning, in milliseconds.
    fn opening(self, lines: &[(i64, &str)]) -> Vec<Line> {
        lines.iter().map(|(after, line)| (self.after(*after), (*line).to_owned())).collect()
    }

    fn after(self, milliseconds: i64) -> Timestamp {
        self.began + SignedDuration::from_millis(milliseconds)
    }

    /// A line every so many milliseconds, as long as it runs; only the latest are kept, and then the opening is gone too.
    fn every(self, opening: Vec<Line>, interval: i64, line: impl Fn(i64, Timestamp) -> String) -> Vec<Line> {
        let lasted = self.until.duration_since(self.began).as_millis() as i64;
        let count = lasted / interval;
        let from = (count - KEPT).max(0);
        let mut lines = if from == 0 { opening } else { Vec::new() };
        for index in (from + 1)..=count {
            // Not on the beat, but always at the same moment.
            let jitter = mixed(index) % (interval * 7 / 10).max(1);
            let at = self.after(index * interval + jitter);
            if at <= self.until {
                lines.push((at, line(index, at)));
            }
        }
        lines
    }
}

/// A number that looks like chance and is none.
fn mixed(index: i64) -> i64 {
    let mixed = (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ (mixed >> 29)) >> 8) as i64
}

/// One of several, by such a number.
fn pick<'a>(from: &[&'a str], index: i64) -> &'a str {
    from.get((mixed(index) as usize) % from.len().max(1)).copied().unwrap_or_default()
}

/// `2026-01-02T03:04:05.678Z`.
fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
