//! The audit record, read: what stands in it, and whether it is whole. Nothing is changed by it.

use crate::chain::{Head, Link};
use crate::directory::{StateDirectory, StateError};
use crate::session::last;
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};
use serde::Serialize;
use serde_json::Value;
use std::path::Path;

/// An entry of the record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditEntry {
    /// Its number, from 1.
    pub number: u64,
    /// When it was made, by this machine's clock.
    pub at: String,
    /// `call`, `intent`, `plan`, `approval`, `rejection`, `execution`, or `another`: the store was found to be another than it was left.
    pub kind: String,
    /// What it says.
    pub entry: Value,
}

/// What a look at the whole record has found.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// Where it ends.
    pub head: Head,
    /// The entries which say that the store was found to be another than it was left: moved, or put back from a copy.
    pub another: Vec<AuditEntry>,
}

/// Why a record is not whole.
#[derive(Debug, thiserror::Error)]
pub enum NotWhole {
    /// It cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// An entry was changed, or one before it was changed or taken out.
    #[error("entry {number} is not the one that was written, or one before it is gone")]
    Changed {
        /// The first that does not fit.
        number: u64,
    },
    /// A number is missing.
    #[error("entry {number} is gone")]
    Missing {
        /// Which.
        number: u64,
    },
    /// It ends elsewhere than it was left.
    #[error(
        "the record was left at {left} and ends at {found}: entries at its end were taken out, or it was put back from a copy"
    )]
    Cut {
        /// Where it was left.
        left: Head,
        /// Where it ends.
        found: Head,
    },
    /// Where it was left is not known any more.
    #[error("where the record was left is not known any more: the file that says so is gone")]
    NoHead,
    /// It never went through this head.
    #[error("the record does not have the entry that the head names: {head}")]
    NoSuchHead {
        /// The head that was given.
        head: Head,
    },
}

/// The record in a state directory, to be read.
pub struct Audit {
    directory: StateDirectory,
    connection: Connection,
}

impl std::fmt::Debug for Audit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audit").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Audit {
    /// Opens it.
    ///
    /// # Errors
    /// Where there is none, or it is not this user's alone.
    pub fn open(directory: &Path) -> Result<Self, StateError> {
        let directory = StateDirectory::of(directory)?;
        let path = directory.database();
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NOFOLLOW | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags)
            .map_err(|source| StateError::Database { what: format!("{} cannot be opened", path.display()), source })?;
        Ok(Self { directory, connection })
    }

    fn failed(&self, source: rusqlite::Error) -> StateError {
        StateError::Database { what: format!("{} cannot be read", self.directory.database().display()), source }
    }

    /// The entries that are wanted, the newest first, and no more than so many.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn entries(&self, wanted: impl Fn(&AuditEntry) -> bool, most: usize) -> Result<Vec<AuditEntry>, StateError> {
        let read = || -> rusqlite::Result<Vec<AuditEntry>> {
            let mut statement =
                self.connection.prepare("SELECT number, at, kind, entry FROM audit ORDER BY number DESC")?;
            let mut rows = statement.query([])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let entry = entry_of(
                    row.get::<_, i64>(0)?.cast_unsigned(),
                    row.get(1)?,
                    row.get(2)?,
                    &row.get::<_, String>(3)?,
                );
                if wanted(&entry) {
                    found.push(entry);
                }
                if found.len() >= most {
                    break;
                }
            }
            Ok(found)
        };
        read().map_err(|error| self.failed(error))
    }

    /// Where the record ends. Whoever keeps this elsewhere can have the record held against it later.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn head(&self) -> Result<Head, StateError> {
        let beginning = self.directory.key()?.beginning();
        Ok(last(&self.connection).map_err(|error| self.failed(error))?.unwrap_or(beginning))
    }

    /// Reads the whole record: each entry is the one that was written, none is missing, and it ends where it was left. With a head that was kept elsewhere:
    /// it has that entry still.
    ///
    /// # Errors
    /// Where it is not whole, and where that begins.
    pub fn verify(&self, kept: Option<Head>) -> Result<Verified, NotWhole> {
        // Nobody writes meanwhile, so that database and head are of one moment.
        let _lock = self.directory.lock()?;
        let key = self.directory.key()?;
        let mut head = key.beginning();
        let mut another = Vec::new();
        let mut is_known = kept.is_none_or(|kept| kept == head);
        let failed = |error| NotWhole::State(self.failed(error));
        let mut statement = self
            .connection
            .prepare("SELECT number, at, kind, entry, code FROM audit ORDER BY number")
            .map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let number = row.get::<_, i64>(0).map_err(failed)?.cast_unsigned();
            let expected = head.entries + 1;
            if number != expected {
                return Err(NotWhole::Missing { number: expected });
            }
            let changed = |_| NotWhole::Changed { number };
            let at = row.get(1).map_err(changed)?;
            let kind: String = row.get(2).map_err(changed)?;
            let text: String = row.get(3).map_err(changed)?;
            let code: Vec<u8> = row.get(4).map_err(changed)?;
            head = key.after(&head, &Link { number, at, kind: &kind, text: &text });
            if head.code[..] != code[..] {
                return Err(NotWhole::Changed { number });
            }
            is_known |= kept == Some(head);
            if kind == "another" {
                another.push(entry_of(number, at, kind, &text));
            }
        }
        match self.directory.heads()? {
            Some(heads) if heads.before != head && heads.after != head => {
                return Err(NotWhole::Cut { left: heads.after, found: head });
            }
            None if head.entries > 0 => return Err(NotWhole::NoHead),
            Some(_) | None => {}
        }
        match kept {
            Some(kept) if !is_known => Err(NotWhole::NoSuchHead { head: kept }),
            _ => Ok(Verified { head, another }),
        }
    }
}

fn entry_of(number: u64, at: i64, kind: String, text: &str) -> AuditEntry {
    let at = Timestamp::from_millisecond(at).map_or_else(|_| at.to_string(), |at| at.to_string());
    AuditEntry { number, at, kind, entry: serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)) }
}
