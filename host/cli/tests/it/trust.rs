//! `docs/trust.md` is kept true: its transcript is what a person sees who approves a deletion at a terminal, on the demo cluster.
//!
//! `MEHO_WRITE_DOCS=1 cargo test -p meho-host-cli --test it trust` writes it anew.

use crate::demo::{served, settled};
use crate::guide::between;
use crate::program::Home;
use crate::screen::Screen;
use serde_json::Value;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/trust.md");
/// How wide the terminal is. A page shows as much.
const COLUMNS: u16 = 110;
/// Whose pod is deleted: it has a budget.
const DEPLOYMENT: &str = "nginx";

/// A pod of the Deployment.
fn pod(home: &Home) -> String {
    let select = format!("label_selector=app={DEPLOYMENT}");
    let arguments =
        ["call", "list_pods", "namespace=production", &select, "-o", "json", "--kubeconfig", "demo.kubeconfig"];
    let rows = home.run(&arguments).json()["data"].clone();
    let mut names: Vec<String> =
        rows.as_array().expect("rows").iter().filter_map(|row| row["name"].as_str().map(str::to_owned)).collect();
    names.sort();
    names.into_iter().next().expect("a pod")
}

/// What is deleted, and everything that is seen meanwhile.
fn deleted() -> (String, String) {
    let home = Home::new();
    let _served = served(&home);
    let pod = pod(&home);
    let (name, kubeconfig) = (format!("name={pod}"), home.path("demo.kubeconfig"));
    home.run(&["target", "add", "prod", "--default", "--kubeconfig", kubeconfig.to_str().expect("UTF-8")]).done();
    let arguments = ["call", "delete_pod", "namespace=production", &name];
    let program = env!("CARGO_BIN_EXE_meho-host");
    let mut screen = Screen::start(COLUMNS, program, &arguments, home.root(), &[("USER", "you")]);
    let mut seen = screen.shows("Send it? [y/N] ");
    screen.types("y\n");
    seen += &screen.shows("to send it: ");
    screen.types(&format!("{pod}\n"));
    let (status, rest) = screen.ends();
    assert!(status.success(), "{seen}{rest}");
    (format!("meho-host {}", arguments.join(" ")), seen + &rest)
}

/// A line without what hangs on who runs the test, and when.
fn nobodys(line: &str) -> String {
    for (beginning, instead) in [("  caller   ", "user:you"), ("deletion_timestamp: ", "TIME")] {
        if line.starts_with(beginning) {
            return format!("{beginning}{instead}");
        }
    }
    line.to_owned()
}

/// The transcript as the page shows it.
fn transcript() -> (String, String) {
    let (command, seen) = deleted();
    let lines: Vec<String> = seen.lines().map(|line| nobodys(&settled(line))).collect();
    let text = lines.iter().fold(format!("```console\n$ {command}\n"), |text, line| text + line + "\n");
    (seen, text + "```\n")
}

#[test]
fn the_page_about_trust_shows_what_a_person_sees_who_approves_a_deletion() {
    let (seen, wanted) = transcript();
    for said in
        ["goes     Pod ", "again    ReplicaSet ", "budget   ", "request  DELETE /api/v1/namespaces/production/pods/"]
    {
        assert!(seen.contains(&format!("\n  {said}")), "{said:?} is not in {seen}");
    }
    let page = std::fs::read_to_string(FILE).expect("the page");
    let wanted = between(&page, "delete", &wanted);
    if std::env::var_os("MEHO_WRITE_DOCS").is_some() {
        std::fs::write(FILE, wanted).expect("the page can be written");
        return;
    }
    let differs = page.lines().zip(wanted.lines()).find(|(stands, wanted)| stands != wanted);
    assert!(
        differs.is_none() && page.lines().count() == wanted.lines().count(),
        "docs/trust.md is stale (MEHO_WRITE_DOCS=1 writes it anew): {differs:#?}"
    );
}

#[test]
fn the_page_about_trust_names_all_that_a_preview_says() {
    let page = std::fs::read_to_string(FILE).expect("the page");
    let home = Home::new();
    let _served = served(&home);
    let name = format!("name={}", pod(&home));
    let arguments = [
        "call",
        "delete_pod",
        "namespace=production",
        &name,
        "dry_run=true",
        "-o",
        "json",
        "--kubeconfig",
        "demo.kubeconfig",
    ];
    let preview = home.run(&arguments).json()["data"]["plan"]["preview"].clone();
    let members = preview.as_object().expect("a preview");
    assert!(members.len() > 8);
    for member in members.keys().filter(|name| !name.ends_with("_left_out")) {
        assert!(page.contains(&format!("`{member}`")), "{member}");
    }
    assert_eq!(preview["unavailable"], Value::Array(Vec::new()));
}
