//! The terminal that the program runs at: how wide it is, and what was typed at it before anybody asked. Whether there is one is looked at by those
//! who ask here.

use rustix::termios::{QueueSelector, tcflush, tcgetwinsize};
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;

/// Of a terminal that does not say.
const USUAL_WIDTH: usize = 80;

/// One that says it is narrower is not believed.
const LEAST_WIDTH: usize = 20;

/// How many columns standard error has; none where it is no terminal.
pub(crate) fn width() -> Option<usize> {
    width_of(io::stderr())
}

/// How many columns standard output has; none where it is no terminal.
pub(crate) fn output_width() -> Option<usize> {
    width_of(io::stdout())
}

fn width_of(stream: impl AsFd + IsTerminal) -> Option<usize> {
    if !stream.is_terminal() {
        return None;
    }
    let columns = tcgetwinsize(&stream).map_or(0, |size| usize::from(size.ws_col));
    Some(if columns == 0 { USUAL_WIDTH } else { columns.max(LEAST_WIDTH) })
}

/// Drops what was typed and not read yet: it cannot be the answer to a question that was not asked.
pub(crate) fn forget_input() -> io::Result<()> {
    Ok(tcflush(io::stdin(), QueueSelector::IFlush)?)
}
