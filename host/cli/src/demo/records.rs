//! What left the host during the demo, so that it can be shown, and held against what the cluster saw.

use async_trait::async_trait;
use meho_host::record::{CallRecord, Ending, Recorder, RequestIntent, RequestRecord};
use std::sync::{Mutex, PoisonError};

/// Keeps the record of every call.
#[derive(Debug, Default)]
pub(crate) struct Records(Mutex<Vec<CallRecord>>);

#[async_trait]
impl Recorder for Records {
    async fn intent(&self, _: &RequestIntent) -> Result<(), String> {
        Ok(())
    }

    async fn call(&self, record: CallRecord) -> Result<(), String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(record);
        Ok(())
    }
}

impl Records {
    /// How many calls there have been. A write is two: its plan and its execution.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The requests of the calls from this one on.
    pub(crate) fn requests_since(&self, first: usize) -> Vec<RequestRecord> {
        let calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.iter().skip(first).flat_map(|call| call.requests.iter().cloned()).collect()
    }

    /// The audit ids of all requests that were answered.
    pub(crate) fn answered(&self) -> Vec<String> {
        let answered = |request: &RequestRecord| matches!(request.ending, Ending::Answered(_));
        self.requests_since(0).into_iter().filter(answered).map(|request| request.audit_id).collect()
    }
}
