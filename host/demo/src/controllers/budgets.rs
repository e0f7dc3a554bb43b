//! Disruption budgets: how many of their pods may be missing now.

use serde_json::{Value, json};

use super::pods::is_ready;
use super::put_status;
use super::read::{has, is_leaving, list, namespace, number, selects, text};
use crate::resource::{DISRUPTION_BUDGETS, PODS};
use crate::store::Store;
use crate::time::seconds;

/// Counts the pods of every budget.
pub(crate) fn settle(store: &mut Store) {
    let budgets: Vec<Value> =
        store.list(&DISRUPTION_BUDGETS, None).filter(|budget| !is_leaving(budget)).cloned().collect();
    for budget in budgets {
        let status = status(store, &budget);
        if budget.get("status") != Some(&status) {
            put_status(store, &DISRUPTION_BUDGETS, &budget, status);
        }
    }
}

fn status(store: &Store, budget: &Value) -> Value {
    let selector = budget.pointer("/spec/selector");
    let pods = || store.list(&PODS, Some(namespace(budget))).filter(|pod| selects(selector, pod));
    let expected = pods().count() as i64;
    let healthy = pods().filter(|pod| is_ready(pod) && !is_leaving(pod)).count() as i64;
    let desired = if has(budget, "/spec/maxUnavailable") {
        (expected - share(budget.pointer("/spec/maxUnavailable"), expected)).max(0)
    } else {
        share(budget.pointer("/spec/minAvailable"), expected)
    };
    let allowed = if expected > 0 { (healthy - desired).max(0) } else { 0 };
    let (word, reason) = if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    let before = list(budget, "/status/conditions").iter().find(|it| text(it, "/type") == "DisruptionAllowed");
    let since = before.filter(|before| text(before, "/status") == word);
    let since = since.map_or_else(|| seconds(store.now()), |before| text(before, "/lastTransitionTime").to_owned());
    let generation = number(budget, "/metadata/generation");
    json!({
        "currentHealthy": healthy, "desiredHealthy": desired, "disruptionsAllowed": allowed, "expectedPods": expected,
        "observedGeneration": generation,
        "conditions": [{
            "type": "DisruptionAllowed", "status": word, "reason": reason, "message": "", "observedGeneration": generation,
            "lastTransitionTime": since,
        }],
    })
}

/// A number, or a share of so many, rounded up.
fn share(value: Option<&Value>, of: i64) -> i64 {
    match value {
        Some(Value::String(text)) => {
            let percent: i64 = text.strip_suffix('%').and_then(|number| number.parse().ok()).unwrap_or(0);
            (percent * of + 99) / 100
        }
        Some(value) => value.as_i64().unwrap_or(0),
        None => 0,
    }
}
