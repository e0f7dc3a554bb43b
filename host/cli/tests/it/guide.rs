//! `docs/kubernetes.md` is kept true: its commands are run on the demo cluster and print what stands below them, its ten questions are the demo's, and its
//! table is the catalogue's.
//!
//! `MEHO_WRITE_DOCS=1 cargo test -p meho-host-cli --test it guide` writes it anew.

use crate::demo::{Served, served, settled};
use crate::program::{Home, finish};
use base64::Engine as _;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/kubernetes.md");
/// The longest output that the guide shows whole.
const MAX_LINES: usize = 40;

/// A token that ended on the first of January 2026, which nobody has signed.
fn expired_token() -> String {
    let part = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let claims = r#"{"sub":"system:serviceaccount:meho:host","exp":1767225600}"#;
    format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(claims), part("signature"))
}

/// A home as the guide's reader has one: a target `prod`, which is the demo, and the files that the commands name.
fn prepared() -> (Home, Served, String) {
    let home = Home::new();
    let served = served(&home);
    let kubeconfig = std::fs::read_to_string(home.path("demo.kubeconfig")).expect("the kubeconfig");
    let value = |key: &str| {
        let (_, rest) =
            kubeconfig.split_once(&format!("{key}: ")).unwrap_or_else(|| panic!("the kubeconfig has no {key}"));
        rest.lines().next().unwrap_or_default().trim().trim_matches('"').to_owned()
    };
    let ca = base64::engine::general_purpose::STANDARD.decode(value("certificate-authority-data")).expect("base64");
    home.write("ca.pem", ca);
    home.write("token", value("token"));
    home.write("expired-token", expired_token());
    let path = home.path("demo.kubeconfig");
    let add = ["target", "add", "prod", "--default", "--kubeconfig", path.to_str().expect("UTF-8")];
    home.run(&add).done();
    let server = value("server");
    (home, served, server)
}

/// What a command line of the guide prints, both streams, as the guide shows it.
fn printed(home: &Home, server: &str, line: &str) -> Vec<String> {
    let program = Path::new(env!("CARGO_BIN_EXE_meho-host")).parent().expect("a directory").display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{line} 2>&1")]).env_clear().current_dir(home.root());
    command.env("PATH", format!("{program}:{path}")).env("HOME", home.root()).env("SERVER", server).env("USER", "you");
    let root = home.root().display().to_string();
    let text = finish(command).stdout.replace(&root, "~");
    let mut lines: Vec<String> = text.lines().map(settled).collect();
    if lines.len() > MAX_LINES {
        lines.truncate(MAX_LINES);
        lines.push("[…]".to_owned());
    }
    lines
}

/// The text with what its commands print below each.
fn with_outputs(guide: &str, print: &dyn Fn(&str) -> Vec<String>) -> String {
    let mut out = String::new();
    let mut is_console = false;
    for line in guide.lines() {
        if line == "```console" {
            is_console = true;
        } else if line.starts_with("```") {
            is_console = false;
        }
        match line.strip_prefix("$ ").filter(|_| is_console) {
            Some(command) => {
                let _ = writeln!(out, "{line}");
                print(command).iter().for_each(|line| out.extend([line.as_str(), "\n"]));
            }
            // What was printed before.
            None if is_console && line != "```console" => {}
            None => out.extend([line, "\n"]),
        }
    }
    out
}

/// The text with something else between two marks.
pub(crate) fn between(guide: &str, mark: &str, text: &str) -> String {
    let (open, close) = (format!("<!-- {mark} -->\n"), format!("<!-- /{mark} -->"));
    let (before, rest) = guide.split_once(&open).unwrap_or_else(|| panic!("the guide has no mark {mark}"));
    let (_, after) = rest.split_once(&close).expect("the mark's end");
    format!("{before}{open}{text}{close}{after}")
}

/// The questions of the demo, with what answers each.
fn questions(home: &Home) -> String {
    let document = home.run(&["demo", "-o", "json"]).json();
    let mut out = String::from("\n");
    for (number, question) in (1..).zip(document["questions"].as_array().expect("questions")) {
        let _ = writeln!(out, "{number}. {}\n\n   ```sh", question["question"].as_str().expect("a text"));
        for answer in question["answers"].as_array().expect("answers") {
            let _ = writeln!(out, "   {}", answer["command"].as_str().expect("a command"));
        }
        out.push_str("   ```\n\n");
    }
    out
}

/// The table of operations.
fn operations(home: &Home) -> String {
    let document = home.run(&["ops", "-o", "json"]).json();
    let mut out = String::from("\n| Operation | Trust | Parameters | Rights |\n|---|---|---|---|\n");
    for operation in document.as_array().expect("operations") {
        let text = |name: &str| operation[name].as_str().unwrap_or_default();
        let required = |parameter: &&Value| parameter["required"] == true;
        let all = operation["parameters"].as_array().expect("parameters");
        let name = |parameter: &Value| parameter["name"].as_str().unwrap_or_default().to_owned();
        let wanted = all.iter().filter(required).map(|parameter| format!("`{}`", name(parameter)));
        let optional =
            all.iter().filter(|parameter| !required(parameter)).map(|parameter| format!("[`{}`]", name(parameter)));
        let parameters: Vec<String> = wanted.chain(optional).collect();
        let right = |right: &Value| {
            let part = |name: &str| right[name].as_str().unwrap_or_default().to_owned();
            let group = part("api_group");
            let at = if group.is_empty() { String::new() } else { format!(" ({group})") };
            format!("{} {}{at}", part("verb"), part("resource"))
        };
        let rights: Vec<String> = operation["rbac"]["required"].as_array().expect("rights").iter().map(right).collect();
        let _ = writeln!(
            out,
            "| `{}` {} | {} | {} | {} |",
            text("id"),
            text("summary").replace('|', "\\|"),
            text("trust_level"),
            parameters.join(" "),
            rights.join(", ")
        );
    }
    out.push('\n');
    out
}

#[test]
fn the_guide_shows_what_the_program_prints_and_all_that_it_offers() {
    let (home, served, server) = prepared();
    let guide = std::fs::read_to_string(FILE).expect("the guide");
    let wanted = with_outputs(&guide, &|line| printed(&home, &server, line));
    let wanted = between(&wanted, "questions", &questions(&home));
    let wanted = between(&wanted, "operations", &operations(&home));
    drop(served);
    if std::env::var_os("MEHO_WRITE_DOCS").is_some() {
        std::fs::write(FILE, wanted).expect("the guide can be written");
        return;
    }
    let differs = guide.lines().zip(wanted.lines()).find(|(stands, wanted)| stands != wanted);
    assert!(
        differs.is_none() && guide.lines().count() == wanted.lines().count(),
        "docs/kubernetes.md is stale (MEHO_WRITE_DOCS=1 writes it anew): {differs:#?}"
    );
}
