//! The handle to a cluster, whichever server it is: what a test needs to arrange objects, to be somebody, and to look at what was asked.
//!
//! The server is real, or it is the demo cluster; a test that takes a [`Cluster`] does not see which. What only a real one has is
//! [`ControlPlane`](crate::ControlPlane)'s, which is a cluster too. [`Cluster::demo`] is the other one.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::{fmt, io};

use crate::client::Client;
use crate::control_plane::Real;
use crate::credentials::{ADMIN_KUBECONFIG, ADMIN_TOKEN, CA, OTHER_CA};
use crate::demo::InProcess;
use crate::directory::Directory;
use crate::programs::Programs;
use crate::unavailable::Unavailable;

/// A cluster that runs for as long as this handle lives. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    held: Arc<Held>,
}

struct Held {
    server: Server,
    directory: Directory,
    server_url: String,
    admin_token: String,
    ca_pem: String,
    other_ca_pem: String,
    admin: Client,
}

/// What answers.
#[derive(Clone)]
pub(crate) enum Server {
    Real(Arc<Real>),
    Demo(Arc<InProcess>),
}

impl Cluster {
    /// The handle to a server whose credentials lie in a directory.
    pub(crate) fn new(
        server: Server,
        directory: Directory,
        server_url: String,
        admin_token: String,
    ) -> Result<Self, Unavailable> {
        let ca_pem = directory.read(CA)?;
        let admin = Client::new(&server_url, &ca_pem, &admin_token)?;
        let other_ca_pem = directory.read(OTHER_CA)?;
        let held = Held { server, directory, server_url, admin_token, ca_pem, other_ca_pem, admin };
        Ok(Self { held: Arc::new(held) })
    }

    /// `https://127.0.0.1:PORT`. The server's certificate is also good for `localhost`.
    #[must_use]
    pub fn server_url(&self) -> &str {
        &self.held.server_url
    }

    /// The authority that signed the server's certificate.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.held.ca_pem
    }

    /// A file with [`Cluster::ca_pem`].
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.directory().file(CA)
    }

    /// An authority that signed nothing here.
    #[must_use]
    pub fn other_ca_pem(&self) -> &str {
        &self.held.other_ca_pem
    }

    /// A file with [`Cluster::other_ca_pem`].
    #[must_use]
    pub fn other_ca_file(&self) -> PathBuf {
        self.directory().file(OTHER_CA)
    }

    /// The token of an admin of the group `system:masters`. It is worth nothing outside this cluster.
    #[must_use]
    pub fn admin_token(&self) -> &str {
        &self.held.admin_token
    }

    /// A file with [`Cluster::admin_token`].
    #[must_use]
    pub fn admin_token_file(&self) -> PathBuf {
        self.directory().file(ADMIN_TOKEN)
    }

    /// A kubeconfig with one context, for the admin.
    #[must_use]
    pub fn admin_kubeconfig(&self) -> PathBuf {
        self.directory().file(ADMIN_KUBECONFIG)
    }

    /// A client for the admin; [`Client::with_token`] makes others.
    #[must_use]
    pub fn admin(&self) -> &Client {
        &self.held.admin
    }

    /// Runs kubectl as the admin.
    ///
    /// # Errors
    /// Where the program cannot be run, or there is none. A kubectl that fails is an [`Output`] too.
    pub fn kubectl(&self, arguments: &[&str]) -> io::Result<Output> {
        self.kubectl_with(&self.admin_kubeconfig(), arguments)
    }

    /// Runs kubectl with a kubeconfig, such as [`User::kubeconfig`](crate::User::kubeconfig).
    ///
    /// # Errors
    /// As [`Cluster::kubectl`].
    pub fn kubectl_with(&self, kubeconfig: &Path, arguments: &[&str]) -> io::Result<Output> {
        let programs = self.kubernetes_programs().map_err(|err| io::Error::other(err.explain()))?;
        Command::new(programs.program("kubectl"))
            .args(arguments)
            .env("KUBECONFIG", kubeconfig)
            // What it keeps goes away with the instance, and the person's own settings stay out.
            .env("HOME", self.directory().path())
            .env("KUBECACHEDIR", self.directory().file("kubectl"))
            .output()
    }

    /// Kubernetes' own programs: those that a real server runs, and for the demo cluster the same ones, where this machine has them.
    ///
    /// # Errors
    /// See [`Unavailable`].
    pub fn kubernetes_programs(&self) -> Result<Programs, Unavailable> {
        match self.server() {
            Server::Real(real) => Ok(real.programs.clone()),
            Server::Demo(demo) => demo.programs(),
        }
    }

    pub(crate) fn server(&self) -> &Server {
        &self.held.server
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.held.directory
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("server_url", &self.server_url()).finish_non_exhaustive()
    }
}
