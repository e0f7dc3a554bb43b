//! What people type who come from `kubectl`, and how it is said here. It changes no command line but the ones that ask for help or the version.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::OsString;

/// A kind of thing in the names of operations, one and many, and what else it is called.
struct Noun {
    one: &'static str,
    many: &'static str,
    also: &'static [&'static str],
}

const fn noun(one: &'static str, many: &'static str, also: &'static [&'static str]) -> Noun {
    Noun { one, many, also }
}

const NOUNS: [Noun; 19] = [
    noun("pod", "pods", &["po"]),
    noun("node", "nodes", &["no"]),
    noun("namespace", "namespaces", &["ns"]),
    noun("configmap", "configmaps", &["cm"]),
    noun("secret", "secrets", &[]),
    noun("deployment", "deployments", &["deploy"]),
    noun("replicaset", "replicasets", &["rs"]),
    noun("statefulset", "statefulsets", &["sts"]),
    noun("daemonset", "daemonsets", &["ds"]),
    noun("job", "jobs", &[]),
    noun("cronjob", "cronjobs", &["cj"]),
    noun("service", "services", &["svc"]),
    noun("ingress", "ingresses", &["ing"]),
    noun("endpoints", "endpoints", &["ep"]),
    noun("network_policy", "network_policies", &["netpol", "networkpolicy", "networkpolicies"]),
    noun("pvc", "pvcs", &["persistentvolumeclaim", "persistentvolumeclaims"]),
    noun("pv", "pvs", &["persistentvolume", "persistentvolumes"]),
    noun("storageclass", "storageclasses", &["sc"]),
    noun("event", "events", &["ev"]),
];

fn noun_of(word: &str) -> Option<&'static Noun> {
    let word = word.to_lowercase();
    NOUNS.iter().find(|noun| noun.one == word || noun.many == word || noun.also.contains(&word.as_str()))
}

/// The operation that lists what a word names.
pub(crate) fn list_of(word: &str) -> Option<String> {
    noun_of(word).map(|noun| format!("list_{}", noun.many))
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

/// What to write in the place of what clap does not know.
pub(crate) fn hint(said: &clap::Error, arguments: &[String]) -> Option<String> {
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
        ErrorKind::InvalidSubcommand => verb(text(ContextKind::InvalidSubcommand)?, arguments),
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
fn verb(verb: &str, arguments: &[String]) -> Option<String> {
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
    let noun = kind.and_then(noun_of);
    let operation = match (verb, noun, name) {
        ("get", Some(noun), None) => format!("list_{}", noun.many),
        ("get" | "describe" | "delete" | "scale", Some(noun), _) => format!("{verb}_{}", noun.one),
        ("get" | "describe" | "delete" | "scale", None, _) => "list_pods".to_owned(),
        ("logs" | "log", ..) => "get_pod_logs".to_owned(),
        ("cordon" | "uncordon", ..) => format!("{verb}_node"),
        ("rollout", ..) => "restart_deployment".to_owned(),
        ("apply" | "create" | "edit" | "patch" | "exec" | "run" | "port-forward" | "attach" | "cp" | "label", ..) => {
            return Some(format!("there is no {verb} here: `meho-host ops` lists what there is"));
        }
        _ if verb.contains('_') => verb.to_owned(),
        _ => return None,
    };
    Some(format!("operations are called so: `meho-host call {operation}`; `meho-host ops` lists them"))
}
