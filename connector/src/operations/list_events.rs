//! `list_events`: the newest events, newest first.

use crate::api::{Reads, whole_pages};
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::{Meta, Outcome};
use crate::bindings::meho::connector::failures::Failure;
use crate::clock::seconds_before;
use crate::effects::JSON;
use crate::kinds::event::{COLUMNS, EVENT, EVENTS, event_row, order};
use crate::node::Node;
use crate::operation::{Notes, Operation, Read, Returns, Rows};
use crate::operations::events::EventItem;
use crate::operations::list::{FIELDS, note_what_is_missing};
use crate::operations::newest::Newest;
use crate::page::read_pages_from;
use crate::resource::Resource;
use crate::row::Row;

/// Lists events.
pub struct ListEvents;

impl Operation for ListEvents {
    const RETURNS: Returns = Returns::List;
    const LISTS: Option<Resource> = Some(EVENTS);

    fn members(row: &mut Row<'_>) {
        row.columns(COLUMNS);
        event_row(&Node::missing(&EVENT), row);
    }
}

impl Read for ListEvents {
    fn run(api: &Reads, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        let (key, argument) = FIELDS;
        let ask = |token: Option<&str>| {
            let mut query = whole_pages(token);
            query.extend(arguments.text(argument).map(|selector| (key, selector.to_owned())));
            api.list(EVENTS, arguments.text("namespace"), &query, JSON)
        };
        let most = arguments.number("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let mut newest = Newest::new(most);
        let first = ask(None).body()?;
        let from = arguments.number("since_seconds").map(|seconds| seconds_before(first.date().as_deref(), seconds));
        let pages = read_pages_from::<EventItem>(
            first,
            &mut |head| head.next_token.as_deref().map(|token| ask(Some(token))),
            &mut |event| {
                // One without any time may be of any time.
                let is_older = from.as_ref().zip(order(event)).is_some_and(|(from, time)| time < *from);
                if !is_older {
                    newest.add(event, event_row);
                }
            },
        )?;
        newest.finish();
        let mut rows = Rows::default();
        newest.rows().for_each(|json| rows.push_written(json));
        rows.flush();
        let mut notes = Notes::default();
        newest.note_cut(&mut notes);
        note_what_is_missing(api, arguments, &pages, &mut notes);
        let remaining = u64::try_from(newest.left_out()).ok();
        Ok(Outcome { data: None, meta: Meta { remaining, resource_version: pages.resource_version, ..notes.meta() } })
    }
}
