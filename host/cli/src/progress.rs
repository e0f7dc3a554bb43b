//! What shows that a call is under way: a line on standard error, where somebody looks at it, and never beside anything else.

use crate::terminal;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What is done sooner needs no comfort.
const PATIENCE: Duration = Duration::from_millis(300);
const TICK: Duration = Duration::from_millis(100);

/// The line. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    line: Line,
    stage: Stage,
    rows: u64,
    /// Counts calls of [`Progress::start`]: one that waits does not show a line of the next.
    turn: u64,
}

/// What takes the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Stage {
    /// The component is compiled and described.
    Loading,
    /// The call has begun.
    #[default]
    Waiting,
}

#[derive(Debug, Default)]
enum Line {
    /// Nothing is shown, and nothing will be.
    #[default]
    Off,
    /// It will be, if it takes long.
    Waits,
    Shown(ProgressBar),
}

impl Progress {
    /// Something begins with this.
    pub(crate) fn begins(&self, stage: Stage) {
        self.is_at(stage);
        self.start();
    }

    /// What it has come to.
    pub(crate) fn is_at(&self, stage: Stage) {
        self.with(|state| {
            state.stage = stage;
            state.show();
        });
    }

    /// Something begins. Whoever reads rows or redirects either stream wants no line of ours: it is shown where both are terminals that can take one back.
    pub(crate) fn start(&self) {
        let can_be_taken_back = std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
        if !io::stderr().is_terminal() || !io::stdout().is_terminal() || !can_be_taken_back {
            return;
        }
        let turn = self.with(|state| {
            state.line = Line::Waits;
            state.turn += 1;
            state.turn
        });
        let line = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(PATIENCE).await;
            line.with(|state| {
                if matches!(state.line, Line::Waits) && state.turn == turn {
                    let bar = ProgressBar::new_spinner().with_style(style()).with_message(state.message());
                    bar.enable_steady_tick(TICK);
                    state.line = Line::Shown(bar);
                }
            });
        });
    }

    /// More rows have come.
    pub(crate) fn rows(&self, more: usize) {
        self.with(|state| {
            state.rows += u64::try_from(more).unwrap_or_default();
            state.show();
        });
    }

    /// Takes the line back. Before anything else is written to the terminal.
    pub(crate) fn stop(&self) {
        self.with(|state| {
            if let Line::Shown(bar) = std::mem::take(&mut state.line) {
                bar.finish_and_clear();
            }
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn show(&self) {
        if let Line::Shown(bar) = &self.line {
            bar.set_message(self.message());
        }
    }

    fn message(&self) -> String {
        match (self.stage, self.rows) {
            (Stage::Loading, _) => "loading the connector".to_owned(),
            (Stage::Waiting, 0) => "waiting for the target".to_owned(),
            (Stage::Waiting, 1) => "1 row so far".to_owned(),
            (Stage::Waiting, rows) => format!("{rows} rows so far"),
        }
    }
}

/// No wider than a terminal that is hardly there, and of characters that every one has.
fn style() -> ProgressStyle {
    let template =
        if terminal::width().is_some_and(|width| width >= 30) { "{spinner} {msg} {elapsed}" } else { "{spinner}" };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner()).tick_chars("-\\|/ ")
}
