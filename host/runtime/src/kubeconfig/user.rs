//! A kubeconfig's user as a credential: its token, token file, client certificate or exec plugin, read again when a file that it came from changes.
//!
//! A file that changes may come to say anything, so what it says anew is used only where it is the same server's and, as far as it says so itself, the
//! same somebody's: a rotation changes secrets and nothing else.

use crate::credential::exec::{ExecPlugin, ExecSettings, ExecVersion};
use crate::credential::file::TokenFile;
use crate::credential::{
    Credential, CredentialError, CredentialProvider, Identity, Refusal, Subjects, fixed_refusal, usable,
};
use crate::error::CallError;
use crate::kubeconfig::files::Stamp;
use crate::kubeconfig::{Entry, Files, Read, Word, file, refused};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube_client::config::{Cluster, ExecAuthCluster, ExecConfig, ExecInteractiveMode};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

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
    word: Word,
}

/// Who this is, rotated or not: where the credential comes from and, where it names somebody, whom.
struct Whose {
    source: String,
    subjects: Subjects,
}

impl Whose {
    /// Whether another reading is of somebody else. What names nobody may be anybody's.
    fn is_another(&self, other: &Self) -> bool {
        self.source != other.source || self.subjects.are_others(&other.subjects)
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
    pub(super) fn new(files: Files, read: Read, word: Word) -> Result<Self, CallError> {
        let Read { entry, stamps } = read;
        let source = Source::of(&entry, &word)?;
        let whose = source.whose(&files, &entry);
        let state = Mutex::new(State { stamps, source: Arc::new(source) });
        Ok(Self { context: Arc::new(Context { files, entry, word }), whose, state })
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
        let Read { entry, stamps } = Read::of(files, Some(&before.context), &self.word).map_err(failed)?;
        let changed = |what| CredentialError::Changed { context: before.context.clone(), what };
        if !entry.leads_to_same(before) {
            return Err(changed("server, CA, server name or proxy"));
        }
        if entry.user_name != before.user_name {
            return Err(changed("user"));
        }
        let source = Source::of(&entry, &self.word).map_err(failed)?;
        Ok(Reading::Changed(stamps, Arc::new(source)))
    }
}

#[async_trait]
impl CredentialProvider for KubeconfigUser {
    fn principal(&self) -> String {
        format!("{}{}", self.whose.source, self.whose.subjects.shown())
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
    fn of(entry: &Entry, word: &Word) -> Result<Self, CallError> {
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
        let identity = identity(entry, word)?.map(Arc::new);
        let token_file = info.token_file.as_deref().filter(|path| !path.is_empty());
        let bearer = info.token.clone().filter(|token| !token.expose_secret().is_empty());
        if let Some(exec) = &info.exec {
            if token_file.is_some() || bearer.is_some() {
                return Err(refused(format!("the kubeconfig's user {name} has an exec plugin and a token besides"))
                    .hint("take one of them away: it is not clear which is meant"));
            }
            return Ok(Self::Exec(Box::new(ExecPlugin::shared(exec_settings(entry, exec, word)?, identity))));
        }
        if let Some(path) = token_file {
            let path = PathBuf::from(path);
            let bound = entry.bound_of_user(word, &path);
            return Ok(Self::TokenFile(TokenFile::shared(path, identity).in_directory(bound)));
        }
        let credential = usable(&label(entry), Credential::new(bearer, identity));
        Ok(Self::Fixed(Arc::new(credential.map_err(|error| refused(error.to_string()))?)))
    }

    fn whose(&self, files: &Files, entry: &Entry) -> Whose {
        match self {
            Self::Fixed(credential) => Whose {
                source: format!("kubeconfig user {} in {}", entry.user_name, files.whole()),
                subjects: credential.subjects().clone(),
            },
            // Whose a token is that is not there yet nobody knows.
            Self::TokenFile(inner) => {
                Whose { source: inner.principal(), subjects: Subjects::of_identity(inner.identity()) }
            }
            Self::Exec(inner) => Whose { source: inner.principal(), subjects: Subjects::of_identity(inner.identity()) },
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        let identities = |one: Option<&Arc<Identity>>, other: Option<&Arc<Identity>>| match (one, other) {
            (Some(one), Some(other)) => one.is_same(other),
            (None, None) => true,
            _ => false,
        };
        match (self, other) {
            (Self::Fixed(one), Self::Fixed(other)) => one.generation() == other.generation(),
            (Self::TokenFile(one), Self::TokenFile(other)) => {
                one.path() == other.path() && identities(one.identity(), other.identity())
            }
            (Self::Exec(one), Self::Exec(other)) => {
                one.settings() == other.settings() && identities(one.identity(), other.identity())
            }
            _ => false,
        }
    }
}

fn exec_settings(entry: &Entry, exec: &ExecConfig, word: &Word) -> Result<ExecSettings, CallError> {
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
    let cluster = if exec.provide_cluster_info { Some(cluster_info(entry, word)?) } else { None };
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
fn cluster_info(entry: &Entry, word: &Word) -> Result<serde_json::Value, CallError> {
    let unreadable = || refused("the cluster that an exec plugin is to be told about has a CA that cannot be read");
    let mut cluster: Cluster = entry.cluster.clone();
    // What names a file would be read by whoever makes the rest of it, without a bound.
    if cluster.certificate_authority_data.as_ref().is_none_or(String::is_empty) {
        let read = entry.authority(word)?;
        cluster.certificate_authority_data = read.map(|pem| STANDARD.encode(pem));
    }
    cluster.certificate_authority = None;
    let info = ExecAuthCluster::try_from(&cluster).map_err(|_| unreadable())?;
    serde_json::to_value(info).map_err(|_| unreadable())
}

/// The client certificate of a user, where it has one.
fn identity(entry: &Entry, word: &Word) -> Result<Option<Identity>, CallError> {
    let (user, info) = (&entry.user_name, &entry.user);
    let pem = |data: Option<&str>, path: Option<&str>, what: &str| match (
        data.filter(|data| !data.is_empty()),
        path.filter(|path| !path.is_empty()),
    ) {
        (Some(data), _) => {
            let decoded = STANDARD.decode(data.trim());
            decoded.map(Some).map_err(|_| refused(format!("{what} of the kubeconfig is not base64")))
        }
        (None, Some(path)) => {
            let path = Path::new(path);
            file(path, entry.bound_of_user(word, path).as_deref(), what).map(Some)
        }
        (None, None) => Ok(None),
    };
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
