//! Ages, as `kubectl` prints them: the cases at which the number of units changes.

use meho_host_cli::age::{human, since};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

#[test]
fn an_age_has_the_units_that_kubectl_gives_it() {
    let cases = [
        (-2, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (2 * MINUTE, "2m"),
        (5 * MINUTE + 12, "5m12s"),
        (10 * MINUTE - 1, "9m59s"),
        (10 * MINUTE + 5, "10m"),
        (3 * HOUR - 1, "179m"),
        (3 * HOUR, "3h"),
        (7 * HOUR + 59 * MINUTE, "7h59m"),
        (8 * HOUR + 30 * MINUTE, "8h"),
        (47 * HOUR, "47h"),
        (2 * DAY, "2d"),
        (3 * DAY + 4 * HOUR, "3d4h"),
        (8 * DAY - 1, "7d23h"),
        (8 * DAY + 5 * HOUR, "8d"),
        (2 * YEAR - 1, "729d"),
        (2 * YEAR, "2y"),
        (2 * YEAR + 41 * DAY, "2y41d"),
        (8 * YEAR - 1, "7y364d"),
        (8 * YEAR + 40 * DAY, "8y"),
    ];
    for (seconds, shown) in cases {
        assert_eq!(human(seconds), shown, "{seconds}");
    }
}

#[test]
fn an_age_is_counted_from_one_time_to_another() {
    let at = |text: &str| text.parse().expect("a time");
    assert_eq!(since(at("2026-01-02T03:04:05+00:00"), at("2026-01-05T07:04:05Z")), "3d4h");
    assert_eq!(since(at("2026-01-02T03:04:05.123456Z"), at("2026-01-02T03:04:06Z")), "1s");
}
