//! Files that somebody has named, read as if the name were meant ill: a device or a pipe in a file's place is refused and not waited for, nothing is read
//! without end, and where a file has to lie in one directory, no link leads out of it.
//!
//! And who else could have written a file ([`exposed`]): what starts programs is believed only where nobody could.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Why a file was not read. The path is the caller's to say.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system's word.
    #[error("{}", in_words(.0))]
    System(#[from] io::Error),
    /// A directory, a pipe, a device.
    #[error("it is no regular file")]
    NoFile,
    /// More than is ever wanted of such a file.
    #[error("it has more than {0} bytes")]
    TooLong(u64),
    /// It lies elsewhere, or a link leads out of where it may lie.
    #[error("it is not in the directory {}", .0.display())]
    Elsewhere(PathBuf),
}

/// What the system says of an error, without its number.
fn in_words(error: &io::Error) -> String {
    let said = error.to_string();
    said.split(" (os error").next().unwrap_or(&said).to_owned()
}

/// Opens a regular file to be read.
///
/// # Errors
/// Where it is none, or the system says no.
pub fn open(path: &Path) -> Result<File, FileError> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        // Without the first, opening a pipe waits for its writer.
        options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
    }
    let file = options.open(path)?;
    // Of what is open, and not of what may have come to lie there since.
    if file.metadata()?.is_file() { Ok(file) } else { Err(FileError::NoFile) }
}

/// All of an open file, which has so many bytes at most. Its length is not believed: some of the system's files have none and never end.
///
/// # Errors
/// Where it has more, or the system says no.
pub fn whole(file: &File, max_bytes: u64) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    file.take(max_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes { Err(FileError::TooLong(max_bytes)) } else { Ok(bytes) }
}

/// All of a regular file, which has so many bytes at most.
///
/// # Errors
/// As [`open`] and [`whole`].
pub fn read(path: &Path, max_bytes: u64) -> Result<Vec<u8>, FileError> {
    whole(&open(path)?, max_bytes)
}

/// The same, where the file lies in this directory: not above it, not below it, and not behind a link. The directory's path is canonical.
pub(crate) fn read_in(directory: &Path, path: &Path, max_bytes: u64) -> Result<Vec<u8>, FileError> {
    let elsewhere = || FileError::Elsewhere(directory.to_owned());
    if !lies_in(directory, path) {
        return Err(elsewhere());
    }
    let file = open(path)?;
    // A link may have come to lie there before it was opened: what is open has to be what lies in the directory now.
    let real = std::fs::canonicalize(path)?;
    let is_there = real.parent() == Some(directory) && is_same(&file.metadata()?, &std::fs::symlink_metadata(&real)?);
    if is_there { whole(&file, max_bytes) } else { Err(elsewhere()) }
}

/// Whether a path leads to something in this directory itself. One that leads nowhere does, where something there would.
pub(crate) fn lies_in(directory: &Path, path: &Path) -> bool {
    match std::fs::canonicalize(path) {
        Ok(real) => real.parent() == Some(directory),
        Err(_) => {
            let around = path.parent().and_then(|parent| std::fs::canonicalize(parent).ok());
            // A link that leads nowhere may come to lead anywhere.
            around.as_deref() == Some(directory) && !path.is_symlink()
        }
    }
}

/// A path that says the same from every directory: it stands in the records that approvals are bound to.
pub(crate) fn whole_path(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

/// That somebody else could have written a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposed {
    /// What they can change.
    pub part: Part,
    /// Its path.
    pub path: PathBuf,
    /// How they can.
    pub how: How,
}

/// What decides what a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The file itself, or the link that leads to it.
    File,
    /// The directory that it, or the link to it, lies in.
    Directory,
}

/// How somebody else can change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Its mode lets group or others write.
    Mode,
    /// It belongs to somebody who is neither this user nor root.
    Owner,
}

/// Whether anybody but this user and root could have written this file, which was opened under this path: it, the link to it, or the directory of either.
///
/// # Errors
/// Where that cannot be found out.
#[cfg(unix)]
pub fn exposed(file: &File, path: &Path) -> io::Result<Option<Exposed>> {
    use std::os::unix::fs::MetadataExt as _;
    const WRITABLE_BY_OTHERS: u32 = 0o022;
    // In such a directory nobody can replace another's file.
    const STICKY: u32 = 0o1000;
    let me = rustix::process::geteuid().as_raw();
    let is_foreign = |metadata: &std::fs::Metadata| metadata.uid() != me && metadata.uid() != 0;
    let is_open = |metadata: &std::fs::Metadata, excuse: u32| {
        metadata.mode() & WRITABLE_BY_OTHERS != 0 && metadata.mode() & excuse == 0
    };
    let found = |part, path: &Path, how| Ok(Some(Exposed { part, path: path.to_owned(), how }));
    let itself = file.metadata()?;
    if is_open(&itself, 0) {
        return found(Part::File, path, How::Mode);
    }
    // A link's mode says nothing, its owner does.
    if is_foreign(&itself) || is_foreign(&std::fs::symlink_metadata(path)?) {
        return found(Part::File, path, How::Owner);
    }
    for at in [std::path::absolute(path)?, std::fs::canonicalize(path)?] {
        let directory = at.parent().unwrap_or(Path::new("/"));
        let around = std::fs::metadata(directory)?;
        if is_open(&around, STICKY) {
            return found(Part::Directory, directory, How::Mode);
        }
        if is_foreign(&around) {
            return found(Part::Directory, directory, How::Owner);
        }
    }
    Ok(None)
}

/// Elsewhere than on Unix nobody here knows how to ask.
#[cfg(not(unix))]
pub fn exposed(_: &File, _: &Path) -> io::Result<Option<Exposed>> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(unix)]
fn is_same(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    (one.len(), one.modified().ok()) == (other.len(), other.modified().ok())
}
