//! Looks into an answer as it streams by, for the values that other effects of the call refer to.
//!
//! It is fed each chunk before the connector gets it, so whatever a connector can know of these values the host knows first. It follows the
//! JSON only as deep as there is something to find and steps over the rest; an answer that is not JSON has nothing in it.

use crate::authority::Authority;
use crate::effect::Form;
use crate::state::{MAX_VALUE_BYTES, Receipt};
use serde_json::Value;

/// Longest member name that can matter: annotation keys have 317 characters.
const MAX_KEY_BYTES: usize = 512;
/// Largest selector object, and longest string, that is read.
const MAX_CAPTURE_BYTES: usize = 16 << 10;
/// Deepest nesting that is followed; beyond it the answer is not looked into any more.
const MAX_DEPTH: usize = 128;

/// Something found in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The token of the next page.
    Token(String),
    /// A value of a place.
    Value {
        /// Which place: an index into the authority's own list.
        slot: usize,
        /// The value as text.
        text: String,
    },
}

/// Looks into one answer.
#[derive(Debug)]
pub struct Observer {
    nodes: Vec<Node>,
    frames: Vec<Frame>,
    mode: Mode,
    /// What the next value may hold.
    next: Option<usize>,
    text: Vec<u8>,
    found: Vec<Finding>,
    /// Members of the outermost object that are still to come.
    outstanding: usize,
}

#[derive(Debug, Default)]
struct Node {
    children: Vec<(String, usize)>,
    any: Option<usize>,
    takes: Vec<Take>,
    seen: bool,
}

#[derive(Debug, Clone, Copy)]
enum Take {
    Token,
    Slot { slot: usize, form: Option<Form> },
}

#[derive(Debug, Clone, Copy)]
enum Frame {
    Object(usize),
    Array(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// A value begins.
    Value,
    /// A member begins, or its object ends.
    Key,
    /// In a member's name.
    InKey {
        escaped: bool,
    },
    Colon,
    /// In a string value; whether it is kept.
    InString {
        escaped: bool,
        kept: bool,
    },
    /// In a number or a literal.
    Scalar,
    /// After a value.
    After,
    /// In a container that is stepped over, or kept whole.
    Over {
        depth: usize,
        in_string: bool,
        escaped: bool,
        kept: bool,
    },
    /// There is nothing more to find, or this is no JSON.
    Done,
}

const ROOT: usize = 0;

impl Observer {
    /// An observer for the answer to a request; none where nothing of the answer matters.
    #[must_use]
    pub fn new(authority: &Authority, receipt: Receipt) -> Option<Self> {
        let effect = receipt.0?.effect;
        let mut observer = Self {
            nodes: vec![Node::default()],
            frames: Vec::new(),
            mode: Mode::Value,
            next: Some(ROOT),
            text: Vec::new(),
            found: Vec::new(),
            outstanding: 0,
        };
        if let Some(paging) = &authority.effects[effect].paging {
            let pointer = paging.of_family.token_pointer.trim_start_matches('/');
            observer.add(pointer.split('/'), Take::Token);
        }
        for (slot, wanted) in authority.slots.iter().enumerate().filter(|(_, slot)| slot.effect == effect) {
            observer.add(wanted.pointer.iter().map(String::as_str), Take::Slot { slot, form: wanted.form });
        }
        observer.outstanding = observer.nodes[ROOT].children.len();
        (observer.nodes.len() > 1).then_some(observer)
    }

    fn add<'a>(&mut self, pointer: impl Iterator<Item = &'a str>, take: Take) {
        let mut at = ROOT;
        for segment in pointer {
            let known = if segment == "*" {
                self.nodes[at].any
            } else {
                self.nodes[at].children.iter().find(|(name, _)| name == segment).map(|(_, index)| *index)
            };
            at = known.unwrap_or_else(|| {
                self.nodes.push(Node::default());
                let index = self.nodes.len() - 1;
                if segment == "*" {
                    self.nodes[at].any = Some(index);
                } else {
                    self.nodes[at].children.push((segment.to_owned(), index));
                }
                index
            });
        }
        self.nodes[at].takes.push(take);
    }

    /// Whether the rest of the answer does not matter.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.mode == Mode::Done
    }

    /// Looks at the next bytes of the answer and gives what was found in them.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Finding> {
        let mut rest = bytes;
        while !rest.is_empty() && self.mode != Mode::Done {
            let used = match self.mode {
                Mode::InKey { escaped } => self.in_key(rest, escaped),
                Mode::InString { escaped, kept } => self.in_string(rest, escaped, kept),
                Mode::Over { depth, in_string, escaped, kept } => self.over(rest, depth, in_string, escaped, kept),
                Mode::Value | Mode::Key | Mode::Colon | Mode::Scalar | Mode::After | Mode::Done => self.step(rest[0]),
            };
            rest = &rest[used..];
        }
        std::mem::take(&mut self.found)
    }

    /// One byte of structure. Gives 0 where the byte belongs to what comes next.
    fn step(&mut self, byte: u8) -> usize {
        if byte.is_ascii_whitespace() && self.mode != Mode::Scalar {
            return 1;
        }
        match (self.mode, byte) {
            (Mode::Value, b'{') => self.open(Frame::Object),
            (Mode::Value, b'[') => self.open(Frame::Array),
            (Mode::Value, b'"') => {
                let kept = self.next.is_some_and(|node| !self.nodes[node].takes.is_empty());
                self.text.clear();
                self.mode = Mode::InString { escaped: false, kept };
            }
            (Mode::Value, b']') => self.close(),
            (Mode::Value, b',' | b'}' | b':') => self.mode = Mode::Done,
            (Mode::Value, _) => self.mode = Mode::Scalar,
            (Mode::Key, b'"') => {
                self.text.clear();
                self.mode = Mode::InKey { escaped: false };
            }
            (Mode::Key, b'}') => self.close(),
            (Mode::Colon, b':') => self.mode = Mode::Value,
            (Mode::Scalar, b',' | b']' | b'}') => {
                self.end_value();
                return 0;
            }
            (Mode::Scalar, _) => {}
            (Mode::After, b',') => match self.frames.last() {
                Some(Frame::Object(_)) => self.mode = Mode::Key,
                Some(Frame::Array(node)) => {
                    self.next = self.nodes[*node].any;
                    self.mode = Mode::Value;
                }
                None => self.mode = Mode::Done,
            },
            (Mode::After, b']' | b'}') => self.close(),
            _ => self.mode = Mode::Done,
        }
        1
    }

    fn open(&mut self, frame: fn(usize) -> Frame) {
        let node = self.next.take();
        let takes_selector = |node: &usize| {
            self.nodes[*node]
                .takes
                .iter()
                .any(|take| matches!(take, Take::Slot { form: Some(Form::LabelSelector), .. }))
        };
        let is_object = matches!(frame(ROOT), Frame::Object(_));
        match node {
            Some(node) if is_object && takes_selector(&node) => {
                self.text.clear();
                self.text.push(b'{');
                self.next = Some(node);
                self.mode = Mode::Over { depth: 1, in_string: false, escaped: false, kept: true };
            }
            Some(node) if self.frames.len() < MAX_DEPTH && self.leads_on(node, is_object) => {
                self.frames.push(frame(node));
                self.next = self.nodes[node].any;
                self.mode = if is_object { Mode::Key } else { Mode::Value };
            }
            _ => self.mode = Mode::Over { depth: 1, in_string: false, escaped: false, kept: false },
        }
    }

    fn leads_on(&self, node: usize, is_object: bool) -> bool {
        if is_object { !self.nodes[node].children.is_empty() } else { self.nodes[node].any.is_some() }
    }

    fn close(&mut self) {
        if self.frames.pop().is_none() {
            self.mode = Mode::Done;
            return;
        }
        self.end_value();
    }

    fn end_value(&mut self) {
        self.next = None;
        self.mode = Mode::After;
        if self.frames.is_empty() {
            self.mode = Mode::Done;
        } else if self.frames.len() == 1 && self.outstanding == 0 {
            // Every member of the outermost object that could hold something has gone by.
            self.mode = Mode::Done;
        }
    }

    fn in_key(&mut self, bytes: &[u8], mut escaped: bool) -> usize {
        let mut used = 0;
        loop {
            let Some(end) = end_of_text(&bytes[used..], &mut escaped) else {
                self.keep(&bytes[used..], MAX_KEY_BYTES);
                self.mode = Mode::InKey { escaped };
                return bytes.len();
            };
            self.keep(&bytes[used..used + end], MAX_KEY_BYTES);
            used += end;
            if bytes[used] == b'"' {
                break;
            }
            self.keep(&bytes[used..=used], MAX_KEY_BYTES);
            used += 1;
            escaped = true;
        }
        let name = self.taken_text();
        self.next = match (self.frames.last(), name) {
            (Some(Frame::Object(node)), Some(name)) => {
                self.nodes[*node].children.iter().find(|(child, _)| *child == name).map(|(_, index)| *index)
            }
            _ => None,
        };
        if self.frames.len() == 1
            && let Some(node) = self.next
            && !std::mem::replace(&mut self.nodes[node].seen, true)
        {
            self.outstanding -= 1;
        }
        self.mode = Mode::Colon;
        used + 1
    }

    fn in_string(&mut self, bytes: &[u8], mut escaped: bool, kept: bool) -> usize {
        let mut used = 0;
        loop {
            let Some(end) = end_of_text(&bytes[used..], &mut escaped) else {
                if kept {
                    self.keep(&bytes[used..], MAX_CAPTURE_BYTES);
                }
                self.mode = Mode::InString { escaped, kept };
                return bytes.len();
            };
            let stop = used + end;
            let upto = if bytes[stop] == b'"' { stop } else { stop + 1 };
            if kept {
                self.keep(&bytes[used..upto], MAX_CAPTURE_BYTES);
            }
            if bytes[stop] == b'"' {
                if kept {
                    self.take_string();
                }
                self.end_value();
                return stop + 1;
            }
            used = stop + 1;
            escaped = true;
        }
    }

    /// Steps over a container, byte by byte but for its strings.
    fn over(&mut self, bytes: &[u8], mut depth: usize, mut in_string: bool, mut escaped: bool, kept: bool) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            if in_string {
                let Some(end) = end_of_text(&bytes[at..], &mut escaped) else {
                    at = bytes.len();
                    break;
                };
                at += end;
                if bytes[at] == b'"' {
                    in_string = false;
                } else {
                    escaped = true;
                }
                at += 1;
                continue;
            }
            match bytes[at] {
                b'"' => in_string = true,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            at += 1;
            if depth == 0 {
                if kept {
                    self.keep(&bytes[..at], MAX_CAPTURE_BYTES);
                    self.take_selector();
                }
                self.end_value();
                return at;
            }
        }
        if kept {
            self.keep(bytes, MAX_CAPTURE_BYTES);
        }
        self.mode = Mode::Over { depth, in_string, escaped, kept };
        at
    }

    /// Keeps text up to a bound; text beyond it is marked by growing one byte past it.
    fn keep(&mut self, bytes: &[u8], max: usize) {
        let room = (max + 1).saturating_sub(self.text.len());
        self.text.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// The string whose inner bytes are kept, without its escapes. None where it was too long or is not UTF-8.
    fn taken_text(&mut self) -> Option<String> {
        if self.text.len() > MAX_CAPTURE_BYTES {
            return None;
        }
        if !self.text.contains(&b'\\') {
            return String::from_utf8(std::mem::take(&mut self.text)).ok();
        }
        let mut quoted = Vec::with_capacity(self.text.len() + 2);
        quoted.push(b'"');
        quoted.append(&mut self.text);
        quoted.push(b'"');
        serde_json::from_slice(&quoted).ok()
    }

    fn take_string(&mut self) {
        let Some(text) = self.taken_text().filter(|text| !text.is_empty()) else { return };
        let Some(node) = self.next else { return };
        for take in &self.nodes[node].takes {
            match *take {
                Take::Token => self.found.push(Finding::Token(text.clone())),
                Take::Slot { form: Some(Form::LabelSelector), .. } => {}
                Take::Slot { slot, form: Some(Form::Name | Form::Uid) | None } => {
                    self.found.push(Finding::Value { slot, text: text.clone() });
                }
            }
        }
    }

    fn take_selector(&mut self) {
        let Some(node) = self.next else { return };
        if self.text.len() > MAX_CAPTURE_BYTES {
            return;
        }
        let Some(text) = serde_json::from_slice(&self.text).ok().as_ref().and_then(selector_text) else { return };
        for take in &self.nodes[node].takes {
            if let Take::Slot { slot, form: Some(Form::LabelSelector) } = *take {
                self.found.push(Finding::Value { slot, text: text.clone() });
            }
        }
    }
}

/// Where the text of a string stops: at a quote that ends it, or at a backslash. None where it goes on past these bytes. A byte after a
/// backslash is stepped over.
pub(crate) fn end_of_text(bytes: &[u8], escaped: &mut bool) -> Option<usize> {
    if bytes.is_empty() {
        return None;
    }
    let from = usize::from(std::mem::take(escaped));
    memchr::memchr2(b'"', b'\\', bytes.get(from..)?).map(|end| from + end)
}

/// A selector object written out, as `form.label-selector` of the contract says. None for an empty one and for one that is not well-formed.
#[must_use]
pub fn selector_text(selector: &Value) -> Option<String> {
    let members = selector.as_object()?;
    let is_label_selector = members.get("matchLabels").is_some_and(Value::is_object)
        || members.get("matchExpressions").is_some_and(Value::is_array);
    let mut terms = Vec::new();
    let mut equalities = |labels: &serde_json::Map<String, Value>| -> Option<()> {
        let mut pairs: Vec<(&String, &Value)> = labels.iter().collect();
        pairs.sort_unstable_by_key(|(key, _)| *key);
        for (key, value) in pairs {
            terms.push(format!("{}={}", label_key(key)?, label_value(value.as_str()?)?));
        }
        Some(())
    };
    if !is_label_selector {
        equalities(members)?;
    } else if let Some(Value::Object(labels)) = members.get("matchLabels") {
        equalities(labels)?;
    }
    if let (true, Some(Value::Array(expressions))) = (is_label_selector, members.get("matchExpressions")) {
        for expression in expressions {
            terms.push(expression_text(expression)?);
        }
    }
    let text = terms.join(",");
    (!text.is_empty() && text.len() <= MAX_VALUE_BYTES).then_some(text)
}

fn expression_text(expression: &Value) -> Option<String> {
    let key = label_key(expression.get("key")?.as_str()?)?;
    let values = || -> Option<String> {
        let items = expression.get("values")?.as_array()?;
        let mut values = items.iter().map(|item| label_value(item.as_str()?)).collect::<Option<Vec<_>>>()?;
        values.sort_unstable();
        (!values.is_empty()).then(|| values.join(","))
    };
    match expression.get("operator")?.as_str()? {
        "In" => Some(format!("{key} in ({})", values()?)),
        "NotIn" => Some(format!("{key} notin ({})", values()?)),
        "Exists" => Some(key.to_owned()),
        "DoesNotExist" => Some(format!("!{key}")),
        _ => None,
    }
}

fn label_key(key: &str) -> Option<&str> {
    let fits = (1..=317).contains(&key.len())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/'));
    fits.then_some(key)
}

fn label_value(value: &str) -> Option<&str> {
    let fits = value.len() <= 63 && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    fits.then_some(value)
}
