//! The forms in which a server may send a client's token back, and how one is recognised in a text.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// A form of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As it is.
    Raw,
    /// As it stands in a JSON string.
    Json,
    /// Percent-encoded but for the unreserved characters, in capital digits.
    Percent,
    /// The same in small digits.
    SmallPercent,
    /// In hexadecimal, small digits.
    Hex,
    /// In hexadecimal, capital digits.
    CapitalHex,
    /// In base64, with so many bytes before it.
    Base64(usize),
    /// In the other alphabet of base64, with so many bytes before it.
    Base64Url(usize),
}

impl Form {
    /// All of them. Text in base64 looks different at each of three alignments.
    pub const ALL: [Self; 12] = [
        Self::Raw,
        Self::Json,
        Self::Percent,
        Self::SmallPercent,
        Self::Hex,
        Self::CapitalHex,
        Self::Base64(0),
        Self::Base64(1),
        Self::Base64(2),
        Self::Base64Url(0),
        Self::Base64Url(1),
        Self::Base64Url(2),
    ];

    /// The token in this form. Text around it is part of what base64 encodes.
    #[must_use]
    pub fn write(self, token: &str) -> String {
        let around = |before: usize| [&b"[["[..before], token.as_bytes(), b"]]"].concat();
        match self {
            Self::Base64(before) => STANDARD.encode(around(before)),
            Self::Base64Url(before) => URL_SAFE.encode(around(before)),
            Self::Raw | Self::Json | Self::Percent | Self::SmallPercent | Self::Hex | Self::CapitalHex => {
                self.needle(token)
            }
        }
    }

    /// What stands in any text that holds the token in this form. In base64 the characters that also hold bits of the text around it are left out.
    #[must_use]
    pub fn needle(self, token: &str) -> String {
        let bytes = token.as_bytes();
        match self {
            Self::Raw => token.to_owned(),
            Self::Json => token.replace('\\', "\\\\").replace('"', "\\\""),
            Self::Percent => percent(bytes, |byte| format!("%{byte:02X}")),
            Self::SmallPercent => percent(bytes, |byte| format!("%{byte:02x}")),
            Self::Hex => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            Self::CapitalHex => bytes.iter().map(|byte| format!("{byte:02X}")).collect(),
            Self::Base64(before) => inner(&STANDARD.encode([&[0; 3][..before], bytes].concat()), before, bytes.len()),
            Self::Base64Url(before) => {
                inner(&URL_SAFE.encode([&[0; 3][..before], bytes].concat()), before, bytes.len())
            }
        }
    }

    /// Which forms of a token stand in some bytes.
    #[must_use]
    pub fn found(token: &str, bytes: &[u8]) -> Vec<Self> {
        let stands = |form: &Self| memchr::memmem::find(bytes, form.needle(token).as_bytes()).is_some();
        Self::ALL.into_iter().filter(stands).collect()
    }
}

fn percent(bytes: &[u8], escape: fn(u8) -> String) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    bytes.iter().map(|byte| if is_plain(*byte) { char::from(*byte).to_string() } else { escape(*byte) }).collect()
}

/// Of base64 of `before` bytes and then `length` more, the characters that hold bits of those alone.
fn inner(encoded: &str, before: usize, length: usize) -> String {
    let first = (before * 8).div_ceil(6);
    let last = (before + length) * 8 / 6;
    encoded[first..last].to_owned()
}
