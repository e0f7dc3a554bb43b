//! The control plane by hand: `control-plane` holds one for a person until Ctrl-C, `control-plane build` only builds its
//! programs. Exit codes: 0 done, 1 failed, 2 a wrong command line, 3 Go is missing, or the machine is no Linux.

use std::process::ExitCode;
use std::{env, io};

use meho_control_plane::{Build, ControlPlane, Programs, Unavailable};

const USAGE: &str = "usage: control-plane [build]";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut out = io::stdout().lock();
    let done = match arguments.as_slice() {
        [] => hold(&mut out),
        ["build"] => build(&mut out),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(code) => code,
        Err(err) => {
            eprintln!("control-plane: {}", err.explain());
            ExitCode::from(if err.may_be_skipped() { 3 } else { 1 })
        }
    }
}

fn build(out: &mut impl io::Write) -> Result<ExitCode, Unavailable> {
    let (programs, how) = Programs::built()?;
    let folder = programs.folder().display();
    let _ = match how {
        Build::Cached => writeln!(out, "{folder} (was there)"),
        Build::Built(took) => writeln!(out, "{folder} (built in {:.0} s)", took.as_secs_f32()),
    };
    Ok(ExitCode::SUCCESS)
}

fn hold(out: &mut impl io::Write) -> Result<ExitCode, Unavailable> {
    let control_plane = ControlPlane::shared()?;
    let _ = write!(
        out,
        "\
# A Kubernetes control plane runs at {url}
export KUBECONFIG={kubeconfig}
alias kubectl={kubectl}
# The same by parts:
#   --server {url} --token-file {token} --ca-file {ca}
# Audit log: {audit}
# Ctrl-C ends this; the control plane stops two seconds after its last user.
",
        url = control_plane.server_url(),
        kubeconfig = control_plane.admin_kubeconfig().display(),
        kubectl = control_plane.programs().program("kubectl").display(),
        token = control_plane.admin_token_file().display(),
        ca = control_plane.ca_file().display(),
        audit = control_plane.audit_log().display(),
    );
    let _ = out.flush();
    control_plane.wait_until_gone();
    eprintln!("control-plane: it was stopped by somebody else");
    Ok(ExitCode::FAILURE)
}
