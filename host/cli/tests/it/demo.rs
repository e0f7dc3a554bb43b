//! `meho-host demo`: what it answers, what it serves, and that the README shows what it prints.

use crate::program::{Home, finish};
use crate::screen::Screen;
use meho_test_fake::{Proxy, Speaks};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

#[test]
fn the_demo_answers_ten_questions_and_nothing_else_leaves() {
    let document = Home::new().run(&["demo", "-o", "json"]).json();
    let questions = document["questions"].as_array().expect("questions");
    assert_eq!(questions.len(), 10);
    let mut plans = 0;
    for question in questions {
        let answers = question["answers"].as_array().expect("answers");
        assert!((1..=2).contains(&answers.len()), "at most two calls: {question}");
        for answer in answers {
            let rows = answer["data"].as_array().map_or(1, Vec::len);
            assert!(rows > 0, "an answer without rows: {answer:#}");
            assert_eq!(answer["meta"]["complete"], true, "{answer:#}");
            assert!(answer["command"].as_str().is_some_and(|command| command.starts_with("meho-host call ")));
            let requests = answer["requests"].as_array().expect("requests");
            assert!(!requests.is_empty());
            if answer["plan"].is_object() {
                plans += 1;
                let written: Vec<&Value> = requests.iter().filter(|request| request["method"] != "GET").collect();
                let (tried, sent): (Vec<&Value>, Vec<&Value>) =
                    written.into_iter().partition(|request| request["for_preview"] == true);
                assert_eq!((tried.len(), sent.len()), (1, 1), "{answer:#}");
                assert_eq!(sent[0]["path"], answer["plan"]["request"]["path"]);
                assert!(tried[0]["path"].as_str().is_some_and(|path| path.ends_with("?dryRun=All")), "{answer:#}");
                let preview = &answer["plan"]["preview"];
                assert_eq!((&preview["was_tried"], &preview["unavailable"]), (&json!(true), &json!([])), "{answer:#}");
                assert_eq!(preview["changes"].as_array().map(Vec::len), Some(1), "{answer:#}");
            } else {
                assert!(requests.iter().all(|request| request["method"] == "GET"), "{answer:#}");
            }
        }
    }
    assert_eq!(plans, 2);
    let attempts = document["intruder"].as_array().expect("attempts");
    assert_eq!(attempts.len(), 4);
    for attempt in attempts {
        assert_eq!(attempt["error"]["code"], "TRUST_VIOLATION", "{attempt:#}");
        assert!(attempt["why"].as_str().is_some_and(|why| !why.is_empty()), "{attempt:#}");
    }
    assert_eq!(document["audit"]["equals_the_clusters"], true, "{:#}", document["audit"]);
}

/// What of a line differs from run to run: the port, times and what follows from them, and versions, which grow while the demo's controllers work.
pub(crate) fn settled(line: &str) -> String {
    for version in ["resource_version: ", "\"resourceVersion\": "] {
        if let Some((before, _)) = line.split_once(version) {
            return format!("{before}{version}VERSION");
        }
    }
    let mut out = String::new();
    // How many changes the cluster's clock has made by then hangs on how fast the machine is.
    if line.starts_with("resource_version: ") {
        return "resource_version".to_owned();
    }
    for word in line.split_inclusive(' ') {
        let (text, space) = word.strip_suffix(' ').map_or((word, ""), |text| (text, " "));
        let port = text.find("://127.0.0.1:");
        let is_time = text.len() == 20 && text.ends_with('Z') && text.contains('T');
        out.push_str(match port {
            Some(_) => "SERVER",
            None if text.starts_with("sha256:") => "DIGEST",
            None if is_time => "TIME",
            None => text,
        });
        out.push_str(space);
    }
    out.trim_end().to_owned()
}

#[test]
fn the_readme_shows_what_the_demo_prints() {
    let printed = Home::new().run(&["demo"]).done();
    let printed: Vec<String> = printed.lines().map(settled).collect();
    let readme = include_str!("../../../../README.md");
    let (_, block) = readme.split_once("$ cargo xtask demo\n").expect("the README has the demo");
    let (block, _) = block.split_once("```").expect("the block ends");
    let mut rest = printed.as_slice();
    let mut compared = 0;
    for line in block.lines().map(settled).filter(|line| !line.is_empty() && line != "[…]") {
        let at = rest.iter().position(|printed| *printed == line);
        let at =
            at.unwrap_or_else(|| panic!("the demo does not print this, or not here: {line}\n{}", printed.join("\n")));
        rest = &rest[at + 1..];
        compared += 1;
    }
    assert!(compared > 40, "{compared} lines are compared");
}

/// A served demo. Ends with the test.
pub(crate) struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A demo that serves, with its kubeconfig in this home: `demo.kubeconfig`.
pub(crate) fn served(home: &Home) -> Served {
    let (served, _) = Served::start(home, &["--kubeconfig", "demo.kubeconfig"]);
    assert!(home.path("demo.kubeconfig").exists());
    served
}

impl Served {
    /// Starts one, and waits until it says that it serves. What it says next.
    fn start(home: &Home, more: &[&str]) -> (Self, BufReader<std::process::ChildStdout>) {
        let mut command = home.command(&[&["demo", "--serve"], more].concat());
        let mut served = Self(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts"));
        let mut said = BufReader::new(served.0.stdout.take().expect("its output"));
        said.read_line(&mut String::new()).expect("a line");
        (served, said)
    }

    /// SIGTERM, as a service manager sends it.
    fn stop(mut self) -> Option<i32> {
        let id = self.0.id().to_string();
        assert!(Command::new("kill").arg(id).status().expect("kill runs").success());
        self.0.wait().expect("it ends").code()
    }
}

#[test]
fn a_served_demo_takes_away_its_own_files_and_nobody_elses() {
    let home = Home::new();
    let (served, _) = Served::start(&home, &["--kubeconfig", "demo.kubeconfig"]);
    let path = home.path("demo.kubeconfig");
    std::fs::remove_file(&path).expect("its file");
    home.write("demo.kubeconfig", "somebody else's");
    assert_eq!(served.stop(), Some(0));
    assert_eq!(std::fs::read_to_string(path).expect("the file"), "somebody else's");
    // Where none is named, nobody can foretell the place.
    let (served, said) = Served::start(&home, &[]);
    let line =
        said.lines().map_while(Result::ok).find(|line| line.contains("export KUBECONFIG=")).expect("where it is");
    let file = Path::new(line.trim().trim_start_matches("export KUBECONFIG=")).to_owned();
    let folder = file.parent().expect("a folder").to_owned();
    assert!(file.exists() && folder.metadata().expect("a folder").permissions().mode() & 0o777 == 0o700);
    let name = folder.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
    assert!(name.starts_with("meho-demo-") && name != format!("meho-demo-{}", served.0.id()), "{name}");
    assert_eq!(served.stop(), Some(0));
    assert!(!folder.exists());
    // What is no file is not waited for.
    let fifo = home.path("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo runs").success());
    let mut bounded = Command::new("timeout");
    bounded.args(["30", env!("CARGO_BIN_EXE_meho-host"), "demo", "--serve", "--kubeconfig"]).arg(&fifo);
    let run = finish(bounded);
    assert!(run.code == Some(1) && run.stderr.contains("it is no regular file"), "{run:#?}");
}

#[test]
fn names_and_a_proxy_of_a_kubeconfig_leave_the_request_at_the_question() {
    let home = Home::new();
    let (_served, _) = Served::start(&home, &["--kubeconfig", "demo.kubeconfig"]);
    let written = std::fs::read_to_string(home.path("demo.kubeconfig")).expect("the file");
    let proxy = Proxy::new(Speaks::Http);
    let named = |name: &str| {
        let mut config: Value = serde_saphyr::from_str(&written).expect("YAML");
        config["contexts"][0]["name"] = json!(name);
        config["current-context"] = json!(name);
        config["clusters"][0]["cluster"]["proxy-url"] = json!(proxy.url());
        home.write("named.kubeconfig", config.to_string());
    };
    let cordon = ["call", "cordon_node", "name=worker-3", "--kubeconfig", "named.kubeconfig"];
    let long = format!("prod{}\u{1b}[2J", "x\u{2003}".repeat(200));
    named(&long);
    let mut screen = Screen::start(100, env!("CARGO_BIN_EXE_meho-host"), &cordon, home.root(), &[]);
    let shown = screen.shows("Send it? [y/N] ");
    screen.types("n\n");
    screen.ends();
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines.iter().all(|line| line.chars().count() <= 100), "{shown}");
    let (above, below) = lines.split_at(lines.len() - 10);
    assert!(above.len() < 26, "{shown}");
    assert!(above.iter().any(|line| line.starts_with("This changes the target prodx")), "{shown}");
    let begins =
        ["target   prodx", "server   https://127.0.0.1:", "proxy    http://127.0.0.1:", "caller   ", "trust    WRITE"];
    let rest = ["expires  ", "digest   sha256:", "request  PATCH /api/v1/nodes/worker-3"];
    for (line, beginning) in below.iter().zip(begins.iter().chain(&rest)) {
        assert!(line.starts_with(&format!("  {beginning}")), "{beginning:?}: {line:?}: {shown}");
    }
    assert!(below[0].ends_with('…') && below[7].ends_with("/worker-3") && below[8].is_empty(), "{shown}");
    // One that is longer is nobody's.
    named(&"x".repeat(6_000));
    let error = home.run(&cordon);
    assert!(error.code == Some(1) && error.stdout.contains("more than 500 characters"), "{error:#?}");
}

#[test]
fn a_served_demo_is_a_target_for_others_until_it_is_stopped() {
    let home = Home::new();
    let kubeconfig = home.path("demo.kubeconfig");
    let mut command = home.command(&["demo", "--serve", "--kubeconfig", "demo.kubeconfig"]);
    let mut served = Served(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts"));
    let mut said = BufReader::new(served.0.stdout.take().expect("its output"));
    let mut line = String::new();
    said.read_line(&mut line).expect("a line");
    assert!(line.starts_with("The demo cluster serves at https://127.0.0.1:"), "{line}");

    let call = ["call", "list_nodes", "-o", "json", "--kubeconfig", "demo.kubeconfig"];
    let nodes = home.run(&call).json();
    let names: Vec<&str> =
        nodes["data"].as_array().expect("rows").iter().filter_map(|node| node["name"].as_str()).collect();
    assert_eq!(names, ["worker-02", "worker-1", "worker-3"]);
    // Elsewhere the demo approves nothing.
    let cordon = ["call", "cordon_node", "name=worker-3", "--kubeconfig", "demo.kubeconfig"];
    home.run(&cordon).failed(3);

    // SIGTERM, as a service manager sends it.
    let stopped = std::process::Command::new("kill").arg(served.0.id().to_string()).status().expect("kill runs");
    assert!(stopped.success());
    let code = served.0.wait().expect("it ends").code();
    let mut errors = String::new();
    served.0.stderr.take().expect("its errors").read_to_string(&mut errors).expect("text");
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert!(!kubeconfig.exists(), "it takes its kubeconfig with it");
}

#[test]
fn a_kubeconfig_of_somebody_else_is_left_alone() {
    let home = Home::new();
    let theirs = home.write("config", "apiVersion: v1\nkind: Config\n");
    let errors = home.run(&["demo", "--serve", "--kubeconfig", "config", "-o", "table"]).failed(1);
    assert!(errors.contains("it is left alone"), "{errors}");
    assert_eq!(std::fs::read_to_string(theirs).expect("the file"), "apiVersion: v1\nkind: Config\n");
}

#[test]
fn rows_are_chosen_by_what_is_in_them() {
    let home = Home::new();
    let _served = served(&home);
    let names = |conditions: &[&str]| -> Vec<String> {
        let mut arguments = vec!["call", "list_nodes", "-o", "json", "--kubeconfig", "demo.kubeconfig"];
        conditions.iter().for_each(|condition| arguments.extend(["--where", condition]));
        let rows = home.run(&arguments).json()["data"].clone();
        rows.as_array().expect("rows").iter().filter_map(|row| row["name"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(names(&["status=NotReady"]), ["worker-1"]);
    assert_eq!(names(&["status~Ready", "name!=worker-1"]), ["worker-02", "worker-3"]);
    assert_eq!(names(&["unschedulable=true"]), [""; 0]);
    assert_eq!(names(&["labels.kubernetes.io/os=linux"]), ["worker-02", "worker-1", "worker-3"], "a key may have dots");
    let refused = |operation: &str, condition: &str, code| {
        home.run(&["call", operation, "--where", condition, "-o", "table", "--kubeconfig", "demo.kubeconfig"])
            .failed(code)
    };
    let unknown = refused("list_nodes", "nmae=x", 1);
    assert!(unknown.contains("have no member nmae") && unknown.contains("members: name"), "{unknown}");
    assert!(refused("list_nodes", "name", 2).contains("MEMBER=VALUE"));
}

#[test]
fn a_target_that_redacts_answers_with_digests_that_stay_the_same_from_run_to_run() {
    let home = Home::new();
    let _served = served(&home);
    let path = home.path("demo.kubeconfig");
    let path = path.to_str().expect("UTF-8");
    home.run(&["target", "add", "open", "--kubeconfig", path]).done();
    home.run(&["target", "add", "agents", "--kubeconfig", path, "--redact-secrets"]).done();
    let rows = home.run(&["call", "list_secrets", "-o", "json", "--target", "open"]).json()["data"].clone();
    let first =
        rows.as_array().and_then(|rows| rows.iter().find(|row| row["keys"] != json!([]))).expect("a Secret").clone();
    let of = |member: &str| format!("{member}={}", first[member].as_str().expect("a text"));
    let get = |target: &str| {
        let arguments = ["call", "get_secret", &of("name"), &of("namespace"), "-o", "json", "--target", target];
        home.run(&arguments).json()["data"].clone()
    };
    let (open, redacted, again) = (get("open"), get("agents"), get("agents"));
    assert_eq!(open["redacted"], false);
    assert_eq!((&redacted["redacted"], &redacted["data"]), (&json!(true), &json!({})));
    assert_eq!(redacted["keys"], open["keys"]);
    for (name, value) in open["data"].as_object().expect("values") {
        assert!(!redacted.to_string().contains(value.as_str().expect("a text")), "{name}");
    }
    assert!(redacted["values"][0]["digest"].as_str().is_some_and(|digest| digest.len() == 64), "{redacted:#}");
    assert_eq!(redacted["values"], again["values"]);
    let key = home.path(".config/meho/redaction.key");
    assert_eq!(key.metadata().expect("the key").permissions().mode() & 0o777, 0o600);
}
