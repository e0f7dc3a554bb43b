//! Completion scripts: clap's, for subcommands and options, and around them what clap does not know: operations, their parameters and values, written
//! into the script when it is made, and targets, which the program is asked for.
//!
//! What a connector calls things becomes text of a shell script here. Names that it may give are letters, digits and `_`; of all else only what is
//! harmless in every shell gets in.

use crate::arguments::Cli;
use clap::{Arg, Command, CommandFactory as _, ValueHint};
use clap_complete::{Shell, generate};
use meho_host::policy::catalogue::{Callable, Catalogue, Operation};
use meho_host::policy::effect::Trust;
use meho_host::policy::grammar::DISCOVERY;
use meho_host::policy::schema::{DRY_RUN, ParameterType};
use std::collections::BTreeSet;

const BINARY: &str = "meho-host";
const BASH: &str = include_str!("completions/words.bash");
const ZSH: &str = include_str!("completions/words.zsh");
const FISH: &str = include_str!("completions/words.fish");
/// Where clap's script for zsh ends its functions and registers the first of them. Ours calls it, and is registered in its place.
const ZSH_REGISTERS: &str = "if [ \"$funcstack[1]\" = ";

/// The script for a shell.
pub(crate) fn script(shell: Shell, catalogue: &Catalogue) -> String {
    let operations = catalogue.operations();
    let mut base = Vec::new();
    let mut cli = hinted(Cli::command());
    let no_file = options_with_a_value(&cli, &|option| option.get_value_hint() == ValueHint::Other);
    let no_file = no_file.into_iter().collect::<Vec<_>>();
    let takes_value = options_with_a_value(&cli, &|_| true).into_iter().collect::<Vec<_>>();
    generate(shell, &mut cli, BINARY, &mut base);
    let base = String::from_utf8_lossy(&base).into_owned();
    let (base, ours) = match shell {
        Shell::Zsh => {
            let base = base.split(ZSH_REGISTERS).next().unwrap_or_default();
            // With two colons everything behind the first pair would be taken for one more, options too.
            (base.replace("'*::pairs -- ", "'*:pairs -- "), ZSH)
        }
        Shell::Fish => (base, FISH),
        // clap gives the program two names where its own has a hyphen: one where it finds the subcommand, one where it looks it up.
        _ => (base.replace("meho__subcmd__host", "meho__host"), BASH),
    };
    let separator = if shell == Shell::Fish { " " } else { "|" };
    let words = ours
        .replace("@CLAP@", registered(&base))
        .replace("@OPTIONS@", &takes_value.join(separator))
        .replace("@NO-FILE@", &no_file.join(separator))
        .replace("@OPERATIONS@", &listed(operations, shell))
        .replace(
            "@PARAMETERS@",
            &cases(shell, catalogue.callables().map(|known| (known.id.to_string(), parameters(known)))),
        )
        .replace("@VALUES@", &cases(shell, catalogue.callables().flat_map(values)))
        .replace("@DISCOVERY@", DISCOVERY);
    format!("{base}\n{words}")
}

/// The function that clap's script for bash registers. Ours calls it, and is registered in its place.
fn registered(base: &str) -> &str {
    let behind = base.split("complete -F ").nth(1).unwrap_or_default();
    behind.split_whitespace().next().unwrap_or_default()
}

/// The command line with what clap's scripts want to know of values: behind an option whose value is no file, no file is offered.
fn hinted(command: Command) -> Command {
    let is_file = |argument: &Arg| {
        argument.get_value_names().is_some_and(|names| names.iter().any(|name| name.as_str() == "FILE"))
    };
    let hint = |argument: Arg| match () {
        () if !argument.get_action().takes_values() || argument.is_positional() => argument,
        () if is_file(&argument) => argument.value_hint(ValueHint::FilePath),
        () if argument.get_possible_values().is_empty() => argument.value_hint(ValueHint::Other),
        () => argument,
    };
    command.mut_args(hint).mut_subcommands(hinted)
}

/// All options of a kind, of whatever subcommand, behind which a value stands.
fn options_with_a_value(command: &Command, is_wanted: &dyn Fn(&Arg) -> bool) -> BTreeSet<String> {
    let options = command.get_arguments().filter(|argument| argument.get_action().takes_values());
    let options = options.filter(|option| is_wanted(option));
    let names = options.flat_map(|option| {
        let long = option.get_long().map(|name| format!("--{name}"));
        long.into_iter().chain(option.get_short().map(|name| format!("-{name}")))
    });
    names.chain(command.get_subcommands().flat_map(|command| options_with_a_value(command, is_wanted))).collect()
}

/// The operations, with their titles where the shell shows such.
fn listed(operations: &[Operation], shell: Shell) -> String {
    let line = |operation: &Operation| {
        let title = if is_harmless(&operation.title, " ,") { operation.title.as_str() } else { "" };
        match shell {
            Shell::Zsh => format!("        '{}:{title}'", operation.id),
            Shell::Fish => format!("    printf '%s\\t%s\\n' {} '{title}'", operation.id),
            _ => format!("        {}", operation.id),
        }
    };
    operations.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The branches of a shell's `case`: a word, and the words that it stands for.
fn cases(shell: Shell, branches: impl Iterator<Item = (String, Vec<String>)>) -> String {
    let branch = |(word, words): (String, Vec<String>)| match shell {
        Shell::Fish => format!("        case {word}\n            printf '%s\\n' {}", words.join(" ")),
        _ => format!("        {word}) reply=({}) ;;", words.join(" ")),
    };
    branches.filter(|(_, words)| !words.is_empty()).map(branch).collect::<Vec<_>>().join("\n")
}

fn parameters(operation: Callable<'_>) -> Vec<String> {
    let dry_run = (operation.trust > Trust::Read).then(|| DRY_RUN.to_owned());
    operation.arguments.parameters().keys().cloned().chain(dry_run).map(|name| format!("{name}=")).collect()
}

/// The values of each parameter that has few, under `OPERATION.PARAMETER`.
fn values(operation: Callable<'_>) -> Vec<(String, Vec<String>)> {
    let flag = || vec!["true".to_owned(), "false".to_owned()];
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for (name, parameter) in operation.arguments.parameters() {
        let allowed = parameter.allowed.iter().flatten().filter(|value| !value.is_empty() && is_harmless(value, ""));
        let values = match parameter.kind {
            ParameterType::Boolean => flag(),
            ParameterType::Text(_) | ParameterType::Integer | ParameterType::Texts => allowed.cloned().collect(),
        };
        all.push((format!("{}.{name}", operation.id), values));
    }
    if operation.trust > Trust::Read {
        all.push((format!("{}.{DRY_RUN}", operation.id), flag()));
    }
    all
}

/// Whether a text is nothing but text to every shell.
fn is_harmless(text: &str, also: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c) || also.contains(c))
}
