//! `describe_pod`: everything that tells why a pod is as it is: its containers with their probes and how they ended, where it may run, and what happened to it.

use crate::api::Reads;
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::Outcome;
use crate::bindings::meho::connector::failures::Failure;
use crate::kind::Kind;
use crate::kinds::pod::{CONTAINERS, Pod, STATUSES, containers, pod_row, terminated};
use crate::kinds::pod_template::{POD_SPEC, container_named, how_it_is_made, how_it_runs, placement, volumes};
use crate::node::Shape::{Int, Object, Pairs, Text};
use crate::node::{Node, Shape};
use crate::operation::{Notes, Operation, Read, Returns};
use crate::operations::events::Events;
use crate::operations::get::find_asked;
use crate::operations::pod::events_of;
use crate::pod_findings::findings;
use crate::row::Row;

/// Describes one pod.
pub struct DescribePod;

/// What a list leaves out.
const EXTRA: &Shape = &Object(&[
    ("metadata", Object(&[("uid", Text), ("annotations", Pairs), ("deletionGracePeriodSeconds", Int)])),
    ("spec", POD_SPEC),
]);

/// Containers that somebody has put into the running pod, read as the others are.
const DEBUGGERS: &Shape = &Object(&[
    ("spec", Object(&[("ephemeralContainers", CONTAINERS)])),
    (
        "status",
        Object(&[
            ("containerStatuses", STATUSES),
            ("initContainerStatuses", STATUSES),
            ("ephemeralContainerStatuses", STATUSES),
            ("nominatedNodeName", Text),
        ]),
    ),
]);

impl Operation for DescribePod {
    const RETURNS: Returns = Returns::Object;

    fn members(row: &mut Row<'_>) {
        let described = Described {
            pod: Node::missing(Pod::SHAPE),
            extra: Node::missing(EXTRA),
            debuggers: Node::missing(DEBUGGERS),
            events: Events::default(),
        };
        described.write(row);
    }
}

impl Read for DescribePod {
    fn run(api: &Reads, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        let found = find_asked::<Pod>(api, arguments)?;
        let (pod, extra, debuggers) = (found.read(Pod::SHAPE)?, found.read(EXTRA)?, found.read(DEBUGGERS)?);
        let mut notes = Notes::default();
        let events = events_of(api, arguments.required("namespace"), &extra.part("metadata"), &mut notes);
        let described = Described { pod, extra, debuggers, events };
        Ok(notes.object(|row| described.write(row)))
    }
}

/// Everything that is told of a pod.
struct Described<'a> {
    pod: Node<'a>,
    extra: Node<'a>,
    debuggers: Node<'a>,
    events: Events,
}

impl Described<'_> {
    fn write(&self, row: &mut Row<'_>) {
        let (spec, status) = (self.extra.part("spec"), self.debuggers.part("status"));
        let metadata = self.pod.part("metadata");
        let found = findings(&self.pod, &spec, &status);
        // What to look at first. Empty where nothing of what the pod says of itself is amiss.
        row.untrusted_texts("findings", found.iter().map(String::as_str));
        let more = |list: &str, container: &Node<'_>, row: &mut Row<'_>| self.more(list, container, row);
        pod_row(&self.pod, &more, row);
        let lists = ("ephemeralContainers", "ephemeralContainerStatuses");
        containers(&self.debuggers, "ephemeral_containers", lists, &more, row);
        row.texts("finalizers", metadata.items("finalizers").iter().filter_map(Node::as_text));
        let grace = self.extra.part("metadata").int("deletionGracePeriodSeconds");
        row.int_or_null("deletion_grace_period_seconds", grace);
        // Where it will come once room has been made for it.
        row.text_or_null("nominated_node_name", status.filled("nominatedNodeName"));
        how_it_runs(&spec, row);
        volumes(&spec, row);
        placement(&spec, row);
        self.events.member(row);
        row.untrusted("events_error", self.events.error.as_deref());
    }

    /// How a container is made, what runs in it, and how it ended.
    fn more(&self, list: &str, container: &Node<'_>, row: &mut Row<'_>) {
        let name = container.text("name");
        let (spec, status) = (self.extra.part("spec"), self.debuggers.part("status"));
        let made = container_named(&spec, list, name);
        let statuses = match list {
            "initContainers" => "initContainerStatuses",
            "ephemeralContainers" => "ephemeralContainerStatuses",
            _ => "containerStatuses",
        };
        let reported = status.items(statuses).iter().find(|status| status.text("name") == name);
        let nothing = status.member(statuses).node().item();
        let status = reported.unwrap_or(&nothing);
        row.text_or_null("image_id", status.filled("imageID"));
        row.text_or_null("container_id", status.filled("containerID"));
        row.object_if("terminated", status.part("state").member("terminated"), terminated);
        // The container whose processes an ephemeral one sees.
        row.text_or_null("target_container", made.filled("targetContainerName"));
        how_it_is_made(&made, row);
    }
}
