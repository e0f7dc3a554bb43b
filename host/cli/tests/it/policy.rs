//! The policy file: each mistake with its line, whose word it is, and what it does to calls.

use crate::demo::served;
use crate::program::{Home, finish};
use crate::target::{options, pods, with};
use meho_host_cli::policy::{Policy, Server, Unruled};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

const PLACE: &str = ".config/meho/policy.toml";
const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/policy.md");
/// The head of a section, up to the third line.
const HEAD: &str = "[target.prod]\nservers = [\"https://prod\"]\n";

#[test]
fn each_mistake_of_a_text_is_told_with_its_line() {
    for (text, line, words) in [
        ("[target.prod]\nserver = 1\n", 2, "unknown field `server`"),
        ("[targets.prod]\n", 1, "unknown field `targets`"),
        ("[target.prod]\noperations = []\n", 1, "which servers it is about"),
        ("\n[target.prod]\nservers = []\n", 2, "which servers it is about"),
        ("[default]\nservers = [\"https://prod\"]\n", 2, "every server that no section names"),
        ("[target.prod]\nservers = [\"prod:6443\"]\n", 2, "https://HOST"),
        ("[target.prod]\nservers = [\n\"https://a\",\n\"https://me@prod\"]\n", 4, "without a user part"),
        (
            "[target.a]\nservers = [\"https://prod\"]\n[target.b]\nservers = [\"https://PROD:443/\"]\n",
            4,
            "servers of a already",
        ),
        ("[target.prod]\nservers = [\n", 2, "array"),
    ] {
        told(text, line, words);
    }
    for (rest, line, words) in [
        ("operations = \"all\"", 3, "\"any\", or a list of names"),
        ("operations = [\n\"list_pods\",\n\"List Pods\"\n]", 5, "not a valid operation id"),
        ("namespaces = [\n\"Shop\"\n]", 4, "not a valid namespace"),
        ("namespaces = 3", 3, "\"any\", or a list of names"),
        ("raise.delete_pod = \"READ\"", 3, "unknown variant `READ`"),
        ("approvers = [\n  \"ssh-rsa AAAA me\",\n]", 4, "no public key"),
        (
            "approvers = [\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g policy\"]",
            3,
            "no approver is called policy",
        ),
        ("budgets.seconds = 0", 3, "seconds is from 1 to 3600"),
        ("budgets.requests = -1", 3, "requests is from 1 to 100000"),
        ("budgets = {\nseconds = 5, memory-mib = 64,\nrequests = 0 }", 5, "requests is from 1 to 100000"),
        ("[target.prod.budgets]\nseconds = 5\nrequests = 0", 5, "requests is from 1 to 100000"),
        ("[target.prod.budgets]\nseconds = 5\n\nresponse-mib = 0", 6, "response-mib is from 1 to 65536"),
        ("budgets.memory-mib = 65", 3, "memory-mib is from 4 to 64"),
        ("budgets.hours = 1", 3, "unknown field `hours`"),
        ("redact-secrets = 1", 3, "expected a boolean"),
    ] {
        told(&format!("{HEAD}{rest}\n"), line, words);
    }
    let any = "operation = \"scale_deployment\"\nnamespaces = \"any\"\n";
    for (rest, line, words) in [
        ("operation = \"scale_deployment\"".to_owned(), 3, "missing field `namespaces`"),
        (format!("{any}arguments.replicas = {{ min = 5, max = 1 }}"), 6, "nothing is from 5 to 1"),
        (format!("{any}arguments.replicas = {{ min = 1, is = 3 }}"), 6, "are min and max, or one-of, or is"),
        (format!("{any}arguments.replicas = {{}}"), 6, "are min and max, or one-of, or is"),
        (format!("{any}arguments.replicas = {{ is = 1.5 }}"), 6, "a text, an integer, true or false"),
        (format!("{any}arguments.name = {{ one-of = [] }}"), 6, "are min and max, or one-of, or is"),
        (format!("{any}arguments.name = {{ matches = \".*\" }}"), 6, "unknown field `matches`"),
    ] {
        told(&format!("{HEAD}[[target.prod.automatic]]\n{rest}\n"), line, words);
    }
}

#[track_caller]
fn told(text: &str, line: usize, words: &str) {
    let mistake = Policy::parse(text).expect_err("it has a mistake");
    assert!(mistake.line == line && mistake.message.contains(words), "{text}: {words:?} at {line} is not {mistake:?}");
}

/// What is wrong by its form alone. Each line with a mistake has what is said of it behind it.
const MALFORMED: &str = "\
[target.prod]
servers = [\"https://prod\", \"prod:6443\"] #! https://HOST
operatons = \"any\" #! unknown field `operatons`
namespaces = [
  \"shop\",
  \"Shop\", #! not a valid namespace
  \"BATCH\", #! not a valid namespace
]
redact-secrets = 1 #! expected a boolean

[target.prod.budgets]
seconds = 0 #! seconds is from 1 to 3600
hours = 1 #! unknown field `hours`
memory-mib = 65 #! memory-mib is from 4 to 64

[[target.prod.automatic]]
operation = \"Scale\" #! not a valid operation id
namespaces = \"any\"
arguments.replicas = { min = 5, max = 1 } #! nothing is from 5 to 1
arguments.name = { one-of = [3] } #! expected a string

[[target.prod.automatic]] #! missing field `namespaces`
operation = \"scale_deployment\"

[target.shop]
servers = [\"shop\"] #! https://HOST

[target.lab] #! which servers it is about

[target.yard]
servers = [\"https://PROD:443/\"] #! servers of prod already
automatic = [
  { operation = \"scale_deployment\", namespaces = \"any\", when = 1 }, #! unknown field `when`
  { operation = 3, namespaces = 4 }, #! expected a string #! or a list of names
]

[default]
servers = [\"https://prod\"] #! every server that no section names
raise.delete_pod = \"READ\" #! unknown variant `READ`
";

/// Holds the mistakes against a text that says them itself.
#[track_caller]
fn are_told(text: &str, mut mistakes: Vec<(usize, String)>) {
    for (line, text) in (1..).zip(text.lines()) {
        for words in text.split(" #! ").skip(1) {
            let found = mistakes.iter().position(|(at, message)| *at == line && message.contains(words));
            let found = found.unwrap_or_else(|| panic!("{words:?} at {line} is not among {mistakes:#?}"));
            mistakes.remove(found);
        }
    }
    assert!(mistakes.is_empty(), "{mistakes:#?}");
}

#[test]
fn all_mistakes_of_form_are_told_at_once_and_none_that_follows_from_another() {
    let mistakes = Policy::read(MALFORMED).expect_err("it has mistakes");
    assert!(mistakes.is_sorted_by_key(|mistake| mistake.line));
    are_told(MALFORMED, mistakes.into_iter().map(|mistake| (mistake.line, mistake.message)).collect());
}

#[test]
fn of_more_mistakes_than_anybody_mends_at_once_some_are_told() {
    let text = format!("{HEAD}namespaces = [{}]\n", "\"No\", ".repeat(1000));
    assert_eq!(Policy::read(&text).expect_err("it has mistakes").len(), 100);
}

/// What a connector's catalogue shows to be wrong. Each line with a mistake has what is said of it behind it.
const WRONG: &str = "\
[target.prod]
servers = [\"https://prod\"]
namespaces = [\"shop\"]
operations = [
  \"list_pods\", \"delete_pod\", \"scale_deployment\", \"scale_statefulset\",
  \"get_pods\", #! there is no operation get_pods; get_pod is one
]

[target.prod.raise]
delete_pod = \"WRITE\" #! delete_pod is DESTRUCTIVE: a level is raised and never lowered
list_pods = \"WRITE\" #! list_pods only reads
scale_deployment = \"WRITE\" #! is WRITE already
scale_deploiment = \"DESTRUCTIVE\" #! scale_deployment is one
scale_statefulset = \"DESTRUCTIVE\"

[[target.prod.automatic]]
operation = \"delete_pod\" #! delete_pod is DESTRUCTIVE: that is never approved
namespaces = \"any\"

[[target.prod.automatic]]
operation = \"scale_statefulset\" #! scale_statefulset is DESTRUCTIVE: that is never approved
namespaces = \"any\"

[[target.prod.automatic]]
operation = \"list_pods\" #! only reads: nothing of it is ever approved
namespaces = [] #! in no namespace nothing is ever approved

[[target.prod.automatic]]
operation = \"cordon_node\" #! not among the operations that are allowed here
namespaces = [\"batch\"] #! the namespace batch is not among those that are allowed here

[[target.prod.automatic]]
operation = \"scale_deployment\"
namespaces = [\"shop\"]
[target.prod.automatic.arguments]
replica = { min = 1 } #! has no argument replica; replicas is one
replicas = { max = -1 } #! it is never less than 0
name = { min = 1 } #! it is a text

[[default.automatic]]
operation = \"scale_deployment\"
namespaces = [\"shop\"]
[default.automatic.arguments]
replicas = { one-of = [\"3\"] } #! it is an integer
name = { is = \"../x\" } #! it is never ../x
";

#[test]
fn what_cannot_come_about_with_the_connector_is_told_with_its_line() {
    let home = Home::new();
    home.write("draft.toml", WRONG);
    let run = home.run(&["policy", "check", "draft.toml", "-o", "json"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    let told: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let mistakes = told["error"]["details"]["mistakes"].as_array().expect("mistakes").iter();
    let line = |mistake: &Value| mistake["line"].as_u64().and_then(|line| usize::try_from(line).ok()).expect("a line");
    let message = |mistake: &Value| mistake["message"].as_str().expect("a message").to_owned();
    are_told(WRONG, mistakes.map(|mistake| (line(mistake), message(mistake))).collect());
}

#[test]
fn mistakes_are_lines_that_programs_jump_to() {
    let home = Home::new();
    home.write("draft.toml", format!("{HEAD}operations = [\"list_pod\"]\nraise.delete_pod = \"WRITE\"\n"));
    let run = home.run(&["policy", "check", "draft.toml", "-o", "table"]);
    let places: Vec<&str> = run.stdout.lines().filter_map(|line| line.split(": ").next()).collect();
    assert_eq!(places, ["draft.toml:3", "draft.toml:4"]);
    let error = run.failed(1);
    // Once is enough.
    assert!(error.contains("2 mistakes") && !error.contains("mistakes:") && !error.contains('{'), "{error}");
}

fn example(guide: &str) -> &str {
    guide.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example")
}

#[test]
fn a_text_that_was_cut_or_has_a_letter_less_is_read_or_refused_at_one_of_its_lines() {
    let guide = fs::read_to_string(GUIDE).expect("the guide");
    let example = example(&guide);
    let check = |text: &str| {
        if let Err(mistake) = Policy::parse(text) {
            assert!((1..=text.lines().count().max(1) + 1).contains(&mistake.line), "{mistake}: {text}");
            assert!(!mistake.message.is_empty() && !mistake.message.contains('\n'), "{mistake:?}");
        }
    };
    assert!(Policy::parse(example).is_ok());
    for (at, c) in example.char_indices() {
        check(&example[..at]);
        check(&[&example[..at], &example[at + c.len_utf8()..]].concat());
        check(&[&example[..at], "\u{0}", &example[at..]].concat());
    }
}

#[test]
fn the_guides_example_is_in_order_and_has_every_key() {
    let guide = fs::read_to_string(GUIDE).expect("the guide");
    let example = example(&guide);
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
    for key in [
        "servers",
        "components",
        "operations",
        "namespaces",
        "raise",
        "automatic",
        "approvers",
        "redact-secrets",
        "budgets",
    ] {
        assert!(guide.contains(&format!("| `{key}` |")), "the guide does not say what {key} is");
        assert!(example.contains(key), "the example has no {key}");
    }
    let table = home.run(&["policy", "check", "-o", "table"]).done();
    assert!(table.contains("6 of 50") && table.contains("all others"), "{table}");
}

#[test]
fn where_there_is_no_policy_that_is_said() {
    let home = Home::new();
    assert!(home.run(&["policy", "check"]).failed(1).is_empty());
    assert!(home.run(&["policy", "check", "-o", "table"]).failed(1).contains("there is no policy"));
    let mut command = home.command(&["policy", "check", "-o", "table"]);
    command.env("MEHO_POLICY", home.path("elsewhere.toml"));
    let told = finish(command).failed(1);
    assert!(told.contains("does not exist") && told.contains("hint: nothing is done while it is not there"), "{told}");
    let told = home.run(&["policy", "check", "draft.toml", "-o", "table"]).failed(1);
    assert!(told.contains("\nhint: name a draft's file"), "{told}");
}

#[test]
fn an_empty_policy_is_said_to_let_nothing_through() {
    let home = Home::new();
    home.write("draft.toml", "# nothing yet\n");
    let run = home.run(&["policy", "check", "draft.toml", "-o", "table"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{run:#?}");
    assert_eq!(run.stderr, "note: draft.toml has no section and no [default]: on no server anything may be done\n");
}

#[test]
fn what_never_stays_within_the_allowed_namespaces_is_noted_and_no_mistake() {
    let home = Home::new();
    let notes = |rest: &str| {
        home.write("draft.toml", format!("{HEAD}namespaces = [\"shop\"]\n{rest}\n"));
        let run = home.run(&["policy", "check", "draft.toml", "-o", "json"]).json();
        let notes = run["notes"].as_array().expect("notes").clone();
        notes.iter().map(|note| (note["line"].clone(), note["message"].as_str().expect("words").to_owned())).collect()
    };
    let noted: Vec<(Value, String)> = notes(
        "operations = [\n\"list_pods\", \"get_namespace\", \"get_events_for_resource\",\n\"list_nodes\",\n\"topology.discover\",\n\"describe_pod\"]",
    );
    assert_eq!(noted[0], (json!(6), "list_nodes reaches beyond any namespace: it is refused here".to_owned()));
    let (line, of_discovery) = &noted[1];
    assert!(*line == json!(7) && of_discovery.contains("nodes") && of_discovery.contains("(kinds=)"), "{noted:#?}");
    assert_eq!(noted.len(), 2, "{noted:#?}");
    let noted: Vec<(Value, String)> = notes("");
    let of_all = noted.iter().find(|(_, message)| message.contains("they are refused here")).expect("all of them");
    assert!(of_all.0 == json!(3) && of_all.1.contains("cordon_node") && !of_all.1.contains("pods"), "{noted:#?}");
    let run = home.run(&["policy", "check", "draft.toml", "-o", "table"]);
    assert!(run.stderr.contains("note: draft.toml:3: ") && run.code == Some(0), "{run:#?}");
    // Where any namespace is allowed, nothing is beyond it.
    home.write("draft.toml", HEAD);
    assert_eq!(home.run(&["policy", "check", "draft.toml", "-o", "json"]).json()["notes"], json!([]));
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

#[test]
fn a_write_within_the_policys_bounds_is_done_without_a_terminal_and_stands_in_the_record() {
    let home = Home::new();
    let _served = served(&home);
    let kubeconfig = fs::read_to_string(home.path("demo.kubeconfig")).expect("the kubeconfig");
    let (_, rest) = kubeconfig.split_once("server: ").expect("a server");
    let url = rest.lines().next().unwrap_or_default().trim().trim_matches('"').to_owned();
    // Whoever is asked would need a key; the policy does not.
    let rest = "approvers = []
[[target.prod.automatic]]
operation = \"scale_deployment\"
namespaces = [\"production\"]
arguments.replicas = { min = 1, max = 4 }";
    home.write(PLACE, section(&url, rest));
    let path = home.path("demo.kubeconfig");
    let path = path.to_str().expect("a path of text");
    let scale = |replicas: &str| {
        let replicas = format!("replicas={replicas}");
        let call = ["call", "scale_deployment", "namespace=production", "name=nginx", &replicas];
        home.run(&[&call[..], &["--kubeconfig", path, "-o", "json"]].concat())
    };
    let done = scale("4").json();
    assert_eq!(done["data"]["replicas"], json!(4));
    assert!(done["meta"]["warnings"].to_string().contains("policy approved this write"), "{done}");
    for beyond in ["5", "0"] {
        let run = scale(beyond);
        assert_eq!(run.code, Some(3), "{run:#?}");
    }
    let approvals = home.run(&["audit", "--kind", "approval", "-o", "json"]).json();
    let by: Vec<&str> =
        approvals.as_array().expect("a list").iter().filter_map(|entry| entry["entry"]["by"].as_str()).collect();
    assert_eq!(by, ["policy"], "{approvals}");

    // A plan that waits does not hold any more once the policy is another.
    let plans = home.run(&["plans", "-o", "json"]).json();
    let waiting = plans.as_array().expect("a list").iter().find(|plan| plan["state"] == "waiting").expect("one waits");
    home.write(PLACE, section(&url, ""));
    let id = waiting["id"].as_str().expect("an id");
    let told = home.run(&["execute", id, "-o", "table"]).failed(1);
    assert!(told.contains("under another policy"), "{told}");
}
