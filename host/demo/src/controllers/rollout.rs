//! The arithmetic of a Deployment's rollout: how many replicas each of its ReplicaSets should have.

use serde_json::Value;

use super::read::{number, text};

pub(crate) const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
pub(crate) const MAXIMUM: &str = "deployment.kubernetes.io/max-replicas";

/// What a Deployment allows itself during a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leeway {
    pub(crate) replicas: i64,
    /// So many more than wanted.
    pub(crate) surge: i64,
    /// So many fewer available than wanted.
    pub(crate) unavailable: i64,
}

impl Leeway {
    pub(crate) fn of(deployment: &Value) -> Self {
        let replicas = number(deployment, "/spec/replicas");
        if text(deployment, "/spec/strategy/type") == "Recreate" {
            return Self { replicas, surge: 0, unavailable: 0 };
        }
        let side = |key: &str| deployment.pointer(&format!("/spec/strategy/rollingUpdate/{key}"));
        let surge = amount(side("maxSurge"), replicas, Rounds::Up);
        let unavailable = amount(side("maxUnavailable"), replicas, Rounds::Down);
        // Both zero could never move.
        let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
        Self { replicas, surge, unavailable: unavailable.min(replicas) }
    }

    /// As many pods as there may be.
    pub(crate) fn maximum(self) -> i64 {
        self.replicas + self.surge
    }

    /// As many as have to be available.
    pub(crate) fn minimum(self) -> i64 {
        self.replicas - self.unavailable
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Rounds {
    Up,
    Down,
}

fn amount(given: Option<&Value>, of: i64, rounds: Rounds) -> i64 {
    let percentage = |text: &str| {
        let percent: i64 = text.strip_suffix('%').and_then(|digits| digits.parse().ok()).unwrap_or(25);
        if rounds == Rounds::Up { (percent * of + 99) / 100 } else { percent * of / 100 }
    };
    match given {
        Some(Value::String(text)) => percentage(text),
        Some(number) => number.as_i64().unwrap_or(0),
        None => percentage("25%"),
    }
}

/// How many replicas the new ReplicaSet may have at once, beside all that there are.
pub(crate) fn size_of_new(deployment: &Value, current: i64, all: i64) -> i64 {
    let leeway = Leeway::of(deployment);
    if text(deployment, "/spec/strategy/type") == "Recreate" {
        return leeway.replicas;
    }
    let room = leeway.maximum() - all;
    if room <= 0 { current } else { current + room.min(leeway.replicas - current) }
}

/// The sizes of several active ReplicaSets when the Deployment is scaled during a rollout: each grows or shrinks in
/// proportion, the larger ones first, and the first takes what rounding leaves. Given as (index, size).
pub(crate) fn proportional(deployment: &Value, sets: &[(usize, &Value)]) -> Vec<(usize, i64)> {
    let leeway = Leeway::of(deployment);
    let total: i64 = sets.iter().map(|(_, set)| size(set)).sum();
    let allowed = if leeway.replicas > 0 { leeway.maximum() } else { 0 };
    let to_add = allowed - total;
    let mut order: Vec<_> = sets.to_vec();
    order.sort_by(|(_, one), (_, other)| {
        let age = |set: &Value| text(set, "/metadata/creationTimestamp").to_owned();
        let by_age = if to_add > 0 { age(other).cmp(&age(one)) } else { age(one).cmp(&age(other)) };
        size(other).cmp(&size(one)).then(by_age)
    });
    let mut added = 0;
    let mut sizes: Vec<_> = order
        .iter()
        .map(|(index, set)| {
            let share = if to_add == 0 { 0 } else { share(set, leeway, to_add, to_add - added) };
            added += share;
            (*index, size(set) + share)
        })
        .collect();
    if let Some((_, first)) = sizes.first_mut() {
        *first = (*first + to_add - added).max(0);
    }
    sizes
}

fn share(set: &Value, leeway: Leeway, to_add: i64, left: i64) -> i64 {
    if size(set) == 0 || left == 0 {
        return 0;
    }
    let fraction = if leeway.replicas == 0 {
        -size(set)
    } else {
        let annotated = annotation(set, MAXIMUM).unwrap_or(leeway.replicas).max(1);
        let exact = size(set) * leeway.maximum();
        // Rounded to the nearest.
        (2 * exact + annotated) / (2 * annotated) - size(set)
    };
    if to_add > 0 { fraction.min(left) } else { fraction.max(left) }
}

/// The replicas that a ReplicaSet is asked for.
pub(crate) fn size(set: &Value) -> i64 {
    number(set, "/spec/replicas")
}

/// A number in an annotation.
pub(crate) fn annotation(object: &Value, key: &str) -> Option<i64> {
    object.pointer("/metadata/annotations")?.get(key)?.as_str()?.parse().ok()
}
