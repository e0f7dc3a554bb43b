//! Credentials: what the host shows a target in the place of a connector, which never sees them.
//!
//! Secret text lives in `secrecy` types and is exposed here, and in `kubeconfig` as kube-client read it: `Credential::expose_bearer` for the
//! transport's header, and `Credential::expose_forms` for the mask that keeps an echo of it from coming back.

use async_trait::async_trait;
use base64::Engine as _;
use http::HeaderValue;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Largest token file. A service account's token has about a kilobyte.
const MAX_TOKEN_BYTES: u64 = 64 << 10;

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
}

/// A client certificate with its key.
pub struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity([redacted])")
    }
}

/// One generation of a credential. A rotated token is another generation, with connections of its own.
pub struct Credential {
    generation: String,
    bearer: Option<SecretString>,
    identity: Option<Arc<Identity>>,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("generation", &self.generation)
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
        for certificate in identity.iter().flat_map(|identity| &identity.chain) {
            hash.update(b"certificate");
            hash.update(certificate);
        }
        let generation = hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { generation, bearer, identity }
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
}

/// A credential that never changes.
#[derive(Debug)]
pub struct FixedCredential {
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
        let principal = format!("{principal}#{}", credential.generation());
        Ok(Self { principal, credential: Arc::new(credential) })
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
}

/// A token in a file that somebody rotates, as projected service account tokens are. Read at every call: it is a kilobyte.
#[derive(Debug)]
pub struct TokenFile {
    path: PathBuf,
    identity: Option<Arc<Identity>>,
    last: Mutex<Option<Arc<Credential>>>,
}

impl TokenFile {
    /// The token in this file.
    #[must_use]
    pub fn new(path: PathBuf, identity: Option<Identity>) -> Self {
        Self { path, identity: identity.map(Arc::new), last: Mutex::new(None) }
    }

    async fn read(&self) -> Result<Arc<Credential>, CredentialError> {
        let token = read_token(&self.path).await?;
        let credential = usable(&self.principal(), Credential::new(Some(token), self.identity.clone()))?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match last.as_ref().filter(|known| known.generation() == credential.generation()) {
            Some(known) => Ok(known.clone()),
            None => Ok(last.insert(Arc::new(credential)).clone()),
        }
    }
}

#[async_trait]
impl CredentialProvider for TokenFile {
    fn principal(&self) -> String {
        format!("token file {}", self.path.display())
    }

    async fn current(&self) -> Result<Arc<Credential>, CredentialError> {
        self.read().await
    }

    async fn refresh(&self, _: &Credential) -> Result<Arc<Credential>, CredentialError> {
        self.read().await
    }
}

async fn read_token(path: &Path) -> Result<SecretString, CredentialError> {
    let unreadable = |reason: String| CredentialError::Unreadable { path: path.to_owned(), reason };
    let metadata = tokio::fs::metadata(path).await.map_err(|error| unreadable(error.kind().to_string()))?;
    if !metadata.is_file() || metadata.len() > MAX_TOKEN_BYTES {
        return Err(unreadable("it is no file of at most 64 KiB".to_owned()));
    }
    let text = tokio::fs::read_to_string(path).await.map_err(|error| unreadable(error.kind().to_string()))?;
    Ok(SecretString::from(text.trim()))
}

fn usable(principal: &str, credential: Credential) -> Result<Credential, CredentialError> {
    let fits = match &credential.bearer {
        Some(bearer) => !bearer.expose_secret().is_empty() && credential.expose_bearer().is_some(),
        None => true,
    };
    if fits { Ok(credential) } else { Err(CredentialError::NotAHeader { principal: principal.to_owned() }) }
}
