//! The command line, and arguments of operations on it.

use crate::output::Format;
use clap::{Args, Parser, Subcommand};
use meho_host::error::{CallError, ErrorCode};
use meho_host::policy::catalogue::Operation;
use meho_host::policy::schema::{DRY_RUN, ParameterType};
use serde_json::{Map, Value};
use std::path::PathBuf;

/// Works on real infrastructure through sandboxed connectors.
#[derive(Debug, Parser)]
#[command(name = "meho-host", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Another component than the built-in Kubernetes connector
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) connector: Option<PathBuf>,

    /// How to print: a table at a terminal and JSON elsewhere, unless named
    #[arg(short, long, value_name = "FORMAT", global = true)]
    pub(crate) output: Option<Format>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the operations that the connector offers
    Ops,
    /// Run an operation
    ///
    /// A read runs at once. Anything that changes the target is shown first, as the exact request that would be sent, and is sent only
    /// after a yes at the terminal. Elsewhere nothing is sent, and the exit code is 3.
    #[command(after_help = "Examples:\n  \
        meho-host call list_pods namespace=production\n  \
        meho-host call get_pod_logs namespace=production name=api-gateway tail_lines=200\n  \
        meho-host call scale_deployment namespace=web name=nginx replicas=5\n  \
        meho-host call list_pods --server https://10.0.0.1:6443 --token-file token --ca-file ca.pem -o jsonl")]
    Call(CallOptions),
    /// Show what a component is and may do, without running an operation of it
    Inspect {
        /// The component
        component: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CallOptions {
    /// The operation
    pub(crate) operation: String,
    /// Its arguments
    #[arg(value_name = "KEY=VALUE")]
    pub(crate) pairs: Vec<String>,
    /// Its arguments as a JSON object; KEY=VALUE goes first
    #[arg(long, value_name = "JSON")]
    pub(crate) args: Option<String>,
    /// How many seconds the call may take
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: Option<u64>,
    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

/// Where to. With none of these, the current kubeconfig's current context.
#[derive(Debug, Args)]
pub(crate) struct TargetOptions {
    /// A kubeconfig
    #[arg(long, value_name = "FILE", help_heading = "Target", conflicts_with = "server")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// A context of the kubeconfig
    #[arg(long, value_name = "NAME", help_heading = "Target", conflicts_with = "server")]
    pub(crate) context: Option<String>,
    /// The URL of an API server
    #[arg(long, value_name = "URL", help_heading = "Target", requires = "token_file")]
    pub(crate) server: Option<String>,
    /// A file with the token for --server; read anew at each call
    #[arg(long, value_name = "FILE", help_heading = "Target", requires = "server")]
    pub(crate) token_file: Option<PathBuf>,
    /// The CA that signed the server's certificate, as PEM
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Target",
        requires = "server",
        conflicts_with = "skip_tls_verification"
    )]
    pub(crate) ca_file: Option<PathBuf>,
    /// Do not verify who answers. Whoever is between can read the token
    #[arg(long, help_heading = "Target", requires = "server")]
    pub(crate) skip_tls_verification: bool,
}

/// The arguments of a call: the JSON object, then the pairs, each typed by the operation's schema.
pub(crate) fn merge(options: &CallOptions, operation: &Operation) -> Result<Map<String, Value>, CallError> {
    let refused = |message: String| CallError::new(ErrorCode::InvalidRequest, message);
    let mut arguments = match &options.args {
        None => Map::new(),
        Some(text) => match serde_json::from_str(text) {
            Ok(Value::Object(members)) => members,
            Ok(_) => return Err(refused("--args: a JSON object is wanted".to_owned())),
            Err(error) => return Err(refused(format!("--args: this is not JSON: {error}"))),
        },
    };
    for pair in &options.pairs {
        let (name, text) = pair
            .split_once('=')
            .ok_or_else(|| refused(format!("{}: an argument is written KEY=VALUE", crate::text::safe(pair))))?;
        arguments.insert(name.to_owned(), typed(name, text, operation));
    }
    Ok(arguments)
}

/// Text as the schema's type. What does not parse stays text: the host's check says what is wanted.
fn typed(name: &str, text: &str, operation: &Operation) -> Value {
    let as_flag = || text.parse::<bool>().map_or_else(|_| Value::from(text), Value::from);
    if name == DRY_RUN {
        return as_flag();
    }
    let parameter = operation.arguments.parameters().get(name);
    match parameter.map(|parameter| &parameter.kind) {
        Some(ParameterType::Integer) => text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
        Some(ParameterType::Boolean) => as_flag(),
        Some(ParameterType::Texts) => text.split(',').map(Value::from).collect(),
        Some(ParameterType::Text(_)) | None => Value::from(text),
    }
}
