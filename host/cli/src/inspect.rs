//! What a component is and may do, without running an operation of it.

use crate::output::{Format, Printer};
use crate::text::{GOES_ON, safe};
use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use meho_host::connector::Connector;
use meho_host::error::CallError;
use meho_host::policy::catalogue::{Operation, ResultKind};
use meho_host::policy::effect::{Effect, Need, Trust};
use meho_host::policy::schema::{DRY_RUN, Parameter, ParameterType};
use serde_json::{Value, json};

/// The catalogue.
pub(crate) fn operations(connector: &Connector, printer: &Printer) -> Result<(), CallError> {
    let operations = connector.catalogue().operations();
    if printer.format() == Format::Table {
        return printer.people(&table(operations)).map(drop);
    }
    let shown: Vec<Value> = operations.iter().map(show).collect();
    if printer.format() == Format::Jsonl {
        let lines: String = shown.iter().map(|operation| format!("{operation}\n")).collect();
        return printer.lines(&lines).map(drop);
    }
    printer.document(&shown)
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
            "topology": connector.catalogue().topology().is_some(),
        }));
    }
    let mut text = format!(
        "{} {}\n  {}\n  family   {}\n  digest   {}\n  size     {} bytes\n  imports\n",
        safe(&identity.name),
        safe(&identity.version),
        safe(&identity.summary),
        safe(&identity.family),
        connector.digest(),
        connector.size_bytes(),
    );
    connector.imports().iter().for_each(|import| text.push_str(&format!("    {}\n", safe(import))));
    for operation in connector.catalogue().operations() {
        text.push_str(&format!("\n{} ({})\n", safe(operation.id.as_str()), operation.trust));
        operation.effects.described().iter().for_each(|effect| show_effect(effect, &mut text));
    }
    printer.people(&text).map(drop)
}

/// One kind of request for people: what it is, when it is made, and all that would stand in it.
fn show_effect(effect: &Effect, text: &mut String) {
    let mut put = |line: &str| {
        text.push_str(&safe(line));
        text.push('\n');
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

fn table(operations: &[Operation]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["OPERATION", "TRUST", "CATEGORY", "ARGUMENTS", "SUMMARY"]);
    for operation in operations {
        let arguments: Vec<String> = operation
            .arguments
            .parameters()
            .iter()
            .map(|(name, parameter)| if parameter.required { name.clone() } else { format!("[{name}]") })
            .collect();
        table.add_row([
            safe(operation.id.as_str()),
            operation.trust.to_string(),
            safe(&operation.category),
            safe(&arguments.join(" ")),
            safe(&operation.summary),
        ]);
    }
    format!("{table}\n")
}

fn show(operation: &Operation) -> Value {
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
    json!({
        "id": operation.id.as_str(),
        "title": operation.title,
        "summary": operation.summary,
        "category": operation.category,
        "trust_level": operation.trust.to_string(),
        "entity": operation.entity.as_ref().map(|entity| json!({"type": entity.name, "id": entity.id_member, "name": entity.name_member})),
        "parameters": parameters,
        "result": {
            "kind": match operation.kind {
                ResultKind::List => "array",
                ResultKind::Object => "object",
            },
            "schema": operation.returns.source(),
        },
        "effects": operation.effects.described().iter().map(meho_host::policy::effect::Effect::shown).collect::<Vec<_>>(),
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
