//! A list's answer as one document. Its rows stay the bytes that they came as, which is what they were counted as, and become values one at a time
//! while they are written: as values all of them would take many times the memory.

use meho_host_cli::text::safe_json;
use serde::ser::{Error as _, SerializeSeq as _};
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::io::{self, Write};

/// Data and what is to be known about it.
#[derive(Serialize)]
pub(crate) struct Document<D, M> {
    pub(crate) data: D,
    pub(crate) meta: M,
}

/// Rows as JSON Lines.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    lines: Vec<u8>,
    count: usize,
}

impl Rows {
    /// Takes rows, each with a line feed behind it.
    pub(crate) fn push(&mut self, lines: &[u8], count: usize) {
        self.lines.extend_from_slice(lines);
        self.count += count;
    }
}

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.count))?;
        for line in self.lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            rows.serialize_element(&serde_json::from_slice::<Value>(line).map_err(S::Error::custom)?)?;
        }
        rows.end()
    }
}

/// Writes JSON in which nothing acts. Whatever is written into it is a piece of such text, whole characters.
pub(crate) struct Escaped<W> {
    pub(crate) out: W,
    pub(crate) escape: fn(char, &mut String),
}

impl<W: Write> Write for Escaped<W> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(piece).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        self.out.write_all(safe_json(text, self.escape).as_bytes())?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
