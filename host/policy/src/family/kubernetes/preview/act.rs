//! What a write does, by its method and path.

use crate::effect::Method;
use crate::family::kubernetes::ResourceAttributes;

/// What a write does to what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Makes an object.
    Creates,
    /// Changes one.
    Changes,
    /// Takes one away, an evicted pod too.
    Removes,
    /// Takes away many.
    RemovesMany,
    /// Something that is not followed here.
    Other,
}

impl Act {
    pub(super) fn of(method: Method, of: &ResourceAttributes) -> Self {
        let is_eviction = of.resource == "pods" && of.subresource == "eviction";
        match (method, of.verb.as_str(), of.subresource.as_str()) {
            (Method::Post, "create", "") if of.name.is_empty() => Self::Creates,
            (Method::Post, "create", _) if is_eviction => Self::Removes,
            (Method::Put, "update", "" | "status" | "scale") => Self::Changes,
            (Method::Patch, "patch", "" | "status" | "scale") => Self::Changes,
            (Method::Delete, "delete", "") => Self::Removes,
            (Method::Delete, "deletecollection", "") => Self::RemovesMany,
            _ => Self::Other,
        }
    }
}
