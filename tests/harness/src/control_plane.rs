//! The handle to a running control plane.
//!
//! A handle is a lease. The shared instance's lease is kept by the process until it ends, so that a cluster does not stop
//! between two tests; that of an instance in a directory of its own goes with the last clone of its handle.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::{env, fmt, io};

use crate::client::Client;
use crate::credentials::{ADMIN_KUBECONFIG, ADMIN_TOKEN, CA, OTHER_CA};
use crate::directory::{Base, Directory, Record};
use crate::lease::Lease;
use crate::programs::{Programs, tell};
use crate::start;
use crate::unavailable::Unavailable;

/// Set to `1` where a missing control plane must fail the suites instead of letting them skip.
const REQUIRE_VARIABLE: &str = "MEHO_REQUIRE_CONTROL_PLANE";

/// A running control plane, kept running by this handle. Cheap to clone.
#[derive(Clone)]
pub struct ControlPlane {
    held: Arc<Held>,
}

struct Held {
    directory: Directory,
    record: Record,
    programs: Programs,
    ca_pem: String,
    other_ca_pem: String,
    admin: Client,
    lease: Mutex<Lease>,
}

impl ControlPlane {
    /// The instance that all processes of this checkout share. Starts it where it does not run yet (about 4 seconds), and
    /// builds its programs where the cache lacks them (minutes). The answer, good or bad, is the process's from then on.
    ///
    /// `MEHO_CONTROL_PLANE_DIR` names another directory for it than one in the temporary directory. The directory must be
    /// private to the user, and its path short: it holds a Unix socket, whose path has at most 107 bytes.
    ///
    /// # Errors
    /// See [`Unavailable`]; only [`Unavailable::may_be_skipped`] is a reason to skip.
    pub fn shared() -> Result<Self, Unavailable> {
        static SHARED: OnceLock<Result<ControlPlane, Unavailable>> = OnceLock::new();
        SHARED
            .get_or_init(|| {
                let (programs, _) = supported(Programs::built)?;
                Self::join_or_start(&programs, &Base::shared(programs.folder())?)
            })
            .clone()
    }

    /// [`ControlPlane::shared`] for a test: `None` where the machine cannot have one, after saying `SKIPPED` and why on
    /// stderr, past libtest's capture.
    ///
    /// # Panics
    /// Where the control plane should have come up and did not, and where it is missing although
    /// `MEHO_REQUIRE_CONTROL_PLANE=1` says that it must not be.
    #[must_use]
    pub fn shared_or_skip(test: &str) -> Option<Self> {
        let required = env::var_os(REQUIRE_VARIABLE).is_some_and(|value| value == "1");
        match Self::shared() {
            Ok(control_plane) => Some(control_plane),
            Err(err) if err.may_be_skipped() && !required => {
                tell(&format!("SKIPPED: {test}: {}", err.explain()));
                None
            }
            Err(err) => panic!("{test} needs a control plane: {}", err.explain()),
        }
    }

    /// An instance of one's own: joins the one in `directory`, or starts it. It stops two seconds after the last handle of
    /// all processes is gone. The directory itself stays, nearly empty; its parent must exist.
    ///
    /// # Errors
    /// See [`Unavailable`].
    pub fn in_directory(programs: &Programs, directory: &Path) -> Result<Self, Unavailable> {
        supported(|| Self::join_or_start(programs, &Base::at(directory)?))
    }

    fn join_or_start(programs: &Programs, base: &Base) -> Result<Self, Unavailable> {
        let _lock = base.lock()?;
        let directory = base.directory();
        let running = Lease::join(&directory).and_then(|lease| Some((lease, directory.record()?)));
        let (lease, record) = match running {
            Some(running) => running,
            None => start::start(programs, base)?,
        };
        let ca_pem = directory.read(CA)?;
        Ok(Self {
            held: Arc::new(Held {
                admin: Client::new(&record.server_url, &ca_pem, &record.admin_token)?,
                other_ca_pem: directory.read(OTHER_CA)?,
                programs: Programs::in_folder(record.programs.clone()),
                ca_pem,
                directory,
                record,
                lease: Mutex::new(lease),
            }),
        })
    }

    /// `https://127.0.0.1:PORT`. The server's certificate is also good for `localhost` and `kubernetes.default`.
    #[must_use]
    pub fn server_url(&self) -> &str {
        &self.held.record.server_url
    }

    /// The authority that signed the server's certificate.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.held.ca_pem
    }

    /// A file with [`ControlPlane::ca_pem`].
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.directory().file(CA)
    }

    /// An authority that signed nothing here.
    #[must_use]
    pub fn other_ca_pem(&self) -> &str {
        &self.held.other_ca_pem
    }

    /// A file with [`ControlPlane::other_ca_pem`].
    #[must_use]
    pub fn other_ca_file(&self) -> PathBuf {
        self.directory().file(OTHER_CA)
    }

    /// The token of `harness-admin`, of the group `system:masters`. It is worth nothing outside this instance.
    #[must_use]
    pub fn admin_token(&self) -> &str {
        &self.held.record.admin_token
    }

    /// A file with [`ControlPlane::admin_token`].
    #[must_use]
    pub fn admin_token_file(&self) -> PathBuf {
        self.directory().file(ADMIN_TOKEN)
    }

    /// A kubeconfig with one context, for `harness-admin`.
    #[must_use]
    pub fn admin_kubeconfig(&self) -> PathBuf {
        self.directory().file(ADMIN_KUBECONFIG)
    }

    /// A client for `harness-admin`; [`Client::with_token`] makes others.
    #[must_use]
    pub fn admin(&self) -> &Client {
        &self.held.admin
    }

    /// The programs that run here.
    #[must_use]
    pub fn programs(&self) -> &Programs {
        &self.held.programs
    }

    /// Runs kubectl as `harness-admin`.
    ///
    /// # Errors
    /// Where the program cannot be run. A kubectl that fails is an [`Output`] too.
    pub fn kubectl(&self, arguments: &[&str]) -> io::Result<Output> {
        self.kubectl_with(&self.admin_kubeconfig(), arguments)
    }

    /// Runs kubectl with a kubeconfig, such as [`User::kubeconfig`](crate::User::kubeconfig).
    ///
    /// # Errors
    /// As [`ControlPlane::kubectl`].
    pub fn kubectl_with(&self, kubeconfig: &Path, arguments: &[&str]) -> io::Result<Output> {
        Command::new(self.programs().program("kubectl"))
            .args(arguments)
            .env("KUBECONFIG", kubeconfig)
            // What it keeps goes away with the instance, and the person's own settings stay out.
            .env("HOME", self.directory().path())
            .env("KUBECACHEDIR", self.directory().file("kubectl"))
            .output()
    }

    /// Names and process ids of what runs here, the supervisor first.
    #[must_use]
    pub fn processes(&self) -> &[(String, u32)] {
        &self.held.record.processes
    }

    /// Blocks until the control plane is gone, which it is not while this handle lives, unless its supervisor is killed.
    pub fn wait_until_gone(&self) {
        self.held.lease.lock().unwrap_or_else(PoisonError::into_inner).wait_until_gone();
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.held.directory
    }
}

impl fmt::Debug for ControlPlane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControlPlane").field("server_url", &self.server_url()).finish_non_exhaustive()
    }
}

/// What asks the kernel to end components with the supervisor is Linux's alone.
fn supported<T>(start: impl FnOnce() -> Result<T, Unavailable>) -> Result<T, Unavailable> {
    if cfg!(target_os = "linux") { start() } else { Err(Unavailable::NotLinux) }
}
