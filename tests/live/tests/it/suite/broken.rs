//! Answers that are broken: cut at a hundred places, refused and reset one after another, with something of a wrong type in each field, and with each
//! field missing.
//!
//! The answers of an operation's first line are recorded on the demo cluster and played again with one thing wrong. Whatever it is, the operation fails
//! with an error of the contract, or says that its answer is not complete, or it gives the very answer of the healthy ones: it never traps, and never gives
//! less without a word.

mod tape;

use super::case::{Case, Is, rows};
use super::mutation::{Mutation, absent, bare, of_other_types};
use super::rights::lines_of;
use super::world::World;
use crate::embedded::{Answered, Caller, embedded, target_with, yes};
use crate::servers;
use meho_host::error::ErrorCode;
use meho_host::policy::catalogue::Operation;
use meho_host::policy::effect::Trust;
use meho_host::policy::family::Family;
use meho_host::target::{TargetSettings, Verification};
use meho_test_fake::Authority;
use serde_json::Value;
use tape::{Fault, Player, recorded};

/// Places at which the bodies of an operation are cut.
const CUTS: usize = 100;
/// A broken server's fault is none of the connector, and nobody has tried anything.
const NEVER: [ErrorCode; 7] = [
    ErrorCode::ConnectorFault,
    ErrorCode::InternalError,
    ErrorCode::TrustViolation,
    ErrorCode::UnknownOperation,
    ErrorCode::ResourceLimit,
    ErrorCode::ApprovalRequired,
    ErrorCode::ApprovalInvalid,
];

/// How much of the healthy answer one that is said to be complete must have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Still {
    /// All of it, to the letter.
    Whole,
    /// As many rows: what was changed may be seen in one.
    AsManyRows,
}

/// What is wrong with what came of a broken answer.
fn judge(operation: &Operation, healthy: &Value, answered: Answered, still: Still) -> Option<String> {
    let (data, meta) = match answered {
        Ok(answered) => answered,
        Err(error) if NEVER.contains(&error.code) => return Some(format!("{error:?}")),
        Err(_) => return None,
    };
    if let Some(refused) = rows(&data).iter().find_map(|row| operation.returns.check(row).err()) {
        return Some(format!("{refused}"));
    }
    let is_still = match still {
        Still::Whole => without_clock(&data) == without_clock(healthy),
        Still::AsManyRows => rows(&data).len() >= rows(healthy).len(),
    };
    let less = meta.complete && !is_still;
    less.then(|| format!("it is said to be complete, and is not: {data}").chars().take(600).collect())
}

/// What a call writes down of the time it was made at differs from one to the next.
fn without_clock(data: &Value) -> Value {
    let mut data = data.clone();
    if let Some(members) = data.as_object_mut() {
        members.remove("restart_time");
    }
    data
}

/// An operation on its recorded answers.
struct Trial {
    operation: &'static Operation,
    arguments: Value,
    caller: Caller,
    player: Player,
    healthy: Value,
    wrong: Vec<String>,
    tried: usize,
}

impl Trial {
    fn new(operation: &'static Operation, case: &Case, whole: &World) -> Self {
        let id = operation.id.as_str();
        // What an operation changes is its own.
        let own = (operation.trust != Trust::Read).then(|| World::of(whole.cluster(), &case.resource()));
        let world = own.as_ref().unwrap_or(whole);
        let arguments = world.filled(&case.arguments);
        let tape = recorded(world.cluster(), |url| {
            caller(url).call(id, arguments.clone()).unwrap_or_else(|error| panic!("{id} on the demo: {error:?}"));
        });
        let player = Player::new(tape);
        let caller = caller(&player.url());
        player.insert(None);
        let (healthy, meta) =
            caller.call(id, arguments.clone()).unwrap_or_else(|error| panic!("{id}, played again: {error:?}"));
        assert!(meta.complete, "{id}: {meta:?}");
        Self { operation, arguments, caller, player, healthy, wrong: Vec::new(), tried: 0 }
    }

    fn with(&mut self, what: &str, fault: Fault, still: Still) {
        self.player.insert(Some(fault));
        let answered = self.caller.call(self.operation.id.as_str(), self.arguments.clone());
        self.tried += 1;
        let wrong = judge(self.operation, &self.healthy, answered, still);
        self.wrong.extend(wrong.map(|wrong| format!("{}, {what}: {wrong}", self.operation.id)));
    }

    /// Cut at places spread over all bodies: every other time the connection breaks, else the body is said to be no longer.
    fn cut(&mut self) {
        let sizes = self.player.body_sizes();
        let total: usize = sizes.iter().sum();
        for number in 0..CUTS {
            let mut at = total * number / CUTS;
            let request = sizes.iter().position(|size| {
                let is_here = at < *size;
                at -= if is_here { 0 } else { *size };
                is_here
            });
            let Some(request) = request else { continue };
            let fault = if number % 2 == 0 || !self.player.is_json(request) {
                Fault::Cut(request, at)
            } else {
                Fault::Short(request, at)
            };
            self.with(&format!("the body of request {request} cut after {at} bytes"), fault, Still::Whole);
        }
    }

    fn refuse_and_reset(&mut self) {
        for request in 0..self.player.body_sizes().len() {
            self.with(&format!("request {request} answered with 500"), Fault::Refused(request), Still::Whole);
            self.with(&format!("request {request} reset"), Fault::Reset(request), Still::Whole);
        }
    }

    fn change(&mut self) {
        for (line, body) in self.player.documents() {
            for Mutation { at, body } in of_other_types(&body) {
                self.with(&format!("{line}: {at}"), Fault::Body(line.clone(), body), Still::Whole);
            }
            for Mutation { at, body } in absent(&body) {
                self.with(&format!("{line}: {at}"), Fault::Body(line.clone(), body), Still::AsManyRows);
            }
            for Mutation { at, body } in bare(&body) {
                self.with(&format!("{line}: {at}"), Fault::Body(line.clone(), body), Still::AsManyRows);
            }
        }
    }
}

fn caller(url: &str) -> Caller {
    let mut settings = TargetSettings::new("broken", url, Family::Kubernetes);
    settings.verification = Verification::ca(Authority::shared().pem().as_bytes()).expect("PEM");
    Caller::new(target_with("a-token-for-a-tape", settings)).asking(yes())
}

/// Every operation that runs, a few at a time. All that is wrong is told at once.
#[track_caller]
fn every_operation(what: impl Fn(&mut Trial) + Sync) {
    let world = World::make(&servers::demo());
    let operations = embedded().connector.catalogue().operations();
    let (mut tried, mut wrong) = (0, Vec::new());
    let part = |part: &'static [Operation]| {
        let mut found = (0, Vec::new());
        for operation in part {
            let Some(case) = lines_of(operation).into_iter().find(|case| case.is == Is::Success) else {
                found.1.push(format!("{}: no line of it succeeds", operation.id));
                continue;
            };
            let mut trial = Trial::new(operation, &case, &world);
            what(&mut trial);
            found.0 += trial.tried;
            found.1.append(&mut trial.wrong);
        }
        found
    };
    std::thread::scope(|scope| {
        let part = &part;
        let parts: Vec<_> =
            operations.chunks(operations.len().div_ceil(3)).map(|chunk| scope.spawn(move || part(chunk))).collect();
        for part in parts {
            let (more, found) = part.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause));
            tried += more;
            wrong.extend(found);
        }
    });
    println!("{tried} broken answers");
    assert!(wrong.is_empty(), "{} of {tried} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn bodies_cut_at_a_hundred_places_give_an_error_or_an_answer_that_says_so() {
    every_operation(Trial::cut);
}

#[test]
fn a_500_and_a_reset_at_each_request_give_an_error_or_an_answer_that_says_so() {
    every_operation(Trial::refuse_and_reset);
}

#[test]
fn objects_with_another_type_in_a_field_or_without_it_never_make_an_answer_smaller_without_a_word() {
    every_operation(Trial::change);
}
