//! Programs that steps run.

use std::path::Path;
use std::process::{Child, Command, Stdio};

/// What comes of a step.
pub(crate) type Step = Result<(), String>;

/// The target that components are built for.
pub(crate) const WASM_TARGET: &str = "wasm32-wasip2";
/// What `control-plane build` exits with where Go is missing.
const GO_IS_MISSING: i32 = 3;

/// Runs cargo in the workspace.
pub(crate) fn cargo(arguments: &[&str]) -> Step {
    let status = Command::new(cargo_program())
        .args(arguments)
        .status()
        .map_err(|error| format!("cargo does not run: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("cargo {} failed", arguments.join(" "))) }
}

/// Writes the documents of all crates. A link that leads nowhere is an error.
pub(crate) fn documents() -> Step {
    let arguments = ["doc", "--workspace", "--no-deps", "--locked", "--document-private-items"];
    let status = Command::new(cargo_program()).args(arguments).env("RUSTDOCFLAGS", "--deny warnings").status();
    match status.map_err(|error| format!("cargo does not run: {error}"))? {
        status if status.success() => Ok(()),
        _ => Err("cargo doc found mistakes".to_owned()),
    }
}

fn cargo_program() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// Adds the target that components are built for, where it is missing.
pub(crate) fn add_wasm_target() -> Step {
    let rustc = Command::new("rustc").args(["--print", "target-libdir", "--target", WASM_TARGET]).output();
    let libdir = rustc.map_err(|error| format!("rustc does not run: {error}"))?.stdout;
    if Path::new(String::from_utf8_lossy(&libdir).trim()).is_dir() {
        return Ok(());
    }
    let added = Command::new("rustup").args(["target", "add", WASM_TARGET]).status();
    match added {
        Ok(status) if status.success() => Ok(()),
        _ => Err(format!("`rustup target add {WASM_TARGET}` failed")),
    }
}

/// Licences, bans and sources of dependencies, where cargo-deny is installed.
pub(crate) fn deny() -> Step {
    let installed =
        Command::new(cargo_program()).args(["deny", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !installed.is_ok_and(|status| status.success()) {
        println!("SKIPPED: cargo-deny is not installed (cargo install --locked cargo-deny)");
        return Ok(());
    }
    cargo(&["deny", "--offline", "check", "bans", "licenses", "sources"])
}

/// Runs the program that holds a control plane.
fn control_plane(arguments: &[&str]) -> Result<i32, String> {
    let status = control_plane_command(arguments).status().map_err(|error| format!("cargo does not run: {error}"))?;
    match status.code() {
        Some(0) => Ok(0),
        Some(code) if code == GO_IS_MISSING => Ok(code),
        _ => Err("the control plane failed".to_owned()),
    }
}

/// Runs a control plane for a person, until Ctrl-C.
pub(crate) fn cluster() -> Step {
    match control_plane(&[])? {
        GO_IS_MISSING => Err("a control plane is built by Go, which is missing: install Go 1.26 or later".to_owned()),
        _ => Ok(()),
    }
}

fn control_plane_command(arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo_program());
    command
        .args(["run", "--quiet", "--locked", "--package", "meho-control-plane", "--bin", "control-plane", "--"])
        .args(arguments);
    command
}

/// Builds the programs of the control plane into the cache. False where Go is missing; an error where suites must not be skipped.
pub(crate) fn build_control_plane() -> Result<bool, String> {
    if control_plane(&["build"])? != GO_IS_MISSING {
        return Ok(true);
    }
    match std::env::var_os("MEHO_REQUIRE_CONTROL_PLANE") {
        Some(_) => Err("Go is missing, and the suites on a real control plane are required".to_owned()),
        None => Ok(false),
    }
}

/// A control plane that stays until this is dropped.
pub(crate) struct Held(Child);

impl Drop for Held {
    fn drop(&mut self) {
        // The lease is a connection: it ends with the process that holds it.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a control plane and keeps a lease on it.
pub(crate) fn hold_control_plane() -> Result<Held, String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let program = Path::new(&target).join("debug").join("control-plane");
    let held = Command::new(&program).stdout(Stdio::null()).stdin(Stdio::null()).spawn();
    held.map(Held).map_err(|error| format!("{} does not run: {error}", program.display()))
}
