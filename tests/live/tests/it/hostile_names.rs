//! Two thousand names and namespaces that mean ill, through every operation that takes one: refused before there is a request, or one path segment on the
//! wire, as it was given.
//!
//! What is sent for a name that is taken is held against what is sent for a harmless one: the same requests, with this name where that one stood.

use crate::embedded::{embedded, target_with};
use meho_host::approval::NoApprover;
use meho_host::connector::Connector;
use meho_host::error::ErrorCode;
use meho_host::host::{Call, Host, HostSettings};
use meho_host::policy::catalogue::Operation;
use meho_host::policy::family::Family;
use meho_host::policy::grammar::Format;
use meho_host::policy::schema::ParameterType;
use meho_host::target::{Target, TargetSettings, Verification};
use meho_test_fake::{Answer, Authority, Fake};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

const COUNT: usize = 2000;
const HARMLESS: &str = "harmless-one";

/// By hand: ways out of a path, into a query, past a comparison, and things that are merely odd.
#[rustfmt::skip]
const BY_HAND: &[&str] = &[
    ".", "..", "...", "../..", "../secrets", "..%2fsecrets", "..\\secrets", "/", "//", "/etc", "a/b", "a/../b",
    "a//b", "./a", "a/.", "a/", "%2e", "%2e%2e", "%2E%2E%2F", "%252e%252e", "%2f", "a%2fb", "a%00b", "%", "%%", "%zz",
    "%u002e", "?", "a?b", "a?watch=true", "?dryRun=All", "#", "a#b", "a&b", "a=b", "a;b", "a,b", ",",
    "a,metadata.namespace=kube-system", "web,metadata.name!=x", "a b", " ", " a", "a ", "\t", "\n", "a\nb",
    "a\r\nHost: evil", "a\r\n\r\nGET /", "\0", "a\0", "a\0b", "\u{1}", "\u{7f}", "\u{80}", "\u{85}", "\u{a0}",
    "\u{ad}", "\u{200b}", "\u{200d}", "\u{200e}", "\u{202e}", "a\u{202e}b", "\u{2028}", "\u{2066}a", "\u{feff}",
    "\u{fffd}", "\u{ffff}", "\u{10ffff}", "ａｂｃ", "раypal", "ⅰ", "a․b", "a／b", "a＼b", "a％2e", "․․", "‥", "…", "ﬀ", "ß",
    "İ", "ı", "K", "ſ", "é", "e\u{301}", "日本", "🦀", "A", "Web", "WEB", "a_b", "_", "-", "-a", "a-", "--", "a.", ".a",
    "a..b", "a.-b", "a-.b", ":", "::", "a:", ":a", "a:b", "system:node:x", "system:controller:a-b", "a::b", "*", "a*",
    "~", "~root", "$", "${NS}", "$(id)", "`id`", "'", "\"", "a'b", "a\"b", "<a>", "{a}", "{name}", "[a]", "[::1]",
    "|", "a|b", "\\", "@", "a@b", "user@host", "!", "!a", "^", "+", "a+b", "(a)", "http://evil", "https://evil/",
    "//evil", "evil:443", "127.0.0.1", "0", "1", "00", "1e9", "-1", "null", "true", "undefined", "NaN", "a\u{0}",
    "log", "exec", "status", "scale", "finalize", "proxy", "default", "kube-system", "pods", "namespaces", "watch",
    "apis", "api", "con", "nul", "xn--a", "xn--", "a.b.c", "0.0.0.0", "a--b",
];

/// Pieces of those that are made.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "a", "b", "web", "0", "9", "-", ".", ":", "..", "/", "%2e", "%2f", "%00", "?", "#", "&", "=", ",", ";", " ", "\t",
    "\n", "\r", "\0", "\u{1b}", "\u{202e}", "\u{200b}", "é", "Ａ", "а", "A", "_", "~", "*", "\\", "\"", "'", "{", "}",
    "@", "+", "|", "\u{7f}", "kube", "system", "x1",
];

/// All of them, the same ones at each run.
fn hostile() -> Vec<String> {
    let mut names: Vec<String> = BY_HAND.iter().map(|name| (*name).to_owned()).collect();
    names.push(String::new());
    // About the longest that there may be, and far beyond.
    for length in [63, 64, 253, 254, 512, 513, 1024, 1025, 4096, 70_000] {
        names.extend([
            "a".repeat(length),
            format!("{}.a", "a".repeat(length)),
            "a.".repeat(length / 2),
            "é".repeat(length),
        ]);
    }
    let mut known: BTreeSet<String> = names.iter().cloned().collect();
    // Knuth's generator: the upper bits are good enough to choose by.
    let mut state: u64 = 7;
    let mut next = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % below
    };
    while names.len() < COUNT {
        let count = 1 + next(6);
        let name: String = (0..count).map(|_| PIECES[next(PIECES.len())]).collect();
        if known.insert(name.clone()) {
            names.push(name);
        }
    }
    names
}

/// A target that has nothing, and what it was asked since it was last looked at.
struct Nothing {
    asked: Arc<Mutex<Vec<String>>>,
    target: Target,
    _fake: Fake,
}

impl Nothing {
    fn new() -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = asked.clone();
        let fake = Fake::answering(move |seen| {
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(seen.line());
            Some(Answer::json(r#"{"kind":"Status","status":"Failure","message":"there is nothing","reason":"NotFound","code":404}"#).status(404))
        });
        let mut settings = TargetSettings::new("nothing", &fake.url(), Family::Kubernetes);
        settings.verification = Verification::ca(Authority::shared().pem().as_bytes()).expect("PEM");
        let target = target_with("a-token-for-nothing", settings);
        Self { asked, target, _fake: fake }
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A host that keeps no records of a hundred thousand calls.
struct Trial {
    host: Host,
    connector: Arc<Connector>,
    nothing: Nothing,
}

impl Trial {
    /// What a call came to, where it is an error, and what was sent for it.
    fn call(&self, operation: &Operation, arguments: Map<String, Value>) -> (Option<(ErrorCode, Value)>, Vec<String>) {
        let call = Call {
            operation: operation.id.to_string(),
            arguments,
            principal: "suite".to_owned(),
            timeout: None,
            note: Value::Null,
        };
        let ended = embedded().runtime.block_on(async {
            self.host.call(&self.connector, &self.nothing.target, call, Arc::new(NoApprover)).collect().await
        });
        (
            ended.err().map(|error| (error.code, error.details.get("argument").cloned().unwrap_or_default())),
            self.nothing.asked(),
        )
    }

    /// All names in the place of one argument. Gives what is wrong, and how many were taken.
    fn all(&self, operation: &Operation, parameter: &str, names: &[String]) -> (Vec<String>, usize) {
        let with = |name: &str| {
            let mut arguments = harmless(operation);
            arguments.insert(parameter.to_owned(), json!(name));
            arguments
        };
        let (_, usual) = self.call(operation, with(HARMLESS));
        let at = format!("{} {parameter}", operation.id);
        if usual.is_empty() {
            return (vec![format!("{at}: nothing is sent for a harmless name")], 0);
        }
        let (mut wrong, mut taken, mut before) = (Vec::new(), 0, usual.clone());
        for name in names {
            let (error, sent) = self.call(operation, with(name));
            let is_refused = error
                .as_ref()
                .is_some_and(|(code, argument)| *code == ErrorCode::InvalidRequest && argument == parameter);
            if is_refused && sent.iter().all(|line| before.contains(&decoded(line))) {
                continue;
            }
            // It stands for none.
            if name.is_empty() && !operation.arguments.parameters()[parameter].required {
                if sent.iter().any(|line| line.contains("//")) {
                    wrong.push(format!("{at}: an empty segment: {sent:?}"));
                }
                continue;
            }
            taken += 1;
            let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:".contains(&byte));
            let expected: Vec<String> = usual.iter().map(|line| line.replace(HARMLESS, name)).collect();
            // Some go side by side. One that nobody waited for any more may be seen when the next call is under way.
            let sent: Vec<String> = sent
                .iter()
                .map(|line| decoded(line))
                .filter(|line| expected.contains(line) || !before.contains(line))
                .collect();
            if !is_plain || sent.is_empty() || !sent.iter().all(|line| expected.contains(line)) {
                wrong.push(format!("{at} {name:?}: {error:?}, sent {sent:?} for {expected:?}"));
            }
            before = expected;
        }
        (wrong, taken)
    }
}

/// The only character of a name that is escaped in a query, and it must not be in a path.
fn decoded(line: &str) -> String {
    match line.split_once('?') {
        Some((path, query)) => format!("{path}?{}", query.replace("%3A", ":")),
        None => line.to_owned(),
    }
}

/// Arguments that an operation takes, none of them a name that is tried.
fn harmless(operation: &Operation) -> Map<String, Value> {
    let required = operation.arguments.parameters().iter().filter(|(_, parameter)| parameter.required);
    let value = |name: &str, kind: &ParameterType| match kind {
        ParameterType::Text(_) if name == "namespace" => json!("some-place"),
        ParameterType::Text(Some(Format::Kind)) => json!("Pod"),
        ParameterType::Text(_) => json!("some-name"),
        ParameterType::Integer => json!(1),
        ParameterType::Boolean => json!(false),
        ParameterType::Texts => json!([]),
    };
    required.map(|(name, parameter)| (name.clone(), value(name, &parameter.kind))).collect()
}

#[test]
fn a_hostile_name_is_refused_before_a_request_or_is_one_segment_of_its_path() {
    let names = hostile();
    assert_eq!(names.len(), COUNT);
    let trial = || {
        let host = Host::new(HostSettings::default()).expect("a host");
        let connector =
            embedded().runtime.block_on(host.load(meho_artifacts::KUBERNETES.to_vec())).expect("the connector");
        Trial { host, connector, nothing: Nothing::new() }
    };
    let mut places: Vec<(&Operation, &str)> = Vec::new();
    for operation in embedded().connector.catalogue().operations() {
        for (name, parameter) in operation.arguments.parameters() {
            if matches!(parameter.kind, ParameterType::Text(Some(Format::Name | Format::Label))) {
                places.push((operation, name));
            }
        }
    }
    assert!(places.len() > 20, "{places:?}");
    let part = |part: &[(&Operation, &str)]| {
        let trial = trial();
        part.iter().map(|(operation, parameter)| trial.all(operation, parameter, &names)).collect::<Vec<_>>()
    };
    let found: Vec<(Vec<String>, usize)> = std::thread::scope(|scope| {
        let part = &part;
        let parts: Vec<_> = places.chunks(places.len().div_ceil(2)).map(|it| scope.spawn(move || part(it))).collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause)))
            .collect()
    });
    let wrong: Vec<&String> = found.iter().flat_map(|(wrong, _)| wrong).collect();
    println!("{} names in {} places", COUNT, places.len());
    assert!(wrong.is_empty(), "{} are wrong: {:#?}", wrong.len(), &wrong[..wrong.len().min(40)]);
    // Some of them are only odd, or there would be nothing to see on the wire.
    assert!(
        found.iter().all(|(_, taken)| (10..COUNT / 4).contains(taken)),
        "{:?}",
        found.iter().map(|it| it.1).collect::<Vec<_>>()
    );
}
