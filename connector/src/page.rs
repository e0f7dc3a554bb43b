//! Reads the pages of a list as they stream by, item by item. Memory follows the largest item, not the page.
//!
//! The page's own metadata, which stands before the items, is handed out as soon as it is there, so that the next page can be asked for while
//! this one is still being read. It is looked for only before `items`, because items have metadata too: a token looked for past that
//! point would read as "no more pages" and end the list silently.

mod left_out;

use crate::api::Asked;
use crate::bindings::meho::connector::failures::Failure;
use crate::failure::unreadable;
use crate::http::Body;
use crate::kind::Kind;
use crate::metadata::ListMeta;
use crate::node::{Node, Seed, Shape};
use left_out::End;
use serde::de::{DeserializeSeed, IgnoredAny};

pub(crate) use left_out::{Malformed, name_in};

/// Largest item that is read. The API server's store takes objects of 1.5 MiB, and of 8 MiB where an operator raised that. What is longer is stepped over,
/// and never held as a whole: with that, an item and what is made of it have room in the memory that a host gives by default.
const MAX_ITEM_BYTES: usize = 10 << 20;
/// After an item that was cut off, so much more is waited for before it is parsed again: small frames would make that quadratic.
const MORE_BYTES: usize = 4096;
/// A type of item, by what is read of it.
pub(crate) trait Item {
    /// What is read.
    const SHAPE: &'static Shape;
}

impl<K: Kind> Item for K {
    const SHAPE: &'static Shape = K::SHAPE;
}

/// Pages that were read one after another.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    /// Items that were read.
    pub(crate) count: u64,
    /// Items that were left out of any of them.
    pub(crate) malformed: Malformed,
    /// The version that the first was read at.
    pub(crate) resource_version: Option<String>,
    /// What the last one says of what is beyond it.
    pub(crate) last: ListMeta,
}

/// Reads pages, each asked for while the one before is still being read. `next` asks for the page after one with this head, or for none.
pub(crate) fn read_pages<'a, I: Item>(
    first: Asked<'a>,
    next: &mut dyn FnMut(&ListMeta) -> Option<Asked<'a>>,
    on_item: &mut dyn FnMut(&Node<'_>),
) -> Result<Pages, Failure> {
    read_pages_from::<I>(first.body()?, next, on_item)
}

/// The same of items of any shape.
pub(crate) fn read_pages_of<'a>(
    shape: &'static Shape,
    first: Asked<'a>,
    next: &mut dyn FnMut(&ListMeta) -> Option<Asked<'a>>,
    on_item: &mut dyn FnMut(&Node<'_>),
) -> Result<Pages, Failure> {
    read_all(shape, first.body()?, next, on_item)
}

/// The same where the first page's answer is there already.
pub(crate) fn read_pages_from<'a, I: Item>(
    first: Body,
    next: &mut dyn FnMut(&ListMeta) -> Option<Asked<'a>>,
    on_item: &mut dyn FnMut(&Node<'_>),
) -> Result<Pages, Failure> {
    read_all(I::SHAPE, first, next, on_item)
}

fn read_all<'a>(
    shape: &'static Shape,
    first: Body,
    next: &mut dyn FnMut(&ListMeta) -> Option<Asked<'a>>,
    on_item: &mut dyn FnMut(&Node<'_>),
) -> Result<Pages, Failure> {
    let mut pages = Pages::default();
    let mut body = first;
    loop {
        let mut upcoming = None;
        let mut reader = Reader { body, buffer: Vec::new(), at: 0, ended: false };
        let mut counted = |item: &Node<'_>| {
            pages.count += 1;
            on_item(item);
        };
        let page = reader.page(&mut |head| upcoming = next(head), &mut |reader, malformed| {
            reader.items(shape, malformed, &mut counted)
        })?;
        pages.malformed.add(page.malformed);
        pages.resource_version = pages.resource_version.or(page.head.resource_version.clone());
        match upcoming {
            Some(next) => body = next.body()?,
            None => {
                pages.last = page.head;
                return Ok(pages);
            }
        }
    }
}

/// What a page had besides its items.
#[derive(Debug, Default)]
struct Page {
    head: ListMeta,
    malformed: Malformed,
}

fn broken(why: &str) -> Failure {
    unreadable("a list", why)
}

/// Reads the JSON value that these bytes begin with, and how long it is.
fn parsed<'b>(shape: &'static Shape, bytes: &'b [u8]) -> Result<(Node<'b>, usize), serde_json::Error> {
    let mut values = serde_json::Deserializer::from_slice(bytes);
    let node = Seed(shape).deserialize(&mut values)?;
    Ok((node, values.into_iter::<IgnoredAny>().byte_offset()))
}

struct Reader {
    body: Body,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
}

impl Reader {
    /// Reads a page. `on_head` is called once, as early as can be; `items` at the list of items.
    fn page(
        &mut self,
        on_head: &mut dyn FnMut(&ListMeta),
        items: &mut dyn FnMut(&mut Self, &mut Malformed) -> Result<(), Failure>,
    ) -> Result<Page, Failure> {
        let mut page = Page::default();
        let mut head: Option<ListMeta> = None;
        let mut has_items = false;
        self.expect(b'{')?;
        while self.peek()? != b'}' {
            let key = self.value(&Shape::Text, |node| node.as_text().unwrap_or_default().to_owned())?;
            self.expect(b':')?;
            match key.as_str() {
                "metadata" => {
                    let found = self.value(ListMeta::SHAPE, |node| ListMeta::from(node))?;
                    match &head {
                        Some(earlier) if *earlier != found => return Err(broken("it has two metadata")),
                        Some(_) => {}
                        None => on_head(&found),
                    }
                    head = Some(found);
                }
                "items" if has_items => return Err(broken("it has two items")),
                "items" => {
                    has_items = true;
                    items(self, &mut page.malformed)?;
                }
                _ => self.step_over()?,
            }
            if self.peek()? != b'}' {
                self.expect(b',')?;
            }
        }
        self.expect(b'}')?;
        self.end()?;
        if !has_items {
            return Err(broken("it has no items"));
        }
        if head.is_none() {
            on_head(&page.head);
        }
        page.head = head.unwrap_or_default();
        Ok(page)
    }

    fn rest(&self) -> &[u8] {
        &self.buffer[self.at..]
    }

    /// Reads on until `wanted` bytes are there or the body has ended.
    fn fill(&mut self, wanted: usize) -> Result<(), Failure> {
        // What has been parsed is dropped before the buffer grows.
        if self.at > 0 {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        while !self.ended && self.buffer.len() < wanted {
            match self.body.read()? {
                Some(bytes) => self.buffer.extend_from_slice(&bytes),
                None => self.ended = true,
            }
        }
        Ok(())
    }

    /// The next byte that is not white space, without taking it.
    fn peek(&mut self) -> Result<u8, Failure> {
        loop {
            let blank = self.rest().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            self.at += blank;
            if let Some(byte) = self.rest().first() {
                return Ok(*byte);
            }
            if self.ended {
                return Err(broken("it ends too early"));
            }
            self.fill(1)?;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Failure> {
        if self.peek()? != byte {
            return Err(broken("it is not well-formed"));
        }
        self.at += 1;
        Ok(())
    }

    /// Nothing but white space may follow.
    fn end(&mut self) -> Result<(), Failure> {
        while self.rest().iter().all(u8::is_ascii_whitespace) {
            if self.ended {
                return Ok(());
            }
            self.at = self.buffer.len();
            self.fill(1)?;
        }
        Err(broken("something follows it"))
    }

    /// A value of the page itself, not of an item.
    fn value<T>(&mut self, shape: &'static Shape, take: impl FnOnce(&Node<'_>) -> T) -> Result<T, Failure> {
        self.peek()?;
        let mut wanted = 0;
        loop {
            match parsed(shape, self.rest()) {
                Ok((node, length)) => {
                    let taken = take(&node);
                    self.at += length;
                    return Ok(taken);
                }
                Err(error) if !error.is_eof() => return Err(broken("its metadata is not what it must be")),
                Err(_) => {}
            }
            wanted = self.more(wanted)?;
        }
    }

    /// How long the next value is, whatever it is.
    fn length(&mut self) -> Result<usize, Failure> {
        self.peek()?;
        let mut wanted = 0;
        loop {
            let mut values = serde_json::Deserializer::from_slice(self.rest()).into_iter::<IgnoredAny>();
            match values.next() {
                Some(Ok(_)) => return Ok(values.byte_offset()),
                Some(Err(error)) if !error.is_eof() => return Err(broken("it is not JSON")),
                Some(Err(_)) | None => wanted = self.more(wanted)?,
            }
        }
    }

    fn step_over(&mut self) -> Result<(), Failure> {
        self.at += self.length()?;
        Ok(())
    }

    /// Reads on after a value that was cut off; gives how much was waited for.
    fn more(&mut self, wanted: usize) -> Result<usize, Failure> {
        let have = self.rest().len();
        if self.ended {
            return Err(broken("it ends too early"));
        }
        if have > MAX_ITEM_BYTES {
            return Err(broken("a member of it has more than 10 MiB"));
        }
        let wanted = wanted.max(have) + MORE_BYTES.max(have / 2);
        self.fill(wanted)?;
        Ok(wanted)
    }

    fn items(
        &mut self,
        shape: &'static Shape,
        malformed: &mut Malformed,
        on_item: &mut dyn FnMut(&Node<'_>),
    ) -> Result<(), Failure> {
        if self.peek()? == b'n' {
            // `items: null` is an empty list.
            return self.step_over();
        }
        self.expect(b'[')?;
        if self.peek()? == b']' {
            return self.expect(b']');
        }
        loop {
            self.item(shape, malformed, on_item)?;
            if self.peek()? == b']' {
                return self.expect(b']');
            }
            self.expect(b',')?;
        }
    }

    fn item(
        &mut self,
        shape: &'static Shape,
        malformed: &mut Malformed,
        on_item: &mut dyn FnMut(&Node<'_>),
    ) -> Result<(), Failure> {
        self.peek()?;
        loop {
            match parsed(shape, self.rest()) {
                Ok((item, length)) if !item.is_missing() => {
                    on_item(&item);
                    self.at += length;
                    return Ok(());
                }
                Err(error) if error.is_eof() => {}
                Ok(_) | Err(_) => return self.left_out(malformed),
            }
            // It is cut off. It is parsed again when all of it is there: to try with every piece would be quadratic.
            if self.await_item()? == Size::TooLarge {
                return self.step_over_unread(malformed);
            }
        }
    }

    /// Reads on until an item is there as a whole, or is too large for that.
    fn await_item(&mut self) -> Result<Size, Failure> {
        let mut end = End::default();
        let mut seen = 0;
        while end.of(&self.rest()[seen..]).is_none() {
            seen = self.rest().len();
            if seen > MAX_ITEM_BYTES {
                return Ok(Size::TooLarge);
            }
            if self.ended {
                return Err(broken("it ends too early"));
            }
            self.fill(seen + 1)?;
        }
        Ok(Size::Fits)
    }

    /// Steps over an item that cannot be read and notes its name. An item that is no JSON breaks the page.
    fn left_out(&mut self, malformed: &mut Malformed) -> Result<(), Failure> {
        if self.await_item()? == Size::TooLarge {
            return self.step_over_unread(malformed);
        }
        let length = self.length()?;
        malformed.add_wrong(&self.rest()[..length]);
        self.at += length;
        Ok(())
    }

    /// Steps over an item that is larger than what is read, and notes its name where that stands in what is there of it.
    fn step_over_unread(&mut self, malformed: &mut Malformed) -> Result<(), Failure> {
        malformed.add_unread(self.rest());
        let mut end = End::default();
        loop {
            if let Some(length) = end.of(self.rest()) {
                self.at += length;
                return Ok(());
            }
            if self.ended {
                return Err(broken("it ends too early"));
            }
            self.at = self.buffer.len();
            self.fill(1)?;
        }
    }
}

/// Whether an item can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    Fits,
    TooLarge,
}
