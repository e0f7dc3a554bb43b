//! Targets: the systems that calls go to. A target is its record, which approvals are bound to, and its credential.

use crate::credential::CredentialProvider;
pub use crate::proxy::Proxy;
pub use crate::secrets::{RedactionKey, SecretValues};
use crate::transport::Upstream;
use base64::Engine as _;
use http::Uri;
use meho_policy::address::admit_literal;
use meho_policy::approver::Approvers;
use meho_policy::family::Family;
use meho_policy::plan::Digest;
use meho_policy::rules::{SecretRule, TargetRules};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use std::net::IpAddr;
use std::sync::Arc;

/// Why a target cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// The URL is none, or has parts that a target's URL may not have.
    #[error("the server URL is not of the form https://HOST[:PORT][/PATH]: {reason}")]
    Url {
        /// What is wrong.
        reason: String,
    },
    /// Plain HTTP was not asked for, or leads off this machine.
    #[error("a credential is not sent over plain http")]
    PlainHttp,
    /// The CA is no certificate.
    #[error("the CA certificate is neither PEM nor base64 of PEM: {reason}")]
    Ca {
        /// What is wrong.
        reason: String,
    },
    /// A CA and no verification.
    #[error("skipping TLS verification and giving a CA contradict each other")]
    CaAndNoVerification,
    /// The proxy is none, or cannot be used.
    #[error("the proxy (proxy-url) cannot be used: {reason}")]
    Proxy {
        /// What is wrong; no part of its URL.
        reason: String,
    },
    /// The name to expect is none.
    #[error("the TLS server name is no DNS name and no address")]
    ServerName,
    /// The TLS library refused the whole.
    #[error("TLS cannot be set up: {reason}")]
    Tls {
        /// What is wrong.
        reason: String,
    },
}

/// How the target proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// By a certificate under one of the system's roots.
    SystemRoots,
    /// By a certificate under this CA, and no other.
    Ca(Vec<CertificateDer<'static>>),
    /// Not at all. Every result says so.
    DangerousNone,
}

impl Verification {
    /// Most that a file of authorities has: a system's whole store has a quarter of it.
    pub const MAX_CA_BYTES: u64 = 1 << 20;

    /// A CA from PEM, or from base64 of PEM as kubeconfigs have it.
    ///
    /// # Errors
    /// Where it is neither, or holds no certificate.
    pub fn ca(text: &[u8]) -> Result<Self, TargetError> {
        let refused = |reason: &str| TargetError::Ca { reason: reason.to_owned() };
        let trimmed = text.trim_ascii();
        let pem = if trimmed.starts_with(b"-----BEGIN") || trimmed.windows(11).any(|window| window == b"-----BEGIN ") {
            trimmed.to_vec()
        } else {
            let compact: Vec<u8> = trimmed.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            base64::engine::general_purpose::STANDARD.decode(compact).map_err(|_| refused("it is not base64"))?
        };
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .map_err(|_| refused("it does not parse as PEM"))?;
        if certificates.is_empty() {
            return Err(refused("it holds no certificate"));
        }
        Ok(Self::Ca(certificates))
    }
}

/// Which HTTP versions may be spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpVersions {
    /// HTTP/2 where the target offers it, else HTTP/1.1.
    Any,
    /// HTTP/1.1 only.
    Http1,
}

/// What an operator says of a target.
#[derive(Debug, Clone)]
pub struct TargetSettings {
    /// What people call it.
    pub name: String,
    /// `https://HOST[:PORT][/PATH]`. A path is put before every request's path.
    pub server: String,
    /// How it proves who it is.
    pub verification: Verification,
    /// The name its certificate must have, where that is not the URL's host.
    pub server_name: Option<String>,
    /// What it speaks.
    pub family: Family,
    /// Which HTTP versions may be spoken.
    pub http: HttpVersions,
    /// The proxy that it is behind. It then resolves the target's name, so that no address rule holds for what that leads to.
    pub proxy: Option<Proxy>,
    /// Lets a credential go over plain HTTP to this machine. For a proxy that one runs oneself.
    pub dangerous_plain_http_to_loopback: bool,
}

impl TargetSettings {
    /// Settings with the system's roots and nothing out of the ordinary.
    #[must_use]
    pub fn new(name: &str, server: &str, family: Family) -> Self {
        Self {
            name: name.to_owned(),
            server: server.to_owned(),
            verification: Verification::SystemRoots,
            server_name: None,
            family,
            http: HttpVersions::Any,
            proxy: None,
            dangerous_plain_http_to_loopback: false,
        }
    }
}

/// A target that calls can go to. Cheap to clone; clones share connections.
#[derive(Debug, Clone)]
pub struct Target {
    settings: Arc<TargetSettings>,
    server: Arc<str>,
    record: Digest,
    upstream: Arc<Upstream>,
    secrets: SecretValues,
    rules: Arc<Ruled>,
}

/// An operator's rules, and what follows from them.
#[derive(Debug)]
struct Ruled {
    rules: TargetRules,
    digest: Digest,
    /// In the place of what the target's own settings say, where the rules want less to be seen.
    secrets: Option<SecretValues>,
}

impl Ruled {
    fn new(rules: TargetRules) -> Self {
        let digest = rules.digest();
        let secrets = match rules.secrets {
            SecretRule::AsSet => None,
            SecretRule::Redacted => Some(SecretValues::Redacted(RedactionKey::new(&RedactionKey::random_bytes()))),
        };
        Self { rules, digest, secrets }
    }
}

impl Target {
    /// Checks the settings and makes a target of them. Nothing is connected yet.
    ///
    /// # Errors
    /// Where the settings contradict themselves or cannot be used.
    pub fn new(settings: TargetSettings, credentials: Arc<dyn CredentialProvider>) -> Result<Self, TargetError> {
        let base = parse_server(&settings)?;
        let server_name = match &settings.server_name {
            Some(name) => Some(ServerName::try_from(name.clone()).map_err(|_| TargetError::ServerName)?),
            None => None,
        };
        let record = record(&settings, &base, &credentials.principal());
        let server = format!("{}://{}{}", base.scheme, base.authority, base.path).into();
        let upstream = Upstream::new(base, &settings, server_name, credentials)?;
        Ok(Self {
            settings: Arc::new(settings),
            server,
            record,
            upstream: Arc::new(upstream),
            secrets: SecretValues::default(),
            rules: Arc::new(Ruled::new(TargetRules::unrestricted())),
        })
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// The URL that requests go to. It holds no credential.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// What it speaks.
    #[must_use]
    pub fn family(&self) -> Family {
        self.settings.family
    }

    /// The proxy that it is behind, without its credential.
    #[must_use]
    pub fn proxy(&self) -> Option<String> {
        self.settings.proxy.as_ref().map(ToString::to_string)
    }

    /// A digest of what makes it this target: URL, proof, expected name, proxy, whose credential. Not its name.
    #[must_use]
    pub fn record(&self) -> Digest {
        self.record
    }

    /// Whether it proves who it is.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.settings.verification != Verification::DangerousNone
    }

    /// The same target, with this said of its Secrets. Connections stay shared; what approvals are bound to stays the same.
    #[must_use]
    pub fn with_secrets(self, secrets: SecretValues) -> Self {
        Self { secrets, ..self }
    }

    /// The same target under an operator's rules. Connections stay shared. A plan that was made under others does not hold any more.
    #[must_use]
    pub fn with_rules(self, rules: TargetRules) -> Self {
        Self { rules: Arc::new(Ruled::new(rules)), ..self }
    }

    /// The operator's rules for it.
    #[must_use]
    pub fn rules(&self) -> &TargetRules {
        &self.rules.rules
    }

    /// Who may approve a write.
    #[must_use]
    pub fn approvers(&self) -> &Approvers {
        &self.rules.rules.approvers
    }

    /// The digest of the operator's rules for it.
    pub(crate) fn policy(&self) -> Digest {
        self.rules.digest
    }

    /// What a connector gets of its Secrets: redacted, if either the settings or the rules say so. Digests can be compared from one call to another
    /// where the settings have the key; one that was drawn here ends with the target.
    pub(crate) fn secrets(&self) -> &SecretValues {
        match (&self.secrets, &self.rules.secrets) {
            (SecretValues::Revealed, Some(redacted)) => redacted,
            (own, _) => own,
        }
    }

    pub(crate) fn verification(&self) -> &Verification {
        &self.settings.verification
    }

    pub(crate) fn upstream(&self) -> &Arc<Upstream> {
        &self.upstream
    }
}

/// Scheme, authority and the path before every path.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    pub(crate) scheme: http::uri::Scheme,
    pub(crate) authority: http::uri::Authority,
    /// Without a slash at its end.
    pub(crate) path: String,
}

fn parse_server(settings: &TargetSettings) -> Result<Base, TargetError> {
    let refused = |reason: &str| TargetError::Url { reason: reason.to_owned() };
    let uri: Uri = settings.server.parse().map_err(|_| refused("it does not parse"))?;
    let parts = uri.into_parts();
    let scheme = parts.scheme.ok_or_else(|| refused("it has no scheme"))?;
    let authority = parts.authority.ok_or_else(|| refused("it has no host"))?;
    if authority.as_str().contains('@') {
        return Err(refused("it has a user part"));
    }
    let path_and_query = parts.path_and_query;
    if path_and_query.as_ref().is_some_and(|path| path.query().is_some()) {
        return Err(refused("it has a query"));
    }
    let path = path_and_query.map(|path| path.path().trim_end_matches('/').to_owned()).unwrap_or_default();
    let strange = |segment: &str| meho_policy::grammar::PathSegment::parse(segment).is_err();
    if path.split('/').skip(1).any(strange) {
        return Err(refused("its path has segments that are empty, dots, or need escaping"));
    }
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let literal: Option<IpAddr> = host.parse().ok();
    if literal.is_some_and(|address| admit_literal(address).is_err()) {
        return Err(refused("its address is link-local, or one at which a cloud answers for its machines"));
    }
    match scheme.as_str() {
        "https" => {}
        "http" => {
            let is_loopback = host == "localhost" || literal.is_some_and(|address| address.is_loopback());
            // To a proxy it would leave this machine.
            if !settings.dangerous_plain_http_to_loopback || !is_loopback || settings.proxy.is_some() {
                return Err(TargetError::PlainHttp);
            }
        }
        _ => return Err(refused("its scheme is not https")),
    }
    Ok(Base { scheme, authority, path })
}

fn record(settings: &TargetSettings, base: &Base, principal: &str) -> Digest {
    let mut bytes = Vec::new();
    let mut field = |part: &[u8]| {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    };
    field(base.scheme.as_str().as_bytes());
    field(base.authority.as_str().to_ascii_lowercase().as_bytes());
    field(base.path.as_bytes());
    match &settings.verification {
        Verification::SystemRoots => field(b"system"),
        Verification::Ca(certificates) => {
            field(b"ca");
            certificates.iter().for_each(|certificate| field(certificate));
        }
        Verification::DangerousNone => field(b"none"),
    }
    field(settings.server_name.as_deref().unwrap_or_default().as_bytes());
    field(settings.family.name().as_bytes());
    field(settings.proxy.as_ref().map(ToString::to_string).unwrap_or_default().as_bytes());
    field(principal.as_bytes());
    Digest::of(&bytes)
}
