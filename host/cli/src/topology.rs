//! `topology`: what there is in a target and how it hangs together, as data, as a tree, and drawn.

use crate::arguments::{Cli, Drawing, NAMESPACE, TopologyOptions, merge};
use crate::document::Document;
use crate::habits::list_of;
use crate::output::{Format, Printer, Reader};
use crate::progress::Stage;
use crate::store::Store;
use crate::{load, state, target};
use meho_host::call::AnswerMeta;
use meho_host::connector::Connector;
use meho_host::discovery::Discover;
use meho_host::error::{CallError, ErrorCode};
use meho_host::graph::find::NotFound;
use meho_host::graph::finding::Entity;
use meho_host::graph::tree::{self, Bounds};
use meho_host::graph::{Coverage, Extent, Graph, dot, page};
use meho_host::host::{CallStream, Event, Host};
use meho_host::policy::catalogue::Discovery;
use meho_host::policy::denial::Rule;
use meho_host_cli::branches;
use meho_host_cli::text::safe;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The argument that says which types are asked for.
const KINDS: &str = "kinds";
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
    let arguments = arguments(options, &connector, of_target)?;
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
        Some(text) => {
            let text = start_of(text, &connector);
            Some(whole.find(&text, namespace.as_deref()).map_err(|error| of_find(error, &text, whole.coverage()))?)
        }
        None => None,
    };
    let near = start.map(|start| whole.around(start, options.depth as usize));
    let graph = near.as_ref().unwrap_or(&whole);
    let title = format!("{} at {}", connector.catalogue().identity().family, target.server());
    match (options.draw, printer.format()) {
        (Some(Drawing::Html), _) => printer.written(|out| page::write(graph, &title, start, out))?,
        (Some(Drawing::Dot), _) => printer.written(|out| dot::write(graph, &title, start, out))?,
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
    if let (Some(start), Some(text)) = (start, &options.from)
        && !text.ends_with(&*start.id)
    {
        printer.note(&format!("{text} was taken for {}/{}", start.kind, start.id));
    }
    if let Some(namespace) = namespace {
        printer.note(&format!("of what is in namespaces only {namespace} was read"));
    }
    printer.notes(&untold(&answer.meta, graph.coverage(), options.draw.is_none()));
    Ok(())
}

/// What is to be known beside a graph. At the end of a tree stands what was not read.
fn untold(meta: &AnswerMeta, coverage: &Coverage, is_tree: bool) -> AnswerMeta {
    let mut meta = meta.clone();
    let is_told =
        |warning: &str| coverage.extents().any(|extent| extent.reason().is_some_and(|why| warning.ends_with(why)));
    let of_connector = meta.warnings_of_connector;
    let mut at = 0;
    let mut dropped = 0;
    meta.warnings.retain(|warning| {
        at += 1;
        let is_dropped = is_tree && at <= of_connector && is_told(warning);
        dropped += usize::from(is_dropped);
        !is_dropped
    });
    meta.warnings_of_connector = of_connector - dropped;
    meta
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

/// What was given, typed by the schema; kinds by whatever they are called.
fn arguments(
    options: &TopologyOptions,
    connector: &Connector,
    of_target: Option<&str>,
) -> Result<Map<String, Value>, CallError> {
    let discovery = connector.discovery()?;
    let mut arguments = merge(&options.given, &discovery.arguments, of_target)?;
    for kind in arguments.get_mut(KINDS).and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(known) = kind.as_str().and_then(|word| type_of(word, connector)) {
            *kind = known.into();
        }
    }
    Ok(arguments)
}

/// The type of entities that a word names: in any case, one or many, or as kubectl calls it for short.
fn type_of(word: &str, connector: &Connector) -> Option<String> {
    let catalogue = connector.catalogue();
    let types = &catalogue.topology()?.entities;
    let named = |word: &str| types.iter().find(|entity| entity.name.eq_ignore_ascii_case(word));
    let found = named(word).or_else(|| word.strip_suffix('s').and_then(named)).or_else(|| {
        let ids: Vec<&str> = catalogue.operations().iter().map(|operation| operation.id.as_str()).collect();
        let list = catalogue.operation(list_of(word, &ids)?)?;
        named(&list.entity.as_ref()?.name)
    });
    found.map(|entity| entity.name.clone())
}

/// `TYPE/NAME` with the type's own name.
fn start_of(text: &str, connector: &Connector) -> String {
    match text.split_once(SEPARATOR) {
        Some((word, name)) => format!("{}/{name}", type_of(word, connector).unwrap_or_else(|| word.to_owned())),
        None => text.to_owned(),
    }
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

/// Where not all of a type was read, that nothing of it goes by a name says nothing of whether there is such a thing.
fn of_find(error: NotFound, text: &str, coverage: &Coverage) -> CallError {
    let kind = text.split(SEPARATOR).next().unwrap_or_default();
    let unread = coverage.entities.iter().find(|of| of.kind.as_str() == kind && of.extent != Extent::Complete);
    if let (NotFound::None { .. }, Some(unread)) = (&error, unread) {
        let why = unread.extent.reason().unwrap_or_default();
        let message = format!("--from: not all of {kind} could be read, so it may be there or not: {why}");
        let code = match unread.extent {
            Extent::Denied(_) => ErrorCode::PermissionDenied,
            Extent::Partial(_) | Extent::Complete => ErrorCode::NotFound,
        };
        return CallError::new(code, message);
    }
    let (code, hint) = match &error {
        NotFound::NotAName => (ErrorCode::InvalidRequest, "as in --from pod/production/api-gateway"),
        NotFound::None { candidates } if candidates.is_empty() => {
            (ErrorCode::NotFound, "look whether its type and namespace are among those that were read")
        }
        NotFound::None { .. } => (ErrorCode::NotFound, "one of the candidates may be meant"),
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
