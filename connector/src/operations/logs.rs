//! `get_pod_logs`: what a container wrote.

use crate::api::{Address, Reads};
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::Outcome;
use crate::bindings::meho::connector::effects::{Effect, Form};
use crate::bindings::meho::connector::failures::Failure;
use crate::effects::{ANYTHING, argument, name_found_by, object, observed, place, read, search, subresource};
use crate::failure::{in_a_line, invalid_argument, unreadable};
use crate::http::Body;
use crate::kinds::pod::PODS;
use crate::node::Shape::{List, Object, Pairs, Text};
use crate::node::{Node, Shape};
use crate::operation::{Notes, Operation, Read, Returns};
use crate::operations::lookup::{find, longer_name};
use crate::row::Row;
use std::borrow::Cow;

/// Most bytes of a log, where the caller sets no other bound.
const MAX_BYTES: usize = 1 << 20;
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// Reads what a container wrote.
pub struct GetPodLogs;

/// The pod is read, where it may be, to know its containers; without that right the server picks the only one, or says which there are.
pub(crate) fn effects() -> Vec<Effect> {
    let containers = vec![
        place("get", "/metadata/annotations/kubectl.kubernetes.io~1default-container", Form::Name),
        place("get", "/spec/containers/*/name", Form::Name),
    ];
    let log = |id: &str| {
        read(id, subresource(&PODS, name_found_by(&["search"]), "log"))
            .accept(ANYTHING)
            .query("tailLines", vec![argument("tail_lines")])
            .query("sinceSeconds", vec![argument("since_seconds")])
            .query("sinceTime", vec![argument("since_time")])
            .query("previous", vec![argument("previous")])
            .query("timestamps", vec![argument("timestamps")])
            .series(2)
    };
    vec![
        read("get", object(&PODS, name_found_by(&["search"]))).series(2).optional(),
        search("search", &PODS, &["get", "log-of-container", "log"]),
        log("log-of-container").query("container", vec![argument("container")]).given("container"),
        log("log").may_query("container", vec![observed(containers)]).absent("container"),
    ]
}

/// What a container wrote.
#[derive(Default)]
struct PodLogs<'l> {
    /// The pod that was read.
    pod: &'l str,
    namespace: &'l str,
    /// The container that was read; none where the pod could not be, and the server chose the only one.
    container: Option<&'l str>,
    logs: Cow<'l, str>,
    tail_lines: i64,
    truncated: bool,
    invalid_utf8: bool,
}

impl PodLogs<'_> {
    fn members(&self, row: &mut Row<'_>) {
        row.text("pod", self.pod);
        row.text("namespace", self.namespace);
        row.text_or_null("container", self.container);
        row.untrusted_text("logs", &self.logs);
        row.int("tail_lines", self.tail_lines);
        row.int("line_count", i64::try_from(self.logs.lines().count()).unwrap_or(i64::MAX));
        // Older lines were left out because there were more than `limit_bytes`.
        row.flag("truncated", self.truncated);
        row.flag("invalid_utf8", self.invalid_utf8);
    }
}

impl Operation for GetPodLogs {
    const RETURNS: Returns = Returns::Object;

    fn members(row: &mut Row<'_>) {
        PodLogs::default().members(row);
    }
}

impl Read for GetPodLogs {
    fn run(api: &Reads, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        if arguments.number("since_seconds").is_some() && arguments.text("since_time").is_some() {
            let message = "since_time: not together with since_seconds".to_owned();
            return Err(invalid_argument("since_time", message, Vec::new()));
        }
        let (name, namespace) = (arguments.required("name"), arguments.required("namespace"));
        let mut notes = Notes::default();
        let (mut pod, container) = match find(api, PODS, Some(namespace), name) {
            Ok(found) => {
                let container = resolve(&found.bytes, arguments.text("container"))?;
                (found.name, Some(container))
            }
            Err(failure @ Failure::PermissionDenied(_)) => {
                notes.lost(format!("the pod itself could not be read, only its logs: {}", in_a_line(&failure)));
                (name.to_owned(), arguments.text("container").map(str::to_owned))
            }
            Err(failure) => return Err(failure),
        };
        let log = match ask(api, arguments, &pod, container.as_deref()) {
            Err(Failure::NotFound(missing)) if pod == name => {
                pod = longer_name(api, PODS, Some(namespace), name, missing)?;
                ask(api, arguments, &pod, container.as_deref())?
            }
            log => log?,
        };
        let limit_bytes =
            arguments.number("limit_bytes").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MAX_BYTES);
        let tail = match log {
            Log::Text(body) => Tail::read(body, limit_bytes)?,
            Log::Nothing(why) => {
                notes.warn(why);
                Tail::default()
            }
        };
        let logs = String::from_utf8_lossy(&tail.kept);
        let result = PodLogs {
            pod: &pod,
            namespace,
            container: container.as_deref(),
            tail_lines: arguments.number("tail_lines").and_then(|lines| i64::try_from(lines).ok()).unwrap_or_default(),
            truncated: tail.cut,
            invalid_utf8: matches!(logs, Cow::Owned(_)),
            logs,
        };
        if tail.cut {
            let kept = tail.kept.len();
            notes.warn(format!(
                "there were {} bytes: the newest {kept} are shown, from the start of a line",
                tail.total_bytes
            ));
        }
        if result.invalid_utf8 {
            notes.warn("bytes that are not UTF-8 were replaced".to_owned());
        }
        Ok(notes.object(|row| result.members(row)))
    }
}

enum Log {
    Text(Body),
    /// There is none, and why: a fact about the pod, not a failure.
    Nothing(String),
}

fn ask(api: &Reads, arguments: &Arguments<'_>, pod: &str, container: Option<&str>) -> Result<Log, Failure> {
    let address = Address { resource: PODS, namespace: arguments.text("namespace"), name: pod };
    let number = |name: &str| arguments.number(name).map(|number| number.to_string());
    let optional = [
        ("container", container.map(str::to_owned)),
        ("tailLines", number("tail_lines")),
        ("sinceSeconds", number("since_seconds")),
        ("sinceTime", arguments.text("since_time").map(str::to_owned)),
    ];
    let mut query = vec![
        ("previous", arguments.flag("previous").to_string()),
        ("timestamps", arguments.flag("timestamps").to_string()),
    ];
    query.extend(optional.into_iter().filter_map(|(key, value)| Some((key, value?))));
    let answer = api.get_subresource(address, "log", &query, ANYTHING).any_answer()?;
    match answer.status {
        200 => Ok(Log::Text(answer.body)),
        204 => Ok(Log::Nothing("the pod is not scheduled to a node yet: there are no logs".to_owned())),
        _ => match crate::failure::of_answer(answer, &address.subject("get", "log")) {
            Failure::InvalidRequest(refusal) if is_fact(&refusal.problem.message) => {
                Ok(Log::Nothing(refusal.problem.message))
            }
            failure => Err(failure),
        },
    }
}

/// The server's two ways to say that there is nothing to read yet, or not any more.
fn is_fact(message: &str) -> bool {
    message.contains(" is waiting to start")
        || (message.contains("previous terminated container") && message.ends_with("not found"))
}

const NAMED: Shape = List(&Object(&[("name", Text)]));
const CONTAINERS: &Shape = &Object(&[
    ("metadata", Object(&[("annotations", Pairs)])),
    ("spec", Object(&[("containers", NAMED), ("initContainers", NAMED), ("ephemeralContainers", NAMED)])),
]);

/// Which container is meant: the one given, the annotated default, or the only one.
fn resolve(pod: &[u8], given: Option<&str>) -> Result<String, Failure> {
    let pod = Node::parse(CONTAINERS, pod).map_err(|error| unreadable("a pod", &error.to_string()))?;
    let (metadata, spec) = (pod.part("metadata"), pod.part("spec"));
    let named = |list: &str| {
        spec.items(list).iter().filter_map(|container| container.filled("name")).map(str::to_owned).collect()
    };
    let containers: Vec<String> = named("containers");
    let all = || {
        let (init, ephemeral): (Vec<String>, Vec<String>) = (named("initContainers"), named("ephemeralContainers"));
        [containers.clone(), init, ephemeral].concat()
    };
    if let Some(given) = given {
        let all = all();
        if all.iter().any(|known| known == given) {
            return Ok(given.to_owned());
        }
        return Err(invalid_argument("container", format!("container: the pod has no container {given}"), all));
    }
    let default =
        metadata.pair("annotations", DEFAULT_CONTAINER).filter(|default| all().iter().any(|known| known == default));
    match (default, containers.as_slice()) {
        (Some(default), _) => Ok(default.to_owned()),
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(invalid_argument("container", "container: the pod has several, say which".to_owned(), all())),
    }
}

/// The newest bytes of a log, from the start of a line.
#[derive(Default)]
struct Tail {
    kept: Vec<u8>,
    total_bytes: u64,
    cut: bool,
}

impl Tail {
    /// Memory stays under twice the limit and one read, however long the log is.
    fn read(mut body: Body, limit_bytes: usize) -> Result<Self, Failure> {
        let mut tail = Self::default();
        while let Some(bytes) = body.read()? {
            tail.total_bytes += bytes.len() as u64;
            tail.kept.extend_from_slice(&bytes);
            if tail.kept.len() > 2 * limit_bytes {
                tail.shorten(limit_bytes);
            }
        }
        tail.finish(limit_bytes);
        Ok(tail)
    }

    /// Drops what cannot belong to the newest bytes any more, and keeps the byte before them: it tells whether a line begins there.
    fn shorten(&mut self, limit_bytes: usize) {
        let surplus = self.kept.len() - limit_bytes - 1;
        self.kept.drain(..surplus);
        self.cut = true;
    }

    fn finish(&mut self, limit_bytes: usize) {
        if self.kept.len() <= limit_bytes {
            return;
        }
        self.cut = true;
        let from = self.kept.len() - limit_bytes;
        // The first line border at or after the cut; a line longer than the limit keeps its end.
        let border = self.kept[from - 1..self.kept.len() - 1].iter().position(|byte| *byte == b'\n');
        self.kept.drain(..border.map_or(from, |border| from + border));
    }
}
