//! Where the credential must never be: the target sees it, and nobody else does.
//!
//! The target sends it back in every form that the host knows, wherever a server can put text. Afterwards it is looked for in everything that came of the
//! call and in the guest's memory. A search that finds nothing proves nothing, so each search has first to find what was put there for it.

use crate::fixtures::{HONEST, KEEPS_A_CANARY, PANICS};
use crate::plugins::{plugin, printing};
use crate::trial::{POD, Ran, Trial, a_pod, yes};
use crate::world::{TOKEN, World, target_as, token};
use async_trait::async_trait;
use meho_artifacts::KUBERNETES;
use meho_host::approval::{Approver, Verdict};
use meho_host::budget::Budgets;
use meho_host::credential::CredentialProvider;
use meho_host::inspection::Inspector;
use meho_host::policy::plan::{Confirmation, Plan};
use meho_test_fake::{Answer, Expected, Fake, Form, Seen, Settings};
use serde_json::{Value, json};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tracing_subscriber::fmt::MakeWriter;

/// A token as clusters give them out: nothing in it needs escaping.
const PLAIN_TOKEN: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImNhbmFyeSJ9.eyJzdWIiOiJ0ZXN0ZXIifQ.c2lnbmF0dXJl-_c2lnbmF0dXJl";

/// What the guests' memories were, call by call.
#[derive(Clone, Default)]
struct Memories(Arc<Mutex<Vec<Vec<u8>>>>);

impl Memories {
    fn world(&self) -> World {
        let memories = self.0.clone();
        let look = move |memory: &[u8]| {
            memories.lock().unwrap_or_else(PoisonError::into_inner).push(memory.to_vec());
        };
        World::inspected(Budgets::default(), Some(Inspector::new(look)))
    }

    fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// All that is logged, at the finest level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    fn text(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Runs a test on this thread alone, so that all of the host's work is done, and logged, on it.
fn logged<T>(log: &Log, test: impl Future<Output = T>) -> T {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
        runtime.block_on(test)
    })
}

/// Says yes, and keeps what it was shown.
#[derive(Clone, Default)]
struct Keeps(Arc<Mutex<String>>);

#[async_trait]
impl Approver for Keeps {
    async fn decide(&self, plan: &Plan, view: &Value) -> Verdict {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(&format!("{plan:?} {view}"));
        Verdict::Approved(yes(plan, Confirmation::Twice))
    }
}

#[test]
fn a_canary_in_a_guests_memory_is_found() {
    let memories = Memories::default();
    let world = memories.world();
    Trial::of(KEEPS_A_CANARY).how(PLAIN_TOKEN).within(&world).succeeds();
    let found: Vec<Vec<Form>> = memories.take().iter().map(|memory| Form::found(PLAIN_TOKEN, memory)).collect();
    assert!(matches!(&found[..], [forms] if forms.contains(&Form::Raw)), "{found:?}");
    // One that is quoted in the arguments' JSON and stands plain where the guest keeps it.
    Trial::of(KEEPS_A_CANARY).how(TOKEN).within(&world).succeeds();
    let found: Vec<Vec<Form>> = memories.take().iter().map(|memory| Form::found(TOKEN, memory)).collect();
    assert!(matches!(&found[..], [forms] if forms.contains(&Form::Raw) && forms.contains(&Form::Json)), "{found:?}");

    // The memory of a guest that trapped; the honest guest that is served afterwards has none of it.
    Trial::of(PANICS).how(PLAIN_TOKEN).within(&world).run();
    let found: Vec<Vec<Form>> = memories.take().iter().map(|memory| Form::found(PLAIN_TOKEN, memory)).collect();
    assert!(matches!(&found[..], [trapped, honest] if trapped.contains(&Form::Raw) && honest.is_empty()), "{found:?}");
}

#[test]
fn a_canary_in_the_log_is_found() {
    let log = Log::default();
    let fake = Fake::expecting([Expected::once("GET", POD, a_pod())]);
    logged(&log, async {
        let ran = Trial::of(HONEST).with(json!({"name": "web"})).on(&fake).go().await;
        assert_eq!(ran.answer().0["status"], json!(200));
        tracing::trace!(authorization = PLAIN_TOKEN, "planted");
    });
    assert_eq!(Form::found(PLAIN_TOKEN, &log.text()), [Form::Raw, Form::Json, Form::Percent, Form::SmallPercent]);
    // What carries the request is heard as well: its log is where a header would stand.
    assert!(memchr_of(&log.text(), b"h2::"), "{}", String::from_utf8_lossy(&log.text()));
}

fn memchr_of(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window == needle)
}

/// How a target writes its answers.
#[derive(Debug, Clone, Copy)]
enum Style {
    Whole,
    Compressed,
    ByteByByte,
}

/// What a target answers with.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// What was asked for.
    Well,
    /// An error of the API server.
    Status(u16),
    /// An error of something before it.
    PlainText(u16),
    /// Half of what was asked for.
    Cut,
    /// Half of a header.
    Broken,
}

/// The token in all forms that can stand in a JSON string, and plain where that is one of them.
fn echoes(token: &str) -> String {
    let forms = Form::ALL.iter().filter(|form| **form != Form::Raw || !token.contains('"'));
    forms.map(|form| form.write(token)).collect::<Vec<_>>().join(" ")
}

/// What a Kubernetes API server answers, with the token wherever it can write text.
fn kubernetes(request: &Seen, style: Style, fate: Fate) -> Answer {
    let token = request.token().unwrap_or_default();
    let all = Form::ALL.map(|form| form.write(token)).join("\n");
    let answer = match fate {
        Fate::Well | Fate::Cut => {
            let (path, _) = request.target.split_once('?').unwrap_or((&request.target, ""));
            if path.ends_with("/log") {
                Answer::new(200).header("content-type", "text/plain").text(format!("first\n{all}\nlast\n"))
            } else {
                Answer::json(document(path, &echoes(token), token))
            }
        }
        Fate::Status(code) => {
            let echo = echoes(token);
            let status = format!(
                r#"{{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no {echo}","reason":"{echo}","code":{code},
                "details":{{"name":"{echo}","kind":"{echo}","causes":[{{"reason":"{echo}","message":"{echo}","field":"{echo}"}}]}}}}"#
            );
            Answer::json(status).status(code)
        }
        Fate::PlainText(code) => Answer::new(code).header("content-type", "text/html").text(all),
        Fate::Broken => return Answer::raw(format!("HTTP/1.1 200 OK\r\nx: {token}\r\n{token}\r\n\r\n")),
    };
    let answer = answer
        .header("retry-after", "0")
        .header("date", token)
        .header("warning", &format!("299 - \"{}\"", echoes(token)))
        .header("set-cookie", token)
        .header("www-authenticate", token)
        .header("location", &format!("/{}", Form::Percent.write(token)))
        .header("audit-id", &Form::Hex.write(token));
    if matches!(fate, Fate::Cut) {
        return answer.cut_in_half();
    }
    match style {
        Style::Whole => answer,
        Style::Compressed => answer.gzipped(),
        Style::ByteByByte => answer.in_pieces(1),
    }
}

/// The object, or the list, at a path.
fn document(path: &str, echo: &str, token: &str) -> String {
    let version = Form::Hex.write(token);
    // What is masked is no uid any more, and could not be asked for again.
    let uid = "7f3c1e52-0b8f-4c5e-9a57-2f6f6f1d9b11";
    let metadata = format!(
        r#"{{"name":"web","namespace":"default","uid":"{uid}","resourceVersion":"{version}","creationTimestamp":"2026-01-02T03:04:05Z",
        "labels":{{"echo":"{echo}"}},"annotations":{{"echo":"{echo}"}}}}"#
    );
    let known = [
        "pods",
        "deployments",
        "events",
        "horizontalpodautoscalers",
        "nodes",
        "services",
        "persistentvolumeclaims",
        "endpoints",
        "endpointslices",
    ];
    let object = match path.split('/').find(|segment| known.contains(segment)) {
        Some("pods") => format!(
            r#"{{"metadata":{metadata},"spec":{{"nodeName":"{echo}","containers":[{{"name":"web","image":"{echo}"}}],"nodeSelector":{{"a":"{echo}"}},
            "volumes":[{{"name":"{echo}","hostPath":{{"path":"{echo}"}}}}]}},
            "status":{{"phase":"Running","podIP":"{echo}","message":"{echo}","reason":"{echo}",
            "containerStatuses":[{{"name":"web","image":"{echo}","ready":false,"restartCount":1,
            "state":{{"waiting":{{"reason":"{echo}","message":"{echo}"}}}}}}]}}}}"#
        ),
        Some("events") => format!(
            r#"{{"metadata":{metadata},"type":"Warning","reason":"{echo}","message":"{echo}","count":1,
            "involvedObject":{{"kind":"Pod","name":"web","uid":"{uid}"}},"source":{{"component":"{echo}"}},
            "firstTimestamp":"2026-01-02T03:04:05Z","lastTimestamp":"2026-01-02T03:04:05Z"}}"#
        ),
        Some("nodes" | "services" | "persistentvolumeclaims" | "endpoints" | "endpointslices") => format!(
            r#"{{"metadata":{metadata},"subsets":[{{"addresses":[{{"ip":"{echo}","targetRef":{{"name":"{echo}"}}}}]}}],"usage":{{"cpu":"{echo}"}},
            "spec":{{"providerID":"{echo}","clusterIP":"{echo}","selector":{{"a":"{echo}"}},"volumeName":"{echo}"}},
            "status":{{"phase":"{echo}","conditions":[{{"type":"Ready","status":"False","reason":"{echo}","message":"{echo}"}}],
            "nodeInfo":{{"osImage":"{echo}"}},"addresses":[{{"type":"InternalIP","address":"{echo}"}}]}}}}"#
        ),
        Some("horizontalpodautoscalers") => format!(
            r#"{{"metadata":{{"name":"{echo}"}},"spec":{{"scaleTargetRef":{{"kind":"Deployment","name":"web"}}}}}}"#
        ),
        _ => format!(
            r#"{{"metadata":{metadata},"spec":{{"replicas":3,"selector":{{"matchLabels":{{"a":"{echo}"}}}},
            "template":{{"spec":{{"containers":[{{"name":"web","image":"{echo}"}}]}}}}}},
            "status":{{"replicas":3,"conditions":[{{"type":"Available","status":"False","reason":"{echo}","message":"{echo}"}}]}}}}"#
        ),
    };
    let is_one = path.ends_with("/web") || path.ends_with("/scale");
    if is_one { object } else { format!(r#"{{"metadata":{{"resourceVersion":"{version}"}},"items":[{object}]}}"#) }
}

const OPERATIONS: [&str; 13] = [
    "list_pods",
    "get_pod",
    "get_pod_logs",
    "list_nodes",
    "get_node",
    "list_namespaces",
    "get_namespace",
    "list_deployments",
    "scale_deployment",
    "list_services",
    "list_endpoints",
    "list_pvcs",
    "list_events",
];

fn arguments(operation: &str) -> Value {
    match operation {
        "list_nodes" | "list_namespaces" => json!({}),
        "get_node" | "get_namespace" => json!({"name": "web"}),
        // A date that is masked is none.
        "list_events" => json!({"namespace": "default", "since_seconds": 3_000_000_000_u64}),
        _ if operation.starts_with("list_") => json!({"namespace": "default"}),
        "scale_deployment" => json!({"namespace": "default", "name": "web", "replicas": 3}),
        _ => json!({"namespace": "default", "name": "web"}),
    }
}

/// Everything of a call that anybody but the target gets to see.
fn all_that_came_of(ran: &Ran, shown: &Keeps, world: &World) -> String {
    let said = match &ran.outcome {
        Ok((data, meta)) => {
            format!("{data} {meta:?} {}", serde_json::to_string(meta).expect("it is serialised elsewhere"))
        }
        Err(error) => {
            format!("{error} {error:?} {}", serde_json::to_string(error).expect("it is serialised elsewhere"))
        }
    };
    let shown = shown.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    format!("{said} {ran:?} {shown} {:?} {:?} {:?}", world.records.all(), world.records.intents(), world.plans)
}

/// A host whose guests' memories are looked at.
struct Search {
    memories: Memories,
    world: World,
}

impl Search {
    fn new() -> Self {
        let memories = Memories::default();
        Self { world: memories.world(), memories }
    }

    /// Calls all these operations on a target that answers like this, and looks for the token. Gives what came of each.
    fn finds_nothing(&self, token_text: &'static str, style: Style, fate: Fate) -> Vec<Ran> {
        self.finds_nothing_of(token(token_text), token_text, style, fate)
    }

    /// The same with a token that comes from elsewhere.
    fn finds_nothing_of(
        &self,
        provider: Arc<dyn CredentialProvider>,
        token_text: &'static str,
        style: Style,
        fate: Fate,
    ) -> Vec<Ran> {
        let about = format!("{style:?} {fate:?}");
        let log = Log::default();
        let settings = if matches!(fate, Fate::Broken) { Settings::http1() } else { Settings::default() };
        let fake = Fake::answering_with(settings, move |request| Some(kubernetes(request, style, fate)));
        let target = target_as(&fake, provider);
        let mut ran = Vec::new();
        for operation in OPERATIONS {
            let shown = Keeps::default();
            let before = fake.seen().len();
            let trial = Trial::of(KUBERNETES).operation(operation).with(arguments(operation));
            let trial = trial.within(&self.world).target(target.clone()).approved_by(Arc::new(shown.clone()));
            let came = logged(&log, trial.go());
            let seen = fake.seen();
            assert!(seen.len() > before, "{about}, {operation}: nothing was sent: {:?}", came.outcome);
            assert!(seen.iter().all(|seen| seen.token() == Some(token_text)), "{about}, {operation}");
            let text = all_that_came_of(&came, &shown, &self.world);
            assert_eq!(Form::found(token_text, text.as_bytes()), [], "{about}, {operation}: {text}");
            let looked_at = self.memories.take();
            assert!(!looked_at.is_empty(), "{about}, {operation}: nobody looked at its memory: {:?}", came.outcome);
            for memory in looked_at {
                assert_eq!(Form::found(token_text, &memory), [], "{about}, {operation}: in its memory");
            }
            ran.push(came);
        }
        assert_eq!(Form::found(token_text, &log.text()), [], "{about}: in the log");
        assert!(!log.text().is_empty());
        ran
    }
}

#[test]
fn the_credential_is_nowhere_after_success() {
    let search = Search::new();
    for token_text in [PLAIN_TOKEN, TOKEN] {
        for style in [Style::Whole, Style::Compressed, Style::ByteByByte] {
            for ran in search.finds_nothing(token_text, style, Fate::Well) {
                let (data, meta) = ran.answer();
                // What was echoed did come so far, and came masked.
                let text = format!("{data} {meta:?}");
                assert!(text.contains("********"), "{style:?}: {text}");
            }
        }
    }
}

#[test]
fn the_credential_is_nowhere_after_a_failure() {
    let search = Search::new();
    let fates = [400, 401, 403, 404, 409, 422, 429, 500].map(Fate::Status);
    for fate in fates.into_iter().chain([Fate::PlainText(403), Fate::PlainText(404), Fate::PlainText(502)]) {
        for ran in search.finds_nothing(TOKEN, Style::Whole, fate) {
            let error = ran.error();
            if matches!(fate, Fate::Status(403 | 422 | 500)) {
                assert!(format!("{error:?}").contains("********"), "{fate:?}: {error:?}");
            }
        }
    }
    for ran in search.finds_nothing(PLAIN_TOKEN, Style::Compressed, Fate::Status(403)) {
        assert!(format!("{:?}", ran.error()).contains("********"));
    }
}

#[test]
fn the_credential_is_nowhere_after_an_answer_that_breaks_off() {
    let search = Search::new();
    for fate in [Fate::Cut, Fate::Broken] {
        search.finds_nothing(TOKEN, Style::Whole, fate);
        search.finds_nothing(PLAIN_TOKEN, Style::Whole, fate);
    }
}

#[test]
fn the_credential_is_in_no_word_that_is_said_of_what_holds_it() {
    let fake = Fake::silent();
    for token_text in [PLAIN_TOKEN, TOKEN] {
        let provider = token(token_text);
        let target = target_as(&fake, provider.clone());
        let said =
            format!("{provider:?} {provider:#?} {} {target:?} {target:#?} {:?}", provider.principal(), target.record());
        assert_eq!(Form::found(token_text, said.as_bytes()), []);
    }
}

#[test]
fn the_token_of_a_plugin_is_nowhere_whatever_the_plugin_says() {
    let search = Search::new();
    // It says all that it knows, and still is believed.
    let said = format!("echo 'got {PLAIN_TOKEN}' >&2; {}", printing(PLAIN_TOKEN));
    for fate in [Fate::Well, Fate::Status(401), Fate::Status(500), Fate::Cut] {
        search.finds_nothing_of(Arc::new(plugin(&said)), PLAIN_TOKEN, Style::Whole, fate);
    }
    // Nothing is sent where it fails, and what it said comes out without its token.
    let log = Log::default();
    let fails = format!("{said}; exit 1");
    let garbage = format!("echo 'got {PLAIN_TOKEN}' >&2; echo '{PLAIN_TOKEN}'");
    for (script, words) in [(fails, "failed"), (garbage, "printed no credential")] {
        let fake = Fake::silent();
        let target = target_as(&fake, Arc::new(plugin(&script)));
        let shown = Keeps::default();
        let trial = Trial::of(KUBERNETES).operation("list_pods").with(arguments("list_pods")).within(&search.world);
        let came = logged(&log, trial.target(target).approved_by(Arc::new(shown.clone())).go());
        assert!(came.error().message.contains(words) && came.error().message.contains("got "), "{:?}", came.error());
        let text = all_that_came_of(&came, &shown, &search.world);
        assert_eq!(Form::found(PLAIN_TOKEN, text.as_bytes()), [], "{text}");
    }
    assert_eq!(Form::found(PLAIN_TOKEN, &log.text()), []);
    assert!(search.memories.take().iter().all(|memory| Form::found(PLAIN_TOKEN, memory).is_empty()));
}
