//! The policy file: each mistake with its line, whose word it is, and what it does to calls.

use crate::program::{Home, finish};
use crate::target::{options, pods, with};
use meho_host_cli::policy::{Policy, Server, Unruled};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

const PLACE: &str = ".config/meho/policy.toml";
const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/policy.md");
/// The head of a section, up to the third line.
const HEAD: &str = "[target.prod]\nservers = [\"https://prod\"]\n";

#[test]
fn each_mistake_is_told_with_its_line() {
    let home = Home::new();
    for (text, line, words) in [
        ("[target.prod]\nserver = 1\n", 2, "unknown field `server`"),
        ("[targets.prod]\n", 1, "unknown field `targets`"),
        ("[target.prod]\noperations = []\n", 1, "which servers it is about"),
        ("\n[target.prod]\nservers = []\n", 2, "which servers it is about"),
        ("[default]\nservers = [\"https://prod\"]\n", 2, "every server that no section names"),
        ("[target.prod]\nservers = [\"prod:6443\"]\n", 2, "https://HOST"),
        ("[target.prod]\nservers = [\"https://me@prod\"]\n", 2, "without a user part"),
        (
            "[target.a]\nservers = [\"https://prod\"]\n[target.b]\nservers = [\"https://PROD:443/\"]\n",
            4,
            "servers of a already",
        ),
        ("[target.prod]\nservers = [\n", 2, "array"),
    ] {
        mistake(&home, text, line, words);
    }
    for (rest, line, words) in [
        ("operations = [\"list_pod\"]", 3, "there is no operation list_pod; list_pods is one"),
        ("operations = [\n  \"list_pods\",\n  \"get_pods\",\n]", 5, "there is no operation get_pods; get_pod is one"),
        ("operations = \"all\"", 3, "\"any\", or a list of names"),
        ("operations = [\"List Pods\"]", 3, "not a valid operation id"),
        ("namespaces = [\"Shop\"]", 3, "not a valid namespace"),
        ("raise.delete_pod = \"WRITE\"", 3, "delete_pod is DESTRUCTIVE: a level is raised and never lowered"),
        ("raise.delete_pod = \"READ\"", 3, "unknown variant `READ`"),
        ("raise.list_pods = \"WRITE\"", 3, "list_pods only reads"),
        ("raise.scale_deployment = \"WRITE\"", 3, "is WRITE already"),
        ("raise.scale_deploiment = \"DESTRUCTIVE\"", 3, "scale_deployment is one"),
        ("approvers = [\n  \"ssh-rsa AAAA me\",\n]", 4, "no public key"),
        (
            "approvers = [\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g policy\"]",
            3,
            "no approver is called policy",
        ),
        ("budgets.seconds = 0", 3, "seconds is from 1 to 3600"),
        ("budgets.memory-mib = 65", 3, "memory-mib is from 4 to 64"),
        ("budgets.hours = 1", 3, "unknown field `hours`"),
        ("redact-secrets = 1", 3, "expected a boolean"),
    ] {
        mistake(&home, &format!("{HEAD}{rest}\n"), line, words);
    }
    for (rest, line, words) in [
        ("operation = \"scale_deployment\"", 3, "missing field `namespaces`"),
        ("operation = \"delete_pod\"\nnamespaces = \"any\"", 4, "delete_pod is DESTRUCTIVE: that is never approved"),
        ("operation = \"list_pods\"\nnamespaces = \"any\"", 4, "only reads: nothing of it is ever approved"),
        ("namespaces = []\noperation = \"scale_deployment\"", 4, "in no namespace nothing is ever approved"),
        (
            "operation = \"scale_deployment\"\nnamespaces = \"any\"\narguments.replica = { min = 1 }",
            6,
            "has no argument replica; replicas is one",
        ),
        (
            "operation = \"scale_deployment\"\nnamespaces = \"any\"\narguments.replicas = { min = 5, max = 1 }",
            6,
            "nothing is from 5 to 1",
        ),
        (
            "operation = \"scale_deployment\"\nnamespaces = \"any\"\narguments.replicas = { max = -1 }",
            6,
            "it is never less than 0",
        ),
        (
            "operation = \"scale_deployment\"\nnamespaces = \"any\"\narguments.replicas = { one-of = [\"3\"] }",
            6,
            "it is an integer",
        ),
        (
            "operation = \"scale_deployment\"\nnamespaces = \"any\"\narguments.replicas = { min = 1, is = 3 }",
            6,
            "are min and max, or one-of, or is",
        ),
        ("operation = \"scale_deployment\"\nnamespaces = \"any\"\narguments.name = { min = 1 }", 6, "it is a text"),
        (
            "operation = \"scale_deployment\"\nnamespaces = \"any\"\narguments.name = { is = \"../x\" }",
            6,
            "it is never ../x",
        ),
    ] {
        mistake(&home, &format!("{HEAD}[[target.prod.automatic]]\n{rest}\n"), line, words);
    }
    let beyond = "operations = [\"list_pods\"]\nnamespaces = [\"a\"]\n[[target.prod.automatic]]\noperation = \"scale_deployment\"\nnamespaces = [\"b\"]\n";
    mistake(&home, &format!("{HEAD}{beyond}"), 6, "not among the operations that are allowed here");
    mistake(&home, &format!("{HEAD}{beyond}"), 7, "namespace b is not among those that are allowed here");
}

#[track_caller]
fn mistake(home: &Home, text: &str, line: usize, words: &str) {
    home.write("draft.toml", text);
    let run = home.run(&["policy", "check", "draft.toml", "-o", "json"]);
    assert_eq!(run.code, Some(1), "{text}: {run:#?}");
    let told: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let mistakes = told["error"]["details"]["mistakes"].as_array().unwrap_or_else(|| panic!("{text}: {told}"));
    let fits = |mistake: &serde_json::Value| {
        mistake["line"] == json!(line) && mistake["message"].as_str().is_some_and(|message| message.contains(words))
    };
    assert!(mistakes.iter().any(fits), "{text}: {words:?} at {line} is not among {mistakes:?}");
}

#[test]
fn mistakes_are_lines_that_programs_jump_to() {
    let home = Home::new();
    home.write("draft.toml", format!("{HEAD}operations = [\"list_pod\"]\nraise.delete_pod = \"WRITE\"\n"));
    let run = home.run(&["policy", "check", "draft.toml", "-o", "table"]);
    let places: Vec<&str> = run.stdout.lines().filter_map(|line| line.split(": ").next()).collect();
    assert_eq!(places, ["draft.toml:3", "draft.toml:4"]);
    assert!(run.failed(1).contains("2 mistakes"));
}

#[test]
fn the_guides_example_is_in_order_and_has_every_key() {
    let guide = fs::read_to_string(GUIDE).expect("the guide");
    let example = guide.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let home = Home::new();
    home.write(PLACE, example);
    let shown = home.run(&["policy", "check", "-o", "json"]).json();
    let prod = &shown["sections"][0];
    assert_eq!(prod["section"], json!("prod"));
    assert_eq!(prod["servers"], json!(["https://10.0.0.10:6443", "https://prod.example.com:6443"]));
    assert_eq!(prod["namespaces"], json!(["shop", "shop-batch"]));
    assert_eq!(prod["raise"], json!({"restart_deployment": "DESTRUCTIVE"}));
    assert_eq!(prod["approvers"][0]["name"], json!("alice"));
    assert_eq!(prod["budgets"], json!({"seconds": 20, "requests": 200, "response_mib": 256, "memory_mib": 32}));
    assert_eq!(prod["automatic"][0]["arguments"]["replicas"], json!({"min": 1, "max": 8}));
    assert_eq!(shown["sections"][1]["operations"], json!([]));
    for key in ["servers", "operations", "namespaces", "raise", "automatic", "approvers", "redact-secrets", "budgets"] {
        assert!(guide.contains(&format!("| `{key}` |")), "the guide does not say what {key} is");
        assert!(example.contains(key), "the example has no {key}");
    }
    let table = home.run(&["policy", "check", "-o", "table"]).done();
    assert!(table.contains("6 of 49") && table.contains("all others"), "{table}");
}

#[test]
fn where_there_is_no_policy_that_is_said() {
    let home = Home::new();
    assert!(home.run(&["policy", "check"]).failed(1).is_empty());
    assert!(home.run(&["policy", "check", "-o", "table"]).failed(1).contains("there is no policy"));
    let mut command = home.command(&["policy", "check", "-o", "table"]);
    command.env("MEHO_POLICY", home.path("elsewhere.toml"));
    assert!(finish(command).failed(1).contains("does not exist"));
}

/// A policy for a fake.
fn section(url: &str, rest: &str) -> String {
    format!("[target.prod]\nservers = [\"{url}\"]\n{rest}\n")
}

#[test]
fn a_call_stays_within_the_policy_whichever_way_it_goes_to_a_server() {
    let (home, fake) = (Home::new(), pods());
    let options = options(&fake, &home);
    let call = |arguments: &[&str]| home.run(&with(arguments, &options));
    home.write(PLACE, section(&fake.url(), "operations = [\"list_pods\"]\nnamespaces = [\"production\"]"));

    assert!(call(&["call", "list_pods", "namespace=production"]).done().contains("web-0"));
    let asked = fake.lines().len();
    for arguments in [
        &["call", "list_pods", "-o", "table"][..],
        &["call", "list_pods", "namespace=other", "-o", "table"],
        &["call", "get_pod", "namespace=production", "name=web-0", "-o", "table"],
    ] {
        let told = call(arguments).failed(1);
        assert!(told.contains("PERMISSION_DENIED") && told.contains("policy"), "{told}");
        assert!(told.contains("`meho-host policy check`"), "{told}");
    }
    // A configuration of the caller's own brings no policy along.
    home.write("own/config.toml", "");
    home.write("own/policy.toml", "[default]\n");
    let told = call(&["call", "list_pods", "-o", "table", "--config", "own/config.toml"]).failed(1);
    assert!(told.contains("PERMISSION_DENIED"), "{told}");
    assert_eq!(fake.lines().len(), asked);
    // What the environment names is the operator's.
    let arguments = with(&["call", "list_pods"], &options);
    let mut command = home.command(&arguments);
    command.env("MEHO_POLICY", home.path("own/policy.toml"));
    assert!(finish(command).done().contains("web-0"));
}

#[test]
fn a_server_of_no_section_is_held_to_the_default_and_else_nothing_is_done_there() {
    let (home, fake) = (Home::new(), pods());
    let options = options(&fake, &home);
    let call = || home.run(&with(&["call", "list_pods", "-o", "table"], &options));
    home.write(PLACE, section("https://elsewhere", ""));
    let told = call().failed(1);
    assert!(told.contains("says nothing of https://") && told.contains("no [default]"), "{told}");
    home.write(PLACE, "[default]\noperations = []\n");
    assert!(call().failed(1).contains("policy-operation"));
    assert!(fake.lines().is_empty());
    home.write(PLACE, "[default]\noperations = [\"list_pods\"]\n");
    assert!(call().done().contains("web-0"));
}

#[test]
fn a_name_that_was_pointed_elsewhere_does_not_bring_its_section_along() {
    let (home, fake) = (Home::new(), pods());
    let options = options(&fake, &home);
    home.run(&with(&["target", "add", "lab"], &options)).done();
    home.write(PLACE, "[default]\n[target.lab]\nservers = [\"https://lab\"]\n");
    let told = home.run(&["call", "list_pods", "--target", "lab", "-o", "table"]).failed(1);
    assert!(told.contains("section lab is about other servers"), "{told}");
    assert!(fake.lines().is_empty());
}

#[test]
fn a_policy_that_others_can_write_or_that_has_a_mistake_lets_nothing_through() {
    let (home, fake) = (Home::new(), pods());
    let options = options(&fake, &home);
    let call = || home.run(&with(&["call", "list_pods", "-o", "table"], &options)).failed(1);
    let path = home.write(PLACE, "[default]\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("its mode");
    let told = call();
    assert!(told.contains("can be written by others") && told.contains("what may be done"), "{told}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode");
    home.write(PLACE, "[default]\noperation = []\n");
    assert!(call().contains("line 2: unknown field `operation`"));
    assert!(fake.lines().is_empty());
}

#[test]
fn a_server_has_one_form_however_its_url_is_written() {
    let form = |url: &str| Server::parse(url).map(|server| server.to_string());
    for (url, wanted) in [
        ("https://Prod.Example.com", "https://prod.example.com:443"),
        ("HTTPS://prod.example.com.:443/", "https://prod.example.com:443"),
        ("https://prod/k8s/clusters/c-1/", "https://prod:443/k8s/clusters/c-1"),
        ("https://[2001:DB8::0:1]:6443", "https://[2001:db8::1]:6443"),
        ("http://127.0.0.1", "http://127.0.0.1:80"),
    ] {
        assert_eq!(form(url), Ok(wanted.to_owned()));
    }
    for url in [
        "prod",
        "ftp://prod",
        "https://",
        "https:///x",
        "https://a b",
        "https://a@b",
        "https://a:x",
        "https://a?b",
        "https://[::1",
        "https://a:1:2",
    ] {
        assert!(form(url).is_err(), "{url}");
    }
    let policy = Policy::parse("[target.prod]\nservers = [\"https://prod\"]\n").expect("a policy");
    assert!(policy.rules_for("https://PROD:443", None).is_ok());
    assert!(matches!(policy.rules_for("https://prod:6443", None), Err(Unruled::Unknown(_))));
    assert!(matches!(policy.rules_for("https://prod:6443", Some("prod")), Err(Unruled::Elsewhere(..))));
}
