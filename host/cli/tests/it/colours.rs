//! Colours: at a terminal that has them and where they are asked for, and never by anybody else's hand.

use crate::program::{Home, finish};
use crate::screen::Screen;
use crate::target::{self, with};
use meho_test_fake::Fake;
use std::process::Command;

const ESCAPE: char = '\u{1b}';

/// Whether a text has a colour in it, or anything else of the kind (ECMA-48, SGR). What takes a line back is none.
fn has_colour(text: &str) -> bool {
    let sequences = text.split("\u{1b}[").skip(1);
    let mut ends = sequences.filter_map(|rest| rest.chars().find(|c| !c.is_ascii_digit() && *c != ';'));
    ends.any(|end| end == 'm')
}

/// What a terminal with this environment shows of two pods.
fn at_a_terminal(home: &Home, fake: &Fake, environment: &[(&str, &str)], more: &[&str]) -> String {
    let options = target::options(fake, home);
    let arguments = with(&["call", "list_pods", "namespace=production"], &options);
    let arguments = [&arguments[..], more].concat();
    let screen = Screen::start(120, env!("CARGO_BIN_EXE_meho-host"), &arguments, home.root(), environment);
    let (status, shown) = screen.ends();
    assert!(status.success(), "{shown}");
    shown
}

#[test]
fn a_terminal_shows_what_failed_in_red_and_headings_in_bold() {
    let (home, fake) = (Home::new(), target::pods());
    let shown = at_a_terminal(&home, &fake, &[("TERM", "xterm")], &[]);
    for part in [
        "\u{1b}[1mNAME\u{1b}[0m",
        "\u{1b}[31mCrashLoopBackOff\u{1b}[0m",
        "\u{1b}[33m0/1\u{1b}[0m",
        "\u{1b}[33m7\u{1b}[0m",
    ] {
        assert!(shown.contains(part), "{part:?} is not in {shown:?}");
    }
    // What is as it should be has no colour.
    assert!(shown.contains("  Running  "), "{shown:?}");
}

#[test]
fn there_are_no_colours_where_nobody_wants_them() {
    let (home, fake) = (Home::new(), target::pods());
    for (environment, more) in [
        (&[("TERM", "xterm"), ("NO_COLOR", "1")][..], &[][..]),
        (&[("TERM", "dumb")], &[]),
        (&[], &[]),
        (&[("TERM", "xterm")], &["--color", "never"]),
    ] {
        let shown = at_a_terminal(&home, &fake, environment, more);
        assert!(!has_colour(&shown), "{environment:?} {more:?}: {shown:?}");
    }
}

/// The program with these arguments and this environment, on pipes.
fn on_pipes(home: &Home, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let mut command: Command = home.command(arguments);
    command.envs(environment.iter().copied());
    let run = finish(command);
    format!("{}{}", run.stdout, run.stderr)
}

#[test]
fn on_a_pipe_there_are_colours_only_when_they_are_asked_for() {
    let (home, fake) = (Home::new(), target::pods());
    let options = target::options(&fake, &home);
    let table = with(&["call", "list_pods", "-o", "table"], &options);
    let colours = [("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("CLICOLOR_FORCE", "1")];
    assert!(!on_pipes(&home, &table, &colours).contains(ESCAPE));
    assert!(
        on_pipes(&home, &[&table[..], &["--color", "always"]].concat(), &[]).contains("\u{1b}[31mCrashLoopBackOff")
    );
    assert!(
        on_pipes(&home, &[&table[..], &["--color", "always"]].concat(), &[("NO_COLOR", "1")]).contains(ESCAPE),
        "it was asked for by name"
    );
    // Programs never get any.
    for format in ["json", "jsonl", "yaml"] {
        let arguments = with(&["call", "list_pods", "-o", format, "--color", "always"], &options);
        assert!(!on_pipes(&home, &arguments, &colours).contains(ESCAPE), "{format}");
    }
    let error = on_pipes(&home, &["call", "list_pod", "-o", "table", "--color", "always"], &[]);
    assert!(error.starts_with("\u{1b}[31merror:\u{1b}[0m UNKNOWN_OPERATION"), "{error:?}");
}

#[test]
fn a_pod_cannot_bring_its_own_colours() {
    let home = Home::new();
    let mut pod = target::pod("production", "web", Some("\u{1b}[32mRunning\u{1b}[0m\u{9b}31m"));
    pod["spec"]["nodeName"] = "\u{1b}]0;title\u{7}".into();
    let fake = target::serving(&[pod], None);
    let shown = at_a_terminal(&home, &fake, &[("TERM", "xterm")], &["--color", "always"]);
    assert!(shown.contains(r"\u{1b}[32mRunning\u{1b}[0m\u{9b}31m"), "{shown:?}");
    let ours = ["\r\u{1b}[2K", "\u{1b}[1m", "\u{1b}[31m", "\u{1b}[33m", "\u{1b}[0m"]
        .iter()
        .fold(shown.clone(), |text, sequence| text.replace(sequence, ""));
    assert!(!ours.contains(['\u{1b}', '\u{9b}', '\u{7}']), "{shown:?}");
}
