//! Waiting for something that another process does: look, pause, look again, until a deadline. The only place that sleeps.

use std::thread;
use std::time::{Duration, Instant};

/// Pauses begin short, for what takes an instant, and grow, so that a long wait is no load of its own.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Looks again and again until there is something to see, and gives it back; `None` when the time is over. It looks at
/// least once, and a last time after the deadline, so a slow machine is not blamed on the one who is waited for.
pub fn until<T>(within: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let late = start.elapsed() >= within;
        if let Some(seen) = look() {
            return Some(seen);
        }
        if late {
            return None;
        }
        thread::sleep(pause);
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}
