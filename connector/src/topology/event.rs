//! Events, and what they are about.

use crate::kinds::event::EVENTS;
use crate::node::Node;
use crate::node::Shape::{Int, Object, Text};
use crate::resource::Scope;
use crate::row::Row;
use crate::topology::entity::{ENTITIES, EntityKind, META, Pass, is_uid, type_of};
use crate::topology::findings::{End, Says};
use crate::topology::pod::POD;
use crate::topology::relationship::{ABOUT, Known};

/// Where events about what is in no namespace stand.
const OF_THE_CLUSTER: &str = "default";

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

/// What is in a namespace has its events in that, and what is in none in `default`, where few may write. The API does not hold all events to that, so what says otherwise is
/// nothing to go by. What an event says is its author's word in any case.
fn of_event(event: &Node<'_>, this: &End<'_>, pass: &mut Pass<'_>) {
    let about = event.part("involvedObject");
    let (Some(kind), Some(name)) = (about.filled("kind"), about.filled("name")) else { return };
    let Some(kind) = type_of(kind, about.text("apiVersion")) else { return };
    let known = ENTITIES.iter().find(|entity| entity.resource.kind == kind).map(|entity| entity.resource.scope);
    let namespace = match known {
        // Nodes are said to be in one by some.
        Some(Scope::Cluster) => None,
        Some(Scope::Namespace) | None => about.filled("namespace"),
    };
    let is_where_it_says = match (known, namespace) {
        (Some(Scope::Namespace), None) => false,
        (_, Some(namespace)) => this.namespace == Some(namespace),
        (_, None) => true,
    };
    if !is_where_it_says || name.contains('/') {
        return;
    }
    let said = about.filled("uid");
    let uid = said.filter(|uid| is_uid(uid)).map(str::to_owned).or_else(|| {
        // A kubelet's, about a pod of its own that it made from a file.
        let mirror = pass.held.mirrors.get(said?).filter(|_| kind == POD.resource.kind)?;
        (Some(mirror.namespace.as_str()) == namespace && mirror.name == name).then(|| mirror.uid.clone())
    });
    let certain = uid.is_some() && (namespace.is_some() || this.namespace == Some(OF_THE_CLUSTER));
    let to = End::named(&kind, namespace, name).with_uid(uid.as_deref());
    pass.findings.relationship(ABOUT, *this, to, (Known::Spec, certain), Says::Nothing);
}
