//! Credentials: what the host shows a target in the place of a connector, which never sees them.
//!
//! Start with [`CredentialProvider`]; its kinds are below, [`exec`] plugins and token [`mod@file`]s in modules of their own, and a kubeconfig's user in
//! `kubeconfig`. Secret text lives in `secrecy` types and is exposed here, and in `kubeconfig` as kube-client read it: `Credential::expose_bearer` for
//! the transport's header, and `Credential::expose_forms` for the mask that keeps an echo of it from coming back.

pub mod exec;
pub mod file;

use async_trait::async_trait;
use base64::Engine as _;
use exec::PluginError;
use http::HeaderValue;
use jiff::Timestamp;
use rustls::InconsistentKeys;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use x509_parser::prelude::{FromDer, X509Certificate};

pub use file::TokenFile;

/// Why there is no credential. Never says what it looked like.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CredentialError {
    /// A token file cannot be read.
    #[error("the token file {} cannot be read: {reason}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// The system's word for it.
        reason: String,
    },
    /// A token is no header value.
    #[error("the token of {principal} is empty or holds characters that no header can")]
    NotAHeader {
        /// Whose.
        principal: String,
    },
    /// A kubeconfig that was read before cannot be read any more.
    #[error("{reason}")]
    Kubeconfig {
        /// Why, without a word of the file.
        reason: String,
    },
    /// A kubeconfig says another thing now than when its target was made. Its credential may be for another server, or another's.
    #[error("the kubeconfig's context {context} was changed: it has another {what} now, and was not used")]
    Changed {
        /// The context.
        context: String,
        /// What is another.
        what: &'static str,
    },
    /// An exec plugin gave none.
    #[error(transparent)]
    Plugin(#[from] PluginError),
}

/// Why there is no client certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// One of the two is none.
    #[error("the client {part} does not parse as PEM")]
    Unreadable {
        /// `certificate` or `key`.
        part: &'static str,
    },
    /// A key that TLS has no use for.
    #[error("the client key is of a kind that is not supported")]
    Unsupported,
    /// They are not each other's: of two files that are being replaced, only one was.
    #[error("the client certificate and the client key do not belong together")]
    NotAPair,
}

/// A client certificate with its key.
pub struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
    /// Of both. Of a secret, so it stays here.
    fingerprint: [u8; 32],
}

impl Identity {
    /// A certificate, with those between it and its authority, and its key, all of them PEM.
    ///
    /// # Errors
    /// Where one of them is not, or they do not belong together.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, IdentityError> {
        let bad = |part| move |_| IdentityError::Unreadable { part };
        let chain: Vec<_> =
            CertificateDer::pem_slice_iter(certificate).collect::<Result<_, _>>().map_err(bad("certificate"))?;
        if chain.is_empty() {
            return Err(IdentityError::Unreadable { part: "certificate" });
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(bad("key"))?;
        let signing = any_supported_type(&key).map_err(|_| IdentityError::Unsupported)?;
        match CertifiedKey::new(chain.clone(), signing).keys_match() {
            // What cannot be told now the target will tell.
            Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
            Err(rustls::Error::InconsistentKeys(_)) => return Err(IdentityError::NotAPair),
            Err(_) => return Err(IdentityError::Unreadable { part: "certificate" }),
        }
        let mut hash = Sha256::new();
        for part in chain.iter().map(AsRef::as_ref).chain([key.secret_der()]) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Ok(Self { chain, key, fingerprint: hash.finalize().into() })
    }

    /// Whether they are the same certificates with the same key.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }

    fn certificate(&self) -> Option<X509Certificate<'_>> {
        let (_, parsed) = X509Certificate::from_der(self.chain.first()?).ok()?;
        Some(parsed)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity([redacted])")
    }
}

/// Whose a credential says that it is. Nobody has verified it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subjects {
    /// The `sub` of a JWT.
    pub token: Option<String>,
    /// The subject of a certificate.
    pub certificate: Option<String>,
}

impl Subjects {
    /// Of a certificate alone.
    pub(crate) fn of_identity(identity: Option<&Arc<Identity>>) -> Self {
        let certificate = identity.and_then(|identity| identity.certificate());
        Self { token: None, certificate: certificate.map(|parsed| parsed.subject().to_string()) }
    }

    /// Whether one of them names somebody else than before. What names nobody may be anybody's.
    pub(crate) fn are_others(&self, before: &Self) -> bool {
        let differ = |one: &Option<String>, other: &Option<String>| one.is_some() && other.is_some() && one != other;
        differ(&self.token, &before.token) || differ(&self.certificate, &before.certificate)
    }

    /// For people and approvals: whoever is named, a certificate's marked as that beside a token's. Empty where nobody is.
    pub(crate) fn shown(&self) -> String {
        match (&self.token, &self.certificate) {
            (Some(token), Some(certificate)) => format!(" ({token}, with the certificate of {certificate})"),
            (Some(one), None) | (None, Some(one)) => format!(" ({one})"),
            (None, None) => String::new(),
        }
    }
}

/// One generation of a credential. A rotated token is another generation, with connections of its own.
pub struct Credential {
    generation: String,
    bearer: Option<SecretString>,
    identity: Option<Arc<Identity>>,
    subjects: Subjects,
    expires: Option<Timestamp>,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("generation", &self.generation)
            .field("expires", &self.expires)
            .field("bearer", &self.bearer.as_ref().map(|_| "[redacted]"))
            .field("identity", &self.identity)
            .finish()
    }
}

impl Credential {
    /// A credential of a bearer token, a client certificate, both, or neither.
    #[must_use]
    pub fn new(bearer: Option<SecretString>, identity: Option<Arc<Identity>>) -> Self {
        let mut hash = Sha256::new();
        if let Some(bearer) = &bearer {
            hash.update(b"bearer");
            hash.update(bearer.expose_secret());
        }
        if let Some(identity) = &identity {
            hash.update(b"identity");
            hash.update(identity.fingerprint);
        }
        let generation = hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        let claims = bearer.as_ref().map(|bearer| Claims::of(bearer.expose_secret())).unwrap_or_default();
        let certificate = identity.as_ref().and_then(|identity| identity.certificate());
        let of_token = claims.exp.and_then(|seconds| Timestamp::from_second(seconds).ok());
        let of_certificate = certificate
            .as_ref()
            .and_then(|parsed| Timestamp::from_second(parsed.validity().not_after.timestamp()).ok());
        let subjects = Subjects {
            token: claims.sub,
            certificate: certificate.as_ref().map(|parsed| parsed.subject().to_string()),
        };
        // Whichever is over first.
        let expires = of_token.into_iter().chain(of_certificate).min();
        Self { generation, subjects, expires, bearer, identity }
    }

    /// The same with an end that somebody else has named, where that is the sooner.
    #[must_use]
    pub(crate) fn until(mut self, end: Option<Timestamp>) -> Self {
        self.expires = self.expires.into_iter().chain(end).min();
        self
    }

    /// When it is over, as far as it says so itself: the `exp` of a JWT, the end of a certificate, what a plugin named.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// Whose it says that it is.
    #[must_use]
    pub fn subjects(&self) -> &Subjects {
        &self.subjects
    }

    /// Whether there is a token or a certificate in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bearer.is_none() && self.identity.is_none()
    }

    /// Names this generation: equal for equal credentials, and nothing can be learned from it.
    #[must_use]
    pub fn generation(&self) -> &str {
        &self.generation
    }

    pub(crate) fn identity(&self) -> Option<&Arc<Identity>> {
        self.identity.as_ref()
    }

    /// The value of `Authorization`, marked sensitive.
    pub(crate) fn expose_bearer(&self) -> Option<HeaderValue> {
        let bearer = self.bearer.as_ref()?;
        let mut value = HeaderValue::from_str(&format!("Bearer {}", bearer.expose_secret())).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The token in every form in which a target could send it back: as it is, JSON-escaped, percent-encoded, in hexadecimal, and in both alphabets
    /// of base64 at each of the three alignments. None shorter than 8 bytes: such a pattern would stand in any text.
    pub(crate) fn expose_forms(&self) -> Vec<Vec<u8>> {
        let Some(bearer) = &self.bearer else { return Vec::new() };
        let token = bearer.expose_secret().as_bytes();
        let escaped = serde_json::Value::from(bearer.expose_secret()).to_string();
        let percent = |escape: fn(u8) -> String| -> Vec<u8> {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            let written = token.iter().map(|&byte| if is_plain(byte) { char::from(byte).into() } else { escape(byte) });
            written.collect::<String>().into_bytes()
        };
        let hex: String = token.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut forms = vec![
            token.to_vec(),
            escaped.as_bytes()[1..escaped.len() - 1].to_vec(),
            percent(|byte| format!("%{byte:02X}")),
            percent(|byte| format!("%{byte:02x}")),
            hex.to_ascii_uppercase().into_bytes(),
            hex.into_bytes(),
        ];
        for alphabet in
            [base64::engine::general_purpose::STANDARD_NO_PAD, base64::engine::general_purpose::URL_SAFE_NO_PAD]
        {
            for before in 0..3 {
                let shifted = [&[0; 3][..before], token].concat();
                let encoded = alphabet.encode(&shifted);
                // Characters that also hold bits of what stands before or after the token are not part of the pattern.
                let (from, to) = ((before * 8).div_ceil(6), shifted.len() * 8 / 6);
                forms.push(encoded.as_bytes()[from..to].to_vec());
            }
        }
        forms.retain(|form| form.len() >= 8);
        forms.sort_unstable();
        forms.dedup();
        forms
    }
}

/// What a token says of itself, where it is a JWT (RFC 7519).
#[derive(Default)]
struct Claims {
    sub: Option<String>,
    /// In seconds. It may have a fraction (RFC 7519, section 2), which is cut off: the token is over a little early then.
    exp: Option<i64>,
}

impl Claims {
    /// Each claim by itself: what is wrong with one takes nothing from the other.
    fn of(token: &str) -> Self {
        let payload = token.split('.').nth(1).filter(|_| token.split('.').count() == 3);
        let decoded = payload.and_then(|text| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok());
        let claims: Option<serde_json::Value> = decoded.and_then(|json| serde_json::from_slice(&json).ok());
        let claim = |name| claims.as_ref().and_then(|claims| claims.get(name));
        Self {
            sub: claim("sub").and_then(serde_json::Value::as_str).map(str::to_owned),
            exp: claim("exp").and_then(serde_json::Value::as_f64).map(|seconds| seconds as i64),
        }
    }
}

/// What a target's refusal of a credential means, for whoever has to do something about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What was refused, as the object of a sentence: "the token in the file F".
    pub what: String,
    /// What to do.
    pub advice: String,
}

/// Where credentials come from. May be asked at any time; gives the current one.
#[async_trait]
pub trait CredentialProvider: Send + Sync + fmt::Debug {
    /// Who this is, as far as can be known without asking the target. Part of what an approval is bound to: stable across rotations.
    fn principal(&self) -> String;

    /// The credential of now.
    ///
    /// # Errors
    /// Where there is none.
    async fn current(&self) -> Result<Arc<Credential>, CredentialError>;

    /// Called after the target has refused this generation: gives another, or the same where there is none.
    ///
    /// # Errors
    /// Where there is none.
    async fn refresh(&self, refused: &Credential) -> Result<Arc<Credential>, CredentialError>;

    /// What to say where the target refuses this credential, and there is no other.
    fn refusal(&self, refused: &Credential) -> Refusal {
        Refusal {
            what: format!("the credential of {}{}", self.principal(), over(refused)),
            advice: "it may have expired or been revoked: give the target a fresh one".to_owned(),
        }
    }
}

/// That a credential is over, where it says so itself.
pub(crate) fn over(credential: &Credential) -> String {
    match credential.expires() {
        Some(end) if end <= Timestamp::now() => format!(", which expired at {end}"),
        _ => String::new(),
    }
}

/// A credential that never changes.
#[derive(Debug)]
pub struct FixedCredential {
    name: String,
    principal: String,
    credential: Arc<Credential>,
}

impl FixedCredential {
    /// A bearer token, a client certificate, both or neither, under a name for people.
    ///
    /// # Errors
    /// Where the token is no header value.
    pub fn new(
        principal: &str,
        bearer: Option<SecretString>,
        identity: Option<Identity>,
    ) -> Result<Self, CredentialError> {
        let credential = usable(principal, Credential::new(bearer, identity.map(Arc::new)))?;
        let name = principal.to_owned();
        let principal = format!("{principal}#{}", credential.generation());
        Ok(Self { name, principal, credential: Arc::new(credential) })
    }
}

#[async_trait]
impl CredentialProvider for FixedCredential {
    fn principal(&self) -> String {
        self.principal.clone()
    }

    async fn current(&self) -> Result<Arc<Credential>, CredentialError> {
        Ok(self.credential.clone())
    }

    async fn refresh(&self, _: &Credential) -> Result<Arc<Credential>, CredentialError> {
        Ok(self.credential.clone())
    }

    fn refusal(&self, refused: &Credential) -> Refusal {
        fixed_refusal(&self.name, refused, "make the target anew with a fresh one")
    }
}

/// The refusal of a credential that stands somewhere as it is.
pub(crate) fn fixed_refusal(of: &str, refused: &Credential, remedy: &str) -> Refusal {
    let over = over(refused);
    if refused.is_empty() {
        return Refusal {
            what: format!("a call without a credential: {of} has none"),
            advice: format!("a token or a client certificate is wanted: {remedy}"),
        };
    }
    let (kind, why) = if refused.bearer.is_some() {
        ("token", "a token may have expired or been revoked, or be for another cluster")
    } else {
        ("client certificate", "the server may not know the authority that signed it")
    };
    let advice = if over.is_empty() { format!("{why}: {remedy}") } else { remedy.to_owned() };
    Refusal { what: format!("the {kind} of {of}{over}"), advice }
}

pub(crate) fn usable(principal: &str, credential: Credential) -> Result<Credential, CredentialError> {
    let fits = match &credential.bearer {
        Some(bearer) => !bearer.expose_secret().is_empty() && credential.expose_bearer().is_some(),
        None => true,
    };
    if fits { Ok(credential) } else { Err(CredentialError::NotAHeader { principal: principal.to_owned() }) }
}
