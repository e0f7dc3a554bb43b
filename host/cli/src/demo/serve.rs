//! `meho-host demo --serve`: the cluster stays until Ctrl-C, and a kubeconfig leads to it.

use crate::arguments::DemoOptions;
use meho_demo::Demo;
use meho_host::error::{CallError, ErrorCode};
use meho_host::file::{self, FileError};
use meho_host_cli::text::safe;
use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use tempfile::TempDir;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The first line of a kubeconfig of the demo's: such a file may be written over, anybody else's not.
const MARK: &str = "# Written by meho-host demo. The cluster it leads to ends with that program.";

/// Writes the kubeconfig, says what to do with it, and waits.
pub(crate) async fn until_stopped(cluster: Demo, options: &DemoOptions) -> Result<(), CallError> {
    // Gone with what is in it when it is dropped.
    let folder = options.kubeconfig.is_none().then(private_folder).transpose()?;
    let named = || options.kubeconfig.clone().unwrap_or_default();
    let file = folder.as_ref().map_or_else(named, |folder| folder.path().join("kubeconfig"));
    let written = write(&file, &cluster.kubeconfig())?;
    let shown = safe(&file.display().to_string());
    let said = format!(
        "The demo cluster serves at {url}, until Ctrl-C. In another terminal:\n\n  \
         export KUBECONFIG={shown}\n  \
         kubectl get pods -A\n  \
         meho-host call list_pods namespace=production --where status=CrashLoopBackOff\n  \
         meho-host call delete_pod namespace=production name=…      asks before it sends\n  \
         meho-host topology --from pod/production/orders-db-0       down to the machine it runs on\n\n\
         Its second context, demo-viewer, may only look:\n\n  \
         meho-host call scale_deployment namespace=production name=nginx replicas=5 --context demo-viewer\n",
        url = cluster.server_url(),
    );
    // Before anybody is told that they may ask for the end.
    let ended = |error: io::Error| CallError::new(ErrorCode::InternalError, format!("at the end: {error}"));
    let listening = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    // Where nobody reads it, whoever named the file knows where it is.
    let _ = io::stdout().lock().write_all(said.as_bytes());
    let stopped = stopped(listening).await;
    // Of somebody else's that has come to lie there since, nothing is taken away.
    let removed = if is_still(&file, &written) { std::fs::remove_file(&file) } else { Ok(()) };
    drop(cluster);
    stopped.and(removed).and_then(|()| folder.map_or(Ok(()), TempDir::close)).map_err(ended)
}

/// Ctrl-C, or the end that a service manager asks for.
async fn stopped([interrupted, ended]: [io::Result<Signal>; 2]) -> io::Result<()> {
    let (mut interrupted, mut ended) = (interrupted?, ended?);
    tokio::select! {
        _ = interrupted.recv() => Ok(()),
        _ = ended.recv() => Ok(()),
    }
}

/// A new folder that only this user can read, of a name that nobody can foretell.
fn private_folder() -> Result<TempDir, CallError> {
    let private = Permissions::from_mode(0o700);
    let made = tempfile::Builder::new().prefix("meho-demo-").permissions(private).tempdir();
    made.map_err(|error| refused(&std::env::temp_dir(), &error.to_string()))
}

/// Whether this very file is still there.
fn is_still(path: &Path, written: &File) -> bool {
    let of = |metadata: Metadata| (metadata.dev(), metadata.ino());
    // While it is open nothing else gets its number.
    written.metadata().and_then(|written| Ok(of(written) == of(std::fs::symlink_metadata(path)?))).unwrap_or(false)
}

/// Writes the file anew. One that is there and is not the demo's is left alone.
fn write(path: &Path, kubeconfig: &str) -> Result<File, CallError> {
    let failed = |error: io::Error| refused(path, &error.to_string());
    match file::open(path) {
        Ok(there) => {
            let mut first = Vec::new();
            there.take(MARK.len() as u64 + 1).read_to_end(&mut first).map_err(failed)?;
            if first.strip_prefix(MARK.as_bytes()) != Some(b"\n") {
                let why = "it is there and not the demo's: it is left alone";
                return Err(refused(path, why).hint("name a file that does not exist yet"));
            }
            std::fs::remove_file(path).map_err(failed)?;
        }
        Err(FileError::System(error)) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(refused(path, &error.to_string())),
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    write!(file, "{MARK}\n{kubeconfig}").map_err(failed)?;
    Ok(file)
}

fn refused(path: &Path, why: &str) -> CallError {
    let path = safe(&path.display().to_string());
    CallError::new(ErrorCode::InvalidRequest, format!("the kubeconfig {path} cannot be written: {why}"))
}
