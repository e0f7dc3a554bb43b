//! Get, list and watch.

use crate::answer::{Answer, Body};
use crate::cluster::Cluster;
use crate::negotiate::{Encoding, View};
use crate::page;
use crate::request::Request;
use crate::resource::Resource;
use crate::route::Place;
use crate::select::Selection;
use crate::show;
use crate::status::Refusal;
use crate::store::{Store, not_found};
use crate::watch::Watch;
use std::sync::Arc;

/// One object.
pub(crate) fn one(
    store: &Store,
    request: &Request,
    resource: &'static Resource,
    place: &Place,
    (view, encoding): (View, Encoding),
) -> Result<Answer, Refusal> {
    let object = store.get(resource, Some(&place.namespace), &place.name);
    let object = object.ok_or_else(|| not_found(resource, &place.name))?;
    Ok(show::object(request, 200, resource, object, view, encoding, store.now()))
}

/// A page of a list.
pub(crate) fn list(
    store: &Store,
    request: &Request,
    resource: &'static Resource,
    place: &Place,
    (view, encoding): (View, Encoding),
) -> Result<Answer, Refusal> {
    let selection = Selection::of(&request.query, resource)?;
    let page = page::read(store, resource, &place.namespace, &request.query, &selection)?;
    Ok(show::list(request, resource, page, view, encoding, store.now()))
}

/// A stream of changes.
pub(crate) fn watch(
    store: &Store,
    cluster: &Arc<Cluster>,
    request: &Request,
    resource: &'static Resource,
    place: &Place,
    (view, _): (View, Encoding),
) -> Result<Answer, Refusal> {
    let selection = Selection::of(&request.query, resource)?;
    let watch = Watch::start(store, cluster.clone(), request, resource, &place.namespace, selection, view)?;
    let answer = Answer {
        status: 200,
        headers: vec![("content-type", "application/json".to_owned())],
        body: Body::Watch(Box::new(watch)),
    };
    Ok(answer)
}
