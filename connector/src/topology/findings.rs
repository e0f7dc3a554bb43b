//! What discovery finds, as the lines that leave: readings, entities, relationships.

use crate::node::Node;
use crate::operation::Rows;
use crate::page::{Malformed, name_in};
use crate::row::Row;
use crate::topology::entity::EntityKind;
use crate::topology::relationship::{Known, Relationship};

/// Longest name of an object, and longest name of a namespace.
const MAX_NAME_BYTES: usize = 253;

/// One end of a relationship.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End<'a> {
    pub(crate) kind: &'a str,
    /// None for an object of the cluster.
    pub(crate) namespace: Option<&'a str>,
    pub(crate) name: &'a str,
    /// Where what was read says it.
    pub(crate) uid: Option<&'a str>,
}

impl<'a> End<'a> {
    /// Something in a namespace, known by its name alone.
    pub(crate) fn named(kind: &'a str, namespace: Option<&'a str>, name: &'a str) -> Self {
        Self { kind, namespace, name, uid: None }
    }

    /// The same, and no other of its name.
    pub(crate) fn with_uid(self, uid: Option<&'a str>) -> Self {
        Self { uid: uid.filter(|uid| !uid.is_empty()), ..self }
    }

    /// Whether both could be names of objects. What a reference holds nobody may have looked at; and a slash in it would make it another's id.
    fn is_name(&self) -> bool {
        let is_name = |text: &str| !text.is_empty() && text.len() <= MAX_NAME_BYTES && !text.contains('/');
        is_name(self.name) && self.namespace.is_none_or(|namespace| namespace.is_empty() || is_name(namespace))
    }

    /// For a sentence.
    fn shown(&self) -> String {
        self.id().chars().take(2 * MAX_NAME_BYTES).collect()
    }

    fn id(&self) -> String {
        match self.namespace.filter(|namespace| !namespace.is_empty()) {
            Some(namespace) => format!("{namespace}/{}", self.name),
            None => self.name.to_owned(),
        }
    }

    fn write(&self, row: &mut Row<'_>) {
        row.text("type", self.kind);
        row.text("id", &self.id());
        if let Some(uid) = self.uid {
            row.text("uid", uid);
        }
    }
}

/// What a relationship says besides its ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Says<'a> {
    Nothing,
    /// Whether traffic goes there.
    Ready(bool),
    /// By which members of the object.
    Via(&'a [&'a str]),
}

/// Findings on their way out.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    rows: Rows,
    left_out: Malformed,
}

impl Findings {
    /// Begins to read what is called this.
    pub(crate) fn reading(&mut self, of: &str) {
        // A name fits.
        let _ = self.rows.push(|row| row.text("reading", of));
    }

    /// An object that was read.
    pub(crate) fn entity(&mut self, kind: &EntityKind, object: &Node<'_>, this: &End<'_>, include_values: bool) {
        let taken = self.rows.push(|row| {
            row.object("entity", |row| {
                row.text("type", this.kind);
                row.text("id", &this.id());
                row.text_or_null("uid", this.uid);
                row.object("properties", |row| (kind.properties)(object, row, include_values));
                if let Some(same_as) = kind.same_as {
                    same_as(object, row);
                }
            });
        });
        if !taken {
            self.left_out.add_too_large(|| name_in(&object.part("metadata")));
        }
    }

    /// How two things hang together.
    pub(crate) fn relationship(
        &mut self,
        of: Relationship,
        from: End<'_>,
        to: End<'_>,
        (known, certain): (Known, bool),
        says: Says<'_>,
    ) {
        if !from.is_name() || !to.is_name() {
            self.left_out.add_misnamed(|| format!("{} ({})", from.shown(), of.name));
            return;
        }
        let taken = self.rows.push(|row| {
            row.object("relationship", |row| {
                row.text("type", of.name);
                row.object("from", |row| from.write(row));
                row.object("to", |row| to.write(row));
                row.text("known_by", known.word());
                row.flag("certain", certain);
                match says {
                    Says::Nothing => {}
                    Says::Ready(ready) => row.object("properties", |row| row.flag("ready", ready)),
                    Says::Via(members) => {
                        row.object("properties", |row| row.texts("via", members.iter().copied()));
                    }
                }
            });
        });
        if !taken {
            self.left_out.add_too_large(|| from.shown());
        }
    }

    /// An object that does not say what it is called. It is nothing that could be found again.
    pub(crate) fn nameless(&mut self) {
        self.left_out.add_nameless();
    }

    /// What was read and could not be handed out since this was asked last.
    pub(crate) fn take_left_out(&mut self) -> Malformed {
        std::mem::take(&mut self.left_out)
    }

    /// Hands over what is left.
    pub(crate) fn flush(&mut self) {
        self.rows.flush();
    }
}
