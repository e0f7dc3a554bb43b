//! Which of the entities found make the graph, in which order.

use crate::finding::Entity;
use std::cmp::{Ordering, Reverse};

/// An entity, and which reading of its type it was found by.
#[derive(Debug)]
pub(crate) struct FoundEntity {
    pub(crate) generation: usize,
    pub(crate) entity: Entity,
}

/// Each entity once, sorted by type, id and uid. Whatever goes by a name in a later reading has taken the place of what went by it in an earlier one.
pub(crate) fn settle(found: Vec<FoundEntity>, stands: impl Fn(&FoundEntity) -> bool) -> Vec<Entity> {
    // How much each says is counted once, and not at each comparison.
    let counted = found.into_iter().filter(stands).map(|found| (said(&found.entity), found));
    let mut counted: Vec<(usize, FoundEntity)> = counted.collect();
    counted.sort_by(|(left_said, left), (right_said, right)| {
        let by_name = by_name(&left.entity, &right.entity);
        let by_reading = || Reverse(left.generation).cmp(&Reverse(right.generation));
        let by_uid = || left.entity.uid.cmp(&right.entity.uid);
        let by_wealth = || right_said.cmp(left_said);
        let by_text = || by_text(&left.entity, &right.entity);
        by_name.then_with(by_reading).then_with(by_uid).then_with(by_wealth).then_with(by_text)
    });
    let standing = counted.into_iter().map(|(_, found)| found);
    let mut settled: Vec<Entity> = Vec::with_capacity(standing.len());
    // The reading whose findings count for the name that the last entity goes by.
    let mut counts = 0;
    for FoundEntity { generation, entity } in standing {
        let is_known = match settled.last() {
            Some(last) if by_name(last, &entity) == Ordering::Equal => generation != counts || last.uid == entity.uid,
            _ => false,
        };
        if !is_known {
            counts = generation;
            settled.push(entity);
        }
    }
    settled
}

fn by_name(left: &Entity, right: &Entity) -> Ordering {
    left.kind.cmp(&right.kind).then_with(|| left.id.cmp(&right.id))
}

/// Of two records of one thing in one reading the one that says more comes first: a stub never takes the place of a record.
fn said(entity: &Entity) -> usize {
    entity.properties.members().values().filter(|value| !value.is_null()).count()
}

/// Where two say as much, any fixed order will do.
fn by_text(left: &Entity, right: &Entity) -> Ordering {
    let hints =
        |entity: &Entity| entity.same_as.iter().map(|hint| hint.object().as_str().to_owned()).collect::<Vec<_>>();
    left.properties.as_str().cmp(right.properties.as_str()).then_with(|| hints(left).cmp(&hints(right)))
}
