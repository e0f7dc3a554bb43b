//! The state directory: this user's alone, and no link inside it is followed.

use crate::chain::{ChainKey, Head};
use rustix::fs::OFlags;
use std::fs::{self, DirBuilder, File, Metadata, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// The database.
const DATABASE: &str = "state.db";
/// What SQLite keeps beside it.
const BESIDE_DATABASE: [&str; 2] = ["state.db-wal", "state.db-shm"];
/// The key of the audit record's codes.
const KEY: &str = "audit.key";
/// Where the audit record ends, beside the database, so that an older database is known for one.
const HEAD: &str = "audit.head";
/// Held by whoever writes.
const LOCK: &str = "lock";
/// Longest file of ours that is read whole.
const MAX_BYTES: u64 = 4096;
/// How long another process may take for its change. The lock is held for milliseconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// When it is looked at again.
const AGAIN: Duration = Duration::from_millis(2);
/// What group and others may not have.
const OTHERS: u32 = 0o077;

/// Why a state directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The system says no.
    #[error("{what} cannot be used: {source}")]
    System {
        /// What of it.
        what: String,
        /// The system's word.
        source: io::Error,
    },
    /// Somebody else could read or change it.
    #[error("{what} can be read or changed by others: chmod go-rwx {what}")]
    Exposed {
        /// What of it.
        what: String,
    },
    /// It belongs to somebody else.
    #[error("{what} belongs to somebody else")]
    Foreign {
        /// What of it.
        what: String,
    },
    /// A link, where the thing itself has to be.
    #[error("{what} is a link, or no regular file")]
    Link {
        /// What of it.
        what: String,
    },
    /// What has to be there is not, or is cut.
    #[error("{what} is gone, or cut short")]
    Gone {
        /// What of it.
        what: String,
    },
    /// The database says no.
    #[error("the database {what}: {source}")]
    Database {
        /// What of it.
        what: String,
        /// SQLite's word.
        source: rusqlite::Error,
    },
}

/// The directory, looked at.
#[derive(Debug, Clone)]
pub(crate) struct StateDirectory {
    path: PathBuf,
}

/// The heads that the database may have: the one before a change, and the one after it. Once it is done both are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heads {
    pub(crate) before: Head,
    pub(crate) after: Head,
}

impl StateDirectory {
    /// Makes it where it is not there, and looks whether it can be trusted.
    pub(crate) fn make(path: &Path) -> Result<Self, StateError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|source| StateError::System { what: path.display().to_string(), source })?;
        Self::of(path)
    }

    /// One that is there.
    pub(crate) fn of(path: &Path) -> Result<Self, StateError> {
        let what = || path.display().to_string();
        // The directory itself may be behind a link: that is the operator's to say.
        let metadata = fs::metadata(path).map_err(|source| StateError::System { what: what(), source })?;
        if !metadata.is_dir() {
            return Err(StateError::Link { what: what() });
        }
        check(&metadata, &what())?;
        let directory = Self { path: path.to_owned() };
        for name in [DATABASE, BESIDE_DATABASE[0], BESIDE_DATABASE[1], KEY, HEAD, LOCK] {
            directory.look_at(name)?;
        }
        Ok(directory)
    }

    fn look_at(&self, name: &str) -> Result<(), StateError> {
        let path = self.path.join(name);
        let what = path.display().to_string();
        match fs::symlink_metadata(&path) {
            Ok(metadata) if !metadata.is_file() => Err(StateError::Link { what }),
            Ok(metadata) => check(&metadata, &what),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(StateError::System { what, source }),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    pub(crate) fn has_database(&self) -> bool {
        self.database().exists()
    }

    /// Waits until nobody else writes. As long as what is given back is held, nobody else does.
    pub(crate) fn lock(&self) -> Result<File, StateError> {
        let path = self.path.join(LOCK);
        let failed = |source| StateError::System { what: path.display().to_string(), source };
        let file = open(&path, |options| options.read(true).write(true).create(true)).map_err(failed)?;
        let until = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < until => thread::sleep(AGAIN),
                Err(TryLockError::WouldBlock) => {
                    return Err(failed(io::Error::other("another process has held it for too long")));
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }

    /// The key of the codes. Made where nothing is there yet that needed one.
    pub(crate) fn key(&self) -> Result<ChainKey, StateError> {
        let path = self.path.join(KEY);
        let what = || path.display().to_string();
        let is_new = !self.has_database() && !self.path.join(HEAD).exists();
        if is_new && !path.exists() {
            let bytes = ChainKey::random_bytes()
                .ok_or_else(|| StateError::System { what: what(), source: io::Error::other("no randomness") })?;
            self.put(KEY, &bytes)?;
        }
        let bytes = self.read(KEY)?.ok_or_else(|| StateError::Gone { what: what() })?;
        let bytes = bytes.try_into().map_err(|_| StateError::Gone { what: what() })?;
        Ok(ChainKey::new(&bytes))
    }

    /// Where the record ends; none where none was ever written.
    pub(crate) fn heads(&self) -> Result<Option<Heads>, StateError> {
        let Some(bytes) = self.read(HEAD)? else { return Ok(None) };
        let gone = || StateError::Gone { what: self.path.join(HEAD).display().to_string() };
        let text = String::from_utf8(bytes).map_err(|_| gone())?;
        let mut lines = text.lines().map(|line| line.parse::<Head>().map_err(|_| gone()));
        let (before, after) = (lines.next().ok_or_else(gone)??, lines.next().ok_or_else(gone)??);
        Ok(Some(Heads { before, after }))
    }

    pub(crate) fn put_heads(&self, heads: Heads) -> Result<(), StateError> {
        self.put(HEAD, format!("{}\n{}\n", heads.before, heads.after).as_bytes())
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StateError> {
        let path = self.path.join(name);
        let failed = |source| StateError::System { what: path.display().to_string(), source };
        let file = match open(&path, |options| options.read(true)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(failed)?,
        };
        let mut bytes = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(failed)?;
        Ok(Some(bytes))
    }

    /// Puts a file there whole, durably.
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), StateError> {
        let path = self.path.join(name);
        let failed = |source| StateError::System { what: path.display().to_string(), source };
        // Made with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(&self.path).map_err(failed)?;
        file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        File::open(&self.path).and_then(|directory| directory.sync_all()).map_err(failed)
    }
}

fn check(metadata: &Metadata, what: &str) -> Result<(), StateError> {
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(StateError::Foreign { what: what.to_owned() });
    }
    if metadata.mode() & OTHERS != 0 {
        return Err(StateError::Exposed { what: what.to_owned() });
    }
    Ok(())
}

fn open(path: &Path, how: impl FnOnce(&mut fs::OpenOptions) -> &mut fs::OpenOptions) -> io::Result<File> {
    let mut options = File::options();
    how(&mut options).mode(0o600).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    options.open(path)
}
