//! The types of entities, in the order in which they are read: what others lean on comes first.

use crate::node::Node;
use crate::node::Shape;
use crate::node::Shape::{Flag, List, Object, Pairs, Text};
use crate::resource::{Resource, Scope};
use crate::row::{Row, write_object};
use crate::topology::findings::Says;
use crate::topology::findings::{End, Findings};
use crate::topology::held::Held;
use crate::topology::relationship::{Known, MANAGES, MEMBER_OF};
use crate::topology::{cluster, configuration, event, network, pod, storage, workload};

/// A type of entities.
pub struct EntityKind {
    /// What it is an object of.
    pub resource: Resource,
    /// Types of other connectors that it may be the same as.
    pub same_types: &'static [&'static str],
    /// What is read of it.
    pub(crate) shape: &'static Shape,
    /// Writes its properties: all of them always. Whether values of ConfigMaps are asked for, too.
    pub(crate) properties: fn(&Node<'_>, &mut Row<'_>, bool),
    /// Writes by what another system may know the same thing.
    pub(crate) same_as: Option<fn(&Node<'_>, &mut Row<'_>)>,
    /// Finds its relationships, besides its namespace and its owner.
    pub(crate) relationships: fn(&Node<'_>, &End<'_>, &mut Pass<'_>),
}

/// What the objects that come by find, and what is kept of them for those that follow.
pub(crate) struct Pass<'p> {
    pub(crate) findings: &'p mut Findings,
    pub(crate) held: &'p mut Held,
}

/// What is read of the metadata of everything.
pub(crate) const META: Shape =
    Object(&[("name", Text), ("namespace", Text), ("uid", Text), ("ownerReferences", OWNERS)]);

/// The same of what says something in its annotations.
pub(crate) const ANNOTATED: Shape =
    Object(&[("name", Text), ("namespace", Text), ("uid", Text), ("annotations", Pairs), ("ownerReferences", OWNERS)]);

pub(crate) const OWNERS: Shape =
    List(&Object(&[("apiVersion", Text), ("kind", Text), ("name", Text), ("uid", Text), ("controller", Flag)]));

/// All of them.
pub const ENTITIES: [EntityKind; 15] = [
    cluster::NAMESPACE,
    cluster::NODE,
    storage::CLASS,
    storage::VOLUME,
    storage::CLAIM,
    configuration::CONFIG_MAP,
    configuration::SECRET,
    network::SERVICE,
    network::INGRESS,
    workload::DEPLOYMENT,
    workload::REPLICA_SET,
    workload::STATEFUL_SET,
    workload::DAEMON_SET,
    pod::POD,
    event::EVENT,
];

/// Their names, in the same order.
pub const NAMES: [&str; ENTITIES.len()] = {
    let mut names = [""; ENTITIES.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = ENTITIES[index].resource.kind;
        index += 1;
    }
    names
};

impl EntityKind {
    /// How its id is made.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self.resource.scope {
            Scope::Cluster => "{name}",
            Scope::Namespace => "{namespace}/{name}",
        }
    }

    /// The names of its properties: what is written of an object with nothing in it.
    ///
    /// # Panics
    /// Where what is written is no JSON: a mistake of this program.
    #[must_use]
    pub fn property_names(&self) -> Vec<String> {
        let mut written = Vec::new();
        write_object(&mut written, |row| (self.properties)(&Node::missing(self.shape), row, false));
        let written: serde_json::Map<_, _> = serde_json::from_slice(&written).expect("what is written is an object");
        written.into_iter().map(|(name, _)| name).collect()
    }

    /// Hands out one object that was read, and all that it says of others.
    pub(crate) fn found(&self, object: &Node<'_>, include_values: bool, pass: &mut Pass<'_>) {
        let metadata = object.part("metadata");
        let this = End {
            kind: self.resource.kind,
            namespace: metadata.filled("namespace"),
            name: metadata.text("name").unwrap_or_default(),
            uid: metadata.filled("uid"),
        };
        if this.name.is_empty() || (self.resource.scope == Scope::Namespace) != this.namespace.is_some() {
            pass.findings.nameless();
            return;
        }
        pass.findings.entity(self, object, &this, include_values);
        if let (Some(namespace), Some(member_of)) = (this.namespace, MEMBER_OF.iter().find(|of| of.source == this.kind))
        {
            let to = End::named("Namespace", None, namespace);
            pass.findings.relationship(*member_of, this, to, (Known::Spec, true), Says::Nothing);
        }
        for owner in metadata.items("ownerReferences").iter().filter(|owner| owner.is("controller")) {
            manage(owner, &this, pass.findings);
        }
        (self.relationships)(object, &this, pass);
    }
}

/// Whether a text is a uid, and not what others put in its place: groups of 8, 4, 4, 4 and 12 hexadecimal digits.
pub(crate) fn is_uid(text: &str) -> bool {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    let groups: Vec<&str> = text.split('-').take(GROUPS.len() + 1).collect();
    let is_of_digits =
        |(group, length): (&&str, usize)| group.len() == length && group.bytes().all(|byte| byte.is_ascii_hexdigit());
    groups.len() == GROUPS.len() && groups.iter().zip(GROUPS).all(is_of_digits)
}

/// Nothing besides its namespace and its owner.
pub(crate) fn none(_: &Node<'_>, _: &End<'_>, _: &mut Pass<'_>) {}

fn manage(owner: &Node<'_>, this: &End<'_>, findings: &mut Findings) {
    let (Some(kind), Some(name)) = (owner.filled("kind"), owner.filled("name")) else { return };
    let Some(owner_type) = type_of(kind, owner.text("apiVersion")) else { return };
    let Some(manages) = MANAGES.iter().find(|of| of.source == owner_type && of.destination == this.kind) else {
        return;
    };
    let uid = owner.filled("uid").filter(|uid| is_uid(uid));
    let from = End::named(manages.source, this.namespace, name).with_uid(uid);
    findings.relationship(*manages, from, *this, (Known::OwnerReference, uid.is_some()), Says::Nothing);
}

/// Longest type of a reference: a kind, and a group.
const MAX_TYPE_BYTES: usize = 320;

/// The type of what a reference names: an entity's where kind and group are an entity's, else the kind with its group behind it, so that a Service of another group
/// is never taken for one. Where a reference has no version, its kind alone is to go by. None where what stands there is no kind.
pub(crate) fn type_of(kind: &str, api_version: Option<&str>) -> Option<String> {
    let group = api_version.and_then(|version| version.split_once('/')).map_or("", |(group, _)| group);
    let has_version = api_version.is_some_and(|version| !version.is_empty());
    let is_of = |entity: &EntityKind| entity.resource.kind == kind && group_of(&entity.resource) == group;
    let found = match ENTITIES.iter().any(is_of) {
        true => kind.to_owned(),
        // Of no group is what a core kind is, and what nobody said anything of.
        false if group.is_empty() && (!has_version || !NAMES.contains(&kind)) => kind.to_owned(),
        false => format!("{kind}.{group}"),
    };
    let is_of_words = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let is_type = found.starts_with(|first: char| first.is_ascii_alphabetic())
        && found.len() <= MAX_TYPE_BYTES
        && found.bytes().all(is_of_words)
        && !found.ends_with('.');
    is_type.then_some(found)
}

fn group_of(resource: &Resource) -> &'static str {
    let group = resource.base.strip_prefix("/apis/").and_then(|rest| rest.split('/').next());
    group.unwrap_or_default()
}
