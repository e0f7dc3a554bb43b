//! Who decides what a fake answers, and what it holds against whoever asked.

use crate::answer::Answer;
use crate::expected::Expected;
use crate::seen::Seen;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

type Reply = Box<dyn Fn(&Seen) -> Option<Answer> + Send + Sync>;

/// The script of one fake, and what has come of it.
pub(crate) struct Script {
    reply: Option<Reply>,
    acts: Mutex<Acts>,
    arrived: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Acts {
    expected: Vec<Expected>,
    seen: Vec<Seen>,
    unexpected: Vec<String>,
    mistakes: Vec<String>,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("acts", &self.acts).finish_non_exhaustive()
    }
}

impl Script {
    pub(crate) fn table(expected: Vec<Expected>) -> Self {
        let acts = Acts { expected, ..Acts::default() };
        Self { reply: None, acts: Mutex::new(acts), arrived: watch::Sender::new(0) }
    }

    pub(crate) fn function(reply: Reply) -> Self {
        Self { reply: Some(reply), acts: Mutex::default(), arrived: watch::Sender::new(0) }
    }

    fn acts(&self) -> MutexGuard<'_, Acts> {
        self.acts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer to a request, which is kept.
    pub(crate) fn answer(&self, request: Seen) -> Answer {
        let answer = match &self.reply {
            Some(reply) => reply(&request),
            None => self.acts().next_answer(&request),
        };
        let mut acts = self.acts();
        if answer.is_none() {
            acts.unexpected.push(request.line());
        }
        acts.seen.push(request);
        self.arrived.send_replace(acts.seen.len());
        drop(acts);
        answer.unwrap_or_else(|| Answer::new(500).text("this request was not expected"))
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.acts().seen.clone()
    }

    pub(crate) async fn arrived(&self, count: usize) {
        // The sender is `self`, so this ends with the count and with nothing else.
        let _ = self.arrived.subscribe().wait_for(|arrived| *arrived >= count).await;
    }

    /// The test asks for what this fake cannot do.
    pub(crate) fn mistake(&self, what: &str) {
        self.acts().mistakes.push(what.to_owned());
    }

    /// All that was not as it had to be.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let acts = self.acts();
        let unexpected = acts.unexpected.iter().map(|line| format!("not expected, and came: {line}"));
        let missing = acts.expected.iter().filter(|expected| !expected.answers.is_empty());
        let missing = missing.map(|expected| {
            format!("expected, and did not come ({} times): {}", expected.answers.len(), expected.line)
        });
        acts.mistakes.iter().cloned().chain(unexpected).chain(missing).collect()
    }
}

impl Acts {
    fn next_answer(&mut self, request: &Seen) -> Option<Answer> {
        let expected =
            self.expected.iter_mut().find(|expected| !expected.answers.is_empty() && expected.fits(request))?;
        Some(expected.answers.remove(0))
    }
}
