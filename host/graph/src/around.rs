//! What is near one entity.

use crate::finding::Entity;
use crate::graph::Graph;
use crate::web::{Direction, Web};
use crate::word::Word;
use std::collections::HashSet;

/// How a node was come to: a path that goes on may not turn round on it.
type Arrival<'g> = (usize, Option<(&'g Word, Direction)>);

impl Graph {
    /// What is within so many steps of an entity, in both directions, and how it hangs together. The coverage stays.
    ///
    /// A path never turns round on relationships of one name: what it came to along one it does not leave against another. So what is next to everything, such as
    /// what all are members of, is shown, and does not bring everything with it.
    pub fn around(&self, start: &Entity, depth: usize) -> Self {
        let web = Web::of(self);
        let mut is_near = vec![false; web.len()];
        let mut seen: HashSet<Arrival<'_>> = HashSet::new();
        let mut arrivals: Vec<Arrival<'_>> = web.node_of(start).into_iter().map(|node| (node, None)).collect();
        for left in (0..=depth).rev() {
            let mut next = Vec::new();
            for (node, arrival) in arrivals {
                is_near.get_mut(node).into_iter().for_each(|near| *near = true);
                let steps = if left == 0 { &[] } else { web.steps(node) };
                let onward = steps.iter().filter(|step| {
                    let name = &step.relationship.name;
                    !arrival.is_some_and(|(came_by, direction)| came_by == name && direction != step.direction)
                });
                next.extend(onward.filter_map(|step| {
                    let arrival = (step.node, Some((&step.relationship.name, step.direction)));
                    seen.insert(arrival).then_some(arrival)
                }));
            }
            arrivals = next;
        }
        let near = |node: Option<usize>| node.and_then(|node| is_near.get(node).copied()).unwrap_or_default();
        let numbered = self.entities().iter().enumerate();
        let entities = numbered.filter(|(node, _)| near(Some(*node))).map(|(_, entity)| entity.clone()).collect();
        let all = self.relationships().iter();
        let both = all.filter(|relationship| near(web.node(&relationship.from)) && near(web.node(&relationship.to)));
        Self::settled(entities, both.cloned().collect(), self.coverage().clone())
    }
}
