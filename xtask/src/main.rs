//! `cargo xtask`: what a newcomer, CI and a developer all run. Everything a test run needs is got here.

mod clock;
mod fuzz;
mod kinds;
mod rules;
mod run;

use clock::Clock;
use run::{Step, cargo};
use std::process::ExitCode;

const USAGE: &str = "cargo xtask COMMAND

  demo      a cluster in a box, ten questions answered on it, and what becomes of a connector that means ill [--serve …]
  test      everything: the toolchain's target, formatting, lints, house rules, the real control plane, all tests, documents
  check     the part of it without tests: formatting, lints, house rules, licences
  fuzz      the fuzz targets of the policy and the graph, a minute each, by a nightly toolchain [--seconds N]
  cluster   a real Kubernetes control plane on loopback, until Ctrl-C
  bench     what a call costs, and ten thousand pods beside a native client [--pods N] [--rounds N] [--overhead-only]";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let mut clock = Clock::default();
    let done = match (command.as_str(), rest.as_slice()) {
        ("test", []) => test(&mut clock),
        ("check", []) => check(&mut clock),
        ("demo", options) => demo(options),
        ("fuzz", options) => fuzz(options, &mut clock),
        ("cluster", []) => run::cluster(),
        ("bench", options) => bench(options),
        ("" | "help" | "--help" | "-h", _) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    clock.print();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

fn check(clock: &mut Clock) -> Step {
    clock.step("wasm target", run::add_wasm_target)?;
    clock.step("house rules", rules::check)?;
    clock.step("format", || {
        cargo(&["fmt", "--all", "--check"])?;
        cargo(&["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"])
    })?;
    // It follows the policy's dependencies, and where no nightly toolchain is nothing else would notice that it does not.
    clock.step("lock file of fuzz targets", || {
        cargo(&["tree", "--manifest-path", "fuzz/Cargo.toml", "--locked", "--quiet", "--depth", "0"])
    })?;
    clock.step("clippy", || {
        cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"])
    })?;
    clock.step("clippy of guests", || {
        let guests = ["--package", "meho-kubernetes", "--package", "meho-test-hostile", "--features", "guest"];
        let how = ["--lib", "--examples", "--target", run::WASM_TARGET, "--locked", "--", "--deny", "warnings"];
        cargo(&[&["clippy"], &guests[..], &how[..]].concat())
    })?;
    clock.step("licences", run::deny)
}

fn test(clock: &mut Clock) -> Step {
    check(clock)?;
    let cluster = clock.step("control plane", run::build_control_plane)?;
    clock.step("build", || cargo(&["test", "--workspace", "--locked", "--no-run"]))?;
    // One control plane for all suites: held here from the first to the last.
    let held = if cluster { Some(run::hold_control_plane()?) } else { None };
    let tested = clock.step("tests", || cargo(&["test", "--workspace", "--locked"]));
    drop(held);
    tested?;
    clock.step("documents", run::documents)?;
    match fuzz::missing() {
        None => clock.step("fuzz", || fuzz::run(fuzz::SECONDS))?,
        Some(why) => println!("SKIPPED: the fuzz targets, because {why}"),
    }
    if !cluster {
        println!("SKIPPED: all suites on a real control plane, because Go is missing");
    }
    Ok(())
}

fn fuzz(options: &[String], clock: &mut Clock) -> Step {
    let seconds = match options {
        [] => fuzz::SECONDS,
        [flag, seconds] if flag == "--seconds" => seconds.parse().map_err(|_| format!("{seconds} is no number"))?,
        _ => return Err(USAGE.to_owned()),
    };
    match fuzz::missing() {
        None => clock.step("fuzz", || fuzz::run(seconds)),
        Some(why) => Err(why.to_owned()),
    }
}

fn demo(options: &[String]) -> Step {
    run::add_wasm_target()?;
    let mut arguments = vec!["run", "--locked", "--package", "meho-host-cli", "--", "demo"];
    arguments.extend(options.iter().map(String::as_str));
    cargo(&arguments)
}

fn bench(options: &[String]) -> Step {
    run::add_wasm_target()?;
    let mut arguments = vec!["run", "--release", "--locked", "--package", "meho-test-bench", "--"];
    arguments.extend(options.iter().map(String::as_str));
    cargo(&arguments)
}
