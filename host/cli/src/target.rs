//! Which target a command line names, and who calls.
//!
//! The order: the command line's own options, else its `--target`, else the configuration's default, else the current kubeconfig.

use crate::arguments::TargetOptions;
use crate::store::Store;
use meho_host::credential::TokenFile;
use meho_host::error::{CallError, ErrorCode};
use meho_host::kubeconfig;
use meho_host::policy::family::Family;
use meho_host::target::{Target, TargetSettings, Verification};
use meho_host_cli::configuration::{Entry, Place, Proof};
use meho_host_cli::text::safe;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a pod finds its service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

fn refused(why: impl Into<String>) -> CallError {
    CallError::new(ErrorCode::InvalidRequest, why)
}

/// Whose word a kubeconfig is. What it says may start programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// The operator's, who wrote it into the configuration.
    Operator,
    /// Whoever typed the command line, or set its environment.
    Caller,
}

/// Where a call goes, before anything of it is read.
#[derive(Debug)]
pub(crate) struct Choice {
    place: Chosen,
    /// The namespace of calls that name none.
    pub(crate) namespace: Option<String>,
}

#[derive(Debug)]
enum Chosen {
    /// A target of the configuration, by its name.
    Named(String, Place),
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
    let own = |place| Ok(Choice { place, namespace: None });
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
        let (name, entry) = match (found, store) {
            (Ok(found), _) => found,
            (Err(error), Some(store)) => return Err(store.explain(error)),
            (Err(error), None) => return Err(refused(error.to_string())),
        };
        return Ok(of_entry(name.as_str(), entry));
    }
    if !has_kubeconfig() {
        return Err(refused("there is no target: no option names one, the configuration has no default, and there is no kubeconfig")
            .hint("`meho-host target add NAME --kubeconfig FILE --default` names one; `meho-host demo` needs none, it brings a cluster along"));
    }
    own(Chosen::Kubeconfig { file: None, context: None })
}

/// A target of the configuration.
pub(crate) fn of_entry(name: &str, entry: &Entry) -> Choice {
    Choice { place: Chosen::Named(name.to_owned(), entry.place.clone()), namespace: entry.namespace.clone() }
}

/// Whether there is a current kubeconfig: `KUBECONFIG` names some, or the usual file is there.
fn has_kubeconfig() -> bool {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    variable("KUBECONFIG").is_some()
        || variable("HOME").is_some_and(|home| Path::new(&home).join(".kube").join("config").exists())
}

impl Choice {
    /// The target.
    pub(crate) fn target(&self) -> Result<Target, CallError> {
        match &self.place {
            Chosen::Named(_, Place::Kubeconfig { file, context }) => {
                of_kubeconfig(Some(file), context.as_deref(), Word::Operator)
            }
            Chosen::Named(name, Place::Server { url, token_file, proof, tls_server_name }) => {
                of_server(name, url, token_file, proof, tls_server_name.as_deref())
            }
            Chosen::Named(name, Place::InCluster) => in_cluster(name),
            Chosen::Kubeconfig { file, context } => of_kubeconfig(file.as_deref(), context.as_deref(), Word::Caller),
            Chosen::Server { url, token_file, proof } => of_server(url, url, token_file, proof, None),
        }
    }
}

/// The one place where a kubeconfig becomes a target. Programs that it names may be started on the operator's word alone.
fn of_kubeconfig(file: Option<&Path>, context: Option<&str>, word: Word) -> Result<Target, CallError> {
    match word {
        // Both refuse them: the runtime starts none yet.
        Word::Operator | Word::Caller => kubeconfig::target(file, context),
    }
}

fn of_server(
    name: &str,
    url: &str,
    token_file: &Path,
    proof: &Proof,
    tls_server_name: Option<&str>,
) -> Result<Target, CallError> {
    let mut settings = TargetSettings::new(name, url, Family::Kubernetes);
    settings.server_name = tls_server_name.map(str::to_owned);
    settings.verification = match proof {
        Proof::SystemRoots => Verification::SystemRoots,
        Proof::Nothing => Verification::DangerousNone,
        Proof::CaFile(path) => {
            let pem = std::fs::read(path).map_err(|error| {
                refused(format!("the CA file {} cannot be read: {}", safe(&path.display().to_string()), error.kind()))
            })?;
            Verification::ca(&pem).map_err(|error| refused(error.to_string()))?
        }
    };
    let credential = Arc::new(TokenFile::new(token_file.to_owned(), None));
    Target::new(settings, credential).map_err(|error| refused(error.to_string()))
}

/// The cluster around this pod, as its service account (Kubernetes: "Accessing the Kubernetes API from a Pod").
fn in_cluster(name: &str) -> Result<Target, CallError> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (host, port) = (variable("KUBERNETES_SERVICE_HOST"), variable("KUBERNETES_SERVICE_PORT"));
    let (Some(host), Some(port)) = (host, port) else {
        return Err(refused(format!("the target {name} is the cluster around a pod, and this does not run in one"))
            .hint("run it in a pod with a service account, or name another target"));
    };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let account = Path::new(SERVICE_ACCOUNT);
    let proof = Proof::CaFile(account.join("ca.crt"));
    of_server(name, &format!("https://{host}:{port}"), &account.join("token"), &proof, None)
}

/// Who calls: the user of this terminal.
pub(crate) fn principal() -> String {
    let user = ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()));
    format!("user:{}", user.unwrap_or_else(|| "unknown".to_owned()))
}
