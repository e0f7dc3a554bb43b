//! Masks echoes of the host's own credential in what a target sends back, before a guest sees it.

use crate::credential::Credential;
use aho_corasick::{AhoCorasick, MatchKind};
use bytes::{Bytes, BytesMut};
use std::sync::Arc;

/// Finds one credential in all its forms.
#[derive(Clone)]
pub(crate) struct Mask {
    patterns: Option<Arc<AhoCorasick>>,
    forms: Arc<Vec<Vec<u8>>>,
    longest: usize,
}

/// A piece of a form that is no coincidence any more, where a body is cut in the middle of one.
const SHORTEST_PIECE: usize = 8;

impl Mask {
    pub(crate) fn new(credential: &Credential) -> Self {
        let forms = credential.expose_forms();
        let longest = forms.iter().map(Vec::len).max().unwrap_or_default();
        let patterns = (!forms.is_empty()).then(|| {
            let builder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&forms);
            Arc::new(builder.expect("a dozen patterns of a few kilobytes are within the library's limits"))
        });
        Self { patterns, forms: Arc::new(forms), longest }
    }

    /// Overwrites every form with `*`, in place: lengths stay what they were.
    fn apply(&self, bytes: &mut [u8]) {
        let Some(patterns) = &self.patterns else { return };
        let mut from = 0;
        while let Some(found) = patterns.find(&bytes[from..]) {
            let range = from + found.start()..from + found.end();
            from = range.end;
            bytes[range].fill(b'*');
        }
    }

    /// The text with every form masked.
    pub(crate) fn text(&self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        self.apply(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Masks a stream. Holds back as many bytes as a form may have begun in.
pub(crate) struct MaskedStream {
    mask: Mask,
    held: BytesMut,
}

impl MaskedStream {
    pub(crate) fn new(mask: Mask) -> Self {
        Self { mask, held: BytesMut::new() }
    }

    /// Takes the next bytes and gives those that are certain.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Bytes {
        if self.mask.patterns.is_none() {
            return Bytes::copy_from_slice(bytes);
        }
        self.held.extend_from_slice(bytes);
        self.mask.apply(&mut self.held);
        let certain = self.held.len().saturating_sub(self.mask.longest - 1);
        self.held.split_to(certain).freeze()
    }

    /// The bytes that were held back, at the end of the stream. Where it ends within a form, as far as it came: a target can be asked for less than
    /// all of a text.
    pub(crate) fn finish(&mut self) -> Bytes {
        let mut rest = self.held.split();
        let cut = (0..rest.len().saturating_sub(SHORTEST_PIECE - 1))
            .find(|at| self.mask.forms.iter().any(|form| form.starts_with(&rest[*at..])));
        if let Some(at) = cut {
            rest[at..].fill(b'*');
        }
        rest.freeze()
    }
}
