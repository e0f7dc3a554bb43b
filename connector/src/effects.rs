//! How effects are written down: a few builders over the contract's records, and the effects of the two generic verbs.
//!
//! What the records mean stands in `wit/effects.wit`. Each operation's effects stand beside it, in `operations`.

use crate::bindings::meho::connector::effects::{
    BodyRule, Condition, Count, Effect, Form, Loose, Method, Need, PageSize, Piece, Place, QueryRule, Trust, Value,
};
use crate::kinds::event::EVENTS;
use crate::kinds::namespace::NAMESPACES;
use crate::resource::{Resource, Scope};

/// What a plain answer is asked for as.
pub(crate) const JSON: &str = "application/json";
/// Asks for an object's metadata only.
pub(crate) const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
/// Asks for the metadata of a list's objects only.
pub(crate) const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
/// Asks for a log: the server refuses `text/plain` here and sends it anyway.
pub(crate) const ANYTHING: &str = "*/*";
/// A JSON merge patch (RFC 7396).
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";
/// Objects a page.
pub(crate) const PAGE_ROWS: u32 = 500;
/// Most pages of one list: 2 million objects.
pub(crate) const MAX_PAGES: u16 = 4000;
/// Most pages of a list that belongs to one object.
pub(crate) const FEW_PAGES: u16 = 100;

pub(crate) fn literal(text: &str) -> Piece {
    Piece::Literal(text.to_owned())
}

pub(crate) fn argument(name: &str) -> Piece {
    Piece::Argument(name.to_owned())
}

/// The argument `name`, or one longer name that the effect `search` found.
pub(crate) fn name_found_by(search: &[&str]) -> Piece {
    let found = search.iter().map(|effect| place(effect, "/items/*/metadata/name", Form::Name)).collect();
    Piece::Extends(Loose { argument: "name".to_owned(), found })
}

pub(crate) fn observed(places: Vec<Place>) -> Piece {
    Piece::Observed(places)
}

pub(crate) fn place(effect: &str, pointer: &str, form: Form) -> Place {
    Place { effect: effect.to_owned(), pointer: pointer.to_owned(), form }
}

/// Path of a resource's collection: in the namespace of the argument `namespace`, or across all.
pub(crate) fn collection(resource: &Resource, in_namespace: Scope) -> Vec<Piece> {
    match in_namespace {
        Scope::Namespace => vec![
            literal(&format!("{}/namespaces/", resource.base)),
            argument("namespace"),
            literal(&format!("/{}", resource.plural)),
        ],
        Scope::Cluster => vec![literal(&format!("{}/{}", resource.base, resource.plural))],
    }
}

/// Path of one object, in the namespace of the argument `namespace` where its kind lives in one.
pub(crate) fn object(resource: &Resource, name: Piece) -> Vec<Piece> {
    let mut path = collection(resource, resource.scope);
    if let Some(Piece::Literal(last)) = path.last_mut() {
        last.push('/');
    }
    path.push(name);
    path
}

/// Path of a subresource of one object.
pub(crate) fn subresource(resource: &Resource, name: Piece, subresource: &str) -> Vec<Piece> {
    let mut path = object(resource, name);
    path.push(literal(&format!("/{subresource}")));
    path
}

/// A GET that is required, sent once, and asks for JSON.
pub(crate) fn read(id: &str, path: Vec<Piece>) -> Effect {
    Effect {
        id: id.to_owned(),
        trust: Trust::Read,
        need: Need::Required,
        when: Vec::new(),
        method: Method::Get,
        path,
        query: Vec::new(),
        accept: vec![JSON.to_owned()],
        body: None,
        count: Count { series: 1, pages: 1 },
    }
}

/// A merge patch of the object at `path`.
pub(crate) fn patch(id: &str, path: Vec<Piece>, template: &str) -> Effect {
    let body = BodyRule { media_type: MERGE_PATCH.to_owned(), template: template.to_owned() };
    Effect { trust: Trust::Write, method: Method::Patch, body: Some(body), ..read(id, path) }
}

impl Effect {
    pub(crate) fn optional(self) -> Self {
        Self { need: Need::Optional, ..self }
    }

    pub(crate) fn accept(self, media_type: &str) -> Self {
        Self { accept: vec![media_type.to_owned()], ..self }
    }

    pub(crate) fn when(mut self, condition: Condition) -> Self {
        self.when.push(condition);
        self
    }

    pub(crate) fn given(self, argument: &str) -> Self {
        self.when(Condition::Given(argument.to_owned()))
    }

    pub(crate) fn absent(self, argument: &str) -> Self {
        self.when(Condition::Absent(argument.to_owned()))
    }

    pub(crate) fn one_of(self, argument: &str, values: &[&str]) -> Self {
        self.when(Condition::OneOf((argument.to_owned(), values.iter().map(|value| (*value).to_owned()).collect())))
    }

    pub(crate) fn after_404(self, effects: &[&str]) -> Self {
        self.when(Condition::Answered404(effects.iter().map(|id| (*id).to_owned()).collect()))
    }

    pub(crate) fn series(mut self, series: u16) -> Self {
        self.count.series = series;
        self
    }

    pub(crate) fn query(self, key: &str, pieces: Vec<Piece>) -> Self {
        self.rule(key, Value::Pieces(pieces), false)
    }

    pub(crate) fn may_query(self, key: &str, pieces: Vec<Piece>) -> Self {
        self.rule(key, Value::Pieces(pieces), true)
    }

    /// Reads in pages, all of them.
    pub(crate) fn paged(self, pages: u16) -> Self {
        self.pages(pages, None, None)
    }

    /// Reads in pages as the caller's `limit` and `continue` say.
    pub(crate) fn paged_by_caller(self) -> Self {
        self.pages(MAX_PAGES, Some("limit"), Some("continue"))
    }

    fn pages(mut self, pages: u16, limit: Option<&str>, token: Option<&str>) -> Self {
        self.count.pages = pages;
        let size = PageSize { rows: PAGE_ROWS, limit: limit.map(str::to_owned) };
        self.rule("limit", Value::PageSize(size), false).rule(
            "continue",
            Value::PageToken(token.map(str::to_owned)),
            false,
        )
    }

    fn rule(mut self, key: &str, value: Value, may_omit: bool) -> Self {
        self.query.push(QueryRule { key: key.to_owned(), value, may_omit });
        self
    }
}

/// The effects of a list, by the selectors that its arguments pass on: query key, argument.
pub(crate) fn list(resource: &Resource, selectors: &[(&str, &str)]) -> Vec<Effect> {
    let select = |effect: Effect| {
        selectors.iter().fold(effect, |effect, (key, name)| effect.query(key, vec![argument(name)])).paged_by_caller()
    };
    let all = select(read("all", collection(resource, Scope::Cluster)));
    match resource.scope {
        Scope::Cluster => vec![all],
        Scope::Namespace => vec![
            all.absent("namespace"),
            select(read("namespaced", collection(resource, Scope::Namespace))).given("namespace"),
            namespace_exists(),
        ],
    }
}

/// Whether the namespace of an empty list exists at all.
pub(crate) fn namespace_exists() -> Effect {
    read("namespace-exists", object(&NAMESPACES, argument("namespace"))).optional().accept(METADATA).given("namespace")
}

/// The effects of reading one object by a name that may be loose: the exact name, and after its 404 the search for longer ones.
pub(crate) fn get(resource: &Resource) -> Vec<Effect> {
    vec![read("get", object(resource, name_found_by(&["search"]))).series(2), search("search", resource, &["get"])]
}

/// The search for names in the place where one was not found: longer ones, or near ones for the error message.
pub(crate) fn search(id: &str, resource: &Resource, after: &[&str]) -> Effect {
    search_in(id, collection(resource, resource.scope), after)
}

/// The search for names in the collection at this path.
pub(crate) fn search_in(id: &str, path: Vec<Piece>, after: &[&str]) -> Effect {
    read(id, path).optional().accept(METADATA_LIST).after_404(after).paged(MAX_PAGES)
}

/// The events about objects whose uids stand in these places.
pub(crate) fn events_about(id: &str, places: Vec<Place>) -> Effect {
    read(id, collection(&EVENTS, Scope::Namespace))
        .query("fieldSelector", vec![literal("involvedObject.uid="), observed(places)])
        .paged(FEW_PAGES)
}

/// Where the uid of an object that `effect` read stands.
pub(crate) fn uid_of(effect: &str) -> Place {
    place(effect, "/metadata/uid", Form::Uid)
}

/// Where a static pod's kubelet keeps the uid that its events carry.
pub(crate) fn mirror_uid_of(effect: &str) -> Place {
    place(effect, "/metadata/annotations/kubernetes.io~1config.mirror", Form::Uid)
}
