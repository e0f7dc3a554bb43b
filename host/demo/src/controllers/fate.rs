//! What becomes of a pod when it is run. Nothing is run here: some images of the believable cluster are known to be broken,
//! and stay so on whatever pod they stand; everything else works.

use serde_json::Value;

use super::pod_status::{End, State};
use super::read::{list, text};

/// The release of the shop's front end that ends at once. Its tag was mistyped, pushed, and taken out of the registry, so that
/// only a node which had pulled it before can start it.
pub(crate) const BAD_FRONTEND: &str = "registry.shop.example/shop/frontend:2.5.0-hotfx";
/// The node that has it.
pub(crate) const BAD_FRONTEND_CACHED_ON: &str = "worker-3";
/// A payments service that needs more memory than it may have.
pub(crate) const HUNGRY_PAYMENTS: &str = "registry.shop.example/shop/payments:3.9.2";
/// A search service whose index is never whole.
pub(crate) const UNREADY_SEARCH: &str = "registry.shop.example/shop/search:0.18.0";
/// An init container that waits for a database that is not there.
pub(crate) const WAITS_FOR_EVER: &str = "registry.shop.example/shop/wait-for:1.2";

/// Why an image that the registry does not have is not pulled.
pub(crate) fn not_found(image: &str) -> String {
    format!(
        "rpc error: code = NotFound desc = failed to pull and unpack image \"{image}\": failed to resolve reference \
         \"{image}\": {image}: not found"
    )
}

/// How a pod that has just been started on a node is doing.
pub(crate) fn of(pod: &Value, node: &str) -> State {
    let images = |pointer: &str| list(pod, pointer).iter().map(|it| text(it, "/image").to_owned()).collect::<Vec<_>>();
    let runs = |image: &str| images("/spec/containers").iter().any(|it| it == image);
    let crash = |reason, code, ran| State::Crashing { restarts: 1, end: End { reason, code, ran, ago: 0 } };
    if images("/spec/initContainers").iter().any(|image| image == WAITS_FOR_EVER) {
        State::Initializing
    } else if runs(BAD_FRONTEND) && node == BAD_FRONTEND_CACHED_ON {
        crash("Error", 1, 1)
    } else if runs(BAD_FRONTEND) {
        State::CannotPull { why: not_found(BAD_FRONTEND) }
    } else if runs(HUNGRY_PAYMENTS) {
        crash("OOMKilled", 137, 0)
    } else if runs(UNREADY_SEARCH) {
        State::Unready
    } else {
        State::Running
    }
}
