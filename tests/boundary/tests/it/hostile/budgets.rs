//! Guests that take more than they may have. Each budget ends a call with its own name, and nobody else feels it.

use crate::fixtures;
use crate::trial::{POD, Trial, a_pod, run, serves_an_honest_guest};
use crate::world::{World, target};
use meho_host::error::ErrorCode;
use meho_host::record::{CallEnding, Ending, GuestLine};
use meho_test_fake::{Answer, Body, Expected, Fake, Gate};
use serde_json::json;
use std::time::Duration;

#[test]
fn memory_for_ever_runs_out_of_its_budget() {
    for how in ["pages", "an allocator's"] {
        let ran = Trial::of(fixtures::GROWS_MEMORY).how(how).runs_out_of("memory_bytes");
        let peak = ran.records[0].usage.peak_memory_bytes;
        assert!((32 << 20..=64 << 20).contains(&peak), "{peak}");
    }
}

#[test]
fn an_endless_loop_runs_out_of_its_time() {
    let ran = Trial::of(fixtures::SPINS).within(&World::tight()).runs_out_of("cpu");
    assert!(ran.records[0].usage.cpu >= World::tight_budgets().cpu);
}

#[test]
fn an_endless_loop_leaves_others_their_time() {
    run(async {
        let world = World::tight();
        // As many as there are threads for calls, twice over.
        let spinning = (0..4).map(|_| Trial::of(fixtures::SPINS).within(&world).go());
        let spinning = futures_of(spinning.collect());
        let (spun, ()) = tokio::join!(spinning, serves_an_honest_guest(&world));
        for ran in spun {
            assert_eq!(ran.error().details["budget"], json!("cpu"));
        }
    });
}

/// Runs trials side by side.
async fn futures_of<F: Future>(trials: Vec<F>) -> Vec<F::Output> {
    let mut trials: Vec<_> = trials.into_iter().map(Box::pin).map(Some).collect();
    let mut outputs: Vec<Option<F::Output>> = trials.iter().map(|_| None).collect();
    std::future::poll_fn(move |cx| {
        for (trial, output) in trials.iter_mut().zip(&mut outputs) {
            if let Some(running) = trial
                && let std::task::Poll::Ready(done) = running.as_mut().poll(cx)
            {
                (*trial, *output) = (None, Some(done));
            }
        }
        if trials.iter().any(Option::is_some) {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(outputs.iter_mut().filter_map(Option::take).collect())
    })
    .await
}

#[test]
fn a_guest_that_sleeps_runs_out_of_the_calls_time() {
    let ran = Trial::of(fixtures::SLEEPS).timeout(Duration::from_millis(50)).run();
    assert_eq!(ran.error().code, ErrorCode::Timeout);
    assert_eq!(ran.records[0].ending, CallEnding::Failed(ErrorCode::Timeout));
}

#[test]
fn a_target_that_never_answers_runs_out_of_the_calls_time() {
    let gate = Gate::closed();
    let fake = Fake::expecting([Expected::once("GET", POD, a_pod().held(&gate))]);
    let ran = Trial::of(fixtures::HONEST).on(&fake).timeout(Duration::from_secs(3)).run();
    assert_eq!(ran.error().code, ErrorCode::Timeout);
    let requests = &ran.records[0].requests;
    assert!(matches!(requests[..], [ref request] if matches!(request.ending, Ending::Unknown(_))), "{requests:?}");
}

#[test]
fn a_flood_is_denied_at_its_first_request_too_many() {
    let fake = Fake::answering(|_| Some(a_pod()));
    let ran = Trial::of(fixtures::FLOOD).with(json!({"times": 257})).on(&fake).denied_by("count");
    assert!(fake.seen().len() <= 256);
    assert!(ran.recorded().len() <= 256);
}

#[test]
fn a_flood_runs_out_of_requests_whatever_its_effects_allow() {
    let world = World::tight();
    let budget = World::tight_budgets().requests;
    let fake = Fake::answering(|_| Some(a_pod()));
    let flooding = |times: u32| {
        Trial::of(fixtures::SIDE_BY_SIDE).with(json!({"times": times, "how": "in turn"})).within(&world).on(&fake)
    };
    let (data, _) = flooding(budget).succeeds();
    assert_eq!(data, json!({"well": budget}));
    flooding(budget + 1).runs_out_of("requests");
    assert_eq!(fake.seen().len(), 2 * budget as usize);
}

#[test]
fn a_body_for_ever_runs_out_of_its_budget() {
    let long = json!({"how": r#"{"spec":{"replicas":3}}"#, "also": "application/merge-patch+json", "times": 1 << 20});
    let ran = Trial::of(fixtures::ANOTHER_BODY).with(long).runs_out_of("request_body_bytes");
    assert_eq!(ran.recorded(), [""; 0]);
}

#[test]
fn requests_run_side_by_side() {
    // None is answered before all have come.
    let gate = Gate::closed();
    let held = gate.clone();
    let fake = Fake::answering(move |_| Some(a_pod().held(&held)));
    run(async {
        let arrived = async {
            fake.arrived(16).await;
            gate.open();
        };
        let trial = Trial::of(fixtures::SIDE_BY_SIDE).with(json!({"times": 16})).on(&fake).go();
        let (ran, ()) = tokio::join!(trial, arrived);
        assert_eq!(ran.answer().0, json!({"well": 16}));
        assert_eq!(ran.records[0].requests.len(), 16);
    });
}

#[test]
fn so_many_requests_at_a_time_leave_and_no_more() {
    let at_a_time = World::tight_budgets().requests_at_a_time;
    let fake = Fake::answering(|_| Some(a_pod()));
    // Each answer that is kept open keeps its turn, so the last request never gets one.
    let hoarding = Trial::of(fixtures::HOARDS_ANSWERS).with(json!({"times": at_a_time + 1}));
    // The call's time is over before an answer is let go that nobody reads.
    let ran = hoarding.within(&World::tight()).on(&fake).timeout(World::tight_budgets().between_bytes).run();
    assert_eq!(ran.error().code, ErrorCode::Timeout);
    assert_eq!(fake.seen().len(), at_a_time as usize);
    assert_eq!(ran.recorded().len(), at_a_time as usize);
}

#[test]
fn an_answer_that_its_guest_leaves_unread_is_let_go_and_that_is_said() {
    let at_a_time = World::tight_budgets().requests_at_a_time;
    let fake = Fake::answering(|_| Some(a_pod()));
    let hoarding = Trial::of(fixtures::HOARDS_ANSWERS).with(json!({"times": at_a_time + 1}));
    let (data, meta) = hoarding.within(&World::tight()).on(&fake).succeeds();
    assert_eq!(data, json!({"opened": at_a_time + 1}));
    assert!(!meta.complete && meta.warnings.iter().any(|warning| warning.contains("unread")), "{meta:?}");
}

#[test]
fn answers_that_nobody_reads_hold_up_nobody_else() {
    // Together more than a connection has room for.
    let large = Answer::json("x".repeat(8 << 20));
    let fake = Fake::answering(move |request| {
        Some(if request.target == POD { large.clone() } else { Answer::json(r#"{"metadata":{"name":"other"}}"#) })
    });
    let target = target(&fake);
    run(async {
        let hoarding = Trial::of(fixtures::HOARDS_ANSWERS).with(json!({"times": 33})).target(target.clone());
        let mut hoarding = Box::pin(hoarding.timeout(Duration::from_secs(40)).go());
        tokio::select! {
            ran = &mut hoarding => panic!("it ended: {:?}", ran.outcome),
            () = fake.arrived(32) => {}
        }
        let other = Trial::of(fixtures::HONEST).with(json!({"name": "other"})).target(target.clone()).go();
        tokio::select! {
            ran = &mut hoarding => panic!("it ended: {:?}", ran.outcome),
            ran = other => assert_eq!(ran.answer().0["status"], json!(200)),
        }
    });
}

#[test]
fn answers_that_are_dropped_unread_cost_nothing() {
    let large = Answer::json("x".repeat(2 << 20));
    let fake = Fake::answering(move |_| Some(large.clone()));
    let (data, _) = Trial::of(fixtures::DROPS_ANSWERS).with(json!({"times": 256})).on(&fake).succeeds();
    assert_eq!(data, json!({"opened": 256}));
    assert!(fake.connections() <= 2, "{}", fake.connections());
}

#[test]
fn a_request_that_nobody_waits_for_stands_in_the_record_if_it_left() {
    let fake = Fake::answering(|_| Some(a_pod()));
    let (data, meta) = Trial::of(fixtures::LEAVES_WITHOUT_WAITING).on(&fake).succeeds();
    assert_eq!((data, meta.complete), (json!({"begun": true}), true));
}

#[test]
fn a_call_that_its_caller_leaves_is_recorded_with_all_that_left() {
    let gate = Gate::closed();
    let fake = Fake::expecting([Expected::once("GET", POD, a_pod().held(&gate))]);
    let world = World::new(World::tight_budgets());
    let target = target(&fake);
    run(async {
        let mut calling = Box::pin(Trial::of(fixtures::HONEST).within(&world).target(target.clone()).go());
        tokio::select! {
            ran = &mut calling => panic!("it ended: {:?}", ran.outcome),
            () = fake.arrived(1) => {}
        }
        drop(calling);
        world.records.ended(1).await;
    });
    let [call] = &world.records.all()[..] else { panic!("one call: {:?}", world.records.all()) };
    assert_eq!(call.ending, CallEnding::Abandoned);
    assert!(matches!(call.requests[..], [ref request] if matches!(request.ending, Ending::Unknown(_))), "{call:?}");
}

#[test]
fn handles_for_ever_run_out_of_their_budget() {
    Trial::of(fixtures::HOARDS_HANDLES).runs_out_of("handles");
}

#[test]
fn headers_for_ever_run_out_of_their_budget() {
    Trial::of(fixtures::GROWS_HEADERS).runs_out_of("header_bytes");
}

#[test]
fn a_call_into_the_host_carries_so_much_and_no_more() {
    for how in ["log", "rows"] {
        Trial::of(fixtures::CARRIES_TOO_MUCH).how(how).runs_out_of("hostcall_bytes");
    }
}

#[test]
fn randomness_is_given_by_the_handful() {
    Trial::of(fixtures::WANTS_RANDOMNESS).fails_saying(ErrorCode::ConnectorFault, "it trapped");
}

#[test]
fn a_log_is_cut_and_what_was_dropped_is_counted() {
    // Each line has 1040 characters, and the log room for 63 of them.
    for (component, dropped) in [(fixtures::FLOODS_THE_LOG, 5000 - 63), (fixtures::FLOODS_ITS_OUTPUT, 10_000 - 63)] {
        let ran = Trial::of(component).with(json!({"times": 5000})).run();
        assert_eq!(ran.answer().0, json!({"said": "enough"}));
        let log = &ran.records[0].guest_log;
        let (GuestLine { text: last, .. }, lines) = log.split_last().expect("there is a log");
        let bytes: usize = lines.iter().map(|line| line.text.len()).sum();
        assert!(bytes <= 64 << 10, "{bytes}");
        assert!(lines.len() >= 63, "{}", lines.len());
        let counted: u64 = last.split(' ').next().and_then(|count| count.parse().ok()).expect("they are counted");
        assert!(counted + 2 >= dropped, "{last}");
    }
}

#[test]
fn calls_beyond_those_that_run_wait_for_their_turn() {
    let gate = Gate::closed();
    let held = gate.clone();
    let fake = Fake::answering(move |_| Some(a_pod().held(&held)));
    let target = target(&fake);
    let world = World::tight();
    run(async {
        let calls = (0..70).map(|_| Trial::of(fixtures::HONEST).within(&world).target(target.clone()).go());
        let calls = futures_of(calls.collect());
        // There are slots for 64 instances: a further one would not find any.
        let opened = async {
            fake.arrived(64).await;
            gate.open();
        };
        let (ran, ()) = tokio::join!(calls, opened);
        for ran in ran {
            assert_eq!(ran.answer().0["status"], json!(200));
        }
    });
}

#[test]
fn an_answer_for_ever_runs_out_of_its_budget() {
    let endless = Answer::json("").body(Body::Endless(vec![b' '; 16 << 10].into()));
    for settings in [meho_test_fake::Settings::default(), meho_test_fake::Settings::http1()] {
        let fake = Fake::expecting_with(settings, [Expected::once("GET", POD, endless.clone())]);
        Trial::of(fixtures::HONEST).within(&World::tight()).on(&fake).runs_out_of("response_body_bytes");
    }
}

#[test]
fn all_answers_together_run_out_of_their_budget() {
    let budgets = World::tight_budgets();
    let each = usize::try_from(budgets.response_body_bytes).expect("it is small");
    let large = Answer::json("x".repeat(each));
    let fake = Fake::answering(move |_| Some(large.clone()));
    let times = budgets.response_bytes / budgets.response_body_bytes;
    let reading = |times: u64| {
        let reading = Trial::of(fixtures::SIDE_BY_SIDE).with(json!({"times": times, "how": "in turn"}));
        reading.within(&World::tight()).on(&fake)
    };
    assert_eq!(reading(times).succeeds().0, json!({"well": times}));
    reading(times + 1).runs_out_of("response_bytes");
}
