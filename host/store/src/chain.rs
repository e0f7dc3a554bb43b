//! The chain of the audit record: each entry's code covers the entry and the code before it, under a key that is not in the database.
//!
//! Pure: it knows no file.

use ring::{hmac, rand};
use std::fmt;
use std::str::FromStr;

/// Bytes of a code.
const CODE_BYTES: usize = 32;

/// The code of an entry.
pub(crate) type Code = [u8; CODE_BYTES];

/// The key of the codes.
pub(crate) struct ChainKey(hmac::Key);

/// Where a record ends: how many entries it has, and the code of the last. Whoever keeps one elsewhere can tell whether the record was cut since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many entries there are.
    pub entries: u64,
    /// The last one's code.
    pub code: [u8; CODE_BYTES],
}

/// An entry as it stands in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link<'e> {
    /// Counted from 1.
    pub(crate) number: u64,
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    pub(crate) kind: &'e str,
    pub(crate) text: &'e str,
}

/// Why a text is no head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a head is a number, ':' and 64 hexadecimal digits")]
pub struct NoHead;

impl ChainKey {
    /// How many bytes a key has.
    pub(crate) const BYTES: usize = 32;

    pub(crate) fn new(bytes: &[u8; Self::BYTES]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// Bytes for a new key; none where this machine has no randomness.
    pub(crate) fn random_bytes() -> Option<[u8; Self::BYTES]> {
        rand::generate(&rand::SystemRandom::new()).ok().map(rand::Random::expose)
    }

    /// The head of a record without entries.
    pub(crate) fn beginning(&self) -> Head {
        Head { entries: 0, code: self.code(&[b"meho audit 1"]) }
    }

    /// The head after one more entry.
    pub(crate) fn after(&self, head: &Head, link: &Link<'_>) -> Head {
        let (number, at) = (link.number.to_be_bytes(), link.at.to_be_bytes());
        let code = self.code(&[&head.code, &number, &at, link.kind.as_bytes(), link.text.as_bytes()]);
        Head { entries: link.number, code }
    }

    /// Each field with its length before it, so that no two lists of fields have the same bytes.
    fn code(&self, fields: &[&[u8]]) -> Code {
        let mut context = hmac::Context::with_key(&self.0);
        for field in fields {
            context.update(&(field.len() as u64).to_be_bytes());
            context.update(field);
        }
        context.sign().as_ref().try_into().expect("a tag of HMAC-SHA256 has 32 bytes")
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.entries)?;
        self.code.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Head {
    type Err = NoHead;

    fn from_str(text: &str) -> Result<Self, NoHead> {
        let (entries, hex) = text.split_once(':').ok_or(NoHead)?;
        let entries = entries.parse().map_err(|_| NoHead)?;
        if hex.len() != 2 * CODE_BYTES || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(NoHead);
        }
        let mut code = [0; CODE_BYTES];
        for (index, byte) in code.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).map_err(|_| NoHead)?;
        }
        Ok(Self { entries, code })
    }
}
