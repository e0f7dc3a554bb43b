//! Options of the commands for what is kept: plans, their approvals and approvers, and the audit record.

use crate::arguments::{ComponentOption, TargetOptions};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use meho_host_store::Head;
use meho_host_store::audit::AuditEntry;
use serde_json::Value;
use std::collections::BTreeSet;
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
    /// About this operation: its calls and plans, and what came of those
    #[arg(long, value_name = "OPERATION")]
    operation: Option<String>,
    /// About this target
    #[arg(long = "of-target", value_name = "NAME")]
    target: Option<String>,
    /// By this caller or approver: NAME, or user:NAME
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    /// About a plan whose digest begins like this
    #[arg(long, value_name = "ID")]
    plan: Option<String>,
    /// About the request with this Audit-ID
    #[arg(long, value_name = "UUID")]
    audit_id: Option<String>,
    /// Not before this time, as 2026-01-31T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Timestamp>,
}

/// The kinds of entries that there are.
const KINDS: [&str; 7] = ["call", "intent", "plan", "approval", "rejection", "execution", "another"];

/// A word that is no kind would find nothing, and that would look like an answer.
fn kind(text: &str) -> Result<String, String> {
    if KINDS.contains(&text) { Ok(text.to_owned()) } else { Err(format!("there are {}", KINDS.join(", "))) }
}

fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "a time is written as 2026-01-31T08:00:00Z".to_owned())
}

/// Where entries say what they are about, and whose they are.
const OPERATION: [&str; 2] = ["/operation", "/call/operation"];
const TARGET: [&str; 1] = ["/call/target"];
const BY: [&str; 4] = ["/principal", "/call/principal", "/by", "/approval_by"];
const PLAN: [&str; 2] = ["/plan", "/call/plan"];

fn said<'e>(entry: &'e AuditEntry, pointers: &[&str]) -> Option<&'e str> {
    pointers.iter().find_map(|pointer| entry.entry.pointer(pointer)?.as_str())
}

/// A name of the record, as people say it: without what kind of name it is.
fn is_called(known: &str, wanted: &str) -> bool {
    known == wanted || known.split_once(':').is_some_and(|(_, name)| name == wanted)
}

/// What a record has of what was searched for.
#[derive(Debug, Default)]
pub(crate) struct Looked {
    entries: u64,
    operations: BTreeSet<String>,
    targets: BTreeSet<String>,
    by: BTreeSet<String>,
}

impl Looked {
    /// Looks at one more.
    pub(crate) fn at(&mut self, entry: &AuditEntry) {
        self.entries += 1;
        for (names, pointers) in
            [(&mut self.operations, &OPERATION[..]), (&mut self.targets, &TARGET[..]), (&mut self.by, &BY[..])]
        {
            if let Some(name) = said(entry, pointers).filter(|_| names.len() < MOST_NAMES) {
                names.insert(name.to_owned());
            }
        }
    }
}

/// Most names of a sort that are told.
const MOST_NAMES: usize = 20;

impl AuditFilter {
    /// Whether an entry makes a plan of the operation that is searched for: what says no more than the plan is about that operation too.
    pub(crate) fn is_plan_of_operation(&self, entry: &AuditEntry) -> bool {
        entry.kind == "plan" && self.operation.is_some() && said(entry, &OPERATION) == self.operation.as_deref()
    }

    /// Why nothing fits, as far as names are wrong.
    pub(crate) fn found_none(&self, looked: &Looked) -> String {
        let none = match looked.entries {
            0 => return "the record has no entries".to_owned(),
            1 => "the one entry does not fit".to_owned(),
            many => format!("none of the {many} entries fits"),
        };
        let is_unknown = |wanted: &Option<String>, known: &BTreeSet<String>| {
            wanted.as_ref().is_some_and(|wanted| !known.iter().any(|known| is_called(known, wanted)))
        };
        let listed = |names: &BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let mut why = none;
        for (wanted, known, are) in [
            (&self.operation, &looked.operations, "they are about the operations"),
            (&self.target, &looked.targets, "they are about the targets"),
            (&self.by, &looked.by, "they are by"),
        ] {
            if is_unknown(wanted, known) && !known.is_empty() {
                why.push_str(&format!("; {are} {}", listed(known)));
            }
        }
        why
    }

    /// Whether an entry fits. `plans` are those of the operation that is searched for.
    pub(crate) fn admits(&self, entry: &AuditEntry, plans: &BTreeSet<String>) -> bool {
        let said = |pointers: &[&str]| said(entry, pointers);
        let is_of_operation = |wanted: &String| match said(&OPERATION) {
            Some(operation) => operation == wanted,
            None => said(&PLAN).is_some_and(|plan| plans.contains(plan)),
        };
        let of_plan = |wanted: &String| {
            let digits = wanted.trim_start_matches("sha256:");
            said(&PLAN).is_some_and(|plan| plan.trim_start_matches("sha256:").starts_with(digits))
        };
        let has_request = |wanted: &String| {
            let requests = entry.entry.pointer("/requests").and_then(Value::as_array);
            said(&["/audit_id"]) == Some(wanted)
                || requests.is_some_and(|requests| requests.iter().any(|request| request["audit_id"] == **wanted))
        };
        self.kind.as_ref().is_none_or(|kind| *kind == entry.kind)
            && self.operation.as_ref().is_none_or(is_of_operation)
            && self.target.as_deref().is_none_or(|wanted| said(&TARGET) == Some(wanted))
            && self.by.as_deref().is_none_or(|wanted| said(&BY).is_some_and(|by| is_called(by, wanted)))
            && self.plan.as_ref().is_none_or(of_plan)
            && self.audit_id.as_ref().is_none_or(has_request)
            && self.since.is_none_or(|since| entry.at.parse::<Timestamp>().is_ok_and(|at| at >= since))
    }
}
