//! A program at a pseudo-terminal: what it writes there, and what a person types.

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use std::io::{Read as _, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// For a loaded machine.
const SOON: Duration = Duration::from_secs(90);

pub(crate) struct Screen {
    shown: String,
    pieces: Receiver<Vec<u8>>,
    keyboard: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
}

impl Screen {
    /// Starts a program at a terminal of this width, with this environment.
    pub(crate) fn start(
        columns: u16,
        program: &str,
        arguments: &[&str],
        home: &Path,
        environment: &[(&str, &str)],
    ) -> Self {
        let size = PtySize { rows: 60, cols: columns, ..PtySize::default() };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        command.env("HOME", home);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        environment.iter().for_each(|(name, value)| command.env(name, value));
        command.cwd(home);
        let child = pair.slave.spawn_command(command).expect("it runs");
        drop(pair.slave);
        let mut screen = pair.master.try_clone_reader().expect("the terminal's output");
        let (send, pieces) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count) = screen.read(&mut buffer) {
                if count == 0 || send.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let keyboard = pair.master.take_writer().expect("the terminal's input");
        Self { shown: String::new(), pieces, keyboard, child, _master: pair.master }
    }

    /// `meho-host ARGUMENTS` at a terminal that has colours.
    pub(crate) fn program(columns: u16, arguments: &[&str], home: &Path) -> Self {
        Self::start(columns, env!("CARGO_BIN_EXE_meho-host"), arguments, home, &[("TERM", "xterm-256color")])
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

    #[track_caller]
    pub(crate) fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).and_then(|()| self.keyboard.flush()).expect("it takes input");
    }

    /// Waits for the end: how it ended, and what was shown since it was last waited for.
    #[track_caller]
    pub(crate) fn ends(mut self) -> (ExitStatus, String) {
        let until = Instant::now() + SOON;
        while self.read(until) {}
        let status = self.child.wait().expect("it has ended");
        (status, self.shown)
    }

    #[track_caller]
    fn read(&mut self, until: Instant) -> bool {
        match self.pieces.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(piece) => {
                self.shown.push_str(&String::from_utf8_lossy(&piece).replace("\r\n", "\n"));
                true
            }
            Err(RecvTimeoutError::Disconnected) => false,
            Err(RecvTimeoutError::Timeout) => panic!("it neither goes on nor ends: {}", self.shown),
        }
    }
}
