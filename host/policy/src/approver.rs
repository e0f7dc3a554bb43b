//! Who may approve: anybody whom the embedder lets, or whoever holds one of some keys.
//!
//! Where approvers have keys an approval is a signature over a short text, [`statement`], in the format of OpenSSH
//! (<https://cvsweb.openbsd.org/src/usr.bin/ssh/PROTOCOL.sshsig>): so it can be made where the host is not, by `ssh-keygen -Y sign` or an agent that holds the key.

use crate::plan::{Approval, Confirmation, Digest};
use serde::{Deserialize, Serialize};
use ssh_key::{Algorithm, HashAlg, PublicKey, SshSig};
use std::fmt;

/// The namespace of the signatures: one made for anything else does not approve.
pub const NAMESPACE: &str = "meho-approval";
/// Longest signature that is read. One of Ed25519 has some 300 bytes.
const MAX_SIGNATURE_BYTES: usize = 4096;
/// Longest line of a key.
const MAX_KEY_BYTES: usize = 1024;

/// Who may approve.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Approvers {
    /// Whoever the embedder takes a yes from.
    #[default]
    Anybody,
    /// Whoever holds one of these keys. Nobody, where there is none.
    Keys(Vec<ApproverKey>),
}

/// The public key of an approver.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApproverKey(PublicKey);

/// Why a text is no approver's key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefused {
    /// Not a public key of OpenSSH.
    #[error("it is no public key of the form \"ssh-ed25519 AAAA… NAME\"")]
    Form,
    /// Of another kind.
    #[error("it is no key of Ed25519")]
    Kind,
    /// Nobody could tell whose it is.
    #[error("it does not say whose it is: a name has to stand behind the key")]
    Nameless,
}

/// Why a signature does not approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefused {
    /// There is none.
    #[error("it has no signature")]
    None,
    /// Not a signature of OpenSSH.
    #[error("its signature is none of OpenSSH's")]
    Form,
    /// By a key that is not an approver's.
    #[error("its signature is by a key that is no approver's")]
    Stranger,
    /// Of another plan, another confirmation, or for another purpose.
    #[error("its signature is of something else")]
    Another,
}

/// What is signed to approve a plan.
#[must_use]
pub fn statement(plan: Digest, confirmation: Confirmation) -> String {
    let times = match confirmation {
        Confirmation::Once => "once",
        Confirmation::Twice => "twice",
    };
    format!("meho approval 1\nplan {plan}\nconfirmed {times}\n")
}

impl Approvers {
    /// Whether an approval is by somebody who may. Gives who that was.
    ///
    /// # Errors
    /// Where approvers have keys and none of them has signed it.
    pub fn admit<'a>(&'a self, approval: &'a Approval) -> Result<&'a str, SignatureRefused> {
        let keys = match self {
            Self::Anybody => return Ok(&approval.approver),
            Self::Keys(keys) => keys,
        };
        let text = approval.signature.as_deref().ok_or(SignatureRefused::None)?;
        if text.len() > MAX_SIGNATURE_BYTES {
            return Err(SignatureRefused::Form);
        }
        let signature = SshSig::from_pem(text.trim_ascii()).map_err(|_| SignatureRefused::Form)?;
        let key = keys.iter().find(|key| key.0.key_data() == signature.public_key());
        let key = key.ok_or(SignatureRefused::Stranger)?;
        if !matches!(signature.hash_alg(), HashAlg::Sha256 | HashAlg::Sha512) {
            return Err(SignatureRefused::Form);
        }
        let statement = statement(approval.digest, approval.confirmation);
        match key.0.verify(NAMESPACE, statement.as_bytes(), &signature) {
            Ok(()) => Ok(key.name()),
            Err(_) => Err(SignatureRefused::Another),
        }
    }
}

impl ApproverKey {
    /// A key from a line of OpenSSH: kind, key, and whose it is.
    ///
    /// # Errors
    /// Where it is none of Ed25519, or says nobody's name.
    pub fn parse(line: &str) -> Result<Self, KeyRefused> {
        if line.len() > MAX_KEY_BYTES {
            return Err(KeyRefused::Form);
        }
        let key = PublicKey::from_openssh(line).map_err(|_| KeyRefused::Form)?;
        if key.algorithm() != Algorithm::Ed25519 {
            return Err(KeyRefused::Kind);
        }
        if key.comment().trim().is_empty() || key.comment().chars().any(char::is_control) {
            return Err(KeyRefused::Nameless);
        }
        Ok(Self(key))
    }

    /// Whose it is.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.comment()
    }

    /// The digest by which people tell keys apart, as `ssh-keygen -l` prints it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }
}

impl fmt::Display for ApproverKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_openssh().map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for ApproverKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApproverKey({} {})", self.fingerprint(), self.name())
    }
}

impl TryFrom<String> for ApproverKey {
    type Error = KeyRefused;

    fn try_from(line: String) -> Result<Self, KeyRefused> {
        Self::parse(&line)
    }
}

impl From<ApproverKey> for String {
    fn from(key: ApproverKey) -> Self {
        key.to_string()
    }
}
