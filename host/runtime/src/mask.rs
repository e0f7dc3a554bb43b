//! Masks echoes of the host's own credential in what a target sends back, before a guest sees it: of the one in use, and of those before it.

use crate::credential::Credential;
use aho_corasick::{AhoCorasick, MatchKind};
use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A piece of a form that is no coincidence any more, where a body is cut in the middle of one.
const SHORTEST_PIECE: usize = 8;
/// How many generations of a target's credential are looked for, the one in use among them. One that is rotated every hour is over by the time that it is
/// not: the tokens of service accounts hold for an hour. Each costs a pass over every answer.
const MAX_GENERATIONS: usize = 4;

/// Finds credentials in all their forms.
#[derive(Clone)]
pub(crate) struct Mask {
    finders: Vec<Arc<Finder>>,
}

/// Finds one credential.
struct Finder {
    patterns: AhoCorasick,
    forms: Vec<Vec<u8>>,
}

impl Finder {
    /// None for a credential without a token.
    fn of(credential: &Credential) -> Option<Arc<Self>> {
        let forms = credential.expose_forms();
        if forms.is_empty() {
            return None;
        }
        let builder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&forms);
        let patterns = builder.expect("a dozen patterns of a few kilobytes are within the library's limits");
        Some(Arc::new(Self { patterns, forms }))
    }

    fn apply(&self, bytes: &mut [u8]) {
        let mut from = 0;
        while let Some(found) = self.patterns.find(&bytes[from..]) {
            let range = from + found.start()..from + found.end();
            from = range.end;
            bytes[range].fill(b'*');
        }
    }
}

impl Mask {
    /// A mask of these credentials.
    pub(crate) fn of<'c>(credentials: impl IntoIterator<Item = &'c Credential>) -> Self {
        Self { finders: credentials.into_iter().filter_map(Finder::of).collect() }
    }

    /// Overwrites every form with `*`, in place: lengths stay what they were.
    fn apply(&self, bytes: &mut [u8]) {
        self.finders.iter().for_each(|finder| finder.apply(bytes));
    }

    /// The text with every form masked.
    pub(crate) fn text(&self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        self.apply(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn forms(&self) -> impl Iterator<Item = &[u8]> {
        self.finders.iter().flat_map(|finder| &finder.forms).map(Vec::as_slice)
    }

    fn longest(&self) -> usize {
        self.forms().map(<[u8]>::len).max().unwrap_or_default()
    }
}

/// The mask of one target, which learns each generation of its credential before a byte of that leaves.
#[derive(Default)]
pub(crate) struct Masks(Mutex<VecDeque<(String, Option<Arc<Finder>>)>>);

impl Masks {
    fn known(&self) -> MutexGuard<'_, VecDeque<(String, Option<Arc<Finder>>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks for this one from now on, as the newest.
    pub(crate) fn learn(&self, credential: &Credential) {
        let generation = credential.generation();
        let mut known = self.known();
        let before = known.iter().position(|(other, _)| other == generation).and_then(|at| known.remove(at));
        known.push_back(before.unwrap_or_else(|| (generation.to_owned(), Finder::of(credential))));
        if known.len() > MAX_GENERATIONS {
            known.pop_front();
        }
    }

    /// Of all that are known now.
    pub(crate) fn now(&self) -> Mask {
        Mask { finders: self.known().iter().filter_map(|(_, finder)| finder.clone()).collect() }
    }
}

/// Masks a stream. Holds back as many bytes as a form may have begun in.
pub(crate) struct MaskedStream {
    masks: Arc<Masks>,
    held: BytesMut,
}

impl MaskedStream {
    pub(crate) fn new(masks: Arc<Masks>) -> Self {
        Self { masks, held: BytesMut::new() }
    }

    /// Takes the next bytes and gives those that are certain.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Bytes {
        // Anew each time: while an answer comes, the credential may be rotated, and the target may have seen the new one.
        let mask = self.masks.now();
        let longest = mask.longest();
        if longest == 0 {
            return Bytes::copy_from_slice(bytes);
        }
        self.held.extend_from_slice(bytes);
        mask.apply(&mut self.held);
        let certain = self.held.len().saturating_sub(longest - 1);
        self.held.split_to(certain).freeze()
    }

    /// The bytes that were held back, at the end of the stream. Where it ends within a form, as far as it came: a target can be asked for less than
    /// all of a text.
    pub(crate) fn finish(&mut self) -> Bytes {
        let mask = self.masks.now();
        let mut rest = self.held.split();
        let cut = (0..rest.len().saturating_sub(SHORTEST_PIECE - 1))
            .find(|at| mask.forms().any(|form| form.starts_with(&rest[*at..])));
        if let Some(at) = cut {
            rest[at..].fill(b'*');
        }
        rest.freeze()
    }
}
