//! `meho-host demo --serve`: the cluster stays until Ctrl-C, and a kubeconfig leads to it.

use crate::arguments::DemoOptions;
use meho_demo::Demo;
use meho_host::error::{CallError, ErrorCode};
use meho_host_cli::text::safe;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The first line of a kubeconfig of the demo's: such a file may be written over, anybody else's not.
const MARK: &str = "# Written by meho-host demo. The cluster it leads to ends with that program.";

/// Writes the kubeconfig, says what to do with it, and waits.
pub(crate) async fn until_stopped(cluster: Demo, options: &DemoOptions) -> Result<(), CallError> {
    let file = match &options.kubeconfig {
        Some(path) => path.clone(),
        None => private_folder()?.join("kubeconfig"),
    };
    write(&file, &cluster.kubeconfig())?;
    let shown = safe(&file.display().to_string());
    let said = format!(
        "The demo cluster serves at {url}, until Ctrl-C. In another terminal:\n\n  \
         export KUBECONFIG={shown}\n  \
         kubectl get pods -A\n  \
         meho-host call list_pods namespace=production --where status=CrashLoopBackOff\n  \
         meho-host call delete_pod namespace=production name=…      asks before it sends\n\n\
         Its second context, demo-viewer, may only look:\n\n  \
         meho-host call scale_deployment namespace=production name=nginx replicas=5 --context demo-viewer\n",
        url = cluster.server_url(),
    );
    // Where nobody reads it, whoever named the file knows where it is.
    let _ = io::stdout().lock().write_all(said.as_bytes());
    let stopped = stopped().await;
    let removed = std::fs::remove_file(&file);
    if options.kubeconfig.is_none() {
        // Only where it is empty.
        let _ = file.parent().map(std::fs::remove_dir);
    }
    drop(cluster);
    stopped.and(removed).map_err(|error| CallError::new(ErrorCode::InternalError, format!("at the end: {error}")))
}

/// Ctrl-C, or the end that a service manager asks for.
async fn stopped() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut ended = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = ended.recv() => Ok(()),
    }
}

/// A new folder that only this user can read.
fn private_folder() -> Result<PathBuf, CallError> {
    let folder = std::env::temp_dir().join(format!("meho-demo-{}", std::process::id()));
    DirBuilder::new().mode(0o700).create(&folder).map_err(|error| refused(&folder, &error.to_string()))?;
    Ok(folder)
}

/// Writes the file anew. One that is there and is not the demo's is left alone.
fn write(path: &Path, kubeconfig: &str) -> Result<(), CallError> {
    match std::fs::File::open(path) {
        Ok(there) => {
            let first = BufReader::new(there).lines().next().transpose().ok().flatten();
            if first.as_deref() != Some(MARK) {
                let why = "it is there and not the demo's: it is left alone";
                return Err(refused(path, why).hint("name a file that does not exist yet"));
            }
            std::fs::remove_file(path).map_err(|error| refused(path, &error.to_string()))?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(refused(path, &error.to_string())),
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| refused(path, &error.to_string()))?;
    write!(file, "{MARK}\n{kubeconfig}").map_err(|error| refused(path, &error.to_string()))
}

fn refused(path: &Path, why: &str) -> CallError {
    let path = safe(&path.display().to_string());
    CallError::new(ErrorCode::InvalidRequest, format!("the kubeconfig {path} cannot be written: {why}"))
}
