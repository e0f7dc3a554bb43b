//! Kubeconfigs: read by kube-client, used by this crate's own transport.

use crate::credential::{CredentialProvider, FixedCredential, Identity, TokenFile};
use crate::error::{CallError, ErrorCode};
use crate::target::{Target, TargetSettings, Verification};
use kube_client::config::{AuthInfo, Cluster, Kubeconfig, KubeconfigError};
use meho_policy::family::Family;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn refused(why: impl Into<String>) -> CallError {
    CallError::new(ErrorCode::InvalidRequest, why)
}

/// The target that a kubeconfig's context names. Without a path, `KUBECONFIG` or `~/.kube/config`; without a context, the current one.
///
/// # Errors
/// INVALID_REQUEST where the file cannot be read, the context does not exist, or it asks for what is not supported.
pub fn target(path: Option<&Path>, context: Option<&str>) -> Result<Target, CallError> {
    let config = read(path)?;
    let name = match context.or(config.current_context.as_deref()) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => {
            return Err(refused("the kubeconfig has no current context")
                .hint("name one with --context")
                .detail("contexts", contexts(&config)));
        }
    };
    let named = config.contexts.iter().find(|known| known.name == name).and_then(|known| known.context.as_ref());
    let context = named.ok_or_else(|| {
        refused(format!("the kubeconfig has no context {name}"))
            .hint("name one of its contexts")
            .detail("contexts", contexts(&config))
    })?;
    let cluster = config
        .clusters
        .iter()
        .find(|known| known.name == context.cluster)
        .and_then(|known| known.cluster.clone())
        .ok_or_else(|| refused(format!("the kubeconfig's context {name} names a cluster that it does not have")))?;
    let user_name = context.user.clone().unwrap_or_default();
    let user = config
        .auth_infos
        .iter()
        .find(|known| known.name == user_name)
        .and_then(|known| known.auth_info.clone())
        .ok_or_else(|| refused(format!("the kubeconfig's context {name} names a user that it does not have")))?;
    let settings = settings(&name, &cluster)?;
    let credentials = credentials(&user_name, user)?;
    Target::new(settings, credentials)
        .map_err(|error| refused(format!("the kubeconfig's context {name} cannot be used: {error}")))
}

fn read(path: Option<&Path>) -> Result<Kubeconfig, CallError> {
    let unreadable = |error: KubeconfigError| {
        refused(format!("the kubeconfig cannot be read: {}", explain(&error))).hint("give its path with --kubeconfig")
    };
    match path {
        Some(path) => Kubeconfig::read_from(path).map_err(unreadable),
        None => Kubeconfig::read().map_err(unreadable),
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
    if cluster.proxy_url.as_deref().is_some_and(|url| !url.is_empty()) {
        return Err(refused("the kubeconfig asks for a proxy (proxy-url), which is not supported: nothing was sent"));
    }
    let mut settings = TargetSettings::new(name, server, Family::Kubernetes);
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

fn credentials(user: &str, info: AuthInfo) -> Result<Arc<dyn CredentialProvider>, CallError> {
    let unsupported = |what: &str| refused(format!("the kubeconfig's user {user} uses {what}, which is not supported"));
    if info.exec.is_some() {
        return Err(unsupported("an exec plugin"));
    }
    if info.auth_provider.is_some() {
        return Err(unsupported("an auth provider"));
    }
    if info.username.is_some() || info.password.is_some() {
        return Err(unsupported("a password"));
    }
    let impersonates = info.impersonate.is_some()
        || info.impersonate_groups.is_some()
        || info.impersonate_uid.is_some()
        || info.impersonate_user_extra.is_some();
    if impersonates {
        return Err(unsupported("impersonation"));
    }
    let identity = identity(user, &info)?;
    if let Some(path) = info.token_file.filter(|path| !path.is_empty()) {
        return Ok(Arc::new(TokenFile::new(PathBuf::from(path), identity)));
    }
    let bearer = info.token.filter(|token| !token.expose_secret().is_empty());
    let fixed = FixedCredential::new(&format!("kubeconfig user {user}"), bearer, identity);
    Ok(Arc::new(fixed.map_err(|error| refused(error.to_string()))?))
}

/// The client certificate of a user, where it has one.
fn identity(user: &str, info: &AuthInfo) -> Result<Option<Identity>, CallError> {
    let bad = |what: &str| refused(format!("the client {what} of the kubeconfig's user {user} does not parse"));
    let certificate =
        pem(info.client_certificate_data.as_deref(), info.client_certificate.as_deref(), "the client certificate")?;
    let key_data = info.client_key_data.as_ref().map(|key: &SecretString| key.expose_secret());
    let key = pem(key_data, info.client_key.as_deref(), "the client key")?;
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => {
            let chain: Vec<_> = CertificateDer::pem_slice_iter(&certificate)
                .collect::<Result<_, _>>()
                .map_err(|_| bad("certificate"))?;
            let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| bad("key"))?;
            Ok(Some(Identity { chain, key }))
        }
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

fn file(path: &Path, what: &str) -> Result<Vec<u8>, CallError> {
    std::fs::read(path).map_err(|error| refused(format!("{what} {} cannot be read: {}", path.display(), error.kind())))
}
