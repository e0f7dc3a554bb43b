//! The program at a terminal, as a person sees it: a pseudo-terminal of the system's, with its echo, its end of file and its interrupt.

use crate::program;
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use std::env;
use std::ffi::OsStr;
use std::io::{Read as _, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Everything comes within a second or two; this is for a loaded machine.
const SOON: Duration = Duration::from_secs(90);
/// What ends the input where it is typed at the start of a line (Ctrl-D), and what interrupts (Ctrl-C).
pub(crate) const END: &str = "\u{4}";
pub(crate) const INTERRUPT: &str = "\u{3}";

/// How wide it is.
pub(crate) const COLUMNS: u16 = 200;

/// The program while it runs at a terminal.
pub(crate) struct Terminal {
    shown: String,
    pieces: Receiver<Vec<u8>>,
    /// Dropping it would type an end of file.
    keyboard: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    secrets: Vec<String>,
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    /// `meho-host call ARGUMENTS --kubeconfig FILE`, at a terminal.
    pub(crate) fn call(kubeconfig: &Path, arguments: &[&str]) -> Self {
        Self::call_with(arguments, &[OsStr::new("--kubeconfig"), kubeconfig.as_os_str()])
    }

    /// `meho-host call ARGUMENTS OPTIONS`, at a terminal.
    pub(crate) fn call_with(arguments: &[&str], options: &[&OsStr]) -> Self {
        Self::call_at(COLUMNS, arguments, options)
    }

    /// The same at a terminal of another width.
    pub(crate) fn call_at(columns: u16, arguments: &[&str], options: &[&OsStr]) -> Self {
        let mut command = CommandBuilder::new(program::program());
        command.args([OsStr::new("call")]);
        command.args(arguments);
        command.args(options);
        let secrets = program::secrets(options.iter().copied());
        let (pair, child) = spawn(columns, command);
        let mut screen = pair.try_clone_reader().expect("the terminal's output");
        let (send, pieces) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count) = screen.read(&mut buffer) {
                if count == 0 || send.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let keyboard = pair.take_writer().expect("the terminal's input");
        Self { shown: String::new(), pieces, keyboard, child, secrets, _master: pair }
    }

    /// Waits until this is shown, after whatever was waited for before. Gives all that was shown up to and with it.
    #[track_caller]
    pub(crate) fn shows(&mut self, text: &str) -> String {
        let until = Instant::now() + SOON;
        loop {
            if let Some(at) = self.shown.find(text) {
                let rest = self.shown.split_off(at + text.len());
                return std::mem::replace(&mut self.shown, rest);
            }
            assert!(self.read(until), "it ended without {text:?}: {}", self.shown);
        }
    }

    /// Types.
    #[track_caller]
    pub(crate) fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).and_then(|()| self.keyboard.flush()).expect("it takes input");
    }

    /// Waits for the program's end: how it ended, and what was shown since it was last waited for.
    #[track_caller]
    pub(crate) fn ends(mut self) -> (ExitStatus, String) {
        let until = Instant::now() + SOON;
        while self.read(until) {}
        let status = self.child.wait().expect("it has ended");
        (status, self.shown)
    }

    /// Reads a piece of what is shown. False at its end.
    #[track_caller]
    fn read(&mut self, until: Instant) -> bool {
        match self.pieces.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(piece) => {
                self.shown.push_str(&String::from_utf8_lossy(&piece).replace("\r\n", "\n"));
                assert!(!self.shown.contains('\u{1b}'), "something acts on the terminal: {:?}", self.shown);
                assert!(!self.shown.contains("panicked at"), "{}", self.shown);
                let out = self.secrets.iter().any(|secret| self.shown.contains(secret.as_str()));
                assert!(!out, "a credential is shown");
                true
            }
            Err(RecvTimeoutError::Disconnected) => false,
            Err(RecvTimeoutError::Timeout) => panic!("it neither goes on nor ends: {}", self.shown),
        }
    }
}

/// Runs a command at a terminal.
fn spawn(columns: u16, mut command: CommandBuilder) -> (Box<dyn MasterPty + Send>, Box<dyn Child + Send + Sync>) {
    let size = PtySize { rows: 60, cols: columns, ..PtySize::default() };
    let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
    command.env_clear();
    command.env("MEHO_STATE", program::state());
    for (name, value) in program::KEPT.iter().filter_map(|name| Some((name, env::var_os(name)?))) {
        command.env(name, value);
    }
    command.cwd(env!("CARGO_MANIFEST_DIR"));
    // The last one to hold the other side is the program: its end is the end of what the terminal shows.
    (pair.master, pair.slave.spawn_command(command).expect("the program runs"))
}

/// Whether whoever closes a terminal ends what runs at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HangUp {
    /// As usual.
    Ends,
    /// It was started so that it goes on, as with nohup.
    IsIgnored,
}

/// `meho-host call ARGUMENTS --kubeconfig FILE`, at a terminal that is closed once this is shown. How it ended.
///
/// Nothing is ever typed, and nobody but this function holds the terminal: a keyboard that is dropped would type an end of file.
pub(crate) fn closed_at(text: &str, hang_up: HangUp, kubeconfig: &Path, arguments: &[&str]) -> ExitStatus {
    let trap = match hang_up {
        HangUp::Ends => "",
        HangUp::IsIgnored => "trap '' HUP; ",
    };
    let mut command = CommandBuilder::new("sh");
    command.args(["-c", &format!("{trap}exec \"$0\" \"$@\"")]);
    command.arg(program::program());
    command.arg("call");
    command.args(arguments);
    command.args([OsStr::new("--kubeconfig"), kubeconfig.as_os_str()]);
    let (master, mut child) = spawn(COLUMNS, command);
    let mut screen = master.try_clone_reader().expect("the terminal's output");
    let mut shown = Vec::new();
    let mut piece = [0; 4096];
    while !String::from_utf8_lossy(&shown).contains(text) {
        let count = screen.read(&mut piece).expect("it shows more");
        assert_ne!(count, 0, "it ended without {text:?}: {}", String::from_utf8_lossy(&shown));
        shown.extend_from_slice(&piece[..count]);
    }
    drop((screen, master));
    child.wait().expect("it has ended")
}
