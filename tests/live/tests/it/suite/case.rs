//! A line of the suite's data, and running it on one server.

use super::world::World;
use super::{Outcome, data};
use crate::embedded::{Answered, Caller, embedded};
use crate::shapes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use meho_host::error::CallError;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::OnceLock;

const EXPIRED: &str = "$EXPIRED";

/// A line.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) call: String,
    pub(super) arguments: Value,
    pub(super) is: Is,
}

/// What must come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Is {
    Success,
    /// An error of this code.
    Error(String),
    /// That, or a success that is not complete.
    ErrorOrLess(String),
}

/// All lines.
pub(super) fn cases() -> &'static [Case] {
    static LINES: OnceLock<Vec<Case>> = OnceLock::new();
    LINES.get_or_init(|| data::cases().iter().map(Case::of).collect())
}

impl Case {
    #[track_caller]
    fn of(line: &Value) -> Self {
        let members = line.as_object().expect("a line has members");
        let unknown = members.keys().find(|name| !["call", "with", "is"].contains(&name.as_str()));
        assert_eq!(unknown, None, "{line}");
        let text = |name: &str| line.get(name).map(|value| value.as_str().expect("text").to_owned());
        Self {
            call: text("call").unwrap_or_else(|| panic!("no call: {line}")),
            arguments: line.get("with").cloned().unwrap_or_else(|| json!({})),
            is: text("is").map_or(Is::Success, Is::Error),
        }
    }

    /// What the operation is about: the resource of its first request.
    pub(super) fn resource(&self) -> String {
        let contract = shapes::operation(&self.call);
        let path = contract["requests"][0]["path"].as_str().expect("a path");
        let before =
            |name: &str| path.split(name).next().and_then(|path| path.rsplit('/').find(|part| !part.is_empty()));
        before("/{name}").expect("a resource").to_owned()
    }
}

/// Runs a line, and looks at what comes.
pub(super) fn run(world: &World, caller: &Caller, case: &Case) -> Outcome {
    let mut arguments = world.filled(&case.arguments);
    if arguments["continue"] == EXPIRED {
        arguments["continue"] = json!(world.cluster().forgotten_token().expect("a token"));
    }
    let line = format!("{} {}", case.call, case.arguments);
    match pages(caller, case, arguments.clone()) {
        Ok(pages) => {
            let mut wrong: Vec<String> =
                pages.iter().flat_map(|(data, _)| wrong(world, case, &arguments, data)).collect();
            let is_complete = pages.iter().all(|(_, meta)| meta["complete"] == true);
            match &case.is {
                Is::Error(code) => wrong.push(format!("{code} expected, it succeeded")),
                Is::ErrorOrLess(code) if is_complete => wrong.push(format!("{code} expected, it succeeded")),
                Is::ErrorOrLess(_) | Is::Success => {}
            }
            let answer: Value = pages.iter().map(|(data, meta)| json!({"data": data, "meta": meta})).collect();
            // A plan is in place of what the operation returns.
            let is_plan = arguments["dry_run"] == true;
            let rows = pages.iter().filter(|_| !is_plan).flat_map(|(data, _)| rows(data)).cloned().collect();
            Outcome { line, call: case.call.clone(), rows, wrong, answer: world.plain(&answer) }
        }
        Err(error) => {
            let is_expected = match &case.is {
                Is::Success => false,
                Is::Error(code) | Is::ErrorOrLess(code) => *code == error.code.as_str(),
            };
            let wrong = if is_expected { Vec::new() } else { vec![format!("{:?} expected, got {error:?}", case.is)] };
            let answer = json!([{"error": world.plain(&json!(error))}]);
            Outcome { line, call: case.call.clone(), rows: Vec::new(), wrong, answer }
        }
    }
}

/// The answer; of a list with a limit all pages, one after another.
fn pages(caller: &Caller, case: &Case, mut arguments: Value) -> Result<Vec<(Value, Value)>, CallError> {
    let mut pages = Vec::new();
    loop {
        let (data, meta) = one(caller.call(&case.call, arguments.clone()))?;
        let token = meta["continue"].clone();
        pages.push((data, meta));
        if token.is_null() || arguments.get("limit").is_none() {
            return Ok(pages);
        }
        arguments["continue"] = token;
    }
}

fn one(answered: Answered) -> Result<(Value, Value), CallError> {
    answered.map(|(data, meta)| (data, json!(meta)))
}

/// The rows of an answer, or the one object that it is.
pub(super) fn rows(data: &Value) -> &[Value] {
    data.as_array().map_or_else(|| std::slice::from_ref(data), Vec::as_slice)
}

/// What is wrong with an answer by itself: it does not fit its schema, or is not what the objects say.
fn wrong(world: &World, case: &Case, arguments: &Value, data: &Value) -> Vec<String> {
    let Some(operation) = embedded().connector.catalogue().operation(&case.call) else { return Vec::new() };
    // A plan is in place of what the operation returns.
    if arguments["dry_run"] == true {
        return Vec::new();
    }
    let rows = rows(data);
    let contract = shapes::operation(&case.call);
    let fields = shapes::shape(contract["result"]["shape"].as_str().expect("a shape"));
    let objects = objects_of(world, &contract, arguments, rows);
    let mut wrong = Vec::new();
    for row in rows {
        wrong.extend(operation.returns.check(row).err().map(|refused| format!("{refused}: {row}")));
        wrong.extend(match &objects {
            Some(objects) if !row["uid"].is_null() => match row["uid"].as_str().and_then(|uid| objects.get(uid)) {
                Some(object) => shapes::check(&fields, row, object),
                None => vec![format!("no object has the uid of {row}")],
            },
            _ => Vec::new(),
        });
        wrong.extend(shapes::check_types(&fields, row));
    }
    wrong
}

/// The objects that rows are of, by uid: those at the path of the operation's first request. None for an operation whose rows are of no object.
fn objects_of(world: &World, contract: &Value, arguments: &Value, rows: &[Value]) -> Option<BTreeMap<String, Value>> {
    contract.get("entity").filter(|entity| !entity.is_null())?;
    let requests = contract["requests"].as_array().expect("requests");
    let paths = requests.iter().filter_map(|request| request["path"].as_str());
    let namespace = arguments["namespace"].as_str();
    let path = paths.into_iter().find(|path| path.contains("{namespace}") == namespace.is_some())?;
    let mut path = path.replace("{namespace}", namespace.unwrap_or_default());
    if path.contains("{name}") {
        path = path.replace("{name}", rows.first()?["name"].as_str()?);
    }
    let found = world.cluster().admin().get(&path).unwrap_or_else(|error| panic!("{error}"));
    let mut items = found.get("items").and_then(Value::as_array).cloned().unwrap_or_else(|| vec![found]);
    if arguments["decode"] == true {
        items.iter_mut().for_each(decode);
    }
    let uid = |object: &Value| object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    Some(items.into_iter().map(|item| (uid(&item), item)).collect())
}

/// The values of a Secret as text, those that are.
fn decode(secret: &mut Value) {
    for value in secret["data"].as_object_mut().into_iter().flat_map(|data| data.values_mut()) {
        let stored = value.as_str().expect("a text");
        let bytes = STANDARD.decode(stored).unwrap_or_else(|error| panic!("{stored}: {error}"));
        if let Ok(text) = String::from_utf8(bytes) {
            *value = json!(text);
        }
    }
}
