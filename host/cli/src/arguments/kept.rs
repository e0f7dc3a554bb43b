//! Options of the commands for what is kept: plans, their approvals and approvers, and the audit record.

use crate::arguments::{ComponentOption, TargetOptions};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use meho_host_store::Head;
use meho_host_store::audit::AuditEntry;
use serde_json::Value;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct ApproveOptions {
    /// The plan, by its whole id
    pub(crate) id: String,
    /// The key to sign with, in the place of the one beside the configuration
    #[arg(long, value_name = "FILE", conflicts_with_all = ["signature", "statement"])]
    pub(crate) key: Option<PathBuf>,
    /// A signature of the plan's statement, as `ssh-keygen -Y sign -n meho-approval` writes it
    #[arg(long, value_name = "FILE", conflicts_with = "statement")]
    pub(crate) signature: Option<PathBuf>,
    /// Print what is to be signed, and approve nothing
    #[arg(long)]
    pub(crate) statement: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExecuteOptions {
    /// The plan: the first digits of its id are enough
    pub(crate) id: String,
    /// How many seconds it may take
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: Option<u64>,
    #[command(flatten)]
    pub(crate) component: ComponentOption,
    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ApproverCommand {
    /// Make a key with a passphrase, and print its public half
    #[command(after_help = "Examples:
  meho-host approver init
  meho-host approver init --key ~/keys/approver --name alice

A key of Ed25519 that ssh-keygen has made will do as well: with a passphrase for `approve --key`, and as it is for `ssh-keygen -Y sign`.")]
    Init(InitOptions),
}

#[derive(Debug, Args)]
pub(crate) struct InitOptions {
    /// Where the private key goes, in the place of beside the configuration
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Whose key it is: the name that plans are approved under
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Say whether the record is whole: every entry as it was written, none missing, none added
    #[command(after_help = "Examples:
  meho-host audit verify
  meho-host audit verify --head $(cat head.kept-elsewhere)")]
    Verify {
        /// A head that was kept elsewhere: the record has to have that entry still
        #[arg(long, value_name = "HEAD")]
        head: Option<Head>,
    },
    /// Print where the record ends
    #[command(after_help = "Examples:
  meho-host audit head > head.kept-elsewhere")]
    Head,
}

#[derive(Debug, Args)]
pub(crate) struct AuditFilter {
    /// No more than the last so many that fit
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) last: usize,
    /// Of this kind: call, intent, plan, approval, rejection, execution, another
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Option<String>,
    /// About this operation
    #[arg(long, value_name = "OPERATION")]
    operation: Option<String>,
    /// About this target
    #[arg(long = "of-target", value_name = "NAME")]
    target: Option<String>,
    /// By this caller or approver
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    /// About a plan whose digest begins like this
    #[arg(long, value_name = "ID")]
    plan: Option<String>,
    /// About the request with this Audit-ID
    #[arg(long, value_name = "UUID")]
    audit_id: Option<String>,
    /// Not before this time, as 2026-01-31T08:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
}

/// The kinds of entries that there are.
const KINDS: [&str; 7] = ["call", "intent", "plan", "approval", "rejection", "execution", "another"];

/// A word that is no kind would find nothing, and that would look like an answer.
fn kind(text: &str) -> Result<String, String> {
    if KINDS.contains(&text) { Ok(text.to_owned()) } else { Err(format!("there are {}", KINDS.join(", "))) }
}

impl AuditFilter {
    /// Whether an entry fits.
    pub(crate) fn admits(&self, entry: &AuditEntry) -> bool {
        let said = |pointers: &[&str]| pointers.iter().find_map(|pointer| entry.entry.pointer(pointer)?.as_str());
        let fits = |wanted: &Option<String>, pointers: &[&str]| {
            wanted.as_deref().is_none_or(|wanted| said(pointers) == Some(wanted))
        };
        let of_plan = |wanted: &String| {
            let digits = wanted.trim_start_matches("sha256:");
            said(&["/plan", "/call/plan"]).is_some_and(|plan| plan.trim_start_matches("sha256:").starts_with(digits))
        };
        let has_request = |wanted: &String| {
            let requests = entry.entry.pointer("/requests").and_then(Value::as_array);
            said(&["/audit_id"]) == Some(wanted)
                || requests.is_some_and(|requests| requests.iter().any(|request| request["audit_id"] == **wanted))
        };
        self.kind.as_ref().is_none_or(|kind| *kind == entry.kind)
            && fits(&self.operation, &["/operation", "/call/operation"])
            && fits(&self.target, &["/call/target"])
            && fits(&self.by, &["/principal", "/call/principal", "/by", "/approval_by"])
            && self.plan.as_ref().is_none_or(of_plan)
            && self.audit_id.as_ref().is_none_or(has_request)
            && self.since.is_none_or(|since| entry.at.parse::<Timestamp>().is_ok_and(|at| at >= since))
    }
}
