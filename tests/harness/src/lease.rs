//! The connection to the supervisor that keeps an instance running; see `protocol.rs` for what is said on it.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::{env, process};

use crate::directory::Directory;
use crate::protocol::{GRANTED, LAUNCH, READY, RUNNING, START, STARTED, STATUS};
use crate::unavailable::{Doing, Refused};

/// The supervisor that was built with this library; `build.rs` says why it is found this way.
const SUPERVISOR: &str = env!("MEHO_CONTROL_PLANE_SUPERVISOR");

/// Keeps an instance running until it is dropped, or the process ends.
#[derive(Debug)]
pub(crate) struct Lease {
    connection: BufReader<UnixStream>,
    /// The supervisor's process id.
    pub(crate) supervisor: u32,
}

/// What a component did while nobody looked.
pub(crate) enum Status {
    Running,
    Exited { component: String, how: String },
}

impl Lease {
    /// Joins a running instance. `None` where there is none, or it is already stopping.
    pub(crate) fn join(directory: &Directory) -> Option<Self> {
        let stream = UnixStream::connect(directory.socket()).ok()?;
        let mut lease = Self { connection: BufReader::new(stream), supervisor: 0 };
        lease.supervisor = lease.hear().ok()?.strip_prefix(GRANTED)?.trim().parse().ok()?;
        Some(lease)
    }

    /// Starts a supervisor in an empty directory, and joins it.
    pub(crate) fn launch(directory: &Directory) -> Result<Self, Refused> {
        let doing = "starting the supervisor in";
        // Components must not see what the tests' environment sets for them: etcd, for one, reads flags from it.
        let launched = Command::new(SUPERVISOR)
            .arg(LAUNCH)
            .arg(process::id().to_string())
            .arg(directory.path())
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_else(|| OsString::from("/usr/bin:/bin")))
            .env("HOME", directory.path())
            .env("TMPDIR", directory.path())
            .stdin(Stdio::null())
            .output()
            .at(doing, directory.path())?;
        if !launched.status.success() {
            let said = String::from_utf8_lossy(&launched.stderr).trim().to_owned();
            return Err(io::Error::other(format!("{said}\n{}", directory.log_end("supervisor"))))
                .at(doing, directory.path());
        }
        Self::join(directory).ok_or_else(|| io::Error::other("it does not answer")).at(doing, directory.path())
    }

    /// Starts a component; the program comes first. Returns its process id.
    pub(crate) fn start(&mut self, component: &str, command: &[String]) -> Result<u32, Refused> {
        let request = format!("{START} {component}\n{}\n", command.join("\n"));
        let answer = self.ask(&request)?;
        let pid = answer.strip_prefix(STARTED).and_then(|pid| pid.trim().parse().ok());
        pid.ok_or_else(|| io::Error::other(answer)).doing(&format!("starting {component}"))
    }

    pub(crate) fn status(&mut self) -> Result<Status, Refused> {
        let answer = self.ask(STATUS)?;
        if answer == RUNNING {
            return Ok(Status::Running);
        }
        let mut words = answer.splitn(3, ' ').skip(1);
        let mut next = || words.next().unwrap_or("?").to_owned();
        Ok(Status::Exited { component: next(), how: next() })
    }

    /// From now on the instance lingers, and others may join it.
    pub(crate) fn ready(&mut self) -> Result<(), Refused> {
        self.ask(READY).map(drop)
    }

    /// Blocks until the supervisor is gone.
    pub(crate) fn wait_until_gone(&mut self) {
        let _ = self.connection.read_to_end(&mut Vec::new());
    }

    fn ask(&mut self, request: &str) -> Result<String, Refused> {
        writeln!(self.connection.get_mut(), "{request}")
            .and_then(|()| self.hear())
            .doing("asking the control plane's supervisor")
    }

    fn hear(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.connection.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}
