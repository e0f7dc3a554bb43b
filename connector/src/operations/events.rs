//! Events: those about one object, which other operations show beside it, and the effects of `list_events` and `get_events_for_resource`.

use crate::api::{Asked, Reads, whole_pages};
use crate::bindings::meho::connector::effects::{Choice, Effect, Form, Piece};
use crate::effects::{
    FEW_PAGES, JSON, MAX_PAGES, METADATA, argument, collection, literal, mirror_uid_of, name_found_by,
    namespace_exists, observed, place, read, search_in,
};
use crate::failure::with_remedy;
use crate::kinds::event::{EVENT, EVENTS, object_event};
use crate::node::{Node, Shape};
use crate::operation::Notes;
use crate::operations::newest::Newest;
use crate::page::{Item, read_pages};
use crate::resource::{CORE, EventsBy, Resource, Scope};
use crate::row::Row;
use crate::table::kinds;

/// Most events beside an object: the newest.
const MAX_EVENTS: usize = 100;

/// Kinds that are read for the uid of their objects, one of which an effect reads: how its path is made is the same for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// In a namespace, of the core group: a static pod is among them.
    Core,
    /// In a namespace, of a group that has a name.
    Grouped,
    /// Of the cluster.
    Cluster,
}

impl Family {
    fn of(kind: &Resource) -> Self {
        match kind.scope {
            Scope::Cluster => Self::Cluster,
            Scope::Namespace if kind.base == CORE => Self::Core,
            Scope::Namespace => Self::Grouped,
        }
    }

    fn kinds(self) -> Vec<Resource> {
        known_kinds().filter(|kind| Self::of(kind) == self).collect()
    }
}

/// Every page is read: the server has no order by time.
pub(crate) fn list_effects() -> Vec<Effect> {
    let select = |effect: Effect| effect.query("fieldSelector", vec![argument("field_selector")]).paged(MAX_PAGES);
    vec![
        select(read("all", collection(&EVENTS, Scope::Cluster))).absent("namespace"),
        select(read("namespaced", collection(&EVENTS, Scope::Namespace))).given("namespace"),
        namespace_exists(),
    ]
}

/// Kinds whose object is read for its uid. Secrets are not among them: the right to read one is no part of looking at events.
fn known_kinds() -> impl Iterator<Item = Resource> {
    kinds().filter(|kind| kind.events == EventsBy::Uid)
}

/// The kind of this name, where its objects are read for their uid.
pub(crate) fn known_kind(kind: &str) -> Option<Resource> {
    known_kinds().find(|known| known.kind == kind)
}

/// The kind that was meant, where only the case of its letters is wrong.
pub(crate) fn kind_like(kind: &str) -> Option<&'static str> {
    known_kinds().map(|known| known.kind).find(|known| known.eq_ignore_ascii_case(kind))
}

fn chosen(kinds: &[Resource], literal: fn(&Resource) -> &'static str) -> Piece {
    let cases = kinds.iter().map(|resource| (resource.kind.to_owned(), literal(resource).to_owned())).collect();
    Piece::Chosen(Choice { argument: "kind".to_owned(), cases })
}

/// The path of the collection of whichever kind of a family the argument `kind` says.
fn chosen_collection(family: Family) -> Vec<Piece> {
    let kinds = &family.kinds();
    let base = chosen(kinds, |resource| resource.base.trim_start_matches('/'));
    let plural = chosen(kinds, |resource| resource.plural);
    match family {
        Family::Cluster => vec![literal("/"), base, literal("/"), plural],
        Family::Core | Family::Grouped => {
            vec![literal("/"), base, literal("/namespaces/"), argument("namespace"), literal("/"), plural]
        }
    }
}

/// The object, for its uid, and the search for longer names, where `kind` is one of a family.
fn object_and_search(id: &str, search_id: &str, family: Family) -> [Effect; 2] {
    let mut path = chosen_collection(family);
    path.extend([literal("/"), name_found_by(&[search_id])]);
    let kinds = family.kinds();
    let names: Vec<&str> = kinds.iter().map(|kind| kind.kind).collect();
    let narrow = |effect: Effect| {
        let effect = effect.absent("uid").one_of("kind", &names);
        if family == Family::Cluster { effect } else { effect.given("namespace") }
    };
    let get = Effect { path, ..read(id, Vec::new()) };
    let searching = search_in(search_id, chosen_collection(family), &[id]);
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
    effects.extend(object_and_search("core", "search-core", Family::Core));
    effects.extend(object_and_search("grouped", "search-grouped", Family::Grouped));
    effects.extend(object_and_search("cluster", "search-cluster", Family::Cluster));
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

pub(crate) struct EventItem;

impl Item for EventItem {
    const SHAPE: &'static Shape = &EVENT;
}

/// How an event is shown.
type Show = fn(&Node<'_>, &mut Row<'_>);

/// What happened to an object, or to a few: the newest, newest first.
#[derive(Debug)]
pub(crate) struct Events {
    show: Show,
    newest: Newest,
    /// Why not all could be read.
    pub(crate) error: Option<String>,
}

impl Default for Events {
    fn default() -> Self {
        Self::shown_by(object_event)
    }
}

impl Events {
    /// None yet.
    pub(crate) fn shown_by(show: Show) -> Self {
        Self { show, newest: Newest::new(MAX_EVENTS), error: None }
    }

    /// Every event about objects with these uids is read, since the server has no order by time. What cannot be read is noted.
    pub(crate) fn read(api: &Reads, namespace: &str, uids: &[&str], notes: &mut Notes) -> Self {
        let mut events = Self::default();
        for uid in uids {
            let selected = Selected::by_uid(namespace, uid);
            events.take(api, &selected, selected.ask(api, None), notes);
        }
        events.settle(notes);
        events
    }

    /// Reads the pages of one selection, whose first has been asked for. After a failure there is no point in more of the same.
    pub(crate) fn take(&mut self, api: &Reads, selected: &Selected<'_>, first: Asked<'_>, notes: &mut Notes) {
        if self.error.is_some() {
            return;
        }
        let pages = read_pages::<EventItem>(
            first,
            &mut |head| head.next_token.as_deref().map(|token| selected.ask(api, Some(token))),
            &mut |event| self.newest.add(event, self.show),
        );
        match pages {
            Ok(pages) => pages.malformed.warning().into_iter().for_each(|warning| notes.lost(warning)),
            Err(failure) => {
                notes.lost(format!("events could not be read: {}", with_remedy(&failure)));
                self.error = Some(with_remedy(&failure));
            }
        }
    }

    /// Puts them in order, and notes that there were more.
    pub(crate) fn settle(&mut self, notes: &mut Notes) {
        self.newest.finish();
        self.newest.note_cut(notes);
    }

    /// The member `events` of an object.
    pub(crate) fn member(&self, row: &mut Row<'_>) {
        let nothing = |row: &mut Row<'_>| (self.show)(&Node::missing(&EVENT), row);
        row.written_list("events", self.newest.rows(), nothing);
    }
}

/// Which events.
pub(crate) struct Selected<'a> {
    /// Their namespace; all of them where there is none.
    namespace: Option<&'a str>,
    selector: String,
}

impl<'a> Selected<'a> {
    /// About the object with this uid.
    pub(crate) fn by_uid(namespace: impl Into<Option<&'a str>>, uid: &str) -> Self {
        Self { namespace: namespace.into(), selector: format!("involvedObject.uid={uid}") }
    }

    /// About whatever objects have, or had, this kind and name.
    pub(crate) fn by_name(namespace: Option<&'a str>, kind: &str, name: &str) -> Self {
        Self { namespace, selector: format!("involvedObject.kind={kind},involvedObject.name={name}") }
    }

    /// Asks for a page of them.
    pub(crate) fn ask(&self, api: &Reads, token: Option<&str>) -> Asked<'a> {
        let mut query = whole_pages(token);
        query.push(("fieldSelector", self.selector.clone()));
        api.list(EVENTS, self.namespace, &query, JSON)
    }
}
