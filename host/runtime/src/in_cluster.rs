//! The target that a pod's service account is for: the API server of the cluster that the pod runs in.
//!
//! The kubelet mounts a token, the server's CA and the namespace, and puts the server's address into the environment
//! (<https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/>). It rotates the token in place; it is read before every request.

use crate::credential::TokenFile;
use crate::error::{CallError, ErrorCode};
use crate::file;
use crate::target::{Target, TargetSettings, Verification};
use meho_policy::family::Family;
use std::path::PathBuf;
use std::sync::Arc;

/// Where the kubelet mounts it.
const DIRECTORY: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// A name of at most 63 bytes (RFC 1123), and a line feed.
const MAX_NAMESPACE_BYTES: u64 = 256;
const ROTATED_BY: &str = "the kubelet rotates it: look whether the service account still exists and the pod with it, \
                          and start the pod anew; the file is read again before every request";

/// Where a pod finds its API server and its credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InCluster {
    /// `KUBERNETES_SERVICE_HOST`: an address or a name.
    pub host: String,
    /// `KUBERNETES_SERVICE_PORT`.
    pub port: String,
    /// Where `token`, `ca.crt` and `namespace` are.
    pub directory: PathBuf,
}

impl InCluster {
    /// What the environment of this process says; none where it is not that of a pod with a service account.
    #[must_use]
    pub fn from_environment() -> Option<Self> {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let found = Self {
            host: variable("KUBERNETES_SERVICE_HOST")?,
            port: variable("KUBERNETES_SERVICE_PORT")?,
            directory: PathBuf::from(DIRECTORY),
        };
        found.directory.join("token").exists().then_some(found)
    }

    /// The target. The CA is read once: it makes the target what it is.
    ///
    /// # Errors
    /// INVALID_REQUEST where the CA cannot be read, or host and port make no URL.
    pub fn target(&self) -> Result<Target, CallError> {
        let refused = |why: String| CallError::new(ErrorCode::InvalidRequest, why);
        // An IPv6 address stands in brackets in a URL.
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let mut settings =
            TargetSettings::new("in-cluster", &format!("https://{host}:{}", self.port), Family::Kubernetes);
        let ca = self.directory.join("ca.crt");
        let pem = file::read(&ca, Verification::MAX_CA_BYTES)
            .map_err(|error| refused(format!("the CA file {} cannot be read: {error}", ca.display())))?;
        settings.verification = Verification::ca(&pem).map_err(|error| refused(error.to_string()))?;
        let token = TokenFile::new(self.directory.join("token"), None).advising(ROTATED_BY);
        Target::new(settings, Arc::new(token)).map_err(|error| refused(error.to_string()))
    }

    /// The namespace that the pod is in, where that is mounted.
    #[must_use]
    pub fn namespace(&self) -> Option<String> {
        let text = file::read(&self.directory.join("namespace"), MAX_NAMESPACE_BYTES).ok()?;
        let text = String::from_utf8(text).ok()?;
        Some(text.trim().to_owned()).filter(|name| !name.is_empty())
    }
}
