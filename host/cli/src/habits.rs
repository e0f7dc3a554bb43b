//! What people type who come from `kubectl`, and how it is said here. It changes no command line but the ones that ask for help or the version.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::OsString;

/// What else `kubectl` calls things, by what stands in the names of their lists. Every other word is found in the names of operations.
const ALSO: [(&[&str], &str); 17] = [
    (&["po"], "pods"),
    (&["no"], "nodes"),
    (&["ns"], "namespaces"),
    (&["cm"], "configmaps"),
    (&["deploy"], "deployments"),
    (&["rs"], "replicasets"),
    (&["sts"], "statefulsets"),
    (&["ds"], "daemonsets"),
    (&["cj"], "cronjobs"),
    (&["svc"], "services"),
    (&["ing"], "ingresses"),
    (&["ep"], "endpoints"),
    (&["netpol"], "network_policies"),
    (&["persistentvolumeclaim", "persistentvolumeclaims"], "pvcs"),
    (&["persistentvolume", "persistentvolumes"], "pvs"),
    (&["sc"], "storageclasses"),
    (&["ev"], "events"),
];

/// The operation that lists what a word names: one or many of it, or what else it is called.
pub(crate) fn list_of<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let word = word.to_lowercase();
    let other = ALSO.iter().find(|(words, _)| words.contains(&word.as_str())).map(|(_, many)| *many);
    let word = other.unwrap_or(&word);
    let lists = known.iter().filter_map(|operation| Some((*operation, operation.strip_prefix(LIST)?)));
    let mut named = lists.filter(|(_, many)| bare(many) == bare(word) || bare(many) == bare(&plural(word)));
    named.next().map(|(operation, _)| operation)
}

const LIST: &str = "list_";

/// The operation that does what a verb says to one of what a list has.
fn of_one<'k>(verb: &str, list: &str, known: &[&'k str]) -> Option<&'k str> {
    let many = list.strip_prefix(LIST)?;
    let is_it = |operation: &&&str| {
        let one = operation.strip_prefix(verb).and_then(|rest| rest.strip_prefix('_'));
        one.is_some_and(|one| one == many || plural(one) == many)
    };
    known.iter().find(is_it).copied()
}

/// `pod` and `pods`, `ingress` and `ingresses`, `policy` and `policies`.
fn plural(one: &str) -> String {
    match one.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if one.ends_with('s') => format!("{one}es"),
        None => format!("{one}s"),
    }
}

/// A name without what parts its words: `kubectl` has nothing there.
fn bare(name: &str) -> String {
    name.replace('_', "")
}

/// `kubectl`'s options of a call, and what they are here.
const OPTIONS: [(&[&str], &str); 11] = [
    (&["-n", "--namespace"], "write namespace=NAMESPACE"),
    (&["-A", "--all-namespaces"], "leave namespace out, and all of them are asked"),
    (&["-l", "--selector"], "write label_selector=SELECTOR"),
    (&["--field-selector"], "write field_selector=SELECTOR"),
    (&["-c"], "write container=NAME"),
    (&["-p", "--previous"], "write previous=true"),
    (&["--tail"], "write tail_lines=N"),
    (&["--since"], "write since_seconds=N"),
    (&["--replicas"], "write replicas=N"),
    (&["--dry-run"], "write dry_run=true"),
    (&["-f", "--follow", "-w", "--watch"], "nothing is followed here: call again"),
];

/// `help …` and `version` as clap knows them.
pub(crate) fn rewritten(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    match arguments.get(1).and_then(|first| first.to_str()) {
        Some("help") => {
            arguments.remove(1);
            arguments.push("--help".into());
        }
        Some("version") if arguments.len() == 2 => {
            arguments.pop();
            arguments.push("--version".into());
        }
        _ => {}
    }
    arguments
}

/// What to write in the place of what clap does not know. `operations` says what there are, where that has to be known.
pub(crate) fn hint(said: &clap::Error, arguments: &[String], operations: fn() -> Vec<String>) -> Option<String> {
    let text = |kind| match said.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    match said.kind() {
        ErrorKind::UnknownArgument => {
            let typed = text(ContextKind::InvalidArg)?;
            let bare = typed.split('=').next().unwrap_or(typed);
            let (spellings, hint) = OPTIONS.iter().find(|(spellings, _)| spellings.contains(&bare))?;
            let value = behind(spellings, arguments).filter(|_| hint.ends_with("=NAMESPACE"));
            let said = value.map_or_else(|| (*hint).to_owned(), |value| format!("write namespace={value}"));
            arguments.iter().any(|word| word == "call").then_some(said)
        }
        ErrorKind::InvalidSubcommand => verb(text(ContextKind::InvalidSubcommand)?, arguments, operations),
        _ => None,
    }
}

/// The value that was given with an option.
fn behind<'a>(spellings: &[&str], arguments: &'a [String]) -> Option<&'a str> {
    let at = arguments.iter().position(|word| spellings.iter().any(|known| word.split('=').next() == Some(known)))?;
    let word = arguments.get(at)?;
    word.split_once('=').map(|(_, value)| value).or_else(|| arguments.get(at + 1).map(String::as_str))
}

/// A verb of `kubectl`'s, with what stands behind it.
fn verb(verb: &str, arguments: &[String], operations: fn() -> Vec<String>) -> Option<String> {
    let mut words = arguments.iter().skip_while(|word| *word != verb).skip(1).filter(|word| !word.starts_with('-'));
    let words: [Option<&String>; 2] = [words.next(), words.next()];
    // `deployment/nginx` names both.
    let (kind, name) = match words {
        [Some(first), second] => match first.split_once('/') {
            Some((kind, name)) => (Some(kind), Some(name)),
            None => (Some(first.as_str()), second.map(String::as_str)),
        },
        [None, _] => (None, None),
    };
    let operation = match (verb, kind) {
        ("get" | "describe" | "delete" | "scale", Some(kind)) => return Some(of_kind(verb, kind, name, &operations())),
        ("get" | "describe" | "delete" | "scale", None) => "list_pods".to_owned(),
        ("logs" | "log", ..) => "get_pod_logs".to_owned(),
        ("cordon" | "uncordon", ..) => format!("{verb}_node"),
        ("rollout", ..) => "restart_deployment".to_owned(),
        ("apply" | "create" | "edit" | "patch" | "exec" | "run" | "port-forward" | "attach" | "cp" | "label", ..) => {
            return Some(format!("there is no {verb} here: `meho-host ops` lists what there is"));
        }
        _ if verb.contains('_') => verb.to_owned(),
        _ => return None,
    };
    Some(called_so(&operation))
}

fn called_so(operation: &str) -> String {
    format!("operations are called so: `meho-host call {operation}`; `meho-host ops` lists them")
}

/// A verb with a kind, and with a name or without.
fn of_kind(verb: &str, kind: &str, name: Option<&str>, operations: &[String]) -> String {
    let known: Vec<&str> = operations.iter().map(String::as_str).collect();
    let Some(list) = list_of(kind, &known) else { return called_so("list_pods") };
    let found = match (verb, name) {
        ("get", None) => Some(list),
        // What there is to describe of some is what getting them shows.
        ("describe", _) => of_one(verb, list, &known).or_else(|| of_one("get", list, &known)),
        (_, _) => of_one(verb, list, &known),
    };
    match found {
        Some(operation) => called_so(operation),
        None => format!("nothing here does {verb} {kind}: `meho-host ops` lists what there is"),
    }
}
