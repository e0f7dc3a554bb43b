//! Events, and what they are about.

use crate::kinds::event::EVENTS;
use crate::node::Node;
use crate::node::Shape::{Int, Object, Text};
use crate::row::Row;
use crate::topology::cluster::NODE;
use crate::topology::entity::{EntityKind, META, Pass, type_of};
use crate::topology::findings::{End, Says};
use crate::topology::relationship::{ABOUT, Known};

/// How long a uid is, with its hyphens. Kubelets write something else in its place: a Node's name, the digest of a file.
const UID_LENGTH: usize = 36;

/// Events.
pub(crate) const EVENT: EntityKind = EntityKind {
    resource: EVENTS,
    same_types: &[],
    shape: &Object(&[
        ("metadata", META),
        ("type", Text),
        ("reason", Text),
        ("message", Text),
        ("count", Int),
        ("series", Object(&[("count", Int)])),
        (
            "involvedObject",
            Object(&[
                ("apiVersion", Text),
                ("kind", Text),
                ("namespace", Text),
                ("name", Text),
                ("uid", Text),
                ("fieldPath", Text),
            ]),
        ),
    ]),
    properties: event,
    same_as: None,
    relationships: of_event,
};

fn event(event: &Node<'_>, row: &mut Row<'_>, _: bool) {
    let about = event.part("involvedObject");
    row.text_or_null("type", event.filled("type"));
    row.text_or_null("reason", event.filled("reason"));
    row.untrusted("message", event.filled("message"));
    let counted = event.part("series").int("count").or(event.int("count")).filter(|count| *count > 0);
    row.int("count", counted.unwrap_or(1));
    row.object("involved_object", |row| {
        row.text_or_null("kind", about.filled("kind"));
        row.text_or_null("api_version", about.filled("apiVersion"));
        row.text_or_null("namespace", about.filled("namespace"));
        row.text_or_null("name", about.filled("name"));
        row.text_or_null("uid", about.filled("uid"));
        row.untrusted("field_path", about.filled("fieldPath"));
    });
}

fn of_event(event: &Node<'_>, this: &End<'_>, pass: &mut Pass<'_>) {
    let about = event.part("involvedObject");
    let (Some(kind), Some(name)) = (about.filled("kind"), about.filled("name")) else { return };
    let Some(kind) = type_of(kind, about.text("apiVersion")) else { return };
    let said = about.filled("uid");
    let is_uid =
        said.is_some_and(|uid| uid.len() == UID_LENGTH && uid.bytes().filter(|byte| *byte == b'-').count() == 4);
    let uid = if is_uid { said.map(str::to_owned) } else { said.and_then(|said| pass.held.mirrors.get(said).cloned()) };
    // Events of the cluster's objects stand in a namespace, and say that their object is in none.
    let namespace = about.filled("namespace").filter(|_| kind != NODE.resource.kind);
    let to = End::named(&kind, namespace, name).with_uid(uid.as_deref());
    pass.findings.relationship(ABOUT, *this, to, (Known::Spec, uid.is_some()), Says::Nothing);
}
