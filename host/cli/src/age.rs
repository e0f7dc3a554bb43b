//! Ages, as `kubectl` shows them: two units at most, and fewer the older something is.

use jiff::Timestamp;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// How many seconds it has, and its letter.
type Unit = (i64, char);

/// From this many seconds on, an age is told in the greater unit, and in the lesser one too where there is one.
/// The steps are those of apimachinery's `duration.HumanDuration`: whoever reads both reads the same.
const STEPS: [(i64, Unit, Option<Unit>); 8] = [
    (8 * YEAR, (YEAR, 'y'), None),
    (2 * YEAR, (YEAR, 'y'), Some((DAY, 'd'))),
    (8 * DAY, (DAY, 'd'), None),
    (2 * DAY, (DAY, 'd'), Some((HOUR, 'h'))),
    (8 * HOUR, (HOUR, 'h'), None),
    (3 * HOUR, (HOUR, 'h'), Some((MINUTE, 'm'))),
    (10 * MINUTE, (MINUTE, 'm'), None),
    (2 * MINUTE, (MINUTE, 'm'), Some((1, 's'))),
];
/// Clocks differ. What is no further in the future than this is now.
const SKEW: i64 = -1;

/// So many seconds for people: `5m12s`, `3d4h`, `2y41d`. What lies in the future is `<invalid>`.
#[must_use]
pub fn human(seconds: i64) -> String {
    if seconds < SKEW {
        return "<invalid>".to_owned();
    }
    let Some((_, (greater, name), lesser)) = STEPS.iter().find(|(from, ..)| seconds >= *from) else {
        return format!("{}s", seconds.max(0));
    };
    let mut text = format!("{}{name}", seconds / greater);
    if let Some((lesser, name)) = lesser {
        let rest = seconds % greater / lesser;
        if rest > 0 {
            text.push_str(&format!("{rest}{name}"));
        }
    }
    text
}

/// How long ago a time was.
#[must_use]
pub fn since(time: Timestamp, now: Timestamp) -> String {
    human(now.as_second() - time.as_second())
}

/// A time as the contract writes it.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}
