//! What is found out about a target: who answers there, whom it takes the caller for, and which operations that caller may run.

use crate::paint::{Paint, Tone};
use crate::table::{Own, Rows};
use crate::text::safe;
use crate::view::View;
use serde::Serialize;
use serde_json::json;

/// How the target proved who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Proven {
    /// By a certificate under the CA that was given.
    Ca,
    /// By a certificate under one of the system's roots.
    SystemRoots,
    /// Not at all.
    Unverified,
}

/// Whom the target takes the caller for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// The user's name, as its rules of access have it.
    pub username: String,
    /// The user's groups.
    pub groups: Vec<String>,
}

/// Whether an operation may be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Allowed {
    /// All of it.
    Whole,
    /// It works, and some of what it may add will be missing.
    WithoutExtras,
    /// It would be refused.
    Denied,
}

/// A right that the caller does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Right {
    /// `get`, `list`, …
    pub verb: String,
    /// The API group; empty for the core.
    pub group: String,
    /// The resource, with its subresource where it has one.
    pub resource: String,
    /// The namespace that was asked about; none for all.
    pub namespace: Option<String>,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OperationCheck {
    /// Its id.
    pub operation: String,
    /// READ, WRITE or DESTRUCTIVE.
    pub trust: String,
    /// Whether it may be run.
    pub allowed: Allowed,
    /// What is missing for more.
    pub missing: Vec<Right>,
}

/// All that was found out. Texts are the target's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The target's name.
    pub target: String,
    /// Its URL.
    pub server: String,
    /// How it proved who it is.
    pub proof: Proven,
    /// The version that it says it has.
    pub version: Option<String>,
    /// Whom it takes the caller for; none where it does not say.
    pub identity: Option<Identity>,
    /// The operations.
    pub operations: Vec<OperationCheck>,
    /// What could not be found out.
    pub warnings: Vec<String>,
}

/// The check for people.
#[must_use]
pub fn sheet(check: &Check, view: &View) -> String {
    let paint = view.paint;
    let mut out = String::new();
    let mut line = |name: &str, text: &str| out.push_str(&format!("{name:9}{text}\n"));
    line("target", &safe(&check.target));
    line("server", &safe(&check.server));
    line("proof", &proof(check.proof, paint));
    line("version", &check.version.as_deref().map_or_else(|| "unknown".to_owned(), safe));
    match &check.identity {
        Some(identity) => {
            line("user", &safe(&identity.username));
            line("groups", &safe(&identity.groups.join(", ")));
        }
        None => line("user", "unknown: the target does not say"),
    }
    out.push('\n');
    let mut rows = Rows::own(Own::Checks);
    for operation in &check.operations {
        let missing: Vec<String> = operation.missing.iter().map(show_right).collect();
        rows.push(&json!({
            "operation": operation.operation,
            "trust": operation.trust,
            "allowed": operation.allowed,
            "missing": missing.join("; "),
        }));
    }
    if !check.operations.is_empty() {
        out.push_str(&rows.take(view));
    }
    out
}

fn proof(proof: Proven, paint: Paint) -> String {
    match proof {
        Proven::Ca => paint.paint(Tone::Good, "verified by the CA that was given"),
        Proven::SystemRoots => paint.paint(Tone::Good, "verified by the system's roots"),
        Proven::Unverified => paint.paint(
            Tone::Bad,
            "UNVERIFIED: whoever is between can read the credential and change what is sent and answered",
        ),
    }
}

/// `list pods`, `patch deployments.apps/scale in web`.
fn show_right(right: &Right) -> String {
    let (resource, subresource) = right.resource.split_once('/').unwrap_or((&right.resource, ""));
    let group = if right.group.is_empty() { String::new() } else { format!(".{}", right.group) };
    let subresource = if subresource.is_empty() { String::new() } else { format!("/{subresource}") };
    let place = right.namespace.as_ref().map_or_else(String::new, |namespace| format!(" in {namespace}"));
    format!("{} {resource}{group}{subresource}{place}", right.verb)
}
