//! What a component is and may do, without running an operation of it.

use crate::arguments::NAMESPACE;
use crate::output::{Format, Printer};
use meho_host::connector::Connector;
use meho_host::error::CallError;
use meho_host::policy::catalogue::{Callable, Discovery, Operation, ResultKind};
use meho_host::policy::effect::{Effect, Need, Trust};
use meho_host::policy::family::Family;
use meho_host::policy::family::kubernetes::{attributes, trust_of};
use meho_host::policy::grammar::DISCOVERY;
use meho_host::policy::schema::{DRY_RUN, Parameter, ParameterType};
use meho_host_cli::paint::Tone;
use meho_host_cli::table::{Own, Rows};
use meho_host_cli::text::{GOES_ON, safe, wrapped};
use meho_host_cli::view::View;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The catalogue.
pub(crate) fn operations(connector: &Connector, printer: &Printer) -> Result<(), CallError> {
    let operations = connector.catalogue().operations();
    if printer.format() == Format::Table {
        let (text, left_out) = table(operations, &printer.view(None));
        printer.people(&text)?;
        printer.left_out(&left_out);
        return Ok(());
    }
    let shown: Vec<Value> = operations.iter().map(show).collect();
    if printer.format() == Format::Jsonl {
        let lines: String = shown.iter().map(|operation| format!("{operation}\n")).collect();
        return printer.lines(&lines).map(drop);
    }
    printer.document(&shown)
}

/// One operation: what it takes, what it sends, and how it is called.
pub(crate) fn operation(operation: &Operation, printer: &Printer) -> Result<(), CallError> {
    one(operation.into(), &operation.category, &show(operation), printer)
}

/// Discovery, likewise, and what it finds.
pub(crate) fn discovery(discovery: &Discovery, printer: &Printer) -> Result<(), CallError> {
    one(discovery.into(), "topology", &show_discovery(discovery), printer)
}

fn one(callable: Callable<'_>, category: &str, shown: &Value, printer: &Printer) -> Result<(), CallError> {
    match printer.format() {
        Format::Table => printer.people(&sheet(callable, category, &printer.view(None))).map(drop),
        Format::Jsonl => printer.lines(&format!("{shown}\n")).map(drop),
        Format::Json | Format::Yaml => printer.document(shown),
    }
}

/// The component.
pub(crate) fn component(connector: &Connector, printer: &Printer) -> Result<(), CallError> {
    let identity = connector.catalogue().identity();
    if printer.format() != Format::Table {
        return printer.document(&json!({
            "digest": connector.digest().to_string(),
            "size_bytes": connector.size_bytes(),
            "identity": identity,
            "imports": connector.imports(),
            "operations": connector.catalogue().operations().iter().map(show).collect::<Vec<_>>(),
            "topology": connector.catalogue().topology().map(show_discovery),
        }));
    }
    let view = printer.view(None);
    let mut text = format!(
        "{} {}\n  it says of itself: {}\n  family   {}\n  digest   {}\n  size     {} bytes\n  imports\n",
        safe(&identity.name),
        safe(&identity.version),
        safe(&identity.summary),
        safe(&identity.family),
        connector.digest(),
        connector.size_bytes(),
    );
    connector.imports().iter().for_each(|import| text.push_str(&imported(import)));
    for operation in connector.catalogue().callables() {
        text.push_str(&format!("\n{} ({})\n", safe(operation.id.as_str()), operation.trust));
        operation.effects.described().iter().for_each(|effect| show_effect(effect, &view, &mut text));
    }
    printer.people(&text).map(drop)
}

/// An import, with what is behind it: of what the names of some promise a component gets nothing.
fn imported(import: &str) -> String {
    let name = import.split('@').next().unwrap_or(import);
    let behind = match name.split_once('/') {
        Some(("wasi:http", _)) => "only requests that the host has judged",
        Some(("wasi:cli", "environment")) => "answered with nothing",
        Some(("wasi:cli", "stdin" | "terminal-input" | "terminal-stdin")) => "answered with nothing: nobody types",
        Some(("wasi:cli", "stdout" | "stderr")) => "lines of the call's record",
        Some(("wasi:cli", "terminal-output" | "terminal-stdout" | "terminal-stderr")) => {
            "answered with no: it is at no terminal"
        }
        Some(("wasi:clocks", "wall-clock")) => "one time for a whole call",
        Some(("wasi:random", _)) => "of one seed for a whole call",
        _ => return format!("    {}\n", safe(import)),
    };
    format!("    {:IMPORT$}  {behind}\n", safe(import))
}

/// How wide the imports are, most of them.
const IMPORT: usize = 40;

/// One kind of request for people: what it is, when it is made, and all that would stand in it.
fn show_effect(effect: &Effect, view: &View, text: &mut String) {
    let mut put = |line: &str| {
        let lines = view.width.map_or_else(|| vec![safe(line)], |width| wrapped(line, width));
        lines.iter().for_each(|line| text.push_str(&format!("{line}\n")));
    };
    let query: Vec<String> = effect.shown_query().iter().map(|(key, value)| format!("{key}={value}")).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    put(&format!("  {} {}{query}", effect.method, effect.shown_path()));
    let need = match effect.need {
        Need::Required => "required",
        Need::Optional => "optional",
    };
    let count = match (effect.count.series, effect.count.pages) {
        (1, 1) => "once".to_owned(),
        (series, 1) => format!("at most {series} times"),
        (1, pages) => format!("at most {pages} pages"),
        (series, pages) => format!("at most {series} times {pages} pages"),
    };
    put(&format!("    {} {}, {need}, {count}", effect.id, effect.trust));
    let shown = effect.shown();
    for condition in shown["when"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        put(&format!("    when {condition}"));
    }
    if effect.accept != ["application/json"] {
        put(&format!("    accept {}", effect.accept.join(", ")));
    }
    if let Some(body) = &effect.body {
        put(&format!("    body {}", body.media_type));
        let pretty = serde_json::to_string_pretty(&shown["body"]).unwrap_or_default();
        pretty.lines().for_each(|line| put(&format!("    {GOES_ON}{line}")));
    }
}

/// What stands before the lines of a section.
const INDENT: &str = "  ";

/// The operations by category. The parameters that must be given are marked by what others stand in.
fn table(operations: &[Operation], view: &View) -> (String, Vec<String>) {
    let (mut text, mut left_out) = (String::new(), BTreeSet::new());
    let mut done = BTreeSet::new();
    for category in operations.iter().map(|operation| operation.category.as_str()) {
        if !done.insert(category) {
            continue;
        }
        text.push_str(&format!("{}\n", view.paint.paint(Tone::Heading, &safe(category))));
        let mut rows = Rows::own(Own::Operations);
        for operation in operations.iter().filter(|operation| operation.category == category) {
            let parameters = operation.arguments.parameters().iter();
            let marked = parameters.map(|(name, parameter)| (!parameter.required, name));
            // Those that must be given first.
            let marked: BTreeSet<_> = marked.collect();
            let dry_run = (operation.trust > Trust::Read).then(|| format!("[{DRY_RUN}]"));
            let shown =
                marked.iter().map(|(optional, name)| if *optional { format!("[{name}]") } else { (*name).clone() });
            let shown = shown.chain(dry_run);
            rows.push(&json!({
                "operation": operation.id.as_str(),
                "trust": operation.trust.to_string(),
                "summary": operation.summary,
                "parameters": shown.collect::<Vec<_>>().join(" "),
            }));
        }
        section(&rows.take(&view.narrower(INDENT.len())), &mut text);
        left_out.extend(rows.left_out().iter().cloned());
        text.push('\n');
    }
    let more = "[…] may be left out. `meho-host ops OPERATION` shows one whole. What there is and how it hangs together: `meho-host topology`.";
    wrapped(more, view.width.unwrap_or(usize::MAX)).iter().for_each(|line| text.push_str(&format!("{line}\n")));
    (text, left_out.into_iter().collect())
}

/// Lines that belong to what stands above them.
fn section(lines: &str, text: &mut String) {
    lines.lines().for_each(|line| text.push_str(&format!("{INDENT}{line}\n")));
}

/// One operation for people.
fn sheet(operation: Callable<'_>, category: &str, view: &View) -> String {
    let heading = |words: &str| view.paint.paint(Tone::Heading, words);
    let mut text = format!("{}  {}, {}\n", heading(&safe(operation.id.as_str())), operation.trust, safe(category),);
    wrapped(&format!("{INDENT}{}", operation.summary), view.width.unwrap_or(usize::MAX))
        .iter()
        .for_each(|line| text.push_str(&format!("{line}\n")));
    if let Some(raised) = raised(operation) {
        let line = format!("{INDENT}DESTRUCTIVE where it ends what runs: {raised}");
        text.push_str(&format!("{}\n", view.paint.paint(Tone::Bad, &line)));
    }
    let mut rows = Rows::own(Own::Parameters);
    let mut parameters: Vec<Value> = parameters(operation);
    parameters.sort_by_key(|parameter| parameter["required"] != Value::Bool(true));
    parameters.iter().for_each(|parameter| rows.push(parameter));
    text.push_str(&format!("\n{}\n", heading("parameters")));
    if parameters.is_empty() {
        section("none", &mut text);
    } else {
        section(&rows.take(&view.narrower(INDENT.len())), &mut text);
    }
    text.push_str(&format!("\n{}\n", heading("requests that it may make, and no others")));
    operation.effects.described().iter().for_each(|effect| show_effect(effect, view, &mut text));
    text.push_str(&format!("\n{}\n", heading("example")));
    section(&example(operation), &mut text);
    text
}

/// The arguments of nothing that make a write of this operation DESTRUCTIVE, as the host takes it.
fn raised(operation: Callable<'_>) -> Option<String> {
    match operation.effects.family() {
        Family::Kubernetes => {}
        // What a body does there is not known.
        Family::GenericHttp => return None,
    }
    let may_be_nothing = |parameter: &Parameter| {
        parameter.kind == ParameterType::Integer && parameter.bounds.0.is_none_or(|least| least <= 0)
    };
    let parameters = operation.arguments.parameters().iter().filter(|(_, parameter)| may_be_nothing(parameter));
    let raises = |name: &str| {
        let trust = |effect: &Effect| {
            let body = with_nothing(&effect.shown()["body"], name);
            let path = effect.shown_path();
            let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
            trust_of(effect.method, &attributes(effect.method, &segments), Some(&body))
        };
        let writes = operation.effects.described().iter().filter(|effect| effect.body.is_some());
        operation.trust < Trust::Destructive && writes.into_iter().any(|effect| trust(effect) == Trust::Destructive)
    };
    let names: Vec<String> = parameters.filter(|(name, _)| raises(name)).map(|(name, _)| format!("{name}=0")).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// A body with 0 where this argument stands, and text where anything else does that varies.
fn with_nothing(template: &Value, argument: &str) -> Value {
    match template {
        Value::Object(members) if members.get("$argument").and_then(Value::as_str) == Some(argument) => json!(0),
        Value::Object(members) if members.keys().any(|name| name.starts_with('$')) => json!("…"),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), with_nothing(value, argument))).collect()
        }
        Value::Array(items) => items.iter().map(|item| with_nothing(item, argument)).collect(),
        other => other.clone(),
    }
}

/// A command line that calls an operation: with what it must be given or, where that is nothing, a namespace.
fn example(operation: Callable<'_>) -> String {
    let parameters = operation.arguments.parameters();
    let mut given: Vec<String> = parameters
        .iter()
        .filter(|(name, parameter)| parameter.required && name.as_str() != NAMESPACE)
        .map(|(name, parameter)| format!("{name}={}", example_value(name, parameter)))
        .collect();
    if let Some(namespace) = parameters.get(NAMESPACE) {
        given.insert(0, format!("{NAMESPACE}={}", example_value(NAMESPACE, namespace)));
    }
    let command = if operation.id.as_str() == DISCOVERY { "topology" } else { "call" };
    let id = (command == "call").then(|| operation.id.to_string());
    let words: Vec<String> = id.into_iter().chain(given).collect();
    format!("meho-host {command} {}", words.join(" "))
}

/// The number of an example, where it may be that.
const USUAL_NUMBER: i64 = 3;

/// A value that a parameter may have. Words of the connector's are not made part of a command line that people copy.
fn example_value(name: &str, parameter: &Parameter) -> String {
    match parameter.kind {
        ParameterType::Integer => {
            let (least, most) = parameter.bounds;
            let value = least.map_or(USUAL_NUMBER, |least| least.max(USUAL_NUMBER));
            most.map_or(value, |most| most.min(value)).to_string()
        }
        ParameterType::Boolean => "true".to_owned(),
        ParameterType::Text(_) | ParameterType::Texts => match name {
            NAMESPACE => "production".to_owned(),
            other => other.to_uppercase(),
        },
    }
}

/// The parameters for programs, with the host's own.
fn parameters(operation: Callable<'_>) -> Vec<Value> {
    let mut parameters: Vec<Value> =
        operation.arguments.parameters().iter().map(|(name, parameter)| show_parameter(name, parameter)).collect();
    if operation.trust > Trust::Read {
        parameters.push(json!({
            "name": DRY_RUN,
            "type": "boolean",
            "required": false,
            "default": false,
            "description": "Show the request that would be sent, and send nothing",
        }));
    }
    parameters
}

fn show(operation: &Operation) -> Value {
    json!({
        "id": operation.id.as_str(),
        "title": operation.title,
        "summary": operation.summary,
        "category": operation.category,
        "trust_level": operation.trust.to_string(),
        "entity": operation.entity.as_ref().map(|entity| json!({"type": entity.name, "id": entity.id_member, "name": entity.name_member})),
        "parameters": parameters(operation.into()),
        "result": {
            "kind": match operation.kind {
                ResultKind::List => "array",
                ResultKind::Object => "object",
            },
            "schema": operation.returns.source(),
        },
        "rbac": meho_host::policy::rbac::rights(&operation.effects, &operation.arguments),
        "effects": operation.effects.described().iter().map(meho_host::policy::effect::Effect::shown).collect::<Vec<_>>(),
    })
}

fn show_discovery(discovery: &Discovery) -> Value {
    json!({
        "id": discovery.id.as_str(),
        "summary": discovery.summary,
        "trust_level": Trust::Read.to_string(),
        "parameters": parameters(discovery.into()),
        "entities": discovery.entities,
        "relationships": discovery.relationships,
        "rbac": meho_host::policy::rbac::rights(&discovery.effects, &discovery.arguments),
        "effects": discovery.effects.described().iter().map(meho_host::policy::effect::Effect::shown).collect::<Vec<_>>(),
    })
}

fn show_parameter(name: &str, parameter: &Parameter) -> Value {
    let (kind, format) = match &parameter.kind {
        ParameterType::Text(format) => ("string", format.map(|format| format.as_str())),
        ParameterType::Integer => ("integer", None),
        ParameterType::Boolean => ("boolean", None),
        ParameterType::Texts => ("array", None),
    };
    json!({
        "name": name,
        "type": kind,
        "format": format,
        "required": parameter.required,
        "default": parameter.default,
        "allowed": parameter.allowed,
        "minimum": parameter.bounds.0,
        "maximum": parameter.bounds.1,
        "description": parameter.description,
    })
}
