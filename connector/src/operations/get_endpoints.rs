//! `get_endpoints`: what stands behind one Service, from its Endpoints and from its EndpointSlices; and the slices of one Service for whoever else asks.

use crate::api::{Address, Asked, Reads, whole_pages};
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::Outcome;
use crate::bindings::meho::connector::failures::Failure;
use crate::effects::JSON;
use crate::failure::{unreadable, with_remedy};
use crate::kind::Kind;
use crate::kinds::endpoints::{ENDPOINTS, Endpoints, SERVICE, Sliced, endpoints_row};
use crate::node::Node;
use crate::operation::{Notes, Operation, Read, Returns};
use crate::operations::endpoints::SliceItem;
use crate::operations::lookup::{MAX_OBJECT_BYTES, longer_name};
use crate::page::read_pages;
use crate::resource::ENDPOINT_SLICES;
use crate::row::Row;

/// Reads the Endpoints of one Service.
pub struct GetEndpoints;

impl Operation for GetEndpoints {
    const RETURNS: Returns = Returns::Object;

    fn members(row: &mut Row<'_>) {
        endpoints_row(&Node::missing(<Endpoints as Kind>::SHAPE), None, row);
    }
}

impl Read for GetEndpoints {
    fn run(api: &Reads, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        let (name, namespace) = (arguments.required("name"), arguments.required("namespace"));
        let ask = |name: &str| api.get(address(namespace, name)).bytes(MAX_OBJECT_BYTES);
        let mut notes = Notes::default();
        let (bytes, sliced) = match ask(name) {
            Ok(bytes) => (bytes, slices(api, namespace, name, &mut notes)),
            Err(Failure::NotFound(missing)) => {
                // Slices that somebody made by hand have no such object.
                let mut own = Notes::default();
                if let Some(sliced) = slices(api, namespace, name, &mut own).filter(|sliced| !sliced.is_empty()) {
                    return Ok(own.object(|row| sliced.row(row)));
                }
                let longer = longer_name(api, ENDPOINTS, Some(namespace), name, missing)?;
                (ask(&longer)?, slices(api, namespace, &longer, &mut notes))
            }
            Err(failure) => return Err(failure),
        };
        let endpoints = parse(&bytes)?;
        Ok(notes.object(|row| endpoints_row(&endpoints, sliced.as_ref(), row)))
    }
}

/// Where the Endpoints of a Service are.
pub(crate) fn address<'a>(namespace: &'a str, name: &'a str) -> Address<'a> {
    Address { resource: ENDPOINTS, namespace: Some(namespace), name }
}

/// Reads an Endpoints object.
pub(crate) fn parse(bytes: &[u8]) -> Result<Node<'_>, Failure> {
    Node::parse(<Endpoints as Kind>::SHAPE, bytes).map_err(|error| unreadable("an Endpoints", &error.to_string()))
}

fn slices(api: &Reads, namespace: &str, name: &str, notes: &mut Notes) -> Option<Sliced> {
    let read = take_slices(api, namespace, name, ask_slices(api, namespace, name, None), notes);
    read.map_err(|why| {
        notes.lost(format!("EndpointSlices could not be read, so the row knows of Endpoints only: {why}"));
    })
    .ok()
}

/// Asks for a page of the slices of a Service.
pub(crate) fn ask_slices<'a>(api: &Reads, namespace: &'a str, service: &str, token: Option<&str>) -> Asked<'a> {
    let mut query = whole_pages(token);
    query.push(("labelSelector", format!("{SERVICE}={service}")));
    api.list(ENDPOINT_SLICES, Some(namespace), &query, JSON)
}

/// All slices of a Service, the first page of which has been asked for; else why not. What some of them say is not the whole.
pub(crate) fn take_slices<'a>(
    api: &Reads,
    namespace: &'a str,
    service: &str,
    first: Asked<'a>,
    notes: &mut Notes,
) -> Result<Sliced, String> {
    let mut sliced = Sliced::default();
    let pages = read_pages::<SliceItem>(
        first,
        &mut |head| head.next_token.as_deref().map(|token| ask_slices(api, namespace, service, Some(token))),
        &mut |slice| sliced.add(service, slice),
    )
    .map_err(|failure| with_remedy(&failure))?;
    if let Some(warning) = pages.malformed.warning() {
        notes.lost(format!("of the EndpointSlices {warning}"));
    }
    Ok(sliced)
}
