//! Which target a command line names, and who calls.
//!
//! The order: the command line's own options, else its `--target`, else the configuration's default, else the current kubeconfig.

use crate::arguments::TargetOptions;
use crate::rules;
use crate::store::{self, Store};
use meho_host::credential::TokenFile;
use meho_host::error::{CallError, ErrorCode};
use meho_host::file;
use meho_host::in_cluster::InCluster;
use meho_host::kubeconfig::{self, Word};
use meho_host::policy::family::Family;
use meho_host::policy::rules::SecretRule;
use meho_host::target::{RedactionKey, SecretValues, Target, TargetSettings, Verification};
use meho_host_cli::configuration::{Entry, Place, Proof, Secrets};
use meho_host_cli::text::safe;
use nix::unistd::{User, geteuid};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What to do where a kubeconfig wants more of this machine than what is in its own directory, and was named on a command line.
const FOR_THE_OPERATOR: &str = "only what the operator has set up may start a program, or have files sent that are not beside it: add it with \
                                `meho-host target add NAME --kubeconfig FILE` at a terminal, and go there with --target NAME; or use a kubeconfig with \
                                its data in it";
/// What to do where nobody has said yes to that, or to something else.
const NOT_AGREED: &str =
    "look at it and say yes at a terminal: `meho-host target add NAME --kubeconfig FILE --replace`";

fn refused(why: impl Into<String>) -> CallError {
    CallError::new(ErrorCode::InvalidRequest, why)
}

/// Where a call goes, before anything of it is read.
#[derive(Debug)]
pub(crate) struct Choice {
    place: Chosen,
    /// The namespace of calls that name none.
    pub(crate) namespace: Option<String>,
    /// Where the key is that values of Secrets are redacted with; none where they are not.
    redaction: Option<Store>,
}

#[derive(Debug)]
enum Chosen {
    /// A target of the configuration, by its name.
    Named {
        name: String,
        place: Place,
        by: store::Word,
    },
    Kubeconfig {
        file: Option<PathBuf>,
        context: Option<String>,
    },
    Server {
        url: String,
        token_file: PathBuf,
        proof: Proof,
    },
}

/// Where the options lead.
pub(crate) fn choose(options: &TargetOptions, store: Option<&Store>) -> Result<Choice, CallError> {
    let own = |place| Ok(Choice { place, namespace: None, redaction: None });
    if let Some(url) = &options.server {
        let token_file = options.token_file.clone().ok_or_else(|| refused("--server needs --token-file"))?;
        let proof = match &options.ca_file {
            _ if options.skip_tls_verification => Proof::Nothing,
            Some(file) => Proof::CaFile(file.clone()),
            None => Proof::SystemRoots,
        };
        return own(Chosen::Server { url: url.clone(), token_file, proof });
    }
    if options.kubeconfig.is_some() || options.context.is_some() {
        return own(Chosen::Kubeconfig { file: options.kubeconfig.clone(), context: options.context.clone() });
    }
    let configuration = store.map(Store::read).transpose()?.unwrap_or_default();
    let wanted = options.target.as_deref().or(configuration.default.as_ref().map(|name| name.as_str()));
    if let Some(name) = wanted {
        let found = configuration.target(name);
        return match (found, store) {
            (Ok((name, entry)), Some(store)) => Ok(of_entry(name.as_str(), entry, store)),
            (Err(error), Some(store)) => Err(store.explain(error)),
            (Err(error), None) => Err(refused(error.to_string())),
            (Ok(_), None) => Err(refused("there is no configuration")),
        };
    }
    if !has_kubeconfig() {
        return Err(refused("there is no target: no option names one, the configuration has no default, and there is no kubeconfig")
            .hint("`meho-host target add NAME --kubeconfig FILE --default` names one; `meho-host demo` needs none, it brings a cluster along"));
    }
    own(Chosen::Kubeconfig { file: None, context: None })
}

/// A target of a configuration, as it stands there.
pub(crate) fn of_entry(name: &str, entry: &Entry, store: &Store) -> Choice {
    let place = Chosen::Named { name: name.to_owned(), place: entry.place.clone(), by: store.word() };
    let redaction = (entry.secrets == Secrets::Redacted).then(|| store.clone());
    Choice { place, namespace: entry.namespace.clone(), redaction }
}

/// Whether there is a current kubeconfig: `KUBECONFIG` names some, or the usual file is there.
fn has_kubeconfig() -> bool {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    variable("KUBECONFIG").is_some()
        || variable("HOME").is_some_and(|home| Path::new(&home).join(".kube").join("config").exists())
}

impl Choice {
    /// The target, under the operator's rules for it.
    pub(crate) fn target(&self) -> Result<Target, CallError> {
        let target = rules::put_on(self.place.target()?, self.place.name())?;
        // Where the rules want it and the settings do not, digests last as long as what beside the operator's configuration can be kept.
        let of_rules = || (target.rules().secrets == SecretRule::Redacted).then(|| Store::of(None)).flatten();
        match (&self.redaction, of_rules()) {
            (Some(store), _) => Ok(redacted(target, store.redaction_key()?)),
            (None, Some(store)) => match store.redaction_key() {
                Ok(key) => Ok(redacted(target, key)),
                // It has a key of its own.
                Err(_) => Ok(target),
            },
            (None, None) => Ok(target),
        }
    }
}

fn redacted(target: Target, key: [u8; RedactionKey::BYTES]) -> Target {
    target.with_secrets(SecretValues::Redacted(RedactionKey::new(&key)))
}

impl Chosen {
    /// What the operator calls it.
    fn name(&self) -> Option<&str> {
        match self {
            Self::Named { name, by: store::Word::Operator, .. } => Some(name),
            Self::Named { by: store::Word::Caller, .. } | Self::Kubeconfig { .. } | Self::Server { .. } => None,
        }
    }

    fn target(&self) -> Result<Target, CallError> {
        match self {
            Self::Named { name, place: Place::Kubeconfig { file, context, agreed }, by } => {
                let (word, advice) = match (by, agreed) {
                    (store::Word::Operator, Some(digest)) => (Word::Agreed(digest.clone()), NOT_AGREED),
                    (store::Word::Operator, None) => (Word::Caller, NOT_AGREED),
                    (store::Word::Caller, _) => (Word::Caller, FOR_THE_OPERATOR),
                };
                bounded(Some(name), file, context.as_deref(), word, advice)
            }
            Self::Named { name, place: Place::Server { url, token_file, proof, tls_server_name, family }, .. } => {
                of_server(name, url, token_file, proof, tls_server_name.as_deref(), *family)
            }
            Self::Named { name, place: Place::InCluster, .. } => in_cluster(name),
            // A path on a command line is whoever typed it, an agent perhaps.
            Self::Kubeconfig { file: Some(file), context } => {
                bounded(None, file, context.as_deref(), Word::Caller, FOR_THE_OPERATOR)
            }
            // The one that `kubectl` takes, too.
            Self::Kubeconfig { file: None, context } => of_kubeconfig(None, None, context.as_deref(), Word::Operator),
            Self::Server { url, token_file, proof } => of_server(url, url, token_file, proof, None, Family::Kubernetes),
        }
    }
}

/// A kubeconfig that may not have done whatever it says. What to do is the program's to say, where that was what it failed for.
fn bounded(
    name: Option<&str>,
    file: &Path,
    context: Option<&str>,
    word: Word,
    advice: &str,
) -> Result<Target, CallError> {
    of_kubeconfig(name, Some(file), context, word.clone()).map_err(|error| match kubeconfig::reach(file, context) {
        Ok(Some(reach)) if word != Word::Agreed(reach.digest.clone()) => error.hint(advice),
        _ => error,
    })
}

/// The one place where a kubeconfig becomes a target, under the name of the configuration where it has one.
fn of_kubeconfig(
    name: Option<&str>,
    file: Option<&Path>,
    context: Option<&str>,
    word: Word,
) -> Result<Target, CallError> {
    let (mut settings, credentials) = kubeconfig::read(file, context, word)?;
    if let Some(name) = name {
        name.clone_into(&mut settings.name);
    }
    let name = settings.name.clone();
    Target::new(settings, credentials)
        .map_err(|error| refused(format!("the kubeconfig's context {} cannot be used: {error}", safe(&name))))
}

fn of_server(
    name: &str,
    url: &str,
    token_file: &Path,
    proof: &Proof,
    tls_server_name: Option<&str>,
    family: Family,
) -> Result<Target, CallError> {
    let mut settings = TargetSettings::new(name, url, family);
    settings.server_name = tls_server_name.map(str::to_owned);
    settings.verification = match proof {
        Proof::SystemRoots => Verification::SystemRoots,
        Proof::Nothing => Verification::DangerousNone,
        Proof::CaFile(path) => {
            let pem = file::read(path, Verification::MAX_CA_BYTES).map_err(|error| {
                refused(format!("the CA file {} cannot be read: {error}", safe(&path.display().to_string())))
            })?;
            Verification::ca(&pem).map_err(|error| refused(error.to_string()))?
        }
    };
    let credential = Arc::new(TokenFile::new(token_file.to_owned(), None));
    Target::new(settings, credential).map_err(|error| refused(error.to_string()))
}

/// The cluster around this pod, as its service account.
fn in_cluster(name: &str) -> Result<Target, CallError> {
    let Some(found) = InCluster::from_environment() else {
        return Err(refused(format!("the target {name} is the cluster around a pod, and this does not run in one"))
            .hint("run it in a pod with a service account, or name another target"));
    };
    found.target()
}

/// Who calls: the user that this process runs as. What an environment says of it is anybody's word.
pub(crate) fn principal() -> String {
    let uid = geteuid();
    match User::from_uid(uid) {
        Ok(Some(user)) => format!("user:{}", user.name),
        Ok(None) | Err(_) => format!("uid:{uid}"),
    }
}
