//! Keeps all records, and refuses to where a test wants that.

use async_trait::async_trait;
use meho_host::record::{CallRecord, Recorder, RequestIntent};
use std::collections::VecDeque;
use std::sync::Mutex;
use tokio::sync::watch;

/// The records of one host.
#[derive(Debug)]
pub(crate) struct Records {
    calls: Mutex<Vec<CallRecord>>,
    intents: Mutex<Vec<RequestIntent>>,
    /// What the next intents are told; once it is empty, all of them are kept.
    refusals: Mutex<VecDeque<Result<(), String>>>,
    ended: watch::Sender<usize>,
}

impl Default for Records {
    fn default() -> Self {
        Self {
            calls: Mutex::default(),
            intents: Mutex::default(),
            refusals: Mutex::default(),
            ended: watch::Sender::new(0),
        }
    }
}

impl Records {
    /// The calls of one principal, in the order in which they ended.
    pub(crate) fn of(&self, principal: &str) -> Vec<CallRecord> {
        self.calls.lock().unwrap().iter().filter(|call| call.id.principal == principal).cloned().collect()
    }

    /// All calls.
    pub(crate) fn all(&self) -> Vec<CallRecord> {
        self.calls.lock().unwrap().clone()
    }

    /// All intents.
    pub(crate) fn intents(&self) -> Vec<RequestIntent> {
        self.intents.lock().unwrap().clone()
    }

    /// Answers the next intents like this.
    pub(crate) fn refuse(&self, answers: impl IntoIterator<Item = Result<(), String>>) {
        self.refusals.lock().unwrap().extend(answers);
    }

    /// Waits until so many calls have ended.
    pub(crate) async fn ended(&self, calls: usize) {
        self.ended.subscribe().wait_for(|ended| *ended >= calls).await.expect("the sender is here");
    }
}

#[async_trait]
impl Recorder for Records {
    async fn intent(&self, request: &RequestIntent) -> Result<(), String> {
        let refusal = self.refusals.lock().unwrap().pop_front();
        refusal.unwrap_or(Ok(()))?;
        self.intents.lock().unwrap().push(request.clone());
        Ok(())
    }

    async fn call(&self, record: CallRecord) -> Result<(), String> {
        let mut calls = self.calls.lock().unwrap();
        calls.push(record);
        self.ended.send_replace(calls.len());
        Ok(())
    }
}
