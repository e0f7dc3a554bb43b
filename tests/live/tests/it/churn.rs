//! Ten thousand pods, read page by page while others come and go between them: each that was there all along is there once.

use crate::embedded::Caller;
use crate::objects::{nowhere, pending_pod};
use meho_control_plane::{Cluster, Namespace};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

both![each_of_ten_thousand_pods_is_listed_once_while_others_come_and_go];

const MANY: u32 = 10_000;
/// How many objects the host asks for at a time.
const PAGE: u32 = 500;
/// Of the caller's own pages: no multiple of the host's, so that they end elsewhere.
const LIMIT: u32 = 3_300;
/// How many of those that come are there at a time.
const AT_A_TIME: u32 = 5;
/// So much must have come and gone during a list. A real server's has some hundreds of changes meanwhile; the demo cluster looks through all pods at each.
const AT_LEAST: u32 = 5;

fn name(number: u32) -> String {
    format!("pod-{number:05}")
}

/// Ends what goes on in another thread, also where this one fails.
struct Until<'a>(&'a AtomicBool);

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Makes pods all over the names of the others, and deletes them again. Counts both.
fn come_and_go(namespace: &Namespace, is_over: &AtomicBool, changes: &AtomicU32) {
    // A prime, so that they are all over the pages.
    let name = |number: u32| format!("{}-guest-{number}", name(number * 3_571 % MANY));
    let mut number = 0;
    while !is_over.load(Ordering::Relaxed) {
        pending_pod(namespace, &name(number));
        if let Some(oldest) = number.checked_sub(AT_A_TIME) {
            let path = namespace.path(&format!("pods/{}", name(oldest)));
            namespace.cluster().admin().delete(&path).expect("it was there");
        }
        number += 1;
        changes.fetch_add(2, Ordering::Relaxed);
    }
}

/// Each of those that stay is there once, in the server's order, and of the others none twice.
#[track_caller]
fn check(rows: &[Value]) {
    let names: Vec<&str> = rows.iter().map(|row| row["name"].as_str().expect("a name")).collect();
    let each: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(each.len(), names.len(), "some are there more than once");
    assert!(names.is_sorted());
    let stayed: Vec<String> =
        names.iter().filter(|name| !name.contains("-guest-")).map(|name| (*name).to_owned()).collect();
    assert!(stayed == (0..MANY).map(name).collect::<Vec<_>>(), "{} of {MANY} are there", stayed.len());
}

fn each_of_ten_thousand_pods_is_listed_once_while_others_come_and_go(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let names: Vec<String> = (0..MANY).map(name).collect();
    namespace.pods_at_once(&names, &nowhere(&["app"])).expect("pods");
    let (is_over, changes) = (AtomicBool::new(false), AtomicU32::new(0));
    let caller = Caller::admin(cluster).patient();
    thread::scope(|scope| {
        scope.spawn(|| come_and_go(&namespace, &is_over, &changes));
        let _until = Until(&is_over);
        // Rows of a list, read by as many calls as it takes, and by how many requests.
        let listed = |limit: Option<u32>| {
            let (from, before) = (caller.requests().len(), changes.load(Ordering::Relaxed));
            let (mut all, mut token) = (Vec::new(), None);
            loop {
                let arguments = json!({"namespace": namespace.name(), "limit": limit, "continue": token});
                let (rows, meta) = caller.answer("list_pods", arguments);
                assert!(meta.complete && meta.warnings.is_empty(), "{meta:?}");
                all.extend(rows.as_array().expect("rows").iter().cloned());
                token = meta.token;
                if token.is_none() {
                    break;
                }
            }
            let meanwhile = changes.load(Ordering::Relaxed) - before;
            assert!(meanwhile >= AT_LEAST, "{meanwhile} changes");
            (all, caller.requests().len() - from)
        };
        for limit in [None, Some(LIMIT)] {
            let (rows, requests) = listed(limit);
            check(&rows);
            assert!(requests >= (MANY / PAGE) as usize, "{requests} requests");
        }
    });
}
