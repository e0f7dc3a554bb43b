//! The words of a graph: names of types, of relationships, and of how something is known. Few and repeated, so copies share their text.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

/// A catalogue's names have 64 at most. What an end names may be of another system's type: a kind, and the group that it is of.
const MAX_WORD_BYTES: usize = 320;

/// Letters, digits, `.`, `-` and `_`, begun by a letter, at most 320. Whether a catalogue has such a name is for the host to say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(Arc<str>);

/// A text that is no word.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "a word has letters, digits, `.`, `-` and `_`, begins with a letter and has at most {MAX_WORD_BYTES} characters"
)]
pub struct NotAWord;

impl Word {
    /// # Errors
    /// Where the text is no word.
    pub fn new(text: &str) -> Result<Self, NotAWord> {
        let is_of_words = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
        let is_word = begins && text.len() <= MAX_WORD_BYTES && text.bytes().all(is_of_words);
        if is_word { Ok(Self(text.into())) } else { Err(NotAWord) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Word {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
