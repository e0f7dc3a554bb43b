//! A target that answers with the lists of a world: in pages of whatever size, in any order, and with something wrong where a test wants it.

use super::world::{LISTS, list};
use crate::embedded::{Caller, target_with};
use meho_host::policy::family::Family;
use meho_host::target::{TargetSettings, Verification};
use meho_test_fake::{Answer, Authority, Body, Fake, Seen, Then};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A page of a list: its kind, and which it is, from 0.
pub(super) type Place = (&'static str, usize);

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Status(u16),
    Reset,
    /// The connection breaks in the middle of the body.
    Cut,
    /// 410, the first time that it is asked.
    ExpiredOnce,
}

/// How the lists are answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    /// How many items a page has; 0 for a third of the list.
    pub(super) page: usize,
    /// In which order they come; 0 as they are.
    pub(super) seed: u64,
    pub(super) faults: Vec<(Place, Fault)>,
    /// What all requests are answered with.
    pub(super) all: Option<u16>,
    /// What is gone once something has gone wrong, by its kind and its place in the list.
    pub(super) deleted: Option<(&'static str, usize)>,
}

#[derive(Debug, Default)]
struct State {
    plan: Plan,
    lists: BTreeMap<&'static str, Vec<Value>>,
    asked: Vec<Place>,
    paths: Vec<String>,
}

/// The target.
pub(super) struct Shop {
    state: Arc<Mutex<State>>,
    pub(super) caller: Caller,
    _fake: Fake,
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shop {
    pub(super) fn new() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        let fake = Fake::answering(move |seen| locked(&shared).answer(seen));
        let mut settings = TargetSettings::new("shop", &fake.url(), Family::Kubernetes);
        settings.verification = Verification::ca(Authority::shared().pem().as_bytes()).expect("PEM");
        let shop = Self { state, caller: Caller::new(target_with("a-token-for-a-shop", settings)), _fake: fake };
        shop.is_to(Plan::default());
        shop
    }

    /// Begins anew.
    pub(super) fn is_to(&self, plan: Plan) {
        let lists = LISTS.map(|(kind, _)| (kind, shuffled(list(kind), plan.seed)));
        *locked(&self.state) = State { plan, lists: lists.into(), ..State::default() };
    }

    /// The same with other lists, as they are in the bodies of their one page.
    pub(super) fn has(&self, kind: &'static str, items: Vec<Value>) {
        locked(&self.state).lists.insert(kind, items);
    }

    /// The pages that were asked for, in their order.
    pub(super) fn asked(&self) -> Vec<Place> {
        locked(&self.state).asked.clone()
    }

    /// The paths that were asked for, each once.
    pub(super) fn paths(&self) -> Vec<String> {
        let mut paths = locked(&self.state).paths.clone();
        paths.sort();
        paths.dedup();
        paths
    }

    /// The ids of what stands in the first pages of a list, as it is paged by thirds.
    pub(super) fn before(kind: &str, page: usize) -> Vec<String> {
        let items = list(kind);
        let size = items.len().div_ceil(3);
        items.iter().take(size * page).map(id_of).collect()
    }
}

/// The id that discovery gives it.
pub(super) fn id_of(object: &Value) -> String {
    let name = object["metadata"]["name"].as_str().expect("a name");
    object["metadata"]["namespace"].as_str().map_or(name.to_owned(), |space| format!("{space}/{name}"))
}

/// In another order, the same for the same seed.
fn shuffled(mut items: Vec<Value>, seed: u64) -> Vec<Value> {
    let mut state = seed;
    for last in (1..items.len()).rev().filter(|_| seed != 0) {
        // The constants of Knuth's MMIX.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(last, (state >> 33) as usize % (last + 1));
    }
    items
}

fn refused(status: u16) -> Answer {
    let reason = match status {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        410 => "Expired",
        _ => "InternalError",
    };
    let text = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "it was told to", "reason": reason, "code": status});
    Answer::json(text.to_string()).status(status)
}

impl State {
    fn answer(&mut self, seen: &Seen) -> Option<Answer> {
        let (path, query) = seen.target.split_once('?').unwrap_or((&seen.target, ""));
        self.paths.push(path.to_owned());
        if let Some(status) = self.plan.all {
            return Some(refused(status));
        }
        if let Some(name) = path.strip_prefix("/api/v1/namespaces/").filter(|rest| !rest.contains('/')) {
            let found = self.lists["Namespace"].iter().find(|space| space["metadata"]["name"] == name);
            return Some(found.map_or(refused(404), |space| Answer::json(space.to_string())));
        }
        let (path, space) = match path.split_once("/namespaces/") {
            Some((base, rest)) => {
                let (space, plural) = rest.split_once('/')?;
                (format!("{base}/{plural}"), Some(space.to_owned()))
            }
            None => (path.to_owned(), None),
        };
        let kind = LISTS.iter().find(|(_, of)| **of == path)?.0;
        let offset = query.split('&').find_map(|pair| pair.strip_prefix("continue=at-"));
        self.page(kind, space.as_deref(), offset.map_or(0, |at| at.parse().expect("a number")))
    }

    fn page(&mut self, kind: &'static str, space: Option<&str>, offset: usize) -> Option<Answer> {
        let of_space = |item: &&Value| space.is_none_or(|space| item["metadata"]["namespace"] == space);
        let items: Vec<&Value> = self.lists.get(kind)?.iter().filter(of_space).collect();
        let size = if self.plan.page == 0 { items.len().div_ceil(3).max(1) } else { self.plan.page };
        let here: Vec<&Value> = items.iter().skip(offset).take(size).copied().collect();
        let next = (offset + size < items.len()).then(|| format!("at-{}", offset + size));
        let body = json!({"kind": format!("{kind}List"), "metadata": {"resourceVersion": "7", "continue": next.unwrap_or_default()}, "items": here});
        let body = body.to_string();
        let place = (kind, offset / size);
        self.asked.push(place);
        let Some(index) = self.plan.faults.iter().position(|(at, _)| *at == place) else {
            return Some(Answer::json(body));
        };
        let fault = self.plan.faults[index].1;
        if let Some((kind, index)) = self.plan.deleted.take() {
            self.lists.get_mut(kind)?.remove(index);
        }
        Some(match fault {
            Fault::Status(status) => refused(status),
            Fault::Reset => Answer::nothing(Then::Reset),
            Fault::Cut => Answer::json("").body(Body::Cut(vec![body.as_bytes()[..body.len() / 2].to_vec().into()])),
            Fault::ExpiredOnce => {
                self.plan.faults.remove(index);
                refused(410)
            }
        })
    }
}
