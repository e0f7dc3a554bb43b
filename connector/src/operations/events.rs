//! Events: those about one object, which other operations show beside it, and `list_events` and `get_events_for_resource`.

use crate::api::{Reads, whole_pages};
use crate::bindings::meho::connector::effects::{Choice, Effect, Form, Piece};
use crate::effects::{
    FEW_PAGES, JSON, MAX_PAGES, METADATA, argument, collection, literal, mirror_uid_of, name_found_by,
    namespace_exists, observed, place, read, search,
};
use crate::failure::in_a_line;
use crate::kinds::event::{EVENT, last_seen, object_event};
use crate::node::{Node, Shape};
use crate::operation::Notes;
use crate::page::{Item, read_pages};
use crate::resource::{
    CLAIMS, CONFIG_MAPS, CRON_JOBS, DAEMON_SETS, DEPLOYMENTS, ENDPOINTS, EVENTS, INGRESSES, JOBS, NAMESPACES,
    NETWORK_POLICIES, NODES, PODS, REPLICA_SETS, Resource, SERVICES, STATEFUL_SETS, Scope, VOLUMES,
};
use crate::row::{Row, write_object};

/// Most events beside an object: the newest.
const MAX_EVENTS: usize = 100;

/// Kinds whose object is read for its uid, by where they live. Secrets are not among them: the right to read one is no part of looking at events.
const CORE_KINDS: [Resource; 5] = [PODS, SERVICES, CONFIG_MAPS, CLAIMS, ENDPOINTS];
const GROUPED_KINDS: [Resource; 8] =
    [DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, DAEMON_SETS, JOBS, CRON_JOBS, INGRESSES, NETWORK_POLICIES];
const CLUSTER_KINDS: [Resource; 3] = [NODES, VOLUMES, NAMESPACES];

/// Every page is read: the server has no order by time.
pub(crate) fn list_effects() -> Vec<Effect> {
    let select = |effect: Effect| effect.query("fieldSelector", vec![argument("field_selector")]).paged(MAX_PAGES);
    vec![
        select(read("all", collection(&EVENTS, Scope::Cluster))).absent("namespace"),
        select(read("namespaced", collection(&EVENTS, Scope::Namespace))).given("namespace"),
        namespace_exists(),
    ]
}

fn chosen(kinds: &[Resource], literal: fn(&Resource) -> &'static str) -> Piece {
    let cases = kinds.iter().map(|resource| (resource.kind.to_owned(), literal(resource).to_owned())).collect();
    Piece::Chosen(Choice { argument: "kind".to_owned(), cases })
}

fn kind_names(kinds: &[Resource]) -> Vec<&'static str> {
    kinds.iter().map(|resource| resource.kind).collect()
}

/// The path of the collection of whichever of these kinds the argument `kind` says.
fn chosen_collection(kinds: &[Resource]) -> Vec<Piece> {
    let base = chosen(kinds, |resource| resource.base.trim_start_matches('/'));
    let plural = chosen(kinds, |resource| resource.plural);
    match kinds[0].scope {
        Scope::Cluster => vec![literal("/"), base, literal("/"), plural],
        Scope::Namespace => {
            vec![literal("/"), base, literal("/namespaces/"), argument("namespace"), literal("/"), plural]
        }
    }
}

/// The object, for its uid, and the search for longer names, where `kind` is one of these.
fn object_and_search(id: &str, search_id: &str, kinds: &[Resource]) -> [Effect; 2] {
    let mut path = chosen_collection(kinds);
    path.extend([literal("/"), name_found_by(&[search_id])]);
    let names = kind_names(kinds);
    let narrow = |effect: Effect| {
        let effect = effect.absent("uid").one_of("kind", &names);
        if kinds[0].scope == Scope::Namespace { effect.given("namespace") } else { effect }
    };
    let get = Effect { path, ..read(id, Vec::new()) };
    let searching = Effect { path: chosen_collection(kinds), ..search(search_id, &kinds[0], &[id]) };
    [narrow(get.accept(METADATA).series(2).optional()), narrow(searching)]
}

/// Events about one object: by its uid where that is known, given or read; by kind and name where not, which also finds those of objects
/// that are gone. Nodes are selected by kind and name too, since their events often carry no uid.
pub(crate) fn of_object_effects() -> Vec<Effect> {
    let searches = ["search-core", "search-grouped", "search-cluster"];
    let uids = || {
        ["core", "grouped", "cluster"]
            .iter()
            .map(|id| place(id, "/metadata/uid", Form::Uid))
            .chain([mirror_uid_of("core")])
            .collect()
    };
    let by_name = || {
        vec![
            literal("involvedObject.kind="),
            argument("kind"),
            literal(",involvedObject.name="),
            name_found_by(&searches),
        ]
    };
    let given_uid = || vec![literal("involvedObject.uid="), argument("uid")];
    let seen_uid = || vec![literal("involvedObject.uid="), observed(uids())];
    let mut effects = Vec::new();
    effects.extend(object_and_search("core", "search-core", &CORE_KINDS));
    effects.extend(object_and_search("grouped", "search-grouped", &GROUPED_KINDS));
    effects.extend(object_and_search("cluster", "search-cluster", &CLUSTER_KINDS));
    let in_namespace = |id: &str, selector: Vec<Piece>| {
        read(id, collection(&EVENTS, Scope::Namespace))
            .query("fieldSelector", selector)
            .paged(FEW_PAGES)
            .given("namespace")
    };
    let everywhere = |id: &str, selector: Vec<Piece>| {
        read(id, collection(&EVENTS, Scope::Cluster))
            .query("fieldSelector", selector)
            .paged(FEW_PAGES)
            .absent("namespace")
    };
    effects.extend([
        in_namespace("events-by-given-uid", given_uid()).given("uid"),
        everywhere("all-events-by-given-uid", given_uid()).given("uid"),
        in_namespace("events-by-uid", seen_uid()).absent("uid").series(2),
        everywhere("all-events-by-uid", seen_uid()).absent("uid").series(2),
        in_namespace("events-by-name", by_name()).absent("uid").series(2),
        everywhere("all-events-by-name", by_name()).absent("uid").series(2),
    ]);
    effects
}

struct EventItem;

impl Item for EventItem {
    const SHAPE: &'static Shape = &EVENT;
}

/// What happened to an object: the newest, newest first.
#[derive(Debug, Default)]
pub(crate) struct Events {
    /// When each was last seen, and its JSON.
    newest: Vec<(String, Vec<u8>)>,
}

impl Events {
    /// Every event about objects with these uids is read, since the server has no order by time. What cannot be read is noted.
    pub(crate) fn read(api: &Reads, namespace: &str, uids: &[&str], notes: &mut Notes) -> Self {
        let mut events = Self::default();
        let mut seen = 0_usize;
        for uid in uids {
            let ask = |token: Option<&str>| {
                let mut query = whole_pages(token);
                query.push(("fieldSelector", format!("involvedObject.uid={uid}")));
                api.list(EVENTS, Some(namespace), &query, JSON)
            };
            let pages = read_pages::<EventItem>(
                ask(None),
                &mut |head| head.next_token.as_deref().map(|token| ask(Some(token))),
                &mut |event| {
                    seen += 1;
                    events.keep(event);
                },
            );
            match pages {
                Ok(pages) => pages.malformed.warning().into_iter().for_each(|warning| notes.lost(warning)),
                Err(failure) => notes.lost(format!("events could not be read: {}", in_a_line(&failure))),
            }
        }
        events.keep_newest();
        if seen > MAX_EVENTS {
            notes.warn(format!("there are {seen} events: the newest {MAX_EVENTS} are shown"));
        }
        events
    }

    fn keep(&mut self, event: &Node<'_>) {
        let mut json = Vec::new();
        write_object(&mut json, |row| object_event(event, row));
        self.newest.push((last_seen(event).unwrap_or_default(), json));
        if self.newest.len() > 2 * MAX_EVENTS {
            self.keep_newest();
        }
    }

    /// The sort is stable, so events of the same time keep the server's order.
    fn keep_newest(&mut self) {
        self.newest.sort_by(|a, b| b.0.cmp(&a.0));
        self.newest.truncate(MAX_EVENTS);
    }

    /// The member `events` of an object.
    pub(crate) fn member(&self, row: &mut Row<'_>) {
        let nothing = |row: &mut Row<'_>| object_event(&Node::missing(&EVENT), row);
        row.written_list("events", self.newest.iter().map(|(_, json)| json.as_slice()), nothing);
    }
}
