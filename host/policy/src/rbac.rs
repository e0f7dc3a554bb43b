//! The RBAC rules that an operation needs, derived from its effects. They are written nowhere else.

use crate::catalogue::Effects;
use crate::effect::Need;
use crate::family::kubernetes::{Attributes, attributes};
use crate::overlap::{Combinations, path_assignments};
use crate::schema::ArgumentsSchema;
use serde::Serialize;
use std::collections::BTreeSet;

/// One right, in the terms of a Role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Right {
    /// The API group; empty for the core group.
    pub api_group: String,
    /// The resource, with `/subresource` where there is one.
    pub resource: String,
    /// The verb.
    pub verb: String,
}

/// What an operation needs, and what it is better with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Rights {
    /// Without one of these it fails.
    pub required: BTreeSet<Right>,
    /// Without one of these it works and says what is lost.
    pub optional: BTreeSet<Right>,
}

/// Derives the rights of an operation from its effects. A right that one effect requires is not optional.
///
/// Paths outside the resources (`/apis`) give none: every authenticated user may read those by default.
#[must_use]
pub fn rights(effects: &Effects, arguments: &ArgumentsSchema) -> Rights {
    let mut rights = Rights::default();
    let mut combinations = Combinations::of_one_operation();
    for template in effects.templates() {
        // The catalogue has refused effects with too many combinations.
        for assignment in path_assignments(template, arguments, &mut combinations).unwrap_or_default() {
            let path: Vec<&str> =
                template.path_under(&assignment).into_iter().map(|segment| segment.unwrap_or("x")).collect();
            let Attributes::Resource(found) = attributes(template.method, &path, false) else { continue };
            let resource = if found.subresource.is_empty() {
                found.resource
            } else {
                format!("{}/{}", found.resource, found.subresource)
            };
            let right = Right { api_group: found.group, resource, verb: found.verb };
            match template.need {
                Need::Required => rights.required.insert(right),
                Need::Optional => rights.optional.insert(right),
            };
        }
    }
    rights.optional = rights.optional.difference(&rights.required).cloned().collect();
    rights
}
