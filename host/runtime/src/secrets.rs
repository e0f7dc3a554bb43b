//! What a connector gets of a target's Secrets. What is taken out of an answer is `meho_policy::redaction`'s; here is whose word it is, and the key.

use meho_policy::decide::Permit;
use meho_policy::family::Family;
use meho_policy::redaction::{Redaction, Redactor, Secrets};
use ring::hmac;
use std::sync::Arc;

/// What a connector gets of a Secret that is read by its name. Of a list of Secrets it never gets a value.
#[derive(Debug, Clone, Default)]
pub enum SecretValues {
    /// The values.
    #[default]
    Revealed,
    /// Their sizes, and digests of them under this key: whether a value has changed, or stands in two places, can be told, and what it is cannot.
    Redacted(RedactionKey),
}

/// The key of the digests that stand for redacted values. Digests under different keys cannot be compared.
#[derive(Debug, Clone)]
pub struct RedactionKey(hmac::Key);

impl RedactionKey {
    /// How many bytes [`Self::random_bytes`] gives.
    pub const BYTES: usize = 32;

    /// A key from bytes that were drawn at random once and are kept where only the host reads them.
    #[must_use]
    pub fn new(bytes: &[u8; Self::BYTES]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// Bytes for a new key.
    #[must_use]
    pub fn random_bytes() -> [u8; Self::BYTES] {
        rand::random()
    }

    fn fingerprint(&self, value: &[u8]) -> [u8; 32] {
        let tag = hmac::sign(&self.0, value);
        tag.as_ref().try_into().expect("a tag of HMAC-SHA256 has 32 bytes")
    }
}

impl SecretValues {
    /// What has to be done to the answer to a request; nothing where it is not about Secrets.
    pub(crate) fn redactor(&self, family: Family, permit: &Permit) -> Option<Redactor> {
        let redaction = match (family.secrets(permit.request()), self) {
            (Secrets::None, _) => return None,
            // Nobody has asked the host to look at one.
            _ if permit.is_of_host() => Redaction::Emptied,
            (Secrets::Any, _) => Redaction::Emptied,
            (Secrets::One, Self::Revealed) => Redaction::Revealed,
            (Secrets::One, Self::Redacted(key)) => {
                let key = key.clone();
                Redaction::Sealed(Arc::new(move |value| key.fingerprint(value)))
            }
        };
        Some(Redactor::new(redaction))
    }
}
