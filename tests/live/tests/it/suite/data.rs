//! What the suite is made of: `data/objects.yaml` and `data/cases.yaml`, and a file for each kind, in `data/kinds`: the list of the kind and what is to be known of
//! it, and, where the kind stands by itself, objects and cases.
//!
//! A file is there or it is not: nothing here names one.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

const OBJECTS: &str = include_str!("../../../data/objects.yaml");
const CASES: &str = include_str!("../../../data/cases.yaml");
const KINDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/kinds");
/// What a file of a kind may say.
const MEMBERS: [&str; 5] = ["list", "wrong", "columns", "objects", "cases"];
/// What names the uid of an object further up.
const UID: &str = "$UID(";

struct Data {
    objects: Vec<Value>,
    cases: Vec<Value>,
    lists: Vec<List>,
}

/// The list of a kind, as the file of the kind has it.
pub(crate) struct List {
    pub(crate) operation: String,
    /// Columns of the server's own table, and what is said of them.
    pub(crate) columns: Vec<(String, Value)>,
    /// Members of an object that is not what the API says: of each kind whose rows need more of it than a name.
    pub(crate) wrong: Option<Value>,
}

/// The lists of all kinds.
pub(crate) fn lists() -> impl Iterator<Item = &'static List> {
    data().lists.iter()
}

/// The objects, in the order in which they are made.
pub(super) fn objects() -> &'static [Value] {
    &data().objects
}

/// The lines.
pub(super) fn cases() -> &'static [Value] {
    &data().cases
}

fn data() -> &'static Data {
    static DATA: OnceLock<Data> = OnceLock::new();
    DATA.get_or_init(|| {
        let (mut objects, mut cases, mut lists) = (items(&yaml(OBJECTS)), items(&yaml(CASES)), Vec::new());
        let mut waiting: Vec<(Vec<Value>, BTreeSet<String>)> = Vec::new();
        for kind in kinds() {
            let members = kind.as_object().expect("members");
            assert!(members.keys().all(|name| MEMBERS.contains(&name.as_str())), "{:?}", members.keys());
            lists.push(list_of(&kind));
            cases.extend(items(&kind["cases"]));
            let of_kind = items(&kind["objects"]);
            let wanted = wants(&kind["objects"]).difference(&named(&of_kind)).cloned().collect();
            waiting.push((of_kind, wanted));
        }
        // A kind whose objects name others is made after those.
        while !waiting.is_empty() {
            let made = named(&objects);
            let next = waiting.iter().position(|(_, wanted)| wanted.is_subset(&made));
            objects.extend(waiting.remove(next.expect("no two kinds wait for each other")).0);
        }
        Data { objects, cases, lists }
    })
}

/// The files of kinds, in the order of their names.
fn kinds() -> Vec<Value> {
    let entries = Path::new(KINDS).read_dir().expect("the folder of kinds");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("a file of a kind").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "there are no kinds");
    files.iter().map(|file| yaml(&std::fs::read_to_string(file).expect("a file of a kind is text"))).collect()
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).expect("the suite is YAML")
}

/// The items of a list. A kind may have none of its own.
fn items(value: &Value) -> Vec<Value> {
    if value.is_null() { Vec::new() } else { value.as_array().expect("a list").clone() }
}

fn list_of(kind: &Value) -> List {
    let columns = kind["columns"].as_object().into_iter().flatten();
    List {
        operation: kind["list"].as_str().expect("the operation that lists them").to_owned(),
        columns: columns.map(|(name, said)| (name.clone(), said.clone())).collect(),
        wrong: kind.get("wrong").cloned(),
    }
}

/// `Kind/name` of each object.
fn named(objects: &[Value]) -> BTreeSet<String> {
    let name = |object: &Value| Some(format!("{}/{}", object["kind"].as_str()?, object["metadata"]["name"].as_str()?));
    objects.iter().filter_map(name).collect()
}

/// `Kind/name` of each object whose uid is wanted.
fn wants(objects: &Value) -> BTreeSet<String> {
    let text = objects.to_string();
    text.split(UID).skip(1).filter_map(|rest| rest.split(')').next()).map(str::to_owned).collect()
}
