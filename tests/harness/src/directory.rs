//! Where an instance lives on disk: a base folder that stays, and in it the instance's own directory, which goes with it.
//!
//! ```text
//! BASE/lock    locked by whoever looks for the instance or starts it
//! BASE/alive   locked by the supervisor for as long as it lives
//! BASE/run/    everything else; made by the one who starts, removed by the supervisor, or by the next one who starts
//! ```
//!
//! Tokens and keys lie in there, so the base must be ours alone. Whether an instance still lives is only ever read from
//! the lock on `alive`, never from a process id.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, io};

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::protocol::{ALIVE, SOCKET};
use crate::unavailable::{Doing, Refused, Unavailable, last_lines};
use crate::{programs, wait};

/// Names a base folder in place of the one in the temporary directory.
pub(crate) const BASE_VARIABLE: &str = "MEHO_CONTROL_PLANE_DIR";
/// A supervisor that was killed is gone within milliseconds; one that is stopping needs as long as etcd's files do.
const SUPERVISOR_GONE: Duration = Duration::from_secs(30);
/// How much of a log an error shows.
const LOG_LINES: usize = 20;

/// The base folder of an instance.
pub(crate) struct Base(PathBuf);

impl Base {
    /// The one that all processes share which come from this checkout and use the same programs.
    pub(crate) fn shared(programs: &Path) -> Result<Self, Unavailable> {
        if let Some(named) = env::var_os(BASE_VARIABLE) {
            return Self::at(Path::new(&named));
        }
        let checkout = format!("{}\n{}", env!("CARGO_MANIFEST_DIR"), programs.display());
        let name: String = programs::hex(digest(&SHA256, checkout.as_bytes()).as_ref()).chars().take(12).collect();
        Self::at(&ours()?.join(name))
    }

    pub(crate) fn at(path: &Path) -> Result<Self, Unavailable> {
        let path = std::path::absolute(path).at("resolving", path)?;
        make_private(&path)?;
        Ok(Self(path))
    }

    /// Waits until nobody else looks for the instance or starts it.
    pub(crate) fn lock(&self) -> Result<File, Refused> {
        let path = self.0.join("lock");
        let file = File::create(&path).at("creating", &path)?;
        file.lock().at("locking", &path)?;
        Ok(file)
    }

    pub(crate) fn directory(&self) -> Directory {
        Directory(self.0.join("run"))
    }

    /// A new empty directory for an instance. Removes what a killed supervisor left; the caller holds the lock.
    pub(crate) fn fresh_directory(&self) -> Result<Directory, Unavailable> {
        let alive = self.0.join(ALIVE);
        let file = File::create(&alive).at("creating", &alive)?;
        wait::until(SUPERVISOR_GONE, || file.try_lock().ok())
            .ok_or_else(|| io::Error::other("its supervisor neither serves nor ends"))
            .at("taking over", &self.0)?;
        let directory = self.directory();
        // Components that were killed with their supervisor may still write a last file into it.
        wait::until(SUPERVISOR_GONE, || match fs::remove_dir_all(&directory.0) {
            Ok(()) => Some(()),
            Err(err) if err.kind() == io::ErrorKind::NotFound => Some(()),
            Err(_) => None,
        })
        .ok_or_else(|| io::Error::other("files keep appearing in it"))
        .at("removing", &directory.0)?;
        make_private(&directory.0)?;
        Ok(directory)
    }
}

/// The process's hold on a directory of its own.
#[derive(Debug)]
pub(crate) struct Alive(
    #[expect(dead_code, reason = "the lock is what counts; the kernel ends it with the process")] File,
);

/// The directory of one instance.
#[derive(Clone, Debug)]
pub(crate) struct Directory(PathBuf);

/// What every user needs to know of a running instance; it is written when the instance is ready.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    pub(crate) server_url: String,
    pub(crate) admin_token: String,
    /// The folder of the programs it runs.
    pub(crate) programs: PathBuf,
    /// Names and process ids, in the order in which they were started; the supervisor comes first.
    pub(crate) processes: Vec<(String, u32)>,
}

impl Directory {
    /// A new directory for what runs within this process. It goes when a later process makes its own and finds this one dead.
    pub(crate) fn of_this_process() -> Result<(Self, Alive), Unavailable> {
        let all = ours()?.join("processes");
        make_private(&all)?;
        let lock = all.join("lock");
        let _held = File::create(&lock).and_then(|file| file.lock().map(|()| file)).at("locking", &lock)?;
        for entry in fs::read_dir(&all).at("reading", &all)?.flatten() {
            let path = entry.path();
            let is_dead = File::open(path.join(ALIVE)).is_ok_and(|alive| alive.try_lock().is_ok());
            if is_dead {
                fs::remove_dir_all(&path).at("removing", &path)?;
            }
        }
        let directory = Self(all.join(std::process::id().to_string()));
        make_private(&directory.0)?;
        let path = directory.file(ALIVE);
        let alive = File::create(&path).and_then(|file| file.lock().map(|()| file)).at("locking", &path)?;
        Ok((directory, Alive(alive)))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.file(SOCKET)
    }

    /// Writes a file that only we can read.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf, Refused> {
        let path = self.file(name);
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path).at("creating", &path)?;
        file.write_all(content.as_ref()).at("writing", &path)?;
        Ok(path)
    }

    pub(crate) fn read(&self, name: &str) -> Result<String, Refused> {
        let path = self.file(name);
        fs::read_to_string(&path).at("reading", &path)
    }

    /// The end of a component's log, for an error.
    pub(crate) fn log_end(&self, component: &str) -> String {
        let path = self.file(&format!("{component}.log"));
        match fs::read(&path) {
            Ok(bytes) => last_lines(&String::from_utf8_lossy(&bytes), LOG_LINES),
            Err(err) => format!("({}: {err})", path.display()),
        }
    }

    /// `None` where the one who started the instance did not come to its end.
    pub(crate) fn record(&self) -> Option<Record> {
        serde_json::from_slice(&fs::read(self.file("instance.json")).ok()?).ok()
    }

    pub(crate) fn write_record(&self, record: &Record) -> Result<(), Refused> {
        let text = serde_json::to_vec_pretty(record).map_err(io::Error::from).doing("writing the instance's record")?;
        let fresh = self.write("instance.json.new", text)?;
        fs::rename(&fresh, self.file("instance.json")).at("renaming", &fresh)
    }
}

/// The folder of all that this user's tests keep.
fn ours() -> Result<PathBuf, Unavailable> {
    let ours = env::temp_dir().join(format!("meho-control-plane-{}", rustix::process::geteuid().as_raw()));
    make_private(&ours)?;
    Ok(ours)
}

/// Makes the directory where it is missing. One that exists must be ours, closed to others, and no symbolic link: anybody
/// can put something into a temporary directory before us.
fn make_private(path: &Path) -> Result<(), Unavailable> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => return Ok(()),
        Err(err) if err.kind() == io::ErrorKind::AlreadyExists => {}
        Err(err) => Err(err).at("creating", path)?,
    }
    let found = fs::symlink_metadata(path).at("looking at", path)?;
    let ours = found.is_dir() && found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o077 == 0;
    if ours { Ok(()) } else { Err(Unavailable::NotPrivate(path.to_owned())) }
}
