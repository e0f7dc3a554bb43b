//! What an honest implementation sends is permitted, in order.

use crate::contract::{checked, checked_discovery, entry};
use crate::scenario::{Became, Scenario, Session, approve};
use crate::scenarios;
use meho_policy::authority::Phase;
use meho_policy::catalogue::Effects;
use meho_policy::decide::Decision;
use meho_policy::schema::ArgumentsSchema;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// Runs a scenario to its end. A call that writes is run twice: planned, then executed as approved.
fn run(schema: &ArgumentsSchema, effects: &Effects, scenario: &Scenario) -> usize {
    let mut random = StdRng::seed_from_u64(1);
    let mut session = Session::begin(schema, effects, scenario, Phase::Plan);
    let mut asked = 0;
    for (number, step) in scenario.steps.iter().enumerate() {
        asked += 1;
        let decision = session.take(step, &mut random).unwrap_or_else(|denial| {
            panic!(
                "{} ({}), step {number}, {} {}: {denial}\n{:?}",
                scenario.operation,
                scenario.name,
                step.ask.method,
                step.ask.target(),
                scenario.arguments
            )
        });
        if let Decision::Plan(_) = decision {
            assert_eq!(number + 1, scenario.steps.len(), "{}: a plan ends the run", scenario.operation);
            return asked + execute(schema, effects, scenario, approve(decision));
        }
    }
    asked
}

fn execute(schema: &ArgumentsSchema, effects: &Effects, scenario: &Scenario, phase: Phase) -> usize {
    let mut random = StdRng::seed_from_u64(2);
    let mut session = Session::begin(schema, effects, scenario, phase);
    for step in &scenario.steps {
        let decision =
            session.take(step, &mut random).unwrap_or_else(|denial| panic!("{}: {denial}", scenario.operation));
        assert!(matches!(decision, Decision::Send(_)), "{}: what was approved is sent", scenario.operation);
    }
    let last = scenario.steps.last().expect("a write");
    assert!(session.judge(&last.ask).is_err(), "{}: a write is sent once", scenario.operation);
    scenario.steps.len()
}

#[test]
fn what_an_honest_implementation_sends_is_permitted_in_order() {
    let mut asked = 0;
    let all = scenarios::all();
    for scenario in &all {
        let (schema, effects) = checked(entry(&scenario.operation));
        asked += run(&schema, &effects, scenario);
    }
    let (schema, effects) = checked_discovery();
    let discovery = scenarios::discovery();
    for scenario in &discovery {
        asked += run(&schema, &effects, scenario);
    }
    println!("{asked} honest requests in {} calls", all.len() + discovery.len());
    assert!(asked > 2700, "the scenarios have shrunk to {asked} requests");
}

#[test]
fn every_operation_and_every_effect_has_a_scenario() {
    let mut used = std::collections::BTreeSet::new();
    let mut random = StdRng::seed_from_u64(3);
    for scenario in scenarios::all() {
        let (schema, effects) = checked(entry(&scenario.operation));
        let mut session = Session::begin(&schema, &effects, &scenario, Phase::Plan);
        for step in &scenario.steps {
            let effect = match session.take(step, &mut random) {
                Ok(Decision::Send(permit)) => permit.effect().to_string(),
                Ok(Decision::Plan(planned)) => planned.effect().to_string(),
                Err(denial) => panic!("{denial}"),
            };
            used.insert((scenario.operation.clone(), effect));
        }
    }
    for entry in meho_kubernetes::table::TABLE {
        for effect in checked(entry).1.described() {
            let pair = (entry.id.to_owned(), effect.id.to_string());
            assert!(used.contains(&pair), "no scenario uses {pair:?}");
        }
    }
}

#[test]
fn a_plan_run_never_sends_a_write() {
    let mut random = StdRng::seed_from_u64(4);
    let mut planned = 0;
    for scenario in scenarios::all() {
        let (schema, effects) = checked(entry(&scenario.operation));
        let mut session = Session::begin(&schema, &effects, &scenario, Phase::Plan);
        for step in &scenario.steps {
            let became = session.judge(&step.ask).expect("permitted");
            let is_write = step.ask.method != "GET";
            assert_eq!(became == Became::Planned, is_write, "{} {}", step.ask.method, step.ask.path);
            planned += usize::from(is_write);
            session.take(step, &mut random).expect("permitted");
        }
    }
    assert!(planned > 20);
}
