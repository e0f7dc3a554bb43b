//! The RBAC rules that an operation needs, derived from its effects. They are written nowhere else.
//!
//! [`rights`] says what an operation needs at all, [`accesses`] where a call needs it, and [`grants`] which rules give all of it and nothing more.

pub mod manifest;

use crate::catalogue::{Callable, Effects};
use crate::effect::Need;
use crate::family::Family;
use crate::family::kubernetes::{Attributes, attributes};
use crate::grammar::Namespace;
use crate::overlap::{Combinations, path_assignments};
use crate::schema::ArgumentsSchema;
use crate::template::{Segment, Template};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

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

/// A right where it is used. Derived from effects and in no other way: what the host asks a target about is made of these.
///
/// ```compile_fail,E0451
/// let invented = meho_policy::rbac::Access { namespace: None, right: loop {} };
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Access {
    namespace: Option<Namespace>,
    #[serde(flatten)]
    right: Right,
}

impl Access {
    /// The namespace; none for all of them, and for what is in none.
    #[must_use]
    pub fn namespace(&self) -> Option<&Namespace> {
        self.namespace.as_ref()
    }

    /// The right.
    #[must_use]
    pub fn right(&self) -> &Right {
        &self.right
    }
}

/// What the calls of an operation need.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Accesses {
    /// Without one of these they fail.
    pub required: BTreeSet<Access>,
    /// Without one of these they work and say what is lost.
    pub optional: BTreeSet<Access>,
}

/// A rule, as a Role and a ClusterRole have it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are Kubernetes' own")]
pub struct Rule {
    pub api_groups: Vec<String>,
    pub resources: Vec<String>,
    pub verbs: Vec<String>,
}

/// Rules that are to be granted in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// By a Role in this namespace; none for a ClusterRole, bound for the whole cluster.
    pub namespace: Option<Namespace>,
    /// The rules, sorted.
    pub rules: Vec<Rule>,
}

/// Which rights a grant is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// Those without which an operation fails.
    Required,
    /// Those without which it only says what is lost too.
    All,
}

/// Derives the rights of an operation from its effects. A right that one effect requires is not optional.
///
/// Paths outside the resources (`/apis`) give none: every authenticated user may read those by default.
#[must_use]
pub fn rights(effects: &Effects, arguments: &ArgumentsSchema) -> Rights {
    let (mut required, mut optional) = (BTreeSet::new(), BTreeSet::new());
    for Use { template, right, .. } in uses(effects, arguments) {
        match template.need {
            Need::Required => required.insert(right),
            Need::Optional => optional.insert(right),
        };
    }
    optional.retain(|right| !required.contains(right));
    Rights { required, optional }
}

/// Derives what the calls of an operation need that name this namespace or, without one, that name none.
///
/// An operation that always wants a namespace, asked about without one, needs its rights in all of them.
#[must_use]
pub fn accesses<'c>(operation: impl Into<Callable<'c>>, namespace: Option<&Namespace>) -> Accesses {
    let operation = operation.into();
    let uses = uses(operation.effects, operation.arguments);
    let in_one = uses.iter().filter(|used| used.place == Place::Called);
    let names_it: BTreeSet<&str> = in_one.flat_map(|used| arguments_of_path(used.template)).collect();
    let Accesses { mut required, mut optional } = Accesses::default();
    for used in &uses {
        let namespace = match &used.place {
            Place::Called => namespace.cloned(),
            Place::Fixed(name) => Some(name.clone()),
            // An effect of calls that name no namespace.
            Place::Cluster
                if namespace.is_some() && used.template.absent.iter().any(|name| names_it.contains(name.as_str())) =>
            {
                continue;
            }
            Place::Cluster => None,
        };
        let access = Access { namespace, right: used.right.clone() };
        match used.template.need {
            Need::Required => required.insert(access),
            Need::Optional => optional.insert(access),
        };
    }
    optional.retain(|access| !required.contains(access));
    Accesses { required, optional }
}

/// The least rules with which these operations work in a namespace or, without one, in all of them.
#[must_use]
pub fn grants<'c>(
    operations: impl IntoIterator<Item = impl Into<Callable<'c>>>,
    namespace: Option<&Namespace>,
    wants: Wants,
) -> Vec<Grant> {
    let mut verbs: BTreeMap<Option<Namespace>, VerbsOfResources> = BTreeMap::new();
    for operation in operations {
        let Accesses { required, optional } = accesses(operation, namespace);
        let optional = optional.into_iter().filter(|_| wants == Wants::All);
        for Access { namespace, right } in required.into_iter().chain(optional) {
            let resources = verbs.entry(namespace).or_default();
            resources.entry((right.api_group, right.resource)).or_default().insert(right.verb);
        }
    }
    verbs.into_iter().map(|(namespace, resources)| Grant { namespace, rules: rules(resources) }).collect()
}

/// Verbs by group and resource.
type VerbsOfResources = BTreeMap<(String, String), BTreeSet<String>>;

/// Resources of one group with the same verbs share a rule: it allows nothing beyond them.
fn rules(resources: VerbsOfResources) -> Vec<Rule> {
    let mut grouped: BTreeMap<(String, BTreeSet<String>), Vec<String>> = BTreeMap::new();
    for ((group, resource), verbs) in resources {
        grouped.entry((group, verbs)).or_default().push(resource);
    }
    let mut rules: Vec<Rule> = Vec::new();
    for ((group, verbs), resources) in grouped {
        rules.push(Rule { api_groups: vec![group], resources, verbs: verbs.into_iter().collect() });
    }
    rules.sort();
    rules
}

/// A right that an effect makes use of.
struct Use<'e> {
    template: &'e Template,
    right: Right,
    place: Place,
}

/// Where an effect makes use of a right.
#[derive(PartialEq, Eq)]
enum Place {
    /// In no namespace, or across all.
    Cluster,
    /// In the namespace that the call is about.
    Called,
    /// In this one, whatever the call is about.
    Fixed(Namespace),
}

fn uses<'e>(effects: &'e Effects, arguments: &'e ArgumentsSchema) -> Vec<Use<'e>> {
    let mut uses = Vec::new();
    // Rights are Kubernetes' own.
    match effects.family() {
        Family::Kubernetes => {}
        Family::GenericHttp => return uses,
    }
    let mut combinations = Combinations::of_one_operation();
    for template in effects.templates() {
        // The catalogue has refused effects with too many combinations.
        for assignment in path_assignments(template, arguments, &mut combinations).unwrap_or_default() {
            let path = template.path_under(&assignment);
            // With what varies as one thing and as another.
            let read = |varies: &'e str| {
                let segments: Vec<&str> = path.iter().map(|segment| segment.unwrap_or(varies)).collect();
                attributes(template.method, &segments)
            };
            let (Attributes::Resource(found), Attributes::Resource(other)) = (read("x"), read("y")) else { continue };
            let place = match Namespace::parse(&found.namespace) {
                _ if found.namespace != other.namespace => Place::Called,
                Ok(name) => Place::Fixed(name),
                Err(_) => Place::Cluster,
            };
            let resource = if found.subresource.is_empty() {
                found.resource
            } else {
                format!("{}/{}", found.resource, found.subresource)
            };
            uses.push(Use { template, right: Right { api_group: found.group, resource, verb: found.verb }, place });
        }
    }
    uses
}

fn arguments_of_path(template: &Template) -> impl Iterator<Item = &str> {
    template.path.iter().filter_map(|segment| match segment {
        Segment::Argument(name) | Segment::Chosen(name, _) | Segment::Extends(name, _) => Some(name.as_str()),
        Segment::Literal(_) | Segment::Observed(_) => None,
    })
}
