//! Which of the relationships found make the graph: their ends found or not, and what is said of one more than once put together.

use crate::collector::Reading;
use crate::finding::{Entity, Named, Relation};
use crate::graph::{End, Relationship};
use crate::word::Word;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

/// A relationship, and by which reading it was found.
#[derive(Debug)]
pub(crate) struct FoundRelation {
    pub(crate) reading: Reading,
    pub(crate) relation: Relation,
}

/// Each relationship once, sorted. `entities` are, too.
pub(crate) fn settle(
    found: Vec<FoundRelation>,
    entities: &[Entity],
    stands: impl Fn(&FoundRelation) -> bool,
) -> Vec<Relationship> {
    let standing = found.into_iter().filter(stands);
    let mut resolved: Vec<(Reading, Relationship)> = standing
        .map(|FoundRelation { reading, relation }| {
            let Relation { name, from, to, known_by, certain, properties } = relation;
            let (from, to) = (resolve(from, entities), resolve(to, entities));
            (reading, Relationship { name, from, to, known_by, certain, properties })
        })
        .collect();
    name_alike(&mut resolved);
    // Of each reading the latest first: what that says of a relationship takes the place of what an earlier one said.
    resolved.sort_by(|(left_reading, left), (right_reading, right)| {
        let by_reading = || left_reading.name.cmp(&right_reading.name);
        let by_generation = || Reverse(left_reading.generation).cmp(&Reverse(right_reading.generation));
        left.key().cmp(&right.key()).then_with(by_reading).then_with(by_generation)
    });
    let mut settled: Vec<Relationship> = Vec::with_capacity(resolved.len());
    let mut counts: Option<Reading> = None;
    for (reading, relationship) in resolved {
        match settled.last_mut() {
            Some(last) if last.key() == relationship.key() => {
                let is_of_the_same = counts.as_ref().is_some_and(|counts| counts.name == reading.name);
                if is_of_the_same && counts.as_ref() != Some(&reading) {
                    continue;
                }
                merge(last, relationship);
            }
            _ => settled.push(relationship),
        }
        counts = Some(reading);
    }
    settled
}

/// Of what was not read, and goes by one uid wherever it is named with any: that is it, too, where it is named without.
fn name_alike(resolved: &mut [(Reading, Relationship)]) {
    let mut known: HashMap<(Word, Box<str>), HashSet<Box<str>>> = HashMap::new();
    for (_, Relationship { from, to, .. }) in resolved.iter() {
        for end in [from, to].into_iter().filter(|end| !end.resolved) {
            if let Some(uid) = &end.uid {
                known.entry((end.kind.clone(), end.id.clone())).or_default().insert(uid.clone());
            }
        }
    }
    for (_, Relationship { from, to, .. }) in resolved {
        for end in [from, to].into_iter().filter(|end| !end.resolved && end.uid.is_none()) {
            let uids = known.get(&(end.kind.clone(), end.id.clone())).filter(|uids| uids.len() == 1);
            end.uid = uids.and_then(|uids| uids.iter().next().cloned());
        }
    }
}

/// What both findings say. Which of them comes first makes no difference.
fn merge(known: &mut Relationship, found: Relationship) {
    // Of what is certain the word of that; else the first by the alphabet.
    let known_rank = (Reverse(known.certain), &known.known_by);
    if (Reverse(found.certain), &found.known_by) < known_rank {
        known.known_by = found.known_by;
    }
    known.certain |= found.certain;
    known.properties.merge(found.properties);
}

/// An end is found where something of that type and id was read, and its uid is the one that the end names. One that names none is found where only one thing goes by the id.
fn resolve(named: Named, entities: &[Entity]) -> End {
    let Named { kind, id, uid } = named;
    // Sorted by all three, so neither is looked for one by one: a target may give any number of things one name.
    let before = |entity: &Entity| (&entity.kind, &*entity.id, &entity.uid) < (&kind, &*id, &uid);
    let after = entities.get(entities.partition_point(before)..).unwrap_or_default();
    let goes_by_it = |entity: &&Entity| entity.kind == kind && entity.id == id;
    let first = after.first().filter(goes_by_it);
    let entity = match &uid {
        Some(_) => first.filter(|entity| entity.uid == uid),
        None => first.filter(|_| !after.get(1).is_some_and(|second| goes_by_it(&second))),
    };
    match entity {
        Some(entity) => End { kind, id, uid: entity.uid.clone(), resolved: true },
        None => End { kind, id, uid, resolved: false },
    }
}
