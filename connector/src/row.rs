//! Rows and results: one function per kind says the members, and serves twice. Given data it writes JSON; given a notebook it writes down
//! the schema. So what is promised and what is sent cannot differ.

use crate::column::{Column, write_columns};
use crate::node::{MemberOf, Node};
use std::borrow::Cow;
use std::io::Write as _;

/// An object that is being written: as JSON, or as a schema.
pub struct Row<'o> {
    out: Out<'o>,
}

enum Out<'o> {
    Json { bytes: &'o mut Vec<u8>, empty: bool },
    Schema { properties: &'o mut Vec<u8>, required: &'o mut Vec<&'static str>, columns: &'o mut &'static [Column] },
}

/// Whether a member stands in every row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    Always,
    Sometimes,
}

/// Writes a string as JSON.
pub(crate) fn write_text(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a string always has a JSON text");
}

/// Writes one object.
pub fn write_object(out: &mut Vec<u8>, members: impl FnOnce(&mut Row<'_>)) {
    out.push(b'{');
    members(&mut Row { out: Out::Json { bytes: out, empty: true } });
    out.push(b'}');
}

/// The schema of the object that `members` writes, as JSON text.
#[must_use]
pub fn schema_of(members: impl FnOnce(&mut Row<'_>)) -> String {
    let mut out = Vec::new();
    write_schema(&mut out, OBJECT, members);
    String::from_utf8(out).expect("a schema is made of names and keywords")
}

/// The type of an object, in a schema.
const OBJECT: &str = r#""object""#;

fn write_schema(out: &mut Vec<u8>, kind: &str, members: impl FnOnce(&mut Row<'_>)) {
    let mut properties = Vec::new();
    let mut required = Vec::new();
    let mut columns: &[Column] = &[];
    members(&mut Row {
        out: Out::Schema { properties: &mut properties, required: &mut required, columns: &mut columns },
    });
    out.extend_from_slice(format!(r#"{{"type":{kind},"properties":{{"#).as_bytes());
    out.extend_from_slice(&properties);
    out.extend_from_slice(b"},\"required\":[");
    for (index, name) in required.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_text(name, out);
    }
    out.extend_from_slice(b"],\"additionalProperties\":false");
    if !columns.is_empty() {
        out.extend_from_slice(b",\"columns\":");
        write_columns(columns, out);
    }
    out.push(b'}');
}

impl Row<'_> {
    /// Begins a member. In a schema, writes it down and gives nothing to write a value to.
    fn member(&mut self, name: &'static str, schema: &str, stands: Stands) -> Option<&mut Vec<u8>> {
        match &mut self.out {
            Out::Json { bytes, empty } => {
                if !std::mem::replace(empty, false) {
                    bytes.push(b',');
                }
                write_text(name, bytes);
                bytes.push(b':');
                Some(bytes)
            }
            Out::Schema { properties, required, .. } => {
                begin_property(properties, required, name, stands);
                properties.extend_from_slice(schema.as_bytes());
                None
            }
        }
    }

    /// How such rows would stand in a table. Only a schema has it.
    pub(crate) fn columns(&mut self, these: &'static [Column]) {
        if let Out::Schema { columns, .. } = &mut self.out {
            **columns = these;
        }
    }

    /// Whether a value is to be written: in a schema always.
    fn wants(&self, there_is: bool) -> bool {
        there_is || matches!(self.out, Out::Schema { .. })
    }

    /// A string.
    pub fn text(&mut self, name: &'static str, value: &str) {
        if let Some(out) = self.member(name, r#"{"type":"string"}"#, Stands::Always) {
            write_text(value, out);
        }
    }

    /// A string, or null.
    pub fn text_or_null(&mut self, name: &'static str, value: Option<&str>) {
        self.nullable(name, r#"{"type":["string","null"]}"#, value);
    }

    /// Text that whoever can write to the cluster may have chosen, or null.
    pub fn untrusted(&mut self, name: &'static str, value: Option<&str>) {
        self.nullable(name, r#"{"type":["string","null"],"format":"untrusted-text"}"#, value);
    }

    /// Text that whoever can write to the cluster may have chosen.
    pub fn untrusted_text(&mut self, name: &'static str, value: &str) {
        if let Some(out) = self.member(name, r#"{"type":"string","format":"untrusted-text"}"#, Stands::Always) {
            write_text(value, out);
        }
    }

    fn nullable(&mut self, name: &'static str, schema: &str, value: Option<&str>) {
        if let Some(out) = self.member(name, schema, Stands::Always) {
            match value {
                Some(value) => write_text(value, out),
                None => out.extend_from_slice(b"null"),
            }
        }
    }

    /// A string that stands only where there is one. It may be null then.
    pub fn text_if(&mut self, name: &'static str, value: Option<Option<&str>>) {
        self.text_of_schema_if(name, r#"{"type":["string","null"]}"#, value);
    }

    /// Untrusted text that stands only where there is some.
    pub fn untrusted_if(&mut self, name: &'static str, value: Option<&str>) {
        self.text_of_schema_if(name, r#"{"type":["string","null"],"format":"untrusted-text"}"#, value.map(Some));
    }

    fn text_of_schema_if(&mut self, name: &'static str, schema: &str, value: Option<Option<&str>>) {
        if !self.wants(value.is_some()) {
            return;
        }
        if let (Some(out), Some(value)) = (self.member(name, schema, Stands::Sometimes), value) {
            match value {
                Some(value) => write_text(value, out),
                None => out.extend_from_slice(b"null"),
            }
        }
    }

    /// One of a few words, where there is one.
    pub fn word_if(&mut self, name: &'static str, words: &[&str], value: Option<&str>) {
        if !self.wants(value.is_some()) {
            return;
        }
        let list: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        let schema = format!(r#"{{"type":"string","enum":[{}]}}"#, list.join(","));
        if let (Some(out), Some(value)) = (self.member(name, &schema, Stands::Sometimes), value) {
            write_text(value, out);
        }
    }

    /// A time as Kubernetes writes it, as the contract wants it: `Z` becomes `+00:00`, fractions stay; null where there is none.
    pub fn time(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(out) = self.member(name, r#"{"type":["string","null"],"format":"date-time"}"#, Stands::Always) {
            write_time(value, out);
        }
    }

    /// A time that stands only where there may be one.
    pub fn time_if(&mut self, name: &'static str, value: Option<Option<&str>>) {
        if !self.wants(value.is_some()) {
            return;
        }
        let schema = r#"{"type":["string","null"],"format":"date-time"}"#;
        if let (Some(out), Some(value)) = (self.member(name, schema, Stands::Sometimes), value) {
            write_time(value, out);
        }
    }

    /// An integer.
    pub fn int(&mut self, name: &'static str, value: i64) {
        if let Some(out) = self.member(name, r#"{"type":"integer"}"#, Stands::Always) {
            write_int(value, out);
        }
    }

    /// An integer, or null.
    pub fn int_or_null(&mut self, name: &'static str, value: Option<i64>) {
        if let Some(out) = self.member(name, r#"{"type":["integer","null"]}"#, Stands::Always) {
            match value {
                Some(value) => write_int(value, out),
                None => out.extend_from_slice(b"null"),
            }
        }
    }

    /// An integer that stands only where there is one.
    pub fn int_if(&mut self, name: &'static str, value: Option<i64>) {
        if !self.wants(value.is_some()) {
            return;
        }
        if let (Some(out), Some(value)) = (self.member(name, r#"{"type":"integer"}"#, Stands::Sometimes), value) {
            write_int(value, out);
        }
    }

    /// True or false.
    pub fn flag(&mut self, name: &'static str, value: bool) {
        if let Some(out) = self.member(name, r#"{"type":"boolean"}"#, Stands::Always) {
            out.extend_from_slice(if value { b"true" } else { b"false" });
        }
    }

    /// True, false or null.
    pub fn flag_or_null(&mut self, name: &'static str, value: Option<bool>) {
        if let Some(out) = self.member(name, r#"{"type":["boolean","null"]}"#, Stands::Always) {
            out.extend_from_slice(match value {
                Some(true) => b"true",
                Some(false) => b"false",
                None => b"null",
            });
        }
    }

    /// True or false, where there is something to say.
    pub fn flag_if(&mut self, name: &'static str, value: Option<bool>) {
        if !self.wants(value.is_some()) {
            return;
        }
        if let (Some(out), Some(value)) = (self.member(name, r#"{"type":"boolean"}"#, Stands::Sometimes), value) {
            out.extend_from_slice(if value { b"true" } else { b"false" });
        }
    }

    /// True, false or null, where there is something to say.
    pub fn flag_or_null_if(&mut self, name: &'static str, value: Option<Option<bool>>) {
        if !self.wants(value.is_some()) {
            return;
        }
        if let (Some(out), Some(value)) =
            (self.member(name, r#"{"type":["boolean","null"]}"#, Stands::Sometimes), value)
        {
            out.extend_from_slice(match value {
                Some(true) => b"true",
                Some(false) => b"false",
                None => b"null",
            });
        }
    }

    /// A map of strings, in the order in which it came.
    pub fn pairs<'a, 'p>(&mut self, name: &'static str, pairs: impl Iterator<Item = &'p (Cow<'a, str>, Cow<'a, str>)>)
    where
        'a: 'p,
    {
        let schema = r#"{"type":"object","additionalProperties":{"type":"string"}}"#;
        let Some(out) = self.member(name, schema, Stands::Always) else { return };
        out.push(b'{');
        for (index, (key, value)) in pairs.enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write_text(key, out);
            out.push(b':');
            write_text(value, out);
        }
        out.push(b'}');
    }

    /// A list of strings.
    pub fn texts<'t>(&mut self, name: &'static str, texts: impl Iterator<Item = &'t str>) {
        self.texts_of_schema(name, r#"{"type":"array","items":{"type":"string"}}"#, texts);
    }

    /// A list of texts that whoever can write to the cluster may have chosen.
    pub fn untrusted_texts<'t>(&mut self, name: &'static str, texts: impl Iterator<Item = &'t str>) {
        let schema = r#"{"type":"array","items":{"type":"string","format":"untrusted-text"}}"#;
        self.texts_of_schema(name, schema, texts);
    }

    fn texts_of_schema<'t>(&mut self, name: &'static str, schema: &str, texts: impl Iterator<Item = &'t str>) {
        let Some(out) = self.member(name, schema, Stands::Always) else { return };
        out.push(b'[');
        for (index, text) in texts.enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write_text(text, out);
        }
        out.push(b']');
    }

    /// An object.
    pub fn object(&mut self, name: &'static str, members: impl FnOnce(&mut Row<'_>)) {
        self.object_that(name, Stands::Always, members);
    }

    /// An object of a member that stands only where it was read.
    pub fn object_if(
        &mut self,
        name: &'static str,
        node: MemberOf<'_, '_>,
        members: impl FnOnce(&mut Row<'_>, &Node<'_>),
    ) {
        let node = node.node();
        if self.wants(!node.is_missing()) {
            self.object_that(name, Stands::Sometimes, |row| members(row, &node));
        }
    }

    /// An object, or null.
    pub fn object_or_null(
        &mut self,
        name: &'static str,
        node: MemberOf<'_, '_>,
        members: impl FnOnce(&mut Row<'_>, &Node<'_>),
    ) {
        let node = node.node();
        match &mut self.out {
            Out::Schema { properties, required, .. } => {
                begin_property(properties, required, name, Stands::Always);
                write_schema(properties, r#"["object","null"]"#, |row| members(row, &node));
            }
            Out::Json { .. } => {
                let Some(out) = self.member(name, "", Stands::Always) else { return };
                if node.is_missing() {
                    out.extend_from_slice(b"null");
                } else {
                    write_object(out, |row| members(row, &node));
                }
            }
        }
    }

    fn object_that(&mut self, name: &'static str, stands: Stands, members: impl FnOnce(&mut Row<'_>)) {
        match &mut self.out {
            Out::Schema { properties, required, .. } => {
                begin_property(properties, required, name, stands);
                write_schema(properties, OBJECT, members);
            }
            Out::Json { .. } => {
                if let Some(out) = self.member(name, "", stands) {
                    write_object(out, members);
                }
            }
        }
    }

    /// A list of objects, from a member that is a list.
    pub fn list(
        &mut self,
        name: &'static str,
        list: MemberOf<'_, '_>,
        mut members: impl FnMut(&mut Row<'_>, &Node<'_>),
    ) {
        let list = list.node();
        let items = list.as_items().iter();
        self.list_of(name, items, || list.item(), |row, item| members(row, item));
    }

    /// A list of objects of any type. `nothing` makes an item for the schema.
    pub fn list_of<'i, T: 'i>(
        &mut self,
        name: &'static str,
        items: impl Iterator<Item = &'i T>,
        nothing: impl FnOnce() -> T,
        mut members: impl FnMut(&mut Row<'_>, &T),
    ) {
        match &mut self.out {
            Out::Schema { properties, required, .. } => {
                begin_property(properties, required, name, Stands::Always);
                properties.extend_from_slice(b"{\"type\":\"array\",\"items\":");
                let nothing = nothing();
                write_schema(properties, OBJECT, |row| members(row, &nothing));
                properties.push(b'}');
            }
            Out::Json { .. } => {
                let Some(out) = self.member(name, "", Stands::Always) else { return };
                out.push(b'[');
                for (index, item) in items.enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    write_object(out, |row| members(row, item));
                }
                out.push(b']');
            }
        }
    }
}

impl Row<'_> {
    /// The members of an object that has been written already. For data only: a schema is of what wrote them.
    pub(crate) fn written_members(&mut self, object: &[u8]) {
        let members = object.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")).unwrap_or_default();
        if let (Out::Json { bytes, empty }, false) = (&mut self.out, members.is_empty()) {
            if !std::mem::replace(empty, false) {
                bytes.push(b',');
            }
            bytes.extend_from_slice(members);
        }
    }

    /// An object that has been written already, or null. `nothing` writes it for the schema.
    pub(crate) fn written_or_null(
        &mut self,
        name: &'static str,
        object: Option<&[u8]>,
        nothing: impl FnOnce(&mut Row<'_>),
    ) {
        match &mut self.out {
            Out::Schema { properties, required, .. } => {
                begin_property(properties, required, name, Stands::Always);
                write_schema(properties, r#"["object","null"]"#, nothing);
            }
            Out::Json { .. } => {
                let Some(out) = self.member(name, "", Stands::Always) else { return };
                out.extend_from_slice(object.unwrap_or(b"null"));
            }
        }
    }

    /// A list of objects that have been written already. `nothing` writes one for the schema.
    pub(crate) fn written_list<'j>(
        &mut self,
        name: &'static str,
        items: impl Iterator<Item = &'j [u8]>,
        nothing: impl FnOnce(&mut Row<'_>),
    ) {
        match &mut self.out {
            Out::Schema { properties, required, .. } => {
                begin_property(properties, required, name, Stands::Always);
                properties.extend_from_slice(b"{\"type\":\"array\",\"items\":");
                write_schema(properties, OBJECT, nothing);
                properties.push(b'}');
            }
            Out::Json { .. } => {
                let Some(out) = self.member(name, "", Stands::Always) else { return };
                out.push(b'[');
                for (index, item) in items.enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    out.extend_from_slice(item);
                }
                out.push(b']');
            }
        }
    }
}

fn begin_property(properties: &mut Vec<u8>, required: &mut Vec<&'static str>, name: &'static str, stands: Stands) {
    if !properties.is_empty() {
        properties.push(b',');
    }
    write_text(name, properties);
    properties.push(b':');
    if stands == Stands::Always {
        required.push(name);
    }
}

fn write_int(value: i64, out: &mut Vec<u8>) {
    write!(out, "{value}").expect("writing to memory never fails");
}

fn write_time(value: Option<&str>, out: &mut Vec<u8>) {
    let Some(time) = value.filter(|time| !time.is_empty()) else {
        out.extend_from_slice(b"null");
        return;
    };
    write_text(time.strip_suffix('Z').unwrap_or(time), out);
    if time.ends_with('Z') {
        out.pop();
        out.extend_from_slice(b"+00:00\"");
    }
}
