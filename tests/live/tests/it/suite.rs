//! One suite, two servers: every line of `data/cases.yaml` is run on the real control plane and on the demo cluster, on the objects of
//! `data/objects.yaml`, and the two answers have to be the same. A kind that stands by itself has its lines and its objects in one file of `data/kinds`:
//! one object has everything, one has nothing that may be left out, and others are in states that are rare.
//!
//! Each answer is also held against the operation's own schema, against the object that it is of, by the words of the contract (`shapes.rs`), and, with all
//! others of its user, against the server's audit log, both ways (`audited.rs`). Names, times and identities that a server makes up itself are taken out first (`plain.rs`). Rights are nobody's
//! line: each operation's first case is run without any one of the rights that follow from its effects.
//!
//! To add an operation, add its lines: one that succeeds, one that does not.

mod audited;
mod broken;
mod case;
mod columns;
pub(crate) mod data;
pub(crate) mod mutation;
mod plain;
mod rights;
mod roles;
mod walk;
mod world;

use crate::embedded::{Caller, embedded, yes};
use crate::rights::{derived, rules};
use crate::servers;
use audited::Audited;
use case::{Case, Is, cases, run};
use meho_control_plane::{Cluster, Rule};
use meho_host::policy::effect::Trust;
use meho_host::policy::rbac::{Right, Rights};
use plain::differences;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use world::World;

/// What came of a line on one server: its rows, what is wrong with it by itself, and what the other server must answer too.
struct Outcome {
    line: String,
    call: String,
    rows: Vec<Value>,
    wrong: Vec<String>,
    answer: Value,
}

/// Both servers, as far as they are here: the real one first.
fn clusters() -> Vec<(&'static str, Cluster)> {
    let real = servers::real().map(|real| ("real", Cluster::from(real)));
    real.into_iter().chain([("demo", servers::demo())]).collect()
}

/// Runs the same on each server, and holds what came of it against each other. All that is wrong is told at once.
#[track_caller]
fn check_alike(outcomes: impl Fn(&Cluster) -> Vec<Outcome> + Sync) {
    let clusters = clusters();
    let runs: Vec<(&str, Vec<Outcome>)> = std::thread::scope(|scope| {
        let runs: Vec<_> = clusters.iter().map(|(name, cluster)| (*name, scope.spawn(|| outcomes(cluster)))).collect();
        runs.into_iter()
            .map(|(name, run)| (name, run.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause))))
            .collect()
    });
    let mut told = Vec::new();
    for (name, outcomes) in &runs {
        let wrong = outcomes.iter().flat_map(|outcome| outcome.wrong.iter().map(move |wrong| (&outcome.line, wrong)));
        told.extend(wrong.map(|(line, wrong)| format!("{line}\n    {name}: {wrong}")));
    }
    if let [(_, real), (_, demo)] = &runs[..] {
        assert_eq!(real.len(), demo.len(), "the same lines were run on both");
        for (real, demo) in real.iter().zip(demo) {
            assert_eq!(real.line, demo.line);
            let differences = differences(&real.answer, &demo.answer);
            told.extend(differences.into_iter().map(|difference| format!("{}\n    {difference}", real.line)));
        }
    }
    assert!(told.is_empty(), "{} things are wrong or differ:\n\n{}", told.len(), told.join("\n"));
}

/// Operations that change their target are run on objects of their own.
fn writes(case: &Case) -> bool {
    let operation = embedded().connector.catalogue().operation(&case.call);
    operation.is_some_and(|operation| operation.trust != Trust::Read)
}

#[test]
fn every_case_that_reads_is_answered_alike() {
    check_alike(|cluster| {
        let reads = |trust| trust == Trust::Read;
        let world = World::make(cluster);
        let audited = Audited::new(cluster);
        let run = |case| run(&world, audited.caller(), case);
        let outcomes = cases().iter().filter(|case| !writes(case)).map(run).collect();
        let logged = audited.checked(reads);
        walk::all_seen(outcomes, reads).into_iter().chain(logged).collect()
    });
}

#[test]
fn every_case_that_writes_is_answered_alike() {
    check_alike(|cluster| {
        let changes = |trust| trust != Trust::Read;
        let audited = Audited::new(cluster);
        let on_its_own = |case: &Case| run(&World::of(cluster, &case.resource()), audited.caller(), case);
        let outcomes = cases().iter().filter(|case| writes(case)).map(on_its_own).collect();
        let logged = audited.checked(changes);
        walk::all_seen(outcomes, changes).into_iter().chain(logged).collect()
    });
}

/// Somebody with these rights, and no others, who says yes to what needs it.
fn somebody(world: &World, case: &Case, name: &str, rights: &BTreeSet<Right>) -> Caller {
    let rules: Vec<Rule> = rules(rights.iter());
    let user = match case.arguments.get("namespace") {
        Some(_) => world.namespace().user(name, &rules),
        None => world.namespace().cluster_user(name, &rules),
    };
    let user = user.unwrap_or_else(|error| panic!("{name} with {rules:?}: {error}"));
    let caller = Caller::user(world.cluster(), &user).asking(yes());
    world.keep(user);
    caller
}

#[test]
fn without_any_one_of_its_rights_an_operation_fails_alike_or_says_alike_what_is_lost() {
    check_alike(|cluster| {
        let mut first: BTreeMap<&str, &Case> = BTreeMap::new();
        for case in cases().iter().filter(|case| case.is == Is::Success) {
            first.entry(case.call.as_str()).or_insert(case);
        }
        let whole = World::make(cluster);
        let mut outcomes = Vec::new();
        for case in first.into_values() {
            let Rights { required, optional } = derived(&case.call);
            let all: BTreeSet<Right> = required.union(&optional).cloned().collect();
            let lacking = all.iter().map(Some).chain([None]);
            for (number, missing) in lacking.enumerate() {
                let mut rights = all.clone();
                if let Some(missing) = missing {
                    rights.remove(missing);
                }
                let own = writes(case).then(|| World::of(cluster, &case.resource()));
                let world = own.as_ref().unwrap_or(&whole);
                let name = format!("{}-{number}", case.call.replace('_', "-"));
                let caller = somebody(world, case, &name, &rights);
                let denied = "PERMISSION_DENIED".to_owned();
                let is = match missing {
                    // Only the right to the described object itself is missed so much.
                    Some(missing) if required.contains(missing) && case.call.starts_with("describe_") => {
                        Is::ErrorOrLess(denied)
                    }
                    Some(missing) if required.contains(missing) => Is::Error(denied),
                    Some(_) | None => Is::Success,
                };
                let case = Case { is, ..case.clone() };
                let mut outcome = run(world, &caller, &case);
                let without = missing.map_or("nothing".to_owned(), |it| format!("{} {}", it.verb, it.resource));
                outcome.line = format!("{} without {without}", outcome.line);
                outcomes.push(outcome);
            }
        }
        outcomes
    });
}

#[test]
fn every_operation_has_a_case_that_succeeds_and_one_that_does_not() {
    let mut lacking = Vec::new();
    for operation in embedded().connector.catalogue().operations() {
        let of_it = |succeeds: bool| {
            cases().iter().any(|case| case.call == operation.id.to_string() && (case.is == Is::Success) == succeeds)
        };
        let lacks = [(true, "succeeds"), (false, "does not succeed")].into_iter().filter(|(which, _)| !of_it(*which));
        lacking.extend(lacks.map(|(_, what)| format!("{} has no case that {what}", operation.id)));
    }
    assert_eq!(lacking, Vec::<String>::new());
}

#[test]
fn a_difference_is_found_and_shown() {
    let real = json!({"rows": [{"name": "a", "count": 1}, {"name": "b"}], "same": null});
    let demo = json!({"rows": [{"name": "a", "count": 2}], "more": true, "same": null});
    assert_eq!(
        differences(&real, &demo),
        [
            "/more: real has nothing, demo has true",
            "/rows/0/count: real has 1, demo has 2",
            "/rows/1: real has {\"name\":\"b\"}, demo has nothing",
        ]
    );
}
