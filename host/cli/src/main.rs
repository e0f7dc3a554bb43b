//! `meho-host`: connectors at the terminal. Parses, builds, runs, prints one error.

mod arguments;
mod document;
mod inspect;
mod output;
mod prompt;
mod table;
mod target;
mod terminal;
mod text;

use crate::arguments::{CallOptions, Cli, Command};
use crate::output::Printer;
use clap::Parser as _;
use meho_host::connector::Connector;
use meho_host::error::{CallError, ErrorCode};
use meho_host::host::{Call, Host, HostSettings};
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// Exit codes that scripts rely on. 2 is clap's, for a command line that does not parse.
const DONE: u8 = 0;
const FAILED: u8 = 1;
const APPROVAL_REQUIRED: u8 = 3;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(said) => return usage(&said),
    };
    let printer = Printer::new(cli.output);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let failed = CallError::new(ErrorCode::InternalError, format!("the runtime cannot be started: {error}"));
            return fail(&printer, &failed);
        }
    };
    match runtime.block_on(run(&cli, &printer)) {
        Ok(()) => ExitCode::from(DONE),
        Err(error) => fail(&printer, &error),
    }
}

/// What clap says of a command line, or help that was asked for. It quotes what was given.
fn usage(said: &clap::Error) -> ExitCode {
    let text = text::safe_lines(&said.to_string());
    // Where nobody reads it, there is nobody to tell.
    let _ = if said.use_stderr() {
        io::stderr().lock().write_all(text.as_bytes())
    } else {
        io::stdout().lock().write_all(text.as_bytes())
    };
    ExitCode::from(u8::try_from(said.exit_code()).unwrap_or(FAILED))
}

fn fail(printer: &Printer, error: &CallError) -> ExitCode {
    printer.error(error);
    match error.code {
        ErrorCode::ApprovalRequired => ExitCode::from(APPROVAL_REQUIRED),
        _ => ExitCode::from(FAILED),
    }
}

async fn run(cli: &Cli, printer: &Printer) -> Result<(), CallError> {
    let host = Host::new(HostSettings::default())?;
    match &cli.command {
        Command::Ops => inspect::operations(load(&host, cli.connector.as_deref()).await?.as_ref(), printer),
        Command::Inspect { component } => inspect::component(load(&host, Some(component)).await?.as_ref(), printer),
        Command::Call(options) => call(&host, cli, options, printer).await,
    }
}

/// The component that was named, or the built-in one.
async fn load(host: &Host, path: Option<&Path>) -> Result<Arc<Connector>, CallError> {
    let bytes = match path {
        Some(path) => tokio::fs::read(path).await.map_err(|error| {
            let message =
                format!("the component {} cannot be read: {}", text::safe(&path.display().to_string()), error.kind());
            CallError::new(ErrorCode::InvalidRequest, message)
        })?,
        None => meho_artifacts::KUBERNETES.to_vec(),
    };
    host.load(bytes).await
}

async fn call(host: &Host, cli: &Cli, options: &CallOptions, printer: &Printer) -> Result<(), CallError> {
    let connector = load(host, cli.connector.as_deref()).await?;
    let operation = connector.operation(&options.operation)?;
    let arguments = arguments::merge(options, operation)?;
    let target = target::of(&options.target)?;
    let call = Call {
        operation: options.operation.clone(),
        arguments,
        principal: target::principal(),
        timeout: options.timeout.map(std::time::Duration::from_secs),
    };
    let approver = Arc::new(prompt::Terminal);
    let entity = operation.entity.as_ref().map(|entity| entity.name.clone());
    let mut stream = host.call(&connector, &target, call, approver);
    printer.answer(&mut stream, entity.as_deref()).await
}
