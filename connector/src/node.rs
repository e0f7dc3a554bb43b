//! What is read of the server's JSON: a shape says which members matter, the parser steps over everything else.
//!
//! One parser serves every kind. Structs with derived parsers would cost some three kilobytes of code each, and there would be more than a hundred of
//! them; a shape is data. What a shape does not name is never looked at; what it names must have the type it says, or the object is malformed.
//! Null is the same as absent everywhere.

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// What is read of a value.
#[derive(Debug, PartialEq, Eq)]
pub enum Shape {
    /// A string.
    Text,
    /// A 64-bit integer.
    Int,
    /// True or false.
    Flag,
    /// An integer or a string, kept as text: a port, a percentage.
    IntOrText,
    /// A map of strings.
    Pairs,
    /// A list.
    List(&'static Shape),
    /// These members of an object.
    Object(&'static [(&'static str, Shape)]),
}

/// A value that was read, or its absence.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    shape: &'static Shape,
    value: Value<'a>,
}

#[derive(Debug, Clone)]
enum Value<'a> {
    Missing,
    Text(Cow<'a, str>),
    Int(i64),
    Flag(bool),
    Pairs(Vec<(Cow<'a, str>, Cow<'a, str>)>),
    List(Vec<Node<'a>>),
    /// As many as the shape has members, in its order.
    Object(Vec<Node<'a>>),
}

impl<'a> Node<'a> {
    /// Nothing, of this shape.
    #[must_use]
    pub fn missing(shape: &'static Shape) -> Self {
        Self { shape, value: Value::Missing }
    }

    /// Reads one JSON value.
    ///
    /// # Errors
    /// Where it is not JSON, or a member has another type than the shape says.
    pub fn parse(shape: &'static Shape, json: &'a [u8]) -> Result<Self, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let node = Seed(shape).deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(node)
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self.value, Value::Missing)
    }

    /// Whether the shape has such a member.
    #[must_use]
    pub fn has_member(&self, name: &str) -> bool {
        matches!(self.shape, Shape::Object(members) if members.iter().any(|(known, _)| *known == name))
    }

    /// A member. What the shape does not name is a mistake in this program and not in the data: it traps, and a test over every kind finds it.
    #[must_use]
    pub fn member(&self, name: &str) -> MemberOf<'_, 'a> {
        let Shape::Object(members) = self.shape else { panic!("{name} is asked of what is no object") };
        let Some(index) = members.iter().position(|(known, _)| *known == name) else {
            panic!("the shape has no member {name}")
        };
        match &self.value {
            Value::Object(values) => MemberOf::Present(&values[index]),
            _ => MemberOf::Absent(&members[index].1),
        }
    }

    /// A member that is an object, or nothing of its shape.
    #[must_use]
    pub fn part(&self, name: &str) -> Cow<'_, Self> {
        self.member(name).node()
    }

    /// A member that is a string.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.member(name).present().and_then(Node::as_text)
    }

    /// A member that is a string and not empty.
    #[must_use]
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// A member that is an integer.
    #[must_use]
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.member(name).present()?.value {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }

    /// A member that counts something: 0 where it is absent.
    #[must_use]
    pub fn count(&self, name: &str) -> i64 {
        self.int(name).unwrap_or_default()
    }

    /// A member that is true or false.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.member(name).present()?.value {
            Value::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    /// Whether a member is true.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.flag(name) == Some(true)
    }

    /// A member that is a map of strings.
    #[must_use]
    pub fn pairs(&self, name: &str) -> &[(Cow<'a, str>, Cow<'a, str>)] {
        match self.member(name).present().map(|node| &node.value) {
            Some(Value::Pairs(pairs)) => pairs,
            _ => &[],
        }
    }

    /// The value of a key of a member that is a map of strings.
    #[must_use]
    pub fn pair(&self, name: &str, key: &str) -> Option<&str> {
        self.pairs(name).iter().find(|(known, _)| known == key).map(|(_, value)| &**value)
    }

    /// The items of a member that is a list.
    #[must_use]
    pub fn items(&self, name: &str) -> &[Node<'a>] {
        match self.member(name).present().map(|node| &node.value) {
            Some(Value::List(items)) => items,
            _ => &[],
        }
    }

    /// The string itself.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items, for one that is a list.
    #[must_use]
    pub(crate) fn as_items(&self) -> &[Node<'a>] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// Nothing, of the shape of the items of one that is a list.
    #[must_use]
    pub(crate) fn item(&self) -> Self {
        match self.shape {
            Shape::List(items) => Self::missing(items),
            other => Self::missing(other),
        }
    }
}

/// A member of an object, or of nothing.
#[derive(Debug, Clone, Copy)]
pub enum MemberOf<'n, 'a> {
    /// Of an object. It may still be missing.
    Present(&'n Node<'a>),
    /// Of nothing.
    Absent(&'static Shape),
}

impl<'n, 'a> MemberOf<'n, 'a> {
    fn present(self) -> Option<&'n Node<'a>> {
        match self {
            Self::Present(node) => Some(node),
            Self::Absent(_) => None,
        }
    }

    /// The node, with nothing in it where there was nothing to take it from.
    #[must_use]
    pub fn node(self) -> Cow<'n, Node<'a>> {
        match self {
            Self::Present(node) => Cow::Borrowed(node),
            Self::Absent(shape) => Cow::Owned(Node::missing(shape)),
        }
    }
}

/// Reads a value of this shape. Null is nothing.
pub(crate) struct Seed(pub(crate) &'static Shape);

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Seed {
    fn node<'de, E: serde::de::Error>(&self, fits: bool, value: Value<'de>) -> Result<Node<'de>, E> {
        if fits { Ok(Node { shape: self.0, value }) } else { Err(E::custom("a value of another type")) }
    }

    fn text<'de, E: serde::de::Error>(&self, text: Cow<'de, str>) -> Result<Node<'de>, E> {
        self.node(matches!(self.0, Shape::Text | Shape::IntOrText), Value::Text(text))
    }
}

impl<'de> Visitor<'de> for Seed {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of its shape")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::missing(self.0))
    }

    fn visit_bool<E: serde::de::Error>(self, flag: bool) -> Result<Node<'de>, E> {
        self.node(*self.0 == Shape::Flag, Value::Flag(flag))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Node<'de>, E> {
        match self.0 {
            Shape::IntOrText => self.node(true, Value::Text(number.to_string().into())),
            _ => self.node(*self.0 == Shape::Int, Value::Int(number)),
        }
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Node<'de>, E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => Err(E::custom("a number beyond 64 bits")),
        }
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<Node<'de>, E> {
        self.text(Cow::Borrowed(text))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Node<'de>, E> {
        self.text(Cow::Owned(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node<'de>, A::Error> {
        let Shape::List(shape) = self.0 else { return Err(A::Error::custom("a list where there is none")) };
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(Seed(shape))? {
            items.push(item);
        }
        Ok(Node { shape: self.0, value: Value::List(items) })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node<'de>, A::Error> {
        match self.0 {
            Shape::Object(members) => {
                let mut values: Vec<Node<'de>> = members.iter().map(|(_, shape)| Node::missing(shape)).collect();
                while let Some(found) = map.next_key_seed(MemberIndex(members))? {
                    match found {
                        Some(index) => values[index] = map.next_value_seed(Seed(&members[index].1))?,
                        None => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(Node { shape: self.0, value: Value::Object(values) })
            }
            Shape::Pairs => {
                let mut pairs = Vec::new();
                while let Some(key) = map.next_key_seed(Seed(&Shape::Text))? {
                    let value = map.next_value_seed(Seed(&Shape::Text))?;
                    pairs.push((key.into_text(), value.into_text()));
                }
                Ok(Node { shape: self.0, value: Value::Pairs(pairs) })
            }
            _ => Err(A::Error::custom("an object where there is none")),
        }
    }
}

impl<'a> Node<'a> {
    fn into_text(self) -> Cow<'a, str> {
        match self.value {
            Value::Text(text) => text,
            _ => Cow::Borrowed(""),
        }
    }
}

/// Which member a name is, where it is one.
struct MemberIndex(&'static [(&'static str, Shape)]);

impl<'de> DeserializeSeed<'de> for MemberIndex {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for MemberIndex {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Option<usize>, E> {
        Ok(self.0.iter().position(|(known, _)| *known == name))
    }
}
