//! How long each step took.

use std::time::{Duration, Instant};

/// The steps of a run with their times.
#[derive(Default)]
pub(crate) struct Clock {
    steps: Vec<(&'static str, Duration)>,
}

impl Clock {
    /// Runs a step and notes its time, whatever comes of it.
    pub(crate) fn step<T>(&mut self, name: &'static str, run: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
        println!("── {name}");
        let started = Instant::now();
        let outcome = run();
        self.steps.push((name, started.elapsed()));
        outcome.map_err(|why| format!("{name}: {why}"))
    }

    /// Prints the steps.
    pub(crate) fn print(&self) {
        if self.steps.is_empty() {
            return;
        }
        println!("── times");
        for (name, took) in &self.steps {
            println!("{:>8.1} s  {name}", took.as_secs_f64());
        }
        let whole: Duration = self.steps.iter().map(|(_, took)| *took).sum();
        println!("{:>8.1} s  in all", whole.as_secs_f64());
    }
}
