//! ResourceQuotas: how much there may be in a namespace, and how much there is.
//!
//! Counted are objects: `pods` that have not ended, `count/RESOURCE.GROUP`, and the kinds that a quota may name alone. What containers ask for is neither
//! counted nor bounded here.

use serde_json::{Map, Value, json};

use super::pods::has_ended;
use super::put_status;
use super::read::{name, namespace};
use crate::resource::{PODS, RESOURCE_QUOTAS, Resource};
use crate::store::Store;

/// What a quota may name without `count/`.
const ALONE: [&str; 7] =
    ["configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers", "resourcequotas", "secrets", "services"];

/// Writes down what is used of every quota.
pub(crate) fn settle(store: &mut Store) {
    let quotas: Vec<_> = store.list(&RESOURCE_QUOTAS, None).cloned().collect();
    for quota in &quotas {
        let used: Map<String, Value> = hard(quota)
            .filter_map(|(key, _)| Some((key.clone(), used(store, namespace(quota), key)?.to_string().into())))
            .collect();
        let status = json!({ "hard": quota.pointer("/spec/hard"), "used": used });
        put_status(store, &RESOURCE_QUOTAS, quota, status);
    }
}

/// Why there may be no further pod in a namespace, in the words of the server's admission; none where there may.
pub(crate) fn no_further_pod(store: &Store, namespace: &str) -> Option<String> {
    store.list(&RESOURCE_QUOTAS, Some(namespace)).find_map(|quota| {
        let of_pods = hard(quota).filter(|(key, _)| matches!(key.as_str(), "pods" | "count/pods"));
        let exceeded: Vec<_> = of_pods
            .filter_map(|(key, limit)| {
                let (used, limit) = (used(store, namespace, key)?, limit.as_str()?);
                (limit.parse::<usize>().is_ok_and(|limit| used + 1 > limit)).then_some((key, used, limit))
            })
            .collect();
        let told =
            |what: &dyn Fn(&(&String, usize, &str)) -> String| exceeded.iter().map(what).collect::<Vec<_>>().join(",");
        (!exceeded.is_empty()).then(|| {
            format!(
                "exceeded quota: {}, requested: {}, used: {}, limited: {}",
                name(quota),
                told(&|(key, _, _)| format!("{key}=1")),
                told(&|(key, used, _)| format!("{key}={used}")),
                told(&|(key, _, limit)| format!("{key}={limit}")),
            )
        })
    })
}

fn hard(quota: &Value) -> impl Iterator<Item = (&String, &Value)> {
    quota.pointer("/spec/hard").and_then(Value::as_object).into_iter().flatten()
}

/// How many there are of what a key of a quota counts; none where it counts nothing that is counted here.
fn used(store: &Store, namespace: &str, key: &str) -> Option<usize> {
    let named = key.strip_prefix("count/").or_else(|| ALONE.contains(&key).then_some(key))?;
    let (plural, group) = named.split_once('.').unwrap_or((named, ""));
    let resource = Resource::of(group, plural).filter(|resource| resource.namespaced)?;
    let is_counted = |object: &&Value| *resource != PODS || key != "pods" || !has_ended(object);
    Some(store.list(resource, Some(namespace)).filter(is_counted).count())
}
