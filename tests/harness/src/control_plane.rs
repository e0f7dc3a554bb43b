//! The handle to a running control plane.
//!
//! A handle is a lease. The shared instance's lease is kept by the process until it ends, so that a cluster does not stop
//! between two tests; that of an instance in a directory of its own goes with the last clone of its handle.

use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::{env, fmt};

use crate::cluster::{Cluster, Server};
use crate::directory::{Base, Record};
use crate::lease::Lease;
use crate::programs::{Programs, tell};
use crate::start;
use crate::unavailable::Unavailable;

/// Set to `1` where a missing control plane must fail the suites instead of letting them skip.
const REQUIRE_VARIABLE: &str = "MEHO_REQUIRE_CONTROL_PLANE";

/// A running control plane, kept running by this handle: a [`Cluster`] whose server is Kubernetes' own. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ControlPlane {
    cluster: Cluster,
    real: Arc<Real>,
}

/// What keeps a real server.
pub(crate) struct Real {
    pub(crate) programs: Programs,
    record: Record,
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
        let (server_url, admin_token) = (record.server_url.clone(), record.admin_token.clone());
        let programs = Programs::in_folder(record.programs.clone());
        let real = Arc::new(Real { programs, record, lease: Mutex::new(lease) });
        let cluster = Cluster::new(Server::Real(real.clone()), directory, server_url, admin_token)?;
        Ok(Self { cluster, real })
    }

    /// The programs that run here.
    #[must_use]
    pub fn programs(&self) -> &Programs {
        &self.real.programs
    }

    /// Names and process ids of what runs here, the supervisor first.
    #[must_use]
    pub fn processes(&self) -> &[(String, u32)] {
        &self.real.record.processes
    }

    /// Blocks until the control plane is gone, which it is not while this handle lives, unless its supervisor is killed.
    pub fn wait_until_gone(&self) {
        self.real.lease.lock().unwrap_or_else(PoisonError::into_inner).wait_until_gone();
    }
}

impl Deref for ControlPlane {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}

impl From<ControlPlane> for Cluster {
    fn from(control_plane: ControlPlane) -> Self {
        control_plane.cluster
    }
}

impl fmt::Debug for Real {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Real").field("processes", &self.record.processes).finish_non_exhaustive()
    }
}

/// What asks the kernel to end components with the supervisor is Linux's alone.
fn supported<T>(start: impl FnOnce() -> Result<T, Unavailable>) -> Result<T, Unavailable> {
    if cfg!(target_os = "linux") { start() } else { Err(Unavailable::NotLinux) }
}
