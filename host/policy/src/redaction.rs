//! Takes the values of Secrets out of an answer as it streams by, before a connector gets a byte of it.
//!
//! It follows the JSON of the API server strictly: what it cannot read it does not let through. Values are every text within an object named `data` or
//! `stringData`, at any depth, so that lists, tables and single objects need no rules of their own; and kubectl's copy of the object, wherever it stands.

use crate::observer::end_of_text;
use base64::Engine as _;
use std::fmt;
use std::sync::Arc;

/// Members whose texts are values.
const VALUES: [&str; 2] = ["data", "stringData"];
/// kubectl's copy of the whole object, values and all.
const COPY: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Longest member name that can matter.
const MAX_KEY_BYTES: usize = 512;
/// Longest value that is sealed: an API server takes objects of 1.5 MiB, and of 8 MiB where an operator raised that.
const MAX_VALUE_BYTES: usize = 16 << 20;
/// Deepest nesting that is followed, as deep as the usual parsers do.
const MAX_DEPTH: usize = 128;

/// A keyed digest of a value: equal values have equal digests, and nobody without the key can try values out.
pub type Fingerprint = dyn Fn(&[u8]) -> [u8; 32] + Send + Sync;

/// What becomes of values.
#[derive(Clone)]
pub enum Redaction {
    /// Each becomes an empty text.
    Emptied,
    /// Each becomes `!redacted bytes=SIZE digest=HEX`, with the size and the digest of what its base64 means. No base64 has a `!` in it.
    Sealed(Arc<Fingerprint>),
    /// They stay. kubectl's copy becomes an empty text all the same.
    Revealed,
}

impl fmt::Debug for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Emptied => "Emptied",
            Self::Sealed(_) => "Sealed",
            Self::Revealed => "Revealed",
        })
    }
}

/// Which Secrets the answer to a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// None.
    None,
    /// The one that was asked for by its name.
    One,
    /// Many, or one that was not asked for to be looked at.
    Any,
}

/// An answer in which values could not be told from the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("values cannot be told from the rest: {0}")]
pub struct Unredactable(&'static str);

/// Redacts one answer.
#[derive(Debug)]
pub struct Redactor {
    redaction: Redaction,
    frames: Vec<Frame>,
    mode: Mode,
    /// What the value that comes next is named.
    name: Named,
    text: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    is_object: bool,
    /// Whether its texts are values.
    has_values: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Values,
    Copy,
    Otherwise,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// A value begins; whether a list may end instead.
    Value {
        or_end: bool,
    },
    /// A member begins; whether its object may end instead.
    Key {
        or_end: bool,
    },
    InKey {
        escaped: bool,
    },
    Colon,
    InText {
        escaped: bool,
        fate: Fate,
    },
    /// In a number or a literal.
    Scalar,
    /// After a value.
    After,
}

/// What becomes of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Passed,
    Emptied,
    Sealed,
}

impl Redactor {
    /// Begins an answer.
    #[must_use]
    pub fn new(redaction: Redaction) -> Self {
        Self {
            redaction,
            frames: Vec::new(),
            mode: Mode::Value { or_end: false },
            name: Named::Otherwise,
            text: Vec::new(),
        }
    }

    /// Takes the next bytes of the answer and writes what a connector may see of them.
    ///
    /// # Errors
    /// Where this is not JSON, or a value is too large. Nothing more of the answer may be let through.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Unredactable> {
        let mut rest = bytes;
        while let Some(first) = rest.first() {
            let used = match self.mode {
                Mode::InKey { escaped } => self.in_key(rest, escaped, out)?,
                Mode::InText { escaped, fate } => self.in_text(rest, escaped, fate, out)?,
                Mode::Value { .. } | Mode::Key { .. } | Mode::Colon | Mode::Scalar | Mode::After => {
                    self.step(*first, out)?
                }
            };
            rest = rest.get(used..).unwrap_or_default();
        }
        Ok(())
    }

    /// The answer has ended.
    ///
    /// # Errors
    /// Where it has ended in the middle of a value. An empty answer is none.
    pub fn finish(&self) -> Result<(), Unredactable> {
        match self.mode {
            Mode::After | Mode::Scalar | Mode::Value { .. } if self.frames.is_empty() => Ok(()),
            _ => Err(Unredactable("it ends in the middle")),
        }
    }

    /// One byte of structure. Gives 0 where the byte belongs to what comes next.
    fn step(&mut self, byte: u8, out: &mut Vec<u8>) -> Result<usize, Unredactable> {
        if self.mode == Mode::Scalar {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.') {
                out.push(byte);
                return Ok(1);
            }
            self.mode = Mode::After;
            return Ok(0);
        }
        if byte.is_ascii_whitespace() {
            out.push(byte);
            return Ok(1);
        }
        match (self.mode, byte) {
            (Mode::Value { .. }, b'{') => self.open(true)?,
            (Mode::Value { .. }, b'[') => self.open(false)?,
            (Mode::Value { .. }, b'"') => self.begin_text(),
            (Mode::Value { .. }, b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
                self.name = Named::Otherwise;
                self.mode = Mode::Scalar;
            }
            (Mode::Value { or_end: true }, b']') => self.close(false)?,
            (Mode::Key { .. }, b'"') => {
                self.text.clear();
                self.mode = Mode::InKey { escaped: false };
            }
            (Mode::Key { or_end: true }, b'}') => self.close(true)?,
            (Mode::Colon, b':') => self.mode = Mode::Value { or_end: false },
            (Mode::After, b',') => match self.frames.last() {
                Some(frame) if frame.is_object => self.mode = Mode::Key { or_end: false },
                Some(_) => self.mode = Mode::Value { or_end: false },
                None => return Err(Unredactable("something follows its end")),
            },
            (Mode::After, b'}') => self.close(true)?,
            (Mode::After, b']') => self.close(false)?,
            _ => return Err(Unredactable("it is not JSON")),
        }
        out.push(byte);
        Ok(1)
    }

    fn open(&mut self, is_object: bool) -> Result<(), Unredactable> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(Unredactable("it is nested too deep"));
        }
        let has_values = self.name == Named::Values || self.is_among_values();
        self.frames.push(Frame { is_object, has_values });
        self.name = Named::Otherwise;
        self.mode = if is_object { Mode::Key { or_end: true } } else { Mode::Value { or_end: true } };
        Ok(())
    }

    fn close(&mut self, is_object: bool) -> Result<(), Unredactable> {
        match self.frames.pop() {
            Some(frame) if frame.is_object == is_object => {
                self.mode = Mode::After;
                Ok(())
            }
            _ => Err(Unredactable("it is not JSON")),
        }
    }

    fn is_among_values(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.has_values)
    }

    fn begin_text(&mut self) {
        let name = std::mem::replace(&mut self.name, Named::Otherwise);
        let fate = match (&self.redaction, name, self.is_among_values()) {
            (_, Named::Copy, _) | (Redaction::Emptied, _, true) => Fate::Emptied,
            (Redaction::Sealed(_), _, true) => Fate::Sealed,
            (Redaction::Revealed, ..) | (_, Named::Values | Named::Otherwise, false) => Fate::Passed,
        };
        self.text.clear();
        self.mode = Mode::InText { escaped: false, fate };
    }

    fn in_key(&mut self, bytes: &[u8], mut escaped: bool, out: &mut Vec<u8>) -> Result<usize, Unredactable> {
        let (used, has_ended) = run_of_text(bytes, &mut escaped);
        let run = &bytes[..used];
        out.extend_from_slice(run);
        let room = (MAX_KEY_BYTES + 1).saturating_sub(self.text.len());
        self.text.extend_from_slice(&run[..run.len().min(room)]);
        if !has_ended {
            self.mode = Mode::InKey { escaped };
            return Ok(used);
        }
        self.name = if self.text.len() > MAX_KEY_BYTES {
            Named::Otherwise
        } else {
            match unescaped(&self.text)?.as_str() {
                name if VALUES.contains(&name) => Named::Values,
                COPY => Named::Copy,
                _ => Named::Otherwise,
            }
        };
        self.mode = Mode::Colon;
        Ok(used)
    }

    fn in_text(
        &mut self,
        bytes: &[u8],
        mut escaped: bool,
        fate: Fate,
        out: &mut Vec<u8>,
    ) -> Result<usize, Unredactable> {
        let (used, has_ended) = run_of_text(bytes, &mut escaped);
        let run = &bytes[..used];
        match fate {
            Fate::Passed => out.extend_from_slice(run),
            Fate::Emptied => {}
            Fate::Sealed if self.text.len() + run.len() > MAX_VALUE_BYTES => {
                return Err(Unredactable("a value is too large"));
            }
            Fate::Sealed => self.text.extend_from_slice(run),
        }
        if !has_ended {
            self.mode = Mode::InText { escaped, fate };
            return Ok(used);
        }
        match fate {
            Fate::Passed => {}
            Fate::Emptied => out.push(b'"'),
            Fate::Sealed => self.seal(out)?,
        }
        self.mode = Mode::After;
        Ok(used)
    }

    /// Writes what stands for the value that was kept, and the quote that ends it.
    fn seal(&mut self, out: &mut Vec<u8>) -> Result<(), Unredactable> {
        let text = unescaped(&self.text)?;
        self.text = Vec::new();
        let Redaction::Sealed(fingerprint) = &self.redaction else { return Err(Unredactable("there is no key")) };
        // What is not base64 is no value of a Secret that a server would take; its text stands for itself.
        let value = base64::engine::general_purpose::STANDARD.decode(&text).unwrap_or_else(|_| text.into_bytes());
        let digest = fingerprint(&value).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        out.extend_from_slice(format!("!redacted bytes={} digest={digest}\"", value.len()).as_bytes());
        Ok(())
    }
}

/// How far a string goes on in these bytes, its end included, and whether it ends there.
fn run_of_text(bytes: &[u8], escaped: &mut bool) -> (usize, bool) {
    let mut used = 0;
    while let Some(end) = end_of_text(bytes.get(used..).unwrap_or_default(), escaped) {
        used += end + 1;
        match bytes.get(used - 1) {
            Some(b'"') => return (used, true),
            _ => *escaped = true,
        }
    }
    (bytes.len(), false)
}

/// The text of a string whose inside this is, with its end or without.
fn unescaped(inside: &[u8]) -> Result<String, Unredactable> {
    let mut quoted = Vec::with_capacity(inside.len() + 2);
    quoted.push(b'"');
    quoted.extend_from_slice(inside);
    if !inside.ends_with(b"\"") {
        quoted.push(b'"');
    }
    serde_json::from_slice(&quoted).map_err(|_| Unredactable("it is not JSON"))
}
