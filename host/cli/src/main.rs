//! `meho-host`: connectors at the terminal. Parses, builds, runs, prints one error.

mod arguments;

mod policy_check;
mod rules;
mod state;
mod store;
mod target;
mod targets;

mod approver;
mod audit;
mod plans;

mod completions;
mod demo;
mod inspect;
mod rbac;
mod topology;

mod advice;
mod document;
mod ending;
mod filter;
mod habits;
mod output;
mod progress;
mod prompt;
mod terminal;

use crate::advice::{Advised, Meant, Typed};
use crate::arguments::kept::ApproverCommand;
use crate::arguments::{CallOptions, Cli, Command, PolicyCommand, TargetCommand, meant_operation};
use crate::filter::Filter;
use crate::output::{About, Format, Printer};
use crate::progress::Stage;
use crate::store::Store;
use clap::Parser as _;
use clap::error::ErrorKind;
use meho_host::connector::{Connector, MAX_COMPONENT_BYTES};
use meho_host::error::{CallError, ErrorCode};
use meho_host::file;
use meho_host::host::{Call, Host, HostSettings};
use meho_host::policy::grammar::DISCOVERY;
use meho_host_cli::table::Namespaces;
use meho_host_cli::text::{safe, safe_lines};
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// Exit codes that scripts rely on. 2 is clap's, for a command line that does not parse.
const DONE: u8 = 0;
const FAILED: u8 = 1;
const APPROVAL_REQUIRED: u8 = 3;

fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(habits::rewritten(std::env::args_os())) {
        Ok(cli) => cli,
        Err(said) => return usage(&said),
    };
    let format = match &cli.command {
        // It is a transcript for people, wherever it goes, unless something else is asked for.
        Command::Demo(_) => Some(cli.output.unwrap_or(Format::Table)),
        _ => cli.output,
    };
    let printer = Printer::new(format, cli.color);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let failed = CallError::new(ErrorCode::InternalError, format!("the runtime cannot be started: {error}"));
            return fail(&printer, failed, Typed::default());
        }
    };
    let ended = runtime.block_on(async {
        match &cli.command {
            // It ends by one, and has things to put away then.
            Command::Demo(options) if options.serve => Ok(run(&cli, &printer).await),
            _ => tokio::select! {
                // Dropping the call ends it, and a plugin of its with all that this has started.
                biased;
                signal = ending::asked() => Err(signal),
                outcome = run(&cli, &printer) => Ok(outcome),
            },
        }
    });
    match ended {
        Ok(Ok(())) => ExitCode::from(DONE),
        Ok(Err(error)) => fail(&printer, error, typed(&cli.command)),
        Err(signal) => {
            printer.progress().stop();
            // Whatever still runs is dropped where it waits. What does not wait, for one a question at the terminal, is left.
            runtime.shutdown_timeout(ending::PATIENCE);
            ExitCode::from(signal)
        }
    }
}

/// What clap says of a command line, or help that was asked for. It quotes what was given.
fn usage(said: &clap::Error) -> ExitCode {
    let mut text = safe_lines(&said.to_string());
    if said.kind() == ErrorKind::DisplayHelp
        && let Some(operation) = operation_of_help(std::env::args())
    {
        text.push_str(&format!("\nhint: `meho-host ops {}` shows what this operation takes\n", safe(&operation)));
    }
    let arguments: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    if let Some(hint) = habits::hint(said, &arguments, built_in_operations) {
        text.push_str(&format!("\nhint: {}\n", safe(&hint)));
    }
    // Where nobody reads it, there is nobody to tell.
    let _ = if said.use_stderr() {
        io::stderr().lock().write_all(text.as_bytes())
    } else {
        io::stdout().lock().write_all(text.as_bytes())
    };
    ExitCode::from(u8::try_from(said.exit_code()).unwrap_or(FAILED))
}

/// The operations of the built-in component, for a command line that names no other since it does not parse; none where it cannot be loaded.
fn built_in_operations() -> Vec<String> {
    let loaded = tokio::runtime::Runtime::new()
        .ok()
        .and_then(|runtime| runtime.block_on(async { load(&host().ok()?, None).await.ok() }));
    let operations = loaded.iter().flat_map(|connector| connector.catalogue().operations());
    operations.map(|operation| operation.id.to_string()).collect()
}

/// The operation of `call OPERATION --help`: clap knows none of its parameters.
fn operation_of_help(arguments: impl Iterator<Item = String>) -> Option<String> {
    let mut rest = arguments.skip_while(|argument| argument != "call").skip(1);
    rest.next().filter(|operation| !operation.starts_with('-'))
}

/// What was typed that an error may be about.
fn typed(command: &Command) -> Typed<'_> {
    match command {
        Command::Ops { operation, .. } => Typed { operation: operation.as_deref(), ..Typed::default() },
        Command::Call(options) => Typed {
            operation: Some(&options.operation),
            context: options.target.context.as_deref(),
            target: options.target.target.as_deref(),
        },
        Command::Target(TargetCommand::Remove { name } | TargetCommand::Default { name }) => {
            Typed { target: Some(name), ..Typed::default() }
        }
        Command::Target(TargetCommand::Check(options)) => Typed { target: options.named(), ..Typed::default() },
        Command::Topology(options) => Typed {
            context: options.target.context.as_deref(),
            target: options.target.target.as_deref(),
            ..Typed::default()
        },
        Command::Demo(_)
        | Command::Plans
        | Command::Plan { .. }
        | Command::Approve(_)
        | Command::Reject { .. }
        | Command::Execute(_)
        | Command::Approver(_)
        | Command::Audit { .. }
        | Command::Inspect { .. }
        | Command::Rbac(_)
        | Command::Target(_)
        | Command::Policy(_)
        | Command::Completions { .. } => Typed::default(),
    }
}

fn fail(printer: &Printer, error: CallError, typed: Typed<'_>) -> ExitCode {
    let Advised { mut error, beside, meant } = advice::of(error, typed);
    let is_for_people = printer.format() == Format::Table;
    if is_for_people && error.code == ErrorCode::UnknownOperation && meant == Meant::Known {
        // Whoever is told which one was meant need not look through all of them.
        error.details.remove("candidates");
    }
    if is_for_people && error.code == ErrorCode::ApprovalRequired && !prompt::is_there_somebody() {
        // At a terminal it has been shown.
        error.details.get("plan").iter().for_each(|plan| printer.plan(plan));
    }
    printer.error(&error, beside.as_deref());
    match error.code {
        ErrorCode::ApprovalRequired => ExitCode::from(APPROVAL_REQUIRED),
        _ => ExitCode::from(FAILED),
    }
}

async fn run(cli: &Cli, printer: &Printer) -> Result<(), CallError> {
    match &cli.command {
        Command::Ops { operation, component } => {
            let connector = load(&host()?, cli.component(component)).await?;
            match operation {
                None => inspect::operations(&connector, printer),
                Some(id) if meant_operation(id) == DISCOVERY => inspect::discovery(connector.discovery()?, printer),
                Some(id) => inspect::operation(connector.operation(id)?, printer),
            }
        }
        Command::Inspect { component } => inspect::component(load(&host()?, Some(component)).await?.as_ref(), printer),
        Command::Rbac(options) => {
            let connector = load(&host()?, cli.component(&options.component)).await?;
            rbac::print(options, &connector, cli.output, printer)
        }
        Command::Call(options) => call(cli, options, printer).await,
        Command::Topology(options) => topology::run(cli, options, printer).await,
        Command::Demo(options) => demo::run(options, printer).await,
        Command::Plans => plans::list(cli, printer).await,
        Command::Plan { id } => plans::show(cli, id, printer).await,
        Command::Approve(options) => plans::approve(cli, options, printer).await,
        Command::Reject { id } => plans::reject(cli, id, printer).await,
        Command::Execute(options) => plans::execute(cli, options, printer).await,
        Command::Approver(ApproverCommand::Init(options)) => {
            approver::init(options, Store::of(cli.config.as_deref()).as_ref(), printer)
        }
        Command::Audit { command, filter } => audit::run(cli, command.as_ref(), filter, printer),
        Command::Policy(PolicyCommand::Check { file, component }) => {
            let connector = load(&host()?, cli.component(component)).await?;
            policy_check::run(file.as_deref(), &connector, printer)
        }
        Command::Target(command) => target(cli, command, printer).await,
        Command::Completions { shell, component } => {
            let connector = load(&host()?, cli.component(component)).await?;
            printer.people(&completions::script(*shell, connector.catalogue())).map(drop)
        }
    }
}

async fn target(cli: &Cli, command: &TargetCommand, printer: &Printer) -> Result<(), CallError> {
    match command {
        TargetCommand::Add(options) => targets::add(options, &store(cli)?, printer).await,
        TargetCommand::List => targets::list(&store(cli)?, printer),
        TargetCommand::Remove { name } => targets::remove(name, &store(cli)?, printer),
        TargetCommand::Default { name } => targets::set_default(name, &store(cli)?, printer),
        TargetCommand::Names => targets::names(&store(cli)?, printer),
        TargetCommand::Check(options) => {
            printer.progress().begins(Stage::Loading);
            let host = Host::new(state::settings(cli)?)?;
            let connector = load(&host, cli.component(&options.component)).await?;
            printer.progress().is_at(Stage::Waiting);
            targets::check(&host, &connector, options, Store::of(cli.config.as_deref()).as_ref(), printer).await
        }
    }
}

/// A host; made where a component runs, and not for what only reads a file.
fn host() -> Result<Host, CallError> {
    Host::new(HostSettings::default())
}

fn store(cli: &Cli) -> Result<Store, CallError> {
    Store::of(cli.config.as_deref()).ok_or_else(|| {
        CallError::new(
            ErrorCode::InvalidRequest,
            "there is no place for a configuration: neither HOME nor XDG_CONFIG_HOME is set",
        )
        .hint("name a file with --config")
    })
}

/// The component that was named, or the built-in one.
async fn load(host: &Host, path: Option<&Path>) -> Result<Arc<Connector>, CallError> {
    let bytes = match path {
        Some(path) => component_at(path)?,
        None => meho_artifacts::KUBERNETES.to_vec(),
    };
    host.load(bytes).await
}

fn component_at(path: &Path) -> Result<Vec<u8>, CallError> {
    file::read(path, MAX_COMPONENT_BYTES as u64).map_err(|error| {
        let message = format!("the component {} cannot be read: {error}", safe(&path.display().to_string()));
        CallError::new(ErrorCode::InvalidRequest, message)
    })
}

async fn call(cli: &Cli, options: &CallOptions, printer: &Printer) -> Result<(), CallError> {
    printer.progress().begins(Stage::Loading);
    let host = Host::new(state::settings(cli)?)?;
    let connector = load(&host, cli.component(&options.component)).await?;
    if meant_operation(&options.operation) == DISCOVERY {
        let message = format!("{DISCOVERY} is no operation: it gives a graph and no rows");
        return Err(CallError::new(ErrorCode::UnknownOperation, message).hint("`meho-host topology` runs it"));
    }
    let operation = connector.operation(&options.operation)?;
    let filter = Filter::new(&options.only, operation)?;
    let choice = target::choose(&options.target, Store::of(cli.config.as_deref()).as_ref());
    // What is wrong with the arguments is wrong wherever they go.
    let namespace = choice.as_ref().ok().and_then(|choice| choice.namespace.as_deref());
    let arguments = arguments::merge(&options.given, &operation.arguments, namespace)?;
    let target = choice?.target()?;
    let one_namespace = arguments.get(arguments::NAMESPACE).and_then(serde_json::Value::as_str);
    let namespaces = match one_namespace {
        Some(namespace) if !namespace.is_empty() => Namespaces::One,
        Some(_) | None => Namespaces::Any,
    };
    let call = Call {
        operation: options.operation.clone(),
        arguments,
        principal: target::principal(),
        timeout: options.timeout.map(std::time::Duration::from_secs),
        note: options.target.note(),
    };
    let key = approver::key_for(target.approvers(), None, Store::of(cli.config.as_deref()).as_ref());
    let approver = Arc::new(prompt::Terminal { progress: printer.progress().clone(), key, family: target.family() });
    let entity = operation.entity.as_ref().map(|entity| entity.name.as_str());
    printer.progress().is_at(Stage::Waiting);
    let mut stream = host.call(&connector, &target, call, approver);
    let about = About { entity, columns: operation.returns.columns(), lists: operation.returns.lists(), namespaces };
    printer.answer(&mut stream, about, filter).await
}
