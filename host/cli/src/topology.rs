//! `topology`: what there is in a target and how it hangs together, as data, as a tree, and drawn.

use crate::arguments::{Cli, Drawing, NAMESPACE, TopologyOptions, merge};
use crate::document::Document;
use crate::output::{Format, Printer, Reader};
use crate::progress::Stage;
use crate::store::Store;
use crate::{load, state, target};
use meho_host::discovery::Discover;
use meho_host::error::{CallError, ErrorCode};
use meho_host::graph::find::NotFound;
use meho_host::graph::finding::Entity;
use meho_host::graph::tree::{self, Bounds};
use meho_host::graph::{Graph, dot, page};
use meho_host::host::{CallStream, Event, Host};
use meho_host::policy::catalogue::Discovery;
use meho_host::policy::denial::Rule;
use meho_host_cli::branches;
use meho_host_cli::text::safe;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// What parts the type, the namespace and the name of what is asked for.
const SEPARATOR: char = '/';

/// Discovers, and prints what was found.
pub(crate) async fn run(cli: &Cli, options: &TopologyOptions, printer: &Printer) -> Result<(), CallError> {
    printer.progress().begins(Stage::Loading);
    let host = Host::new(state::settings(cli)?)?;
    let connector = load(&host, cli.component(&options.component)).await?;
    let choice = target::choose(&options.target, Store::of(cli.config.as_deref()).as_ref());
    // What is wrong with the arguments is wrong wherever they go.
    let of_target = choice.as_ref().ok().and_then(|choice| choice.namespace.as_deref());
    let arguments = arguments(options, connector.discovery()?, of_target)?;
    let target = choice?.target()?;
    let namespace = arguments.get(NAMESPACE).and_then(Value::as_str).filter(|name| !name.is_empty());
    let namespace = namespace.map(str::to_owned);
    let timeout = options.timeout.map(Duration::from_secs);
    printer.progress().is_at(Stage::Waiting);
    let stream = host.discover(&connector, &target, Discover { arguments, principal: target::principal(), timeout });
    if printer.format() == Format::Jsonl && options.from.is_none() && options.draw.is_none() {
        return findings(stream, printer).await.map_err(|error| advised(error, connector.discovery()));
    }
    let collected = stream.collect_graph().await;
    let (whole, answer) = collected.map_err(|error| advised(error, connector.discovery()))?;
    let start = match &options.from {
        Some(text) => Some(whole.find(text, namespace.as_deref()).map_err(of_find)?),
        None => None,
    };
    let near = start.map(|start| whole.around(start, options.depth as usize));
    let graph = near.as_ref().unwrap_or(&whole);
    let title = format!("{} at {}", connector.catalogue().identity().family, target.server());
    match (options.draw, printer.format()) {
        (Some(Drawing::Html), _) => printer.written(|out| page::write(graph, &title, out))?,
        (Some(Drawing::Dot), _) => printer.written(|out| dot::write(graph, &title, out))?,
        (None, Format::Table) => printer.people(&tree(graph, start, printer)).map(drop)?,
        (None, Format::Json | Format::Yaml) => {
            return printer.document(&Document { data: graph, meta: &answer.meta });
        }
        (None, Format::Jsonl) => {
            printer.lines(&lines(graph))?;
            printer.trailer_of_graph(&answer.meta, graph.coverage());
            return Ok(());
        }
    }
    printer.notes(&answer.meta);
    Ok(())
}

/// For people: all of it, or what leads to one thing and what that stands on.
fn tree(graph: &Graph, start: Option<&Entity>, printer: &Printer) -> String {
    let bounds = Bounds::default();
    let escape = |text: &str| safe(text);
    let lines = match start {
        Some(start) => tree::lines_around(graph, start, bounds, &escape),
        None => tree::lines(graph, bounds, &escape),
    };
    branches::lines(&lines, &printer.view(None))
}

/// What was given, typed by the schema. A start in a namespace narrows what is read to that, unless another is asked for: nothing that hangs together with it is in others.
fn arguments(
    options: &TopologyOptions,
    discovery: &Discovery,
    of_target: Option<&str>,
) -> Result<Map<String, Value>, CallError> {
    let of_start = options.from.as_deref().and_then(|text| {
        let mut parts = text.split(SEPARATOR);
        let namespace = parts.nth(1)?;
        parts.next().map(|_| namespace)
    });
    merge(&options.given, &discovery.arguments, of_start.or(of_target))
}

/// The findings as they come.
async fn findings(mut stream: CallStream, printer: &Printer) -> Result<(), CallError> {
    while let Some(event) = stream.next().await {
        match event {
            Event::Rows(batch) => {
                printer.progress().rows(batch.len());
                // Dropping the stream ends the call: nobody wants the rest.
                if printer.lines(&String::from_utf8_lossy(batch.lines()))? == Reader::Gone {
                    return Ok(());
                }
            }
            Event::End(ended) => {
                let answer = ended?;
                if let Some(coverage) = &answer.coverage {
                    printer.trailer_of_graph(&answer.meta, coverage);
                }
            }
        }
    }
    Ok(())
}

/// What a graph has, a line each.
fn lines(graph: &Graph) -> String {
    let entities = graph.entities().iter().map(|entity| json!({"entity": entity}));
    let relationships = graph.relationships().iter().map(|relationship| json!({"relationship": relationship}));
    entities.chain(relationships).map(|line| format!("{line}\n")).collect()
}

/// Where a policy allows some namespaces only, what can be asked for all the same: what is of the cluster is refused as a whole.
fn advised(error: CallError, discovery: Result<&Discovery, CallError>) -> CallError {
    let is_of_namespaces = error.details.get("rule").is_some_and(|rule| *rule == Rule::PolicyNamespace.as_str());
    let Some(discovery) = discovery.ok().filter(|_| is_of_namespaces) else { return error };
    let in_namespaces = discovery.entities.iter().filter(|entity| entity.id.contains(SEPARATOR));
    let kinds: Vec<&str> = in_namespaces.map(|entity| entity.name.as_str()).collect();
    error.hint(format!(
        "ask for one of the namespaces that are allowed, and for what is in it: kinds={}",
        kinds.join(",")
    ))
}

fn of_find(error: NotFound) -> CallError {
    let (code, hint) = match &error {
        NotFound::NotAName => (ErrorCode::InvalidRequest, "as in --from pod/production/api-gateway"),
        NotFound::None { .. } => {
            (ErrorCode::NotFound, "look whether its type and namespace are among those that were read")
        }
        NotFound::Several { .. } => (ErrorCode::InvalidRequest, "name it with its namespace: TYPE/NAMESPACE/NAME"),
    };
    let told = CallError::new(code, format!("--from: {error}")).hint(hint);
    match error {
        NotFound::None { candidates } | NotFound::Several { candidates, .. } if !candidates.is_empty() => {
            told.detail("candidates", candidates)
        }
        _ => told,
    }
}
