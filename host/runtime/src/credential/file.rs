//! Tokens in files that somebody else rotates.

use crate::credential::{Credential, CredentialError, CredentialProvider, Identity, Refusal, over, usable};
use crate::file;
use async_trait::async_trait;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Largest token file. A service account's token has about a kilobyte.
const MAX_TOKEN_BYTES: u64 = 64 << 10;

/// A token in a file that somebody rotates, as projected service account tokens are. Read before every request: it is a kilobyte.
#[derive(Debug)]
pub struct TokenFile {
    path: PathBuf,
    /// What it has to lie in, where it was named by somebody who is not to have any file sent. Looked at whenever it is read.
    directory: Option<PathBuf>,
    identity: Option<Arc<Identity>>,
    advice: String,
    last: Mutex<Option<Arc<Credential>>>,
}

impl TokenFile {
    /// The token in this file.
    #[must_use]
    pub fn new(path: PathBuf, identity: Option<Identity>) -> Self {
        Self::shared(path, identity.map(Arc::new))
    }

    pub(crate) fn shared(path: PathBuf, identity: Option<Arc<Identity>>) -> Self {
        let advice = "whoever rotates that file has to put a fresh token there; it is read again before every request";
        Self { path, directory: None, identity, advice: advice.to_owned(), last: Mutex::new(None) }
    }

    /// The same with other advice for when the target refuses the token: who rotates the file, and what they can do.
    #[must_use]
    pub fn advising(mut self, advice: &str) -> Self {
        advice.clone_into(&mut self.advice);
        self
    }

    /// The same, as long as it lies in this directory, whose path is canonical.
    pub(crate) fn in_directory(self, directory: Option<PathBuf>) -> Self {
        Self { directory, ..self }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn identity(&self) -> Option<&Arc<Identity>> {
        self.identity.as_ref()
    }

    async fn read(&self) -> Result<Arc<Credential>, CredentialError> {
        let token = read_token(&self.path, self.directory.clone()).await?;
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
        format!("token file {}", file::whole_path(&self.path))
    }

    async fn current(&self) -> Result<Arc<Credential>, CredentialError> {
        self.read().await
    }

    async fn refresh(&self, _: &Credential) -> Result<Arc<Credential>, CredentialError> {
        self.read().await
    }

    fn refusal(&self, refused: &Credential) -> Refusal {
        Refusal {
            what: format!("the token in the file {}{}", self.path.display(), over(refused)),
            advice: self.advice.clone(),
        }
    }
}

async fn read_token(path: &Path, directory: Option<PathBuf>) -> Result<SecretString, CredentialError> {
    let unreadable = |reason: String| CredentialError::Unreadable { path: path.to_owned(), reason };
    let named = path.to_owned();
    let reading = tokio::task::spawn_blocking(move || match directory {
        Some(directory) => file::read_in(&directory, &named, MAX_TOKEN_BYTES),
        None => file::read(&named, MAX_TOKEN_BYTES),
    });
    let read = reading.await.map_err(|_| unreadable("the reading was ended".to_owned()))?;
    let bytes = Zeroizing::new(read.map_err(|error| unreadable(error.to_string()))?);
    let text = std::str::from_utf8(&bytes).map_err(|_| unreadable("it is no text in UTF-8".to_owned()))?;
    Ok(SecretString::from(text.trim()))
}
