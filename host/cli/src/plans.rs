//! The commands on plans: what waits, what exactly one would send, yes or no, and its execution.

use crate::approver;
use crate::arguments::kept::{ApproveOptions, ExecuteOptions};
use crate::arguments::{Cli, TargetOptions};
use crate::output::{About, Format, Printer};
use crate::progress::Stage;
use crate::prompt;
use crate::state;
use crate::store::Store as Configuration;
use crate::target;
use meho_host::approval::{PlanEntry, PlanState, PlanStore as _, short_id, view_again};
use meho_host::error::{CallError, ErrorCode};
use meho_host::execution::Execution;
use meho_host::host::{Host, HostSettings};
use meho_host::policy::approver::{Approvers, statement};
use meho_host::policy::effect::Trust;
use meho_host::policy::plan::{Approval, Confirmation, Plan};
use meho_host::target::Target;
use meho_host_cli::table::{Namespaces, Own, Rows};
use meho_host_cli::text::safe;
use meho_host_store::Store;
use serde_json::{Value, json};
use std::sync::Arc;

/// Fewer digits would be a name by chance.
const LEAST_DIGITS: usize = 4;
/// Of an id as it is shown.
const ALL_DIGITS: usize = 16;

fn refused(why: impl Into<String>) -> CallError {
    CallError::new(ErrorCode::InvalidRequest, why)
}

fn store_failed(error: &dyn std::fmt::Display) -> CallError {
    CallError::new(ErrorCode::InternalError, error.to_string()).hint("look at the directory of its state")
}

/// Lists what there is, the newest first.
pub(crate) async fn list(cli: &Cli, printer: &Printer) -> Result<(), CallError> {
    let entries = state::store(cli)?.list().await.map_err(|error| store_failed(&error))?;
    let shown: Vec<Value> = entries.iter().map(row).collect();
    match printer.format() {
        Format::Json | Format::Yaml => printer.document(&shown),
        Format::Jsonl => printer.lines(&shown.iter().map(|plan| format!("{plan}\n")).collect::<String>()).map(drop),
        Format::Table if shown.is_empty() => {
            printer.people("")?;
            printer.note("there are no plans; a write that is called where nobody can be asked makes one");
            Ok(())
        }
        Format::Table => {
            let mut rows = Rows::own(Own::Plans);
            shown.iter().for_each(|plan| rows.push(plan));
            printer.people(&rows.take(&printer.view(None))).map(drop)?;
            printer.left_out(rows.left_out());
            Ok(())
        }
    }
}

fn row(entry: &PlanEntry) -> Value {
    let view = view(entry);
    let text = |pointer: &str| view.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    json!({
        "id": short_id(entry.digest),
        "state": entry.state,
        "operation": text("/operation"),
        "trust": text("/trust"),
        "target": text("/target"),
        "request": format!("{} {}", text("/request/method"), text("/request/path")),
        "principal": entry.principal,
        "expires": text("/expires"),
        "approved_by": entry.approval.as_ref().map(|approval| &approval.approver),
        "outcome": entry.outcome,
        "digest": entry.digest,
    })
}

/// Shows one.
pub(crate) async fn show(cli: &Cli, id: &str, printer: &Printer) -> Result<(), CallError> {
    let entry = find(&state::store(cli)?, id).await?;
    if printer.format() != Format::Table {
        let mut shown = row(&entry);
        if let Some(members) = shown.as_object_mut() {
            members.insert("plan".to_owned(), view(&entry));
        }
        return printer.document(&shown);
    }
    let width = crate::terminal::output_width().unwrap_or(crate::output::USUAL_ROOM);
    printer.people(&format!("{}\n", prompt::show(&view(&entry), width)))?;
    printer.note(&standing(&entry));
    Ok(())
}

/// Where a plan stands, in a sentence.
fn standing(entry: &PlanEntry) -> String {
    let id = short_id(entry.digest);
    match entry.state {
        PlanState::Waiting => format!("it waits for a yes: `meho-host approve {id}`, or `meho-host reject {id}`"),
        PlanState::Approved => {
            let by = entry.approval.as_ref().map_or("somebody", |approval| approval.approver.as_str());
            format!("{} has said yes: `meho-host execute {id}` sends it", safe(by))
        }
        PlanState::Rejected => "it was answered with no".to_owned(),
        PlanState::Unknown => {
            "its approval was used, and what came of it is not known: it is under way, or the program was ended in the middle; look at the object".to_owned()
        }
        PlanState::Done => "it was executed".to_owned(),
        PlanState::Failed => format!("it was executed, and failed: {}", safe(entry.outcome.as_deref().unwrap_or_default())),
        PlanState::Expired => "its time is over: call again".to_owned(),
        PlanState::Void => "it belongs to another store than this has become: call again".to_owned(),
    }
}

/// What is shown of a plan. Of one that something can be done with, from the plan itself: the store has what was shown when it was made, and whoever can
/// write there could have it show another request than the one that is approved.
fn view(entry: &PlanEntry) -> Value {
    entry.plan.as_ref().map_or_else(|| entry.view.clone(), |plan| view_again(plan, &entry.view))
}

/// The same where the target is known: that is the plan's, and not what the store says of it. A preview is information, and stays.
fn view_here(plan: &Plan, target: &Target, kept: &Value) -> Value {
    let mut shown = meho_host::approval::view(plan, None, target);
    if let (Some(shown), Some(preview)) = (shown.as_object_mut(), kept.get("preview")) {
        shown.insert("preview".to_owned(), preview.clone());
    }
    shown
}

/// The plan of this id: its digest, or the first digits of it.
async fn find(store: &Store, id: &str) -> Result<PlanEntry, CallError> {
    find_by(store, id, LEAST_DIGITS).await
}

async fn find_by(store: &Store, id: &str, least: usize) -> Result<PlanEntry, CallError> {
    let digits = id.strip_prefix("sha256:").unwrap_or(id);
    if digits.len() < least || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(refused(format!(
            "{}: a plan's id is hexadecimal digits; here {least} of them at least are wanted",
            safe(id)
        ))
        .hint("`meho-host plans` lists them"));
    }
    let entries = store.list().await.map_err(|error| store_failed(&error))?;
    let wanted = format!("sha256:{}", digits.to_ascii_lowercase());
    let mut found = entries.into_iter().filter(|entry| entry.digest.to_string().starts_with(&wanted));
    match (found.next(), found.next()) {
        (Some(entry), None) => Ok(entry),
        (Some(_), Some(_)) => Err(refused(format!("{}: more than one plan begins like that", safe(id)))
            .hint("give more digits; `meho-host plans` lists them")),
        (None, _) => Err(CallError::new(ErrorCode::NotFound, format!("there is no plan {}", safe(id)))
            .hint("`meho-host plans` lists them; a plan that nobody executes is over after a quarter of an hour")),
    }
}

/// Says yes to one. Nothing is sent.
pub(crate) async fn approve(cli: &Cli, options: &ApproveOptions, printer: &Printer) -> Result<(), CallError> {
    let store = state::store(cli)?;
    // All of its digits: a plan that begins like another is made in no time, and the one that was looked at is the one to be approved.
    let entry = find_by(&store, &options.id, ALL_DIGITS).await?;
    let Some(plan) = &entry.plan else { return Err(over(&entry)) };
    let confirmation = match plan.request().trust() {
        Trust::Destructive => Confirmation::Twice,
        Trust::Read | Trust::Write => Confirmation::Once,
    };
    let target = target_of(cli, &TargetOptions::default(), &entry)?;
    if plan.context().target != target.record() {
        return Err(CallError::new(
            ErrorCode::ApprovalInvalid,
            "the plan was made for another target than its call's options lead to now",
        )
        .hint("plan again, and approve that plan"));
    }
    let shown = view_here(plan, &target, &entry.view);
    if options.statement {
        // Whoever signs a digest sees here what it is of, on the stream for people.
        printer.plan(&shown);
        return printer.people(&statement(entry.digest, confirmation)).map(drop);
    }
    let signature = match &options.signature {
        Some(file) => Some(approver::read_signature(file)?),
        None => None,
    };
    let approval = match signature {
        // It was said where the key is.
        Some(signature) => {
            Approval { digest: entry.digest, approver: target::principal(), confirmation, signature: Some(signature) }
        }
        None => {
            let key = approver::key_for(target.approvers(), options.key.as_deref(), configuration(cli).as_ref())?;
            match prompt::approve(target.family(), plan, &shown, key, prompt::Then::Kept).await? {
                Some(approval) => approval,
                None => {
                    return Err(CallError::new(ErrorCode::ApprovalRequired, "that was no yes: nothing was approved")
                        .hint(format!("`meho-host reject {}` takes it away", short_id(entry.digest))));
                }
            }
        }
    };
    let host = host(store)?;
    host.approve(target.approvers(), &approval).await?;
    let by = named(target.approvers(), &approval);
    printer.note(&format!("{by} has approved it; `meho-host execute {}` sends it", short_id(entry.digest)));
    Ok(())
}

fn named(approvers: &Approvers, approval: &Approval) -> String {
    safe(approvers.admit(approval).unwrap_or(&approval.approver))
}

fn over(entry: &PlanEntry) -> CallError {
    CallError::new(ErrorCode::ApprovalInvalid, format!("nothing can be done with this plan: {}", standing(entry)))
        .hint("plan again, and approve that plan")
}

/// What a no could still do to a plan that is over: nothing.
fn left_of(entry: &PlanEntry) -> String {
    match entry.state {
        PlanState::Unknown => "a no comes too late: look at the object, whether its write was carried out".to_owned(),
        PlanState::Done | PlanState::Failed => {
            let id = short_id(entry.digest);
            format!("it is over, and a no comes too late: `meho-host audit --plan {id}` shows what was sent")
        }
        PlanState::Waiting | PlanState::Approved | PlanState::Rejected | PlanState::Expired | PlanState::Void => {
            "it is over: nothing of it will be sent".to_owned()
        }
    }
}

/// Says no to one.
pub(crate) async fn reject(cli: &Cli, id: &str, printer: &Printer) -> Result<(), CallError> {
    let store = state::store(cli)?;
    let entry = find(&store, id).await?;
    if entry.plan.is_none() {
        return Err(over(&entry).hint(left_of(&entry)));
    }
    store.reject(entry.digest, &target::principal()).await.map_err(|error| store_failed(&error))?;
    printer.note("it is gone: nothing was sent");
    Ok(())
}

/// Executes one, and prints what its call would have printed.
pub(crate) async fn execute(cli: &Cli, options: &ExecuteOptions, printer: &Printer) -> Result<(), CallError> {
    printer.progress().begins(Stage::Loading);
    let store = state::store(cli)?;
    let entry = find(&store, &options.id).await?;
    let target = target_of(cli, &options.target, &entry)?;
    let host = host(store)?;
    let connector = crate::load(&host, cli.component(&options.component)).await?;
    printer.progress().is_at(Stage::Waiting);
    let execution = Execution {
        plan: entry.digest,
        principal: target::principal(),
        timeout: options.timeout.map(std::time::Duration::from_secs),
    };
    let answer = host.execute(&connector, &target, execution).await?;
    let operation = entry.view.pointer("/operation").and_then(Value::as_str).unwrap_or_default();
    let operation = connector.operation(operation)?;
    let entity = operation.entity.as_ref().map(|entity| entity.name.as_str());
    let about = About {
        entity,
        columns: operation.returns.columns(),
        lists: operation.returns.lists(),
        namespaces: Namespaces::Any,
    };
    printer.executed(&answer, about)
}

/// The target that a plan is for: as the options say, else as its call's did. That it is the same one the host sees to.
fn target_of(cli: &Cli, options: &TargetOptions, entry: &PlanEntry) -> Result<Target, CallError> {
    let options = if options.is_none() { TargetOptions::of_note(&entry.note) } else { options.clone() };
    target::choose(&options, configuration(cli).as_ref())?.target()
}

fn configuration(cli: &Cli) -> Option<Configuration> {
    Configuration::of(cli.config.as_deref())
}

fn host(store: Store) -> Result<Host, CallError> {
    let store = Arc::new(store);
    Host::new(HostSettings { recorder: store.clone(), plans: store, ..HostSettings::default() })
}
