//! What a scheduler, kubelets and controllers would do to the objects.

use crate::store::Store;

/// Brings the objects to rest after a write: called under the lock of the write, until nothing changes.
pub(crate) fn settle(store: &mut Store) {
    let _ = store;
}

/// What takes time: called every half second.
pub(crate) fn tick(store: &mut Store) {
    let _ = store;
}
