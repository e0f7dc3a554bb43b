//! Completion scripts in the shells that they are for. A shell that is not installed is skipped with a word, or, with `MEHO_REQUIRE_SHELLS=1`, fails.

use crate::program::{Home, finish};
use crate::screen::Screen;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The directory of the program: a shell finds it there.
fn directory() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_meho-host")).parent().expect("a directory")
}

/// What a shell finds programs in, ours first.
fn path() -> String {
    format!("{}:{}", directory().display(), std::env::var("PATH").unwrap_or_default())
}

/// Whether a shell is there. Where it must be, it is a failure that it is not.
fn is_there(shell: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|directory| directory.join(shell).exists());
    let must_be = std::env::var_os("MEHO_REQUIRE_SHELLS").is_some_and(|required| required == "1");
    assert!(found || !must_be, "{shell} is not installed");
    if !found {
        // Past the capture of a test's output: a skipped test looks like one that passed.
        let _ = writeln!(std::io::stderr(), "SKIPPED: completions in {shell}, which is not installed");
    }
    found
}

/// A home with two targets, and the script for a shell in it.
fn home(shell: &str) -> (Home, PathBuf) {
    let home = Home::new();
    home.write(".config/meho/config.toml", "[targets.lab]\nin-cluster = true\n[targets.prod]\nin-cluster = true\n");
    let script = home.write("script", script(shell));
    (home, script)
}

/// Made once for each shell: a component is loaded for it.
fn script(shell: &str) -> &'static str {
    static SCRIPTS: [OnceLock<String>; 3] = [OnceLock::new(), OnceLock::new(), OnceLock::new()];
    let at = ["bash", "zsh", "fish"].iter().position(|known| *known == shell).expect("a shell");
    SCRIPTS[at].get_or_init(|| Home::new().run(&["completions", shell]).done())
}

/// Command lines, and what must be and must not be offered for their last word.
const CASES: [(&str, &[&str], &[&str]); 16] = [
    ("meho-host ca", &["call"], &["ops"]),
    ("meho-host call ", &["list_pods", "scale_deployment"], &["names"]),
    ("meho-host call scale", &["scale_deployment"], &["list_pods"]),
    ("meho-host -o json call list_d", &["list_deployments"], &["list_pods"]),
    ("meho-host ops get_pod", &["get_pod", "get_pod_logs"], &["list_pods"]),
    ("meho-host call list_pods ", &["namespace=", "label_selector=", "limit="], &["replicas=", "list_pods"]),
    ("meho-host call list_pods namespace=web l", &["label_selector=", "limit="], &["namespace="]),
    ("meho-host call list_pods limit=3 --target lab na", &["namespace="], &["limit="]),
    ("meho-host call get_pod_logs previous=", &["true", "false"], &[]),
    ("meho-host call list_pods --target ", &["lab", "prod"], &["namespace="]),
    ("meho-host call list_pods --where ", &[], &["script", "token"]),
    ("meho-host call list_pods --context ", &[], &["script", "token"]),
    ("meho-host topology namespace=web ", &["kinds=", "include_values="], &["namespace=", "list_pods"]),
    ("meho-host topology include_values=", &["true", "false"], &[]),
    ("meho-host target remove ", &["lab", "prod"], &[]),
    ("meho-host call list_pods --kubec", &["--kubeconfig"], &["--context"]),
];

/// What is offered is as it must be. A value may stand behind its name or alone.
#[track_caller]
fn check(shell: &str, offers: impl Fn(&str) -> Vec<String>) {
    for (line, wanted, unwanted) in CASES {
        let offered = offers(line);
        let has = |word: &str| offered.iter().any(|offer| offer == word || offer.ends_with(&format!("={word}")));
        for word in wanted {
            assert!(has(word), "{shell}: {line:?}: {word} is not in {offered:?}");
        }
        for word in unwanted {
            assert!(!has(word), "{shell}: {line:?}: {word} is in {offered:?}");
        }
    }
}

#[test]
fn bash_completes_operations_parameters_values_and_targets() {
    assert!(is_there("bash"));
    let (home, script) = home("bash");
    // The words as bash parts them: at blanks and at '='.
    const DRIVER: &str = r#"
        source "$1"
        read -ra words <<<"${2//=/ = }"
        [[ "$2" == *' ' || "$2" == *= ]] && words+=('')
        [[ "$2" == *= ]] && unset 'words[-1]'
        COMP_WORDS=("${words[@]}")
        COMP_CWORD=$((${#words[@]} - 1))
        COMP_LINE="$2"
        COMP_POINT=${#2}
        registered=$(complete -p meho-host)
        registered=${registered#*-F }
        "${registered%% *}" meho-host "${words[COMP_CWORD]}" "${words[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    check("bash", |line| {
        let mut command = Command::new("bash");
        command.args(["--norc", "-c", DRIVER, "bash"]).arg(&script).arg(line);
        command.env_clear().env("HOME", home.root()).env("PATH", path());
        let run = finish(command);
        assert_eq!(run.stderr, "", "{line}: {run:#?}");
        run.done().lines().map(str::to_owned).collect()
    });
}

#[test]
fn fish_completes_operations_parameters_values_and_targets() {
    if !is_there("fish") {
        return;
    }
    let (home, script) = home("fish");
    check("fish", |line| {
        let mut command = Command::new("fish");
        command.args(["--no-config", "-c", "source $argv[1]; complete -C $argv[2]"]).arg(&script).arg(line);
        command.env_clear().env("HOME", home.root()).env("PATH", path());
        let offered = finish(command).done();
        offered.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
    });
}

#[test]
fn zsh_completes_operations_parameters_values_and_targets() {
    if !is_there("zsh") {
        return;
    }
    let (home, script) = home("zsh");
    // Its completion works in its line editor alone, so it is given a terminal, and a key that prints what would be offered.
    const DRIVER: &str = r#"
        autoload -Uz compinit && compinit -D -u
        source "$SCRIPT"
        compadd() {
            builtin compadd "$@"
            local -a found
            builtin compadd -O found "$@"
            print -rl -- "${found[@]}" >> "$OFFERED"
        }
        LISTMAX=10000
        PS1='ready> '
    "#;
    home.write(".zshrc", DRIVER);
    let (script, offered) = (script.to_str().expect("text").to_owned(), home.path("offered"));
    let offered_text = offered.to_str().expect("text").to_owned();
    let path = path();
    check("zsh", |line| {
        std::fs::write(&offered, "").expect("a file");
        let environment = [("TERM", "dumb"), ("SCRIPT", &script), ("OFFERED", &offered_text), ("PATH", &path)];
        let mut screen = Screen::start(200, "zsh", &["-i"], home.root(), &environment);
        screen.shows("ready> ");
        // Whatever has come to stand in the line is taken out of it again.
        screen.types(&format!("{line}\t\u{15}exit\n"));
        screen.ends();
        std::fs::read_to_string(&offered).expect("a file").lines().map(str::to_owned).collect()
    });
}

#[test]
fn a_script_names_every_operation_and_the_program_is_quick_to_name_targets() {
    let home = Home::new();
    let operations = home.run(&["ops"]).json();
    for shell in ["bash", "zsh", "fish"] {
        let script = script(shell);
        for operation in operations.as_array().expect("operations") {
            assert!(script.contains(operation["id"].as_str().expect("an id")), "{shell}");
        }
        assert!(!script.contains('@') || !script.contains("@OPERATIONS@"), "{shell}");
    }
    home.run(&["completions", "tcsh"]).failed(2);
    // No component is loaded at the press of a key.
    home.run(&["target", "names"]).done();
    // An option is only there where it does something.
    for (arguments, takes_it) in
        [("call", true), ("ops", true), ("target check", true), ("target list", false), ("demo", false)]
    {
        let help = home.run(&arguments.split(' ').chain(["--help"]).collect::<Vec<_>>()).done();
        assert_eq!(help.contains("--connector"), takes_it, "{arguments}: {help}");
    }
}
