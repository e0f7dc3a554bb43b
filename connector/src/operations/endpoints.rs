//! `list_endpoints`: what stands behind Services, from their Endpoints and from their EndpointSlices.
//!
//! What the slices know is held, by Service, until the Endpoints of the same Service come by: the two lists are in different orders. So memory follows the
//! addresses of the listed namespaces, some 150 bytes each.

use crate::api::{Reads, whole_pages};
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::Outcome;
use crate::bindings::meho::connector::failures::Failure;
use crate::effects::JSON;
use crate::failure::in_a_line;
use crate::kind::Kind;
use crate::kinds::endpoints::{ENDPOINTS, Endpoints, SLICE, Sliced, endpoints_row, service_of};
use crate::node::{Node, Shape};
use crate::operation::{Notes, Operation, Read, Returns, Rows};
use crate::operations::list::{LABELS, listed, read_list};
use crate::page::{Item, Malformed, name_in, read_pages};
use crate::resource::{ENDPOINT_SLICES, Resource};
use crate::row::Row;
use std::collections::BTreeMap;

/// Most Services that a warning names.
const MAX_NAMED: usize = 10;

/// Lists Endpoints.
pub struct ListEndpoints;

impl Operation for ListEndpoints {
    const RETURNS: Returns = Returns::List;
    const LISTS: Option<Resource> = Some(ENDPOINTS);

    fn members(row: &mut Row<'_>) {
        row.columns(<Endpoints as Kind>::COLUMNS);
        endpoints_row(&Node::missing(<Endpoints as Kind>::SHAPE), None, row);
    }
}

impl Read for ListEndpoints {
    fn run(api: &Reads, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        let mut notes = Notes::default();
        let mut services = read_slices(api, arguments, &mut notes);
        let mut rows = Rows::default();
        let mut count = 0_u64;
        let mut too_large = Malformed::default();
        let mut pages = read_list::<Endpoints>(api, arguments, &mut |endpoints| {
            let sliced = services.remove(&key_of(&endpoints.part("metadata"), None));
            if !rows.push(|row| endpoints_row(endpoints, sliced.as_ref(), row)) {
                too_large.add_too_large(|| name_in(&endpoints.part("metadata")));
            }
            count += 1;
        })?;
        pages.malformed.add(too_large);
        match (arguments.text("continue"), &pages.last.next_token) {
            // All Endpoints have come by: what is left has none.
            (None, None) => {
                let room = arguments.number("limit").map_or(u64::MAX, |limit| limit.saturating_sub(count));
                let mut no_room = Vec::new();
                for (at, (service, sliced)) in (0_u64..).zip(&services) {
                    if at >= room {
                        no_room.push(service.as_str());
                    } else if !rows.push(|row| sliced.row(row)) {
                        pages.malformed.add_too_large(|| service.clone());
                    }
                }
                note_left_out(&no_room, "have EndpointSlices only, and are beyond the limit", &mut notes);
            }
            // Those that have come by on earlier pages are not known here.
            (Some(_), None) => {
                let by_hand = services.iter().filter(|(_, sliced)| sliced.is_by_hand);
                let by_hand: Vec<&str> = by_hand.map(|(service, _)| service.as_str()).collect();
                let why = "have EndpointSlices made by hand, and are on no page where they have no Endpoints";
                note_left_out(&by_hand, why, &mut notes);
            }
            // A later page may have the Endpoints of those that are left.
            (_, Some(_)) => {}
        }
        rows.flush();
        Ok(listed(api, arguments, pages, notes))
    }
}

fn note_left_out(services: &[&str], why: &str, notes: &mut Notes) {
    if services.is_empty() {
        return;
    }
    let more = if services.len() > MAX_NAMED { ", …" } else { "" };
    let named = services.iter().copied().take(MAX_NAMED).collect::<Vec<_>>().join(", ");
    notes.lost(format!("Services that {why}: {named}{more}; without limit and continue they are listed"));
}

pub(crate) struct SliceItem;

impl Item for SliceItem {
    const SHAPE: &'static Shape = &SLICE;
}

/// Namespace and name of a Service: of the one with this name in the object's namespace, or of the object's own name.
fn key_of(metadata: &Node<'_>, service: Option<&str>) -> String {
    let name = service.or(metadata.text("name")).unwrap_or_default();
    format!("{}/{name}", metadata.text("namespace").unwrap_or_default())
}

/// All slices, by Service. Where not all could be read there are none: what some of them say of a Service is not the whole.
fn read_slices(api: &Reads, arguments: &Arguments<'_>, notes: &mut Notes) -> BTreeMap<String, Sliced> {
    let (key, argument) = LABELS;
    let ask = |token: Option<&str>| {
        let mut query = whole_pages(token);
        query.extend(arguments.text(argument).map(|selector| (key, selector.to_owned())));
        api.list(ENDPOINT_SLICES, arguments.text("namespace"), &query, JSON)
    };
    let mut services: BTreeMap<String, Sliced> = BTreeMap::new();
    let pages = read_pages::<SliceItem>(
        ask(None),
        &mut |head| head.next_token.as_deref().map(|token| ask(Some(token))),
        &mut |slice| {
            let metadata = slice.part("metadata");
            if let Some(service) = service_of(&metadata) {
                services.entry(key_of(&metadata, Some(service))).or_default().add(service, slice);
            }
        },
    );
    match pages {
        Ok(pages) => {
            if let Some(warning) = pages.malformed.warning() {
                notes.lost(format!("of the EndpointSlices {warning}"));
            }
            services
        }
        Err(failure) => {
            notes.lost(format!(
                "EndpointSlices could not be read, so the rows know of Endpoints only: {}",
                in_a_line(&failure)
            ));
            BTreeMap::new()
        }
    }
}
