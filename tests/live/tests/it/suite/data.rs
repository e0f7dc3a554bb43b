//! What the suite is made of: `data/objects.yaml` and `data/cases.yaml`, and a file of both for each kind that stands by itself, in `data/kinds`.
//!
//! A file is there or it is not: nothing here names one.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

const OBJECTS: &str = include_str!("../../../data/objects.yaml");
const CASES: &str = include_str!("../../../data/cases.yaml");
const KINDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/kinds");
/// What names the uid of an object further up.
const UID: &str = "$UID(";

struct Data {
    objects: Vec<Value>,
    cases: Vec<Value>,
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
        let (mut objects, mut cases) = (list(&yaml(OBJECTS)), list(&yaml(CASES)));
        let mut waiting: Vec<(Vec<Value>, BTreeSet<String>)> = Vec::new();
        for kind in kinds() {
            let members: BTreeSet<&str> = kind.as_object().expect("members").keys().map(String::as_str).collect();
            assert_eq!(members, BTreeSet::from(["cases", "objects"]));
            cases.extend(list(&kind["cases"]));
            let of_kind = list(&kind["objects"]);
            let wanted = wants(&kind["objects"]).difference(&named(&of_kind)).cloned().collect();
            waiting.push((of_kind, wanted));
        }
        // A kind whose objects name others is made after those.
        while !waiting.is_empty() {
            let made = named(&objects);
            let next = waiting.iter().position(|(_, wanted)| wanted.is_subset(&made));
            objects.extend(waiting.remove(next.expect("no two kinds wait for each other")).0);
        }
        Data { objects, cases }
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

fn list(value: &Value) -> Vec<Value> {
    value.as_array().expect("a list").clone()
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
