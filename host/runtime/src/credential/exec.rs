//! Exec plugins: programs that a kubeconfig names, and that print a credential (`client.authentication.k8s.io`).
//!
//! A plugin is code of whoever wrote the kubeconfig, run as the user of this process. So whether any is run is the embedder's decision, see
//! [`Word`](crate::kubeconfig::Word). kube-client can run one too, but with this process's whole environment and terminal, for as long as it
//! likes, and with all of its output in memory and in its errors. Here a plugin has a short environment, no standard input, a deadline and bounded output;
//! how it is run is in `run`. This file decides when: once for everybody who waits, again a little before its credential is over, and once after a refusal.

mod run;

use crate::credential::{
    Credential, CredentialError, CredentialProvider, Identity, IdentityError, Refusal, over, usable,
};
use crate::mask::Mask;
use async_trait::async_trait;
use jiff::Timestamp;
use meho_policy::plan::Digest;
use run::{Printed, Run};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;

/// How long a plugin may take. Those of clouds take a second or three; a call has 30 s.
const DEADLINE: Duration = Duration::from_secs(20);
/// How long before its end a credential is renewed, or half of its time where that is less. Clocks differ, and a call takes a while.
const MARGIN: Duration = Duration::from_secs(30);
/// How long a plugin that failed is left alone while its last credential still holds.
const PAUSE: Duration = Duration::from_secs(5);

/// A version of what plugins speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecVersion {
    /// `client.authentication.k8s.io/v1`.
    V1,
    /// `client.authentication.k8s.io/v1beta1`.
    V1Beta1,
}

impl ExecVersion {
    /// As a kubeconfig writes it; none for another.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::V1, Self::V1Beta1].into_iter().find(|known| known.as_str() == text)
    }

    /// As a kubeconfig writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "client.authentication.k8s.io/v1",
            Self::V1Beta1 => "client.authentication.k8s.io/v1beta1",
        }
    }
}

/// Which program, and how it is run.
#[derive(Clone, PartialEq)]
pub struct ExecSettings {
    /// Whose plugin it is, for people: "the kubeconfig's user X".
    pub user: String,
    /// A name that is looked up in `PATH`, or a path.
    pub command: String,
    /// Its arguments. They may hold a secret: they are never shown.
    pub args: Vec<String>,
    /// What is set in its environment besides the short list that is kept. May hold secrets too.
    pub env: Vec<(String, String)>,
    /// What it speaks.
    pub version: ExecVersion,
    /// What it is told about the cluster, where it wants to know: `spec.cluster` of an `ExecCredential`.
    pub cluster: Option<Value>,
    /// What to do where it is not there.
    pub install_hint: Option<String>,
}

impl fmt::Debug for ExecSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecSettings").field("user", &self.user).field("command", &self.command).finish_non_exhaustive()
    }
}

/// Why an exec plugin gave no credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the exec plugin {command} of {user} {fault}")]
pub struct PluginError {
    /// Whose it is.
    pub user: String,
    /// The program, without its arguments.
    pub command: String,
    /// What is wrong.
    pub fault: PluginFault,
}

/// What is wrong with an exec plugin. What it said is cut, escaped and masked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PluginFault {
    /// There is no such program.
    #[error("was not found")]
    Missing {
        /// What the kubeconfig says about that.
        install_hint: Option<String>,
    },
    /// It cannot be run.
    #[error("cannot be run: {reason}")]
    CannotRun {
        /// The system's word for it.
        reason: String,
    },
    /// It ended with a failure.
    #[error("failed: {status}{said}")]
    Failed {
        /// How it ended.
        status: String,
        /// What it said, behind a colon; empty where it said nothing.
        said: String,
    },
    /// It did not end.
    #[error("did not end within {} s, and was ended{said}", after.as_secs())]
    Hung {
        /// How long it had.
        after: Duration,
        /// As above.
        said: String,
    },
    /// It printed too much.
    #[error("printed more than {bytes} bytes, and was ended")]
    Flooded {
        /// How much it may.
        bytes: usize,
    },
    /// What it printed is no credential.
    #[error("printed no credential: {what}{said}")]
    Garbage {
        /// What is wrong with it.
        what: &'static str,
        /// As above.
        said: String,
    },
    /// What it printed is over.
    #[error("printed a credential that expired at {end}")]
    Expired {
        /// When.
        end: Timestamp,
    },
}

/// The credentials that a plugin prints.
pub struct ExecPlugin {
    settings: ExecSettings,
    identity: Option<Arc<Identity>>,
    deadline: Duration,
    /// Held while it runs, so that it runs once at a time.
    state: Mutex<State>,
    /// How often it has come to an end.
    runs: AtomicU64,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// Of the last run.
    failure: Option<PluginError>,
}

/// A credential, and when another is wanted.
struct Held {
    credential: Arc<Credential>,
    renew_at: Option<Timestamp>,
}

impl Held {
    fn new(credential: Credential) -> Self {
        let renew_at = credential.expires().map(|end| {
            let rest = Duration::try_from(end.duration_since(Timestamp::now())).unwrap_or_default();
            end - MARGIN.min(rest / 2)
        });
        Self { credential: Arc::new(credential), renew_at }
    }

    fn is_fresh(&self) -> bool {
        self.renew_at.is_none_or(|at| Timestamp::now() < at)
    }

    fn still_holds(&self) -> bool {
        self.credential.expires().is_none_or(|end| Timestamp::now() < end)
    }
}

impl fmt::Debug for ExecPlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecPlugin").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl ExecPlugin {
    /// The credentials that this plugin prints, with a client certificate that is shown where it prints none.
    #[must_use]
    pub fn new(settings: ExecSettings, identity: Option<Identity>) -> Self {
        Self::shared(settings, identity.map(Arc::new))
    }

    pub(crate) fn shared(settings: ExecSettings, identity: Option<Arc<Identity>>) -> Self {
        Self { settings, identity, deadline: DEADLINE, state: Mutex::default(), runs: AtomicU64::new(0) }
    }

    /// The same with so much time.
    #[must_use]
    pub fn within(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    pub(crate) fn settings(&self) -> &ExecSettings {
        &self.settings
    }

    pub(crate) fn identity(&self) -> Option<&Arc<Identity>> {
        self.identity.as_ref()
    }

    /// The credential of now, another than the refused one where there is one.
    async fn credential(&self, refused: Option<&Credential>) -> Result<Arc<Credential>, CredentialError> {
        let before = self.runs.load(Ordering::Acquire);
        let mut state = self.state.lock().await;
        let is_refused =
            |held: &Held| refused.is_some_and(|refused| refused.generation() == held.credential.generation());
        if let Some(held) = state.held.as_ref().filter(|held| held.is_fresh() && !is_refused(held)) {
            return Ok(held.credential.clone());
        }
        // It came to an end while this one waited for it: what came of that is for everybody who did.
        if self.runs.load(Ordering::Acquire) != before {
            if let Some(failure) = &state.failure {
                return Err(failure.clone().into());
            }
            if let Some(held) = &state.held {
                return Ok(held.credential.clone());
            }
        }
        let outcome = self.run(state.held.as_ref().map(|held| held.credential.as_ref())).await;
        self.runs.fetch_add(1, Ordering::Release);
        match outcome {
            Ok(credential) => {
                state.failure = None;
                Ok(state.held.insert(Held::new(credential)).credential.clone())
            }
            Err(error) => match state.held.as_mut().filter(|held| held.still_holds() && !is_refused(held)) {
                Some(held) => {
                    tracing::warn!(%error, "an exec plugin failed, and its last credential is used as long as it holds");
                    held.renew_at = Some(Timestamp::now() + PAUSE);
                    Ok(held.credential.clone())
                }
                None => {
                    state.failure = Some(error.clone());
                    Err(error.into())
                }
            },
        }
    }

    async fn run(&self, last: Option<&Credential>) -> Result<Credential, PluginError> {
        let settings = &self.settings;
        let failed =
            |fault| PluginError { user: settings.user.clone(), command: run::escaped(&settings.command), fault };
        let info = json!({
            "apiVersion": settings.version.as_str(),
            "kind": "ExecCredential",
            "spec": {"cluster": settings.cluster, "interactive": false},
        });
        let run = Run { settings, info: without_nulls(info).to_string(), deadline: self.deadline };
        let printed = run.to_its_end().await.map_err(|ended| failed(ended.fault(|stderr| self.said(stderr, last))))?;
        let parsed = self.parse(&printed);
        // A plugin that fails may have printed a token before, and may say it again.
        let said = |parsed: Option<&Credential>| {
            let known: Vec<&Credential> = parsed.into_iter().chain(last).collect();
            run::said(&printed.stderr, &Mask::of(known.iter().copied()))
        };
        if let Some(status) = printed.failure() {
            return Err(failed(PluginFault::Failed { status, said: said(parsed.as_ref().ok()) }));
        }
        let credential = parsed.map_err(|what| failed(PluginFault::Garbage { what, said: said(None) }))?;
        let credential = usable(&settings.user, credential)
            .map_err(|_| failed(PluginFault::Garbage { what: "a token that no header can hold", said: said(None) }))?;
        match credential.expires().filter(|end| *end <= Timestamp::now()) {
            Some(end) => Err(failed(PluginFault::Expired { end })),
            None => Ok(credential),
        }
    }

    fn said(&self, stderr: &[u8], last: Option<&Credential>) -> String {
        run::said(stderr, &Mask::of(last))
    }

    /// The credential in what was printed. The reasons name no part of it.
    fn parse(&self, printed: &Printed) -> Result<Credential, &'static str> {
        let document: ExecCredential =
            serde_json::from_slice(&printed.stdout).map_err(|_| "it is no ExecCredential in JSON")?;
        if document.kind != "ExecCredential" {
            return Err("it is of another kind than ExecCredential");
        }
        if document.api_version != self.settings.version.as_str() {
            return Err("its apiVersion is another than the kubeconfig's");
        }
        let status = document.status.ok_or("it has no status")?;
        let token = status.token.filter(|token| !token.is_empty()).map(SecretString::from);
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let identity = match (filled(status.client_certificate_data), filled(status.client_key_data)) {
            (None, None) => None,
            (Some(certificate), Some(key)) => {
                let parsed = Identity::from_pem(certificate.as_bytes(), key.as_bytes());
                Some(Arc::new(parsed.map_err(|error| match error {
                    IdentityError::NotAPair => "its client certificate and key do not belong together",
                    IdentityError::Unreadable { .. } | IdentityError::Unsupported => {
                        "its client certificate does not parse"
                    }
                })?))
            }
            _ => return Err("it has a client certificate without a key, or a key without a certificate"),
        };
        if token.is_none() && identity.is_none() {
            return Err("it has neither a token nor a client certificate");
        }
        let end = filled(status.expiration_timestamp).map(|text| text.parse::<Timestamp>());
        let end = end.transpose().map_err(|_| "its expirationTimestamp is no time (RFC 3339)")?;
        Ok(Credential::new(token, identity.or_else(|| self.identity.clone())).until(end))
    }
}

/// As plugins print it. Unknown members are the plugin's affair.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecCredential {
    api_version: String,
    kind: String,
    status: Option<ExecStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecStatus {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<String>,
}

fn without_nulls(mut info: Value) -> Value {
    if let Some(spec) = info["spec"].as_object_mut() {
        spec.retain(|_, value| !value.is_null());
    }
    info
}

#[async_trait]
impl CredentialProvider for ExecPlugin {
    /// The program and a digest of its arguments and environment: with others it may be somebody else.
    fn principal(&self) -> String {
        let ExecSettings { user, command, args, env, version, .. } = &self.settings;
        let asked = json!([command, args, env, version.as_str()]).to_string();
        let digest = Digest::of(asked.as_bytes()).to_string();
        let shown: String = digest.chars().rev().take(16).collect();
        format!("exec plugin {} of {user}#{shown}", run::escaped(command))
    }

    async fn current(&self) -> Result<Arc<Credential>, CredentialError> {
        self.credential(None).await
    }

    async fn refresh(&self, refused: &Credential) -> Result<Arc<Credential>, CredentialError> {
        self.credential(Some(refused)).await
    }

    fn refusal(&self, refused: &Credential) -> Refusal {
        let command = run::escaped(&self.settings.command);
        Refusal {
            what: format!(
                "the credential that the exec plugin {command} of {} printed{}",
                self.settings.user,
                over(refused)
            ),
            advice: format!(
                "log in again with what {command} belongs to, or with another account; it is run again at the next call"
            ),
        }
    }
}
