//! The audit record: what is put into it is found again, and nobody changes it unnoticed.

use crate::kept::{kept, plan, yes};
use crate::plans::open;
use meho_host::approval::PlanStore;
use meho_host::policy::effect::{Method, Trust};
use meho_host::policy::plan::Digest;
use meho_host::record::{
    CallEnding, CallId, CallRecord, Ending, Origin, Recorder, RequestIntent, RequestRecord, Usage,
};
use meho_host_store::audit::{Audit, NotWhole};
use meho_host_store::{Head, Store};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rusqlite::Connection;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

fn id(operation: &str) -> CallId {
    CallId {
        operation: operation.to_owned(),
        target: "prod".to_owned(),
        server: "https://prod.example:6443".to_owned(),
        principal: "user:alice".to_owned(),
        component: Some(Digest::of(b"component")),
        plan: None,
    }
}

fn request(number: u32) -> RequestRecord {
    RequestRecord {
        origin: Origin::Connector,
        audit_id: format!("00000000-0000-4000-8000-{number:012}"),
        effect: "list".to_owned(),
        trust: Trust::Read,
        method: Method::Get,
        path_and_query: "/api/v1/namespaces/prod/pods?limit=500".to_owned(),
        body: None,
        ending: Ending::Answered(200),
        duration: Duration::from_millis(12),
        response_bytes: 3456,
    }
}

fn call(number: u32) -> CallRecord {
    let usage = Usage { rows: 7, ..Usage::default() };
    CallRecord {
        id: id("list_pods"),
        requests: vec![request(number)],
        ending: CallEnding::Answered,
        usage,
        guest_log: Vec::new(),
    }
}

/// A record with an entry of each kind.
async fn record(path: &Path) -> Store {
    let store = open(path);
    store.call(call(1)).await.expect("it is recorded");
    let plan = plan(&store.id().await.expect("a name"), 3, 900);
    store.keep(kept(&plan)).await.expect("it is kept");
    store.approve(&yes(&plan)).await.expect("it waits");
    store.consume(plan.digest()).await.expect("it is approved");
    let intent = RequestIntent {
        call: CallId { plan: Some(plan.digest()), ..id("scale") },
        origin: Origin::Connector,
        effect: "scale".to_owned(),
        audit_id: "00000000-0000-4000-8000-000000000002".to_owned(),
        method: Method::Patch,
        path_and_query: "/apis/apps/v1/namespaces/prod/deployments/web/scale".to_owned(),
        body: Some(Digest::of(b"body")),
        trust: Trust::Write,
    };
    store.intent(&intent).await.expect("it is recorded");
    store.call(call(3)).await.expect("it is recorded");
    store
}

/// A record that nobody has open, and the bytes of its database.
fn closed(path: &Path) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");
    drop(runtime.block_on(record(path)));
    // Its thread closes the database, and puts all of it into one file then.
    while path.join("state.db-wal").exists() {
        std::thread::yield_now();
    }
    fs::read(path.join("state.db")).expect("a database")
}

#[tokio::test]
async fn what_is_recorded_is_found_again_and_whole() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("state");
    drop(record(&path).await);
    let audit = Audit::open(&path).expect("a record");
    let entries = audit.entries(|_| true, 100).expect("entries");
    let kinds: Vec<&str> = entries.iter().rev().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(kinds, ["call", "plan", "approval", "execution", "intent", "call"]);
    let first = &entries[5].entry;
    assert_eq!(first["call"]["principal"], "user:alice");
    assert_eq!(
        first["requests"][0],
        json!({
            "audit_id": "00000000-0000-4000-8000-000000000001", "origin": "connector", "effect": "list", "trust": "READ", "method": "GET",
            "path": "/api/v1/namespaces/prod/pods?limit=500", "body_digest": null, "status": 200, "fate": "answered", "response_bytes": 3456,
            "duration_ms": 12,
        })
    );
    assert_eq!(audit.entries(|entry| entry.kind == "call", 1).expect("entries")[0].number, 6);
    let verified = audit.verify(None).expect("it is whole");
    assert_eq!((verified.head, verified.another.len()), (audit.head().expect("a head"), 0));
    assert_eq!(verified.head.entries, 6);
}

#[tokio::test]
async fn a_head_that_was_kept_is_found_in_the_record_it_is_of_and_in_no_other() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("state");
    let store = record(&path).await;
    let kept: Head =
        Audit::open(&path).expect("a record").head().expect("a head").to_string().parse().expect("it parses");
    store.call(call(4)).await.expect("it is recorded");
    Audit::open(&path).expect("a record").verify(Some(kept)).expect("it has it still");
    // Another record, under another key: as somebody would make one who has the whole directory.
    let other = directory.path().join("other");
    drop(record(&other).await);
    assert!(matches!(Audit::open(&other).expect("a record").verify(Some(kept)), Err(NotWhole::NoSuchHead { .. })));
}

/// What somebody does to the record who can write the database.
#[derive(Debug, Clone)]
enum Tampering {
    Edit(&'static str, usize),
    Drop(usize),
    Swap(usize, usize),
    Truncate(usize),
    Insert,
    Renumber(usize),
}

fn tampering() -> impl Strategy<Value = Tampering> {
    let column = prop_oneof![Just("entry"), Just("at"), Just("kind"), Just("code")];
    prop_oneof![
        (column, 1..=6_usize).prop_map(|(column, at)| Tampering::Edit(column, at)),
        (1..=6_usize).prop_map(Tampering::Drop),
        (1..=6_usize, 1..=6_usize).prop_filter("two of them", |(a, b)| a != b).prop_map(|(a, b)| Tampering::Swap(a, b)),
        (0..6_usize).prop_map(Tampering::Truncate),
        Just(Tampering::Insert),
        (1..=6_usize).prop_map(Tampering::Renumber),
    ]
}

impl Tampering {
    fn on(&self, database: &Connection) {
        let run = |sql: String| {
            assert!(database.execute(&sql, []).expect("it runs") > 0, "{sql} changes something");
        };
        match self {
            Self::Edit("entry", at) => {
                run(format!("UPDATE audit SET entry = replace(entry, '\"', '\" ') WHERE number = {at}"))
            }
            Self::Edit("at", at) => run(format!("UPDATE audit SET at = at + 1 WHERE number = {at}")),
            Self::Edit("kind", at) => run(format!("UPDATE audit SET kind = kind || 's' WHERE number = {at}")),
            Self::Edit(_, at) => run(format!("UPDATE audit SET code = zeroblob(32) WHERE number = {at}")),
            Self::Drop(at) => run(format!("DELETE FROM audit WHERE number = {at}")),
            Self::Swap(a, b) => {
                run(format!("UPDATE audit SET number = -1 WHERE number = {a}"));
                run(format!("UPDATE audit SET number = {a} WHERE number = {b}"));
                run(format!("UPDATE audit SET number = {b} WHERE number = -1"));
            }
            Self::Truncate(left) => run(format!("DELETE FROM audit WHERE number > {left}")),
            Self::Insert => {
                run("INSERT INTO audit SELECT number + 1, at, kind, entry, code FROM audit WHERE number = 6".to_owned())
            }
            Self::Renumber(at) => run(format!("UPDATE audit SET number = number + 100 WHERE number >= {at}")),
        }
    }
}

#[test]
fn every_edit_drop_swap_and_truncation_is_found() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("state");
    let original = closed(&path);
    let mut runner =
        TestRunner::new_with_rng(Config { cases: 200, ..Config::default() }, TestRunner::deterministic().new_rng());
    let outcome = runner.run(&tampering(), |tampering| {
        fs::write(path.join("state.db"), &original).expect("it can be written");
        Audit::open(&path).expect("a record").verify(None).expect("it is whole before");
        let database = Connection::open(path.join("state.db")).expect("a database");
        tampering.on(&database);
        drop(database);
        let verified = Audit::open(&path).expect("a record").verify(None);
        prop_assert!(verified.is_err(), "not found: {verified:?}");
        Ok(())
    });
    outcome.expect("all are found");
}

#[test]
fn no_byte_of_an_entry_can_be_changed_in_the_file() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("state");
    let original = closed(&path);
    let mark = b"https://prod.example:6443";
    let places: Vec<usize> = (0..original.len() - mark.len()).filter(|at| original[*at..].starts_with(mark)).collect();
    assert!(places.len() >= 3, "it stands in three entries");
    for place in places {
        for at in (place..place + mark.len()).step_by(5) {
            let mut changed = original.clone();
            changed[at] ^= 1;
            fs::write(path.join("state.db"), &changed).expect("it can be written");
            let verified = Audit::open(&path).expect("a record").verify(None);
            assert!(verified.is_err(), "byte {at}: {verified:?}");
        }
    }
}
