//! `list_*`: every object of a kind, page by page, as rows.

use crate::api::{Address, Asked, Reads};
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::{Meta, Outcome};
use crate::bindings::meho::connector::effects::Effect;
use crate::bindings::meho::connector::failures::Failure;
use crate::effects::{JSON, PAGE_ROWS, list};
use crate::failure::in_a_line;
use crate::kind::Kind;
use crate::kinds::namespace::NAMESPACES;
use crate::metadata::ListMeta;
use crate::node::Node;
use crate::operation::{Notes, Operation, Read, Returns, Rows};
use crate::page::{Malformed, Pages, name_in, read_pages};
use crate::resource::Resource;
use crate::row::Row;
use std::marker::PhantomData;

/// The selectors of lists: the query's key, and the argument that is its value.
pub(crate) const LABELS: (&str, &str) = ("labelSelector", "label_selector");
pub(crate) const FIELDS: (&str, &str) = ("fieldSelector", "field_selector");

/// Lists objects of a kind.
pub struct List<K>(PhantomData<K>);

impl<K: Kind> List<K> {
    /// What it may ask for, where its one selector is of labels.
    pub(crate) fn effects() -> Vec<Effect> {
        list(&K::RESOURCE, &[LABELS])
    }
}

impl<K: Kind> Operation for List<K> {
    const RETURNS: Returns = Returns::List;
    const LISTS: Option<Resource> = Some(K::RESOURCE);

    fn members(row: &mut Row<'_>) {
        row.columns(K::COLUMNS);
        K::row(&Node::missing(K::SHAPE), row);
    }
}

impl<K: Kind> Read for List<K> {
    fn run(api: &Reads, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        let mut rows = Rows::default();
        let mut too_large = Malformed::default();
        let mut pages = read_list::<K>(api, arguments, &mut |object| {
            if !rows.push(|row| K::row(object, row)) {
                too_large.add_too_large(|| name_in(&object.part("metadata")));
            }
        })?;
        pages.malformed.add(too_large);
        rows.flush();
        Ok(listed(api, arguments, pages, Notes::default()))
    }
}

/// Reads what a caller asked for of the list of a kind: which, how many and from where on is in the arguments.
pub(crate) fn read_list<K: Kind>(
    api: &Reads,
    arguments: &Arguments<'_>,
    on_object: &mut dyn FnMut(&Node<'_>),
) -> Result<Pages, Failure> {
    let namespace = arguments.text_if_taken("namespace");
    let mut asker = Asker { api, resource: K::RESOURCE, namespace, arguments, asked: 0 };
    let first = asker.ask(arguments.text("continue"));
    read_pages::<K>(first, &mut |head| asker.after(head), on_object)
}

/// The outcome of a list whose rows have left, with what its pages tell besides.
pub(crate) fn listed(api: &Reads, arguments: &Arguments<'_>, pages: Pages, mut notes: Notes) -> Outcome {
    note_what_is_missing(api, arguments, &pages, &mut notes);
    let last = pages.last;
    let remaining = if last.next_token.is_some() { last.remaining } else { Some(0) };
    let meta = Meta { remaining, continue_: last.next_token, resource_version: pages.resource_version, ..notes.meta() };
    Outcome { data: None, meta }
}

/// Notes the objects that were left out, and the namespace of an empty list where there is none.
pub(crate) fn note_what_is_missing(api: &Reads, arguments: &Arguments<'_>, pages: &Pages, notes: &mut Notes) {
    if let Some(warning) = pages.malformed.warning() {
        notes.lost(warning);
    }
    if let (Some(namespace), 0) = (arguments.text_if_taken("namespace"), pages.count + pages.malformed.count()) {
        note_missing_namespace(api, namespace, notes);
    }
}

/// Asks for the pages of one list.
struct Asker<'a> {
    api: &'a Reads,
    resource: Resource,
    namespace: Option<&'a str>,
    arguments: &'a Arguments<'a>,
    /// Rows asked for so far: the caller's `limit` bounds their sum.
    asked: u64,
}

impl<'a> Asker<'a> {
    /// The page after one with this head; none where there is none or the caller wants no more.
    fn after(&mut self, head: &ListMeta) -> Option<Asked<'a>> {
        let token = head.next_token.as_deref()?;
        (self.left() > 0).then(|| self.ask(Some(token)))
    }

    fn left(&self) -> u64 {
        self.arguments.number("limit").map_or(u64::MAX, |limit| limit.saturating_sub(self.asked))
    }

    fn ask(&mut self, token: Option<&str>) -> Asked<'a> {
        let size = u64::from(PAGE_ROWS).min(self.left());
        self.asked += size;
        let mut query = vec![("limit", size.to_string())];
        for (key, argument) in [LABELS, FIELDS] {
            query.extend(self.arguments.text_if_taken(argument).map(|selector| (key, selector.to_owned())));
        }
        query.extend(token.map(|token| ("continue", token.to_owned())));
        self.api.list(self.resource, self.namespace, &query, JSON)
    }
}

/// Whether an empty list is empty because there is no such namespace: the server does not say.
fn note_missing_namespace(api: &Reads, namespace: &str, notes: &mut Notes) {
    let address = Address { resource: NAMESPACES, namespace: None, name: namespace };
    match api.get_metadata(address).body() {
        Ok(_) => {}
        Err(Failure::NotFound(_)) => notes.warn(format!("there is no namespace {namespace}")),
        Err(failure) => {
            notes.lost(format!(
                "whether the namespace {namespace} exists could not be looked up: {}",
                in_a_line(&failure)
            ));
        }
    }
}
