//! A store that is another than it was left: copied, put back, or with a clock that went back. Nothing approved there is of use.

use crate::kept::{approved, kept, plan, yes};
use crate::plans::open;
use meho_host::approval::{PlanState, PlanStore, StoreRefused};
use meho_host_store::audit::{Audit, NotWhole};
use std::fs::Permissions;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use tempfile::TempDir;

/// Copies what is in a directory into another, which is made.
fn copy(from: &Path, to: &Path) {
    std::fs::DirBuilder::new().mode(0o700).create(to).expect("a directory");
    for file in std::fs::read_dir(from).expect("a directory").flatten() {
        std::fs::copy(file.path(), to.join(file.file_name())).expect("a copy");
    }
}

/// Puts copied files back into the files that are there: the same files, with other bytes.
fn put_back(from: &Path, to: &Path, names: &[&str]) {
    for name in names {
        let (from, to) = (from.join(name), to.join(name));
        match std::fs::read(from) {
            Ok(bytes) => {
                std::fs::write(&to, bytes).expect("it can be written");
                std::fs::set_permissions(&to, Permissions::from_mode(0o600)).expect("a mode");
            }
            Err(_) => drop(std::fs::remove_file(to)),
        }
    }
}

const DATABASE: [&str; 3] = ["state.db", "state.db-wal", "state.db-shm"];

#[tokio::test]
async fn an_approval_does_not_fit_a_copy_of_its_store() {
    let directory = TempDir::new().expect("a directory");
    let (here, there) = (directory.path().join("here"), directory.path().join("there"));
    let (store, plan) = approved(&here).await;
    drop(store);
    copy(&here, &there);
    let copied = open(&there);
    assert_ne!(copied.id().await.expect("a name"), plan.context().store);
    assert_eq!(copied.consume(plan.digest()).await, Err(StoreRefused::Over(PlanState::Void)));
    // Where it was made it holds.
    open(&here).consume(plan.digest()).await.expect("it is approved");
    let found = Audit::open(&there).expect("a record").verify(None).expect("it is whole");
    assert_eq!(found.another.len(), 1);
    assert_eq!(found.another[0].entry["why"], "moved");
}

#[tokio::test]
async fn an_approval_that_was_used_does_not_come_back_with_an_older_copy() {
    let directory = TempDir::new().expect("a directory");
    let (here, backup) = (directory.path().join("here"), directory.path().join("backup"));
    let (store, plan) = approved(&here).await;
    drop(store);
    copy(&here, &backup);
    let store = open(&here);
    store.consume(plan.digest()).await.expect("it is approved");
    drop(store);
    put_back(&backup, &here, &DATABASE);
    assert!(matches!(Audit::open(&here).expect("a record").verify(None), Err(NotWhole::Cut { .. })));
    let store = open(&here);
    assert_ne!(store.id().await.expect("a name"), plan.context().store);
    assert_eq!(store.consume(plan.digest()).await, Err(StoreRefused::Over(PlanState::Void)));
    let found = Audit::open(&here).expect("a record").verify(None).expect("it says what happened");
    assert_eq!(found.another[0].entry["why"], "restored");
}

#[tokio::test]
async fn the_loss_of_what_says_where_the_record_ends_is_noticed() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("state");
    let (store, plan) = approved(&path).await;
    drop(store);
    std::fs::remove_file(path.join("audit.head")).expect("it was there");
    assert!(matches!(Audit::open(&path).expect("a record").verify(None), Err(NotWhole::NoHead)));
    assert_eq!(open(&path).consume(plan.digest()).await, Err(StoreRefused::Over(PlanState::Void)));
}

#[tokio::test]
async fn a_clock_that_was_set_back_gives_a_plan_no_more_time() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("state");
    let (store, plan) = approved(&path).await;
    // The latest time that it has seen lies after the plan's end: this machine's clock is behind it.
    let latest = plan.context().expires + 100;
    let database = rusqlite::Connection::open(path.join("state.db")).expect("a database");
    database.execute("UPDATE fact SET value = ?1 WHERE name = 'latest'", [latest.to_string()]).expect("it is there");
    match store.consume(plan.digest()).await {
        Err(StoreRefused::ClockSetBack { behind }) => assert!((900..=1100).contains(&behind), "{behind}"),
        other => panic!("it was used: {other:?}"),
    }
}

#[tokio::test]
async fn a_plan_that_is_put_back_by_hand_does_not_bring_back_its_use() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("state");
    let (store, plan) = approved(&path).await;
    store.consume(plan.digest()).await.expect("it is approved");
    let database = rusqlite::Connection::open(path.join("state.db")).expect("a database");
    let text = plan.to_text();
    database.execute("UPDATE plan SET state = 'approved', plan = ?1", [&text]).expect("it is there");
    assert_eq!(store.consume(plan.digest()).await, Err(StoreRefused::Over(PlanState::Unknown)));
    // Nor does another request under its digest.
    // Nor with the note of its use taken away: the record has it.
    database.execute("DELETE FROM used", []).expect("it is there");
    assert_eq!(store.consume(plan.digest()).await, Err(StoreRefused::Over(PlanState::Unknown)));
    let changed = text.replace("\"replicas\\\":3", "\"replicas\\\":4");
    assert_ne!(changed, text);
    database.execute("UPDATE plan SET plan = ?1", [&changed]).expect("it is there");
    assert!(matches!(store.consume(plan.digest()).await, Err(StoreRefused::Failed(_))));
}

#[tokio::test]
async fn a_time_that_never_was_holds_nothing_up_and_gives_nothing_more_time() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("state");
    let store = open(&path);
    let name = store.id().await.expect("a name");
    let before = plan(&name, 3, 900);
    store.keep(kept(&before)).await.expect("it is kept");
    store.approve(&yes(&before)).await.expect("it waits");
    // Somebody's clock was in another century for a moment.
    let database = rusqlite::Connection::open(path.join("state.db")).expect("a database");
    database.execute("UPDATE fact SET value = '4102444800' WHERE name = 'latest'", []).expect("it is there");
    assert_eq!(store.consume(before.digest()).await, Err(StoreRefused::Over(PlanState::Void)));
    let renamed = store.id().await.expect("a name");
    assert_ne!(renamed, name);
    let after = plan(&renamed, 3, 900);
    store.keep(kept(&after)).await.expect("it is kept");
    store.approve(&yes(&after)).await.expect("it waits");
    store.consume(after.digest()).await.expect("it is approved");
    let found = Audit::open(&path).expect("a record").verify(None).expect("it is whole");
    assert_eq!(found.another[0].entry["why"], "clock");
}
