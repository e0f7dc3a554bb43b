//! The audit record at the terminal: what stands in it, whether it is whole, and where it ends.

use crate::arguments::Cli;
use crate::arguments::kept::{AuditCommand, AuditFilter, Looked};
use crate::output::{Format, Printer};
use crate::state;
use meho_host::error::{CallError, ErrorCode};
use meho_host_cli::table::{Own, Rows};
use meho_host_cli::text::safe;
use meho_host_store::audit::{AuditEntry, NotWhole};
use serde_json::{Value, json};
use std::cell::RefCell;

/// Runs one of the commands.
pub(crate) fn run(
    cli: &Cli,
    command: Option<&AuditCommand>,
    filter: &AuditFilter,
    printer: &Printer,
) -> Result<(), CallError> {
    let audit = state::audit(cli)?;
    match command {
        None => {
            let unread = |error| not_whole(&NotWhole::State(error));
            let plans = audit.entries(|entry| filter.is_plan_of_operation(entry), usize::MAX).map_err(unread)?;
            let plan = |entry: &AuditEntry| entry.entry.get("plan").and_then(Value::as_str).map(str::to_owned);
            let plans = plans.iter().filter_map(plan).collect();
            let looked = RefCell::new(Looked::default());
            let wanted = |entry: &AuditEntry| {
                looked.borrow_mut().at(entry);
                filter.admits(entry, &plans)
            };
            let mut entries = audit.entries(wanted, filter.last).map_err(unread)?;
            // As they happened.
            entries.reverse();
            show(&entries, printer)?;
            if entries.is_empty() && filter.last > 0 {
                printer.note(&filter.found_none(&looked.into_inner()));
            }
            Ok(())
        }
        Some(AuditCommand::Head) => {
            let head = audit.head().map_err(|error| not_whole(&NotWhole::State(error)))?;
            // A line wherever no format was named: it is kept in a file, and given to --head from there.
            match cli.output.unwrap_or(Format::Table) {
                Format::Table => printer.people(&format!("{head}\n")).map(drop),
                Format::Json | Format::Jsonl | Format::Yaml => {
                    printer.document(&json!({"head": head.to_string(), "entries": head.entries}))
                }
            }
        }
        Some(AuditCommand::Verify { head }) => {
            let verified = audit.verify(*head).map_err(|error| not_whole(&error))?;
            match printer.format() {
                Format::Table => {
                    printer.people(&format!("whole: {} entries\nhead   {}\n", verified.head.entries, verified.head))?;
                }
                Format::Json | Format::Jsonl | Format::Yaml => printer.document(&json!({
                    "whole": true,
                    "entries": verified.head.entries,
                    "head": verified.head.to_string(),
                    "found_another": verified.another,
                }))?,
            }
            for entry in &verified.another {
                let what = match entry.entry.get("why").and_then(Value::as_str) {
                    Some("moved") => "the store had been moved or copied",
                    Some("clock") => "this machine's clock had been far ahead",
                    _ => "the store had been put back from a copy, or cut: what came after that is not here",
                };
                printer.warn(&format!("entry {} of {} says that {what}", entry.number, entry.at));
            }
            if head.is_none() {
                printer.note("whoever can write the state directory and knows its key can make another record: a head that is kept elsewhere shows that (--head)");
            }
            Ok(())
        }
    }
}

fn not_whole(error: &NotWhole) -> CallError {
    let call_error = CallError::new(
        ErrorCode::InternalError,
        format!("the audit record is not whole: {}", safe(&error.to_string())),
    );
    match error {
        NotWhole::State(error) => CallError::new(
            ErrorCode::InternalError,
            format!("the audit record cannot be read: {}", safe(&error.to_string())),
        )
        .hint("look at the directory of its state"),
        NotWhole::Changed { number } | NotWhole::Missing { number } => call_error
            .hint("what stands before that entry is as it was written; what comes from there on may not be")
            .detail("entry", *number),
        NotWhole::Cut { .. } | NotWhole::NoHead | NotWhole::NoSuchHead { .. } => call_error
            .hint("what is there is as it was written; something after it is missing, or all of it is another record"),
    }
}

fn show(entries: &[AuditEntry], printer: &Printer) -> Result<(), CallError> {
    match printer.format() {
        Format::Json | Format::Yaml => printer.document(&entries),
        Format::Jsonl => {
            let lines: String = entries.iter().map(|entry| format!("{}\n", json!(entry))).collect();
            printer.lines(&lines).map(drop)
        }
        Format::Table => {
            let mut rows = Rows::own(Own::Audit);
            entries.iter().for_each(|entry| rows.push(&row(entry)));
            printer.people(&rows.take(&printer.view(None)))?;
            printer.left_out(rows.left_out());
            Ok(())
        }
    }
}

/// An entry in short.
fn row(entry: &AuditEntry) -> Value {
    let text = |pointer: &str| entry.entry.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let request = || format!("{} {}", text("/method"), text("/path"));
    let (what, by, came_to) = match entry.kind.as_str() {
        "call" => {
            let requests =
                entry.entry.pointer("/requests").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let writes: Vec<String> =
                requests.iter().filter(|request| request["trust"] != "READ").map(written).collect();
            let plural = if requests.len() == 1 { "" } else { "s" };
            let what =
                format!("{} on {}, {} request{plural}", text("/call/operation"), text("/call/target"), requests.len());
            let what = if writes.is_empty() { what } else { format!("{what}: {}", writes.join(", ")) };
            let code = text("/code");
            (what, text("/call/principal"), if code.is_empty() { text("/ending") } else { code })
        }
        // The host's own writes are dry runs.
        "intent" if text("/origin") == "host" => (request(), text("/call/principal"), "about to be tried"),
        "intent" => (request(), text("/call/principal"), "about to be sent"),
        "plan" => (format!("{} as {}", request(), text("/trust")), text("/principal"), "waits"),
        "approval" => (text("/plan").to_owned(), text("/by"), "yes"),
        "rejection" => (text("/plan").to_owned(), text("/by"), "no"),
        "execution" => (text("/plan").to_owned(), text("/approval_by"), "approval used"),
        _ => (format!("the store was found to be another than it was left ({})", text("/why")), "", "plans are void"),
    };
    json!({"number": entry.number, "at": entry.at, "kind": entry.kind, "what": what, "by": by, "came_to": came_to})
}

/// A write that left, and what it was answered.
fn written(request: &Value) -> String {
    let text = |name: &str| request.get(name).and_then(Value::as_str).unwrap_or_default();
    let status = request
        .get("status")
        .and_then(Value::as_u64)
        .map_or_else(|| text("fate").to_owned(), |status| status.to_string());
    format!("{} {} → {status}", text("method"), text("path"))
}
