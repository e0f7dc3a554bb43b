//! The arguments of a call. The host has checked them against the schema that the table gave it, and put in the defaults.

use crate::node::{Node, Shape};
use crate::parameter::{Kind, Parameter};

/// The arguments of a call.
pub struct Arguments<'a>(Node<'a>);

impl<'a> Arguments<'a> {
    /// Reads the arguments of an operation that takes these parameters.
    ///
    /// # Errors
    /// Where they are not JSON or not of the parameters' types, which the host does not let through.
    pub fn parse(parameters: &'static [Parameter], json: &'a [u8]) -> Result<Self, serde_json::Error> {
        Node::parse(shape_of(parameters), json).map(Self)
    }

    /// An argument that is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.text(name)
    }

    /// An argument that only some of the operations of a generic verb take.
    #[must_use]
    pub fn text_if_taken(&self, name: &str) -> Option<&str> {
        if self.0.has_member(name) { self.0.text(name) } else { None }
    }

    /// An argument that is text and required: empty only where the host let a call through that it should not have.
    #[must_use]
    pub fn required(&self, name: &str) -> &str {
        self.0.text(name).unwrap_or_default()
    }

    /// An argument that is a whole number and not negative.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        self.0.int(name).and_then(|number| u64::try_from(number).ok())
    }

    /// Whether a word is in an argument that is a list of words. Where it is left out, all are.
    #[must_use]
    pub fn has(&self, name: &str, word: &str) -> bool {
        let words = self.0.items(name);
        words.is_empty() || words.iter().any(|item| item.as_text() == Some(word))
    }

    /// An argument that is true or false.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.0.is(name)
    }
}

/// The shape of the arguments. It stays in memory: an instance serves one call.
fn shape_of(parameters: &'static [Parameter]) -> &'static Shape {
    let members = parameters.iter().map(|parameter| {
        let shape = match parameter.kind {
            Kind::Text(_) => Shape::Text,
            Kind::Integer { .. } => Shape::Int,
            Kind::Boolean => Shape::Flag,
            Kind::SomeOf(_) => Shape::List(&Shape::Text),
        };
        (parameter.name, shape)
    });
    Box::leak(Box::new(Shape::Object(Vec::leak(members.collect()))))
}
