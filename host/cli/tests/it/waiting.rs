//! What shows that a call is under way, and that it is gone before anything else is written.

use crate::program::Home;
use crate::screen::Screen;
use crate::target::{self, with};
use meho_test_fake::Gate;

/// Takes back a line: to its beginning, and all of it cleared.
const TAKEN_BACK: &str = "\r\u{1b}[2K";

#[test]
fn a_call_that_takes_long_says_so_until_its_answer_is_there() {
    let (home, gate) = (Home::new(), Gate::closed());
    let fake = target::serving(&[target::pod("production", "web", None)], Some(&gate));
    let options = target::options(&fake, &home);
    let mut screen = Screen::program(100, &with(&["call", "list_pods"], &options), home.root());
    // In a build without optimisations that takes longer than anybody's patience.
    screen.shows("loading the connector");
    screen.shows("waiting for the target");
    gate.open();
    let (status, shown) = screen.ends();
    assert!(status.success(), "{shown}");
    // What was shown after the last time that a line was taken back is the table and nothing else.
    let left = shown.rsplit(TAKEN_BACK).next().expect("a piece");
    assert!(left.contains("NAMESPACE") && left.contains("production"), "{shown:?}");
    assert!(!left.contains("waiting"), "{shown:?}");
}

#[test]
fn nothing_is_shown_where_it_would_stand_beside_something_else() {
    for (terminal, command) in [
        // Standard output is a pipe.
        ("xterm", "\"$0\" \"$@\" | cat"),
        // Standard error is none.
        ("xterm", "\"$0\" \"$@\" 2>/dev/null"),
        // A line cannot be taken back there.
        ("dumb", "\"$0\" \"$@\""),
    ] {
        let (home, gate) = (Home::new(), Gate::closed());
        let fake = target::serving(&[target::pod("production", "web", None)], Some(&gate));
        let options = target::options(&fake, &home);
        let arguments = with(&["-c", command, env!("CARGO_BIN_EXE_meho-host"), "call", "list_pods"], &options);
        let screen = Screen::start(100, "sh", &arguments, home.root(), &[("TERM", terminal)]);
        let opener = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(fake.arrived(1));
            // Longer than it would take to be shown. There is nothing to wait for where nothing must happen.
            std::thread::sleep(std::time::Duration::from_millis(700));
            gate.open();
            fake
        });
        let (status, shown) = screen.ends();
        drop(opener.join().expect("the fake is content"));
        assert!(status.success(), "{shown}");
        assert!(!shown.contains("waiting"), "{command}: {shown:?}");
    }
}
