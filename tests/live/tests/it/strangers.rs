//! A hostile connector's words in the program's output, and its requests in the question: nothing acts, and nothing passes for the program's own. None of
//! it needs a cluster: no connector here comes to an answer.

use crate::embedded::{embedded, target_with};
use crate::kubeconfigs::Files;
use crate::program::{self, Run};
use crate::terminal::{COLUMNS, Terminal};
use meho_artifacts::hostile::{BAD_FAILURE, BAD_ROWS, ENDLESS_ROWS, HONEST_LIST, TALKS_TOO_MUCH};
use meho_host::approval::NoApprover;
use meho_host::budget::Budgets;
use meho_host::error::ErrorCode;
use meho_host::host::{Call, Host, HostSettings};
use meho_host::policy::family::Family;
use meho_host::target::TargetSettings;
use serde_json::{Map, Value, json};
use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::Arc;

/// Nobody listens there.
const SERVER: &str = "https://127.0.0.1:9";
/// Where the next line of a person's terminal would begin, if it did.
const FORGED: &str = "x\nerror: INTERNAL_ERROR: the host is broken\nhint: run it without a sandbox\r\nwarning: all is lost\u{85}note: believe me";

/// The first and the last of each range of what Unicode does not show (`Default_Ignorable_Code_Point` of DerivedCoreProperties.txt) or shows as a
/// blank that is not a space (`White_Space` of PropList.txt), with a few characters of control.
const UNSEEN: &[u32] = &[
    0x00, 0x07, 0x1b, 0x7f, 0x85, 0x9b, 0x9f, 0xa0, 0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x1680, 0x17b4, 0x17b5, 0x180b,
    0x180e, 0x180f, 0x2000, 0x200a, 0x200b, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x202f, 0x205f, 0x2060, 0x206f,
    0x2800, 0x3000, 0x3164, 0xfe00, 0xfe0f, 0xfeff, 0xffa0, 0xfff0, 0xfff8, 0xfff9, 0xfffb, 0x1bca0, 0x1bca3, 0x1d173,
    0x1d17a, 0xe0000, 0xe0001, 0xe0020, 0xe007f, 0xe0100, 0xe01ef, 0xe0fff,
];

/// All of them.
fn unseen() -> String {
    UNSEEN.iter().map(|code| char::from_u32(*code).expect("a character")).collect()
}

/// A component, and options that lead nowhere.
struct Stranger {
    _files: Files,
    component: PathBuf,
    token: PathBuf,
}

impl Stranger {
    fn new(component: &[u8]) -> Self {
        let files = Files::new();
        let component = files.write("connector.wasm", component);
        let token = files.write("token", "a-token-that-leads-nowhere");
        Self { _files: files, component, token }
    }

    fn options(&self) -> [&OsStr; 7] {
        let verify_not = OsStr::new("--skip-tls-verification");
        let server = [OsStr::new("--server"), OsStr::new(SERVER), OsStr::new("--token-file"), self.token.as_os_str()];
        let [s, url, t, token] = server;
        [OsStr::new("--connector"), self.component.as_os_str(), s, url, t, token, verify_not]
    }

    /// Calls `act` in its variation that repeats these words.
    #[track_caller]
    fn repeats(&self, words: &str, format: &str) -> Run {
        let arguments = these(words);
        let mut command = program::command(&["call", "act", "--args", &arguments, "-o", format]);
        command.args(self.options());
        program::finish(command)
    }

    /// Asks whether `paint` may write.
    fn paints(&self) -> Terminal {
        Terminal::call_with(&["paint", "how=paint", "replicas=3"], &self.options())
    }
}

/// Arguments of the variation that repeats these words. Arguments hold no control characters, so they are escaped once more.
fn these(words: &str) -> String {
    let escape = |unit: u16| match u8::try_from(unit) {
        Ok(byte) if byte == b' ' || byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("\\u{unit:04x}"),
    };
    let escaped: String = words.encode_utf16().map(escape).collect();
    json!({"how": "these words", "also": format!("\"{escaped}\"")}).to_string()
}

#[test]
fn what_cannot_be_seen_is_escaped_wherever_a_connector_puts_it() {
    let unseen = unseen();
    let [rows, failure, warning] = [BAD_ROWS, BAD_FAILURE, TALKS_TOO_MUCH].map(Stranger::new);
    for format in ["table", "json", "jsonl", "yaml"] {
        for run in [&rows, &failure, &warning].map(|stranger| stranger.repeats(&unseen, format)) {
            let acts = |c: &char| unseen.contains(*c) || (c.is_control() && *c != '\n');
            let shown = format!("{}{}", run.stdout, run.stderr);
            assert_eq!(shown.chars().find(acts), None, "{format}: {run:#?}");
            assert!(shown.contains("e0fff") || shown.contains(r"\udb43\udfff"), "it is shown, escaped: {run:#?}");
        }
    }
    // The same for a program that reads it.
    let data = rows.repeats(&unseen, "json").json()["data"].clone();
    assert_eq!(data[0].as_object().and_then(|row| row.get(&unseen)), Some(&json!(unseen)));
    let yaml: Value = serde_saphyr::from_str(&rows.repeats(&unseen, "yaml").stdout).expect("YAML");
    assert_eq!(yaml["data"], data);
}

#[test]
fn a_heading_that_a_row_names_does_not_act() {
    let run = Stranger::new(BAD_ROWS).repeats("a\u{1b}[2K\u{202e}\u{9b}2J\rb\nc", "table");
    let heading = run.stdout.lines().next().unwrap_or_default().trim();
    assert_eq!(heading, r"A\u{1b}[2K\u{202e}\u{9b}2J\u{d}B\u{a}C", "{run:#?}");
}

#[test]
fn a_long_table_is_laid_out_in_parts_under_one_heading() {
    const ROWS: usize = 2500;
    let stranger = Stranger::new(BAD_ROWS);
    let said = |format: &str| {
        let mut arguments: Value = serde_json::from_str(&these("word")).expect("JSON");
        arguments["times"] = json!(ROWS);
        let mut command = program::command(&["call", "act", "--args", &arguments.to_string(), "-o", format]);
        command.args(stranger.options());
        program::finish(command)
    };
    let table = said("table").stdout;
    let lines: Vec<&str> = table.lines().map(str::trim).collect();
    assert_eq!((lines[0], lines.len()), ("WORD", ROWS + 1));
    assert!(lines[1..].iter().all(|line| *line == "word"));
    let rows = vec![json!({"word": "word"}); ROWS];
    assert_eq!(said("json").json()["data"], json!(rows));
    assert_eq!(serde_saphyr::from_str::<Value>(&said("yaml").stdout).expect("YAML")["data"], json!(rows));
    assert_eq!(said("jsonl").stdout, "{\"word\":\"word\"}\n".repeat(ROWS));
}

#[test]
fn a_connectors_words_stand_on_one_line_and_are_said_to_be_its() {
    let escaped = r"x\u{a}error: INTERNAL_ERROR: the host is broken\u{a}hint: run it without a sandbox\u{d}\u{a}warning: all is lost\u{85}note: believe me";
    let run = Stranger::new(BAD_FAILURE).repeats(FORGED, "table");
    let lines: Vec<&str> = run.stderr.lines().collect();
    let expected =
        [format!("error: CONFLICT: the connector says: {escaped}"), format!("hint: the connector says: {escaped}")];
    assert_eq!((run.code, lines), (Some(1), expected.iter().map(String::as_str).collect()));
    let error = Stranger::new(BAD_FAILURE).repeats(FORGED, "json").error(1, "CONFLICT");
    assert_eq!((&error["details"]["source"], &error["message"]), (&json!("connector"), &json!(FORGED)));

    let run = Stranger::new(TALKS_TOO_MUCH).repeats(FORGED, "table");
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(lines[0], format!("warning: the connector says: {escaped}"), "{run:#?}");
    assert!(lines.len() == 2 && lines[1].starts_with("warning: the target's certificate was not verified"), "{run:#?}");
}

#[test]
fn at_a_terminal_no_line_of_a_connectors_begins_where_the_programs_do() {
    let stranger = Stranger::new(BAD_FAILURE);
    let words = format!("x{}error: INTERNAL_ERROR: the host is broken", " ".repeat(usize::from(COLUMNS) - 38));
    let (status, shown) = Terminal::call_with(&["act", "--args", &these(&words)], &stranger.options()).ends();
    assert_eq!(status.exit_code(), 1, "{shown}");
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines.iter().all(|line| line.chars().count() <= usize::from(COLUMNS)), "{shown}");
    assert!(lines.iter().any(|line| line.starts_with("  | ") && line.contains("INTERNAL_ERROR")), "{shown}");
}

#[test]
fn whatever_a_body_looks_like_the_request_stands_above_the_question() {
    let stranger = Stranger::new(TALKS_TOO_MUCH);
    let mut terminal = stranger.paints();
    let shown = terminal.shows("Send it? [y/N] ");
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines.iter().all(|line| line.chars().count() <= usize::from(COLUMNS)), "{shown}");
    let body: Vec<&&str> = lines.iter().filter(|line| line.starts_with("  | ")).collect();
    assert_eq!(body.len(), 60, "{shown}");
    assert!(lines.iter().any(|line| line.contains(" more lines of the body are not shown here")), "{shown}");
    let marked = lines.iter().filter(|line| line.contains("trust    READ"));
    assert!(marked.clone().count() > 0 && marked.clone().all(|line| line.starts_with("  | ")), "{shown}");
    let path = "/apis/apps/v1/namespaces/default/deployments/web/scale";
    let above: Vec<&str> = lines[lines.len() - 10..].to_vec();
    assert_eq!(
        above[..5],
        [
            &format!("  target   {SERVER}"),
            &format!("  server   {SERVER}"),
            "           UNVERIFIED: whoever is between can read the credential and change what is sent",
            &format!("  caller   {}", program::caller()),
            "  trust    WRITE",
        ],
        "{shown}"
    );
    assert!(above[5].starts_with("  expires  ") && above[6].starts_with("  digest   sha256:"), "{shown}");
    assert_eq!(above[7..9], [&format!("  request  PATCH {path}"), ""], "{shown}");
    terminal.types("n\n");
    assert_eq!(terminal.ends().0.exit_code(), 3);
}

#[test]
fn what_was_typed_before_the_question_is_no_answer_to_it() {
    let stranger = Stranger::new(TALKS_TOO_MUCH);
    let mut terminal = stranger.paints();
    terminal.types("y\n");
    terminal.shows("Send it? [y/N] ");
    terminal.types("n\n");
    let (status, rest) = terminal.ends();
    assert_eq!(status.exit_code(), 3, "{rest}");
    assert!(rest.contains("answered with no"), "{rest}");
}

#[test]
fn what_is_to_be_known_about_rows_stands_on_standard_error_for_programs_too() {
    // Its list is not complete: its request got no answer.
    let stranger = Stranger::new(HONEST_LIST);
    let mut command = program::command(&["call", "act", "-o", "jsonl"]);
    command.args(stranger.options());
    let run = program::finish(command);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.lines().count()), (Some(0), "", 1), "{run:#?}");
    let meta: Value = serde_json::from_str(&run.stderr).expect("JSON");
    assert_eq!((&meta["meta"]["complete"], &meta["meta"]["returned"]), (&json!(false), &json!(0)), "{run:#?}");
}

#[test]
fn a_dry_run_on_a_target_that_proves_nothing_says_so() {
    let stranger = Stranger::new(TALKS_TOO_MUCH);
    let mut command = program::command(&["call", "paint", "how=paint", "replicas=3", "dry_run=true"]);
    command.args(stranger.options());
    let answer = program::finish(command).json();
    let plan = &answer["data"]["plan"];
    assert_eq!((&plan["server"], &plan["verified"]), (&json!(SERVER), &json!(false)), "{answer}");
    let unverified = answer["meta"]["warnings"][1].as_str().unwrap_or_default();
    assert!(unverified.starts_with("the target's certificate was not verified"), "{answer}");
}

#[test]
fn an_effect_is_shown_with_all_that_would_stand_in_its_request() {
    let stranger = Stranger::new(TALKS_TOO_MUCH);
    let mut command = program::command(&["inspect"]);
    command.arg(&stranger.component).args(["-o", "table"]);
    let run = program::finish(command);
    for line in [
        "  PATCH /apis/apps/v1/namespaces/default/deployments/{name}/scale",
        "    paint WRITE, required, once",
        "    body application/merge-patch+json",
        "      | {",
        "      |   \"metadata\": {",
    ] {
        assert!(run.stdout.lines().any(|shown| shown == line), "{line:?} is not in {run:#?}");
    }
}

#[test]
fn rows_that_are_collected_are_bounded() {
    let budgets = Budgets { collected_bytes: 1 << 20, ..Budgets::default() };
    let error = embedded().runtime.block_on(async {
        let host = Host::new(HostSettings { budgets, ..HostSettings::default() }).expect("a host");
        let connector = host.load(ENDLESS_ROWS.to_vec()).await.expect("a connector");
        let target = target_with("nothing", TargetSettings::new("nowhere", SERVER, Family::Kubernetes));
        let call = Call {
            operation: "act".to_owned(),
            arguments: Map::new(),
            principal: "suite".to_owned(),
            timeout: None,
            note: Value::Null,
        };
        host.call(&connector, &target, call, Arc::new(NoApprover)).collect().await.expect_err("there is no end to them")
    });
    assert_eq!((error.code, &error.details["budget"]), (ErrorCode::ResourceLimit, &json!("collected_bytes")));
    assert_eq!(error.hint, "read the rows as they come instead");
}
