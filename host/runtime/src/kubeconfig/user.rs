//! A kubeconfig's user as a credential: its token, token file, client certificate or exec plugin, read again when a file that it came from changes.
//!
//! A file that changes may come to say anything, so what it says anew is used only where it is the same server's and, as far as it says so itself, the
//! same somebody's: a rotation changes secrets and nothing else.

use crate::credential::exec::{ExecPlugin, ExecSettings, ExecVersion};
use crate::credential::file::TokenFile;
use crate::credential::{Credential, CredentialError, CredentialProvider, Identity, Refusal, fixed_refusal, usable};
use crate::error::CallError;
use crate::kubeconfig::{Entry, ExecPlugins, Files, file, refused};
use async_trait::async_trait;
use kube_client::config::{AuthInfo, Cluster, ExecAuthCluster, ExecConfig, ExecInteractiveMode};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// The user of a context.
pub(super) struct KubeconfigUser {
    context: Arc<Context>,
    whose: Whose,
    state: Mutex<State>,
}

/// What is read, and what it said first.
struct Context {
    files: Files,
    entry: Entry,
    exec_plugins: ExecPlugins,
}

/// Who this is, rotated or not: where the credential comes from and, where it names somebody, whom.
struct Whose {
    source: String,
    subject: Option<String>,
}

impl Whose {
    /// Whether another reading is of somebody else. What names nobody may be anybody's.
    fn is_another(&self, other: &Self) -> bool {
        let are_two = |(one, other)| one != other;
        self.source != other.source || self.subject.as_ref().zip(other.subject.as_ref()).is_some_and(are_two)
    }
}

struct State {
    stamps: Vec<Stamp>,
    source: Arc<Source>,
}

/// Where the credential comes from.
enum Source {
    /// It stands in the kubeconfig, or in files that this names.
    Fixed(Arc<Credential>),
    TokenFile(TokenFile),
    Exec(Box<ExecPlugin>),
}

impl fmt::Debug for KubeconfigUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KubeconfigUser")
            .field("files", &self.context.files)
            .field("context", &self.context.entry.context)
            .field("user", &self.context.entry.user_name)
            .finish_non_exhaustive()
    }
}

impl KubeconfigUser {
    pub(super) fn new(files: Files, entry: Entry, exec_plugins: ExecPlugins) -> Result<Self, CallError> {
        // Before they are read: what is written in between is then seen as a change.
        let stamps = stamps(&files, &entry.user);
        let source = Source::of(&entry, exec_plugins)?;
        let whose = source.whose(&files, &entry);
        let state = Mutex::new(State { stamps, source: Arc::new(source) });
        Ok(Self { context: Arc::new(Context { files, entry, exec_plugins }), whose, state })
    }

    /// Where the credential comes from now. Reads the kubeconfig again where a file has changed, or where that is asked for.
    async fn source(&self, anew: Anew) -> Result<Arc<Source>, CredentialError> {
        let known = {
            let state = self.state();
            (state.stamps.clone(), state.source.clone())
        };
        let context = self.context.clone();
        let reading = tokio::task::spawn_blocking(move || context.read_again(known, anew));
        let read = reading.await.map_err(|_| CredentialError::Kubeconfig {
            reason: "the kubeconfig cannot be read: the reading was ended".to_owned(),
        })?;
        match read? {
            Reading::Same(source) => Ok(source),
            Reading::Changed(stamps, source) => {
                if self.whose.is_another(&source.whose(&self.context.files, &self.context.entry)) {
                    let context = self.context.entry.context.clone();
                    return Err(CredentialError::Changed { context, what: "identity" });
                }
                let mut state = self.state();
                state.stamps = stamps;
                // What comes from elsewhere goes on as it was, with what it has in hand.
                if !source.is_same(&state.source) {
                    state.source = source;
                }
                Ok(state.source.clone())
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn label(&self) -> String {
        label(&self.context.entry)
    }
}

fn label(entry: &Entry) -> String {
    format!("the kubeconfig's user {}", entry.user_name)
}

/// Whether the kubeconfig is read again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Anew {
    /// Where a file has changed.
    WhereChanged,
    /// Whatever the files' times say.
    Always,
}

enum Reading {
    Same(Arc<Source>),
    Changed(Vec<Stamp>, Arc<Source>),
}

impl Context {
    fn read_again(&self, (known, source): (Vec<Stamp>, Arc<Source>), anew: Anew) -> Result<Reading, CredentialError> {
        if anew == Anew::WhereChanged && known.iter().all(Stamp::still_holds) {
            return Ok(Reading::Same(source));
        }
        let failed = |error: CallError| CredentialError::Kubeconfig { reason: error.message };
        let (files, before) = (&self.files, &self.entry);
        let config = files.read().map_err(failed)?;
        let entry = Entry::find(&config, &before.context).map_err(failed)?;
        let changed = |what| CredentialError::Changed { context: before.context.clone(), what };
        if !entry.leads_to_same(before) {
            return Err(changed("server, CA, server name or proxy"));
        }
        if entry.user_name != before.user_name {
            return Err(changed("user"));
        }
        let stamps = stamps(files, &entry.user);
        let source = Source::of(&entry, self.exec_plugins).map_err(failed)?;
        Ok(Reading::Changed(stamps, Arc::new(source)))
    }
}

#[async_trait]
impl CredentialProvider for KubeconfigUser {
    fn principal(&self) -> String {
        match &self.whose.subject {
            Some(subject) => format!("{} ({subject})", self.whose.source),
            None => self.whose.source.clone(),
        }
    }

    async fn current(&self) -> Result<Arc<Credential>, CredentialError> {
        match &*self.source(Anew::WhereChanged).await? {
            Source::Fixed(credential) => Ok(credential.clone()),
            Source::TokenFile(inner) => inner.current().await,
            Source::Exec(inner) => inner.current().await,
        }
    }

    async fn refresh(&self, refused: &Credential) -> Result<Arc<Credential>, CredentialError> {
        match &*self.source(Anew::Always).await? {
            Source::Fixed(credential) => Ok(credential.clone()),
            Source::TokenFile(inner) => inner.refresh(refused).await,
            Source::Exec(inner) => inner.refresh(refused).await,
        }
    }

    fn refusal(&self, refused: &Credential) -> Refusal {
        let source = self.state().source.clone();
        match &*source {
            Source::Fixed(_) => {
                let remedy =
                    format!("write a fresh one into {}; it is read again at the next call", self.context.files.shown());
                fixed_refusal(&self.label(), refused, &remedy)
            }
            Source::TokenFile(inner) => inner.refusal(refused),
            Source::Exec(inner) => inner.refusal(refused),
        }
    }
}

impl Source {
    fn of(entry: &Entry, exec_plugins: ExecPlugins) -> Result<Self, CallError> {
        let (name, info) = (&entry.user_name, &entry.user);
        let unsupported = |what: &str, instead: &str| {
            refused(format!("the kubeconfig's user {name} uses {what}, which is not supported")).hint(instead)
        };
        if info.auth_provider.is_some() {
            let instead =
                "auth providers were removed from Kubernetes' own clients too: use the exec plugin that took its place";
            return Err(unsupported("an auth provider", instead));
        }
        if info.username.is_some() || info.password.is_some() {
            let instead = "API servers take none since Kubernetes 1.19: use a token or a client certificate";
            return Err(unsupported("a password", instead));
        }
        let impersonates = info.impersonate.is_some()
            || info.impersonate_groups.is_some()
            || info.impersonate_uid.is_some()
            || info.impersonate_user_extra.is_some();
        if impersonates {
            return Err(unsupported("impersonation", "use a credential of whoever it is that should act"));
        }
        let identity = identity(name, info)?.map(Arc::new);
        let token_file = info.token_file.as_deref().filter(|path| !path.is_empty());
        let bearer = info.token.clone().filter(|token| !token.expose_secret().is_empty());
        if let Some(exec) = &info.exec {
            if token_file.is_some() || bearer.is_some() {
                return Err(refused(format!("the kubeconfig's user {name} has an exec plugin and a token besides"))
                    .hint("take one of them away: it is not clear which is meant"));
            }
            if exec_plugins == ExecPlugins::Refused {
                return Err(refused(format!(
                    "the kubeconfig's user {name} uses an exec plugin, and running programs for a kubeconfig was not allowed here"
                ))
                .hint("an operator has to name this kubeconfig, or use one with a token or a token file"));
            }
            return Ok(Self::Exec(Box::new(ExecPlugin::shared(exec_settings(entry, exec)?, identity))));
        }
        if let Some(path) = token_file {
            return Ok(Self::TokenFile(TokenFile::shared(PathBuf::from(path), identity)));
        }
        let credential = usable(&label(entry), Credential::new(bearer, identity));
        Ok(Self::Fixed(Arc::new(credential.map_err(|error| refused(error.to_string()))?)))
    }

    fn whose(&self, files: &Files, entry: &Entry) -> Whose {
        match self {
            Self::Fixed(credential) => Whose {
                source: format!("kubeconfig user {} in {}", entry.user_name, files.shown()),
                subject: credential.subject().map(str::to_owned),
            },
            Self::TokenFile(inner) => Whose { source: inner.principal(), subject: None },
            Self::Exec(inner) => Whose { source: inner.principal(), subject: None },
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        let chains = |one: Option<&Arc<Identity>>, other: Option<&Arc<Identity>>| {
            one.map(|identity| &identity.chain) == other.map(|identity| &identity.chain)
        };
        match (self, other) {
            (Self::Fixed(one), Self::Fixed(other)) => one.generation() == other.generation(),
            (Self::TokenFile(one), Self::TokenFile(other)) => {
                one.path() == other.path() && chains(one.identity(), other.identity())
            }
            (Self::Exec(one), Self::Exec(other)) => {
                one.settings() == other.settings() && chains(one.identity(), other.identity())
            }
            _ => false,
        }
    }
}

fn exec_settings(entry: &Entry, exec: &ExecConfig) -> Result<ExecSettings, CallError> {
    let of = format!("the exec plugin of the kubeconfig's user {}", entry.user_name);
    let command = exec.command.clone().filter(|command| !command.is_empty());
    let command = command.ok_or_else(|| refused(format!("{of} has no command")))?;
    let version = exec.api_version.as_deref().unwrap_or_default();
    let version = ExecVersion::parse(version).ok_or_else(|| {
        let supported = format!("{} and {}", ExecVersion::V1.as_str(), ExecVersion::V1Beta1.as_str());
        refused(format!("{of} speaks an apiVersion that is not supported"))
            .hint(format!("{supported} are: a newer version of the plugin's tool writes a kubeconfig with one of them"))
    })?;
    if exec.interactive_mode == Some(ExecInteractiveMode::Always) {
        return Err(refused(format!(
            "{of} always asks at a terminal (interactiveMode: Always), and there is none here"
        ))
        .hint("log in with its tool first, and set interactiveMode to IfAvailable or Never"));
    }
    let variable = |variable: &std::collections::HashMap<String, String>| {
        let name = variable.get("name").filter(|name| !name.is_empty() && !name.contains(['=', '\0']))?;
        let value = variable.get("value").filter(|value| !value.contains('\0'))?;
        Some((name.clone(), value.clone()))
    };
    let env: Option<Vec<_>> = exec.env.iter().flatten().map(variable).collect();
    let env = env.ok_or_else(|| refused(format!("{of} has a variable without a name or a value")))?;
    let cluster = if exec.provide_cluster_info { Some(cluster_info(&entry.cluster)?) } else { None };
    Ok(ExecSettings {
        user: label(entry),
        command,
        args: exec.args.clone().unwrap_or_default(),
        env,
        version,
        cluster,
        install_hint: exec.install_hint.clone().filter(|hint| !hint.is_empty()),
    })
}

/// `spec.cluster` of what a plugin is told.
fn cluster_info(cluster: &Cluster) -> Result<serde_json::Value, CallError> {
    let unreadable = || refused("the cluster that an exec plugin is to be told about has a CA that cannot be read");
    let info = ExecAuthCluster::try_from(cluster).map_err(|_| unreadable())?;
    serde_json::to_value(info).map_err(|_| unreadable())
}

/// The client certificate of a user, where it has one.
fn identity(user: &str, info: &AuthInfo) -> Result<Option<Identity>, CallError> {
    let certificate =
        pem(info.client_certificate_data.as_deref(), info.client_certificate.as_deref(), "the client certificate")?;
    let key_data = info.client_key_data.as_ref().map(|key: &SecretString| key.expose_secret());
    let key = pem(key_data, info.client_key.as_deref(), "the client key")?;
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Identity::from_pem(&certificate, &key)
            .map(Some)
            .map_err(|error| refused(format!("{error}: that of the kubeconfig's user {user}"))),
        _ => Err(refused(format!(
            "the kubeconfig's user {user} has a client certificate without a key, or a key without a certificate"
        ))),
    }
}

fn pem(data: Option<&str>, path: Option<&str>, what: &str) -> Result<Option<Vec<u8>>, CallError> {
    use base64::Engine as _;
    match (data.filter(|data| !data.is_empty()), path.filter(|path| !path.is_empty())) {
        (Some(data), _) => {
            let decoded = base64::engine::general_purpose::STANDARD.decode(data.trim());
            decoded.map(Some).map_err(|_| refused(format!("{what} of the kubeconfig is not base64")))
        }
        (None, Some(path)) => file(Path::new(path), what).map(Some),
        (None, None) => Ok(None),
    }
}

/// What a file was like when it was read. Whoever rewrites it changes one of these; where the clock is too coarse for that, a refusal has it read again.
#[derive(Clone, PartialEq)]
struct Stamp {
    path: PathBuf,
    of: Option<(Option<SystemTime>, u64, u64)>,
}

impl Stamp {
    fn of(path: PathBuf) -> Self {
        let of = std::fs::metadata(&path).ok();
        Self { path, of: of.map(|metadata| (metadata.modified().ok(), metadata.len(), inode(&metadata))) }
    }

    fn still_holds(&self) -> bool {
        *self == Self::of(self.path.clone())
    }
}

#[cfg(unix)]
fn inode(metadata: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &std::fs::Metadata) -> u64 {
    0
}

/// Of all files that a user's credential comes from, but for a token file: that is read at every request.
fn stamps(files: &Files, user: &AuthInfo) -> Vec<Stamp> {
    let named = [&user.client_certificate, &user.client_key].into_iter().flatten().map(PathBuf::from);
    files.0.iter().cloned().chain(named).map(Stamp::of).collect()
}
