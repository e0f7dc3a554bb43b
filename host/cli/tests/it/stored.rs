//! Plans that wait on disk, yes and no to them, their execution, and the record of all of it: the program's commands on the demo cluster.

use crate::program::{Home, Run, finish};
use crate::screen::Screen;
use meho_demo::{Demo, Settings};
use serde_json::Value;
use ssh_key::PrivateKey;
use ssh_key::rand_core::OsRng;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

/// A cluster, and a home whose kubeconfig leads to it.
struct Shop {
    home: Home,
    kubeconfig: PathBuf,
    /// What serves it.
    _runtime: tokio::runtime::Runtime,
    demo: Demo,
}

impl Shop {
    fn open() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let demo = runtime.block_on(Demo::start(Settings::default())).expect("a cluster");
        let home = Home::new();
        let kubeconfig = home.write("demo.kubeconfig", demo.kubeconfig());
        Self { home, kubeconfig, _runtime: runtime, demo }
    }

    fn url(&self) -> String {
        self.demo.server_url()
    }

    fn run(&self, arguments: &[&str]) -> Run {
        self.home.run(arguments)
    }

    /// A write where there is nobody to ask: it becomes a plan. Gives the plan's id.
    #[track_caller]
    fn plans(&self, arguments: &[&str]) -> String {
        let kubeconfig = self.kubeconfig.to_str().expect("UTF-8");
        let run = self.run(&[&["call"], arguments, &["--kubeconfig", kubeconfig]].concat());
        assert_eq!(run.code, Some(3), "{run:#?}");
        json(&run)["error"]["details"]["plan_id"].as_str().unwrap_or_else(|| panic!("no plan: {run:#?}")).to_owned()
    }

    fn scale(&self, replicas: u32, more: &[&str]) -> Run {
        let kubeconfig = self.kubeconfig.to_str().expect("UTF-8");
        let replicas = format!("replicas={replicas}");
        let call = ["call", "scale_deployment", "namespace=production", "name=nginx", &replicas, "--kubeconfig"];
        self.run(&[&call[..], &[kubeconfig], more].concat())
    }

    fn scales(&self, replicas: u32) -> String {
        self.plans(&["scale_deployment", "namespace=production", "name=nginx", &format!("replicas={replicas}")])
    }

    /// Where a plan stands, as `plans` says.
    #[track_caller]
    fn state(&self, id: &str) -> String {
        let plans = json(&self.run(&["plans", "-o", "json"]));
        let found =
            plans.as_array().expect("a list").iter().find(|plan| plan["id"] == id).expect("it is listed").clone();
        found["state"].as_str().expect("a word").to_owned()
    }

    /// `approve` at a terminal, where this is typed.
    #[track_caller]
    fn says(&self, id: &str, answers: &[(&str, &str)]) -> (bool, String) {
        let mut screen = Screen::program(100, &["approve", id], self.home.root());
        let mut shown = String::new();
        for (question, answer) in answers {
            shown.push_str(&screen.shows(question));
            screen.types(&format!("{answer}\n"));
        }
        let (status, rest) = screen.ends();
        (status.success(), shown + &rest)
    }

    #[track_caller]
    fn kinds(&self) -> Vec<String> {
        let entries = json(&self.run(&["audit", "-o", "json"]));
        let kind = |entry: &Value| entry["kind"].as_str().expect("a word").to_owned();
        entries.as_array().expect("a list").iter().map(kind).collect()
    }
}

#[track_caller]
fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"))
}

#[track_caller]
fn refused(run: &Run, code: i32, error: &str) -> Value {
    assert_eq!(run.code, Some(code), "{run:#?}");
    let found = json(run)["error"].clone();
    assert_eq!(found["code"], error, "{run:#?}");
    found
}

#[test]
fn a_plan_waits_is_approved_at_a_terminal_is_executed_once_and_all_of_it_is_recorded() {
    let shop = Shop::open();
    let id = shop.scales(4);
    assert_eq!(shop.state(&id), "waiting");
    let shown = shop.run(&["plan", &id[..6], "-o", "table"]);
    assert!(shown.stdout.contains("PATCH /apis/apps/v1/namespaces/production/deployments/nginx/scale"), "{shown:#?}");
    assert!(shown.stderr.contains(&format!("meho-host approve {id}")), "{shown:#?}");
    refused(&shop.run(&["execute", &id]), 3, "APPROVAL_REQUIRED");
    // On a pipe nobody says yes.
    refused(&shop.run(&["approve", &id]), 3, "APPROVAL_REQUIRED");
    assert_eq!(shop.state(&id), "waiting");

    let (is_done, shown) = shop.says(&id, &[("Approve it? [y/N]", "n")]);
    assert!(!is_done, "{shown}");
    assert_eq!(shop.state(&id), "waiting", "no at `approve` is no `reject`");
    let (is_done, shown) = shop.says(&id, &[("Approve it? [y/N]", "y")]);
    assert!(is_done && shown.contains("has approved it"), "{shown}");
    assert_eq!(shop.state(&id), "approved");

    // From another directory, without a word of where the cluster is.
    let executed = shop.run(&["execute", &id, "-o", "json"]);
    assert_eq!(executed.code, Some(0), "{executed:#?}");
    assert_eq!(json(&executed)["data"]["replicas"], 4, "{executed:#?}");
    assert_eq!(shop.state(&id), "done");
    let error = refused(&shop.run(&["execute", &id]), 1, "APPROVAL_INVALID");
    assert!(error["message"].as_str().expect("words").contains("used before"), "{error}");
    let error = refused(&shop.run(&["reject", &id]), 1, "APPROVAL_INVALID");
    let over = format!("it is over, and a no comes too late: `meho-host audit --plan {id}` shows what was sent");
    assert_eq!(error["hint"], over, "{error}");

    // A plan has a preview: a call of the host's own, of which one request is the write as a dry run.
    let kinds = ["call", "intent", "call", "plan", "approval", "execution", "intent", "call"];
    assert_eq!(shop.kinds(), kinds);
    let verified = shop.run(&["audit", "verify", "-o", "json"]);
    assert_eq!((verified.code, json(&verified)["whole"].as_bool()), (Some(0), Some(true)), "{verified:#?}");
    // Where no terminal is, too, a head is the line that is to be kept in a file and given back.
    let head = shop.run(&["audit", "head"]);
    let kept = shop.run(&["audit", "verify", "--head", head.stdout.trim_end(), "-o", "json"]);
    assert_eq!((head.code, kept.code), (Some(0), Some(0)), "{head:#?} {kept:#?}");
    assert_eq!(shop.run(&["audit", "--kind", "plans"]).code, Some(2), "no kind of entry, and not nothing found");
    let about = json(&shop.run(&["audit", "--kind", "call", "--plan", &id, "-o", "json"]));
    let requests = about[0]["entry"]["requests"].as_array().expect("requests");
    assert!(requests.iter().any(|request| request["method"] == "PATCH" && request["status"] == 200), "{about}");
}

#[test]
fn whoever_is_told_that_a_plan_waits_is_told_the_commands_that_lead_on() {
    let shop = Shop::open();
    let id = shop.scales(4);
    let next = format!("it waits as a plan: `meho-host approve {id}` at a terminal, then `meho-host execute {id}`");
    for run in [shop.scale(4, &[]), shop.run(&["execute", &id])] {
        let error = refused(&run, 3, "APPROVAL_REQUIRED");
        assert!(error["hint"] == next && error["details"]["approvers"].is_null(), "{error}");
    }
    let told = shop.scale(4, &["-o", "table"]).failed(3);
    assert_eq!(told.matches("hint: ").count(), 1, "{told}");
    assert!(told.contains(&format!("hint: {next}\n")), "{told}");
}

#[test]
fn a_plan_that_deletes_wants_the_name_typed() {
    let shop = Shop::open();
    let kubeconfig = shop.kubeconfig.to_str().expect("UTF-8");
    let pods = json(&shop.run(&["call", "list_pods", "namespace=production", "limit=1", "--kubeconfig", kubeconfig]));
    let pod = pods["data"][0]["name"].as_str().expect("a name").to_owned();
    let id = shop.plans(&["delete_pod", "namespace=production", &format!("name={pod}")]);
    let (is_done, shown) = shop.says(&id, &[("Approve it? [y/N]", "y"), ("to approve it:", "another")]);
    assert!(!is_done, "{shown}");
    assert_eq!(shop.state(&id), "waiting");
    let (is_done, shown) = shop.says(&id, &[("Approve it? [y/N]", "y"), ("to approve it:", &pod)]);
    assert!(is_done, "{shown}");
    assert_eq!(shop.run(&["execute", &id]).code, Some(0));

    // All that came of an operation's plans is about it, and nothing of another's.
    let another = shop.scales(4);
    assert_eq!(shop.run(&["reject", &another]).code, Some(0));
    let kinds = |operation: &str| -> Vec<String> {
        let entries = json(&shop.run(&["audit", "--operation", operation, "-o", "json"]));
        let kind = |entry: &Value| entry["kind"].as_str().expect("a word").to_owned();
        entries
            .as_array()
            .expect("a list")
            .iter()
            .map(kind)
            .filter(|kind| !matches!(kind.as_str(), "call" | "intent"))
            .collect()
    };
    assert_eq!(kinds("delete_pod"), ["plan", "approval", "execution"]);
    assert_eq!(kinds("scale_deployment"), ["plan", "rejection"]);
}

#[test]
fn a_search_of_the_record_takes_names_as_people_say_them_and_says_what_there_is_where_none_fits() {
    let shop = Shop::open();
    let id = shop.scales(4);
    let audit = |arguments: &[&str]| shop.run(&[&["audit"], arguments].concat());
    let by = json(&audit(&["-o", "json"]))[0]["entry"]["call"]["principal"].as_str().expect("a caller").to_owned();
    let target = json(&audit(&["-o", "json"]))[0]["entry"]["call"]["target"].as_str().expect("a target").to_owned();
    let name = by.strip_prefix("user:").expect("a user of the system");
    let found =
        |arguments: &[&str]| json(&audit(&[arguments, &["-o", "json"]].concat())).as_array().expect("a list").len();
    assert_eq!((found(&["--by", name]), found(&["--by", &by])), (4, 4));
    assert_eq!(found(&["--plan", &id]), 1);
    for (arguments, said) in [
        (&["--by", "nobody-such"][..], format!("none of the 4 entries fits; they are by {by}")),
        (&["--of-target", "nosuch"], format!("none of the 4 entries fits; they are about the targets {target}")),
        (
            &["--operation", "delete_pods", "--by", name],
            "none of the 4 entries fits; they are about the operations preview, scale_deployment".to_owned(),
        ),
        (&["--kind", "rejection"], "none of the 4 entries fits".to_owned()),
        (&["--since", "2999-01-31T08:00:00Z"], "none of the 4 entries fits".to_owned()),
    ] {
        let run = audit(&[arguments, &["-o", "table"]].concat());
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("nothing found\n", format!("note: {said}\n").as_str()));
    }
    let error = audit(&["--since", "yesterday"]).failed(2);
    assert!(error.contains("a time is written as 2026-01-31T08:00:00Z"), "{error}");
}

#[test]
fn a_plan_that_is_rejected_is_gone_and_unknown_ids_are_told() {
    let shop = Shop::open();
    let id = shop.scales(4);
    assert_eq!(shop.run(&["reject", &id]).code, Some(0));
    assert_eq!(shop.state(&id), "rejected");
    refused(&shop.run(&["execute", &id]), 1, "APPROVAL_INVALID");
    refused(&shop.run(&["approve", &id]), 1, "APPROVAL_INVALID");
    let error = refused(&shop.run(&["reject", &id]), 1, "APPROVAL_INVALID");
    assert_eq!(error["hint"], "it is over: nothing of it will be sent", "{error}");
    refused(&shop.run(&["plan", "0000"]), 1, "NOT_FOUND");
    refused(&shop.run(&["plan", "xyz"]), 1, "INVALID_REQUEST");
    // What is approved is named whole.
    refused(&shop.run(&["approve", &id[..12]]), 1, "INVALID_REQUEST");
    assert_eq!(shop.kinds(), ["call", "intent", "call", "plan", "rejection"]);
}

#[test]
fn a_plan_whose_target_was_named_by_a_relative_path_is_executed_from_elsewhere() {
    let shop = Shop::open();
    // The home is where the program runs.
    let call = [
        "call",
        "scale_deployment",
        "namespace=production",
        "name=nginx",
        "replicas=4",
        "--kubeconfig",
        "demo.kubeconfig",
    ];
    let id = json(&shop.run(&call))["error"]["details"]["plan_id"].as_str().expect("a plan").to_owned();
    let (is_done, shown) = shop.says(&id, &[("Approve it? [y/N]", "y")]);
    assert!(is_done, "{shown}");
    let mut command = shop.home.command(&["execute", &id]);
    command.current_dir("/");
    let executed = finish(command);
    assert_eq!(executed.code, Some(0), "{executed:#?}");
}

#[test]
fn a_plan_of_the_same_change_is_the_same_plan() {
    let shop = Shop::open();
    assert_eq!(shop.scales(4), shop.scales(4));
    assert_ne!(shop.scales(4), shop.scales(5));
}

#[test]
fn a_record_that_was_changed_is_not_whole_and_says_where() {
    let shop = Shop::open();
    shop.scales(4);
    shop.scales(5);
    let database = rusqlite::Connection::open(shop.home.path(".local/state/meho/state.db")).expect("a database");
    let edit = "UPDATE audit SET entry = replace(entry, 'nginx', 'redis') WHERE number = 2";
    assert_eq!(database.execute(edit, []).expect("the record can be changed"), 1);
    drop(database);
    let error = refused(&shop.run(&["audit", "verify"]), 1, "INTERNAL_ERROR");
    assert_eq!(error["details"]["entry"], 2, "{error}");
}

#[test]
fn what_is_approved_is_shown_from_the_plan_and_not_from_what_somebody_wrote_beside_it() {
    let shop = Shop::open();
    let id = shop.scales(4);
    let database = rusqlite::Connection::open(shop.home.path(".local/state/meho/state.db")).expect("a database");
    let edit = "UPDATE plan SET view = replace(replace(view, 'nginx', 'redis'), 'https://', 'https://prod.example/')";
    assert_eq!(database.execute(edit, []).expect("the view can be changed"), 1);
    let shown = shop.run(&["plan", &id, "-o", "table"]).stdout;
    assert!(shown.contains("/deployments/nginx/scale") && !shown.contains("redis"), "{shown}");
    let (is_done, shown) = shop.says(&id, &[("Approve it? [y/N]", "y")]);
    assert!(is_done && shown.contains("/deployments/nginx/scale"), "{shown}");
    assert!(!shown.contains("redis") && !shown.contains("prod.example"), "{shown}");
    // A plan that was changed itself is none any more.
    database.execute("UPDATE plan SET plan = replace(plan, 'nginx', 'redis')", []).expect("the plan can be changed");
    refused(&shop.run(&["execute", &id]), 1, "INTERNAL_ERROR");
}

#[test]
fn where_nothing_can_be_kept_a_read_says_so_and_a_write_is_not_sent() {
    let shop = Shop::open();
    let kubeconfig = shop.kubeconfig.to_str().expect("UTF-8");
    let state = shop.home.write("state", "no directory");
    let state = state.to_str().expect("UTF-8");
    let read = shop.run(&[
        "call",
        "list_pods",
        "namespace=production",
        "limit=1",
        "--kubeconfig",
        kubeconfig,
        "--state",
        state,
    ]);
    assert_eq!(read.code, Some(0), "{read:#?}");
    let warnings = json(&read)["meta"]["warnings"].to_string();
    assert!(warnings.contains("this call was not recorded"), "{warnings}");
    let write = [
        "call",
        "scale_deployment",
        "namespace=production",
        "name=nginx",
        "replicas=4",
        "--kubeconfig",
        kubeconfig,
        "--state",
        state,
    ];
    let error = refused(&shop.run(&write), 1, "INTERNAL_ERROR");
    assert_eq!(error["details"]["outcome"], "not sent", "{error}");
}

#[test]
fn a_key_of_an_approver_has_a_passphrase_and_is_not_written_over() {
    let home = Home::new();
    let make = |answers: [&str; 2]| {
        let mut screen = Screen::program(100, &["approver", "init", "--name", "alice"], home.root());
        screen.shows("Passphrase of the new key: ");
        screen.types(&format!("{}\n", answers[0]));
        if answers[0].len() >= 8 {
            screen.shows("The same once more: ");
            screen.types(&format!("{}\n", answers[1]));
        }
        screen.ends()
    };
    for answers in [["short", ""], ["correct horse", "battery staple"]] {
        let (status, shown) = make(answers);
        assert!(!status.success(), "{shown}");
        assert!(!home.path(".config/meho/approver.key").exists());
    }
    let (status, shown) = make(["correct horse", "correct horse"]);
    assert!(status.success() && shown.contains("ssh-ed25519 AAAA") && shown.contains(" alice"), "{shown}");
    assert!(!shown.contains("correct horse"), "{shown}");
    let key = std::fs::read_to_string(home.path(".config/meho/approver.key")).expect("a key");
    assert!(key.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----"));
    let error = refused(&home.run(&["approver", "init", "--key", "another"]), 1, "INVALID_REQUEST");
    assert!(error["hint"].as_str().expect("words").contains("with ssh-keygen"), "{error}");
    let screen = Screen::program(100, &["approver", "init"], home.root());
    let (status, shown) = screen.ends();
    assert!(!status.success() && shown.contains("already"), "{shown}");
}

fn key_of(name: &str) -> PrivateKey {
    let mut key = PrivateKey::random(&mut OsRng, ssh_key::Algorithm::Ed25519).expect("a key");
    key.set_comment(name);
    key
}

#[test]
fn where_no_key_is_an_approvers_that_is_said_and_nobody_is_named() {
    let shop = Shop::open();
    let policy = format!("[target.demo]\nservers = [\"{}\"]\napprovers = []\n", shop.url());
    shop.home.write(".config/meho/policy.toml", policy);
    let error = refused(&shop.scale(4, &[]), 3, "APPROVAL_REQUIRED");
    assert_eq!(error["details"]["approvers"], serde_json::json!([]), "{error}");
    assert!(error["hint"].as_str().expect("words").contains("nobody is among them"), "{error}");
}

#[test]
fn where_approvers_have_keys_a_yes_is_a_signature_and_a_row_in_the_store_is_none() {
    const PASSPHRASE: &str = "correct horse";
    let shop = Shop::open();
    let mut screen = Screen::program(200, &["approver", "init", "--name", "alice"], shop.home.root());
    for question in ["Passphrase of the new key: ", "The same once more: "] {
        screen.shows(question);
        screen.types(&format!("{PASSPHRASE}\n"));
    }
    let (status, shown) = screen.ends();
    assert!(status.success(), "{shown}");
    let line = shown.lines().find(|line| line.starts_with("ssh-ed25519 ")).expect("the public key").trim();
    let policy = format!("[target.demo]\nservers = [\"{}\"]\napprovers = [\"{line}\"]\n", shop.url());
    shop.home.write(".config/meho/policy.toml", policy);
    std::fs::set_permissions(shop.home.path(".config/meho/policy.toml"), Permissions::from_mode(0o600))
        .expect("a mode");

    // Whose signature is wanted is said, and how it comes about.
    let id = shop.scales(4);
    for run in [shop.scale(4, &[]), shop.run(&["execute", &id])] {
        let error = refused(&run, 3, "APPROVAL_REQUIRED");
        assert_eq!(error["details"]["approvers"], serde_json::json!(["alice"]), "{error}");
        let hint = error["hint"].as_str().expect("words");
        let next = format!("until alice signs it: `meho-host approve {id} --key FILE` at a terminal, or");
        assert!(hint.contains(&next) && hint.ends_with(&format!("`meho-host execute {id}`")), "{hint}");
    }
    // A key that is nobody's here is refused before anything is shown or asked.
    let stranger = key_of("mallory");
    let shut = stranger.encrypt(&mut OsRng, PASSPHRASE).expect("it can be");
    for (name, key) in [("strangers.key", &shut), ("my keys/open.key", &stranger)] {
        shop.home.write(name, key.to_openssh(ssh_key::LineEnding::LF).expect("text"));
    }
    let error = refused(&shop.run(&["approve", &id, "--key", "strangers.key"]), 1, "APPROVAL_INVALID");
    assert!(error["message"].as_str().expect("words").contains("strangers.key is no approver's"), "{error}");
    assert_eq!(error["hint"], "a yes is signed with a key of alice: name it with --key", "{error}");
    let error = refused(&shop.run(&["approve", &id, "--key", "my keys/open.key"]), 1, "INVALID_REQUEST");
    assert_eq!(error["hint"], "give it one: ssh-keygen -p -f 'my keys/open.key'", "{error}");
    let error = refused(&shop.run(&["approve", &id, "--key", "nowhere.key"]), 1, "INVALID_REQUEST");
    assert!(error["hint"].as_str().expect("words").contains("`meho-host approver init`"), "{error}");
    let error = refused(&shop.run(&["approve", &id, "--signature", "nowhere.sig"]), 1, "INVALID_REQUEST");
    assert!(error["hint"].as_str().expect("words").contains("FILE.sig"), "{error}");

    // At a terminal, with the key beside the configuration.
    let (is_done, shown) = shop.says(&id, &[("Approve it? [y/N]", "y"), ("Passphrase of ", "wrong horse")]);
    assert!(!is_done && shop.state(&id) == "waiting", "{shown}");
    let (is_done, shown) = shop.says(&id, &[("Approve it? [y/N]", "y"), ("Passphrase of ", PASSPHRASE)]);
    assert!(is_done && shown.contains("alice has approved it") && !shown.contains(PASSPHRASE), "{shown}");
    assert_eq!(shop.run(&["execute", &id]).code, Some(0));
    let approvals = json(&shop.run(&["audit", "--kind", "approval", "-o", "json"]));
    assert!(
        approvals[0]["entry"]["signature"].as_str().is_some_and(|text| text.contains("SSH SIGNATURE")),
        "{approvals}"
    );

    // A row that says so is no yes.
    let id = shop.scales(5);
    let digest = json(&shop.run(&["plan", &id, "-o", "json"]))["digest"].as_str().expect("a digest").to_owned();
    let forged = serde_json::json!({"digest": digest, "approver": "alice", "confirmation": "once", "signature": null})
        .to_string();
    let database = rusqlite::Connection::open(shop.home.path(".local/state/meho/state.db")).expect("a database");
    let edit = "UPDATE plan SET state = 'approved', approval = ?1 WHERE digest = ?2";
    assert_eq!(database.execute(edit, [&forged, &digest]).expect("the row can be changed"), 1);
    drop(database);
    let error = refused(&shop.run(&["execute", &id]), 1, "APPROVAL_INVALID");
    assert!(error["message"].as_str().expect("words").contains("not signed by an approver"), "{error}");

    // Signed elsewhere, by whatever has the key.
    let id = shop.scales(6);
    let statement = shop.run(&["approve", &id, "--statement"]).stdout;
    assert!(statement.starts_with("meho approval 1\nplan sha256:"), "{statement}");
    let key = std::fs::read(shop.home.path(".config/meho/approver.key")).expect("a key");
    let key = PrivateKey::from_openssh(key).expect("a key").decrypt(PASSPHRASE).expect("its passphrase");
    let sign = |text: &str| {
        let signature = key.sign("meho-approval", ssh_key::HashAlg::Sha512, text.as_bytes()).expect("a signature");
        shop.home.write("yes.sig", signature.to_pem(ssh_key::LineEnding::LF).expect("text"))
    };
    let of_another = sign(&statement.replace("once", "twice"));
    let of_another = of_another.to_str().expect("UTF-8").to_owned();
    refused(&shop.run(&["approve", &id, "--signature", &of_another]), 1, "APPROVAL_INVALID");
    let signature = sign(&statement);
    let approved = shop.run(&["approve", &id, "--signature", signature.to_str().expect("UTF-8")]);
    assert!(approved.code == Some(0) && approved.stderr.contains("alice has approved it"), "{approved:#?}");
    assert_eq!(shop.run(&["execute", &id]).code, Some(0));
}
