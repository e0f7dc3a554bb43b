//! Columns: how rows would stand in a table that people read, written into their schema. `wit/catalog.wit` says what the words mean.

use crate::row::write_text;

/// A column of the table of a kind's rows.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    heading: &'static str,
    rank: u8,
    of: &'static [&'static str],
    shown: Option<&'static str>,
    cut: Option<&'static str>,
}

/// From this rank on, a column is beyond what everybody looks for.
pub(crate) const EXTRA: u8 = 10;

/// Where an object is, and what it is called.
pub(crate) const NAMESPACE: Column = column("NAMESPACE", 2, &["namespace"]).cut("word");
pub(crate) const NAME: Column = column("NAME", 0, &["name"]).cut("name");
/// What its pods run.
pub(crate) const IMAGES: Column = column("IMAGES", EXTRA + 2, &["images"]).cut("prose");

/// How old an object is.
pub(crate) const fn age(rank: u8) -> Column {
    column("AGE", rank, &["created"]).shown("age")
}

/// How many of how many of a workload's pods are ready.
pub(crate) const READY: Column = column("READY", 1, &["ready_replicas", "replicas"]).shown("part");

/// A column of a rank: the higher, the sooner it is left out. Its cells are made of these members, the first that there is where they are not shown otherwise.
pub(crate) const fn column(heading: &'static str, rank: u8, of: &'static [&'static str]) -> Column {
    Column { heading, rank, of, shown: None, cut: None }
}

impl Column {
    /// The same, shown as this word says.
    pub(crate) const fn shown(self, word: &'static str) -> Self {
        Self { shown: Some(word), ..self }
    }

    /// The same, that may be cut as what this word says.
    pub(crate) const fn cut(self, word: &'static str) -> Self {
        Self { cut: Some(word), ..self }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"heading\":");
        write_text(self.heading, out);
        out.extend_from_slice(b",\"of\":[");
        for (index, member) in self.of.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write_text(member, out);
        }
        out.extend_from_slice(format!("],\"rank\":{}", self.rank).as_bytes());
        for (keyword, word) in [("as", self.shown), ("cut", self.cut)] {
            if let Some(word) = word {
                out.extend_from_slice(format!(",\"{keyword}\":\"{word}\"").as_bytes());
            }
        }
        out.push(b'}');
    }
}

/// Writes columns as a schema has them.
pub(crate) fn write_columns(columns: &[Column], out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        column.write(out);
    }
    out.push(b']');
}
