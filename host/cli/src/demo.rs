//! `meho-host demo`: a cluster in this process, ten questions answered on it, and what happens to a connector that tries for more.
//!
//! What it shows is what the program does elsewhere: the same host, the same connector, the same tables. Only its approver is its own, and that
//! says yes on no other target than its own cluster. `questions` is the data, `tour` asks them, `intruder` is the last part, `serve` keeps the
//! cluster for others.

mod intruder;
mod questions;
mod records;
mod serve;
mod tour;

use crate::arguments::DemoOptions;
use crate::output::Printer;
use meho_demo::{Demo, Settings, World};
use meho_host::credential::FixedCredential;
use meho_host::error::{CallError, ErrorCode};
use meho_host::policy::family::Family;
use meho_host::target::{Target, TargetSettings, Verification};
use secrecy::SecretString;
use std::sync::Arc;

/// What the demo's target is called.
const NAME: &str = "demo";

/// Answers the questions, or keeps the cluster running.
pub(crate) async fn run(options: &DemoOptions, printer: &Printer) -> Result<(), CallError> {
    let settings = Settings { port: options.port.unwrap_or(0), world: World::Believable };
    let cluster = Demo::start(settings).await.map_err(|error| {
        CallError::new(ErrorCode::InvalidRequest, format!("the demo cluster cannot be started: {error}"))
            .hint("name a port that is free with --port, or none")
    })?;
    if options.serve { serve::until_stopped(cluster, options).await } else { tour::walk(&cluster, printer).await }
}

/// The demo's cluster as a target: over TLS, verified by its own authority.
fn target(cluster: &Demo) -> Result<Target, CallError> {
    let broken = |why: String| CallError::new(ErrorCode::InternalError, format!("the demo cluster: {why}"));
    let mut settings = TargetSettings::new(NAME, &cluster.server_url(), Family::Kubernetes);
    settings.verification = Verification::ca(cluster.ca_pem().as_bytes()).map_err(|error| broken(error.to_string()))?;
    let token = SecretString::from(cluster.admin_token());
    let credential = FixedCredential::new(NAME, Some(token), None).map_err(|error| broken(error.to_string()))?;
    Target::new(settings, Arc::new(credential)).map_err(|error| broken(error.to_string()))
}
