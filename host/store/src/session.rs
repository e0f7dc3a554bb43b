//! One change of the database at a time: under the directory's lock, with the record's end known before and after.
//!
//! Where the database is not the one that was left here, all plans in it are void and it gets another name: approvals are bound to the name.

use crate::chain::{ChainKey, Head, Link};
use crate::directory::{Heads, PATIENCE, StateDirectory, StateError};
use crate::place;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior, params};
use serde_json::{Value, json};
use std::fs::File;
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A clock that is so far behind the latest time that was seen was not set back a little: that time never was.
const NEVER: u64 = 3600;
/// Of the tables below.
const VERSION: i64 = 1;
const TABLES: &str = "
    CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE plan (
        digest TEXT PRIMARY KEY, state TEXT NOT NULL, principal TEXT NOT NULL, made INTEGER NOT NULL, expires INTEGER NOT NULL,
        view TEXT NOT NULL, note TEXT NOT NULL, plan TEXT, approval TEXT, outcome TEXT
    ) STRICT;
    CREATE TABLE audit (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, entry TEXT NOT NULL, code BLOB NOT NULL) STRICT;
    CREATE TABLE used (plan TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
    CREATE INDEX execution ON audit (json_extract(entry, '$.plan')) WHERE kind = 'execution';
";

/// The open database.
pub(crate) struct Database {
    directory: StateDirectory,
    connection: Connection,
    key: ChainKey,
}

/// One change of it.
pub(crate) struct Session<'d> {
    pub(crate) transaction: Transaction<'d>,
    key: &'d ChainKey,
    before: Head,
    head: Head,
    /// This store's name.
    pub(crate) id: String,
    /// Seconds since 1970 by this machine's clock.
    pub(crate) now: u64,
    /// The latest that was ever seen here.
    pub(crate) latest: u64,
    at: i64,
    /// Whether something was written over that must not be found on the disk any more.
    forgets: bool,
}

impl Database {
    pub(crate) fn open(directory: StateDirectory) -> Result<Self, StateError> {
        let _lock = directory.lock()?;
        let key = directory.key()?;
        let path = directory.database();
        if !directory.has_database() {
            let mut options = File::options();
            let made = options.write(true).create_new(true).mode(0o600).open(&path);
            made.map_err(|source| StateError::System { what: path.display().to_string(), source })?;
        }
        let what = |what: &str| format!("{} {what}", path.display());
        let failed = |source| StateError::Database { what: what("cannot be opened"), source };
        let flags =
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NOFOLLOW | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&path, flags).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        // What is over is written over; what is committed is on the disk.
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;")
            .map_err(failed)?;
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
        match version {
            0 => {
                let make = |transaction: Transaction<'_>| -> rusqlite::Result<()> {
                    transaction.execute_batch(TABLES)?;
                    transaction.pragma_update(None, "user_version", VERSION)?;
                    transaction.commit()
                };
                connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(make).map_err(failed)?;
            }
            VERSION => {}
            _ => {
                let source = rusqlite::Error::InvalidQuery;
                return Err(StateError::Database { what: what("is of another version of this program"), source });
            }
        }
        Ok(Self { directory, connection, key })
    }

    /// Makes a change, or several: all of them are there afterwards, or none. What comes of each is given to it then.
    pub(crate) fn change<T>(&mut self, work: impl FnOnce(&mut Session<'_>) -> T) -> Result<T, StateError> {
        let directory = self.directory.clone();
        let lock = directory.lock()?;
        let what = |what: &str| format!("{} {what}", directory.database().display());
        let failed = |source| StateError::Database { what: what("cannot be changed"), source };
        let heads = directory.heads()?;
        let place = place::of(&directory.database())
            .map_err(|source| StateError::System { what: directory.database().display().to_string(), source })?;
        let (done, forgets) = {
            let transaction =
                self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
            let mut session = Session::begin(transaction, &self.key, heads, &place).map_err(failed)?;
            let done = work(&mut session);
            let Session { transaction, before, head, forgets, .. } = session;
            let is_longer = before != head || heads.is_none();
            if is_longer {
                directory.put_heads(Heads { before, after: head })?;
            }
            transaction.commit().map_err(failed)?;
            // It is done, whatever comes now: where this fails, both heads are known, and one of them fits.
            if is_longer {
                let _ = directory.put_heads(Heads { before: head, after: head });
            }
            (done, forgets)
        };
        drop(lock);
        if forgets {
            // The log of changes still has what it was. Where a reader holds it up the next change does it, and nobody waits for that.
            let _ = self.connection.busy_timeout(Duration::ZERO);
            let _ = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            self.connection.busy_timeout(PATIENCE).map_err(failed)?;
        }
        Ok(done)
    }
}

impl<'d> Session<'d> {
    fn begin(
        transaction: Transaction<'d>,
        key: &'d ChainKey,
        heads: Option<Heads>,
        place: &str,
    ) -> rusqlite::Result<Self> {
        let head = last(&transaction)?.unwrap_or_else(|| key.beginning());
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut session = Self {
            before: head,
            head,
            key,
            id: fact(&transaction, "id")?.unwrap_or_default(),
            now: clock.as_secs(),
            latest: fact(&transaction, "latest")?.and_then(|latest| latest.parse().ok()).unwrap_or_default(),
            at: i64::try_from(clock.as_millis()).unwrap_or(i64::MAX),
            forgets: false,
            transaction,
        };
        let known = fact(&session.transaction, "place")?;
        let is_left_so = heads.is_some_and(|heads| heads.before == head || heads.after == head);
        match known {
            None if heads.is_none() => session.rename(place)?,
            Some(known) if known == place && is_left_so => {}
            known => {
                session.void(place)?;
                let why = if is_left_so { "moved" } else { "restored" };
                let left = heads.map(|heads| heads.after.to_string());
                let entry = json!({"why": why, "found": head.to_string(), "left": left, "moved": known.as_deref() != Some(place)});
                session.note("another", &entry)?;
            }
        }
        if session.now + NEVER < session.latest {
            // Otherwise nothing could be planned until that time has come. What waits does not get more time by it: it holds for another store now.
            session.void(place)?;
            session.note("another", &json!({"why": "clock", "behind": session.latest - session.now}))?;
            session.latest = session.now;
            session.set("latest", &session.now.to_string())?;
        }
        if session.now > session.latest {
            session.latest = session.now;
            session.set("latest", &session.now.to_string())?;
        }
        session.expire()?;
        Ok(session)
    }

    /// A name of its own for a store that is another than it was.
    fn rename(&mut self, place: &str) -> rusqlite::Result<()> {
        self.id = uuid::Uuid::new_v4().to_string();
        let id = self.id.clone();
        self.set("id", &id)?;
        self.set("place", place)
    }

    fn void(&mut self, place: &str) -> rusqlite::Result<()> {
        self.end_all("state IN ('waiting', 'approved')", "void")?;
        self.rename(place)
    }

    fn expire(&mut self) -> rusqlite::Result<()> {
        let latest = self.latest;
        self.end_all(&format!("state IN ('waiting', 'approved') AND expires <= {latest}"), "expired")
    }

    /// Puts plans into a state in which nothing is done with them any more: what they would have written is gone.
    fn end_all(&mut self, which: &str, state: &str) -> rusqlite::Result<()> {
        let digests: Vec<String> = {
            let mut found = self.transaction.prepare(&format!("SELECT digest FROM plan WHERE {which}"))?;
            found.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?
        };
        digests.iter().try_for_each(|digest| self.end(digest, state))
    }

    /// Puts one plan into such a state.
    pub(crate) fn end(&mut self, digest: &str, state: &str) -> rusqlite::Result<()> {
        self.forgets = true;
        let view: String =
            self.transaction.query_row("SELECT view FROM plan WHERE digest = ?1", [digest], |row| row.get(0))?;
        let view = serde_json::from_str(&view).map(meho_host::approval::without_body).unwrap_or_default();
        self.transaction
            .execute(
                "UPDATE plan SET state = ?2, plan = NULL, view = ?3 WHERE digest = ?1",
                params![digest, state, view.to_string()],
            )
            .map(drop)
    }

    fn set(&mut self, name: &str, value: &str) -> rusqlite::Result<()> {
        self.transaction
            .execute("INSERT INTO fact VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2", [name, value])
            .map(drop)
    }

    /// Puts an entry at the record's end.
    pub(crate) fn note(&mut self, kind: &str, entry: &Value) -> rusqlite::Result<()> {
        let text = entry.to_string();
        let link = Link { number: self.head.entries + 1, at: self.at, kind, text: &text };
        let head = self.key.after(&self.head, &link);
        let number = i64::try_from(link.number).unwrap_or(i64::MAX);
        self.transaction.execute(
            "INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5)",
            params![number, link.at, kind, text, &head.code[..]],
        )?;
        self.head = head;
        Ok(())
    }

    /// Runs a part of the change: where it fails, nothing of it remains, and the other parts do.
    pub(crate) fn part<T, E: From<rusqlite::Error>>(
        &mut self,
        part: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let head = self.head;
        self.transaction.execute_batch("SAVEPOINT part")?;
        let done = part(self);
        if done.is_ok() {
            self.transaction.execute_batch("RELEASE part")?;
        } else {
            self.head = head;
            self.transaction.execute_batch("ROLLBACK TO part; RELEASE part")?;
        }
        done
    }
}

/// The end of the record as it stands in the database.
pub(crate) fn last(connection: &Connection) -> rusqlite::Result<Option<Head>> {
    let last = connection.query_row("SELECT number, code FROM audit ORDER BY number DESC LIMIT 1", [], |row| {
        Ok(Head { entries: row.get::<_, i64>(0)?.cast_unsigned(), code: row.get(1)? })
    });
    last.optional()
}

fn fact(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    connection.query_row("SELECT value FROM fact WHERE name = ?1", [name], |row| row.get(0)).optional()
}
