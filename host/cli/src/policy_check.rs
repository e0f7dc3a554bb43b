//! `policy check`: whether a policy can be read, whether what it says can come about with a connector, and what it comes to.

use crate::advice::nearest;
use crate::output::{Format, Printer};
use crate::rules;
use meho_host::connector::Connector;
use meho_host::error::{CallError, ErrorCode};
use meho_host::file;
use meho_host::policy::approver::Approvers;
use meho_host::policy::catalogue::Callable;
use meho_host::policy::effect::Trust;
use meho_host::policy::grammar::{DISCOVERY, Namespace};
use meho_host::policy::rbac::{Access, accesses};
use meho_host::policy::rules::{AutomaticApproval, Bounds, Names, SecretRule, TargetRules};
use meho_host::policy::schema::{Parameter, ParameterType};
use meho_host_cli::policy::{DEFAULT, Lines, Mistake, Policy};
use meho_host_cli::table::{Own, Rows};
use meho_host_cli::text::safe;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::{Path, PathBuf};

/// Largest draft.
const MAX_BYTES: u64 = 1 << 20;

fn refused(why: impl Into<String>) -> CallError {
    CallError::new(ErrorCode::InvalidRequest, why)
}

/// Reads it, checks it and prints what it comes to.
pub(crate) fn run(named: Option<&Path>, connector: &Connector, printer: &Printer) -> Result<(), CallError> {
    let (path, text) = read(named)?;
    let file = rules::shown(&path);
    let lines = Lines::of(&text).map_err(|mistake| told(&file, vec![mistake], printer))?;
    let policy = Policy::read(&text).map_err(|mistakes| told(&file, mistakes, printer))?;
    let operations: Vec<Callable<'_>> = connector.catalogue().callables().collect();
    let mut checking = Checking { lines, operations: &operations, mistakes: Vec::new(), notes: Vec::new() };
    for (at, _, rules) in sections(&policy) {
        checking.section(&at.iter().map(String::as_str).collect::<Vec<_>>(), rules);
    }
    let Checking { mut mistakes, mut notes, .. } = checking;
    if !mistakes.is_empty() {
        mistakes.sort_by_key(|mistake| mistake.line);
        return Err(told(&file, mistakes, printer));
    }
    notes.sort_by_key(|note| note.line);
    print(&policy, &file, &operations, &notes, printer)
}

fn read(named: Option<&Path>) -> Result<(PathBuf, String), CallError> {
    let Some(path) = named else {
        let there = rules::usual().map_or_else(String::new, |path| format!(": there is no {}", rules::shown(&path)));
        return rules::text()?.ok_or_else(|| {
            refused(format!("there is no policy{there}"))
                .hint("without one, whatever an operation's effects allow may be done")
        });
    };
    let unread = |why: &dyn Display| {
        refused(format!("the policy {} cannot be read: {why}", rules::shown(path)))
            .hint("name a draft's file; without one `meho-host policy check` checks the policy that holds")
    };
    let bytes = file::read(path, MAX_BYTES).map_err(|error| unread(&error))?;
    let text = String::from_utf8(bytes).map_err(|_| unread(&"it is no text in UTF-8"))?;
    Ok((path.to_owned(), text))
}

/// The mistakes, one a line for people and for the programs that read such lines.
fn told(file: &str, mistakes: Vec<Mistake>, printer: &Printer) -> CallError {
    let lines: Vec<String> =
        mistakes.iter().map(|mistake| format!("{file}:{}: {}", mistake.line, safe(&mistake.message))).collect();
    if printer.format() == Format::Table {
        let printed = printer.people(&lines.iter().map(|line| format!("{line}\n")).collect::<String>());
        if let Err(error) = printed {
            return error;
        }
    }
    let many = if mistakes.len() == 1 { "a mistake".to_owned() } else { format!("{} mistakes", mistakes.len()) };
    let error = refused(format!("the policy {file} has {many}"));
    if printer.format() == Format::Table {
        // They have been told.
        return error.hint("each line above says where and what; `meho-host policy check` again shows what is left");
    }
    error.detail("mistakes", as_json(&mistakes))
}

fn as_json(told: &[Mistake]) -> Vec<Value> {
    told.iter().map(|one| json!({"line": one.line, "message": one.message})).collect()
}

/// Each section: the keys that lead to it, its servers, its rules.
fn sections(policy: &Policy) -> impl Iterator<Item = (Vec<String>, Vec<String>, &TargetRules)> {
    let named = policy.sections.iter().map(|(name, section)| {
        let servers = section.servers.iter().map(ToString::to_string).collect();
        (vec!["target".to_owned(), name.to_string()], servers, &section.rules)
    });
    named.chain(policy.default.iter().map(|rules| (vec![DEFAULT.to_owned()], Vec::new(), rules)))
}

struct Checking<'c> {
    lines: Lines<'c>,
    operations: &'c [Callable<'c>],
    mistakes: Vec<Mistake>,
    /// What is no mistake, and may not be what was meant.
    notes: Vec<Mistake>,
}

impl<'c> Checking<'c> {
    fn wrong(&mut self, at: &[&str], more: &[&str], message: &str) {
        self.mistakes.push(self.lines.at(&[at, more].concat(), message));
    }

    /// The operation of this id; else the mistake.
    fn known(&mut self, at: &[&str], more: &[&str], id: &str) -> Option<Callable<'c>> {
        let found = self.operations.iter().find(|operation| operation.id.as_str() == id).copied();
        if found.is_none() {
            let names: Vec<&str> = self.operations.iter().map(|operation| operation.id.as_str()).collect();
            self.wrong(at, more, &format!("there is no operation {id}{}", meant(id, &names)));
        }
        found
    }

    fn section(&mut self, at: &[&str], rules: &TargetRules) {
        if let Names::Only(operations) = &rules.operations {
            for id in operations {
                // A list is in the order of the file, and these are not: its own place is found by the name.
                let place = self.lines.place_in(&[at, &["operations"]].concat(), id.as_str());
                self.known(at, &["operations", &place], id.as_str());
            }
        }
        for (id, level) in &rules.raised {
            let more = ["raise", id.as_str()];
            let Some(operation) = self.known(at, &more, id.as_str()) else { continue };
            let declared = operation.trust;
            if declared == Trust::Read {
                self.wrong(at, &more, &format!("{id} only reads: nothing in it could be planned and approved as {level}; leave it out of operations to forbid it"));
            } else if *level < declared {
                self.wrong(at, &more, &format!("{id} is {declared}: a level is raised and never lowered"));
            } else if *level == declared {
                self.wrong(at, &more, &format!("{id} is {declared} already"));
            }
        }
        for (place, automatic) in rules.automatic.iter().enumerate() {
            let place = place.to_string();
            let at = [at, &["automatic", place.as_str()]].concat();
            self.automatic(&at, automatic, rules);
        }
        if let Names::Only(namespaces) = &rules.namespaces {
            self.beyond(at, rules, namespaces);
        }
    }

    /// What is allowed by its name, and never stays within the namespaces that are.
    fn beyond(&mut self, at: &[&str], rules: &TargetRules, namespaces: &BTreeSet<Namespace>) {
        let mut refused = Vec::new();
        for operation in self.operations.iter().filter(|operation| rules.operations.has(operation.id)) {
            let beyond = resources_beyond(*operation, namespaces);
            if beyond.is_empty() {
                continue;
            }
            let place = self.lines.place_in(&[at, &["operations"]].concat(), operation.id.as_str());
            let more = if place.is_empty() { vec!["namespaces"] } else { vec!["operations", place.as_str()] };
            let id = operation.id.as_str();
            if id == DISCOVERY {
                let why = format!(
                    "{id} reaches beyond these namespaces for {}: it is refused here unless the kinds of those are left out (kinds=)",
                    beyond.join(", ")
                );
                self.notes.push(self.lines.at(&[at, &more].concat(), &why));
            } else if place.is_empty() {
                refused.push(id);
            } else {
                let why = format!("{id} reaches beyond any namespace: it is refused here");
                self.notes.push(self.lines.at(&[at, &more].concat(), &why));
            }
        }
        if !refused.is_empty() {
            let reach = if refused.len() == 1 {
                "reaches beyond any namespace: it is"
            } else {
                "reach beyond any namespace: they are"
            };
            let why = format!("{} {reach} refused here", refused.join(", "));
            self.notes.push(self.lines.at(&[at, &["namespaces"]].concat(), &why));
        }
    }

    fn automatic(&mut self, at: &[&str], automatic: &AutomaticApproval, rules: &TargetRules) {
        let id = &automatic.operation;
        let Some(operation) = self.known(at, &["operation"], id.as_str()) else { return };
        let raised = rules.raised.get(id).copied().unwrap_or(Trust::Read);
        match (operation.trust, raised) {
            (Trust::Read, _) => {
                self.wrong(at, &["operation"], &format!("{id} only reads: nothing of it is ever approved"));
            }
            (Trust::Destructive, _) | (_, Trust::Destructive) => {
                self.wrong(at, &["operation"], &format!("{id} is DESTRUCTIVE: that is never approved automatically"));
            }
            (Trust::Write, Trust::Read | Trust::Write) => {}
        }
        if !rules.operations.has(id) {
            self.wrong(at, &["operation"], &format!("{id} is not among the operations that are allowed here"));
        }
        if let Names::Only(namespaces) = &automatic.namespaces {
            if namespaces.is_empty() {
                self.wrong(at, &["namespaces"], "in no namespace nothing is ever approved");
            }
            for namespace in namespaces.iter().filter(|namespace| !rules.namespaces.has(namespace)) {
                let why = format!("the namespace {namespace} is not among those that are allowed here");
                self.wrong(at, &["namespaces"], &why);
            }
        }
        let parameters = operation.arguments.parameters();
        for (name, bounds) in &automatic.arguments {
            let more = ["arguments", name.as_str()];
            match parameters.get(name) {
                None => {
                    let names: Vec<&str> = parameters.keys().map(String::as_str).collect();
                    self.wrong(at, &more, &format!("{id} has no argument {}{}", safe(name), meant(name, &names)));
                }
                Some(parameter) => {
                    if let Err(why) = can_be_met(bounds, parameter) {
                        self.wrong(at, &more, &format!("{}: {why}", safe(name)));
                    }
                }
            }
        }
    }
}

/// The resources without which an operation fails, and which are in none of these namespaces whatever it is called with.
fn resources_beyond(operation: Callable<'_>, namespaces: &BTreeSet<Namespace>) -> Vec<String> {
    // Of a call that names an allowed one.
    let Some(named) = namespaces.first() else { return Vec::new() };
    let required = accesses(operation, Some(named)).required;
    let is_beyond = |access: &&Access| access.namespace().is_none_or(|place| !namespaces.contains(place));
    let resources: BTreeSet<String> =
        required.iter().filter(is_beyond).map(|access| access.right().resource.clone()).collect();
    resources.into_iter().collect()
}

fn meant(name: &str, known: &[&str]) -> String {
    nearest(name, known).map(|name| format!("; {name} is one")).unwrap_or_default()
}

/// Whether an argument of this parameter can be within the bounds.
fn can_be_met(bounds: &Bounds, parameter: &Parameter) -> Result<(), String> {
    let text = |text: &str| match (&parameter.kind, &parameter.allowed) {
        (ParameterType::Text(_) | ParameterType::Texts, Some(allowed)) if !allowed.iter().any(|one| one == text) => {
            Err(format!("it is never {}; it is one of {}", safe(text), allowed.join(", ")))
        }
        (ParameterType::Text(Some(format)), _) if !format.accepts(text) => {
            Err(format!("it is never {}: it is {}", safe(text), format.describe()))
        }
        _ => Ok(()),
    };
    let integer = |least: i64, most: i64| match parameter.bounds {
        (Some(lowest), _) if most < lowest => Err(format!("it is never less than {lowest}")),
        (_, Some(highest)) if least > highest => Err(format!("it is never more than {highest}")),
        _ => Ok(()),
    };
    match (bounds, &parameter.kind) {
        (Bounds::Integer(least, most), ParameterType::Integer) => integer(*least, *most),
        (Bounds::Exactly(Value::Number(number)), ParameterType::Integer) => {
            number.as_i64().map_or(Ok(()), |number| integer(number, number))
        }
        (Bounds::OneOf(texts), ParameterType::Text(_) | ParameterType::Texts) => {
            texts.iter().try_for_each(|one| text(one))
        }
        (Bounds::Exactly(Value::String(one)), ParameterType::Text(_)) => text(one),
        (Bounds::Exactly(Value::Bool(_)), ParameterType::Boolean) => Ok(()),
        (_, ParameterType::Integer) => Err("it is an integer: its bounds are min and max, or is".to_owned()),
        (_, ParameterType::Boolean) => Err("it is true or false: its bounds are is".to_owned()),
        (_, ParameterType::Text(_)) => Err("it is a text: its bounds are one-of, or is".to_owned()),
        (_, ParameterType::Texts) => Err("it is a list of texts: its bounds are one-of".to_owned()),
    }
}

/// What it comes to.
fn print(
    policy: &Policy,
    file: &str,
    operations: &[Callable<'_>],
    notes: &[Mistake],
    printer: &Printer,
) -> Result<(), CallError> {
    let shown: Vec<Value> = sections(policy)
        .map(|(at, servers, rules)| {
            let section = at.last().map(String::as_str).unwrap_or_default();
            json!({
                "section": section,
                "servers": servers,
                "components": names(&rules.components),
                "operations": names(&rules.operations),
                "namespaces": names(&rules.namespaces),
                "raise": rules.raised.iter().map(|(id, level)| (id.to_string(), json!(level.to_string()))).collect::<serde_json::Map<_, _>>(),
                "automatic": rules.automatic.iter().map(automatic).collect::<Vec<_>>(),
                "approvers": match &rules.approvers {
                    Approvers::Anybody => Value::Null,
                    Approvers::Keys(keys) => keys.iter().map(|key| json!({"name": key.name(), "fingerprint": key.fingerprint()})).collect(),
                },
                "redact_secrets": rules.secrets == SecretRule::Redacted,
                "budgets": {
                    "seconds": rules.allowance.wall.map(|wall| wall.as_secs()),
                    "requests": rules.allowance.requests,
                    "response_mib": rules.allowance.response_bytes.map(|bytes| bytes >> 20),
                    "memory_mib": rules.allowance.memory_bytes.map(|bytes| bytes >> 20),
                },
                "digest": rules.digest(),
            })
        })
        .collect();
    match printer.format() {
        Format::Json | Format::Yaml => {
            return printer.document(&json!({"file": file, "sections": shown, "notes": as_json(notes)}));
        }
        Format::Jsonl => {
            let lines: String = shown.iter().map(|section| format!("{section}\n")).collect();
            return printer.lines(&lines).map(drop);
        }
        Format::Table => {}
    }
    if shown.is_empty() {
        printer.note(&format!("{file} has no section and no [default]: on no server anything may be done"));
        return Ok(());
    }
    let mut rows = Rows::own(Own::Policy);
    shown.iter().for_each(|section| rows.push(&row(section, operations.len())));
    printer.people(&rows.take(&printer.view(None)))?;
    printer.note(&format!("{file} is in order"));
    for note in notes {
        printer.note(&format!("{file}:{}: {}", note.line, safe(&note.message)));
    }
    if policy.default.is_none() {
        printer.note("there is no [default]: on a server that no section names nothing is done");
    }
    Ok(())
}

/// `null` for any, else a list.
fn names<T: Display>(names: &Names<T>) -> Value {
    match names {
        Names::Any => Value::Null,
        Names::Only(names) => names.iter().map(ToString::to_string).collect(),
    }
}

fn automatic(rule: &AutomaticApproval) -> Value {
    let bounds = |bounds: &Bounds| match bounds {
        Bounds::Integer(least, most) => json!({"min": least, "max": most}),
        Bounds::OneOf(texts) => json!({"one_of": texts}),
        Bounds::Exactly(value) => json!({"is": value}),
    };
    let arguments = rule.arguments.iter().map(|(name, one)| (name.clone(), bounds(one)));
    json!({
        "operation": rule.operation.as_str(),
        "namespaces": names(&rule.namespaces),
        "arguments": arguments.collect::<serde_json::Map<_, _>>(),
    })
}

/// A section as a row of words.
fn row(section: &Value, operations: usize) -> Value {
    let list = |value: &Value, member: &str| -> Option<Vec<String>> {
        let text = |item: &Value| item.as_str().or_else(|| item[member].as_str()).unwrap_or_default().to_owned();
        value.as_array().map(|items| items.iter().map(text).collect())
    };
    let words = |value: &Value, member: &str, any: &str, none: &str| match list(value, member) {
        None => any.to_owned(),
        Some(items) if items.is_empty() => none.to_owned(),
        Some(items) => items.join(", "),
    };
    let allowed = match list(&section["operations"], "") {
        None => "any".to_owned(),
        Some(allowed) => format!("{} of {operations}", allowed.len()),
    };
    json!({
        "section": section["section"],
        "operations": allowed,
        "namespaces": words(&section["namespaces"], "", "any", "none"),
        "automatic": words(&section["automatic"], "operation", "", "nothing"),
        "approvers": words(&section["approvers"], "name", "whoever is asked", "nobody"),
        "servers": words(&section["servers"], "", "", "all others"),
    })
}
