//! What a call has done and seen so far. Grows with the call, bounded, and only in the two ways below: `spend` and `observe`.

use crate::authority::Authority;
use crate::decide::{Basis, Page, Permit};
use crate::effect::Form;
use crate::grammar::Format;
use crate::observer::Finding;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Most bytes of values kept in one call: the uids of 200,000 objects. What is seen beyond that is not kept, and a request for it is denied.
const MAX_SEEN_BYTES: usize = 8 << 20;
/// Longest value kept: a selector of a workload. Names and uids have bounds of their own.
pub(crate) const MAX_VALUE_BYTES: usize = 4096;

/// What a call has done and seen.
#[derive(Debug, Default)]
pub struct State {
    pub(crate) effects: Vec<EffectState>,
    pub(crate) seen: Vec<BTreeSet<String>>,
    pub(crate) seen_bytes: usize,
    /// The longer name in use for an argument.
    pub(crate) longer: BTreeMap<String, String>,
    pub(crate) written: bool,
}

/// What was done with one effect.
#[derive(Debug, Default)]
pub(crate) struct EffectState {
    pub(crate) series: Vec<Series>,
    pub(crate) answered: Answered,
}

/// How an effect's requests were answered.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Answered {
    pub(crate) ok: bool,
    pub(crate) not_found: bool,
    pub(crate) otherwise: bool,
}

/// One series of pages.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) key: String,
    pub(crate) pages: u16,
    /// Page size last asked for, by the token's digest; the first page has the digest of its own token or of none.
    pub(crate) asked: BTreeMap<TokenDigest, u32>,
    /// The page asked for last: the only one that may be asked for again, smaller.
    pub(crate) latest: Option<TokenDigest>,
    pub(crate) tokens: BTreeSet<TokenDigest>,
}

/// A page token, or its absence. Tokens are kept as digests: a thousand pages of them stay small.
pub(crate) type TokenDigest = [u8; 32];

pub(crate) fn token_digest(token: Option<&str>) -> TokenDigest {
    let mut hash = Sha256::new();
    hash.update([u8::from(token.is_some())]);
    hash.update(token.unwrap_or_default());
    hash.finalize().into()
}

/// Which request an answer belongs to. The host's own belong to no effect: what is in their answers nothing can refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt(pub(crate) Option<Spent>);

/// What a request was counted against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spent {
    pub(crate) effect: usize,
    pub(crate) series: usize,
}

impl State {
    /// Nothing done, nothing seen.
    #[must_use]
    pub fn new(authority: &Authority) -> Self {
        Self {
            effects: authority.effects.iter().map(|_| EffectState::default()).collect(),
            seen: authority.slots.iter().map(|_| BTreeSet::new()).collect(),
            seen_bytes: 0,
            longer: BTreeMap::new(),
            written: false,
        }
    }

    /// Whether a write was permitted.
    #[must_use]
    pub fn has_written(&self) -> bool {
        self.written
    }
}

/// Records that a permitted request is on its way. Must follow its `decide` before the next one. The host's own cost a call nothing.
pub fn spend(state: &mut State, permit: &Permit) -> Receipt {
    let Basis::Effect { effect: index, page, longer } = &permit.basis else { return Receipt(None) };
    let effect = &mut state.effects[*index];
    let series = match page {
        Page::First { key, asked } => {
            effect.series.push(Series {
                key: key.clone(),
                pages: 1,
                asked: asked.iter().copied().collect(),
                latest: asked.map(|(token, _)| token),
                tokens: BTreeSet::new(),
            });
            effect.series.len() - 1
        }
        Page::Further { series, asked: (token, size) } => {
            let known = &mut effect.series[*series];
            known.pages += 1;
            known.asked.insert(*token, *size);
            known.latest = Some(*token);
            *series
        }
    };
    if let Some((argument, name)) = longer {
        state.longer.insert(argument.clone(), name.clone());
    }
    state.written |= permit.trust > crate::effect::Trust::Read;
    Receipt(Some(Spent { effect: *index, series }))
}

/// Records how a request was answered. Must come before the connector learns of it.
pub fn observe_status(state: &mut State, receipt: Receipt, status: u16) {
    let Some(spent) = receipt.0 else { return };
    let answered = &mut state.effects[spent.effect].answered;
    match status {
        200 => answered.ok = true,
        404 => answered.not_found = true,
        _ => answered.otherwise = true,
    }
}

/// Records what stood in an answer. Must come before the connector gets the bytes that it stood in.
pub fn observe(state: &mut State, authority: &Authority, receipt: Receipt, finding: Finding) {
    let Some(spent) = receipt.0 else { return };
    match finding {
        Finding::Token(token) => {
            if Format::Token.accepts(&token) {
                state.effects[spent.effect].series[spent.series].tokens.insert(token_digest(Some(&token)));
            }
        }
        Finding::Value { slot, text } => {
            let wanted = &authority.slots[slot];
            let fits = match wanted.form {
                Some(Form::Name) => Format::Name.accepts(&text),
                Some(Form::Uid) => Format::Uid.accepts(&text),
                Some(Form::LabelSelector) | None => !text.is_empty() && text.len() <= MAX_VALUE_BYTES,
            };
            let longer = wanted.prefix.as_ref().is_none_or(|prefix| text.starts_with(prefix.as_str()));
            let room = state.seen_bytes + text.len() <= MAX_SEEN_BYTES;
            if fits && longer && room {
                let bytes = text.len();
                // A value seen again takes no more room.
                if state.seen[slot].insert(text) {
                    state.seen_bytes += bytes;
                }
            }
        }
    }
}
