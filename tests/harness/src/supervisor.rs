//! The process that holds the control plane: it starts components when told to, counts who uses them, and stops them.
//!
//! It knows nothing about Kubernetes, and it is not part of the library: `build.rs` compiles it. What it must guarantee is
//! that nothing it started outlives it. Components ask the kernel to be killed when their parent dies, and their parent is
//! the main thread of this process, which lives as long as the process does.
//! Start with [`play`].

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;
use std::{env, process, thread};

use crate::protocol::{ALIVE, GRANTED, LAUNCH, READY, RUNNING, SOCKET, START, STARTED, STATUS};

/// Starts this program as the supervisor of a directory.
const RUN: &str = "run";
/// Replaces this process by a component that dies with the supervisor.
const COMPONENT: &str = "component";
/// This very program, even where cargo has meanwhile replaced its file.
const MYSELF: &str = "/proc/self/exe";
/// How long a ready instance waits for its next user. Longer than what lies between two test binaries of one `cargo test`,
/// short enough that nobody notices 700 MB still in use.
const LINGER: Duration = Duration::from_secs(2);
/// How long a supervisor waits for the one who launched it to connect. Only a killed launcher never does.
const FIRST_USER: Duration = Duration::from_secs(20);

/// Does what the first argument says.
pub(crate) fn play(role: &OsStr) -> io::Result<()> {
    let mut arguments = env::args_os().skip(2);
    let mut next = || arguments.next().ok_or_else(|| io::Error::other("an argument is missing"));
    match role.to_str() {
        Some(LAUNCH) => launch(&next()?, Path::new(&next()?)),
        Some(RUN) => run(&next()?, Path::new(&next()?)),
        Some(COMPONENT) => {
            let parent = next()?;
            let program = next()?;
            become_component(&parent, Command::new(program).args(arguments))
        }
        _ => Err(io::Error::other("not a role of the supervisor")),
    }
}

/// Starts the supervisor as nobody's child: this process is between it and the test, and exits.
///
/// Should the test be killed now, this process goes with it, and so does the supervisor until it listens: one that came up
/// late would find itself in the directory of the next one.
fn launch(parent: &OsStr, directory: &Path) -> io::Result<()> {
    die_with(parent)?;
    let log = File::create(directory.join("supervisor.log"))?;
    let mut child = Command::new(MYSELF)
        .arg0("control-plane-supervisor")
        .arg(RUN)
        .arg(process::id().to_string())
        .arg(directory)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()?;
    let mut said = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut said)?;
    }
    if said.trim_end() == RUNNING { Ok(()) } else { Err(io::Error::other(format!("ended early, {}", child.wait()?))) }
}

fn run(launcher: &OsStr, directory: &Path) -> io::Result<()> {
    die_with(launcher)?;
    // Away from the terminal: neither Ctrl-C nor its end is for this process.
    rustix::process::setsid()?;
    let beside = directory.parent().ok_or_else(|| io::Error::other("the directory has no parent"))?;
    let alive = File::create(beside.join(ALIVE))?;
    alive.try_lock().map_err(io::Error::from)?;
    let listener = UnixListener::bind(directory.join(SOCKET))?;
    let (sender, events) = mpsc::channel();
    thread::spawn(move || accept(&listener, &sender));
    live_without_parent()?;
    writeln!(io::stdout(), "{RUNNING}")?;

    let mut supervisor = Supervisor { components: Vec::new(), users: HashMap::new(), linger: FIRST_USER };
    supervisor.serve(&events);
    // From here nobody can come in; those who already connected see their connection closed without a grant.
    fs::remove_file(directory.join(SOCKET))?;
    drop(events);
    supervisor.stop();
    fs::remove_dir_all(directory)?;
    // Only now may the next one start in the same place.
    drop(alive);
    Ok(())
}

enum Event {
    Joined(u64, UnixStream),
    Asked(u64, Request),
    Left(u64),
}

enum Request {
    Start { name: String, command: Vec<String> },
    Status,
    Ready,
}

/// Hands each connection's requests to the main thread, which alone may start components.
fn accept(listener: &UnixListener, events: &Sender<Event>) {
    for (user, stream) in (0..).zip(listener.incoming()) {
        let Ok(stream) = stream else { continue };
        let events = events.clone();
        thread::spawn(move || {
            let Ok(answers) = stream.try_clone() else { return };
            let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
            let mut going = events.send(Event::Joined(user, answers)).is_ok();
            while going && let Some(request) = next_request(&mut lines) {
                going = events.send(Event::Asked(user, request)).is_ok();
            }
            let _ = events.send(Event::Left(user));
        });
    }
}

fn next_request(lines: &mut impl Iterator<Item = String>) -> Option<Request> {
    let line = lines.next()?;
    match line.split_once(' ') {
        Some((START, name)) => {
            let command = lines.take_while(|argument| !argument.is_empty()).collect();
            Some(Request::Start { name: name.to_owned(), command })
        }
        None if line == STATUS => Some(Request::Status),
        None if line == READY => Some(Request::Ready),
        _ => None,
    }
}

struct Supervisor {
    /// In the order in which they were started.
    components: Vec<(String, Child)>,
    users: HashMap<u64, UnixStream>,
    /// How long to stay without a user.
    linger: Duration,
}

impl Supervisor {
    /// Returns when the last user has been gone for long enough.
    fn serve(&mut self, events: &Receiver<Event>) {
        loop {
            let event = if self.users.is_empty() {
                events.recv_timeout(self.linger)
            } else {
                events.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match event {
                Ok(Event::Joined(user, stream)) => {
                    self.users.insert(user, stream);
                    if self.linger == FIRST_USER {
                        // Should this user vanish before it says `ready`, what it began is of no use to anybody.
                        self.linger = Duration::ZERO;
                    }
                    self.answer(user, &format!("{GRANTED} {}", process::id()));
                }
                Ok(Event::Asked(user, request)) => {
                    let answer = self.answer_to(request);
                    self.answer(user, &answer);
                }
                Ok(Event::Left(user)) => drop(self.users.remove(&user)),
                Err(_) => return,
            }
        }
    }

    /// A user who cannot be told is a user who is gone, and its reader will say so.
    fn answer(&mut self, user: u64, line: &str) {
        if let Some(stream) = self.users.get_mut(&user) {
            let _ = writeln!(stream, "{line}");
        }
    }

    fn answer_to(&mut self, request: Request) -> String {
        match request {
            Request::Start { name, command } => match start(&name, &command) {
                Ok(child) => {
                    let answer = format!("{STARTED} {}", child.id());
                    self.components.push((name, child));
                    answer
                }
                Err(err) => format!("failed {err}"),
            },
            Request::Status => self.status(),
            Request::Ready => {
                self.linger = LINGER;
                "ok".to_owned()
            }
        }
    }

    fn status(&mut self) -> String {
        for (name, child) in &mut self.components {
            match child.try_wait() {
                Ok(None) => {}
                Ok(Some(how)) => return format!("exited {name} {how}"),
                Err(err) => return format!("exited {name} {err}"),
            }
        }
        RUNNING.to_owned()
    }

    /// Last started, first stopped: an API server whose etcd went first hangs in its shutdown. What they hold is thrown
    /// away, so they need no time to put it in order.
    fn stop(&mut self) {
        for (name, child) in self.components.iter_mut().rev() {
            if let Err(err) = child.kill().and_then(|()| child.wait()) {
                eprintln!("stopping {name}: {err}");
            }
        }
    }
}

/// Starts a component with its output in `NAME.log` of the current directory, which is the instance's.
fn start(name: &str, command: &[String]) -> io::Result<Child> {
    let log = File::create(format!("{name}.log"))?;
    Command::new(MYSELF)
        .arg(COMPONENT)
        .arg(process::id().to_string())
        .args(command)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
}

/// Returns only where it fails.
fn become_component(supervisor: &OsStr, command: &mut Command) -> io::Result<()> {
    die_with(supervisor)?;
    Err(command.exec())
}

/// Asks the kernel to kill this process when its parent dies. Linux means the thread that spawned it, and keeps the wish
/// across `exec`.
fn die_with(parent: &OsStr) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // It may have died before the kernel was asked.
    let now = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().to_string());
    if now.as_deref().map(OsStr::new) == Some(parent) { Ok(()) } else { Err(io::Error::other("the parent is gone")) }
}

fn live_without_parent() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(None)?;
    Ok(())
}
