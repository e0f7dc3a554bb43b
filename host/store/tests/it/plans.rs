//! Plans on disk: kept, approved, used once, and gone.

use crate::kept::{MARK, kept, of, plan, yes};
use meho_host::approval::{MAX_WAITING, PlanState, PlanStore, Plans, StoreRefused};
use meho_host_store::Store;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// Both stores, on disk and in memory, have to do the same.
async fn both<F: AsyncFn(Arc<dyn PlanStore>)>(test: F) {
    let directory = TempDir::new().expect("a directory");
    test(Arc::new(open(&directory.path().join("state")))).await;
    test(Arc::new(Plans::default())).await;
}

pub(crate) fn open(directory: &Path) -> Store {
    Store::open(directory).expect("a store")
}

#[tokio::test]
async fn a_plan_waits_is_approved_is_used_once_and_is_done() {
    both(async |store| {
        let plan = plan(&store.id().await.expect("a name"), 3, 900);
        let entry = store.keep(kept(&plan)).await.expect("it is kept");
        assert_eq!((entry.state, entry.plan.as_ref()), (PlanState::Waiting, Some(&plan)));
        assert_eq!(store.consume(plan.digest()).await, Err(StoreRefused::NotApproved));
        store.approve(&yes(&plan)).await.expect("it waits");
        store.approve(&yes(&plan)).await.expect("a second yes says nothing new");
        let consumed = store.consume(plan.digest()).await.expect("it is approved");
        assert_eq!((consumed.plan, consumed.approval), (plan.clone(), yes(&plan)));
        assert_eq!(store.consume(plan.digest()).await, Err(StoreRefused::Over(PlanState::Unknown)));
        assert_eq!(store.approve(&yes(&plan)).await, Err(StoreRefused::Over(PlanState::Unknown)));
        store.settle(plan.digest(), None).await.expect("it is settled");
        assert_eq!(store.consume(plan.digest()).await, Err(StoreRefused::Over(PlanState::Done)));
        // What came of it does not change any more.
        store.settle(plan.digest(), Some("late")).await.expect("nothing happens");
        let entry = store.find(plan.digest()).await.expect("it is known");
        assert_eq!((entry.state, entry.plan, entry.outcome), (PlanState::Done, None, None));
        assert!(!entry.view.to_string().contains(MARK), "{}", entry.view);
    })
    .await;
}

#[tokio::test]
async fn a_plan_that_was_answered_with_no_is_over() {
    both(async |store| {
        let plan = plan(&store.id().await.expect("a name"), 3, 900);
        store.keep(kept(&plan)).await.expect("it is kept");
        store.reject(plan.digest(), "bob").await.expect("it waits");
        assert_eq!(store.approve(&yes(&plan)).await, Err(StoreRefused::Over(PlanState::Rejected)));
        assert_eq!(store.consume(plan.digest()).await, Err(StoreRefused::Over(PlanState::Rejected)));
        assert_eq!(store.reject(plan.digest(), "bob").await, Err(StoreRefused::Over(PlanState::Rejected)));
    })
    .await;
}

#[tokio::test]
async fn the_same_plan_twice_is_one_and_one_principal_does_not_fill_the_store() {
    both(async |store| {
        let id = store.id().await.expect("a name");
        let first = plan(&id, 3, 900);
        store.keep(kept(&first)).await.expect("it is kept");
        let again = store.keep(kept(&plan(&id, 3, 800))).await.expect("it is kept already");
        assert_eq!(again.digest, first.digest());
        for replicas in 4.. {
            match store.keep(kept(&plan(&id, replicas, 900))).await {
                Ok(_) => assert!(usize::try_from(replicas).expect("few") < MAX_WAITING + 3),
                Err(refused) => {
                    let principal = "somebody".to_owned();
                    assert_eq!(refused, StoreRefused::TooMany { most: MAX_WAITING, principal });
                    break;
                }
            }
        }
        store.keep(kept(&of("somebody else", &id, 3, 900))).await.expect("there is room for others");
        assert_eq!(store.list().await.expect("a list").len(), MAX_WAITING + 1);
    })
    .await;
}

#[tokio::test]
async fn a_plan_whose_time_is_over_is_not_used() {
    both(async |store| {
        let plan = plan(&store.id().await.expect("a name"), 3, 0);
        store.keep(kept(&plan)).await.expect("it is kept");
        assert_eq!(store.approve(&yes(&plan)).await, Err(StoreRefused::Over(PlanState::Expired)));
        assert_eq!(store.consume(plan.digest()).await, Err(StoreRefused::Over(PlanState::Expired)));
    })
    .await;
}

#[tokio::test]
async fn an_unknown_plan_is_none() {
    both(async |store| {
        let plan = plan("another", 3, 900);
        assert_eq!(store.consume(plan.digest()).await, Err(StoreRefused::NoSuchPlan));
        assert_eq!(store.approve(&yes(&plan)).await, Err(StoreRefused::NoSuchPlan));
    })
    .await;
}

#[tokio::test]
async fn a_plan_for_another_store_is_not_kept() {
    let directory = TempDir::new().expect("a directory");
    let store = open(&directory.path().join("state"));
    assert_eq!(store.keep(kept(&plan("another", 3, 900))).await, Err(StoreRefused::Over(PlanState::Void)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixty_four_who_race_for_an_approval_one_gets_it() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("state");
    // Each has the database open for itself, as two processes would.
    let stores = [open(&path), open(&path), open(&path), open(&path)];
    let id = stores[0].id().await.expect("a name");
    for replicas in 1..=5 {
        let plan = plan(&id, replicas, 900);
        stores[0].keep(kept(&plan)).await.expect("it is kept");
        stores[1].approve(&yes(&plan)).await.expect("it waits");
        let racing: Vec<_> = (0..64)
            .map(|racer: usize| {
                let (store, digest) = (stores[racer % stores.len()].clone(), plan.digest());
                tokio::spawn(async move { store.consume(digest).await })
            })
            .collect();
        let mut got = 0;
        for racer in racing {
            match racer.await.expect("nobody panics") {
                Ok(consumed) => {
                    assert_eq!(consumed.plan, plan);
                    got += 1;
                }
                Err(refused) => assert_eq!(refused, StoreRefused::Over(PlanState::Unknown)),
            }
        }
        assert_eq!(got, 1);
    }
}

#[tokio::test]
async fn what_a_plan_would_have_written_is_gone_from_the_disk_once_it_is_over() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("state");
    let store = open(&path);
    let id = store.id().await.expect("a name");
    let holds_mark = || {
        let files = std::fs::read_dir(&path).expect("a directory");
        files.flatten().any(|file| {
            let bytes = std::fs::read(file.path()).expect("a file");
            bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes())
        })
    };
    let [used, refused] = [plan(&id, 3, 900), plan(&id, 4, 900)];
    for plan in [&used, &refused] {
        store.keep(kept(plan)).await.expect("it is kept");
    }
    assert!(holds_mark(), "the search finds it while it is there");
    store.approve(&yes(&used)).await.expect("it waits");
    store.consume(used.digest()).await.expect("it is approved");
    store.reject(refused.digest(), "bob").await.expect("it waits");
    assert!(!holds_mark());
}
