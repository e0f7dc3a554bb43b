//! Programs and files that a kubeconfig names: run and sent on the operator's word, and never because of a path on a command line.

use crate::program::{Home, finish};
use crate::screen::Screen;
use crate::target;
use meho_test_fake::{Authority, Fake};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const SECRET: &str = "a-secret-of-one-line";

/// A kubeconfig of this user.
fn config(home: &Home, name: &str, server: &str, user: &Value) -> PathBuf {
    use std::path::MAIN_SEPARATOR_STR;
    let directory = home.path(name);
    let ca = home.write(
        &format!("{}{MAIN_SEPARATOR_STR}ca.pem", Path::new(name).parent().and_then(Path::to_str).unwrap_or_default()),
        Authority::shared().pem(),
    );
    let config = json!({
        "clusters": [{"name": "c", "cluster": {"server": server, "certificate-authority": ca}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "k", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "k",
    });
    assert_eq!(home.write(name, config.to_string()), directory);
    directory
}

fn plugin(script: &str) -> Value {
    json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/sh", "args": ["-c", script], "interactiveMode": "Never"}})
}

fn prints() -> String {
    let credential = json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "a-token-of-the-tests-own"}});
    format!("echo '{credential}'")
}

/// A kubeconfig whose user is what a program prints. It leaves a mark.
fn kubeconfig(home: &Home, fake: &Fake) -> (PathBuf, PathBuf) {
    let mark = home.path("ran");
    let file =
        config(home, "own/kubeconfig", &fake.url(), &plugin(&format!("touch '{}'; {}", mark.display(), prints())));
    (file, mark)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}

/// `meho-host target add NAME --kubeconfig FILE` at a terminal, answered so. What was shown before the question.
fn add_at_a_terminal(home: &Home, name: &str, file: &Path, more: &[&str], answer: &str) -> String {
    let arguments = [&["target", "add", name, "--kubeconfig", text(file)], more].concat();
    let mut screen = Screen::start(120, env!("CARGO_BIN_EXE_meho-host"), &arguments, home.root(), &[]);
    let shown = screen.shows("May it? [y/N] ");
    screen.types(answer);
    let (status, rest) = screen.ends();
    assert!(status.success(), "{rest}");
    shown
}

#[test]
fn a_path_on_a_command_line_starts_no_program() {
    let (home, fake) = (Home::new(), Fake::silent());
    let (file, mark) = kubeconfig(&home, &fake);
    let error = home.run(&["call", "list_pods", "--kubeconfig", text(&file), "-o", "table"]).failed(1);
    assert!(error.contains("error: INVALID_REQUEST: ") && error.contains("an exec plugin"), "{error}");
    assert!(error.contains("hint: only what the operator has set up may start a program"), "{error}");
    // Neither does a configuration that is one, whatever it says of itself.
    let agreed = format!("sha256:{}", "0".repeat(64));
    let named =
        home.write("named.toml", format!("[targets.a]\nkubeconfig = \"{}\"\nagreed = \"{agreed}\"\n", text(&file)));
    let error = home.run(&["call", "list_pods", "--config", text(&named), "--target", "a", "-o", "table"]).failed(1);
    assert!(error.contains("an exec plugin"), "{error}");
    assert!(!mark.exists());
}

#[test]
fn a_path_on_a_command_line_has_no_file_sent_that_is_not_beside_it() {
    let home = Home::new();
    let fake = target::pods();
    let secret = home.write("secret/token", SECRET);
    let below = home.write("own/below/token", SECRET);
    home.write("own/token", "a-token-of-the-tests-own");
    symlink(&secret, home.path("own/link")).expect("a link");
    let client = Authority::shared().client("somebody");
    let pair = (home.write("secret/client.pem", client.pem()), home.write("secret/key.pem", client.key_pem()));
    home.write("own/client.pem", client.pem());
    let call = |user: &Value| {
        let file = config(&home, "own/kubeconfig", &fake.url(), user);
        home.run(&["call", "list_pods", "--kubeconfig", text(&file), "-o", "table"])
    };
    for (user, what) in [
        (json!({"tokenFile": secret}), "the token file"),
        (json!({"tokenFile": "../secret/token"}), "the token file"),
        (json!({"tokenFile": below}), "the token file"),
        (json!({"tokenFile": "link"}), "the token file"),
        (json!({"client-certificate": pair.0, "client-key": pair.1}), "the client certificate"),
        (json!({"client-certificate": "client.pem", "client-key": pair.1}), "the client key"),
    ] {
        let error = call(&user).failed(1);
        assert!(error.contains(what) && error.contains("outside of the kubeconfig's own directory"), "{user}: {error}");
        assert!(error.contains("`meho-host target add NAME") && error.contains("with its data in it"), "{error}");
    }
    let mut elsewhere: Value =
        serde_json::from_str(&fs::read_to_string(home.path("own/kubeconfig")).expect("a file")).expect("JSON");
    elsewhere["clusters"][0]["cluster"]["certificate-authority"] =
        json!(home.write("secret/ca.pem", Authority::shared().pem()));
    elsewhere["users"][0]["user"] = json!({"tokenFile": "token"});
    let file = home.write("own/kubeconfig", elsewhere.to_string());
    let error = home.run(&["call", "list_pods", "--kubeconfig", text(&file), "-o", "table"]).failed(1);
    assert!(error.contains("the CA file"), "{error}");
    // A link to the kubeconfig makes no other directory its own.
    home.write("away/token", SECRET);
    config(&home, "own/kubeconfig", &fake.url(), &json!({"tokenFile": "token"}));
    symlink(home.path("own/kubeconfig"), home.path("away/kubeconfig")).expect("a link");
    let linked = home.path("away/kubeconfig");
    home.run(&["call", "list_pods", "--kubeconfig", text(&linked), "-o", "table"]).failed(1);
    assert!(fake.seen().is_empty(), "nothing was sent");
    // What lies beside it may be used.
    call(&json!({"tokenFile": "token"})).done();
    assert_eq!(fake.seen().last().and_then(|seen| seen.token()), Some("a-token-of-the-tests-own"));
}

#[test]
fn what_the_operator_has_set_up_may() {
    let home = Home::new();
    let fake = target::pods();
    let (file, mark) = kubeconfig(&home, &fake);
    let shown = add_at_a_terminal(&home, "a", &file, &[], "y\n");
    assert!(shown.contains("runs     \"/bin/sh\"") && shown.contains("touch '"), "{shown}");
    assert!(shown.contains(&format!("server   {}", fake.url())), "{shown}");
    assert!(!mark.exists(), "it is not run for being written down");
    home.run(&["call", "list_pods", "--target", "a"]).json();
    assert!(mark.exists());
    fs::remove_file(&mark).expect("the mark");
    let mut command = home.command(&["call", "list_pods"]);
    command.env("KUBECONFIG", &file);
    finish(command).json();
    assert!(mark.exists());
}

#[test]
fn a_target_that_nobody_said_yes_to_starts_no_program_and_has_no_file_sent() {
    let home = Home::new();
    let fake = target::pods();
    let (file, mark) = kubeconfig(&home, &fake);
    // As an agent adds it.
    let added = home.run(&["target", "add", "a", "--kubeconfig", text(&file)]);
    assert_eq!(added.code, Some(0), "{added:#?}");
    assert!(added.stderr.contains("there is no terminal to ask at"), "{added:#?}");
    let error = home.run(&["call", "list_pods", "--target", "a", "-o", "table"]).failed(1);
    assert!(error.contains("an exec plugin") && error.contains("say yes at a terminal"), "{error}");
    // As somebody who was asked refused it.
    add_at_a_terminal(&home, "a", &file, &["--replace"], "\n");
    home.run(&["call", "list_pods", "--target", "a"]).failed(1);
    let secret = home.write("secret/token", SECRET);
    let sends = config(&home, "other/kubeconfig", &fake.url(), &json!({"tokenFile": secret}));
    home.run(&["target", "add", "b", "--kubeconfig", text(&sends)]).done();
    let error = home.run(&["call", "list_pods", "--target", "b", "-o", "table"]).failed(1);
    assert!(error.contains("the token file") && error.contains("say yes at a terminal"), "{error}");
    assert!(!mark.exists() && fake.seen().is_empty());
    let shown = add_at_a_terminal(&home, "b", &sends, &["--replace"], "yes\n");
    assert!(shown.contains(&format!("reads    the token file \"{}\"", secret.display())), "{shown}");
    home.run(&["call", "list_pods", "--target", "b"]).done();
    assert_eq!(fake.seen().last().and_then(|seen| seen.token()), Some(SECRET));
}

#[test]
fn a_yes_is_for_one_command_and_one_server() {
    let home = Home::new();
    let (fake, other) = (target::pods(), Fake::silent());
    let (file, mark) = kubeconfig(&home, &fake);
    add_at_a_terminal(&home, "a", &file, &[], "y\n");
    let call = || home.run(&["call", "list_pods", "--target", "a", "-o", "table"]);
    call().done();
    fs::remove_file(&mark).expect("the mark");
    let whole: Value = serde_json::from_str(&fs::read_to_string(&file).expect("a file")).expect("JSON");
    let exec = "/users/0/user/exec";
    for (pointer, changed) in [
        (format!("{exec}/args/1"), json!(format!("{}; touch '{}'", prints(), mark.display()))),
        (format!("{exec}/command"), json!("/bin/bash")),
        (format!("{exec}/env"), json!([{"name": "LD_PRELOAD", "value": "/own/thing.so"}])),
        ("/clusters/0/cluster/server".to_owned(), json!(other.url())),
        ("/clusters/0/cluster/proxy-url".to_owned(), json!("http://127.0.0.1:1")),
        ("/clusters/0/cluster/insecure-skip-tls-verify".to_owned(), json!(true)),
    ] {
        let mut config = whole.clone();
        let (parent, member) = pointer.rsplit_once('/').expect("a pointer");
        match config.pointer_mut(parent).expect("it is there") {
            Value::Array(items) => items[member.parse::<usize>().expect("a place")] = changed,
            object => object[member] = changed,
        }
        fs::write(&file, config.to_string()).expect("a file");
        let error = call().failed(1);
        assert!(
            error.contains("than the operator said yes to") && error.contains("target add NAME"),
            "{pointer}: {error}"
        );
        assert!(!mark.exists(), "{pointer}");
    }
    // What changes neither, changes nothing.
    let mut config = whole.clone();
    config["contexts"][0]["context"]["namespace"] = json!("web");
    fs::write(&file, config.to_string()).expect("a file");
    call().done();
}

#[test]
fn a_kubeconfig_that_others_can_write_starts_no_program() {
    let home = Home::new();
    let fake = target::pods();
    let (file, mark) = kubeconfig(&home, &fake);
    add_at_a_terminal(&home, "a", &file, &[], "y\n");
    let set = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    let of_target = || home.run(&["call", "list_pods", "--target", "a", "-o", "table"]);
    let of_environment = || {
        let mut command = home.command(&["call", "list_pods", "-o", "table"]);
        command.env("KUBECONFIG", &file);
        finish(command)
    };
    let usual = || {
        fs::create_dir_all(home.path(".kube")).expect("a directory");
        symlink(&file, home.path(".kube/config")).expect("a link");
        let run = home.run(&["call", "list_pods", "-o", "table"]);
        fs::remove_dir_all(home.path(".kube")).expect("it is there");
        run
    };
    let directory = file.parent().expect("a directory");
    for (path, open, closed) in [(file.as_path(), 0o666, 0o600), (directory, 0o777, 0o700)] {
        set(path, open);
        for run in [of_target(), of_environment(), usual()] {
            let error = run.failed(1);
            assert!(error.contains("can be written by others") && error.contains("chmod go-w"), "{error}");
        }
        set(path, closed);
    }
    // Where this may be given to somebody else, it is not believed either.
    if std::os::unix::fs::chown(&file, Some(65_534), None).is_ok() {
        let error = of_environment().failed(1);
        assert!(error.contains("belongs to somebody else"), "{error}");
        std::os::unix::fs::chown(&file, Some(0), None).expect("it is given back");
        std::os::unix::fs::chown(directory, Some(65_534), None).expect("it is given away");
        let error = of_environment().failed(1);
        assert!(error.contains("directory") && error.contains("belongs to somebody else"), "{error}");
        std::os::unix::fs::chown(directory, Some(0), None).expect("it is given back");
    }
    assert!(!mark.exists());
    of_target().done();
    assert!(mark.exists());
}

#[test]
fn a_path_of_nothing_absolute_finds_no_program_in_the_current_directory() {
    let home = Home::new();
    let fake = Fake::silent();
    let mark = home.path("ran");
    let script = home.write("get-token", format!("#!/bin/sh\n: > '{}'\n{}\n", mark.display(), prints()));
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("a mode");
    let user = json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "get-token", "interactiveMode": "Never"}});
    let file = config(&home, "own/kubeconfig", &fake.url(), &user);
    for path in [Some(""), Some("."), Some(".:bin"), None] {
        let mut command = home.command(&["call", "list_pods", "-o", "table"]);
        command.env("KUBECONFIG", &file).env_remove("PATH");
        command.envs(path.map(|path| ("PATH", path)));
        let error = finish(command).failed(1);
        assert!(error.contains("was not found"), "{path:?}: {error}");
    }
    assert!(!mark.exists());
}

#[test]
fn a_program_is_ended_with_this_one() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let home = Home::new();
        let fake = Fake::silent();
        let fifo = home.path("held");
        assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo runs").success());
        let script = format!("exec 3> '{}'; echo $$ >&3; sleep 1000", fifo.display());
        let file = config(&home, "own/kubeconfig", &fake.url(), &plugin(&script));
        let mut command = home.command(&["call", "list_pods"]);
        command.env("KUBECONFIG", &file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("it runs");
        // It is opened once the plugin runs, and ends with the last process of its that holds it.
        let mut pipe = std::io::BufReader::new(fs::File::open(&fifo).expect("a pipe"));
        std::io::BufRead::read_line(&mut pipe, &mut String::new()).expect("a line");
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().expect("kill runs").success());
        assert_eq!(child.wait().expect("it ends").code(), Some(code), "{signal}");
        std::io::Read::read_to_end(&mut pipe, &mut Vec::new()).expect("it ends, too");
    }
}
