//! Tells what it sees of the process around it.

use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, hostile};
use serde_json::json;
use wasip2::cli::environment::{get_arguments, get_environment, initial_cwd};
use wasip2::cli::stdin::get_stdin;
use wasip2::cli::{terminal_stderr, terminal_stdin, terminal_stdout};

struct LooksAround;

impl Fixture for LooksAround {
    fn act(_: &Arguments) -> Acted {
        let terminals = [
            terminal_stdin::get_terminal_stdin().is_some(),
            terminal_stdout::get_terminal_stdout().is_some(),
            terminal_stderr::get_terminal_stderr().is_some(),
        ];
        object(&json!({
            "environment": get_environment(),
            "arguments": get_arguments(),
            "directory": initial_cwd(),
            "input": format!("{:?}", get_stdin().blocking_read(1)),
            "terminals": terminals,
        }))
    }
}

hostile!(LooksAround);
