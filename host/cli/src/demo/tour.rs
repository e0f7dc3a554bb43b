//! The demo as a person sees it: each question, the command that asks it, the answer, and what left the host for it.

use crate::arguments::{NAMESPACE, typed};
use crate::demo::intruder::{self, Attempt};
use crate::demo::questions::{QUESTIONS, Question, Step};
use crate::demo::records::Records;
use crate::filter::{Condition, Filter};
use crate::output::{About, Format, Printer, SAYS};
use crate::{prompt, terminal};
use async_trait::async_trait;
use meho_demo::Demo;
use meho_host::approval::{Approver, Verdict};
use meho_host::call::AnswerMeta;
use meho_host::connector::Connector;
use meho_host::error::CallError;
use meho_host::host::{Call, Host, HostSettings};
use meho_host::policy::column::Column;
use meho_host::policy::effect::Trust;
use meho_host::policy::plan::{Approval, Confirmation, Digest, Plan};
use meho_host::record::{Ending, Origin, RequestRecord};
use meho_host::target::Target;
use meho_host_cli::paint::Tone;
use meho_host_cli::sheet::Lists;
use meho_host_cli::table::Namespaces;
use meho_host_cli::text::safe;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

/// Who calls during the demo.
const PRINCIPAL: &str = "user:demo";
/// Of a long answer so many lines are shown, and of a log its last ones: the demo is to be read in a minute.
const MOST_LINES: usize = 24;
const LOG_LINES: usize = 6;
/// Of a long request so much.
const REQUEST_CHARS: usize = 110;
/// How wide a plan is shown where there is no terminal.
const ROOM: usize = 120;
const FAILS_NOT: &str = "writing into a String never fails";

/// What the demo is made with.
pub(crate) struct Tour<'d> {
    pub(crate) host: Host,
    pub(crate) target: Target,
    cluster: &'d Demo,
    connector: Arc<Connector>,
    records: Arc<Records>,
    approver: Arc<OwnCluster>,
}

/// One call, and what came of it.
struct Asked {
    step: &'static Step,
    data: Value,
    meta: AnswerMeta,
    entity: Option<String>,
    columns: Vec<Column>,
    lists: Lists,
    namespaces: Namespaces,
    /// What was approved, as it was shown.
    plan: Option<Value>,
    requests: Vec<RequestRecord>,
}

/// Says yes to plans for the demo's own cluster, and to no other; never to a DESTRUCTIVE one.
struct OwnCluster {
    record: Digest,
    shown: Mutex<Option<Value>>,
}

#[async_trait]
impl Approver for OwnCluster {
    async fn decide(&self, plan: &Plan, view: &Value) -> Verdict {
        if plan.context().target != self.record || plan.request().trust() == Trust::Destructive {
            return Verdict::Nobody;
        }
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(view.clone());
        let approver = PRINCIPAL.to_owned();
        Verdict::Approved(Approval {
            digest: plan.digest(),
            approver,
            confirmation: Confirmation::Once,
            signature: None,
        })
    }
}

/// Asks everything and prints it.
pub(crate) async fn walk(cluster: &Demo, printer: &Printer) -> Result<(), CallError> {
    let tour = Tour::begin(cluster).await?;
    if printer.format() == Format::Table { tour.show(printer).await } else { tour.document(printer).await }
}

impl<'d> Tour<'d> {
    async fn begin(cluster: &'d Demo) -> Result<Self, CallError> {
        let records = Arc::new(Records::default());
        let host = Host::new(HostSettings { recorder: records.clone(), ..HostSettings::default() })?;
        let connector = host.load(meho_artifacts::KUBERNETES.to_vec()).await?;
        let target = crate::demo::target(cluster)?;
        let approver = Arc::new(OwnCluster { record: target.record(), shown: Mutex::new(None) });
        Ok(Self { host, target, cluster, connector, records, approver })
    }

    /// A call by whoever watches.
    #[expect(clippy::unused_self, reason = "a call of the tour's")]
    pub(crate) fn call(&self, operation: &str, arguments: Value) -> Call {
        let arguments = match arguments {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        Call {
            operation: operation.to_owned(),
            arguments,
            principal: PRINCIPAL.to_owned(),
            timeout: None,
            note: Value::Null,
        }
    }

    async fn ask(&self, step: &'static Step) -> Result<Asked, CallError> {
        let operation = self.connector.operation(step.operation)?;
        let pairs = step.arguments.iter().filter_map(|pair| pair.split_once('='));
        let arguments: Map<String, Value> =
            pairs.map(|(name, text)| (name.to_owned(), typed(name, text, &operation.arguments))).collect();
        let namespaces = if arguments.contains_key(NAMESPACE) { Namespaces::One } else { Namespaces::Any };
        let conditions: Vec<Condition> = step.only.into_iter().filter_map(|only| only.parse().ok()).collect();
        let mut filter = Filter::new(&conditions, operation)?;
        let before = self.records.len();
        let call = self.call(step.operation, Value::Object(arguments));
        let stream = self.host.call(&self.connector, &self.target, call, self.approver.clone());
        let (mut data, answer) = stream.collect().await?;
        if let Value::Array(rows) = &mut data {
            rows.retain(|row| filter.admits(row));
        }
        Ok(Asked {
            step,
            data,
            meta: answer.meta,
            entity: operation.entity.as_ref().map(|entity| entity.name.clone()),
            columns: operation.returns.columns().to_vec(),
            lists: operation.returns.lists().clone(),
            namespaces,
            plan: self.approver.shown.lock().unwrap_or_else(PoisonError::into_inner).take(),
            requests: self.records.requests_since(before),
        })
    }
}

/// Whether the cluster saw what left the host, and nothing else.
struct Audited {
    left: usize,
    agree: bool,
}

impl Tour<'_> {
    fn audited(&self) -> Audited {
        let left: BTreeSet<String> = self.records.answered().into_iter().collect();
        let seen: BTreeSet<String> = self.cluster.served().into_iter().map(|request| request.audit_id).collect();
        Audited { left: left.len(), agree: left == seen }
    }

    async fn show(&self, printer: &Printer) -> Result<(), CallError> {
        let say = |text: &str| printer.people(text).map(drop);
        // What is shown at a prompt fits the terminal; elsewhere there is room.
        let width = terminal::output_width().unwrap_or(ROOM);
        say(&introduction(&self.cluster.server_url()))?;
        for (number, question) in QUESTIONS.iter().enumerate() {
            say(&printer.painted(Tone::Heading, &format!("\n{}. {}\n", number + 1, question.text)))?;
            for step in question.steps {
                let asked = self.ask(step).await?;
                say(&format!("\n$ {}\n", asked.step.command()))?;
                if let Some(plan) = &asked.plan {
                    say(&prompt::show(plan, width))?;
                    say(
                        "The demo says yes to its own plans, on its own cluster only. Elsewhere you are asked: Send it? [y/N]\n\n",
                    )?;
                }
                let about = About {
                    entity: asked.entity.as_deref(),
                    columns: &asked.columns,
                    lists: &asked.lists,
                    namespaces: asked.namespaces,
                };
                let (part, rest) = excerpt(&asked);
                say(&beginning(&printer.laid_out(&part, &asked.meta, about)))?;
                say(&rest)?;
                say(&warned(&asked.meta))?;
                say(&printer.painted(Tone::Faint, &sent(&asked.requests)))?;
            }
        }
        let attempts = intruder::attempts(self).await?;
        say(&printer.painted(Tone::Heading, "\nAnd a connector that means ill?\n"))?;
        say(&told(&attempts))?;
        say(&conclusion(&self.audited()))
    }

    async fn document(&self, printer: &Printer) -> Result<(), CallError> {
        let mut questions = Vec::new();
        for Question { text, steps } in QUESTIONS {
            let mut answers = Vec::new();
            for step in steps {
                let asked = self.ask(step).await?;
                let requests: Vec<Value> = asked.requests.iter().map(request_document).collect();
                answers.push(json!({
                    "command": asked.step.command(), "data": asked.data, "meta": asked.meta, "plan": asked.plan, "requests": requests,
                }));
            }
            questions.push(json!({"question": text, "answers": answers}));
        }
        let attempts: Vec<Value> = intruder::attempts(self).await?.iter().map(Attempt::document).collect();
        let audited = self.audited();
        printer.document(&json!({
            "questions": questions,
            "intruder": attempts,
            "audit": {"requests": audited.left, "equals_the_clusters": audited.agree},
        }))
    }
}

fn request_document(request: &RequestRecord) -> Value {
    let status = match request.ending {
        Ending::Answered(status) => Some(status),
        Ending::NotSent(_) | Ending::Unknown(_) => None,
    };
    json!({
        "method": request.method.as_str(), "path": request.path_and_query, "status": status, "audit_id": request.audit_id,
        "for_preview": request.origin == Origin::Host,
    })
}

fn introduction(server: &str) -> String {
    format!(
        "A Kubernetes cluster runs in this process, at {server}, with things wrong in it.\n\
         A connector works on it: a WebAssembly component without network, files or token. The host sends for it only what\n\
         the operation declared beforehand, adds the token, and shows you every change before it is made.\n\
         Ten questions and the command that asks each. Behind the arrows stands what left the host for it: its own record of\n\
         requests, which only this demo shows. At the end a component that means ill tries for more than it declared.\n"
    )
}

/// The first lines of a long answer.
fn beginning(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() <= MOST_LINES + 2 {
        return text.to_owned();
    }
    format!("{}\n… {} more lines\n", lines[..MOST_LINES].join("\n"), lines.len() - MOST_LINES)
}

/// What of an answer is shown here, and a line about the rest.
fn excerpt(asked: &Asked) -> (Value, String) {
    if let Some(logs) = asked.data.get("logs").and_then(Value::as_str) {
        let lines: Vec<&str> = logs.lines().collect();
        let last = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n");
        return (json!({ "logs": last }), format!("… {} lines in all; these are the last\n", lines.len()));
    }
    let members = asked.data.as_object().filter(|_| !asked.step.members.is_empty());
    let Some(members) = members else { return (asked.data.clone(), String::new()) };
    let chosen = asked.step.members.iter().filter_map(|name| Some(((*name).to_owned(), glance(members.get(*name)?))));
    let rest = format!("… {} members in all; these answer the question\n", members.len());
    (Value::Object(chosen.collect()), rest)
}

/// What the answer warns of, as a call would on standard error.
fn warned(meta: &AnswerMeta) -> String {
    let own = meta.warnings.iter().take(meta.warnings_of_connector);
    own.map(|warning| format!("warning: {SAYS}{}\n", safe(warning))).collect()
}

/// A list of objects without what is nested in them, so that each is a line.
fn glance(value: &Value) -> Value {
    let Value::Array(items) = value else { return value.clone() };
    let is_plain = |name: &str, value: &Value| !value.is_array() && !matches!(name, "uid" | "created");
    let line = |item: &Value| match item {
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, value)| is_plain(name, value));
            kept.map(|(name, value)| (name.clone(), value.clone())).collect()
        }
        other => other.clone(),
    };
    items.iter().map(line).collect()
}

/// What left the host, a line for all requests of one path that ended alike.
fn sent(requests: &[RequestRecord]) -> String {
    let mut kinds: Vec<(bool, String, String, Vec<&str>)> = Vec::new();
    for request in requests {
        let ending = match &request.ending {
            Ending::Answered(status) => status.to_string(),
            Ending::NotSent(_) => "not sent".to_owned(),
            Ending::Unknown(_) => "no answer".to_owned(),
        };
        let (path, query) = request.path_and_query.split_once('?').unwrap_or((&request.path_and_query, ""));
        let kind = format!("{} {path}", request.method.as_str());
        let is_ours = request.origin == Origin::Host;
        match kinds.iter_mut().find(|(ours, known, ended, _)| *ours == is_ours && *known == kind && *ended == ending) {
            Some((.., queries)) => queries.push(query),
            None => kinds.push((is_ours, kind, ending, vec![query])),
        }
    }
    // Reads that are asked for side by side end in any order.
    kinds.sort();
    let mut text = String::new();
    for (is_ours, kind, ending, queries) in &kinds {
        let query = match queries.as_slice() {
            [""] => String::new(),
            [first, rest @ ..] if rest.iter().all(|query| query == first) => match *first {
                "" => String::new(),
                query => format!("?{query}"),
            },
            _ => "?…".to_owned(),
        };
        let request = shortened(&format!("{kind}{query}"));
        let times = if queries.len() > 1 { format!("  {} times", queries.len()) } else { String::new() };
        let what_for = if *is_ours { "  for the preview" } else { "" };
        writeln!(text, "→ {request}  {ending}{times}{what_for}").expect(FAILS_NOT);
    }
    text
}

fn shortened(request: &str) -> String {
    let request = safe(request);
    match request.char_indices().nth(REQUEST_CHARS) {
        Some((end, _)) => format!("{}…", &request[..end]),
        None => request,
    }
}

/// How to try it oneself. The component is built into the program, and here from its source.
const AGAIN: &str = "\nAgain, on a cluster of yours or on one of `meho-host demo --serve`:\n  \
    cargo rustc -p meho-example-intruder --target wasm32-wasip2 --crate-type cdylib\n  \
    meho-host call count_pods namespace=production attempt=read-secrets \\\n    \
    --connector target/wasm32-wasip2/debug/meho_example_intruder.wasm\n";

fn told(attempts: &[Attempt]) -> String {
    let mut text =
        "\nA component was loaded that says it counts pods. While it runs it tries for more, and reports success.\n\n"
            .to_owned();
    for attempt in attempts {
        let ending = match &attempt.ending {
            // The host would have failed its own promise.
            Ok(_) => "SUCCEEDED, which must not be".to_owned(),
            Err(error) => format!("{}: {}", error.code, safe(&error.message)),
        };
        writeln!(text, "  {}\n    {ending}\n    why: {}", attempt.request, attempt.why).expect(FAILS_NOT);
    }
    text.push_str(AGAIN);
    text
}

fn conclusion(audited: &Audited) -> String {
    let Audited { left, agree } = audited;
    let seen = if *agree {
        format!("{left} requests left the host in all. The cluster's own audit log has the same {left}, and no other.")
    } else {
        format!("{left} requests left the host in all, and the cluster's own audit log has others: please report this.")
    };
    format!(
        "\n{seen}\n\nTry next:\n  \
         meho-host demo --serve                    keeps the cluster running, for you and for kubectl\n  \
         meho-host ops                             every operation, what it takes and how far it may go\n  \
         meho-host target add prod --kubeconfig F  your own cluster; then: meho-host target check prod\n"
    )
}
