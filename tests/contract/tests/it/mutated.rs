//! Whatever is changed about an honest request is denied, with its rule named, unless that makes it another honest request of the same call.

use crate::contract::{checked, checked_discovery, entry};
use crate::mutations;
use crate::scenario::{Scenario, Session, approve, honest_requests};
use crate::scenarios;
use meho_policy::authority::Phase;
use meho_policy::catalogue::Effects;
use meho_policy::decide::Decision;
use meho_policy::denial::Rule;
use meho_policy::schema::ArgumentsSchema;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use std::collections::BTreeMap;

/// What was counted.
#[derive(Default)]
struct Count {
    tried: usize,
    honest: usize,
    denied: BTreeMap<Rule, usize>,
    /// What got through and is no request of these scenarios: what was changed, and the request.
    beyond: Vec<(String, &'static str, String)>,
}

impl Count {
    fn try_all(&mut self, schema: &ArgumentsSchema, effects: &Effects, scenarios: &[&Scenario]) {
        let honest = honest_requests(scenarios);
        for scenario in scenarios {
            let mut random = StdRng::seed_from_u64(5);
            let mut planning = Session::begin(schema, effects, scenario, Phase::Plan);
            for step in &scenario.steps {
                self.try_step(&planning, scenario, &step.ask, &honest);
                let decision = planning.take(step, &mut random).expect("an honest request is permitted");
                if let Decision::Plan(_) = decision {
                    let mut executing = Session::begin(schema, effects, scenario, approve(decision));
                    for before in &scenario.steps[..scenario.steps.len() - 1] {
                        executing.take(before, &mut random).expect("an honest request is permitted");
                    }
                    self.try_step(&executing, scenario, &step.ask, &honest);
                }
            }
        }
    }

    fn try_step(
        &mut self,
        session: &Session,
        scenario: &Scenario,
        ask: &crate::scenario::Ask,
        honest: &std::collections::BTreeSet<String>,
    ) {
        for mutation in mutations::of(ask) {
            self.tried += 1;
            match session.judge(&mutation.ask) {
                Err(denial) => *self.denied.entry(denial.rule).or_default() += 1,
                Ok(_) if mutation.ask.identity().is_some_and(|identity| honest.contains(&identity)) => self.honest += 1,
                Ok(_) => self.beyond.push((
                    format!("{} ({})", scenario.operation, scenario.name),
                    mutation.what,
                    format!("{} {}", mutation.ask.method, mutation.ask.target()),
                )),
            }
        }
    }
}

/// Scenarios of one operation with the same arguments are ways that one call may go.
fn by_call(scenarios: &[Scenario]) -> Vec<Vec<&Scenario>> {
    let mut calls: BTreeMap<String, Vec<&Scenario>> = BTreeMap::new();
    for scenario in scenarios {
        let key = format!("{} {}", scenario.operation, serde_json::Value::Object(scenario.arguments.clone()));
        calls.entry(key).or_default().push(scenario);
    }
    calls.into_values().collect()
}

#[test]
fn whatever_is_changed_about_an_honest_request_is_denied() {
    let mut count = Count::default();
    for call in by_call(&scenarios::all()) {
        let (schema, effects) = checked(entry(&call[0].operation));
        count.try_all(&schema, &effects, &call);
    }
    let (schema, effects) = checked_discovery();
    for call in by_call(&scenarios::discovery()) {
        count.try_all(&schema, &effects, &call);
    }
    println!("{} mutations; {} are other honest requests of the same call", count.tried, count.honest);
    for (rule, times) in &count.denied {
        println!("{times:>8} denied by {rule}");
    }
    let mut kinds: BTreeMap<(&str, &str), (usize, &str)> = BTreeMap::new();
    for (scenario, what, request) in &count.beyond {
        kinds.entry((scenario, what)).or_insert((0, request)).0 += 1;
    }
    for ((scenario, what), (times, request)) in &kinds {
        println!("{times:>8} beyond: {scenario}: {what}: {request}");
    }
    assert!(count.tried >= 1_000_000, "only {} mutations", count.tried);
    assert_eq!(count.beyond.len(), 0, "mutations got through");
    for rule in [
        Rule::Authority,
        Rule::PathForm,
        Rule::QueryForm,
        Rule::Header,
        Rule::BodyForm,
        Rule::Method,
        Rule::Path,
        Rule::PathValue,
        Rule::Condition,
        Rule::Accept,
        Rule::QueryKey,
        Rule::QueryMissing,
        Rule::QueryValue,
        Rule::PageSize,
        Rule::PageToken,
        Rule::MediaType,
        Rule::Body,
    ] {
        assert!(count.denied.contains_key(&rule), "no mutation was denied by {rule}");
    }
}

#[test]
fn one_request_too_many_is_denied() {
    for scenario in scenarios::all() {
        let (schema, effects) = checked(entry(&scenario.operation));
        let mut random = StdRng::seed_from_u64(6);
        let mut session = Session::begin(&schema, &effects, &scenario, Phase::Plan);
        let mut last = None;
        for step in &scenario.steps {
            if let Decision::Send(permit) = session.take(step, &mut random).expect("permitted") {
                last = Some((step, permit.effect().clone()));
            }
        }
        let Some((step, id)) = last else { continue };
        let effect = effects.described().iter().find(|effect| effect.id == id).expect("its effect");
        let allowed = usize::from(effect.count.series) * usize::from(effect.count.pages);
        let denied = (0..=allowed).find_map(|_| session.take(step, &mut random).err());
        let denial = denied.unwrap_or_else(|| panic!("{} repeats {} for ever", scenario.operation, step.ask.target()));
        let expected = [Rule::Count, Rule::PageSize, Rule::PageToken];
        assert!(expected.contains(&denial.rule), "{}: {denial}", scenario.operation);
    }
}
