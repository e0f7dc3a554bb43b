//! What is known of any server over HTTP: what RFC 9110 says of methods (<https://www.rfc-editor.org/rfc/rfc9110#section-9.2>), and nothing else.
//!
//! No path means anything here, no rights can be derived, and no page leads to another.

use crate::effect::{Method, Trust};

/// What every reader of JSON reads alike.
pub(super) const BODY_MEDIA_TYPES: [&str; 1] = ["application/json"];

/// How much trust a request needs: what is safe by its method reads, what removes is DESTRUCTIVE, and the rest writes. What a body does is not known; an
/// effect says of itself that it is more.
pub(super) fn least_trust(method: Method) -> Trust {
    match method {
        Method::Get => Trust::Read,
        Method::Post | Method::Put | Method::Patch => Trust::Write,
        Method::Delete => Trust::Destructive,
    }
}
