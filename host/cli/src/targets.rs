//! The commands on the configuration file: `target add`, `list`, `remove`, `default`; and what a target says of itself: `target check`.

use crate::arguments::{AddOptions, CheckOptions};
use crate::output::{Format, Printer};
use crate::prompt;
use crate::store::{Store, Word};
use crate::target;
use meho_host::check::Check;
use meho_host::connector::Connector;
use meho_host::error::{CallError, ErrorCode};
use meho_host::host::Host;
use meho_host::kubeconfig;
use meho_host::policy::family::Family;
use meho_host_cli::check::sheet;
use meho_host_cli::configuration::{self, Becomes, Configuration, Entry, Existing, Place, Proof, Secrets};
use meho_host_cli::table::{Own, Rows};
use serde_json::{Value, json};
use std::path::Path;

fn refused(why: String) -> CallError {
    CallError::new(ErrorCode::InvalidRequest, why)
}

/// Adds a target. Whether it can be used is said, and hinders nothing: a token may come later.
pub(crate) async fn add(options: &AddOptions, store: &Store, printer: &Printer) -> Result<(), CallError> {
    let mut entry = entry(options)?;
    ask_for(&mut entry, options.name.as_str(), store, printer).await;
    let existing = if options.replace { Existing::Replace } else { Existing::Keep };
    let becomes = if options.default { Becomes::Default } else { Becomes::OneOfMany };
    store.change(|text| configuration::add(text, &options.name, &entry, existing, becomes))?;
    printer.note(&format!("the target {} is in {}", options.name, store.shown()));
    match target::of_entry(options.name.as_str(), &entry, store).target() {
        Ok(target) if !target.is_verified() => {
            printer.warn("its certificate will not be verified: whoever is between can read the token");
        }
        Ok(_) => (),
        Err(error) => printer.warn(&format!("it cannot be used yet: {}", error.message)),
    }
    if let Place::Server { token_file, .. } = &entry.place
        && !token_file.exists()
    {
        printer.warn(&format!("there is no token file {} yet", token_file.display()));
    }
    Ok(())
}

/// Where a kubeconfig has a program run, or files sent that are not beside it: asks whether it may, and puts a yes into the entry. Whoever types this
/// command need not be the operator, so that it was typed is no yes. In a configuration that a command line names none would be believed.
async fn ask_for(entry: &mut Entry, name: &str, store: &Store, printer: &Printer) {
    let Place::Kubeconfig { file, context, agreed } = &mut entry.place else { return };
    if store.word() == Word::Caller {
        return;
    }
    // What is wrong with it is said once the entry stands.
    let Ok(Some(reach)) = kubeconfig::reach(file, context.as_deref()) else { return };
    let added = "it is added without a yes to that";
    match prompt::agree(name, file, &reach).await {
        prompt::Answer::Yes => *agreed = Some(reach.digest),
        prompt::Answer::No => printer.note(added),
        prompt::Answer::Nobody => printer.warn(&format!(
            "its kubeconfig wants to run a program, or to read files outside of its own directory, and there is no terminal to ask at: {added}"
        )),
    }
}

/// What the options say, with paths that lead to the same from everywhere.
fn entry(options: &AddOptions) -> Result<Entry, CallError> {
    let absolute = |path: &Path| {
        let path =
            std::path::absolute(path).map_err(|error| refused(format!("a path is unusable: {}", error.kind())))?;
        // The file is text.
        if path.to_str().is_none() {
            return Err(refused("a path that is not UTF-8 cannot stand in the configuration".to_owned()));
        }
        Ok(path)
    };
    let place = match (&options.kubeconfig, &options.server) {
        (Some(file), _) => Place::Kubeconfig { file: absolute(file)?, context: options.context.clone(), agreed: None },
        (None, Some(url)) => Place::Server {
            url: url.clone(),
            token_file: absolute(options.token_file.as_deref().unwrap_or(Path::new("")))?,
            proof: match &options.ca_file {
                _ if options.skip_tls_verification => Proof::Nothing,
                Some(file) => Proof::CaFile(absolute(file)?),
                None => Proof::SystemRoots,
            },
            tls_server_name: options.tls_server_name.clone(),
            family: options.family.unwrap_or(Family::Kubernetes),
        },
        (None, None) => Place::InCluster,
    };
    let secrets = if options.redact_secrets { Secrets::Redacted } else { Secrets::Revealed };
    Entry::new(place, options.namespace.clone(), secrets).map_err(|error| refused(error.to_string()))
}

/// Removes a target.
pub(crate) fn remove(name: &str, store: &Store, printer: &Printer) -> Result<(), CallError> {
    let was_default = store.read()?.default.is_some_and(|default| default.as_str() == name);
    store.change(|text| configuration::remove(text, name))?;
    printer.note(&format!("the target {name} is no longer in {}", store.shown()));
    if was_default {
        printer.note("it was the default; now there is none");
    }
    Ok(())
}

/// Makes a target the default.
pub(crate) fn set_default(name: &str, store: &Store, printer: &Printer) -> Result<(), CallError> {
    store.change(|text| configuration::set_default(text, name))?;
    printer.note(&format!("calls that name no target go to {name}"));
    Ok(())
}

/// Lists the targets.
pub(crate) fn list(store: &Store, printer: &Printer) -> Result<(), CallError> {
    let configuration = store.read()?;
    let shown: Vec<Value> = shown(&configuration);
    match printer.format() {
        Format::Json | Format::Yaml => printer.document(&shown),
        Format::Jsonl => {
            let lines: String = shown.iter().map(|target| format!("{target}\n")).collect();
            printer.lines(&lines).map(drop)
        }
        Format::Table if shown.is_empty() => {
            printer.people("")?;
            printer.note(&format!("there are no targets in {}", store.shown()));
            printer.note("`meho-host target add NAME --kubeconfig FILE` adds one");
            Ok(())
        }
        Format::Table => {
            let mut rows = Rows::own(Own::Targets);
            shown.iter().for_each(|target| rows.push(target));
            printer.people(&rows.take(&printer.view(None))).map(drop)
        }
    }
}

/// Asks a target who it is, whom it takes the caller for, and what that caller may do. Whatever is denied is an answer, and no error.
pub(crate) async fn check(
    host: &Host,
    connector: &Connector,
    options: &CheckOptions,
    store: Option<&Store>,
    printer: &Printer,
) -> Result<(), CallError> {
    let choice = target::choose(&options.place(), store)?;
    let check = Check {
        namespace: options.namespace.clone().or(choice.namespace.clone()),
        principal: target::principal(),
        timeout: options.timeout.map(std::time::Duration::from_secs),
    };
    let checked = host.check(&choice.target()?, Some(connector), check).await?;
    match printer.format() {
        Format::Json | Format::Yaml => return printer.document(&checked),
        Format::Jsonl => return printer.lines(&format!("{}\n", json!(checked))).map(drop),
        Format::Table => (),
    }
    printer.people(&sheet(&json!(checked), &printer.view(checked.server_time)))?;
    for untold in &checked.unanswered {
        printer.warn(&format!("it is not known {}, because {}", untold.question, untold.because));
    }
    checked.warnings.iter().for_each(|warning| printer.warn(warning));
    Ok(())
}

/// The names alone, one a line: a shell asks for them at each press of a key.
pub(crate) fn names(store: &Store, printer: &Printer) -> Result<(), CallError> {
    // What is wrong with the file is said where somebody reads it.
    let known = store.read().unwrap_or_default().targets;
    printer.people(&known.keys().map(|name| format!("{name}\n")).collect::<String>()).map(drop)
}

/// The targets for programs. Members are the keys of the file.
fn shown(configuration: &Configuration) -> Vec<Value> {
    let show = |(name, entry): (&configuration::TargetName, &Entry)| {
        let mut target = json!({"name": name.as_str(), "default": configuration.default.as_ref() == Some(name)});
        let more = match &entry.place {
            Place::Kubeconfig { file, context, agreed } => {
                json!({"kind": "kubeconfig", "kubeconfig": file, "context": context, "agreed": agreed})
            }
            Place::Server { url, token_file, proof, tls_server_name, family } => json!({
                "kind": "server",
                "server": url,
                "token_file": token_file,
                "ca_file": match proof {
                    Proof::CaFile(file) => Some(file),
                    Proof::SystemRoots | Proof::Nothing => None,
                },
                "skip_tls_verification": proof == &Proof::Nothing,
                "tls_server_name": tls_server_name,
                "family": family,
            }),
            Place::InCluster => json!({"kind": "in-cluster"}),
        };
        if let (Some(target), Value::Object(more)) = (target.as_object_mut(), more) {
            target.extend(more);
            target.insert("namespace".to_owned(), json!(entry.namespace));
        }
        target
    };
    configuration.targets.iter().map(show).collect()
}
