//! Whether the lines have shown all there is: each operation that runs, with something in its answer, each field of its shape with a value in it, and of
//! what stands there beyond the contract each member, in whatever it stands.
//!
//! A field in which the objects have nothing is one that nobody has seen right. `data/unseen.yaml` says of which that is known, and why.

use super::Outcome;
use crate::embedded::embedded;
use crate::shapes;
use meho_host::policy::effect::Trust;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const UNSEEN: &str = include_str!("../../../data/unseen.yaml");
/// Why a part of a description is missing. Those who lack a right see it.
const OF_LOSSES: &str = "_error";

/// What nobody has to see: a reason by `Shape.field`, and by `member`.
fn excused() -> BTreeMap<String, String> {
    serde_saphyr::from_str(UNSEEN).expect("what is not seen is YAML: a reason for each")
}

/// What is wanted of one shape, and what was seen of it.
#[derive(Default)]
struct Shape {
    wanted: BTreeSet<String>,
    seen: BTreeSet<String>,
}

/// The outcomes, and one more for each operation of such a trust, and for each shape: what of it they have not shown.
pub(super) fn all_seen(mut outcomes: Vec<Outcome>, of: fn(Trust) -> bool) -> Vec<Outcome> {
    let mut found = Vec::new();
    // Operations that return the same kind of thing show it together.
    let mut shapes: BTreeMap<String, Shape> = BTreeMap::new();
    let mut members = BTreeSet::new();
    for operation in embedded().connector.catalogue().operations().iter().filter(|operation| of(operation.trust)) {
        let of_it = |outcome: &&Outcome| operation.id.as_str() == outcome.call;
        let rows: Vec<&Value> = outcomes.iter().filter(of_it).flat_map(|outcome| &outcome.rows).collect();
        let contract = shapes::operation(operation.id.as_str());
        let name = contract["result"]["shape"].as_str().expect("a shape");
        let shape = shapes.entry(name.to_owned()).or_default();
        collect_fields(&shapes::shape(name), "", &mut shape.wanted);
        collect_members(operation.returns.source(), &mut members);
        rows.iter().for_each(|row| collect_seen(row, "", &mut shape.seen));
        let nothing = rows.is_empty().then(|| "no line of it has an answer with anything in it".to_owned());
        found.push(outcome(operation.id.as_str(), nothing.into_iter().collect()));
    }
    let excused = excused();
    let anywhere: BTreeSet<&str> =
        shapes.values().flat_map(|shape| &shape.seen).filter_map(|path| path.rsplit('.').next()).collect();
    for (name, Shape { wanted, seen }) in &shapes {
        let is_excused = |field: &String| excused.contains_key(&format!("{name}.{field}"));
        let unseen = wanted.difference(seen).filter(|field| !is_excused(field));
        let unseen = unseen.map(|field| format!("nothing has ever stood in {name}.{field}"));
        let needless = wanted.intersection(seen).filter(|field| is_excused(field));
        let needless = needless.map(|field| format!("{name}.{field} is excused, and was seen"));
        found.push(outcome(name, unseen.chain(needless).collect()));
    }
    let is_unseen = |member: &&String| !anywhere.contains(member.as_str()) && !member.ends_with(OF_LOSSES);
    let unseen = members.iter().filter(is_unseen).filter(|member| !excused.contains_key(*member));
    found.push(outcome("members", unseen.map(|member| format!("nothing has ever stood in {member}")).collect()));
    outcomes.extend(found);
    outcomes
}

fn outcome(line: &str, wrong: Vec<String>) -> Outcome {
    Outcome { line: format!("all of {line}"), call: String::new(), rows: Vec::new(), wrong, answer: json!([]) }
}

fn below(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

/// The fields of a shape; what lies in lists has no number.
fn collect_fields(fields: &[Value], at: &str, found: &mut BTreeSet<String>) {
    for field in fields {
        let at = below(at, field["name"].as_str().unwrap_or_default());
        collect_fields(field["fields"].as_array().map_or(&[], Vec::as_slice), &at, found);
        found.insert(at);
    }
}

/// The names of all members of a schema.
fn collect_members(schema: &Value, found: &mut BTreeSet<String>) {
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        collect_members(member, found);
        found.insert(name.clone());
    }
    if schema["items"].is_object() {
        collect_members(&schema["items"], found);
    }
}

/// The members that have a value: not null, zero, false or empty.
fn collect_seen(value: &Value, at: &str, seen: &mut BTreeSet<String>) {
    let has_something = match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| collect_seen(member, &below(at, name), seen));
            !members.is_empty()
        }
        Value::Array(items) => {
            items.iter().for_each(|item| collect_seen(item, at, seen));
            !items.is_empty()
        }
        Value::Null => false,
        Value::Bool(is) => *is,
        Value::Number(number) => number.as_i64() != Some(0),
        Value::String(text) => !text.is_empty(),
    };
    if has_something {
        seen.insert(at.to_owned());
    }
}
