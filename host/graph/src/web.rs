//! A graph as something to walk: entities, and ends that were not read, by number.

use crate::finding::Entity;
use crate::graph::{End, Graph, Relationship};
use crate::shown::group_of;
use crate::word::Word;
use std::collections::{BTreeMap, BTreeSet};

/// What views and searches walk on. A node's number is its place among the entities; what was not read comes behind them.
#[derive(Debug)]
pub(crate) struct Web<'g> {
    graph: &'g Graph,
    /// Sorted, each once.
    unread: Vec<&'g End>,
    steps: Vec<Vec<Step<'g>>>,
    /// Ways that something goes, by the relationship's name and the destination's type, which say no more than in what group it is.
    memberships: BTreeSet<(&'g Word, &'g Word)>,
}

/// One step from a node, along a relationship or against it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'g> {
    pub(crate) relationship: &'g Relationship,
    pub(crate) node: usize,
    pub(crate) direction: Direction,
}

/// Which way a step goes along a relationship.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Direction {
    Forwards,
    Backwards,
}

impl<'g> Web<'g> {
    pub(crate) fn of(graph: &'g Graph) -> Self {
        let ends = || graph.relationships().iter().flat_map(|relationship| [&relationship.from, &relationship.to]);
        let mut unread: Vec<&End> = ends().filter(|end| !end.resolved).collect();
        unread.sort();
        unread.dedup();
        let mut web = Self { graph, unread, steps: Vec::new(), memberships: memberships(graph) };
        web.steps.resize(web.len(), Vec::new());
        for relationship in graph.relationships() {
            let (Some(from), Some(to)) = (web.node(&relationship.from), web.node(&relationship.to)) else { continue };
            for (at, node, direction) in [(from, to, Direction::Forwards), (to, from, Direction::Backwards)] {
                web.steps.get_mut(at).into_iter().for_each(|steps| steps.push(Step { relationship, node, direction }));
            }
        }
        web
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.graph.entities().len() + self.unread.len()
    }

    /// Whether it says no more than in what group something is, such as a namespace.
    pub(crate) fn is_membership(&self, relationship: &Relationship) -> bool {
        self.memberships.contains(&(&relationship.name, &relationship.to.kind))
    }

    /// The node of an end.
    pub(crate) fn node(&self, end: &End) -> Option<usize> {
        if !end.resolved {
            return self.unread.binary_search(&end).ok().map(|at| self.graph.entities().len() + at);
        }
        self.graph.entities().binary_search_by(|entity| by_identity(entity, &end.kind, &end.id, &end.uid)).ok()
    }

    /// The node of an entity.
    pub(crate) fn node_of(&self, entity: &Entity) -> Option<usize> {
        let same = |other: &Entity| by_identity(other, &entity.kind, &entity.id, &entity.uid);
        self.graph.entities().binary_search_by(same).ok()
    }

    /// What was read of a node. None where nothing was.
    pub(crate) fn entity(&self, node: usize) -> Option<&'g Entity> {
        self.graph.entities().get(node)
    }

    /// The type and the id of a node.
    pub(crate) fn name(&self, node: usize) -> (&'g Word, &'g str) {
        if let Some(entity) = self.entity(node) {
            return (&entity.kind, &entity.id);
        }
        let end = self.unread.get(node - self.graph.entities().len()).expect("nodes come from this web");
        (&end.kind, &end.id)
    }

    /// The steps from a node, in the order of the relationships.
    pub(crate) fn steps(&self, node: usize) -> &[Step<'g>] {
        self.steps.get(node).map_or(&[], Vec::as_slice)
    }
}

/// All that go by one name to one type have to go from something in a group to what the group is called after, and from more than one type of thing: a node may have the name of a
/// namespace, and all that is in that may run on it.
fn memberships(graph: &Graph) -> BTreeSet<(&Word, &Word)> {
    let is_member = |relationship: &Relationship| {
        let group = group_of(&relationship.from.id);
        !group.is_empty() && *group == *relationship.to.id
    };
    let mut ways: BTreeMap<(&Word, &Word), (bool, BTreeSet<&Word>)> = BTreeMap::new();
    for relationship in graph.relationships() {
        let (are_all, types) =
            ways.entry((&relationship.name, &relationship.to.kind)).or_insert_with(|| (true, BTreeSet::new()));
        *are_all &= is_member(relationship);
        types.insert(&relationship.from.kind);
    }
    ways.into_iter().filter(|(_, (are_all, types))| *are_all && types.len() > 1).map(|(way, _)| way).collect()
}

fn by_identity(entity: &Entity, kind: &Word, id: &str, uid: &Option<Box<str>>) -> std::cmp::Ordering {
    (&entity.kind, &*entity.id, &entity.uid).cmp(&(kind, id, uid))
}
