//! The house rule that a kind of object stands where it belongs: adding one touches its file, its rows and its data, and nothing else.
//!
//! It is held for the kinds whose operations are the generic list and get. Of the others more has to be known: what they have beside is written by hand, and names them.

use std::path::{Path, PathBuf};

/// Where the files of kinds are, and their data in the tests.
const KINDS: &str = "connector/src/kinds";
const DATA: &str = "tests/live/data/kinds";
const TABLE: &str = "connector/src/table.rs";

/// What a kind may stand in besides its file and its data, by the beginnings of paths, and why.
const PLACES: [(&str, &str); 11] = [
    ("connector/src/kinds.rs", "one line: the module"),
    (TABLE, "its rows"),
    ("connector/src/topology", "how what discovery finds hangs together: a kind that it finds has its shape there"),
    ("tests/live/tests/it/topology", "each of the contract's relationships"),
    ("tests/contract/data/", "the contract, and the catalogue as it was shown last: written, not typed"),
    ("host/graph/tests/", "graphs that look like somebody's: the crate itself knows no kind"),
    ("host/demo/", "the cluster in the box serves it, a row of its table, and has some in its world"),
    ("host/cli/src/habits.rs", "short names of kubectl's, which no catalogue has; it is found by its own name without"),
    (
        "host/policy/src/family/kubernetes",
        "resources that the family judges writes of, and in its previews what makes pods; one that is only read, and makes none, needs no line",
    ),
    ("tests/live/data/", "objects that are another's, or name another"),
    ("xtask/src/kinds.rs", "this"),
];

/// Kinds without an operation of their own that others need all the same: what everything else is in.
const NEEDED: [&str; 1] = ["Namespace"];

/// Files that name one of the kinds, and why that is nothing to do for another one. One that names none any more is told.
const EXCEPTIONS: [(&str, &str); 35] = [
    ("connector/src/kinds/network_policy.rs", "a direction of traffic is called as a kind is"),
    ("connector/src/operations/describe.rs", "what belongs to a Deployment is read with it"),
    ("connector/src/operations/describe_deployment.rs", "what belongs to a Deployment is shown with it"),
    ("connector/src/operations/discover.rs", "one of its arguments is about the values of one kind"),
    ("connector/src/operations/scale.rs", "what can be scaled has an operation for it"),
    ("connector/src/kinds/pod_template.rs", "where a variable's value comes from"),
    ("connector/src/parameter.rs", "an example, in words"),
    ("host/cli/tests/it/hints.rs", "examples of other words for a kind"),
    ("host/cli/tests/it/outlook.rs", "what makes a pod again"),
    ("host/cli/tests/it/tables.rs", "examples of tables"),
    ("host/cli/tests/it/topology.rs", "a chain through a cluster"),
    ("host/cli/tests/it/trust.rs", "what makes a pod again"),
    ("host/policy/tests/it/family.rs", "examples of writes"),
    ("host/policy/tests/it/previews/findings.rs", "what makes a pod again, and what goes with its owner"),
    ("host/policy/tests/it/redaction.rs", "an example of what is no Secret"),
    ("host/policy/tests/it/rights.rs", "rights of describe_deployment"),
    ("host/policy/tests/it/rules.rs", "examples of what is in no namespace"),
    ("tests/boundary/tests/it/hostile/rules.rs", "an example of what is in no namespace"),
    ("tests/contract/tests/it/mutations.rs", "other resources that a mutation asks for"),
    ("tests/contract/tests/it/promised.rs", "what describe_deployment reads"),
    (
        "tests/contract/tests/it/scenarios.rs",
        "entities of discovery, as its contract has them, and objects that events are asked about",
    ),
    ("tests/harness/src/start.rs", "the storage class of the cluster of the tests"),
    ("tests/harness/tests/it/cluster.rs", "an object to try a cluster with"),
    ("tests/harness/tests/it/rights.rs", "rights to try a cluster with"),
    ("tests/hostile/examples/leaves_its_namespace.rs", "what is in no namespace, and a guest would have"),
    ("tests/hostile/src/describe.rs", "what a hostile write goes to"),
    ("tests/live/tests/it/classifier.rs", "requests of all shapes"),
    ("tests/live/tests/it/delete_pod.rs", "what makes another pod"),
    ("tests/live/tests/it/describe_deployment.rs", "what belongs to a Deployment"),
    ("tests/live/tests/it/large.rs", "large objects"),
    ("tests/live/tests/it/namespaces.rs", "what keeps a namespace from going"),
    ("tests/live/tests/it/previews.rs", "what makes a pod again"),
    ("tests/live/tests/it/restart.rs", "what belongs to a Deployment, and a write by another hand"),
    ("tests/live/tests/it/scale.rs", "what can be scaled"),
    ("tests/live/tests/it/suite/world.rs", "controllers that the objects wait for"),
];

/// A kind by the words that name it.
struct Kind {
    file: String,
    words: Vec<String>,
}

/// Where one of the kinds stands and has no business.
pub(crate) fn stand_where_they_belong(files: &[PathBuf]) -> Result<Vec<String>, String> {
    let table = read(Path::new(TABLE))?;
    let mut kinds = Vec::new();
    for file in files.iter().filter(|file| file.parent() == Some(Path::new(KINDS))) {
        kinds.extend(kind(file, &read(file)?, &table).filter(|kind| is_generic(&kind.words, &table)));
    }
    if kinds.is_empty() {
        return Err(format!("{KINDS}: no kind there has but the generic operations"));
    }
    let (mut broken, mut needed) = (Vec::new(), [false; EXCEPTIONS.len()]);
    for file in files.iter().filter(|file| is_source(file)) {
        let text = code(&read(file)?);
        let at = file.to_string_lossy();
        for kind in kinds.iter().filter(|kind| !belongs(kind, &at)) {
            let Some(word) = kind.words.iter().find(|word| has_word(&text, word)) else { continue };
            match EXCEPTIONS.iter().position(|(excepted, _)| *excepted == at) {
                Some(exception) => needed.get_mut(exception).into_iter().for_each(|needed| *needed = true),
                None => broken.push(format!("{at}: names {word}, so whoever adds such a kind has to come here")),
            }
        }
    }
    let idle = EXCEPTIONS.iter().zip(needed).filter(|(_, needed)| !needed);
    broken.extend(idle.map(|((file, _), _)| format!("xtask/src/kinds.rs: {file} names no kind, and is excepted")));
    Ok(broken)
}

/// The kind of a file: its name, that of its resource, its module and its operations. None where the file is no kind's.
fn kind(file: &Path, text: &str, table: &str) -> Option<Kind> {
    let made = text.split_once("Resource::namespaced(").or_else(|| text.split_once("Resource::cluster("))?.1;
    let mut quoted = made.split('"').skip(1).step_by(2);
    // The path of a group may be quoted, too.
    let (name, second, third) = (quoted.next()?, quoted.next()?, quoted.next().unwrap_or_default());
    let plural = if second.starts_with('/') { third } else { second };
    let module = file.file_stem()?.to_str()?;
    let rows = table.split("Entry::").filter(|row| row.contains(&format!(".of(\"{name}\")")));
    let operations = rows.filter_map(|row| row.split('"').nth(1)).map(str::to_owned);
    let mut words = vec![name.to_owned(), format!("{name}s"), plural.to_owned(), format!("kinds::{module}")];
    words.extend(operations);
    Some(Kind { file: module.to_owned(), words })
}

/// Whether its rows are the generic list and get, and nothing else.
fn is_generic(words: &[String], table: &str) -> bool {
    let Some(name) = words.first() else { return false };
    let mut rows = table.split("Entry::").filter(|row| row.contains(&format!(".of(\"{name}\")"))).peekable();
    let is_any = rows.peek().is_some();
    is_any
        && !NEEDED.contains(&name.as_str())
        && rows.all(|row| row.starts_with("read::<List<") || row.starts_with("read::<Get<"))
}

fn belongs(kind: &Kind, at: &str) -> bool {
    PLACES.iter().any(|(place, _)| at.starts_with(place))
        || at == format!("{KINDS}/{}.rs", kind.file)
        || at == format!("{DATA}/{}.yaml", kind.file)
}

/// Prose may name what it likes.
fn is_source(file: &Path) -> bool {
    file.extension().is_some_and(|extension| matches!(extension.to_str(), Some("rs" | "json" | "yaml" | "toml")))
}

/// A text without what stands behind `//`.
fn code(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Whether a word stands in a text, and nothing beside it that names are made of.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let behind = text.get(at + word.len()..).and_then(|text| text.chars().next());
        ![before, behind].into_iter().flatten().any(|next: char| next.is_alphanumeric() || next == '_')
    })
}

fn read(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}
