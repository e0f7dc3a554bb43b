//! The fuzz targets of `fuzz/`: built once, by a nightly toolchain, and run two at a time.
//!
//! They are built without cargo-fuzz: all that it would add is the flags below, and it would have to be built first.

use crate::run::Step;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The targets, in `fuzz/fuzz_targets`; each has seeds in `fuzz/seeds`.
const TARGETS: [&str; 5] = ["canonicalisation", "classification", "matching", "body_templates", "findings"];
/// How long each runs, where nothing else is said.
pub(crate) const SECONDS: u64 = 60;
/// How many run at a time.
const AT_A_TIME: usize = 2;
/// Longest input. Requests that matter are shorter.
const MAX_INPUT_BYTES: usize = 4096;
/// What libFuzzer needs of the compiler: counters at every edge, and both sides of comparisons. No sanitizer: there is no unsafe code in `policy` or `graph`.
const COVERAGE: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg fuzzing",
];
const TOOLCHAIN: &str = "nightly";
/// Build scripts are not instrumented where the target is named.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// Why nothing can be fuzzed on this machine, if so.
pub(crate) fn missing() -> Option<&'static str> {
    let runs = |program: &str, arguments: &[&str]| {
        let status = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        Some("targets are built for x86-64 Linux")
    } else if !runs("rustup", &["run", TOOLCHAIN, "rustc", "--version"]) {
        Some("there is no nightly toolchain (rustup toolchain install nightly --profile minimal)")
    } else if !runs("c++", &["--version"]) {
        Some("libFuzzer wants a C++ compiler")
    } else {
        None
    }
}

/// Builds all targets and runs each for so long.
pub(crate) fn run(seconds: u64) -> Step {
    build()?;
    for targets in TARGETS.chunks(AT_A_TIME) {
        let running: Vec<_> =
            targets.iter().map(|target| start(target, seconds).map(|child| (target, child))).collect();
        let mut failed = Vec::new();
        for started in running {
            let (target, mut child) = started?;
            let status = child.wait().map_err(|error| format!("{target} is lost: {error}"))?;
            let said = std::fs::read(log_of(target)).unwrap_or_default();
            let said = String::from_utf8_lossy(&said);
            if status.success() {
                println!("fuzz {target}: {}", said.lines().rfind(|line| line.starts_with("Done ")).unwrap_or("done"));
            } else {
                eprintln!("{said}");
                failed.push(*target);
            }
        }
        if !failed.is_empty() {
            return Err(format!("inputs for which {} fails are in target/fuzz/found", failed.join(" and ")));
        }
    }
    Ok(())
}

fn build() -> Step {
    let arguments = ["run", TOOLCHAIN, "cargo", "build", "--release", "--locked", "--target", TRIPLE];
    let status = Command::new("rustup")
        .args(arguments)
        .args(["--manifest-path", "fuzz/Cargo.toml", "--target-dir", "target/fuzz"])
        .env("RUSTFLAGS", COVERAGE.join(" "))
        // This process runs under the toolchain of the workspace, whose programs are no nightly's.
        .env_remove("CARGO")
        .env_remove("RUSTC")
        .env_remove("RUSTUP_TOOLCHAIN")
        .status();
    match status.map_err(|error| format!("rustup does not run: {error}"))? {
        status if status.success() => Ok(()),
        _ => Err("the fuzz targets do not build".to_owned()),
    }
}

/// What a target says: it may be more than a pipe holds while nobody reads.
fn log_of(target: &str) -> PathBuf {
    Path::new("target").join("fuzz").join(format!("{target}.log"))
}

/// What is found stays in `target`; seeds are only read.
fn start(target: &str, seconds: u64) -> Result<std::process::Child, String> {
    let fuzz = Path::new("target").join("fuzz");
    let (corpus, found) = (fuzz.join("corpus").join(target), fuzz.join("found"));
    for folder in [&corpus, &found] {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let log = File::create(log_of(target)).map_err(|error| format!("the log of {target}: {error}"))?;
    Command::new(fuzz.join(TRIPLE).join("release").join(target))
        .arg(&corpus)
        .arg(Path::new("fuzz").join("seeds").join(target))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={MAX_INPUT_BYTES}"))
        .arg(format!("-artifact_prefix={}/{target}-", found.display()))
        .args(["-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=0"])
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(|error| format!("{target} does not run: {error}"))
}
