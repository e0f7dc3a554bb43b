//! The build script, which is also the supervisor of the control plane.
//!
//! The control plane outlives the test binary that starts it, so it needs a process of its own, and test binaries of any
//! crate must find that program. A `[[bin]]` is not built by `cargo test -p another-crate`, and calling cargo from a test
//! waits for locks and builds with other features. A build script has neither problem: cargo compiles it before this
//! library, for this machine, in every build that contains the library. So it copies itself into its output folder, and
//! the library has the path of exactly the supervisor it was built with.
//!
//! Without arguments (how cargo runs it) it installs itself; with a word it is the supervisor. It must stay free of
//! dependencies that are slow to build: whatever needs TLS, JSON or Kubernetes is done by the library.

#[path = "src/protocol.rs"]
mod protocol;
#[path = "src/supervisor.rs"]
mod supervisor;

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

fn main() -> ExitCode {
    let done = match env::args_os().nth(1) {
        None => install(),
        Some(role) => supervisor::play(&role),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("control plane supervisor: {err}");
            ExitCode::FAILURE
        }
    }
}

/// Copies this program to where the library looks for it. The copy is renamed into place, because a supervisor of an
/// earlier build may still be running from the old file.
fn install() -> io::Result<()> {
    let folder =
        env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("OUT_DIR is not set: this is a build script"))?;
    let fresh = Path::new(&folder).join("supervisor.new");
    let place = Path::new(&folder).join("supervisor");
    fs::copy(env::current_exe()?, &fresh)?;
    fs::rename(&fresh, &place)?;
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=MEHO_CONTROL_PLANE_SUPERVISOR={}", place.display());
    Ok(())
}
