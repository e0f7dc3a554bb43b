//! Kubeconfigs: read by kube-client, used by this crate's own transport.
//!
//! Start with [`target`]. `files` finds and reads them, `reach` says what a kubeconfig may have done on whose word, and what a context says of its user,
//! and how that is read again when its files change, is in `user`.

mod files;
mod reach;
mod user;

use crate::credential::CredentialProvider;
use crate::error::{CallError, ErrorCode};
use crate::target::{Proxy, Target, TargetSettings, Verification};
use files::{Files, Merged, Stamp};
use kube_client::config::{AuthInfo, Cluster, Kubeconfig};
use meho_policy::family::Family;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use user::KubeconfigUser;

pub use reach::{Program, Reach, Word};

/// Longest name of a context or a user: an approver has to see more than that. The longest that clouds' tools write have some 200 characters.
const MAX_NAME_CHARS: usize = 500;

fn refused(why: impl Into<String>) -> CallError {
    CallError::new(ErrorCode::InvalidRequest, why)
}

/// The target that a kubeconfig's context names. Without a path, `KUBECONFIG` or `~/.kube/config`; without a context, the current one.
///
/// The credential is read again when a file that it came from has changed, and after a refusal. Server, CA, server name and proxy are not: they make
/// the target what it is.
///
/// # Errors
/// INVALID_REQUEST where the file cannot be read, the context does not exist, or it asks for what is not supported.
pub fn target(path: Option<&Path>, context: Option<&str>, word: Word) -> Result<Target, CallError> {
    let (settings, credentials) = read(path, context, word)?;
    let name = settings.name.clone();
    Target::new(settings, credentials)
        .map_err(|error| refused(format!("the kubeconfig's context {name} cannot be used: {error}")))
}

/// What [`target`] makes a target of: for whoever has a name of their own for it, or more to set. The name is the context's.
///
/// # Errors
/// As [`target`].
pub fn read(
    path: Option<&Path>,
    context: Option<&str>,
    word: Word,
) -> Result<(TargetSettings, Arc<dyn CredentialProvider>), CallError> {
    let files = Files::find(path)?;
    let read = Read::of(&files, context, &word)?;
    let settings = read.entry.settings(&word)?;
    Ok((settings, Arc::new(KubeconfigUser::new(files, read, word)?)))
}

/// What a context wants of this machine besides what stands in the kubeconfig's own directory: for an operator to say yes to, see [`Word::Agreed`]. None
/// where it wants nothing, and needs no yes. Nothing is run or read for it but the kubeconfig.
///
/// # Errors
/// As [`target`], where the kubeconfig cannot be read or has no such context.
pub fn reach(path: &Path, context: Option<&str>) -> Result<Option<Reach>, CallError> {
    let merged = Files::find(Some(path))?.read()?;
    Ok(Reach::of(&Entry::chosen(&merged, context)?))
}

/// A context as it was read, and what its files were like before that.
struct Read {
    entry: Entry,
    stamps: Vec<Stamp>,
}

impl Read {
    /// Reads a context that may have done, on this word, what it asks for.
    fn of(files: &Files, context: Option<&str>, word: &Word) -> Result<Self, CallError> {
        // Before anything is read: what is written in between is then seen as a change.
        let mut stamps = files.stamps();
        let merged = files.read()?;
        let entry = Entry::chosen(&merged, context)?;
        // But for a token file: that is read at every request.
        let named = [&entry.user.client_certificate, &entry.user.client_key];
        stamps.extend(named.into_iter().flatten().map(PathBuf::from).map(Stamp::of));
        entry.admit(word, &merged)?;
        Ok(Self { entry, stamps })
    }
}

/// What a context names.
struct Entry {
    context: String,
    cluster: Cluster,
    user_name: String,
    user: AuthInfo,
    /// The canonical directories of the files that they are from.
    home_of_cluster: PathBuf,
    home_of_user: PathBuf,
}

impl Entry {
    /// The context of this name, or the current one.
    fn chosen(merged: &Merged, name: Option<&str>) -> Result<Self, CallError> {
        let config = &merged.config;
        match name.or(config.current_context.as_deref()) {
            Some(name) if !name.is_empty() => Self::find(merged, name),
            _ => Err(refused("the kubeconfig has no current context")
                .hint("name one with --context")
                .detail("contexts", contexts(config))),
        }
    }

    fn find(merged: &Merged, name: &str) -> Result<Self, CallError> {
        let config = &merged.config;
        let named = config.contexts.iter().find(|known| known.name == name).and_then(|known| known.context.as_ref());
        let context = named.ok_or_else(|| {
            refused(format!("the kubeconfig has no context {name}"))
                .hint("name one of its contexts")
                .detail("contexts", contexts(config))
        })?;
        let lacks =
            |what: &str| refused(format!("the kubeconfig's context {name} names a {what} that it does not have"));
        let cluster = config.clusters.iter().find(|known| known.name == context.cluster);
        let cluster = cluster.and_then(|known| known.cluster.clone()).ok_or_else(|| lacks("cluster"))?;
        let user_name = context.user.clone().unwrap_or_default();
        for (what, name) in [("context", name), ("user", &user_name)] {
            if name.chars().count() > MAX_NAME_CHARS {
                return Err(refused(format!(
                    "the kubeconfig has a {what} with a name of more than {MAX_NAME_CHARS} characters"
                ))
                .hint("give it a shorter one"));
            }
        }
        let user = config.auth_infos.iter().find(|known| known.name == user_name);
        let user = user.and_then(|known| known.auth_info.clone()).ok_or_else(|| lacks("user"))?;
        let home = |of: Option<&PathBuf>| of.cloned().unwrap_or_default();
        Ok(Self {
            context: name.to_owned(),
            home_of_cluster: home(merged.home_of_cluster.get(&context.cluster)),
            home_of_user: home(merged.home_of_user.get(&user_name)),
            cluster,
            user_name,
            user,
        })
    }

    /// The authority that the server's certificate has to be under: base64 of PEM, or a file's content.
    fn authority(&self, word: &Word) -> Result<Option<Vec<u8>>, CallError> {
        match (&self.cluster.certificate_authority_data, &self.cluster.certificate_authority) {
            (Some(data), _) if !data.is_empty() => Ok(Some(data.clone().into_bytes())),
            (_, Some(path)) if !path.is_empty() => {
                let path = Path::new(path);
                let bound = self.bound_of_cluster(word, path);
                file(path, bound.as_deref(), "the CA file").map(Some)
            }
            _ => Ok(None),
        }
    }

    fn settings(&self, word: &Word) -> Result<TargetSettings, CallError> {
        let (name, cluster) = (&self.context, &self.cluster);
        let server = cluster
            .server
            .as_deref()
            .ok_or_else(|| refused(format!("the cluster of the context {name} has no server")))?;
        let mut settings = TargetSettings::new(name, server, Family::Kubernetes);
        let proxy = cluster.proxy_url.as_deref().filter(|url| !url.is_empty()).map(Proxy::parse);
        settings.proxy = proxy.transpose().map_err(|error| refused(error.to_string()))?;
        settings.server_name = cluster.tls_server_name.clone().filter(|name| !name.is_empty());
        let ca = self.authority(word)?;
        settings.verification = match (cluster.insecure_skip_tls_verify.unwrap_or(false), ca) {
            (true, Some(_)) => return Err(refused(crate::target::TargetError::CaAndNoVerification.to_string())),
            (true, None) => Verification::DangerousNone,
            (false, Some(ca)) => Verification::ca(&ca).map_err(|error| refused(error.to_string()))?,
            (false, None) => Verification::SystemRoots,
        };
        Ok(settings)
    }

    /// Whether another reading of the same context leads to the same server, by the same proof and the same way.
    fn leads_to_same(&self, other: &Self) -> bool {
        let of = |cluster: &Cluster| {
            (
                cluster.server.clone(),
                cluster.insecure_skip_tls_verify.unwrap_or(false),
                cluster.certificate_authority.clone(),
                cluster.certificate_authority_data.clone(),
                cluster.tls_server_name.clone(),
                cluster.proxy_url.clone(),
            )
        };
        of(&self.cluster) == of(&other.cluster)
    }
}

/// The error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}

fn contexts(config: &Kubeconfig) -> Vec<String> {
    config.contexts.iter().map(|context| context.name.clone()).collect()
}

fn file(path: &Path, bound: Option<&Path>, what: &str) -> Result<Vec<u8>, CallError> {
    reach::read(path, bound, Verification::MAX_CA_BYTES)
        .map_err(|error| refused(format!("{what} {} cannot be read: {error}", path.display())))
}
