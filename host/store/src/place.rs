//! Which database this is, whatever is in it: a copy of it is another.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// Names the machine (<https://www.freedesktop.org/software/systemd/man/latest/machine-id.html>).
const MACHINE: &str = "/etc/machine-id";

/// The database's file, when that was made as far as the file system says so, and the machine. The device is left out: its number may be another after each start.
pub(crate) fn of(database: &Path) -> io::Result<String> {
    let metadata = fs::metadata(database)?;
    let made = metadata.created().ok().and_then(|made| made.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let machine = fs::read_to_string(MACHINE).unwrap_or_default();
    Ok(format!("{}/{}/{}", machine.trim(), metadata.ino(), made.as_nanos()))
}
