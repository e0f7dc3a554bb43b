//! Kubeconfigs: read by kube-client, used by this crate's own transport.
//!
//! Start with [`target`]. What a context says of its user, and how that is read again when its files change, is in `user`.

mod user;

use crate::credential::CredentialProvider;
use crate::error::{CallError, ErrorCode};
use crate::target::{Proxy, Target, TargetSettings, Verification};
use kube_client::config::{AuthInfo, Cluster, Kubeconfig, KubeconfigError};
use meho_policy::family::Family;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use user::KubeconfigUser;

/// Whether a kubeconfig may name a program to be run.
///
/// An exec plugin is code of whoever wrote the kubeconfig, run as the user of this process: whoever can choose the kubeconfig can run what they like. This
/// crate cannot know who chose it, so it does not decide. Allow it for what an operator has configured, or has typed on a command line of
/// their own; never for a path that came from a caller, an agent or a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExecPlugins {
    /// A kubeconfig whose user has one is refused.
    #[default]
    Refused,
    /// It is run.
    Allowed,
}

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
pub fn target(path: Option<&Path>, context: Option<&str>, exec_plugins: ExecPlugins) -> Result<Target, CallError> {
    let (settings, credentials) = read(path, context, exec_plugins)?;
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
    exec_plugins: ExecPlugins,
) -> Result<(TargetSettings, Arc<dyn CredentialProvider>), CallError> {
    let files = Files::find(path)?;
    let config = files.read()?;
    let name = match context.or(config.current_context.as_deref()) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => {
            return Err(refused("the kubeconfig has no current context")
                .hint("name one with --context")
                .detail("contexts", contexts(&config)));
        }
    };
    let entry = Entry::find(&config, &name)?;
    let settings = settings(&name, &entry.cluster)?;
    Ok((settings, Arc::new(KubeconfigUser::new(files, entry, exec_plugins)?)))
}

/// The files that make a kubeconfig, merged as Kubernetes' clients do.
#[derive(Debug)]
struct Files(Vec<PathBuf>);

impl Files {
    fn find(path: Option<&Path>) -> Result<Self, CallError> {
        if let Some(path) = path {
            return Ok(Self(vec![path.to_owned()]));
        }
        let listed = std::env::var_os("KUBECONFIG").unwrap_or_default();
        let paths: Vec<PathBuf> = std::env::split_paths(&listed).filter(|path| !path.as_os_str().is_empty()).collect();
        if !paths.is_empty() {
            return Ok(Self(paths));
        }
        let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
        let home = home.ok_or_else(|| refused("the kubeconfig cannot be found: there is no home directory"))?;
        Ok(Self(vec![home.join(".kube/config")]))
    }

    fn read(&self) -> Result<Kubeconfig, CallError> {
        let merged = self.0.iter().try_fold(None, |merged: Option<Kubeconfig>, path| {
            let next = Kubeconfig::read_from(path)?;
            Ok(Some(match merged {
                Some(merged) => merged.merge(next)?,
                None => next,
            }))
        });
        let merged = merged.map_err(|error: KubeconfigError| {
            refused(format!("the kubeconfig cannot be read: {}", explain(&error)))
                .hint("give its path with --kubeconfig")
        })?;
        Ok(merged.unwrap_or_default())
    }

    /// For people.
    fn shown(&self) -> String {
        self.0.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
    }
}

/// What a context names.
struct Entry {
    context: String,
    cluster: Cluster,
    user_name: String,
    user: AuthInfo,
}

impl Entry {
    fn find(config: &Kubeconfig, name: &str) -> Result<Self, CallError> {
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
        let user = config.auth_infos.iter().find(|known| known.name == user_name);
        let user = user.and_then(|known| known.auth_info.clone()).ok_or_else(|| lacks("user"))?;
        Ok(Self { context: name.to_owned(), cluster, user_name, user })
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

/// What is wrong with a kubeconfig. The parser's own text quotes the lines around the place, and credentials stand in them.
fn explain(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::Parse(inner) => match inner.location() {
            Some(at) => format!("it is not a kubeconfig in YAML, see line {}, column {}", at.line(), at.column()),
            None => "it is not a kubeconfig in YAML".to_owned(),
        },
        // These are of paths.
        other => chain(other),
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

fn settings(name: &str, cluster: &Cluster) -> Result<TargetSettings, CallError> {
    let server =
        cluster.server.as_deref().ok_or_else(|| refused(format!("the cluster of the context {name} has no server")))?;
    let mut settings = TargetSettings::new(name, server, Family::Kubernetes);
    let proxy = cluster.proxy_url.as_deref().filter(|url| !url.is_empty()).map(Proxy::parse);
    settings.proxy = proxy.transpose().map_err(|error| refused(error.to_string()))?;
    settings.server_name = cluster.tls_server_name.clone().filter(|name| !name.is_empty());
    let ca = match (&cluster.certificate_authority_data, &cluster.certificate_authority) {
        (Some(data), _) if !data.is_empty() => Some(data.clone().into_bytes()),
        (_, Some(path)) if !path.is_empty() => Some(file(Path::new(path), "the CA file")?),
        _ => None,
    };
    settings.verification = match (cluster.insecure_skip_tls_verify.unwrap_or(false), ca) {
        (true, Some(_)) => return Err(refused(crate::target::TargetError::CaAndNoVerification.to_string())),
        (true, None) => Verification::DangerousNone,
        (false, Some(ca)) => Verification::ca(&ca).map_err(|error| refused(error.to_string()))?,
        (false, None) => Verification::SystemRoots,
    };
    Ok(settings)
}

fn file(path: &Path, what: &str) -> Result<Vec<u8>, CallError> {
    std::fs::read(path).map_err(|error| refused(format!("{what} {} cannot be read: {}", path.display(), error.kind())))
}
