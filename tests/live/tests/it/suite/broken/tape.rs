//! Answers on a tape: recorded from a cluster by standing between, and played again with something wrong.

use meho_control_plane::{Cluster, Method};
use meho_test_fake::{Answer, Body, Fake, Seen, Then};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// When all of it is said to be: ages do not change from one playing to the next.
const DATE: &str = "Mon, 05 Jan 2026 12:00:00 GMT";

/// One answer.
#[derive(Debug, Clone)]
struct Recorded {
    status: u16,
    media_type: String,
    body: Vec<u8>,
}

/// The answers to each line of method and target, in their order.
pub(super) type Tape = Arc<Mutex<Vec<(String, Answered)>>>;

/// One answer, as it is on the tape.
#[derive(Debug, Clone)]
pub(super) struct Answered(Recorded);

/// What goes wrong in one call. Requests are counted from 0, in their order on the tape: several may be under way at a time.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// The connection breaks after so many bytes of a body.
    Cut(usize, usize),
    /// The body is whole, and ends there.
    Short(usize, usize),
    Refused(usize),
    Reset(usize),
    /// The answers to a line have another body.
    Body(String, Vec<u8>),
}

/// Records what a cluster answers to whoever goes to this URL.
pub(super) fn recorded(cluster: &Cluster, who: impl FnOnce(&str)) -> Tape {
    let tape = Tape::default();
    let (kept, cluster) = (tape.clone(), cluster.clone());
    let fake = Fake::answering(move |seen| {
        let answered = ask(&cluster, seen);
        let answer = answered.0.answer();
        locked(&kept).push((seen.line(), answered));
        Some(answer)
    });
    who(&fake.url());
    tape
}

/// Passes a request on, as the cluster's admin.
fn ask(cluster: &Cluster, seen: &Seen) -> Answered {
    let passed = ["accept", "content-type"].map(|name| seen.header(name).map(|value| (name, value)));
    let headers: Vec<(&str, &str)> = passed.into_iter().flatten().collect();
    let method: Method = seen.method.parse().expect("a method");
    let body = (!seen.body.is_empty()).then_some(seen.body.as_slice());
    let answer = cluster.admin().request(method, &seen.target, &headers, body).expect("an answer");
    let media_type = answer.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    Answered(Recorded { status: answer.status.as_u16(), media_type: media_type.to_owned(), body: answer.body })
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Recorded {
    fn answer(&self) -> Answer {
        let answer = Answer::new(self.status).header("content-type", &self.media_type).header("date", DATE);
        answer.body(Body::Whole(self.body.clone().into()))
    }
}

/// Where the tape is in one call.
#[derive(Debug, Default)]
struct Position {
    fault: Option<Fault>,
    of_line: BTreeMap<String, usize>,
}

/// The answers to each line, with their numbers on the tape.
type Lines = BTreeMap<String, Vec<(usize, Recorded)>>;

/// A target that plays a tape.
pub(super) struct Player {
    tape: Vec<(String, Answered)>,
    position: Arc<Mutex<Position>>,
    fake: Fake,
}

impl Player {
    pub(super) fn new(tape: Tape) -> Self {
        let tape = locked(&tape).clone();
        let mut lines: Lines = BTreeMap::new();
        for (number, (line, Answered(recorded))) in tape.iter().enumerate() {
            lines.entry(line.clone()).or_default().push((number, recorded.clone()));
        }
        let position = Arc::new(Mutex::new(Position::default()));
        let at = position.clone();
        let fake = Fake::answering(move |seen| Some(locked(&at).answer(&lines, &seen.line())));
        Self { tape, position, fake }
    }

    pub(super) fn url(&self) -> String {
        self.fake.url()
    }

    /// Begins anew, with something wrong or nothing.
    pub(super) fn insert(&self, fault: Option<Fault>) {
        *locked(&self.position) = Position { fault, ..Position::default() };
    }

    /// How long the bodies are, in the order of their requests.
    pub(super) fn body_sizes(&self) -> Vec<usize> {
        self.tape.iter().map(|(_, answered)| answered.0.body.len()).collect()
    }

    /// Whether the end of a body can be told from its text. That of a log cannot.
    pub(super) fn is_json(&self, request: usize) -> bool {
        self.tape.get(request).is_some_and(|(_, answered)| answered.0.media_type.starts_with("application/json"))
    }

    /// The bodies that are JSON, of each line once.
    pub(super) fn documents(&self) -> BTreeMap<String, Value> {
        let document = |(line, answered): &(String, Answered)| {
            let Recorded { status, body, .. } = &answered.0;
            (*status == 200).then_some(())?;
            Some((line.clone(), serde_json::from_slice(body).ok()?))
        };
        self.tape.iter().filter_map(document).collect()
    }
}

impl Position {
    fn answer(&mut self, lines: &Lines, line: &str) -> Answer {
        // What was not asked when all was well is there for nobody.
        let Some(answers) = lines.get(line) else { return nothing_there() };
        let turn = self.of_line.entry(line.to_owned()).or_default();
        let (number, recorded) = answers.get(*turn).or(answers.last()).expect("a line has an answer");
        *turn += 1;
        let whole = recorded.answer();
        let bytes = |at: usize| recorded.body.get(..at).unwrap_or(&recorded.body).to_vec();
        match &self.fault {
            Some(Fault::Cut(request, at)) if request == number => whole.body(Body::Cut(vec![bytes(*at).into()])),
            Some(Fault::Short(request, at)) if request == number => whole.body(Body::Whole(bytes(*at).into())),
            Some(Fault::Refused(request)) if request == number => refused(),
            Some(Fault::Reset(request)) if request == number => Answer::nothing(Then::Reset),
            Some(Fault::Body(of, body)) if of == line => whole.body(Body::Whole(body.clone().into())),
            Some(_) | None => whole,
        }
    }
}

fn refused() -> Answer {
    let text = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"it was told to fail","reason":"InternalError","code":500}"#;
    Answer::json(text).status(500)
}

fn nothing_there() -> Answer {
    let text = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"it is not on the tape","reason":"NotFound","code":404}"#;
    Answer::json(text).status(404)
}
