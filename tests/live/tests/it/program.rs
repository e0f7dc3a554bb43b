//! The program `meho-host` as a script runs it: arguments in, exit code and two streams out.
//!
//! Every run is looked at for what must never be there: a panic, and any piece of a credential that stood in a file it was given. Start with
//! [`call`]. What a person sees at a terminal is `terminal.rs`'s.

use crate::servers;
use serde_json::Value;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, OnceLock};
use std::{env, fs};

/// The environment's variables that a run of the program keeps.
pub(crate) const KEPT: [&str; 2] = ["PATH", "TMPDIR"];
/// Shorter pieces of a token could stand in any text.
const SHORTEST_SECRET: usize = 12;

/// The program's file.
///
/// It is another package's, so cargo gives these tests no `CARGO_BIN_EXE_` for it, and `cargo test -p` of this package does not build it: what
/// lies beside the test's own executable may be missing or of last week. So cargo is asked to build it, once for each process, in the
/// profile and target directory of the tests; where it is fresh, that takes a fraction of a second. Cargo has given back its lock on the
/// target directory by the time it runs tests.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    // Where it does not build, each test says so, and cargo is asked once.
    PROGRAM.get_or_init(build).as_deref().expect("the program builds")
}

fn build() -> Option<PathBuf> {
    // TARGET/PROFILE/deps/it-HASH
    let myself = env::current_exe().expect("a test has an executable");
    let folders: Vec<&Path> = myself.ancestors().collect();
    let profile = folders[2].file_name().and_then(OsStr::to_str).expect("a profile's folder");
    let profile = if profile == "debug" { "dev" } else { profile };
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What cargo says to a test of its package. Build scripts are run again where it differs, and everything above them is built anew.
    let of_this_package =
        ["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_BIN_EXE_", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE"];
    let told = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    told.filter(|name| of_this_package.iter().any(|prefix| name.starts_with(prefix))).for_each(|name| {
        cargo.env_remove(name);
    });
    let built = cargo
        .args([
            "build",
            "--package",
            "meho-host-cli",
            "--bin",
            "meho-host",
            "--message-format",
            "json",
            "--profile",
            profile,
        ])
        .arg("--target-dir")
        .arg(folders[3])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo runs");
    if !built.status.success() {
        return None;
    }
    let messages = serde_json::Deserializer::from_slice(&built.stdout).into_iter::<Value>();
    let named = messages.flatten().filter_map(|message| message["executable"].as_str().map(PathBuf::from)).last();
    Some(named.expect("cargo names the executable"))
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    shown: String,
}

impl Run {
    /// The answer of a run that succeeded, its data and its meta.
    #[track_caller]
    pub(crate) fn answer(&self) -> (Value, Value) {
        assert_eq!(self.code, Some(0), "{self:#?}");
        assert_eq!(self.stderr, "", "{}", self.shown);
        let document = self.json();
        (document["data"].clone(), document["meta"].clone())
    }

    /// The error of a run that failed with this exit code and this error code.
    #[track_caller]
    pub(crate) fn error(&self, exit: i32, code: &str) -> Value {
        assert_eq!(self.code, Some(exit), "{self:#?}");
        let error = self.json()["error"].clone();
        assert_eq!(error["code"], code, "{self:#?}");
        error
    }

    /// Standard output, which must be one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("not JSON: {error}: {self:#?}"))
    }
}

/// The program, in an environment that says nothing.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(arguments).env_clear().env("MEHO_STATE", state());
    command.envs(KEPT.iter().filter_map(|name| Some((name, env::var_os(name)?))));
    command
}

/// A directory of its own for each run of the program: plans of one must not wait in another's way.
pub(crate) fn state() -> PathBuf {
    static BASE: LazyLock<PathBuf> = LazyLock::new(|| {
        let base = Path::new(env!("CARGO_TARGET_TMPDIR")).join("state");
        // Of the run before this one.
        let _ = fs::remove_dir_all(&base);
        base
    });
    static RUNS: AtomicU32 = AtomicU32::new(0);
    BASE.join(RUNS.fetch_add(1, Ordering::Relaxed).to_string())
}

/// Who calls, as the system says it: what a plan has for its caller.
pub(crate) fn caller() -> String {
    let user = Command::new("id").arg("-un").output().expect("id runs");
    format!("user:{}", String::from_utf8_lossy(&user.stdout).trim())
}

/// Runs a command of the program to its end.
#[track_caller]
pub(crate) fn finish(command: Command) -> Run {
    finish_with(command, b"")
}

/// Runs a command of the program to its end, with this on its standard input, which is a pipe.
#[track_caller]
pub(crate) fn finish_with(mut command: Command, input: &[u8]) -> Run {
    let shown = format!("{command:?}");
    let secrets = secrets(command.get_args());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    // A program that does not read it is gone by then, or goes soon.
    let _ = child.stdin.take().map(|mut pipe| pipe.write_all(input));
    let Output { status, stdout, stderr } = child.wait_with_output().expect("the program ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap_or_else(|error| panic!("not UTF-8: {error}: {shown}"));
    let run = Run { code: status.code(), stdout: text(stdout), stderr: text(stderr), shown };
    assert!(!run.stderr.contains("panicked at"), "{run:#?}");
    assert!(!run.stdout.contains('\u{1b}') && !run.stderr.contains('\u{1b}'), "{run:#?}");
    for secret in secrets {
        assert!(!run.stdout.contains(&secret) && !run.stderr.contains(&secret), "a credential got out: {}", run.shown);
    }
    run
}

/// `meho-host ARGUMENTS`.
#[track_caller]
pub(crate) fn run(arguments: &[&str]) -> Run {
    finish(command(arguments))
}

/// `meho-host call ARGUMENTS --kubeconfig FILE`.
#[track_caller]
pub(crate) fn call(kubeconfig: &Path, arguments: &[&str]) -> Run {
    let mut command = command(&["call"]);
    command.args(arguments).arg("--kubeconfig").arg(kubeconfig);
    finish(command)
}

/// `meho-host call list_pods` with a server, a token file, and more options.
#[track_caller]
pub(crate) fn list_pods_at(server: &str, token_file: &Path, options: &[&str]) -> Run {
    let mut command = command(&["call", "list_pods", "--server", server]);
    command.arg("--token-file").arg(token_file).args(options);
    finish(command)
}

/// Everything secret in the files that a command line names: their long words that stand behind `token`, `password` or a key, or the whole file
/// where it is a token.
pub(crate) fn secrets<'a>(arguments: impl Iterator<Item = &'a OsStr>) -> Vec<String> {
    let mut secrets = Vec::new();
    secrets.extend(servers::in_use().map(|cluster| cluster.admin_token().to_owned()));
    for text in arguments.filter_map(|file| fs::read_to_string(file).ok()) {
        let words: Vec<&str> = text
            .split(|c: char| c.is_whitespace() || "\"'{}[],".contains(c))
            .filter(|word| !word.is_empty() && *word != ":")
            .collect();
        let behind = words.windows(2).filter(|pair| is_secret(pair[0])).map(|pair| pair[1]);
        let whole = (words.len() == 1 && !text.contains("-----BEGIN")).then(|| words[0]);
        for word in behind.chain(whole) {
            // The pieces of a service account's token, too. The first is the same for all of them.
            let pieces = word.split('.').skip(1).chain([word]);
            secrets.extend(pieces.filter(|piece| piece.len() >= SHORTEST_SECRET).map(str::to_owned));
        }
    }
    secrets
}

fn is_secret(key: &str) -> bool {
    matches!(key.trim_end_matches(':'), "token" | "password" | "client-key-data")
}
