//! Timestamps as Kubernetes writes them.

use jiff::Timestamp;

/// `metav1.Time`: whole seconds, `2026-01-02T03:04:05Z`.
pub(crate) fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `metav1.MicroTime`: six decimals, `2026-01-02T03:04:05.000006Z`.
pub(crate) fn micros(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// Reads either form; none where it is neither.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}
